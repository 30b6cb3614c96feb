"""Rules over several sensors: k of n, and, or."""

from services.alerts.engine import Engine, EngineMessage, SiteChange
from services.alerts.rule import parse_rules
from services.observation.sensor import Sensor
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

NAMES = [f"s{at}.water_level" for at in range(4)]
S0, S1, S2, S3 = NAMES
K = {
    "id": "k",
    "kind": "k_of_n",
    "hazard": "flood",
    "property": "water_level",
    "advisory": 1,
    "watch": 2,
    "k": 2,
}
TIDE = "t.tide_level"


def gauges() -> list[Sensor]:
    return [sensor(name) for name in NAMES]


def test_k_of_n_needs_k_neighbours() -> None:
    site = city(gauges(), [K])
    assert play(site, readings((S0, T0, 1.0))) == []
    up = readings((S0, T0, 1.0), (S1, T0 + MINUTE, 2.0))
    assert play(site, up) == ["raised advisory city @1"]
    assert play(site, up, readings((S2, T0 + MINUTE, 2.0))) == [
        "raised advisory city @1",
        "escalated watch city @1",
    ]
    assert play(site, up, readings((S0, T0 + 2 * MINUTE, 0.9))) == [
        "raised advisory city @1",
        "cleared advisory city @2",
    ]


def test_neighbours_are_those_of_the_area() -> None:
    site = city(gauges(), [K], areas={"s0": "other"})
    assert play(site, readings((S0, T0, 1.0), (S1, T0, 1.0))) == []
    assert play(site, readings((S0, T0, 1.0), (S1, T0, 1.0), (S2, T0, 1.0))) == ["raised advisory city @0"]


def test_a_silent_neighbour_does_not_help_to_raise() -> None:
    site = city(gauges(), [K])
    engine = engine_of(site)
    engine.apply([readings((S0, T0, 1.5), (S1, T0, 0.5)), tick(T0, {"gw": T0 + 30 * MINUTE})])
    assert told(engine.apply([readings((S1, T0 + 31 * MINUTE, 1.5))])) == []
    assert told(engine.apply([readings((S2, T0 + 31 * MINUTE, 1.5))])) == ["raised advisory city @31"]


def test_a_silent_neighbour_does_not_end_what_it_raised() -> None:
    site = city(gauges(), [K])
    engine = engine_of(site)
    engine.apply([readings((S0, T0, 1.5), (S1, T0, 1.5)), tick(T0, {"gw": T0 + 30 * MINUTE})])
    assert told(engine.apply([readings((S2, T0 + 31 * MINUTE, 0.1), (S1, T0 + 31 * MINUTE, 1.5))])) == []


def test_and_holds_when_each_condition_holds_and_sees_sensors_of_scope_site() -> None:
    both = {
        "id": "both",
        "kind": "and",
        "hazard": "flood",
        "severity": "warning",
        "of": [
            {"property": "tide_level", "at_least": 4.0},
            {"property": "water_level", "at_least": 1.0, "hysteresis": 0.5},
        ],
    }
    site = city([sensor(TIDE), sensor(S0)], [both], areas={"t": "site"})
    assert play(site, readings((TIDE, T0, 4.2))) == []
    assert play(
        site,
        readings(
            (TIDE, T0, 4.2), (S0, T0 + MINUTE, 1.0), (S0, T0 + 2 * MINUTE, 0.5), (TIDE, T0 + 3 * MINUTE, 3.9)
        ),
    ) == [
        "raised warning city @1",
        "cleared warning city @3",
    ]


def test_or_holds_when_any_condition_holds() -> None:
    either = {
        "id": "either",
        "kind": "or",
        "hazard": "flood",
        "severity": "watch",
        "of": [{"property": "tide_level", "at_most": 0.0}, {"property": "water_level", "at_least": 1.0}],
    }
    site = city([sensor(TIDE), sensor(S0)], [either])
    assert play(
        site,
        readings(
            (TIDE, T0, -0.1), (S0, T0 + MINUTE, 1.0), (TIDE, T0 + 2 * MINUTE, 1.0), (S0, T0 + 3 * MINUTE, 0.0)
        ),
    ) == [
        "raised watch city @0",
        "cleared watch city @3",
    ]


def test_a_delay_of_a_group_is_completed_by_a_reading_of_any_member() -> None:
    site = city(gauges(), [{**K, "on_delay_s": 600}])
    up = readings((S0, T0, 1.0), (S1, T0, 1.0))
    assert play(site, up, readings((S2, T0 + 9 * MINUTE, 0.0))) == []
    assert play(site, up, readings((S2, T0 + 10 * MINUTE, 0.0))) == ["raised advisory city @10"]


def test_inputs_that_no_partition_sees_together_are_refused_with_a_remedy() -> None:
    rule = {**K, "of": ["s0", "s1"]}
    site = city(gauges(), [rule], areas={"s0": "other"})
    (problem,) = parse_rules(site)[1]
    assert "partition" in problem.what.en
    assert 'area = "site"' in problem.remedy.en
    assert parse_rules(city(gauges(), [rule]))[1] == []


def test_groups_go_on_from_a_snapshot_and_through_a_site_change() -> None:
    site = city(gauges(), [K])
    rows: list[EngineMessage] = [
        readings((S0, T0, 1.0)),
        readings((S1, T0 + MINUTE, 1.5)),
        readings((S0, T0 + 2 * MINUTE, 0.1)),
    ]
    whole = engine_of(site).apply(rows)
    for at in range(4):
        first = engine_of(site)
        events = first.apply(rows[:at])
        second = Engine.restore(site, rules_of(site), first.snapshot())
        assert events + second.apply(rows[at:]) == whole
    engine = engine_of(site)
    engine.apply(rows[:2])
    wider = city(gauges(), [{**K, "k": 3}], version="v2")
    assert told(engine.apply([SiteChange(wider, rules_of(wider), T0 + 5 * MINUTE)])) == [
        "cleared advisory city @5"
    ]


def test_split_by_partition_a_group_is_told_once() -> None:
    site = city([*gauges(), sensor(TIDE)], [K], areas={"s0": "other", "s1": "other", "t": "site"})
    rows = readings(*[(name, T0, 1.5) for name in NAMES])
    together = [line for p in range(16) for line in told(engine_of(site, p).apply([rows]))]
    assert (
        sorted(together)
        == sorted(play(site, rows))
        == ["raised advisory city @0", "raised advisory other @0"]
    )
