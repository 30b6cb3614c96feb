"""What a decision about situations works on, and the event that tells of it. Pure."""

from collections.abc import Mapping, Sequence
from heapq import nsmallest

import msgspec

from services.alerts.situation import (
    MEMBERS_TOLD,
    Left,
    Member,
    Situation,
    SituationEvent,
    State,
    Unfolding,
    make,
    rank,
    words,
)
from services.alerts.situation.kinds import Grouping, Kind
from services.observation.event import SEVERITIES, Alert, Status
from services.observation.exercise import STATUS, marked
from services.observation.instants import iso
from services.observation.text import Text

REGROUPED = "regrouped"


class OpenAlert(msgspec.Struct):
    """An open alert of some family; `order`: where on ALERTS it began."""

    alert: Alert
    family: str
    order: int

    @property
    def place(self) -> tuple[str, str]:
        """What it can be grouped within: status and area."""
        return self.alert.status, self.alert.area


class Cause(msgspec.Struct, frozen=True):
    """What is decided about: its id, times (the alert's and wall, µs), and which alert."""

    id: str
    time: int
    wall: int
    alert: str = ""


class Group(msgspec.Struct):
    """A situation that is open, and what the present decision changes in it.

    `told`: as its events tell it, None before the first; `ended`: when, µs UTC, unless its state is open.
    """

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
    into: "Group | None" = None
    ended: int = 0
    regrouped: bool = False

    @property
    def quiet(self) -> bool:
        """Whether none of its members is open."""
        return not self.members

    def settle(self) -> None:
        """Everything is told."""
        self.joined, self.left, self.takes, self.regrouped = {}, [], [], False


Alerts = Mapping[str, OpenAlert]
"""The open alerts by id."""


def areas_of(group: Group, alerts: Alerts) -> set[str]:
    """Every area that had a part in it."""
    told = group.told.areas if group.told is not None else set()
    # Whoever joined before this decision is told of.
    return told | {alerts[alert].alert.area for alert in group.joined}


class Teller:
    """Makes events; knows what stays the same in all of them."""

    def __init__(self, site: str, grouping: Grouping, names: Mapping[str, Text]) -> None:
        """`names` of areas, for sentences."""
        self._site, self._grouping, self._names = site, grouping, names
        self._version = grouping.version

    def event(self, group: Group, alerts: Alerts, cause: Cause, of: str) -> SituationEvent:
        """The situation as it stands now; `of`: what the event's id follows from."""
        before = group.told.data if group.told is not None else None
        is_open = group.state == "open"
        members = [alerts[alert] for alert in group.members]
        severity, peak = _severities(members, before)
        time = iso(cause.time if is_open else group.ended)
        quiet_since, ends = self._quiet(group, time, cause)
        data = Situation(
            situation_id=group.id,
            kind=group.kind.name,
            name=group.kind.text,
            area=group.area,
            areas=sorted(areas_of(group, alerts)),
            status=group.status,
            state=group.state,
            severity=severity,
            severity_max=peak,
            annunciate=is_open and _risen(members, before, cause),
            opened_at=iso(group.opened_at) if before is None else before.opened_at,
            time=time,
            detected_at=iso(cause.wall),
            reason=Text("", ""),
            open_members=len(members),
            members=[_member(group, one) for one in nsmallest(MEMBERS_TOLD, members, key=_worst_first)],
            joined=[_member(group, alerts[alert]) for alert in group.joined],
            left=group.left,
            cause=cause.id.partition("/")[0] if cause.id.startswith(REGROUPED) else cause.id,
            version=self._version,
            quiet_since=quiet_since,
            ends_at=ends,
            merged_into=group.into.id if group.into is not None else None,
            takes=group.takes,
        )
        data.reason = self._reason(group, data)
        if group.status == STATUS:
            data.reason = marked(data.reason)
        verb = "ended" if not is_open else "opened" if before is None else "updated"
        return make(self._site, verb, of, data)

    def _quiet(self, group: Group, time: str, cause: Cause) -> tuple[str | None, str | None]:
        """Since when no member is open, and when it will end for that."""
        if group.members or group.state != "open":
            return None, None
        return time, iso(cause.wall + self._grouping.window_of(group.kind))

    def _reason(self, group: Group, data: Situation) -> Text:
        known = group.told.open if group.told is not None else {}
        left = [gone for gone in data.left if gone.alert_id in known]
        told = words.Told(
            name=data.name,
            area=data.area,
            areas=data.areas,
            names=self._names,
            count=data.open_members,
            joined=data.joined,
            left=left,
            lost=[known[gone.alert_id] for gone in left],
            severity=data.severity,
            severity_before=group.told.data.severity if group.told is not None else None,
            window=self._grouping.window_of(group.kind),
        )
        if group.regrouped:
            return words.regrouped(told)
        if group.into is not None:
            return words.merged(told, group.into.kind.text, group.into.area)
        if data.state != "open":
            return words.ended(told)
        return words.opened(told) if group.told is None else words.updated(told)


def _severities(members: Sequence[OpenAlert], before: Situation | None) -> tuple[str, str]:
    """Of the worst open member, and the worst so far; where nothing is open, the last one stays."""
    last = before.severity if before is not None else SEVERITIES[0]
    severity = max((one.alert.severity for one in members), key=rank, default=last)
    return severity, max(severity, before.severity_max if before is not None else severity, key=rank)


def _risen(members: Sequence[OpenAlert], before: Situation | None, cause: Cause) -> bool:
    """Whether this alert made it worse than all that was open before: the situation and its other members."""
    if cause.id.startswith(REGROUPED):
        return False
    had = rank(before.severity) if before is not None and before.open_members else -1
    others = (rank(one.alert.severity) for one in members if one.alert.alert_id != cause.alert)
    now = max((rank(one.alert.severity) for one in members), default=-1)
    return now > max(had, *others, -1)


def _member(group: Group, one: OpenAlert) -> Member:
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


def _worst_first(one: OpenAlert) -> tuple[int, int, str]:
    return -rank(one.alert.severity), one.order, one.alert.alert_id
