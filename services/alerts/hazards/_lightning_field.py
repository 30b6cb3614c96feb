"""Field mills: one-minute means of the atmospheric electric field, reversals, and the step they make.

Design defaults after published studies (docs/adr/0019): |E| averaged over a minute from 1 kV/m on is a watch,
from 2 a warning, over 30 s from 4 danger; a reversal of polarity with 0.5 kV/m on both sides within ten
minutes is a watch. A single mill is never more than a watch by itself: salt, power lines and splashing rain
bias it; `_lightning_rings` and the rule `field-mills` ask for a strike or a second mill.

The sign: a place's `field_sign` of -1 says that its mill counts the field downwards; the means of this house
are positive in fair weather (potential gradient). Only the mean that is shown depends on it.
"""

from collections.abc import Mapping

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Ints, Series

OUTPUTS = ("field_mean", "field_step")
WINDOW_S, SLOTS = 660.0, 660
"""Ten minutes of one-minute means; one reading a second at the most."""
_SECOND = 1_000_000
_MEAN, _SHORT, _REVERSAL = 60 * _SECOND, 30 * _SECOND, 600 * _SECOND
_COVER = 0.5
"""A mean of fewer than half of the readings due is none."""
_SCALE = 1000.0
"""Fields are summed as whole mV/m, so no cut of a batch changes a bit."""
_STILL, _STILL_READINGS = 540 * _SECOND, 60
CALM, WATCH, WARNING, DANGER, REVERSED = 0.5, 1.0, 2.0, 3.0, 0.5
LEVELS = (("field_calm", 500.0), ("field_watch", 1000.0), ("field_warning", 2000.0), ("field_danger", 4000.0))
"""Attribute of the station, and V/m where it has none."""
ATTRIBUTES = (*(name for name, _ in LEVELS), "field_sign")


def field(series: Series) -> Computed:
    """Mean of the last minute with its sign, V/m, and step 0 calm, 0.5, 1 watch, 2, 3 danger; (2, m).

    A step of 0.5 is a field that is no longer calm, or not yet: it raises nothing and keeps what is on.
    Nothing is said of a minute of which half the readings are missing, nor by a mill that is stuck.
    """
    time, value = series.time, np.rint(series.value * _SCALE).astype(np.int64)
    new = np.rint(series.new_value * _SCALE).astype(np.int64)
    least = max(1, int(_COVER * _MEAN / _SECOND)) if series.interval <= _SECOND else 1
    if series.interval > _SECOND:
        least = max(1, round(_COVER * _MEAN / series.interval))
    sums = _Sums(time, value)
    mean, count = sums.before(series, new, _MEAN)
    sign = -1.0 if series.attributes.get("field_sign", 1.0) < 0 else 1.0
    if max(_highest(value), _highest(new)) < _SCALE * lowest_level(series.attributes):
        return Computed(np.where(count >= least, np.stack([sign * mean, np.zeros(len(new))]), np.nan))
    strength, _ = sums.before(series, np.abs(new), _MEAN, absolute=True)
    short, few = sums.before(series, np.abs(new), _SHORT, absolute=True)
    at = dict(LEVELS) | {name: series.attributes[name] for name, _ in LEVELS if name in series.attributes}
    step = np.select(
        [
            (short >= at["field_danger"]) & (few >= max(1, least // 2)),
            strength >= at["field_warning"],
            (strength >= at["field_watch"]) | _reversed(series, sums, mean, least, at["field_calm"]),
            strength >= at["field_calm"],
        ],
        [DANGER, WARNING, WATCH, CALM],
        0.0,
    )
    known = (count >= least) & ~(_stuck(series, value, new) & (step > 0.0))
    return Computed(np.where(known, np.stack([sign * mean, step]), np.nan))


def lowest_level(attributes: Mapping[str, float]) -> float:
    """Of a mill none of whose readings reaches so much, V/m, either way, every step that is told is 0."""
    return min(attributes.get(name, level) for name, level in LEVELS)


def _highest(value: Ints) -> int:
    return max(int(value.max()), -int(value.min())) if len(value) else 0


def _stuck(series: Series, value: Ints, new: Ints) -> Bools:
    """Whether a mill has said the very same for nine minutes, by sixty readings or more: (m,).

    No field is as still as that: the mill is broken, or at the end of its scale.
    """
    found = np.zeros(len(new), bool)
    if not len(value):
        return found
    moves = np.concatenate([[0], np.cumsum(value[1:] != value[:-1])])
    first = np.searchsorted(series.time, series.new_time - _REVERSAL)
    at = np.flatnonzero(series.upto - first >= _STILL_READINGS)
    last, start = series.upto[at] - 1, first[at]
    still = (moves[last] == moves[start]) & (value[last] == new[at])
    found[at] = still & (series.new_time[at] - series.time[start] >= _STILL)
    return found


class _Sums:
    """Running sums of whole numbers over the kept readings."""

    def __init__(self, time: Ints, value: Ints) -> None:
        self.time = time
        self.signed = np.concatenate([[0], np.cumsum(value)])
        self.plain = np.concatenate([[0], np.cumsum(np.abs(value))])

    def before(self, series: Series, new: Ints, span: int, *, absolute: bool = False) -> tuple[Floats, Ints]:
        """Mean of the readings in (t - span, t] with the new one, V/m, and how many; (m,)."""
        total = self.plain if absolute else self.signed
        first = np.searchsorted(self.time, series.new_time - span, side="right")
        count = series.upto - first + 1
        return (total[series.upto] - total[first] + new) / (count * _SCALE), count

    def minutes(self, least: int) -> Floats:
        """Mean of the minute up to each kept reading, V/m; NaN where there are too few."""
        first = np.searchsorted(self.time, self.time - _MEAN, side="right")
        count = np.arange(1, len(self.time) + 1) - first
        mean = (self.signed[1:] - self.signed[first]) / (count * _SCALE)
        return np.where(count >= least, mean, np.nan)


def _reversed(series: Series, sums: _Sums, mean: Floats, least: int, limit: float) -> Bools:
    """Whether the mean of a minute was beyond the limit on both sides within ten minutes: (m,)."""
    strong = np.abs(mean) >= limit
    found = np.zeros(len(mean), bool)
    if not strong.any() and not len(series.time):
        return found
    before = sums.minutes(least)
    # Minutes that begin before the window is due are left out: what lies there depends on the cut.
    first = np.searchsorted(series.time, series.new_time - _REVERSAL)
    for side in (1.0, -1.0):
        over = np.concatenate([[0], np.cumsum(side * before >= limit)])
        here = side * mean >= limit
        beyond = (over[series.upto] - over[first] > 0) | here
        found = beyond if side > 0 else found & beyond
    return np.asarray(found)
