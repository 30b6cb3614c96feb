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


class Constituent(NamedTuple):
    """One partial tide: amplitude in m, speed in degrees an hour, phase in degrees."""

    amplitude: float
    speed: float
    phase: float


SPEEDS = {
    "m2": 28.9841042,
    "s2": 30.0,
    "n2": 28.4397295,
    "k2": 30.0821373,
    "k1": 15.0410686,
    "o1": 13.9430356,
    "p1": 14.9589314,
    "q1": 13.3986609,
    "m4": 57.9682084,
    "ms4": 58.9841042,
    "sa": 0.0410686,
    "ssa": 0.0821373,
    "mm": 0.5443747,
    "mf": 1.0980331,
}
"""Degrees an hour (Schureman 1940)."""

# Mixed, mainly semidiurnal, as at Vũng Tàu: rounded amplitudes that give its range of 3 to 4 m, phases for show.
VUNG_TAU = (
    Constituent(0.79, SPEEDS["m2"], 52.0),
    Constituent(0.31, SPEEDS["s2"], 120.0),
    Constituent(0.60, SPEEDS["k1"], 229.0),
    Constituent(0.45, SPEEDS["o1"], 74.0),
)
VUNG_TAU_MEAN = 2.7


class Tide(NamedTuple):
    """A tide: its mean in m above the gauge's zero, and its constituents."""

    mean: float = VUNG_TAU_MEAN
    constituents: tuple[Constituent, ...] = VUNG_TAU


def tide_of(attributes: Mapping[str, float]) -> Tide | None:
    """The tide that a station's attributes give: `mean_m`, and `m2_m` with `m2_deg` and so on."""
    found = tuple(
        Constituent(attributes[f"{name}_m"], speed, attributes.get(f"{name}_deg", 0.0))
        for name, speed in SPEEDS.items()
        if f"{name}_m" in attributes
    )
    return Tide(attributes.get("mean_m", VUNG_TAU_MEAN), found) if found else None


def height(tide: Tide, seconds: ArrayLike) -> Floats:
    """Height of the tide in m: the mean and Σ A·cos(speed·t − phase), t in hours since 1970."""
    hours = np.asarray(seconds, np.float64) / 3600.0
    total = np.full(hours.shape, tide.mean)
    for one in tide.constituents:
        total = total + one.amplitude * np.cos(np.radians(one.speed * hours - one.phase))
    return np.asarray(total, np.float64)


def local_hour(seconds: ArrayLike, offset_s: float) -> Floats:
    """Hour of the day by the wall clock, 0 to 24."""
    return np.asarray(((np.asarray(seconds, np.float64) + offset_s) % _DAY) / 3600.0, np.float64)
