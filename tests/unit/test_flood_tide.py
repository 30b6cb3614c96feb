"""The predicted tide: against numbers made by hand, and back from a fit."""

import numpy as np
import pytest

from services.alerts.derive import Series
from services.alerts.hazards._flood_tide import (
    LINES,
    Tide,
    constituents_of,
    fit,
    predicted,
    residual,
    separable,
)
from services.alerts.hazards._flood_tide import speed as speed_of
from services.observation.instants import micros

HOUR = 3_600_000_000
VUNG_TAU = Tide(0.0, ("m2", "s2", "k1", "o1"), (0.8, 0.3, 0.6, 0.45), (35.0, 75.0, 310.0, 265.0))
"""Numbers of about the right size; nobody's harmonic analysis."""


@pytest.mark.parametrize(
    ("name", "speed"),
    [("m2", 28.9841042), ("s2", 30.0), ("n2", 28.4397295), ("k1", 15.0410686), ("o1", 13.9430356),
     ("k2", 30.0821373), ("p1", 14.9589314), ("q1", 13.3986609), ("m4", 57.9682084), ("ms4", 58.9841042)],
)  # fmt: skip
def test_constituents_have_their_standard_speeds(name: str, speed: float) -> None:
    assert speed_of(name) == pytest.approx(speed, abs=1e-6)


def test_the_solar_tide_stands_where_a_clock_says() -> None:
    """S2 has no astronomy but the hour: high at 12:00 and 00:00 UTC for G = 0, two hours later for G = 60."""
    noon = np.array([micros("2025-11-04T12:00:00Z")])
    assert predicted(noon, Tide(2.0, ("s2",), (0.5,), (0.0,)))[0] == pytest.approx(2.5, abs=1e-6)
    assert predicted(noon + 2 * HOUR, Tide(2.0, ("s2",), (0.5,), (60.0,)))[0] == pytest.approx(2.5, abs=1e-6)
    assert predicted(noon + 6 * HOUR // 2, Tide(2.0, ("s2",), (0.5,), (0.0,)))[0] == pytest.approx(
        2.0, abs=1e-6
    )


def test_the_lunar_tide_at_a_minute_worked_out_by_hand() -> None:
    """M2 at 2000-01-01T12:00Z, where the mean longitudes are their constants.

    V = 2 (180 + 280.46646 - 218.31645) = 124.300 (mod 360); N = 125.04452: f = 1 - 0.037 cos N = 1.02125,
    u = -2.1 sin N = -1.7194; 1.02125 cos(124.300 - 1.719 - 30) = -0.0460.
    """
    found = predicted(np.array([micros("2000-01-01T12:00:00Z")]), Tide(0.0, ("m2",), (1.0,), (30.0,)))
    assert found[0] == pytest.approx(-0.0460, abs=2e-4)


def test_the_diurnal_tide_at_a_minute_worked_out_by_hand() -> None:
    """K1 at the same minute.

    V = 180 + 280.46646 + 90 = 190.466 (mod 360); f = 1.006 + 0.115 cos N = 0.93995, u = -8.9 sin N = -7.2868;
    0.93995 cos(190.466 - 7.287) = -0.93851.
    """
    found = predicted(np.array([micros("2000-01-01T12:00:00Z")]), Tide(0.0, ("k1",), (1.0,), (0.0,)))
    assert found[0] == pytest.approx(-0.93851, abs=2e-4)


def test_attributes_of_a_station_make_its_tide() -> None:
    assert constituents_of({"tide_z0": 1.0}) is None
    assert constituents_of({"tide_m2_amp": 1.0, "tide_m2_phase": 0.0}) is None  # above which zero?
    assert constituents_of({"tide_z0": 1.0, "tide_m2_amp": 1.0}) is None
    assert constituents_of({**VUNG_TAU.attributes(), "bd1": 1.0}) == Tide(
        0.0, ("o1", "k1", "m2", "s2"), (0.45, 0.6, 0.8, 0.3), (265.0, 310.0, 35.0, 75.0)
    )


def test_a_fit_finds_the_constituents_it_was_made_from() -> None:
    time = micros("2025-03-01T00:00:00Z") + np.arange(30 * 144) * HOUR // 6
    level = predicted(time, VUNG_TAU) + 2.5
    level[100:300] = np.nan
    found = fit(time, level, ["m2", "s2", "k1", "o1"])
    assert found.z0 == pytest.approx(2.5, abs=1e-9)
    assert found.amplitude == pytest.approx(VUNG_TAU.amplitude, abs=1e-9)
    assert found.phase == pytest.approx(VUNG_TAU.phase, abs=1e-6)


def test_a_record_tells_apart_what_its_length_allows() -> None:
    """M2 and S2 part after 14.8 days, M2 and N2 after 27.6, S2 and K2 after 182.6."""
    day = 24 * HOUR
    assert "s2" not in separable(14 * day)
    assert "s2" in separable(15 * day)
    assert "n2" not in separable(27 * day)
    assert "n2" in separable(28 * day)
    assert "k2" not in separable(182 * day)
    assert "k2" in separable(183 * day)
    assert set(separable(400 * day)) <= set(LINES)


def test_a_fit_that_cannot_be_made_is_refused() -> None:
    time = micros("2025-03-01T00:00:00Z") + np.arange(5) * HOUR
    for names in (["m2", "s2", "k1"], ["m9"], []):
        with pytest.raises(ValueError, match="no fit"):
            fit(time, np.zeros(5), names)
    with pytest.raises(ValueError, match="no fit"):
        fit(time[:0], np.zeros(0))


def test_the_residual_is_observed_less_predicted_and_nothing_without_constituents() -> None:
    time = micros("2025-03-01T00:00:00Z") + np.arange(5) * HOUR
    level = predicted(time, VUNG_TAU) + 0.4

    def derived(attributes: dict[str, float]) -> list[float]:
        given = Series(
            time[:0], level[:0], np.zeros(5, np.int64), time, level, HOUR, HOUR, attributes, {}, lambda t: t
        )
        found: list[float] = residual(given).values[0].tolist()
        return found

    assert derived(VUNG_TAU.attributes()) == pytest.approx([0.4] * 5)
    assert all(np.isnan(derived({})))


def test_a_prediction_is_the_same_to_the_last_bit_in_any_company() -> None:
    time = micros("2025-03-01T00:00:00Z") + np.arange(1001) * 7 * HOUR // 60
    whole = predicted(time, VUNG_TAU)
    for at in (0, 1, 2, 3, 500, 999, 1000):
        assert predicted(time[at : at + 1], VUNG_TAU)[0] == whole[at]
