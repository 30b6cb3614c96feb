"""Promise 3: the same readings give the same events with the same ids, live or not, whatever dies."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.events import all_events, backtest, essence
from tests.support.some_services import PROGRAM, STORING
from tests.support.storm import LADDER, write_storm
from tests.support.up import Up, running
from tests.support.waiting import until
from tests.support.world import write_site


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("storm")
    site = write_site(folder / "site", gateways=4, stations=5, interval_s=300, attributes=LADDER)
    write_storm(folder / "storm.csv")
    return site, folder / "storm.csv"


def replay(up: Up, site: Path, file: Path, speed: str) -> "subprocess.Popen[str]":
    host, port = up.mqtt
    command = [sys.executable, "-m", "services.cli", "replay", str(file), "--mqtt", f"{host}:{port}"]
    return subprocess.Popen(
        [*command, "--site", str(site), "--speed", speed],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.timeout(400)
def test_killing_ingest_alerts_archive_and_the_broker_at_random_changes_no_event(
    storm: tuple[Path, Path], tmp_path: Path
) -> None:
    site, file = storm
    expected = essence(backtest(site, [file])["events"])
    luck = random.Random(20251118)
    with running(site, tmp_path / "data") as up:
        # 60 h in about 18 s, so that each kill falls into the middle of it.
        done = replay(up, site, file, "12000")
        for victim in luck.sample(["ingest", "alerts", "archive", "nats-server"], 4):
            time.sleep(luck.uniform(2, 4))  # the moment of a kill is the point: any moment must do
            up.kill(victim)
        _, errors = done.communicate(timeout=200)
        assert done.returncode == 0, errors
        until(lambda: len(essence(all_events(up.http))) >= len(expected), 40, "all events")
        assert essence(all_events(up.http)) == expected


def test_a_replay_with_a_stop_and_a_new_start_in_the_middle_gives_the_events_of_the_backtest(
    tmp_path: Path,
) -> None:
    site = write_site(tmp_path / "site", gateways=4, stations=5, interval_s=300, attributes=LADDER)
    write_storm(tmp_path / "storm.csv", gaps=False)
    lines = (tmp_path / "storm.csv").read_text().splitlines()
    half = len(lines) // 2
    expected = essence(backtest(site, [tmp_path / "storm.csv"])["events"])
    assert len(expected) > 100
    parts = {"first.csv": lines[:half], "second.csv": [lines[0], *lines[half:]]}
    for name, part in parts.items():
        (tmp_path / name).write_text("\n".join(part) + "\n", "utf-8")
        with running(site, tmp_path / "data", *STORING, program=PROGRAM) as up:
            _, errors = replay(up, site, tmp_path / name, "max").communicate(timeout=120)
            assert "stored" in errors, errors
            if name == "first.csv":
                until(lambda: len(essence(all_events(up.http))) > 50, 40, "the first events")
                assert essence(all_events(up.http)).items() <= expected.items()
            else:
                restored = [line for line in up.stderr.splitlines() if " restored " in line]
                assert "readings=0" not in restored[0], "the engine began from nothing"
                until(lambda: len(essence(all_events(up.http))) >= len(expected), 40, "all events")
                assert essence(all_events(up.http)) == expected
