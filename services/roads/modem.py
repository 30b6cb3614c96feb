"""The road that needs no internet.

a GSM modem on a serial line, spoken to with AT commands (3GPP TS 27.005).

PDU mode by default: it carries Vietnamese and long messages on every modem. Text mode for those few that
only do that: one part, plain letters. The line is opened at the first letter and again after anything
strange: a modem that was reset or pulled out has forgotten all it was told.
"""

import contextlib
import time
from typing import Final
from zlib import crc32

import serial  # type: ignore[import-untyped]  # pyserial brings no types

from services.policy.road_nouns import Road
from services.roads import sms
from services.roads.carrier import Parcel
from services.roads.patience import Answer
from services.roads.threads import Threads

SEND_S: Final = 60.0
"""3GPP gives the network up to a minute to take a message."""
HOME, ROAMING = 1, 5
NO_SIGNAL: Final = 99
REFUSED_CMS = frozenset({1, 8, 10, 28, 30, 50, 69, 304, 305})
"""+CMS ERROR of one message: number not assigned, barred, unknown subscriber, invalid PDU."""
SHUT_CMS = frozenset({310, 311, 312, 313, 315, 316, 317, 318})
"""No card, PIN wanted, card broken."""
_END = b"\x1a"
_ESCAPE = b"\x1b"


class ModemError(Exception):
    """The modem did not do what it was told; `answer` is what that means for the letter."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.word)


class Line:
    """Commands and answers on a serial line. Blocking; for a thread."""

    def __init__(self, device: str, baud: int, timeout_s: float) -> None:
        """Open the line; raises OSError."""
        self._timeout_s = timeout_s
        self._port = serial.Serial(device, baud, timeout=0.1, write_timeout=timeout_s, exclusive=True)
        self._rest = b""

    def settle(self) -> None:
        """Let it finish what it was saying to whoever was here before: else every answer comes one late."""
        self._port.write(_ESCAPE)  # out of a message that was begun and not ended
        deadline = time.monotonic() + self._timeout_s
        while self._port.read(256) and time.monotonic() < deadline:
            continue
        self._rest = b""

    def close(self) -> None:
        """Close the line."""
        with contextlib.suppress(OSError):
            self._port.close()

    def command(self, text: str, timeout_s: float | None = None) -> list[str]:
        """Say a command; the lines of its answer, without OK.

        Raises:
            ModemError: an error, a reset meanwhile, or no answer in time.
            OSError: the line is gone.
        """
        self._port.write(text.encode("ascii") + b"\r")
        return self._answer(text, timeout_s or self._timeout_s)

    def give(self, text: str, content: str) -> list[str]:
        """Say a command that asks for more with `> `, and give it."""
        self._port.write(text.encode("ascii") + b"\r")
        try:
            self._prompt(text)
        except ModemError:
            # Whatever it waits for now must not swallow the next command.
            self._port.write(_ESCAPE)
            raise
        self._port.write(content.encode("ascii") + _END)
        return self._answer(text, SEND_S)

    def _prompt(self, said: str) -> None:
        deadline = time.monotonic() + self._timeout_s
        while time.monotonic() < deadline:
            self._rest += self._port.read(256)
            if b"> " in self._rest:
                self._rest = self._rest.partition(b"> ")[2]
                return
            if b"ERROR" in self._rest:
                self._answer(said, self._timeout_s)
        raise ModemError(Answer("away", f"{said}: no prompt within {self._timeout_s:g} s"))

    def _answer(self, said: str, timeout_s: float) -> list[str]:
        deadline = time.monotonic() + timeout_s
        lines: list[str] = []
        while time.monotonic() < deadline:
            for line in self._lines():
                if line == "OK":
                    return lines
                if line.startswith(("ERROR", "+CMS ERROR", "+CME ERROR", "NO CARRIER")):
                    raise ModemError(of_error(line))
                if line in ("RDY", "^SYSSTART", "NORMAL POWER DOWN", "+CFUN: 1") and said != "AT":
                    raise ModemError(Answer("away", f"the modem was reset ({line})"))
                if line != said:  # the echo, until it is switched off
                    lines.append(line)
        raise ModemError(Answer("away", f"{said.partition('=')[0]}: no answer within {timeout_s:g} s"))

    def _lines(self) -> list[str]:
        self._rest += self._port.read(max(self._port.in_waiting, 1))
        *whole, self._rest = self._rest.replace(b"\r", b"\n").split(b"\n")
        return [text for text in (one.decode("ascii", "replace").strip() for one in whole) if text]


def of_error(line: str) -> Answer:
    """What an error of a modem means."""
    code = line.rpartition(":")[2].strip()
    number = int(code) if code.isdecimal() else -1
    if line.startswith("+CME ERROR") and number in (10, 11, 12, 13, 14, 15):
        return Answer("shut", line)
    if number in SHUT_CMS:
        return Answer("shut", line)
    of_one = line.startswith("+CMS ERROR")
    return Answer("refused" if number in REFUSED_CMS else "away", line, of_one=of_one)


class Modem:
    """Sends short messages, one part after the other."""

    def __init__(self, road: Road, pin: str = "") -> None:
        """Of a road; `pin` of its card, where it wants one."""
        self._road, self._pin = road, pin
        self._line: Line | None = None
        self._threads = Threads(1)
        self._parts: tuple[str, int] = ("", 0)
        self.signal = NO_SIGNAL

    async def carry(self, parcel: Parcel) -> Answer:
        """Send one message; parts that went through before a failure are not sent again by this process."""
        return await self._threads.run(lambda: self._carry(parcel))

    async def close(self) -> None:
        """Close the line."""
        await self._threads.run(self._hang_up)
        self._threads.close()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _carry(self, parcel: Parcel) -> Answer:
        words = parcel.letter.words
        text = words.short if words is not None else ""
        try:
            line = self._ready()
            return self._send(line, parcel.letter.id, parcel.address, text)
        except ModemError as error:
            if error.answer.trouble != "refused":
                self._hang_up()  # whatever state it is in, the next attempt begins from the start
            return error.answer
        except ValueError as error:
            return Answer("refused", str(error))
        except (OSError, serial.SerialException) as error:
            self._hang_up()
            return Answer("away", f"{self._road.device}: {error}"[:200])

    def _ready(self) -> Line:
        """A modem that answers, with a card, in a network. Asked each time: a card can be pulled."""
        if self._line is None:
            line = Line(self._road.device, self._road.baud, min(self._road.timeout_s, 5.0))
            self._line = line
            line.settle()
            line.command("AT")
            line.command("ATE0")
            line.command("AT+CMEE=1")
        line = self._line
        self._check_card(line)
        self._check_network(line)
        return line

    def _check_card(self, line: Line) -> None:
        said = " ".join(line.command("AT+CPIN?"))
        if "SIM PIN" in said and self._pin:
            line.command(f'AT+CPIN="{self._pin}"')
            self._pin = ""  # a wrong one tried three times locks the card
            said = " ".join(line.command("AT+CPIN?"))
        if "READY" not in said:
            raise ModemError(Answer("shut", f"the card is not ready: {said}"))

    def _check_network(self, line: Line) -> None:
        fields = " ".join(line.command("AT+CREG?")).rpartition(":")[2].split(",")
        state = fields[1].strip() if len(fields) > 1 else fields[0].strip()
        if state not in (str(HOME), str(ROAMING)):
            raise ModemError(Answer("away", f"not in a network (+CREG {state})"))
        strength = " ".join(line.command("AT+CSQ")).rpartition(":")[2].partition(",")[0].strip()
        self.signal = int(strength) if strength.isdecimal() else NO_SIGNAL
        if self.signal in (0, NO_SIGNAL):
            raise ModemError(Answer("away", "no signal (+CSQ)"))

    def _send(self, line: Line, letter: str, number: str, text: str) -> Answer:
        if self._road.sms_mode == "text":
            return self._send_text(line, number, text)
        if self._parts[0] != letter:
            self._parts = (letter, 0)
        line.command("AT+CMGF=0")
        # Of the letter, so that what a killed process sent half is completed by the next one, not mixed up.
        parts = sms.submit(number, text, crc32(letter.encode()) & 0xFF)
        for at in range(self._parts[1], len(parts)):
            self._taken(line.give(f"AT+CMGS={parts[at].length}", parts[at].text))
            self._parts = (letter, at + 1)
        self._parts = ("", 0)
        return Answer("none", f"+CMGS, {len(parts)} part(s), signal {self.signal}/31")

    def _send_text(self, line: Line, number: str, text: str) -> Answer:
        sms.submit(number, "", 0)  # nothing but a number may stand in a command
        line.command("AT+CMGF=1")
        line.command('AT+CSCS="IRA"')
        bare = sms.plain(text)[: sms.GSM7_ONE].encode("ascii", "replace").decode()
        self._taken(line.give(f'AT+CMGS="{number}"', bare))
        return Answer("none", f"+CMGS, signal {self.signal}/31")

    def _taken(self, said: list[str]) -> None:
        if not any(line.startswith("+CMGS:") for line in said):
            raise ModemError(Answer("away", f"no +CMGS in the answer: {' '.join(said)[:80]}"))
