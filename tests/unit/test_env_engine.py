"""Environment stations through the engine: when it is told, once for an area, the same at any cut."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from services.observation.event import CloudEvent
from services.observation.instants import iso, micros
from tests.support.engine_world import city, engine_of, readings, sensor, without_detection

MINUTE = 60_000_000
HOUR = 60 * MINUTE
Level = Callable[[float], float]
"""Hours since midnight → value."""

START = micros("2026-01-09T17:00:00Z")  # midnight in Việt Nam


def site_of(sensors: Mapping[str, int], **more: Any) -> Any:
    return city([sensor(name, step * 60) for name, step in sensors.items()], bare=False, **more)


def rows_of(
    levels: Mapping[str, Level], step: int, hours: float, start: int = START
) -> list[tuple[str, int, float]]:
    return [
        (name, start + at * MINUTE, round(level(at / 60), 3))
        for at in range(step, round(hours * 60) + 1, step)
        for name, level in levels.items()
    ]


def told(events: Sequence[CloudEvent]) -> list[str]:
    """`verb severity rule area at the clock of Việt Nam` of environment events."""
    return [
        f"{event.type.split('.')[3]} {event.data.severity} {event.data.rule} {event.data.area} "
        f"{iso(micros(event.time) + 7 * HOUR)[11:16]}"
        for event in events
        if event.data.hazard == "environment"
    ]


def haze(begin: float, end: float, dose: float, calm: float = 20.0) -> Level:
    return lambda hour: dose if begin < hour <= end else calm


@pytest.mark.parametrize("step", [1, 5, 60])
def test_a_haze_is_told_at_the_end_of_its_first_hour_and_over_when_it_has_thinned(step: int) -> None:
    """The same by the minute and by the hour: 160 µg/m³ from 06 to 09, Nowcast 80 + 10 at seven o'clock."""
    levels = {"a.pm2_5": haze(6, 9, 160.0)}
    events = engine_of(site_of({"a.pm2_5": step})).apply([readings(*rows_of(levels, step, 16))])
    assert told(events) == [
        "raised watch vn-aqi city 07:00",
        "eased advisory vn-aqi city 11:00",
        "cleared advisory vn-aqi city 12:00",
    ]
    assert "do PM2.5" in events[0].data.reason.vi
    assert "Nowcast 8" in events[0].data.reason.vi
    assert "từ 7/12 giờ" in events[0].data.reason.vi


def test_one_haze_over_three_stations_of_an_area_is_one_alert_and_another_area_has_its_own() -> None:
    names = ("a.pm2_5", "b.pm2_5", "b.pm10", "c.pm2_5")
    levels = {name: haze(6, 9, 130.0 + 10 * at) for at, name in enumerate(names)}
    site = site_of(dict.fromkeys(names, 60), areas={"c": "beach"})
    found = told(engine_of(site).apply([readings(*rows_of(levels, 60, 16))]))
    assert sorted(one for one in found if one.startswith("raised")) == [
        "raised advisory vn-aqi city 07:00",
        "raised watch vn-aqi beach 07:00",
    ]


def test_ozone_is_told_whether_the_gateway_lists_it_before_or_after_the_particles() -> None:
    for names in (("a.pm2_5", "a.o3"), ("a.o3", "a.pm2_5")):
        levels = {name: haze(12, 14, 320.0 if name == "a.o3" else 20.0) for name in names}
        events = engine_of(site_of(dict.fromkeys(names, 60))).apply([readings(*rows_of(levels, 60, 20))])
        index = [line for line in told(events) if "vn-aqi" in line]
        assert index == ["raised watch vn-aqi city 13:00", "cleared watch vn-aqi city 15:00"]
        assert "AQI giờ 160 do O₃" in next(e for e in events if e.data.rule == "vn-aqi").data.reason.vi


def test_eight_hours_of_ozone_above_the_limit_are_a_finding_of_their_own() -> None:
    """150 µg/m³ is index 47 by the hour and above 120 in the mean of 8 h: two outputs (QCVN 05:2023)."""
    levels = {"a.o3": haze(8, 16, 150.0, calm=40.0), "a.pm2_5": haze(0, 0, 0)}
    site = site_of({"a.o3": 60, "a.pm2_5": 60})
    assert told(engine_of(site).apply([readings(*rows_of(levels, 60, 23))])) == [
        "raised advisory air-o3-8h city 14:00",
        "cleared advisory air-o3-8h city 19:00",
    ]


def test_a_limit_was_none_before_it_was_law() -> None:
    levels = {"a.o3": haze(8, 16, 150.0, calm=40.0)}
    old = micros("2023-09-01T17:00:00Z")
    engine = engine_of(site_of({"a.o3": 60}), t=old)
    assert told(engine.apply([readings(*rows_of(levels, 60, 23, old))])) == []


@pytest.mark.parametrize(("day", "rule"), [("2025-11-12", "noise-limit"), ("2025-11-20", "noise-guideline")])
def test_noise_is_judged_by_the_law_of_its_day_and_by_the_hour(day: str, rule: str) -> None:
    """60 dBA all day before a school: 5 over from 06 to 21, 15 over by night."""
    start = micros(f"{day}T05:00:00Z")  # noon
    site = site_of({"a.sound_level": 1}, attributes={"a": {"noise_zone": 1.0}})
    levels = {"a.sound_level": lambda hour: 50.0 if hour <= 7 else 60.0 if hour <= 11 else 40.0}
    found = told(engine_of(site, t=start).apply([readings(*rows_of(levels, 1, 14, start))]))
    assert found == [
        f"raised advisory {rule} city 20:00",
        f"escalated watch {rule} city 22:00",
        f"cleared watch {rule} city 01:00",
    ]


def test_a_river_without_oxygen_is_told_after_its_hour() -> None:
    levels = {"a.dissolved_oxygen": lambda hour: 6.0 if hour <= 1 else 3.2 if hour <= 4 else 6.0}
    found = told(engine_of(site_of({"a.dissolved_oxygen": 15})).apply([readings(*rows_of(levels, 15, 8))]))
    assert found == ["raised watch water-oxygen city 02:15", "cleared watch water-oxygen city 05:15"]


def test_it_is_the_same_wherever_a_batch_is_cut() -> None:
    """Events and derived readings, of a station by the minute with a gap, a doubt and a late reading."""
    rng = np.random.default_rng(7)
    names = ("a.o3", "a.pm10", "a.pm2_5", "a.no2", "a.sound_level", "a.turbidity")
    levels = {name: haze(3, 6, 150.0 + 40 * at) for at, name in enumerate(names)}
    keep = [row for row in rows_of(levels, 2, 9) if rng.random() > 0.1]
    rows = [(*row, 3 if rng.random() < 0.02 else 1) for row in keep]
    rows = [*rows[:500], rows[900], *rows[500:]]  # one comes early, so that others are late
    site = site_of(dict.fromkeys(names, 2), attributes={"a": {"noise_zone": 2.0}})

    def run(size: int) -> tuple[list[CloudEvent], list[tuple[str, int, float]]]:
        engine = engine_of(site)
        events: list[CloudEvent] = []
        derived: list[tuple[str, int, float]] = []
        for at in range(0, len(rows), size):
            events += engine.apply([readings(*rows[at : at + size])])
            made = engine.take_derived()
            if made is not None:
                derived += zip(
                    [made.sensors[k] for k in made.sensor],
                    made.time.tolist(),
                    made.value.tolist(),
                    strict=True,
                )
        return without_detection(events), sorted(derived)

    whole = run(len(rows))
    assert len(whole[0]) > 2
    assert len(whole[1]) > 50
    for size in (1, 37):
        assert run(size) == whole
