"""The converters of real recordings: honest counts, known peaks, sites without errors."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from services.observation.instants import iso, micros
from services.observation.site import FILES, Site
from services.observation.site_files import parse
from simulators.recording import Readings
from simulators.replay import load
from simulators.routes import read_routes
from tests.recordings import RECORDINGS, Recording, available, convert
from tests.recordings.writing import HOUR, exceedances, slug

pytestmark = pytest.mark.skipif(not available(), reason="no folder ../shared/data with the real recordings")

WRITTEN = {
    "aire": 17_664,
    "vndms": 3_406,
    "calder": 24_712,
    "calder_near": 24_712,
    "vlissingen": 12_752,
    "vlissingen_tide": 12_752,
    "ndbc": 36_758,
    "glm_snapshots": 43_690,
    "glm_snapshots_repeated": 47_989,
    "glm_flashes": 207,
    "wtlma": 21_084,
    "airnow": 13_011,
    "airnow_2018": 7_998,
    "airnow_2020": 5_013,
    "sensor_community": 26_516,
    "beijing": 103_542,
    "payloads": 43,
    "sparkplug": 1,
    "streetlight": 19,
}


Convert = Callable[[str], Recording]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Each recording is converted once; the tests only look."""
    done: dict[str, Recording] = {}

    def once(name: str) -> Recording:
        if name not in done:
            done[name] = convert(name, tmp_path_factory.mktemp(name))
        return done[name]

    return once


def _site(folder: Path) -> Site:
    site, problems = parse({name: (folder / name).read_bytes() for name in FILES})
    assert site is not None, [str(problem) for problem in problems]
    return site


def _series(readings: Readings, sensor: str) -> list[tuple[int, float]]:
    number = next(n for n, (name, _) in enumerate(readings.channels) if name == sensor)
    rows = zip(readings.time, readings.channel, readings.value, strict=True)
    return [(time, value) for time, channel, value in rows if channel == number]


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording_reads_back_with_the_rows_it_says(name: str, converted: Convert) -> None:
    found = converted(name)
    recording = load(found.files)
    total = len(recording.readings) + len(recording.strikes) + len(recording.messages)
    assert total == found.counts["written"] == WRITTEN[name]


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_site_declares_what_its_recording_holds(name: str, converted: Convert) -> None:
    found = converted(name)
    site = _site(found.site)
    recording = load(found.files)
    assert {sensor for sensor, _ in recording.readings.channels} <= set(site.sensors)
    routes = read_routes((found.site / "site.toml").read_bytes())
    assert all(routes.of_sensor(sensor) for sensor in site.sensors)
    assert {strike.source for strike in recording.strikes} <= set(routes.networks)


def test_the_aire_peaks_where_the_papers_say(converted: Convert) -> None:
    readings = load(converted("aire").files).readings
    stage = _series(readings, "armley.water_level")
    assert max((value, iso(time)) for time, value in stage) == (5.217, "2015-12-27T02:15:00Z")
    assert [(iso(a), iso(b)) for a, b in exceedances(stage, 3.9)] == [
        ("2015-12-26T10:15:00Z", "2015-12-27T18:00:00Z")
    ]


def test_vietnamese_times_are_local_despite_the_header(converted: Convert) -> None:
    """The record at Củng Sơn, 40.99 m, was at 01:00 on 20 November, Vietnamese time."""
    found = converted("vndms")
    level = _series(load(found.files).readings, "cung-son.water_level")
    peak = max(value for _, value in level)
    assert (peak, iso(min(t for t, v in level if v == peak))) == (40.99, "2025-11-19T18:00:00Z")


def test_alert_levels_become_attributes_of_the_station(converted: Convert) -> None:
    site = _site(converted("vndms").site)
    assert site.stations["phu-lam"].attributes == {"bd1": 1.7, "bd2": 2.7, "bd3": 3.7, "historic_max": 5.21}
    assert site.stations["ho-ta-trach"].attributes == {"normal_level": 45.0, "raised_level": 53.07}


def test_the_truth_of_vndms_is_what_the_thresholds_say(converted: Convert) -> None:
    found = converted("vndms")
    assert found.truth is not None
    rows = [line.split(",") for line in found.truth.read_text("utf-8").splitlines()[1:]]
    assert {row[2] for row in rows if row[4] == "emergency"} == {"cung-son", "phu-lam"}
    assert {row[2] for row in rows if row[4] == "warning"} == {
        "cung-son", "phu-lam", "ayunpa", "phu-oc", "ho-song-ba-ha",
    }  # fmt: skip
    assert {row[2] for row in rows if row[4] == "watch"} >= {"an-khe", "kim-long"}


def test_the_surge_at_vlissingen_reaches_phase_one_only(converted: Convert) -> None:
    found = converted("vlissingen")
    assert found.truth is not None
    assert found.truth.read_text("utf-8").splitlines()[1:] == [
        "2018-01-03T12:50:00Z,2018-01-03T14:30:00Z,vlissingen,flood,watch"
    ]


def test_hours_of_hanoi_end_at_the_time_given(converted: Convert) -> None:
    readings = load(converted("airnow").files).readings
    assert (323.0, "2018-07-30T21:00:00Z") in [(v, iso(t)) for t, v in _series(readings, "us-embassy.pm2_5")]


def test_events_closer_than_six_hours_are_one() -> None:
    start = micros("2025-01-01T00:00:00Z")
    series = [(start + n * HOUR, value) for n, value in enumerate([1, 5, 1, 5, 1, 1, 1, 1, 1, 1, 5])]
    assert exceedances(series, 5) == [
        (start + HOUR, start + 3 * HOUR),
        (start + 10 * HOUR, start + 10 * HOUR),
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("Củng Sơn", "cung-son"), ("Phú Ốc", "phu-oc"), ("Đá Bàn", "da-ban")]
)
def test_vietnamese_names_become_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_messages_keep_the_time_the_network_server_gave(converted: Convert) -> None:
    messages = load(converted("payloads").files).messages
    first = next(m for m in messages if m.topic.startswith("application/milesight_em500-udl/"))
    assert first.time == micros("2023-05-22T07:47:05.404859+00:00")
    assert datetime.fromisoformat(iso(first.time)).year == 2023
