"""`haidang up` when something is not as hoped: a frozen database, two folders, a taken port, a slow start."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.cli import main
from services.cli.up import nats_child
from services.cli.up.plan import NATS_SERVER, Plan
from services.cli.up.planning import make_plan
from services.runtime import tied
from services.runtime.embedded import EmbeddedError
from services.runtime.supervisor import Supervisor
from tests.support.broker import free_port
from tests.support.stub_services import LIGHT, PROGRAM
from tests.support.up import BUSY_S, ROOT, STOP_S, Up, running
from tests.support.waiting import until
from tests.support.world import write_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("site") / "site")


def haidang(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [PROGRAM[0], "-m", "services.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)


def rename(folder: Path, new: str) -> None:
    file = folder / "site.toml"
    text = re.sub(
        r'^(name = .*en = )"[^"]*"', rf'\1"{new}"', file.read_text("utf-8"), count=1, flags=re.MULTILINE
    )
    file.write_text(text, "utf-8")


@contextmanager
def listening() -> Iterator[int]:
    """Someone else's server on a port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def test_a_frozen_database_does_not_hold_up_the_end(site: Path, tmp_path: Path) -> None:
    up = Up(site, tmp_path / "data", program=PROGRAM)
    family: list[tied.Identity] = []
    try:
        up.wait_ready()
        until(lambda: "postgres" in up.pids(), 20, "postgres")
        until(lambda: len(tied.family(up.pid("postgres"))) > 3, 20, "its processes")
        family = tied.family(up.pid("postgres"))
        for who in family:
            os.kill(who.pid, signal.SIGSTOP)
        assert up.stop(BUSY_S) < 3 * STOP_S  # asserts too that nobody is left
        assert [who for who in family if tied.identity(who.pid) == who] == []
    finally:
        for who in family:
            if tied.identity(who.pid) == who:
                os.kill(who.pid, signal.SIGKILL)
        up.end_hard()


def test_a_folder_does_not_overwrite_what_another_folder_pushed_in_between(tmp_path: Path) -> None:
    data, a, b = tmp_path / "data", write_site(tmp_path / "a"), tmp_path / "b"
    with running(a, data, *LIGHT, program=PROGRAM):
        assert haidang("site", "pull", str(b), "--data", str(data)).returncode == 0
        rename(a, "Of-A")
        assert haidang("site", "push", str(a), "--data", str(data)).returncode == 0
        rename(b, "Of-B")
        refused = haidang("site", "push", str(b), "--data", str(data))
        assert refused.returncode == 2
        assert "Of-A" in refused.stderr
        assert "Of-B" in refused.stderr
        assert f"haidang site pull {b} --data {data}" in refused.stderr
        # The remedy works.
        assert haidang("site", "pull", str(b), "--data", str(data)).returncode == 0
        rename(b, "Of-B")
        assert haidang("site", "push", str(b), "--data", str(data)).returncode == 0
    # The folder that `up` was started with is now the stale one.
    rename(a, "Of-A-again")
    done = haidang("up", "--site", str(a), "--data", str(data))
    assert done.returncode == 2
    assert f"haidang site pull {a} --data {data}" in done.stderr


def test_what_is_used_from_elsewhere_is_said_and_the_next_start_is_embedded_again(
    site: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with listening() as port:
        away = f"postgresql://u:hush@127.0.0.1:{port}/none"
        with running(site, data, "--services", "ingest,api", "--database", away, program=PROGRAM) as up:
            said = up.stderr
        assert f"postgresql://127.0.0.1:{port}/none (--database)" in said
        assert "hush" not in said
    with running(site, data, "--services", "ingest,api", program=PROGRAM) as up:
        until(lambda: "postgres" in up.pids(), 20, "postgres")
        assert not up.database.endswith(f":{port}/haidang")
        assert f"postgresql://127.0.0.1:{port}/none" in up.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("database", "nonsense"), ("nats", "nonsense"), ("database", "postgresql://h:x/d")]
)
def test_an_address_that_is_none_is_refused_at_once(
    site: Path, tmp_path: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["up", "--site", str(site), "--data", str(tmp_path / "data"), f"--{option}", value]
    assert main(words) == 2
    assert f"--{option} {value!r} is not" in capsys.readouterr().err
    assert not (tmp_path / "data" / "run.json").exists()


def start_server(plan: Plan) -> Plan:
    """Start nats-server by a plan, say where it came to run, and stop it."""

    async def story() -> Plan:
        supervisor = Supervisor(plan.data / "logs", lambda: None)
        try:
            return await nats_child.start(plan, supervisor, nats_child.Store())
        finally:
            await supervisor.stop(NATS_SERVER)

    return asyncio.run(story())


@pytest.mark.parametrize("taken", ["nats", "mqtt"])
def test_a_port_of_our_choice_that_turns_out_taken_is_exchanged(
    site: Path, tmp_path: Path, taken: str
) -> None:
    (tmp_path / "data").mkdir()
    plan = make_plan(tmp_path / "data", {"site": str(site)})
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", plan.mqtt[1] if taken == "mqtt" else plan.nats_port or 0))
        rival.listen()
        came = start_server(plan)
    assert came.mqtt != plan.mqtt
    assert came.nats_port != plan.nats_port
    assert came.settings.nats.endswith(f":{came.nats_port}")
    assert came.settings.mqtt == f"127.0.0.1:{came.mqtt[1]}"


def test_a_port_that_was_asked_for_is_never_exchanged(site: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with listening() as port, contextlib.ExitStack() as later:
        mqtt = free_port()
        assert mqtt != port
        plan = make_plan(tmp_path / "data", {"site": str(site), "mqtt": f"127.0.0.1:{mqtt}"})
        rival = later.enter_context(socket.socket())
        rival.bind(("127.0.0.1", mqtt))
        rival.listen()
        with pytest.raises(EmbeddedError, match="address already in use"):
            start_server(plan)


def test_ready_means_that_database_and_archive_are_and_that_the_api_has_read_the_alerts(
    site: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "slow-archive").touch()
    (data / "slow-api").touch()
    with running(site, data, program=PROGRAM) as up:
        assert "postgres" in up.run.pids
        assert (data / "archive-was-ready").exists()
        assert (data / "api-was-ready").exists()


def test_ready_does_not_wait_for_ever_for_the_archive(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "never-archive").touch()
    with running(site, data, program=PROGRAM) as up:
        assert up.ready_s > 10
        assert "ready without the archive" in up.stderr


def test_ready_does_not_wait_for_ever_for_the_api(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "never-api").touch()
    with running(site, data, *LIGHT, program=PROGRAM) as up:
        assert up.ready_s > 10
        assert "the api still reads the alerts" in up.stderr


def test_a_trouble_that_heals_while_starting_is_not_shown(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "heal-archive").touch()
    with running(site, data, program=PROGRAM) as up:
        time.sleep(1.5)  # longer than the caretaker's round: what is to be absent had its chance to appear
        said = up.stderr
    assert "something is wrong" not in said
    assert "connection refused" not in said.lower()
    log = (data / "logs" / "archive.log").read_text("utf-8")
    assert "something is wrong" in log
    assert "Connection refused" in log
