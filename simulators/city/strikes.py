"""Lightning: strikes of the showers, minute by minute, from the seed alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulators.city.cells import M_PER_DEG, Cell
from simulators.city.chance import generator

MINUTE_S = 60
_PER_MINUTE = 9.0  # of a violent cell at its height
_GROUND = 0.3
_FOUND = 0.92  # of all strikes by a good network
_ERROR_M = 250.0


class Strike(NamedTuple):
    """µs UTC, degrees, `cg` or `ic`, peak current in kA with its sign, error of the place in m."""

    time: int
    lat: float
    lon: float
    type: str
    ka: float
    err_m: float


def within(seed: int, cells: Sequence[Cell], first: float, last: float) -> list[Strike]:
    """Strikes with `first` ≤ time < `last`, in order of time; seconds since 1970."""
    found = [
        strike
        for cell in cells
        for minute in range(int(max(first, cell.born) // MINUTE_S), int(min(last, cell.ends) // MINUTE_S) + 1)
        for strike in of_minute(seed, cell, minute)
        if first * 1e6 <= strike.time < last * 1e6
    ]
    return sorted(found)


def of_minute(seed: int, cell: Cell, minute: int) -> list[Strike]:
    """A Poisson number of strikes about the centre of a cell; most in clouds, most to ground negative."""
    middle = np.array([(minute + 0.5) * MINUTE_S])
    rate = _PER_MINUTE * min(2.0, cell.peak / 60.0) ** 2 * float(cell.charge(middle)[0])
    luck = generator(seed, "strikes", cell.key, minute)
    count = int(luck.poisson(rate * _FOUND))
    scale = M_PER_DEG * np.cos(np.radians(cell.lat))
    strikes = []
    for _ in range(count):
        second = minute * MINUTE_S + luck.random() * MINUTE_S
        age = second - cell.born
        east = cell.east * age + luck.normal(0, cell.radius + _ERROR_M)
        north = cell.north * age + luck.normal(0, cell.radius + _ERROR_M)
        ground = luck.random() < _GROUND
        size = float(np.exp(luck.normal(3.0, 0.6))) if ground else float(np.exp(luck.normal(1.6, 0.6)))
        positive = luck.random() < (0.1 if ground else 0.5)
        strikes.append(
            Strike(
                round(second * 1e6),
                round(float(cell.lat + north / M_PER_DEG), 4),
                round(float(cell.lon + east / scale), 4),
                "cg" if ground else "ic",
                round(size if positive else -size, 1),
                round(float(luck.gamma(2.0, _ERROR_M / 2)) + 50.0),
            )
        )
    return strikes
