"""Conditions over several sensors: and, or, k of n. One alert per rule and area.

A member, measured or derived, keeps a bit per rung, moved by its own good readings with the rule's
hysteresis; suspect readings move none, and a lower bound ("at least so much") only switches on. A member
that is silent, or whose gateway is, is *unknown*: it does not help to raise, and what it last said still
counts for holding, so that blindness ends no alert. Delays move by the readings of the members; ticks move
nothing here. Readings are looked at in the order they came, one by one: the members of such rules are few,
and the order among sensors matters.

Over 250 lines: and, or and k-of-n differ in a line each and share their bookkeeping.
"""

import math
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from services.alerts.expression import Expression
from services.alerts.hazard import Facts
from services.alerts.ladder import NEVER, Cell, Rungs, turn
from services.alerts.layout import FOREVER, Layout
from services.alerts.reasons import RULE_CHANGED, RULE_GONE, sentence, severity_of
from services.alerts.rule import COMBINED, RUNGS, Kind, Rule
from services.observation.event import Alert, event_id
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE

if TYPE_CHECKING:
    from services.alerts.core import Core
    from services.alerts.rows import Rows

_CELL = ("active", "since", "marks", "start", "alert", "previous", "flag", "reported")


class Bound(NamedTuple):
    """When a member's rung is on and when it stays on, times `sign`; NaN: the rung is absent."""

    sign: float
    threshold: tuple[float, ...]
    clear: tuple[float, ...]


class Member:
    """One sensor in one condition of a group."""

    __slots__ = ("bits", "bound", "condition", "known", "last", "name", "row")

    def __init__(self, row: int, name: str, condition: int, bound: Bound) -> None:
        """Nothing heard of it yet."""
        self.row, self.name, self.condition, self.bound = row, name, condition, bound
        self.bits = 0
        self.known = False
        self.last = NEVER

    def see(self, value: float, *, none: bool = False, lower: bool = False) -> None:
        """Move the bits by a good reading; `none`: there is no value. `lower`: it is at least this."""
        y = -math.inf if none else value * self.bound.sign
        if y != y or (lower and self.bound.sign < 0):  # noqa: PLR0124  NaN: nothing is said
            return
        for k in range(RUNGS):
            if y >= self.bound.threshold[k]:
                self.bits |= 1 << k
            elif not y >= self.bound.clear[k] and not lower:
                self.bits &= ~(1 << k)


class Group:
    """A rule on the members of an area."""

    def __init__(self, rule: Rule, area: str, members: list[Member], gap: int) -> None:
        """At rest."""
        self.rule, self.area, self.members, self.gap = rule, area, members, gap
        self.cell = Cell()
        self.last = NEVER
        self.ended: str | None = None
        on, off = ([round(s * SECOND) for s in delays] for delays in (rule.on_delay_s, rule.off_delay_s))
        self.rungs = Rungs([1.0] * RUNGS, [1.0] * RUNGS, on, off)
        has = rule.rungs if rule.kind is Kind.K_OF_N else [at == rule.severity or None for at in range(RUNGS)]
        self.present = [k for k in range(RUNGS) if has[k] is not None]

    @property
    def key(self) -> tuple[str, str]:
        """What names the group from version to version."""
        return self.rule.id, self.area

    def count(self, k: int, *, known: bool) -> int:
        """How many members, or conditions, have rung k on; `known`: of those of whom something is known."""
        on = [m for m in self.members if (m.known or not known) and m.bits >> k & 1]
        return len(on) if self.rule.kind is Kind.K_OF_N else len({m.condition for m in on})

    def needed(self) -> int:
        """How many it takes."""
        if self.rule.kind is Kind.K_OF_N:
            return self.rule.k
        return len(self.rule.inputs) if self.rule.kind is Kind.AND else 1

    def judge(self, t: int) -> int:
        """Move the rungs at an instant; return the start of the earliest flip, or NEVER."""
        first = NEVER
        if self.last != NEVER and t - self.last > self.gap:
            self.cell.since = [NEVER] * RUNGS
        self.last = t
        for k in self.present:
            at = k if self.rule.kind is Kind.K_OF_N else 0
            up, hold = (self.count(at, known=known) >= self.needed() for known in (True, False))
            first = turn(self.cell, self.rungs, k, t, first, up=up, hold=hold, suspect=False)
        return first


class Groups:
    """All groups of a layout's partition."""

    def __init__(self, layout: Layout) -> None:
        """Find the members of every combined rule in every area."""
        self.groups = [
            group
            for rule in layout.rules
            if rule.kind in COMBINED
            for area in _areas(layout, rule)
            if layout.only is None or layout.owner[area] == layout.only
            for group in [_group(layout, rule, area)]
            if group is not None
        ]
        self.of_row: dict[int, list[tuple[Group, Member]]] = {}
        for group in self.groups:
            for member in group.members:
                self.of_row.setdefault(member.row, []).append((group, member))
        self.member = np.zeros(len(layout.names), bool)
        self.member[list(self.of_row)] = True

    def observe(self, core: "Core", streams: "Sequence[Rows | None]") -> None:
        """Apply the readings of members in the order they came, what is derived from one right after it."""
        mine = [
            (int(rows.arrival[at]), level, at, rows)
            for level, rows in enumerate(streams)
            if rows is not None
            for at in np.flatnonzero(self.member[rows.sensor]).tolist()
        ]
        for _, _, at, rows in sorted(mine, key=itemgetter(0, 1, 2)):
            for group, member in self.of_row[int(rows.sensor[at])]:
                self._observe(core, rows, at, group, member)

    def _observe(self, core: "Core", rows: "Rows", at: int, group: Group, member: Member) -> None:
        value, t, flag = float(rows.value[at]), int(rows.time[at]), int(rows.flag[at])
        if t <= member.last:
            return
        member.last = t
        member.known = True
        if flag > 2 or (not rows.derived and not math.isfinite(value)):  # noqa: PLR2004  PASS and NOT_EVALUATED
            return
        if rows.derived:
            none = bool(rows.none[at])
            if not none and math.isnan(value):
                return
            member.see(value, none=none, lower=bool(rows.lower[at]))
        else:
            member.see(value)
        core.cause = core.cause._replace(order=int(rows.arrival[at]), detected_at=rows.received(at))
        instant = max(t, group.last)
        _report(core, group, instant, group.judge(instant), None)

    def sync(self, core: "Core") -> None:
        """After a tick or a gateway's word: of whom is nothing known."""
        state, layout = core.state, core.layout
        for row, pairs in self.of_row.items():
            if state.silent[row] or state.unknown(layout, int(layout.gateway[row])):
                for _, member in pairs:
                    member.known = False

    def dump(self) -> list[Any]:
        """State by rule, area and sensor."""
        return [
            [
                *group.key, group.last, group.ended, [getattr(group.cell, name) for name in _CELL],
                [[m.name, m.condition, m.bits, m.known, m.last] for m in group.members],
            ]
            for group in self.groups
        ]  # fmt: skip

    def load(self, data: Iterable[Sequence[Any]]) -> None:
        """Take over what `dump` wrote, where rule, area and sensor are still there."""
        by_key = {group.key: group for group in self.groups}
        for rule, area, last, ended, cell, members in data:
            group = by_key.get((rule, area))
            if group is None:
                continue
            group.last, group.ended = last, ended
            for name, value in zip(_CELL, cell, strict=True):
                setattr(group.cell, name, value)
            places = {(m.name, m.condition): m for m in group.members}
            for name, condition, bits, known, heard in members:
                member = places.get((name, condition))
                if member is not None:
                    member.bits, member.known, member.last = bits, known, heard

    def carry(self, core: "Core", old: "Core", t: int) -> None:
        """Take over the state of the version before; what changed is judged again and reported."""
        before = {group.key: group for group in old.groups.groups}
        self.load(old.groups.dump())
        for group in self.groups:
            past = before.pop(group.key, None)
            if past is not None and past.rule.version == group.rule.version and _same(past, group):
                continue
            for member in group.members:
                row = member.row
                if core.state.good[row] != NEVER:
                    member.bits, member.last = 0, int(core.state.last[row])
                    member.see(float(core.state.value[row]), lower=bool(core.state.lower[row]))
                    member.known = not core.state.silent[row]
            group.cell.since = [NEVER] * RUNGS
            group.cell.active &= sum(1 << k for k in group.present)
            instant = max(group.last, *(m.last for m in group.members))
            if instant != NEVER:
                since = group.judge(instant)
                _report(core, group, t, since if since != NEVER else t, RULE_CHANGED)
        for gone in before.values():
            if gone.cell.reported:
                gone.cell.active = 0
                _report(core, gone, t, t, RULE_GONE)


def _same(past: Group, group: Group) -> bool:
    return [(m.name, m.bound) for m in past.members] == [(m.name, m.bound) for m in group.members]


def _areas(layout: Layout, rule: Rule) -> list[str]:
    named = {*(rule.of or ()), *(station for one in rule.inputs for station in one.stations or ())}
    found = {layout.site.stations[station].area for station in named} - {SITE_SCOPE}
    if found:
        return sorted(found)
    return list(rule.areas) if rule.areas is not None else [*layout.site.areas, SITE_SCOPE]


def _group(layout: Layout, rule: Rule, area: str) -> Group | None:
    """The group of a rule in an area; None where it could never come true, or belongs to the whole site."""
    members = _of_k(layout, rule, area) if rule.kind is Kind.K_OF_N else _of_inputs(layout, rule, area)
    local = any(layout.area[member.row] == area for member in members)
    if not local:
        return None
    gap = max((int(layout.gap[m.row]) for m in members if layout.gap[m.row] != FOREVER), default=FOREVER)
    group = Group(rule, area, members, gap)
    reachable = len(members) if rule.kind is Kind.K_OF_N else len({member.condition for member in members})
    return group if reachable >= group.needed() else None


def _of_k(layout: Layout, rule: Rule, area: str) -> list[Member]:
    hysteresis, sign = rule.hysteresis, rule.sign
    return [
        Member(row, layout.names[row], 0, _bound(layout, row, rule.rungs, hysteresis, sign))
        for row in range(len(layout.names))
        if layout.property[row] == rule.property
        and (layout.area[row] == area if rule.of is None else layout.station[row] in rule.of)
        and (rule.stations is None or layout.station[row] in rule.stations)
    ]


def _of_inputs(layout: Layout, rule: Rule, area: str) -> list[Member]:
    members = []
    for condition, one in enumerate(rule.inputs):
        sign = 1.0 if one.at_least is not None else -1.0
        rungs = (one.at_least or one.at_most, None, None, None)
        members += [
            Member(
                row, layout.names[row], condition, _bound(layout, row, rungs, (one.hysteresis,) * RUNGS, sign)
            )
            for row in range(len(layout.names))
            if layout.property[row] == one.property
            and layout.area[row] in (area, SITE_SCOPE)
            and (one.stations is None or layout.station[row] in one.stations)
            and (rule.stations is None or layout.station[row] in rule.stations)
        ]
    return members


def _bound(
    layout: Layout, row: int, rungs: Sequence[Expression | None], hysteresis: Sequence[float], sign: float
) -> Bound:
    attributes = layout.site.stations[layout.station[row]].attributes
    found = [rung.resolve(attributes) if rung is not None else None for rung in rungs]
    threshold = tuple(float("nan") if value is None else value * sign for value in found)
    return Bound(sign, threshold, tuple(t - h for t, h in zip(threshold, hysteresis, strict=True)))


def _report(core: "Core", group: Group, t: int, since: int, reason: Text | None) -> None:
    """Tell the difference between a group's level and what was last told of it."""
    cell = group.cell
    before, after = cell.reported, cell.level
    if before == after:
        return
    cell.reported = after
    if before == 0:
        cell.start, cell.previous = since, group.ended
        _tell(core, group, "raised", after, t, since, reason)
    elif after == 0:
        _tell(core, group, "cleared", before, t, since, reason)
        group.ended, cell.alert, cell.start = cell.alert, None, NEVER
    else:
        _tell(core, group, "escalated" if after > before else "eased", after, t, since, reason)


def _tell(  # noqa: PLR0913  a transition has these facts
    core: "Core", group: Group, verb: str, level: int, t: int, since: int, reason: Text | None
) -> None:
    site, rule, cell = core.layout.site, group.rule, group.cell
    severity = severity_of(level)
    area = SITE_AREA if group.area == SITE_SCOPE else group.area
    identity = event_id(site.id, rule.id, rule.version, area, cell.start, f"{verb}:{severity}", t)
    if verb == "raised":
        cell.alert = identity
    place = site.name if group.area == SITE_SCOPE else site.areas[group.area].name
    rung = level - 1 if rule.kind is Kind.K_OF_N else 0
    count = group.count(rung, known=False)
    facts = Facts(
        verb=verb,
        severity=severity,
        rule=rule.id,
        kind=rule.kind,
        property=rule.property or "",
        place=place,
        value=float(count),
        unit="",
        threshold=float(group.needed()),
        since=since,
        time=t,
        attributes={},
        upward=rule.upward,
        zone=site.zone,
        measured=t,
    )
    alert = Alert(
        alert_id=cell.alert or identity,
        previous=cell.previous,
        hazard=rule.hazard,
        area=area,
        severity=severity,
        value=float(count),
        threshold=float(group.needed()),
        rule=rule.id,
        rule_version=rule.version,
        time=iso(t),
        detected_at=iso(core.cause.detected_at),
        since=iso(since) if since > NEVER else None,
        reason=reason if reason is not None else sentence(facts, rule.hazard),
        readings=sorted({m.name for m in group.members if m.bits >> rung & 1}),
    )
    core.put(verb, identity, t, alert)
