"""Messages for the archive without a broker, and what its tables say in the words of tests."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg import AsyncConnection

from services import schema
from services.ingest.archive import places
from services.ingest.archive.group import groups
from services.ingest.archive.writer import ALERTS, DERIVED, READINGS, Outcome, Writer
from services.observation import messages
from services.observation.batch import Batch
from services.observation.sources import Source

T0 = 1_760_000_000_000_000  # 2025-10-09, µs
SECOND = 1_000_000
EPOCH = "0a1b2c3d"


class Arrived(NamedTuple):
    """One message of a stream."""

    sequence: int
    kind: str
    data: bytes
    time_us: int = T0


class Pack(NamedTuple):
    """One pack or part of one; `rows` are (sensor, time, value)."""

    gateway: str
    buf: str
    seq: int
    rows: tuple[tuple[str, int, float], ...]
    part: int = 0
    parts: int = 1
    received_at: int = T0

    def source(self) -> Source:
        """As it stands in a batch."""
        return Source(
            self.gateway, self.buf, self.seq, self.part, self.parts, self.received_at, len(self.rows)
        )


def batch_of(packs: Sequence[Pack]) -> Batch:
    """Packs as one batch."""
    rows = [row for pack in packs for row in pack.rows]
    names = list(dict.fromkeys(name for name, _, _ in rows))
    return Batch(
        [pack.source() for pack in packs],
        names,
        np.array([time for _, time, _ in rows], np.int64),
        np.array([names.index(name) for name, _, _ in rows], np.uint32),
        np.array([value for _, _, value in rows], np.float64),
        np.ones(len(rows), np.uint8),
    )


def stream_of(cuts: Iterable[Sequence[Pack]], first: int = 1) -> list[Arrived]:
    """Each cut as one message of READINGS."""
    return [Arrived(first + at, messages.READINGS, batch_of(cut).encode()) for at, cut in enumerate(cuts)]


async def connected(dsn: str) -> AsyncConnection[Any]:
    """A connection with the tables made."""
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    await schema.migrate(conn)
    return conn


async def new_writer(conn: AsyncConnection[Any]) -> Writer:
    """A writer that stands where the tables say, as after a restart."""
    writer = Writer(conn)
    await writer.prepare()
    for stream in (READINGS, DERIVED, ALERTS):
        place = await places.load_place(conn, stream)
        writer.places[stream] = place or await places.open_place(conn, stream, EPOCH)
    return writer


async def write(
    writer: Writer, arrived: Sequence[Arrived], stream: str = READINGS, rows: int = 100_000
) -> list[Outcome]:
    """Write messages in groups of so many rows."""
    return [await writer.write(stream, group) for group in groups(stream, arrived, rows)]


async def observations(conn: AsyncConnection[Any]) -> dict[tuple[str, int], float]:
    """(sensor, µs) → value for all of the table."""
    cursor = await conn.execute(
        "select s.name, (extract(epoch from o.time) * 1000000)::int8, o.value"
        " from observation o join sensor s on s.id = o.sensor_id"
    )
    return {(name, time): value for name, time, value in await cursor.fetchall()}


async def stored(conn: AsyncConnection[Any]) -> dict[tuple[str, str], list[list[int]]]:
    """(gateway, buf) → inclusive ranges, for all of `pack_range` that holds any."""
    cursor = await conn.execute("select gateway, buf, ranges from pack_range where not isempty(ranges)")
    return {(g, b): [[r.lower, r.upper - 1] for r in ranges] for g, b, ranges in await cursor.fetchall()}


async def account(conn: AsyncConnection[Any], gateway: str) -> dict[str, Any]:
    """One line of `gateway_account`."""
    cursor = await conn.execute("select * from gateway_account where gateway = %s", (gateway,))
    row = await cursor.fetchone()
    assert row is not None
    return dict(zip([column.name for column in cursor.description or ()], row, strict=True))
