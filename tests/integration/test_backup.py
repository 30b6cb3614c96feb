"""Backup and restore with real servers: a restored system goes on without a gap or a repeated event."""

import asyncio
import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest
from nats.js import JetStreamContext

from edge import sender as edge_sender
from edge.sender import Sender
from services import schema
from services.cli.backup import gaps as backup_gaps
from services.cli.backup import state as backup_state
from services.cli.backup import tables as backup_tables
from services.cli.backup.format import BackupError, Sink
from services.observation.instants import iso
from services.observation.senml import record
from services.runtime.nats import connect
from services.runtime.streams import READINGS, RESTORED_AT, SNAPSHOTS, STATE, Limits, ensure_streams
from tests.support.archive import T0, Pack, connected, new_writer, stream_of, write
from tests.support.broker import free_port
from tests.support.databases import (  # noqa: F401  fixtures
    plain_dsn,
    postgres,
    server_dsn,
    timescaledb_dsn,
    timescaledb_server,
)
from tests.support.events import all_events, backtest, essence, events_known
from tests.support.storm import LADDER, write_storm
from tests.support.up import PROGRAM, NatsOnly, Up, running
from tests.support.waiting import until
from tests.support.world import write_site

OURS = "g4-"
"""Stations of the gateway that keeps its buffer over the restore; the storm has none of them."""


def command(*words: str) -> str:
    done = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def replay(up: Up, site: Path, file: Path, speed: str = "max") -> "subprocess.Popen[str]":
    where = f"{up.mqtt[0]}:{up.mqtt[1]}"
    words = ["replay", str(file), "--mqtt", where, "--site", str(site), "--speed", speed]
    return subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, text=True)


def of_storm(http: str) -> dict[str, object]:
    """Events of the storm; twice the same id is an error."""
    return {
        key: event
        for key, event in essence(all_events(http)).items()
        if not str(event["data"]["sensor"]).startswith(OURS)
    }


class Client:
    """An SSE client that resumes as the standard says, and keeps what it was told."""

    def __init__(self, http: str, last: str | None = None) -> None:
        self.token, self.events, self.told = last, [], []  # type: tuple[str | None, list[str], list[str]]
        self._http, self._stop = http, threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        headers = {"Last-Event-ID": self.token} if self.token else {}
        query = "" if self.token else "?after=0"
        url = f"{self._http}/api/v1/events/stream{query}"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        kind = ""
        try:
            with urllib.request.urlopen(request, timeout=60) as lines:  # noqa: S310
                for raw in lines:
                    line = raw.decode().rstrip("\n")
                    if line.startswith("event: "):
                        kind = line[7:]
                        self.told.append(kind)
                    elif line.startswith("id: "):
                        self.token = line[4:]
                    elif line.startswith("data: ") and "specversion" in line:
                        self.events.append(json.loads(line[6:])["id"])
                    if self._stop.is_set():
                        return
        except OSError:
            return


@contextmanager
def patient_gateway(port: int) -> Iterator[Sender]:
    with Sender("127.0.0.1", port, "area-4", "gw-4") as sender:
        yield sender


def submit(sender: Sender, packs: int) -> None:
    for _ in range(packs):
        now = time.time_ns() // 1000
        sender.submit([record(f"{OURS}s{s}.water_level", now, 0.5) for s in range(5)])


def test_a_restored_backup_on_another_data_folder_continues_without_a_gap_or_a_repeated_event(  # noqa: PLR0915  one story
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backed up under load, gone on, lost; restored elsewhere; gateways send what they still have."""
    monkeypatch.setattr(edge_sender, "BACKOFF_S", (0.2, 0.5))
    site = write_site(tmp_path / "site", gateways=5, stations=5, interval_s=300, attributes=LADDER)
    storm = tmp_path / "storm.csv"
    count = write_storm(storm, hours=24, gaps=False)
    lines = storm.read_text().splitlines(keepends=True)
    (tmp_path / "first.csv").write_text("".join(lines[: count // 2]))
    (tmp_path / "second.csv").write_text("".join([lines[0], *lines[count // 2 :]]))
    expected = essence(backtest(site, [storm])["events"])
    assert len(expected) > 100
    port, shelf = free_port(), tmp_path / "shelf"
    with patient_gateway(port) as gateway:
        with running(site, tmp_path / "data", "--mqtt", f"127.0.0.1:{port}") as up:
            client = Client(up.http)
            submit(gateway, 3)
            assert gateway.wait_all_stored(60)
            # Told to end, the engine writes its snapshots: the backup shall have some, older than READINGS.
            up.wait_restarted("alerts", up.kill("alerts", signal.SIGTERM))
            sending = replay(up, site, tmp_path / "first.csv", "20000")
            until(lambda: len(client.events) > 50, 20, "events to flow")
            of_site = ("--data", str(tmp_path / "data"))
            command("people", "add", "ioc", "--role", "machine", "--no-password", *of_site)
            door = command("people", "token", "ioc", "--as", "feed", *of_site)
            command("backup", str(shelf), *of_site)
            command("people", "add", "later", "--role", "viewer", "--no-password", *of_site)
            submit(gateway, 4)  # stored by this system, and so forgotten by the agent
            sending.communicate(timeout=120)
            replay(up, site, tmp_path / "second.csv").communicate(timeout=120)
            assert gateway.wait_all_stored(60)
            until(lambda: len(of_storm(up.http)) == len(expected), 100, "all events")
            until(lambda: set(expected) <= set(client.events), 10, "the client to have them too")
            assert len(client.events) == len(set(client.events))
        token = client.token
        submit(gateway, 2)  # while nobody listens
        assert Path(command("restore", str(shelf), "--data", str(tmp_path / "new"))) == tmp_path / "new"
        with running(site, tmp_path / "new", "--mqtt", f"127.0.0.1:{port}") as up:
            until(lambda: events_known(up.http), 10, "the API to have read ALERTS")
            assert status(f"{up.http}/api/v1/events", door) == 200, "accounts and tokens are in a backup"
            assert '"later"' not in command("people", "list", "--json", "--data", str(tmp_path / "new"))
            restored = of_storm(up.http)
            assert set(restored) < set(expected), "the backup was taken in the middle"
            until(
                lambda: status(f"{up.http}/api/v1/events?after={token}") == 410, 10, "an old token to be gone"
            )
            again = Client(up.http, token)
            until(lambda: "resync" in again.told, 10, "an old client to be told")
            _, errors = replay(up, site, storm).communicate(timeout=120)
            assert "stored" in errors
            assert gateway.wait_all_stored(60), gateway.problem
            until(lambda: len(of_storm(up.http)) >= len(expected), 100, "all events")
            assert of_storm(up.http) == expected
            # By now the stream has a message under that number again: another one.
            assert status(f"{up.http}/api/v1/events?after={token}") == 410
            until(lambda: set(expected) - set(restored) <= set(again.events), 10, "the client to go on")
            assert rows(up, "select count(*) from observation o join sensor s on s.id = o.sensor_id"
                            " where not s.derived and s.name not like 'g4-%'") == count  # fmt: skip
            assert rows(up, "select count(*) from stream_gap") == 0
            until(lambda: let_go(tmp_path / "new") == {"gw-4": 4}, 10, "what was let go to be shown")
            assert "gw-4: 4 packs let go" in command("restore", "--gaps", "--data", str(tmp_path / "new"))


def status(url: str, token: str | None = None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def rows(up: Up, query: str) -> int:
    with psycopg.connect(up.database) as conn:
        found = conn.execute(query.encode()).fetchone()
    assert found is not None
    return int(found[0])


def let_go(data: Path) -> dict[str, int]:
    found = asyncio.run(backup_gaps.look(data))
    assert len(found.spans) == 1
    return found.let_go


# --- the parts -------------------------------------------------------------------------------------


def test_snapshots_that_move_while_they_are_read_belong_to_their_keys(nats_server: NatsOnly) -> None:
    """A writer as engine and ingest are: new object, key moved, old object deleted, without a pause."""

    async def work(js: JetStreamContext) -> None:
        writing = asyncio.create_task(write_snapshots(js, 12))
        while not writing.done():
            state = await backup_state.read_state(js)
            names = [name for key, value in state.keys.items() for name in backup_state.named(key, value)]
            assert set(names) == state.objects.keys()
            await asyncio.sleep(0.01)
        await writing

    with_streams(nats_server, work)


def with_streams(server: NatsOnly, work: Callable[[JetStreamContext], Awaitable[None]]) -> None:
    async def connected() -> None:
        connection = await connect(server.settings(), "test")
        try:
            await ensure_streams(connection.js, Limits.of(1 << 30))
            await work(connection.js)
        finally:
            await connection.close()

    asyncio.run(connected())


async def write_snapshots(js: JetStreamContext, times: int) -> None:
    state, store, before = await js.key_value(STATE), await js.object_store(SNAPSHOTS), ""
    for count in range(times):
        name = f"engine.0.epoch.{count}"
        await store.put(name, b"x" * 100_000)
        await state.put("engine.0", msgspec.json.encode({"object": name, "v": 1}))
        if before:
            await store.delete(before)
        before = name
        await asyncio.sleep(0.01)


def test_a_restored_stream_forgets_by_its_own_age_again_after_a_week(nats_server: NatsOnly) -> None:
    async def age(js: JetStreamContext) -> float:
        return (await js.stream_info(READINGS)).config.max_age or 0.0

    async def work(js: JetStreamContext) -> None:
        usual = await age(js)
        for days, expected in ((6, usual * 5), (8, usual)):
            config = (await js.stream_info(READINGS)).config
            then = iso(int((time.time() - days * 86_400) * 1e6))
            config.metadata = {**(config.metadata or {}), RESTORED_AT: then}
            config.max_age = usual * 5
            await js.update_stream(config)
            await ensure_streams(js, Limits.of(1 << 30))
            assert await age(js) == expected

    with_streams(nats_server, work)


def test_a_history_goes_into_any_database_and_stays_the_same(
    server_dsn: str, postgres_url: str, tmp_path: Path
) -> None:
    """From plain PostgreSQL and from TimescaleDB, into plain PostgreSQL; counters go on."""

    async def fill() -> None:
        conn = await connected(server_dsn)
        packs = [[Pack("gw-1", "b1", n, (("s-1.p", T0 + n * 10**6, n / 7),))] for n in range(1, 40)]
        await write(await new_writer(conn), stream_of(packs))
        await conn.close()

    asyncio.run(fill())
    sink, told = Sink(tmp_path), list[tuple[str, int]]()
    part = backup_tables.save(server_dsn, sink, lambda t, n: told.append((t, n)), threading.Event())
    assert ("observation", part.tables["observation"].rows) in told
    with fresh_database(postgres_url) as target:
        asyncio.run(backup_tables.prepare(target, part.schema))
        backup_tables.load(target, tmp_path, part, lambda *_: None, threading.Event())
        asyncio.run(
            backup_tables.finish(target, ("2026-11-22T00:00:00Z", "0a0b0c0d", 7), "2026-11-23T00:00:00Z")
        )
        with psycopg.connect(server_dsn) as one, psycopg.connect(target) as two:
            for table in set(schema.TABLES) - {"restored"}:
                query = f"select * from {table} order by 1, 2".encode()
                if table == "canary":
                    query = b"select * from canary"
                assert two.execute(query).fetchall() == one.execute(query).fetchall(), table
            new = two.execute("insert into sensor (name) values ('new') returning id").fetchone()
            assert new is not None
            assert new[0] == 1 + part.tables["sensor"].rows
        with pytest.raises(BackupError, match="holds a history already"):
            asyncio.run(backup_tables.prepare(target, part.schema))


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    from tests.support.databases import database

    with database(server) as dsn:
        yield dsn
