"""A street with its controller, the wire between it and us, and the service that commands it, in memory.

Every message may be lost, doubled or late; the service may forget everything but the stream at any moment.
"""

from collections.abc import Iterator
from itertools import count
from typing import Literal

import msgspec

from services.lighting.ledger import Ledger, Standing
from services.lighting.loop import Act, Patience, decide
from services.observation import command as nouns
from services.observation.command import Command, CommandEvent, Override, Programme, Told, Verb
from services.observation.instants import SECOND
from simulators.controllers import Controller

Fate = Literal["ok", "lost", "twice", "late"]
T0 = 1_760_000_000 * SECOND
LATE_S = 400
SITE, GATEWAY, AREA = "vung-tau", "cab-1", "thang-tam"
LAMPS = ("lamp-1", "lamp-2", "lamp-3")


class Street:
    """One controller and everything between it and the operator. `now` is µs UTC."""

    def __init__(self, fates: Iterator[Fate] | None = None, patience: Patience | None = None) -> None:
        self.now = T0
        self.patience = patience or Patience()
        self.fates = fates
        self.controller = Controller(GATEWAY, LAMPS)
        self.dead = False
        self.stream: list[CommandEvent] = []
        self.ledger = Ledger()
        self.online: dict[str, int] = {}
        self.sent: list[str] = []
        self._coming: list[tuple[int, int, bytes, bool]] = []
        self._number = count(1)

    # --- what people and rules order ------------------------------------------------------------

    def order(self, command: Command, by: str = "operator") -> Standing:
        """Write an order down."""
        told = Told(command=command.id, gateway=GATEWAY, area=AREA, wire=command, order=command.id, by=by)
        self._write(nouns.make(SITE, Verb.ORDERED, told, self.now))
        found = self.ledger.get(command.id)
        assert found is not None
        return found

    def override(
        self,
        level: float | None,
        lease_s: float = 3600,
        lamps: tuple[str, ...] = LAMPS,
        *,
        brighten: bool = False,
    ) -> Standing:
        """A level with a lease; None is a release."""
        until = self.now + round(lease_s * SECOND)
        body = Override(ordered=self.now, level=level, start=self.now, until=until, brighten=brighten)
        kind: nouns.Kind = "release" if level is None else "override"
        return self.order(self._command(kind, lamps, until, msgspec.to_builtins(body)))

    def programme(self, level: float, hours: float = 72) -> Standing:
        """One level for all lamps, for so long."""
        end = self.now + round(hours * 3600 * SECOND)
        number = next(self._number)
        body = Programme(
            group="street",
            version=f"v{number}",
            start=self.now,
            end=end,
            steps=[(self.now, level, 0.0)],
            dark=[(self.now, end)],
            fallback=(1065, 345, 100.0),
            zone="Asia/Ho_Chi_Minh",
            default_level=100.0,
        )
        return self.order(self._command("programme", LAMPS, end, msgspec.to_builtins(body)))

    def read(self) -> Standing:
        """Ask what it holds."""
        return self.order(self._command("read", (), self.now + 600 * SECOND, {}))

    def _command(
        self, kind: nouns.Kind, lamps: tuple[str, ...], expires: int, body: dict[str, object]
    ) -> Command:
        name = f"c{next(self._number):04d}"
        return Command(
            id=name, kind=kind, targets=list(lamps), issued_at=self.now, expires_at=expires, body=body
        )

    # --- the service ----------------------------------------------------------------------------

    def step(self) -> list[Act]:
        """What is due is done: sent first, written down after."""
        acts = decide(self.ledger, self.now, self.online, self.patience)
        for act in acts:
            one = act.standing
            told = Told(command=one.command.id, gateway=GATEWAY, area=AREA, successor=act.successor)
            if act.sends:
                self.sent.append(one.command.id)
                self._travel(nouns.encode(one.command), down=True)
                told = msgspec.structs.replace(told, attempt=act.attempt, sending=one.sendings + 1)
            self._write(nouns.make(SITE, act.verb, told, self.now, told.sending or one.sendings))
        return acts

    def restart(self) -> None:
        """Forget all but the stream."""
        self.ledger = Ledger()
        for sequence, event in enumerate(self.stream, 1):
            self.ledger.apply(sequence, event)

    def _write(self, event: CommandEvent) -> None:
        if all(event.id != other.id for other in self.stream):
            self.stream.append(event)
        self.ledger.apply(len(self.stream), event)

    # --- the wire -------------------------------------------------------------------------------

    def run(self, seconds: float, every_s: float = 10.0) -> None:
        """Let time pass."""
        end = self.now + round(seconds * SECOND)
        while True:
            self.step()
            self._arrive()
            self.step()
            if self.now >= end:
                return
            self.now = min(end, self.now + round(every_s * SECOND))

    def come_online(self) -> None:
        """The gateway says so, and is asked what it holds."""
        self.dead = False
        self.online[GATEWAY] = self.now
        self.read()

    def _travel(self, payload: bytes, *, down: bool) -> None:
        fate = "ok" if self.fates is None else next(self.fates, "ok")
        if fate == "lost":
            return
        due = self.now + (LATE_S * SECOND if fate == "late" else 0)
        for _ in range(2 if fate == "twice" else 1):
            self._coming.append((due, next(self._number), payload, down))

    def _arrive(self) -> None:
        while due := sorted(one for one in self._coming if one[0] <= self.now):
            for one in due:
                self._coming.remove(one)
                _, _, payload, down = one
                if down:
                    said = None if self.dead else self.controller.do(payload, self.now)
                    if said is not None:
                        self._travel(said, down=False)
                else:
                    result = nouns.decode_result(payload)
                    self._write(nouns.answered(SITE, AREA, GATEWAY, result, self.now))
