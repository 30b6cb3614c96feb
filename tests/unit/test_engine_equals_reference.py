"""The engine equals the slow reference, wherever its messages are cut, and from any snapshot."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.alerts.engine import Engine, EngineMessage, Readings
from services.observation.batch import concat
from services.observation.site import Site
from tests.support.engine_traces import cut, told_of, traces
from tests.support.engine_world import MINUTE, T0, city, engine_of, rules_of, sensor, without_detection
from tests.support.reference_engine import ReferenceEngine

SENSORS = ("a.water_level", "b.water_level", "c.water_level", "d.door", "e.air_temperature")
_DELAYS = st.sampled_from([0, 0, 60, 600, 1200, 1500])


_MORE: list[dict[str, Any]] = [
    {
        "id": "k",
        "kind": "k_of_n",
        "hazard": "flood",
        "property": "water_level",
        "advisory": 1,
        "watch": 2,
        "k": 1,
        "hysteresis": 0.5,
        "on_delay_s": 600,
    },
    {
        "id": "rise",
        "kind": "rate",
        "hazard": "flood",
        "property": "water_level",
        "advisory": 0.5,
        "warning": 3,
        "window_s": 2400,
        "above": 0.5,
        "off_delay_s": 600,
    },
    {"id": "derived", "hazard": "flood", "property": "water_level_rate", "watch": 0.1, "hysteresis": 0.05},
    {
        "id": "either",
        "kind": "or",
        "hazard": "flood",
        "severity": "watch",
        "of": [{"property": "door", "at_least": 1}, {"property": "air_temperature", "at_most": 0}],
    },
]
"""Rules the reference does not know; cuts, snapshots and partitions must not matter to them either."""

COUNTS: list[dict[str, Any]] = [
    {"id": "many", "kind": "count", "hazard": "flood", "property": "water_level", "at_least": 1,
     "hysteresis": 0.5,     "advisory": 2, "watch": "60%", "off_delay_s": 600},
    {"id": "each", "kind": "count", "hazard": "flood", "property": "water_level", "at_most": 0.5,
     "per": "gateway",     "watch": 1, "warning": "100%", "on_delay_s": 600},
    {"id": "doors", "kind": "count", "hazard": "flood", "property": "door", "at_least": 1, "per": "gateway",
     "hysteresis": 0.5, "watch": 1, "on_delay_s": 500, "off_delay_s": 900},
]  # fmt: skip


@st.composite
def sites(draw: st.DrawFn, *, more: bool = False) -> Site:
    """A city of five sensors on two gateways, with rules of every kind the reference knows, or `more`."""
    rules: list[dict[str, Any]] = []
    for at in range(draw(st.integers(1, 3))):
        down = draw(st.booleans())
        low = draw(st.sampled_from([0.0, 1.0, 2.0]))
        rungs = {"advisory": low, "watch": low + 1, "emergency": low + 2}
        rule: dict[str, Any] = {
            "id": f"level-{at}",
            "hazard": "flood",
            "property": draw(st.sampled_from(["water_level", "door", "air_temperature"])),
            "hysteresis": draw(st.sampled_from([0.0, 0.5, 1.0])),
            "on_delay_s": draw(_DELAYS),
            "off_delay_s": draw(_DELAYS),
            "direction": "down" if down else "up",
            **{word: -value if down else value for word, value in rungs.items()},
        }
        if draw(st.booleans()):
            rule["late"] = "reevaluate"
            rule["max_late_s"] = draw(st.sampled_from([600, 86400]))
        if draw(st.integers(0, 3)) == 0:
            rule["schedule"] = {"from": "05:30", "to": draw(st.sampled_from(["06:10", "05:00"]))}
        if draw(st.integers(0, 3)) == 0:
            # T0 is early on 15 November in Việt Nam; a trace may last for days.
            rule[draw(st.sampled_from(["valid_from", "valid_to"]))] = draw(
                st.sampled_from(["2023-11-14", "2023-11-15", "2023-11-16"])
            )
        if draw(st.integers(0, 2)) == 0:
            del rule["watch"]
        rules.append(rule)
    if draw(st.booleans()):
        rules.append({"id": "sensor-silent", "kind": "silent", "hazard": "system", "severity": "advisory"})
    if draw(st.booleans()):
        rules.append(
            {
                "id": "stuck",
                "kind": "stuck",
                "hazard": "flood",
                "property": "water_level",
                "severity": "watch",
                "tolerance": draw(st.sampled_from([0.0, 0.5])),
                "window_s": 1200,
            }
        )
    rules += _MORE if more else []
    rules += COUNTS if draw(st.booleans()) else []
    found = [
        sensor("a.water_level", 600),
        sensor("b.water_level", 300),
        sensor("c.water_level", 0),
        sensor("d.door", 900, "on_change"),
        sensor("e.air_temperature", 600, "on_change"),
    ]
    return city(
        found,
        rules,
        areas={"b": "other"},
        attributes={"a": {"bd1": 1.0}, "b": {"bd1": 0.5}},
        gateways={"c": "gw2", "e": "gw2", "b": draw(st.sampled_from(["gw", "gw2"]))},
        reporting_s=draw(st.sampled_from([None, 900.0])),
    )


quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(sites(), traces(SENSORS))
def test_the_engine_tells_what_the_reference_tells(site: Site, trace: list[EngineMessage]) -> None:
    note(repr([raw.table for raw in site.rules]))
    engine, slow = engine_of(site), ReferenceEngine(site, rules_of(site), T0)
    for message in trace:
        note(repr(message))
        told = told_of(engine.apply([message]))
        reference = slow.apply([message])
        # A tick lets timers fire in order of time; the reference goes sensor by sensor.
        assert sorted(told, key=str) == sorted(reference, key=str)
        if isinstance(message, Readings):
            assert told == reference


@quick
@given(sites(more=True), traces(SENSORS), st.lists(st.integers(0, 8), max_size=4))
def test_split_anywhere_the_events_are_the_same(
    site: Site, trace: list[EngineMessage], at: list[int]
) -> None:
    uncut = engine_of(site)
    whole = uncut.apply(trace)
    pieces = [piece for message in trace for piece in cut(message, at)]
    engine = engine_of(site)
    parts = [event for piece in pieces for event in engine.apply([piece])]
    note(repr([raw.table for raw in site.rules]))
    note(repr(trace))
    assert told_of(parts) == told_of(whole)
    assert without_detection(parts) == without_detection(whole)
    assert engine.snapshot() == uncut.snapshot()
    derived, expected = engine.take_derived(), uncut.take_derived()
    assert derived.sensors == expected.sensors
    assert (derived.time == expected.time).all()
    assert (derived.value == expected.value).all()


@quick
@given(sites(more=True), traces(SENSORS), st.data())
def test_a_snapshot_at_any_message_goes_on_alike(
    site: Site, trace: list[EngineMessage], data: st.DataObject
) -> None:
    whole = engine_of(site)
    at = data.draw(st.integers(0, len(trace)))
    events = whole.apply(trace[:at])
    resumed = Engine.restore(site, rules_of(site), whole.snapshot())
    assert resumed.snapshot() == whole.snapshot()
    assert events + resumed.apply(trace[at:]) == engine_of(site).apply(trace)


@quick
@given(sites(more=True), traces(SENSORS))
def test_partitions_together_tell_what_one_engine_tells(site: Site, trace: list[EngineMessage]) -> None:
    whole = told_of(engine_of(site).apply(trace))
    split = [told for p in range(16) for told in told_of(engine_of(site, p).apply(trace))]
    assert sorted(split, key=str) == sorted(whole, key=str)


def test_concat_of_nothing_tells_nothing() -> None:
    site = city([sensor("a.water_level")])
    assert engine_of(site).apply([Readings(concat([]))]) == []
    assert engine_of(site).apply([]) == []
    assert np.isnan(MINUTE * float("nan"))
