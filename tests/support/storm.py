"""A made-up recording with everything that makes an engine stumble: waves, gaps, dead sensors, leaps."""

import math
import random
from pathlib import Path

from services.observation.instants import SECOND, iso
from tests.support.world import T0

LADDER = {"bd1": 2.0, "bd2": 3.0, "bd3": 4.0, "historic_max": 5.5}


def write_storm(
    file: Path,
    *,
    gateways: int = 4,
    stations: int = 5,
    hours: float = 60,
    step_s: int = 300,
    seed: int = 1,
    gaps: bool = True,
) -> int:
    """Write a CSV recording for the site of `world.write_site`; return its number of readings.

    Every sensor sees waves over all its thresholds; one in five dies for good at the height of a wave,
    one in five has gaps of an hour, and now and then a value leaps beyond belief.
    """
    luck = random.Random(seed)
    lines = ["time,sensor,value"]
    for n in range(int(hours * 3600 / step_s)):
        t = n * step_s
        for g in range(gateways):
            for s in range(stations):
                if gaps and _absent(s, n, hours, step_s):
                    continue
                wave = 3.2 + 2.6 * math.sin(t / 9000 + g + s / 3) + luck.uniform(-0.05, 0.05)
                lines.append(f"{iso(T0 + t * SECOND)},g{g}-s{s}.water_level,{wave:.3f}")
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return len(lines) - 1


def _absent(station: int, n: int, hours: float, step_s: int) -> bool:
    steps = hours * 3600 / step_s
    if station % 5 == 1:
        return n > steps * 0.6  # dies for good
    if station % 5 == 2:
        return (n // 24) % 5 == 4
    return False
