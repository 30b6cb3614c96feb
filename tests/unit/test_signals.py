"""The simulated city: pure signals, and a demonstration that shows what it promises."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo import headline
from simulators import demo, signals
from simulators.signals import Wave

SITE = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"
WAVE = Wave(10.0, 20.0, 5.0, 30.0, 2.0)


@pytest.mark.parametrize(
    ("at", "height"), [(0, 0), (10, 0), (20, 1.0), (30, 2.0), (35, 2.0), (50, 1.0), (65, 0), (99, 0)]
)
def test_a_flood_rises_stays_and_falls(at: float, height: float) -> None:
    assert signals.flood(at, WAVE) == pytest.approx(height)
    assert WAVE.end_s == 65


@given(st.floats(0, 100), st.floats(0.001, 0.5))
def test_a_flood_never_leaps(at: float, step: float) -> None:
    assert abs(signals.flood(at + step, WAVE) - signals.flood(at, WAVE)) <= 0.2 * step + 1e-9


def test_the_tide_of_vung_tau_stays_between_its_highest_and_lowest() -> None:
    heights = [signals.tide(hour * 3600.0, 2.5) for hour in range(24 * 30)]
    most = sum(c.amplitude for c in signals.VUNG_TAU)
    assert 2.5 - most <= min(heights) < 1.5
    assert 3.5 < max(heights) <= 2.5 + most


def test_noise_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    one = [signals.noise(7, step) for step in range(2000)]
    assert one == [signals.noise(7, step) for step in range(2000)]
    assert one != [signals.noise(8, step) for step in range(2000)]
    assert abs(sum(one) / 2000) < 0.1
    assert 0.9 < sum(x * x for x in one) / 2000 < 1.1


def test_what_follows_the_sun_is_highest_at_its_hour() -> None:
    two_in_the_afternoon = 7 * 3600.0  # 14 h at UTC+7
    assert signals.daily(two_in_the_afternoon, 28.0, 3.0, 14.0) == pytest.approx(31.0)
    assert signals.night(12 * 3600.0)
    assert not signals.night(5 * 3600.0)


def test_the_example_site_is_free_of_errors_and_the_city_plays_all_of_it() -> None:
    site = demo.read_site(SITE)
    assert 8 <= len(site.stations) <= 12
    assert len(site.gateways) == 3
    silent = [sensor for sensor in site.sensors if demo.value(sensor, 1.7e9, 0.0, 1) is None]
    assert silent == []
    assert set(demo.WAVES) | set(demo.DEATHS) <= set(site.sensors)


def test_the_river_passes_bd3_and_is_calm_again_within_two_minutes() -> None:
    levels = demo.read_site(SITE).stations["rd-gauge-001"].attributes
    sensor = "rd-gauge-001.water_level"
    trace = [demo.value(sensor, 1.7e9 + s, float(s), 1) or 0.0 for s in range(120)]
    assert trace[0] < levels["bd1"]
    assert levels["bd3"] < max(trace) < levels["historic_max"]
    assert max(trace[100:]) < levels["bd1"] - 0.1


def test_the_street_floods_to_warning_but_not_to_emergency() -> None:
    trace = [demo.value("rd-street-001.street_depth", 1.7e9 + s, float(s), 1) or 0.0 for s in range(120)]
    assert 0.30 < max(trace) < 0.50
    assert min(trace) >= 0.0


def test_a_sensor_that_died_never_speaks_again() -> None:
    sensor = "tt-noise-001.sound_level"
    assert demo.value(sensor, 1.7e9, 29.0, 1) is not None
    assert all(demo.value(sensor, 1.7e9, s, 1) is None for s in (30.0, 300.0, 86_400.0))


def test_the_same_seed_gives_the_same_city() -> None:
    assert demo.value("tt-air-001.pm2_5", 1.7e9, 5.0, 1) == demo.value("tt-air-001.pm2_5", 1.7e9, 5.0, 1)
    assert demo.value("tt-air-001.pm2_5", 1.7e9, 5.0, 1) != demo.value("tt-air-001.pm2_5", 1.7e9, 5.0, 2)


def test_the_news_of_an_event_are_one_line_in_both_languages() -> None:
    event = {
        "type": "vn.haidang.alert.raised.v1",
        "data": {
            "severity": "watch",
            "area": "rach-dua",
            "station": "rd-gauge-001",
            "reason": {"vi": "Nước lên", "en": "Rising"},
        },
    }
    said = headline(json.dumps(event))
    assert said is not None
    assert said.endswith("watch     rd-gauge-001: Nước lên / Rising")
    assert "\n" not in said


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"type": "x", "data": {}}', "not json"])
def test_what_is_no_event_makes_no_news(text: str) -> None:
    assert headline(text) is None
