"""Stages in motion: how fast the water rises, and how long until the next level if it goes on like this.

The slope is Theil-Sen's: the median of the slopes between all pairs of readings in the window, which three
wrong readings in ten do not move (recalled: Theil 1950, Sen 1968). Its 95 % interval goes by rank
(recalled: Sen 1968, Gilbert 1987). The time to a level and everything about it is a design default; its
skill falls quickly beyond the time the catchment takes to answer, hence the short horizon.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from services.alerts.columns.slope import theil_sen
from services.alerts.derive import Computed, Floats, Series
from services.alerts.hazards._flood_tide import constituents_of, predicted

HOUR = 3_600_000_000
LEVELS = ("bd1", "bd2", "bd3", "historic_max")
LAKE_LEVELS = ("normal_level", "raised_level", "crest_level")
"""Attributes that name the levels of a river station, and of a reservoir."""


def levels_of(attributes: Mapping[str, float]) -> list[float]:
    """The levels of a station: a river's, or else a reservoir's."""
    found = [attributes[name] for name in LEVELS if name in attributes]
    return found or [attributes[name] for name in LAKE_LEVELS if name in attributes]


class Method(NamedTuple):
    """Numbers of the forecast. All are design defaults; a station's attributes replace them.

    Attributes:
        s_min: m/h; a slower rise gives no forecast. `eta_s_min`.
        horizon_s: never told further ahead, nor further than twice the window. `eta_horizon_s`.
        damping_s: time in which the rise dies away; None: it goes on as it is. `eta_damping_s`.
        least_band: m; a tidal residual is never taken as surer than this. `eta_least_band`.
    """

    s_min: float = 0.02
    horizon_s: float = 10_800.0
    damping_s: float | None = None
    least_band: float = 0.05

    @classmethod
    def at(cls, attributes: Mapping[str, float]) -> "Method":
        """The numbers of a station."""
        known = {name: attributes[f"eta_{name}"] for name in cls._fields if f"eta_{name}" in attributes}
        return cls(**known)


def standing(series: Series, slope: Floats) -> Floats:
    """Where the water stands at each new reading: the median of the last three, carried along the slope."""
    now = [series.new_value]
    for back in (1, 2):
        at = np.maximum(series.upto - back, 0)
        hours = (series.new_time - series.time[at]) / HOUR if len(series.time) else np.zeros(len(at))
        value = series.value[at] if len(series.time) else series.new_value
        now.append(np.where(series.upto >= back, value + slope * hours, series.new_value))
    return np.asarray(np.median(np.stack(now), axis=0))


def next_level(value: Floats, attributes: Mapping[str, float]) -> Floats:
    """The lowest level of the station above each value, infinite above all of them."""
    levels = np.array(sorted(levels_of(attributes)), np.float64)
    return np.asarray(np.append(levels, np.inf)[np.searchsorted(levels, value, side="right")])


class Rise(NamedTuple):
    """How the water moves at m readings: m/h with the ends of the 95 % interval, and the height now, m."""

    slope: Floats
    low: Floats
    high: Floats
    now: Floats


def time_to(level: Floats, rise: Rise, method: Method, window: int) -> Floats:
    """Minutes to a level: the middle, the earliest, the latest; (3, m).

    (L - h0)/s, with s the slope and the ends of its interval, the slow end at least s_min; damped:
    -T ln(1 - (L - h0)/(s T)). Infinite where s <= s_min, beyond the horizon and where there is no level;
    NaN where there is no slope.
    """
    gap = np.maximum(level - rise.now, 0.0)
    speeds = (rise.slope, np.maximum(rise.high, method.s_min), np.maximum(rise.low, method.s_min))
    with np.errstate(divide="ignore", invalid="ignore"):
        hours = np.stack([gap / speed for speed in speeds])
        if method.damping_s is not None:
            t = method.damping_s / 3_600
            hours = np.where(hours < t, -t * np.log1p(-np.minimum(hours / t, 1.0)), np.inf)
    minutes = 60 * hours
    horizon = min(method.horizon_s, 2 * window / 1e6) / 60
    none = (rise.slope <= method.s_min) | ~(minutes[0] <= horizon)
    minutes[:, none] = np.inf
    minutes[:, np.isnan(rise.slope)] = np.nan
    return minutes


SLOWEST = 3 * HOUR
"""Of gauges that report less often, no rate is told: four readings would span half a day."""


def rise(series: Series) -> Computed:
    """Rate of the water (m/h) and minutes to the next level: middle, earliest, latest; (4, m).

    At a tidal station (attribute `tidal`) the raw stage is never extrapolated, and its rate is the tide's:
    no rate there, and times only where the station has constituents.
    """
    values = np.full((4, len(series.new_time)), np.nan)
    if series.interval > SLOWEST:
        return Computed(values)
    level = next_level(series.new_value, series.attributes)
    if series.attributes.get("tidal"):
        values[1:] = time_to_at_tide(series, level)
        return Computed(values)
    slope, low, high = theil_sen(series, series.window, interval=True)
    values[0] = slope
    moving = Rise(slope, low, high, standing(series, slope))
    values[1:] = time_to(level, moving, Method.at(series.attributes), series.window)
    return Computed(values)


def rate(series: Series) -> Computed:
    """Rate alone, per hour: (1, m)."""
    if series.interval > SLOWEST:
        return Computed(np.full((1, len(series.new_time)), np.nan))
    return Computed(theil_sen(series, series.window)[0][None, :])


_STEP = 5 * 60_000_000
_SIGMA = 1.4826
_BAND = 1.96


def time_to_at_tide(series: Series, level: Floats) -> Floats:
    """Minutes to a level where the tide moves the water: predicted tide plus the residual, held as it is.

    The residual is the median of the last three readings'; its band 1.96 robust deviations of those in the
    window. The first crossing on a grid of five minutes; infinite if there is none before the horizon, NaN
    without constituents.
    """
    minutes = np.full((3, len(series.new_time)), np.nan)
    tide = constituents_of(series.attributes)
    if tide is None:
        return minutes
    method = Method.at(series.attributes)
    steps = np.arange(int(method.horizon_s * 1e6) // _STEP + 1) * _STEP
    past = series.value - predicted(series.time, tide)
    own = series.new_value - predicted(series.new_time, tide)
    ahead = predicted((series.new_time[:, None] + steps).ravel(), tide).reshape(-1, len(steps))
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at in range(len(series.new_time)):
        residuals = np.append(past[first[at] : series.upto[at]], own[at])
        held = float(np.median(residuals[-3:]))
        spread = _SIGMA * float(np.median(np.abs(residuals - np.median(residuals))))
        band = max(_BAND * spread, method.least_band)
        for row, shift in enumerate((0.0, band, -band)):
            minutes[row, at] = _crossing(ahead[at] + held + shift, float(level[at]))
        if np.isinf(minutes[0, at]):
            minutes[:, at] = np.inf
    return minutes


def _crossing(ahead: Floats, level: float) -> float:
    """Minutes until a course on the grid first reaches a level; infinite if it does not."""
    over = np.flatnonzero(ahead >= level)
    if not len(over):
        return float("inf")
    at = int(over[0])
    if at == 0:
        return 0.0
    share = (level - ahead[at - 1]) / (ahead[at] - ahead[at - 1])
    return float((at - 1 + share) * _STEP / 60e6)
