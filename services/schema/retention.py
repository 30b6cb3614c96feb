"""Forgetting old observations where no retention policy of TimescaleDB Community does it."""

from typing import Any

from psycopg import AsyncConnection

from services.schema.migrate import probe

SENSORS_PER_STEP = 500


async def forget(conn: AsyncConnection[Any], keep_days: int) -> int:
    """Delete observations measured more than `keep_days` ago; return how many rows or days went.

    Whole days at once on a hypertable. Plain PostgreSQL deletes sensor by sensor along the primary
    key, in short transactions, so that the archive is never held up. The Community edition has a
    policy of its own (`migrate(keep_days=…)`): nothing to do.
    """
    server = await probe(conn)
    if server.community:
        return 0
    if server.has_timescaledb:
        async with conn.transaction(), conn.cursor() as cursor:
            await cursor.execute(
                "select drop_chunks('observation', older_than => make_interval(days => %s))", (keep_days,)
            )
            return len(await cursor.fetchall())
    async with conn.cursor() as cursor:
        await cursor.execute("select id from sensor order by id")
        ids = [row[0] for row in await cursor.fetchall()]
    gone = 0
    for start in range(0, len(ids), SENSORS_PER_STEP):
        async with conn.transaction(), conn.cursor() as cursor:
            await cursor.execute(
                "delete from observation"
                " where sensor_id = any(%s) and time < now() - make_interval(days => %s)",
                (ids[start : start + SENSORS_PER_STEP], keep_days),
            )
            gone += cursor.rowcount
    return gone
