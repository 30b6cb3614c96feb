"""Ladders at their boundaries: exactly equal, zero, empty, once, twice, suspect, downward, on change."""

import pytest

from tests.support.engine_world import MINUTE, T0, city, engine_of, play, readings, sensor, tick, told

A, D = "a.water_level", "d.door"
INTERVAL = 10 * MINUTE
LEVEL = {
    "id": "level",
    "hazard": "flood",
    "property": "water_level",
    "advisory": 1.0,
    "watch": 2.0,
    "warning": 3.0,
}


def series(*values: object, name: str = A) -> object:
    rows = [(name, T0 + at * INTERVAL, *(v if isinstance(v, tuple) else (v,))) for at, v in enumerate(values)]
    return readings(*rows)


def run(rule: dict[str, object], *values: object) -> list[str]:
    return [line.replace(f" {A}", "") for line in play(city([sensor(A)], [rule]), series(*values))]  # type: ignore[arg-type]


def test_exactly_at_the_threshold_is_reached() -> None:
    assert run(LEVEL, 0.999999, 1.0) == ["raised advisory @10"]


def test_exactly_at_threshold_minus_hysteresis_is_not_cleared() -> None:
    assert run({**LEVEL, "hysteresis": 0.5}, 1.0, 0.5, 0.49) == ["raised advisory @0", "cleared advisory @20"]


def test_hysteresis_zero_clears_just_below() -> None:
    assert run(LEVEL, 1.0, 0.9999999) == ["raised advisory @0", "cleared advisory @10"]


def test_threshold_zero_is_a_threshold() -> None:
    rule = {"id": "level", "hazard": "flood", "property": "water_level", "advisory": 0}
    assert run(rule, -0.1, 0.0, -0.1) == ["raised advisory @10", "cleared advisory @20"]
    assert run({**rule, "direction": "down"}, 0.1, 0.0, 0.1) == [
        "raised advisory @10",
        "cleared advisory @20",
    ]


def test_a_ladder_climbs_and_descends_within_one_alert() -> None:
    assert run(LEVEL, 1.0, 3.0, 2.0, 0.0) == [
        "raised advisory @0",
        "escalated warning @10",
        "eased watch @20",
        "cleared watch @30",
    ]


def test_an_absent_rung_is_passed_over() -> None:
    without = {key: value for key, value in LEVEL.items() if key != "watch"}
    assert run(without, 2.5, 3.5) == ["raised advisory @0", "escalated warning @10"]


def test_a_station_without_the_attribute_lacks_the_rung() -> None:
    rule = {**LEVEL, "advisory": "station.bd1", "watch": "station.bd2", "warning": "station.bd3"}
    site = city(
        [sensor(A), sensor("b.water_level")], [rule], attributes={"a": {"bd1": 1, "bd3": 3}, "b": {"bd2": 5}}
    )
    assert play(site, readings((A, T0, 2.5), ("b.water_level", T0, 4.0))) == [f"raised advisory {A} @0"]


def test_a_downward_ladder_is_the_mirror() -> None:
    down = {
        "id": "low",
        "hazard": "flood",
        "property": "water_level",
        "advisory": 3,
        "watch": 2,
        "direction": "down",
        "hysteresis": 0.5,
    }
    assert run(down, 3.1, 3.0, 1.9, 2.5, 2.51, 3.5, 3.51) == [
        "raised advisory @10",
        "escalated watch @20",
        "eased advisory @40",
        "cleared advisory @60",
    ]


def test_on_delay_is_completed_by_the_reading_that_reaches_it() -> None:
    rule = {**LEVEL, "on_delay_s": 600}
    assert run(rule, 1.0, 1.0) == ["raised advisory @10"]
    assert run({**rule, "on_delay_s": 601}, 1.0, 1.0) == []
    assert run(rule, 1.0, 0.9, 1.0) == []


def test_each_rung_has_a_delay_of_its_own() -> None:
    rule = {**LEVEL, "on_delay_s": {"warning": 1200}, "off_delay_s": {"advisory": 1200}}
    assert run(rule, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0) == [
        "raised watch @0",
        "escalated warning @20",
        "eased advisory @30",
        "cleared advisory @50",
    ]


def test_nothing_and_nan_and_infinity_move_nothing() -> None:
    nan, inf = float("nan"), float("inf")
    assert run(LEVEL) == []
    assert run(LEVEL, nan, inf, -inf, nan) == []
    assert run(LEVEL, (5.0, 4), (5.0, 9)) == []


def test_the_second_of_two_readings_at_one_instant_is_ignored() -> None:
    site = city([sensor(A)], [LEVEL])
    assert play(site, readings((A, T0, 0.5), (A, T0, 5.0))) == []
    assert play(site, readings((A, T0, 1.5), (A, T0, 0.0))) == [f"raised advisory {A} @0"]


def test_suspect_raises_only_when_a_further_reading_confirms_it_and_is_marked() -> None:
    assert run(LEVEL, (5.0, 3)) == []
    assert run(LEVEL, (5.0, 3), 0.5) == []
    assert run(LEVEL, (5.0, 3), (0.5, 3), (5.0, 3)) == []
    for second in (5.0, (5.0, 3)):
        events = engine_of(city([sensor(A)], [LEVEL])).apply([series((5.0, 3), second)])  # type: ignore[list-item]
        assert told(events) == [f"raised warning {A} @10"]
        assert events[0].data.flag == 3


def test_suspect_never_clears() -> None:
    assert run(LEVEL, 1.0, (0.0, 3), (0.0, 3), (0.0, 3)) == ["raised advisory @0"]


def test_a_property_that_reports_on_change_completes_its_delay_by_the_clock() -> None:
    rule = {
        "id": "open",
        "hazard": "flood",
        "property": "door",
        "advisory": 1,
        "on_delay_s": 300,
        "off_delay_s": 60,
    }
    site = city([sensor(D, 0, "on_change"), sensor(A)], [rule])
    raised = f"raised advisory {D} @5"
    opened = readings((D, T0, 1.0))
    assert play(site, opened, tick(T0, {"gw": T0 + 5 * MINUTE - 1})) == []
    assert play(site, opened, tick(T0, {"gw": T0 + 5 * MINUTE})) == [raised]
    assert play(site, opened, readings((D, T0 + 5 * MINUTE, 0.0))) == []  # closed at the very instant
    assert play(site, opened, readings((D, T0 + 6 * MINUTE, 0.0))) == [raised]
    closed = readings((D, T0 + 6 * MINUTE, 0.0))
    assert play(site, opened, closed, tick(T0, {"gw": T0 + 7 * MINUTE})) == [
        raised,
        f"cleared advisory {D} @7",
    ]


def test_a_reading_at_the_very_instant_a_sensor_would_fall_silent_is_in_time() -> None:
    rule = {"id": "open", "hazard": "flood", "property": "door", "advisory": 1, "on_delay_s": 300}
    silent = {"id": "sensor-silent", "hazard": "system", "kind": "silent", "severity": "advisory"}
    site = city([sensor(D, 600, "on_change"), sensor(A, 0)], [rule, silent])
    raised = f"raised advisory {D} @5"
    assert play(site, readings((D, T0, 1.0), (D, T0 + 30 * MINUTE, 1.0))) == [raised]
    assert play(site, readings((D, T0, 1.0), (D, T0 + 30 * MINUTE + 1, 1.0)))[:2] == [
        raised,
        f"raised advisory {D} @30",
    ]


def test_an_alert_of_an_unseen_sensor_is_not_ended_by_the_clock() -> None:
    rule = {"id": "open", "hazard": "flood", "property": "door", "advisory": 1, "off_delay_s": 3600}
    site = city([sensor(D, 600, "on_change"), sensor(A)], [rule])
    closing = readings((D, T0, 1.0), (D, T0 + MINUTE, 0.0))
    assert play(site, closing, tick(T0, {"gw": T0 + 90 * MINUTE})) == [
        f"raised advisory {D} @0",
        f"blind advisory {D} @31",
    ]


@pytest.mark.parametrize("floor", [None, 0.0])
def test_stuck_is_told_after_its_window_and_ends_with_the_next_change(floor: float | None) -> None:
    rule = {
        "id": "stuck",
        "kind": "stuck",
        "hazard": "flood",
        "property": "water_level",
        "severity": "watch",
        "window_s": 1800,
        "tolerance": 0.001,
    }
    rule |= {} if floor is None else {"above": floor}
    assert run(rule, 0.5, 0.5, 0.5005, 0.5) == ["raised watch @30"]
    assert run(rule, 0.5, 0.5, 0.5, 0.5, 0.6) == ["raised watch @30", "cleared watch @40"]
    assert run(rule, 0.5, 0.5, 0.502, 0.5, 0.5) == []
    assert run(rule, *[-0.5] * 5) == ([] if floor is not None else ["raised watch @30"])


def test_every_event_carries_its_reason_in_both_languages() -> None:
    (event,) = engine_of(city([sensor(A)], [LEVEL])).apply([series(2.5)])  # type: ignore[list-item]
    data = event.data
    assert (data.value, data.unit, data.threshold, data.rule, data.severity) == (
        2.5,
        "m",
        2.0,
        "level",
        "watch",
    )
    assert len(data.rule_version) == 12
    assert data.since == data.time == "2023-11-14T22:14:00Z"
    assert data.reason.vi
    assert data.reason.en
    assert data.reason.vi != data.reason.en
    assert data.readings == ["2023-11-14T22:14:00Z"]


def test_sensors_nobody_declared_are_passed_over() -> None:
    assert play(city([sensor(A)], [LEVEL]), readings(("x.water_level", T0, 9.0), (A, T0, 1.0))) == [
        f"raised advisory {A} @0"
    ]
