"""The bytes of a binary COPY: equal to what psycopg itself would send."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from psycopg._copy_base import BinaryFormatter  # the reference; psycopg has no public way without a server
from psycopg.adapt import Transformer
from psycopg.postgres import types

from services.ingest.archive import copy

OIDS = {"i4": types["int4"].oid, "f8": types["float8"].oid, "i2": types["int2"].oid}

rows = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1),
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001  UTC below
        st.floats(allow_nan=True, allow_infinity=True),
        st.integers(0, 255),
        st.datetimes(datetime(1970, 1, 1), datetime(2262, 1, 1)),  # noqa: DTZ001
    ),
    max_size=30,
)


def micros(when: datetime) -> int:
    """µs since 1970."""
    return (when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def psycopg_bytes(lines: list[tuple[Any, ...]]) -> bytes:
    """What psycopg sends for these rows, one by one."""
    transformer = Transformer()
    timestamptz = types["timestamptz"].oid
    transformer.set_dumper_types(
        [OIDS["i4"], timestamptz, OIDS["f8"], OIDS["i2"], timestamptz], BinaryFormatter.format
    )
    formatter = BinaryFormatter(transformer)
    out = b"".join(bytes(formatter.write_row(line)) for line in lines)
    return out + bytes(formatter.end())


@given(rows)
def test_the_bytes_are_those_that_psycopg_sends(
    lines: list[tuple[int, datetime, float, int, datetime]],
) -> None:
    columns: list[NDArray[Any]] = [
        np.array([line[0] for line in lines], np.int32),
        copy.timestamps(np.array([micros(line[1]) for line in lines], np.int64)),
        np.array([line[2] for line in lines], np.float64),
        np.array([line[3] for line in lines], np.uint8),
        copy.timestamps(np.array([micros(line[4]) for line in lines], np.int64)),
    ]
    expected = psycopg_bytes(
        [(a, b.replace(tzinfo=UTC), c, d, e.replace(tzinfo=UTC)) for a, b, c, d, e in lines]
    )
    if lines:  # psycopg sends nothing at all for no rows
        assert copy.encode(copy.OBSERVATION, columns) == expected


def test_no_rows_are_a_header_and_a_trailer() -> None:
    nothing = [np.empty(0, np.int32)] * 5
    assert copy.encode(copy.OBSERVATION, nothing) == b"PGCOPY\n\xff\r\n\x00" + bytes(8) + b"\xff\xff"


def test_a_staged_row_carries_its_source_in_front() -> None:
    one: list[NDArray[np.float64]] = [np.array([value], np.float64) for value in (7, 1, 2, 3, 4, 5)]
    data = copy.encode(copy.STAGED, one)
    assert data[19 : 19 + 10] == struct.pack(">hii", 6, 4, 7)
