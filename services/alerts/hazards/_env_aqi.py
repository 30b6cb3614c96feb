"""VN_AQI as Decision 1459/QĐ-TCMT of 12 November 2019 computes it: classes, breakpoints, index, Nowcast.

Legal, and verified against a transcription of the signed text; what the Decision leaves open is marked
*design default*. Every function is elementwise, so a number does not depend on what else is in the array.
"""

from typing import NamedTuple

import numpy as np

from services.alerts.derive import Floats
from services.observation.text import Text

LEVELS = (0.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0)
TOP = 500.0

BREAKPOINTS: dict[str, tuple[float, ...]] = {
    "o3": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "o3_8h": (0, 100, 120, 170, 210, 400),
    "co": (0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000),
    "so2": (0, 125, 350, 550, 800, 1600, 2100, 2630),
    "no2": (0, 100, 200, 700, 1200, 2350, 3100, 3850),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm2_5": (0, 25, 50, 80, 150, 250, 350, 500),
}
"""BP of each level, µg/m³: means of 1 h; of 8 h for `o3_8h`; of 24 h or Nowcast for PM."""

O3_8H_MOST = 400.0
"""Above this the 8-hour mean of ozone gives no index; the hour's does."""

POLLUTANTS = ("pm2_5", "pm10", "o3", "no2", "so2", "co")
PARTICLES = ("pm2_5", "pm10")

HOURS = 12
"""Of the Nowcast."""
_NEWEST, _NEEDED = 3, 2  # at least 2 of c1, c2, c3
_DUST = 1e-9  # 109.5 must not be 109.49999999999999


class Class(NamedTuple):
    """One of the six classes: `least` is its lowest index; `rgb` and `colour` as the Decision names them."""

    least: int
    text: Text
    colour: Text
    rgb: tuple[int, int, int]

    @property
    def hex(self) -> str:
        """The colour as the web writes it."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)


CLASSES = (
    Class(0, Text("Tốt", "Good"), Text("xanh", "green"), (0, 228, 0)),
    Class(51, Text("Trung bình", "Moderate"), Text("vàng", "yellow"), (255, 255, 0)),
    Class(101, Text("Kém", "Poor"), Text("da cam", "orange"), (255, 126, 0)),
    Class(151, Text("Xấu", "Bad"), Text("đỏ", "red"), (255, 0, 0)),
    Class(201, Text("Rất xấu", "Very bad"), Text("tím", "purple"), (143, 63, 151)),
    Class(301, Text("Nguy hại", "Hazardous"), Text("nâu", "brown"), (126, 0, 35)),
)


def class_of(index: float) -> Class:
    """The class of an index that has been rounded: round first, then class (design default)."""
    return next(one for one in reversed(CLASSES) if index >= one.least or one.least == 0)


def raw_index(concentration: Floats, row: str) -> Floats:
    """Index before rounding: linear between breakpoints, 500 above the last, none of `o3_8h` above 400.

    Args:
        concentration: (…) µg/m³ at 25 °C and 760 mmHg; NaN has no index.
        row: of `BREAKPOINTS`.
    """
    points = BREAKPOINTS[row]
    found = np.interp(concentration, points, LEVELS[: len(points)])
    if row == "o3_8h":
        found = np.where(concentration > O3_8H_MOST, np.nan, found)
    return np.asarray(found)


def rounded(index: Floats) -> Floats:
    """To an integer, a half upward: 109.5 of the Decision's example is 110."""
    return np.asarray(np.floor(index + (0.5 + _DUST)))


def index(concentration: Floats, row: str) -> Floats:
    """AQI of a pollutant, an integer: `raw_index`, rounded."""
    return rounded(raw_index(concentration, row))


def nowcast(hours: Floats) -> Floats:
    """Nowcast of particles, µg/m³.

    Args:
        hours: (m, 12) hourly means, column 0 the current hour c1, the last c12; NaN is missing.

    Returns:
        (m,) NaN where fewer than two of c1, c2, c3 are there. w* = Cmin / Cmax; above 1/2 the mean is
        weighted by w^(i-1) and normalised, else Σ (1/2)^i c_i, which the text does *not* normalise: gaps
        lower it.
    """
    there = ~np.isnan(hours)
    value = np.where(there, hours, 0.0)
    low = np.where(there, hours, np.inf).min(axis=1)
    high = np.where(there, hours, -np.inf).max(axis=1)
    some = high > 0
    weight = np.where(some, low, 0.0) / np.where(some, high, 1.0)
    even = ~(weight > 0.5)  # noqa: PLR2004  the Decision's 1/2
    weight = np.where(even, 0.5, weight)
    power, total, weights = np.ones(len(hours)), np.zeros(len(hours)), np.zeros(len(hours))
    for at in range(hours.shape[1]):  # in this order: no sum depends on how many rows there are
        total = total + power * value[:, at]
        weights = weights + power * there[:, at]
        power = power * weight
    found = np.where(even, total / 2.0, total / np.where(weights > 0, weights, 1.0))
    return np.where(there[:, :_NEWEST].sum(axis=1) >= _NEEDED, found, np.nan)
