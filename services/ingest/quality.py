"""Quality control of readings, in the numbers of QARTOD: range, rate of change, one-sided spike.

Vectorised over a batch that may hold many readings of one sensor. The same readings give the same
flags wherever the batch is cut. Live ingest and backtest call the same `check`.

Over 250 lines: the tests, and the tail they share, cut anywhere with the same result.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.observation.flags import Flag
from services.observation.sensor import Sensor

NONE = -(2**62)
"""Time of a sample that is not there; so low that every difference to it still fits int64."""

_DUST = 1e-9
"""Relative slack of differences: 0.3 - 0.2 must not count as more than 0.1."""

_NUMBER_BITS = 31
"""Room for the number of a reading in its batch; the row of its sensor stands above."""

_WITNESS_INTERVALS = 3
"""A sample older than this many expected intervals is no witness against a leap."""

Rows = NDArray[np.uint32]
Times = NDArray[np.int64]
Values = NDArray[np.float64]
Flags = NDArray[np.uint8]


class Limits(msgspec.Struct):
    """Limits as columns over the sensors, in canonical units; NaN is no limit."""

    fail_min: Values
    fail_max: Values
    suspect_min: Values
    suspect_max: Values
    rate_per_s: Values
    spike: Values
    witness_us: Times

    @classmethod
    def of(cls, sensors: Iterable[Sensor]) -> "Limits":
        """Take the limits of these sensors, in their order."""
        listed = list(sensors)

        def column(name: str) -> Values:
            found = (getattr(sensor, name) for sensor in listed)
            return np.array([np.nan if x is None else x for x in found], dtype=np.float64)

        return cls(
            fail_min=column("fail_min"),
            fail_max=column("fail_max"),
            suspect_min=column("suspect_min"),
            suspect_max=column("suspect_max"),
            rate_per_s=column("rate_per_s"),
            spike=column("spike"),
            witness_us=np.array([s.interval_s * _WITNESS_INTERVALS * 1e6 for s in listed], dtype=np.int64),
        )


class Tail:
    """The last two samples of each sensor: what rate and spike compare with.

    Samples enter in time order. SUSPECT ones enter too, so that a real step, a flood wave, is suspect
    once and then the new normal; FAIL and late ones do not.
    """

    __slots__ = ("t1", "t2", "v1", "v2")

    def __init__(self, sensors: int) -> None:
        """No samples yet. `t1`, `v1` are the last sample, `t2`, `v2` the one before."""
        self.t1 = np.full(sensors, NONE, dtype=np.int64)
        self.t2 = np.full(sensors, NONE, dtype=np.int64)
        self.v1 = np.full(sensors, np.nan)
        self.v2 = np.full(sensors, np.nan)

    def __len__(self) -> int:
        """Return the number of sensors."""
        return len(self.t1)

    def copy_rows(self, rows: Rows) -> tuple[Times, Values, Times, Values]:
        """Samples of these rows, to be put back by `restore_rows`."""
        return self.t1[rows], self.v1[rows], self.t2[rows], self.v2[rows]

    def restore_rows(self, rows: Rows, samples: tuple[Times, Values, Times, Values]) -> None:
        """Undo: the rows hold these samples again."""
        self.t1[rows], self.v1[rows], self.t2[rows], self.v2[rows] = samples

    def enter(self, row: Rows, time: Times, value: Values) -> None:
        """Let samples enter that were flagged before; those not newer are left out, as `check` did."""
        if len(row):
            _Run(row, time, value, self).move(self)


def check(row: Rows, time: Times, value: Values, limits: Limits, tail: Tail) -> Flags:
    """Flag readings in the order of their arrival, and move `tail` on.

    Args:
        row: (n,) row of each reading's sensor in `limits` and `tail`.
        time: (n,) µs UTC.
        value: (n,) canonical unit; NaN is MISSING.
        limits: of all sensors.
        tail: of all sensors; updated in place.

    Returns:
        (n,) QARTOD flags. A value exactly at a limit is inside. A sensor's first reading passes the
        tests that need memory. A reading not newer than its sensor's last is NOT_EVALUATED by them.
    """
    flag = check_range(row, value, limits)
    enters = np.flatnonzero((flag == Flag.PASS) | (flag == Flag.SUSPECT))
    if len(enters):
        flag[enters] = _against_tail(row[enters], time[enters], value[enters], flag[enters], limits, tail)
    return flag


def check_range(row: Rows, value: Values, limits: Limits) -> Flags:
    """Flag by range alone: PASS, SUSPECT, FAIL, or MISSING for NaN."""
    flag = np.full(len(row), Flag.PASS, dtype=np.uint8)
    # A comparison with NaN is False, which is what "no limit" means.
    flag[(value < limits.suspect_min[row]) | (value > limits.suspect_max[row])] = Flag.SUSPECT
    flag[(value < limits.fail_min[row]) | (value > limits.fail_max[row]) | np.isinf(value)] = Flag.FAIL
    flag[np.isnan(value)] = Flag.MISSING
    return flag


def _against_tail(  # noqa: PLR0913  the columns of `check`, and its flags so far
    row: Rows, time: Times, value: Values, flag: Flags, limits: Limits, tail: Tail
) -> Flags:
    """Rate and spike of readings that passed the range."""
    if _each_once(row):
        return _each_against_tail(row, time, value, flag, limits, tail)
    run = _Run(row, time, value, tail)
    result = np.where((flag == Flag.PASS) & run.late(), np.uint8(Flag.NOT_EVALUATED), flag)
    result[run.leaping(limits)] = Flag.SUSPECT
    run.move(tail)
    return result


def _each_once(row: Rows) -> bool:
    ordered = np.sort(row)
    return bool((ordered[1:] != ordered[:-1]).all())


def _each_against_tail(  # noqa: PLR0913  as above
    row: Rows, time: Times, value: Values, flag: Flags, limits: Limits, tail: Tail
) -> Flags:
    """The same where no sensor comes twice: nothing to group, a third of the work."""
    samples = tail.copy_rows(row)
    newer = time > samples[0]
    result = np.where((flag == Flag.PASS) & ~newer, np.uint8(Flag.NOT_EVALUATED), flag)
    if not _unlimited(row, limits):
        result[newer & _leaps(row, time, value, samples, limits)] = Flag.SUSPECT
    moved = row[newer]
    tail.restore_rows(moved, (time[newer], value[newer], samples[0][newer], samples[1][newer]))
    return result


class _Run:
    """Readings grouped by sensor, in the order of arrival, each sensor's two samples before its own.

    `entered` are the positions that are samples: the old ones, and each reading newer than all before.
    So the two samples before a reading are simply the two entered positions before it.
    """

    def __init__(self, row: Rows, time: Times, value: Values, tail: Tail) -> None:
        # Sensor and number in one integer: numpy sorts those ten times faster than `argsort` stably.
        key = np.sort((row.astype(np.int64) << _NUMBER_BITS) | np.arange(len(row)))
        order = key & ((1 << _NUMBER_BITS) - 1)
        sensor = key >> _NUMBER_BITS
        begins = np.concatenate([[True], sensor[1:] != sensor[:-1]])
        starts = np.flatnonzero(begins)
        self._present = sensor[starts]
        old = starts + 2 * np.arange(len(starts))  # where each sensor's two samples stand
        readings = np.arange(len(row)) + 2 * np.cumsum(begins)
        size = len(row) + 2 * len(starts)
        self._reading = np.full(size, -1, dtype=np.int64)  # number of the reading; -1: a sample of the tail
        self._reading[readings] = order
        self.sensor = np.repeat(self._present, np.diff(np.append(old, size)))
        self.times = _laid(size, readings, time[order], old, tail.t2[self._present], tail.t1[self._present])
        self.values = _laid(size, readings, value[order], old, tail.v2[self._present], tail.v1[self._present])
        self._newer = _newer(self.sensor, self.times)
        self._entered = np.flatnonzero((self._reading < 0) | self._newer)
        self._rows = len(row)

    def late(self) -> NDArray[np.bool_]:
        """Whether each reading is not newer than its sensor's last sample."""
        late = np.zeros(self._rows, dtype=bool)
        late[self._reading[(self._reading >= 0) & ~self._newer]] = True
        return late

    def leaping(self, limits: Limits) -> NDArray[np.int64]:
        """Readings that changed too fast, or leapt away from both samples before them."""
        if _unlimited(self._present, limits):
            return np.empty(0, dtype=np.int64)
        new = self._reading[self._entered[2:]] >= 0
        now, before, earlier = self._entered[2:][new], self._entered[1:-1][new], self._entered[:-2][new]
        samples = (self.times[before], self.values[before], self.times[earlier], self.values[earlier])
        leaps = _leaps(self.sensor[now], self.times[now], self.values[now], samples, limits)
        return self._reading[now[leaps]]

    def move(self, tail: Tail) -> None:
        """The last two samples of each sensor become its tail."""
        entered, present = self._entered, self._present
        ends = np.append(np.flatnonzero(np.diff(self.sensor[entered])), len(entered) - 1)
        last, last_but_one = entered[ends], entered[ends - 1]
        tail.t1[present], tail.v1[present] = self.times[last], self.values[last]
        tail.t2[present], tail.v2[present] = self.times[last_but_one], self.values[last_but_one]


def _laid(
    size: int, readings: NDArray[np.int64], new: NDArray[Any], old: NDArray[np.int64], *samples: NDArray[Any]
) -> NDArray[Any]:
    laid = np.empty(size, dtype=new.dtype)
    laid[readings] = new
    for nth, sample in enumerate(samples):
        laid[old + nth] = sample
    return laid


def _newer(sensor: NDArray[np.int64], times: Times) -> NDArray[np.bool_]:
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


def _unlimited(rows: NDArray[Any], limits: Limits) -> bool:
    """Whether none of these sensors has a limit of change; asking is cheaper than comparing with none."""
    return bool(np.isnan(limits.rate_per_s[rows]).all() and np.isnan(limits.spike[rows]).all())


def _leaps(
    sensor: NDArray[Any],
    time: Times,
    value: Values,
    samples: tuple[Times, Values, Times, Values],
    limits: Limits,
) -> NDArray[np.bool_]:
    """Whether each reading changed too fast since its last sample, or leapt away from both before it."""
    t1, v1, t2, v2 = samples
    known = t1 != NONE
    with np.errstate(over="ignore"):  # a difference beyond float64 is infinite, and a leap
        step = np.abs(value - v1)
        back = np.abs(value - v2)
    slack = _DUST * (np.abs(value) + np.abs(v1))
    elapsed_us = time - t1
    fast = step > limits.rate_per_s[sensor] * (elapsed_us / 1e6) + slack
    most = limits.spike[sensor] + slack
    witness = limits.witness_us[sensor]
    away = (step > most) & (elapsed_us <= witness)
    # Back from a spike: far from the spike before, near the sample before that. Not a leap.
    away &= ~((back <= most) & (t2 != NONE) & (time - t2 <= witness))
    return np.asarray(known & (fast | away))
