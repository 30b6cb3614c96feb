"""Strikes for tests of lightning: by kilometres east and north of a place."""

from collections.abc import Mapping, Sequence

import numpy as np

from services.alerts.derive import Floats, Ints, Strikes
from services.alerts.hazards._lightning_geo import KM_PER_DEGREE
from services.alerts.hazards._lightning_rings import OUTPUTS

SECOND, MINUTE = 1_000_000, 60_000_000
T0 = 1_700_000_040_000_000  # a full minute
LAT, LON = 10.34, 107.08


def position(east: Floats, north: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of what lies so many km east and north of the place."""
    lat = LAT + np.asarray(north, np.float64) / KM_PER_DEGREE
    return lat, LON + np.asarray(east, np.float64) / (KM_PER_DEGREE * np.cos(np.radians(LAT)))


def strikes(
    time: Sequence[int] | Ints,
    east: Sequence[float] | Floats,
    north: Sequence[float] | Floats,
    *,
    now: int = T0,
    mill: float | None = None,
    places: Sequence[tuple[float, float]] = ((0.0, 0.0),),
    attributes: Sequence[Mapping[str, float]] = ({},),
) -> Strikes:
    """Make them; `places` in km as well, `mill` the step of the nearest one, None: none can be read."""
    lat, lon = position(np.asarray(east), np.asarray(north))
    place_lat, place_lon = position(*np.array(places, np.float64).T)
    count = len(lat)

    def attribute(name: str, default: float) -> Floats:
        return np.array([given.get(name, default) for given in attributes] * (len(places) // len(attributes)))

    return Strikes(
        np.asarray(time, np.int64), lat, lon, np.full(count, np.nan), np.zeros(count, bool),
        np.zeros(count, bool), now, place_lat, place_lon, attribute,
        {"field_step": np.full(len(places), np.nan if mill is None else mill)},
    )  # fmt: skip


def of(values: Floats, output: str) -> list[float | None]:
    """One output of an answer, None for NaN."""
    return [None if np.isnan(x) else round(float(x), 3) for x in values[OUTPUTS.index(output)]]
