"""Quality control of readings, in the numbers of QARTOD: range, rate of change, one-sided spike, neighbours.

Vectorised over a batch that may hold many readings of one sensor. The same readings give the same
flags wherever the batch is cut. Live ingest and backtest call the same `check`. What is calm, which is
nearly all, costs a few operations on columns; only readings that moved further than some limit are looked at
one test after the other.

Over 250 lines: all tests of one reading, in one place.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from services.ingest.groups import Groups
from services.ingest.neighbours import Leaps, Neighbours, judge, leaping
from services.ingest.samples import (
    BEFORE,
    LAST,
    NONE,
    Bits,
    Bools,
    Ints,
    Rows,
    Run,
    Samples,
    Tail,
    Times,
    Values,
)
from services.observation.flags import Flag
from services.observation.sensor import Sensor

__all__ = ["NONE", "Limits", "Tail", "check", "check_range"]

_DUST = 1e-9
"""Relative slack of differences: 0.3 - 0.2 must not count as more than 0.1."""

_WITNESS_INTERVALS = 3
"""A sample older than this many expected intervals is no witness against a leap."""

_MOST = np.finfo(np.float64).max


class Limits(msgspec.Struct):
    """Limits as columns over the sensors, in canonical units; NaN is no limit.

    `calm_min`, `calm_max`: what lies within is neither FAIL nor SUSPECT. `step`: a smaller change is neither
    a spike nor a leap. These are never NaN. `rates`: whether any sensor has a limit of its rate.
    """

    fail_min: Values
    fail_max: Values
    suspect_min: Values
    suspect_max: Values
    rate_per_s: Values
    spike: Values
    witness_us: Times
    calm_min: Values
    calm_max: Values
    step: Values
    rates: bool
    neighbours: Neighbours | None

    @classmethod
    def of(cls, sensors: Iterable[Sensor], neighbours: Neighbours | None = None) -> "Limits":
        """Take the limits of these sensors, in their order; `neighbours` is of the same sensors."""
        listed = list(sensors)

        def column(name: str) -> Values:
            found = (getattr(sensor, name) for sensor in listed)
            return np.array([np.nan if x is None else x for x in found], dtype=np.float64)

        fail_min, fail_max = column("fail_min"), column("fail_max")
        suspect_min, suspect_max = column("suspect_min"), column("suspect_max")
        rate, spike = column("rate_per_s"), column("spike")
        step = np.where(np.isnan(spike), np.inf, spike)
        if neighbours is not None:
            step = np.fmin(step, neighbours.leap)
        return cls(
            fail_min=fail_min,
            fail_max=fail_max,
            suspect_min=suspect_min,
            suspect_max=suspect_max,
            rate_per_s=rate,
            spike=spike,
            witness_us=np.array([s.interval_s * _WITNESS_INTERVALS * 1e6 for s in listed], dtype=np.int64),
            # The largest number there is stands for no limit, so that infinity is outside.
            calm_min=np.fmax(np.fmax(fail_min, suspect_min), -_MOST),
            calm_max=np.fmin(np.fmin(fail_max, suspect_max), _MOST),
            step=step,
            rates=not bool(np.isnan(rate).all()),
            neighbours=neighbours,
        )


def check(row: Rows, time: Times, value: Values, limits: Limits, tail: Tail) -> Bits:
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
    flag = np.full(len(row), Flag.PASS, dtype=np.uint8)
    inside = value >= limits.calm_min[row]  # False for NaN
    inside &= value <= limits.calm_max[row]
    if not inside.all():
        outside = np.flatnonzero(~inside)
        flag[outside] = check_range(row[outside], value[outside], limits)
        enters = np.flatnonzero((flag == Flag.PASS) | (flag == Flag.SUSPECT))
        if len(enters) < len(row):
            if len(enters):
                found = flag[enters]
                _against_tail(_Batch(row[enters], time[enters], value[enters], found, limits, tail))
                flag[enters] = found
            return flag
    if len(row):
        _against_tail(_Batch(row, time, value, flag, limits, tail))
    return flag


def check_range(row: Rows, value: Values, limits: Limits) -> Bits:
    """Flag by range alone: PASS, SUSPECT, FAIL, or MISSING for NaN."""
    flag = np.full(len(row), Flag.PASS, dtype=np.uint8)
    # A comparison with NaN is False, which is what "no limit" means.
    flag[(value < limits.suspect_min[row]) | (value > limits.suspect_max[row])] = Flag.SUSPECT
    flag[(value < limits.fail_min[row]) | (value > limits.fail_max[row]) | np.isinf(value)] = Flag.FAIL
    flag[np.isnan(value)] = Flag.MISSING
    return flag


class _Batch(msgspec.Struct):
    """Readings that passed the range, in the order of arrival; `flag` is written to."""

    row: Rows
    time: Times
    value: Values
    flag: Bits
    limits: Limits
    tail: Tail


def _against_tail(batch: _Batch) -> None:
    """Rate, spike and neighbours."""
    if batch.tail.each_once(batch.row):
        _each_once(batch)
    else:
        _grouped(batch)


def _each_once(batch: _Batch) -> None:
    """No sensor comes twice: nothing to group."""
    row, time, value, tail, limits = batch.row, batch.time, batch.value, batch.tail, batch.limits
    t1, v1, t2, v2, suspect = tail.copy_rows(row)
    elapsed = time - t1
    newer = elapsed > 0
    loud = newer & _loud(
        value, v1, elapsed, limits.step[row], limits.rate_per_s[row] if limits.rates else None
    )
    some_late = not newer.all()
    if some_late:
        batch.flag[~newer & (batch.flag == Flag.PASS)] = Flag.NOT_EVALUATED
    if loud.any():
        at = np.flatnonzero(loud)
        _judge(batch, at, (t1[at], v1[at], t2[at], v2[at]))
    marks = (batch.flag == Flag.SUSPECT) * LAST | (suspect & LAST) * BEFORE
    if some_late:
        moved = (time[newer], value[newer], t1[newer], v1[newer], marks[newer])
        tail.restore_rows(row[newer], moved)
    else:
        tail.restore_rows(row, (time, value, t1, v1, marks))


def _grouped(batch: _Batch) -> None:
    """Readings of each sensor side by side, so that the sample before most of them stands before them."""
    groups = Groups(batch.row, batch.time, batch.value, batch.tail)
    limits, present, lengths = batch.limits, groups.present, groups.lengths
    rate = np.repeat(limits.rate_per_s[present], lengths) if limits.rates else None
    allowed = np.repeat(limits.step[present], lengths)
    loud = _loud(groups.value, groups.values_before(), groups.elapsed, allowed, rate)
    late = groups.elapsed <= 0
    if not late.any():
        if loud.any():
            at = np.flatnonzero(loud)
            _judge(batch, groups.order[at], groups.samples_before(at))
        groups.move(batch.tail, batch.flag == Flag.SUSPECT, None)
        return
    # Sensors with a reading not newer than the one before it take the exact form, all of their readings.
    odd = np.logical_or.reduceat(late, groups.starts)
    at = np.repeat(odd, groups.lengths)
    numbers = np.sort(groups.order[at])
    run = Run(batch.row[numbers], batch.time[numbers], batch.value[numbers], batch.tail)
    behind = numbers[run.late()]
    batch.flag[behind[batch.flag[behind] == Flag.PASS]] = Flag.NOT_EVALUATED
    new, samples = run.new()
    beside = np.flatnonzero(loud & ~at)
    every = zip(samples, groups.samples_before(beside), strict=True)
    _judge(
        batch,
        np.concatenate([numbers[new], groups.order[beside]]),
        tuple(np.concatenate(two) for two in every),  # type: ignore[arg-type]  # four and four give four
    )
    run.move(batch.tail, batch.flag[numbers] == Flag.SUSPECT)
    groups.move(batch.tail, batch.flag == Flag.SUSPECT, ~odd)


def _loud(value: Values, before: Values, elapsed: Times, allowed: Values, rate: Values | None) -> Bools:
    """Whether a reading moved far enough to be worth a look: asks a little too much, never too little."""
    with np.errstate(over="ignore", invalid="ignore"):  # a difference beyond float64 is infinite, and loud
        step = np.abs(value - before)
        loud: Bools = step > allowed
        if rate is not None:
            loud |= step > rate * (elapsed / 1e6)
    return loud


def _judge(batch: _Batch, number: Ints, samples: Samples) -> None:
    """Flag the readings of these numbers that changed too fast, leapt, or leapt alone."""
    limits = batch.limits
    row, time, value = batch.row[number], batch.time[number], batch.value[number]
    batch.flag[number[_leaps(row, time, value, samples, limits)]] = Flag.SUSPECT
    neighbours = limits.neighbours
    if neighbours is None:
        return
    doubtful = leaping(row, time, value, samples, limits.witness_us[row], neighbours)
    doubtful &= batch.flag[number] != Flag.SUSPECT
    at = np.flatnonzero(doubtful)
    if len(at):
        at = at[np.argsort(number[at])]
        suspect = batch.flag == Flag.SUSPECT
        leaps = Leaps(number[at], time[at], value[at], samples[0][at], samples[1][at])
        judge(leaps, batch.row, batch.time, batch.value, suspect, batch.tail, neighbours)
        batch.flag[suspect] = Flag.SUSPECT


def _leaps(row: Rows, time: Times, value: Values, samples: Samples, limits: Limits) -> Bools:
    """Whether each reading changed too fast since its last sample, or leapt away from both before it."""
    t1, v1, t2, v2 = samples
    known = t1 != NONE
    with np.errstate(over="ignore"):  # a difference beyond float64 is infinite, and a leap
        step = np.abs(value - v1)
        back = np.abs(value - v2)
    slack = _DUST * (np.abs(value) + np.abs(v1))
    elapsed_us = time - t1
    fast = step > limits.rate_per_s[row] * (elapsed_us / 1e6) + slack
    most = limits.spike[row] + slack
    witness = limits.witness_us[row]
    away = (step > most) & (elapsed_us <= witness)
    # Back from a spike: far from the spike before, near the sample before that. Not a leap.
    away &= ~((back <= most) & (t2 != NONE) & (time - t2 <= witness))
    return np.asarray(known & (fast | away))
