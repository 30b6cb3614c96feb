"""Trailing windows of the sensors that something is derived from, and the robust slope over one.

A window keeps at most one reading per slot of a sixteenth of its span, the first that came: whatever the
sampling, a slope costs at most 16 × 17 / 2 pairs, and no cut of a batch changes which readings are kept.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.alerts.ladder import NEVER
from services.alerts.layout import Layout

SLOTS = 17
"""Sixteen slots cover the span; one more because the span touches a part of a seventeenth."""
MIN_POINTS = 4
_HOUR = 3_600_000_000.0


class Windows:
    """One ring of slots per derivation of the layout."""

    def __init__(self, layout: Layout) -> None:
        """Empty windows."""
        count = len(layout.derived)
        self.span = np.array([d.window for d in layout.derived], np.int64)
        self.step = np.maximum(self.span // (SLOTS - 1), 1)
        self.time = np.full((count, SLOTS), NEVER, np.int64)
        self.value = np.full((count, SLOTS), np.nan)

    def put(self, at: NDArray[np.int64], time: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        """Keep readings, in the order they came; `at` names the window of each and may repeat.

        A slot is taken by the first reading that falls into it; a slot of an earlier turn gives way.
        """
        if not len(at):
            return
        turn = time // self.step[at]
        slot = turn % SLOTS
        # Repeated assignment keeps the last: written backwards, that is the first that came.
        held = self.time[at, slot]
        free = (held == NEVER) | (held // self.step[at] < turn)
        at, slot, time, value = at[free][::-1], slot[free][::-1], time[free][::-1], value[free][::-1]
        order = np.argsort(turn[free][::-1], kind="stable")  # a later turn of the same slot wins
        at, slot, time, value = at[order], slot[order], time[order], value[order]
        self.time[at, slot] = time
        self.value[at, slot] = value

    def keep(self, at: int, time: int, value: float) -> None:
        """Keep one reading in one window: `put` for a single step."""
        step = int(self.step[at])
        turn = time // step
        slot = turn % SLOTS
        held = int(self.time[at, slot])
        if held == NEVER or held // step < turn:
            self.time[at, slot] = time
            self.value[at, slot] = value

    def slope(self, at: int, time: int, value: float) -> float | None:
        """Theil–Sen slope per hour at a reading, with the window before it.

        None with fewer than four readings, or when they span less than half the window. In plain Python:
        over so few points it is several times faster than arrays are.
        """
        span = int(self.span[at])
        first = time - span
        kept: Iterable[tuple[int, float]] = zip(self.time[at].tolist(), self.value[at].tolist(), strict=True)
        points = [(t, x) for t, x in kept if first <= t < time]
        if len(points) + 1 < MIN_POINTS or 2 * (time - min(points)[0]) < span:
            return None
        points.append((time, value))
        slopes = sorted([(x - y) / (t - u) for at, (t, x) in enumerate(points) for u, y in points[:at]])
        half = len(slopes) // 2
        middle = slopes[half] if len(slopes) % 2 else (slopes[half - 1] + slopes[half]) / 2
        return middle * _HOUR
