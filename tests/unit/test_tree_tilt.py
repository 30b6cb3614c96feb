"""The tilt of trees: angles, calm air, jumps, sway, growth over days, temperature, storms, and the ground."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.derive import Computed, Floats, Points, Series
from services.alerts.hazards import _tree_danger as fall
from services.alerts.hazards import _tree_long as long
from services.alerts.hazards import _tree_tilt as tilt
from services.alerts.hazards._tree_tilt import HOUR

MINUTE = HOUR // 60
DAY = 24 * HOUR
T0 = 1_700_000_000 * 1_000_000 // DAY * DAY


def series(
    value: Floats | list[float],
    step: int,
    window_s: float,
    *,
    new: int | None = None,
    attributes: Mapping[str, float] | None = None,
    held: Mapping[str, float] | None = None,
    times: list[int] | None = None,
) -> Series:
    """Readings `step` µs apart, the last `new` of them (None: all) new; held values the same throughout."""
    values = np.asarray(value, np.float64)
    time = T0 + np.arange(len(values)) * step if times is None else T0 + np.array(times, np.int64)
    fresh = len(values) if new is None else new
    return Series(
        time,
        values,
        np.arange(len(values) - fresh, len(values)),
        time[-fresh:],
        values[-fresh:],
        round(window_s * 1e6),
        step,
        attributes or {},
        {name: np.full(fresh, what) for name, what in (held or {}).items()},
        lambda t: t,
    )


def points(
    value: float, held: Mapping[str, float] | None = None, attributes: Mapping[str, float] | None = None
) -> Points:
    """One reading at one tree; what is not held is not known."""
    known = {name: np.array([what]) for name, what in (held or {}).items()}
    names = (
        *("tilt_x", "wind_speed", "air_temperature", "soil_waterlogged"),
        *fall.MEASURES,
        *fall.JUMPED,
    )
    return Points(
        np.array([T0]),
        np.array([value]),
        np.array([0]),
        np.zeros(1),
        np.zeros(1),
        lambda name, default: np.array([(attributes or {}).get(name, default)]),
        {name: known.get(name, np.array([np.nan])) for name in names},
        lambda t: t,
    )


# Angles (domain.md 6.1)


def test_the_angle_of_an_accelerometer_is_that_between_the_vectors() -> None:
    upright = np.array([0.0, 0.0, 9.81])
    for degrees in (0.0, 0.25, 1.0, 2.0, 45.0, 179.0):
        turn = np.radians(degrees)
        sample = 9.81 * np.array([[np.sin(turn), 0.0, np.cos(turn)]])
        found, rest = tilt.angle_between(sample, upright)
        assert found[0] == pytest.approx(degrees, abs=1e-5)
        assert rest[0]


def test_a_sample_taken_in_motion_is_rejected() -> None:
    samples = np.array(
        [[0, 0, 9.81], [0, 0, 10.10], [0, 0, 10.12], [0, 0, 9.50], [0.5, 0, 9.81], [3, 0, 9.81]]
    )
    found, rest = tilt.angle_between(samples, np.array([0.0, 0.0, 9.81]))
    assert rest.tolist() == [True, True, False, False, True, False]
    assert np.isnan(found[~rest]).all()
    assert found[4] == pytest.approx(np.degrees(np.arctan2(0.5, 9.81)))


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-5, 5), st.floats(-5, 5))
def test_two_axes_make_one_angle_whatever_the_baseline(x: float, y: float, x0: float, y0: float) -> None:
    base = {"tilt_x_baseline": x0, "tilt_y_baseline": y0}
    lean = tilt.two_axes(points(y, {"tilt_x": x}, base)).values[0, 0]
    assert 0.0 <= lean < 60.0
    assert lean == pytest.approx(np.hypot(x - x0, y - y0), rel=0.1, abs=0.05)
    assert tilt.two_axes(points(y0, {"tilt_x": x0}, base)).values[0, 0] < 1e-5


def test_a_lean_has_a_bearing_where_the_sensor_was_mounted_by_the_compass() -> None:
    base = {"tilt_x_baseline": 0.0, "tilt_y_baseline": 0.0, "tilt_x_azimuth": 90.0}
    assert tilt.two_axes(points(0.0, {"tilt_x": 1.0}, base)).values[2, 0] == pytest.approx(90.0)
    assert tilt.two_axes(points(1.0, {"tilt_x": 0.0}, base)).values[2, 0] == pytest.approx(180.0)
    assert np.isnan(tilt.two_axes(points(0.0, {"tilt_x": 0.01}, base)).values[2, 0])
    del base["tilt_x_azimuth"]
    assert np.isnan(tilt.two_axes(points(0.0, {"tilt_x": 1.0}, base)).values[2, 0])


def test_wind_and_temperature_are_taken_out_as_far_as_they_are_known() -> None:
    known = {"tilt_baseline": 1.0, "tilt_temp_coef": 0.02, "tilt_temp_ref": 25.0}
    both = tilt.one_axis(points(1.5, {"wind_speed": 2.0, "air_temperature": 35.0}, known)).values[:, 0]
    assert both == pytest.approx([0.5, 0.3])
    cold = tilt.one_axis(points(1.5, {"wind_speed": 2.0}, known)).values[:, 0]
    assert cold[0] == 0.5
    assert np.isnan(cold[1])
    windy = tilt.one_axis(points(1.5, {"wind_speed": 5.0}, {"tilt_baseline": 1.0})).values[:, 0]
    assert np.isnan(windy[1])
    assert tilt.one_axis(points(1.5, {}, {"tilt_baseline": 1.0})).values[1, 0] == 0.5


# Calm air


def test_the_tilt_at_rest_is_the_median_of_six_hours_of_calm_air() -> None:
    found = tilt.still(series([0.1] * 20 + [0.5] * 17, 10 * MINUTE, tilt.STILL_S, held={"wind_speed": 1.0}))
    assert np.isnan(found.values[0, :18]).all()  # three hours of it at least
    assert found.values[0, 20] == 0.1
    assert found.values[0, -1] == 0.1  # 17 of 37
    assert found.values[1, -1] == 1.0


def test_without_wind_the_calmest_hour_is_taken() -> None:
    rng = np.random.default_rng(3)
    gusty = 0.3 + np.abs(rng.normal(0, 1.0, 30))
    value = [*gusty, *(0.1 + rng.normal(0, 0.005, 6))]
    found = tilt.still(series(value, 10 * MINUTE, tilt.STILL_S, held={"wind_speed": np.nan})).values[:, -1]
    assert found[0] == pytest.approx(0.1, abs=0.02)
    assert found[1] == 0.0


def test_without_a_wind_gauge_hours_that_are_all_unquiet_are_no_calm_air() -> None:
    """A sea breeze that never ceases: the median of sway is no tilt at rest."""
    value = np.random.default_rng(3).normal(0.3, 0.6, 36)
    found = tilt.still(series(value, 10 * MINUTE, tilt.STILL_S, held={"wind_speed": np.nan})).values
    assert np.isnan(found[0, -1])


# Sudden movement


def moving(value: Floats | list[float], step: int = 10 * MINUTE, wind: float = np.nan) -> Floats:
    """Jump, sway and peak at each reading."""
    return tilt.moving(series(value, step, tilt.MOVING_S, held={"wind_speed": wind})).values


def test_a_jump_is_seen_within_two_readings_and_for_an_hour() -> None:
    jump = moving([0.1] * 12 + [0.8] * 12, wind=1.0)[0]
    assert jump[12] == 0.0  # one reading is no movement yet
    assert jump[13] == pytest.approx(0.7)
    assert jump[15] == pytest.approx(0.7)
    assert jump[-1] == 0.0  # it stands there now, and the change tells


@pytest.mark.parametrize("wind", [12.0, np.nan])
@pytest.mark.parametrize(("minutes", "sway"), [(1, 0.6), (10, 0.4)])
def test_sway_is_no_jump_not_even_when_the_wind_sets_in(minutes: int, sway: float, wind: float) -> None:
    """In nineteen storms of twenty at least: readings ten minutes apart can tell less sway from a jump.

    Nor where there is no wind gauge: three readings that agree by chance close no street.
    """
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(40):
        value = rng.normal(0.2, 0.01, 180)
        value[36:] += rng.normal(0.0, sway, 144)
        told += bool(np.nanmax(moving(value, minutes * MINUTE, wind=wind)[0]) >= 0.5)
    assert told <= 2


def test_in_the_wind_a_jump_needs_most_of_an_hour_or_of_fifteen_readings() -> None:
    rng = np.random.default_rng(5)
    value = [0.1] * 12 + [1.1] * 12
    assert moving(value, wind=12.0)[0, 14] == 0.0
    assert moving(value, wind=12.0)[0, 15] == pytest.approx(1.0)
    often = np.where(np.arange(240) < 120, 0.1, 1.2) + rng.normal(0.0, 0.15, 240)
    seen = np.flatnonzero(moving(often, MINUTE, wind=12.0)[0] >= 0.5)
    assert 126 <= seen[0] <= 136


@pytest.mark.parametrize("minutes", [1, 5, 10])
def test_a_tree_that_goes_over_in_a_storm_is_told_with_the_second_reading_after_it(minutes: int) -> None:
    value = np.random.default_rng(7).normal(0.2, 0.4, 240)
    value[120:] += 8.0
    jump = moving(value, minutes * MINUTE, wind=15.0)[0]
    assert np.nanmax(jump[:120]) < 0.5
    assert (jump[120:123] >= 3.0).any()


SWUNG = [-0.1, -0.1, -0.1, 0.0, 1.1, 0.0, 2.1, 0.1, 3.3, 3.7, 2.4, 0.5, 0.0]
"""Degrees, every ten minutes of a gale."""


def test_a_tree_that_stays_beyond_all_it_swung_before_has_moved() -> None:
    moved = [5.5, 5.1, 5.0, 6.0, 6.3, 5.2]
    part = series([*SWUNG, *moved], 10 * MINUTE, tilt.MOVING_S, new=len(moved), held={"wind_speed": 20.0})
    found = tilt.moving(part).values[0]
    assert found.max() >= 0.5  # within the hour; less twice the sway before it, it was never told


@pytest.mark.parametrize("rest", [0.0, 0.5])
@pytest.mark.parametrize("wind", [20.0, 2.0])
def test_a_tree_that_stands_still_when_the_gale_ends_has_not_moved(rest: float, wind: float) -> None:
    swung = [rest + one for one in SWUNG if one]
    part = series([*swung, *[rest] * 7], 10 * MINUTE, tilt.MOVING_S, new=7, held={"wind_speed": wind})
    assert not (tilt.moving(part).values[0] >= 0.5).any()


def test_a_slow_sensor_sees_neither_jump_nor_sway() -> None:
    assert np.isnan(moving([0.1] * 40, HOUR)).all()
    assert np.isnan(moving([0.1] * 40, 10 * MINUTE)[1:3]).all()


def test_sway_is_the_95th_percentile_and_the_peak_of_the_distance_from_the_median() -> None:
    value = [0.0] * 57 + [1.5, 3.5, -4.0]
    found = moving(value, MINUTE)[1:3, -1]
    assert found.tolist() == [0.0, 3.5]
    assert moving([0.0] * 54 + [1.5] * 5 + [-4.0], MINUTE)[1, -1] == 1.5
    assert moving([0.0] * 59 + [60.0], MINUTE)[2, -1] == 0.0  # one reading alone is a glitch


@given(
    st.lists(st.integers(-40, 40), min_size=5, max_size=90), st.integers(1, 89), st.sampled_from([1, 5, 10])
)
def test_what_moves_is_the_same_wherever_a_batch_is_cut(tenths: list[int], cut: int, minutes: int) -> None:
    value = np.array(tenths) / 10
    cut = min(cut, len(value) - 1)
    for compute, window in (
        (tilt.moving, tilt.MOVING_S),
        (tilt.still, tilt.STILL_S),
        (long.gusts, long.GUST_S),
    ):
        cut_alike(compute, value, minutes * MINUTE, window, cut)


def cut_alike(
    compute: Callable[[Series], Computed], value: Floats, step: int, window_s: float, cut: int
) -> None:
    """A series computed at once is that computed in two."""
    held = {"wind_speed": np.nan, "gust_72h": 20.0, "gust_age": 30.0}
    rule = {"tilt_baseline": 0.0, "soil_saturation": 45.0}
    whole = compute(series(value, step, window_s, held=held, attributes=rule)).values
    first = compute(series(value[:cut], step, window_s, held=held, attributes=rule)).values
    rest = compute(series(value, step, window_s, new=len(value) - cut, held=held, attributes=rule)).values
    assert np.array_equal(whole, np.concatenate([first, rest], axis=1), equal_nan=True)


# Over days

NO_STORM = {"gust_72h": 6.0, "gust_age": 3.0}
BASED = {"tilt_baseline": 0.0}


def lean(value: Floats | list[float], held: Mapping[str, float] = NO_STORM) -> Floats:
    """Of hourly medians: change, day, week, storm, gust, daily, at each hour."""
    return long.lean(series(value, HOUR, long.LONG_S, held=held, attributes=BASED)).values


def swing(hours: int, size: float = 0.3) -> Floats:
    """What the sun does to a sensor: ± size over the day."""
    return size * np.sin(np.arange(hours) * np.pi / 12)


def test_a_daily_swing_of_temperature_is_no_lean_once_three_days_show_it() -> None:
    found = lean(swing(240))
    assert np.nanmax(found[0, :24]) > 0.25  # the first day nobody can know
    assert np.nanmax(found[0, 96:]) < 0.05
    assert np.nanmax(found[1, 48:]) < 0.05
    assert np.nanmax(found[2, 180:]) < 0.05


def test_a_step_under_a_daily_swing_is_told_whole_and_never_taken_for_the_hour_of_the_day() -> None:
    value = swing(480)
    value[240:] += 1.2
    change = lean(value)[0, 240:]
    assert change[0] == pytest.approx(1.2, abs=0.05)
    assert change.min() > 1.0
    assert change.max() < 1.4


def test_growth_is_against_the_same_hour_of_another_day() -> None:
    value = swing(400) + np.arange(400) * (0.3 / 24)
    found = lean(value)
    assert found[1, 200:] == pytest.approx(0.3, abs=0.01)
    assert found[2, 200:] == pytest.approx(2.1, abs=0.06)
    assert np.isnan(found[1, :23]).all()
    assert np.isnan(found[2, :175]).all()


def test_what_leads_back_to_the_baseline_is_no_growth() -> None:
    """Propped up again from 1.4° to upright, and then on to the other side by half a degree."""
    value = swing(480, 0.1) + 1.4
    value[240:] -= 1.4
    value[420:] -= 0.5
    found = lean(value)
    assert np.nanmax(found[1:3, 240:420]) < 0.05
    assert found[1, 425:443] == pytest.approx(0.5, abs=0.05)
    straightened = lean(value[:260], {"gust_72h": 24.0, "gust_age": 18.0})
    assert straightened[3, -1] < 0.05
    assert straightened[0, -1] < 0.05
    unknown = long.lean(series(value, HOUR, long.LONG_S, held=NO_STORM)).values
    assert unknown[1, 250] == pytest.approx(1.4, abs=0.05)  # no baseline: any movement counts


def test_a_lean_that_grows_under_a_daily_swing_grows_at_every_hour() -> None:
    """Half of the day the swing has the tree on the other side of its baseline."""
    value = swing(480, 0.3) + np.where(np.arange(480) >= 240, 0.28, 0.0)
    assert lean(value)[1, 240:262] == pytest.approx(0.28, abs=0.05)


def test_a_slow_lean_is_told_against_the_baseline_too() -> None:
    value = swing(480, 0.2) + np.arange(480) * (0.5 / 480)
    found = lean(value)
    assert found[0, -1] == pytest.approx(0.5, abs=0.03)
    assert found[2, -1] == pytest.approx(0.5 * 168 / 480, abs=0.02)


def test_after_a_storm_calm_air_is_held_against_calm_air_before_it() -> None:
    value = np.concatenate([swing(150, 0.1), swing(30, 0.1) + 0.6])
    found = lean(value, {"gust_72h": 24.0, "gust_age": 28.0})
    assert found[3, -1] == pytest.approx(0.6, abs=0.1)
    assert found[4, -1] == 24.0
    assert np.isinf(lean(value)[3, -1])  # no storm: there is none
    assert np.isnan(lean(value, {"gust_72h": np.nan, "gust_age": np.nan})[3, -1])
    assert np.isnan(lean(value, {"gust_72h": 24.0, "gust_age": 0.5})[3, -1])  # wait until it settles


def test_without_a_baseline_no_change_is_told() -> None:
    found = long.lean(series(swing(300), HOUR, long.LONG_S, held=NO_STORM)).values
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1, -1])


@settings(max_examples=30)
@given(st.lists(st.integers(-30, 30), min_size=30, max_size=300), st.integers(1, 299))
def test_how_it_leans_is_the_same_wherever_a_batch_is_cut(tenths: list[int], cut: int) -> None:
    value = np.array(tenths) / 10
    cut_alike(long.lean, value, HOUR, long.LONG_S, min(cut, len(value) - 1))
    cut_alike(fall.waterlogged, value + 42.0, HOUR, fall.SOIL_S, min(cut, len(value) - 1))


def test_the_strongest_gust_of_three_days_is_remembered() -> None:
    found = long.gusts(series([5.0, 21.0, *[4.0] * 80], HOUR, long.GUST_S)).values
    assert found[:, 1].tolist() == [21.0, 0.0]
    assert found[:, 73].tolist() == [21.0, 72.0]
    assert found[0, 75] == 4.0


# The scale of three steps (domain.md 6.1)


def danger(held: Mapping[str, float], attributes: Mapping[str, float] | None = None) -> float:
    """Place of a tree on the scale."""
    return float(fall.danger(points(0.0, held, attributes)).values[0, 0])


@pytest.mark.parametrize(
    ("measure", "below", "limit", "step"),
    [
        ("tilt_change", 0.249, 0.25, 1),
        ("tilt_change", 0.99, 1.0, 2),
        ("tilt_change", 1.99, 2.0, 3),
        ("tilt_after_storm", 0.249, 0.25, 1),
        ("tilt_after_storm", 1.99, 2.0, 3),
        ("tilt_rate_week", 0.099, 0.1, 1),
        ("tilt_rate_day", 0.249, 0.25, 2),
        ("tilt_jump", 0.499, 0.5, 3),
        ("tilt_sway", 1.0, 1.001, 1),
        ("tilt_sway", 2.0, 2.001, 2),
        ("tilt_peak", 3.0, 3.001, 3),
    ],
)
def test_each_measure_reaches_its_step_at_its_limit(
    measure: str, below: float, limit: float, step: int
) -> None:
    at = danger({measure: limit})
    assert int(at) == step
    assert danger({measure: below}) < step
    if measure in fall.ONE_STEP:  # however large, it belongs to its step
        assert int(danger({measure: 100 * limit})) == step


@given(st.dictionaries(st.sampled_from(fall.MEASURES), st.floats(0, 50), min_size=1))
def test_more_of_anything_never_lowers_the_danger(measures: dict[str, float]) -> None:
    before = danger(measures)
    for name, value in measures.items():
        assert danger({**measures, name: value * 1.5 + 0.01}) >= before - 1e-12
    assert 0.0 <= before < 4.0


def test_wet_ground_and_wind_raise_a_step_by_one_and_make_none() -> None:
    wet = {"soil_waterlogged": 72.0, "wind_speed": 10.8}
    assert danger({"tilt_change": 0.3, **wet}) == pytest.approx(danger({"tilt_change": 0.3}) + 1)
    assert danger({"tilt_change": 0.1, **wet}) < 1
    assert danger({"tilt_change": 0.3, **wet, "wind_speed": 10.7}) < 2
    assert danger({"tilt_change": 0.3, **wet, "soil_waterlogged": 71.0}) < 2


def test_a_tree_that_leaned_before_the_wind_leans_in_it() -> None:
    """No calm air: the change is not known, so what is known is "at least"."""
    assert fall.danger(points(0.0, {"tilt_jump": 0.0}, BASED)).lower_bound is not None
    assert fall.danger(points(0.0, {"tilt_jump": 0.0}, BASED)).lower_bound[0, 0]  # type: ignore[index]
    assert not fall.danger(points(0.0, {"tilt_jump": 0.0})).lower_bound[0, 0]  # type: ignore[index]
    assert not fall.danger(points(0.0, {"tilt_change": 0.1}, BASED)).lower_bound[0, 0]  # type: ignore[index]


TWO = {"tilt_x_baseline": 0.0, "tilt_y_baseline": 0.0}


@pytest.mark.parametrize(
    ("moved", "attributes", "step"),
    [
        ((2.2, 0.8), BASED, 1),  # propped, not upright yet
        ((-1.4, 0.1), BASED, 1),
        ((1.0, -0.3), BASED, 1),
        ((1.0, -0.4), BASED, 3),  # beyond it by more than a third of what it had leaned
        ((0.1, 0.9), BASED, 3),
        ((2.2, 0.8), {}, 3),  # nobody knows where upright is
        ((2.2, 0.8), TWO, 3),  # it may lean to another side now
        ((2.2, 0.7), TWO, 1),
    ],
)
def test_a_jump_that_brings_a_tree_back_to_its_baseline_is_a_notice(
    moved: tuple[float, float], attributes: Mapping[str, float], step: int
) -> None:
    held = {"tilt_jump": abs(moved[1] - moved[0]), **dict(zip(fall.JUMPED, moved, strict=True))}
    assert int(danger(held, attributes)) == step
    wet = {"soil_waterlogged": 72.0, "wind_speed": 10.8}
    assert int(danger({**held, **wet}, attributes)) == step  # a step for wet ground is no step for this
    back = fall.danger(points(0.0, held, attributes)).values[2, 0]
    assert back == pytest.approx(held["tilt_jump"]) if step == 1 else np.isnan(back)


def test_a_small_movement_back_is_nothing_and_hides_nothing() -> None:
    small = {"tilt_jump": 0.4, "~tilt_from": 1.2, "~tilt_to": 0.8}
    assert danger(small, BASED) < 1
    righted = {"tilt_jump": 1.4, "~tilt_from": 2.2, "~tilt_to": 0.8}
    assert int(danger({**righted, "tilt_change": 1.1}, BASED)) == 2


def test_the_limits_of_a_tree_may_be_its_own() -> None:
    assert danger({"tilt_change": 0.3}, {"tree_notice": 0.5}) < 1
    assert danger({"tilt_jump": 0.5}, {"tree_jump": 0.8}) < 1


# Soil (domain.md 6.2)


def test_half_of_the_water_gone_is_a_deficit_of_fifty_percent() -> None:
    soil = {"field_capacity": 30.0, "wilting_point": 10.0}
    found = [fall.deficit(points(theta, None, soil)).values[0, 0] for theta in (35.0, 30.0, 20.0, 10.0, 5.0)]
    assert found == [0.0, 0.0, 50.0, 100.0, 125.0]
    assert np.isnan(fall.deficit(points(20.0, None, {"field_capacity": 10.0, "wilting_point": 30.0})).values)


def test_ground_is_waterlogged_for_as_long_as_it_has_been_near_saturation_without_a_break() -> None:
    soil = {"soil_saturation": 45.0}
    value = [30.0, *[44.0] * 80, 42.0, 44.0]
    found = fall.waterlogged(series(value, HOUR, fall.SOIL_S, attributes=soil)).values[0]
    assert found[0] == 0.0
    assert found[1] == 0.0
    assert found[73] == 72.0
    assert found[-2:].tolist() == [0.0, 0.0]


def test_what_a_pause_hides_is_not_counted_as_wet() -> None:
    times = [hour * HOUR for hour in (0, 1, 2, 20, 21)]
    found = fall.waterlogged(
        series([44.0] * 5, HOUR, fall.SOIL_S, attributes={"soil_saturation": 45.0}, times=times)
    )
    assert found.values[0].tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]
