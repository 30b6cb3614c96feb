"""Commands to controllers and what came back: the messages, and the events of COMMANDS that make a command.

Instants are µs UTC. A controller keeps what it was told and acts by its own clock: a programme until its end,
an override until its lease is over, both decided by when they were *ordered*, never by when they came. So
what is lost, doubled or overtaken on the way changes nothing once everything has arrived.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

import msgspec

from services.observation.instants import iso

FORMAT = 1
MAX_BYTES = 65_536
"""Of a result; a larger one is a reject."""
MAX_ID = 64

Kind = Literal["programme", "override", "release", "read"]
State = Literal["accepted", "done", "refused", "failed"]
Level = float | None


class Verb(StrEnum):
    """What can be said of a command, by whom."""

    ORDERED = "ordered"  # api, or the lighting service for programmes and alerts
    SENT = "sent"  # lighting service
    REPEATED = "repeated"  # lighting service
    ACCEPTED = "accepted"  # the controller, through ingest
    CONFIRMED = "confirmed"  # the controller: done
    REFUSED = "refused"  # the controller
    FAILED = "failed"  # the controller; it is repeated
    UNCONFIRMED = "unconfirmed"  # lighting service: all repeats ran out
    EXPIRED = "expired"  # lighting service: too late for it
    SUPERSEDED = "superseded"  # lighting service: a newer order stands in its place
    RELEASED = "released"  # lighting service: a release ended it early
    ENDED = "ended"  # lighting service: its lease is over


class Command(msgspec.Struct, kw_only=True):
    """What goes down to a gateway.

    Attributes:
        id: a controller knows a command by it: the same id again is answered, not done again.
        targets: stations, the lamps it is for; empty for what concerns the controller itself.
        issued_at: which of two is newer. expires_at: not to be begun from then on.
        body: `Override` for override and release, `Programme` for a programme, empty for read.
    """

    id: str
    kind: Kind
    targets: list[str]
    issued_at: int
    expires_at: int
    body: dict[str, Any] = {}
    v: int = FORMAT


class Override(msgspec.Struct, kw_only=True):
    """Body of an override, and of a release (without a level): a level with a lease.

    Of persons' orders the one ordered last and in force wins. `brighten`: an alert made it; it is a floor
    under the programme while it is dark, and yields to a person's later word.
    """

    ordered: int
    level: Level
    start: int
    until: int
    brighten: bool = False


class Programme(msgspec.Struct, kw_only=True):
    """Body of a programme: what a group does, ahead. A newer one of the same group replaces it.

    Attributes:
        steps: (from µs UTC, level %, ramp s), ascending, the first at `start`.
        dark: from sunset to sunrise, where an alert may brighten.
        fallback: minutes of the controller's own day on and off, and the level: without a clock.
        default_level: after `end`, and where there is none.
    """

    group: str
    version: str
    start: int
    end: int
    steps: list[tuple[int, float, float]]
    dark: list[tuple[int, int]]
    fallback: tuple[int, int, float]
    zone: str
    default_level: float


class Reported(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a controller says it holds and does: versions by group, ids of overrides in force, % by lamp."""

    programmes: dict[str, str] = {}
    overrides: list[str] = []
    levels: dict[str, float] = {}


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What comes up: the answer to a command. `at` is the controller's clock as it says so.

    A command that comes again is answered again, with the present `at` and what it holds now.
    """

    id: str
    state: State
    at: int
    v: int = FORMAT
    reason: str = ""
    reported: Reported | None = None


class Told(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`data` of an event on COMMANDS. What does not belong to its verb is left out.

    Attributes:
        command, gateway, area: which, where to, and where that stands.
        wire: of `ordered`: the command as it goes down.
        order: of `ordered`: one order of a person or a rule may become a command to each of several gateways.
        groups, by, reason: of `ordered`: what it was meant for, who ordered it, and why.
        request: of `ordered`: tells whether the same key came again with another wish.
        attempt: of `sent` and `repeated`: which sending since the gateway was last given up or came back.
        sending: which sending of all.
        at, note, reported: of an answer: the controller's clock, its words, what it holds.
        successor: of `superseded` and `released`: the command that stands in its place.
    """

    command: str
    gateway: str
    area: str
    wire: Command | None = None
    order: str = ""
    groups: list[str] = []
    by: str = ""
    reason: str = ""
    request: str = ""
    attempt: int = 0
    sending: int = 0
    at: int | None = None
    note: str = ""
    reported: Reported | None = None
    successor: str = ""


class CommandEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0, as on ALERTS."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Told
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_TYPE = "vn.haidang.command."
_OF_STATE = {
    "accepted": Verb.ACCEPTED,
    "done": Verb.CONFIRMED,
    "refused": Verb.REFUSED,
    "failed": Verb.FAILED,
}
_encoder = msgspec.json.Encoder()
_event = msgspec.json.Decoder(CommandEvent)
_command = msgspec.json.Decoder(Command)
_result = msgspec.json.Decoder(Result)


def identity(*parts: object) -> str:
    """32 hex that only the same parts have."""
    return sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]


def type_of(verb: str) -> str:
    """`sent` → `vn.haidang.command.sent.v1`."""
    return f"{_TYPE}{verb}.v1"


def verb_of(event_type: str) -> str:
    """`vn.haidang.command.sent.v1` → `sent`.

    Raises:
        ValueError: not a type of ours.
    """
    if not event_type.startswith(_TYPE) or not event_type.endswith(".v1"):
        msg = f"{event_type!r} is not a command event"
        raise ValueError(msg)
    return event_type[len(_TYPE) : -3]


def make(site: str, verb: Verb, told: Told, time: int, *parts: object) -> CommandEvent:
    """An event of a command; `parts` are what makes it this one among those of its verb. `time` in µs UTC."""
    return CommandEvent(
        id=identity(site, told.command, verb, *parts),
        source=f"/sites/{site}",
        type=type_of(verb),
        subject=told.command,
        time=iso(time),
        data=told,
    )


def answered(site: str, area: str, gateway: str, result: Result, time: int) -> CommandEvent:
    """The event of a result that came at `time`, µs UTC. The same result again is the same event."""
    told = Told(
        command=result.id,
        gateway=gateway,
        area=area,
        at=result.at,
        note=result.reason,
        reported=result.reported,
    )
    return make(site, _OF_STATE[result.state], told, time, result.at)


def subject(site: str, gateway: str, command: str) -> str:
    """Subject on COMMANDS."""
    return f"commands.{site}.{gateway}.{command}"


def down_subject(gateway: str, command: str) -> str:
    """Subject on DOWNLINK."""
    return f"down.{gateway}.commands.{command}"


def encode(message: Command | Result | CommandEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(message)


def decode_event(data: bytes) -> CommandEvent:
    """Read an event; raises msgspec.MsgspecError."""
    return _event.decode(data)


def decode_command(data: bytes) -> Command:
    """Read a command; raises msgspec.MsgspecError."""
    return _command.decode(data)


def decode_result(data: bytes) -> Result:
    """Read a result; raises msgspec.MsgspecError."""
    return _result.decode(data)


def override_of(command: Command) -> Override:
    """The body of an override or release; raises msgspec.ValidationError."""
    return msgspec.convert(command.body, Override)


def programme_of(command: Command) -> Programme:
    """The body of a programme; raises msgspec.ValidationError."""
    return msgspec.convert(command.body, Programme)
