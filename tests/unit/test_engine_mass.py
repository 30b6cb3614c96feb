"""Many silent sensors of one gateway are one alert; a gauge among them is told by itself."""

from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.alerts.engine import Engine, EngineMessage, SiteChange
from services.observation.site import Site
from tests.support.engine_traces import cut, told_of, traces
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
    without_detection,
)

SILENT: dict[str, Any] = {
    "id": "sensor-silent", "kind": "silent", "hazard": "system", "severity": "advisory", "per": "gateway",
}  # fmt: skip
LAMPS = [f"l{at}.active_power" for at in range(8)]
GAUGE = "g.water_level"


def street(lamps: int = 8, version: str = "v1", **rule: Any) -> Site:
    """Lamps of one cabinet, polled every ten minutes, and a flood gauge on the same gateway."""
    names = [sensor(name, unit="W") for name in LAMPS[:lamps]]
    return city([*names, sensor(GAUGE)], [{**SILENT, **rule}], version=version)


def heard(*names: str, at: int = 0) -> Any:
    return readings(*((name, T0 + at * MINUTE, 1.0) for name in names))


def clock(minute: int) -> Any:
    return tick(T0 + minute * MINUTE, {"gw": T0 + minute * MINUTE}, 0)


def test_a_cabinet_of_lamps_without_power_is_one_alert_that_names_them() -> None:
    engine = engine_of(street())
    engine.apply([heard(*LAMPS, GAUGE), clock(0)])
    events = engine.apply([heard(GAUGE, at=10), heard(GAUGE, at=20), heard(GAUGE, at=30), clock(31)])
    assert told(events) == ["raised advisory gw @30"]
    alert = events[0].data
    assert (alert.gateway, alert.sensor, alert.value, alert.threshold) == ("gw", None, 8.0, 5.0)
    assert alert.readings == LAMPS
    assert "8 of 8 sensors of gateway gw" in alert.reason.en
    assert "8 trên 8 cảm biến" in alert.reason.vi
    # They are heard again: that ends it at the instant at which they are too few.
    assert told(engine.apply([heard(*LAMPS, GAUGE, at=40), clock(40)])) == ["cleared advisory gw @40"]


def test_fewer_are_told_one_by_one_and_the_fifth_makes_one_alert_of_the_gateway() -> None:
    last = [heard(name, at=at) for at, name in enumerate(LAMPS)]
    said = play(street(), heard(GAUGE), *last, heard(GAUGE, at=29), clock(29), clock(33), clock(40))
    assert said == [
        "raised advisory l0.active_power @30",
        "raised advisory l1.active_power @31",
        "raised advisory l2.active_power @32",
        "raised advisory l3.active_power @33",
        "raised advisory gw @34",
    ]


def test_how_often_ticks_come_decides_nothing() -> None:
    last = [heard(name, at=at // 2) for at, name in enumerate(LAMPS)]
    seldom = play(street(), heard(GAUGE), *last, heard(GAUGE, at=29), clock(36))
    often = play(street(), heard(GAUGE), *last, heard(GAUGE, at=29), *(clock(29 + at) for at in range(8)))
    assert seldom == often
    assert seldom[-1] == "raised advisory gw @32"


def test_a_flood_gauge_among_silent_lamps_has_an_alert_of_its_own() -> None:
    engine = engine_of(street())
    engine.apply([heard(*LAMPS, at=0), heard(GAUGE, at=5), clock(5)])
    assert told(engine.apply([clock(34)])) == ["raised advisory gw @30"]
    assert told(engine.apply([clock(36)])) == ["raised advisory g.water_level @35"]


def test_few_lamps_are_no_crowd() -> None:
    said = play(street(lamps=4), heard(*LAMPS[:4], GAUGE), clock(0), clock(31))
    assert len(said) == 5


def test_who_is_silent_still_when_the_others_speak_is_told_by_itself() -> None:
    engine = engine_of(street())
    engine.apply([heard(*LAMPS, GAUGE), clock(0), heard(GAUGE, at=29), clock(31)])
    assert told(engine.apply([heard(*LAMPS[2:], GAUGE, at=40), clock(40)])) == [
        "cleared advisory gw @40",
        "raised advisory l0.active_power @40",
        "raised advisory l1.active_power @40",
    ]


def test_another_number_takes_effect_with_the_site_and_a_rule_that_goes_ends_its_alert() -> None:
    engine = engine_of(street())
    engine.apply([heard(*LAMPS, GAUGE), clock(0), heard(GAUGE, at=29), clock(31)])
    alone = street(version="v2", per="area")
    found = told(engine.apply([SiteChange(alone, rules_of(alone), T0 + 32 * MINUTE)]))
    assert min(found) == "cleared advisory gw @32"
    assert len(found) == 1 + len(LAMPS)


SENSORS = (*LAMPS[:5], GAUGE)


@st.composite
def streets(draw: st.DrawFn) -> Site:
    gauges = [sensor(name, draw(st.sampled_from([300, 600]))) for name in SENSORS]
    gateways = {"l4": draw(st.sampled_from(["gw", "gw2"])), "g": "gw2"}
    rules = [{**SILENT, "k": draw(st.integers(1, 4))}]
    return city(gauges, rules, gateways=gateways, areas={"l3": draw(st.sampled_from(["city", "other"]))})


quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(streets(), traces(SENSORS), st.lists(st.integers(0, 8), max_size=3), st.data())
def test_cut_restored_or_split_into_partitions_the_same_silence_is_told(
    site: Site, trace: list[EngineMessage], at: list[int], data: st.DataObject
) -> None:
    note(repr([raw.table for raw in site.rules]))
    uncut = engine_of(site)
    whole = uncut.apply(trace)
    engine = engine_of(site)
    parts = [event for message in trace for piece in cut(message, at) for event in engine.apply([piece])]
    assert without_detection(parts) == without_detection(whole)
    assert engine.snapshot() == uncut.snapshot()
    here = data.draw(st.integers(0, len(trace)))
    first = engine_of(site)
    before = first.apply(trace[:here])
    assert before + Engine.restore(site, rules_of(site), first.snapshot()).apply(trace[here:]) == whole
    owners = sorted({0, *engine_of(site).core.layout.owner.values()})
    split = [one for p in owners for one in told_of(engine_of(site, p).apply(trace))]
    assert sorted(split, key=str) == sorted(told_of(whole), key=str)
