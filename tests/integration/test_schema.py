"""Migration and what it leaves: the same names on every server, and a second call that does nothing."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from services import schema
from services.ingest.archive.writer import Writer
from tests.support.archive import SECOND, T0, Pack, connected, new_writer, observations, stream_of, write
from tests.support.databases import (  # noqa: F401  fixtures
    plain_dsn,
    postgres,
    server_dsn,
    timescaledb_dsn,
    timescaledb_server,
)

HOUR = 3600 * SECOND
Work = Callable[[AsyncConnection[Any]], Awaitable[None]]


def run(dsn: str, work: Work, *, migrated: bool = True) -> None:
    """Run `work(conn)`."""

    async def whole() -> None:
        conn = await (connected(dsn) if migrated else psycopg.AsyncConnection.connect(dsn, autocommit=True))
        try:
            await work(conn)
        finally:
            await conn.close()

    asyncio.run(whole())


async def rows(conn: AsyncConnection[Any], query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return await (await conn.execute(query.encode())).fetchall()


def test_a_second_migration_does_nothing(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        first, second = await schema.migrate(conn), await schema.migrate(conn)
        assert (first.before, first.after, second.before) == (0, schema.LATEST, schema.LATEST)
        assert first.steps[0] == "0001_base.sql"
        assert second.steps == ()

    run(server_dsn, work, migrated=False)


def test_two_services_that_start_together_migrate_once(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        other = await psycopg.AsyncConnection.connect(server_dsn, autocommit=True)
        try:
            outcomes = await asyncio.gather(schema.migrate(conn), schema.migrate(other))
        finally:
            await other.close()
        assert sorted(outcome.before for outcome in outcomes) == [0, schema.LATEST]

    run(server_dsn, work, migrated=False)


def test_a_database_of_a_later_release_is_left_alone(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        await conn.execute("insert into schema_version (version, file) values (9999, 'later.sql')")
        with pytest.raises(schema.SchemaTooNew, match="newer release"):
            await schema.migrate(conn)

    run(plain_dsn, work)


def test_a_migration_that_breaks_leaves_nothing_behind(
    plain_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("services.schema.migrate")  # the package gives the function under this name
    monkeypatch.setattr(
        module, "FILES", module.FILES | {2: ("0002_wrong.sql", "create table a (); select wrong")}
    )

    async def work(conn: AsyncConnection[Any]) -> None:
        with pytest.raises(psycopg.Error):
            await schema.migrate(conn)
        assert await schema.applied_version(conn) == 0
        assert await rows(conn, "select to_regclass('observation')::text") == [(None,)]

    run(plain_dsn, work, migrated=False)


def test_plain_postgresql_has_no_timescaledb(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        found = await schema.probe(conn)
        assert (found.has_timescaledb, found.community) == (False, False)
        assert found.server >= 160000

    run(plain_dsn, work)


def test_with_timescaledb_observation_is_cut_into_days(timescaledb_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        assert (await schema.probe(conn)).has_timescaledb
        day = 24 * HOUR
        pack = Pack("g", "b", 1, tuple(("a.x", T0 + n * day, 1.0) for n in range(3)))
        await write(await new_writer(conn), stream_of([[pack]]))
        assert await rows(conn, "select count(*) from timescaledb_information.chunks") == [(3,)]
        indexes = await rows(conn, "select count(*) from pg_indexes where tablename = 'observation'")
        assert indexes == [(1,)]  # the key and no other

    run(timescaledb_dsn, work)


def test_the_hourly_view_leaves_out_failed_and_missing_readings_and_nan(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        hour = T0 - T0 % HOUR
        values = [3.0, 1.0, 2.0, math.nan]
        pack = Pack("g", "b", 1, tuple(("a.x", hour + n, value) for n, value in enumerate([*values, 99.0])))
        await write(await new_writer(conn), stream_of([[pack]]))
        await conn.execute("update observation set flag = 4 where value = 99")
        found = await rows(
            conn, "select n, min, max, avg, last, extract(epoch from bucket)::int8 from observation_1h"
        )
        assert found == [(3, 1.0, 3.0, 2.0, 2.0, hour // SECOND)]

    run(server_dsn, work)


def test_what_is_too_old_is_forgotten_and_the_rest_stays(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        now = int((await rows(conn, "select extract(epoch from now())::int8"))[0][0]) * SECOND
        days = 24 * HOUR
        pack = Pack("g", "b", 1, (("a.x", now - 40 * days, 1.0), ("a.x", now - days, 2.0)))
        writer: Writer = await new_writer(conn)
        await write(writer, stream_of([[pack]]))
        assert await schema.forget(conn, 30) == 1
        assert await observations(conn) == {("a.x", now - days): 2.0}
        assert await schema.forget(conn, 30) == 0

    run(server_dsn, work)


def test_with_the_community_edition_hours_are_kept_and_old_days_compressed(timescaledb_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        if not (await schema.probe(conn)).community:
            pytest.skip(
                "this TimescaleDB is the Apache edition: continuous aggregates and columnstore are not in it"
            )
        day = 24 * HOUR
        pack = Pack("g", "b", 1, tuple(("a.x", T0 + n * day, 1.0) for n in range(2)))
        await write(await new_writer(conn), stream_of([[pack]]))
        await conn.execute(
            "update observation set received_at = now() - interval '8 days' where time < to_timestamp(%s)",
            (T0 // SECOND + 3600,),
        )
        await conn.execute("call haidang_compress(0, '{}')")
        compressed = await rows(
            conn,
            "select is_compressed from timescaledb_information.chunks"
            " where hypertable_name = 'observation' order by range_start",
        )
        assert compressed == [(True,), (False,)]  # the second was written within the last 7 days
        assert len(await rows(conn, "select * from observation_1h")) == 2
        assert (await schema.migrate(conn, keep_days=30)).steps == ()

    run(timescaledb_dsn, work)
