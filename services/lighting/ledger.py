"""Commands as they stand, folded from the events of COMMANDS. Pure: no clock, no I/O.

Everything that decides about commands reads this and nothing else, so whoever restarts goes on from the
stream. An event that is there twice counts once; answers count in whatever order they came.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from services.observation import command as nouns
from services.observation.command import Command, CommandEvent, Override, Programme, Reported, Verb
from services.observation.instants import micros

State = Literal[
    "ordered",
    "sent",
    "accepted",
    "confirmed",
    "refused",
    "unconfirmed",
    "superseded",
    "expired",
    "released",
    "ended",
]
OPEN: frozenset[State] = frozenset({"ordered", "sent", "accepted", "unconfirmed"})
"""Nobody knows yet that the controller did it."""
LIVE: frozenset[State] = OPEN | {"confirmed"}
"""Meant to be in force, or it was done."""
KEEP_EVENTS = 100


class Known(NamedTuple):
    """What a controller last said it holds, and its own clock when it said so."""

    at: int
    reported: Reported


class Standing(msgspec.Struct):
    """A command as it stands. Instants in µs UTC; `done_at` is the controller's clock, the others ours.

    Attributes:
        override, programme: its body, read; None where it is of another kind.
        attempts: sendings since the gateway was last given up or came back; `sendings`: of all.
        sequence: of its last event in the stream, for whoever writes the next.
    """

    command: Command
    gateway: str
    area: str
    order: str
    groups: list[str]
    by: str
    reason: str
    ordered_at: int
    override: Override | None = None
    programme: Programme | None = None
    state: State = "ordered"
    attempts: int = 0
    sendings: int = 0
    sent_at: int = 0
    accepted_at: int = 0
    done_at: int = 0
    changed_at: int = 0
    note: str = ""
    successor: str = ""
    first: int = 0
    sequence: int = 0
    history: list[tuple[int, CommandEvent]] = []
    dropped: int = 0
    seen: set[str] = set()

    @property
    def until(self) -> int:
        """Its lease, the end of its plan, or the time after which it is of no use."""
        if self.override is not None:
            return self.override.until
        return self.command.expires_at if self.programme is None else self.programme.end

    @property
    def live(self) -> bool:
        """Whether it is still meant to be in force, or to come to it."""
        return self.state in OPEN or (self.state == "confirmed" and self.command.kind != "read")

    @property
    def newness(self) -> tuple[int, str]:
        """The larger one is the newer order."""
        return self.command.issued_at, self.command.id


class Ledger:
    """All commands that are live or were lately, and what each controller says it holds."""

    def __init__(self) -> None:
        """Start with none."""
        self._by_id: dict[str, Standing] = {}
        self._of_gateway: dict[str, dict[str, Standing]] = {}
        self.reported: dict[str, Known] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._by_id)

    def __iter__(self) -> Iterator[Standing]:
        """Yield all that are kept, in the order they were ordered."""
        return iter(self._by_id.values())

    def get(self, command: str) -> Standing | None:
        """One command."""
        return self._by_id.get(command)

    def of_gateway(self, gateway: str) -> Iterable[Standing]:
        """Those of one controller."""
        return self._of_gateway.get(gateway, {}).values()

    def gateways(self) -> list[str]:
        """Whoever was ever told something."""
        return list(self._of_gateway)

    def live(self, gateway: str) -> list[Standing]:
        """Those of one controller that are still meant to be in force."""
        return [one for one in self.of_gateway(gateway) if one.live]

    def apply(self, sequence: int, event: CommandEvent) -> Standing | None:
        """Fold one event; None when it is of no command that is kept, or was there before.

        A later sequence of the same subject moves `Standing.sequence` all the same.
        """
        try:
            verb = Verb(nouns.verb_of(event.type))
        except ValueError:
            return None  # of a newer release
        time = micros(event.time)
        told = event.data
        if told.reported is not None and told.at is not None:
            known = self.reported.get(told.gateway)
            if known is None or told.at >= known.at:
                self.reported[told.gateway] = Known(told.at, told.reported)
        standing = self._by_id.get(told.command)
        if standing is None:
            standing = self._begin(verb, event, time)
            if standing is None:
                return None
        standing.sequence = max(standing.sequence, sequence)
        if event.id in standing.seen:
            return None
        standing.seen.add(event.id)
        standing.first = standing.first or sequence
        standing.history.append((sequence, event))
        if len(standing.history) > KEEP_EVENTS:
            del standing.history[1]
            standing.dropped += 1
        standing.changed_at = max(standing.changed_at, time)
        _move(standing, verb, event, time)
        return standing

    def forget(self, before: int) -> None:
        """Drop what ended before an instant, µs UTC."""
        for one in [one for one in self if max(one.changed_at, one.until) < before]:
            self._drop(one)

    def keep(self, most: int) -> None:
        """Drop the oldest beyond so many, those first that are over."""
        over = len(self._by_id) - most
        if over > 0:
            for one in [one for one in self if not one.live][:over]:
                self._drop(one)

    def _drop(self, one: Standing) -> None:
        del self._by_id[one.command.id], self._of_gateway[one.gateway][one.command.id]

    def _begin(self, verb: Verb, event: CommandEvent, time: int) -> Standing | None:
        told = event.data
        if verb is not Verb.ORDERED or told.wire is None:
            return None  # its beginning is older than what is read
        command = told.wire
        override = programme = None
        try:
            if command.kind in ("override", "release"):
                override = nouns.override_of(command)
            elif command.kind == "programme":
                programme = nouns.programme_of(command)
        except msgspec.ValidationError:
            return None
        standing = Standing(
            command=command,
            gateway=told.gateway,
            area=told.area,
            order=told.order,
            groups=told.groups,
            by=told.by,
            reason=told.reason,
            ordered_at=time,
            override=override,
            programme=programme,
        )
        self._by_id[command.id] = standing
        self._of_gateway.setdefault(told.gateway, {})[command.id] = standing
        return standing


def _move(one: Standing, verb: Verb, event: CommandEvent, time: int) -> None:  # noqa: C901  one row per verb
    told = event.data
    match verb:
        case Verb.ORDERED:
            pass
        case Verb.SENT | Verb.REPEATED:
            # Also of what was confirmed: the controller has lost it, and is told again.
            if one.state in LIVE:
                one.state = "sent"
            one.attempts, one.sendings, one.sent_at = told.attempt, max(one.sendings, told.sending), time
        case Verb.ACCEPTED:
            if one.state in OPEN:
                one.state, one.accepted_at = "accepted", time
        case Verb.CONFIRMED:
            one.done_at = max(one.done_at, told.at or 0)
            if one.state in OPEN:
                one.state = "confirmed"
        case Verb.REFUSED:
            if one.state in OPEN:
                one.state = "refused"
            one.note = told.note
        case Verb.FAILED:
            one.note = told.note
        case Verb.UNCONFIRMED | Verb.EXPIRED | Verb.SUPERSEDED | Verb.RELEASED | Verb.ENDED:
            # Decided by one who may not have known of an answer that came just then.
            if not (verb is Verb.UNCONFIRMED and one.state not in OPEN):
                one.state = _DECIDED[verb]
            one.successor = told.successor or one.successor


_DECIDED: dict[Verb, State] = {
    Verb.UNCONFIRMED: "unconfirmed",
    Verb.EXPIRED: "expired",
    Verb.SUPERSEDED: "superseded",
    Verb.RELEASED: "released",
    Verb.ENDED: "ended",
}
