"""A GSM modem on a pty: speaks AT commands, and can be reset, unplugged, without signal.

What it was given to send is read by somebody else's decoder (`smspdudecoder`), not by our own.
"""

import os
import pty
import threading
import tty
from io import StringIO
from pathlib import Path
from random import Random
from select import select
from typing import Any

from smspdudecoder.fields import SMSSubmit  # type: ignore[import-untyped]


class Gsm:
    """A modem. `link` is the device to open; it stays the same when the modem is plugged in again.

    Attributes:
        sent: (number, text) of each whole message. pdus: as they were given.
        failing: share of messages answered +CMS ERROR: 500. errors: what to answer next, first one first.
        registered, signal, card: what it says when asked.
    """

    def __init__(self, link: Path, failing: float = 0.0) -> None:
        self.link, self.failing = link, failing
        self.sent: list[tuple[str, str]] = []
        self.pdus: list[str] = []
        self.commands: list[str] = []
        self.errors: list[str] = []
        self.registered, self.signal, self.card = "0,1", 18, "READY"
        self.silent = False
        self.failed = 0
        self._parts: dict[tuple[str, int], dict[int, str]] = {}
        self._random = Random(3)
        self._text_mode = False
        self._awaiting = ""
        self._echo = True
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._master = self._slave = -1
        self.plug()

    def plug(self) -> None:
        """Plug it in: a fresh modem on a fresh line."""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))
        self._echo, self._awaiting, self._text_mode = True, "", False
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull it out: the device is gone, and who has it open gets an error."""
        self.link.unlink(missing_ok=True)
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.join()
        for descriptor in (self._master, self._slave):
            os.close(descriptor)

    def reset(self) -> None:
        """It restarts by itself, as modems do under low voltage: it has forgotten everything."""
        self._echo, self._awaiting, self._text_mode = True, "", False
        self._say("\r\nRDY\r\n")

    def _serve(self) -> None:
        held = b""
        while not self._stop.is_set():
            if not select([self._master], [], [], 0.02)[0]:
                continue
            try:
                held += os.read(self._master, 1024)
            except OSError:
                return
            while True:
                end = next((at for at, byte in enumerate(held) if byte in b"\r\x1a\x1b"), None)
                if end is None:
                    break
                line, mark, held = held[:end].decode("ascii", "replace"), held[end : end + 1], held[end + 1 :]
                self._take(line.strip(), mark)

    def _take(self, line: str, mark: bytes) -> None:
        if self.silent:
            return
        if mark == b"\x1b":
            self._awaiting = ""
            return
        if self._awaiting:
            to, self._awaiting = self._awaiting, ""
            self._message(to, line)
            return
        if self._echo:
            self._say(line + "\r")
        self.commands.append(line)
        self._command(line)

    def _command(self, line: str) -> None:
        answers = {
            "AT+CPIN?": f"+CPIN: {self.card}",
            "AT+CREG?": f"+CREG: {self.registered}",
            "AT+CSQ": f"+CSQ: {self.signal},99",
        }
        if line in answers:
            self._say(f"\r\n{answers[line]}\r\n\r\nOK\r\n")
        elif line.startswith("AT+CMGS="):
            self._awaiting = line.removeprefix("AT+CMGS=")
            self._say("\r\n> ")
        elif line.startswith("AT+CPIN="):
            self.card = "READY" if line == 'AT+CPIN="1234"' else "SIM PUK"
            self._say("\r\nOK\r\n")
        elif line in ("AT", "ATE0", "AT+CMEE=1", "AT+CMGF=0", "AT+CMGF=1", 'AT+CSCS="IRA"'):
            self._echo = self._echo and line != "ATE0"
            self._text_mode = line == "AT+CMGF=1" or (self._text_mode and line != "AT+CMGF=0")
            self._say("\r\nOK\r\n")
        else:
            self._say("\r\nERROR\r\n")

    def _message(self, to: str, content: str) -> None:
        if self.errors:
            self._say(f"\r\n{self.errors.pop(0)}\r\n")
            return
        if self._random.random() < self.failing:
            self.failed += 1
            self._say("\r\n+CMS ERROR: 500\r\n")
            return
        if self._text_mode:
            self.sent.append((to.strip('"'), content))
        elif not to.isdecimal() or not self._pdu(int(to), content):
            self._say("\r\n+CMS ERROR: 304\r\n")
            return
        self._say(f"\r\n+CMGS: {len(self.pdus)}\r\n\r\nOK\r\n")

    def _pdu(self, length: int, content: str) -> bool:
        if len(content) // 2 - 1 != length:
            return False
        self.pdus.append(content)
        read: dict[str, Any] = SMSSubmit.decode(StringIO(content))
        number, body = read["recipient"]["number"], read["user_data"]
        if read["recipient"]["toa"]["ton"] == "international" and not number.startswith("+"):
            number = f"+{number}"
        header = body["header"]
        if header is None:
            self.sent.append((number, body["data"]))
            return True
        part = header["elements"][0]["data"]
        known = self._parts.setdefault((number, part["reference"]), {})
        known[part["part_number"]] = body["data"]
        if len(known) == part["parts_count"]:
            self.sent.append((number, "".join(known[at] for at in sorted(known))))
            del self._parts[number, part["reference"]]
        return True

    def _say(self, text: str) -> None:
        os.write(self._master, text.encode("ascii"))
