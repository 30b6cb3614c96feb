"""Trees in the engine: one alert per tree, slow leans and sudden movements in words of their own."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.alerts.derive import Floats
from services.alerts.hazard import Hazard, Part
from services.alerts.hazards import hazards
from services.observation.batch import Batch
from services.observation.event import CloudEvent
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor, told, without_detection

HOUR = 60 * MINUTE
DAY = 144  # readings ten minutes apart
TREE = "tree.tree_danger"
BASED = {"tilt_baseline": 1.5}
Row = tuple[str, int, float]


def rows_of(name: str, values: Floats | Sequence[float], step: int = 10 * MINUTE) -> list[Row]:
    """A series from T0 on."""
    return [(name, T0 + at * step, float(value)) for at, value in enumerate(values) if not np.isnan(value)]


def play(
    *series: list[Row],
    attributes: Mapping[str, float] = BASED,
    cut: int | None = None,
    intervals: Mapping[str, float] | None = None,
) -> tuple[list[CloudEvent], Batch]:
    """Events of trees, and what was derived; weather comes before trees at equal times."""
    rows = sorted((row for one in series for row in one), key=lambda row: (row[1], row[0][:4] == "tree"))
    sensors = [
        sensor(name, (intervals or {}).get(name, 600.0)) for name in dict.fromkeys(row[0] for row in rows)
    ]
    engine = engine_of(city(sensors, attributes={"tree": attributes}, bare=False))
    size = cut or len(rows)
    events = [
        event for at in range(0, len(rows), size) for event in engine.apply([readings(*rows[at : at + size])])
    ]
    return [event for event in events if event.data.hazard == "tree"], engine.take_derived()


def of(derived: Batch, name: str) -> Floats:
    """Values of one derived sensor of the tree."""
    name = f"tree.{name}"
    if name not in derived.sensors:
        return np.empty(0)
    found: Floats = derived.value[derived.sensor == derived.sensors.index(name)]
    return found


def noise(size: int, spread: float = 0.01, seed: int = 1) -> Floats:
    """What a sensor at rest sends, around its baseline."""
    return 1.5 + np.random.default_rng(seed).normal(0.0, spread, size)


def air(size: int, speed: float = 2.0) -> Floats:
    """A wind that stays as it is."""
    return np.full(size, speed)


def test_a_tree_at_rest_is_never_told() -> None:
    events, derived = play(rows_of("mast.wind_speed", air(4 * DAY)), rows_of("tree.tilt", noise(4 * DAY)))
    assert events == []
    assert np.abs(of(derived, "tilt_still")).max() < 0.02


def test_a_slow_lean_is_told_as_one_from_a_quarter_of_a_degree_on() -> None:
    """A tenth of a degree a day."""
    lean = noise(5 * DAY) + np.arange(5 * DAY) * (0.1 / DAY)
    events, _ = play(rows_of("mast.wind_speed", air(5 * DAY)), rows_of("tree.tilt", lean))
    (event,) = events
    assert event.data.severity == "advisory"
    assert "nghiêng so với lúc lắp" in event.data.reason.vi
    assert "Lệch 0,25° so với lúc lắp, ngưỡng 0,25°." in event.data.reason.vi
    assert "Thêm 0,10° trong 24 giờ" in event.data.reason.vi
    assert "0.25° off its baseline, limit 0.25°" in event.data.reason.en


def test_a_sudden_movement_is_told_within_twenty_minutes_in_words_of_its_own() -> None:
    tilt = noise(2 * DAY)
    tilt[DAY:] += 0.8
    events, _ = play(rows_of("mast.wind_speed", air(2 * DAY)), rows_of("tree.tilt", tilt))
    assert told(events)[0] == f"raised emergency {TREE} @{DAY * 10 + 10}"
    assert "xê dịch đột ngột" in events[0].data.reason.vi
    assert "trong vòng một giờ, ngưỡng 0,5°" in events[0].data.reason.vi
    assert "sudden movement" in events[0].data.reason.en
    # Six hours after the hour of the jump what is left is the lean: more than 0.25° since yesterday.
    assert [event.data.severity for event in events] == ["emergency", "warning"]
    assert "Thêm 0,8" in events[1].data.reason.vi
    assert len({event.data.alert_id for event in events}) == 1


def test_a_tree_that_was_righted_again_is_over_after_a_day() -> None:
    tilt = noise(5 * DAY)
    tilt[DAY : DAY + 36] += 0.4
    events, _ = play(rows_of("mast.wind_speed", air(5 * DAY)), rows_of("tree.tilt", tilt))
    assert told(events)[0].startswith("raised")
    assert told(events)[-1].startswith("cleared")
    assert "cây đứng yên trở lại" in events[-1].data.reason.vi
    assert "stands still again" in events[-1].data.reason.en


def test_a_tree_that_is_propped_up_again_is_told_as_righted_and_climbs_nothing() -> None:
    """From 1.4° off its baseline back to it: neither sudden danger nor growth in a day."""
    tilt = noise(6 * DAY)
    tilt[DAY : 3 * DAY] += 1.4
    weather = rows_of("mast.wind_speed", air(6 * DAY))
    events, _ = play(weather, rows_of("tree.tilt", tilt))
    assert [line.split(" tree.")[0] for line in told(events)] == [
        "raised emergency", "eased warning", "eased advisory", "cleared advisory",
    ]  # fmt: skip
    # Before anything else is known of it, the movement itself is told: as a notice.
    tilt = 1.5 + np.where(np.arange(DAY) < 15, 1.4, 0.0) + noise(DAY) - 1.5
    (event, *_), _ = play(weather, rows_of("tree.tilt", tilt))
    assert event.data.severity == "advisory"
    assert "dịch lại về phía lúc lắp" in event.data.reason.vi
    assert "có thể đã được dựng lại" in event.data.reason.vi
    assert "moved back towards upright" in event.data.reason.en
    assert "limit 0.5°" in event.data.reason.en
    assert "sudden movement" not in event.data.reason.en


def test_a_day_of_wind_is_no_lean_and_its_sway_is_told_where_it_can_be_seen() -> None:
    """Every minute, a sway of ±1.2°."""
    size = 30 * 60
    wind = np.where((np.arange(size) > 900) & (np.arange(size) < 1300), 12.0, 2.0)
    rng = np.random.default_rng(6)
    tilt = 1.5 + np.where(wind > 5, rng.normal(0.0, 0.6, size), rng.normal(0.0, 0.01, size))
    sensors = {"tree.tilt": 60.0, "mast.wind_speed": 60.0}
    events, derived = play(
        rows_of("mast.wind_speed", wind, MINUTE), rows_of("tree.tilt", tilt, MINUTE), intervals=sensors
    )
    assert {event.data.severity for event in events} == {"advisory"}
    assert "bầu rễ lay trong gió" in events[0].data.reason.vi
    assert "(phân vị 95, giờ qua), ngưỡng 1°" in events[0].data.reason.vi
    assert "no tilt of calm air" in events[0].data.reason.en
    assert np.abs(of(derived, "tilt_change")).max() < 0.05


def test_after_a_storm_the_calm_before_it_is_compared_with_the_calm_after_it() -> None:
    """Movement in the gusts is hidden by sway; what remains of it is told from the first calm hours on."""
    size = 4 * DAY
    at = np.arange(size)
    windy = (at >= 2 * DAY) & (at < 2 * DAY + 60)
    wind, gust = np.where(windy, 13.0, 2.0), np.where(windy, 19.0, 4.0)
    gust[2 * DAY + 30] = 24.0
    tilt = noise(size) + np.where(windy, np.random.default_rng(8).normal(0, 0.5, size), 0.0)
    tilt[2 * DAY + 30 :] += 0.3
    events, derived = play(
        rows_of("mast.wind_speed", wind), rows_of("mast.wind_gust", gust), rows_of("tree.tilt", tilt)
    )
    assert any("gió giật 24 m/s" in event.data.reason.vi for event in events)
    assert of(derived, "tilt_after_storm")[-1] == pytest.approx(0.3, abs=0.05)
    assert all(event.data.time >= "2023-11-16" for event in events)


def test_the_sun_on_a_sensor_is_no_lean_once_three_days_have_shown_it() -> None:
    size = 9 * DAY
    swing = 0.2 * np.sin(np.arange(size) * 2 * np.pi / DAY)
    events, derived = play(rows_of("mast.wind_speed", air(size)), rows_of("tree.tilt", noise(size) + swing))
    assert events == []
    assert np.abs(of(derived, "tilt_change")[-5 * DAY :]).max() < 0.06


def test_a_known_coefficient_takes_the_temperature_out_at_once() -> None:
    size = 2 * DAY
    warmth = 30.0 + 10.0 * np.sin(np.arange(size) * 2 * np.pi / DAY)
    tilt = noise(size) + 0.04 * (warmth - 30.0)
    known = {**BASED, "tilt_temp_coef": 0.04, "tilt_temp_ref": 30.0}
    wind, air_temperature = rows_of("mast.wind_speed", air(size)), rows_of("mast.air_temperature", warmth)
    assert play(wind, air_temperature, rows_of("tree.tilt", tilt))[0]
    assert play(wind, air_temperature, rows_of("tree.tilt", tilt), attributes=known)[0] == []


def test_without_wind_or_baseline_the_reason_says_what_could_not_be_done() -> None:
    tilt = noise(2 * DAY)
    tilt[DAY:] += 0.8
    events, _ = play(rows_of("tree.tilt", tilt))
    assert "không có số đo gió: lấy giờ lặng nhất trong 6 giờ" in events[0].data.reason.vi
    assert "less than three days to take the daily swing" in events[0].data.reason.en
    events, _ = play(rows_of("tree.tilt", tilt), attributes={})
    assert events[0].data.severity == "emergency"
    assert "chưa có góc gốc lúc lắp" in events[0].data.reason.vi


def test_two_axes_make_one_tree_and_its_lean_has_a_bearing() -> None:
    based = {"tilt_x_baseline": 0.2, "tilt_y_baseline": -0.1, "tilt_x_azimuth": 0.0}
    size = 2 * DAY
    rng = np.random.default_rng(2)
    x, y = 0.2 + rng.normal(0, 0.005, size), -0.1 + rng.normal(0, 0.005, size)
    y[DAY:] += 1.3
    events, _ = play(
        rows_of("mast.wind_speed", air(size)),
        rows_of("tree.tilt_x", x),
        rows_of("tree.tilt_y", y),
        attributes=based,
    )
    assert told(events)[0] == f"raised emergency {TREE} @{DAY * 10 + 10}"
    assert "Nghiêng về hướng đông (90°)" in events[0].data.reason.vi
    assert "leans to the east" in events[0].data.reason.en


def test_wet_ground_and_a_strong_wind_raise_a_leaning_tree_by_a_step() -> None:
    size = 6 * DAY
    wind = air(size)
    wind[5 * DAY :] = 12.0
    soil = np.full(6 * 24, 44.0)
    wet = {**BASED, "soil_saturation": 45.0, "tree_sway_notice": 5.0}
    leaning = noise(size) + 0.35
    weather = rows_of("mast.wind_speed", wind)
    events, _ = play(
        weather,
        rows_of("tree.soil_moisture", soil, HOUR),
        rows_of("tree.tilt", leaning),
        attributes={**wet, "tilt_calm_wind": 20.0},
        intervals={"tree.soil_moisture": 3600.0},
    )
    assert [event.data.severity for event in events] == ["advisory", "warning"]
    assert "Đất ngậm nước trên 72 giờ" in events[1].data.reason.vi
    assert "no forecast" in events[1].data.reason.en


def test_dry_soil_is_for_the_watering_round_and_ends_after_rain() -> None:
    soil = {"field_capacity": 30.0, "wilting_point": 10.0}
    moisture = [30.0, 22.0, 20.0, 19.0, *[26.0] * 10]
    events, _ = play(
        rows_of("tree.soil_moisture", moisture, HOUR),
        attributes=soil,
        intervals={"tree.soil_moisture": 3600.0},
    )
    assert told(events) == [
        "raised advisory tree.soil_deficit @120",
        "cleared advisory tree.soil_deficit @600",
    ]
    assert "đất đã mất 50 % nước cây hút được (tưới từ 50 %)" in events[0].data.reason.vi


def test_a_site_that_gives_no_numbers_for_its_soil_hears_nothing_of_it() -> None:
    events, derived = play(rows_of("tree.soil_moisture", [1.0] * 20, HOUR), attributes={})
    assert events == []
    assert not [name for name in derived.sensors if "soil" in name]


def test_a_stormy_week_is_told_the_same_wherever_its_batches_are_cut() -> None:
    rng = np.random.default_rng(3)
    size = 3 * DAY
    wind = np.abs(np.cumsum(rng.normal(0, 0.8, size))) % 20
    tilt = noise(size) + np.where(wind > 5, rng.normal(0, 0.3, size), 0.0) + (np.arange(size) > 2 * DAY) * 0.7
    tilt[DAY : DAY + 20] += 1.4
    tilt[rng.random(size) < 0.05] = np.nan
    series = (
        rows_of("mast.wind_speed", wind),
        rows_of("mast.wind_gust", wind * 1.6),
        rows_of("tree.soil_moisture", rng.uniform(20, 46, 72), HOUR),
        rows_of("tree.tilt", tilt),
    )
    soil = {**BASED, "soil_saturation": 45.0, "field_capacity": 30.0, "wilting_point": 10.0}
    whole, derived = play(*series, attributes=soil)
    assert len(whole) >= 2
    for cut in (50,):
        events, again = play(*series, attributes=soil, cut=cut)
        assert without_detection(events) == without_detection(whole)
        assert _table(again) == _table(derived)


def _table(batch: Batch) -> list[tuple[str, int, float, int]]:
    names = [batch.sensors[which] for which in batch.sensor]
    return sorted(zip(names, batch.time.tolist(), batch.value.tolist(), batch.flag.tolist(), strict=True))


def test_every_step_has_words_and_advice_in_both_languages() -> None:
    hazard = hazards()["tree"]
    parts: list[Hazard | Part] = [hazard, *hazard.of_property.values()]
    for part in parts:
        assert set(part.words) == set(part.advice) == {"advisory", "watch", "warning", "emergency"}
        texts = [
            *part.words.values(),
            *(t for one in part.advice.values() for t in (one.operator, one.public)),
        ]
        assert all(text.vi and text.en and text.vi != text.en for text in texts)
    assert hazard.cap is not None
    assert hazard.cap.category == "Safety"
    assert all(rule["status"] == "default" and rule["source"] for rule in hazard.rules)
