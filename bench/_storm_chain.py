"""From the engine's events to what an operator hears: keeper, situations, attention, by its clock.

The same pure parts that run in the keeper and in the roads, in the same order; only the stream between them
is a list here, and a decision stands on it in the moment it is made.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import msgspec

from services.alerts import situation
from services.alerts.attention.annunciation import Attention, Thing
from services.alerts.keeping.book import Book
from services.alerts.situation import SituationEvent
from services.alerts.situation.grouping import Grouper
from services.observation import event as events
from services.observation.event import CloudEvent
from services.observation.instants import SECOND, micros
from services.observation.site import Site
from services.policy.alerting import Policy

_object = msgspec.json.Decoder(dict[str, Any])
_QUIET = ("inhibited", "uninhibited", "suppressed", "unsuppressed")


class Stored(NamedTuple):
    """An event as the stream holds it."""

    sequence: int
    at: int
    event: dict[str, Any]

    @property
    def named(self) -> tuple[str, str]:
        """Noun and verb."""
        return events.noun_and_verb(self.event["type"]) or ("", "")


class Stream:
    """ALERTS of a storm, written as engine, keeper and situations would write it, nobody acting."""

    def __init__(self, site: Site, policy: Policy | None = None) -> None:
        """Of a site, with its policy or the defaults."""
        self.log: list[Stored] = []
        self._book = Book(site, policy or Policy())
        self._grouper = Grouper(site.id, names={area.id: area.name for area in site.areas.values()})
        self._now = 0

    def play(self, told: Iterable[CloudEvent], end: int) -> "Stream":
        """Take the engine's events in the order they became known; let time pass until the end, µs UTC."""
        for event in told:
            at = micros(event.data.detected_at)
            self._pass(at)
            self._engine(event, at)
        self._pass(end)
        return self

    def _engine(self, event: CloudEvent, at: int) -> None:
        sequence = self._put(events.encode(event), at)
        for told in self._grouper.alert(event, sequence, at):
            self._put(situation.encode(told), at)
        self._decide(at)

    def _pass(self, at: int) -> None:
        """Whatever is due up to an instant, each at its own."""
        while (due := self._book.next_due()) is not None and due < at:
            self._now = max(self._now, due)
            if not self._decide(self._now) and self._book.next_due() == due:
                break
        self._now = max(self._now, at)
        for told in self._grouper.due(at):
            self._end(told, at)

    def _end(self, told: SituationEvent, at: int) -> None:
        self._grouper.told(told)
        self._put(situation.encode(told), at)

    def _decide(self, now: int) -> int:
        owed = self._book.decide(now)
        for one in owed:
            self._put(one.data, now)
        return len(owed)

    def _put(self, data: bytes, at: int) -> int:
        sequence = len(self.log) + 1
        event = _object.decode(data)
        self.log.append(Stored(sequence, at, event))
        self._book.take(sequence, at, event)
        return sequence


def things(
    log: Iterable[Stored], site: str, end: int, quiets: Collection[str], *, situations: bool
) -> list[Thing]:
    """What would be new if the keeper kept quiet only for these reasons, and told situations or not."""
    attention = Attention(site)
    found: list[Thing] = []
    for stored in log:
        noun, verb = stored.named
        if noun == "situation" and not situations:
            continue
        if verb in _QUIET and stored.event["data"]["act"]["quiet"]["kind"] not in quiets:
            continue
        found += attention.take(stored.sequence, stored.at, stored.event)
    return found + attention.due(end + 600 * SECOND)


STAGES: dict[str, tuple[tuple[str, ...], bool]] = {
    "settled": ((), False),
    "gateway": (("gateway",), False),
    "inhibition": (("gateway", "inhibition"), False),
    "chattering": (("gateway", "inhibition", "chattering"), False),
    "situations": (("gateway", "inhibition", "chattering", "maintenance", "test"), True),
}
"""Reasons to be quiet that count, and whether situations do: each stage has those of the one before."""
