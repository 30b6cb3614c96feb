"""How fast the water rises and how long to the next level: vectors by hand, and where nothing is forecast."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.alerts.derive import Series
from services.alerts.hazards._flood_stage import Method, Rise, next_level, rate, rise, time_to
from services.alerts.hazards._flood_tide import Tide, predicted

HOUR = 3_600_000_000
MINUTE = HOUR // 60
T0 = 1_762_250_400_000_000
LEVELS = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0}


def series(
    values: Sequence[float], step: int = 10, attributes: Mapping[str, float] | None = None, past: int = 0
) -> Series:
    time = T0 + np.arange(len(values)) * step * MINUTE
    value = np.array(values, np.float64)
    window = max(HOUR, 3 * step * MINUTE)
    return Series(
        time, value, np.arange(past, len(values)), time[past:], value[past:], window, step * MINUTE,
        LEVELS if attributes is None else attributes, {}, lambda t: t,
    )  # fmt: skip


def one(rows: Rise, level: float, method: Method | None = None, window: int = HOUR) -> list[float]:
    found: list[float] = time_to(np.array([level]), rows, method or Method(), window)[:, 0].tolist()
    return found


def moving(slope: float, low: float, high: float, now: float) -> Rise:
    return Rise(*(np.array([x]) for x in (slope, low, high, now)))


def test_time_to_a_level_is_the_gap_over_the_slope_with_the_band_of_the_slope() -> None:
    """0.6 m at 0.45 m/h: 80 min; at 0.72: 50 min; at 0.2769: 130 min."""
    assert one(moving(0.45, 0.6 / (130 / 60), 0.72, 1.4), 2.0) == pytest.approx([80, 50, 130])


def test_a_level_already_reached_by_the_line_is_reached_now() -> None:
    assert one(moving(0.3, 0.2, 0.4, 2.05), 2.0) == [0, 0, 0]


def test_the_slow_end_of_the_band_is_at_least_the_least_slope() -> None:
    middle, early, late = one(moving(0.3, -0.1, 0.6, 1.7), 2.0)
    assert [middle, early, late] == pytest.approx([60, 30, 0.3 / 0.02 * 60])


@pytest.mark.parametrize("slope", [0.02, 0.0, -0.5])
def test_water_that_hardly_rises_has_no_forecast(slope: float) -> None:
    assert one(moving(slope, slope, slope, 1.99), 2.0) == [math.inf] * 3


def test_nothing_is_told_beyond_the_horizon_nor_beyond_twice_the_window() -> None:
    at = moving(0.5, 0.5, 0.5, 1.0)
    assert one(at, 2.0)[0] == pytest.approx(120)
    assert one(at, 2.01) == [math.inf] * 3
    assert one(at, 2.45, window=3 * HOUR)[0] == pytest.approx(174)
    assert one(at, 2.55, window=3 * HOUR) == [math.inf] * 3  # three hours is the most in any case


def test_a_damped_rise_takes_longer_or_never_comes() -> None:
    """-T ln(1 - gap/(sT)): 0.4 m at 0.5 m/h dying away in 2 h: -120 ln(0.6) = 61.3 min."""
    damped = Method(damping_s=7_200)
    at = moving(0.5, 0.3, 0.6, 1.6)
    assert one(at, 2.0, damped)[0] == pytest.approx(-120 * math.log(0.6))
    assert one(at, 2.0, damped)[0] > one(at, 2.0)[0]
    assert one(at, 2.7, damped) == [math.inf] * 3  # 1.1 m, and it will rise 1.0 m at most


def test_the_next_level_is_the_lowest_above_the_water() -> None:
    found = next_level(np.array([0.9, 1.0, 2.5, 3.0, 4.2]), {**LEVELS, "historic_max": 4.0})
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0, math.inf]
    lake = next_level(np.array([50.0, 51.5]), {"normal_level": 51.0, "raised_level": 52.0})
    assert lake.tolist() == [51.0, 52.0]


def test_a_steady_rise_gives_its_slope_and_its_time() -> None:
    found = rise(series([1.0 + 0.05 * at for at in range(9)])).values
    assert np.isnan(found[:, :3]).all()  # fewer than four readings
    assert found[0, 3:] == pytest.approx(0.3)
    assert found[1, 8] == pytest.approx((2.0 - 1.4) / 0.3 * 60)
    assert found[2, 8] == pytest.approx(found[3, 8])


def test_one_wrong_reading_does_not_move_the_forecast() -> None:
    clean = [1.0 + 0.05 * at for at in range(9)]
    wrong = [*clean[:7], 5.0, clean[8]]
    assert rise(series(wrong)).values[1, 8] == pytest.approx(rise(series(clean)).values[1, 8], rel=0.1)


def test_an_hourly_gauge_has_a_rate_after_four_readings() -> None:
    found = rise(series([1.0, 1.2, 1.4, 1.6, 1.8], 60)).values
    assert np.isnan(found[0, :3]).all()
    assert found[0, 3] == pytest.approx(0.2)
    assert found[1, 4] == pytest.approx(60)


def test_a_gauge_that_reports_four_times_a_day_has_none() -> None:
    assert np.isnan(rise(series([1.0, 1.2, 1.4, 1.6, 1.8], 360)).values).all()
    assert np.isnan(rate(series([1.0, 1.2, 1.4, 1.6, 1.8], 360)).values).all()


TIDE = Tide(0.2, ("m2", "k1"), (0.8, 0.5), (30.0, 120.0))
TIDAL = {"bd1": 1.4, "bd2": 1.5, "bd3": 1.6, "tidal": 1.0}


def test_raw_stage_at_a_tidal_station_is_never_extrapolated() -> None:
    found = rise(series([0.8, 0.9, 1.0, 1.1, 1.2, 1.3], attributes=TIDAL)).values
    assert np.isnan(found).all()


def test_at_a_tidal_station_the_residual_is_held_and_the_tide_is_added() -> None:
    """The observed is the tide and 0.3 m; the time told is when tide and 0.3 m reach the level."""
    attributes = {**TIDAL, **TIDE.attributes()}
    time = T0 + np.arange(200) * 10 * MINUTE
    level = predicted(time, TIDE) + 0.3
    turn = next(at for at in range(6, 200) if level[at - 1] < 1.2 <= level[at])
    given = series(level[: turn + 1].tolist(), attributes=attributes, past=turn)
    fine = T0 + turn * 10 * MINUTE + np.arange(180) * MINUTE
    truth = int(np.argmax(predicted(fine, TIDE) + 0.3 >= 1.4))
    middle, early, late = rise(given).values[1:, 0].tolist()
    assert truth > 0
    assert middle == pytest.approx(truth, abs=2)
    assert early < middle < late
    assert np.isnan(rise(given).values[0, 0])  # its rate is the tide's


def test_a_tide_that_turns_before_the_level_has_no_forecast() -> None:
    attributes = {"bd1": 9.0, "tidal": 1.0, **TIDE.attributes()}
    level = predicted(T0 + np.arange(7) * 10 * MINUTE, TIDE)
    assert np.isinf(rise(series(level.tolist(), attributes=attributes, past=6)).values[1:, 0]).all()


@pytest.mark.parametrize("cut", [1, 5, 17])
def test_times_are_the_same_to_the_last_bit_wherever_a_batch_is_cut(cut: int) -> None:
    rng = np.random.default_rng(1)
    values = (1.0 + np.cumsum(rng.uniform(-0.02, 0.06, 30))).tolist()
    for attributes in (LEVELS, {**TIDAL, **TIDE.attributes()}):
        whole = rise(series(values, attributes=attributes)).values[:, cut:]
        part = rise(series(values, attributes=attributes, past=cut)).values
        assert np.array_equal(whole, part, equal_nan=True)
