"""The simulated city: plausible, repeatable, and in its sensors' own units."""

import gzip
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.observation.instants import SECOND, micros
from services.observation.quantity import PROPERTIES
from simulators.city.city import INSTRUMENTS, Rows, Simulation
from simulators.city.place import read_site
from simulators.city.script import FILE, RAIN_MM, Climate, Script, ScriptError, read_script
from simulators.city.weather import Weather
from simulators.recording import read_readings, read_strikes
from simulators.writing import strikes_file, write
from tests.support.world import write_site

SITE = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"
START = micros("2026-07-10T12:00:00+07:00")
DRY_SEASON = micros("2026-02-10T12:00:00+07:00")
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
PLAIN = Script()
SEED = 4  # a wet day of that month


def script() -> Script:
    return read_script(FILE, (SITE / FILE).read_bytes(), read_site(SITE))


@cache
def played() -> tuple[Simulation, Rows]:
    """The story of the example site, and the two hours after it."""
    simulation = Simulation(read_site(SITE), script(), SEED, START)
    return simulation, simulation.until(START + 710 * MINUTE)


def of(sensor: str) -> tuple[np.ndarray, np.ndarray]:
    """Minutes after the start and values of a sensor in the story."""
    simulation, rows = played()
    mine = rows.sensor == simulation.sensors.row[sensor]
    return (rows.time[mine] - START) / MINUTE, rows.value[mine]


def test_every_property_of_the_vocabulary_is_played_and_so_is_every_sensor_of_the_example_site() -> None:
    assert set(PROPERTIES) - set(INSTRUMENTS) == set()
    simulation, rows = played()
    assert simulation.unplayed() == []
    assert set(np.unique(rows.sensor)) == set(range(len(simulation.sensors)))


def test_no_reading_of_the_story_is_impossible() -> None:
    """Apart from the faults, which the story does not use for that: those of chance come after it."""
    simulation, rows = played()
    told = rows.time < START + 590 * MINUTE
    for name, row in simulation.sensors.row.items():
        sensor = simulation.site.sensors[name]
        scale, offset = simulation.sensors.scale[row], simulation.sensors.offset[row]
        value = rows.value[told & (rows.sensor == row)]
        assert np.isfinite(value).all(), name
        if sensor.fail_min is not None:
            assert value.min() >= sensor.fail_min * scale + offset - 1e-6, name
        if sensor.fail_max is not None:
            assert value.max() <= sensor.fail_max * scale + offset + 1e-6, name


def test_readings_come_at_their_intervals_in_order_of_time() -> None:
    simulation, rows = played()
    assert (np.diff(rows.time) >= 0).all()
    assert rows.time[0] >= START
    minutes, _ = of("rd-gauge-001.water_level")
    assert np.diff(minutes) == pytest.approx(
        simulation.site.sensors["rd-gauge-001.water_level"].interval_s / 60
    )


def test_the_shower_of_the_story_floods_the_street_then_the_creek_and_all_is_dry_again() -> None:
    rain_at, rain = of("rd-rain-001.rainfall")
    depth_at, depth = of("rd-street-001.street_depth")
    level_at, level = of("rd-gauge-001.water_level")
    first = rain_at < 120
    assert 40 < rain[first].sum() < 90
    assert np.allclose(rain / 0.2, np.round(rain / 0.2))  # tips of a bucket
    height = {
        "rain": rain_at[first][rain[first].argmax()],
        "street": depth_at[depth_at < 120][depth[depth_at < 120].argmax()],
        "creek": level_at[level_at < 150][level[level_at < 150].argmax()],
    }
    assert height["rain"] < height["street"] < height["creek"] < 90
    attributes = played()[0].site.stations["rd-gauge-001"].attributes
    assert level[level_at < 10].max() < attributes["bd1"] - 0.2
    assert attributes["bd3"] - 0.1 < level[level_at < 150].max() < attributes["historic_max"]
    assert 0.10 < depth[depth_at < 120].max() < 0.50
    assert depth[(depth_at > 110) & (depth_at < 200)].max() < 0.02


def test_the_flood_of_the_story_goes_down_the_dinh() -> None:
    tops = []
    for gauge in ("tl-gauge-001", "br-gauge-001", "lh-gauge-001"):
        minutes, level = of(f"{gauge}.water_level")
        tops.append(minutes[level.argmax()])
        assert level.max() > played()[0].site.stations[gauge].attributes["bd1"]
    assert tops[0] <= tops[1] <= tops[2]
    assert tops[2] > tops[0]


def test_the_storm_of_the_story_raises_wind_waves_field_and_the_sea() -> None:
    simulation, _ = played()
    for sensor, before, during in (
        ("vt-wind-001.wind_speed", 9.0, 12.0),
        ("vt-wave-001.wave_height", 0.9, 1.8),
        ("vt-current-001.current_speed", 0.5, 0.5),
    ):
        minutes, value = of(sensor)
        assert value[(minutes > 200) & (minutes < 300)].max() < before, sensor
        assert value[(minutes > 380) & (minutes < 480)].max() > during, sensor
    minutes, field = of("vt-wind-001.electric_field")
    assert np.abs(field[(minutes > 100) & (minutes < 300)]).max() < 2000
    assert np.abs(field[(minutes > 340) & (minutes < 460)]).max() > 4000
    storm = simulation.strikes(START + 330 * MINUTE, START + 460 * MINUTE)
    assert len(storm) > 100


def test_swell_from_afar_comes_without_wind() -> None:
    waves, wind = of("vt-wave-001.wave_height"), of("vt-wind-001.wind_speed")
    assert waves[1][(waves[0] > 65) & (waves[0] < 105)].min() > 1.2
    assert wind[1][(wind[0] > 65) & (wind[0] < 105)].max() < 9.0
    assert waves[1][waves[0] < 38].max() < 0.8


def test_haze_rises_at_every_station_and_goes() -> None:
    for station in ("vt-air-001", "pm-air-001"):
        minutes, dust = of(f"{station}.pm2_5")
        assert dust[minutes < 160].max() < 60, station
        assert dust[(minutes > 210) & (minutes < 280)].min() > 60, station
        assert dust[(minutes > 330) & (minutes < 580)].max() < 60, station


def test_the_lamps_burn_from_dusk_to_dawn_and_three_of_them_break_by_day() -> None:
    """The story runs from noon to before midnight; the first lamp burns by day from 13:12 to 14:08."""
    broken, healthy = of("vt-lamp-005.active_power"), of("vt-lamp-003.active_power")
    dusk = 6 * 60 + 38  # 18:38, minutes after noon
    assert healthy[1][healthy[0] < dusk - 20].max() < 2
    assert healthy[1][healthy[0] > dusk + 20].min() > 60
    assert broken[1][(broken[0] > 73) & (broken[0] < 127)].min() > 100
    assert broken[1][(broken[0] > 130) & (broken[0] < dusk - 20)].max() < 2


def test_a_lamp_says_only_when_it_changes_and_that_it_is_there() -> None:
    """On change, and at its interval."""
    simulation = played()[0]
    minutes, state = of("vt-lamp-005.lamp_state")
    changes = np.flatnonzero(np.diff(state))
    assert len(changes) == 3  # the fault, its end, and dusk
    longest = simulation.site.sensors["vt-lamp-005.lamp_state"].interval_s / 60
    assert np.diff(minutes).max() == pytest.approx(longest)
    assert len(minutes) <= 710 / longest + len(changes) + 1


def test_nothing_by_chance_disturbs_a_story() -> None:
    simulation = played()[0]
    begin, end = START / SECOND, START / SECOND + 590 * 60
    box, offset_s = simulation.stations.box, simulation.stations.offset_s
    assert len(Weather(SEED, box, offset_s, Climate()).cells(begin, end)) > 20  # what chance would bring
    assert len(simulation.weather.cells(begin, end)) == len(script().story.shower)  # type: ignore[union-attr]
    assert len(simulation.weather.cells(end + 7200, end + 86_400)) > 20


def test_readings_are_in_the_units_that_the_sensors_send(tmp_path: Path) -> None:
    folder = write_site(tmp_path, gateways=1, stations=2, attributes={"bd1": 1.0, "bd2": 1.3, "bd3": 1.6})
    table = (
        (folder / "sensors.csv").read_text("utf-8").replace("g0-s1.water_level,m,", "g0-s1.water_level,cm,")
    )
    (folder / "sensors.csv").write_text(table, "utf-8")
    simulation = Simulation(read_site(folder), PLAIN, 1, START)
    rows = simulation.until(START + HOUR)
    metres, centimetres = (rows.value[rows.sensor == row] for row in range(2))
    assert 0.4 < metres.mean() < 1.0
    assert 40.0 < centimetres.mean() < 100.0


def test_the_readings_are_the_same_however_the_time_is_cut() -> None:
    site, plan = read_site(SITE), script()
    whole = Simulation(site, plan, 3, START).until(START + 90 * MINUTE)
    simulation = Simulation(site, plan, 3, START)
    cuts = (1, 7 * SECOND, 61 * SECOND, 29 * MINUTE, 59 * MINUTE + 1, 90 * MINUTE)
    parts = [simulation.until(START + at) for at in cuts]
    for name, columns in zip(Rows._fields, zip(*parts, strict=True), strict=True):
        assert (np.concatenate(columns) == getattr(whole, name)).all(), name


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    site, files = read_site(SITE), [tmp_path / f"{name}.csv.gz" for name in "abc"]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        write(Simulation(site, PLAIN, seed, START), START + 20 * MINUTE, file, ["vn-strikes"])
    one, same, other = (gzip.decompress(file.read_bytes()) for file in files)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert one == same != other


def test_a_recording_of_it_can_be_read_back(tmp_path: Path) -> None:
    file = tmp_path / "city.csv"
    simulation = Simulation(read_site(SITE), PLAIN, 1, START)
    written = write(simulation, START + 30 * MINUTE, file, ["vn-strikes"])
    readings, lightning = read_readings([file]), read_strikes([strikes_file(file)])
    assert (len(readings), len(lightning)) == (written.readings, written.strikes)
    assert {name for name, _ in readings.channels} <= set(simulation.sensors.names)
    expected = Simulation(read_site(SITE), PLAIN, 1, START).until(START + 30 * MINUTE)
    assert sorted(readings.value) == sorted(expected.value.tolist())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 1\n[climate]\nrain = [1]\n", "rain"),
        ("format = 2\n", "format 2"),
        ("format = 1\n[climate]\nrain_mm = [1, 2]\n", "twelve numbers"),
        ('format = 1\n[[river]]\nstations = ["rd-gauge-001"]\nkm = []\n', "one distance for each"),
        ('format = 1\n[[story.shower]]\nminute = 1\nover = "atlantis"\n', "atlantis"),
        (
            'format = 1\n[[story.fault]]\nminute = 1\nkind = "earthquake"\ntarget = "rd-rain-001"\n',
            "earthquake",
        ),
        ("format = \n", FILE),
    ],
)
def test_a_script_that_cannot_be_played_says_where_and_why(text: str, words: str) -> None:
    with pytest.raises(ScriptError, match=words):
        read_script(FILE, text.encode(), read_site(SITE))


@pytest.mark.parametrize(("gust", "sway"), [(12.5, 0.25), (25.0, 1.0), (50.0, 2.0), (100.0, 4.0)])
def test_a_tree_sways_by_the_square_of_the_wind_until_its_crown_streamlines(gust: float, sway: float) -> None:
    """By the square all along, the foot of a tree would swing 16 degrees in a typhoon, and stand again."""
    one = np.ones(1)
    look: Any = SimpleNamespace(
        seconds=one, station=np.zeros(1, np.int64), gust=gust * one,
        city=SimpleNamespace(
            weather=SimpleNamespace(temperature=lambda _: 28.0 * one),
            stations=SimpleNamespace(attribute=lambda _: 0.0 * one),
        ),
        noise=lambda _: -one, trait=lambda *_: one, field=lambda _: 0.0 * one,
    )  # fmt: skip
    assert INSTRUMENTS["tilt"](look) == pytest.approx(sway)


def test_a_script_may_leave_everything_out() -> None:
    assert read_script(FILE, b"", read_site(SITE)) == Script()
    assert Script().climate.rain_mm == RAIN_MM
