"""How near a tree is to falling: one scale of three steps for everything that is known of it; and its soil.

1 notice, 2 warning, 3 urgent (inspect, cordon off). Change against the baseline and over a storm climb
the scale as they grow; a growth, a jump and a peak each belong to one step, and below it count for less than
a notice. All numbers are design defaults and give way to attributes of the tree.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Points, Series
from services.alerts.hazards._tree_tilt import HOUR

STEPS = {"tree_notice": 0.25, "tree_warning": 1.0, "tree_urgent": 2.0}
"""Change, degrees, by the attribute that replaces it."""
SWAY = {"tree_sway_notice": 1.0, "tree_sway_warning": 2.0}
ONE_STEP = {
    "tilt_rate_week": (1.0, "tree_rate_week", 0.1),
    "tilt_rate_day": (2.0, "tree_rate_day", 0.25),
    "tilt_jump": (3.0, "tree_jump", 0.5),
    "tilt_peak": (3.0, "tree_sway_peak", 3.0),
}
"""Measure: its step, the attribute that replaces its limit, the limit in degrees."""
CLIMBING = ("tilt_change", "tilt_after_storm")
MEASURES = (*CLIMBING, *ONE_STEP, "tilt_sway")
JUMPED = ("~tilt_from", "~tilt_to")
BACK = "tilt_back"
"""A jump that brought the tree back towards its baseline: somebody set it upright, or the root plate fell
back. It threatens no more than the lean that is left, which the change tells, but somebody has to look."""
BACK_STEP = 1.0
_BACK_SHARE = 0.5
_ABOVE = ("tilt_peak", "tilt_sway")  # of these more than the limit counts, of the others so much
GALE = 10.8
"""m/s: Beaufort 6 begins, the law's strong wind (Decision 18/2021/QĐ-TTg Art. 5(5), of the sea; verified)."""
SOAKED_H = 72.0
NEAR_SATURATION = 0.95
SOIL_S = 345_600.0
_GAP = 6 * HOUR
_BELOW = 0.99
_MORE = 0.8  # short of the next step by more than the hysteresis


class Limits(NamedTuple):
    """Limits at some trees, degrees: of `STEPS`, of `SWAY`, and of `ONE_STEP` by measure; (m,) each."""

    steps: tuple[Floats, ...]
    sway: tuple[Floats, ...]
    one: Mapping[str, Floats]


def limits_of(attributes: Mapping[str, float]) -> Limits:
    """Limits of one tree, as columns of one."""
    return _limits(lambda name, default: np.array([attributes.get(name, default)]))


def _limits(attribute: Callable[[str, float], Floats]) -> Limits:
    return Limits(
        tuple(attribute(*item) for item in STEPS.items()),
        tuple(attribute(*item) for item in SWAY.items()),
        {name: attribute(key, limit) for name, (_, key, limit) in ONE_STEP.items()},
    )


def step_of(name: str, value: Floats, limits: Limits) -> Floats:
    """Place of one measure on the scale; nothing where it is not known: (m,)."""
    value = np.where(np.isfinite(value), value, 0.0)
    if name in ONE_STEP:
        step, limit = ONE_STEP[name][0], limits.one[name]
        reached = value > limit if name in _ABOVE else value >= limit
        return np.where(
            reached,
            step + _MORE * np.clip((value - limit) / limit, 0.0, 1.0),
            _BELOW * np.clip(value / limit, 0.0, 1.0),
        )
    knots = limits.sway if name == "tilt_sway" else limits.steps
    found, low = np.zeros_like(value), np.zeros_like(value)
    for knot in knots:
        found, low = found + np.clip((value - low) / (knot - low), 0.0, 1.0), knot
    found = found + _MORE * np.clip((value - low) / np.maximum(low, 1e-6), 0.0, 1.0)
    if name in _ABOVE:
        for at, knot in enumerate(knots):
            found = np.where(value == knot, at + _BELOW, found)
    return found


def _back(points: Points, limits: Limits) -> Bools:
    """Whether a jump ended nearer to the baseline by half of its way at least: (m,).

    So it passes upright by at most a third of what it leaned before. Of two axes the size of the lean alone
    is known, so the longest way is assumed: to the opposite side.
    """
    one = ~np.isnan(points.attribute("tilt_baseline", np.nan))
    two = ~np.isnan(points.attribute("tilt_x_baseline", np.nan))
    two &= ~np.isnan(points.attribute("tilt_y_baseline", np.nan))
    was, now = (points.held[name] for name in JUMPED)
    nearer = np.abs(was) - np.abs(now)
    way = np.where(two, np.abs(was) + np.abs(now), np.abs(was - now))
    jumped = points.held["tilt_jump"] >= limits.one["tilt_jump"]
    return np.asarray((one | two) & jumped & (nearer >= _BACK_SHARE * way))  # NaN: never


def danger(points: Points) -> Computed:
    """Place on the scale, 1 where wet ground and wind added a step to it, and a jump back, degrees; (3, m).

    "At least" while the change is not known, for want of calm air or temperature: what leaned before the
    wind leans in it.
    """
    limits = _limits(points.attribute)
    found = np.zeros(len(points.value))
    jump, back = points.held["tilt_jump"], _back(points, limits)
    for name in MEASURES:
        value = np.where(back, np.nan, jump) if name == "tilt_jump" else points.held[name]
        found = np.maximum(found, step_of(name, value, limits))
    wet = points.held["soil_waterlogged"] >= points.attribute("tree_soaked_h", SOAKED_H)
    wet &= points.held["wind_speed"] >= points.attribute("tree_gale", GALE)
    wet &= found >= 1
    found = np.where(wet, np.minimum(found + 1.0, 3.0 + _MORE), found)
    found = np.where(back, np.maximum(found, BACK_STEP), found)
    based = ~np.isnan(points.attribute("tilt_baseline", np.nan)) | ~np.isnan(
        points.attribute("tilt_x_baseline", np.nan)
    )
    lower = np.zeros((3, len(found)), bool)
    lower[0] = based & np.isnan(points.held["tilt_change"])
    values = np.stack([found, np.where(wet, 1.0, np.nan), np.where(back, jump, np.nan)])
    return Computed(values, lower)


def deficit(points: Points) -> Computed:
    """How much of the water that plants can take is gone, percent: (FC - θ) / (FC - WP); (1, m).

    Recalled: FAO-56, to be checked; refill from 50 % on.
    """
    full = points.attribute("field_capacity", np.nan)
    dry = points.attribute("wilting_point", np.nan)
    room = np.where(full > dry, full - dry, np.nan)
    return Computed(np.clip(100.0 * (full - points.value) / room, 0.0, None)[None, :])


def waterlogged(series: Series) -> Computed:
    """Hours without a break that the soil has been near saturation, 0 where it is not: (1, m).

    Near: from 95 % of `soil_saturation` on. What a pause of more than six hours hides is not counted.
    """
    limit = series.attributes["soil_saturation"] * NEAR_SATURATION
    values = np.zeros((1, len(series.new_time)))
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        if series.new_value[at] < limit:
            continue
        time = np.append(series.time[begin:end], series.new_time[at])
        breaks = np.append(series.value[begin:end] < limit, False)
        breaks[1:] |= np.diff(time) > _GAP
        last = np.flatnonzero(breaks)
        start = 0 if not len(last) else int(last[-1])
        if len(last) and start < len(time) - 1 and series.value[begin + start] < limit:
            start += 1
        values[0, at] = (time[-1] - time[start]) / HOUR
    return Computed(values)
