"""Rules on what is derived: bounds, absence, blindness, late readings, held values, words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from services.alerts.columns.slope import theil_sen
from services.alerts.derive import Computed, Series
from services.alerts.hazard import Derivation, ordered
from services.alerts.judging.core import Core
from services.alerts.rule.expression import parse
from services.observation.batch import Batch
from tests.support.derivations import again, only, rise, sums
from tests.support.engine_world import MINUTE, SECOND, T0, city, engine_of, readings, sensor, tick, told

RAIN, LEAST = "a.rainfall", "a.rain_least"
STEP = 10 * MINUTE
WET: dict[str, Any] = {"id": "wet", "hazard": "flood", "property": "rain_least", "watch": 10, "hysteresis": 1}
TIDE = Derivation(("rain_least", "rain_tide"), "rainfall", sums, 2400, inputs=("tide_level",))


@contextmanager
def derived(*derivations: Derivation) -> Iterator[None]:
    with only(derivations):
        yield


@pytest.fixture(autouse=True)
def _rain() -> Iterator[None]:
    with derived(TIDE):
        yield


def rain(*values: float, start: int = 0) -> list[tuple[str, int, float]]:
    return [(RAIN, T0 + (start + at) * STEP, value) for at, value in enumerate(values)]


def values(batch: Batch) -> list[tuple[str, float, int]]:
    return [
        (batch.sensors[at], float(value), int(flag))
        for at, value, flag in zip(batch.sensor, batch.value, batch.flag, strict=True)
    ]


def test_at_least_so_much_raises_at_once_and_is_marked_and_ends_nothing() -> None:
    engine = engine_of(city([sensor(RAIN)], [WET]))
    events = engine.apply([readings(*rain(12.0))])
    assert told(events) == [f"raised watch {LEAST} @0"]
    assert events[0].data.flag == 3
    # Too few readings in forty minutes: at least nothing.
    rows = [(RAIN, T0 + minutes * MINUTE, 0.0) for minutes in (25, 50)]
    assert told(engine.apply([readings(*rows)])) == []
    assert told(engine.apply([readings(*rain(0.0, start=6))])) == [f"cleared watch {LEAST} @60"]
    taken = [(value, flag) for name, value, flag in values(engine.take_derived()) if name == LEAST]
    assert taken == [(12.0, 3), (12.0, 3), (0.0, 3), (0.0, 1)]


def test_at_least_so_much_is_nothing_to_a_rule_that_looks_down() -> None:
    dry = {**WET, "direction": "down", "watch": 1}
    engine = engine_of(city([sensor(RAIN)], [dry]))
    assert told(engine.apply([readings(*rain(0.0, 0.0))])) == []
    assert told(engine.apply([readings(*rain(0.0, start=2))])) == [f"raised watch {LEAST} @20"]


def test_what_there_is_none_of_ends_its_alert_through_the_off_delay_and_is_not_published() -> None:
    over = {"id": "over", "hazard": "flood", "property": "rain_over", "watch": 1, "off_delay_s": 600}
    with derived(Derivation(("rain_over",), "rainfall", again, 3600)):
        engine = engine_of(city([sensor(RAIN)], [over]))
        events = engine.apply([readings(*rain(0.0, 2.0, -1.0, -1.0))])
        assert told(events) == ["raised watch a.rain_over @10", "cleared watch a.rain_over @30"]
        assert values(engine.take_derived()) == [("a.rain_over", 2.0, 1)]


def test_below_the_floor_there_is_no_rise_to_raise_when_a_schedule_opens() -> None:
    one = Derivation(("level_rise",), "water_level", rise, 2400, 16, above=parse(1.0))
    by_day = [{"from": "05:00", "to": "05:40"}, {"from": "05:50", "to": "06:50"}]  # T0 is 05:14
    fast = {"id": "fast", "hazard": "flood", "property": "level_rise", "watch": 0.5, "off_delay_s": 900}
    with derived(one):
        engine = engine_of(city([sensor("a.water_level", 300)], [{**fast, "schedule": by_day}]))
        rows = [("a.water_level", T0 + at * 5 * MINUTE, 1.0 + at * 0.1) for at in range(5)]
        events = engine.apply([readings(*rows, ("a.water_level", T0 + 25 * MINUTE, 0.9))])
        events += engine.apply([readings(("a.water_level", T0 + 38 * MINUTE, 0.9))])
        assert told(events) == ["raised watch a.level_rise @20", "cleared watch a.level_rise @26"]


def test_a_source_that_fails_or_falls_silent_blinds_what_is_derived_from_it() -> None:
    engine = engine_of(city([sensor(RAIN), sensor("b.water_level")], [WET]))
    engine.apply([readings(*rain(5.0, 5.0, 5.0))])
    assert told(engine.apply([readings((RAIN, T0 + 3 * STEP, -9.0, 4))])) == [f"blind watch {LEAST} @30"]
    assert told(engine.apply([readings(*rain(5.0, start=4))])) == [f"sighted watch {LEAST} @40"]
    silence = tick(T0, {"gw": T0 + 8 * STEP})
    assert told(engine.apply([silence])) == [f"blind watch {LEAST} @70"]


def test_a_late_reading_fills_the_window_and_triggers_nothing() -> None:
    engine = engine_of(city([sensor(RAIN)], [WET]))
    rows = [rain(4.0)[0], rain(0.0, 0.0, 1.0)[2], rain(0.0, 5.0)[1]]
    assert told(engine.apply([readings(*rows)])) == []
    assert told(engine.apply([readings(*rain(0.5, start=3))])) == [f"raised watch {LEAST} @30"]
    assert [value for _, value, _ in values(engine.take_derived())] == [4.0, 5.0, 10.5]


def test_a_held_value_is_the_newest_good_one_that_had_come_before() -> None:
    engine = engine_of(city([sensor(RAIN), sensor("t.tide_level")], areas={"t": "site"}))
    tide = "t.tide_level"
    rows = [*rain(1.0), (tide, T0, 2.0), *rain(1.0, start=1), (tide, T0 + STEP, 9.0, 3), *rain(1.0, start=2)]
    rows += [(tide, T0 + 2 * STEP, 3.0, 4), *rain(1.0, start=3), (tide, T0 + 4 * STEP, 5.0)]
    engine.apply([readings(*rows)])
    engine.apply([readings(*rain(1.0, start=4)), readings(*rain(1.0, start=8))])
    products = [(value, flag) for name, value, flag in values(engine.take_derived()) if name == "a.rain_tide"]
    # None yet; 2.0; still 2.0 beside a suspect one; failing; 5.0; older than three intervals.
    assert products == [(4.0, 3), (6.0, 1), (25.0, 1)]


def test_a_window_may_be_so_many_intervals_of_the_source_wide() -> None:
    hourly = [(RAIN, T0 + at * 60 * MINUTE, 1.0 + at) for at in range(5)]
    for intervals, expected in ((0, []), (6, [1.0, 1.0])):
        one = Derivation(("rain_rise",), "rainfall", rise, 3600, 16, window_intervals=intervals)
        with derived(one):
            engine = engine_of(city([sensor(RAIN, 3600)]))
            engine.apply([readings(*hourly)])
            found = [value for _, value, _ in values(engine.take_derived())]
            assert found == pytest.approx(expected)


def test_derivations_are_made_in_the_order_they_need_and_never_in_a_circle() -> None:
    first = Derivation(("b",), "a", again, inputs=("c",))
    second = Derivation(("c",), "x", again)
    assert ordered([first, second]) == [second, first]
    with pytest.raises(LookupError, match="circle"):
        ordered([first, Derivation(("c",), "b", again)])


def test_a_combined_rule_reads_what_is_derived_and_takes_at_least_for_enough() -> None:
    both = {
        "id": "both",
        "kind": "and",
        "hazard": "flood",
        "severity": "warning",
        "of": [{"property": "rain_least", "at_least": 10}, {"property": "tide_level", "at_least": 4}],
    }
    site = city([sensor(RAIN), sensor("t.tide_level")], [both], areas={"t": "site"})
    engine = engine_of(site)
    rows = [("t.tide_level", T0, 4.2), *rain(12.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
    assert told(engine.apply([readings(*rows)])) == ["raised warning city @0", "cleared warning city @50"]


def test_a_reason_knows_what_was_derived_from_the_same_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, dict[str, float]]] = []

    def sentence(facts: Any, hazard: str) -> Any:
        from services.observation.text import Text

        seen.append((facts.property, dict(facts.beside)))
        return Text("", hazard)

    monkeypatch.setattr("services.alerts.judging.core.sentence", sentence)
    monkeypatch.setattr("services.alerts.judging.beside.speaking", lambda: {"flood"})
    level = {"id": "level", "hazard": "flood", "property": "rainfall", "watch": 5}
    engine = engine_of(city([sensor(RAIN)], [WET, level]))
    engine.apply([readings(*rain(4.0, 7.0))])
    assert seen == [("rainfall", {"rain_least": 11.0}), ("rain_least", {"rain_least": 11.0})]
    assert isinstance(engine._core, Core)


def test_the_interval_of_a_slope_holds_it_and_one_wrong_reading_hardly_moves_it() -> None:
    time = T0 + np.arange(16) * 225 * SECOND
    value = np.arange(16) * 225 / 3600 * 0.4 + np.tile([0.004, -0.004], 8)
    value[7] += 5.0
    upto = np.arange(16)
    series = Series(time, value, upto, time, value, 0, 0, {}, {}, lambda t: t)
    slope, low, high = theil_sen(series, 3600 * SECOND, interval=True)
    assert np.isnan(slope[:8]).all()  # not yet half the window
    assert slope[-1] == pytest.approx(0.4, abs=0.03)
    assert (low[8:] <= slope[8:]).all()
    assert (slope[8:] <= high[8:]).all()
    assert Computed(slope[None]).lower_bound is None


def test_the_ranks_of_the_interval_are_those_of_the_textbook() -> None:
    # n = 10, N = 45: C = 1.96 √(10 · 9 · 25 / 18) = 21.91, ranks 11.54 and 34.46 (counted from 1).
    time = np.arange(10) * 3_600 * SECOND
    value = np.array([0, 1, 4, 9, 16, 25, 36, 49, 64, 81], float)
    series = Series(time[:9], value[:9], np.array([9]), time[9:], value[9:], 0, 0, {}, {}, lambda t: t)
    slope, low, high = theil_sen(series, int(time[-1]), interval=True)
    slopes = np.sort([(value[j] - value[i]) / (j - i) for i in range(10) for j in range(i + 1, 10)])
    assert slope[0] == pytest.approx(slopes[22])
    assert low[0] == pytest.approx(np.interp(11.5442, np.arange(1, 46), slopes), abs=1e-3)
    assert high[0] == pytest.approx(np.interp(34.4558 + 1, np.arange(1, 46), slopes), abs=1e-3)
