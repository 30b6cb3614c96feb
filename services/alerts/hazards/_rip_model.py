"""How likely rip currents are: the probabilistic model of Dusek & Seim, its event memory, and a checklist.

P = 1 / (1 + exp(-z)), z = 1.046 + 3.5108 ln Hs - 0.0272 |θ| + 0.4164 E - 1.70 η (J. Coastal Research 29(4),
909-925, as run by NOAA: bulkmodel.f and eventcalc.f of NWPS; verified: code). Fitted to what lifeguards saw
at Kill Devil Hills, North Carolina, in 2008 and 2009: a tide of about one metre, and channel rips.
Elsewhere P is an index until it has been compared with local logs.

Columns throughout: (m,) per reading, each of them resting on its own reading alone.
"""

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Ints, Series

HOUR = 3_600_000_000
MEMORY_S = 240 * 3_600.0
"""How far back the beginning of an event is looked for (design default): ten days; NOAA's run keeps three."""
SLOTS = 1_440
"""One reading every ten minutes is kept of it: no sea changes faster."""
AFTER = 72 * HOUR
EVENT_M = 1.0
"""Hs above which there is an event, and below which it is over (verified: eventcalc.f)."""
ETA_LIMIT = 1.0
"""m; the term of the tide is not carried beyond what it was fitted on (design default)."""
RANGE_REF = 1.0
"""m; tidal range of the coast it was fitted on (domain: about one metre)."""
_WIDEST = 90.0
ANGLE_TAKEN = 60.0
"""Degrees, where no direction is known: what 5 m of water leave of the most oblique short waves, by Snell's
law about 50 (design default)."""
SEA_TAKEN = 0.0
"""m, where no tide is known: the mean, which every tide passes within six hours (design default)."""


def wrapped(angle: Floats) -> Floats:
    """An angle between -180 (included) and +180 degrees (not included)."""
    return np.asarray((angle + 180.0) % 360.0 - 180.0)


def incidence(wave_from: Floats, shore_normal: Floats) -> Floats:
    """θ: where waves come from against the seaward normal, degrees, wrapped and then clipped to ±90."""
    return np.clip(wrapped(wave_from - shore_normal), -_WIDEST, _WIDEST)


def tide_term(above_mean: Floats, tidal_range: Floats) -> Floats:
    """η as the model gets it, m: scaled by RANGE_REF / range where the range is known; clipped to ±1 m."""
    scale = np.where(tidal_range > 0, RANGE_REF / np.where(tidal_range > 0, tidal_range, 1.0), 1.0)
    return np.clip(above_mean * scale, -ETA_LIMIT, ETA_LIMIT)


def score(height: Floats, theta: Floats, event: Floats, eta: Floats) -> Floats:
    """The model's z: NaN where Hs is not above zero or anything is not known."""
    sea = np.log(np.where(height > 0, height, np.nan))
    return np.asarray(1.046 + 3.5108 * sea - 0.0272 * np.abs(theta) + 0.4164 * event - 1.70 * eta)


def percent(z: Floats) -> Floats:
    """100 e^z / (1 + e^z), without overflow at either end."""
    small = np.exp(-np.abs(z))
    return np.asarray(100.0 * np.where(z >= 0, 1.0, small) / (1.0 + small))


def probability(height: Floats, theta: Floats, event: Floats, eta: Floats) -> Floats:
    """P in percent: Hs m, θ degrees, E 0 or 1, η m; NaN: not evaluated."""
    return percent(score(height, theta, event, eta))


def bounds(height: Floats, theta: Floats, event: Floats, eta: Floats) -> tuple[Floats, Floats]:
    """The least and the most P can be: NaN for θ or η stands for anything it may be. Both (m,)."""
    lost, dry = np.isnan(theta), np.isnan(eta)
    low = probability(height, np.where(lost, _WIDEST, theta), event, np.where(dry, ETA_LIMIT, eta))
    high = probability(height, np.where(lost, 0.0, theta), event, np.where(dry, -ETA_LIMIT, eta))
    return low, high


def taken(height: Floats, theta: Floats, event: Floats, eta: Floats) -> Floats:
    """P with what is taken in the place of what is not known: (m,); the least would warn of nothing."""
    lost, dry = np.isnan(theta), np.isnan(eta)
    return probability(height, np.where(lost, ANGLE_TAKEN, theta), event, np.where(dry, SEA_TAKEN, eta))


def events(series: Series) -> Computed:
    """E, hours since the peak it goes back to (infinite: none), and hours of history up to 72: (3, m).

    An event is a run of Hs >= 1 m that goes above it somewhere; its peak the highest so far, the first of
    equals. Of the run that goes on, a reading higher than all before is at its peak: none of its own. What
    happened before the window is not known, as it is not to the model.
    """
    values = np.full((3, len(series.new_time)), np.nan)
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        now, height = int(series.new_time[at]), float(series.new_value[at])
        time, past = series.time[begin:end], series.value[begin:end]
        peak = _peak(np.append(time, now), np.append(past, height), now)
        known = now - int(time[0]) if end > begin else 0
        values[:, at] = (
            float(peak is not None),
            np.inf if peak is None else (now - peak) / HOUR,
            min(known, AFTER) / HOUR,
        )
    return Computed(values)


def _peak(time: Ints, height: Floats, now: int) -> int | None:
    """When the newest event had its peak that lies before now and at most 72 h back; None where none did."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], height >= EVENT_M, [False]])))
    for start, stop in edges.reshape(-1, 2)[::-1].tolist():
        top = start + int(np.argmax(height[start:stop]))
        when = int(time[top])
        if int(time[stop - 1]) < now - AFTER:
            return None
        if height[top] > EVENT_M and 0 < now - when <= AFTER:
            return when
    return None


_HEIGHTS = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
_ANGLES = np.array([30.0, 60.0])
_TABLE = np.array(
    [
        [0.0, 0.0, 0.0],
        [1.0, 0.5, 0.0],
        [2.0, 1.5, 1.0],
        [3.0, 2.5, 2.0],
        [4.0, 3.5, 3.0],
        [5.0, 4.5, 4.0],
        [6.0, 5.5, 5.0],
        [7.0, 7.5, 6.0],
    ]
)
"""Height by angle. The 7.5 looks like a slip of its source and stands until Meadows (2011) has been read."""
_PERIODS = np.array([4.5, 5.5, 6.5])
_LOW_SEA, _HIGH_SEA = np.array([0.0, 0.5, 1.5, 2.0]), np.array([0.0, 1.0, 2.0, 3.0])
_WINDS = np.array([3.0, 6.0, 9.0, 12.0])
_PERIOD_SEA, _SWELL, _STORM = 1.25, 1.25, 1.5


def checklist(height: Floats, theta: Floats, highest: Floats, period: Floats, wind: Floats) -> Floats:
    """Modified Great Lakes checklist (after Meadows 2011; verified: public code, Kincardine adaptation).

    Args:
        height: (m,) Hs, m.
        theta: (m,) degrees to the shore normal.
        highest: (m,) the highest Hs of the last 12 h, m.
        period: (m,) s.
        wind: (m,) m/s.

    Returns:
        (m,) the sum of the factors; where to cut it is configuration (3, 7, 11 in that code, 4 and 7 in its
        comments). NaN where anything is not known. An angle of exactly 30 degrees counts as below 30 for the
        sea of the last hours and as 30 to 60 in the table, as intervals closed on the left do.
    """
    angle = np.abs(theta)
    steep = np.where(angle <= _ANGLES[0], 0.0, 0.5)
    base = _TABLE[np.searchsorted(_HEIGHTS, height, side="right"), np.searchsorted(_ANGLES, angle, "right")]
    before = np.select([highest >= _STORM, highest >= _SWELL], [2.0 - steep, 1.0 - steep], 0.0)
    long = np.searchsorted(_PERIODS, period, side="right")
    swell = np.where(height <= _PERIOD_SEA, _LOW_SEA[long], _HIGH_SEA[long])
    total = base + before + swell + np.searchsorted(_WINDS, wind, side="right")
    known = np.isfinite(height) & np.isfinite(theta) & np.isfinite(highest) & np.isfinite(period)
    return np.asarray(np.where(known & np.isfinite(wind), total, np.nan))


def highest(series: Series) -> Computed:
    """The highest Hs of the window, the new reading included: (1, m)."""
    values = series.new_value.copy()
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        if end > begin:
            values[at] = max(values[at], float(series.value[begin:end].max()))
    return Computed(values[None, :])


def within(hour: Floats, start: Floats, end: Floats) -> Bools:
    """Whether an hour of the day lies in a span, which may go over midnight; never where it is not given."""
    plain = (start <= hour) & (hour < end)
    over = (start > end) & ((hour >= start) | (hour < end))
    return np.asarray(plain | over)
