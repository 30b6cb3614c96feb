"""`haidang replay` as its user runs it, against a real broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.observation.instants import iso
from tests.support.broker import Broker, free_port, running
from tests.support.stub_ingest import StubIngest
from tests.support.waiting import until
from tests.support.world import T0, write_site

ROOT = Path(__file__).resolve().parents[2]
STEP = 60_000_000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with running(folder) as found:
        yield found


@pytest.fixture
def ingest(broker: Broker) -> Iterator[StubIngest]:
    stub = StubIngest(broker.mqtt)
    yield stub
    stub.close()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", gateways=2, stations=3)


def _recording(
    folder: Path, steps: int = 100, stations: tuple[str, ...] = ("g0-s0", "g0-s1", "g1-s0")
) -> Path:
    file = folder / "recording.csv"
    rows = [f"{iso(T0 + n * STEP)},{s}.water_level,{n}" for n in range(steps) for s in stations]
    file.write_text("\n".join(["time,sensor,value", *rows]) + "\n", "utf-8")
    return file


def _start(port: int, site: Path, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "services.cli", "replay", *map(str, arguments)]
    return subprocess.Popen(
        [*command, "--mqtt", f"127.0.0.1:{port}", "--site", str(site)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _replay(port: int, site: Path, *arguments: object) -> tuple[int, str]:
    process = _start(port, site, *arguments)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def _by_agent(ingest: StubIngest) -> dict[str, list[tuple[str, float, float]]]:
    found: dict[str, list[tuple[str, float, float]]] = {}
    for buf, seq in ingest.order:
        records = msgspec.json.decode(ingest.records[buf, seq])
        found.setdefault(buf, []).extend((r["n"], r["t"], r["v"]) for r in records)
    return found


def test_all_is_stored_by_one_agent_per_gateway_in_order_of_time(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    code, errors = _replay(broker.mqtt, site, _recording(tmp_path))
    assert code == 0, errors
    assert "300 sent and stored" in errors
    agents = sorted(_by_agent(ingest).values(), key=len)
    assert [len(rows) for rows in agents] == [100, 200]
    assert {name for name, _, _ in agents[0]} == {"g1-s0.water_level"}
    for rows in agents:
        assert [t for _, t, _ in rows] == sorted(t for _, t, _ in rows)
    assert agents[0][1] == ("g1-s0.water_level", T0 / 1e6 + 60, 1.0)


def test_a_pack_is_never_cut_within_one_time_unless_it_must(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    code, errors = _replay(broker.mqtt, site, _recording(tmp_path, 200, ("g0-s0", "g0-s1", "g0-s2")))
    assert code == 0, errors
    packs = [msgspec.json.decode(ingest.records[key]) for key in ingest.order]
    assert {len(pack) for pack in packs[:-1]} == {51}
    assert all(pack[0]["n"] == "g0-s0.water_level" for pack in packs)


def test_plain_ends_at_the_last_puback_with_bare_packs(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    code, errors = _replay(broker.mqtt, site, _recording(tmp_path), "--plain")
    assert code == 0, errors
    until(lambda: sum(len(json.loads(p)) for _, p in ingest.plain) == 300, 10, "all readings")
    assert {topic for topic, _ in ingest.plain} == {
        "haidang/v1/area-0/gw-0/readings",
        "haidang/v1/area-1/gw-1/readings",
    }


def test_a_speed_keeps_the_pace_of_the_recording(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    """100 minutes at 3,000 times real time take two seconds."""
    process = _start(broker.mqtt, site, _recording(tmp_path), "--speed", 3000)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    line = next(line for line in errors.splitlines() if "sent and stored" in line)
    assert float(line.split(" in ")[1].split(" s")[0]) > 1.5
    assert len(ingest.readings()) == 300
    assert len(ingest.records) > 6


def test_readings_nobody_speaks_for_are_named_and_the_rest_is_sent(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    code, errors = _replay(broker.mqtt, site, _recording(tmp_path, 10, ("g0-s0", "elsewhere")))
    assert code == 1
    assert "station elsewhere: no gateway of the site speaks for it" in errors
    assert len(ingest.readings()) == 10


def test_strikes_go_to_the_gateway_of_their_network(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    with (site / "site.toml").open("a", encoding="utf-8") as stream:
        stream.write('[[source]]\nid = "radar"\ngateway = "gw-1"\n')
    file = tmp_path / "strikes.csv"
    file.write_text("time,source,lat,lon,type,ka\n2025-11-18T00:00:00Z,radar,10.4,107.2,cg,-20\n", "utf-8")
    code, errors = _replay(broker.mqtt, site, file)
    assert code == 0, errors
    assert ingest.readings() == [{"t": T0 / 1e6, "lat": 10.4, "lon": 107.2, "type": "cg", "ka": -20.0}]


def test_recorded_messages_are_published_as_they_are(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    payload = '[{"n": "g0-s0.water_level", "t": 1763424000, "v": 1}]'
    lines = [
        {"t": 1763424000 + n, "topic": "haidang/v1/area-0/gw-0/readings", "payload": payload}
        for n in range(3)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    code, errors = _replay(broker.mqtt, site, file)
    assert code == 0, errors
    until(lambda: len(ingest.plain) == 3, 5, "the messages")
    assert ingest.plain[0] == ("haidang/v1/area-0/gw-0/readings", payload.encode())


def test_no_broker_is_said_and_ends_with_2(site: Path, tmp_path: Path) -> None:
    process = _start(free_port(), site, _recording(tmp_path, 2))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no MQTT broker at" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_word_and_no_trace(
    broker: Broker, ingest: StubIngest, site: Path, tmp_path: Path, number: signal.Signals
) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that runs the tests in its background has them ignore it, and whoever they start.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = _start(broker.mqtt, site, _recording(tmp_path), "--speed", 1)
    until(lambda: ingest.records, 15, "the first pack")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped: " in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--speed", "0"], "neither max nor a number"),
        (["--speed", "fast"], "neither max nor a number"),
        (["--credentials", "/nowhere.json"], "/nowhere.json"),
        (["/nowhere.csv"], "/nowhere.csv:1: cannot be opened"),
    ],
)
def test_what_cannot_be_done_is_refused_with_2(
    site: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    code, errors = _replay(1883, site, _recording(tmp_path, 1), *arguments)
    assert code == 2
    assert words in errors
