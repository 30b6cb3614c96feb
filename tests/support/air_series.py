"""Readings of a station as the derivations of air, noise and water get them, whole or cut."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from services.alerts.derive import Computed, Series

MINUTE = 60_000_000
HOUR = 60 * MINUTE
VIET_NAM = 7 * HOUR
MIDNIGHT = 1_500_000 * HOUR - VIET_NAM - (1_500_000 % 24) * HOUR
"""A midnight by the clocks of Việt Nam, µs UTC."""

Rows = Sequence[tuple[float, float]]
"""Minutes since midnight, value."""


def series(
    rows: Rows,
    interval: float,
    window_s: float,
    *,
    past: int = 0,
    attributes: Mapping[str, float] | None = None,
    held: Mapping[str, Sequence[float]] | None = None,
    zone: int = VIET_NAM,
) -> Series:
    """All readings after the first `past` are new; `interval` in minutes."""
    time = np.array([MIDNIGHT + round(at * MINUTE) for at, _ in rows], np.int64)
    value = np.array([x for _, x in rows], float)
    window = round(window_s * 1e6)
    first = int(np.searchsorted(time, time[past] - window)) if past < len(time) else 0
    # What is older than the window may be gone.
    return Series(
        time[first:], value[first:], np.arange(past, len(rows)) - first, time[past:], value[past:], window,
        round(interval * MINUTE), attributes or {},
        {name: np.array(x, float) for name, x in (held or {}).items()}, lambda t: t + zone,
    )  # fmt: skip


def told(found: Computed, output: int = 0) -> list[float]:
    """What was said, in order, without the silences."""
    return [x for x in found.values[output].tolist() if not math.isnan(x)]


def one_by_one(compute: Callable[[Series], Computed], rows: Rows, interval: float, window_s: float,
               **more: object) -> np.ndarray:  # fmt: skip
    """The answer where every reading is a batch of its own."""
    columns = []
    for at in range(len(rows)):
        found = compute(series(rows[: at + 1], interval, window_s, past=at, **more))  # type: ignore[arg-type]  # as `series`
        columns.append(found.values[:, 0])
    return np.stack(columns, axis=1)
