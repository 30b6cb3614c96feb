"""The tables a backup takes, in an order in which they can be filled again."""

from typing import Any

from psycopg import AsyncConnection, sql

TABLES = (
    "sensor",
    "site_version",
    "gateway_account",
    "pack_range",
    "pack_part",
    "alert_event",
    "position",
    "stream_gap",
    "canary",
    "restored",
    "strike",
    "observation",
)
"""All but `schema_version`, which a migration writes. A test holds this against a new database."""


async def set_counters(conn: AsyncConnection[Any]) -> None:
    """Make numbers that the database draws go on after the largest one that is there."""
    found = await conn.execute(
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where a.attidentity <> '' and c.relnamespace = current_schema()::regnamespace"
        " and c.relname = any(%s)",
        (list(TABLES),),
    )
    for table, column in await found.fetchall():
        query = sql.SQL(
            "select setval(pg_get_serial_sequence({}, {}), greatest(max({}), 1), max({}) is not null) from {}"
        )
        name = sql.Identifier(column)
        await conn.execute(query.format(table, column, name, name, sql.Identifier(table)))
