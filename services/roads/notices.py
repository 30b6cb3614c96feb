"""What people are told.

Things for their attention, the end of what they were told, and that nobody acted. Pure.

Everything here follows from the stream: read again from its beginning it gives the same notices at the same
instants, so a road only has to remember how far it came. `Attention` rations; this adds the ends. When each
goes out on a road, `queued` says.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from services.alerts.attention.annunciation import Attention, Thing
from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.roads.choosing import rank_of
from services.roads.reports import Report, read_report

Kind = Literal["new", "again", "end", "overdue", "moved", "report"]
_ENDS = {("alert", "cleared"), ("alert", "closed"), ("situation", "ended")}
_REGROUPED = "regrouped"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell. `at`: µs UTC; `about`: id of alert or situation; `to`: only these, where named.

    `again` is what was acknowledged long ago and still holds: for people on duty, never for loudspeakers.
    `moved` is told to nobody: the situation goes on in another, `into`, and so does who was told of it.
    `language`: the one in which the alert's sentence is, where it says so.
    `told`, of an end: when its beginning and each further word went out, and to whom where named.
    """

    at: int
    name: str
    kind: Kind
    of: Literal["alert", "situation", "report"]
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
    rule: str = ""
    sensor: str = ""
    into: str = ""
    language: str = ""
    told: tuple[tuple[int, tuple[str, ...]], ...] = ()
    report: Report | None = None


class Desk:
    """Follows every event once for all roads, and gives notices in the order of their instants."""

    def __init__(self, site: str, areas: Mapping[str, Text] | None = None) -> None:
        """Before the first event, at a site; `areas`: their names."""
        self._source = f"/sites/{site}"
        self._attention = Attention(site, names=areas)
        self._told: dict[str, Notice] = {}
        self._matters: dict[str, _Matter] = {}
        self._latest = 0

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Notice]:
        """One event in stream order; what had become due before it comes first.

        Instants never go back, also where the clock was set back: a road's place is an instant, and what came
        before it in time but after it in the stream would be taken for done.
        """
        stored_us = self._latest = max(stored_us, self._latest)
        things = self._attention.take(sequence, stored_us, event)
        if event.get("source") == self._source:
            data, about = event.get("data"), str(event.get("subject"))
            # Acts on what is over go on for months.
            if isinstance(data, Mapping) and data.get("rule") and self._attention.follows(about):
                self._matters[about] = _matter(data)
        out = [self._new(thing) for thing in things]
        if event.get("source") == self._source:
            out += _reported(stored_us, event) or self._other(sequence, stored_us, event)
        return out

    def due(self, now: int) -> list[Notice]:
        """What has become due by the clock, µs UTC."""
        return [self._new(thing) for thing in self._attention.due(now)]

    def next_due(self) -> int | None:
        """When `due` may have something to say next, µs UTC."""
        return self._attention.next_due()

    def _new(self, thing: Thing) -> Notice:
        notice = Notice(
            at=thing.at,
            name=f"new/{thing.kind}/{thing.id}/{thing.sequence}",
            kind="again" if thing.again else "new",
            of=thing.kind,
            about=thing.id,
            hazard=thing.hazard,
            area=thing.area,
            severity=thing.severity,
            status=thing.status,
            why=thing.why,
            since=thing.at,
            **self._matters.get(thing.id, _NONE)._asdict(),
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
        self._matters.pop(about, None)
        told = self._told.pop(about, None)
        if told is None:
            return []
        if named[0] == "situation" and (data.get("state") == "merged" or data.get("cause") == _REGROUPED):
            return [self._moved(sequence, stored_us, told, str(data.get("merged_into") or ""))]
        end = msgspec.structs.replace(
            told, at=stored_us, name=f"end/{about}/{sequence}", kind="end", why=_reason(data, told.why)
        )
        return [end]

    def _moved(self, sequence: int, at: int, told: Notice, into: str) -> Notice:
        """It is not over: "it is over" would be a false all-clear to everybody who was told."""
        there = self._told.get(into)
        if into and (there is None or rank_of(there.severity) < rank_of(told.severity)):
            self._told[into] = msgspec.structs.replace(told, about=into)
        return msgspec.structs.replace(
            told, at=at, name=f"moved/{told.about}/{sequence}", kind="moved", into=into
        )

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
            **_matter(data)._asdict(),
        )
        # What a situation tells is no thing of its own; who is called about it is owed its end all the same.
        self._told.setdefault(about, msgspec.structs.replace(notice, to=(), step=0, since=at))
        return [notice]


def _reported(at: int, event: Mapping[str, Any]) -> list[Notice]:
    """A report of the real operation; what was played or tried has no place in anybody's letters."""
    made = noun_and_verb(event.get("type")) == ("report", "made")
    report = read_report(event.get("data")) if made else None
    if report is None:
        return []
    notice = Notice(
        at=at,
        name=f"report/{report.name}",
        kind="report",
        of="report",
        about=report.name,
        hazard="",
        area=SITE_AREA,
        severity=SEVERITIES[0],
        status="Actual",
        why=report.headline,
        report=report,
    )
    return [notice]


class _Matter(NamedTuple):
    """What an alert is about: where, by which rule on which sensor; the one language of its sentence."""

    station: str = ""
    rule: str = ""
    sensor: str = ""
    language: str = ""


_NONE = _Matter()


def _matter(data: Mapping[str, Any]) -> _Matter:
    return _Matter(*(str(data.get(name) or "") for name in _Matter._fields))


def _reason(data: Mapping[str, Any], default: Text) -> Text:
    given = data.get("reason")
    if isinstance(given, Mapping) and isinstance(given.get("vi"), str) and isinstance(given.get("en"), str):
        return Text(given["vi"], given["en"])
    return default
