"""Reading rules: what is refused, with its line and a remedy, and which defaults apply."""

from typing import Any

import msgspec
import pytest

from services.alerts.hazard import HIDDEN
from services.alerts.hazards import hazards, properties
from services.alerts.rule import Kind, parse_rules
from services.alerts.rule.expression import parse
from services.alerts.rule.schedule import Schedule, parse_window
from tests.support.engine_world import MINUTE, T0, city, rules_of, sensor
from tests.support.site_folder import STATIONS, parsed

A = "a.water_level"
GOOD: dict[str, Any] = {
    "id": "level",
    "hazard": "flood",
    "property": "water_level",
    "advisory": 1,
    "watch": 2,
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"advisry": 1}, "advisry"),
        ({"hazard": "floods"}, "floods"),
        ({"property": "water_levels"}, "water_levels"),
        ({"kind": "treshold"}, "treshold"),
        ({"advisory": 3}, "watch 2"),
        ({"advisory": 2}, "watch 2"),
        ({"direction": "down"}, "watch 2"),
        ({"advisory": "bd1"}, "not a threshold"),
        ({"advisory": "station.bd9"}, "bd9"),
        ({"advisory": True}, "not a threshold"),
        ({"advisory": float("nan")}, "not a threshold"),
        ({"areas": ["nowhere"]}, "nowhere"),
        ({"stations": ["z"]}, "'z'"),
        ({"stations": "a"}, "not a list"),
        ({"hysteresis": -1}, "hysteresis"),
        ({"on_delay_s": "10"}, "on_delay_s"),
        ({"off_delay_s": {"high": 1}}, "off_delay_s"),
        ({"late": "yes"}, "late"),
        ({"status": "law"}, "law"),
        ({"schedule": {"from": "25:00"}}, "schedule"),
        ({"id": "Level 1"}, "id"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_line_and_remedy(change: dict[str, Any], word: str) -> None:
    rules, problems = parse_rules(city([sensor(A)], [GOOD | {"id": "first"}, GOOD | change]))
    assert len(problems) == 1
    (problem,) = problems
    assert word in problem.what.en
    assert problem.file == "rules.toml"
    assert problem.line == 2
    assert problem.remedy.en
    assert problem.remedy.vi
    assert problem.what.vi != problem.what.en
    assert "level" not in [rule.id for rule in rules]


def test_a_rule_without_rung_or_id_is_refused() -> None:
    for broken in (
        {"id": "x", "hazard": "flood", "property": "water_level"},
        {k: v for k, v in GOOD.items() if k != "id"},
    ):
        assert len(parse_rules(city([sensor(A)], [broken]))[1]) == 1


def test_a_ladder_out_of_order_at_one_station_is_refused_by_name() -> None:
    rule = GOOD | {"advisory": "station.bd1", "watch": "station.bd2"}
    site = city(
        [sensor(A), sensor("b.water_level")],
        [rule],
        attributes={"a": {"bd1": 1, "bd2": 2}, "b": {"bd1": 2, "bd2": 1}},
    )
    (problem,) = parse_rules(site)[1]
    assert "(b)" in problem.what.en


def test_a_rule_declared_twice_is_refused() -> None:
    (problem,) = parse_rules(city([sensor(A)], [GOOD, GOOD]))[1]
    assert "twice" in problem.what.en


def test_default_rules_apply_unless_the_site_has_one_of_the_same_id() -> None:
    site = city([sensor(A)], bare=False)
    assert {rule.id for rule in rules_of(site)} >= {"flood-level", "street-depth", "sensor-silent"}
    own = city([sensor(A)], [GOOD | {"id": "flood-level"}], bare=False)
    (level,) = [rule for rule in rules_of(own) if rule.id == "flood-level"]
    assert not level.default
    off = city([sensor(A)], [GOOD | {"id": "flood-level", "enabled": False}], bare=False)
    assert "flood-level" not in {rule.id for rule in rules_of(off)}


def test_the_version_names_what_a_rule_says_and_nothing_else() -> None:
    def version(change: dict[str, Any]) -> str:
        return next(
            rule.version for rule in rules_of(city([sensor(A)], [GOOD | change])) if rule.id == "level"
        )

    assert len(version({})) == 12
    assert int(version({}), 16) >= 0
    assert (
        version({})
        == version({"source": "a decree", "status": "legal"})
        == version({"on_delay_s": 0, "kind": "threshold"})
    )
    assert (
        len(
            {
                version(c)
                for c in (
                    {},
                    {"advisory": 1.5},
                    {"hysteresis": 0.1},
                    {"on_delay_s": 1},
                    {"late": "reevaluate"},
                )
            }
        )
        == 5
    )


def test_an_expression_takes_the_first_alternative_a_station_can_answer() -> None:
    found = parse("station.historic_max or station.bd3 + 1.0")
    assert found is not None
    assert found.resolve({"historic_max": 5.2, "bd3": 3.7}) == 5.2
    assert found.resolve({"bd3": 3.5}) == 4.5
    assert found.resolve({}) is None
    assert str(found) == "station.historic_max or station.bd3 + 1"
    assert parse("station.bd1 - 0.5").resolve({"bd1": 0.0}) == -0.5  # type: ignore[union-attr]
    assert parse(0).resolve({}) == 0.0  # type: ignore[union-attr]
    for bad in ("", "bd1", "station.", "station.bd1 * 2", "import os", None, [1], float("inf")):
        assert parse(bad) is None


def test_a_window_over_midnight_is_open_on_both_sides_of_it() -> None:
    window = parse_window({"from": "22:00", "to": "05:00", "days": ["tue"]})
    assert window is not None
    schedule = Schedule((window,), "Asia/Ho_Chi_Minh")
    midnight = T0 - 314 * MINUTE  # Wednesday 00:00 in Việt Nam
    inside = [-121, -120, -1, 0, 299, 300]
    assert [schedule.open_at(midnight + at * MINUTE) for at in inside] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert schedule.next_edge(midnight) == midnight + 300 * MINUTE
    assert schedule.next_edge(midnight + 300 * MINUTE) == midnight + (6 * 1440 + 1320) * MINUTE


def test_every_hazard_is_complete_in_both_languages() -> None:
    assert {"flood", "system"} <= set(hazards())
    for hazard in hazards().values():
        assert set(hazard.advice) == {"advisory", "watch", "warning", "emergency"}
        texts = [hazard.text, *hazard.words.values()]
        texts += [text for one in hazard.advice.values() for text in (one.operator, one.public)]
        assert all(text.vi and text.en and text.vi != text.en for text in texts)
        for derivation in hazard.derives:
            shown = [name for name in derivation.outputs if not name.startswith(HIDDEN)]
            assert all(properties()[name].derived for name in shown)


def test_silent_needs_no_property_and_has_no_ladder() -> None:
    table = {"id": "s", "kind": "silent", "hazard": "system", "severity": "watch"}
    (rule,) = [rule for rule in rules_of(city([sensor(A)], [table])) if rule.id == "s"]
    assert (rule.kind, rule.severity) == (Kind.SILENT, 1)
    assert len(parse_rules(city([sensor(A)], [table | {"advisory": 1}]))[1]) == 1


def test_rules_travel_as_plain_data() -> None:
    for rule in rules_of(city([sensor(A)], [GOOD], bare=False)):
        assert msgspec.json.decode(msgspec.json.encode(rule))["id"] == rule.id


def test_alert_levels_of_a_station_that_do_not_rise_are_refused_at_its_own_line() -> None:
    site = parsed(stations_geojson=STATIONS.replace('"bd1": 1.2, "bd2": 1.6', '"bd1": 1.6, "bd2": 1.2'))
    found = [problem for problem in parse_rules(site)[1] if problem.file == "stations.geojson"]
    assert [problem.level for problem in found] == ["error"]
    assert "bd1, bd2, bd3" in found[0].remedy.vi
    assert found[0].line == STATIONS[: STATIONS.index("vt-flood-001")].count("\n") + 1


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "k_of_n", "k": 2, "watch": 1.0, "property": "water_level", "stations": ["a-1", "b-1"]},
        {
            "kind": "and",
            "severity": "watch",
            "stations": ["a-1"],
            "of": [
                {"property": "water_level", "at_least": 1.0},
                {"property": "water_level", "at_least": 1.0, "stations": ["b-1"]},
            ],
        },
    ],
)
def test_a_rule_whose_stations_no_partition_sees_together_is_refused(table: dict[str, Any]) -> None:
    both = [sensor("a-1.water_level"), sensor("b-1.water_level")]
    site = city(both, [{"id": "both", "hazard": "flood", **table}], areas={"a-1": "a", "b-1": "b"})
    found = [problem for problem in parse_rules(site)[1] if problem.level == "error"]
    assert [problem.line for problem in found] == [1]
    assert "site" in found[0].remedy.en


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"id": "gateway-silent", "kind": "silent", "hazard": "system"}, "system's own"),
        (
            {"id": "r", "hazard": "flood", "kind": "rate", "property": "water_level_rate", "watch": 1},
            "derived",
        ),
        (
            {"id": "r", "hazard": "flood", "kind": "k_of_n", "property": "water_level", "watch": 1, "k": 1.5},
            "can't be met",
        ),
        (
            {
                "id": "r",
                "hazard": "flood",
                "kind": "k_of_n",
                "property": "water_level",
                "watch": 1,
                "of": ["a"],
                "k": 2,
            },
            "can't be met",
        ),
    ],
)
def test_a_rule_that_could_never_speak_is_refused(table: dict[str, Any], word: str) -> None:
    site = city([sensor("a.water_level")], [table])
    found = [problem for problem in parse_rules(site)[1] if problem.level == "error"]
    assert any(word in problem.what.en for problem in found)


def test_a_default_rule_is_switched_off_by_its_name_alone() -> None:
    site = city([sensor("a.water_level")], [{"id": "sensor-silent", "enabled": False}], bare=False)
    rules, problems = parse_rules(site)
    assert not problems
    assert "sensor-silent" not in {rule.id for rule in rules}


def test_a_property_that_only_this_site_has_can_have_a_rule() -> None:
    table = {"id": "r", "hazard": "flood", "property": "well_level", "watch": 1.0}
    assert not parse_rules(city([sensor("a.well_level")], [table]))[1]
    assert parse_rules(city([sensor("a.water_level")], [table]))[1]
