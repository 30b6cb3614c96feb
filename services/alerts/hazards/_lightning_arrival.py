"""Storm cells that move: the line through where they were, and when they reach a ring.

Every number here is a design default.
"""

from typing import NamedTuple

import numpy as np

from services.alerts.derive import Floats
from services.alerts.hazards._lightning_geo import KM_PER_DEGREE, distance

_HORIZON = 60.0
"""Minutes ahead of which no arrival is told."""


class Cells(NamedTuple):
    """(c,) cells now: degrees, rms radius in km, speed in km/h (NaN unknown), strength of a jump."""

    lat: Floats
    lon: Floats
    spread: Floats
    north: Floats
    east: Floats
    jump: Floats


class Storms(NamedTuple):
    """Cells by band of latitude, and the band of each place."""

    cells: dict[float, Cells]
    band: Floats


def line(hours: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Theil-Sen's line through (frames, c): slope per hour, and value at the hour 0."""
    a, b = np.triu_indices(len(hours), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = (value[b] - value[a]) / (hours[b] - hours[a])
    slopes[~np.isfinite(slopes)] = np.nan
    slope = _median(slopes)
    return slope, _median(value - slope * hours)


def _median(values: Floats) -> Floats:
    """Of each column, without NaN; NaN where it has nothing else."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=0)
    columns = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    found = (ordered[low, columns] + ordered[np.minimum(high, len(values) - 1), columns]) / 2
    return np.where(count > 0, found, np.nan)


def arrival(found: Storms, lat: Floats, lon: Floats, ring: Floats) -> tuple[Floats, Floats]:
    """Minutes until the first cell's edge reaches the ring (km) of (p,) places, and where it is from there.

    The edge is one rms radius ahead of the centroid: smallest root of |p + v t| = ring + radius. NaN: none
    within the hour is coming. One that is within already is told by its strikes. The direction in degrees.
    """
    eta, towards = np.full((2, len(lat)), np.nan)
    for band, cells in found.cells.items():
        at = np.flatnonzero(found.band == band)
        east = (cells.lon - lon[at][:, None]) * KM_PER_DEGREE * np.cos(np.radians(lat[at]))[:, None]
        north = (cells.lat - lat[at][:, None]) * KM_PER_DEGREE
        reach = ring[at][:, None] + cells.spread
        minutes = 60 * first_root(east, north, cells.east, cells.north, reach)
        minutes[~(minutes <= _HORIZON)] = np.inf
        if not minutes.size:
            continue
        best = minutes.argmin(axis=1)
        one = np.arange(len(at))
        coming = np.isfinite(minutes[one, best])
        eta[at] = np.where(coming, minutes[one, best], np.nan)
        way = np.degrees(np.arctan2(east[one, best], north[one, best])) % 360
        towards[at] = np.where(coming, way, np.nan)
    return eta, towards


def first_root(east: Floats, north: Floats, v_east: Floats, v_north: Floats, reach: Floats) -> Floats:
    """Hours until |p + v t| = reach from outside, NaN where never or within already; km and km/h."""
    a = v_east**2 + v_north**2
    b = east * v_east + north * v_north
    c = east**2 + north**2 - reach**2
    root = b**2 - a * c
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (-b - np.sqrt(root)) / a
        return np.asarray(np.where((c > 0) & (b < 0) & (root >= 0), found, np.nan))


def jumps_near(found: Storms, lat: Floats, lon: Floats, reach: Floats) -> Floats:
    """The strongest jump of a cell whose middle is within `reach` km of (p,) places; NaN: none."""
    strongest = np.full(len(lat), np.nan)
    for band, cells in found.cells.items():
        leaping = np.flatnonzero(~np.isnan(cells.jump))
        at = np.flatnonzero(found.band == band)
        if len(leaping) and len(at):
            km = distance(lat[at][:, None], lon[at][:, None], cells.lat[leaping], cells.lon[leaping])
            strength = np.where(km <= reach[at][:, None], cells.jump[leaping], -np.inf).max(axis=1)
            strongest[at] = np.where(np.isfinite(strength), strength, np.nan)
    return strongest
