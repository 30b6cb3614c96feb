"""The rip current model against the vectors of its publication, its event memory, and the checklist."""

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.derive import Floats, Series
from services.alerts.hazards import _rip_model as model
from services.alerts.hazards._rip_model import HOUR

# Hs, θ, E, η, z, P: Dusek & Seim 2013 as NOAA runs it (domain.md 2.1, computed from the verified formula).
VECTORS = [
    (1.0, 0, 0, 0.0, 1.0460, 74.00),
    (0.5, 0, 0, 0.0, -1.3875, 19.98),
    (0.7, 0, 0, 0.0, -0.2062, 44.86),
    (1.5, 20, 1, -0.5, 3.1919, 96.05),
    (1.0, 30, 0, 1.0, -1.4700, 18.69),
    (0.5, 10, 1, -1.0, 0.4569, 61.23),
    (0.3, 0, 0, -1.5, -0.6309, 34.73),
]


def one(value: float) -> Floats:
    """A column of one."""
    return np.array([value], np.float64)


@pytest.mark.parametrize(("height", "theta", "event", "eta", "z", "percent"), VECTORS)
def test_the_model_gives_the_published_vectors(
    height: float, theta: float, event: float, eta: float, z: float, percent: float
) -> None:
    inputs = one(height), one(theta), one(event), one(eta)
    assert model.score(*inputs)[0] == pytest.approx(z, abs=5e-5)
    assert model.probability(*inputs)[0] == pytest.approx(percent, abs=5e-3)


def test_without_waves_above_zero_nothing_is_evaluated() -> None:
    height = np.array([0.0, -0.1, np.nan])
    nothing = np.zeros(3)
    assert np.isnan(model.probability(height, nothing, nothing, nothing)).all()


@given(st.floats(-1e308, 1e308))
def test_the_logistic_overflows_nowhere_and_never_leaves_its_range(z: float) -> None:
    with np.errstate(over="raise", invalid="raise"):
        assert 0.0 <= model.percent(one(z))[0] <= 100.0


@given(st.floats(-50, 50))
def test_the_logistic_is_symmetric(z: float) -> None:
    assert model.percent(one(z))[0] + model.percent(one(-z))[0] == pytest.approx(100.0)


@given(st.floats(0, 360), st.floats(0, 360))
def test_an_angle_is_wrapped_to_180_and_clipped_to_90(wave: float, normal: float) -> None:
    wrapped = model.wrapped(one(wave - normal))[0]
    assert -180.0 <= wrapped < 180.0
    assert np.cos(np.radians(wrapped)) == pytest.approx(np.cos(np.radians(wave - normal)), abs=1e-9)
    theta = model.incidence(one(wave), one(normal))[0]
    assert theta == pytest.approx(min(max(wrapped, -90.0), 90.0))
    mirrored = model.incidence(one(2 * normal - wave), one(normal))[0]
    assert abs(abs(theta) - abs(mirrored)) < 1e-9


def test_waves_from_either_side_of_north_are_as_oblique_as_they_look() -> None:
    wave, normal = np.array([350.0, 10.0, 200.0]), np.array([10.0, 350.0, 20.0])
    assert model.incidence(wave, normal).tolist() == [-20.0, 20.0, -90.0]


def test_a_tide_beyond_what_the_model_was_fitted_on_is_cut_or_scaled() -> None:
    sea, none = np.array([-1.5, 0.4, 1.8]), np.full(3, np.nan)
    assert model.tide_term(sea, none).tolist() == [-1.0, 0.4, 1.0]
    assert model.tide_term(sea, np.full(3, 3.5)) == pytest.approx(sea / 3.5)


@given(st.floats(0.05, 6), st.floats(-90, 90), st.floats(-1, 1), st.integers(0, 3))
def test_what_is_missing_makes_a_span_that_holds_the_truth(
    height: float, theta: float, eta: float, lost: int
) -> None:
    known = model.probability(one(height), one(theta), one(0.0), one(eta))[0]
    seen = (np.nan if lost & 1 else theta, np.nan if lost & 2 else eta)
    low, high = model.bounds(one(height), one(seen[0]), one(0.0), one(seen[1]))
    assert low[0] - 1e-9 <= known <= high[0] + 1e-9
    assert (low[0] == high[0]) == (not lost) or known in (0.0, 100.0)


# The memory of an event

NOTHING = MappingProxyType[str, float]({})


def series(height: list[float], step_h: float = 1.0, new: int | None = None, start: int = 0) -> Series:
    """Heights from hour 0 on; the last `new` of them (None: all) are new."""
    time = start + (np.arange(len(height)) * step_h * HOUR).astype(np.int64)
    value = np.array(height, np.float64)
    fresh = len(height) if new is None else new
    upto = np.arange(len(height) - fresh, len(height))
    window = round(model.MEMORY_S * 1e6)
    return Series(time, value, upto, time[-fresh:], value[-fresh:], window, HOUR, NOTHING, {}, lambda t: t)


def event(height: list[float], step_h: float = 1.0) -> list[float]:
    """E at each hour."""
    found = model.events(series(height, step_h)).values[0]
    return [float(e) for e in found]


def test_before_and_at_its_peak_an_event_is_none_yet() -> None:
    assert event([0.8, 1.2, 1.6, 1.9]) == [0, 0, 0, 0]


def test_for_72_hours_after_its_peak_there_was_an_event() -> None:
    found = event([0.8, 1.5, *[0.6] * 80])
    assert found[:2] == [0, 0]
    assert found[2 : 1 + 73] == [1.0] * 72  # 1 to 72 hours after the peak, both included
    assert found[74:] == [0.0] * 8


def test_a_sea_of_exactly_one_metre_is_no_event() -> None:
    assert event([0.9, 1.0, 1.0, 0.9, 0.5]) == [0] * 5
    assert event([0.9, 1.01, 1.0, 0.9, 0.5]) == [0, 0, 1, 1, 1]


def test_a_second_rise_without_a_calm_between_is_the_same_event() -> None:
    """The higher peak takes over: before it nothing, though it was known as after the first peak then."""
    assert event([1.5, 1.2, 1.8, 1.2]) == [0, 1, 0, 1]


def test_after_a_calm_a_new_event_begins_and_the_old_one_still_counts() -> None:
    assert event([1.5, 0.9, 1.2, 1.8]) == [0, 1, 1, 1]
    long = [1.5, 0.9, *[0.5] * 71, 1.2, 1.4]
    assert event(long)[-2:] == [0, 0]


def test_an_event_that_lasts_is_over_72_hours_after_its_peak_and_not_at_every_ripple() -> None:
    sea = [2.0, *[1.3, 1.4] * 60]
    found = event(sea)
    assert found[1:73] == [1.0] * 72
    assert found[73:] == [0.0] * 48


def test_without_history_there_is_no_event_and_the_hours_of_it_are_told() -> None:
    values = model.events(series([1.4, 1.2, 1.1])).values
    assert values[:, 0].tolist() == [0.0, np.inf, 0.0]
    assert values[1].tolist() == [np.inf, 1.0, 2.0]
    assert values[2].tolist() == [0.0, 1.0, 2.0]
    assert model.events(series([0.4] * 100)).values[2, -1] == 72.0


@given(
    st.lists(st.integers(0, 25), min_size=2, max_size=120), st.integers(1, 119), st.sampled_from([1.0, 3.0])
)
def test_the_memory_is_the_same_wherever_a_batch_is_cut(tenths: list[int], cut: int, step: float) -> None:
    height = [tenth / 10 for tenth in tenths]
    cut = min(cut, len(height) - 1)
    whole = model.events(series(height, step)).values
    first = model.events(series(height[:cut], step)).values
    rest = model.events(series(height, step, len(height) - cut)).values
    assert np.array_equal(whole, np.concatenate([first, rest], axis=1), equal_nan=True)


def test_what_is_older_than_the_window_changes_nothing() -> None:
    recent = [0.5, 1.4, 1.2, 0.7]
    hours = round(model.MEMORY_S / 3600)
    old = [3.0, *[1.2] * (hours + 1), *recent]
    short = [1.2] * (hours - 3) + recent
    assert model.events(series(old, 1.0, 1)).values[0, 0] == model.events(series(short, 1.0, 1)).values[0, 0]


# The checklist (domain.md 2.2)


def points_of(height: float, theta: float, highest: float, period: float, wind: float) -> float:
    """The sum at one place."""
    return float(model.checklist(one(height), one(theta), one(highest), one(period), one(wind))[0])


@pytest.mark.parametrize(
    ("height", "rows"),
    [
        (0.2, (0, 0, 0)),
        (0.25, (1, 0.5, 0)),
        (0.5, (2, 1.5, 1)),
        (0.75, (3, 2.5, 2)),
        (1.0, (4, 3.5, 3)),
        (1.25, (5, 4.5, 4)),
        (1.5, (6, 5.5, 5)),
        (1.99, (6, 5.5, 5)),
        (2.0, (7, 7.5, 6)),
    ],
)
def test_the_checklist_counts_height_by_angle(height: float, rows: tuple[float, float, float]) -> None:
    found = [points_of(height, angle, 0.0, 3.0, 0.0) for angle in (10.0, -45.0, 75.0)]
    assert found == list(rows)


def test_the_checklist_counts_the_sea_before_the_period_and_the_wind() -> None:
    assert points_of(0.2, 0, 1.25, 3, 0) == 1.0
    assert points_of(0.2, 50, 1.4, 3, 0) == 0.5
    assert points_of(0.2, 30, 1.5, 3, 0) == 2.0 + 0.0
    assert points_of(0.2, -40, 1.5, 3, 0) == 1.5
    assert [points_of(0.2, 0, 0, period, 0) for period in (4.4, 4.5, 5.5, 6.5)] == [0, 0.5, 1.5, 2]
    assert [points_of(1.3, 0, 0, period, 0) - 5 for period in (4.4, 4.5, 5.5, 6.5)] == [0, 1, 2, 3]
    assert [points_of(0.2, 0, 0, 3, wind) for wind in (2.9, 3, 6, 9, 12)] == [0, 1, 2, 3, 4]


def test_a_checklist_with_a_gap_is_not_summed() -> None:
    for gap in range(5):
        values = [1.0, 10.0, 1.4, 7.0, 5.0]
        values[gap] = np.nan
        assert np.isnan(points_of(*values))


def test_hours_of_guarding_may_go_over_midnight() -> None:
    hour = np.array([5.9, 6.0, 17.9, 18.0, 23.0])
    day = model.within(hour, np.full(5, 6.0), np.full(5, 18.0))
    night = model.within(hour, np.full(5, 18.0), np.full(5, 6.0))
    assert day.tolist() == [False, True, True, False, False]
    assert night.tolist() == [True, False, False, True, True]
    assert not model.within(hour, np.full(5, np.nan), np.full(5, np.nan)).any()
