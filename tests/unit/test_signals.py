"""What the sky decides and what chance is: tide, sun, noise."""

from datetime import datetime

import numpy as np
import pytest

from simulators.city import chance, sky

SECONDS = np.arange(0, 40 * 86_400, 600, dtype=np.float64) + 1_780_000_000


def test_the_tide_of_vung_tau_has_its_range_and_two_unequal_tides_a_day() -> None:
    height = sky.height(sky.VUNG_TAU, SECONDS)
    assert 3.0 < np.ptp(height) < 4.4
    assert height.mean() == pytest.approx(sky.VUNG_TAU.mean, abs=0.05)
    peaks = np.flatnonzero((height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:])) + 1
    assert 1.5 < len(peaks) / 40 < 2.1
    assert (
        np.abs(np.diff(height[peaks])).max() > 0.5
    )  # one of the two is much higher at the moon's declination


def test_the_tide_is_the_one_that_a_station_describes() -> None:
    """The moon's own tide: high water follows its transit, 50 minutes later each day."""
    moon = sky.tide_of({"tide_z0": 1.0, "tide_m2_amp": 0.5, "tide_m2_phase": 0.0, "bd1": 2.0})
    assert moon == sky.Tide(1.0, (sky.Constituent("m2", 0.5, 0.0),))
    assert sky.tide_of({"bd1": 2.0}) is None
    height = sky.height(moon, SECONDS)
    tops = SECONDS[1:-1][(height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:])]
    assert np.diff(tops).mean() == pytest.approx(12.4206 * 3600, rel=0.002)


@pytest.mark.parametrize(
    ("day", "sunrise", "dusk"),
    [("2026-03-20", "05:56", "18:24"), ("2026-06-21", "05:32", "18:38"), ("2026-12-21", "06:04", "17:58")],
)
def test_the_sun_of_vung_tau_keeps_the_almanac(day: str, sunrise: str, dusk: str) -> None:
    """By the NOAA solar equations, to a minute: a quarter of a degree."""
    at = [datetime.fromisoformat(f"{day}T{clock}:00+07:00").timestamp() for clock in (sunrise, dusk)]
    assert sky.sun_altitude(at, 10.346, 107.084) == pytest.approx([-0.833, sky.CIVIL_DEG], abs=0.25)


def test_chance_is_the_same_for_the_same_seed_in_any_order_and_company() -> None:
    steps = np.arange(5000)
    one = chance.normal(chance.key(7, "a"), steps)
    assert (chance.normal(chance.key(7, "a"), steps[::-1])[::-1] == one).all()
    assert chance.normal(chance.key(7, "a"), 1234)[0] == one[1234]
    other = chance.normal(chance.key(8, "a"), steps)
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.05
    assert (abs(one.mean()), one.std()) == pytest.approx((0.0, 1.0), abs=0.05)


def test_slow_noise_wanders_without_leaps_and_is_as_wide_everywhere() -> None:
    keys = np.arange(400, dtype=np.uint64)[:, None]
    seconds = np.linspace(0, 5000, 2001)
    noise = chance.smooth(keys, seconds, 1000.0)
    assert np.abs(np.diff(noise, axis=1)).max() < 0.05
    assert noise.std(axis=0).min() > 0.85
    assert noise.std(axis=0).max() < 1.15
