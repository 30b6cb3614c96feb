"""Lightning: strikes of the showers, minute by minute, from the seed alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulators.city.cells import M_PER_DEG, Cell
from simulators.city.chance import generator

MINUTE_S = 60
_PER_MINUTE = 4.0  # flashes of a cell of 60 mm/h at its height, four times as many at 120
_GROUND = 0.25
_MORE = 0.55  # chance of one more stroke of a flash to ground: 2.2 in the mean, and seldom more than six
_MOST = 9
_PAUSE_S, _PAUSE_SPREAD = 0.06, 0.5  # between strokes of a flash: 30 to 150 ms
_FOUND = 0.92  # of all strokes by a good network
_ERROR_M = 250.0
_OFF_M = 470.0  # strokes of a flash find ways of their own (400 m), and the network errs


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
        for minute in range(
            int(max(first, cell.born) // MINUTE_S) - 1, int(min(last, cell.ends) // MINUTE_S) + 1
        )
        for strike in of_minute(seed, cell, minute)
        if first * 1e6 <= strike.time < last * 1e6
    ]
    return sorted(found)


def of_minute(seed: int, cell: Cell, minute: int) -> list[Strike]:
    """A Poisson number of flashes about the centre of a cell; most in clouds, most to ground negative.

    A flash to ground has strokes: the first is the strongest, later ones follow within a tenth of a second or
    so at nearly the same place. One that begins in this minute may end in the next.
    """
    middle = np.array([(minute + 0.5) * MINUTE_S])
    rate = _PER_MINUTE * min(2.0, cell.peak / 60.0) ** 2 * float(cell.charge(middle)[0])
    luck = generator(seed, "strikes", cell.key, minute)
    strikes = []
    for _ in range(int(luck.poisson(rate))):
        second = minute * MINUTE_S + luck.random() * MINUTE_S
        age = second - cell.born
        east = cell.east * age + luck.normal(0, cell.radius)
        north = cell.north * age + luck.normal(0, cell.radius)
        ground = luck.random() < _GROUND
        size = float(np.exp(luck.normal(3.0 if ground else 1.6, 0.6)))
        sign = 1.0 if luck.random() < (0.1 if ground else 0.5) else -1.0
        strokes = min(_MOST, int(luck.geometric(1.0 - _MORE))) if ground and sign < 0 else 1
        for stroke in range(strokes):
            if luck.random() < _FOUND:
                about = (east + luck.normal(0, _OFF_M), north + luck.normal(0, _OFF_M))
                strikes.append(_told(luck, cell, second, about, sign * size, "cg" if ground else "ic"))
            second += _PAUSE_S * float(np.exp(luck.normal(0, _PAUSE_SPREAD)))
            size *= 0.6 if stroke == 0 else 1.0
    return strikes


def _told(  # noqa: PLR0913  all that a network tells of a stroke
    luck: np.random.Generator,
    cell: Cell,
    second: float,
    east_north: tuple[float, float],
    ka: float,
    kind: str,
) -> Strike:
    scale = M_PER_DEG * np.cos(np.radians(cell.lat))
    return Strike(
        round(second * 1e6),
        round(float(cell.lat + east_north[1] / M_PER_DEG), 4),
        round(float(cell.lon + east_north[0] / scale), 4),
        kind,
        round(ka, 1),
        round(float(luck.gamma(2.0, _ERROR_M / 2)) + 50.0),
    )
