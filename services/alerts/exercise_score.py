"""What an exercise came to: what was told when, who saw it, who did what, against what had to be told. Pure.

All of it follows from the stream: from the events since the exercise began, with status `Exercise`, and
from what the roads say they delivered. Times are those of the wall clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import msgspec

from services.alerts.annunciation import Attention, Thing
from services.alerts.lifecycle import KEEPER, rank_of
from services.observation.event import noun_and_verb
from services.observation.exercise import STATUS, Exercise, Expected
from services.observation.instants import SECOND, iso, micros
from services.observation.text import Text

TWO_MINUTES, TEN_MINUTES = 120 * SECOND, 600 * SECOND
_STEPS = ("acknowledged", "assigned", "closed", "commented", "shelved")
_MACHINES = ("", KEEPER, "exercise")


class Told(msgspec.Struct, kw_only=True):
    """One alert, step by step; ISO 8601 UTC, None where it never came to that.

    `annunciated_at`: when it made a sound, by itself or as part of `situation`. `delivered_at`: when the
    first road had handed its message to somebody.
    """

    alert_id: str
    hazard: str
    rule: str
    area: str
    severity: str
    raised_at: str
    station: str | None = None
    gateway: str | None = None
    situation: str | None = None
    annunciated_at: str | None = None
    delivered_at: str | None = None
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None
    assigned_at: str | None = None
    assigned_to: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None
    cause: str | None = None
    cleared_at: str | None = None


class Met(msgspec.Struct, kw_only=True):
    """Something that had to be told, and how that went.

    `after_s`: from when it happened until it was told.
    """

    name: Text
    hazard: str
    at: str
    within_s: float
    told: bool
    in_time: bool
    alert_id: str | None = None
    raised_at: str | None = None
    annunciated_at: str | None = None
    after_s: float | None = None


class Person(msgspec.Struct, kw_only=True):
    """What one person did; `acknowledge_s`: median from the sound to their acknowledgement."""

    name: str
    acknowledged: int = 0
    assigned: int = 0
    closed: int = 0
    commented: int = 0
    shelved: int = 0
    acknowledge_s: float | None = None


class Score(msgspec.Struct, kw_only=True):
    """The whole.

    Attributes:
        things: new things to look at; per_two_minutes: in the mean; most_in_10_min: at the worst.
        annunciate_s, acknowledge_s: medians from raised to sound, from sound to acknowledgement.
    """

    exercise: Exercise
    alerts: list[Told]
    expected: list[Met]
    people: list[Person]
    things: int
    per_two_minutes: float
    most_in_10_min: int
    missed: int
    late: int
    unacknowledged: int
    annunciate_s: float | None = None
    acknowledge_s: float | None = None


class Scoring:
    """Takes the events of one exercise in stream order."""

    def __init__(self, exercise: Exercise, site: str) -> None:
        """Begin where it began."""
        self._exercise, self._attention = exercise, Attention(site)
        self._source = f"/sites/{site}"
        self._rows: dict[str, Told] = {}
        self._people: dict[str, Person] = {}
        self._waits: dict[str, list[float]] = {}
        self._things: list[int] = []

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
        self._sound(self._attention.take(sequence, stored_us, event))

    def delivered(self, alert_id: str, at: int) -> None:
        """A road had handed over a message about an alert, µs UTC."""
        row = self._rows.get(alert_id)
        if row is not None and (row.delivered_at is None or micros(row.delivered_at) > at):
            row.delivered_at = iso(at)

    def score(self, now: int) -> Score:
        """As it stands at an instant, µs UTC."""
        self._sound(self._attention.due(now))
        began = micros(self._exercise.started_at)
        ended = now if self._exercise.ended_at is None else micros(self._exercise.ended_at)
        rows = list(self._rows.values())
        expected = [self._met(one, rows) for one in self._exercise.expected]
        for name, waits in self._waits.items():
            self._people[name].acknowledge_s = median(waits) if waits else None
        waits = [wait for found in self._waits.values() for wait in found]
        sounds = [_between(row.raised_at, row.annunciated_at) for row in rows if row.annunciated_at]
        return Score(
            exercise=self._exercise,
            alerts=rows,
            expected=expected,
            people=sorted(self._people.values(), key=lambda one: one.name),
            things=len(self._things),
            per_two_minutes=len(self._things) / max((ended - began) / TWO_MINUTES, 1.0),
            most_in_10_min=most_within(self._things, TEN_MINUTES),
            missed=sum(not one.told for one in expected),
            late=sum(one.told and not one.in_time for one in expected),
            unacknowledged=sum(
                row.annunciated_at is not None and row.acknowledged_at is None for row in rows
            ),
            annunciate_s=median(sounds) if sounds else None,
            acknowledge_s=median(waits) if waits else None,
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
        if verb == "cleared":
            row.cleared_at = iso(at)
        if verb in _STEPS and by not in _MACHINES:
            self._step(verb, row, by, at, data.get("act"))

    def _step(self, verb: str, row: Told, by: str, at: int, given: object) -> None:
        person = self._people.setdefault(by, Person(name=by))
        waits = self._waits.setdefault(by, [])
        setattr(person, verb, getattr(person, verb) + 1)
        act = given if isinstance(given, Mapping) else {}
        if verb == "acknowledged" and row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = iso(at), by
            waits.append((at - micros(row.annunciated_at or row.raised_at)) / SECOND)
        elif verb == "assigned" and row.assigned_at is None:
            row.assigned_at, row.assigned_to = iso(at), act.get("assignee")
        elif verb == "closed":
            row.closed_at, row.closed_by, row.cause = iso(at), by, act.get("cause")

    def _sound(self, things: Iterable[Thing]) -> None:
        for thing in things:
            self._things.append(thing.at)
            for alert_id in (thing.id, *thing.covers) if thing.kind == "alert" else thing.covers:
                row = self._rows.get(alert_id)
                if row is not None and row.annunciated_at is None:
                    row.annunciated_at = iso(thing.at)
                    row.situation = thing.id if thing.kind == "situation" else None

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
        first = min(fitting, key=lambda row: micros(row.raised_at), default=None)
        met = Met(
            name=one.name, hazard=one.hazard, at=one.at, within_s=one.within_s, told=False, in_time=False
        )
        if first is None:
            return met
        met.told, met.alert_id, met.raised_at = True, first.alert_id, first.raised_at
        met.annunciated_at = first.annunciated_at
        met.after_s = max(0.0, (micros(first.raised_at) - at) / SECOND)
        met.in_time = met.after_s <= one.within_s
        return met


def most_within(instants: Sequence[int], span: int) -> int:
    """The most of ascending instants that lie within a span."""
    most = first = 0
    for at, instant in enumerate(instants):
        while instant - instants[first] >= span:
            first += 1
        most = max(most, at - first + 1)
    return most


def _between(first: str, last: str) -> float:
    return max(0.0, (micros(last) - micros(first)) / SECOND)
