"""The neighbour test: a lone gauge that leaps is suspect, a rise of all is not."""

from itertools import pairwise
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.book import Book, Saved
from services.ingest.neighbours import Neighbours
from services.ingest.order import Order
from services.ingest.quality import Limits, Tail, check
from services.ingest.site_index import SiteIndex
from services.observation.sensor import Sensor, Station
from services.observation.text import Text
from tests.support.engine_world import city, sensor

MINUTE = 60_000_000
STEP = 10 * MINUTE
NAN = float("nan")


class Reading(NamedTuple):
    row: int
    time: int
    value: float


def gauges(count: int, prop: str = "water_level", **attributes: float) -> Limits:
    """Gauges a hundred metres apart, one reading every ten minutes, no limit of their own."""
    stations = {
        f"s{n}": Station(f"s{n}", Text("s", "s"), "city", 107.1 + n * 0.001, 10.3, None, dict(attributes))
        for n in range(count)
    }
    listed: list[Sensor] = [sensor(f"s{n}.{prop}") for n in range(count)]
    return Limits.of(listed, Neighbours(listed, stations))


def flags(readings: list[Reading], of: Limits, tail: Tail) -> list[int]:
    rows = np.array([r.row for r in readings], dtype=np.uint32)
    times = np.array([r.time for r in readings], dtype=np.int64)
    values = np.array([r.value for r in readings], dtype=np.float64)
    return [int(flag) for flag in check(rows, times, values, of, tail)]


def frames(*rows: tuple[float, ...], apart: int = MINUTE // 2) -> list[Reading]:
    """Each tuple is what all gauges say in one interval, one after the other; NaN: that one says nothing."""
    return [
        Reading(at, n * STEP + at * apart, value)
        for n, values in enumerate(rows)
        for at, value in enumerate(values)
        if value == value  # noqa: PLR0124  NaN
    ]


def suspects(readings: list[Reading], of: Limits) -> list[Reading]:
    found = flags(readings, of, Tail(len(of.spike)))
    return [reading for reading, flag in zip(readings, found, strict=True) if flag == 3]


CALM = (1.0, 5.0, 2.0, 7.0, 0.5)


def test_a_lone_gauge_that_leaps_is_suspect_and_its_way_back_is_not() -> None:
    told = frames(CALM, CALM, (1.0, 5.0, 4.0, 7.0, 0.5), CALM)
    assert [(r.row, r.value) for r in suspects(told, gauges(5))] == [(2, 4.0)]


@pytest.mark.parametrize("row", range(5))
@pytest.mark.parametrize("apart", [0, MINUTE // 2])
def test_it_is_caught_wherever_it_stands_in_the_round(row: int, apart: int) -> None:
    wrong = tuple(value + 3 * (at == row) for at, value in enumerate(CALM))
    assert [r.row for r in suspects(frames(CALM, CALM, wrong, apart=apart), gauges(5))] == [row]


def test_a_real_step_is_suspect_once_and_then_the_new_normal() -> None:
    high = (1.0, 5.0, 4.0, 7.0, 0.5)
    assert len(suspects(frames(CALM, CALM, high, high, high), gauges(5))) == 1


def test_a_rise_of_all_is_not_suspect() -> None:
    rising = [tuple(value + 0.45 * step for value in CALM) for step in range(6)]
    gaps = [
        tuple(NAN if (at + n) % 3 == 0 else v for at, v in enumerate(row)) for n, row in enumerate(rising)
    ]
    assert suspects(frames(CALM, *rising), gauges(5)) == []
    assert suspects(frames(CALM, *gaps), gauges(5)) == []


def test_of_a_sudden_rise_of_all_only_the_first_to_tell_it_are_suspect_and_only_once() -> None:
    sudden = [tuple(value + 1.5 * step for value in CALM) for step in range(5)]
    assert [(r.row, r.value) for r in suspects(frames(CALM, *sudden), gauges(5))] == [(0, 2.5), (1, 6.5)]


def test_what_moved_before_bears_out_what_moves_now() -> None:
    slow = [tuple(value + rise for value in CALM) for rise in (0.0, 0.4, 0.8)]
    fast = (CALM[0] + 1.5, *(value + 1.2 for value in CALM[1:]))
    assert suspects(frames(*slow, fast), gauges(5)) == []


def test_fewer_than_three_neighbours_are_not_asked() -> None:
    assert suspects(frames((1.0, 5.0, 2.0), (1.0, 5.0, 2.0), (1.0, 5.0, 4.0)), gauges(3)) == []
    assert len(suspects(frames(CALM[:4], CALM[:4], (1.0, 5.0, 4.0, 7.0)), gauges(4))) == 1


def test_a_neighbour_that_fell_silent_is_no_witness() -> None:
    quiet = (1.0, 5.0, 2.0, NAN)
    told = frames(CALM[:4], CALM[:4], *[quiet] * 4, (1.0, 5.0, 4.0, NAN))
    assert suspects(told, gauges(4)) == []


def test_a_neighbour_that_is_suspect_itself_is_no_witness() -> None:
    told = frames(CALM[:4], CALM[:4], (4.0, 5.0, 5.0, 7.0))
    assert [r.row for r in suspects(told, gauges(4))] == [0]


def test_neighbours_far_away_are_not_asked() -> None:
    assert suspects(frames(CALM, CALM, (1.0, 5.0, 4.0, 7.0, 0.5)), gauges(5, neighbour_km=0.15)) == []


def test_a_station_has_a_leap_of_its_own_or_none() -> None:
    told = frames(CALM, CALM, (1.0, 5.0, 2.4, 7.0, 0.5))
    assert suspects(told, gauges(5)) == []
    assert len(suspects(told, gauges(5, leap=0.3))) == 1
    assert suspects(frames(CALM, CALM, (1.0, 5.0, 9.0, 7.0, 0.5)), gauges(5, leap=0)) == []


def test_tides_are_never_held_against_neighbours() -> None:
    assert suspects(frames(CALM, CALM, (1.0, 5.0, 9.0, 7.0, 0.5)), gauges(5, "tide_level")) == []


def reference(readings: list[Reading], count: int) -> list[int]:
    """One reading at a time, as a person would do it on paper."""
    samples: list[list[tuple[int, float, bool]]] = [[] for _ in range(count)]
    out = []
    for row, time, value in readings:
        known = samples[row]
        if known and time <= known[-1][0]:
            out.append(2)
            continue
        suspect = bool(known) and _alone(samples, row, time, value)
        known.append((time, value, suspect))
        out.append(3 if suspect else 1)
    return out


def _alone(samples: list[list[tuple[int, float, bool]]], row: int, time: int, value: float) -> bool:
    past = [(t, v) for t, v, _ in samples[row][-2:] if time - t <= 3 * STEP]
    last_time, last, _ = samples[row][-1]
    if time - last_time > 3 * STEP or any(abs(value - v) <= 0.5 for _, v in past):
        return False
    span = time - last_time
    witnesses = [
        ((v1 - v2) * (span / (t1 - t2)), t1 > last_time)
        for other, series in enumerate(samples)
        if other != row and len(series) > 1
        for (t2, v2, s2), (t1, v1, s1) in [series[-2:]]
        if not s1 and not s2 and abs(time - t1) <= 3 * STEP and span <= 3 * (t1 - t2) and t1 - t2 <= 3 * span
    ]
    if sum(now for _, now in witnesses) >= 3:
        witnesses = [one for one in witnesses if one[1]]
    changes = [change for change, _ in witnesses]
    if len(changes) < 3:
        return False
    middle = median(changes)
    spread = median(abs(change - middle) for change in changes)
    return abs(value - last - middle) > max(4 * 1.4826 * spread, 0.5)


some_readings = st.lists(
    st.builds(
        Reading,
        st.integers(0, 5),
        st.integers(0, 12).map(lambda n: n * 5 * MINUTE),
        st.sampled_from([0.0, 0.25, 0.75, 2.0, 4.0]),
    ),
    max_size=60,
).map(lambda readings: sorted(readings, key=lambda r: r.time // STEP))


@given(some_readings)
def test_it_equals_the_reference(readings: list[Reading]) -> None:
    assert flags(readings, gauges(6), Tail(6)) == reference(readings, 6)


@given(some_readings, st.lists(st.integers(0, 60), max_size=6))
def test_a_cut_anywhere_changes_no_flag(readings: list[Reading], cuts: list[int]) -> None:
    of, whole, parts = gauges(6), Tail(6), Tail(6)
    expected = flags(readings, of, whole)
    edges = [0, *sorted(min(c, len(readings)) for c in cuts), len(readings)]
    assert [f for a, b in pairwise(edges) for f in flags(readings[a:b], of, parts)] == expected
    for name in ("t1", "v1", "t2", "v2", "suspect"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


FORMAT_1 = bytes.fromhex(
    "8aa773656e736f727391ae73302e77617465725f6c6576656ca27431c4080087930300000000a27631c408000000000000f83f"
    "a27432c4080000000000000000a27632c408000000000000f43fa7627566666572739186a767617465776179a26777a3627566"
    "a26231a47365656e91920107a5666972737401a46c6f737490aa746f6c645f666972737401a6636c6f636b7381a26777ce0393"
    "8700a8737461747573657381a26777a66f6e6c696e65a473697465a27631a17601"
)


def test_a_snapshot_of_the_release_before_is_read() -> None:
    saved = msgspec.msgpack.decode(FORMAT_1, type=Saved)
    book = Book(Order())
    book.use(SiteIndex(city([sensor("s0.water_level")])))
    book.load(saved)
    row = book.index.row_of["s0.water_level"] if book.index is not None else -1
    assert saved.v == 1
    assert (book.tail.v1[row], book.tail.v2[row], book.tail.suspect[row]) == (1.5, 1.25, 0)
    again = Book(Order())
    again.use(SiteIndex(city([sensor("s0.water_level")])))
    book.tail.suspect[row] = 2
    again.load(msgspec.msgpack.decode(msgspec.msgpack.encode(book.save()), type=Saved))
    assert again.tail.suspect[row] == 2
