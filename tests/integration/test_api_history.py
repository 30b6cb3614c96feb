"""What the API reads of the history, and what it says when there is none."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from services import schema
from services.api.database import Database, Row
from services.api.errors import Problem
from services.api.queries import canary_time
from services.observation.instants import iso
from tests.support.api_rig import T0, Rig, rig, told
from tests.support.databases import Postgres
from tests.support.waiting import until

SENSOR = "vt-flood-001.water_level"
MINUTE = 60_000_000
FROM, TO = quote(iso(T0)), quote(iso(T0 + 1000 * MINUTE))
PATH = f"/api/v1/sensors/{SENSOR}/observations?from={FROM}&to={TO}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    made = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    made.start()
    asyncio.run(_fill(made.dsn()))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def machine(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("api"), server.dsn()) as made:
        yield made


async def _fill(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as db:
        await schema.migrate(db)
        await db.execute("insert into sensor (name) values (%s), ('old-station.water_level')", (SENSOR,))
        # Every minute for two hours; then nothing for ten; then five more. One failed, one NaN.
        await db.execute(
            "insert into observation"
            " select 1, to_timestamp(%s::float8 / 1e6) + n * interval '1 minute', n, 1,"
            " to_timestamp(%s::float8 / 1e6) + n * interval '1 minute' from generate_series(0, 724) n"
            " where n < 120 or n >= 720",
            (T0, T0),
        )
        await db.execute("update observation set flag = 4, value = 999 where value = 7")
        await db.execute("update observation set flag = 9, value = 'NaN' where value = 8")
        await db.execute(
            "insert into strike (source, id, time, lat, lon, type, ka, received_at)"
            " select 's' || n, n::text, to_timestamp(%s::float8 / 1e6) + (n / 5) * interval '1 second',"
            " 10.3 + n * 0.01, 107.1, 'cg', -20, now() from generate_series(0, 19) n",
            (T0,),
        )
        await db.execute(
            "insert into gateway_account (gateway, packs, readings, duplicates, conflicts, lost_agent,"
            " discarded, last_received_at, status, status_at)"
            " values ('gw-01', 10, 50, 2, 1, 3, 0, now() - interval '1 hour', 'online', now())"
        )
        await db.execute(
            "insert into pack_range (gateway, buf, ranges, lost, first, updated_at)"
            " values ('gw-01', 'aa', '{[1,5),[8,11)}', '{[6,7)}', 1, now()),"
            " ('gw-01', 'bb', '{}', '{}', 1, now())"
        )
        _, data = told("ancient", severity="warning")
        _, over = told("ancient", "cleared", severity="warning", at_s=60)
        for sequence, event in enumerate((json.loads(data), json.loads(over)), 7):
            await db.execute(
                "insert into alert_event (id, epoch, sequence, type, source, subject, time, data)"
                " values (%s, 'aaaaaaaa', %s, %s, %s, %s, %s, %s)",
                (
                    event["id"],
                    sequence,
                    event["type"],
                    event["source"],
                    event["subject"],
                    event["time"],
                    json.dumps(event["data"]),
                ),
            )
        await db.execute("insert into canary (last_time) values (now())")


def _all(machine: Rig, path: str) -> list[dict[str, Any]]:
    """Every item, page by page."""
    items: list[dict[str, Any]] = []
    after = ""
    for _ in range(2000):
        status, document = machine.get(path + after)
        assert status == 200, document
        items += document["items"]
        if document["next"] is None:
            return items
        after = f"&after={quote(document['next'])}"
    raise AssertionError


def test_observations_come_by_time_with_their_flags(machine: Rig) -> None:
    status, document = machine.get(PATH)
    assert status == 200
    assert (document["unit"], document["sensor"], document["next"]) == ("m", SENSOR, None)
    items = document["items"]
    assert len(items) == 125
    assert items[0] == {"time": iso(T0), "value": 0.0, "flag": 1, "received_at": iso(T0)}
    assert (items[7]["value"], items[7]["flag"]) == (999.0, 4)
    assert (items[8]["value"], items[8]["flag"]) == (None, 9)
    assert [item["time"] for item in items] == sorted(item["time"] for item in items)


@pytest.mark.parametrize("limit", [1, 7, 124, 125, 126])
def test_pages_of_observations_put_together_are_the_whole(machine: Rig, limit: int) -> None:
    assert _all(machine, f"{PATH}&limit={limit}") == _all(machine, PATH)


def test_from_is_included_and_to_is_not(machine: Rig) -> None:
    start, end = quote(iso(T0 + MINUTE)), quote(iso(T0 + 3 * MINUTE))
    _, document = machine.get(f"/api/v1/sensors/{SENSOR}/observations?from={start}&to={end}")
    assert [item["value"] for item in document["items"]] == [1.0, 2.0]


def test_buckets_leave_out_what_failed_and_count_it(machine: Rig) -> None:
    start = T0 - T0 % (10 * MINUTE)
    _, document = machine.get(
        f"/api/v1/sensors/{SENSOR}/observations?from={quote(iso(start))}&to={TO}&every=10m"
    )
    first = document["items"][0]
    assert document["every_s"] == 600
    # T0 is at 53:20, so the bucket from 50:00 holds minutes 0 to 6, the next one 7 (failed) to 16.
    assert first == {
        "time": iso(start),
        "n": 7,
        "min": 0.0,
        "max": 6.0,
        "avg": 3.0,
        "last": 6.0,
        "left_out": 0,
    }
    second = document["items"][1]
    assert (second["n"], second["min"], second["left_out"]) == (8, 9.0, 2)
    assert sum(item["n"] + item["left_out"] for item in document["items"]) == 125


@pytest.mark.parametrize("every", ["10s", "10m", "7m", "1h", "1d"])
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_pages_of_buckets_put_together_are_the_whole(machine: Rig, every: str, limit: int) -> None:
    whole = _all(machine, f"{PATH}&every={every}&limit=10000")
    assert _all(machine, f"{PATH}&every={every}&limit={limit}") == whole
    assert sum(item["n"] + item["left_out"] for item in whole) == 125


def test_a_sensor_that_is_no_longer_declared_keeps_its_history(machine: Rig) -> None:
    status, document = machine.get("/api/v1/sensors/old-station.water_level/observations")
    assert (status, document["items"], document["unit"]) == (200, [], None)


@pytest.mark.parametrize("sensor", ["nobody.water_level", "haidang-self.canary", "%00", "x" * 300])
def test_an_unknown_sensor_and_our_own_canary_are_not_found(machine: Rig, sensor: str) -> None:
    assert machine.get(f"/api/v1/sensors/{sensor}/observations")[0] == 404
    assert machine.get(f"/api/v1/sensors/{sensor}")[0] == 404


def test_a_sensor_shows_its_newest_observation(machine: Rig) -> None:
    _, document = machine.get(f"/api/v1/sensors/{SENSOR}")
    assert (document["last"]["value"], document["history"]) == (724.0, "ok")
    assert machine.get("/api/v1/sensors/vt-sea-001.tide_level")[1]["last"] is None


def test_strikes_of_one_instant_are_paged_without_gap_or_repeat(machine: Rig) -> None:
    path = f"/api/v1/strikes?from={FROM}&to={TO}"
    whole = _all(machine, path)
    assert len(whole) == 20
    for limit in (1, 2, 3, 5, 7, 19, 20):
        assert _all(machine, f"{path}&limit={limit}") == whole
    assert len(_all(machine, f"{path}&bbox=107,10.3,107.2,10.345")) == 5


def test_a_gateway_shows_its_account_with_holes(machine: Rig) -> None:
    _, document = machine.get("/api/v1/gateways")
    first = document["items"][0]
    # Stored are 1 to 4 and 8 to 10; 6 is lost by the agent's word; 5 and 7 are missing.
    assert first["account"] == {
        "packs": 10,
        "readings": 50,
        "duplicates": 2,
        "conflicts": 1,
        "lost_agent": 3,
        "discarded": 0,
        "holes": 2,
    }
    assert (first["status"], first["silent"], first["heard_s"] > 3500) == ("online", False, True)
    assert (document["items"][1]["status"], document["history"]) == ("unknown", "ok")
    assert document["items"][1]["account"] is None
    _, one = machine.get("/api/v1/gateways/gw-01")
    by_name = {buffer["buf"]: buffer for buffer in one["buffers"]}
    assert by_name["aa"]["stored"] == [[1, 4], [8, 10]]
    assert by_name["aa"]["lost"] == [[6, 6]]
    assert by_name["bb"]["stored"] == []


def test_an_alert_that_memory_forgot_comes_from_the_history(machine: Rig) -> None:
    status, document = machine.get("/api/v1/alerts/ancient")
    assert (status, document["source"]) == (200, "history")
    assert (document["alert"]["state"], document["alert"]["events"]) == (
        "cleared",
        ["aaaaaaaa.7", "aaaaaaaa.8"],
    )
    assert [event["sequence"] for event in document["events"]] == ["7", "8"]
    assert machine.get("/api/v1/alerts/nobody")[0] == 404


def test_an_open_alert_shows_what_its_sensor_says_now(machine: Rig) -> None:
    machine.tell(told("standing"), told("over"), told("over", "cleared", at_s=60))
    now = {"time": iso(T0 + 724 * MINUTE), "value": 724.0, "flag": 1}

    def shown() -> dict[str, Any]:
        items = machine.get("/api/v1/alerts?state=all")[1]["items"]
        return {alert["alert_id"]: alert["latest"] for alert in items}

    until(lambda: shown() == {"standing": now, "over": None}, 10, "the newest observation")
    until(
        lambda: machine.get("/api/v1/alerts/standing")[1]["alert"]["latest"] == now,
        10,
        "it with one alert too",
    )
    assert machine.get("/api/v1/alerts/standing")[1]["alert"]["value"] == 1.7
    assert machine.get("/api/v1/alerts/over")[1]["alert"]["latest"] is None


def test_asking_before_the_tables_are_made_is_no_error_at_the_server(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data")
    server.start()

    async def main() -> int | None:
        database = Database(server.dsn())
        try:
            with pytest.raises(Problem) as unready:
                await canary_time(database)
            assert (unready.value.status, database.present) == (503, False)
            async with await psycopg.AsyncConnection.connect(server.dsn(), autocommit=True) as db:
                await schema.migrate(db)
            return await canary_time(database)
        finally:
            await database.close()

    try:
        assert asyncio.run(main()) is None
        assert "canary" not in (server.folder / "server.log").read_text()
    finally:
        server.stop()


def test_the_canary_s_age_at_the_archive_is_shown(machine: Rig) -> None:
    def age() -> float | None:
        checks = {check["name"]: check for check in machine.get("/readyz")[1]["checks"]}
        found: float | None = checks["canary_archive"]["age_s"]
        return found

    until(lambda: age() is not None, 5, "the canary's age")


def test_a_restart_of_the_database_between_two_queries_is_not_noticed(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data")
    server.start()

    async def main() -> list[Row]:
        database = Database(server.dsn())
        await asyncio.gather(*(database.rows("select pg_sleep(0.1)") for _ in range(3)))
        server.kill()
        server.start()
        try:
            return await database.rows("select 1")
        finally:
            await database.close()

    try:
        assert asyncio.run(main()) == [(1,)]
    finally:
        server.stop()


def test_a_query_that_takes_too_long_is_told_and_the_connection_goes_on(server: Postgres) -> None:
    async def main() -> list[Row]:
        database = Database(server.dsn())
        await database.rows("select set_config('statement_timeout', '400', false)")
        with pytest.raises(Problem) as slow:
            await database.rows("select pg_sleep(5)")
        assert slow.value.code == "history-slow"
        try:
            return await database.rows("select 1")
        finally:
            await database.close()

    assert asyncio.run(main()) == [(1,)]


def test_the_history_can_only_be_read(server: Postgres) -> None:
    async def main() -> None:
        database = Database(server.dsn())
        try:
            await database.rows("insert into sensor (name) values ('x.y') returning id")
        finally:
            await database.close()

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        asyncio.run(main())


def test_without_the_history_alerts_go_on_and_it_comes_back_by_itself(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("away")
    database = Postgres(folder / "data")
    database.start()
    asyncio.run(_fill(database.dsn()))
    try:
        with rig(folder / "api", database.dsn()) as machine:
            assert machine.get(PATH)[0] == 200
            machine.beat("ingest", "alerts", "keeper", "archive")
            database.kill()
            for path in (PATH, "/api/v1/strikes", "/api/v1/alerts/nobody"):
                status, document = machine.get(path)
                assert (status, document["type"]) == (503, "urn:haidang:problem:history-away"), path
                assert document["detail_vi"]
            machine.tell(told("while-away"))
            until(lambda: machine.get("/api/v1/alerts")[1]["items"], 5, "the alert")
            assert machine.get("/api/v1/alerts")[1]["items"][0]["latest"] is None
            assert machine.get("/api/v1/alerts/while-away")[0] == 200
            assert machine.get("/api/v1/events?after=0")[1]["items"]
            assert machine.get("/api/v1/gateways")[1]["history"] == "away"
            assert machine.get(f"/api/v1/sensors/{SENSOR}")[1]["history"] == "away"
            machine.beat("ingest", "alerts", "keeper", "archive")
            until(lambda: machine.get("/readyz")[0] == 200, 5, "it to be ready without its history")
            status, ready = machine.get("/readyz")
            assert (status, {check["name"]: check["state"] for check in ready["checks"]}["database"]) == (
                200,
                "degraded",
            )
            database.start()
            until(lambda: machine.get(PATH)[0] == 200, 15, "the history to be back")
            until(lambda: not machine.get("/readyz")[1]["complaints"], 10, "the complaint to be settled")
    finally:
        database.stop()
