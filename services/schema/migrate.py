"""Bring a database to this release's tables, whatever the server is and however often it is called.

Numbered files (`sql/0001_base.sql` …) hold what is the same everywhere and run once each. Three files
without a number hold what depends on the server; which of them are due is seen from the database
itself, so a licence that changes later is taken up by the next call.
"""

import re
from importlib import resources
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection

LOCK = 0x6861_6964  # "haid": one migration at a time per database
_NUMBERED = re.compile(r"(\d{4})_\w+\.sql\Z")


class SchemaTooNew(Exception):  # noqa: N818  what is wrong, in the words a person reads
    """A later release has migrated this database; an older one must not write to it."""


class Probe(NamedTuple):
    """What a server offers."""

    server: int  # as PostgreSQL counts: 180004
    timescaledb: str | None  # version of the extension as created in this database
    community: bool  # columnstore, continuous aggregates and policies may be used

    @property
    def has_timescaledb(self) -> bool:
        """Whether hypertables may be used."""
        return self.timescaledb is not None


class Outcome(NamedTuple):
    """What a migration found and did."""

    probe: Probe
    before: int
    after: int
    steps: tuple[str, ...]  # names of the SQL files that ran
    note: str | None = None  # why TimescaleDB is on the server but not in use


def _files() -> dict[int, tuple[str, str]]:
    found = {}
    for entry in resources.files("services.schema").joinpath("sql").iterdir():
        match = _NUMBERED.match(entry.name)
        if match:
            found[int(match[1])] = (entry.name, entry.read_text("utf-8"))
    return dict(sorted(found.items()))


FILES = _files()
LATEST = max(FILES)


async def probe(conn: AsyncConnection[Any]) -> Probe:
    """Ask the database what it can do; changes nothing."""
    row = await _row(
        conn,
        "select current_setting('server_version_num')::int,"
        " (select extversion from pg_extension where extname = 'timescaledb'),"
        " coalesce(current_setting('timescaledb.license', true), '')",
    )
    return Probe(row[0], row[1], row[1] is not None and row[2] == "timescale")


async def applied_version(conn: AsyncConnection[Any]) -> int:
    """Number of the last numbered file that ran here; 0 for an empty database."""
    if (await _row(conn, "select to_regclass('schema_version')"))[0] is None:
        return 0
    return int((await _row(conn, "select coalesce(max(version), 0) from schema_version"))[0])


async def migrate(
    conn: AsyncConnection[Any], *, keep_days: int | None = None, to: int | None = None
) -> Outcome:
    """Run what is missing, in one transaction under an advisory lock; a second call does nothing.

    `to` stops at an older number: a backup is restored into the tables that it was taken from.

    With `keep_days` and TimescaleDB Community a retention policy is set, without it taken off; on
    other servers `forget` does that work.

    Raises:
        SchemaTooNew: a newer release was here.
        psycopg.Error: the database is away or refuses.
    """
    note = await _create_extension(conn)
    async with conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        before = await applied_version(conn)
        if before > LATEST:
            raise SchemaTooNew(_too_new(before))
        await conn.execute(
            "create table if not exists schema_version"
            " (version int primary key, file text not null, applied_at timestamptz not null default now())"
        )
        steps = []
        for number, (name, text) in FILES.items():
            if before < number <= (to or LATEST):
                await _run(conn, text)
                await conn.execute(
                    "insert into schema_version (version, file) values (%s, %s)", (number, name)
                )
                steps.append(name)
        server = await probe(conn)
        for name in await _due(conn, server, fresh=before == 0):
            await _run(conn, _text(name))
            steps.append(name)
        await _retention(conn, server, keep_days)
    return Outcome(server, before, max(before, to or LATEST), tuple(steps), note)


async def downgrade(conn: AsyncConnection[Any], to: int) -> tuple[str, ...]:
    """Take the tables back to an older number, newest step first; return the names of the files that ran.

    Rows stay where the older tables have a place for them; each file says what is lost.

    Raises:
        SchemaTooNew: a newer release was here, and only that one knows the way back.
        psycopg.Error: the database is away or refuses; then nothing was changed.
    """
    async with conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        before = await applied_version(conn)
        if before > LATEST:
            raise SchemaTooNew(_too_new(before))
        steps = []
        for number in range(before, to, -1):
            name = FILES[number][0].replace(".sql", ".down.sql")
            await _run(conn, _text(name))
            await conn.execute("delete from schema_version where version = %s", (number,))
            steps.append(name)
    return tuple(steps)


def _too_new(found: int) -> str:
    return (
        f"the database has schema {found}, this release knows {LATEST}; "
        "run the newer release, or restore the backup that was made before the upgrade"
    )


async def _create_extension(conn: AsyncConnection[Any]) -> str | None:
    """Create TimescaleDB where the server has it; say why when it can't be used.

    Outside the migration's transaction: the extension wants to be the first thing a session does.
    """
    row = await _row(
        conn,
        "select exists(select from pg_available_extensions where name = 'timescaledb'),"
        " exists(select from pg_extension where extname = 'timescaledb')",
    )
    if not row[0] or row[1]:
        return None
    try:
        async with conn.transaction():
            await conn.execute("create extension if not exists timescaledb")
    except psycopg.Error as error:
        if conn.closed:
            raise
        return f"TimescaleDB is installed but can't be used: {str(error).splitlines()[0]}"
    return None


async def _due(conn: AsyncConnection[Any], server: Probe, *, fresh: bool) -> list[str]:
    """Name the files that this server still needs."""
    due = []
    hypertable = server.has_timescaledb and (fresh or await _is_hypertable(conn))
    if hypertable and fresh:
        due.append("hypertable.sql")
    if hypertable and server.community:
        if not await _is_aggregate(conn):
            due.append("community.sql")
    elif (await _row(conn, "select to_regclass('observation_1h')"))[0] is None:
        due.append("hourly_view.sql")
    return due


async def _is_hypertable(conn: AsyncConnection[Any]) -> bool:
    found = await _row(
        conn,
        "select exists(select from timescaledb_information.hypertables"
        " where hypertable_schema = current_schema() and hypertable_name = 'observation')",
    )
    return bool(found[0])


async def _is_aggregate(conn: AsyncConnection[Any]) -> bool:
    found = await _row(
        conn,
        "select exists(select from timescaledb_information.continuous_aggregates"
        " where view_schema = current_schema() and view_name = 'observation_1h')",
    )
    return bool(found[0])


async def _retention(conn: AsyncConnection[Any], server: Probe, keep_days: int | None) -> None:
    if not (server.community and await _is_hypertable(conn)):
        return
    await conn.execute("select remove_retention_policy('observation', if_exists => true)")
    if keep_days is not None:
        await conn.execute(
            "select add_retention_policy('observation', make_interval(days => %s))", (keep_days,)
        )


def _text(name: str) -> str:
    return resources.files("services.schema").joinpath("sql", name).read_text("utf-8")


async def _run(conn: AsyncConnection[Any], text: str) -> None:
    await conn.execute(text.encode())  # our own files, several statements each


async def _row(conn: AsyncConnection[Any], query: str) -> Any:
    async with conn.cursor() as cursor:
        await cursor.execute(query.encode())
        return await cursor.fetchone()
