"""Rain: sums over trailing windows and the rain day, and one index of how heavy it is.

A reading of `rainfall` is the depth that fell in its reporting interval, stamped at its end; `rain_total`
counts up and starts again after a reset. Both become depths with the span of time in which they fell. A sum
takes what fell in (t - H, t]; where an interval reaches back over the edge of the window, its share (the
depth is taken to be even within the interval), so that a gauge whose clock trembles counts nothing twice.

What no reading covers is missing, not dry: with 90 % of the window covered the number is the sum, below
that a lower bound (`domain`: design default), which may raise an alert and, by itself, never clears one.

All sums are of integers (0.1 µm, µs), so they are exact, come out the same wherever a batch is cut, and
thirty times one millimetre is thirty.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Ints, Series

HOUR = 3_600_000_000
DAY = 24 * HOUR
WINDOWS: dict[str, int] = {
    "rain_10min": HOUR // 6,
    "rain_1h": HOUR,
    "rain_3h": 3 * HOUR,
    "rain_12h": 12 * HOUR,
    "rain_24h": DAY,
}
"""Trailing windows, µs."""

RAIN_DAY, SEVERITY = "rain_day", "rain_severity"
OUTPUTS = (*WINDOWS, RAIN_DAY, SEVERITY)
DAY_BEGINS = 19 * HOUR
"""The rain day runs from 19:00 to 19:00 of the site's clock (recalled: practice of the VNMHA)."""

KEPT_S = 97_200.0
"""How much past the sums need: a day, and the reading before its first one."""
_ADJOINING = 2 * HOUR  # of gauges slower than this, nobody knows where within an interval it rained
_UNIT = 10_000  # per mm
_COVERED = (9, 10)


class _Depths(NamedTuple):
    """Depths (units) that fell in (start, end]; `whole`: counts only if all of it lies in the window."""

    start: Ints
    end: Ints
    depth: Ints
    whole: Bools


def sums(series: Series) -> Computed:
    """Rain sums of a gauge that sends the depth of each interval.

    Returns:
        (7, m) mm and index, in the order of OUTPUTS; NaN where a window is shorter than the interval.
    """
    return _computed(series, *(_of_depth(run, series.interval) for run in _runs(series)))


def sums_of_counter(series: Series) -> Computed:
    """The same of a gauge that sends its total: differences; a negative one is a reset, and counts anew.

    A difference over a pause fell somewhere in the pause: it counts in windows that hold all of it.
    """
    return _computed(series, *(_of_total(run, series.interval) for run in _runs(series)))


class _Run(NamedTuple):
    """Readings, each with the one before it; `known`: there is one."""

    time: Ints
    value: Floats
    before: Ints
    value_before: Floats
    known: Bools


def _runs(series: Series) -> tuple[_Run, _Run]:
    """The kept readings, and the new ones; each new one follows the last kept before it."""
    time, value = series.time, series.value
    follows = np.ones(len(time), bool)
    follows[:1] = False
    time_before, value_before = np.concatenate([time[:1], time[:-1]]), np.concatenate([value[:1], value[:-1]])
    kept = _Run(time, value, time_before, value_before, follows)
    known = series.upto > 0
    if not len(time):
        return kept, _Run(series.new_time, series.new_value, series.new_time, series.new_value, known)
    last = np.maximum(series.upto - 1, 0)
    return kept, _Run(series.new_time, series.new_value, time[last], value[last], known)


def _adjoins(run: _Run, interval: int) -> Bools:
    """Whether a reading's interval begins at the reading before: that is off by half of one at most.

    Clocks may be. Of slow gauges never: what lies before the window need not be kept.
    """
    return run.known & (2 * (run.time - run.before) <= 3 * interval) & (interval <= _ADJOINING)


def _of_depth(run: _Run, interval: int) -> _Depths:
    depth = np.rint(run.value * _UNIT).astype(np.int64)
    start = np.where(_adjoins(run, interval), run.before, run.time - interval)
    return _Depths(start, run.time, depth, np.zeros(len(depth), bool))


def _of_total(run: _Run, interval: int) -> _Depths:
    total, before = (np.rint(value * _UNIT).astype(np.int64) for value in (run.value, run.value_before))
    fell = np.where(total >= before, total - before, total)
    start = np.where(run.known, run.before, run.time)
    return _Depths(start, run.time, np.where(run.known, fell, 0), ~_adjoins(run, interval))


def _computed(series: Series, kept: _Depths, new: _Depths) -> Computed:
    """All windows at once: a gauge sends one reading at a time, and calls cost more than numbers."""
    now = series.new_time
    since = np.empty((len(WINDOWS) + 1, len(now)), np.int64)
    np.subtract(now, _SPANS, out=since[:-1])
    since[-1] = now - ((series.local(now) - 1 - DAY_BEGINS) % DAY + 1)
    found, least = _window(kept, series.upto, new, since)
    values = np.empty((len(OUTPUTS), len(now)))
    values[:-1] = found
    values[:-2][_SPANS[:, 0] < series.interval] = np.nan
    flags = np.empty(values.shape, bool)
    flags[:-1] = least
    values[-1], flags[-1] = severity(values[:-2], flags[:-2], ladders(series.attributes))
    return Computed(values, flags)


_SPANS = np.array(list(WINDOWS.values()), np.int64)[:, None]


def _window(kept: _Depths, upto: Ints, new: _Depths, since: Ints) -> tuple[Floats, Bools]:
    """Sums over (since, end of each new reading], mm, and whether less than nine tenths of it were covered.

    `since` (w, m): w windows of the m new readings; so are the answers.
    """
    first = np.minimum(np.searchsorted(kept.end, since.ravel(), side="right").reshape(since.shape), upto)
    depth, covered = (np.concatenate([[0], np.cumsum(x)]) for x in (kept.depth, kept.end - kept.start))
    fell, known = depth[upto] - depth[first], covered[upto] - covered[first]
    if len(kept.end):
        # The first kept reading of the window may have begun before it; so may the new one.
        at = np.minimum(first, len(kept.end) - 1)
        edge = _Depths(kept.start[at], kept.end[at], kept.depth[at], kept.whole[at])
        cut_depth, cut_span = _before(edge, since)
        inside = first < upto
        fell = fell - cut_depth * inside
        known = known - cut_span * inside
    cut_depth, cut_span = _before(new, since)
    fell = fell + (new.depth - cut_depth)
    known = known + (new.end - new.start - cut_span)
    return fell / _UNIT, known * _COVERED[1] < (new.end - since) * _COVERED[0]


def _before(depths: _Depths, since: Ints) -> tuple[Ints, Ints]:
    """What of these depths, and of their spans, does not count because it may lie before an instant."""
    span = depths.end - depths.start
    early = np.maximum(since - depths.start, 0)
    early = np.where(depths.whole & (early > 0), span, early)
    share = np.rint(depths.depth * (early / np.maximum(span, 1))).astype(np.int64)
    return share, early


# Advisory, watch, warning, emergency, mm. Design defaults: 10 min after a research class (8 mm, "intense"),
# 1 h after the scenarios of Hà Nội (50, 70, 100), 3 h after the phrases of the national centre, 12 and 24 h
# after the classes mưa to, mưa rất to and Art. 44 of Decision 18/2021/QĐ-TTg.
LADDERS: dict[str, tuple[float | None, ...]] = {
    "rain_10min": (8.0, 15.0, 25.0, None),
    "rain_1h": (30.0, 50.0, 70.0, 100.0),
    "rain_3h": (50.0, 70.0, 100.0, 200.0),
    "rain_12h": (26.0, 50.0, 100.0, None),
    "rain_24h": (51.0, 100.0, 200.0, 400.0),
}
RUNG_NAMES = ("advisory", "watch", "warning", "emergency")
ATTRIBUTES = tuple(f"{name}_{rung}" for name in LADDERS for rung in RUNG_NAMES)


Ladder = tuple[float | None, ...]


def ladders(attributes: Mapping[str, float]) -> Mapping[str, Ladder]:
    """Thresholds of each window at a station: its attributes `rain_1h_watch` …, else the defaults."""
    own = {name: value for name, value in attributes.items() if name.startswith("rain_")}
    if not own:
        return LADDERS
    return {
        name: tuple(
            own.get(f"{name}_{rung}", default) for rung, default in zip(RUNG_NAMES, ladder, strict=True)
        )
        for name, ladder in LADDERS.items()
    }


def severity(values: Floats, least: Bools, steps: Mapping[str, Ladder]) -> tuple[Floats, Bools]:
    """The worst of the windows on one scale: 1 advisory, 2 watch, 3 warning, 4 emergency, even between.

    Args:
        values: (windows, m) mm, NaN where a window has no sum.
        least: (windows, m) which are lower bounds.
        steps: thresholds of each window, in the same order.

    Returns:
        (m,) index, NaN where no window has a sum; and whether it is a lower bound: only where no window is
        known well. Beside one that is, a window known at least counts for the class that its bound itself
        reaches, and for none above: else a gauge that has just begun would hold for half a day what a
        shower of minutes had raised.
    """
    indices = np.stack([index(amount, ladder) for amount, ladder in zip(values, steps.values(), strict=True)])
    unsound = np.isnan(np.fmax.reduce(np.where(least, np.nan, indices), axis=0))
    worst = np.fmax.reduce(np.where(least & (indices < 1) & ~unsound, np.nan, indices), axis=0)
    return np.asarray(worst), unsound & ~np.isnan(worst)


def index(amount: Floats, ladder: Ladder) -> Floats:
    """Place of an amount on a ladder: k from rung k on, even between rungs; never k without a rung k.

    Amounts are whole units of 0.1 µm; how the place lies between two rungs decides nothing.
    """
    steps, marks = _scale(ladder)
    return np.asarray(np.interp(amount, steps, marks))


@cache
def _scale(ladder: Ladder) -> tuple[Floats, Floats]:
    """Amounts and their places; above the last rung on towards the next place, which is not reached."""
    given = [(k + 1.0, step) for k, step in enumerate(ladder) if step is not None]
    marks, steps = [0.0, *(k for k, _ in given)], [0.0, *(step for _, step in given)]
    beyond = steps[-1] + 10 * max(steps[-1] - steps[-2], 1.0) if given else 1.0
    return np.array([*steps, beyond]), np.array([*marks, marks[-1] + 0.99 if given else np.nan])
