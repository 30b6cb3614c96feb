"""A history that is frozen, not gone: it takes connections and queries, and never answers."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services import schema
from services.api import database as history
from services.api.database import Database
from services.api.errors import Problem
from tests.support.api_rig import Rig, rig
from tests.support.databases import Postgres
from tests.support.waiting import until

SENSOR = "vt-flood-001.water_level"
PATH = f"/api/v1/sensors/{SENSOR}/observations"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    made = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    made.start()
    asyncio.run(_prepare(made.dsn()))
    yield made
    made.stop()


async def _prepare(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as db:
        await schema.migrate(db)
        await db.execute("insert into sensor (name) values (%s)", (SENSOR,))


@contextmanager
def frozen(server: Postgres) -> Iterator[None]:
    """The server and every process of its connections stand still."""
    assert server.process is not None
    family = [server.process.pid, *_children(server.process.pid)]
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


async def _refused(database: Database, sql: str, wait_s: float) -> tuple[Problem, float]:
    begun = time.monotonic()
    with pytest.raises(Problem) as problem:
        async with asyncio.timeout(wait_s):
            await database.rows(sql)
    return problem.value, time.monotonic() - begun


def test_a_query_in_hand_when_the_history_freezes_ends_and_its_connection_is_thrown_away(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "QUERY_S", 1.0)

    async def main() -> None:
        database = Database(server.dsn())
        backends = {(await database.rows("select pg_backend_pid()"))[0][0]}
        try:
            with frozen(server):
                problem, took = await _refused(database, "select 1", 40)
                assert (problem.status, problem.code) == (503, "history-away")
                assert took < 9
                assert not database.present
                # Who asks next does not wait as long: at once, or a connect's time.
                assert (await _refused(database, "select 1", 40))[1] < 9
            async with asyncio.timeout(40):
                while True:
                    try:
                        found = await database.rows("select pg_backend_pid()")
                        break
                    except Problem:
                        await asyncio.sleep(0.1)
            assert found[0][0] not in backends
            assert database.present
        finally:
            await database.close()

    asyncio.run(main())


def test_while_the_history_is_away_one_asks_it_and_the_others_are_told_at_once(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocks = 0
    connect = psycopg.AsyncConnection.connect

    async def knock(*words: Any, **more: Any) -> Any:
        nonlocal knocks
        knocks += 1
        return await connect(*words, **more)

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", knock)

    async def main() -> None:
        database = Database(server.dsn())
        with frozen(server):
            await _refused(database, "select 1", 40)
            await asyncio.sleep(history.COOL_S)
            assert knocks == 1
            await asyncio.gather(*(_refused(database, "select 1", 40) for _ in range(6)))

    asyncio.run(main())
    assert knocks == 2


def test_a_query_that_is_called_off_lets_go_though_the_history_is_frozen(server: Postgres) -> None:
    async def main() -> float:
        database = Database(server.dsn())
        await database.rows("select 1")
        with frozen(server):
            asking = asyncio.create_task(database.rows("select 1"))
            await asyncio.sleep(0.1)
            begun = time.monotonic()
            asking.cancel()
            await asyncio.wait({asking}, timeout=40)
            took = time.monotonic() - begun
            assert asking.cancelled()
        await database.close()
        return took

    assert asyncio.run(main()) < history.QUERY_S / 3


def _get(machine: Rig, path: str) -> tuple[int, Any, float]:
    begun = time.monotonic()
    status, document = machine.get(path)
    return status, document, time.monotonic() - begun


def test_a_frozen_history_is_told_in_time_shown_and_comes_back(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "QUERY_S", 3.0)
    with rig(tmp_path, server.dsn()) as machine:
        assert machine.get(PATH)[0] == 200
        with frozen(server):
            status, document, took = _get(machine, PATH)
            assert (status, document["type"]) == (503, "urn:haidang:problem:history-away"), document
            assert took < 12
            for path in (PATH, "/api/v1/strikes"):
                status, _, took = _get(machine, path)
                assert (status, took < 9) == (503, True), (path, took)
            status, document, took = _get(machine, "/api/v1/gateways")
            assert (status, document["history"]) == (200, "away")
            checks = {check["name"]: check for check in machine.get("/readyz")[1]["checks"]}
            assert checks["database"]["state"] == "degraded"
            assert machine.stop() < 15
            machine.start()
        until(lambda: machine.get(PATH)[0] == 200, 10, "the history to be back")
