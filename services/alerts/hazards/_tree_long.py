"""How a tree leans over days: against its baseline, since yesterday, since last week, since the storm.

Temperature is taken out by comparing hours of the day with themselves: a sensor that swings with the sun
swings alike every day. All spans and counts are design defaults.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import isnan, nan

import numpy as np

from services.alerts.derive import Computed, Series
from services.alerts.hazards._tree_tilt import HOUR, median

DAY = 24 * HOUR
LONG_S = 648_000.0
"""Seven days and a half: the same hour a week ago, with half a day around it."""
LONG_SLOTS = 180
GUST_S = 259_200.0
GUST_SLOTS = 4_320
STORM = 17.2
"""m/s: Beaufort 8 begins (recalled: WMO scale); `tree_storm_gust` of the station replaces it."""
_DAYS = 7
_DAYS_NEEDED = 3
_DAY_NEEDED = 8
_WHOLE_DAY = 20
_BEFORE_NEEDED = 6
_SETTLED_H = 1.0


def gusts(series: Series) -> Computed:
    """The strongest wind of 72 hours, m/s, and how long ago it was, h: (2, m)."""
    values = np.zeros((2, len(series.new_time)))
    first = np.searchsorted(series.time, series.new_time - series.window)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        values[0, at] = series.new_value[at]
        if end > begin:
            top = begin + int(np.argmax(series.value[begin:end]))
            if series.value[top] > series.new_value[at]:
                values[:, at] = series.value[top], (series.new_time[at] - series.time[top]) / HOUR
    return Computed(values)


def lean(series: Series) -> Computed:
    """How a tree leans at rest, degrees, none of it signed: (6, m).

    Change against the baseline, growth within a day and within a week, change over the last storm, the gust
    of that storm (m/s), and what the hour of the day was found to add (signed).

    Change: less what the hour of the day adds, where three earlier days show it. NaN without a baseline.
    Growth and storm: where a baseline is known only what leads away from it, the hour of the day taken out.
    Growth: against the same hour of the day before, or of seven days before; of a week the lesser of that
    and of what whole days show, for the calm of an hour may be of another part of it.
    Storm: from an hour after a gust of `tree_storm_gust` on, for three days, against the day that ended six
    hours before it. Infinite: there was none.
    """
    values = np.full((6, len(series.new_time)), np.nan)
    first = np.searchsorted(series.time, series.new_time - series.window)
    known = bool({"tilt_baseline", "tilt_x_baseline"} & series.attributes.keys())
    limit = series.attributes.get("tree_storm_gust", STORM)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        now, own = int(series.new_time[at]), float(series.new_value[at])
        time, past = series.time[begin:end].tolist(), series.value[begin:end].tolist()
        hours = _same_hour(time, past, now)
        daily = _daily(time, past, now, hours)
        own_day = own if isnan(daily) else own - daily
        values[5, at] = daily
        if known:
            values[0, at] = abs(own_day)
        swing = 0.0 if isnan(daily) else daily
        day, week = (_grown(own - swing, hours[back] - swing, known) for back in (0, _DAYS - 1))
        values[1, at] = day
        values[2, at] = np.minimum(week, _of_days(time, past, now, known))  # NaN stays
        gust, age = float(series.held["gust_72h"][at]), float(series.held["gust_age"][at])
        if gust >= limit and age >= _SETTLED_H:
            values[3, at] = _grown(own_day, _before(time, past, now - round(age * HOUR)), known)
            values[4, at] = gust
        elif gust < limit:
            values[3, at] = np.inf
    return Computed(values)


def _grown(now: float, then: float, known: bool) -> float:  # noqa: FBT001  of a pair of leans
    """How far a tree leans more than it did, degrees; NaN where either is not known.

    With a known baseline, at zero: what brings it nearer is no growth, and of what takes it through upright
    only the part beyond. Without one: how far it moved.
    """
    if not known or isnan(now) or isnan(then):
        return abs(now - then)
    return abs(now) if now * then < 0 else max(abs(now) - abs(then), 0.0)


def _same_hour(time: Sequence[int], past: Sequence[float], now: int) -> list[float]:
    """Tilt at the same hour of each of the seven days before, within an hour: (7,); NaN: none."""
    found = []
    for back in range(now - DAY, now - _DAYS * DAY - 1, -DAY):
        part = past[bisect_left(time, back - HOUR) : bisect_right(time, back + HOUR)]
        found.append(median(part) if part else nan)
    return found


def _daily(time: Sequence[int], past: Sequence[float], now: int, hours: Sequence[float]) -> float:
    """What this hour of the day adds to the tilt: the median over earlier days of hour less its day.

    Each hour is held against the day around it, so a step or a steady lean adds nothing: a step is in two of
    the days at most, and a lean is as much before the hour as after it.
    """
    found = []
    for day, hour in enumerate(hours, 1):
        noon = now - day * DAY
        part = past[bisect_left(time, noon - DAY // 2) : bisect_left(time, noon + DAY // 2)]
        if len(part) >= _DAY_NEEDED and not isnan(hour):
            found.append(hour - median(part))
    return median(found) if len(found) >= _DAYS_NEEDED else nan


def _of_days(time: Sequence[int], past: Sequence[float], now: int, known: bool) -> float:  # noqa: FBT001
    """How far the day that ends now lies from the one around this hour a week ago: medians, per week.

    The middles of the two lie six days and a half apart.
    """
    noon = now - _DAYS * DAY
    then = past[bisect_left(time, noon - DAY // 2) : bisect_left(time, noon + DAY // 2)]
    last = past[bisect_left(time, now - DAY) :]
    if min(len(then), len(last)) < _WHOLE_DAY:
        return nan
    return _grown(median(last), median(then), known) * 14.0 / 13.0


def _before(time: Sequence[int], past: Sequence[float], storm: int) -> float:
    """Median tilt of the day that ended six hours before the gust; NaN where too little of it is known."""
    part = past[bisect_left(time, storm - 30 * HOUR) : bisect_left(time, storm - 6 * HOUR)]
    return median(part) if len(part) >= _BEFORE_NEEDED else nan
