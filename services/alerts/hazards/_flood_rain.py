"""Rain: sums over trailing windows and the rain day, and one index of how heavy it is.

A reading of `rainfall` is the depth that fell in its reporting interval, stamped at its end; `rain_total`
counts up and starts again after a reset. Both become depths with the span of time in which they fell. A sum
takes what fell in (t - H, t]; where an interval reaches back over the edge of the window, its share (the
depth is taken to be even within the interval), so that a gauge whose clock trembles counts nothing twice.

What no reading covers is missing, not dry: with 90 % of the window covered the number is the sum, below
that a lower bound, which may raise an alert and never clears one (`domain`: design default).

All sums are of integers (0.1 µm, µs), so they are exact, come out the same wherever a batch is cut, and
thirty times one millimetre is thirty.
"""

from collections.abc import Mapping
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
    kept = _Run(time, value, np.roll(time, 1), np.roll(value, 1), np.arange(len(time)) > 0)
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
    now = series.new_time
    values = np.full((len(OUTPUTS), len(now)), np.nan)
    least = np.zeros(values.shape, bool)
    for at, span in enumerate(WINDOWS.values()):
        if series.interval <= span:
            values[at], least[at] = _window(kept, series.upto, new, now - span)
    into_day = (series.local(now) - 1 - DAY_BEGINS) % DAY + 1
    values[-2], least[-2] = _window(kept, series.upto, new, now - into_day)
    values[-1], least[-1] = severity(values[:-2], least[:-2], ladders(series.attributes))
    return Computed(values, least)


def _window(kept: _Depths, upto: Ints, new: _Depths, since: Ints) -> tuple[Floats, Bools]:
    """Sum over (since, end of each new reading], mm, and whether less than nine tenths of it were covered."""
    first = np.minimum(np.searchsorted(kept.end, since, side="right"), upto)
    depth, covered = (np.concatenate([[0], np.cumsum(x)]) for x in (kept.depth, kept.end - kept.start))
    fell, known = depth[upto] - depth[first], covered[upto] - covered[first]
    # The first kept reading of the window may have begun before it; so may the new one.
    inside = np.flatnonzero(first < upto)
    at = first[inside]
    edge = _Depths(kept.start[at], kept.end[at], kept.depth[at], kept.whole[at])
    cut_depth, cut_span = _before(edge, since[inside])
    fell[inside] -= cut_depth
    known[inside] -= cut_span
    cut_depth, cut_span = _before(new, since)
    fell += new.depth - cut_depth
    known += new.end - new.start - cut_span
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
LADDERS: dict[str, tuple[float | None, float | None, float | None, float | None]] = {
    "rain_10min": (8.0, 15.0, 25.0, None),
    "rain_1h": (30.0, 50.0, 70.0, 100.0),
    "rain_3h": (50.0, 70.0, 100.0, 200.0),
    "rain_12h": (26.0, 50.0, 100.0, None),
    "rain_24h": (51.0, 100.0, 200.0, 400.0),
}
RUNG_NAMES = ("advisory", "watch", "warning", "emergency")


def ladders(attributes: Mapping[str, float]) -> dict[str, tuple[float | None, ...]]:
    """Thresholds of each window at a station: its attributes `rain_1h_watch` …, else the defaults."""
    return {
        name: tuple(
            attributes.get(f"{name}_{rung}", default)
            for rung, default in zip(RUNG_NAMES, ladder, strict=True)
        )
        for name, ladder in LADDERS.items()
    }


def severity(
    values: Floats, least: Bools, steps: Mapping[str, tuple[float | None, ...]]
) -> tuple[Floats, Bools]:
    """The worst of the windows on one scale: 1 advisory, 2 watch, 3 warning, 4 emergency, even between.

    Args:
        values: (windows, m) mm, NaN where a window has no sum.
        least: (windows, m) which are lower bounds.
        steps: thresholds of each window, in the same order.

    Returns:
        (m,) index, NaN where no window has a sum; and whether the worst is a lower bound. A window that
        is only known at least does not keep alive what another, known well, has ended.
    """
    indices = np.full(values.shape, np.nan)
    for at, ladder in enumerate(steps.values()):
        indices[at] = index(values[at], ladder)
    sure = np.where(least, np.nan, indices)
    worst, sound = (_most(table) for table in (indices, sure))
    return worst, ~(sound >= worst) & ~np.isnan(worst)


def _most(table: Floats) -> Floats:
    return np.asarray(np.fmax.reduce(table, axis=0))


def index(amount: Floats, ladder: tuple[float | None, ...]) -> Floats:
    """Place of an amount on a ladder: k from rung k on, even between rungs; never k without a rung k."""
    given = [(k + 1.0, step) for k, step in enumerate(ladder) if step is not None]
    if not given:
        return np.full(amount.shape, np.nan)
    marks, steps = [0.0, *(k for k, _ in given)], [0.0, *(step for _, step in given)]
    found = np.interp(amount, steps, marks)
    # Beyond the last rung, towards the next whole mark and never there.
    top, width = steps[-1], steps[-1] - steps[-2]
    beyond = marks[-1] + 0.99 * (1.0 - np.exp(-np.maximum(amount - top, 0.0) / max(width, 1e-9)))
    found = np.where(amount > top, beyond, found)
    # A rung is reached at its threshold and not an ulp before.
    for mark, step in given:
        below = np.nextafter(mark, 0.0)
        found = np.where(amount >= step, np.maximum(found, mark), np.minimum(found, below))
    return np.where(np.isnan(amount), np.nan, found)
