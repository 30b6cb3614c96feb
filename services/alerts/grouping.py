"""Which alerts are one thing: from the events of alerts, in stream order, to the events of situations. Pure.

Each event of an alert is decided at once and by itself, so no cut of the stream into batches changes
anything; what follows from it has ids that follow from it. Wall-clock time decides one thing only: that a
situation whose members are all over has ended. Nothing here reads a clock.

Over 250 lines: joining, opening, merging and ending work on the same few maps, and are one decision.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from services.alerts import situation_words as words
from services.alerts.situation import (
    MEMBERS_TOLD,
    Left,
    Member,
    Situation,
    SituationEvent,
    State,
    Unfolding,
    ends_at,
    make,
    rank,
    situation_id,
)
from services.alerts.situation_kinds import DEFAULT, Grouping, Kind, family_of
from services.observation import event as events
from services.observation.event import SEVERITIES, Alert, CloudEvent, Status, Verb
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.observation.topics import SITE_AREA

CLOCK, REGROUPED = "clock", "regrouped"
_CONDITION = {events.type_of(verb): verb for verb in Verb}


class _Open(msgspec.Struct):
    """An open alert of some family; `order`: where on ALERTS it began."""

    alert: Alert
    family: str
    order: int

    @property
    def place(self) -> tuple[str, str]:
        return self.alert.status, self.alert.area


class _Cause(msgspec.Struct, frozen=True):
    """What is decided about: id, times (the alert's and wall, µs), place on ALERTS; which alert, as it was."""

    id: str
    time: int
    wall: int
    after: int
    alert: str = ""
    rank_before: int = -1


class _Group(msgspec.Struct):
    """A situation that is open, and what this decision changes in it. `told` None: not told of yet."""

    id: str
    kind: Kind
    status: Status
    area: str
    told: Unfolding | None = None
    members: dict[str, None] = {}
    joined: dict[str, None] = {}
    left: list[Left] = []
    takes: list[str] = []
    opened_at: int = 0
    state: State = "open"
    into: "_Group | None" = None
    ended: int = 0
    regrouped: bool = False

    @property
    def quiet(self) -> bool:
        return not self.members

    def settle(self) -> None:
        """Everything is told."""
        self.joined, self.left, self.takes, self.regrouped = {}, [], [], False


class Grouper:
    """All open alerts of some family, all open situations, and what to tell."""

    def __init__(
        self, site: str, grouping: Grouping = DEFAULT, names: Mapping[str, Text] | None = None
    ) -> None:
        """Start with nothing open; `names` of areas are for sentences only."""
        self.site, self.grouping, self.version = site, grouping, grouping.version
        self._names: Mapping[str, Text] = names or {}
        self._open: dict[str, _Open] = {}
        self._near: dict[tuple[str, str], dict[str, None]] = {}
        self._groups: dict[str, _Group] = {}
        self._at: dict[tuple[str, str, str], _Group] = {}
        self._of: dict[str, _Group] = {}
        self._touched: dict[str, _Group] = {}

    @property
    def open_situations(self) -> Iterator[Situation]:
        """As they were last told."""
        return (group.told.data for group in self._groups.values() if group.told is not None)

    # What was decided before: taken in, nothing follows.

    def note(self, event: CloudEvent, sequence: int) -> _Open | None:
        """Keep an alert's condition; what it had been is given back. Nothing of situations moves."""
        alert, verb = event.data, _CONDITION.get(event.type)
        known = self._open.get(alert.alert_id)
        if verb is None:
            return known
        if verb == Verb.CLEARED:
            if known is not None:
                del self._open[alert.alert_id], self._near[known.place][alert.alert_id]
            return known
        if known is not None:
            found = self._open[alert.alert_id] = _Open(alert, known.family, known.order)
            del self._near[known.place][alert.alert_id]
            self._near.setdefault(found.place, {})[alert.alert_id] = None
            return known
        family = family_of(alert.hazard, alert.rule, alert.sensor)
        if family is not None:
            found = self._open[alert.alert_id] = _Open(alert, family, sequence)
            self._near.setdefault(found.place, {})[alert.alert_id] = None
        return None

    def told(self, event: SituationEvent) -> None:
        """Take a situation as an event tells it."""
        data = event.data
        group = self._groups.get(data.situation_id)
        if data.state != "open":
            if group is not None:
                self._drop(group)
            return
        kind = self.grouping.kind(data.kind) or Kind(data.kind, data.name, {})
        if group is None:
            unfolding = Unfolding(data)
            group = _Group(data.situation_id, kind, data.status, data.area, unfolding)
            self._keep(group)
        elif group.told is not None:
            group.told.apply(data)
        for alert in group.members:
            self._of.pop(alert, None)
        group.members = dict.fromkeys(group.told.open if group.told is not None else ())
        for alert in group.members:
            self._of[alert] = group

    # Decisions.

    def alert(self, event: CloudEvent, sequence: int, wall: int) -> list[SituationEvent]:
        """What follows from an event of an alert; `wall`: when it was stored, µs UTC."""
        alert_id = event.data.alert_id
        before = self.note(event, sequence)
        now = self._open.get(alert_id)
        if before is None and now is None:
            return []
        cause = _Cause(
            event.id,
            micros(event.data.time),
            wall,
            sequence,
            alert_id,
            -1 if before is None else rank(before.alert.severity),
        )
        group = self._of.get(alert_id)
        if now is None and group is not None:
            self._leave(group, Left(alert_id, event.data.time))
        elif now is not None and before is None:
            self._end_before_gap(now, cause)
            self._find_place(now, cause)
        elif group is not None:
            self._touched[group.id] = group
        return self._tell(cause)

    def due(self, now: int) -> list[SituationEvent]:
        """The ends that wall-clock time, µs UTC, decides. `told` takes them in once they stand on ALERTS."""
        out = []
        for group in self._groups.values():
            if not group.quiet or group.told is None or group.told.data.ends_at is None:
                continue
            at = micros(group.told.data.ends_at)
            if now >= at:
                group.state, group.ended = "ended", at
                out.append(self._event(group, _Cause(CLOCK, at, now, group.told.data.after), f"{CLOCK}/{at}"))
                group.state = "open"
        return out

    def settle(self, sequence: int, now: int) -> list[SituationEvent]:
        """Make situations out of what is open, where nothing tells how they came about.

        At the first start of a keeper on a stream that has alerts, and when kinds have changed.
        """
        cause = _Cause(f"{REGROUPED}/{self.version}/{sequence}", now, now, sequence)
        for group in list(self._groups.values()):
            for alert in list(group.members):
                known = self._open.get(alert)
                if known is None:
                    self._leave(group, Left(alert, iso(now)))
                elif not group.kind.takes(known.family):
                    self._leave(group, Left(alert, iso(now), "regrouped"))
            if self.grouping.kind(group.kind.name) is None:
                group.regrouped = True
                self._end(group, "ended", now)
        for known in sorted(self._open.values(), key=lambda known: known.order):
            if known.alert.alert_id not in self._of:
                self._find_place(known, cause)
        return self._tell(cause)

    # Joining, opening, merging, ending.

    def _end_before_gap(self, known: _Open, cause: _Cause) -> None:
        """End what was over for longer than the window before this alert, by the alerts' own time.

        So a replay of years, in a minute of wall-clock time, is told as it happened.
        """
        status, area = known.place
        places = {(status, kind.name, a): None for kind in self.grouping.kinds for a in (area, SITE_AREA)}
        for group in [self._at[place] for place in places if place in self._at]:
            if group.quiet and group.told is not None and group.told.data.quiet_since is not None:
                end = micros(group.told.data.quiet_since) + self.grouping.window
                if cause.time >= end:
                    self._end(group, "ended", end)

    def _for(self, known: _Open) -> Iterator[_Group]:
        """Open situations that would take an alert, the most telling kind first."""
        status, area = known.place
        for kind in self.grouping.kinds:
            if not kind.takes(known.family):
                continue
            here = self._at.get((status, kind.name, area))
            if here is not None:
                yield here
            whole = self._at.get((status, kind.name, SITE_AREA))
            if whole is None or whole is here:
                continue
            areas = self._areas(whole)
            if areas - {SITE_AREA} and (known.family in kind.core or area in areas):
                yield whole

    def _find_place(self, known: _Open, cause: _Cause) -> None:
        group = next(self._for(known), None)
        if group is not None:
            self._join(group, known.alert.alert_id)
            return
        for kind in self.grouping.kinds:
            if known.family in kind.core and self._opens(kind, known, cause):
                break
        for kind in self.grouping.kinds:
            if known.family in kind.core:
                self._widen(kind, known.alert.status, cause)

    def _opens(self, kind: Kind, known: _Open, cause: _Cause) -> bool:
        """Open a situation in the alert's area if there is enough for one."""
        status, area = known.place
        absorbed = [g for name in kind.absorbs if (g := self._at.get((status, name, area))) is not None]
        ids = {alert for group in absorbed for alert in group.members}
        pool = [
            self._open[alert]
            for alert in self._near[status, area]
            if alert in ids or (alert not in self._of and kind.takes(self._open[alert].family))
        ]
        core = [kind.core[one.family] for one in pool if one.family in kind.core]
        if (len(set(core)) if kind.by == "group" else len(core)) < kind.least:
            return False
        self._start(kind, known.alert.status, area, pool, absorbed, cause)
        return True

    def _widen(self, kind: Kind, status: Status, cause: _Cause) -> None:
        """Tell one kind in several areas as one situation of the whole site."""
        whole = self._at.get((status, kind.name, SITE_AREA))
        if whole is not None and self._areas(whole) - {SITE_AREA}:
            return
        groups = [g for g in self._groups.values() if g.status == status and g.area != SITE_AREA]
        local = [g for g in groups if g.kind.name == kind.name]
        free = [
            one
            for one in self._open.values()
            if one.alert.status == status and kind.takes(one.family) and one.alert.alert_id not in self._of
        ]
        areas = {group.area for group in local if group.members}
        if kind.wide_by == "alert":
            areas |= {one.alert.area for one in free if one.family in kind.core} - {SITE_AREA}
        if len(areas) < self.grouping.areas:
            return
        taken = local + [g for g in groups if g.kind.name in kind.absorbs]
        areas |= {group.area for group in taken} | {SITE_AREA}
        pool = [self._open[alert] for group in taken for alert in group.members]
        pool += [one for one in free if one.family in kind.core or one.alert.area in areas]
        self._start(kind, status, SITE_AREA, pool, taken, cause, whole)

    def _start(  # noqa: PLR0913  what a situation begins with
        self,
        kind: Kind,
        status: Status,
        area: str,
        pool: Iterable[_Open],
        taken: Iterable[_Group],
        cause: _Cause,
        group: _Group | None = None,
    ) -> None:
        members = sorted(pool, key=lambda one: (one.order, one.alert.alert_id))
        if group is None:
            identity = situation_id(self.site, status, kind.name, area, members[0].alert.alert_id)
            group = _Group(identity, kind, status, area, opened_at=cause.time)
            self._keep(group)
        for one in members:
            self._join(group, one.alert.alert_id)
        for other in taken:
            if other.told is not None:
                group.takes.append(other.id)
                group.opened_at = min(group.opened_at, micros(other.told.data.opened_at))
            self._end(other, "merged", cause.time, group)

    def _join(self, group: _Group, alert: str) -> None:
        before = self._of.get(alert)
        if before is group:
            return
        if before is not None:
            self._leave(before, Left(alert, self._open[alert].alert.time, "moved"))
        group.members[alert] = group.joined[alert] = None
        self._of[alert] = group
        self._touched[group.id] = group

    def _leave(self, group: _Group, left: Left) -> None:
        del group.members[left.alert_id], self._of[left.alert_id]
        if left.alert_id in group.joined:
            del group.joined[left.alert_id]
        else:
            group.left.append(left)
        self._touched[group.id] = group

    def _end(self, group: _Group, state: State, at: int, into: _Group | None = None) -> None:
        group.state, group.ended, group.into = state, at, into
        self._drop(group)
        self._touched[group.id] = group

    def _keep(self, group: _Group) -> None:
        self._groups[group.id] = group
        self._at[group.status, group.kind.name, group.area] = group

    def _drop(self, group: _Group) -> None:
        self._groups.pop(group.id, None)
        self._at.pop((group.status, group.kind.name, group.area), None)
        for alert in group.members:
            self._of.pop(alert, None)

    def _areas(self, group: _Group) -> set[str]:
        told = set(group.told.areas) if group.told is not None else set()
        return told | {self._open[alert].alert.area for alert in group.members}

    # Telling.

    def _tell(self, cause: _Cause) -> list[SituationEvent]:
        out = []
        for group in self._touched.values():
            if group.told is None and group.state != "open":
                continue  # begun and taken up in one decision: nobody ever heard of it
            event = self._event(group, cause, cause.id)
            before = group.told.data if group.told is not None else None
            new = group.joined or group.left or group.takes or group.state != "open"
            if new or before is None or event.data.severity != before.severity:
                if group.told is None:
                    group.told = Unfolding(event.data)
                else:
                    group.told.apply(event.data)
                out.append(event)
            group.settle()
        self._touched = {}
        return out

    def _event(self, group: _Group, cause: _Cause, of: str) -> SituationEvent:
        """The situation as it stands now; `of`: what the event's id follows from."""
        before = group.told.data if group.told is not None else None
        members = sorted((self._open[a] for a in group.members), key=_worst_first)
        ranks = [rank(one.alert.severity) for one in members]
        had = rank(before.severity) if before is not None and before.open_members else -1
        others = (rank(one.alert.severity) for one in members if one.alert.alert_id != cause.alert)
        risen = max(ranks, default=-1) > max(had, cause.rank_before, *others, -1)
        last = before.severity if before is not None else SEVERITIES[0]
        severity = SEVERITIES[max(ranks)] if ranks and max(ranks) >= 0 else last
        peak = max(severity, before.severity_max if before is not None else severity, key=rank)
        time = group.ended if group.state != "open" else cause.time
        quiet = not members and group.state == "open"
        fresh = quiet and (before is None or before.quiet_since is None)
        data = Situation(
            situation_id=group.id,
            kind=group.kind.name,
            name=group.kind.text,
            area=group.area,
            areas=sorted(self._areas(group)),
            status=group.status,
            state=group.state,
            severity=severity,
            severity_max=peak,
            annunciate=risen and group.state == "open" and not cause.id.startswith(REGROUPED),
            opened_at=iso(group.opened_at) if before is None else before.opened_at,
            time=iso(time),
            detected_at=iso(cause.wall),
            reason=Text("", ""),
            open_members=len(members),
            members=[self._member(group, one) for one in members[:MEMBERS_TOLD]],
            joined=[self._member(group, self._open[alert]) for alert in group.joined],
            left=group.left,
            cause=cause.id.partition("/")[0],
            after=cause.after,
            version=self.version,
            quiet_since=(iso(time) if fresh else before.quiet_since if before else None) if quiet else None,
            ends_at=(
                ends_at(cause.wall, self.grouping.window) if fresh else before.ends_at if before else None
            )
            if quiet
            else None,
            merged_into=group.into.id if group.into is not None else None,
            takes=group.takes,
        )
        data.reason = self._reason(group, data)
        verb = "ended" if group.state != "open" else "opened" if before is None else "updated"
        return make(self.site, verb, of, data)

    def _member(self, group: _Group, one: _Open) -> Member:
        alert = one.alert
        return Member(
            alert_id=alert.alert_id,
            hazard=alert.hazard,
            rule=alert.rule,
            family=one.family,
            area=alert.area,
            severity=alert.severity,
            since=alert.since or alert.time,
            station=alert.station,
            sensor=alert.sensor,
            gateway=alert.gateway,
            consequence=one.family in group.kind.consequences,
        )

    def _reason(self, group: _Group, data: Situation) -> Text:
        before = group.told
        known = before.open if before is not None else {}
        told = words.Told(
            name=data.name,
            area=data.area,
            areas=data.areas,
            names=self._names,
            members=[self._member(group, self._open[alert]) for alert in group.members],
            joined=data.joined,
            left=[gone for gone in data.left if gone.alert_id in known],
            lost=[known[gone.alert_id] for gone in data.left if gone.alert_id in known],
            severity=data.severity,
            severity_before=before.data.severity if before is not None else None,
            window=self.grouping.window,
        )
        if group.regrouped:
            return words.regrouped(told)
        if group.into is not None:
            return words.merged(told, group.into.kind.text, group.into.area)
        if data.state != "open":
            return words.ended(told)
        return words.opened(told) if before is None else words.updated(told)


def _worst_first(one: _Open) -> tuple[int, int, str]:
    return -rank(one.alert.severity), one.order, one.alert.alert_id
