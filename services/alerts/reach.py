"""What each rule really watches at a site, as the engine lays it out: derived sensors and groups included."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.alerts.combine import Groups
from services.alerts.layout import Layout
from services.alerts.rule import COMBINED, Kind, Rule
from services.alerts.rule_tables import FILE
from services.observation.site import Problem, Site
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE


class Reach(NamedTuple):
    """Sensors a rule judges, and of a combined rule in how many areas or gateways; else `areas` is None."""

    sensors: int
    areas: int | None


def reach(site: Site, rules: Sequence[Rule]) -> dict[str, Reach]:
    """By id of the rule."""
    layout = Layout(site, rules, None)
    rows: dict[str, set[int]] = defaultdict(set)
    areas: dict[str, int] = defaultdict(int)
    for row, rule in zip(layout.row_at, layout.rule_at, strict=True):
        rows[rule.id].add(row)
    for group in Groups(layout).groups:
        areas[group.rule.id] += 1
        rows[group.rule.id] |= {leaf.row for leaf in group.leaves}
    return {
        rule.id: Reach(len(rows[rule.id]), areas[rule.id] if rule.kind in COMBINED else None)
        for rule in rules
    }


def never_met(site: Site, rules: Sequence[Rule]) -> list[Problem]:
    """Warn of rules of kind k_of_n that no area has enough sensors for: they would be silent for ever."""
    counted = [rule for rule in rules if rule.kind is Kind.K_OF_N and not rule.default]
    if not counted:
        return []
    layout = Layout(site, rules, None)
    met = {group.rule.id for group in Groups(layout).groups}
    lines = {str(raw.table.get("id")): raw.line for raw in site.rules}
    return [_too_few(layout, rule, lines[rule.id]) for rule in counted if rule.id not in met]


def _too_few(layout: Layout, rule: Rule, line: int) -> Problem:
    per_area: dict[str, int] = defaultdict(int)
    for row, name in enumerate(layout.property):
        if name != rule.property or (rule.stations is not None and layout.station[row] not in rule.stations):
            continue
        if rule.of is not None:
            per_area[SITE_SCOPE] += layout.station[row] in rule.of
        elif rule.areas is None or layout.area[row] in rule.areas:
            per_area[layout.area[row]] += 1
    most = max(per_area.values(), default=0)
    return Problem(
        FILE,
        line,
        Text(
            f"quy tắc {rule.id}: k = {rule.k} nhưng chỉ có nhiều nhất {most} cảm biến {rule.property}"
            f"{' trong một khu vực' if rule.of is None else ''}; quy tắc sẽ không bao giờ cảnh báo",
            f"rule {rule.id}: k = {rule.k}, and at most {most} {'sensor' if most == 1 else 'sensors'} of"
            f" {rule.property} can be counted{' in one area' if rule.of is None else ''}: it can never alert",
        ),
        Text(
            "giảm k, hoặc thêm cảm biến vào sensors.csv",
            "lower k, or add sensors to sensors.csv",
        ),
        "warning",
    )
