"""What alerts cost the person who must look at them. Pure; ISA-18.2 and IEC 62682 as they are cited.

Counted are *annunciations*, what would make a sound: an alert raised, escalated, or back after it was
acknowledged long ago. Numbers and marks:

- per day and operator-hour: 144 a day, 6 an hour, can be borne (IEC 62682:2014);
- a flood begins with more than 10 in 10 minutes and ends below 5 in 10 minutes (verified);
- chattering: three or more of one alert within a minute (verified); raised again within 15 minutes of its
  end is its slower form (the re-raise of EEMUA 191, a design default here);
- stale: stands for more than 24 hours (verified);
- split: 80 % low, 15 % medium, 5 % high (verified). Here advisory is low, watch medium, the others high
  (a design default: our ladder has four rungs).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import msgspec

from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FLOOD_WINDOW, FLOOD_BEGINS, FLOOD_ENDS = 10 * MINUTE, 10, 5
CHATTER_WINDOW, CHATTER = MINUTE, 3
AGAIN = 15 * MINUTE
STALE = DAY
BEARABLE_PER_HOUR = 6.0
SPLIT = {"low": 0.80, "medium": 0.15, "high": 0.05}
PRIORITY = {"advisory": "low", "watch": "medium", "warning": "high", "emergency": "high"}
_LEAST = HOUR
"""Of ten minutes, a rate per day says nothing."""
_ACTORS = 5
"""So many of the most frequent are named."""


class Told(Protocol):
    """An alert as far as its load goes; `told`: each time it made a sound, µs UTC, ascending."""

    rule: str
    area: str
    sensor: str | None
    start: int
    end: int | None
    reached: dict[str, int]
    told: list[int]


class Load(msgspec.Struct):
    """What the operator would have had to look at.

    Attributes:
        alerts, annunciations: how many; `annunciations` counts escalations too.
        days: of the recording. per_day, per_operator_hour: None of less than an hour.
        floods: how often more than ten came in ten minutes; flood_share: of the time, in such a flood.
        chattering: pairs of rule and sensor that did. again: alerts raised within 15 minutes of their end.
        stale: alerts that stood for more than 24 hours.
        split: share of alerts by priority, by their highest severity.
        actors: the most frequent pairs of rule and sensor, with their share of all alerts.
    """

    alerts: int
    days: float
    per_day: float | None
    most_in_10_min: int
    by_rule: dict[str, int]
    by_severity: dict[str, int]
    annunciations: int = 0
    per_operator_hour: float | None = None
    floods: int = 0
    flood_share: float | None = None
    chattering: list[str] = []
    again: int = 0
    stale: int = 0
    split: dict[str, float] = {}
    actors: dict[str, float] = {}


def load_of_alerts(alerts: Sequence[Told], first: int, last: int) -> Load:
    """The load of alerts over a span of time, µs UTC."""
    span = max(last - first, 0)
    told = sorted(at for alert in alerts for at in (alert.told or [alert.start]))
    worst = [max(alert.reached, key=SEVERITIES.index, default=SEVERITIES[0]) for alert in alerts]
    flooded = floods(told)
    in_flood = sum(end - begin for begin, end in flooded)
    rate = len(alerts) / span if span >= _LEAST else None
    by_place: dict[str, list[Told]] = {}
    for alert in alerts:
        by_place.setdefault(f"{alert.rule} {alert.sensor or alert.area}", []).append(alert)
    often = Counter({place: len(found) for place, found in by_place.items()}).most_common(_ACTORS)
    return Load(
        alerts=len(alerts),
        days=span / DAY,
        per_day=None if rate is None else rate * DAY,
        most_in_10_min=most(sorted(alert.start for alert in alerts)),
        by_rule=dict(sorted(Counter(alert.rule for alert in alerts).items())),
        by_severity=dict(Counter(worst)),
        annunciations=len(told),
        per_operator_hour=None if span < _LEAST else len(told) / span * HOUR,
        floods=len(flooded),
        flood_share=None if span < _LEAST else min(in_flood / span, 1.0),
        chattering=sorted(place for place, found in by_place.items() if _chatters(found)),
        again=sum(_again(found) for found in by_place.values()),
        stale=sum((alert.end if alert.end is not None else last) - alert.start > STALE for alert in alerts),
        split=_split(worst),
        actors={place: count / len(alerts) for place, count in often},
    )


def most(starts: Sequence[int]) -> int:
    """The most that came within ten minutes; instants ascending."""
    found = begin = 0
    for at, start in enumerate(starts):
        while start - starts[begin] >= FLOOD_WINDOW:
            begin += 1
        found = max(found, at - begin + 1)
    return found


def floods(told: Sequence[int], operators: int = 1) -> list[tuple[int, int]]:
    """When floods began and ended: the count of the last ten minutes goes up and down.

    Args:
        told: annunciations, µs.
        operators: people who share them: the marks are per operator (domain.md 7.3 [verified]).
    """
    steps = sorted([(at + FLOOD_WINDOW, -1) for at in told] + [(at, 1) for at in told])
    count = began = 0
    flooded = False
    found = []
    for at, step in steps:
        count += step
        if not flooded and count > FLOOD_BEGINS * operators:
            flooded, began = True, at
        elif flooded and count < FLOOD_ENDS * operators:
            flooded = False
            found.append((began, at))
    return found


def _chatters(alerts: Sequence[Told]) -> bool:
    return chatters(sorted(at for alert in alerts for at in (alert.told or [alert.start])))


def chatters(told: Sequence[int]) -> bool:
    """Whether one alarm made three sounds within a minute; instants ascending, µs."""
    several = zip(told, told[CHATTER - 1 :], strict=False)
    return any(later - earlier <= CHATTER_WINDOW for earlier, later in several)


def _again(alerts: Sequence[Told]) -> int:
    ordered = sorted(alerts, key=lambda alert: alert.start)
    pairs = pairwise(ordered)
    return sum(one.end is not None and 0 <= then.start - one.end <= AGAIN for one, then in pairs)


def _split(worst: Sequence[str]) -> dict[str, float]:
    if not worst:
        return {}
    counts = Counter(PRIORITY[word] for word in worst)
    return {name: counts[name] / len(worst) for name in SPLIT}
