"""Rain sums: exact at the edges of their windows, honest about what is missing, and the rain day."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.alerts.derive import Compute, Computed, Series
from services.alerts.hazards._flood_rain import HOUR, LADDERS, OUTPUTS, index, severity, sums, sums_of_counter

MINUTE = HOUR // 60
ZONE = 7 * HOUR
T0 = 1_762_250_400_000_000  # 2025-11-04T10:00:00Z, 17:00 in Việt Nam
SEVERITY = "rain_severity"
Rows = Sequence[tuple[float, float]]


def series(
    rows: Rows, interval: float = 10, attributes: Mapping[str, float] | None = None, past: int = 0
) -> Series:
    """(minutes since T0, value); the first `past` were there before."""
    time = np.array([T0 + round(at * MINUTE) for at, _ in rows], np.int64)
    value = np.array([x for _, x in rows], np.float64)
    return Series(
        time, value, np.arange(past, len(rows)), time[past:], value[past:], 27 * HOUR,
        round(interval * MINUTE), attributes or {}, {}, lambda t: t + ZONE,
    )  # fmt: skip


def told(found: Computed, name: str) -> list[tuple[float, bool]]:
    at = OUTPUTS.index(name)
    assert found.lower_bound is not None
    return list(zip(found.values[at].tolist(), found.lower_bound[at].tolist(), strict=True))


def last(found: Computed, name: str) -> tuple[float, bool]:
    return told(found, name)[-1]


def every(minutes: int, count: int, depth: float = 1.0) -> list[tuple[float, float]]:
    return [(minutes * (at + 1), depth) for at in range(count)]


def test_a_window_takes_what_ended_in_it_and_not_what_ended_as_it_began() -> None:
    rows = [(0, 100.0), *every(10, 6, 2.0)]
    assert last(sums(series(rows)), "rain_1h") == (12.0, False)
    assert told(sums(series(rows)), "rain_10min")[:2] == [(100.0, False), (2.0, False)]
    # A quarter of an hour later than the hour's first reading: nothing is counted twice.
    assert last(sums(series([*rows, (70, 0.0)])), "rain_1h") == (10.0, False)


def test_a_gauge_whose_clock_trembles_counts_nothing_twice() -> None:
    steady = sums(series(every(10, 12, 6.0)))
    trembling = sums(series([(at + shift, x) for (at, x), shift in zip(
        every(10, 12, 6.0), [0.1, -0.1] * 6, strict=True)]))  # fmt: skip
    for name in ("rain_10min", "rain_1h"):
        assert last(trembling, name)[0] == pytest.approx(last(steady, name)[0], rel=0.03)


def test_a_counter_whose_clock_trembles_loses_nothing() -> None:
    rows = [(at + (0.1 if at % 20 else -0.1), at * 0.6) for at in range(10, 130, 10)]
    for mm, at_least in told(sums_of_counter(series(rows)), "rain_10min")[1:]:
        assert mm == pytest.approx(6.0, rel=0.03)
        assert not at_least


def test_a_missing_interval_is_missing_and_not_dry() -> None:
    hour = every(10, 12, 5.0)
    gap = [row for row in hour if row[0] != 90]
    assert last(sums(series(hour)), "rain_1h") == (30.0, False)
    assert last(sums(series(gap)), "rain_1h") == (25.0, True)  # 83 % of the hour
    assert last(sums(series(every(10, 18))), "rain_3h") == (18.0, False)
    assert last(sums(series([r for r in every(10, 18) if r[0] != 90])), "rain_3h") == (17.0, False)  # 94 %
    of_100 = [(at + 1.0, 0.0) for at in range(60)]
    assert last(sums(series(of_100[6:], 1)), "rain_1h") == (0.0, False)  # 90 %, exactly
    assert last(sums(series(of_100[7:], 1)), "rain_1h") == (0.0, True)


def test_a_gauge_that_has_just_begun_knows_its_rain_at_least() -> None:
    found = sums(series(every(10, 2, 20.0)))
    assert last(found, "rain_10min") == (20.0, False)
    assert last(found, "rain_1h") == (40.0, True)
    assert last(found, "rain_24h") == (40.0, True)


def test_an_hourly_gauge_has_no_sum_of_ten_minutes() -> None:
    found = sums(series(every(60, 24, 3.0), 60))
    assert math.isnan(last(found, "rain_10min")[0])
    assert last(found, "rain_1h") == (3.0, False)
    assert last(found, "rain_24h") == (72.0, False)


def test_thirty_times_one_millimetre_is_thirty_and_sums_of_tips_are_exact() -> None:
    found = sums(series([(at + 1.0, 0.2) for at in range(60)], 1))
    assert last(found, "rain_1h")[0] == 12.0
    assert last(sums(series([(at + 1.0, 0.1) for at in range(60)], 1)), "rain_1h")[0] == 6.0


def test_the_rain_day_begins_at_seven_in_the_evening() -> None:
    """19:00 local is two hours after T0. What ended at 19:00 belongs to the day that ends."""
    found = dict(zip(range(10, 190, 10), told(sums(series(every(10, 18))), "rain_day"), strict=True))
    assert found[120] == (12.0, True)  # nothing is known of the day before 17:00
    assert found[130] == (1.0, False)
    assert found[180] == (6.0, False)


def test_an_interval_across_the_edge_of_the_day_gives_its_share() -> None:
    rows = [(115.0, 8.0), (130.0, 9.0)]  # 18:55 and 19:10; two thirds of the second fell after 19:00
    assert last(sums(series(rows, 15)), "rain_day") == (6.0, False)


def test_a_counter_gives_the_sums_of_its_differences() -> None:
    counter = np.cumsum([x for _, x in every(10, 12, 0.2)]) + 1234.6
    rows = [(at, float(total)) for (at, _), total in zip(every(10, 12), counter, strict=True)]
    assert last(sums_of_counter(series(rows)), "rain_1h") == (1.2, False)
    assert told(sums_of_counter(series(rows)), "rain_10min")[0] == (0.0, True)  # nothing to compare with yet


def test_a_counter_that_starts_again_counts_its_new_value() -> None:
    rows = [(0, 98.0), (10, 99.0), (20, 1.5), (30, 2.5), (40, 2.5), (50, 2.5), (60, 2.5)]
    assert last(sums_of_counter(series(rows)), "rain_1h") == (3.5, False)


def test_what_a_counter_counted_in_a_pause_belongs_to_windows_that_hold_the_whole_pause() -> None:
    rows = [(0, 0.0), (10, 0.0), (90, 40.0), (100, 40.0), *[(100 + at, 40.0) for at in range(10, 90, 10)]]
    found = sums_of_counter(series(rows))
    assert told(found, "rain_1h")[2] == (0.0, True)
    assert last(found, "rain_3h") == (40.0, False)


@pytest.mark.parametrize("what", [sums, sums_of_counter])
@pytest.mark.parametrize("cut", [0, 1, 7, 40, 170])
def test_sums_are_the_same_to_the_last_bit_wherever_a_batch_is_cut(what: Compute, cut: int) -> None:
    """Older readings may or may not stand before the window; that decides nothing either."""
    rng = np.random.default_rng(4)
    keep = rng.random(200) > 0.1
    rows = [
        (at * 10 + x, d)
        for at, x, d, k in zip(range(200), rng.uniform(-3, 3, 200), rng.uniform(0, 9, 200), keep, strict=True)
        if k
    ]
    whole, part = what(series(rows)), what(series(rows, past=cut))
    assert np.array_equal(whole.values[:, cut:], part.values, equal_nan=True)
    assert whole.lower_bound is not None
    assert part.lower_bound is not None
    assert np.array_equal(whole.lower_bound[:, cut:], part.lower_bound)
    final = series(rows, past=len(rows) - 1)
    first = int(np.searchsorted(final.time, final.new_time[0] - final.window))
    trimmed = what(
        Series(
            final.time[first:],
            final.value[first:],
            final.upto - first,
            final.new_time,
            final.new_value,
            final.window,
            final.interval,
            {},
            {},
            final.local,
        )
    )
    assert np.array_equal(whole.values[:, -1:], trimmed.values, equal_nan=True)


def test_a_reading_that_is_not_kept_is_still_summed() -> None:
    """A doubtful reading is computed and not remembered."""
    kept = series(every(10, 6, 2.0))
    one = Series(
        kept.time[:5], kept.value[:5], np.array([5]), kept.time[5:], np.array([50.0]), kept.window,
        kept.interval, {}, {}, kept.local,
    )  # fmt: skip
    assert last(sums(one), "rain_1h") == (60.0, False)


@pytest.mark.parametrize(("name", "ladder"), LADDERS.items())
def test_a_class_begins_at_its_threshold_and_not_before(name: str, ladder: tuple[float | None, ...]) -> None:
    del name
    for k, step in enumerate(ladder):
        if step is not None:
            under, at = index(np.array([step - 1e-4, step]), ladder)
            assert k <= under < k + 1 == at
    assert index(np.array([1e6]), ladder)[0] < (4 if ladder[3] is None else 5)
    assert index(np.array([0.0]), ladder)[0] == 0.0


def test_the_worst_window_gives_the_severity_of_the_rain() -> None:
    """30 mm in an hour is advisory; 55 mm in three hours no more; 75 mm in three hours is watch."""
    dry = every(10, 144, 0.0)
    hour = [(1440 + at, x) for at, x in every(10, 6, 5.0)]
    found, at_least = last(sums(series([*dry, *hour])), SEVERITY)
    assert 1 <= found < 2
    assert not at_least
    slow = [(1440 + at, x) for at, x in every(10, 18, 75 / 18)]
    assert 2 <= last(sums(series([*dry, *slow])), SEVERITY)[0] < 3


def test_a_station_may_have_thresholds_of_its_own() -> None:
    rows = [*every(10, 144, 0.0), *[(1440 + at, x) for at, x in every(10, 6, 3.0)]]
    assert last(sums(series(rows)), SEVERITY)[0] < 1
    own = {"rain_1h_advisory": 15.0, "rain_1h_watch": 18.0}
    assert last(sums(series(rows, attributes=own)), SEVERITY)[0] == 2.0


def test_what_is_known_only_at_least_counts_for_the_class_it_reaches_and_for_no_more() -> None:
    steps = {"a": (10.0, 20.0, None, None), "b": (10.0, 20.0, None, None)}
    values = np.array([[12.0, 2.0, 2.0], [25.0, 25.0, 1.0]])
    least = np.array([[False] * 3, [True, True, True]])
    found, at_least = severity(values, least, steps)
    assert (found[:2] >= 2).all()
    assert found[2] == pytest.approx(0.2)
    values[1] = [5.0, 12.0, math.nan]
    found = severity(values, least, steps)[0]
    assert found.tolist() == pytest.approx([1.2, 1.2, 0.2])  # 5 of b reach nothing; 12 reach its first
    assert not at_least.any()
    alone, at_least = severity(np.array([[5.0], [math.nan]]), np.array([[True], [True]]), steps)
    assert (alone.tolist(), at_least.tolist()) == ([0.5], [True])  # nothing is known well: it ends nothing
