"""What a span of time cost the people on duty: by what was new to look at, beside the raw count. Pure.

Marks as domain.md 7.3 has them, with their tags, in `MARKS`. A *thing* is what `annunciation` calls new; the
raw count is every alert raised or escalated. Only one site and one status are counted: exercises and tests
stand apart.

Over 250 lines: the marks and the nouns that the figures are told in stand beside them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median
from typing import NamedTuple

import msgspec

from services.alerts.attention.annunciation import Thing
from services.alerts.load.case import Case, Kept, Response
from services.alerts.scoring.load import (
    BEARABLE_PER_HOUR,
    CHATTER,
    DAY,
    FLOOD_BEGINS,
    FLOOD_ENDS,
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
from services.observation.text import Text

ACTORS = 10
"""So many of the most frequent alarms are named: the top ten to twenty give 20 to 80 % of the load."""


class Mark(NamedTuple):
    """A number to measure against, where it is from, and how sure that is."""

    value: float
    source: Text
    tag: str


MARKS: dict[str, Mark] = {
    "per_operator_hour": Mark(
        BEARABLE_PER_HOUR,
        Text(
            "một lần mỗi 10 phút, 144 lần mỗi ngày (IEC 62682:2014)",
            "one in 10 minutes, 144 a day (IEC 62682:2014)",
        ),
        "verified: vendor notes",
    ),
    "per_operator_hour_most": Mark(
        12.0,
        Text("hai lần mỗi 10 phút, 300 lần mỗi ngày (ISA-18.2)", "two in 10 minutes, 300 a day (ISA-18.2)"),
        "recalled: ISA-18.2, to be checked",
    ),
    "flood_begins": Mark(
        FLOOD_BEGINS,
        Text("quá 10 trong 10 phút cho mỗi người trực", "more than 10 in 10 minutes per operator"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "flood_ends": Mark(
        FLOOD_ENDS,
        Text("dưới 5 trong 10 phút", "below 5 in 10 minutes"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "flood_share": Mark(
        0.01,
        Text("dưới khoảng 1 % thời gian", "below about 1 % of the time"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "chattering": Mark(
        CHATTER,
        Text("từ 3 lần của một cảnh báo trong 1 phút", "3 or more of one alarm within 1 minute"),
        "verified: vendor notes",
    ),
    "stale_h": Mark(24.0, Text("đứng quá 24 giờ", "active for more than 24 hours"), "verified: vendor notes"),
    **{
        f"split_{name}": Mark(
            share,
            Text("80 % thấp, 15 % vừa, 5 % cao", "80 % low, 15 % medium, 5 % high"),
            "verified: exida note; which rung is which priority is a design default",
        )
        for name, share in SPLIT.items()
    },
}  # fmt: skip


class Took(msgspec.Struct):
    """How long answers took: of how many, their median and what nine in ten kept within, s.

    Who has not answered yet is in neither. `waiting`: how many those are; `p90_least_s`: nine in ten of all
    take at least this, counting who waits as answered at the end of the span.
    """

    n: int
    median_s: float | None = None
    p90_s: float | None = None
    waiting: int = 0
    p90_least_s: float | None = None


class Offender(msgspec.Struct):
    """An alarm (rule and place) and how often it sounded, with its share of all sounds."""

    rule: str
    place: str
    hazard: str
    area: str
    times: int
    share: float


class Standing(msgspec.Struct):
    """An alert that stands: since when it is known, how bad it is."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: str
    since: int
    label: str


class Quieted(msgspec.Struct):
    """An alert that is kept quiet, by what, until when and why."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: str
    kind: str
    since: int
    until: int | None
    by: str | None
    why: Text | None
    what: str | None


class Figures(msgspec.Struct):
    """The load of one span. Rates are None of less than an hour; shares None of nothing.

    Attributes:
        things: new things to look at. raw: alerts raised, escalated or brought back by time.
        alerts: first told within the span.
        most_in_10_min: things. flooding: whether a flood goes on at the end.
        chattering: alarms that made three sounds within a minute. actors: the most frequent, by raw count.
        split: alerts of the span by priority. took: answers given within the span.
        by_severity, by_person: the same, apart. waiting: alerts nobody has answered at the end.
        stale: open at the end for more than a day. shelved, suppressed: at the end.
        apart: alerts of exercises and tests in the span, by status; they are in no other figure.
    """

    first: int
    last: int
    operators: int
    things: int
    raw: int
    alerts: int
    per_operator_hour: float | None
    raw_per_operator_hour: float | None
    most_in_10_min: int
    floods: list[tuple[int, int]]
    flood_share: float | None
    flooding: bool
    chattering: list[Offender]
    actors: list[Offender]
    split: dict[str, int]
    took: Took
    by_severity: dict[str, Took]
    by_person: dict[str, Took]
    waiting: list[Standing]
    stale: list[Standing]
    shelved: list[Quieted]
    suppressed: list[Quieted]
    apart: dict[str, int]

    @property
    def flood_s(self) -> float:
        """Seconds in floods."""
        return sum(end - begin for begin, end in self.floods) / 1e6


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
