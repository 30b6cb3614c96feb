"""Rows into `observation`: straight in where they must be new, else beside it first and then what is missing."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from services.ingest.archive import rows as pure
from services.ingest.archive.rows import Rows
from services.ingest.archive.sensors import Sensors

STAGING = """
create temp table if not exists staged (
    source int not null, sensor_id int not null, time timestamptz not null,
    value float8 not null, flag int2 not null, received_at timestamptz not null
) on commit delete rows
"""
_COPY = "copy observation (sensor_id, time, value, flag, received_at) from stdin (format binary)"
_STAGE = "copy staged (source, sensor_id, time, value, flag, received_at) from stdin (format binary)"
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
    new = np.zeros(len(rows.sensor), np.bool_)
    if not careful:
        await sensors.look_up(conn, rows)
        new = pure.surely_new(rows, sensors.ceiling)
    straight = int(new.sum())
    if straight:
        await _copy(conn, _COPY, (rows if straight == len(new) else rows.at(new)).as_copy())
    if straight < len(new):
        await _copy(conn, _STAGE, rows.at(~new).as_staged())
        there = await _counts(conn, _INSERT, sources)
        if there.any():
            other = await _counts(conn, _CONFLICTS, sources)
            stored -= there
            conflicts += other
            duplicates += there - other
    sensors.note(rows)
    return Stored(stored, duplicates, conflicts, straight)


async def _copy(conn: AsyncConnection[Any], statement: str, data: bytes) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement.encode()) as stream:
        await stream.write(data)


async def _counts(conn: AsyncConnection[Any], query: str, sources: int) -> NDArray[np.int64]:
    cursor = await conn.execute(query.encode())
    counts = np.zeros(sources, np.int64)
    for source, count in await cursor.fetchall():
        counts[source] = count
    return counts
