"""What `up` decides before anything runs: what is not given is embedded, whatever was given last time."""

from pathlib import Path

import pytest

from services.cli.up import nats_child, postgres_child, start
from services.cli.up.planning import make_plan
from services.runtime import run_file
from services.runtime.accounts import ADMIN, Credentials
from tests.support.broker import free_port
from tests.support.world import write_site


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, str]:
    return {"site": str(write_site(tmp_path / "site")), "data": str(tmp_path / "data")}


def last_time(data: Path, nats: str, database: str, mqtt: str) -> None:
    run = run_file.Run(site="thu-nghiem", mqtt=mqtt, http="http://127.0.0.1:1", nats=nats, database=database)
    run_file.write(data, run)


def test_the_ports_of_our_own_servers_stay(data: Path, texts: dict[str, str]) -> None:
    own = Credentials.keep(data / "credentials.json")
    nats, mqtt, database = free_port(), free_port(), free_port()
    last_time(data, nats_child.url(ADMIN, nats, own), postgres_child.url(database, own), f"127.0.0.1:{mqtt}")
    plan = make_plan(data, texts)
    assert (plan.nats_port, plan.mqtt[1], plan.database_port) == (nats, mqtt, database)
    assert plan.moveable == frozenset()


def test_servers_of_others_leave_no_trace_in_what_is_embedded_next(data: Path, texts: dict[str, str]) -> None:
    nats, mqtt, database = free_port(), free_port(), free_port()
    last_time(
        data, f"nats://u:p@127.0.0.1:{nats}", f"postgresql://u:p@127.0.0.1:{database}/d", f"10.0.0.9:{mqtt}"
    )
    plan = make_plan(data, texts)
    assert plan.nats_port not in (nats, None)
    assert plan.mqtt[1] != mqtt
    assert plan.database_port not in (database, None)
    assert plan.moveable == {"nats", "mqtt"}


def test_a_change_of_database_is_told_without_its_password(
    data: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    last_time(data, "nats://u:hush@10.0.0.9:4222", "postgresql://u:hush@10.0.0.9:5432/d", "10.0.0.9:1883")
    make_plan(data, texts)
    said = capsys.readouterr().err
    assert "postgresql://10.0.0.9:5432/d" in said
    assert "nats://10.0.0.9:4222" in said
    assert "hush" not in said


def test_a_refused_start_leaves_no_folder_behind(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (site / "sensors.csv").write_text("nonsense\n", "utf-8")
    data = tmp_path / "new" / "data"
    assert start({"site": str(site), "data": str(data)}) == 2
    assert not data.parent.exists()


def test_a_refused_start_leaves_a_folder_that_was_there(data: Path, texts: dict[str, str]) -> None:
    (data / "mine").write_text("kept", "utf-8")
    assert start({**texts, "http": "10.9.8.7:1"}) == 2
    assert (data / "mine").read_text("utf-8") == "kept"


def test_the_first_start_tells_of_no_change(
    data: Path, texts: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_plan(data, texts)
    assert "last start" not in capsys.readouterr().err


def test_a_port_that_was_asked_for_is_not_moved(data: Path, texts: dict[str, str]) -> None:
    plan = make_plan(data, texts | {"mqtt": f"127.0.0.1:{free_port()}"})
    assert plan.moveable == {"nats"}
