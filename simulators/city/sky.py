"""Sun and tide: what the sky decides. Seconds are since 1970 UTC; arrays broadcast."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simulators.city.chance import Floats

CIVIL_DEG = -6.0
"""Height of the sun's centre at civil dawn and dusk."""

_J2000 = 946_728_000.0
_DAY = 86_400.0


def sun_altitude(seconds: ArrayLike, lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Height of the sun's centre in degrees, without refraction; degrees north and east.

    The low-precision formula of the Astronomical Almanac: within 0.01° until 2050, seconds of time here.
    """
    days = (np.asarray(seconds, np.float64) - _J2000) / _DAY
    anomaly = np.radians(357.529 + 0.98560028 * days)
    longitude = np.radians(
        280.459 + 0.98564736 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    )
    tilt = np.radians(23.439 - 0.00000036 * days)
    ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
    sidereal = np.radians((18.697374558 + 24.06570982441908 * days) * 15.0)
    hour = sidereal + np.radians(lon) - ascension
    north = np.radians(lat)
    sine = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), np.float64)


# A constituent's argument in multiples of (T, s, h, p), and a constant in degrees (Schureman 1940): T is the
# hour angle of the mean sun, s, h and p the mean longitudes of moon, sun and the moon's perigee.
_ARGUMENT: dict[str, tuple[int, int, int, int, float]] = {
    "m2": (2, -2, 2, 0, 0.0),
    "s2": (2, 0, 0, 0, 0.0),
    "n2": (2, -3, 2, 1, 0.0),
    "k2": (2, 0, 2, 0, 0.0),
    "k1": (1, 0, 1, 0, 90.0),
    "o1": (1, -2, 1, 0, -90.0),
    "p1": (1, 0, -1, 0, -90.0),
    "q1": (1, -3, 1, 1, -90.0),
    "m4": (4, -4, 4, 0, 0.0),
    "ms4": (4, -2, 2, 0, 0.0),
    "mm": (0, 1, 0, -1, 0.0),
    "mf": (0, 2, 0, 0, 0.0),
    "sa": (0, 0, 1, 0, 0.0),
    "ssa": (0, 0, 2, 0, 0.0),
}

# Of the moon's node N: f = 1 + a cos N and u = b sin N in degrees, to first order; for M4 squared, and so on.
_NODE = {
    "m2": (-0.037, -2.1),
    "n2": (-0.037, -2.1),
    "ms4": (-0.037, -2.1),
    "m4": (-0.074, -4.2),
    "k2": (0.286, -17.7),
    "k1": (0.115, -8.9),
    "o1": (0.187, 10.8),
    "q1": (0.187, 10.8),
    "mm": (-0.130, 0.0),
    "mf": (0.414, -23.7),
}


class Constituent(NamedTuple):
    """One partial tide: its name, amplitude in m, phase lag at Greenwich in degrees."""

    name: str
    amplitude: float
    phase: float


class Tide(NamedTuple):
    """A tide: its mean in m above the gauge's zero, and its constituents."""

    mean: float
    constituents: tuple[Constituent, ...]


VUNG_TAU = Tide(
    2.7,
    (
        Constituent("m2", 0.79, 218.0),
        Constituent("s2", 0.31, 120.0),
        Constituent("k1", 0.60, 245.0),
        Constituent("o1", 0.45, 221.0),
    ),
)
"""Mixed, mainly semidiurnal, as at Vũng Tàu: rounded numbers that give its range of 3 to 4 m."""


def tide_of(attributes: Mapping[str, float]) -> Tide | None:
    """The tide that a station's attributes give: `tide_z0`, `tide_m2_amp`, `tide_m2_phase` and so on."""
    found = tuple(
        Constituent(name, attributes[f"tide_{name}_amp"], attributes.get(f"tide_{name}_phase", 0.0))
        for name in _ARGUMENT
        if f"tide_{name}_amp" in attributes
    )
    return Tide(attributes.get("tide_z0", VUNG_TAU.mean), found) if found else None


def height(tide: Tide, seconds: ArrayLike) -> Floats:
    """Height of the tide in m: its mean and Σ f·A·cos(V + u − g)."""
    at = np.asarray(seconds, np.float64)
    days = (at - _J2000) / _DAY
    moon, sun = 218.316 + 13.17639648 * days, 280.466 + 0.98564736 * days
    perigee, node = 83.353 + 0.11140353 * days, np.radians(125.045 - 0.05295377 * days)
    hour = (at % _DAY) / _DAY * 360.0
    total = np.full(at.shape, tide.mean)
    for one in tide.constituents:
        turns = _ARGUMENT[one.name]
        argument = turns[0] * hour + turns[1] * moon + turns[2] * sun + turns[3] * perigee + turns[4]
        stretch, shift = _NODE.get(one.name, (0.0, 0.0))
        angle = np.radians(argument + shift * np.sin(node) - one.phase)
        total = total + one.amplitude * (1 + stretch * np.cos(node)) * np.cos(angle)
    return np.asarray(total, np.float64)


def local_hour(seconds: ArrayLike, offset_s: float) -> Floats:
    """Hour of the day by the wall clock, 0 to 24."""
    return np.asarray(((np.asarray(seconds, np.float64) + offset_s) % _DAY) / 3600.0, np.float64)
