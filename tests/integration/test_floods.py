"""The floods of November 2025 in Vietnam and of December 2015 in Leeds, through MQTT, at high speed."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.observation.instants import micros
from tests.recordings import Recording, convert
from tests.support.events import all_events, backtest, essence
from tests.support.some_services import PROGRAM, STORING
from tests.support.up import Up, running
from tests.support.waiting import until
from tests.support.world import rows_of

AIRE = "armley"


def series(recording: Recording, sensor: str) -> list[tuple[int, float]]:
    """What the file says of one sensor, in order of time, the first of equal times."""
    found: dict[int, float] = {}
    for file in recording.files:
        with file.open() as stream:
            for row in csv.DictReader(stream):
                if row["sensor"] == sensor and row["value"]:
                    found.setdefault(micros(row["time"]), float(row["value"]))
    return sorted(found.items())


def distinct(recording: Recording) -> int:
    """Distinct (sensor, time) with a value in the files."""
    keys = set()
    for file in recording.files:
        with file.open() as stream:
            keys |= {(row["sensor"], row["time"]) for row in csv.DictReader(stream) if row["value"]}
    return len(keys)


def first_at_or_above(points: list[tuple[int, float]], threshold: float) -> int:
    return next(time for time, value in points if value >= threshold)


@pytest.fixture(params=["vndms", "aire"])
def replayed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Recording, Up]]:
    recording = convert(request.param, tmp_path / "recording")
    with running(recording.site, tmp_path / "data", *STORING, program=PROGRAM) as up:
        host, port = up.mqtt
        command = [sys.executable, "-m", "services.cli", "replay", *map(str, recording.files)]
        command += ["--mqtt", f"{host}:{port}", "--site", str(recording.site), "--speed", "max"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr
        yield request.param, recording, up


def test_a_real_flood_is_stored_to_the_last_reading_and_alerted_at_the_minute_of_the_threshold(
    replayed: tuple[str, Recording, Up],
) -> None:
    name, recording, up = replayed
    rows = rows_of(up.database)
    assert len(rows) == len(set(rows)) == distinct(recording)
    expected = essence(backtest(recording.site, recording.files, "--all-sensors")["events"])
    until(lambda: len(essence(all_events(up.http))) >= len(expected), 40, "all events")
    events = essence(all_events(up.http))
    assert events == expected
    onsets = {
        (e["data"]["station"], e["data"]["severity"]): micros(e["time"])
        for e in sorted(events.values(), key=lambda e: e["time"], reverse=True)
        if e["data"]["sensor"].endswith(".water_level")
        and e["data"]["hazard"] == "flood"
        and e["type"].split(".")[3] in ("raised", "escalated")
    }
    checked = 0
    if name == "aire":
        assert onsets[AIRE, "warning"] == micros("2015-12-26T10:15:00Z")
        checked = 1
    else:
        for (station, severity), at in onsets.items():
            ladder = station_ladder(recording, station)
            assert at == first_at_or_above(series(recording, f"{station}.water_level"), ladder[severity])
            checked += 1
    assert checked >= (1 if name == "aire" else 8)


def station_ladder(recording: Recording, station: str) -> dict[str, float]:
    """Thresholds of a station, read from the site's own file and not through our code."""
    import json

    features = json.loads((recording.site / "stations.geojson").read_text("utf-8"))["features"]
    found = next(f for f in features if f.get("id", f["properties"].get("id")) == station)["properties"]
    return {
        "advisory": found["bd1"],
        "watch": found["bd2"],
        "warning": found["bd3"],
        "emergency": found["historic_max"],
    }
