"""Ingest and its broker die at the worst moment: nothing that was acknowledged is missing."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from nats.js import JetStreamContext

from services.observation import messages, topics
from services.runtime.streams import STATE
from tests.support.api_rig import told
from tests.support.ingest_rig import Device, Reading, Rig, running
from tests.support.site_folder import SITE, good_site
from tests.support.waiting import until

LEVEL = "vt-flood-001.water_level"
READINGS = topics.readings("thang-tam", "gw-01")
START = 1_763_600_000
MESSAGES = 2_000
PROMISED_S = 5.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path, good_site(site_toml=SITE[: SITE.index("[[source]]")])) as rig:
        yield rig


@pytest.fixture
def device(rig: Rig) -> Iterator[Device]:
    device = Device(rig)
    yield device
    device.close()


def payload(n: int, buf: str = "") -> tuple[bytes, Reading]:
    """One reading, plain or as a pack of the agent `buf`, and what must come of it."""
    records = [{"n": LEVEL, "t": START + n, "v": 100 + n % 50}]
    body: object = records
    if buf:
        body = {"v": 1, "buf": buf, "seq": n + 1, "prev": n, "records": records}
    return json.dumps(body).encode(), (LEVEL, (START + n) * 1_000_000, (100 + n % 50) * 0.01)


def near(readings: list[Reading]) -> list[Reading]:
    return [(name, time_us, round(value, 6)) for name, time_us, value in readings]


@pytest.mark.parametrize("buf", ["", "b1"], ids=["plain", "agent"])
def test_kill_minus_9_with_2000_messages_in_flight_loses_nothing(
    rig: Rig, device: Device, buf: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = set()
    infos = []
    for n in range(MESSAGES):
        data, reading = payload(n, buf)
        expected.add(reading)
        infos.append(device.send(READINGS, data, wait=False))
        if n == MESSAGES // 2:
            until(lambda: bool(rig.readings()), 10, "the first readings")
            rig.kill_ingest()
    for info in infos:
        info.wait_for_publish(60)
    stored = len(rig.readings())
    began = time.monotonic()
    rig.start_ingest(wait=False)
    took = until(
        lambda: len(rig.readings()) > stored,
        PROMISED_S * 5,  # below the half minute for which a broker left to its defaults would be deaf
        "the first reading",
        promised=True,
    )
    until(lambda: set(near(rig.readings())) >= set(near(list(expected))), 20, "every reading")
    found = near(rig.readings())
    assert set(found) == set(near(list(expected)))
    took_all = time.monotonic() - began
    copies = len(found) - len(set(found))
    with capsys.disabled():
        sys.stdout.write(
            f"\nkill -9: first reading {took:.1f} s (promised: 5), all {took_all:.1f} s, {copies} copies\n"
        )
    if buf:
        assert len(found) == len(set(found))


def test_a_broker_restart_acknowledges_nothing_that_is_not_on_the_stream(rig: Rig, device: Device) -> None:
    acknowledged: set[Reading] = set()
    waiting = []
    for n in range(MESSAGES):
        data, reading = payload(n)
        waiting.append((device.send(READINGS, data, wait=False), reading))
        if n == MESSAGES // 2:
            until(lambda: bool(rig.readings()), 10, "the first readings")
            acknowledged |= {reading for info, reading in waiting if info.is_published()}
            rig.kill_server()
            acknowledged |= {reading for info, reading in waiting if info.is_published()}
            rig.start_server()
    for info, reading in waiting:
        info.wait_for_publish(60)
        acknowledged.add(reading)
    until(
        lambda: set(near(rig.readings())) >= set(near(list(acknowledged))), 30, "every acknowledged reading"
    )


def test_a_clean_restart_remembers_what_was_seen(rig: Rig, device: Device) -> None:
    for n in range(3):
        device.send(READINGS, payload(n, "b1")[0])
    until(lambda: len(rig.readings()) == 3, 10, "three packs")
    assert rig.stop_ingest() == 0
    rig.start_ingest()
    for n in (1, 2, 3):
        device.send(READINGS, payload(n, "b1")[0])
    until(lambda: len(rig.readings()) == 4, 10, "the new pack")
    assert [source.seq for one in rig.batches() for source in one.sources] == [1, 2, 3, 4]
    assert [kind for _, kind, _ in rig.stream()].count(messages.SITE) == 1


def test_a_second_ingest_takes_over_and_the_first_stops_with_a_clear_word(rig: Rig, device: Device) -> None:
    first = rig.ingest
    assert first is not None
    rig.start_ingest()
    assert first.wait(60) == 2
    for n in range(5):
        device.send(READINGS, payload(n)[0])
    until(lambda: len(set(rig.readings())) == 5, 10, "readings by the second")
    log = (rig.folder / "ingest.log").read_text("utf-8")
    assert "another ingest has taken over" in log


def test_a_snapshot_that_the_stream_does_not_bear_out_begins_a_new_epoch(rig: Rig, device: Device) -> None:
    device.send(READINGS, payload(0, "b1")[0])
    until(lambda: len(rig.readings()) == 1, 10, "a pack")
    assert rig.stop_ingest() == 0

    async def forge(js: JetStreamContext) -> str:
        """As if the end of the stream had been lost in a power cut."""
        state = await js.key_value("STATE")
        pointer = msgspec.json.decode((await state.get("ingest")).value or b"")
        for _, position in pointer["snapshots"]:
            position["hash"] = "0" * 16
        await state.put("ingest", msgspec.json.encode(pointer))
        return str(pointer["snapshots"][-1][1]["epoch"])

    async def epoch(js: JetStreamContext) -> str:
        return str(((await js.stream_info("READINGS")).config.metadata or {})["epoch"])

    old = rig.ask(forge)
    assert old is not None
    rig.start_ingest()
    until(lambda: rig.ask(epoch) not in (None, old), 10, "another epoch")
    device.send(READINGS, payload(0, "b1")[0])
    device.send(READINGS, payload(1, "b1")[0])
    until(lambda: len(rig.readings()) == 2, 10, "the next pack")
    assert [source.seq for one in rig.batches() for source in one.sources] == [1, 2]


def test_a_pointer_whose_answer_was_lost_stops_nobody(rig: Rig) -> None:
    async def touch(js: JetStreamContext) -> bool:
        """Write the key once more, as a publish does whose answer never came."""
        state = await js.key_value("STATE")
        await state.put("ingest", (await state.get("ingest")).value or b"")
        return True

    async def snapshots(js: JetStreamContext) -> int:
        pointer = msgspec.json.decode((await (await js.key_value("STATE")).get("ingest")).value or b"")
        return len(pointer["snapshots"])

    assert rig.ask(snapshots) == 0
    assert rig.ask(touch)
    assert rig.stop_ingest() == 0
    assert rig.ask(snapshots) == 1


def test_an_alert_raised_while_ingest_is_away_reaches_mqtt_clients_and_an_old_one_is_not_told_again(
    rig: Rig,
) -> None:
    device = Device(rig, "ioc", hears="haidang-alerts/v1/#")

    def raise_alert(name: str) -> None:
        subject, data = told(name)

        async def publish(js: JetStreamContext) -> bool:
            await js.publish(subject, data, headers={"Nats-Msg-Id": name})
            return True

        until(lambda: rig.ask(publish), 10, "the alert to be on the stream")

    def heard() -> list[str]:
        return [json.loads(data)["subject"] for _, data in device.heard]

    async def place_saved(js: JetStreamContext) -> bool:
        entry = await (await js.key_value(STATE)).get("downlink")
        return bool(json.loads(entry.value or b"{}").get("sequence"))

    try:
        raise_alert("before")
        until(lambda: heard() == ["before"], 10, "the alert that is told at once")
        until(lambda: rig.ask(place_saved), 10, "the place to be written down")
        rig.kill_ingest()
        raise_alert("meanwhile")
        rig.start_ingest()
        until(lambda: "meanwhile" in heard(), 20, "the alert raised meanwhile")
        raise_alert("after")
        until(lambda: "after" in heard(), 10, "the alert after it")
        assert heard() == ["before", "meanwhile", "after"]
    finally:
        device.close()
