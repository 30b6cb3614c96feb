"""Why, and why not: each state of a rule is told from the engine's own state, in both languages."""

from typing import Any

import pytest

from services.alerts.explain import Explanation, RuleState, explain
from services.alerts.explain.words import headline, why
from services.observation.messages import Tick
from services.observation.site import BROKER
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor

A = "a.water_level"
LEVEL: dict[str, Any] = {
    "id": "level", "hazard": "flood", "property": "water_level", "advisory": 2.0, "hysteresis": 0.5,
    "on_delay_s": 1200, "off_delay_s": 1200,
}  # fmt: skip
SILENT = {"id": "sensor-silent", "hazard": "system", "kind": "silent", "severity": "advisory"}


def at(
    *rows: tuple[float, float] | tuple[float, float, int], now: int | None = None, **more: Any
) -> Explanation:
    """The explanation after readings (minute, value[, flag])."""
    engine = engine_of(city([sensor(A)], [{**LEVEL, **more}, SILENT]))
    engine.apply([readings((A, T0 + round(one[0] * MINUTE), *one[1:])) for one in rows])
    last = T0 + round(rows[-1][0] * MINUTE)
    instant = last if now is None else T0 + now * MINUTE
    engine.apply([Tick(last, 0, [BROKER], {"gw": last}), Tick(instant, instant - last, [BROKER], {})])
    return explain(engine, A, instant)


def rule(found: Explanation, name: str = "level") -> RuleState:
    return next(one for one in found.rules if one.rule == name)


def said(found: Explanation, name: str = "level") -> str:
    text = why(found, rule(found, name))
    assert text.vi != text.en
    return text.en


def test_below_the_threshold_it_says_by_how_much() -> None:
    found = at((0, 1.25))
    assert said(found) == "No alert: 1.25 m is 0.75 m below the advisory threshold 2 m."
    assert rule(found).severity is None


def test_within_the_on_delay_it_says_how_long_it_still_takes() -> None:
    found = at((0, 2.5), (10, 2.5))
    assert "must last 20 min: 10 min left" in said(found)
    assert rule(found).rungs[0].left_s == 600.0


def test_an_alert_that_stands_says_since_when() -> None:
    found = at((0, 2.5), (10, 2.5), (20, 2.5), (30, 2.6))
    assert said(found) == "At advisory: 2.6 m ≥ threshold 2 m; the alert began 30 min ago."
    assert rule(found).alert is not None


def test_between_threshold_and_clear_level_the_hysteresis_holds_it() -> None:
    found = at((0, 2.5), (10, 2.5), (20, 2.5), (30, 1.7))
    assert "the hysteresis holds it" in said(found)
    assert rule(found).rungs[0].holding


def test_below_the_clear_level_the_off_delay_runs() -> None:
    assert "15 min of the off-delay left" in said(at((0, 2.5), (10, 2.5), (20, 2.5), (30, 1.0), (35, 1.0)))


def test_a_suspect_reading_waits_for_another() -> None:
    found = at((0, 0.1), (10, 9.0, 3), on_delay_s=0)
    assert "waits for another reading to confirm" in said(found)
    assert "suspect" in headline(found).en


def test_a_failed_reading_moves_nothing() -> None:
    found = at((0, 1.0), (10, 99.0, 4))
    assert "failed quality control" in headline(found).en
    assert found.value == 1.0


def test_a_silent_sensor_is_said_to_be_silent_and_its_alert_is_kept_unseen() -> None:
    found = at((0, 2.5), (10, 2.5), (20, 2.5), now=60)
    assert found.silent
    assert "not seen any more" in said(found)
    assert said(found, "sensor-silent") == "No reading for more than 30 min."


def test_before_it_is_silent_it_says_when_it_will_be() -> None:
    assert "silent after 20 min more" in said(at((0, 1.0), now=10), "sensor-silent")


def test_outside_its_schedule_a_rule_is_not_judged() -> None:
    hours = [{"from": "07:00", "to": "08:00"}]  # it is 05:14 in Việt Nam
    assert "Outside the rule's schedule" in said(at((0, 9.0), schedule=hours))


def test_a_rule_that_is_not_on_the_sensor_says_why() -> None:
    elsewhere = {**LEVEL, "stations": ["b"]}
    site = city(
        [sensor(A), sensor("b.water_level")],
        [elsewhere, {**LEVEL, "id": "bd", "advisory": "station.bd1 + 0"}],
        attributes={"b": {"bd1": 1.0}},
    )
    engine = engine_of(site)
    engine.apply([readings((A, T0, 9.0))])
    found = {one.rule: one.why.en for one in explain(engine, A, T0).elsewhere}
    assert found["level"] == "Only at other stations."
    assert "bd1" in found["bd"]


def test_what_never_spoke_and_what_is_not_there() -> None:
    engine = engine_of(city([sensor(A)], [LEVEL]))
    assert headline(explain(engine, A, T0)).en == "No reading has come yet."
    with pytest.raises(LookupError):
        explain(engine, "a.nothing", T0)


def test_to_be_asked_changes_nothing() -> None:
    engine = engine_of(city([sensor(A)], [LEVEL]))
    engine.apply([readings((A, T0, 2.5), (A, T0 + 10 * MINUTE, 2.5))])
    before = engine.snapshot()
    explain(engine, A, T0 + 12 * MINUTE)
    assert engine.snapshot() == before
