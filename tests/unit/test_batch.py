"""Batches: columns on their way."""

import struct
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation import batch as batches
from services.observation.batch import Batch, BatchError, Source

names = st.sampled_from(["a.water_level", "a.rainfall", "b.door", "c.pm2_5"])
rows = st.tuples(
    st.integers(-(2**63), 2**63 - 1), names, st.floats(allow_nan=True), st.sampled_from([1, 2, 3, 4, 9])
)
Row = tuple[int, str, float, int]
packs = st.lists(st.lists(rows, max_size=6), max_size=5)


def source(rows: int, seq: int = 1, received_at: int = 1_700_000_000_000_000) -> Source:
    return Source("gw-01", "9f3a", seq, 0, 1, received_at, rows)


def build(packs: list[list[Row]]) -> Batch:
    flat = [row for pack in packs for row in pack]
    ids = list(dict.fromkeys(name for _, name, _, _ in flat))
    return Batch(
        [source(len(pack), seq, 1000 + seq) for seq, pack in enumerate(packs, 1)],
        ids,
        np.array([row[0] for row in flat], np.int64),
        np.array([ids.index(row[1]) for row in flat], np.uint32),
        np.array([row[2] for row in flat], np.float64),
        np.array([row[3] for row in flat], np.uint8),
    )


def rows_of(batch: Batch) -> list[Any]:
    """Rows as texts, so that NaN equals NaN and -0.0 is not 0.0."""
    return [
        (int(t), batch.sensors[s], struct.pack("<d", v), int(f))
        for t, s, v, f in zip(batch.time, batch.sensor, batch.value, batch.flag, strict=True)
    ]


@given(packs)
def test_a_batch_comes_out_as_it_went_in(packs: list[list[Row]]) -> None:
    made = build(packs)
    found = batches.decode(made.encode())
    assert found.sources == made.sources
    assert found.sensors == made.sensors
    assert rows_of(found) == rows_of(made)
    assert [column.dtype for column in (found.time, found.sensor, found.value, found.flag)] == [
        np.int64,
        np.uint32,
        np.float64,
        np.uint8,
    ]


@given(packs, st.integers(0, 5))
def test_joining_parts_is_the_whole(packs: list[list[Row]], cut: int) -> None:
    parts = [build(packs[:cut]), build(packs[cut:])]
    whole = batches.concat(parts)
    assert rows_of(whole) == [row for part in parts for row in rows_of(part)]
    assert whole.sources == [origin for part in parts for origin in part.sources]
    assert len(whole) == sum(origin.rows for origin in whole.sources)
    assert len(set(whole.sensors)) == len(whole.sensors)


def test_joining_none_is_empty_and_joining_one_is_that_one() -> None:
    one = build([[(1, "a.water_level", 1.0, 1)]])
    assert len(batches.concat([])) == 0
    assert batches.concat([one]) is one


def test_an_empty_batch_travels() -> None:
    assert len(batches.decode(batches.empty().encode())) == 0


def test_a_pack_without_rows_still_travels_so_that_its_sequence_closes() -> None:
    found = batches.decode(build([[], [(1, "a.water_level", 1.0, 1)], []]).encode())
    assert [origin.rows for origin in found.sources] == [0, 1, 0]
    assert found.source_of_row().tolist() == [1]


def test_each_row_knows_its_source_and_when_it_was_received() -> None:
    made = build([[(1, "a.water_level", 1.0, 1)] * 2, [], [(2, "b.door", 0.0, 1)]])
    assert made.source_of_row().tolist() == [0, 0, 2]
    assert made.received_of_row().tolist() == [1001, 1001, 1003]


def wire(**changed: Any) -> bytes:
    fields = dict(zip(("v", "sources", "sensors", "time", "sensor", "value", "flag"), _good(), strict=True))
    return msgspec.msgpack.encode(list({**fields, **changed}.values()))


def _good() -> list[Any]:
    return list(
        msgspec.msgpack.decode(build([[(1, "a.water_level", 1.0, 1), (2, "b.door", 0.0, 1)]]).encode())
    )


def test_the_layout_on_the_wire_is_the_one_that_is_promised() -> None:
    """docs/wire.md: version, sources, sensor ids, then little-endian columns."""
    assert _good() == [
        1,
        [["gw-01", "9f3a", 1, 0, 1, 1001, 2]],
        ["a.water_level", "b.door"],
        struct.pack("<2q", 1, 2),
        struct.pack("<2I", 0, 1),
        struct.pack("<2d", 1.0, 0.0),
        bytes([1, 1]),
    ]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "not a batch"),
        (b"\xc1", "not a batch"),
        (msgspec.msgpack.encode([1, []]), "not a batch"),
        (msgspec.msgpack.encode({"v": 1}), "not a batch"),
        (wire(v=2), "format 2"),
        (wire(time=b"1234567"), "column time is cut"),
        (wire(sensor=struct.pack("<I", 0)), "rows"),
        (wire(flag=b""), "rows"),
        (wire(sensor=struct.pack("<2I", 0, 2)), "not listed"),
        (wire(sensors=[]), "not listed"),
        (wire(sources=[["g", "", 0, 0, 1, 0, 3], ["g", "", 0, 0, 1, 0, -1]]), "fewer than no rows"),
        (wire(sources=[["g", "", 0, 0, 1, 0, 1]]), "rows"),
    ],
)
def test_bytes_that_are_no_batch_say_why(data: bytes, word: str) -> None:
    with pytest.raises(BatchError, match=word):
        batches.decode(data)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with suppress(BatchError):
        batches.decode(data)
