"""An exercise beside the real operation: never taken for it, never in its way, stopped at once, scored."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from services.cli import main
from services.observation.exercise import WORDS
from tests.support.up import ROOT, Up, running
from tests.support.waiting import until

SITE = ROOT / "sites" / "minimal"
SENSOR = "bd-river-001.water_level"
FAST, SLOW = 1200, 300
PLAYED = datetime(2025, 11, 5, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(SITE, tmp_path_factory.mktemp("exercise") / "data") as up:
        yield up


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


def said(process: "subprocess.Popen[str]", timeout_s: float = 30.0) -> tuple[int, str]:
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
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=5)
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


def measure(machine: Up, level: float) -> None:
    """A reading of the real gauge, now."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect(*machine.mqtt)
    client.loop_start()
    pack = [{"n": SENSOR, "u": "m", "t": time.time(), "v": level}]
    client.publish("haidang/v1/thang-nhi/gw-01/readings", json.dumps(pack), qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_an_exercise_is_told_beside_the_real_operation_and_never_as_it(
    machine: Up, flood: Path, sirens: "queue.Queue[dict[str, Any]]"
) -> None:
    process = exercise(
        machine, "start", str(flood), "--truth", str(flood.parent / "truth.csv"),
        "--speed", str(FAST), "--linger", "0.02",
    )  # fmt: skip
    until(lambda: alerts(machine, "Exercise"), 20, "the exercise's alert")
    begun = time.monotonic()
    measure(machine, 1.7)
    until(lambda: alerts(machine, "Actual"), 5, "the real alert, while the exercise goes on")
    assert time.monotonic() - begun < 5
    code, words = said(process)
    assert code == 0, words
    played, real = alerts(machine, "Exercise"), alerts(machine, "Actual")
    assert len(played) == 1
    assert {one["alert_id"] for one in played}.isdisjoint(one["alert_id"] for one in real)
    for alert in played:
        assert alert["reason"]["vi"].startswith(WORDS.vi)
        assert alert["reason"]["en"].startswith(WORDS.en)
        assert datetime.fromisoformat(alert["time"]) > datetime.now(UTC) - timedelta(minutes=5)
    heard = []
    while not sirens.empty():
        heard.append(sirens.get())
    assert heard
    assert {one["data"]["status"] for one in heard} == {"Actual"}


def test_its_score_says_what_was_told_and_when(machine: Up, capsys: pytest.CaptureFixture[str]) -> None:
    newest = get(machine, "exercises")["items"][0]
    assert newest["why"] == "done"
    score = get(machine, f"exercises/{newest['exercise_id']}")
    assert [one["told"] and one["in_time"] for one in score["expected"]] == [True]
    assert score["alerts"][0]["severity"] == "warning"
    assert score["alerts"][0]["annunciated_at"] is not None
    assert score["alerts"][0]["cleared_at"] is not None
    assert "DIỄN TẬP" in get(machine, f"exercises/{newest['exercise_id']}/page")
    code, words = done(capsys, machine, "score")
    assert code == 0
    assert "1/1" in words


def test_one_that_was_killed_goes_on_where_it_stood_and_stop_ends_its_alerts(
    machine: Up, flood: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lasting = str(flood.parent / "lasting.csv")
    before = {one["alert_id"] for one in alerts(machine, "Exercise")}

    def open_ones() -> list[dict[str, Any]]:
        return [one for one in alerts(machine, "Exercise") if one["alert_id"] not in before]

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
    assert is_open(alerts(machine, "Actual")[0])
