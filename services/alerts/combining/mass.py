"""Many silent sensors of one gateway as one alert: rules of kind `silent` with `per = "gateway"`.

Of such a rule, sensors are a *crowd* where `k` or more of one property hang on a gateway (in one area of it),
and that property is one that comes in numbers (`Property.many`). As long as fewer than `k` of the crowd are
silent, each has an alert of its own. When the k-th falls silent, with all that fall silent at the same
instant, one alert of the gateway is raised, and no further ones of its sensors; what was told of some before
stands until they speak. It ends when fewer than `k` are silent, and those that still are have alerts of their
own from then on. A sensor that is no part of a crowd, a gauge, is always told by itself and at once.

This is decided at ticks, all of a tick together, by the instants at which sensors fell silent and spoke: not
by how often ticks come. Silence that a crowd's sensor breaks before any tick knew of it is not told: so in a
replay much faster than ticks come, fewer such are told than live.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from services.alerts.hazard import Facts
from services.alerts.hazards import properties
from services.alerts.ladder import NEVER
from services.alerts.reasons import RULE_GONE, sentence
from services.alerts.rule import Kind, Rule
from services.observation.event import SEVERITIES, Alert, event_id
from services.observation.instants import iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE

if TYPE_CHECKING:
    from services.alerts.columns.layout import Layout
    from services.alerts.judging.core import Core

MOST_NAMED = 100
"""Sensors that an event names; its value tells how many there are."""


class Mass:
    """The crowd of a rule at a gateway, in one area.

    Attributes:
        name: of the gateway; with the area where that is not the gateway's own.
        cells, crowd: cells of all its sensors, and those that are the crowd.
        alert, previous, start: of the one alert, as in a cell.
        back: instants at which sensors of the crowd spoke again since the last tick.
    """

    __slots__ = ("alert", "area", "back", "cells", "crowd", "gateway", "name", "previous", "rule", "start")

    def __init__(self, rule: Rule, gateway: str, area: str, name: str) -> None:
        """Nobody in it yet."""
        self.rule, self.gateway, self.area, self.name = rule, gateway, area, name
        self.cells: list[int] = []
        self.crowd: set[int] = set()
        self.alert: str | None = None
        self.previous: str | None = None
        self.start = NEVER
        self.back: list[int] = []


class Masses:
    """All of a layout's partition."""

    def __init__(self, layout: "Layout") -> None:
        """Find the crowds; those of a gateway without one are not there."""
        found: dict[tuple[str, str], Mass] = {}
        site, known = layout.site, properties()
        for at, rule in enumerate(layout.rule_at):
            row = layout.row_at[at]
            if rule.kind is not Kind.SILENT or rule.per != "gateway" or layout.gateway[row] < 0:
                continue
            gateway, area = layout.gateways[int(layout.gateway[row])], layout.area[row]
            name = gateway if site.gateways[gateway].area == area else f"{gateway}/{area}"
            mass = found.setdefault((rule.id, name), Mass(rule, gateway, area, name))
            mass.cells.append(at)
        self.all: list[Mass] = []
        self.of: dict[int, Mass] = {}
        for mass in found.values():
            of = {at: layout.property[layout.row_at[at]] for at in mass.cells}
            count = Counter(name for name in of.values() if name in known and known[name].many)
            mass.crowd = {at for at, name in of.items() if count[name] >= mass.rule.k}
            if mass.crowd:
                self.all.append(mass)
                self.of |= dict.fromkeys(mass.crowd, mass)

    def spoke(self, at: int, t: int) -> None:
        """A silent sensor speaks again."""
        mass = self.of.get(at)
        if mass is not None:
            mass.back.append(t)

    def settle(self, core: "Core") -> None:
        """After a tick: tell what fell silent, by itself or together."""
        if not self.all:
            return
        cells = core.state.cells
        waiting: dict[str, list[int]] = defaultdict(list)
        for at in sorted(cells):
            mass = self.of.get(at)
            if mass is not None and cells[at].active and not cells[at].reported:
                waiting[mass.rule.id + "\n" + mass.name].append(at)
        for mass in self.all:
            new = waiting.get(mass.rule.id + "\n" + mass.name, [])
            if mass.back or (new and mass.alert is None):
                self._settle(core, mass, new)
                mass.back = []

    def _settle(self, core: "Core", mass: Mass, new: Sequence[int]) -> None:
        layout, state = core.layout, core.state
        silent = sum(bool(state.silent[layout.row_at[at]]) for at in mass.crowd)
        if mass.alert is not None:
            if silent >= mass.rule.k:
                return
            # The instant at which they became too few: counted back from now.
            back = sorted(mass.back)
            t = back[max(len(back) - (mass.rule.k - silent), 0)] if back else int(state.clock.max())
            self._tell(core, mass, "cleared", t, silent)
            mass.previous, mass.alert, mass.start = mass.alert, None, NEVER
            for at in new:
                row = layout.row_at[at]
                core.changed(at, state.cells[at], max(t, self._due(core, at)), int(state.base[row]))
            return
        by_instant: dict[int, list[int]] = defaultdict(list)
        for at in new:
            by_instant[self._due(core, at)].append(at)
        count = silent - len(new)
        for d in sorted(by_instant):
            count += len(by_instant[d])
            if count >= mass.rule.k:
                mass.start = min(int(state.base[layout.row_at[at]]) for at in by_instant[d])
                self._tell(core, mass, "raised", d, silent)
                return
            for at in by_instant[d]:
                core.changed(at, state.cells[at], d, int(state.base[layout.row_at[at]]))

    def _due(self, core: "Core", at: int) -> int:
        row = core.layout.row_at[at]
        return int(core.state.base[row]) + int(core.layout.silent[row])

    def _tell(  # noqa: PLR0913  an event has these parts
        self, core: "Core", mass: Mass, verb: str, t: int, silent: int, reason: Text | None = None
    ) -> None:
        layout, rule, site = core.layout, mass.rule, core.layout.site
        severity = SEVERITIES[rule.severity]
        identity = event_id(site.id, rule.id, rule.version, mass.name, mass.start, f"{verb}:{severity}", t)
        if verb == "raised":
            mass.alert = identity
        rows = sorted(
            (layout.row_at[at] for at in mass.crowd if core.state.silent[layout.row_at[at]]),
            key=layout.names.__getitem__,
        )
        members = {layout.names[row]: site.stations[layout.station[row]].name for row in rows[:MOST_NAMED]}
        gateway = site.gateways.get(mass.gateway)
        facts = Facts(
            verb=verb, severity=severity, rule=rule.id, kind=rule.kind, property=rule.property or "",
            place=Text(mass.name, mass.name) if gateway is None else layout.place_of_gateway(gateway),
            value=float(silent), unit="", threshold=float(rule.k), since=mass.start, time=t, attributes={},
            zone=site.zone, members=members, total=len(mass.crowd),
        )  # fmt: skip
        alert = Alert(
            alert_id=mass.alert or identity,
            previous=mass.previous,
            hazard=rule.hazard,
            area=SITE_AREA if mass.area == SITE_SCOPE else mass.area,
            gateway=mass.gateway,
            severity=severity,
            value=float(silent),
            threshold=float(rule.k),
            rule=rule.id,
            rule_version=rule.version,
            time=iso(t),
            detected_at=iso(core.cause.detected_at),
            since=iso(mass.start) if mass.start > NEVER else None,
            reason=sentence(facts, rule.hazard) if reason is None else reason,
            readings=list(members),
        )
        core.put(verb, identity, t, alert)

    def dump(self) -> list[Any]:
        """State by rule and name."""
        return [
            [mass.rule.id, mass.name, mass.alert, mass.previous, mass.start, sorted(mass.back)]
            for mass in self.all
            if mass.alert is not None or mass.previous is not None or mass.back
        ]

    def load(self, data: Iterable[Sequence[Any]]) -> None:
        """Take over what `dump` wrote, where rule and gateway still are."""
        by_key = {(mass.rule.id, mass.name): mass for mass in self.all}
        for rule, name, alert, previous, start, back in data:
            mass = by_key.get((rule, name))
            if mass is not None:
                mass.alert, mass.previous, mass.start, mass.back = alert, previous, start, list(back)

    def carry(self, core: "Core", old: "Core", t: int) -> None:
        """Take over the state of the version before; what is no crowd any more is told so."""
        self.load(old.masses.dump())
        here = {(mass.rule.id, mass.name) for mass in self.all}
        for mass in old.masses.all:
            if mass.alert is not None and (mass.rule.id, mass.name) not in here:
                old.out.clear()
                old.cause = core.cause
                old.masses._tell(old, mass, "cleared", t, 0, RULE_GONE)  # noqa: SLF001  the same class
                core.out += old.out
                old.out.clear()
