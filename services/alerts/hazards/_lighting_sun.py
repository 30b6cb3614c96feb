"""Where the sun stands, for thousands of lamps at once: the solar equations of NOAA.

The altitude is that of the centre, without refraction: sunset on the clock is at -0.833°.
"""

import numpy as np

from services.alerts.derive import Floats, Ints

_DAY_US = 86_400_000_000
_EPOCH_2000 = 10_957.5  # days from 1970 to 2000-01-01 12:00 UTC
_CENTURY = 36_525.0


def altitude(time: Ints, lat: Floats, lon: Floats) -> Floats:
    """Degrees of the sun above the horizon: (m,) µs UTC, degrees north and east → (m,) degrees.

    What NOAA's tables of sunrise are made with; within 0.02° of `astral` in the tests.
    """
    days = time / _DAY_US
    t = (days - _EPOCH_2000) / _CENTURY
    mean_long = np.radians((280.46646 + t * (36_000.76983 + 0.0003032 * t)) % 360)
    anomaly = np.radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        np.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + np.sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + np.sin(3 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * t)
    longitude = mean_long + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60
    obliquity = np.radians(tilt + 0.00256 * np.cos(node))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    y = np.tan(obliquity / 2) ** 2
    equation = (
        y * np.sin(2 * mean_long)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * mean_long)
        - 0.5 * y * y * np.sin(4 * mean_long)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
    hour_angle = 2 * np.pi * (days % 1.0) + equation + np.radians(lon) - np.pi
    phi = np.radians(lat)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1.0, 1.0))))
