"""Bytes on disk per stored reading: PostgreSQL as `up` brings it, and TimescaleDB where there is one.

The archive writes the same readings, packs of 50 from many gateways in turn, as it does live; then the table
with its index is weighed. TimescaleDB is the server named by HAIDANG_TEST_TIMESCALEDB, or the one that the
tests start; skipped by name where there is neither. With the Community edition the chunks are compressed too,
as a site's are after 30 days; the Apache edition cannot.
"""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import AsyncConnection

from bench._given import Given
from bench.archive_write import ROUND, made
from services import schema
from services.ingest.archive import places
from services.ingest.archive.group import groups
from services.ingest.archive.writer import READINGS, Writer
from tests.support import databases
from tests.support.up import postgres_only
from tests.support.waiting import until

SENSORS = 5_000
ROWS = 2_000_000
PLAIN = "pg_total_relation_size('observation')"
HYPER = "hypertable_size('observation')"


def measure(given: Given) -> dict[str, Any]:
    """Bytes per reading of each kind of server."""
    rows = int(given.part(ROWS, 2 * ROUND)) // ROUND * ROUND
    found: dict[str, Any] = {"rows": rows, "sensors": SENSORS}
    given.say(f"storage: {rows:,} readings into PostgreSQL")
    with postgres_only(given.folder / "plain") as dsn:
        until(lambda: _answers(dsn), 15, "PostgreSQL to answer")
        found["postgresql"] = asyncio.run(_weigh(dsn, rows))
    given.say(f"storage: {rows:,} readings into TimescaleDB")
    try:
        with _timescaledb() as server, databases.database(server) as dsn:
            found["timescaledb"] = asyncio.run(_weigh(dsn, rows))
    except LookupError as error:
        found["timescaledb"] = {"skipped": str(error)}
    return found


async def _weigh(dsn: str, rows: int) -> dict[str, Any]:
    async with await AsyncConnection.connect(dsn, autocommit=True) as conn:
        await schema.migrate(conn)
        server = await schema.probe(conn)
        writer = Writer(conn)
        await writer.prepare()
        writer.places[READINGS] = await places.open_place(conn, READINGS, "00000000")
        took = 0.0
        for turn in range(rows // ROUND):
            arrived = made(turn, SENSORS)
            began = time.perf_counter()
            for group in groups(READINGS, arrived):
                await writer.write(READINGS, group)
            took += time.perf_counter() - began
        await conn.execute("vacuum analyze observation")
        found: dict[str, Any] = {"version": await _one(conn, "show server_version"), "per_s": rows / took}
        size = HYPER if server.has_timescaledb else PLAIN
        found["bytes_per_reading"] = await _one(conn, f"select ({size})::float8") / rows
        found["rows"] = await _one(conn, "select count(*) from observation")
        if server.has_timescaledb:
            found["timescaledb"] = await _one(
                conn, "select extversion from pg_extension where extname = 'timescaledb'"
            )
        if server.community:
            await conn.execute("select compress_chunk(c) from show_chunks('observation') c")
            found["compressed_bytes_per_reading"] = await _one(conn, f"select ({HYPER})::float8") / rows
        else:
            indexes = await _one(conn, _INDEXES)
            found["index_bytes_per_reading"] = float(indexes) / rows
        return found


_INDEXES = """
    select sum(pg_relation_size(indexrelid)) from pg_index join pg_class on pg_class.oid = indrelid
    where relname = 'observation' or relname like '\\_hyper\\_%\\_chunk'
"""


async def _one(conn: AsyncConnection[Any], query: str) -> Any:
    row = await (await conn.execute(query)).fetchone()
    return row[0] if row else None


@contextlib.contextmanager
def _timescaledb() -> Iterator[str]:
    """A server that has the extension; stopped again if it was started here.

    Raises:
        LookupError: there is none; the message says how to get one.
    """
    given = os.environ.get("HAIDANG_TEST_TIMESCALEDB")
    if given:
        yield given
        return
    tool = databases.TOOL
    if not tool.exists() or os.geteuid() != 0:
        msg = "no TimescaleDB → set HAIDANG_TEST_TIMESCALEDB to the address of a server that has it"
        raise LookupError(msg)
    ran_before = _answers(f"postgresql://postgres@127.0.0.1:{databases.TOOL_PORT}/postgres")
    done = subprocess.run([str(tool), "start"], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        msg = f"TimescaleDB does not start: {done.stderr.strip()[-300:]}"
        raise LookupError(msg)
    dsn = done.stdout.strip().splitlines()[-1]
    try:
        until(lambda: _answers(dsn), 15, "TimescaleDB to answer")
        yield dsn
    finally:
        if not ran_before:
            subprocess.run([str(tool), "stop"], capture_output=True, check=False, timeout=60)


def _answers(dsn: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn, connect_timeout=2):
        return True
    return False
