"""`haidang simulate` as its user runs it, against a machine of its own."""

import csv
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.cli import main
from services.observation.instants import SECOND, micros
from tests.support.up import Up, running
from tests.support.world import rows_of, write_site

ROOT = Path(__file__).resolve().parents[2]
START = "2026-03-10T08:00:00+07:00"
STORY = """format = 1
[story]
minutes = 60
[[story.shower]]
minute = 20
over = "g0-s0"
peak_mm_h = 120
minutes = 40
[[story.fault]]
kind = "dead"
target = "gw-1"
minute = 20
minutes = 20
[[story.fault]]
kind = "duplicate"
target = "gw-0"
minute = 5
[[story.fault]]
kind = "late"
target = "gw-2"
minute = 10
minutes = 30
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_site(
        tmp_path_factory.mktemp("site"),
        gateways=3,
        stations=4,
        attributes={"bd1": 1.0, "bd2": 1.3, "bd3": 1.6},
    )
    with (folder / "site.toml").open("a", encoding="utf-8") as stream:
        stream.write('[[source]]\nid = "radar"\ngateway = "gw-2"\n')
    (folder / "simulate.toml").write_text(STORY, "utf-8")
    return folder


@pytest.fixture(scope="module")
def up(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(site, tmp_path_factory.mktemp("up") / "data") as found:
        yield found


def start(site: Path, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "services.cli", "simulate", "--site", str(site), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def simulate(site: Path, *arguments: object) -> tuple[int, str]:
    process = start(site, *arguments)
    _, errors = process.communicate(timeout=200)
    return process.returncode, errors


def address(up: Up) -> str:
    return f"{up.mqtt[0]}:{up.mqtt[1]}"


def database(up: Up) -> str:
    return str(up.run.database)


def strikes_of(up: Up) -> int:
    with psycopg.connect(database(up)) as connection:
        query = "SELECT count(*) FROM strike WHERE time < %s::timestamptz + interval '1 hour'"
        return int(connection.execute(query, [START]).fetchone()[0])  # type: ignore[index]


def test_what_is_stored_is_what_a_recording_of_the_same_seed_says(up: Up, site: Path, tmp_path: Path) -> None:
    """Duplicates once, what was late as well, nothing of the dead gateway, all strikes."""
    file = tmp_path / "city.csv"
    asked = ("--minutes", 60, "--start", START, "--seed", 5)
    code, errors = simulate(site, "--out", file, *asked)
    assert code == 0, errors
    with file.open(encoding="utf-8") as stream:
        recorded = [
            (row["sensor"], micros(row["time"]), float(row["value"])) for row in csv.DictReader(stream)
        ]
    code, errors = simulate(site, "--mqtt", address(up), "--speed", "max", *asked)
    assert code == 0, errors
    assert f"{len(recorded):,} readings" in errors
    hour = [row for row in rows_of(database(up)) if row[1] < micros(START) + 3600 * SECOND]  # of this test
    assert sorted(hour) == sorted(set(recorded))
    assert len(recorded) > len(set(recorded)) > 500
    strikes = (tmp_path / "city-strikes.csv").read_text("utf-8").count("\n") - 1
    assert strikes_of(up) == strikes > 10


def test_plain_ends_at_the_last_puback_and_a_speed_keeps_its_pace(up: Up, site: Path) -> None:
    """Ten minutes at 200 times real time take three seconds."""
    asked = ("--minutes", 10, "--speed", 200, "--story", "none", "--plain")
    code, errors = simulate(site, "--mqtt", address(up), *asked)
    assert code == 0, errors
    line = next(line for line in errors.splitlines() if "PUBACKed" in line)
    assert 2.5 < float(line.split(" in ")[1].split(" s")[0]) < 40


def test_a_signal_ends_it_with_a_word_and_no_trace(up: Up, site: Path) -> None:
    process = start(site, "--mqtt", address(up), "--story", "none")
    assert process.stderr is not None
    assert any("sent" in line for line in process.stderr)  # waits for the first
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped: " in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--speed", "max"], "--minutes"),
        (["--minutes", "-5"], "--minutes"),
        (["--fault", "gap:atlantis"], "no 'atlantis'"),
        (["--fault", "gap"], "KIND:TARGET"),
        (["--start", "noon"], "noon"),
        (["--start", "2026-07-01T00:00:00"], "múi giờ"),
        (["--fault", "spike:g0-s0=abc"], "amount 'abc'"),
        (["--story", "/nowhere.toml"], "/nowhere.toml"),
        (["--credentials", "/nowhere.json"], "/nowhere.json"),
    ],
)
def test_what_cannot_be_done_is_refused_with_2(
    site: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--mqtt", "127.0.0.1:1", "--site", str(site), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_recording_for_no_folder_is_refused_and_a_fault_without_a_lamp_is_told(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["simulate", "--site", str(site), "--minutes", "1", "--out"]
    assert main([*asked, str(tmp_path / "nowhere" / "x.csv")]) == 2
    assert "--out" in capsys.readouterr().err
    assert main([*asked, str(tmp_path / "x.csv"), "--fault", "lamp:g0-s0"]) == 0
    assert "no lamp there" in capsys.readouterr().err
