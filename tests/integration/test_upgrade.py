"""A data folder of the previous release: upgraded by `up`, goes on, and comes back."""

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg

from services import schema
from services.cli import main
from services.cli.backup import format as backup_format
from services.cli.backup import state as backup_state
from services.cli.backup.put import put
from services.cli.backup.servers import alone
from services.cli.backup.state import State
from services.runtime import formats
from services.runtime.streams import ALERTS, READINGS
from tests.support import old_data
from tests.support.databases import plain_dsn, postgres  # noqa: F401  fixtures
from tests.support.events import all_events, backtest, events_known, of_the_engine
from tests.support.logs import log_as_before  # noqa: F401  a fixture
from tests.support.up import PROGRAM, Up, running
from tests.support.waiting import until

_COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default, is_identity
from information_schema.columns where table_schema = current_schema() order by 1, ordinal_position
"""
_CONSTRAINTS = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where connamespace = current_schema()::regnamespace order by 1, 2
"""
_INDEXES = "select indexdef from pg_indexes where schemaname = current_schema() order by 1"


def command(*words: str, code: int = 0) -> str:
    """What a command says on both outputs, standard output first."""
    said = StringIO(), StringIO()
    with redirect_stdout(said[0]), redirect_stderr(said[1]):
        assert main(words) == code, [text.getvalue() for text in said]
    return said[0].getvalue() + said[1].getvalue()


def told(events: Iterable[dict[str, Any]]) -> Counter[tuple[str, str, str, str]]:
    """What the site's own rule said: which step, of which sensor, when.

    Not by id: the hash of a rule is in it, and a release may give rules a new part.
    """
    return Counter(
        (event["type"], event["data"]["sensor"], event["data"]["severity"], event["data"]["time"])
        for event in events
        if of_the_engine(event) and event["data"].get("rule") == "muc-nuoc"
    )


def test_a_data_folder_of_the_previous_release_is_upgraded_goes_on_and_comes_back(tmp_path: Path) -> None:
    site, (whole, first, rest) = old_data.site(tmp_path), old_data.storm(tmp_path)
    backup, data = old_data.unpacked(tmp_path / "old"), tmp_path / "data"
    asyncio.run(put(backup, data, None))
    assert formats.number(data) == 1
    assert "haidang up does it by itself" in command("upgrade", "--data", str(data), "--check")

    expected = told(backtest(site, [whole])["events"])
    stored = len(first.read_text().splitlines()) + len(rest.read_text().splitlines()) - 2
    assert len(expected) > 30
    with running(site, data) as up:
        assert "data folder upgraded from 0.1.0" in up.stderr
        until(lambda: events_known(up.http), 10, "the API to have read ALERTS")
        assert told(all_events(up.http)) < expected, "nothing of before is told again, and nothing is new"
        replay(up, site, rest)
        until(lambda: told(all_events(up.http)).total() >= expected.total(), 100, "all events")
        assert told(all_events(up.http)) == expected
        assert version(up.database) == schema.LATEST
        assert count(up) == stored
        refused = command("upgrade", "--data", str(data), "--rollback", code=2)
        assert f"kill {up.pid('up')}" in refused

    assert "is of release 0.1.0 again" in command("upgrade", "--data", str(data), "--rollback")
    assert formats.number(data) == 1
    assert not (data / formats.FILE).exists(), "the first release wrote none"
    asyncio.run(is_as_it_was(backup, data, stored, expected.total()))
    assert "has nothing to go back to" in command("upgrade", "--data", str(data), "--rollback", code=2)

    done = json.loads(command("upgrade", "--data", str(data), "--json").splitlines()[0])
    assert done["data"] == formats.DATA
    assert "nothing to do" in command("upgrade", "--data", str(data))


async def is_as_it_was(backup: Path, data: Path, rows: int, events: int) -> None:
    """Snapshots and tables are those of the older release; what came since is there all the same."""
    kept = State.load(backup)
    async with alone(data, "test") as servers:
        now = await backup_state.read_state(servers.js)
        names = [key for key, value in kept.keys.items() if any(backup_state.named(key, value))]
        assert len(names) == 17
        assert {key: now.keys[key] for key in names} == {key: kept.keys[key] for key in names}
        assert now.objects == kept.objects
        parts = backup_format.read(backup).streams
        assert (await servers.js.stream_info(READINGS)).state.last_seq > parts[READINGS].last
        assert (await servers.js.stream_info(ALERTS)).state.last_seq >= events
        assert servers.database is not None
        assert version(servers.database) == formats.KNOWN[1].schema
        with psycopg.connect(servers.database) as conn:
            found = conn.execute("select count(*) from observation").fetchone()
            assert found is not None
            assert found[0] >= rows


def test_every_step_of_the_tables_has_a_way_back_and_no_table_is_left_out_of_backups(plain_dsn: str) -> None:
    async def work() -> None:
        async with await psycopg.AsyncConnection.connect(plain_dsn, autocommit=True) as conn:
            forms = []
            for number in range(1, schema.LATEST + 1):
                await schema.migrate(conn, to=number)
                forms.append(await form(conn))
            tables = {row[0] for row in forms[-1][0]}
            assert tables - {"schema_version", "observation_1h"} == set(schema.TABLES)
            for number in range(schema.LATEST, 0, -1):
                assert await form(conn) == forms[number - 1]
                if number > 1:
                    await schema.downgrade(conn, number - 1)

    asyncio.run(work())


async def form(conn: psycopg.AsyncConnection[Any]) -> list[list[tuple[Any, ...]]]:
    return [
        await (await conn.execute(query.encode())).fetchall() for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
    ]


def replay(up: Up, site: Path, file: Path) -> None:
    where = f"{up.mqtt[0]}:{up.mqtt[1]}"
    words = ["replay", str(file), "--mqtt", where, "--site", str(site), "--speed", "max"]
    done = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=120)
    assert "stored" in done.stderr, done.stderr


def version(database: str) -> int:
    with psycopg.connect(database) as conn:
        found = conn.execute("select max(version) from schema_version").fetchone()
    assert found is not None
    return int(found[0])


def count(up: Up) -> int:
    with psycopg.connect(up.database) as conn:
        found = conn.execute(
            "select count(*) from observation o join sensor s on s.id = o.sensor_id where not s.derived"
        ).fetchone()
    assert found is not None
    return int(found[0])
