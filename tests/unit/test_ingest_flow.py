"""From the broker's bytes to messages for READINGS: parts, copies, ticks, losses, and taking back."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from services.ingest.book import Book
from services.ingest.build import Builder
from services.ingest.intake import Intake
from services.ingest.items import Built, Item
from services.ingest.order import Order
from services.ingest.raw import RawMessage
from services.ingest.rejects import Reason
from services.ingest.site_index import SiteIndex
from services.ingest.window import Window
from services.observation import batch, messages, topics
from services.observation.messages import Tick
from tests.support.site_folder import parsed

NOW_US = 1_763_600_000_000_000
LEVEL, TIDE = "vt-flood-001.water_level", "vt-sea-001.tide_level"
TOPIC = topics.readings("thang-tam", "gw-01")


class Line:
    """A connection that only is there, or not."""

    def __init__(self) -> None:
        self.alive = True
        self.endpoint = SimpleNamespace(source="broker")


class Bench:
    """A flow on its own, and connections that only remember."""

    def __init__(self) -> None:
        self.order = Order()
        self.book = Book(self.order)
        self.book.use(SiteIndex(parsed()))
        self.window: Window[Item] = Window()
        self.intake = Intake(self.book, self.order, self.window, {})
        self.builder = Builder(self.book, self.order)
        self.connection: Any = Line()
        self.mid = 0

    def take(self, payload: object, topic: str = TOPIC, now: float = 0.0, *, retain: bool = False) -> None:
        self.mid += 1
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.intake.take(RawMessage(self.connection, self.mid, topic, data, retain, NOW_US), now)

    def build(self) -> Built:
        return self.builder.build(self.window.take())

    def commit(self, built: Built) -> None:
        """As the service does once the stream has it."""
        self.book.keep()
        for key, seq in built.safe:
            self.order.safe(key, seq)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def record(n: float = 0, v: float = 100.0, name: str = LEVEL) -> dict[str, Any]:
    return {"n": name, "t": NOW_US / 1e6 - 1000 + n, "v": v}


def envelope(seq: int, *records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"v": 1, "buf": "b1", "seq": seq, "prev": seq - 1, "records": list(records), **more}


def batches(built: Built) -> list[tuple[str, batch.Batch]]:
    return [
        (subject, batch.decode(data)) for subject, kind, data in built.messages if kind == messages.READINGS
    ]


def test_a_plain_pack_is_acknowledged_with_its_batch(bench: Bench) -> None:
    bench.take([record(v=150.0)])
    built = bench.build()
    [(subject, one)] = batches(built)
    assert subject == topics.readings_subject("vung-tau", "thang-tam")
    assert one.sensors == [LEVEL]
    assert one.value.tolist() == [1.5]
    assert one.sources == [batch.Source("gw-01", "", 0, 0, 1, NOW_US, 1)]
    assert built.acks == {bench.connection: [1]}


def test_packs_of_a_window_travel_together_in_order(bench: Bench) -> None:
    for n in range(3):
        bench.take([record(n, v=n)])
    [(_, one)] = batches(bench.build())
    assert [source.rows for source in one.sources] == [1, 1, 1]
    assert one.value.tolist() == [0.0, 0.01, 0.02]


def test_a_pack_over_two_subjects_is_cut_into_parts(bench: Bench) -> None:
    bench.take(envelope(1, record(0), record(0, name=TIDE), record(1)))
    bench.take(envelope(2, record(2, name=TIDE)))
    found = batches(bench.build())
    assert [subject for subject, _ in found] == [
        topics.readings_subject("vung-tau", "thang-tam"),
        "readings.all",
    ]
    assert [[(s.seq, s.part, s.parts, s.rows) for s in one.sources] for _, one in found] == [
        [(1, 0, 2, 2)],
        [(1, 1, 2, 1), (2, 0, 1, 1)],
    ]


def test_a_pack_without_a_usable_record_closes_its_seq(bench: Bench) -> None:
    bench.take(envelope(1, {"n": "no.body", "t": 1, "v": 1}))
    built = bench.build()
    [(subject, one)] = batches(built)
    assert subject == "readings.all"
    assert [(s.seq, s.rows, s.parts) for s in one.sources] == [(1, 0, 1)]
    assert built.safe == [(("gw-01", "b1"), 1)]
    assert [subject for subject, _ in built.rejects] == ["rejects.unknown_station"]


def test_a_bare_empty_pack_is_acknowledged_and_goes_nowhere(bench: Bench) -> None:
    bench.take([])
    built = bench.build()
    assert not built.messages
    assert built.acks == {bench.connection: [1]}
    assert [subject for subject, _ in built.rejects] == ["rejects.empty_pack"]


def test_a_pack_that_came_twice_is_published_once_and_acknowledged_twice(bench: Bench) -> None:
    bench.take(envelope(1, record()))
    bench.take(envelope(1, record()))
    built = bench.build()
    assert len(batches(built)[0][1]) == 1
    assert built.acks == {bench.connection: [1, 2]}
    assert built.copies == {("gw-01", "b1")}


def test_what_came_on_a_lost_connection_is_not_published_and_may_come_again(bench: Bench) -> None:
    old = bench.connection
    bench.take(envelope(1, record()))
    bench.connection = Line()
    old.alive = False
    bench.take(envelope(1, record()))
    built = bench.build()
    assert len(batches(built)[0][1]) == 1
    assert built.acks == {bench.connection: [2]}


def test_a_topic_that_lies_about_its_gateway_is_a_reject(bench: Bench) -> None:
    bench.take([record()], topics.readings("rach-dua", "gw-01"))
    bench.take([record()], topics.readings("rach-dua", "gw-02"))
    bench.take([record()], "haidang/v1/thang-tam/gw-01/nonsense")
    built = bench.build()
    assert not built.messages
    assert bench.builder.rejected == {Reason.AREA_MISMATCH: 1, Reason.FOREIGN_STATION: 1, Reason.BAD_TOPIC: 1}


def test_a_tick_carries_the_clocks_that_moved_since_the_last(bench: Bench) -> None:
    bench.take([record(5), record(7)])
    bench.intake.tick(Tick(1, 0, ["broker"], {}), 0.0)
    bench.intake.tick(Tick(2, 0, ["broker"], {}), 0.0)
    ticks = [messages.decode_tick(data) for _, kind, data in bench.build().messages if kind == messages.TICK]
    assert [tick.clocks for tick in ticks] == [{"gw-01": NOW_US - 993_000_000}, {}]


def test_a_clock_is_never_ahead_of_the_arrival(bench: Bench) -> None:
    bench.take([record(1_200)])
    bench.build()
    assert bench.book.clocks == {"gw-01": NOW_US}


def test_a_state_goes_on_the_stream_and_a_retained_one_only_when_it_is_news(bench: Bench) -> None:
    topic = topics.status("thang-tam", "gw-01")
    for retain in (True, True, False):
        bench.take(b"online", topic, retain=retain)
    bench.take(b"gone fishing", topic)
    built = bench.build()
    states = [messages.decode_gateway(data) for _, _, data in built.messages]
    assert [(s.gateway, s.status) for s in states] == [("gw-01", "online")] * 2
    assert built.online == {"gw-01"}
    assert bench.builder.rejected == {Reason.BAD_STATUS: 1}


def test_what_an_agent_lost_is_told_once(bench: Bench) -> None:
    for seq in (11, 12):
        bench.take(envelope(seq, record(seq), first=10, lost=[(3, 5)], prev=seq - 1 if seq > 11 else 0))
    states = [
        messages.decode_gateway(data) for _, kind, data in bench.build().messages if kind == messages.GATEWAY
    ]
    assert [(s.buf, s.first, s.lost, s.status) for s in states] == [("b1", 10, [(3, 5)], None)]


def test_a_first_that_rises_over_what_was_seen_is_no_news(bench: Bench) -> None:
    bench.take(envelope(1, record()))
    bench.take(envelope(2, record(1)))
    bench.commit(bench.build())
    bench.take(envelope(3, record(2), first=3))
    assert [kind for _, kind, _ in bench.build().messages] == [messages.READINGS]


def test_strikes_go_everywhere_and_bad_ones_are_rejects(bench: Bench) -> None:
    strike = {"t": NOW_US / 1e6, "lat": 10.3, "lon": 107.1}
    bench.take([strike, strike | {"lat": 91}, strike | {"t": 4e9}], topics.strikes("thang-tam", "gw-01"))
    bench.take(envelope(1, strike), topics.strikes("thang-tam", "lora"))
    bench.take([strike], topics.strikes("thang-tam", "nobody"))
    built = bench.build()
    [(subject, kind, data)] = built.messages
    found = messages.decode_strikes(data)
    assert (subject, kind) == ("readings.all", messages.STRIKES)
    assert [(s.source, s.time) for s in found.strikes] == [("gw-01", NOW_US), ("lora", NOW_US)]
    assert [(s.gateway, s.seq, s.rows) for s in found.sources] == [("gw-01", 0, 1), ("lora", 1, 1)]
    assert bench.builder.rejected == {
        Reason.BAD_POSITION: 1,
        Reason.TIME_IN_FUTURE: 1,
        Reason.UNKNOWN_SOURCE: 1,
    }


def test_a_window_that_was_refused_has_not_happened(bench: Bench) -> None:
    bench.take([record(0, v=100.0)])
    bench.commit(bench.build())
    before = bench.book.save()
    for _ in range(2):
        bench.take([record(5, v=101.0), record(9, v=102.0)])
        bench.take(b"online", topics.status("thang-tam", "gw-01"))
        bench.intake.tick(Tick(1, 0, ["broker"], {}), 0.0)
        built = bench.build()
        bench.book.roll_back()
        assert bench.book.save() == before
        assert bench.book.moved == {"gw-01"}
    assert len(built.messages) == 3


def test_folding_the_stream_gives_the_same_book(bench: Bench) -> None:
    other = Bench()
    for n in range(30):
        bench.take(
            envelope(
                n + 1,
                record(n, v=50.0 + n % 7),
                record(n, name=TIDE, v=n / 10),
                lost=[] if n < 20 else [(99, 101)],
            )
        )
        if n % 5 == 0:
            bench.intake.tick(Tick(n, 0, ["broker"], {}), 0.0)
            bench.take(b"online", topics.status("thang-tam", "gw-01"))
        if n % 3 == 0:
            built = bench.build()
            bench.commit(built)
            for _, kind, data in built.messages:
                other.book.fold(kind, data)
            if n == 15:  # and through a snapshot
                saved = other.book.save()
                other = Bench()
                other.book.load(saved)
    bench.window.take()
    assert other.book.save() == bench.book.save()


def test_a_pack_cut_into_parts_is_seen_when_all_are_in(bench: Bench) -> None:
    bench.take(envelope(1, record(), record(name=TIDE)))
    first, second = bench.build().messages
    other = Bench()
    other.book.fold(first[1], first[2])
    assert 1 not in other.order.buffer(("gw-01", "b1")).seen
    other.book.fold(second[1], second[2])
    assert 1 in other.order.buffer(("gw-01", "b1")).seen


def test_samples_survive_a_new_site_version(bench: Bench) -> None:
    bench.take([record(0, v=120.0)])
    bench.commit(bench.build())
    bench.book.use(SiteIndex(parsed(sensors_csv="sensor\nvt-sea-001.tide_level\nvt-flood-001.water_level\n")))
    assert bench.book.tail.v1[1] == 1.2


def test_the_tick_of_a_source_that_is_back_waits_for_nothing_that_is_held(bench: Bench) -> None:
    bench.take(envelope(3, record(3)))
    bench.take(envelope(5, record(5)))
    bench.intake.tick(Tick(1, 0, ["broker"], {}), 0.0)
    bench.intake.tick(Tick(2, 0, ["broker"], {}, resumed=["broker"]), 0.0)
    ticks = [messages.decode_tick(data) for _, kind, data in bench.build().messages if kind == messages.TICK]
    assert [tick.t for tick in ticks] == [2]
