"""Who waits for whom, and until when."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.order import Arrival, Order, Released
from services.observation.envelope import Head, Lane

KEY = ("gw-01", "b1")


def pack(
    seq: int,
    prev: int | None = None,
    lane: Lane = "live",
    first: int = 1,
    lost: list[tuple[int, int]] | None = None,
    source: str = "broker",
) -> Arrival:
    head = Head(
        v=1,
        buf="b1",
        seq=seq,
        prev=seq - 1 if prev is None else prev,
        lane=lane,
        first=first,
        lost=lost or [],
    )
    return Arrival(seq, source, "gw-01", head, 0.0, 100)


def plain(name: str, time_s: float = 0.0) -> Arrival:
    return Arrival(name, "broker", "gw-01", None, time_s, 100)


def names(released: list[Released]) -> list[object]:
    return [one.what for one in released]


def test_the_first_pack_of_a_buffer_waits_for_nobody() -> None:
    assert names(Order().arrive(pack(1), 0.0)) == [1]


def test_packs_in_sequence_pass_at_once() -> None:
    order = Order()
    assert [names(order.arrive(pack(n), 0.0)) for n in (1, 2, 3)] == [[1], [2], [3]]


def test_packs_out_of_order_leave_in_order() -> None:
    order = Order()
    assert names(order.arrive(pack(3), 0.0)) == []
    assert names(order.arrive(pack(2), 0.1)) == []
    assert names(order.arrive(pack(1), 0.2)) == [1, 2, 3]
    assert order.held() == 0


def test_a_pack_waits_three_seconds_for_its_predecessor_which_is_then_asked_for() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.arrive(pack(3), 0.0)
    assert order.next_due() == 3.0
    assert names(order.due(2.9)) == []
    assert names(order.due(3.0)) == [3]
    assert order.buffers[KEY].want.as_list() == [[2, 2]]
    assert order.asked == {KEY}


def test_a_backlog_pack_waits_ten_seconds() -> None:
    order = Order()
    order.arrive(pack(9, prev=7, lane="backlog"), 0.0)
    assert names(order.due(9.9)) == []
    assert names(order.due(10.0)) == [9]


def test_live_never_waits_for_backlog() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.arrive(pack(5, prev=4, lane="backlog"), 0.0)
    assert names(order.arrive(pack(6, prev=1), 0.1)) == [6]


def test_a_wish_is_cleared_when_the_pack_is_safe() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.arrive(pack(3), 0.0)
    order.due(3.0)
    assert names(order.arrive(pack(2), 4.0)) == [2]
    order.safe(KEY, 2)
    assert not order.buffers[KEY].want


def test_what_was_asked_for_does_not_wait_itself_and_asks_for_its_own_predecessor() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.arrive(pack(5), 0.0)
    order.due(3.0)
    assert names(order.arrive(pack(4), 3.1)) == [4]
    assert order.buffers[KEY].want.as_list() == [[3, 4]]


def test_nobody_waits_for_what_the_agent_no_longer_holds_or_has_lost() -> None:
    assert names(Order().arrive(pack(20, first=20), 0.0)) == [20]
    assert names(Order().arrive(pack(20, lost=[(15, 19)]), 0.0)) == [20]


def test_lost_and_first_take_back_wishes() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.arrive(pack(3), 0.0)
    order.due(3.0)
    order.arrive(pack(4, lost=[(2, 2)]), 4.0)
    assert not order.buffers[KEY].want


def test_a_pack_that_came_twice_goes_on_once() -> None:
    order = Order()
    assert order.arrive(pack(1), 0.0) == [Released(1)]
    assert order.arrive(pack(1), 0.0) == [Released(1, copy=True)]
    order.safe(KEY, 1)
    assert order.arrive(pack(1), 9.0) == [Released(1, copy=True)]


def test_a_copy_of_a_held_pack_is_released_after_it() -> None:
    order = Order()
    order.arrive(pack(2), 0.0)
    order.arrive(pack(2), 0.0)
    assert order.arrive(pack(1), 1.0) == [Released(1), Released(2), Released(2, copy=True)]


def test_plain_messages_pass_at_once_without_a_session() -> None:
    order = Order()
    order.connected("broker", 0.0, session_present=False)
    assert names(order.arrive(plain("a"), 0.0)) == ["a"]


def test_plain_messages_of_a_resumed_session_are_sorted_by_their_own_time() -> None:
    order = Order()
    order.connected("broker", 0.0, session_present=True)
    for name, time_s in (("c", 30.0), ("a", 10.0), ("b", 20.0)):
        assert order.arrive(plain(name, time_s), 0.5) == []
    assert order.next_due() == 3.0
    assert names(order.due(3.0)) == ["a", "b", "c"]
    assert names(order.arrive(plain("d"), 3.1)) == ["d"]


def test_another_source_is_not_gathered() -> None:
    order = Order()
    order.connected("lora", 0.0, session_present=True)
    assert names(order.arrive(plain("a"), 0.0)) == ["a"]


def test_a_tick_queues_behind_what_came_before_it_and_not_behind_what_comes_after() -> None:
    order = Order()
    order.arrive(pack(2), 0.0)
    assert order.barrier("tick") == []
    order.arrive(pack(9, prev=8), 0.5)
    assert names(order.arrive(pack(1), 1.0)) == [1, 2, "tick"]


def test_a_tick_behind_nothing_passes_at_once() -> None:
    assert names(Order().barrier("tick")) == ["tick"]


def test_ticks_behind_a_held_pack_come_when_it_passes_in_their_order() -> None:
    order = Order()
    order.arrive(pack(3, prev=2), 0.0)
    order.barrier("one")
    order.barrier("two")
    assert names(order.due(3.0)) == [3, "one", "two"]


def test_a_lost_connection_drops_what_it_brought() -> None:
    order = Order()
    order.arrive(pack(2), 0.0)
    order.arrive(pack(9, prev=8, source="other"), 0.0)
    order.forget_source("broker")
    assert order.held() == 1
    assert names(order.arrive(pack(1), 1.0)) == [1]
    assert names(order.arrive(pack(2), 1.0)) == [2]


def test_after_a_refusal_everything_unsafe_may_come_again() -> None:
    order = Order()
    order.arrive(pack(1), 0.0)
    order.safe(KEY, 1)
    order.arrive(pack(2), 0.0)
    order.forget_unsafe()
    assert order.arrive(pack(2), 1.0) == [Released(2)]


def test_memory_is_bounded_and_the_oldest_pass_first() -> None:
    order = Order()
    big = 200_000_000
    assert order.arrive(pack(5, prev=4)._replace(size=big), 0.0) == []
    assert names(order.arrive(pack(9, prev=8)._replace(size=big), 0.0)) == [5]


@given(st.permutations(list(range(1, 12))), st.integers(0, 3))
def test_any_order_of_arrival_leaves_in_sequence_when_all_come_in_time(
    arrival: list[int], copies: int
) -> None:
    order = Order()
    out: list[Released] = []
    for n, seq in enumerate([*arrival, *arrival[:copies]]):
        out += order.arrive(pack(seq), n * 0.01)
    assert [one.what for one in out if not one.copy] == sorted(arrival)
    assert order.held() == 0
    assert order.next_due() is None


@given(st.lists(st.tuples(st.integers(1, 12), st.floats(0, 2)), max_size=40))
def test_whatever_comes_everything_leaves_within_the_hold(arrivals: list[tuple[int, float]]) -> None:
    order = Order()
    now, came, left = 0.0, 0, 0
    for seq, wait_s in arrivals:
        now += wait_s
        left += len(order.due(now))
        came += 1
        left += len(order.arrive(pack(seq), now))
    left += len(order.due(now + 3.0))
    assert left == came


def test_what_the_stream_dropped_before_it_was_stored_is_asked_for_and_taken_once_more() -> None:
    order = Order()
    key = ("g1", "9f3a")
    for seq in (1, 2, 3):
        order.safe(key, seq)
    order.missing(key, 1, 2)
    assert order.buffers[key].seen.as_list() == [[3, 3]]
    assert order.buffers[key].want.as_list() == [[1, 2]]
    assert key in order.asked
    order.safe(key, 1)
    assert order.buffers[key].want.as_list() == [[2, 2]]
