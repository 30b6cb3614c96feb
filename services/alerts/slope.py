"""The robust slope of a trailing window, over all new readings of a sensor at once.

Theil 1950, Sen 1968: the median of the slopes between all pairs of readings. A quarter of the readings may be
wrong without moving it far. The interval is Sen's by ranks, as Gilbert 1987 writes it.
"""

import numpy as np

from services.alerts.derive import Floats, Ints, Series

MIN_POINTS = 4
_HOUR = 3_600_000_000.0
_Z = 1.96  # 95 %
_AT_ONCE = 2_000_000
"""Pairs in memory at once."""


def theil_sen(series: Series, window_us: int, *, interval: bool = False) -> tuple[Floats, Floats, Floats]:
    """Slope per hour at each new reading, over it and the kept ones in [t - window, t).

    NaN where these are fewer than four, or span less than half the window.

    Args:
        series: best thinned by `slots`: the cost grows with the square of the readings in a window.
        window_us: not wider than the derivation's.
        interval: also give the 95 % interval: of N ordered pair slopes of n readings those of rank (N - C) / 2
            and (N + C) / 2 + 1, C = 1.96 √(n (n - 1) (2n + 5) / 18); between two ranks a share of both, beyond
            the ends the ends.

    Returns:
        Slope, low and high, each (m,), in the source's unit per hour; low and high NaN unless asked for.
    """
    count = len(series.new_time)
    slope, low, high = (np.full(count, np.nan) for _ in range(3))
    first = np.searchsorted(series.time, series.new_time - window_us)
    points = series.upto - first  # of the past, in the window
    enough = points + 1 >= MIN_POINTS
    enough[enough] = 2 * (series.new_time[enough] - series.time[first[enough]]) >= window_us
    which = np.flatnonzero(enough)
    which = which[np.argsort(points[which], kind="stable")]
    while len(which):
        # Readings with equally many points make a full table; a batch has few such numbers.
        n = int(points[which[0]])
        pairs = n * (n + 1) // 2
        same = int(np.searchsorted(points[which], n, side="right"))
        take = min(same, max(_AT_ONCE // pairs, 1))
        at, which = which[:take], which[take:]
        slopes = _ordered(series, at, first[at], n)
        slope[at] = _rank(slopes, np.full(len(at), (pairs + 1) / 2))
        if interval:
            spread = _Z * np.sqrt((n + 1) * n * (2 * (n + 1) + 5) / 18)
            low[at] = _rank(slopes, np.full(len(at), (pairs - spread) / 2))
            high[at] = _rank(slopes, np.full(len(at), (pairs + spread) / 2 + 1))
    return slope, low, high


def _ordered(series: Series, at: Ints, first: Ints, n: int) -> Floats:
    """Slopes per µs of all pairs of n kept readings and the new one, ascending: (len(at), pairs)."""
    place = first[:, None] + np.arange(n)
    time = np.concatenate([series.time[place], series.new_time[at, None]], axis=1)
    value = np.concatenate([series.value[place], series.new_value[at, None]], axis=1)
    early, late = np.triu_indices(n + 1, 1)
    slopes = (value[:, late] - value[:, early]) / (time[:, late] - time[:, early])
    slopes += 0.0  # -0.0 and 0.0 are equal to a sort, and must not come out as one or the other
    slopes.sort(axis=1)
    return np.asarray(slopes)


def _rank(ordered: Floats, rank: Floats) -> Floats:
    """Value per hour at a rank counted from 1; between two, the share of each."""
    pairs = ordered.shape[1]
    place = np.clip(rank - 1, 0, pairs - 1)
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    share = place - below
    lower, upper = ordered[rows, below], ordered[rows, np.minimum(below + 1, pairs - 1)]
    return np.where(share > 0, lower * (1 - share) + upper * share, lower) * _HOUR
