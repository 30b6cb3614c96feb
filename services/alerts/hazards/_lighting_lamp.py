"""What is wrong with a lamp, from what it was told and what it takes. Pure, all lamps at once.

Comparisons are TALQ's (verified: data model 2.7.1), the linear form of the expected power and the numbers are
design defaults; a lamp's attributes replace them. A lamp has one fault at a time, the one
that explains the others: a dark lamp does not also take too little power, and where the supply is gone no
lamp is at fault.

What is not known is not guessed. Without a command the power says nothing, but that a lamp burns by day.
"""

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Points, Series
from services.alerts.hazards._lighting_sun import altitude
from services.alerts.hazards._lighting_told import BY_DAY, CODES, NOT_BY_DAY

ON_W = 2.0
"""A lamp that takes more than this is on (verified: public utility project code)."""
COMMANDED = 10.0
"""%: a command from here on asks for light."""
_TENTH, _TOLERANCE, _FLOOR_W = 0.10, 0.15, 5.0
_UNDIMMED, _DIMMING_MARGIN = 90.0, 0.20
_PF_MARGIN = 0.05
CIVIL = -6.0
"""Degrees of the sun at civil dusk and dawn."""
LOST_V = 20.0
"""V: below this on all phases the supply is lost."""
TRANSITIONS = 3
"""So many within an hour, and a lamp is cycling."""

PF_DIM = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
PF_LEAST = (0.65, 0.60, 0.70, 0.75, 0.80, 0.85, 0.87, 0.89, 0.90, 0.95, 0.98)
"""TALQ's example of a powerFactorThresholdDimmingCurve: % → power factor (verified: TALQ example values)."""


def expected_power(wattage: Floats, dimming: Floats, gradient: Floats | float = 1.0) -> Floats:
    """W that a lamp should take at a level: `wattage · (1 - gradient · (1 - dimming/100))`; nothing at 0 %.

    `gradient` is TALQ's powerLightGradient; 0.95 leaves 5 % of the wattage at the dimmest.
    """
    linear = wattage * (1 - gradient * (1 - dimming / 100))
    return np.where(dimming > 0, np.maximum(linear, 0.0), 0.0)


def least_power_factor(dimming: Floats) -> Floats:
    """The power factor a lamp should reach at a level, from TALQ's example curve."""
    return np.asarray(np.interp(dimming, PF_DIM, PF_LEAST))


def commanded(points: Points, sun: Floats) -> Floats:
    """What each lamp was told, %: its `dimming`; NaN where that is not known.

    A lamp with attribute `all_night` that has no such reading burns in full from civil dusk to dawn, and is
    off while the sun is up; in twilight nothing is known.
    """
    told = points.held["dimming"]
    by_clock = np.where(sun < CIVIL, 100.0, np.where(sun > 0, 0.0, np.nan))
    return np.where(np.isnan(told) & (points.attribute("all_night", 0.0) > 0), by_clock, told)


def _by_day(points: Points, sun: Floats) -> Bools:
    """Where the sun is up and the lamp is none that burns by day (a tunnel, an underpass)."""
    return (sun > 0) & ~(points.attribute("day_lamp", 0.0) > 0)


def faults(points: Points) -> Computed:
    """Of the power of lamps, the one fault of each: (1, m), a code of `CODES`.

    NaN: nothing can be said. Infinite: there is none, because the supply is lost.
    """
    power = points.value
    wattage = points.attribute("lamp_wattage", np.nan)
    sun = altitude(points.time, points.lat[points.place], points.lon[points.place])
    level = commanded(points, sun)
    expected = expected_power(wattage, level, points.attribute("lamp_gradient", 1.0))
    own = points.attribute("lamp_tolerance", np.nan)
    tolerance = np.where(np.isnan(own), np.maximum(_TOLERANCE * expected, _FLOOR_W), own)
    asked = level >= COMMANDED
    failed = asked & ((power < _TENTH * expected) | (power < ON_W))
    burning = power > np.maximum(ON_W, _TENTH * wattage)
    unexpected = burning & ((level == 0) | _by_day(points, sun))
    lit = (level > 0) & ~failed & ~unexpected
    dim_failed = lit & asked & (level < _UNDIMMED) & (power > expected + _DIMMING_MARGIN * wattage)
    high = lit & ~dim_failed & (power > expected + tolerance)
    low = lit & asked & (power < expected - tolerance)
    code = np.select([failed, unexpected, high, low, dim_failed], [1.0, 2.0, 3.0, 4.0, 5.0], 0.0)
    return Computed(_with_supply(points, _of_command(code, level)[None, :]))


def states(points: Points) -> Computed:
    """Of lamps that only say on or off: none, failure or unexpected on; (1, m). As in `faults`."""
    on = points.value > 0
    sun = altitude(points.time, points.lat[points.place], points.lon[points.place])
    level = commanded(points, sun)
    unexpected = on & ((level == 0) | _by_day(points, sun))
    failed = ~on & (level >= COMMANDED)
    code = np.select([failed, unexpected], [1.0, 2.0], 0.0)
    return Computed(_with_supply(points, _of_command(code, level)[None, :]))


def _of_command(code: Floats, level: Floats) -> Floats:
    """Without a command all that is known is whether a lamp burns by day."""
    return np.where(np.isnan(level), np.where(code == CODES["unexpected"], BY_DAY, NOT_BY_DAY), code)


def power_factor(points: Points) -> Computed:
    """Whether the power factor of a burning lamp is below its curve: (1, m).

    NaN without a command or a power: a lamp that takes next to nothing has no power factor worth a word.
    """
    level, power = points.held["dimming"], points.held["active_power"]
    wattage = points.attribute("lamp_wattage", np.nan)
    own = points.attribute("lamp_power_factor", np.nan)
    least = np.where(np.isnan(own), least_power_factor(level), own)
    burning = (level >= COMMANDED) & (power > np.maximum(ON_W, _TENTH * wattage))
    low = burning & (np.abs(points.value) < least - _PF_MARGIN)
    return Computed(np.where(np.isnan(level) | np.isnan(power), np.nan, low)[None, :])


def dropped(points: Points) -> Computed:
    """Whether a lamp is off that was told to burn: (1, m); the source of `cycling`."""
    level = points.held["dimming"]
    off = (points.value == 0) & (level >= COMMANDED)
    return Computed(_with_supply(points, np.where(np.isnan(level), np.nan, off)[None, :]))


def cycling(series: Series) -> Computed:
    """Whether a lamp went off and on three times or more within the window, without a command: (1, m)."""
    first, last = np.searchsorted(series.time, series.new_time - series.window), series.upto - 1
    turns = np.zeros(len(first), np.int64)
    past = np.flatnonzero(last >= first)
    changes = np.cumsum(np.diff(series.value, prepend=series.value[:1]) != 0)  # up to and with each reading
    turns[past] = (
        changes[last[past]] - changes[first[past]] + (series.value[last[past]] != series.new_value[past])
    )
    return Computed((turns >= TRANSITIONS).astype(float)[None, :])


def _with_supply(points: Points, values: Floats) -> Floats:
    """No lamp is at fault where its supply is lost; a supply of which nothing is known counts as there."""
    lost = points.held["supply_loss"] > 0
    return np.where(lost, np.inf, values)


def supply(points: Points) -> Computed:
    """Of the voltages of a cabinet: lost (0 or 1), the highest and the lowest phase, V; (3, m).

    Phases that are not measured don't count. A lost supply is neither too high nor too low. Behind the
    contactor (attribute `switched_supply`) no voltage by day is as it should be.
    """
    phases = np.stack([points.value, points.held["supply_voltage_l2"], points.held["supply_voltage_l3"]])
    measured = ~np.isnan(phases)
    highest = np.where(measured, phases, -np.inf).max(axis=0)
    lowest = np.where(measured, phases, np.inf).min(axis=0)
    lost = highest < LOST_V
    sun = altitude(points.time, points.lat[points.place], points.lon[points.place])
    rests = lost & (points.attribute("switched_supply", 0.0) > 0) & (sun > CIVIL)
    return Computed(
        np.stack(
            [
                np.where(rests, 0.0, lost),
                np.where(lost, np.inf, highest),
                np.where(lost, np.inf, lowest),
            ]
        )
    )


DALI = (
    "control_gear_failure",
    "lamp_failure",
    "lamp_on",
    "limit_error",
    "fade_running",
    "reset_state",
    "missing_short_address",
    "power_cycle",
)
"""Bits of a DALI status byte, from bit 0 (verified: DALI documentation)."""


def dali(status: int) -> frozenset[str]:
    """What a DALI status byte says.

    Raises:
        ValueError: not a byte.
    """
    if not 0 <= status < 1 << len(DALI):
        msg = f"a DALI status is a byte, not {status}"
        raise ValueError(msg)
    return frozenset(name for bit, name in enumerate(DALI) if status >> bit & 1)


def _bit(points: Points, bit: int) -> Floats:
    status = points.value
    valid = (status >= 0) & (status < 1 << len(DALI)) & (status == np.floor(status))
    bits = np.where(valid, status, 0).astype(np.int64)
    return np.where(valid, (bits >> bit) & 1, np.nan)


def gear(points: Points) -> Computed:
    """Whether the control gear says that it has failed: (1, m), bit 0 of the DALI status byte."""
    return Computed(_with_supply(points, _bit(points, 0)[None, :]))


def dali_lamp(points: Points) -> Computed:
    """Whether the control gear says that its lamp has failed, as a code: (1, m), bit 1 of the status byte."""
    return Computed(_with_supply(points, _bit(points, 1)[None, :]))
