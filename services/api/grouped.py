"""The situations as they stand, folded from the events of ALERTS. Pure: no clock, no I/O.

Open ones are kept whole; ended ones for 30 days of stream time and at most a thousand. Older ones are in the
history.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from services.alerts.situation import SituationEvent, Unfolding, rank, verb_of

KEEP_US = 30 * 86_400_000_000
KEEP_ENDED = 1_000
KEEP_EVENTS = 200
"""Of one situation; in between the first and the newest ones are dropped and counted."""


class Happened(msgspec.Struct, frozen=True):
    """One event of a situation: where it stands in the stream, and its body as stored."""

    sequence: int
    body: dict[str, Any]


class Grouped(msgspec.Struct):
    """A situation as it stands."""

    unfolding: Unfolding
    opened_sequence: int
    changed_us: int = 0
    events: list[Happened] = []
    dropped: int = 0

    @property
    def peak(self) -> int:
        """The highest severity it reached, 0 to 3."""
        return rank(self.unfolding.data.severity_max)

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.unfolding.data.state == "open"


class Situations:
    """All situations that are open or were lately."""

    def __init__(self, keep_ended: int = KEEP_ENDED, keep_us: int = KEEP_US) -> None:
        """Start with none."""
        self._keep_ended, self._keep_us = keep_ended, keep_us
        self._all: dict[str, Grouped] = {}
        self._ended: dict[str, None] = {}
        self._of: dict[str, str] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._all.clear()
        self._ended.clear()
        self._of.clear()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._all)

    def get(self, situation: str) -> Grouped | None:
        """One situation; None when it is unknown or forgotten."""
        return self._all.get(situation)

    def of(self, alert: str) -> str | None:
        """The situation that an alert is, or at last was, part of."""
        return self._of.get(alert)

    def newest_first(self) -> Iterator[Grouped]:
        """All kept, the one opened last first."""
        return iter(sorted(self._all.values(), key=lambda one: -one.opened_sequence))

    def kinds(self) -> set[str]:
        """Kinds of those that are kept: another release may have others than ours."""
        return {one.unfolding.data.kind for one in self._all.values()}

    def apply(self, sequence: int, stored_us: int, event: dict[str, Any]) -> Grouped | None:
        """Fold one event in stream order; None when we can't read it."""
        try:
            read = msgspec.convert(event, SituationEvent)
        except msgspec.ValidationError:
            return None
        if verb_of(read.type) is None:
            return None
        found = self._all.get(read.subject)
        if found is None:
            found = self._all[read.subject] = Grouped(Unfolding(read.data), sequence)
        else:
            found.unfolding.apply(read.data)
        found.changed_us = stored_us
        found.events.append(Happened(sequence, event))
        if len(found.events) > KEEP_EVENTS:
            del found.events[1]
            found.dropped += 1
        for member in read.data.joined:
            self._of[member.alert_id] = read.subject
        self._ended.pop(read.subject, None)
        if not found.open:
            self._ended[read.subject] = None
        self._forget(stored_us)
        return found

    def _forget(self, now_us: int) -> None:
        while self._ended:
            oldest = next(iter(self._ended))
            gone = self._all[oldest]
            if gone.changed_us > now_us - self._keep_us and len(self._ended) <= self._keep_ended:
                return
            del self._ended[oldest], self._all[oldest]
            for alert in (*gone.unfolding.open, *gone.unfolding.past):
                if self._of.get(alert) == oldest:
                    del self._of[alert]
