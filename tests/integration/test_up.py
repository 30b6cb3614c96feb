"""`haidang up` with services that only live: starting, stopping, and what happens when something dies."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as mqtt
import psycopg
import pytest
from nats.js.errors import NotFoundError
from paho.mqtt.enums import CallbackAPIVersion

from services.cli import main
from services.runtime import run_file, tied
from services.runtime.nats import connect
from tests.support.stub_services import LIGHT, PROGRAM
from tests.support.up import BUSY_S, ROOT, STOP_S, NatsOnly, Up, postgres_only, running
from tests.support.waiting import until
from tests.support.world import write_site

CHILDREN = {
    "up",
    "nats-server",
    "postgres",
    "ingest",
    "archive",
    "alerts",
    "keeper",
    "api",
    "lighting",
    "roads",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site") / "site")


@pytest.fixture(scope="module")
def machine(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One machine for the tests that leave it as it was."""
    with running(site, tmp_path_factory.mktemp("machine") / "data", program=PROGRAM) as up:
        until(lambda: up.pids().keys() == CHILDREN, 30, "all children")
        yield up


def start(site: Path, data: Path, *extra: str) -> "subprocess.CompletedProcess[str]":
    """A start that is expected to end by itself."""
    command = [*PROGRAM, "up", "--site", str(site), "--data", str(data), *extra]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)


def refused(capsys: pytest.CaptureFixture[str], site: Path, data: Path, *extra: str) -> str:
    """What a start says that ends before it started anything."""
    assert main(["up", "--site", str(site), "--data", str(data), *extra]) == 2
    return capsys.readouterr().err


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].split("/")[0])


def database_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def test_it_prints_two_lines_and_everything_else_goes_to_stderr(machine: Up) -> None:
    assert len(machine.stdout) == 2
    assert machine.stdout[0] == f"mqtt 127.0.0.1:{machine.mqtt[1]}"
    assert machine.stdout[1] == f"ready {machine.http}"
    assert "nats-server 2." in machine.stderr


def test_the_run_file_names_every_process_and_address_and_is_ours_alone(machine: Up) -> None:
    file = machine.data / "run.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run = json.loads(file.read_text("utf-8"))
    assert run["format"] == 1
    assert run["site"] == "thu-nghiem"
    assert run["mqtt"] == f"127.0.0.1:{machine.mqtt[1]}"
    assert run["http"] == machine.http
    assert set(run["pids"]) == CHILDREN
    assert run["pids"]["up"] == machine.process.pid
    assert all(tied.identity(pid) for pid in run["pids"].values())
    until(lambda: database_answers(run["database"]), 20, "the database")


@pytest.mark.parametrize("name", ["credentials.json", "admin-token", "nats/nats.conf", "run.json"])
def test_secrets_can_be_read_by_us_only(machine: Up, name: str) -> None:
    assert stat.S_IMODE((machine.data / name).stat().st_mode) == 0o600


def test_a_second_start_on_the_same_data_is_refused_and_names_the_first(machine: Up) -> None:
    done = start(machine.site, machine.data)
    assert done.returncode == 2
    assert f"process {machine.process.pid}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert machine.process.poll() is None


def test_mqtt_on_loopback_takes_a_client_without_credentials(machine: Up) -> None:
    host, port = machine.mqtt
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="device")
    acknowledged = threading.Event()
    client.on_publish = lambda *_: acknowledged.set()
    client.connect(host, port)
    client.loop_start()
    client.publish("haidang/v1/area-0/gw-0/readings", b"[]", qos=1)
    assert acknowledged.wait(40)
    client.disconnect()
    client.loop_stop()


def test_the_database_wants_a_password(machine: Up) -> None:
    url = machine.database
    password = url.split(":")[2].split("@")[0]
    assert not database_answers(url.replace(password, "guess"))


@pytest.mark.parametrize("name", sorted(CHILDREN - {"up"}))
def test_a_killed_child_is_started_again_and_the_run_file_follows(machine: Up, name: str) -> None:
    nats_port, database_port = port_of(machine.nats), port_of(machine.database)
    before = machine.kill(name)
    after = machine.wait_restarted(name, before)
    assert tied.identity(after) is not None
    until(lambda: machine.pids().keys() == CHILDREN, 20, "all children again")
    until(lambda: database_answers(machine.database), 20, "the database")
    assert (port_of(machine.nats), port_of(machine.database)) == (nats_port, database_port)
    until(lambda: listens(nats_port) and listens(machine.mqtt[1]), 20, "the server on its old ports")


def test_a_complaint_reaches_the_terminal_in_both_languages_and_its_end_too(machine: Up) -> None:
    mark = machine.data / "complain-keeper"
    mark.touch()
    machine.wait_restarted("keeper", machine.kill("keeper"))
    until(
        lambda: "complaint keeper test: something is wrong / có chuyện" in machine.stderr, 20, "the complaint"
    )
    mark.unlink()
    machine.wait_restarted("keeper", machine.kill("keeper"))
    until(lambda: "settled keeper test" in machine.stderr, 20, "its end")


def test_site_push_and_pull_work_against_the_running_version(site: Path, tmp_path: Path) -> None:
    data, mine = tmp_path / "data", write_site(tmp_path / "mine")
    with running(mine, data, *LIGHT, program=PROGRAM):
        rename(mine, "Trial", "Second")
        assert haidang("site", "push", str(mine), "--data", str(data)).returncode == 0
        assert "runs already" in haidang("site", "push", str(mine), "--data", str(data)).stdout
        # A colleague who pulled before publishes something else.
        other = tmp_path / "other"
        assert haidang("site", "pull", str(other), "--data", str(data)).returncode == 0
        assert (other / "site.toml").read_bytes() == (mine / "site.toml").read_bytes()
        rename(other, "Second", "Third")
        assert haidang("site", "push", str(other), "--data", str(data)).returncode == 0
    # Meanwhile mine was changed too; the base of this data folder is the colleague's version by now, so it
    # is put back to what these files really started from.
    (data / "site-base.json").write_text('{"format": 1, "version": "00000000000000000000000000000000"}')
    rename(mine, "Second", "Fourth")
    done = start(mine, data)
    assert done.returncode == 2
    assert "-name = " in done.stderr
    assert "Third" in done.stderr
    assert "+name = " in done.stderr
    assert "Fourth" in done.stderr
    assert f"haidang site pull {mine} --data {data}" in done.stderr
    assert "Traceback" not in done.stderr


def rename(folder: Path, old: str, new: str) -> None:
    file = folder / "site.toml"
    file.write_text(file.read_text("utf-8").replace(f'en = "{old}"', f'en = "{new}"', 1), "utf-8")


def haidang(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM[0], "-m", "services.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )


class Life(NamedTuple):
    """What was seen of a data folder: started, stopped, changed meanwhile, started and stopped again."""

    ports: list[int]
    stopped_s: float
    still_open: list[int]
    of_another: "subprocess.CompletedProcess[str]"
    ports_again: list[int]
    said_again: str
    pulled: Path
    mine: Path
    stopped_with_a_deaf_service_s: float


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("life")
    data, mine, other = folder / "data", write_site(folder / "mine"), write_site(folder / "other")
    with running(mine, data, program=PROGRAM) as up:
        until(lambda: "postgres" in up.pids(), 20, "postgres")
        ports, stopped_s = ports_of(up), up.stop(BUSY_S)
    still_open = [port for port in ports if listens(port)]
    file = other / "site.toml"
    file.write_text(file.read_text("utf-8").replace('id = "thu-nghiem"', 'id = "noi-khac"'), "utf-8")
    of_another = start(other, data)
    rename(mine, "Trial", "Second")
    with running(mine, data, program=PROGRAM) as up:
        ports_again, said_again = ports_of(up), up.stderr
        assert haidang("site", "pull", str(folder / "pulled"), "--data", str(data)).returncode == 0
        rename(mine, "Second", "Unsaved")
        assert haidang("site", "pull", str(mine), "--data", str(data)).returncode == 0
        (data / "hang-api").touch()
        deaf_s = up.stop(BUSY_S)
    return Life(
        ports, stopped_s, still_open, of_another, ports_again, said_again, folder / "pulled", mine, deaf_s
    )


def ports_of(up: Up) -> list[int]:
    return [up.mqtt[1], port_of(up.http), port_of(up.nats), port_of(up.database)]


def test_stopping_closes_every_port_and_the_next_start_has_the_same(life: Life) -> None:
    assert life.stopped_s < 3 * STOP_S  # promised: once, on a machine with nothing else to do
    assert life.still_open == []
    assert life.ports_again == life.ports


def test_another_site_on_the_same_data_is_refused(life: Life) -> None:
    assert life.of_another.returncode == 2
    assert "belongs to site 'thu-nghiem'" in life.of_another.stderr


def test_files_changed_while_it_was_down_are_published_at_the_next_start(life: Life) -> None:
    assert "published" in life.said_again
    assert 'en = "Second"' in (life.pulled / "site.toml").read_text("utf-8")


def test_pull_keeps_what_it_replaces(life: Life) -> None:
    assert 'en = "Second"' in (life.mine / "site.toml").read_text("utf-8")
    assert 'en = "Unsaved"' in (life.mine / "site.toml.before-pull").read_text("utf-8")


def test_a_service_that_does_not_listen_is_ended_all_the_same_in_time(life: Life) -> None:
    assert life.stopped_with_a_deaf_service_s < 3 * STOP_S


def test_killing_up_itself_leaves_no_child_behind(site: Path, tmp_path: Path) -> None:
    up = Up(site, tmp_path / "data", program=PROGRAM)
    try:
        up.wait_ready()
        until(lambda: up.pids().keys() == CHILDREN, 20, "all children")
        up.process.kill()
        up.process.wait()
        until(lambda: not up.left(), 15, "the children to end")
    finally:
        up.end_hard()
    with running(site, tmp_path / "data", *LIGHT, program=PROGRAM):
        pass


def test_a_leftover_is_ended_at_the_next_start_but_never_a_stranger_with_its_number(tmp_path: Path) -> None:
    ours = subprocess.Popen(["sleep", "60"], executable="/bin/sleep")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        run = run_file.Run(site="s", mqtt="", http="", nats="", database=None)
        started = {child.pid: (tied.identity(child.pid) or tied.us()).started for child in (ours, stranger)}
        # The right number and start, but not our kind of program; and our kind, but another start.
        run.pids = {"ingest": stranger.pid, "postgres": ours.pid}
        run.started = {"ingest": started[stranger.pid], "postgres": started[ours.pid] - 1}
        assert run_file.end_leftovers(run) == []
        assert stranger.poll() is None
        assert ours.poll() is None
    finally:
        for child in (ours, stranger):
            child.kill()
            child.wait()


def test_a_real_leftover_is_ended_at_the_next_start(tmp_path: Path) -> None:
    child = subprocess.Popen([PROGRAM[0], "-c", "import time; time.sleep(60)", "services.cli"])
    try:
        found = tied.identity(child.pid)
        assert found is not None
        run = run_file.Run(site="s", mqtt="", http="", nats="", database=None)
        run.pids, run.started = {"ingest": child.pid}, {"ingest": found.started}
        assert run_file.end_leftovers(run) == ["ingest"]
        assert child.wait(40) == -signal.SIGTERM
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()


def test_a_trusted_network_may_be_open_and_strict_flushes_every_message(site: Path, tmp_path: Path) -> None:
    asked = ("--mqtt", "0.0.0.0:0", "--trusted-network", "--strict", *LIGHT)
    with running(site, tmp_path / "data", *asked, program=PROGRAM) as up:
        assert up.mqtt[0] == "0.0.0.0"
        assert listens(up.mqtt[1])
        config = json.loads((tmp_path / "data" / "nats" / "nats.conf").read_text("utf-8"))
    assert config["jetstream"]["sync_interval"] == "always"


@pytest.mark.parametrize("option", ["http", "mqtt"])
def test_a_taken_port_is_named_with_a_remedy(
    site: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(capsys, site, tmp_path / "data", f"--{option}", f"127.0.0.1:{port}")
    assert f"--{option} 127.0.0.1:{port} is taken by another program → " in said
    assert "đang bị chương trình khác dùng" in said


@pytest.mark.parametrize("option", ["http", "mqtt"])
def test_an_address_that_others_can_reach_is_refused_unless_the_network_is_trusted(
    site: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, site, tmp_path / "data", f"--{option}", "0.0.0.0:0")
    assert "--trusted-network" in said


def test_a_bad_site_is_refused_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_site(tmp_path / "site")
    with (folder / "sensors.csv").open("a", encoding="utf-8") as table:
        table.write("nowhere.water_level,m,60\n")
    said = refused(capsys, folder, tmp_path / "data")
    assert "sensors.csv:22: " in said
    assert not (tmp_path / "data" / "run.json").exists()


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (("--site", "/no/such/folder"), "there is no such folder"),
        (("--http", "nonsense"), "is not HOST:PORT"),
        (("--nats", "nats://127.0.0.1:1"), "--nats needs --mqtt"),
        (("--http", "192.0.2.1:0", "--trusted-network"), "use an address of this machine"),
    ],
)
def test_what_can_not_be_is_said_in_one_line(
    site: Path, tmp_path: Path, extra: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, site, tmp_path / "data", *extra)
    assert word in said


def test_a_data_folder_that_can_not_be_made_is_said(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    said = refused(capsys, site, tmp_path / "file" / "data")
    assert "is a file, not a folder" in said


def test_an_unknown_setting_in_the_environment_is_refused_by_name(site: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "up", "--site", str(site), "--data", str(tmp_path / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
        env={**os.environ, "HAIDANG_MQT": "127.0.0.1:1883"},
    )
    assert done.returncode == 2
    assert "HAIDANG_MQT" in done.stderr


def test_external_servers_are_used_and_left_running(
    site: Path, tmp_path: Path, nats_server: NatsOnly
) -> None:
    credentials = tmp_path / "who.json"
    credentials.write_text(json.dumps({"user": "up", "password": nats_server.credentials.nats["up"]}))
    nats = f"nats://127.0.0.1:{nats_server.ports.nats}"
    with postgres_only(tmp_path / "pg") as database:
        extra = ["--nats", nats, "--mqtt", f"127.0.0.1:{nats_server.ports.mqtt}", "--database", database]
        extra += ["--credentials", str(credentials)]
        with running(site, tmp_path / "data", *extra, program=PROGRAM) as up:
            until(lambda: up.pids().keys() == CHILDREN - {"nats-server", "postgres"}, 20, "all children")
            assert up.mqtt == ("127.0.0.1", nats_server.ports.mqtt)
            assert up.database == database
        assert listens(nats_server.ports.nats)
        assert database_answers(database)


def test_a_nats_server_that_refuses_us_is_said(site: Path, tmp_path: Path, nats_server: NatsOnly) -> None:
    credentials = tmp_path / "who.json"
    credentials.write_text(json.dumps({"user": "up", "password": "wrong"}))
    done = start(
        site,
        tmp_path / "data",
        *("--nats", f"nats://127.0.0.1:{nats_server.ports.nats}"),
        *("--mqtt", f"127.0.0.1:{nats_server.ports.mqtt}"),
        *("--database", "postgresql://127.0.0.1:1/none", "--credentials", str(credentials)),
    )
    assert done.returncode == 2
    assert "look at --nats and --credentials" in done.stderr


def test_the_brokers_own_stream_is_bounded_and_withholds_rather_than_drops(machine: Up) -> None:
    device = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="first")
    device.connect(*machine.mqtt)
    device.disconnect()

    async def config() -> tuple[str, int]:
        connection = await connect(machine.settings(), "test")
        try:
            found = (await connection.js.stream_info("$MQTT_msgs")).config
            return str(found.discard), found.max_bytes or -1
        except NotFoundError:
            return "not made yet", -1
        finally:
            await connection.close()

    until(lambda: asyncio.run(config())[0] == "new", 10, "the bound")
    assert asyncio.run(config())[1] > 0
