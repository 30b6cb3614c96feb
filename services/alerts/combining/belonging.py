"""Who belongs to a rule over several sensors: its groups by area or gateway, kind by kind."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from services.alerts.columns.layout import FOREVER, Layout
from services.alerts.combining.members import Group, Leaf
from services.alerts.rule import COMBINED, Kind, Rule
from services.alerts.rule.expression import Expression
from services.observation.topics import SITE_SCOPE


class _Rows:
    """Rows of a layout by property, and by property and area."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.of: dict[str, list[int]] = defaultdict(list)
        self.within: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, name in enumerate(layout.property):
            self.of[name].append(row)
            self.within[name, layout.area[row]].append(row)

    def some(self, name: str, areas: Iterable[str], stations: Sequence[str] | None) -> list[int]:
        """Rows of a property in areas, at some stations if these are named."""
        found = sorted(row for area in set(areas) for row in self.within.get((name, area), ()))
        if stations is None:
            return found
        named = set(stations)
        return [row for row in found if self.layout.station[row] in named]


def groups_of(layout: Layout) -> list[Group]:
    """Every rule over several sensors in every area, or at every gateway, where it may come true."""
    rows = _Rows(layout)
    found: list[Group] = []
    for rule in layout.rules:
        if rule.kind not in COMBINED:
            continue
        for area in _areas(layout, rule):
            if layout.only is None or layout.owner[area] == layout.only:
                found += _groups(layout, rows, rule, area)
    return found


def _areas(layout: Layout, rule: Rule) -> list[str]:
    named = {*(rule.of or ()), *(station for one in rule.inputs for station in one.stations or ())}
    found = {layout.site.stations[station].area for station in named} - {SITE_SCOPE}
    if found:
        return sorted(found)
    return list(rule.areas) if rule.areas is not None else [*layout.site.areas, SITE_SCOPE]


def _groups(layout: Layout, rows: _Rows, rule: Rule, area: str) -> list[Group]:
    """Groups of a rule in an area; none that could never come true, or that belongs to the whole site."""
    if rule.kind is Kind.COUNT:
        found = _of_count(layout, rows, rule, area)
    elif rule.kind is Kind.K_OF_N:
        found = [Group(rule, area, None, area, _of_k(layout, rows, rule, area))]
    else:
        found = [Group(rule, area, None, area, _of_inputs(layout, rows, rule, area))]
    kept = []
    for group in found:
        local = any(layout.area[leaf.row] == area for leaf in group.leaves)
        if local and group.reachable():
            gaps = [int(layout.gap[leaf.row]) for leaf in group.leaves]
            group.gap = max((gap for gap in gaps if gap != FOREVER), default=FOREVER)
            if group.gateway is not None and all(layout.timed[leaf.row] for leaf in group.leaves):
                group.gap, group.clock = FOREVER, layout.gateway_row.get(group.gateway)
            kept.append(group)
    return kept


def _of_k(layout: Layout, rows: _Rows, rule: Rule, area: str) -> list[Leaf]:
    names = (rule.property or "", *rule.also)
    if rule.of is None:
        found = sorted(row for name in names for row in rows.some(name, [area], rule.stations))
    else:
        named = set(rule.of) & set(rule.stations or rule.of)
        found = sorted(row for name in names for row in rows.of.get(name, ()) if layout.station[row] in named)
    return [
        _leaf(layout, row, k, rung, rule.hysteresis[k], rule.sign)
        for row in found
        for k, rung in enumerate(rule.rungs)
        if rung is not None
    ]


def _of_inputs(layout: Layout, rows: _Rows, rule: Rule, area: str) -> list[Leaf]:
    leaves = []
    for condition, one in enumerate(rule.inputs):
        sign = 1.0 if one.at_least is not None else -1.0
        found = rows.some(one.property, [area, SITE_SCOPE], one.stations)
        if rule.stations is not None:
            found = [row for row in found if layout.station[row] in rule.stations]
        bound = one.at_least or one.at_most
        leaves += [_leaf(layout, row, condition, bound, one.hysteresis, sign) for row in found]
    return leaves


def _of_count(layout: Layout, rows: _Rows, rule: Rule, area: str) -> list[Group]:
    """The members of an area, or of each gateway in it; one that serves two areas has a group in each."""
    one = rule.inputs[0]
    sign = 1.0 if one.at_least is not None else -1.0
    by_gateway: dict[str | None, list[Leaf]] = defaultdict(list)
    for row in rows.some(one.property, [area], rule.stations):
        gateway = layout.site.stations[layout.station[row]].gateway if rule.per == "gateway" else None
        if gateway is not None or rule.per == "area":
            bound = one.at_least or one.at_most
            leaf = _leaf(layout, row, 0, bound, one.hysteresis, sign)
            if leaf.threshold == leaf.threshold:
                by_gateway[gateway].append(leaf)
    found = []
    for gateway in sorted(by_gateway, key=str):
        key = area
        if gateway is not None:
            home = layout.site.gateways[gateway].area if gateway in layout.site.gateways else area
            key = gateway if home == area else f"{gateway}/{area}"
        found.append(Group(rule, area, gateway, key, by_gateway[gateway]))
    return found


def _leaf(  # noqa: PLR0913  a leaf has these parts
    layout: Layout, row: int, plane: int, bound: Expression | None, hysteresis: float, sign: float
) -> Leaf:
    found = bound.resolve(layout.site.stations[layout.station[row]].attributes) if bound is not None else None
    threshold = float("nan") if found is None else found * sign
    return Leaf(row, plane, sign, threshold, threshold - hysteresis)
