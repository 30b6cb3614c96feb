"""What roads brought to whom in an exercise: deliveries, laid to the alerts they are about. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import zip_longest
from statistics import median

from services.alerts.exercise.told import Called, Delivered, Person, Receiver, Told
from services.observation.delivery import Delivery
from services.observation.instants import SECOND, iso, micros

Whom = tuple[str, str]
"""A road, and the account, or "" where the road has one receiver."""


class Carried:
    """Takes the records of roads; those that tell of nothing in the exercise are left out in the end."""

    def __init__(self) -> None:
        """Before the first record."""
        self._given: list[Delivery] = []

    def take(self, told: Delivery) -> None:
        """One record, in any order; trials, and records that do not say what they are about, are nothing."""
        if told.about and not told.test:
            self._given.append(told)

    def lay(self, rows: Mapping[str, Told], people: dict[str, Person]) -> list[Receiver]:
        """Write into each alert to whom it was brought when; whom each road reached.

        Args:
            rows: alerts by id, with `annunciated_at`, `situation` and `calls` filled in.
            people: by name; who was reached is added.
        """
        whole: dict[str, list[Told]] = defaultdict(list)
        for row in rows.values():
            if row.situation is not None and not row.within:
                whole[row.situation].append(row)
        found: dict[Whom, Receiver] = {}
        waits: dict[Whom, list[float]] = defaultdict(list)
        left: dict[Whom, set[str]] = defaultdict(set)
        came: dict[Whom, set[str]] = defaultdict(set)
        for one in sorted(self._given, key=lambda one: one.t):
            about = [row for name in one.about for row in (rows.get(name), *whole.get(name, ())) if row]
            if not about:
                continue
            whom = (one.road, one.to)
            receiver = found.setdefault(whom, Receiver(road=one.road, to=one.to))
            (came if one.outcome == "delivered" else left)[whom].add(one.id)
            if one.outcome != "delivered":
                continue
            if one.tells == "overdue":
                _called(one, about)
            elif one.tells != "end":
                waits[whom] += _brought(one, about, receiver)
        for whom, receiver in found.items():
            receiver.letters, receiver.waiting = len(came[whom]), len(left[whom] - came[whom])
            if waits[whom]:
                receiver.median_s, receiver.slowest_s = median(waits[whom]), max(waits[whom])
        _persons(rows, people)
        return sorted(found.values(), key=lambda one: (one.road, one.to))


def _brought(one: Delivery, about: list[Told], receiver: Receiver) -> list[float]:
    """Note the first hand-over to a receiver in each alert; seconds from the sound."""
    waits = []
    for row in about:
        # Words wait for the sound; one that tells of a situation before this alert's is not about it.
        since = row.annunciated_at if one.tells == "new" else row.raised_at
        if since is None or micros(since) > one.t + SECOND:
            continue
        if any((known.road, known.to) == (one.road, one.to) for known in row.deliveries):
            continue
        words = one.tells == "new"
        row.deliveries.append(Delivered(road=one.road, to=one.to, at=iso(one.t), words=words))
        if words:
            row.delivered_at = row.delivered_at or iso(one.t)
        receiver.alerts += 1
        waits.append(max(0.0, (one.t - micros(since)) / SECOND))
    return waits


def _called(one: Delivery, about: list[Told]) -> None:
    """A step of escalation reached somebody: the last one that was due by then."""
    for row in about:
        due = [call for call in row.calls if micros(call.at) <= one.t + SECOND]
        if due and all((known.road, known.to) != (one.road, one.to) for known in due[-1].reached):
            due[-1].reached.append(Delivered(road=one.road, to=one.to, at=iso(one.t), words=True))


def answer(row: Told) -> None:
    """Say of each call whether somebody acknowledged or closed the alert before the next one."""
    done = [micros(at) for at in (row.acknowledged_at, row.closed_at) if at is not None]
    for call, after in zip_longest(row.calls, row.calls[1:]):
        call.answered = any(after is None or at < micros(after.at) for at in done)


def _persons(rows: Mapping[str, Told], people: dict[str, Person]) -> None:
    for row in rows.values():
        for name in {one.to for one in row.deliveries if one.to}:
            people.setdefault(name, Person(name=name)).told += 1
        for call in row.calls:
            for name in _names(call):
                person = people.setdefault(name, Person(name=name))
                person.called += 1
                person.unanswered += not call.answered


def _names(call: Called) -> set[str]:
    return {one.to for one in call.reached if one.to}
