"""Ranges against a plain set."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.ranges import Ranges

spans = st.tuples(st.integers(-5, 40), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))
steps = st.lists(st.tuples(st.sampled_from(["add", "remove"]), spans), max_size=30)


def numbers(ranges: Ranges) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(steps, spans)
def test_ranges_are_a_set_of_numbers(
    steps: list[tuple[str, tuple[int, int]]], window: tuple[int, int]
) -> None:
    ranges, plain = Ranges(), set[int]()
    for verb, (first, last) in steps:
        getattr(ranges, verb)(first, last)
        change = set(range(first, last + 1))
        plain = plain | change if verb == "add" else plain - change
    assert numbers(ranges) == plain
    assert ranges.count() == len(plain)
    assert bool(ranges) == bool(plain)
    assert all((number in ranges) == (number in plain) for number in range(-10, 60))
    pairs = ranges.as_list()
    assert all(before[1] + 1 < after[0] for before, after in pairwise(pairs))
    holes = {number for first, last in ranges.missing(*window) for number in range(first, last + 1)}
    assert holes == set(range(window[0], window[1] + 1)) - plain


@given(st.lists(spans, max_size=12), st.lists(spans, max_size=12))
def test_the_order_of_adding_does_not_matter(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    there, back = Ranges(a), Ranges(reversed(b))
    there.update(Ranges(b))
    back.update(Ranges(a))
    assert there == back == Ranges([*b, *a])


def test_neighbours_become_one_range() -> None:
    assert Ranges([(1, 3), (5, 6), (4, 4)]).as_list() == [[1, 6]]


def test_a_single_number_is_a_range_of_one() -> None:
    ranges = Ranges()
    ranges.add(7)
    assert ranges.as_list() == [[7, 7]]


def test_what_is_missing_before_between_and_after() -> None:
    assert Ranges([(3, 4), (8, 8)]).missing(1, 10) == [(1, 2), (5, 7), (9, 10)]
    assert Ranges().missing(1, 3) == [(1, 3)]
    assert Ranges([(1, 3)]).missing(1, 3) == []
    assert Ranges([(1, 3)]).missing(5, 4) == []


@pytest.mark.parametrize("pair", [(2, 1), (1,), (1, 2, 3)])
def test_a_pair_that_is_no_range_is_refused(pair: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"backwards|unpack"):
        Ranges([pair])


def test_taking_out_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Ranges([(1, 10)]).remove(5, 3)


def test_as_the_wire_has_them_they_come_back() -> None:
    ranges = Ranges([(1, 3), (7, 9)])
    assert Ranges(ranges.as_list()) == ranges
    assert repr(ranges) == "Ranges([[1, 3], [7, 9]])"
