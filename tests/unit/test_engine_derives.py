"""What is derived: the engine equals the slow reference, wherever it is cut, restored or split."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from services.alerts.engine import Engine, EngineMessage, Readings
from services.alerts.hazard import Derivation
from services.alerts.hazards import derivations as all_derivations
from services.observation.batch import Batch
from services.observation.site import Site
from tests.support.derivations import DERIVATIONS, NAMES, STRIKES, only
from tests.support.engine_traces import cut, runs, scattered, together, told_of, traces
from tests.support.engine_world import T0, city, engine_of, readings, rules_of, sensor, without_detection
from tests.support.reference_engine import ReferenceEngine

SENSORS = ("a.rainfall", "a.water_level", "b.water_level", "t.tide_level", "u.tide_level")
_DELAYS = st.sampled_from([0, 0, 600, 1500])
_COMBINED: list[dict[str, Any]] = [
    {
        "id": "both",
        "kind": "and",
        "hazard": "flood",
        "severity": "watch",
        "of": [
            {"property": "rain_least", "at_least": 2, "hysteresis": 0.5},
            {"property": "tide_over", "at_most": 1},
        ],
        "off_delay_s": 600,
    },
    {
        "id": "k",
        "kind": "k_of_n",
        "hazard": "flood",
        "property": "level_rise",
        "advisory": 0.5,
        "watch": 2,
        "k": 1,
    },
]
COUNTS: list[dict[str, Any]] = [
    {"id": "over", "kind": "count", "hazard": "flood", "property": "level_over", "at_least": 1.5,
     "advisory": 1, "watch": "100%", "on_delay_s": 300, "off_delay_s": 600},
    {"id": "far", "kind": "count", "hazard": "flood", "property": "far_low", "at_most": 11, "per": "gateway",
     "hysteresis": 0.5, "watch": 1},
]  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _derivations() -> Iterator[None]:
    with only():
        yield


@st.composite
def sites(draw: st.DrawFn, *, combined: bool = False) -> Site:
    """A gauge of rain and level, another of level, two of the tide; rules on what is derived from them."""
    rules: list[dict[str, Any]] = []
    for at in range(draw(st.integers(1, 4))):
        down = draw(st.booleans())
        low = draw(st.sampled_from([0.2, 0.5, 1.0]))
        rungs = {"advisory": low, "watch": low * 2, "emergency": low * 6}
        rule: dict[str, Any] = {
            "id": f"level-{at}",
            "hazard": "flood",
            "property": draw(st.sampled_from([*NAMES, "water_level"])),
            "hysteresis": draw(st.sampled_from([0.0, 0.1])),
            "on_delay_s": draw(_DELAYS),
            "off_delay_s": draw(_DELAYS),
            "direction": "down" if down else "up",
            **{word: -value + 2 if down else value for word, value in rungs.items()},
        }
        if draw(st.integers(0, 3)) == 0:
            rule["schedule"] = {"from": "05:30", "to": draw(st.sampled_from(["06:10", "05:00"]))}
        rules.append(rule)
    if draw(st.booleans()):
        rate = {"id": "rate", "kind": "rate", "hazard": "flood", "property": "water_level", "window_s": 1800}
        rules.append({**rate, "above": 0.5, "advisory": 0.5, "warning": 3, "off_delay_s": draw(_DELAYS)})
    if draw(st.booleans()):
        rules.append({"id": "sensor-silent", "kind": "silent", "hazard": "system", "severity": "advisory"})
    rules += _COMBINED if combined else []
    rules += COUNTS if draw(st.booleans()) else []
    found = [
        sensor("a.rainfall", 600),
        sensor("a.water_level", 300),
        sensor("b.water_level", 600, draw(st.sampled_from(["periodic", "on_change"]))),
        sensor("t.tide_level", draw(st.sampled_from([0, 600]))),
        sensor("u.tide_level", 600),
    ]
    bounds = {"a": {"bd1": 1.0}, "b": {"bd1": 0.9}} if draw(st.booleans()) else {"a": {"bd1": 0.0}}
    far = {"p": {"far": 1.0}, "q": {"far": 0.5}, "r": {"far": 0.0}}
    return city(
        found,
        rules,
        areas={
            "b": "other",
            "t": "site",
            "u": draw(st.sampled_from(["site", "city", "other"])),
            "q": "other",
            "r": "site",
        },
        places=list(far),
        attributes={**bounds, **far},
        gateways={"t": draw(st.sampled_from(["gw", "gw2"])), "u": "gw2", "b": "gw2"},
        reporting_s=draw(st.sampled_from([None, 900.0])),
    )


def rows_of(batch: Batch) -> list[tuple[str, int, float, int]]:
    """Tuples of a batch, sorted."""
    return sorted(
        (batch.sensors[at], int(t), float(value), int(flag))
        for at, t, value, flag in zip(batch.sensor, batch.time, batch.value, batch.flag, strict=True)
    )


TRACES = traces(SENSORS, (runs, runs, together, scattered))
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(sites(), TRACES)
def test_derived_sensors_tell_what_the_reference_tells(site: Site, trace: list[EngineMessage]) -> None:
    note(repr([raw.table for raw in site.rules]))
    engine, slow = engine_of(site), ReferenceEngine(site, rules_of(site), T0, DERIVATIONS)
    for message in trace:
        note(repr(message))
        told = told_of(engine.apply([message]))
        reference = slow.apply([message])
        assert sorted(told, key=str) == sorted(reference, key=str)
        if isinstance(message, Readings):
            assert told == reference
    assert rows_of(engine.take_derived()) == sorted(slow.derived)


@quick
@given(sites(combined=True), TRACES, st.lists(st.integers(0, 28), max_size=5))
def test_derived_readings_are_the_same_to_the_bit_wherever_a_batch_is_cut(
    site: Site, trace: list[EngineMessage], at: list[int]
) -> None:
    note(repr([raw.table for raw in site.rules]))
    note(repr(trace))
    uncut, engine = engine_of(site), engine_of(site)
    whole = uncut.apply(trace)
    parts = [event for message in trace for piece in cut(message, at) for event in engine.apply([piece])]
    assert told_of(parts) == told_of(whole)
    assert without_detection(parts) == without_detection(whole)
    assert engine.snapshot() == uncut.snapshot()
    derived, expected = engine.take_derived(), uncut.take_derived()
    assert derived.sensors == expected.sensors
    for name in ("time", "sensor", "value", "flag"):
        assert getattr(derived, name).tobytes() == getattr(expected, name).tobytes()


@quick
@given(sites(combined=True), TRACES, st.data())
def test_what_is_derived_goes_on_from_a_snapshot_at_any_message(
    site: Site, trace: list[EngineMessage], data: st.DataObject
) -> None:
    whole = engine_of(site)
    at = data.draw(st.integers(0, len(trace)))
    events = whole.apply(trace[:at])
    before = rows_of(whole.take_derived())
    resumed = Engine.restore(site, rules_of(site), whole.snapshot())
    assert resumed.snapshot() == whole.snapshot()
    uncut = engine_of(site)
    assert events + resumed.apply(trace[at:]) == uncut.apply(trace)
    assert sorted(before + rows_of(resumed.take_derived())) == rows_of(uncut.take_derived())
    assert resumed.snapshot() == uncut.snapshot()


@quick
@given(sites(combined=True), TRACES)
def test_partitions_together_derive_what_one_engine_derives(site: Site, trace: list[EngineMessage]) -> None:
    whole = engine_of(site)
    told = told_of(whole.apply(trace))
    split, derived = [], []
    for part in sorted({0, *engine_of(site)._core.layout.owner.values()}):
        engine = engine_of(site, part)
        split += told_of(engine.apply(trace))
        derived += rows_of(engine.take_derived())
    assert sorted(split, key=str) == sorted(told, key=str)
    assert sorted(derived) == rows_of(whole.take_derived())
    assert np.isfinite([value for _, _, value, _ in derived]).all()


def test_what_holds_for_an_instant_cannot_be_made_of_readings() -> None:
    of_strikes = STRIKES[0].outputs[0]
    wrong = Derivation((of_strikes,), "water_level", DERIVATIONS[0][0].compute)
    with only([wrong], STRIKES), pytest.raises(LookupError, match=f"{of_strikes} is momentary"):
        all_derivations()


def _rain_and_tide(gateway: str = "gw") -> Site:
    gauges = [sensor("a.rainfall"), sensor("a.tide_level"), sensor("a.water_level")]
    return city(gauges, gateways={"a": gateway})


def _hours(count: int, names: Sequence[str]) -> list[tuple[str, int, float]]:
    """Every ten minutes a reading of each, in that order; no two alike."""
    return [
        (name, T0 + at * 600_000_000, 1.0 + at + 0.1 * ord(name[2]) / 100)
        for at in range(count)
        for name in names
    ]


def test_in_which_order_a_gateway_lists_what_it_measured_together_decides_nothing() -> None:
    site = _rain_and_tide()
    rows = _hours(4, ["a.rainfall", "a.tide_level", "a.water_level"])
    found = []
    for listed in (
        rows,
        _hours(4, ["a.tide_level", "a.water_level", "a.rainfall"]),
        sorted(rows),
        sorted(rows, key=lambda row: (-ord(row[0][2]), row[1])),
    ):
        engine = engine_of(site)
        engine.apply([readings(*listed)])
        found.append(rows_of(engine.take_derived()))
    # As live: a pack every ten minutes; as a backtest: one message, cut between any two instants.
    for cuts in ([3, 6, 9], [6]):
        engine = engine_of(site)
        engine.apply(list(cut(readings(*rows), cuts)))
        found.append(rows_of(engine.take_derived()))
    tide = {t: value for name, t, value in rows if name == "a.tide_level"}
    over = {(t, name): value for name, t, value, _ in found[0]}
    assert over[T0, "a.rain_tide"] == over[T0, "a.rain_least"] * tide[T0]
    assert all(other == found[0] for other in found)


def test_what_another_pack_brings_later_is_not_seen_even_if_it_was_measured_at_once() -> None:
    engine = engine_of(_rain_and_tide())
    rain, tide = readings(("a.rainfall", T0, 2.0)), readings(("a.tide_level", T0, 3.0))
    engine.apply([rain, tide])
    assert [name for name, *_ in rows_of(engine.take_derived()) if name == "a.rain_tide"] == []
    engine = engine_of(_rain_and_tide())
    engine.apply([tide, rain])
    assert [row[2] for row in rows_of(engine.take_derived()) if row[0] == "a.rain_tide"] == [6.0]
