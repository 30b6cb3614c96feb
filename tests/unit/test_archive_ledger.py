"""The ledger: which packs are stored, whatever the order in which their parts come."""

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.archive.ledger import Change, Ledger, few
from services.observation.ranges import Ranges
from services.observation.sensor import CANARY_GATEWAY
from services.observation.sources import Source

KEY = ("g1", "b1")


def source(
    seq: int, part: int = 0, parts: int = 1, received_at: int = 1, gateway: str = "g1", buf: str = "b1"
) -> Source:
    """A source with as much as the ledger looks at."""
    return Source(gateway, buf, seq, part, parts, received_at, 3)


def entered(*sources: Source) -> tuple[Ledger, Change]:
    """A ledger that took these in one go."""
    ledger, change = Ledger(), Change()
    for key in ledger.absent(sources):
        ledger.put(key)
    ledger.take(sources, change)
    return ledger, change


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), max_size=40), st.integers(1, 7))
def test_any_order_cut_and_repeat_of_parts_stores_exactly_the_whole_packs(
    arrivals: list[tuple[int, int]], step: int
) -> None:
    """Packs of odd number are whole, packs of even number come in three parts."""
    ledger = Ledger()
    ledger.put(KEY)
    seen: dict[int, set[int]] = {}
    for start in range(0, len(arrivals), step):
        some = arrivals[start : start + step]
        ledger.take([source(seq) if seq % 2 else source(seq, part, 3) for seq, part in some], Change())
        for seq, part in some:
            seen.setdefault(seq, set()).add(part)
    whole = [seq for seq, parts in seen.items() if seq % 2 or parts == {0, 1, 2}]
    assert ledger.shelves[KEY].stored == Ranges((seq, seq) for seq in whole)


def test_a_part_that_came_again_does_not_stand_for_the_one_that_is_missing() -> None:
    ledger, change = entered(source(1, 0, 2), source(1, 0, 2))
    assert not ledger.shelves[KEY].stored
    assert [part for _, _, part in change.parts] == [0]


def test_a_stored_pack_that_comes_again_counts_once_but_its_agent_is_answered() -> None:
    ledger, _ = entered(source(1))
    again = Change()
    ledger.take([source(1)], again)
    assert again.accounts["g1"].packs == 0
    assert again.shelves == set()
    assert again.heard == {KEY}


def test_the_canary_has_no_account() -> None:
    _, change = entered(source(0, gateway=CANARY_GATEWAY, buf=""))
    assert change.accounts == {}


def test_what_an_agent_dropped_counts_unless_it_was_stored() -> None:
    ledger, change = entered(source(2), source(5))
    ledger.told(KEY, 6, [(1, 3), (9, 8)], change)  # the second runs backwards: nonsense is not counted
    shelf = ledger.shelves[KEY]
    assert (shelf.count_lost(), shelf.first) == (2, 6)


def test_an_agent_that_says_the_same_again_changes_nothing() -> None:
    ledger, _ = entered(source(2))
    ledger.told(KEY, 1, [(1, 1)], Change())
    again = Change()
    ledger.told(KEY, 1, [(1, 1)], again)
    assert again.shelves == set()


def test_few_packs_are_asked_for_at_a_time() -> None:
    assert few([(3, 4), (10, 100)], 5) == [[3, 4], [10, 12]]
    assert few([], 5) == []
