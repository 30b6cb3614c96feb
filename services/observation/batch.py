"""Columns of observations: what travels on READINGS and what quality, engine and archive work on.

The only module of this room that needs numpy; the edge does not import it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.observation.sources import Source

__all__ = ["Batch", "BatchError", "Source", "concat", "decode", "empty"]

FORMAT = 1

_COLUMNS: tuple[np.dtype[Any], ...] = (np.dtype("<i8"), np.dtype("<u4"), np.dtype("<f8"), np.dtype("u1"))


class BatchError(ValueError):
    """Bytes that are not a batch; the message says what is wrong with them."""


class Batch(msgspec.Struct):
    """Observations as columns, grouped by source in the order of `sources`.

    Attributes:
        sources: one entry per pack or part; their `rows` sum to the length of the columns.
        sensors: ids that `sensor` indexes.
        time: (n,) int64, µs UTC, when it was measured.
        sensor: (n,) uint32, index into `sensors`.
        value: (n,) float64, in the property's canonical unit.
        flag: (n,) uint8, QARTOD.
    """

    sources: list[Source]
    sensors: list[str]
    time: NDArray[np.int64]
    sensor: NDArray[np.uint32]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of observations."""
        return len(self.time)

    def source_of_row(self) -> NDArray[np.int64]:
        """(n,) index into `sources` for each row."""
        return np.repeat(np.arange(len(self.sources)), [s.rows for s in self.sources])

    def received_of_row(self) -> NDArray[np.int64]:
        """(n,) µs UTC when each row was received."""
        return np.repeat(
            np.array([s.received_at for s in self.sources], dtype=np.int64), [s.rows for s in self.sources]
        )

    def encode(self) -> bytes:
        """As it travels: a msgpack array of version, sources, sensor ids and little-endian columns."""
        columns = (self.time, self.sensor, self.value, self.flag)
        return msgspec.msgpack.encode(
            [
                FORMAT,
                self.sources,
                self.sensors,
                *(np.ascontiguousarray(c, dtype=d).tobytes() for c, d in zip(columns, _COLUMNS, strict=True)),
            ]
        )


_WIRE = msgspec.msgpack.Decoder(tuple[int, list[Source], list[str], bytes, bytes, bytes, bytes])


def decode(data: bytes) -> Batch:
    """Read a batch as it travels; the columns are read-only views on the bytes.

    Raises:
        BatchError: not a batch, an unknown format, or columns of different length.
    """
    try:
        version, sources, sensors, *raw = _WIRE.decode(data)
    except msgspec.MsgspecError as error:
        msg = f"not a batch: {error}"
        raise BatchError(msg) from error
    if version != FORMAT:
        msg = f"batch format {version} is not {FORMAT}; a newer release wrote it"
        raise BatchError(msg)
    columns: list[Any] = []
    for name, text, dtype in zip(("time", "sensor", "value", "flag"), raw, _COLUMNS, strict=True):
        if len(text) % dtype.itemsize:
            msg = f"column {name} is cut"
            raise BatchError(msg)
        columns.append(np.frombuffer(text, dtype=dtype))
    if any(s.rows < 0 for s in sources):
        msg = "a source of fewer than no rows"
        raise BatchError(msg)
    rows = sum(s.rows for s in sources)
    if any(len(c) != rows for c in columns):
        msg = f"columns of {[len(c) for c in columns]} rows, sources of {rows}"
        raise BatchError(msg)
    if rows and int(columns[1].max()) >= len(sensors):
        msg = "a row names a sensor that is not listed"
        raise BatchError(msg)
    return Batch(sources, sensors, *columns)


def empty() -> Batch:
    """No observations, no sources."""
    return Batch(
        [],
        [],
        np.empty(0, np.int64),
        np.empty(0, np.uint32),
        np.empty(0, np.float64),
        np.empty(0, np.uint8),
    )


def concat(batches: Sequence[Batch]) -> Batch:
    """One batch of several, in their order; sensor ids are listed once."""
    if len(batches) == 1:
        return batches[0]
    if not batches:
        return empty()
    ids: dict[str, int] = {}
    columns = []
    for batch in batches:
        lookup = np.array([ids.setdefault(name, len(ids)) for name in batch.sensors], dtype=np.uint32)
        columns.append(lookup[batch.sensor])
    return Batch(
        [source for batch in batches for source in batch.sources],
        list(ids),
        np.concatenate([b.time for b in batches]),
        np.concatenate(columns),
        np.concatenate([b.value for b in batches]),
        np.concatenate([b.flag for b in batches]),
    )
