"""Quality control of readings, in the numbers of QARTOD: range, rate of change, one-sided spike.

Vectorised over a batch that may hold many readings of one sensor. The same readings give the same
flags wherever the batch is cut. Live ingest and backtest call the same `check`.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.observation.flags import Flag
from services.observation.sensor import Sensor

NONE = -(2**62)
"""Time of a sample that is not there; so low that every difference to it still fits int64."""

_DUST = 1e-9
"""Relative slack of differences: 0.3 - 0.2 must not count as more than 0.1."""

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
            *(column(name) for name in ("fail_min", "fail_max", "suspect_min", "suspect_max", "rate_per_s", "spike")),
            np.array([s.interval_s * _WITNESS_INTERVALS * 1e6 for s in listed], dtype=np.int64),
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


def _against_tail(row: Rows, time: Times, value: Values, flag: Flags, limits: Limits, tail: Tail) -> Flags:
    """Rate and spike of readings that passed the range; each sensor's two samples stand before its readings."""
    present = np.unique(row)
    sensors = len(present)
    order = np.argsort(np.concatenate([present, present, row]), kind="stable")
    sensor = np.concatenate([present, present, row])[order]
    times = np.concatenate([tail.t2[present], tail.t1[present], time])[order]
    values = np.concatenate([tail.v2[present], tail.v1[present], value])[order]
    is_reading = order >= 2 * sensors
    newer = _newer(sensor, times)
    entered = np.flatnonzero(~is_reading | newer)
    new = is_reading[entered]
    now, before, earlier = entered[2:][new[2:]], entered[1:-1][new[2:]], entered[:-2][new[2:]]

    result = flag.copy()
    at_late = order[is_reading & ~newer] - 2 * sensors
    result[at_late] = np.where(flag[at_late] == Flag.SUSPECT, Flag.SUSPECT, Flag.NOT_EVALUATED)

    leaps = _leaps(sensor[now], times, values, now, before, earlier, limits)
    result[order[now[leaps]] - 2 * sensors] = Flag.SUSPECT

    ends = np.append(np.flatnonzero(np.diff(sensor[entered])), len(entered) - 1)
    last, last_but_one = entered[ends], entered[ends - 1]
    tail.t1[present], tail.v1[present] = times[last], values[last]
    tail.t2[present], tail.v2[present] = times[last_but_one], values[last_but_one]
    return result


def _newer(sensor: Rows, times: Times) -> NDArray[np.bool_]:
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


def _leaps(
    sensor: Rows,
    times: Times,
    values: Values,
    now: NDArray[np.int64],
    before: NDArray[np.int64],
    earlier: NDArray[np.int64],
    limits: Limits,
) -> NDArray[np.bool_]:
    """Whether each sample changed too fast, or leapt away from both samples before it."""
    known = times[before] != NONE
    with np.errstate(over="ignore"):  # a difference beyond float64 is infinite, and a leap
        step = np.abs(values[now] - values[before])
    slack = _DUST * (np.abs(values[now]) + np.abs(values[before]))
    elapsed_us = times[now] - times[before]
    fast = known & (step > limits.rate_per_s[sensor] * (elapsed_us / 1e6) + slack)

    spike, witness = limits.spike[sensor], limits.witness_us[sensor]
    away = known & (elapsed_us <= witness) & (step > spike + slack)
    second = (times[earlier] != NONE) & (times[now] - times[earlier] <= witness)
    # Back from a spike: far from the spike before, near the sample before that. Not a leap.
    back = second & (np.abs(values[now] - values[earlier]) <= spike + slack)
    return np.asarray(fast | (away & ~back))
