"""What street lights are told: by the sun and the hour, and by a person as far as somebody commands them.

Nobody does so in a recording: then all is known from time and place alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.city import sky
from simulators.city.chance import Floats, Ints

# The level by local hour: full until 22, less while few are about (a template, not a standard).
_CHANGES, _LEVELS = (4.5, 12.0, 22.0), (50.0, 80.0, 100.0, 70.0)


class Told(NamedTuple):
    """What controllers hold at this moment of the wall's clock.

    Attributes:
        level: % by row of the lamp's station; a lamp that is not named goes by sun and hour.
        by_day: whether lamps burn by day too if told so. In a story of another hour than the order's, an
            order given by day or by night only changes lamps that burn.
    """

    level: Mapping[int, float] = {}
    by_day: bool = False


def level(sun: Floats, hour: Floats, station: Ints, told: Told) -> Floats:
    """(n,) what lamps are told to do, %: 0 from civil dawn to civil dusk, unless somebody told otherwise."""
    dark: NDArray[np.bool_] = sun < sky.CIVIL_DEG
    planned = np.where(dark, np.array(_LEVELS)[np.searchsorted(_CHANGES, hour, side="right")], 0.0)
    for row, commanded in told.level.items():
        planned = np.where((station == row) & (dark | told.by_day), commanded, planned)
    return np.asarray(planned, np.float64)
