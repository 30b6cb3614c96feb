"""The robust slope of a trailing window, over all new readings of a sensor at once.

Theil 1950, Sen 1968: the median of the slopes between all pairs of readings. A quarter of the readings may be
wrong without moving it far. The interval is Sen's by ranks, as Gilbert 1987 writes it.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Floats, Ints, Series

MIN_POINTS = 4
_HOUR = 3_600_000_000.0
_Z = 1.96  # 95 %
_FEW = 3
_AT_ONCE = 2_000_000
"""Pairs in memory at once."""


def theil_sen(series: Series, window_us: int, *, interval: bool = False) -> tuple[Floats, Floats, Floats]:
    """Slope per hour at each new reading, over it and the kept ones in [t - window, t).

    NaN where these are fewer than four, or span less than half the window.

    Args:
        series: best thinned by `slots`: the cost grows with the square of the readings in a window.
        window_us: not wider than the derivation's.
        interval: also give the 95 % interval: of N ordered pair slopes of n readings those of rank
            (N - C) / 2 and (N + C) / 2 + 1, C = 1.96 √(n (n - 1) (2n + 5) / 18); between two ranks a share of
            both, beyond the ends the ends.

    Returns:
        Slope, low and high, each (m,), in the source's unit per hour; low and high NaN unless asked for.
    """
    count = len(series.new_time)
    found = np.full((3, count), np.nan)
    if count <= _FEW:
        for column in range(count):
            found[:, column] = _one(series, column, window_us, interval=interval)
        return found[0], found[1], found[2]
    first = np.searchsorted(series.time, series.new_time - window_us)
    points = series.upto - first  # of the past, in the window
    which = np.flatnonzero(points + 1 >= MIN_POINTS)
    which = which[2 * (series.new_time[which] - series.time[first[which]]) >= window_us]
    which = which[np.argsort(points[which], kind="stable")]
    while len(which):
        # Readings with equally many points make a full table; a batch has few such numbers.
        n = int(points[which[0]])
        same = int(np.searchsorted(points[which], n, side="right"))
        take = min(same, max(_AT_ONCE // (n * (n + 1) // 2), 1))
        at, which = which[:take], which[take:]
        slopes = _ordered(series, at, first[at], n)
        for row, rank in enumerate(_ranks(n, interval=interval)):
            found[row, at] = _at_rank(slopes, rank)
    return found[0], found[1], found[2]


class _Rank(NamedTuple):
    """Between two places of an ordered list, the share of the upper one."""

    lower: int
    upper: int
    share: float


@lru_cache(maxsize=256)
def _ranks(n: int, *, interval: bool) -> tuple[_Rank, ...]:
    """Ranks of the median and, if wanted, of the interval, among the slopes between n + 1 readings."""
    pairs = n * (n + 1) // 2
    spread = _Z * math.sqrt((n + 1) * n * (2 * (n + 1) + 5) / 18)
    ranks = ((pairs + 1) / 2, (pairs - spread) / 2, (pairs + spread) / 2 + 1)
    places = [min(max(rank - 1, 0.0), pairs - 1.0) for rank in (ranks if interval else ranks[:1])]
    return tuple(_Rank(int(place), min(int(place) + 1, pairs - 1), place % 1) for place in places)


@lru_cache(maxsize=64)
def _pairs(points: int) -> tuple[Ints, Ints]:
    """Indices of all pairs of so many points, the earlier first."""
    early, late = np.triu_indices(points, 1)
    return early, late


def _ordered(series: Series, at: Ints, first: Ints, n: int) -> Floats:
    """Slopes per µs of all pairs of n kept readings and the new one, ascending: (len(at), pairs)."""
    place = first[:, None] + np.arange(n)
    time = np.concatenate([series.time[place], series.new_time[at, None]], axis=1)
    value = np.concatenate([series.value[place], series.new_value[at, None]], axis=1)
    early, late = _pairs(n + 1)
    slopes = (value[:, late] - value[:, early]) / (time[:, late] - time[:, early])
    slopes += 0.0  # -0.0 and 0.0 are equal to a sort, and must not come out as one or the other
    slopes.sort(axis=1)
    return np.asarray(slopes)


def _at_rank(ordered: Floats, rank: _Rank) -> Floats:
    lower, upper = ordered[:, rank.lower], ordered[:, rank.upper]
    return np.asarray((lower * (1 - rank.share) + upper * rank.share) * _HOUR)


def _one(series: Series, at: int, window_us: int, *, interval: bool) -> list[float]:
    """The same at one reading: over so few points, plain Python is several times faster than arrays."""
    t, upto = int(series.new_time[at]), int(series.upto[at])
    first = int(series.time.searchsorted(t - window_us))
    if upto - first + 1 < MIN_POINTS or 2 * (t - int(series.time[first])) < window_us:
        return [math.nan] * 3
    times = [*series.time[first:upto].tolist(), t]
    values = [*series.value[first:upto].tolist(), float(series.new_value[at])]
    points = list(zip(times, values, strict=True))
    slopes = sorted([(x - y) / (t - u) + 0.0 for late, (t, x) in enumerate(points) for u, y in points[:late]])
    found = [
        (slopes[rank.lower] * (1 - rank.share) + slopes[rank.upper] * rank.share) * _HOUR
        for rank in _ranks(upto - first, interval=interval)
    ]
    return found if interval else [*found, math.nan, math.nan]
