"""What one writes first: a dict per sensor and a loop over readings. A peer, and honest about its work.

Ladder, hysteresis, on-delay and off-delay per rung, late readings passed over, alerts as tuples. What the
real engine does besides is left out: silence, blindness, gaps, flags, reasons, ids, snapshots. So it is
faster than a plain engine that does the same work would be.
"""

from collections.abc import Sequence
from typing import Any

WORDS = ("advisory", "watch", "warning", "emergency")
Event = tuple[str, str, str, int]
"""Verb, sensor, severity, µs."""


class PlainEngine:
    """Rules on sensors, one reading at a time."""

    def __init__(
        self,
        thresholds: Sequence[float],
        hysteresis: float = 0.0,
        on_delay_s: float = 0.0,
        off_delay_s: float = 0.0,
    ) -> None:
        """The same rungs for every sensor; state comes with its first reading."""
        self._rungs = [(k, limit, limit - hysteresis) for k, limit in enumerate(thresholds)]
        self._on, self._off = round(on_delay_s * 1e6), round(off_delay_s * 1e6)
        self._sensors: dict[str, dict[str, Any]] = {}

    def apply(self, names: Sequence[str], times: Sequence[int], values: Sequence[float]) -> list[Event]:
        """Judge readings in order."""
        events: list[Event] = []
        for name, t, value in zip(names, times, values, strict=True):
            sensor = self._sensors.get(name)
            if sensor is None:
                sensor = self._sensors[name] = {
                    "last": -1,
                    "level": 0,
                    "on": [False] * len(self._rungs),
                    "since": [None] * len(self._rungs),
                }
            if t <= sensor["last"]:
                continue
            sensor["last"], sensor["value"] = t, value
            on, since = sensor["on"], sensor["since"]
            for k, limit, clear in self._rungs:
                if (value >= limit) if not on[k] else (value < clear):  # it wants to change
                    if since[k] is None:
                        since[k] = t
                    if t - since[k] >= (self._off if on[k] else self._on):
                        on[k], since[k] = not on[k], None
                elif since[k] is not None:
                    since[k] = None
            level = max((k + 1 for k, is_on in enumerate(on) if is_on), default=0)
            if level != sensor["level"]:
                events.append(_told(name, sensor["level"], level, t))
                sensor["level"] = level
        return events


def _told(name: str, before: int, level: int, t: int) -> Event:
    if level > before:
        return ("escalated" if before else "raised", name, WORDS[level - 1], t)
    return ("eased" if level else "cleared", name, WORDS[(level or before) - 1], t)
