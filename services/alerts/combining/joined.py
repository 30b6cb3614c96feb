"""Events of rules over several sensors."""

from typing import TYPE_CHECKING

import numpy as np

from services.alerts.columns.layout import Layout
from services.alerts.combining.members import Counts, Group
from services.alerts.derive import Bools
from services.alerts.hazard import Facts
from services.alerts.ladder import NEVER
from services.alerts.reasons import sentence, severity_of
from services.alerts.rule import Kind
from services.observation.event import Alert, event_id
from services.observation.instants import iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE

if TYPE_CHECKING:
    from services.alerts.judging.core import Core

MOST_NAMED = 100
"""Members that an event names; its value tells how many there are."""

Now = tuple[Counts, int, Bools]
"""Counts of a group, the step of them, and which of its leaves are met there."""


def report(  # noqa: PLR0913  a transition has these facts
    core: "Core",
    group: Group,
    now: Now,
    t: int,
    since: int,
    reason: Text | None,
    layout: Layout | None = None,
    row: int = -1,
) -> None:
    """Tell the difference between a group's level and what was last told of it. `layout`: another's group.

    `row`: of the reading that made it, for what was derived from the same one.
    """
    cell = group.cell
    before, after = cell.reported, cell.level
    if before == after:
        return
    cell.reported = after
    tell = _Tell(core, layout or core.layout, group, now, t, since, reason)
    tell.row = row
    if before == 0:
        cell.start, cell.previous = since, group.ended
        tell.tell("raised", after)
    elif after == 0:
        tell.tell("cleared", before)
        group.ended, cell.alert, cell.start = cell.alert, None, NEVER
    else:
        tell.tell("escalated" if after > before else "eased", after)


class _Tell:
    """One transition."""

    def __init__(  # noqa: PLR0913  as above
        self, core: "Core", layout: Layout, group: Group, now: Now, t: int, since: int, reason: Text | None
    ) -> None:
        self.core, self.layout, self.group = core, layout, group
        self.now, self.t, self.since, self.reason = now, t, since, reason
        self.row = -1

    def tell(self, verb: str, level: int) -> None:
        """Make the event."""
        group, site = self.group, self.core.layout.site
        rule, cell = group.rule, group.cell
        severity = severity_of(level)
        area = SITE_AREA if group.area == SITE_SCOPE else group.area
        who = area if group.gateway is None else group.name
        identity = event_id(site.id, rule.id, rule.version, who, cell.start, f"{verb}:{severity}", self.t)
        if verb == "raised":
            cell.alert = identity
        counts, step, met = self.now
        k = level - 1
        count = group.count(k, counts, step)
        members = self._members(k, met)
        total = self._total(counts, step)
        needed = group.needed(k, total)
        facts = Facts(
            verb=verb,
            severity=severity,
            rule=rule.id,
            kind=rule.kind,
            property=rule.property or "",
            place=self._place(),
            value=float(count),
            unit="",
            threshold=float(needed),
            since=self.since,
            time=self.t,
            attributes={},
            upward=rule.upward,
            zone=site.zone,
            measured=self.t,
            members=members,
            total=total,
        )
        alert = Alert(
            alert_id=cell.alert or identity,
            previous=cell.previous,
            hazard=rule.hazard,
            area=area,
            gateway=group.gateway,
            severity=severity,
            value=float(count),
            threshold=float(needed),
            rule=rule.id,
            rule_version=rule.version,
            time=iso(self.t),
            detected_at=iso(self.core.cause.detected_at),
            since=iso(self.since) if self.since > NEVER else None,
            reason=self.reason if self.reason is not None else sentence(facts, rule.hazard),
            readings=list(members),
        )
        known = self.row >= 0 and self.reason is None
        self.core.put(verb, identity, self.t, alert, facts if known else None, self.row)

    def _place(self) -> Text:
        site, group = self.core.layout.site, self.group
        if group.gateway is not None and group.gateway in site.gateways:
            return self.core.layout.place_of_gateway(site.gateways[group.gateway])
        if group.area == SITE_SCOPE:
            return site.name
        return self.layout.site.areas[group.area].name

    def _members(self, k: int, met: Bools) -> dict[str, Text]:
        """Stations of the members that meet rung k, by id of the sensor; at most so many."""
        plane, layout = self.group.plane_of(k), self.layout
        rows = {
            self.group.leaves[at].row
            for at in np.flatnonzero(met).tolist()
            if plane is None or self.group.leaves[at].plane == plane
        }
        named = sorted((layout.names[row], layout.station[row]) for row in rows)[:MOST_NAMED]
        return {name: layout.site.stations[station].name for name, station in named}

    def _total(self, counts: Counts, step: int) -> int:
        """How many it looks at: members, of count those that are known; of and / or conditions."""
        kind = self.group.rule.kind
        if kind is Kind.COUNT:
            return int(counts.total[step])
        if kind is Kind.K_OF_N:
            return len({leaf.row for leaf in self.group.leaves})
        return len(self.group.rule.inputs)
