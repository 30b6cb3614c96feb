"""Readings of a batch, sorted by sensor for work in columns; within a sensor in the order they came."""

from bisect import bisect_right
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from services.observation.batch import Batch

_SMALL = 1 << 16
_nothing, _never = np.empty(0, np.int64), np.empty(0, bool)


class Rows:
    """Columns of readings grouped by sensor.

    Attributes:
        sensor, time, value, flag: as in a batch, `sensor` by row of the layout.
        arrival: place of each reading in the batch.
        first: whether it is the first of its sensor. starts: where each sensor begins.
        unique: every sensor has one reading; then nothing was moved, and `odd` and `step` are empty.
        step: µs since the reading before it of the same sensor; 0 for the first.
        odd: FAIL, MISSING or SUSPECT, or not newer than the reading before it.
    """

    __slots__ = (
        "_batch", "_ends", "arrival", "first", "flag", "odd",
        "sensor", "starts", "step", "time", "unique", "value",
    )  # fmt: skip

    def __init__(self, batch: Batch, sensor: NDArray[np.int64], arrival: NDArray[np.int64] | None) -> None:
        """Sort readings of known sensors; `arrival` names them in the batch, None for all of them."""
        self._batch = batch
        self._ends: list[int] | None = None
        count = len(sensor)
        place = np.arange(count)
        self.unique = _unique(sensor, place)
        order: NDArray[np.int64] | None = arrival
        if not self.unique:
            narrow = (
                sensor.astype(np.uint16) if int(sensor.max()) < _SMALL else sensor
            )  # radix sort, not merge sort
            sorting = np.argsort(narrow, kind="stable")
            order = sorting if arrival is None else arrival[sorting]
            sensor = sensor[sorting]
        self.sensor = sensor
        self.arrival = place if order is None else order
        self.time = batch.time if order is None else batch.time[order]
        self.value = batch.value if order is None else batch.value[order]
        self.flag = batch.flag if order is None else batch.flag[order]
        self.first = np.ones(count, bool)
        if not self.unique:
            np.not_equal(sensor[1:], sensor[:-1], out=self.first[1:])
        self.starts = place if self.unique else np.flatnonzero(self.first)
        self.step, self.odd = _nothing, _never
        if not self.unique:
            self.step = np.zeros(count, np.int64)
            np.subtract(self.time[1:], self.time[:-1], out=self.step[1:], where=~self.first[1:])
            self.odd = (self.step <= 0) & ~self.first
            self.odd |= self.flag > 2  # noqa: PLR2004  PASS and NOT_EVALUATED

    def lengths(self) -> NDArray[np.int64]:
        """Number of readings of each sensor."""
        return np.diff(np.append(self.starts, len(self.time)))

    def order_of_arrival(self) -> NDArray[np.int64]:
        """Indices that put the readings back into the order they came."""
        return np.argsort(self.arrival, kind="stable")

    def received(self, at: int) -> int:
        """When a reading was received, µs."""
        if self._ends is None:
            self._ends = list(accumulate(source.rows for source in self._batch.sources))
        return self._batch.sources[bisect_right(self._ends, int(self.arrival[at]))].received_at


def gather(batch: Batch, lookup: NDArray[np.int64]) -> Rows:
    """Readings of the sensors that `lookup` knows, grouped by sensor."""
    if not len(batch.time):
        return Rows(batch, np.empty(0, np.int64), None)
    sensor = lookup[batch.sensor]
    if len(lookup) and lookup.min() >= 0:
        return Rows(batch, sensor, None)
    known = np.flatnonzero(sensor >= 0)
    return Rows(batch, sensor[known], known)


def _unique(sensor: NDArray[np.int64], place: NDArray[np.int64]) -> bool:
    """Whether no sensor comes twice."""
    if len(sensor) < 2:  # noqa: PLR2004
        return True
    if bool((sensor[1:] > sensor[:-1]).all()):
        return True
    mark = np.empty(int(sensor.max()) + 1, np.int64)
    mark[sensor] = place
    return bool((mark[sensor] == place).all())
