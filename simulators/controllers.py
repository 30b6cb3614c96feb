"""Simulated controllers of street lighting: they hold what they are told, act by the clock, and answer.

Written from the wire alone, so that they share no mistake with the service that commands them. No clock, no
network: whoever plays them says what came, and when it is.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from services.observation import command as nouns
from services.observation.command import Command, Override, Programme, Reported, Result
from services.observation.instants import SECOND

FULL = 100.0


class Behaviour(NamedTuple):
    """How a controller is. One that is well hears and answers at once.

    Attributes:
        hears: else nothing reaches it. answers: else it does all, and is never heard of.
        delay_s: between hearing and doing; it says `accepted` first. copies: of each answer.
    """

    hears: bool = True
    answers: bool = True
    delay_s: float = 0.0
    copies: int = 1


WELL = Behaviour()
DEAD = Behaviour(hears=False, answers=False)
MUTE = Behaviour(answers=False)
SLOW = Behaviour(delay_s=20.0, copies=2)


class Controller:
    """What one controller knows and does. Instants in µs UTC by its own clock."""

    def __init__(self, gateway: str, lamps: Iterable[str], default_level: float = FULL) -> None:
        """Know of nothing yet but its lamps."""
        self.gateway, self.lamps = gateway, frozenset(lamps)
        self.synchronised = True
        """Whether its clock can be trusted; else it burns by the fallback of its programmes."""
        self._default = default_level
        self._done: dict[str, str] = {}  # id → why it was refused, empty for what was done
        self._programmes: dict[str, tuple[tuple[int, str], Programme, frozenset[str]]] = {}
        self._overrides: dict[str, tuple[Override, frozenset[str]]] = {}

    def forget(self) -> None:
        """Lose everything, as a controller without a battery does in a power cut."""
        self._done.clear()
        self._programmes.clear()
        self._overrides.clear()

    def knows(self, payload: bytes) -> bool:
        """Whether a command was done already, or refused."""
        command = _read(payload)
        return command is not None and command.id in self._done

    def do(self, payload: bytes, now: int) -> bytes | None:
        """Do what a message says and answer it; None for what is no command at all."""
        command = _read(payload)
        if command is None:
            return None
        if command.id not in self._done:
            why = self._done[command.id] = self._refused(command, now)
            if not why:
                self._take(command)
        why = self._done[command.id]
        state: nouns.State = "refused" if why else "done"
        return nouns.encode(
            Result(id=command.id, state=state, at=now, reason=why, reported=self.reported(now))
        )

    def level(self, lamp: str, now: int) -> float:
        """What a lamp is told to do at an instant, %."""
        programme = self._programme_of(lamp)
        level = self._default if programme is None else self._planned(programme, now)
        mine = [
            (override.ordered, name, override)
            for name, (override, lamps) in self._overrides.items()
            if lamp in lamps and override.start <= now < override.until
        ]
        person = max((one for one in mine if not one[2].brighten), default=None, key=lambda one: one[:2])
        if person is not None and person[2].level is not None:
            return person[2].level
        dark = programme is not None and any(down <= now < up for down, up in programme.dark)
        for ordered, _, override in mine:
            stopped = person is not None and ordered <= person[0]
            if dark and override.brighten and not stopped and override.level is not None:
                level = max(level, override.level)
        return level

    def held(self, lamp: str, now: int, *, programme: bool) -> float | None:
        """The level by what it was told; None where nobody told it anything about now.

        `programme` False: by what changes the programme only, an override of a person or an alert.
        """
        of = self._programme_of(lamp)
        mine = [
            one for one, lamps in self._overrides.values() if lamp in lamps and one.start <= now < one.until
        ]
        if programme:
            planned = of is not None and of.start <= now < of.end
            return self.level(lamp, now) if mine or planned else None
        person = max((one for one in mine if not one.brighten), default=None, key=lambda one: one.ordered)
        if person is not None and person.level is not None:
            return person.level
        floors = [
            one.level
            for one in mine
            if one.brighten and one.level is not None and (person is None or one.ordered > person.ordered)
        ]
        return max(floors, default=None)

    def reported(self, now: int) -> Reported:
        """What it holds and does."""
        return Reported(
            programmes={group: body.version for group, (_, body, _) in self._programmes.items()},
            overrides=sorted(name for name, (one, _) in self._overrides.items() if now < one.until),
            levels={lamp: self.level(lamp, now) for lamp in sorted(self.lamps)},
        )

    def _refused(self, command: Command, now: int) -> str:
        if command.v != nouns.FORMAT:
            return "unknown format"
        if now >= command.expires_at:
            return "expired"
        if not self.lamps.issuperset(command.targets):
            return "unknown lamp"
        try:
            if command.kind == "programme":
                nouns.programme_of(command)
            elif command.kind != "read":
                nouns.override_of(command)
        except msgspec.ValidationError:
            return "unreadable body"
        return ""

    def _take(self, command: Command) -> None:
        lamps = frozenset(command.targets)
        newness = (command.issued_at, command.id)
        if command.kind == "programme":
            body = nouns.programme_of(command)
            held = self._programmes.get(body.group)
            if held is None or newness > held[0]:
                self._programmes[body.group] = (newness, body, lamps)
        elif command.kind in ("override", "release"):
            self._overrides[command.id] = (nouns.override_of(command), lamps)

    def _programme_of(self, lamp: str) -> Programme | None:
        return next((body for _, body, lamps in self._programmes.values() if lamp in lamps), None)

    def _planned(self, programme: Programme, now: int) -> float:
        if not self.synchronised:
            local = datetime.fromtimestamp(now / SECOND, ZoneInfo(programme.zone))
            on, off, level = programme.fallback
            minute = local.hour * 60 + local.minute
            burns = on <= minute < off if on < off else minute >= on or minute < off
            return level if burns else 0.0
        if not programme.start <= now < programme.end:
            return programme.default_level
        return next(level for at, level, _ in reversed(programme.steps) if at <= now)


class Answer(NamedTuple):
    """What a controller says, and when."""

    due: int
    order: int
    gateway: str
    payload: bytes


class Controllers:
    """All controllers of a site, each as well or as ill as it is told to be."""

    def __init__(
        self, lamps: Mapping[str, Sequence[str]], behaviours: Mapping[str, Behaviour] | None = None
    ) -> None:
        """Lamps by gateway; who is not named among the behaviours is well."""
        self.of = {gateway: Controller(gateway, stations) for gateway, stations in lamps.items()}
        self.behaviours = dict(behaviours or {})
        self._speaker = {lamp: gateway for gateway, stations in lamps.items() for lamp in stations}
        self._coming: list[Answer] = []
        self._doing: list[tuple[int, int, str, bytes]] = []
        self._order = 0

    def hear(self, gateway: str, payload: bytes, now: int) -> None:
        """A command came; what is said to it comes out of `answers`."""
        controller = self.of.get(gateway)
        behaviour = self.behaviours.get(gateway, WELL)
        if controller is None or not behaviour.hears:
            return
        if behaviour.delay_s > 0 and not controller.knows(payload):
            command = _read(payload)
            if command is not None:
                accepted = Result(id=command.id, state="accepted", at=now)
                self._say(gateway, nouns.encode(accepted), now, behaviour)
                heapq.heappush(
                    self._doing, (now + round(behaviour.delay_s * SECOND), self._next(), gateway, payload)
                )
            return
        self._do(controller, payload, now, behaviour)

    def answers(self, now: int) -> list[tuple[str, bytes]]:
        """What is said by now: (gateway, payload of a result)."""
        while self._doing and self._doing[0][0] <= now:
            due, _, gateway, payload = heapq.heappop(self._doing)
            self._do(self.of[gateway], payload, due, self.behaviours.get(gateway, WELL))
        found = []
        while self._coming and self._coming[0].due <= now:
            one = heapq.heappop(self._coming)
            found.append((one.gateway, one.payload))
        return found

    def level(self, lamp: str, now: int) -> float | None:
        """What a lamp is told to do, %; None for a lamp that no controller has."""
        gateway = self._speaker.get(lamp)
        return None if gateway is None else self.of[gateway].level(lamp, now)

    def held(self, now: int, *, programme: bool) -> dict[str, float]:
        """% of each lamp about which its controller was told something, as in `Controller.held`."""
        found = {
            lamp: controller.held(lamp, now, programme=programme)
            for controller in self.of.values()
            for lamp in controller.lamps
        }
        return {lamp: level for lamp, level in found.items() if level is not None}

    def _do(self, controller: Controller, payload: bytes, now: int, behaviour: Behaviour) -> None:
        said = controller.do(payload, now)
        if said is not None:
            self._say(controller.gateway, said, now, behaviour)

    def _say(self, gateway: str, payload: bytes, now: int, behaviour: Behaviour) -> None:
        if behaviour.answers:
            for _ in range(behaviour.copies):
                heapq.heappush(self._coming, Answer(now, self._next(), gateway, payload))

    def _next(self) -> int:
        self._order += 1
        return self._order


def _read(payload: bytes) -> Command | None:
    try:
        return nouns.decode_command(payload)
    except msgspec.MsgspecError:
        return None
