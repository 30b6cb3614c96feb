"""Rip currents in the engine: one alert per beach from waves, tide and current; and what without them."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.alerts.hazard import Hazard, Part
from services.alerts.hazards import hazards
from services.alerts.hazards._rip_texts import FLAG_SET
from services.observation.batch import Batch
from services.observation.event import CloudEvent
from services.observation.instants import micros
from tests.recordings import convert
from tests.support.engine_world import (
    MINUTE,
    T0,
    city,
    engine_of,
    readings,
    rules_of,
    sensor,
    told,
    without_detection,
)

HOUR = 60 * MINUTE
BEACH = {"shore_normal_deg": 120.0, "guard_from_h": 6.0, "guard_to_h": 18.0}
ATTRIBUTES = {"beach": BEACH, "post": {**BEACH}, "port": {"mean_sea_level": 2.0}}
AREAS = {"wave": "site", "port": "site", "beach": "bai-sau", "post": "bai-sau"}
DANGER, METER = "beach.rip_danger", "post.rip_danger"
Row = tuple[str, int, float]


def waves(
    heights: Iterable[float], direction: float | None = 120.0, start: int = T0, step: int = 30 * MINUTE
) -> list[Row]:
    """A wave gauge: direction first, as a pack should have it."""
    rows: list[Row] = []
    for at, height in enumerate(heights):
        if direction is not None:
            rows.append(("wave.wave_direction", start + at * step, direction))
        rows.append(("wave.wave_height", start + at * step, height))
    return rows


def tide(level: float, hours: float) -> list[Row]:
    """A tide gauge that hardly moves; one that does not at all is stuck."""
    return [
        ("port.tide_level", T0 + at * 10 * MINUTE, level + 0.002 * (at % 2))
        for at in range(-1, int(hours * 6) + 1)
    ]


def meter(speeds: Iterable[float], direction: float = 120.0, start: int = T0) -> list[Row]:
    """A current meter at the beach `post`, every two minutes."""
    rows: list[Row] = []
    for at, speed in enumerate(speeds):
        rows.append(("post.current_direction", start + at * 2 * MINUTE, direction))
        rows.append(("post.current_speed", start + at * 2 * MINUTE, speed))
    return rows


def play(
    *series: list[Row], attributes: Mapping[str, Mapping[str, float]] = ATTRIBUTES, cut: int | None = None
) -> tuple[list[CloudEvent], Batch]:
    """Events of rip currents, and what was derived. `cut`: so many readings to a message."""
    rows = sorted((row for one in series for row in one), key=lambda row: row[1])
    names = dict.fromkeys(row[0] for row in rows)
    spans = {"wave": 1800.0, "port": 600.0, "post": 120.0}
    sensors = [sensor(name, spans.get(name.split(".")[0], 600.0)) for name in names]
    if not any(name.startswith("beach.") for name in names):
        sensors.append(sensor("beach.air_temperature", 600.0))  # a station is known by a sensor here
    engine = engine_of(city(sensors, attributes=attributes, areas=AREAS, bare=False))
    size, events = cut or len(rows), []
    while rows:  # what was measured at one instant comes in one message
        end = next((at for at in range(size, len(rows)) if rows[at][1] != rows[at - 1][1]), len(rows))
        events += engine.apply([readings(*rows[:end])])
        rows = rows[end:]
    return [event for event in events if event.data.hazard == "rip_current"], engine.take_derived()


def of(derived: Batch, name: str) -> list[float]:
    """Values of one derived sensor."""
    if name not in derived.sensors:
        return []
    return [float(x) for x in derived.value[derived.sensor == derived.sensors.index(name)]]


def test_a_rising_sea_is_told_step_by_step_and_over_two_hours_after_it_has_fallen() -> None:
    sea = [*[0.3] * 4, *[0.6] * 4, *[0.8] * 4, *[1.2] * 4, *[0.3] * 10]
    events, _ = play(waves(sea), tide(2.0, 14))
    assert told(events) == [
        f"raised advisory {DANGER} @120",
        f"escalated watch {DANGER} @240",
        f"escalated warning {DANGER} @360",
        f"cleared warning {DANGER} @600",
    ]
    reason = events[1].data.reason
    assert "Sóng cao 0,80 m" in reason.vi
    assert "lệch 0° so với hướng vuông góc bờ" in reason.vi
    assert "nước ở mức trung bình" in reason.vi
    assert "chưa hiệu chỉnh tại chỗ" in reason.vi
    assert "Index by waves: 57 % (steps 25; 50; 80 %, not calibrated here)" in reason.en
    assert "Only 4 h of waves on record (72 needed)" in reason.en
    assert events[-1].data.reason.vi.startswith("Lúc 15:14, beach: dấu hiệu dòng rip đã dưới mức cảnh báo")


def test_low_water_raises_and_high_water_ends_what_the_same_sea_does() -> None:
    """Rescues come with mid to low tide (Moulton et al. 2017)."""
    levels = [3.0 - 2.0 * np.sin(np.pi * min(at, 72) / 72) for at in range(24 * 6)]  # 3 m, 1 m, 3 m
    port = [
        ("port.tide_level", T0 + at * 10 * MINUTE, float(level) + 0.002 * (at % 2))
        for at, level in enumerate(levels)
    ]
    events, derived = play(waves([0.6] * 48), port)
    assert [line.split("@")[0] for line in told(events)] == [
        f"raised advisory {DANGER} ",
        f"escalated watch {DANGER} ",
        f"eased advisory {DANGER} ",
        f"cleared advisory {DANGER} ",
    ]
    found = of(derived, "beach.rip_probability")
    assert max(found) == pytest.approx(72.0, abs=1.0)  # η = -1
    assert min(found) == pytest.approx(7.9, abs=0.5)
    assert "thấp hơn trung bình" in events[1].data.reason.vi


def test_a_tide_beyond_the_fitted_metre_is_cut_or_scaled_and_the_reason_says_which() -> None:
    cut, _ = play(waves([0.7] * 3), tide(0.2, 2))
    assert "nước thấp hơn trung bình 1,80 m (tính là -1,00 m, cắt ở ±1 m)" in cut[0].data.reason.vi
    attributes = {**ATTRIBUTES, "beach": {**BEACH, "tidal_range": 3.5}}
    scaled, _ = play(waves([0.7] * 3), tide(0.2, 2), attributes=attributes)
    assert "(taken as -0.51 m, scaled by the tidal range)" in scaled[0].data.reason.en
    assert (cut[0].data.severity, scaled[0].data.severity) == ("warning", "watch")


# A current meter


def test_a_measured_current_is_told_within_two_minutes_and_once() -> None:
    calm = waves([0.3] * 8)
    speeds = [*[0.1] * 20, 0.35, *[0.7] * 10, 1.1, *[0.1] * 90]
    events, derived = play(calm, tide(2.0, 5), meter(speeds))
    assert told(events) == [
        f"raised advisory {METER} @40",
        f"escalated warning {METER} @42",
        f"escalated emergency {METER} @62",
        f"cleared emergency {METER} @184",
    ]
    assert "Đo được dòng chảy ra biển 1,10 m/s, trung bình 2 phút" in events[2].data.reason.vi
    assert "Measured: 0.35 m/s out to sea" in events[0].data.reason.en
    assert of(derived, "post.rip_waves")[1:] == []  # its meter is heard: one beach, one alert


def test_a_current_along_the_shore_or_towards_it_is_no_rip() -> None:
    assert play(waves([0.3] * 4), tide(2.0, 2), meter([1.5] * 30, 210.0))[0] == []
    assert play(waves([0.3] * 4), tide(2.0, 2), meter([1.5] * 30, 300.0))[0] == []


def test_waves_and_current_at_one_beach_make_one_alert() -> None:
    sea = waves([*[0.3] * 2, *[1.0] * 6])
    events, _ = play(sea, tide(2.0, 4), meter([*[0.1] * 70, *[0.6] * 60]))
    mine = [line for line in told(events) if "post" in line]
    assert mine == [f"raised watch {METER} @60", f"escalated warning {METER} @140"]
    post = [event for event in events if event.data.station == "post"]
    assert len({event.data.alert_id for event in post}) == 1
    assert "Đo được dòng chảy ra biển 0,60 m/s" in post[1].data.reason.vi
    assert "Chỉ số theo sóng: 74 %" in post[1].data.reason.vi


def test_a_fast_meter_is_averaged_over_two_minutes() -> None:
    rows: list[Row] = [("post.current_direction", T0 + at * 10_000_000, 120.0) for at in range(60)]
    rows += [
        ("post.current_speed", T0 + at * 10_000_000 + 1, 0.7 if at % 6 == 0 else 0.1) for at in range(60)
    ]
    spans = {"post.current_direction": 10.0, "post.current_speed": 10.0}
    site = city([sensor(name, span) for name, span in spans.items()], attributes=ATTRIBUTES, bare=False)
    engine = engine_of(site)
    assert engine.apply([readings(*sorted(rows, key=lambda row: row[1]))]) == []
    mean = of(engine.take_derived(), "post.offshore_current")
    assert mean[-1] == pytest.approx((2 * 0.7 + 10 * 0.1) / 12)


def test_a_beach_whose_meter_falls_silent_is_judged_by_waves_alone() -> None:
    sea = waves([*[0.3] * 4, *[0.9] * 10, *[0.3] * 8])
    back = meter([0.1] * 150, start=T0 + 6 * HOUR)
    events, _ = play(sea, tide(2.0, 11), meter([0.1] * 30), back)
    mine = [line for line in told(events) if "post" in line]
    assert mine == [
        "raised watch post.rip_waves @150",
        f"raised watch {METER} @360",
        "cleared watch post.rip_waves @510",
        f"cleared watch {METER} @540",
    ]
    first = next(event for event in events if event.data.sensor == "post.rip_waves")
    assert "Máy đo dòng của bãi không có số liệu dùng được" in first.data.reason.vi
    assert "Waves of 0.90 m" in first.data.reason.en


def test_the_two_alerts_of_a_beach_whose_meter_comes_and_goes_speak_of_each_other() -> None:
    """The meter is silent from 60 to 360 minutes: its own alert blind, then that by waves over."""
    sea = waves([0.9] * 24)
    back = meter([0.1] * 150, start=T0 + 6 * HOUR)
    events, _ = play(sea, tide(2.0, 12), meter([0.1] * 30), back)
    mine = {event.type.split(".")[3]: event.data for event in events if event.data.station == "post"}
    assert mine["blind"].sensor == METER
    assert "rip-waves" in mine["blind"].reason.vi
    assert "rip-waves" in mine["blind"].reason.en
    assert mine["cleared"].sensor == "post.rip_waves"
    said = mine["cleared"].reason
    assert "máy đo dòng có số liệu trở lại" in said.vi
    assert "the current meter is heard again" in said.en
    assert "not heard" not in said.en
    for wrong in ("below the first step", "tells nothing of use", "Index", "Recommended"):
        assert wrong not in said.en


def test_the_end_of_an_alert_by_waves_alone_recommends_no_flag_of_what_is_over() -> None:
    later = T0 + 2 * HOUR  # 07:14
    speeds = [("post.current_speed", later + at * 2 * MINUTE, 0.7) for at in range(210)]
    events, _ = play(waves([*[0.9] * 4, *[0.2] * 10], start=later), tide(2.0, 9), speeds)
    last = [event.data for event in events if event.data.sensor == "post.rip_waves"][-1]
    assert "below the first step" in last.reason.en
    assert "Recommended" not in last.reason.en


def test_a_calm_meter_ends_nothing_while_the_waves_are_not_known() -> None:
    sea = waves([1.0] * 4)  # then the gauge is silent
    events, _ = play(sea, tide(2.0, 8), meter([0.1] * 240))
    mine = [line for line in told(events) if "post" in line]
    assert mine == [f"raised watch {METER} @0"]
    alone = {**ATTRIBUTES, "post": {**BEACH, "meter_alone": 1.0}}
    events, _ = play(meter([0.6, *[0.1] * 100]), attributes=alone)
    assert [line.split("@")[0] for line in told(events)] == [
        f"raised warning {METER} ",
        f"cleared warning {METER} ",
    ]
    assert "Thiếu số liệu sóng" in events[0].data.reason.vi


# What is missing


def test_without_direction_oblique_waves_are_assumed_and_the_reason_says_so() -> None:
    low, _ = play(waves([0.8] * 4, None), tide(2.0, 2))
    assert low == []  # 20 % for waves at 60°
    events, derived = play(waves([1.6] * 4, None), tide(2.0, 2))
    assert told(events) == [f"raised watch {DANGER} @0", f"escalated warning {DANGER} @30"]
    assert events[0].data.flag == 3
    assert "Thiếu hướng sóng: tính như sóng lệch 60°." in events[0].data.reason.vi
    assert "Index by waves: 74 %, it may be 94 %" in events[0].data.reason.en
    assert "Missing: wave direction" in events[0].data.reason.en
    assert of(derived, "beach.rip_wave_missing") == [1.0] * 4


def test_an_alert_does_not_end_by_a_direction_that_is_no_longer_sent() -> None:
    sea = waves([0.9] * 4) + waves([0.9] * 12, None, T0 + 2 * HOUR)
    events, _ = play(sea, tide(2.0, 8))
    assert told(events) == [f"raised watch {DANGER} @0"]
    oblique = waves([0.9] * 4) + waves([0.9] * 8, 40.0, T0 + 2 * HOUR)
    events, _ = play(oblique, tide(2.0, 8))
    assert told(events) == [f"raised watch {DANGER} @0", f"cleared watch {DANGER} @240"]


def test_a_calm_sea_is_calm_from_wherever_it_comes() -> None:
    sea = waves([0.9] * 4) + waves([0.25] * 8, None, T0 + 4 * HOUR)
    events, _ = play(sea, tide(2.0, 9))
    assert told(events)[-1] == f"cleared watch {DANGER} @360"


def test_without_tide_mean_water_is_assumed_unless_the_beach_says_what_to_take() -> None:
    """Every tide passes it within six hours: to wait for the least would be to say nothing of a high sea."""
    events, _ = play(waves([1.0] * 3))
    assert told(events) == [f"raised watch {DANGER} @0"]
    assert events[0].data.flag == 3
    assert (
        "Thiếu mực nước triều (hoặc trạm triều đứng yên): tính ở mực nước trung bình."
        in events[0].data.reason.vi
    )
    given = {**ATTRIBUTES, "beach": {**BEACH, "sea_given": 0.8}}
    events, _ = play(waves([1.0] * 3), attributes=given)
    assert told(events) == [f"raised advisory {DANGER} @0"]
    assert "Không đo được mực nước triều: lấy theo khai báo của bãi." in events[0].data.reason.vi


def test_a_tide_gauge_that_is_stuck_hides_no_rip() -> None:
    """Stuck at high water it would take the index from 57 to 18 % for ever."""
    stuck = [("port.tide_level", T0 + at * 10 * MINUTE, 3.0) for at in range(12 * 6)]
    events, derived = play(waves([0.8] * 24), stuck)
    assert [line.split("@")[0] for line in told(events)] == [f"raised watch {DANGER} "]
    assert "trạm triều đứng yên" in events[0].data.reason.vi
    assert of(derived, "beach.rip_wave_missing")[-1] == 2.0
    own = {**ATTRIBUTES, "beach": {**BEACH, "mean_sea_level": 2.0}, "port": {}}
    assert len(play(waves([0.8] * 24), stuck, attributes=own)[0]) == 1


def test_a_meter_that_does_not_say_where_the_current_flows_leaves_the_beach_to_the_waves() -> None:
    speeds = [("post.current_speed", T0 + at * 2 * MINUTE, 0.7) for at in range(120)]
    events, _ = play(waves([1.2] * 8), tide(2.0, 4), speeds)
    reason = next(event.data.reason for event in events if event.data.station == "post")
    assert "không có số liệu dùng được" in reason.vi
    # The event itself is known: nothing is assumed of it.
    assert "giờ sau đỉnh của đợt sóng trên 1 m" in reason.vi
    assert "coi như chưa có" not in reason.vi


def test_in_hours_of_guarding_waves_alone_recommend_a_flag_too() -> None:
    later = T0 + 2 * HOUR  # 07:14
    speeds = [("post.current_speed", later + at * 2 * MINUTE, 0.7) for at in range(60)]
    rows = [("port.tide_level", later + at * 10 * MINUTE, 2.0 + at / 500) for at in range(-1, 12)]
    events, _ = play(waves([0.9] * 4, start=later), rows, speeds)
    reason = next(event.data.reason for event in events if event.data.station == "post")
    assert "Khuyến nghị: cờ đỏ; cứu hộ bãi quyết định." in reason.vi


def test_a_sea_without_waves_is_not_evaluated() -> None:
    _, derived = play(waves([0.0] * 3), tide(2.0, 2))
    assert of(derived, "beach.rip_probability") == []


# Flags


def test_a_flag_is_recommended_while_lifeguards_are_on_duty_and_never_else() -> None:
    """05:14 to 20:14 by the site's clock; guarded from 06:00 to 18:00."""
    events, derived = play(waves([0.7] * 30), tide(2.0, 15))
    at = [
        (int(t) - T0) // MINUTE
        for t, which in zip(derived.time, derived.sensor, strict=True)
        if derived.sensors[which] == "beach.rip_flag"
    ]
    assert (at[0], at[-1]) == (60, 750)  # 06:14 and 17:44
    assert set(of(derived, "beach.rip_flag")) == {1.0}
    assert (
        "Ngoài giờ trực cứu hộ (06:00–18:00): không có người trực, không có cờ." in events[0].data.reason.vi
    )


@pytest.mark.parametrize(
    ("height", "wind", "flag"),
    [(0.3, 3.0, 0.0), (0.6, 3.0, 1.0), (0.9, 3.0, 2.0), (1.3, 3.0, 3.0), (0.3, 14, 3.0)],
)
def test_the_flag_goes_by_the_index_and_the_wind(height: float, wind: float, flag: float) -> None:
    """domain.md 2.5: 25, 50, 80 %, Beaufort 7."""
    blows = [("beach.wind_speed", T0 + HOUR + at * 10 * MINUTE, wind) for at in range(12)]
    _, derived = play(waves([height] * 4, start=T0 + HOUR), tide(2.0, 4), blows)
    assert of(derived, "beach.rip_flag")[-1] == flag


def test_what_the_lifeguard_flies_is_a_fact_of_its_own() -> None:
    prop = hazards()["rip_current"].properties["flag_set"]
    assert (prop.reports, prop.derived, prop.codes) == ("on_change", False, FLAG_SET)
    assert {FLAG_SET[name] for name in ("green", "yellow", "red", "double_red")} == {0, 1, 2, 3}


# The whole


def test_nothing_is_told_where_no_beach_is() -> None:
    events, derived = play(waves([2.0] * 4), tide(2.0, 2), attributes={"port": {"mean_sea_level": 2.0}})
    assert events == []
    assert not [name for name in derived.sensors if "rip" in name]


def test_the_checklist_is_off_until_a_site_writes_it_and_asks_for_it() -> None:
    assert "rip-checklist" not in {rule.id for rule in rules_of(city([sensor("a.tide_level")], bare=False))}
    attributes = {**ATTRIBUTES, "beach": {**BEACH, "rip_checklist": 1.0}}
    extra = [("wave.wave_period", T0 - 1, 7.0), ("beach.wind_speed", T0 - 1, 7.0)]
    _, derived = play(waves([1.1] * 2), extra, tide(2.0, 1), attributes=attributes)
    assert of(derived, "beach.rip_checklist")[0] == 4 + 2 + 2


def test_every_step_has_words_and_advice_in_both_languages() -> None:
    hazard = hazards()["rip_current"]
    parts: list[Hazard | Part] = [hazard, *hazard.of_property.values()]
    for part in parts:
        assert set(part.words) == set(part.advice) == {"advisory", "watch", "warning", "emergency"}
        texts = [
            *part.words.values(),
            *(t for one in part.advice.values() for t in (one.operator, one.public)),
        ]
        assert all(text.vi and text.en and text.vi != text.en for text in texts)
    assert hazard.cap is not None
    assert hazard.cap.category == "Met"
    assert {rule["status"] for rule in hazard.rules} == {"default"}
    assert all(rule["source"] for rule in hazard.rules)


def test_a_season_is_told_the_same_wherever_its_batches_are_cut() -> None:
    rng = np.random.default_rng(2)
    sea = np.abs(np.cumsum(rng.normal(0.0, 0.12, 48)) + 0.8).tolist()
    rows = [row for row in waves(sea) if rng.random() < 0.9]
    current = meter(np.abs(rng.normal(0.3, 0.25, 400)).tolist())
    level = [("port.tide_level", T0 + at * 10 * MINUTE, 2.0 + np.sin(at / 12)) for at in range(144)]
    whole, derived = play(rows, current, level)
    assert len(whole) > 5
    for cut in (5, 60):
        events, again = play(rows, current, level, cut=cut)
        assert without_detection(events) == without_detection(whole)
        assert _table(again) == _table(derived)


def _table(batch: Batch) -> list[tuple[str, int, float, int]]:
    names = [batch.sensors[which] for which in batch.sensor]
    rows = zip(names, batch.time.tolist(), batch.value.tolist(), batch.flag.tolist(), strict=True)
    return sorted(rows)


# A real sea


def plain_event(past: Sequence[tuple[int, float]], now: int) -> int:
    """E of domain.md 2.1 in plain words: runs of 1 m and more, the first highest reading of each."""
    runs: list[list[tuple[int, float]]] = [[]]
    for time, height in past:
        if height >= 1.0:
            runs[-1].append((time, height))
        elif runs[-1]:
            runs.append([])
    for run in runs:
        if run:
            top = max(height for _, height in run)
            when = next(time for time, height in run if height == top)
            if top > 1.0 and 0 < now - when <= 72 * HOUR:
                return 1
    return 0


def test_six_weeks_off_oregon_are_what_the_formula_makes_of_them(tmp_path: Path) -> None:
    """NDBC 46097, 10-min rows with Hs in a third of them and direction in a sixth; a beach that faces west.

    The buoy has no tide: the beach says to take mean water. Of 2,164 heights each is evaluated; the sea never
    falls below 0.7 m, so one alert stands from the first reading to the last and moves between two steps.
    """
    recording = convert("ndbc", tmp_path)
    rows: list[Row] = []
    with recording.files[0].open(encoding="utf-8") as file:
        rows += [
            ("wave." + row["sensor"].split(".")[1], micros(row["time"]), float(row["value"]))
            for row in csv.DictReader(file)
            if "wave_" in row["sensor"]
        ]
    rows.sort(key=lambda row: (row[1], row[0] == "wave.wave_height"))
    sensors = [sensor(f"wave.wave_{name}", 3600.0) for name in ("direction", "height", "period")]
    beach = {"shore_normal_deg": 270.0, "sea_given": 0.0}
    site = city(
        [*sensors, sensor("beach.air_temperature")], attributes={"beach": beach}, areas=AREAS, bare=False
    )
    engine = engine_of(site, t=rows[0][1])
    events = engine.apply([readings(*rows)])
    derived = engine.take_derived()

    expected, low = plainly(rows)
    assert len(expected) == 2164
    found = {
        int(t): float(x)
        for t, x, which in zip(derived.time, derived.value, derived.sensor, strict=True)
        if derived.sensors[which] == "beach.rip_probability"
    }
    assert found.keys() == expected.keys()
    assert max(abs(found[t] - expected[t]) for t in expected) < 1e-9
    assert low == 2  # the first two heights came before any direction

    mine = [event for event in events if event.data.hazard == "rip_current"]
    verbs = [f"{event.type.split('.')[3]} {event.data.severity}" for event in mine]
    steps = [verb for verb in verbs if not verb.startswith(("blind", "sighted"))]
    assert steps[0] == "raised warning"
    assert steps[1:] == ["eased watch", "escalated warning"] * 4
    assert len({event.data.alert_id for event in mine}) == 1


def plainly(rows: Sequence[Row]) -> tuple[dict[int, float], int]:
    """P at each height by the published formula, one after the other; and how many lacked direction."""
    expected: dict[int, float] = {}
    last: dict[str, tuple[int, float]] = defaultdict(lambda: (-1 << 62, np.nan))
    past: list[tuple[int, float]] = []
    lost = 0
    for name, time, value in rows:
        last[name] = (time, value)
        if name != "wave.wave_height":
            continue
        past.append((time, value))
        recent = [one for one in past if one[0] >= time - 240 * HOUR]
        since, direction = last["wave.wave_direction"]
        theta = 60.0 if time - since > 3 * HOUR else abs((direction - 270.0 + 180.0) % 360.0 - 180.0)
        lost += time - since > 3 * HOUR
        z = 1.046 + 3.5108 * np.log(value) - 0.0272 * min(theta, 90.0) + 0.4164 * plain_event(recent, time)
        expected[time] = float(100.0 / (1.0 + np.exp(-z)))
    assert all(a < b for (a, _), (b, _) in pairwise(past))
    return expected, lost
