"""Hours and days of the legal clock: means of an hour from readings, and of hours from means.

A reading speaks for the interval that ends at its stamp, and belongs to the hour that holds the middle of
that interval. So of a station that reports by the minute the reading stamped 13:00:00 is the last of the hour
12:00 to 13:00, and so is one whose clock says 13:00:20; of a station that reports hourly the one stamped
13:00 *is* that hour. Hours go by the name of their end, 1 to 24, of the site's wall clock.

An hour is closed by the reading after which the next is due in another hour: mostly the one at the full
hour, else the first one after it. At that reading its mean is told, once; at all others nothing is. What
comes late is not added to an hour that has been told.
"""

import math

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Ints, Series

HOUR = 3_600_000_000
DAY_HOURS = 24
KEPT_S = 7_200.0
"""How far back an hour's mean may have to look."""

_PERCENT = 75
"""Of the readings expected in an hour (recalled: 40 CFR 50/58 and WHO practice; design default here)."""
_FEW, _STEADY = 8, 20 * DAY_HOURS * HOUR  # no clock is changed and changed back within so long
_UNIT = 1e6  # sums are of integers, exact at any cut of a batch

GAS_REFERENCE = "gas_reference_celsius"
"""Attribute of a station whose gases are given in µg/m³ at another temperature than 25 °C."""
_STANDARD, _ZERO = 25.0, 273.15


def ends(series: Series, time: Ints) -> Ints:
    """End, µs UTC, of the newest hour that is closed at each reading (n,)."""
    ahead = series.interval - series.interval // 2
    return np.asarray(time + ahead - (_clock(series, time) + ahead) % HOUR)


def label(series: Series, end: Ints) -> Ints:
    """Name of the hour that ends then, 1 to 24: (n,)."""
    return np.asarray((_clock(series, end) // HOUR - 1) % DAY_HOURS + 1)


def _clock(series: Series, time: Ints) -> Ints:
    """Wall clock at ascending instants; where it does not change in between it is asked twice only."""
    if len(time) <= _FEW or int(time[-1] - time[0]) > _STEADY:
        return series.local(time)
    first, last = (series.local(time[[0, -1]]) - time[[0, -1]]).tolist()
    return time + first if first == last else series.local(time)


def closing(series: Series) -> tuple[Ints, Ints, Ints, Ints]:
    """New readings that close an hour: which, its end, and the kept readings [first, upto) that are of it.

    The closing reading itself is of that hour if `own` of the same place says so; see `owned`.
    """
    end = ends(series, series.new_time)
    before = series.upto > 0
    closed = np.full(len(end), np.iinfo(np.int64).min, np.int64)
    if len(series.time):
        last = np.maximum(series.upto - 1, 0)
        closed[before] = ends(series, series.time[last[before]])
    which = np.flatnonzero(end > closed) if 0 < series.interval <= HOUR else np.empty(0, np.int64)
    end = end[which]
    start = end - HOUR + series.interval // 2  # stamps of readings whose middle lies in the hour
    first = np.searchsorted(series.time, start)
    return which, end, np.minimum(first, series.upto[which]), series.upto[which]


def owned(series: Series, which: Ints, end: Ints) -> Bools:
    """Whether each closing reading is itself of the hour it closes."""
    return np.asarray(series.new_time[which] - series.interval // 2 < end)


def enough(series: Series, count: Ints) -> Bools:
    """Whether so many readings are three quarters of those expected in an hour."""
    return np.asarray(count * series.interval * 100 >= _PERCENT * HOUR)


def mean(series: Series) -> Computed:
    """Arithmetic mean of each closed hour: (1, m); NaN where none closes or too little of it was measured."""
    values = np.full((1, len(series.new_time)), np.nan)
    which, end, first, upto = closing(series)
    if len(which):
        parts = np.rint(series.value * _UNIT).astype(np.int64)
        total = np.concatenate([[0], np.cumsum(parts)])
        own = owned(series, which, end)
        count = upto - first + own
        summed = total[upto] - total[first] + own * np.rint(series.new_value[which] * _UNIT).astype(np.int64)
        found = summed / (np.maximum(count, 1) * _UNIT)
        values[0, which] = np.where(enough(series, count), found, np.nan)
    return Computed(values)


def mean_of_gas(series: Series) -> Computed:
    """As `mean`, in µg/m³ at 25 °C where the station's attribute names another temperature."""
    found = mean(series)
    celsius = series.attributes.get(GAS_REFERENCE, _STANDARD)
    if celsius == _STANDARD:
        return found
    return Computed(found.values * ((_ZERO + celsius) / (_ZERO + _STANDARD)))


def energy_mean(series: Series) -> Computed:
    """LAeq of each closed hour, dB, 10 · log10(mean(10^(L/10))): (1, m); decibels are never averaged."""
    values = np.full((1, len(series.new_time)), np.nan)
    which, end, first, upto = closing(series)
    own = owned(series, which, end)
    good = enough(series, upto - first + own)
    for at in np.flatnonzero(good).tolist():
        levels = series.value[first[at] : upto[at]].tolist()
        if own[at]:
            levels.append(float(series.new_value[which[at]]))
        # Exact sums, and powers one by one: a vector of them differs in the last bit by where it begins.
        power = math.fsum(10.0 ** (level / 10.0) for level in levels) / len(levels)
        values[0, which[at]] = 10.0 * math.log10(power)
    return Computed(values)


def past_hours(series: Series, count: int) -> tuple[Floats, Ints]:
    """Of a source that speaks once an hour: its newest `count` hours at each new reading.

    Returns:
        (m, count) column 0 the hour just told, NaN where an hour is missing; (m,) end of that hour, µs UTC.
    """
    end = ends(series, series.new_time)
    if not len(series.time):
        found = np.full((len(end), count), np.nan)
        found[:, 0] = series.new_value
        return found, end
    # Every hour from the first to the last has a place, in front of which `count` stand empty.
    told = ends(series, series.time)
    first = int(told[0])
    line = np.full(count + (max(int(told[-1]), int(end[-1])) - first) // HOUR + 1, np.nan)
    line[count + (told - first) // HOUR] = series.value
    at = np.maximum(count + (end - first) // HOUR, 0)[:, None] - np.arange(count)
    found = line[np.maximum(at, 0)]
    found[:, 0] = series.new_value
    return found, end


def mean_of(hours: Floats, needed: int) -> Floats:
    """Mean of the columns that are there, NaN with fewer than `needed`: (m, count) → (m,)."""
    there = ~np.isnan(hours)
    count = there.sum(axis=1)
    parts = np.rint(np.where(there, hours, 0.0) * _UNIT).astype(np.int64)
    return np.where(count >= needed, parts.sum(axis=1) / (np.maximum(count, 1) * _UNIT), np.nan)


def most_of(hours: Floats, needed: int) -> Floats:
    """Greatest of the columns that are there, NaN with fewer than `needed`: (m, count) → (m,)."""
    there = ~np.isnan(hours)
    most = np.where(there, hours, -np.inf).max(axis=1)
    return np.where(there.sum(axis=1) >= needed, most, np.nan)
