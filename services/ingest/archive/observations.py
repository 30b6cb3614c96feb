"""Rows into `observation`, by three ways.

*Straight*: newer than anything there can be of the sensor; one COPY. *Late*: what is there of the same
sensors and stretches of time is fetched and taken out, the rest goes by the same COPY. *Beside*: a
staging table and an insert that passes over what is there; needs no knowledge, and is three times
slower. It serves when memory turned out wrong, and when late rows are so scattered over a long time
that fetching what lies between them would cost more.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from services.ingest.archive import copy
from services.ingest.archive import rows as pure
from services.ingest.archive.rows import Rows
from services.ingest.archive.sensors import Sensors

STAGING = """
create temp table if not exists spans (
    sensor_id int not null, low timestamptz not null, high timestamptz not null
) on commit delete rows;
create temp table if not exists staged (
    source int not null, sensor_id int not null, time timestamptz not null,
    value float8 not null, flag int2 not null, received_at timestamptz not null
) on commit delete rows
"""
_COPY = "copy observation (sensor_id, time, value, flag, received_at) from stdin (format binary)"
_STAGE = "copy staged (source, sensor_id, time, value, flag, received_at) from stdin (format binary)"
_SPANS = "copy spans (sensor_id, low, high) from stdin (format binary)"
# `offset 0` keeps the planner from turning this into a join that reads all of observation.
_FIND = """
copy (
    select o.* from spans s, lateral (
        select sensor_id, time, value from observation
        where sensor_id = s.sensor_id and time between s.low and s.high offset 0
    ) o limit {}
) to stdout (format binary)
"""
_INSERT = """
with kept as (
    insert into observation (sensor_id, time, value, flag, received_at)
    select sensor_id, time, value, flag, received_at from staged
    on conflict (sensor_id, time) do nothing
    returning sensor_id, time
)
select s.source, count(*)::int from staged s left join kept k using (sensor_id, time)
where k.sensor_id is null group by s.source
"""
# After the insert every staged row has its counterpart. `limit 1` keeps the planner, which knows nothing of
# a temporary table's size, from reading all of observation for a join. NaN equals NaN here.
_CONFLICTS = """
select s.source, count(*)::int
from staged s,
     lateral (select o.value from observation o where o.sensor_id = s.sensor_id and o.time = s.time limit 1) o
where o.value <> s.value group by s.source
"""

FOUND_PER_ROW, FOUND_ANYWAY = 2, 1000
"""Rows fetched for each late row, beyond which the way beside is cheaper."""


class Stored(NamedTuple):
    """Counts by source of the group."""

    rows: NDArray[np.int64]
    duplicates: NDArray[np.int64]
    conflicts: NDArray[np.int64]
    straight: int  # rows that took the short way


async def store(
    conn: AsyncConnection[Any], given: Rows, sources: int, sensors: Sensors, *, careful: bool
) -> Stored:
    """Write rows; `careful` takes none for new.

    Raises:
        psycopg.errors.UniqueViolation: a row taken for new was there. Another wrote to the table, or
            our memory is wrong: roll back and come again, carefully.
    """
    settled = pure.settle(given)
    rows = settled.rows
    duplicates = np.bincount(settled.duplicates, minlength=sources)
    conflicts = np.bincount(settled.conflicts, minlength=sources)
    stored = np.bincount(rows.source, minlength=sources)
    straight = np.zeros(len(rows.sensor), np.bool_)
    if not careful:
        await sensors.look_up(conn, rows)
        straight = pure.surely_new(rows, sensors.ceiling)
    missing, there, other = await _sift(conn, rows, ~straight, sources, careful=careful)
    into = straight | missing
    if into.any():
        await _copy(conn, _COPY, (rows if into.all() else rows.at(into)).as_copy())
    sensors.note(rows)
    return Stored(stored - there, duplicates + there - other, conflicts + other, int(straight.sum()))


async def _sift(
    conn: AsyncConnection[Any], rows: Rows, late: NDArray[np.bool_], sources: int, *, careful: bool
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Of late rows: which are to be copied; by source, how many were there and how many of those differ."""
    missing, nothing = np.zeros(len(late), np.bool_), np.zeros(sources, np.int64)
    if not late.any():
        return missing, nothing, nothing
    some = rows.at(late)
    found = None if careful else await _find(conn, some)
    if found is not None:
        there, same = pure.match(some, found)
        missing[late] = ~there
        return (
            missing,
            np.bincount(some.source[there], minlength=sources),
            np.bincount(some.source[there & ~same], minlength=sources),
        )
    await _copy(conn, _STAGE, some.as_staged())
    left = await _counts(conn, _INSERT, sources)
    return missing, left, await _counts(conn, _CONFLICTS, sources) if left.any() else nothing


async def _find(conn: AsyncConnection[Any], some: Rows) -> list[NDArray[Any]] | None:
    """What is there in the stretches of these rows; None when it is too much to be worth it."""
    at_most = FOUND_PER_ROW * len(some.sensor) + FOUND_ANYWAY
    await _copy(conn, _SPANS, some.as_spans())
    async with conn.cursor() as cursor, cursor.copy(_FIND.format(at_most + 1).encode()) as stream:
        # One piece per row found; the late are few, or few of them are there.
        pieces = [bytes(piece) async for piece in stream]
    found = copy.decode(copy.FOUND, b"".join(pieces))
    return found if len(found[0]) <= at_most else None


async def _copy(conn: AsyncConnection[Any], statement: str, data: bytes) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement.encode()) as stream:
        await stream.write(data)


async def _counts(conn: AsyncConnection[Any], query: str, sources: int) -> NDArray[np.int64]:
    cursor = await conn.execute(query.encode())
    counts = np.zeros(sources, np.int64)
    for source, count in await cursor.fetchall():
        counts[source] = count
    return counts
