"""What is made of waves, tide and current at each beach: an index of danger, and the flag that goes with it.

The index is a ladder made one scale: 1 advisory, 2 watch, 3 warning, 4 emergency, straight in between. P
stops at 3: an index that nobody has calibrated here does not claim the highest severity; a measured current
may.

What is not known is not guessed in silence. Without a tide P is that of mean water, without a direction that
of oblique waves: these raise, the reason says what was taken and how much it can be at most, and unless both
are of one class nothing ends.
"""

from math import fsum
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Points, Series
from services.alerts.hazards._rip_model import (
    HOUR,
    bounds,
    checklist,
    incidence,
    taken,
    tide_term,
    within,
)

DAY = 24 * HOUR
P_STEPS = {"rip_p_advisory": 25.0, "rip_p_watch": 50.0, "rip_p_warning": 80.0}
"""P, percent, by the attribute that replaces it. 25, 50: classes of rip.py (verified); 80: design default."""
U_STEPS = {"rip_u_advisory": 0.3, "rip_u_warning": 0.5, "rip_u_emergency": 1.0}
"""Seaward current, m/s (design default): caution, warning, danger."""
_P_INDEX, _U_INDEX = (1.0, 2.0, 3.0), (1.0, 3.0, 4.0)
_P_TOP, _U_TOP = (100.0, 3.9), (2.0, 5.0)
GALE = 13.9
"""m/s: Beaufort 7 begins (recalled: WMO scale)."""
CLOSED = 3.0
NO_DIRECTION, NO_TIDE, NO_WAVES, ANGLE_GIVEN, SEA_GIVEN = 1, 2, 4, 8, 16
"""What the index had to do without, and what the beach said to take instead: bits of `rip_missing`."""
MEAN_OF = 120_000_000
FLAT_S = 21_600.0
FLAT_M = 0.001
"""A gauge that moves less in six hours is stuck: no tide stands still so long (domain 8, flat line)."""
_SPANNED = 19_800_000_000


def _scale(value: Floats, knots: list[Floats], index: tuple[float, ...], top: tuple[float, float]) -> Floats:
    """0 at nothing, `index` at the knots, straight in between and on to the top; NaN counts as nothing."""
    value = np.where(np.isnan(value), 0.0, value)
    at = [np.zeros_like(value), *knots, np.maximum(np.full_like(value, top[0]), knots[-1] + 1e-6)]
    height = [0.0, *index, top[1]]
    found = np.zeros_like(value)
    for low, high, below, above in zip(at[:-1], at[1:], height[:-1], height[1:], strict=True):
        found += (above - below) * np.clip((value - low) / np.maximum(high - low, 1e-6), 0.0, 1.0)
    return found


def _knots(points: Points, steps: dict[str, float]) -> list[Floats]:
    return [points.attribute(name, default) for name, default in steps.items()]


def index_of_p(points: Points, percent: Floats) -> Floats:
    """P, percent, on the scale of severities."""
    return _scale(percent, _knots(points, P_STEPS), _P_INDEX, _P_TOP)


def index_of_u(points: Points, speed: Floats) -> Floats:
    """Seaward current, m/s, on the scale of severities; towards the shore is nothing."""
    return _scale(speed, _knots(points, U_STEPS), _U_INDEX, _U_TOP)


def above_mean(series: Series) -> Computed:
    """A tide gauge against mean sea level, and as it is; (2, m) m. `mean_sea_level`, else `tide_z0`.

    NaN while the gauge is stuck: a high reading that never moves would hide a whole season of rips.
    """
    mean = series.attributes.get("mean_sea_level", series.attributes.get("tide_z0", np.nan))
    values = series.new_value.copy()
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        if end - begin < 2 or series.new_time[at] - series.time[begin] < _SPANNED:  # noqa: PLR2004  few
            continue
        past = series.value[begin:end]
        if max(past.max(), values[at]) - min(past.min(), values[at]) < FLAT_M:
            values[at] = np.nan
    return Computed(np.stack([values - mean, values]))


def _theta(points: Points) -> Floats:
    return incidence(points.held["wave_direction"], points.attribute("shore_normal_deg", np.nan))


class _Waves(NamedTuple):
    """P, the most it can be, θ, the sea against its mean (m), and bits of what was missing."""

    low: Floats
    high: Floats
    theta: Floats
    sea: Floats
    missing: Floats


def _waves(points: Points) -> _Waves:
    own = points.attribute("mean_sea_level", np.nan)
    sea = np.where(np.isnan(own), points.held["tide_above_mean"], points.held["~tide"] - own)
    event = np.where(points.held["wave_event"] > 0, 1.0, 0.0)  # no history: none
    theta, missing = _or_given(points, _theta(points), "wave_angle_given", (NO_DIRECTION, ANGLE_GIVEN))
    sea, more = _or_given(points, sea, "sea_given", (NO_TIDE, SEA_GIVEN))
    eta = tide_term(sea, points.attribute("tidal_range", np.nan))
    _, high = bounds(points.value, theta, event, eta)
    return _Waves(taken(points.value, theta, event, eta), high, theta, sea, missing + more)


def _or_given(points: Points, value: Floats, name: str, bits: tuple[int, int]) -> tuple[Floats, Floats]:
    """Where it is not known, what the beach says to take instead; and the bit of either."""
    given, lost = points.attribute(name, np.nan), np.isnan(value)
    missing = np.where(lost, np.where(np.isnan(given), float(bits[0]), float(bits[1])), 0.0)
    return np.where(lost, given, value), missing


def waves(points: Points) -> Computed:
    """P; the same, which others hold; the most it can be; what made it; what was lost: (9, m).

    Hours since the peak of the event that counts, and hours of history: NaN where there is none.
    """
    low, high, theta, sea, missing = _waves(points)
    age, history = points.held["wave_peak_age"], points.held["wave_history"]
    values = np.stack([low, low, high, points.value, theta, sea, age, history, missing])
    values[:, np.isnan(low)] = np.nan
    lower = np.zeros(values.shape, bool)
    lower[0] = low < high
    return Computed(values, lower)


def seaward(points: Points) -> Computed:
    """The part of a current that runs out to sea, m/s: U cos(direction - normal); (1, m)."""
    turn = points.held["current_direction"] - points.attribute("shore_normal_deg", np.nan)
    return Computed((points.value * np.cos(np.radians(turn)))[None, :])


def two_minutes(series: Series) -> Computed:
    """Its mean over two minutes: (1, m). Of a meter that reports every two minutes or less often: itself.

    NaN while less than half of the readings of two minutes are there.
    """
    values = series.new_value.copy()
    needed = MEAN_OF // (2 * series.interval) if series.interval else 1
    first = np.searchsorted(series.time, series.new_time - MEAN_OF, side="right")
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        if end - begin + 1 < needed:
            values[at] = np.nan
        elif end > begin:
            values[at] = fsum([*series.value[begin:end].tolist(), values[at]]) / (end - begin + 1)
    return Computed(values[None, :])


def _told(points: Points, speed: Floats, low: Floats, high: Floats, missing: Floats) -> Computed:
    """Index, recommended flag, P that had part in it, and what was missing: (4, m)."""
    current = index_of_u(points, speed)
    least = np.maximum(current, index_of_p(points, low))
    most = np.maximum(current, index_of_p(points, high))
    unsure = np.floor(most) > np.floor(least)
    values = np.stack([least, _flag(points, speed, low), low, missing])
    lower = np.zeros(values.shape, bool)
    lower[0] = lower[1] = unsure
    lower[2] = low < high
    return Computed(values, lower)


def _flag(points: Points, speed: Floats, percent: Floats) -> Floats:
    """0 green to 3 closure; infinite (none) while nobody is on guard to fly one."""
    steps = [(percent, _knots(points, P_STEPS)), (speed, _knots(points, U_STEPS))]
    flag = np.zeros(len(percent))
    for value, knots in steps:
        flag = np.maximum(flag, np.sum([np.where(value >= knot, 1.0, 0.0) for knot in knots], axis=0))
    flag = np.where(points.held["wind_speed"] >= GALE, CLOSED, flag)
    return np.where(guarded(points), flag, np.inf)


def guarded(points: Points) -> Bools:
    """Whether lifeguards are on duty, by the site's clock; never where no hours are given."""
    hour = (points.local(points.time) % DAY) / HOUR
    start, end = (points.attribute(name, np.nan) for name in ("guard_from_h", "guard_to_h"))
    return within(hour, start, end)


def by_waves(points: Points) -> Computed:
    """Danger at a beach without a current meter: (4, m); nothing is said where Hs is not above zero."""
    low, high, _, _, missing = _waves(points)
    found = _told(points, np.full(len(low), np.nan), low, high, missing)
    found.values[:3, np.isnan(low)] = np.nan
    return found


def by_meter(points: Points) -> Computed:
    """Danger at a beach with a current meter: (4, m).

    A meter stands at one spot and a rip is ten metres wide: a calm meter ends nothing while the waves are not
    known, unless the beach says that it has no other evidence (`meter_alone`).
    """
    low, high = points.held["rip_probability_low"], points.held["rip_probability_high"]
    unknown = np.isnan(low) | np.isnan(high)
    alone = points.attribute("meter_alone", 0.0) > 0
    high = np.where(unknown, np.where(alone, 0.0, 100.0), high)
    low = np.where(unknown, np.nan, low)
    missing = np.where(unknown, NO_WAVES, np.nan_to_num(points.held["rip_wave_missing"]))
    return _told(points, points.value, low, high, missing)


def instead(points: Points) -> Computed:
    """The index by waves alone, at a beach whose own index is not heard because its meter is silent: (1, m).

    None where it is heard: one beach, one alert.
    """
    low, high, *_ = _waves(points)
    least, most = index_of_p(points, low), index_of_p(points, high)
    heard = ~np.isnan(points.held["rip_missing"])
    values = np.where(heard, np.inf, np.where(np.isnan(low), np.nan, least))
    return Computed(values[None, :], (~heard & (np.floor(most) > np.floor(least)))[None, :])


def checked(points: Points) -> Computed:
    """The checklist beside the model: (1, m)."""
    held = points.held
    total = checklist(
        points.value, _theta(points), held["wave_max_12h"], held["wave_period"], held["wind_speed"]
    )
    return Computed(total[None, :])
