"""What a span of time cost the people on duty: by what was new to look at, beside the raw count. Pure.

Marks to measure against are in `marks`, the nouns in `nouns`. A *thing* is what `annunciation` calls new; the
raw count is every alert raised or escalated. Only one site and one status are counted: exercises and tests
stand apart.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

from services.alerts.attention.annunciation import Thing
from services.alerts.load.case import Case, Kept, Response
from services.alerts.load.nouns import Figures, Offender, Quieted, Standing, Took
from services.alerts.scoring.load import (
    DAY,
    FLOOD_WINDOW,
    HOUR,
    PRIORITY,
    SPLIT,
    STALE,
    chatters,
    floods,
    most,
)
from services.observation.event import SEVERITIES

ACTORS = 10
"""So many of the most frequent alarms are named: the top ten to twenty give 20 to 80 % of the load."""


def figures(  # noqa: PLR0913  what a span is and who it was for
    cases: Sequence[Case],
    things: Iterable[Thing],
    first: int,
    last: int,
    *,
    operators: int = 1,
    apart: Iterable[Case] = (),
) -> Figures:
    """The load of [first, last).

    Args:
        cases: of one site, status `Actual`, folded up to `last`.
        things: of the same alerts and of situations; others are left out by their status.
        first: µs UTC of the wall clock.
        last: likewise, not included.
        operators: on duty together; they share the load.
        apart: cases of another status.
    """
    span = last - first
    told = sorted(
        one.at for one in things if one.status == "Actual" and first - FLOOD_WINDOW <= one.at < last
    )
    new = [at for at in told if at >= first]
    sounds = [(case, s.at) for case in cases for s in case.sounds if first <= s.at < last]
    flooded = [
        (max(begin, first), min(end, last))
        for begin, end in floods(told, operators)
        if end > first and begin < last
    ]
    answers = [answer for case in cases for answer in case.responses if first <= answer.at < last]
    owed = [case for case in cases if case.life.attention and case.heard_at < last]
    begun = [case for case in cases if first <= case.heard_at < last]
    counts = Counter(PRIORITY.get(case.worst, "low") for case in begun)
    quiet = _ordered(case for case in cases if any(one.end is None for one in case.kept))
    hours = span / HOUR * operators if span >= HOUR else None
    return Figures(
        first=first,
        last=last,
        operators=operators,
        things=len(new),
        raw=len(sounds),
        alerts=len(begun),
        per_operator_hour=None if hours is None else len(new) / hours,
        raw_per_operator_hour=None if hours is None else len(sounds) / hours,
        most_in_10_min=most(new),
        floods=flooded,
        flood_share=sum(end - begin for begin, end in flooded) / span if span >= HOUR else None,
        flooding=bool(flooded) and flooded[-1][1] >= last,
        chattering=_chattering(sounds),
        actors=_offenders(sounds)[:ACTORS],
        split={name: counts[name] for name in SPLIT},
        took=took(answers, [_waited(case, last) for case in owed]),
        by_severity=_by_severity(answers, owed, last),
        by_person=_by_person(answers),
        waiting=[_standing(case) for case in _ordered(owed)],
        stale=[
            _standing(case)
            for case in _ordered(
                case for case in cases if last - case.heard_at > STALE and case.stands_at(last)
            )
        ],
        shelved=[one for case in quiet for one in _quieted(case, shelved=True)],
        suppressed=[one for case in quiet for one in _quieted(case, shelved=False)],
        apart=dict(Counter(case.life.status for case in apart if first <= case.heard_at < last)),
    )  # fmt: skip


def took(answers: Sequence[Response], waited_s: Sequence[float] = ()) -> Took:
    """Median, and the nearest-rank ninetieth percentile; of none there is none.

    Args:
        answers: that were given.
        waited_s: how long each of those has waited that nobody has answered.
    """
    ordered = sorted(answer.took_s for answer in answers)
    every = sorted([*ordered, *waited_s])
    least = _ninetieth(every) if waited_s else None
    if not ordered:
        return Took(0, waiting=len(waited_s), p90_least_s=least)
    return Took(len(ordered), median(ordered), _ninetieth(ordered), len(waited_s), least)


def _ninetieth(ordered: Sequence[float]) -> float:
    return ordered[ceil(len(ordered) * 0.9) - 1]


def _waited(case: Case, last: int) -> float:
    since = case.heard_at if case.waiting_since is None else case.waiting_since
    return max(last - since, 0) / 1e6


def _by_severity(answers: Sequence[Response], owed: Sequence[Case], last: int) -> dict[str, Took]:
    out = {}
    for word in SEVERITIES:
        found = [one for one in answers if one.severity == word]
        waited = [_waited(case, last) for case in owed if case.worst == word]
        if found or waited:
            out[word] = took(found, waited)
    return out


def _by_person(answers: Sequence[Response]) -> dict[str, Took]:
    people: dict[str, list[Response]] = {}
    for one in answers:
        people.setdefault(one.by, []).append(one)
    return {name: took(found) for name, found in sorted(people.items(), key=lambda item: -len(item[1]))}


def _offenders(sounds: Sequence[tuple[Case, int]]) -> list[Offender]:
    by_alarm: dict[tuple[str, str], list[Case]] = {}
    for case, _ in sounds:
        by_alarm.setdefault(case.alarm, []).append(case)
    found = [
        Offender(rule, place, cases[0].life.hazard, cases[0].life.area, len(cases), len(cases) / len(sounds))
        for (rule, place), cases in by_alarm.items()
    ]
    return sorted(found, key=lambda one: (-one.times, one.rule, one.place))


def _chattering(sounds: Sequence[tuple[Case, int]]) -> list[Offender]:
    times: dict[tuple[str, str], list[int]] = {}
    for case, at in sounds:
        times.setdefault(case.alarm, []).append(at)
    guilty = {alarm for alarm, told in times.items() if chatters(sorted(told))}
    return [one for one in _offenders(sounds) if (one.rule, one.place) in guilty]


def _ordered(cases: Iterable[Case]) -> list[Case]:
    """The worst first, of those the oldest."""
    return sorted(cases, key=lambda case: (-rank(case.life.severity), case.heard_at))


def rank(severity: str) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _standing(case: Case) -> Standing:
    life = case.life
    return Standing(
        life.alert_id, life.rule, case.place, life.hazard, life.area, life.severity, case.heard_at, life.label
    )


def _quieted(case: Case, *, shelved: bool) -> Iterable[Quieted]:
    for one in case.kept:
        if one.end is None and (one.kind == "shelved") is shelved:
            yield quieted(case, one)


def quieted(case: Case, one: Kept) -> Quieted:
    """A stretch of quiet with the alert it keeps quiet."""
    life = case.life
    return Quieted(
        life.alert_id, life.rule, case.place, life.hazard, life.area, life.severity, one.kind, one.start,
        one.until, one.by, one.why, one.what,
    )  # fmt: skip


def per_day(found: Figures) -> float | None:
    """Things a day and operator; None of less than an hour."""
    return None if found.per_operator_hour is None else found.per_operator_hour * (DAY / HOUR)
