"""Quality control: against a slow reference, wherever the batch is cut, and at each limit."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.quality import NONE, Limits, Tail, check
from services.observation.sensor import Sensor

SECOND = 1_000_000
NAN = float("nan")


class Reading(NamedTuple):
    row: int
    time: int
    value: float


def limits(
    sensors: int = 3, *, interval_s: float = 60.0, rate: float | None = 0.5, spike: float | None = 2.0
) -> Limits:
    return Limits.of(
        Sensor(f"s.p{n}", "s", "p", "m", "m", interval_s, "periodic", "measured", -10, 10, -5, 5, rate, spike)
        for n in range(sensors)
    )


def flags(readings: list[Reading], of: Limits, tail: Tail) -> list[int]:
    rows = np.array([r.row for r in readings], dtype=np.uint32)
    times = np.array([r.time for r in readings], dtype=np.int64)
    values = np.array([r.value for r in readings], dtype=np.float64)
    return [int(flag) for flag in check(rows, times, values, of, tail)]


def series(*values: float, step_s: float = 60.0) -> list[Reading]:
    return [Reading(0, int((n + 1) * step_s * SECOND), value) for n, value in enumerate(values)]


def reference(readings: list[Reading], of: Limits, sensors: int) -> list[int]:
    """One reading at a time, as a person would do it on paper."""
    samples: list[list[tuple[int, float]]] = [[] for _ in range(sensors)]
    out = []
    for row, time, value in readings:
        if np.isnan(value):
            out.append(9)
            continue
        if value < of.fail_min[row] or value > of.fail_max[row]:
            out.append(4)
            continue
        suspect = value < of.suspect_min[row] or value > of.suspect_max[row]
        known = samples[row]
        if known and time <= known[-1][0]:
            out.append(3 if suspect else 2)
            continue
        if known:
            last_time, last = known[-1]
            slack = 1e-9 * (abs(value) + abs(last))
            suspect = suspect or abs(value - last) > of.rate_per_s[row] * ((time - last_time) / 1e6) + slack
            witnesses = [v for t, v in known[-2:] if time - t <= of.witness_us[row]]
            if time - last_time <= of.witness_us[row]:
                suspect = suspect or all(abs(value - v) > of.spike[row] + slack for v in witnesses)
        known.append((time, value))
        out.append(3 if suspect else 1)
    return out


some_readings = st.lists(
    st.builds(
        Reading,
        st.integers(0, 2),
        st.integers(0, 20).map(lambda s: 20 * s * SECOND),
        st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 4.0, 5.0, 5.5, 8.0, 10.0, 10.5, -3.0, NAN]),
    ),
    max_size=40,
)


@given(some_readings)
def test_it_equals_the_reference(readings: list[Reading]) -> None:
    assert flags(readings, limits(), Tail(3)) == reference(readings, limits(), 3)


@given(some_readings, st.lists(st.integers(0, 40), max_size=6))
def test_a_cut_anywhere_changes_no_flag(readings: list[Reading], cuts: list[int]) -> None:
    whole, parts = Tail(3), Tail(3)
    expected = flags(readings, limits(), whole)
    edges = [0, *sorted(min(c, len(readings)) for c in cuts), len(readings)]
    got = [f for a, b in pairwise(edges) for f in flags(readings[a:b], limits(), parts)]
    assert got == expected
    for name in ("t1", "v1", "t2", "v2", "suspect"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@given(some_readings)
def test_entering_what_was_flagged_gives_the_same_tail(readings: list[Reading]) -> None:
    live, folded = Tail(3), Tail(3)
    given_flags = flags(readings, limits(), live)
    entering = [r for r, f in zip(readings, given_flags, strict=True) if f not in (4, 9)]
    folded.enter(
        np.array([r.row for r in entering], dtype=np.uint32),
        np.array([r.time for r in entering], dtype=np.int64),
        np.array([r.value for r in entering]),
        np.array([f == 3 for f in given_flags if f not in (4, 9)], dtype=bool),
    )
    np.testing.assert_array_equal(live.suspect, folded.suspect)
    np.testing.assert_array_equal(live.t1, folded.t1)
    np.testing.assert_array_equal(live.v2, folded.v2)


def test_no_readings_no_flags() -> None:
    assert flags([], limits(), Tail(3)) == []


def test_nothing_but_nan_is_missing_and_enters_nothing() -> None:
    tail = Tail(3)
    assert flags(series(NAN, NAN), limits(), tail) == [9, 9]
    assert tail.t1[0] == NONE


@pytest.mark.parametrize(
    ("value", "flag"),
    [(5.0, 1), (5.000001, 3), (10.0, 3), (10.000001, 4), (-5.0, 1), (-10.0, 3), (-10.1, 4), (np.inf, 4)],
)
def test_exactly_at_a_limit_is_inside(value: float, flag: int) -> None:
    assert flags(series(value), limits(), Tail(3)) == [flag]


def test_the_first_reading_of_a_sensor_passes() -> None:
    assert flags(series(4.9), limits(), Tail(3)) == [1]


def test_a_change_exactly_at_the_rate_is_inside() -> None:
    of = limits(rate=0.1, spike=None)
    assert flags(series(0.7, 0.8, step_s=1), of, Tail(3)) == [1, 1]
    assert flags(series(0.7, 0.81, step_s=1), of, Tail(3)) == [1, 3]


def test_a_spike_is_suspect_and_the_way_back_is_not() -> None:
    assert flags(series(1, 1, 4, 1, 1), limits(rate=None), Tail(3)) == [1, 1, 3, 1, 1]


def test_a_step_is_suspect_once_and_then_the_new_normal() -> None:
    assert flags(series(1, 1, 4, 4, 4.5), limits(rate=None), Tail(3)) == [1, 1, 3, 1, 1]


def test_a_failed_reading_is_no_witness() -> None:
    assert flags(series(1, 99, 1.5), limits(), Tail(3)) == [1, 4, 1]


def test_after_a_long_gap_there_is_no_spike_to_see() -> None:
    assert flags([Reading(0, SECOND, 1.0), Reading(0, 7200 * SECOND, 4.0)], limits(rate=None), Tail(3)) == [
        1,
        1,
    ]


def test_a_late_reading_and_one_of_the_same_time_are_not_evaluated_and_move_nothing() -> None:
    tail = Tail(3)
    readings = [Reading(0, 60 * SECOND, 1.0), Reading(0, 30 * SECOND, 1.0), Reading(0, 60 * SECOND, 1.1)]
    assert flags(readings, limits(), tail) == [1, 2, 2]
    assert flags(readings[2:], limits(), tail) == [2]
    assert (tail.t1[0], tail.v1[0], tail.t2[0]) == (60 * SECOND, 1.0, NONE)


def test_a_late_reading_out_of_range_still_fails() -> None:
    assert flags([Reading(0, 60 * SECOND, 1.0), Reading(0, SECOND, 99.0)], limits(), Tail(3)) == [1, 4]


def test_a_sensor_without_limits_passes() -> None:
    free = Limits.of(
        [Sensor("s.p", "s", "p", "m", "m", 60, "periodic", "measured", None, None, None, None, None, None)]
    )
    assert flags(series(1e300, -1e300), free, Tail(1)) == [1, 1]


def test_rows_can_be_put_back() -> None:
    tail = Tail(3)
    flags(series(1, 2), limits(), tail)
    rows = np.array([0], dtype=np.uint32)
    before = tail.copy_rows(rows)
    flags([Reading(0, 600 * SECOND, 2.5)], limits(), tail)
    tail.restore_rows(rows, before)
    assert (tail.v1[0], tail.v2[0]) == (2, 1)
