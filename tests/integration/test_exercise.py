"""An exercise beside the real operation: never taken for it, never in its way, stopped at once, scored."""

import http.client
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from services.cli import main
from services.observation.exercise import WORDS
from tests.support.some_services import PROGRAM, only
from tests.support.up import ROOT, Up, running
from tests.support.waiting import until

SITE = ROOT / "sites" / "minimal"
STATION, OTHER = "bd-river-001", "bd-river-002"
"""Gauges: real alerts of one last from one test to the next, so each test that wants one has its own."""
SENSOR = f"{STATION}.water_level"
FAST, SLOW = 1200, 300
PLAYED = datetime(2025, 11, 5, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """What measures, judges and tells; what an exercise has nothing to do with is not waited for."""
    folder = tmp_path_factory.mktemp("exercise")
    site, data = with_two_gauges(folder / "site"), folder / "data"
    with running(site, data, *only("ingest", "api", "alerts"), program=PROGRAM) as up:
        yield up


def with_two_gauges(folder: Path) -> Path:
    """The minimal site with one gauge more, just like the first."""
    shutil.copytree(SITE, folder)
    stations = json.loads((SITE / "stations.geojson").read_text("utf-8"))
    stations["features"].append(stations["features"][0] | {"id": OTHER})
    (folder / "stations.geojson").write_text(json.dumps(stations), "utf-8")
    for name in ("site.toml", "sensors.csv"):
        lines = (SITE / name).read_text("utf-8").splitlines()
        both = [
            line.replace(f'"{STATION}"', f'"{STATION}", "{OTHER}"') if name == "site.toml" else line
            for line in lines
        ]
        both += [line.replace(STATION, OTHER) for line in lines if name == "sensors.csv" and STATION in line]
        (folder / name).write_text("\n".join(both) + "\n", "utf-8")
    return folder


def record(file: Path, levels: list[float]) -> None:
    """A level every five minutes."""
    rows = [
        f"{(PLAYED + timedelta(minutes=5 * at)).isoformat()},{SENSOR},{level}"
        for at, level in enumerate(levels)
    ]
    file.write_text("time,sensor,value\n" + "\n".join(rows) + "\n", "utf-8")


@pytest.fixture(scope="module")
def flood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A river that rises to its highest level within a quarter of an hour, and falls half an hour later."""
    file = tmp_path_factory.mktemp("recording") / "flood.csv"
    record(file, [0.9, 1.3, 1.7, *[2.1] * 6, *[0.9] * 8])
    record(file.parent / "lasting.csv", [0.9, 1.3, 1.7, *[2.1] * 60])
    (file.parent / "truth.csv").write_text(
        "start,end,area,hazard,severity\n"
        f"{(PLAYED + timedelta(minutes=15)).isoformat()},{(PLAYED + timedelta(minutes=45)).isoformat()},"
        "thang-nhi,flood,warning\n",
        "utf-8",
    )
    return file


@pytest.fixture(scope="module")
def sirens(machine: Up) -> Iterator["queue.Queue[dict[str, Any]]"]:
    """Whatever the broker tells on the topics of alerts."""
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: heard.put(json.loads(message.payload))
    client.connect(*machine.mqtt)
    client.subscribe("haidang-alerts/v1/#", 1)
    client.loop_start()
    yield heard
    client.disconnect()
    client.loop_stop()


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No command outlives its test, however that ends."""
    yield
    end_all()


def end_all() -> None:
    """Kill what still runs."""
    for process in _STARTED:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    _STARTED.clear()


_STARTED: list["subprocess.Popen[str]"] = []


def exercise(machine: Up, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "services.cli", "exercise", *words, "--data", str(machine.data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    _STARTED.append(process)
    return process


def runs(process: "subprocess.Popen[str]") -> bool:
    """A command that has ended need not be waited for: what it said is the reason."""
    assert process.poll() is None, said(process)
    return True


def said(process: "subprocess.Popen[str]", timeout_s: float = 60.0) -> tuple[int, str]:
    out, err = process.communicate(timeout=timeout_s)
    return process.returncode, out + err


def done(capsys: pytest.CaptureFixture[str], machine: Up, *words: str) -> tuple[int, str]:
    """A command that nobody kills needs no process of its own."""
    capsys.readouterr()
    code = main(["exercise", *words, "--data", str(machine.data)])
    out, err = capsys.readouterr()
    return code, out + err


def get(machine: Up, path: str) -> Any:
    place = urlsplit(machine.http)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=40)
    try:
        connection.request("GET", f"/api/v1/{path}")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body) if "json" in (answer.headers["Content-Type"] or "") else body.decode()
    finally:
        connection.close()


def alerts(machine: Up, status: str) -> list[dict[str, Any]]:
    return [one for one in get(machine, "alerts?state=all")["items"] if one["status"] == status]


def is_open(alert: dict[str, Any]) -> bool:
    return bool(alert["state"] != "cleared") if "state" in alert else bool(alert["open"])


def measure(machine: Up, station: str, level: float) -> None:
    """A reading of a real gauge, now."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(*machine.mqtt)
    client.loop_start()
    pack = [{"n": f"{station}.water_level", "u": "m", "t": time.time(), "v": level}]
    client.publish("haidang/v1/thang-nhi/gw-01/readings", json.dumps(pack), qos=1).wait_for_publish(40)
    client.disconnect()
    client.loop_stop()


class Played(NamedTuple):
    """An exercise that came to its end, and what was seen; `real_s`: from a reading to its alert."""

    exercise_id: str
    alerts: list[dict[str, Any]]
    real: list[dict[str, Any]]
    real_s: float
    heard: list[dict[str, Any]]


@pytest.fixture(scope="module")
def played(machine: Up, flood: Path, sirens: "queue.Queue[dict[str, Any]]") -> Played:
    """One exercise for all who look at it, with a real flood in the middle of it."""
    before = {one["alert_id"] for status in ("Exercise", "Actual") for one in alerts(machine, status)}

    def new(status: str) -> list[dict[str, Any]]:
        return [one for one in alerts(machine, status) if one["alert_id"] not in before]

    while not sirens.empty():
        sirens.get()
    process = exercise(
        machine, "start", str(flood), "--truth", str(flood.parent / "truth.csv"),
        "--speed", str(FAST), "--linger", "0.02",
    )  # fmt: skip
    try:
        until(lambda: runs(process) and new("Exercise"), 40, "the exercise's alert")
        begun = time.monotonic()
        measure(machine, STATION, 1.7)
        until(lambda: new("Actual"), 5, "the real alert, while the exercise goes on")
        real_s = time.monotonic() - begun
        code, words = said(process)
    finally:
        end_all()
    assert code == 0, words
    heard = []
    while not sirens.empty():
        heard.append(sirens.get())
    newest = get(machine, "exercises")["items"][0]
    assert newest["why"] == "done"
    return Played(newest["exercise_id"], new("Exercise"), new("Actual"), real_s, heard)


def test_an_exercise_is_told_beside_the_real_operation_and_never_as_it(played: Played) -> None:
    assert played.real_s < 15  # promised: five
    assert len(played.alerts) == 1
    assert {one["alert_id"] for one in played.alerts}.isdisjoint(one["alert_id"] for one in played.real)
    for alert in played.alerts:
        assert alert["reason"]["vi"].startswith(WORDS.vi)
        assert alert["reason"]["en"].startswith(WORDS.en)
        assert datetime.fromisoformat(alert["time"]) > datetime.now(UTC) - timedelta(minutes=5)
    assert played.heard
    assert {one["data"]["status"] for one in played.heard} == {"Actual"}


def test_its_score_says_what_was_told_and_when(
    machine: Up, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    score = get(machine, f"exercises/{played.exercise_id}")
    (expected,) = score["expected"]
    assert expected["told"] is True
    assert expected["in_time"] is (expected["after_s"] <= expected["within_s"]), "a slow machine may be late"
    assert score["alerts"][0]["severity"] == "warning"
    assert score["alerts"][0]["annunciated_at"] is not None
    assert score["alerts"][0]["cleared_at"] is not None
    assert "DIỄN TẬP" in get(machine, f"exercises/{played.exercise_id}/page")
    code, words = done(capsys, machine, "score", played.exercise_id)
    assert code == 0
    assert "1/1" in words
    newest = get(machine, "exercises")["items"][0]["exercise_id"]
    code, words = done(capsys, machine, "score", "--json")
    assert code == 0
    assert json.loads(words)["exercise"]["exercise_id"] == newest, "the newest, where none is named"


def test_one_that_was_killed_goes_on_where_it_stood_and_stop_ends_its_alerts(
    machine: Up, flood: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lasting = str(flood.parent / "lasting.csv")
    before = {one["alert_id"] for one in alerts(machine, "Exercise")}

    def open_ones() -> list[dict[str, Any]]:
        return [one for one in alerts(machine, "Exercise") if one["alert_id"] not in before]

    def real() -> list[dict[str, Any]]:
        return [one for one in alerts(machine, "Actual") if one["station"] == OTHER and is_open(one)]

    measure(machine, OTHER, 1.7)
    until(real, 10, "a real alert beside it")
    process = exercise(machine, "start", lasting, "--speed", str(SLOW), "--linger", "5")
    until(open_ones, 20, "its alert")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    code, words = done(capsys, machine, "start", lasting)
    assert code == 2, words
    assert "has not ended" in words
    resumed = exercise(machine, "resume", "--linger", "5")
    until(lambda: open_ones()[0]["severity"] == "warning", 20, "it to go on")
    assert len(open_ones()) == 1
    code, words = done(capsys, machine, "stop")
    assert code == 0, words
    assert said(resumed)[0] == 1
    until(lambda: not any(is_open(one) for one in open_ones()), 5, "its alerts to be over")
    assert get(machine, "exercises")["items"][0]["why"] == "stopped"
    assert real(), "the real one stays"
