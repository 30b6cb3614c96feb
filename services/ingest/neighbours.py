"""The neighbour test: a lone gauge that leaps while those around it stay is SUSPECT, not a flood.

A reading that left both samples before it by more than `leap` is held against the neighbours: sensors of
the same property at other stations within `neighbour_km`, the nearest sixteen. Changes are compared, never
levels: every gauge has its own datum. With d the own change and c the neighbours' changes, brought to the
same length of time, it is SUSPECT when |d - median(c)| > max(4 · 1.4826 · MAD(c), leap), MAD being the median
of |c - median(c)|. Fewer than three neighbours that can tell: not evaluated. [design default]

A neighbour can tell when its last two samples are good, the newest is within three of its intervals of the
reading, and they lie between a third and three times as far apart as the reading and the one before it. If
three of them have spoken since the reading before, only these are asked: what the others said belongs to
the interval before. Pure; the order of READINGS decides, whatever batches it comes in.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.samples import BEFORE, LAST, NONE, Bools, Ints, Rows, Run, Samples, Tail, Times, Values
from services.observation.quantity import PROPERTIES, Property
from services.observation.sensor import Sensor, Station

MOST = 16
"""Neighbours of one sensor, the nearest."""

FEWEST = 3
"""Witnesses without which nothing is said."""

INTERVALS = 3
"""A sample older than this many expected intervals is no witness."""

_K = 4 * 1.4826
_SPAN = 3.0
_KM_PER_DEGREE = 111.195


class _Group(NamedTuple):
    """Sensors of one property: rows and degrees."""

    row: Ints
    lon: Values
    lat: Values


class Neighbours:
    """Who lies near whom, by row of the sensors. Lists are made when first asked for, and remembered.

    Attributes:
        leap: (sensors,) in the canonical unit; NaN where there is no such test.
        interval_us: (sensors,) µs expected between readings.
    """

    def __init__(
        self,
        sensors: Iterable[Sensor],
        stations: Mapping[str, Station],
        extra_properties: Mapping[str, Property] | None = None,
    ) -> None:
        """Place these sensors, in their order; a station's attributes override the property's defaults."""
        listed = list(sensors)
        properties = {**PROPERTIES, **(extra_properties or {})}
        self.leap = np.full(len(listed), np.nan)
        self.interval_us = np.array([sensor.interval_s * 1e6 for sensor in listed], dtype=np.int64)
        self._km = np.zeros(len(listed))
        self._group: list[str | None] = [None] * len(listed)
        found: dict[str, list[tuple[int, float, float]]] = {}
        for row, sensor in enumerate(listed):
            prop, station = properties.get(sensor.property), stations.get(sensor.station)
            if prop is None or prop.leap is None or station is None:
                continue
            leap = station.attributes.get("leap", prop.leap)
            self.leap[row] = leap if leap > 0 else np.nan
            self._km[row] = station.attributes.get("neighbour_km", prop.neighbour_km)
            self._group[row] = prop.name
            found.setdefault(prop.name, []).append((row, station.lon, station.lat))
        self._groups = {
            name: _Group(np.array([m[0] for m in members]), *np.array([m[1:] for m in members]).T)
            for name, members in found.items()
        }
        self._near: dict[int, Ints] = {}

    def near(self, row: int) -> Ints:
        """Rows of its neighbours, the nearest first."""
        known = self._near.get(row)
        if known is None:
            known = self._near[row] = self._look(row)
        return known

    def _look(self, row: int) -> Ints:
        """Plane geometry: at a few kilometres the earth is flat to within a hundredth."""
        name = self._group[row]
        if name is None:
            return np.empty(0, dtype=np.int64)
        group = self._groups[name]
        own = int(np.flatnonzero(group.row == row)[0])
        east = (group.lon - group.lon[own] + 180.0) % 360.0 - 180.0
        east *= np.cos(np.radians(group.lat[own]))
        km = np.hypot(east, group.lat - group.lat[own]) * _KM_PER_DEGREE
        within = np.flatnonzero((km <= self._km[row]) & (group.row != row))
        return group.row[within[np.argsort(km[within], kind="stable")[:MOST]]]


class Leaps(NamedTuple):
    """Readings to be judged, in the order of their arrival.

    Attributes:
        number: (c,) of each reading in its batch.
        time: (c,) µs.
        value: (c,) canonical unit.
        last_time: (c,) µs of the sample before it.
        last_value: (c,) and its value.
    """

    number: Ints
    time: Times
    value: Values
    last_time: Times
    last_value: Values


def leaping(  # noqa: PLR0913  a reading, and what it is held against
    sensor: NDArray[np.uint32],
    time: Times,
    value: Values,
    samples: Samples,
    witness_us: Times,
    neighbours: Neighbours,
) -> Bools:
    """Which readings left both samples before them by more than their sensor's leap, and not after a gap."""
    t1, v1, t2, v2 = samples
    leap = neighbours.leap[sensor]
    with np.errstate(over="ignore"):
        away = (np.abs(value - v1) > leap) & (time - t1 <= witness_us) & (t1 != NONE)
        away &= ~((np.abs(value - v2) <= leap) & (t2 != NONE) & (time - t2 <= witness_us))
    return np.asarray(away)


def judge(  # noqa: PLR0913  a batch, what it was flagged so far, and its leaps
    leaps: Leaps, row: Rows, time: Times, value: Values, suspect: Bools, tail: Tail, neighbours: Neighbours
) -> None:
    """Mark in `suspect` the leaps that the neighbours do not bear out.

    Args:
        leaps: what is to be judged.
        row: (n,) sensors of the readings that may enter, in the order of arrival.
        time: (n,) µs.
        value: (n,) canonical unit.
        suspect: (n,) flagged SUSPECT so far; more are marked.
        tail: samples before the batch; not moved.
        neighbours: of all sensors.
    """
    lists = [neighbours.near(int(row[number])) for number in leaps.number]
    asked = np.concatenate(lists)
    if not len(asked):
        return
    leap_of = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    told = _Told(np.unique(asked), row, time, value, suspect, tail)
    last, before = told.samples_before(asked, leaps.number[leap_of])
    enough = np.bincount(leap_of, minlength=len(lists)) >= FEWEST
    span = leaps.time[leap_of] - leaps.last_time[leap_of]
    own_span = told.times[last] - told.times[before]
    with np.errstate(over="ignore", invalid="ignore"):
        able = (told.times[before] != NONE) & (own_span * _SPAN >= span) & (own_span <= span * _SPAN)
        able &= np.abs(leaps.time[leap_of] - told.times[last]) <= INTERVALS * neighbours.interval_us[asked]
        change = (told.values[last] - told.values[before]) * (span / np.maximum(own_span, 1))
        own = leaps.value - leaps.last_value
    since = told.times[last] > leaps.last_time[leap_of]
    begins = np.searchsorted(leap_of, np.arange(len(lists) + 1))
    # A loop over leaps, which are rare: each may make the newest sample of a neighbour of the next suspect.
    for nth in np.flatnonzero(enough).tolist():
        part = slice(begins[nth], begins[nth + 1])
        good = able[part] & ~told.suspect[last[part]] & ~told.suspect[before[part]]
        if np.count_nonzero(good & since[part]) >= FEWEST:
            good &= since[part]
        number = int(leaps.number[nth])
        if np.count_nonzero(good) >= FEWEST and _alone(
            float(own[nth]), change[part][good], float(neighbours.leap[row[number]])
        ):
            suspect[number] = True
            told.mark(number)


def _alone(own: float, changes: Values, floor: float) -> bool:
    middle = float(np.median(changes))
    spread = float(np.median(np.abs(changes - middle)))
    return abs(own - middle) > max(_K * spread, floor)


class _Told:
    """What neighbours said, before the batch and in it: samples by place, each sensor's together, in order.

    Attributes:
        times, values, suspect: by place.
    """

    def __init__(  # noqa: PLR0913  as `judge`
        self, sensors: Ints, row: Rows, time: Times, value: Values, suspect: Bools, tail: Tail
    ) -> None:
        wanted = np.zeros(len(tail), dtype=bool)
        wanted[sensors] = True
        chosen = np.flatnonzero(wanted[row])
        run = Run(row[chosen], time[chosen], value[chosen], tail) if len(chosen) else None
        silent = sensors if run is None else sensors[~np.isin(sensors, run.present)]
        # Sensors that are not in this batch have their two samples of the tail, behind the others.
        old = tail.suspect[silent]
        times = [np.stack([tail.t2[silent], tail.t1[silent]], 1).ravel()]
        values = [np.stack([tail.v2[silent], tail.v1[silent]], 1).ravel()]
        marks = [np.stack([(old & BEFORE) != 0, (old & LAST) != 0], 1).ravel()]
        sensor = [np.repeat(silent, 2)]
        number = [np.full(2 * len(silent), -1, dtype=np.int64)]
        if run is not None:
            entered = run.entered
            reading = run.reading[entered]
            times.insert(0, run.times[entered])
            values.insert(0, run.values[entered])
            marks.insert(0, run.suspects(tail, suspect[chosen]))
            sensor.insert(0, run.sensor[entered].astype(np.int64))
            number.insert(0, np.where(reading < 0, -1, chosen[reading]))
        keys = np.concatenate(sensor) * (len(row) + 1) + np.concatenate(number) + 1
        order = np.argsort(keys, kind="stable")
        self._stride, self._keys = len(row) + 1, keys[order]
        self.times, self.values = np.concatenate(times)[order], np.concatenate(values)[order]
        self.suspect = np.concatenate(marks)[order]
        numbers = np.concatenate(number)[order]
        self._place = {int(n): at for at, n in enumerate(numbers.tolist()) if n >= 0}

    def samples_before(self, sensor: Ints, number: Ints) -> tuple[Ints, Ints]:
        """Places of each sensor's last sample before the reading of that number, and of the one before it."""
        last = np.searchsorted(self._keys, sensor * self._stride + number + 1) - 1
        return last, last - 1

    def mark(self, number: int) -> None:
        """This reading is suspect."""
        at = self._place.get(number)
        if at is not None:
            self.suspect[at] = True
