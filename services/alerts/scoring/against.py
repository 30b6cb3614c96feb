"""Two sets of rules on one recording: what the second would have told otherwise. Pure.

Alerts belong together when they are of one hazard, area and sensor and stood at the same time; each has at
most one partner, the earliest. So an alert that the other rules would have split in three has one partner,
and two that only the other rules tell.
"""

from collections.abc import Iterable, Sequence

import msgspec

from services.alerts.scoring.score import Occurrence
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

_FOREVER = 1 << 62


class Single(msgspec.Struct):
    """An alert that one of the two did not tell; µs UTC, `end` None: still open."""

    hazard: str
    area: str
    sensor: str | None
    rule: str
    severity: str
    start: int
    end: int | None


class Pair(msgspec.Struct):
    """An alert that both told.

    `earlier_s`: by how much the other rules raise it earlier (negative: later); by severity in `by_severity`,
    where both reached it. `longer_s`: how much longer theirs stood; None while one is open.
    """

    here: Single
    there: Single
    earlier_s: float
    by_severity: dict[str, float]
    longer_s: float | None

    @property
    def changed(self) -> bool:
        """Whether anything about it is different."""
        moved = any(self.by_severity.values()) or self.earlier_s
        return bool(moved or self.here.severity != self.there.severity or self.longer_s)


class Differences(msgspec.Struct):
    """What would have changed: told here only, there only, by both but otherwise, and by both alike."""

    only_here: list[Single]
    only_there: list[Single]
    changed: list[Pair]
    same: int


def compare(here: Iterable[Occurrence], there: Iterable[Occurrence]) -> Differences:
    """Alerts of the rules at hand beside those of the others."""
    ours = sorted(here, key=lambda one: one.start)
    theirs = sorted(there, key=lambda one: one.start)
    taken: set[int] = set()
    pairs: list[Pair] = []
    alone: list[Single] = []
    for one in ours:
        partner = _partner(one, theirs, taken)
        if partner is None:
            alone.append(_single(one))
        else:
            taken.add(partner)
            pairs.append(_pair(one, theirs[partner]))
    only_there = [_single(one) for at, one in enumerate(theirs) if at not in taken]
    changed = [pair for pair in pairs if pair.changed]
    return Differences(alone, only_there, changed, len(pairs) - len(changed))


def _partner(one: Occurrence, others: Sequence[Occurrence], taken: set[int]) -> int | None:
    """The earliest of the others, not taken, that stood at the same time; of the same rule if there is."""
    found = None
    for at, other in enumerate(others):
        if at in taken or (other.hazard, other.area, other.sensor) != (one.hazard, one.area, one.sensor):
            continue
        if other.start <= _end(one) and one.start <= _end(other):
            if other.rule == one.rule:
                return at
            found = at if found is None else found
    return found


def _pair(one: Occurrence, other: Occurrence) -> Pair:
    both = [word for word in SEVERITIES if word in one.reached and word in other.reached]
    longer = None
    if one.end is not None and other.end is not None:
        longer = ((other.end - other.start) - (one.end - one.start)) / SECOND
    return Pair(
        _single(one),
        _single(other),
        (one.start - other.start) / SECOND,
        {word: (one.reached[word] - other.reached[word]) / SECOND for word in both},
        longer,
    )


def _single(one: Occurrence) -> Single:
    worst = max(one.reached, key=SEVERITIES.index, default=SEVERITIES[0])
    return Single(one.hazard, one.area, one.sensor, one.rule, worst, one.start, one.end)


def _end(one: Occurrence) -> int:
    return _FOREVER if one.end is None else one.end
