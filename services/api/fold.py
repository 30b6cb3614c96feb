"""The alerts as they stand, folded from the events of ALERTS. Pure: no clock, no I/O.

Open alerts are kept whole; those that are over for 30 days of stream time and at most some thousands, so that
memory does not grow with the years. Older ones are in the history. What an event does to an alert is said by
`services.alerts.lifecycle`; here stand all of them, with what was told of each.
"""

from collections.abc import Iterator
from typing import Any, Literal, cast

import msgspec

from services.alerts.lifecycle import Life, fold, rank_of
from services.api.grouped import Grouped, Situations
from services.api.orphans import Orphans
from services.cap.shelf import Shelves
from services.observation.event import noun_and_verb
from services.observation.instants import iso
from services.observation.maintenance import Windows

KEEP_US = 30 * 86_400_000_000
KEEP_CLOSED = 5_000
KEEP_EVENTS = 200
"""Of one alert; in between the first and the newest ones are dropped and counted."""

__all__ = ["Fold", "Standing", "Told", "rank_of"]


class Told(msgspec.Struct, frozen=True):
    """One event of an alert: where it stands in the stream, what it said."""

    sequence: int
    verb: str
    body: dict[str, Any]


class Standing(msgspec.Struct):
    """An alert as it stands, and its events."""

    life: Life
    raised_sequence: int
    raised_at: str
    cleared_at: str | None = None
    events: list[Told] = []
    dropped: int = 0

    @property
    def data(self) -> dict[str, Any]:
        """The last word about its condition."""
        return self.life.data

    @property
    def state(self) -> Literal["active", "cleared"]:
        """Whether its condition holds, as the API says it."""
        return "active" if self.life.open else "cleared"

    @property
    def peak(self) -> int:
        """The highest severity it reached, 0 to 3; -1 unknown."""
        return self.life.peak

    @property
    def blind(self) -> bool:
        """Whether nobody knows how it is now."""
        return self.life.blind

    @property
    def changed_us(self) -> int:
        """When the stream took its last event."""
        return self.life.changed_us

    @property
    def sequence(self) -> int:
        """Of its last event: the version a person saw."""
        return self.events[-1].sequence

    @property
    def open(self) -> bool:
        """Whether its condition holds."""
        return self.life.open


class Fold:
    """All alerts that are open or were lately."""

    def __init__(self, keep_closed: int = KEEP_CLOSED, keep_us: int = KEEP_US) -> None:
        """Start with none."""
        self._keep_closed, self._keep_us = keep_closed, keep_us
        self._alerts: dict[str, Standing] = {}
        self._closed: dict[str, None] = {}  # in the order of clearing
        self.situations = Situations()
        self.bulletins = Shelves()
        self.windows = Windows()
        self.orphans = Orphans()
        self.last = 0
        """Sequence of the last event applied."""

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self._alerts.clear()
        self._closed.clear()
        self.situations.clear()
        self.bulletins.clear()
        self.windows.clear()
        self.orphans.clear()
        self.last = 0

    def __len__(self) -> int:
        """How many alerts are kept."""
        return len(self._alerts)

    @property
    def open_count(self) -> int:
        """How many of them are open."""
        return len(self._alerts) - len(self._closed)

    def get(self, alert_id: str) -> Standing | None:
        """One alert; None when it is unknown or forgotten."""
        return self._alerts.get(alert_id)

    def peak(self, subject: str) -> int:
        """The highest severity that an alert or a situation is known to have reached; -1 when unknown."""
        found = self._alerts.get(subject) or self.situations.get(subject)
        return -1 if found is None else found.peak

    def newest_first(self) -> Iterator[Standing]:
        """All kept alerts, the one raised last first."""
        return iter(sorted(self._alerts.values(), key=lambda standing: -standing.raised_sequence))

    def open_alerts(self) -> Iterator[Standing]:
        """All alerts whose condition holds, in no order."""
        return (standing for standing in self._alerts.values() if standing.open)

    def told(self, name: str) -> set[str]:
        """What kept alerts say of themselves under a name, like `area`: each value once."""
        found = (standing.data.get(name) for standing in self._alerts.values())
        return {value for value in found if isinstance(value, str)}

    def apply(self, sequence: int, stored_us: int, event: dict[str, Any]) -> Standing | Grouped | None:
        """Fold one event in stream order; None when it says nothing of an alert or a situation that is kept.

        The same sequence again changes nothing.
        """
        if sequence <= self.last:
            return None
        self.last = sequence
        noun, verb = noun_and_verb(event.get("type")) or ("", "")
        if not isinstance(event.get("data"), dict) or not isinstance(event.get("subject"), str):
            return None
        if noun == "situation":
            return self.situations.apply(sequence, stored_us, event)
        if noun == "bulletin":
            self.bulletins.apply(sequence, event)
        if noun == "maintenance":
            self.windows.apply(sequence, stored_us, event)
        if noun == "link":
            self.orphans.apply(sequence, event)
        if noun != "alert":
            return None
        found = self._alert(event["subject"], Told(sequence, verb, event), stored_us)
        self._forget(stored_us)
        return found

    def _alert(self, alert_id: str, told: Told, stored_us: int) -> Standing | None:
        standing = self._alerts.get(alert_id)
        life = fold(None if standing is None else standing.life, told.sequence, stored_us, told.body)
        if life is None:
            return None
        if standing is not None and told.body.get("source") != f"/sites/{life.site}":
            return None  # another site's word under the same name
        if standing is None:
            # Not always a `raised`: the beginning may be older than the stream or forgotten.
            raised_at = str(life.data.get("since") or told.body.get("time", ""))
            standing = self._alerts[alert_id] = Standing(life, told.sequence, raised_at)
        self.orphans.spoke(alert_id, life.site)
        standing.life = life
        if life.changed_us != stored_us:
            # A verb of a later release changes nothing that we know, but it happened to this alert.
            standing.life = msgspec.structs.replace(life, changed_us=stored_us)
        self._remember(standing, told)
        if life.open:
            standing.cleared_at = None
            self._closed.pop(alert_id, None)
        elif standing.cleared_at is None:
            standing.cleared_at = iso(cast("int", life.cleared_at))
        if not life.open:
            # Behind those that have been left alone for longer.
            self._closed.pop(alert_id, None)
            self._closed[alert_id] = None
        return standing

    def _remember(self, standing: Standing, told: Told) -> None:
        standing.events.append(told)
        if len(standing.events) > KEEP_EVENTS:
            del standing.events[1]
            standing.dropped += 1

    def _forget(self, now_us: int) -> None:
        while self._closed:
            oldest = next(iter(self._closed))
            young = self._alerts[oldest].changed_us > now_us - self._keep_us
            if young and len(self._closed) <= self._keep_closed:
                return
            del self._closed[oldest], self._alerts[oldest]
