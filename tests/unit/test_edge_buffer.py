"""The agent's bounded buffer and what it tells of its losses."""

from edge.buffer import Buffer
from edge.losses import Losses


def _filled(count: int, max_packs: int = 100, max_bytes: int = 10_000) -> Buffer:
    buffer = Buffer(max_packs, max_bytes)
    for _ in range(count):
        buffer.append("readings", b"[1]", 0.0)
    return buffer


def test_numbers_start_at_one_and_first_is_the_lowest_held() -> None:
    buffer = _filled(3)
    assert [pack.seq for pack in buffer] == [1, 2, 3]
    buffer.remove(1)
    buffer.remove(2)
    assert buffer.first == 3


def test_an_empty_buffer_holds_nothing_below_the_next_number() -> None:
    buffer = _filled(2)
    assert _filled(0).first == 1
    buffer.remove(1)
    buffer.remove(2)
    assert (buffer.first, buffer.last, len(buffer), buffer.bytes) == (3, 2, 0, 0)


def test_the_bound_on_packs_pushes_out_the_oldest() -> None:
    buffer = _filled(3, max_packs=3)
    _, dropped = buffer.append("readings", b"[1]", 0.0)
    assert [pack.seq for pack in dropped] == [1]


def test_the_bound_on_bytes_pushes_out_as_many_as_it_takes() -> None:
    buffer = _filled(3, max_bytes=9)
    _, dropped = buffer.append("readings", b"[1234]", 0.0)
    assert [pack.seq for pack in dropped] == [1, 2]
    assert buffer.bytes == 9


def test_the_newest_pack_stays_even_when_it_alone_is_over_the_bound() -> None:
    buffer = Buffer(10, 5)
    pack, dropped = buffer.append("readings", b"[123456]", 0.0)
    assert buffer.get(pack.seq) is pack
    assert not dropped


def test_a_range_far_wider_than_the_buffer_is_no_work() -> None:
    buffer = _filled(3)
    assert [pack.seq for pack in buffer.within(0, 10**12)] == [1, 2, 3]
    assert buffer.within(5, 2) == []


def test_what_is_lost_is_named_until_a_pack_that_named_it_is_stored() -> None:
    losses = Losses()
    losses.add(4)
    losses.add(5)
    assert losses.text() == b"[[4,5]]"
    losses.told(losses.mark)
    assert losses.text() == b"[]"
    assert 4 in losses.all


def test_a_loss_after_the_telling_is_still_to_be_told() -> None:
    losses = Losses()
    losses.add(4)
    mark = losses.mark
    losses.add(9)
    losses.told(mark)
    assert losses.text() == b"[[9,9]]"


def test_what_is_asked_for_again_is_named_again() -> None:
    losses = Losses()
    losses.add(4)
    losses.add(7)
    losses.told(losses.mark)
    assert losses.again(5, 9)
    assert losses.text() == b"[[7,7]]"
    assert not losses.again(8, 9)
