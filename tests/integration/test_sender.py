"""The agent against a real broker and a stub of ingest: nothing lost, whatever is killed."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.sender import Sender, Settings
from edge.splitting import MAX_BYTES, TooLargeError
from services.observation.envelope import RawEnvelope
from services.observation.senml import Record
from tests.support.broker import Broker, free_port, running
from tests.support.stub_ingest import StubIngest
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def ingest(broker: Broker) -> Iterator[StubIngest]:
    stub = StubIngest(broker.mqtt)
    yield stub
    stub.close()


def _sender(broker: Broker, **more: object) -> Sender:
    return Sender("127.0.0.1", broker.mqtt, "area-0", "gw-0", **more)  # type: ignore[arg-type]


def _pack(n: int) -> list[Record]:
    return [Record("s.p", 1.7e9 + n, float(n))]


def _values(ingest: StubIngest) -> list[float]:
    return [record["v"] for record in ingest.readings()]


def test_packs_arrive_in_order_and_are_stored(broker: Broker, ingest: StubIngest) -> None:
    patient = Settings(probe_s=60.0, passed_over_s=60.0)  # a slow machine is no reason to send twice
    with _sender(broker, settings=patient) as sender:
        for n in range(500):
            sender.submit(_pack(n))
        assert sender.wait_all_stored(40)
        assert sender.stored == 500
        assert sender.sendings == 500
    assert _values(ingest) == [float(n) for n in range(500)]


def test_the_gateway_says_online_when_it_hears_and_offline_when_it_goes(
    broker: Broker, ingest: StubIngest
) -> None:
    with _sender(broker) as sender:
        assert sender.wait_connected(40)
        until(lambda: ingest.status["gw-0"] == ["online"], 5, "online")
    until(lambda: ingest.status["gw-0"] == ["online", "offline"], 5, "offline")


AGENT = """
import sys, time
from edge.sender import Sender
sender = Sender("127.0.0.1", int(sys.argv[1]), "area-0", "gw-0")
sender.start()
time.sleep(60)
"""


def test_a_killed_agent_is_said_to_be_offline_by_its_will(broker: Broker, ingest: StubIngest) -> None:
    agent = subprocess.Popen([sys.executable, "-c", AGENT, str(broker.mqtt)], cwd=ROOT)
    try:
        until(lambda: ingest.status["gw-0"] == ["online"], 15, "online")
    finally:
        agent.kill()
        agent.wait()
    until(lambda: ingest.status["gw-0"][-1] == "offline", 10, "offline, said by the broker")


def test_after_a_restart_of_the_broker_the_gateway_is_online_again_by_itself(
    broker: Broker, ingest: StubIngest
) -> None:
    with _sender(broker) as sender:
        assert sender.wait_connected(40)
        until(lambda: ingest.status["gw-0"] == ["online"], 5, "online")
        broker.kill()
        broker.start()
        until(lambda: ingest.status["gw-0"].count("online") >= 2, 15, "online again")
        assert sender.problem is None


def test_a_killed_broker_costs_nothing(broker: Broker, ingest: StubIngest) -> None:
    with _sender(broker) as sender:
        for n in range(400):
            sender.submit(_pack(n))
        until(lambda: sender.sendings > 50, 10, "some packs to be sent")
        broker.kill()
        for n in range(400, 800):
            sender.submit(_pack(n))
        broker.start()
        assert sender.wait_all_stored(40)
        assert sender.lost == 0
    assert sorted(_values(ingest)) == [float(n) for n in range(800)]


def test_no_broker_is_a_problem_with_words_and_not_a_crash() -> None:
    with Sender("127.0.0.1", free_port(), "a", "g") as sender:
        sender.submit(_pack(1))
        until(lambda: sender.problem, 5, "a word about it")
        assert "no MQTT broker" in (sender.problem or "")
        assert not sender.wait_all_stored(0.1)
        assert sender.unstored == 1


def test_while_there_is_no_broker_the_buffer_keeps_its_bound() -> None:
    with Sender("127.0.0.1", free_port(), "a", "g", settings=Settings(max_packs=10)) as sender:
        for n in range(100):
            sender.submit(_pack(n))
        until(lambda: sender.lost == 90, 5, "the oldest to be dropped")
        assert sender.unstored == 10


def test_a_message_that_vanished_is_asked_for_and_sent_again(broker: Broker) -> None:
    once: set[int] = set()

    def vanish(head: RawEnvelope) -> bool:
        if head.seq % 10 == 0 and head.seq not in once:
            once.add(head.seq)
            return True
        return False

    stub = StubIngest(broker.mqtt, vanish)
    try:
        with _sender(broker, settings=Settings(probe_s=1.0, passed_over_s=1.0, settle_s=0.3)) as sender:
            for n in range(50):
                sender.submit(_pack(n))
            assert sender.wait_all_stored(40)
    finally:
        stub.close()
    assert sorted(_values(stub)) == [float(n) for n in range(50)]


def test_back_pressure_holds_the_caller_and_lets_go(broker: Broker, ingest: StubIngest) -> None:
    with _sender(broker, max_unstored=20) as sender:
        most = 0
        for n in range(300):
            sender.submit(_pack(n))
            most = max(most, sender.unstored)
        assert most <= 21
        assert sender.wait_all_stored(40)
    assert len(ingest.records) == 300


def test_closing_frees_a_caller_who_waits() -> None:
    sender = Sender("127.0.0.1", free_port(), "a", "g")
    sender.submit(_pack(1))
    answers: list[bool] = []
    waiter = threading.Thread(target=lambda: answers.append(sender.wait_all_stored(30)))
    waiter.start()
    sender.close()
    waiter.join(20)
    assert answers == [False]


def test_a_plain_sender_is_done_at_the_last_puback(broker: Broker, ingest: StubIngest) -> None:
    with _sender(broker, plain=True) as sender:
        for n in range(100):
            sender.submit(_pack(n))
        assert sender.wait_all_stored(40)
    until(lambda: len(ingest.plain) == 100, 5, "all packs")
    assert ingest.plain[0] == ("haidang/v1/area-0/gw-0/readings", b'[{"n":"s.p","t":1700000000.0,"v":0.0}]')
    assert ingest.status["gw-0"] == []


def test_strikes_go_to_their_own_topic_in_the_same_count(broker: Broker, ingest: StubIngest) -> None:
    with _sender(broker) as sender:
        sender.submit(_pack(0))
        sender.submit_strikes([{"t": 1.7e9, "lat": 10.3, "lon": 107.1}])
        assert sender.wait_all_stored(40)
    # Two topics are two subscriptions: the broker keeps no order between them, `prev` does.
    assert {"t": 1.7e9, "lat": 10.3, "lon": 107.1} in ingest.readings()
    assert sorted(seq for _, seq in ingest.order) == [1, 2]


def test_what_is_too_large_is_cut_and_what_cannot_be_cut_is_refused(
    broker: Broker, ingest: StubIngest
) -> None:
    records = [{"bn": "s.", "bt": 1.7e9, "n": "p0", "v": 0.0}] + [
        {"n": f"p{n}", "v": n / 2} for n in range(1, 25_000)
    ]
    with _sender(broker) as sender:
        sender.submit(records)
        with pytest.raises(TooLargeError):
            sender.submit(b"[" + b" " * MAX_BYTES + b"]")
        with pytest.raises(TooLargeError):
            sender.submit([{"n": "s.p", "vs": "x" * MAX_BYTES}])
        assert sender.wait_all_stored(40)
    assert len(ingest.records) == 4
    assert len(ingest.readings()) == 25_000
    firsts = [record for record in ingest.readings() if "bn" in record]
    assert all((record["bn"], record["bt"]) == ("s.", 1.7e9) for record in firsts)
    assert len(firsts) == 4
