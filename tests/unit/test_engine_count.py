"""Many sensors as one alert: how many, which share, at which gateway."""

from typing import Any

import pytest

from services.alerts.engine import SiteChange
from services.alerts.reach import never_met
from services.alerts.rule import parse_rules
from services.observation.messages import GatewayState
from tests.support.engine_world import (
    MINUTE,
    T0,
    city,
    engine_of,
    play,
    readings,
    rules_of,
    sensor,
    tick,
    told,
)

NAMES = [f"s{at}.water_level" for at in range(10)]
DARK: dict[str, Any] = {
    "id": "dark",
    "kind": "count",
    "hazard": "flood",
    "property": "water_level",
    "at_least": 1,
    "hysteresis": 0.5,
    "watch": "30%",
    "warning": "60%",
}


def rows(values: dict[int, float], t: int = T0) -> list[tuple[str, int, float]]:
    return [(name, t, values.get(at, 0.0)) for at, name in enumerate(NAMES)]


def test_a_share_of_those_of_whom_something_is_known_raises_one_alert_that_names_them() -> None:
    engine = engine_of(city([sensor(name) for name in NAMES], [DARK]))
    events = engine.apply([readings(*rows({7: 1.0, 8: 1.0, 9: 1.0}))])
    assert told(events) == ["raised watch city @0"]
    alert = events[0].data
    assert (alert.value, alert.threshold, alert.sensor) == (3.0, 3.0, None)
    assert alert.readings == ["s7.water_level", "s8.water_level", "s9.water_level"]
    assert "3 of 10" in alert.reason.en
    # One that lies within the hysteresis is counted as before.
    assert engine.apply([readings(*rows({7: 0.6, 8: 0.6, 9: 0.6}, T0 + MINUTE))]) == []
    assert told(engine.apply([readings(*rows({7: 0.6, 8: 0.4}, T0 + 2 * MINUTE))])) == [
        "cleared watch city @2"
    ]


def test_a_share_of_too_few_is_none() -> None:
    gauges = [sensor(name) for name in NAMES]
    first = readings((NAMES[0], T0, 1.0), (NAMES[1], T0, 0.0))
    assert play(city(gauges, [DARK]), first) == ["raised warning city @0", "eased watch city @0"]
    assert play(city(gauges, [{**DARK, "k": 3}]), first) == []
    some = readings(*rows({7: 1.0, 8: 1.0, 9: 1.0}))
    assert play(city(gauges, [{**DARK, "k": 3}]), some) == ["raised watch city @0"]


@pytest.mark.parametrize("cut", [False, True])
def test_who_is_heard_without_a_value_is_counted_in_the_share_at_the_next_reading(cut: bool) -> None:  # noqa: FBT001
    site = city([sensor(name) for name in NAMES], [{**DARK, "warning": 99, "watch": "60%"}])
    first, heard = (NAMES[0], T0, 1.0), (NAMES[1], T0, 0.0, 3)
    both = [readings(first), readings(heard)] if cut else [readings(first, heard)]
    within = readings((NAMES[0], T0 + MINUTE, 0.6))  # of its hysteresis: it is met as before
    engine = engine_of(site)
    events = [event for message in (*both, within) for event in engine.apply([message])]
    assert told(events) == ["raised watch city @0", "cleared watch city @1"]


def test_counted_by_gateway_each_has_an_alert_of_its_own_that_names_it() -> None:
    gateways = {f"s{at}": "left" if at < 5 else "right" for at in range(10)}
    rule = {**DARK, "per": "gateway", "watch": 2, "warning": "80%"}
    site = city([sensor(name) for name in NAMES], [rule], gateways=gateways)
    events = engine_of(site).apply([readings(*rows(dict.fromkeys(range(4), 1.0) | {9: 1.0}))])
    assert [(e.data.gateway, e.data.severity) for e in events] == [("left", "warning")]
    assert play(site, readings(*rows({8: 1.0, 9: 1.0}))) == ["raised watch right @0"]


def test_who_is_silent_counts_neither_as_met_nor_in_the_share_and_ends_nothing() -> None:
    gateways = {f"s{at}": "left" if at < 5 else "right" for at in range(10)}
    site = city(
        [sensor(name) for name in NAMES], [{**DARK, "warning": 99, "watch": "30%"}], gateways=gateways
    )
    engine = engine_of(site)
    engine.apply([readings(*rows({0: 1.0, 1: 1.0})), tick(T0, {"left": T0, "right": T0})])
    engine.apply([GatewayState(T0, "right", "offline")])
    # Two of five are forty percent; that is judged with the next reading.
    assert told(engine.apply([readings((NAMES[4], T0 + MINUTE, 0.0))])) == ["raised watch city @1"]
    engine.apply([GatewayState(T0, "left", "offline")])
    assert told(engine.apply([readings((NAMES[4], T0 + 2 * MINUTE, 0.0))])) == []


@pytest.mark.parametrize(
    "wrong", [{"watch": 0}, {"watch": "130%"}, {"watch": 1.5}, {"watch": "many"}, {"at_most": 0}]
)
def test_what_is_no_number_and_no_share_is_refused(wrong: dict[str, Any]) -> None:
    site = city([sensor(name) for name in NAMES], [{**DARK, **wrong}])
    assert parse_rules(site)[1]


def test_a_number_that_no_area_has_is_warned_of() -> None:
    site = city([sensor(name) for name in NAMES], [{**DARK, "watch": 11, "warning": 12}])
    (problem,) = never_met(site, rules_of(site))
    assert problem.level == "warning"


def test_a_changed_number_is_judged_again_and_a_removed_rule_ends_its_alert() -> None:
    gauges = [sensor(name) for name in NAMES]
    engine = engine_of(city(gauges, [DARK]))
    engine.apply([readings(*rows({7: 1.0, 8: 1.0, 9: 1.0}))])
    site = city(gauges, [{**DARK, "watch": 2, "warning": 3}], version="v2")
    assert told(engine.apply([SiteChange(site, rules_of(site), T0 + MINUTE)])) == [
        "escalated warning city @1"
    ]
    bare = city(gauges, [], version="v3")
    assert told(engine.apply([SiteChange(bare, rules_of(bare), T0 + 2 * MINUTE)])) == [
        "cleared warning city @2"
    ]


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ({"valid_from": "2023-11-16"}, []),
        ({"valid_to": "2023-11-14"}, []),
        ({"valid_from": "2023-11-15", "valid_to": "2023-11-15"}, ["raised watch s0.water_level @0"]),
    ],
)
def test_outside_its_dates_a_rule_is_not_in_force(dates: dict[str, str], said: list[str]) -> None:
    """T0 is 05:14 of 15 November in Việt Nam, and 14 November in Greenwich."""
    level = {"id": "level", "hazard": "flood", "property": "water_level", "watch": 1, **dates}
    assert play(city([sensor(NAMES[0])], [level]), readings((NAMES[0], T0, 2.0))) == said


def test_the_end_of_the_last_day_ends_what_a_rule_raised() -> None:
    level = {
        "id": "level",
        "hazard": "flood",
        "property": "water_level",
        "watch": 1,
        "valid_to": "2023-11-15",
    }
    site = city([sensor(NAMES[0])], [level])
    midnight = 18 * 60 + 46  # minutes from 05:14
    day = readings(*[(NAMES[0], T0 + at * 10 * MINUTE, 2.0) for at in range(113)])
    assert play(site, day, tick(T0, {"gw": T0 + 1440 * MINUTE}))[:2] == [
        "raised watch s0.water_level @0",
        f"cleared watch s0.water_level @{midnight}",
    ]
    over = engine_of(site).apply([day, tick(T0, {"gw": T0 + 1440 * MINUTE})])[1].data.reason
    assert over.en == "The rule is no longer in force (valid_to)."
    assert over.vi == "Quy tắc hết hiệu lực (valid_to)."


@pytest.mark.parametrize("last", [None, "2023-11-15"])
def test_a_window_of_the_day_that_closes_is_told_as_one_though_the_rule_has_a_last_day(
    last: str | None,
) -> None:
    dated = {} if last is None else {"valid_to": last}
    level = {"id": "level", "hazard": "flood", "property": "water_level", "watch": 1, **dated}
    site = city([sensor(NAMES[0])], [{**level, "schedule": {"from": "05:00", "to": "05:30"}}])
    rows = [(NAMES[0], T0 + at * 10 * MINUTE, 2.0) for at in range(4)]
    events = engine_of(site).apply([readings(*rows)])
    assert told(events) == ["raised watch s0.water_level @0", "cleared watch s0.water_level @16"]
    assert events[1].data.reason.en == "The rule's schedule has closed."


SUPPLY: dict[str, Any] = {
    "id": "supply", "kind": "count", "hazard": "flood", "property": "door", "at_least": 1, "per": "gateway",
    "watch": 1, "on_delay_s": 30, "off_delay_s": 120,
}  # fmt: skip


def test_what_holds_by_its_last_value_is_counted_by_the_clock_of_its_gateway() -> None:
    """One sensor every fifteen minutes: the half minute of its rule does not last until its next word."""
    site = city([sensor("a.door", 900, "on_change"), sensor("a.water_level", 1)], [SUPPLY])
    lost, back = readings(("a.door", T0, 1.0)), readings(("a.door", T0 + 5 * MINUTE, 0.0))
    live = play(site, lost, tick(T0, {"gw": T0 + MINUTE}), back, tick(T0, {"gw": T0 + 9 * MINUTE}))
    assert live == ["raised watch gw @0.5", "cleared watch gw @7"]
    # As a backtest: all at once, and a tick at the end.
    assert play(site, lost, back, tick(T0, {"gw": T0 + 9 * MINUTE})) == live
    # What is over before its delay is told to nobody.
    over = readings(("a.door", T0 + 20 * 1_000_000, 0.0))
    assert play(site, lost, over, tick(T0, {"gw": T0 + MINUTE})) == []


def test_while_nothing_is_known_of_a_gateway_its_count_runs_out_for_nobody() -> None:
    site = city([sensor("a.door", 900, "on_change"), sensor("a.water_level", 600)], [SUPPLY])
    lost, gone = readings(("a.door", T0, 1.0)), GatewayState(T0, "gw", "offline")
    assert play(site, lost, tick(T0, {"gw": T0}), gone, tick(T0, {}, dt=MINUTE)) == []


def test_just_before_a_reading_time_raises_and_ends_nothing_of_a_gateway_that_was_offline() -> None:
    """Unknown is neither well nor bad; what was due meanwhile the next reading tells, at its own time."""
    site = city([sensor("a.door", 900, "on_change"), sensor("a.water_level", 600)], [SUPPLY])
    gone, there = GatewayState(T0, "gw", "offline"), GatewayState(T0, "gw", "online")
    lost, fine = readings(("a.door", T0, 1.0)), readings(("a.door", T0 + 5 * MINUTE, 0.0))
    assert play(site, lost, fine)[:1] == ["raised watch gw @0.5"]
    assert play(site, lost, gone, fine) == []
    assert play(site, lost, gone, there, fine) == []  # it is back, and nobody has spoken yet
    still = readings(*[("a.door", T0 + at * MINUTE, 1.0) for at in (5, 6)])
    assert play(site, lost, gone, still) == ["raised watch gw @5.5"]
    # A failure has no value, but it is heard; whether it came in the same message makes no difference.
    bad, well = ("a.door", T0 + 5 * MINUTE, 1.0, 4), ("a.door", T0 + 6 * MINUTE, 0.0)
    engine = engine_of(site)
    apart = [event for one in (lost, gone, readings(bad), readings(well)) for event in engine.apply([one])]
    assert play(site, lost, gone, readings(bad, well)) == told(apart)
    # An alert does not end unseen.
    again, over = (readings(("a.door", T0 + 10 * MINUTE, x)) for x in (1.0, 0.0))
    assert play(site, lost, fine, again)[:2] == ["raised watch gw @0.5", "cleared watch gw @7"]
    assert play(site, lost, fine, gone, again) == ["raised watch gw @0.5"]
    assert play(site, lost, fine, gone, over) == ["raised watch gw @0.5", "cleared watch gw @10"]


def test_what_is_declared_periodic_waits_for_its_next_reading() -> None:
    site = city([sensor("a.door", 900), sensor("a.water_level", 1)], [SUPPLY])
    lost, again = readings(("a.door", T0, 1.0)), readings(("a.door", T0 + 15 * MINUTE, 1.0))
    assert play(site, lost, tick(T0, {"gw": T0 + MINUTE})) == []
    assert play(site, lost, again) == ["raised watch gw @15"]
