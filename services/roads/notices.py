"""What people are told.

things for their attention, the end of what they were told, and that nobody acted. Pure.

Everything here follows from the stream: read again from its beginning it gives the same notices at the same
instants, so a road only has to remember how far it came. `Attention` rations; this adds the ends.
"""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Literal

import msgspec

from services.alerts.annunciation import Attention, Thing
from services.observation.event import noun_and_verb
from services.observation.text import Text
from services.policy.roads import Road
from services.roads.choosing import passes, rank_of

Kind = Literal["new", "end", "overdue"]
DAY_MIN, MINUTE_US = 1440, 60_000_000
_ENDS = {("alert", "cleared"), ("alert", "closed"), ("situation", "ended"), ("situation", "merged")}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell. `at`: µs UTC; `about`: id of alert or situation; `to`: only these, where named."""

    at: int
    name: str
    kind: Kind
    of: Literal["alert", "situation"]
    about: str
    hazard: str
    area: str
    severity: str
    status: str
    why: Text
    since: int = 0
    to: tuple[str, ...] = ()
    step: int = 0
    station: str = ""


class Desk:
    """Follows every event once for all roads, and gives notices in the order of their instants."""

    def __init__(self, site: str) -> None:
        """Before the first event, at a site."""
        self._source = f"/sites/{site}"
        self._attention = Attention(site)
        self._told: dict[str, Notice] = {}
        self._stations: dict[str, str] = {}

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Notice]:
        """One event in stream order; what had become due before it comes first."""
        if event.get("source") == self._source:
            data = event.get("data")
            if isinstance(data, Mapping) and isinstance(data.get("station"), str):
                self._stations[str(event.get("subject"))] = data["station"]
        out = [self._new(thing) for thing in self._attention.take(sequence, stored_us, event)]
        if event.get("source") == self._source:
            out += self._other(sequence, stored_us, event)
        return out

    def due(self, now: int) -> list[Notice]:
        """What has become due by the clock, µs UTC."""
        return [self._new(thing) for thing in self._attention.due(now)]

    def _new(self, thing: Thing) -> Notice:
        notice = Notice(
            at=thing.at,
            name=f"new/{thing.kind}/{thing.id}/{thing.sequence}",
            kind="new",
            of=thing.kind,
            about=thing.id,
            hazard=thing.hazard,
            area=thing.area,
            severity=thing.severity,
            status=thing.status,
            why=thing.why,
            since=thing.at,
            station=self._stations.get(thing.id, ""),
        )
        before = self._told.get(thing.id)
        if before is None or rank_of(before.severity) < rank_of(notice.severity):
            self._told[thing.id] = notice
        return notice

    def _other(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Notice]:
        data, about = event.get("data"), str(event.get("subject"))
        named = noun_and_verb(event.get("type"))
        if named is None or not isinstance(data, Mapping):
            return []
        if named == ("alert", "overdue"):
            return self._overdue(sequence, stored_us, about, data)
        if named not in _ENDS:
            return []
        self._stations.pop(about, None)
        told = self._told.pop(about, None)
        if told is None:
            return []
        end = msgspec.structs.replace(
            told, at=stored_us, name=f"end/{about}/{sequence}", kind="end", why=_reason(data, told.why)
        )
        return [end]

    def _overdue(self, sequence: int, at: int, about: str, data: Mapping[str, Any]) -> list[Notice]:
        act = data.get("act")
        act = act if isinstance(act, Mapping) else {}
        to, step = act.get("to"), act.get("step")
        people = tuple(str(one) for one in to) if isinstance(to, list) else ()
        notice = Notice(
            at=at,
            name=f"overdue/{about}/{sequence}",
            kind="overdue",
            of="alert",
            about=about,
            hazard=str(data.get("hazard", "")),
            area=str(data.get("area", "")),
            severity=str(data.get("severity", "")),
            status=str(data.get("status", "Actual")),
            why=_reason(data, Text("", "")),
            to=people,
            step=step if isinstance(step, int) else 1,
            station=str(data.get("station") or ""),
        )
        return [notice]


class Queue:
    """The notices of one road, in order of when they are to go out; quiet hours hold back what is low."""

    def __init__(self, road: Road, since_us: int, reached_us: int, reached: Iterable[str]) -> None:
        """Of a road that there is since then, and that has come so far.

        Everything before `reached_us`, and these at that very instant, is done.
        """
        self._road, self._since_us = road, since_us
        self._reached_us, self._reached = reached_us, frozenset(reached)
        self._heap: list[tuple[int, int, Notice]] = []
        self._out: dict[str, int] = {}
        """When the first word of each thing goes out."""
        self._count = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._heap)

    def put(self, notice: Notice, minute_of_day: int) -> None:
        """Take a notice in stream order; `minute_of_day`: of its instant on the site's clock."""
        if notice.at < self._since_us or not self._takes(notice):
            return
        at = notice.at
        if notice.kind == "end":
            if self._out.pop(notice.about, at) > at:
                # Begun and over within the quiet hours: there is nothing to tell any more.
                self._heap = [entry for entry in self._heap if entry[2].about != notice.about]
                heapify(self._heap)
                return
        elif notice.kind == "new":
            at += self._held_us(notice, minute_of_day)
            self._out[notice.about] = min(at, self._out.get(notice.about, at))
        if at < self._reached_us or (at == self._reached_us and notice.name in self._reached):
            return
        self._count += 1
        heappush(self._heap, (at, self._count, notice))

    def _takes(self, notice: Notice) -> bool:
        road = self._road
        if notice.kind == "overdue":
            return road.escalation and bool(notice.to) and notice.status in road.status
        if notice.kind == "end":
            return notice.about in self._out
        return passes(road, notice.hazard, notice.area, notice.severity, notice.status) or (
            # A situation is of a kind, not of a hazard.
            notice.of == "situation"
            and passes(
                msgspec.structs.replace(road, hazards=()), "", notice.area, notice.severity, notice.status
            )
        )

    def _held_us(self, notice: Notice, minute: int) -> int:
        quiet = self._road.quiet
        if quiet is None or rank_of(notice.severity) >= rank_of(quiet.below):
            return 0
        length = (quiet.end - quiet.start) % DAY_MIN
        into = (minute - quiet.start) % DAY_MIN
        return (length - into) * MINUTE_US if into < length else 0

    def head(self, now: int) -> tuple[int, Notice] | None:
        """The next that is to go out by `now`, µs UTC, and its instant."""
        if self._heap and self._heap[0][0] <= now:
            at, _, notice = self._heap[0]
            return at, notice
        return None

    def done(self) -> tuple[int, tuple[str, ...]]:
        """Take the head away; what the road has reached then."""
        at, _, notice = heappop(self._heap)
        if at != self._reached_us:
            self._reached = frozenset()
        self._reached_us, self._reached = at, self._reached | {notice.name}
        return self._reached_us, tuple(sorted(self._reached))


def _reason(data: Mapping[str, Any], default: Text) -> Text:
    given = data.get("reason")
    if isinstance(given, Mapping) and isinstance(given.get("vi"), str) and isinstance(given.get("en"), str):
        return Text(given["vi"], given["en"])
    return default
