"""What agents are told, and how often."""

import json

from services.ingest.acks import MAX_AT_ONCE, Acks
from services.ingest.order import Order

KEY = ("gw-01", "b1")


def told(acks: Acks, now: float) -> list[tuple[str, object]]:
    return [(subject, json.loads(data)) for subject, data in acks.messages(now)]


def test_seen_is_told_whole() -> None:
    order = Order()
    acks = Acks(order)
    for seq in (1, 2, 5):
        order.safe(KEY, seq)
    acks.changed([KEY])
    assert told(acks, 0.0) == [("down.gw-01.ack.b1.seen", {"v": 1, "buf": "b1", "seen": [[1, 2], [5, 5]]})]
    assert told(acks, 9.0) == []


def test_not_more_often_than_every_200_ms_and_then_the_newest() -> None:
    order = Order()
    acks = Acks(order)
    order.safe(KEY, 1)
    acks.changed([KEY])
    acks.messages(0.0)
    for seq in (2, 3):
        order.safe(KEY, seq)
        acks.changed([KEY])
        assert told(acks, 0.19) == []
    assert [document for _, document in told(acks, 0.2)] == [{"v": 1, "buf": "b1", "seen": [[1, 3]]}]


def test_a_wish_is_told_and_taken_back() -> None:
    order = Order()
    acks = Acks(order)
    order.buffer(KEY).want.add(4)
    acks.changed([KEY])
    assert [document for _, document in told(acks, 0.0)] == [{"v": 1, "buf": "b1", "want": [[4, 4]]}]
    order.safe(KEY, 4)
    acks.changed([KEY])
    assert [document for _, document in told(acks, 1.0)] == [
        {"v": 1, "buf": "b1", "seen": [[4, 4]]},
        {"v": 1, "buf": "b1", "want": []},
    ]


def test_what_was_told_is_told_again_only_when_asked_for() -> None:
    order = Order()
    acks = Acks(order)
    order.safe(KEY, 1)
    acks.changed([KEY])
    assert len(told(acks, 0.0)) == 1
    acks.changed([KEY])
    assert told(acks, 1.0) == []
    acks.online("gw-02")
    assert told(acks, 2.0) == []
    acks.online("gw-01")
    assert len(told(acks, 3.0)) == 1


def test_many_agents_take_turns() -> None:
    order = Order()
    acks = Acks(order)
    keys = [(f"gw-{n}", "b") for n in range(MAX_AT_ONCE * 2)]
    for key in keys:
        order.safe(key, 1)
    acks.changed(keys)
    first, second = (told(acks, now) for now in (0.0, 0.05))
    assert len(first) == len(second) == MAX_AT_ONCE
    assert not {subject for subject, _ in first} & {subject for subject, _ in second}
