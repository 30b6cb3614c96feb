"""Which alerts are one thing: from the events of alerts, in stream order, to the events of situations. Pure.

Each event of an alert is decided at once and by itself, so no cut of the stream into batches changes
anything; what follows from it has ids that follow from it. Wall-clock time decides one thing only: that a
situation whose members are all over has ended. Nothing here reads a clock.

Over 250 lines: joining, opening, merging and ending work on the same few maps, and are one decision.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from services.alerts.situation import Left, Situation, SituationEvent, State, Unfolding, situation_id
from services.alerts.situation.kinds import DEFAULT, Grouping, Kind, family_of
from services.alerts.situation.telling import REGROUPED, Cause, Group, OpenAlert, Teller, areas_of
from services.observation import event as events
from services.observation.event import CloudEvent, Status, Verb
from services.observation.exercise import STATUS
from services.observation.instants import SECOND, iso, micros
from services.observation.text import Text
from services.observation.topics import SITE_AREA

CLOCK = "clock"
ALONE_US = 5 * SECOND
"""So soon a situation ends when nothing of its exercise is open: the next one must not find it there."""
_CONDITION = {events.type_of(verb): verb for verb in Verb}


class Service(NamedTuple):
    """A window takes an alert out of service, or gives it back."""

    window: str
    out: bool


class Grouper:
    """All open alerts of some family, all open situations, and what to tell."""

    def __init__(
        self, site: str, grouping: Grouping = DEFAULT, names: Mapping[str, Text] | None = None
    ) -> None:
        """Start with nothing open; `names` of areas are for sentences only."""
        self.site, self.grouping, self.version = site, grouping, grouping.version
        self.source = f"/sites/{site}"
        self._teller = Teller(site, grouping, names or {})
        self._open: dict[str, OpenAlert] = {}
        self._near: dict[tuple[str, str], dict[str, None]] = {}
        self._where: dict[tuple[str, str], Counter[str]] = {}
        """Open alerts of each status and family, counted by area."""
        self._groups: dict[str, Group] = {}
        self._at: dict[tuple[str, str, str], Group] = {}
        self._of: dict[str, Group] = {}
        self._touched: dict[str, Group] = {}
        self._aside: dict[str, OpenAlert] = {}
        self._out: dict[str, set[str]] = {}
        """Alerts out of service, and the windows that they are so for."""

    @property
    def open_situations(self) -> Iterator[Situation]:
        """As they were last told."""
        return (group.told.data for group in self._groups.values() if group.told is not None)

    # What was decided before: taken in, nothing follows.

    def note(self, event: CloudEvent, sequence: int, service: Service | None = None) -> OpenAlert | None:
        """Keep an alert's condition; what it had been is given back. Nothing of situations moves."""
        alert, verb = event.data, _CONDITION.get(event.type)
        known = self._open.get(alert.alert_id)
        if service is not None:
            self._serve(alert.alert_id, service)
            return known
        if verb is None:
            return known
        if alert.alert_id in self._aside:
            if verb == Verb.CLEARED:
                del self._aside[alert.alert_id], self._out[alert.alert_id]
            else:
                self._aside[alert.alert_id] = msgspec.structs.replace(
                    self._aside[alert.alert_id], alert=alert
                )
            return None
        if known is not None:
            self._forget(known)
        if verb != Verb.CLEARED:
            family = known.family if known else family_of(alert.hazard, alert.rule, alert.sensor)
            if family is not None:
                self._remember(OpenAlert(alert, family, known.order if known else sequence))
        return known

    def _serve(self, alert_id: str, service: Service) -> None:
        """An alert is out of service as long as one window says so."""
        windows = self._out.setdefault(alert_id, set())
        (windows.add if service.out else windows.discard)(service.window)
        known = self._open.get(alert_id)
        if windows and known is not None:
            self._forget(known)
            self._aside[alert_id] = known
        elif not windows and alert_id in self._aside:
            self._remember(self._aside.pop(alert_id))
        if alert_id not in self._aside:
            del self._out[alert_id]

    def _remember(self, one: OpenAlert) -> None:
        status, area = one.place
        self._open[one.alert.alert_id] = one
        self._near.setdefault(one.place, {})[one.alert.alert_id] = None
        self._where.setdefault((status, one.family), Counter())[area] += 1

    def _forget(self, one: OpenAlert) -> None:
        status, area = one.place
        del self._open[one.alert.alert_id], self._near[one.place][one.alert.alert_id]
        counts = self._where[status, one.family]
        counts[area] -= 1
        if not counts[area]:
            del counts[area]

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
            group = Group(data.situation_id, kind, data.status, data.area, unfolding)
            self._keep(group)
        elif group.told is not None:
            group.told.apply(data)
        self._release(group)
        group.members = dict.fromkeys(group.told.open if group.told is not None else ())
        for alert in group.members:
            self._of[alert] = group

    # Decisions.

    def alert(
        self, event: CloudEvent, sequence: int, wall: int, service: Service | None = None
    ) -> list[SituationEvent]:
        """What follows from an event of an alert; `wall`: when it was stored, µs UTC."""
        alert_id = event.data.alert_id
        before = self.note(event, sequence, service)
        now = self._open.get(alert_id)
        if before is None and now is None:
            return []
        cause = Cause(event.id, micros(event.data.time), wall, alert_id)
        group = self._of.get(alert_id)
        if now is None and group is not None:
            self._leave(group, Left(alert_id, event.data.time, "cleared" if service is None else "aside"))
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
            at = self._end_at(group.status, group.told.data)
            if now >= at:
                group.state, group.ended = "ended", at
                out.append(self._teller.event(group, self._open, Cause(CLOCK, at, now), f"{CLOCK}/{at}"))
                group.state = "open"
        return out

    def _end_at(self, status: Status, data: Situation) -> int:
        at = micros(data.ends_at or data.time)
        if status != STATUS or any(one.alert.status == STATUS for one in self._open.values()):
            return at
        return min(at, micros(data.quiet_since or data.time) + ALONE_US)

    def settle(self, sequence: int, now: int) -> list[SituationEvent]:
        """Make situations out of what is open, where nothing tells how they came about.

        At the first start of a keeper on a stream that has alerts, and when kinds have changed.
        """
        cause = Cause(f"{REGROUPED}/{self.version}/{sequence}", now, now)
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

    def _end_before_gap(self, known: OpenAlert, cause: Cause) -> None:
        """End what was over for longer than the window before this alert, by the alerts' own time.

        So a replay of years, in a minute of wall-clock time, is told as it happened.
        """
        status, area = known.place
        places = {(status, kind.name, a): None for kind in self.grouping.kinds for a in (area, SITE_AREA)}
        for group in [self._at[place] for place in places if place in self._at]:
            if group.quiet and group.told is not None and group.told.data.quiet_since is not None:
                end = micros(group.told.data.quiet_since) + self.grouping.window_of(group.kind)
                if cause.time >= end:
                    self._end(group, "ended", end)

    def _for(self, known: OpenAlert) -> Iterator[Group]:
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
            areas = areas_of(whole, self._open)
            if areas - {SITE_AREA} and (known.family in kind.core or area in areas):
                yield whole

    def _find_place(self, known: OpenAlert, cause: Cause) -> None:
        group = next(self._for(known), None)
        if group is not None:
            self._join(group, known.alert.alert_id)
            return
        for kind in self.grouping.kinds:
            if kind.local and known.family in kind.core and self._opens(kind, known, cause):
                break
        for kind in self.grouping.kinds:
            if known.family in kind.core:
                self._widen(kind, known.alert.status, cause)

    def _opens(self, kind: Kind, known: OpenAlert, cause: Cause) -> bool:
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

    def _widen(self, kind: Kind, status: Status, cause: Cause) -> None:
        """Tell one kind in several areas as one situation of the whole site."""
        whole = self._at.get((status, kind.name, SITE_AREA))
        if whole is not None and areas_of(whole, self._open) - {SITE_AREA}:
            return
        groups = [g for g in self._groups.values() if g.status == status and g.area != SITE_AREA]
        local = [group for group in groups if group.kind.name == kind.name]
        areas = {group.area for group in local if group.members}
        single = kind.core if kind.wide_by == "alert" else kind.spreads
        areas.update(*(self._where.get((status, family), ()) for family in single))
        if len(areas - {SITE_AREA}) < self.grouping.areas_for(kind):
            return
        taken = local + [g for g in groups if g.kind.name in kind.absorbs]
        areas |= {group.area for group in taken} | {SITE_AREA}
        pool = [self._open[alert] for group in taken for alert in group.members]
        pool += [
            one
            for one in self._open.values()
            if one.alert.status == status
            and one.alert.alert_id not in self._of
            and (one.family in kind.core or (one.family in kind.also and one.alert.area in areas))
        ]
        self._start(kind, status, SITE_AREA, pool, taken, cause, whole)

    def _start(  # noqa: PLR0913  what a situation begins with
        self,
        kind: Kind,
        status: Status,
        area: str,
        pool: Iterable[OpenAlert],
        taken: Iterable[Group],
        cause: Cause,
        group: Group | None = None,
    ) -> None:
        members = sorted(pool, key=lambda one: (one.order, one.alert.alert_id))
        if group is None:
            identity = situation_id(self.site, status, kind.name, area, members[0].alert.alert_id)
            group = Group(identity, kind, status, area, opened_at=cause.time)
            self._keep(group)
        for one in members:
            self._join(group, one.alert.alert_id)
        for other in taken:
            if other.told is not None:
                group.takes.append(other.id)
                group.opened_at = min(group.opened_at, micros(other.told.data.opened_at))
            self._end(other, "merged", cause.time, group)

    def _join(self, group: Group, alert: str) -> None:
        before = self._of.get(alert)
        if before is group:
            return
        if before is not None:
            self._leave(before, Left(alert, self._open[alert].alert.time, "moved"))
        group.members[alert] = group.joined[alert] = None
        self._of[alert] = group
        self._touched[group.id] = group

    def _leave(self, group: Group, left: Left) -> None:
        del group.members[left.alert_id]
        self._of.pop(left.alert_id, None)  # what two releases told by turns may be of nobody by now
        if left.alert_id in group.joined:
            del group.joined[left.alert_id]
        else:
            group.left.append(left)
        self._touched[group.id] = group

    def _end(self, group: Group, state: State, at: int, into: Group | None = None) -> None:
        group.state, group.ended, group.into = state, at, into
        self._drop(group)
        self._touched[group.id] = group

    def _keep(self, group: Group) -> None:
        self._groups[group.id] = group
        self._at[group.status, group.kind.name, group.area] = group

    def _release(self, group: Group) -> None:
        """Its members are free, but for those that another has taken."""
        for alert in group.members:
            if self._of.get(alert) is group:
                del self._of[alert]

    def _drop(self, group: Group) -> None:
        self._groups.pop(group.id, None)
        self._at.pop((group.status, group.kind.name, group.area), None)
        self._release(group)

    # Telling.

    def _tell(self, cause: Cause) -> list[SituationEvent]:
        out = []
        # Where it goes on is told before that it goes on there.
        for group in sorted(self._touched.values(), key=lambda group: group.state == "merged"):
            if group.told is None and group.state != "open":
                continue  # begun and taken up in one decision: nobody ever heard of it
            event = self._teller.event(group, self._open, cause, cause.id)
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
