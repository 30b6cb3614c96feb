"""The database into files and back: all tables as they stood in one moment, as text that COPY reads.

Not pg_dump: its archive of a TimescaleDB goes only into a TimescaleDB of the same version, and that of a
newer server into no older one. Ours goes from any of them into any other, and can be read with zcat.
"""

import gzip
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from services import schema
from services.cli.backup.format import PIECE, BackupError, DatabasePart, Sink, TablePart
from services.observation.text import Text

CONNECT_S = 10
SESSION = (
    "-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1 -c statement_timeout=0 -c lock_timeout=10s"
)
Tell = Callable[[str, int], None]
"""Hears the table and how many rows (saving) or bytes (loading) of it are done."""


class Interrupted(Exception):  # noqa: N818  it is what happened
    """Told to stop in the middle."""


def save(url: str, sink: Sink, tell: Tell, stop: threading.Event) -> DatabasePart:
    """Write all tables; one repeatable-read transaction, so that they belong together.

    Blocking: to be run in a thread of its own.

    Raises:
        psycopg.Error: the database is away or refuses.
        BackupError: it has no tables of ours, or a newer release's.
        Interrupted: `stop` was set.
    """
    with psycopg.connect(url, connect_timeout=CONNECT_S, options=SESSION) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        version = _one(conn, "select to_regclass('schema_version')")
        number = int(_one(conn, "select max(version) from schema_version") or 0) if version else 0
        if number == 0:
            raise BackupError(
                Text("cơ sở dữ liệu chưa có bảng nào", "the database has no tables yet"),
                Text("chờ dịch vụ archive tạo bảng rồi thử lại", "wait until the archive has made them"),
            )
        tables = {}
        for table in schema.TABLES:
            columns = _columns(conn, table)
            if columns:
                tables[table] = _save_one(conn, table, columns, sink, tell, stop)
        timescaledb = _one(conn, "select extversion from pg_extension where extname = 'timescaledb'")
        return DatabasePart(conn.info.server_version, timescaledb, number, tables)


def _save_one(  # noqa: PLR0913  from, to and how to tell
    conn: psycopg.Connection[Any],
    table: str,
    columns: list[str],
    sink: Sink,
    tell: Tell,
    stop: threading.Event,
) -> TablePart:
    path, rows, gathered = f"database/{table}.copy.gz", 0, bytearray()
    # A query and not the table: a hypertable itself is empty, its rows are in its chunks.
    query = sql.SQL("copy (select {} from {}) to stdout").format(_listed(columns), sql.Identifier(table))
    with sink.open(path, zipped=True) as file, conn.cursor() as cursor, cursor.copy(query) as lines:
        for line in lines:  # the driver hands out one row at a time, about 700,000 a second
            gathered += line
            rows += 1
            if len(gathered) >= PIECE:
                if stop.is_set():
                    raise Interrupted
                file.write(gathered)
                gathered.clear()
                tell(table, rows)
        file.write(gathered)
    tell(table, rows)
    return TablePart(path, columns, rows)


async def prepare(url: str, number: int) -> None:
    """Make the tables of schema `number` in an empty database.

    Raises:
        psycopg.Error: the database is away or refuses.
        BackupError: it has tables of ours already.
    """
    async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=CONNECT_S) as conn:
        if await schema.applied_version(conn):
            raise BackupError(
                Text("cơ sở dữ liệu này đã có dữ liệu", "this database holds a history already"),
                Text(
                    "dùng một cơ sở dữ liệu trống (createdb), hoặc bỏ --database",
                    "name an empty one (createdb), or leave --database out",
                ),
            )
        await schema.migrate(conn, to=number)


def load(url: str, folder: Path, part: DatabasePart, tell: Tell, stop: threading.Event) -> None:
    """Fill the tables that `prepare` made, all or nothing. Blocking.

    Raises:
        psycopg.Error: the database is away or refuses.
        BackupError: the rows are not as many as there were.
        Interrupted: `stop` was set.
    """
    with psycopg.connect(url, connect_timeout=CONNECT_S, options=SESSION) as conn:
        for table, held in part.tables.items():
            query = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), _listed(held.columns))
            with gzip.open(folder / held.file) as file, conn.cursor() as cursor:
                _fill(cursor, query, file, table, tell, stop)
                if cursor.rowcount != held.rows:
                    raise BackupError(
                        Text(
                            f"bảng {table}: {cursor.rowcount} dòng thay vì {held.rows}",
                            f"table {table}: {cursor.rowcount} rows instead of {held.rows}",
                        ),
                        Text("dùng một bản sao lưu khác", "use another backup"),
                    )


def _fill(  # noqa: PLR0913  from, to and how to tell
    cursor: psycopg.Cursor[Any],
    query: sql.Composed,
    file: gzip.GzipFile,
    table: str,
    tell: Tell,
    stop: threading.Event,
) -> None:
    done = 0
    with cursor.copy(query) as into:
        while piece := file.read(PIECE):
            if stop.is_set():
                raise Interrupted
            into.write(piece)
            done += len(piece)
            tell(table, done)


async def finish(url: str, taken: tuple[str, str, int] | None, restored_at: str) -> None:
    """Let counters go on where they were, and note the restore. `taken`: time, epoch, last of READINGS."""
    async with await AsyncConnection.connect(url, autocommit=True, connect_timeout=CONNECT_S) as conn:
        await schema.set_counters(conn)
        row = await (await conn.execute("select to_regclass('restored')")).fetchone()
        if taken is not None and row is not None and row[0] is not None:
            await conn.execute(
                "insert into restored (restored_at, taken_at, epoch, sequence) values (%s, %s, %s, %s)",
                (restored_at, *taken),
            )
        await conn.execute("analyze")


def _columns(conn: psycopg.Connection[Any], table: str) -> list[str]:
    found = conn.execute(
        "select column_name from information_schema.columns"
        " where table_schema = current_schema() and table_name = %s order by ordinal_position",
        (table,),
    )
    return [row[0] for row in found.fetchall()]


def _listed(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _one(conn: psycopg.Connection[Any], query: str) -> Any:
    row = conn.execute(query.encode()).fetchone()
    return None if row is None else row[0]
