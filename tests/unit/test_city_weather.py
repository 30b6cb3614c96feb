"""Showers, strikes, wind and waves look like those of the coast."""

from itertools import pairwise

import numpy as np
import pytest

from services.observation.instants import micros
from simulators.city import cells, sea, strikes
from simulators.city.cells import WINDOW_S, Box, Cell
from simulators.city.script import Climate, Shower, Storm
from simulators.city.weather import Weather

BOX = Box(107.0, 10.3, 107.4, 10.7)
ZONE_S = 7 * 3600.0
JULY = micros("2026-07-01T00:00:00+07:00") / 1e6
JANUARY = micros("2026-01-01T00:00:00+07:00") / 1e6
NOON = micros("2026-07-10T12:00:00+07:00") / 1e6


def month_of_rain(start: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Minutes of a month, and mm/h at nine places."""
    weather = Weather(seed, BOX, ZONE_S, Climate())
    lon, lat = (axis.ravel() for axis in np.meshgrid([107.1, 107.2, 107.3], [10.4, 10.5, 10.6]))
    seconds = start + np.arange(0, 30 * 86_400, 300, dtype=np.float64)
    return seconds, np.concatenate([weather.rain(part, lon, lat) for part in np.array_split(seconds, 60)])


def test_a_month_brings_its_rain_in_spells_and_mostly_in_the_afternoon() -> None:
    seconds, rain = month_of_rain(JULY, seed=5)
    total = rain.sum(axis=0) * 300 / 3600
    assert 100 < total.mean() < 430  # 215 mm on average; a month of chance strays
    assert 0.01 < (rain > 0.5).mean() < 0.2
    hour = ((seconds + ZONE_S) % 86_400) / 3600
    afternoon = rain[(hour >= 13) & (hour < 22)].sum() / rain.sum()
    assert afternoon > 0.5
    assert month_of_rain(JANUARY, seed=5)[1].sum() < rain.sum() / 10


def test_the_same_seed_brings_the_same_showers_and_another_seed_others() -> None:
    window = int(NOON // WINDOW_S) + 1
    found = [cells.drawn(seed, window, BOX, ZONE_S, [9999.0] * 12) for seed in (1, 1, 2, 3)]
    assert found[0] == found[1]
    assert found[2] != found[3]


def test_a_shower_of_a_story_is_over_its_station_at_its_minute_and_moves_on() -> None:
    shower = Shower(minute=30, over="x", peak_mm_h=90, radius_km=3, minutes=40, from_deg=90, speed_m_s=5)
    cell = cells.told(shower, 0, NOON, 107.1, 10.4)
    at = np.array([NOON + 30 * 60.0])
    here, there = np.array([107.1]), np.array([107.1 - 5 * 600 / 109_500])  # what it has gone in ten minutes
    assert cell.rain(at, here, np.array([10.4]))[0] == pytest.approx(90.0, rel=1e-6)
    later = at + 600
    assert cell.rain(later, there, np.array([10.4])) > cell.rain(later, here, np.array([10.4]))
    assert cell.rain(at + 1201, here, np.array([10.4]))[0] == pytest.approx(0.0)


def test_strikes_fall_around_their_cell_move_with_it_and_are_mostly_negative_to_ground() -> None:
    cell = cells.told(
        Shower(minute=30, over="x", peak_mm_h=100, minutes=60, speed_m_s=6), 0, NOON, 107.1, 10.4
    )
    found = strikes.within(1, [cell], cell.born, cell.ends)
    assert 100 < len(found) < 1500
    assert found == sorted(found)
    half = len(found) // 2
    assert np.mean([s.lon for s in found[half:]]) < np.mean([s.lon for s in found[:half]]) - 0.02
    for strike in found:
        east, north = cell.offset(
            np.array([strike.time / 1e6]), np.array([strike.lon]), np.array([strike.lat])
        )
        assert np.hypot(east, north)[0] < 6 * cell.radius
    ground = [s.ka for s in found if s.type == "cg"]
    assert np.mean(np.array(ground) < 0) > 0.75
    assert 10 < np.median(np.abs(ground)) < 40
    light = cell._replace(peak=15.0)
    assert strikes.within(1, [light], cell.born, cell.ends) == []


def test_strikes_are_the_same_however_the_time_is_cut() -> None:
    cell = Cell(9, NOON, 3000.0, 107.1, 10.4, 3.0, 1.0, 80.0, 3000.0)
    whole = strikes.within(1, [cell], NOON, NOON + 3000)
    cuts = [NOON, NOON + 7.5, NOON + 61.0, NOON + 1234.5, NOON + 3000]
    parts = [strikes.within(1, [cell], a, b) for a, b in pairwise(cuts)]
    assert [strike for part in parts for strike in part] == whole


def test_a_field_mill_sees_a_storm_come_pass_and_leave_with_both_signs() -> None:
    shower = Shower(minute=60, over="x", peak_mm_h=100, minutes=90, speed_m_s=6, from_deg=90)
    weather = Weather(
        1, BOX, ZONE_S, Climate(rain_mm=(0.0,) * 12), [cells.told(shower, 0, NOON, 107.1, 10.4)]
    )
    seconds = NOON + np.arange(0, 7200, 10.0)
    field = weather.field(seconds, np.full(len(seconds), 107.1), np.full(len(seconds), 10.4))
    assert field[0] == pytest.approx(120, abs=60)  # fair weather
    assert field.min() < -4000
    assert field.max() > 500
    assert np.abs(field).max() < 30_000


def test_a_storm_brings_wind_from_its_side_a_surge_and_an_end() -> None:
    storm = Storm(minute=0, minutes=120, wind_m_s=18, from_deg=110, surge_m=0.4)
    weather = Weather(1, BOX, ZONE_S, Climate(), (), [(NOON, storm)])
    seconds = NOON + np.array([-60.0, 3600.0, 7260.0])
    speed = np.hypot(*weather.wind(seconds))
    assert speed[1] > 12 > max(speed[0], speed[2])
    assert sea.direction(*weather.wind(seconds))[1] == pytest.approx(110, abs=25)
    assert weather.storm(seconds).surge == pytest.approx([0.0, 0.4, 0.0])


def test_the_sea_grows_with_wind_and_fetch_and_never_beyond_what_wind_can_raise() -> None:
    wind = np.array([5.0, 10.0, 17.0])
    offshore, onshore = (sea.fetch_m(np.array([a]), np.array([120.0])) for a in (300.0, 120.0))
    assert (sea.grown_height(wind, onshore) > 3 * sea.grown_height(wind, offshore)).all()
    assert sea.grown_height(wind, onshore) == pytest.approx([0.6, 2.4, 4.3], rel=0.15)
    assert (sea.grown_height(wind, np.array([5e6])) <= 0.0248 * wind**2 + 1e-9).all()


def test_waves_rise_within_hours_of_a_wind_and_die_more_slowly() -> None:
    height, trace = np.array([0.3]), []
    for minute in range(600):
        height = sea.sea_step(height, np.array([3.0 if minute < 180 else 0.3]), 60.0)
        trace.append(float(height[0]))
    assert trace[179] > 2.5
    assert 0.5 < trace[359] / trace[179] < 0.8


def test_sea_and_swell_add_as_energies_and_the_longer_waves_lengthen_the_period() -> None:
    both = sea.together(*(np.array([x]) for x in (0.6, 120.0, 0.8, 10.0, 100.0)))
    assert both.height[0] == pytest.approx(1.0)
    assert 1.5 + 4.6 * 0.6**0.5 < both.period[0] < 10.0
    assert 100.0 < both.direction[0] < 115.0
