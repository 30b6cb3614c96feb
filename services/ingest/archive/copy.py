"""PostgreSQL's binary COPY format, built as one numpy array: no Python per row.

A row is a 16-bit count of fields, then for each field its length in 32 bits and its bytes, all big
end first. With types of fixed width a whole column is one strided assignment.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

PG_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in µs since 1970: where PostgreSQL counts time from."""

_HEADER = np.frombuffer(b"PGCOPY\n\xff\r\n\x00" + bytes(8), dtype=np.uint8)  # signature, flags, no extension
_TRAILER = np.frombuffer(b"\xff\xff", dtype=np.uint8)

OBSERVATION = ("i4", "i8", "f8", "i2", "i8")
"""sensor_id, time, value, flag, received_at: the columns of `observation` in their order."""

SPAN = ("i4", "i8", "i8")
"""sensor_id and the first and last time of a stretch."""

FOUND = ("i4", "i8", "f8")
"""sensor_id, time, value of rows that are there."""

STAGED = ("i4", *OBSERVATION)
"""The same behind the number of the source that a row came from."""


@cache
def _layout(types: tuple[str, ...]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for at, name in enumerate(types):
        fields += [(f"length{at}", ">i4"), (f"value{at}", f">{name}")]
    return np.dtype(fields)


def encode(types: tuple[str, ...], columns: Sequence[NDArray[Any]]) -> bytes:
    """The whole COPY, header and trailer included, of equally long columns.

    Values must fit their types: a column is converted as numpy converts, without a check.
    """
    layout = _layout(types)
    rows = len(columns[0])
    head, body = len(_HEADER), rows * layout.itemsize
    whole = np.empty(head + body + len(_TRAILER), dtype=np.uint8)
    whole[:head] = _HEADER
    whole[head + body :] = _TRAILER
    table = whole[head : head + body].view(layout)
    table["fields"] = len(types)
    for at, (name, column) in enumerate(zip(types, columns, strict=True)):
        table[f"length{at}"] = np.dtype(name).itemsize
        table[f"value{at}"] = column
    return whole.tobytes()


def decode(types: tuple[str, ...], data: bytes) -> list[NDArray[Any]]:
    """Columns of a binary COPY to us, of types of fixed width and without NULLs."""
    layout = _layout(types)
    rows = (len(data) - len(_HEADER) - len(_TRAILER)) // layout.itemsize
    table = np.frombuffer(data, layout, count=rows, offset=len(_HEADER))
    return [table[f"value{at}"].astype(name) for at, name in enumerate(types)]


def timestamps(micros: NDArray[np.int64]) -> NDArray[np.int64]:
    """µs since 1970 as PostgreSQL's timestamptz."""
    return micros - PG_EPOCH_US
