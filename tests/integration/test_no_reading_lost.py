"""Promise 1: from our agent to the disk nothing is lost and nothing is counted twice, whatever dies."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from edge.sender import Sender
from services.observation.instants import SECOND, micros
from tests.support import databases
from tests.support.databases import crashing_timescaledb_dsn, timescaledb_server  # noqa: F401  fixtures
from tests.support.kills import DAY_US, GATEWAYS, every_reading_becomes_one_row, rows_of_day
from tests.support.some_services import PROGRAM, STORING
from tests.support.up import Up, running
from tests.support.waiting import until
from tests.support.world import packs, readings_of, write_site

DAYS = {
    "ingest": micros("2025-11-18T00:00:00Z"),
    "archive": micros("2025-11-19T00:00:00Z"),
    "nats-server": micros("2025-11-20T00:00:00Z"),
    "postgres": micros("2025-11-21T00:00:00Z"),
    "plain": micros("2025-11-22T00:00:00Z"),
}
OURS = ["ingest", "archive", "nats-server"]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("city")
    site = write_site(folder / "site", gateways=GATEWAYS)
    with running(site, folder / "data", *STORING, program=PROGRAM) as up:
        yield up


@pytest.mark.parametrize("victim", [*OURS, "postgres"])
def test_killing_any_part_with_2000_messages_in_flight_loses_and_doubles_nothing(
    city: Up, victim: str
) -> None:
    every_reading_becomes_one_row(city, partial(city.kill, victim), DAYS[victim])


def test_on_timescaledb_too_killing_any_part_loses_and_doubles_nothing(
    tmp_path: Path,
    crashing_timescaledb_dsn: str,
) -> None:
    site, dsn = write_site(tmp_path / "site", gateways=GATEWAYS), crashing_timescaledb_dsn
    with running(site, tmp_path / "data", "--database", dsn, *STORING, program=PROGRAM) as up:
        with databases.timescaledb_used():
            for victim in OURS:
                every_reading_becomes_one_row(up, partial(up.kill, victim), DAYS[victim])
        with databases.timescaledb_alone():
            every_reading_becomes_one_row(up, lambda: crash_timescaledb(dsn), DAYS["postgres"])
        with psycopg.connect(dsn) as connection:
            hypertables = connection.execute(
                "SELECT hypertable_name FROM timescaledb_information.hypertables"
            )
            assert ("observation",) in hypertables.fetchall()


def crash_timescaledb(dsn: str) -> None:
    """Kill the server's postmaster, and start it again as its owner would."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert found is not None
    os.kill(int(found[0].split()[0]), signal.SIGKILL)

    def answers() -> bool:
        subprocess.run([str(databases.TOOL), "start"], capture_output=True, check=False, timeout=60)
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn, connect_timeout=2):
            return True
        return False

    until(answers, 30, "TimescaleDB to come back")


def test_a_broker_restart_never_acknowledges_a_plain_message_that_is_not_stored(city: Up) -> None:
    start = DAYS["plain"]
    mine = packs(0, 2000, stations=1, start=start, step_s=30)
    with Sender(*city.mqtt, "area-0", "gw-0", plain=True) as sender:
        for pack in mine:
            sender.submit(pack)
        until(lambda: sender.stored > 200, 20, "the first PUBACKs")
        city.kill("nats-server")
        assert sender.wait_all_stored(120)
    expected = readings_of(mine)
    until(lambda: set(rows_of_day(city, start)) == expected, 60, "every PUBACKed reading to be a row")
    assert len(rows_of_day(city, start)) == len(expected)


def test_after_a_kill_ingest_releases_its_first_reading_within_five_seconds(city: Up) -> None:
    start = DAYS["plain"] + DAY_US
    with Sender(*city.mqtt, "area-0", "gw-0") as sender:
        sender.submit(packs(0, 1, start=start)[0])
        assert sender.wait_all_stored(60)
        city.kill("ingest")
        sender.submit(packs(0, 1, start=start + 60 * SECOND)[0])
        # Below the half minute for which a broker left to its defaults would be deaf, on a busy machine too.
        took = until(lambda: len(rows_of_day(city, start)) == 10, 25, "what was sent then", promised=True)
    print(f"first reading after a kill of ingest: {took:.2f} s (promised 5 s, asserted at five times)")  # noqa: T201
