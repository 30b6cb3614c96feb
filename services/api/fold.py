"""The alerts as they stand, folded from the events of ALERTS. Pure: no clock, no I/O.

Open alerts are kept whole; cleared ones for 30 days of stream time and at most some thousands, so that
memory does not grow with the years. Older ones are in the history.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from services.alerts.situation import TYPE
from services.api.grouped import Grouped, Situations
from services.observation.event import SEVERITIES, Verb, verb_of

KEEP_US = 30 * 86_400_000_000
KEEP_CLOSED = 5_000
KEEP_EVENTS = 200
"""Of one alert; in between the first and the newest ones are dropped and counted."""

_CONDITION = frozenset(Verb)


class Told(msgspec.Struct, frozen=True):
    """One event of an alert: where it stands in the stream, what it said."""

    sequence: int
    verb: str
    body: dict[str, Any]


class Standing(msgspec.Struct):
    """An alert as it stands. `data` is the last word of the engine or keeper about it."""

    data: dict[str, Any]
    state: Literal["active", "cleared"]
    raised_sequence: int
    raised_at: str
    peak: int
    cleared_at: str | None = None
    blind: bool = False
    changed_us: int = 0
    events: list[Told] = []
    dropped: int = 0

    @property
    def sequence(self) -> int:
        """Of its last event: the version a person saw."""
        return self.events[-1].sequence

    @property
    def open(self) -> bool:
        """Whether its condition holds."""
        return self.state == "active"


def rank_of(severity: object) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


class Fold:
    """All alerts that are open or were lately."""

    def __init__(self, keep_closed: int = KEEP_CLOSED, keep_us: int = KEEP_US) -> None:
        """Start with none."""
        self._keep_closed, self._keep_us = keep_closed, keep_us
        self._alerts: dict[str, Standing] = {}
        self._closed: dict[str, None] = {}  # in the order of clearing
        self.situations = Situations()
        self.last = 0
        """Sequence of the last event applied."""

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self._alerts.clear()
        self._closed.clear()
        self.situations.clear()
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
        data = event.get("data")
        alert_id = event.get("subject")
        if not isinstance(data, dict) or not isinstance(alert_id, str):
            return None
        if str(event.get("type")).startswith(TYPE):
            return self.situations.apply(sequence, stored_us, event)
        try:
            verb = verb_of(str(event.get("type")))
        except ValueError:
            return None
        standing = self._alerts.get(alert_id)
        if verb not in _CONDITION:
            # What people and the keeper do to an alert is kept with it; it does not move the condition.
            if standing is not None:
                self._remember(standing, Told(sequence, verb, event))
                standing.changed_us = stored_us
            return standing
        standing = self._move(standing, alert_id, Told(sequence, verb, event), data)
        standing.changed_us = stored_us
        self._forget(stored_us)
        return standing

    def _move(self, standing: Standing | None, alert_id: str, told: Told, data: dict[str, Any]) -> Standing:
        time = str(told.body.get("time", ""))
        peak = rank_of(data.get("severity"))
        if standing is None:
            # Not always a `raised`: the beginning may be older than the stream or forgotten.
            raised_at = str(data.get("since") or time)
            standing = Standing(data, "active", told.sequence, raised_at, peak)
            self._alerts[alert_id] = standing
        standing.data = data
        standing.peak = max(standing.peak, peak)
        self._remember(standing, told)
        match told.verb:
            case Verb.CLEARED:
                standing.state, standing.cleared_at, standing.blind = "cleared", time, False
                self._closed[alert_id] = None
            case Verb.BLIND:
                standing.blind = True
            case Verb.SIGHTED:
                standing.blind = False
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
