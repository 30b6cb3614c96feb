"""Ingest as a process on a real nats-server: what is taken, what is refused, what is said to agents."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from nats.js import JetStreamContext

from edge.sender import Sender
from services.observation import messages, topics
from services.observation.senml import record
from services.observation.site import version_of
from tests.support.ingest_rig import Device, Rig, running
from tests.support.site_folder import SITE, good_site
from tests.support.waiting import until

LEVEL, TIDE, DEPTH = "vt-flood-001.water_level", "vt-sea-001.tide_level", "vt-flood-002.street_depth"
HOME = SITE[: SITE.index("[[source]]")]
READINGS = topics.readings("thang-tam", "gw-01")
ACK = topics.ack("thang-tam", "gw-01")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running(tmp_path_factory.mktemp("ingest"), good_site(site_toml=HOME)) as rig:
        yield rig


@pytest.fixture
def rig(shared: Rig) -> Rig:
    shared.mark()
    return shared


@pytest.fixture
def device(rig: Rig) -> Iterator[Device]:
    device = Device(rig, hears=ACK)
    yield device
    device.close()


@pytest.fixture
def buf() -> str:
    """A buffer of its own, so that no test meets the seqs of another."""
    return secrets.token_hex(4)


def js(document: object) -> bytes:
    return json.dumps(document).encode()


def good(t: float, **more: Any) -> dict[str, Any]:
    return {"n": LEVEL, "t": t, "v": 100.0} | more


def envelope(buf: str, seq: int, *records: dict[str, Any], **more: Any) -> bytes:
    return js({"v": 1, "buf": buf, "seq": seq, "prev": seq - 1, "records": list(records), **more})


def said(device: Device, buf: str, kind: str) -> list[list[int]] | None:
    """The last set of this kind that the gateway heard of a buffer."""
    heard = [json.loads(data) for _, data in device.heard]
    sets = [document[kind] for document in heard if document["buf"] == buf and kind in document]
    return sets[-1] if sets else None


def complaints(rig: Rig) -> list[str]:
    """What ingest complains of now."""
    health = rig.health()
    return [complaint.code for complaint in health.complaints] if health else []


BAD: dict[str, bytes] = {
    "not_json": b"hello",
    "truncated": js([good(0)])[:-5],
    "too_large": js([good(0)]) + b" " * 2_000_000,
    "bad_record": js([{"n": LEVEL, "t": "yesterday", "v": "high"}]),
    "not_finite": b'[{"bn":"vt-flood-001.water_level","t":NOW,"v":NaN},{"t":NOW,"v":-Infinity}]',
    "unknown_station": b'[{"n":"nowhere.water_level","t":NOW,"v":1}]',
    "unknown_unit": b'[{"n":"vt-flood-001.water_level","t":NOW,"v":1,"u":"cubit"}]',
    "time_relative": js([good(86_400)]),
    "time_in_future": js([good(4_070_908_800)]),
    "time_in_milliseconds": b'[{"n":"vt-flood-001.water_level","t":NOW000,"v":1}]',
    "empty_pack": b"[]",
    "too_deep": b"[" * 100_000,
    "not_utf8": b'[{"n":"vt-flood-001.water_l\xffvel","t":NOW,"v":1}]',
    "bad_envelope": b'{"v":1,"records":[]}',
}


def test_bad_input_of_every_kind_is_kept_with_its_reason_and_costs_no_good_reading(
    rig: Rig, device: Device, buf: str
) -> None:
    now = int(time.time())
    expected = Counter({"too_large": 1, "not_finite": 1, "area_mismatch": 1, "bad_topic": 0})
    sent = 0
    for n, (reason, payload) in enumerate(BAD.items()):
        expected[reason] += 1
        device.send(READINGS, payload.replace(b"NOW", str(now).encode()), wait=False)
        device.send(READINGS, js([good(now - 1000 + n)]), wait=False)
        sent += 1
    device.send(READINGS, b"[" + b",".join([b'{"v":1}'] * 100_000) + b"]", wait=False)
    device.send(topics.readings("rach-dua", "gw-01"), js([good(now)]), wait=False)
    for seq in (1, 3, 2, 2, 1, 4):  # out of order, and some twice
        device.send(READINGS, envelope(buf, seq, good(now - 500 + seq)))
    sent += 4
    until(
        lambda: sum(Counter(r["reason"] for r in rig.rejects()).values()) >= expected.total(),
        10,
        "all rejects",
    )
    until(lambda: len(rig.readings()) >= sent, 10, "all good readings")
    assert Counter(r["reason"] for r in rig.rejects()) == +expected
    readings = rig.readings()
    assert len(readings) == len(set(readings)) == sent
    assert all(len(r["payload_b64"]) < 5_400 for r in rig.rejects())
    packs = [source.seq for one in rig.batches() for source in one.sources if source.buf]
    assert packs == [1, 2, 3, 4]


def test_an_agent_is_asked_for_what_is_missing_and_told_what_is_safe(
    rig: Rig, device: Device, buf: str
) -> None:
    now = time.time() - 100
    device.send(READINGS, envelope(buf, 1, good(now)))
    until(lambda: said(device, buf, "seen") == [[1, 1]], 5, "seen 1")
    began = time.monotonic()
    device.send(READINGS, envelope(buf, 3, good(now + 2)))
    until(lambda: said(device, buf, "want") == [[2, 2]], 9, "the gap to be asked for")
    assert time.monotonic() - began > 2.5
    device.send(READINGS, envelope(buf, 2, good(now + 1)))
    until(
        lambda: said(device, buf, "seen") == [[1, 3]] and said(device, buf, "want") == [],
        5,
        "the gap to be closed",
    )
    assert [reading[1] for reading in rig.readings()] == [round((now + n) * 1e6) for n in (0, 2, 1)]


def test_a_gateway_that_comes_online_is_told_again(rig: Rig, device: Device, buf: str) -> None:
    device.send(READINGS, envelope(buf, 1, good(time.time())))
    until(lambda: said(device, buf, "seen") == [[1, 1]], 5, "seen")
    device.heard.clear()
    device.send(topics.status("thang-tam", "gw-01"), b"online")
    until(lambda: said(device, buf, "seen") == [[1, 1]], 5, "seen again")
    states = [messages.decode_gateway(data) for _, kind, data in rig.stream() if kind == messages.GATEWAY]
    # An agent of another test may have said goodbye meanwhile; the last word is ours.
    assert [(s.gateway, s.status) for s in states][-1:] == [("gw-01", "online")]


def test_our_agent_gets_everything_through(rig: Rig) -> None:
    start = int((time.time() - 1_000) * 1e6)
    with Sender("127.0.0.1", rig.mqtt_port, "thang-tam", "gw-01") as sender:
        for n in range(500):
            sender.submit(
                [
                    record(LEVEL, start + n * 1_000_000, float(n % 90)),
                    record(TIDE, start + n * 1_000_000, 1.0),
                ]
            )
        until(lambda: len(rig.readings()) == 1_000, 20, "1,000 readings")
    levels = [time_us for name, time_us, _ in rig.readings() if name == LEVEL]
    assert levels == sorted(levels)


def test_a_tick_a_second_names_the_source(rig: Rig) -> None:
    def ticks() -> list[messages.Tick]:
        return [messages.decode_tick(data) for _, kind, data in rig.stream() if kind == messages.TICK]

    def aging() -> list[messages.Tick]:
        return [tick for tick in ticks() if tick.dt]  # the others: a start, or a gateway that left

    until(lambda: len(aging()) >= 3, 10, "three ticks")
    found = aging()
    assert all(tick.dt <= 2_000_000 for tick in found)
    assert sum(tick.dt for tick in found[1:]) <= found[-1].t - found[0].t + 500_000, "faster than the clock"
    assert all(tick.sources == ["broker"] for tick in found)


def test_a_new_site_version_is_announced_exactly_where_it_begins(rig: Rig, device: Device) -> None:
    now = time.time()
    tilt = {"n": "vt-flood-001.tilt", "t": now, "v": 1.0}
    before = good_site(site_toml=HOME)
    device.send(READINGS, js([tilt]))
    until(rig.rejects, 5, "the reading to be refused")
    version = rig.push_site(
        before | {"sensors.csv": before["sensors.csv"] + b"vt-flood-001.tilt,,,,,,,,,,\n"}
    )

    def versions() -> list[messages.SiteVersion]:
        return [messages.decode_site(data) for _, kind, data in rig.stream() if kind == messages.SITE]

    until(lambda: len(versions()) == 1, 10, "the new version on the stream")
    assert versions()[0].version == version
    assert versions()[0].previous == version_of(before)
    device.send(READINGS, js([tilt]))
    until(lambda: len(rig.readings()) == 1, 5, "the reading of the new sensor")
    kinds = [kind for _, kind, _ in rig.stream() if kind in (messages.SITE, messages.READINGS)]
    assert kinds == [messages.SITE, messages.READINGS]
    rig.push_site(before)
    until(lambda: len(versions()) == 2, 10, "the version before, again")


def test_a_site_version_that_can_not_be_read_changes_nothing(rig: Rig, device: Device) -> None:
    rig.push_site(good_site(site_toml=HOME.replace("format = 1", "format = 9")))
    until(lambda: "site_unreadable" in complaints(rig), 10, "a complaint")
    device.send(READINGS, js([good(time.time())]))
    until(lambda: len(rig.readings()) == 1, 5, "the reading")
    rig.push_site(good_site(site_toml=HOME))
    until(lambda: "site_unreadable" not in complaints(rig), 10, "the complaint to be settled")


def test_a_rejects_stream_that_refuses_stops_no_reading(rig: Rig, device: Device) -> None:
    async def break_rejects(js: JetStreamContext) -> bool:
        return bool(await js.delete_stream("REJECTS"))

    assert rig.ask(break_rejects)
    device.send(READINGS, b"hello")
    device.send(READINGS, js([good(time.time())]))
    until(lambda: len(rig.readings()) == 1, 10, "the reading")
    until(lambda: "rejects_stream" in complaints(rig), 10, "a complaint")
    rig.push_site(good_site(site_toml=HOME))
    device.send(READINGS, b"hello")
    until(lambda: "rejects_stream" not in complaints(rig), 10, "the complaint to be settled")


def test_strikes_reach_the_stream(rig: Rig, device: Device) -> None:
    now = time.time()
    device.send(
        topics.strikes("thang-tam", "gw-01"), js([{"t": now, "lat": 10.3, "lon": 107.1, "ka": -31.5}])
    )
    until(lambda: any(kind == messages.STRIKES for _, kind, _ in rig.stream()), 5, "the strike")
    [found] = [messages.decode_strikes(data) for _, kind, data in rig.stream() if kind == messages.STRIKES]
    assert [(s.source, s.ka) for s in found.strikes] == [("gw-01", -31.5)]


def test_commands_and_acknowledgements_reach_a_gateway_at_qos_1(rig: Rig) -> None:
    device = Device(rig, "gateway", hears="haidang/v1/thang-tam/gw-01/#")

    async def command(js: JetStreamContext) -> bool:
        await js.publish("down.gw-01.commands.c1", b'{"id":"c1"}')
        await js.publish("down.gw-01.ack.b9.stored", b'{"v":1,"buf":"b9","stored":[[1,4]]}')
        await js.publish("down.nobody.commands.c2", b"{}")
        return True

    try:
        assert rig.ask(command)
        ours = topics.ack("thang-tam", "gw-01"), topics.commands("thang-tam", "gw-01")

        def heard() -> list[tuple[str, bytes]]:
            others = b'"seen"'  # what other tests of this module sent is still being acknowledged
            return sorted(m for m in device.heard if m[0] in ours and others not in m[1])

        until(lambda: len(heard()) >= 2, 5, "both messages")
        assert heard() == [
            (topics.ack("thang-tam", "gw-01"), b'{"v":1,"buf":"b9","stored":[[1,4]]}'),
            (topics.commands("thang-tam", "gw-01"), b'{"id":"c1"}'),
        ]
    finally:
        device.close()
