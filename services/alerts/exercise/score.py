"""What an exercise came to: what was told when, who saw it, who did what, against what had to be told. Pure.

All of it follows from the stream: from the events since the exercise began, with status `Exercise`, and
from what the roads say they delivered. Times are those of the wall clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import msgspec

from services.alerts.attention.annunciation import Attention, Thing
from services.alerts.exercise.carried import Carried, answer
from services.alerts.exercise.told import Called, Delivered, Met, Person, Score, Told
from services.alerts.lifecycle import KEEPER, rank_of
from services.observation.delivery import Delivery
from services.observation.event import noun_and_verb
from services.observation.exercise import STATUS, Exercise, Expected
from services.observation.instants import SECOND, iso, micros

TWO_MINUTES, TEN_MINUTES = 120 * SECOND, 600 * SECOND
_STEPS = ("acknowledged", "assigned", "closed", "commented", "shelved")
_MACHINES = ("", KEEPER, "exercise")


class Scoring:
    """Takes the events of one exercise in stream order, and what roads carried in any."""

    def __init__(self, exercise: Exercise, site: str) -> None:
        """Begin where it began."""
        self._exercise, self._attention = exercise, Attention(site)
        self._source = f"/sites/{site}"
        self._rows: dict[str, Told] = {}
        self._people: dict[str, Person] = {}
        self._waits: dict[str, list[float]] = {}
        self._things: list[int] = []
        self._member: dict[str, str] = {}
        """Situation in which an alert is, or last was."""
        self._told: dict[str, int] = {}
        """When each situation was told first."""
        self._carried = Carried()

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        """One event; those of the real operation are left out."""
        data = event.get("data")
        named = noun_and_verb(event.get("type"))
        if (
            not isinstance(data, Mapping)
            or data.get("status") != STATUS
            or event.get("source") != self._source
        ):
            return
        if named is None or named[0] not in ("alert", "situation"):
            return
        self._sound(self._attention.due(stored_us))
        if named[0] == "alert":
            self._alert(named[1], stored_us, data)
        else:
            self._situation(data)
        self._sound(self._attention.take(sequence, stored_us, event))

    def carried(self, told: Delivery) -> None:
        """What a road carried, or tried to; of whatever."""
        self._carried.take(told)

    def score(self, now: int) -> Score:
        """As it stands at an instant, µs UTC; asked once, at the end."""
        self._sound(self._attention.due(now))
        began = micros(self._exercise.started_at)
        ended = now if self._exercise.ended_at is None else micros(self._exercise.ended_at)
        rows = list(self._rows.values())
        for row in rows:
            self._within(row)
            answer(row)
        receivers = self._carried.lay(self._rows, self._people)
        expected = [self._met(one, rows) for one in self._exercise.expected]
        for name, given in self._waits.items():
            self._people[name].acknowledge_s = median(given) if given else None
        waits = [wait for found in self._waits.values() for wait in found]
        heard = [row for row in rows if row.annunciated_at and not row.within]
        return Score(
            exercise=self._exercise,
            alerts=rows,
            expected=expected,
            receivers=receivers,
            people=sorted(self._people.values(), key=lambda one: one.name),
            things=len(self._things),
            per_two_minutes=len(self._things) / max((ended - began) / TWO_MINUTES, 1.0),
            most_in_10_min=most_within(self._things, TEN_MINUTES),
            missed=sum(not one.told for one in expected),
            late=sum(one.told and not one.in_time for one in expected),
            unacknowledged=sum(
                row.annunciated_at is not None and row.acknowledged_at is None for row in rows
            ),
            calls=sum(len(row.calls) for row in rows),
            unanswered=sum(not call.answered for row in rows for call in row.calls),
            annunciate_s=_median(_between(row.raised_at, row.annunciated_at) for row in heard),
            deliver_s=_median(
                _between(row.annunciated_at or row.raised_at, row.delivered_at)
                for row in heard
                if row.delivered_at
            ),
            acknowledge_s=_median(waits),
        )

    def _alert(self, verb: str, at: int, data: Mapping[str, Any]) -> None:
        alert_id, by = str(data.get("alert_id")), str(data.get("by") or "")
        row = self._rows.get(alert_id)
        if row is None:
            row = self._rows[alert_id] = Told(
                alert_id=alert_id, hazard=str(data.get("hazard")), rule=str(data.get("rule")),
                area=str(data.get("area")), severity=str(data.get("severity")), raised_at=iso(at),
                station=data.get("station"), gateway=data.get("gateway"),
            )  # fmt: skip
        if verb in ("raised", "escalated") and rank_of(str(data.get("severity"))) > rank_of(row.severity):
            row.severity = str(data.get("severity"))
        given = data.get("act")
        act = given if isinstance(given, Mapping) else {}
        if verb == "cleared":
            row.cleared_at = iso(at)
        elif verb == "overdue":
            row.calls.append(_call(at, act, len(row.calls) + 1))
        elif verb == "inhibited" and isinstance(act.get("quiet"), Mapping):
            row.explained_by = str(act["quiet"].get("what"))
        elif verb in _STEPS and by not in _MACHINES:
            self._step(verb, row, by, at, act)

    def _situation(self, data: Mapping[str, Any]) -> None:
        joined = data.get("joined")
        for member in joined if isinstance(joined, list) else ():
            if isinstance(member, Mapping):
                self._member[str(member.get("alert_id"))] = str(data.get("situation_id"))

    def _step(self, verb: str, row: Told, by: str, at: int, act: Mapping[str, Any]) -> None:
        person = self._people.setdefault(by, Person(name=by))
        waits = self._waits.setdefault(by, [])
        setattr(person, verb, getattr(person, verb) + 1)
        if verb == "acknowledged" and row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = iso(at), by
            waits.append(max(0.0, (at - micros(row.annunciated_at or row.raised_at)) / SECOND))
        elif verb == "assigned" and row.assigned_at is None:
            row.assigned_at, row.assigned_to = iso(at), act.get("assignee")
        elif verb == "closed":
            row.closed_at, row.closed_by, row.cause = iso(at), by, act.get("cause")

    def _sound(self, things: Iterable[Thing]) -> None:
        for thing in things:
            self._things.append(thing.at)
            if thing.kind == "situation":
                self._told.setdefault(thing.id, thing.at)
            for alert_id in (thing.id, *thing.covers) if thing.kind == "alert" else thing.covers:
                row = self._rows.get(alert_id)
                if row is not None and row.annunciated_at is None:
                    row.annunciated_at = iso(thing.at)
                    row.situation = thing.id if thing.kind == "situation" else None

    def _within(self, row: Told) -> None:
        """What came into a situation without being news there is told by it all the same."""
        situation = self._member.get(row.alert_id, "")
        told = self._told.get(situation)
        if row.annunciated_at is None and told is not None:
            row.situation, row.within = situation, True
            row.annunciated_at = iso(max(told, micros(row.raised_at)))

    def _met(self, one: Expected, rows: Sequence[Told]) -> Met:
        at = micros(one.at)
        least = rank_of(one.severity)
        fitting = [
            row
            for row in rows
            if one.told_by(msgspec.structs.asdict(row))
            and rank_of(row.severity) >= least
            and (row.cleared_at is None or micros(row.cleared_at) >= at)
            and micros(row.raised_at) <= at + 2 * one.within_s * SECOND
        ]
        met = Met(name=one.name, hazard=one.hazard, at=one.at, within_s=one.within_s)
        if not fitting:
            return met
        fitting.sort(key=lambda row: micros(row.raised_at))
        first = fitting[0]
        met.alert_id, met.raised_at, met.after_s = (
            first.alert_id,
            first.raised_at,
            _since(at, first.raised_at),
        )
        met.in_time = (met.after_s or 0.0) <= one.within_s
        explained = [self._rows[row.explained_by] for row in fitting if row.explained_by in self._rows]
        met.annunciated_at = _first(row.annunciated_at for row in fitting) or _first(
            row.annunciated_at for row in explained
        )
        met.told, met.quiet = met.annunciated_at is not None, met.annunciated_at is None
        met.told_s = _since(at, met.annunciated_at)
        met.acknowledged_at = _first(row.acknowledged_at for row in fitting)
        met.acknowledged_by = next(
            (row.acknowledged_by for row in fitting if row.acknowledged_at == met.acknowledged_at), None
        )
        met.acknowledged_s = _since(at, met.acknowledged_at)
        met.deliveries = _each(given for row in fitting for given in row.deliveries)
        met.delivered_at = _first(row.delivered_at for row in fitting)
        met.delivered_s = _since(at, met.delivered_at)
        met.calls = sorted((call for row in fitting for call in row.calls), key=lambda call: micros(call.at))
        return met


def most_within(instants: Sequence[int], span: int) -> int:
    """The most of ascending instants that lie within a span."""
    most = first = 0
    for at, instant in enumerate(instants):
        while instant - instants[first] >= span:
            first += 1
        most = max(most, at - first + 1)
    return most


def _call(at: int, act: Mapping[str, Any], number: int) -> Called:
    to, step = act.get("to"), act.get("step")
    names = [str(one) for one in to] if isinstance(to, list) else []
    return Called(at=iso(at), step=step if isinstance(step, int) else number, to=names)


def _between(first: str, last: str | None) -> float:
    return 0.0 if last is None else max(0.0, (micros(last) - micros(first)) / SECOND)


def _since(at: int, text: str | None) -> float | None:
    return None if text is None else max(0.0, (micros(text) - at) / SECOND)


def _first(times: Iterable[str | None]) -> str | None:
    return min((one for one in times if one is not None), key=micros, default=None)


def _each(given: Iterable[Delivered]) -> list[Delivered]:
    """The first hand-over to each receiver, in order of time."""
    found: dict[tuple[str, str], Delivered] = {}
    for one in sorted(given, key=lambda one: micros(one.at)):
        found.setdefault((one.road, one.to), one)
    return list(found.values())


def _median(given: Iterable[float]) -> float | None:
    values = list(given)
    return median(values) if values else None
