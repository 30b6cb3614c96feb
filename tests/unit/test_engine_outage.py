"""While we were away nobody was silent: what passed in an outage of ours is nobody's silence."""

from typing import Any

from services.alerts.engine import Engine, EngineMessage, SiteChange
from services.observation.messages import GatewayState
from services.observation.site import Site
from tests.support.engine_world import (
    MINUTE,
    SECOND,
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

A, B, C = "a.water_level", "b.water_level", "c.water_level"
NAMES = (A, B, C)
SILENT: list[dict[str, Any]] = [
    {"id": "sensor-silent", "kind": "silent", "hazard": "system", "severity": "advisory"}
]
HOURS = T0 + 300 * MINUTE


def site(*rules: dict[str, Any], reporting_s: float | None = None) -> Site:
    """Three gauges that speak every ten minutes, through one gateway."""
    return city([sensor(name) for name in NAMES], [*SILENT, *rules], reporting_s=reporting_s)


def all_well(t: int = T0, value: float = 0.5) -> list[EngineMessage]:
    """Everybody has spoken, and the clock says so."""
    return [readings(*((name, t, value) for name in NAMES)), tick(t + SECOND, {"gw": t})]


def back(t: int = HOURS) -> EngineMessage:
    """We are listening again."""
    return tick(t, dt=0, resumed=["broker"])


def heard(t: int, *names: str, value: float = 0.5) -> list[EngineMessage]:
    """Some speak, and the clock moves."""
    return [readings(*((name, t, value) for name in names)), tick(t + SECOND, {"gw": t})]


def test_after_an_outage_of_ours_nobody_is_called_silent_who_speaks_within_three_intervals() -> None:
    messages = [*all_well(), back(), *heard(HOURS + MINUTE, A), *heard(HOURS + 8 * MINUTE, B)]
    assert play(site(), *messages, *heard(HOURS + 30 * MINUTE, C, A, B)) == []


def test_a_sensor_that_died_meanwhile_is_called_silent_three_intervals_after_its_gateway_is_back_once() -> (
    None
):
    messages = [*all_well(), back()]
    for minute in range(0, 120, 10):
        messages += heard(HOURS + minute * MINUTE, A, B)
    assert play(site(), *messages) == [f"raised advisory {C} @330"]


def test_a_gateway_that_does_not_come_back_keeps_no_sensor_from_being_called_silent() -> None:
    """It has one sensor, so its own silence is not told; its clock goes on by ticks from where it stood."""
    lone = city([sensor(A)], SILENT)
    messages: list[EngineMessage] = [readings((A, T0, 0.5)), tick(T0 + SECOND, {"gw": T0}), back()]
    messages += [tick(HOURS + at * MINUTE, dt=MINUTE) for at in range(1, 40)]
    assert play(lone, *messages) == [f"raised advisory {A} @30"]


def test_silence_from_before_the_outage_is_not_added_to_what_follows_it() -> None:
    messages = [*all_well(), tick(T0 + MINUTE, dt=29 * MINUTE), back(), tick(HOURS, dt=10 * MINUTE)]
    assert play(site(reporting_s=600.0), *messages, *heard(HOURS, *NAMES)) == [
        "raised watch gw @20",
        "cleared watch gw @300",
    ]


def test_a_backlog_hides_silence_for_three_intervals_after_its_gateway_is_heard_at_most() -> None:
    """Old readings come first, in order, and move the clock: from there on all is as ever."""
    messages = [*all_well(), back()]
    for minute in range(10, 130, 10):
        messages += heard(T0 + minute * MINUTE, A, B)
    assert play(site(), *messages) == [f"raised advisory {C} @40"]


def test_what_is_older_than_the_clock_does_not_end_an_outage() -> None:
    """A message in hand when the connection was lost comes again first."""
    messages = [*all_well(), tick(T0 + MINUTE, dt=5 * MINUTE), back(), *heard(T0 + MINUTE, A)]
    assert play(site(), *messages, *heard(HOURS, A), *heard(HOURS + 9 * MINUTE, *NAMES)) == []


def test_a_delay_is_begun_again_after_an_outage_though_silence_counts_from_later() -> None:
    """The gap is measured between readings, not from the instant we were back."""
    rule = {"id": "level", "hazard": "flood", "property": "water_level", "watch": 1.0, "on_delay_s": 3000}
    high = [*all_well(value=1.5), tick(T0 + MINUTE, dt=15 * MINUTE), back()]
    found = play(site(rule), *high, *heard(T0 + 40 * MINUTE, A, B, C, value=1.5))
    assert found == []
    later = [message for at in (60, 80, 90) for message in heard(T0 + at * MINUTE, *NAMES, value=1.5)]
    assert play(site(rule), *high, *heard(T0 + 40 * MINUTE, *NAMES, value=1.5), *later) == [
        f"raised watch {name} @90" for name in NAMES
    ]


def test_who_was_silent_before_the_outage_stays_so_and_is_told_once() -> None:
    messages = [*all_well()]
    for minute in (10, 20, 30, 40):
        messages += heard(T0 + minute * MINUTE, A, B)
    messages.append(back())
    for minute in (0, 10, 20, 30, 40):
        messages += heard(HOURS + minute * MINUTE, A, B)
    assert play(site(), *messages) == [f"raised advisory {C} @30"]


def test_an_outage_survives_a_snapshot_and_a_site_change() -> None:
    engine = engine_of(site())
    engine.apply([*all_well(), back()])
    resumed = Engine.restore(site(), rules_of(site()), engine.snapshot())
    rest = [*heard(HOURS, A), *heard(HOURS + 20 * MINUTE, B, C)]
    assert told(resumed.apply(rest)) == []
    assert resumed.snapshot() != engine.snapshot()
    other = city([sensor(name) for name in NAMES], SILENT, version="v2")
    assert told(engine.apply([SiteChange(other, rules_of(other), HOURS), *rest])) == []


def test_without_an_outage_a_leap_of_the_clock_is_silence_as_ever() -> None:
    found = play(site(), *all_well(), *heard(HOURS, A))
    assert found == [
        f"raised advisory {A} @30",
        f"cleared advisory {A} @300",
        f"raised advisory {B} @30",
        f"raised advisory {C} @30",
    ]


def test_the_outage_of_one_source_is_not_that_of_another() -> None:
    messages = [*all_well(), tick(HOURS, dt=0, resumed=["lora"]), *heard(HOURS, A)]
    assert f"raised advisory {B} @30" in play(site(), *messages)


def test_a_goodbye_that_ends_in_an_outage_leaves_three_intervals_as_well() -> None:
    messages = [*all_well(), GatewayState(T0 + MINUTE, "gw", "offline"), back()]
    messages += [GatewayState(HOURS, "gw", "online"), *heard(HOURS, A), *heard(HOURS + 9 * MINUTE, B, C)]
    assert play(site(), *messages) == []
