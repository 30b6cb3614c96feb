"""What each rule really watches at a site, as the engine lays it out: derived sensors and groups included."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.alerts.columns.layout import Layout
from services.alerts.combining.groups import Groups
from services.alerts.hazards import strike_derivations
from services.alerts.rule import COMBINED, Kind, Rule
from services.alerts.rule.values import FILE
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
    """Warn of what would be silent for ever: rules with too few sensors, places without strikes."""
    counted = [rule for rule in rules if rule.kind in (Kind.K_OF_N, Kind.COUNT) and not rule.default]
    unheard = _unheard(site)
    if not counted:
        return unheard
    layout = Layout(site, rules, None)
    met = {group.rule.id for group in Groups(layout).groups}
    lines = {str(raw.table.get("id")): raw.line for raw in site.rules}
    few = [_too_few(layout, rule, lines[rule.id]) for rule in counted if rule.id not in met]
    return [*unheard, *few]


def _unheard(site: Site) -> list[Problem]:
    """Places that wait for strikes at a site that declares nobody who sends any."""
    if any(not source.adapter for source in site.sources):
        return []
    needs = [set(one.needs) for one in strike_derivations()]
    places = [
        station
        for station in site.stations.values()
        if any(station.attributes.keys() >= attributes for attributes in needs)
    ]
    if not places:
        return []
    return [
        Problem(
            "site.toml",
            1,
            Text(
                f"có {len(places)} nơi cần bảo vệ khỏi sét ({places[0].id}…) nhưng không có nguồn sét nào:"
                " sẽ không bao giờ cảnh báo sét",
                f"{counted_places(len(places))} protected from lightning ({places[0].id}…) and no source of"
                " strikes: they can never alert",
            ),
            Text(
                "khai báo mạng định vị sét bằng [[source]]",
                "declare the lightning network as a [[source]]",
            ),
            "warning",
        )
    ]


def counted_places(number: int) -> str:
    """English: so many places are."""
    return "1 place is" if number == 1 else f"{number} places are"


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
    least = min((rung.resolve({}) or 1.0 for rung in rule.rungs if rung is not None), default=1.0)
    need = rule.k if rule.kind is Kind.K_OF_N else f"{least:g}"
    return Problem(
        FILE,
        line,
        Text(
            f"quy tắc {rule.id}: cần {need} nhưng chỉ có nhiều nhất {most} cảm biến {rule.property}"
            f"{' trong một khu vực' if rule.of is None else ''}; quy tắc sẽ không bao giờ cảnh báo",
            f"rule {rule.id}: {need} are needed, and at most {most} {'sensor' if most == 1 else 'sensors'} of"
            f" {rule.property} can be counted{' in one area' if rule.of is None else ''}: it can never alert",
        ),
        Text(
            "giảm số cần có, hoặc thêm cảm biến vào sensors.csv",
            "lower the number, or add sensors to sensors.csv",
        ),
        "warning",
    )
