"""The last samples of each sensor, and a batch laid out behind them: what a reading is compared with.

Pure. `Run` is the exact form for any batch; `quality` uses it only where a batch holds something odd.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE = -(2**62)
"""Time of a sample that is not there; so low that every difference to it still fits int64."""

_NUMBER_BITS = 31
"""Room for the number of a reading in its batch; the row of its sensor stands above."""

_NARROW = 1 << 16

Rows = NDArray[np.uint32]
Times = NDArray[np.int64]
Values = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bits = NDArray[np.uint8]
Ints = NDArray[np.int64]

Samples = tuple[Times, Values, Times, Values]
"""Times and values of the last sample and of the one before it."""

LAST, BEFORE = np.uint8(1), np.uint8(2)
"""Bits of `Tail.suspect`."""


class Tail:
    """The last two samples of each sensor.

    Samples enter in time order. SUSPECT ones enter too, so that a real step, a flood wave, is suspect
    once and then the new normal; FAIL and late ones do not.
    """

    __slots__ = ("_mark", "suspect", "t1", "t2", "v1", "v2")

    def __init__(self, sensors: int) -> None:
        """No samples yet.

        `t1`, `v1` are the last sample, `t2`, `v2` the one before; `suspect` has a bit for each of the two.
        """
        self.t1 = np.full(sensors, NONE, dtype=np.int64)
        self.t2 = np.full(sensors, NONE, dtype=np.int64)
        self.v1 = np.full(sensors, np.nan)
        self.v2 = np.full(sensors, np.nan)
        self.suspect = np.zeros(sensors, dtype=np.uint8)
        self._mark = np.zeros(sensors, dtype=np.uint32)

    def __len__(self) -> int:
        """Return the number of sensors."""
        return len(self.t1)

    def copy_rows(self, rows: NDArray[Any]) -> tuple[Times, Values, Times, Values, Bits]:
        """Samples of these rows, to be put back by `restore_rows`."""
        return self.t1[rows], self.v1[rows], self.t2[rows], self.v2[rows], self.suspect[rows]

    def restore_rows(self, rows: NDArray[Any], samples: tuple[Times, Values, Times, Values, Bits]) -> None:
        """Undo: the rows hold these samples again."""
        self.t1[rows], self.v1[rows], self.t2[rows], self.v2[rows], self.suspect[rows] = samples

    def enter(self, row: Rows, time: Times, value: Values, suspect: Bools) -> None:
        """Let samples enter that were flagged before; those not newer are left out, as `check` did."""
        if len(row):
            Run(row, time, value, self).move(self, suspect)

    def distinct(self, row: Rows) -> Rows:
        """Each of these rows once, in no order that means anything; without sorting."""
        numbers = np.arange(len(row), dtype=np.uint32)
        self._mark[row] = numbers
        found: Rows = row[self._mark[row] == numbers]
        return found

    def each_once(self, row: Rows) -> bool:
        """Whether no row comes twice."""
        return len(row) <= len(self) and len(self.distinct(row)) == len(row)


def grouping(row: Rows, sensors: int) -> Ints:
    """(n,) order that puts the readings of each sensor together, as they came; rows are below `sensors`."""
    if sensors <= _NARROW:
        return np.argsort(row.astype(np.uint16), kind="stable")  # a radix sort
    # Sensor and number in one integer: numpy sorts those ten times faster than `argsort` stably.
    key = np.sort((row.astype(np.int64) << _NUMBER_BITS) | np.arange(len(row)))
    return key & ((1 << _NUMBER_BITS) - 1)


class Run:
    """Readings grouped by sensor, in the order of arrival, each sensor's two samples before its own.

    `entered` are the positions that are samples: the old ones, and each reading newer than all before.
    So the two samples before a reading are simply the two entered positions before it.

    Attributes:
        present: sensors that have a reading, ascending.
        sensor, times, values: by position.
        reading: number of the reading; -1: a sample of the tail.
        entered: positions of samples, ascending.
    """

    def __init__(self, row: Rows, time: Times, value: Values, tail: Tail) -> None:
        """Lay out these readings, in the order of their arrival, behind the samples of the tail."""
        order = grouping(row, len(tail))
        sensor = row[order]
        begins = np.concatenate([[True], sensor[1:] != sensor[:-1]])
        starts = np.flatnonzero(begins)
        self.present = sensor[starts]
        old = starts + 2 * np.arange(len(starts))  # where each sensor's two samples stand
        readings = np.arange(len(row)) + 2 * np.cumsum(begins)
        size = len(row) + 2 * len(starts)
        self.reading = np.full(size, -1, dtype=np.int64)
        self.reading[readings] = order
        self.sensor = np.repeat(self.present, np.diff(np.append(old, size)))
        self.times = _laid(size, readings, time[order], old, tail.t2[self.present], tail.t1[self.present])
        self.values = _laid(size, readings, value[order], old, tail.v2[self.present], tail.v1[self.present])
        self._newer = _newer(self.sensor, self.times)
        self.entered = np.flatnonzero((self.reading < 0) | self._newer)
        self._rows = len(row)

    def late(self) -> Bools:
        """(n,) whether each reading is not newer than its sensor's last sample."""
        late = np.zeros(self._rows, dtype=bool)
        late[self.reading[(self.reading >= 0) & ~self._newer]] = True
        return late

    def new(self) -> tuple[Ints, Samples]:
        """(m,) numbers of the readings that entered, and the two samples before each: (m,) µs UTC, values."""
        new = self.reading[self.entered[2:]] >= 0
        now, before, earlier = self.entered[2:][new], self.entered[1:-1][new], self.entered[:-2][new]
        return self.reading[now], (
            self.times[before],
            self.values[before],
            self.times[earlier],
            self.values[earlier],
        )

    def suspects(self, tail: Tail, suspect: Bools) -> Bools:
        """By entry of `entered`: whether that sample is suspect, the tail's own included."""
        reading = self.reading[self.entered]
        found = np.zeros(len(reading), dtype=bool)
        found[reading >= 0] = suspect[reading[reading >= 0]]
        old = np.flatnonzero(reading < 0)  # two for each sensor: the one before the last, and the last
        bits = tail.suspect[self.sensor[self.entered[old]]]
        found[old[::2]] = (bits[::2] & BEFORE) != 0
        found[old[1::2]] = (bits[1::2] & LAST) != 0
        return found

    def move(self, tail: Tail, suspect: Bools) -> None:
        """The last two samples of each sensor become its tail; `suspect`: (n,) by reading."""
        entered, present = self.entered, self.present
        ends = np.append(np.flatnonzero(np.diff(self.sensor[entered])), len(entered) - 1)
        marks = self.suspects(tail, suspect)
        last, before = entered[ends], entered[ends - 1]
        tail.t1[present], tail.v1[present] = self.times[last], self.values[last]
        tail.t2[present], tail.v2[present] = self.times[before], self.values[before]
        tail.suspect[present] = marks[ends] * LAST | marks[ends - 1] * BEFORE


def _laid(size: int, readings: Ints, new: NDArray[Any], old: Ints, *samples: NDArray[Any]) -> NDArray[Any]:
    laid = np.empty(size, dtype=new.dtype)
    laid[readings] = new
    for nth, sample in enumerate(samples):
        laid[old + nth] = sample
    return laid


def _newer(sensor: Rows, times: Times) -> Bools:
    """Whether each sample is newer than all before it of its sensor (sensors are contiguous)."""
    same = sensor[1:] == sensor[:-1]
    newer = np.ones(len(sensor), dtype=bool)
    newer[1:] = (times[1:] > times[:-1]) | ~same
    if newer[1:].all() or not (same & (times[1:] < times[:-1])).any():
        return newer
    # Some go back in time: a running maximum per sensor, as one over (sensor, rank of time).
    # Ranks, because µs times the number of sensors would not fit int64.
    rank = np.unique(times, return_inverse=True)[1].astype(np.int64)
    key = np.concatenate([[0], np.cumsum(~same)]) * (len(sensor) + 1) + rank
    newer[1:] = (key[1:] > np.maximum.accumulate(key)[:-1]) | ~same
    return newer
