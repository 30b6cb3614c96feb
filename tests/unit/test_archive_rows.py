"""Rows before they are written: order, repeats, and which can't be in the database yet."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.archive import copy
from services.ingest.archive import rows as pure
from services.ingest.archive.rows import ANYTHING, NOTHING, Rows
from services.observation.sensor import CANARY
from tests.support.archive import T0, Pack, batch_of


def make(lines: list[tuple[int, int, float]]) -> Rows:
    """Rows of (sensor, time, value), each of a source of its own."""
    return Rows(
        np.array([line[0] for line in lines], np.int32),
        np.array([line[1] for line in lines], np.int64),
        np.array([line[2] for line in lines], np.float64),
        np.ones(len(lines), np.uint8),
        np.zeros(len(lines), np.int64),
        np.arange(len(lines), dtype=np.int32),
    )


values = st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf])


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4), values), max_size=25))
def test_of_each_key_the_first_stays_and_the_others_are_told_apart_by_value(
    lines: list[tuple[int, int, float]],
) -> None:
    first: dict[tuple[int, int], float] = {}
    duplicates: list[int] = []
    conflicts: list[int] = []
    for at, (sensor, time, value) in enumerate(lines):
        if (sensor, time) not in first:
            first[sensor, time] = value
        else:
            kept = first[sensor, time]
            same = kept == value or (math.isnan(kept) and math.isnan(value))
            (duplicates if same else conflicts).append(at)
    settled = pure.settle(make(lines))
    keys = list(zip(settled.rows.sensor.tolist(), settled.rows.time.tolist(), strict=True))
    assert keys == sorted(first)
    assert [repr(v) for v in settled.rows.value.tolist()] == [repr(first[key]) for key in keys]
    assert sorted(settled.duplicates.tolist()) == duplicates
    assert sorted(settled.conflicts.tolist()) == conflicts


@given(
    st.dictionaries(st.tuples(st.integers(1, 3), st.integers(0, 6)), values, max_size=12),
    st.dictionaries(st.tuples(st.integers(1, 3), st.integers(0, 6)), values, max_size=12),
)
def test_what_is_there_is_recognised_and_compared(
    there: dict[tuple[int, int], float], come: dict[tuple[int, int], float]
) -> None:
    rows = make([(*key, value) for key, value in sorted(come.items())])
    before = make([(*key, value) for key, value in there.items()])
    columns = copy.decode(
        copy.FOUND, copy.encode(copy.FOUND, (before.sensor, copy.timestamps(before.time), before.value))
    )
    found, same = pure.match(rows, columns)
    keys = sorted(come)
    assert found.tolist() == [key in there for key in keys]
    assert same.tolist() == [
        key in there and (there[key] == come[key] or (math.isnan(there[key]) and math.isnan(come[key])))
        for key in keys
    ]


def test_only_what_is_newer_than_the_ceiling_is_surely_new() -> None:
    ceiling = np.array([0, 5, NOTHING, ANYTHING], np.int64)
    given_rows = make([(1, 5, 0.0), (1, 6, 0.0), (2, -9, 0.0), (3, 2**60, 0.0)])
    assert pure.surely_new(given_rows, ceiling).tolist() == [False, True, True, False]


def test_first_and_last_time_of_each_sensor() -> None:
    given_rows = make([(1, 5, 0.0), (1, 6, 0.0), (4, 2, 0.0)])
    assert [column.tolist() for column in pure.oldest(given_rows)] == [[1, 4], [5, 2]]
    assert [column.tolist() for column in pure.newest(given_rows)] == [[1, 4], [6, 2]]


def test_nothing_has_no_ends() -> None:
    assert len(pure.newest(make([]))[0]) == len(pure.oldest(make([]))[0]) == 0
    assert len(pure.settle(make([])).rows.sensor) == 0


def test_rows_of_several_batches_keep_their_order_and_their_source() -> None:
    one = batch_of([Pack("g", "b", 1, (("a.x", T0, 1.0),)), Pack("g", "b", 2, ())])
    two = batch_of([Pack("g", "b", 3, (("b.x", T0, 2.0), (CANARY, T0 + 5, 0.0), ("a.x", T0 + 1, 3.0)))])
    ids = {"a.x": 7, "b.x": 9}
    found = pure.gather([one, two], ids)
    assert found.sensor.tolist() == [7, 9, 7]
    assert found.value.tolist() == [1.0, 2.0, 3.0]
    assert found.source.tolist() == [0, 2, 2]
    assert pure.unknown_names([one, two], {"a.x": 7}) == ["b.x"]
    assert pure.canary_time([one]) is None
    assert pure.canary_time([one, two]) == T0 + 5
