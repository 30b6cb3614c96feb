"""How good warnings were: alerts against a list of what really happened. Pure.

An alert is a hit if it meets a row of the truth, from six hours before its start to its end, in the same
area and hazard, and reached that severity; the scores are the WMO's of warning verification.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from services.observation.event import SEVERITIES, CloudEvent, Verb, verb_of
from services.observation.instants import SECOND, micros

EARLY = 6 * 3600 * SECOND
"""An alert this long before the event still belongs to it, µs."""
_DAY = 24 * 3600 * SECOND
_LEAST_DAYS = 1 / 24
"""Of ten minutes, a rate per day says nothing."""
_TEN_MINUTES = 600 * SECOND


class Happened(NamedTuple):
    """One row of a truth file; times in µs UTC, both ends included."""

    start: int
    end: int
    area: str
    hazard: str
    severity: str


class Occurrence(msgspec.Struct):
    """One alert as a backtest sees it. `reached`: when each severity first was; `end` None: still open."""

    area: str
    hazard: str
    rule: str
    start: int
    end: int | None
    reached: dict[str, int]


class Score(msgspec.Struct):
    """Scores of one hazard at one severity; a ratio without denominator is None, a lead is in seconds."""

    hits: int
    misses: int
    false_alarms: int
    pod: float | None
    far: float | None
    csi: float | None
    lead_s: list[float]


class Lead(NamedTuple):
    """How early the hits were, s: median, tenth percentile, and the share that came late. None: no hit."""

    median: float | None
    p10: float | None
    late: float | None


class Load(msgspec.Struct):
    """What the operator would have had to look at."""

    alerts: int
    days: float
    per_day: float | None
    most_in_10_min: int
    by_rule: dict[str, int]
    by_severity: dict[str, int]


def occurrences(events: Iterable[CloudEvent]) -> list[Occurrence]:
    """Fold events into alerts, in the order they were raised."""
    found: dict[str, Occurrence] = {}
    for event in events:
        data, verb, at = event.data, verb_of(event.type), micros(event.time)
        one = found.get(data.alert_id)
        if one is None:
            one = found[data.alert_id] = Occurrence(data.area, data.hazard, data.rule, at, None, {})
        if verb == Verb.CLEARED:
            one.end = at
        elif verb in (Verb.RAISED, Verb.ESCALATED):
            for word in SEVERITIES[: SEVERITIES.index(data.severity) + 1]:
                one.reached.setdefault(word, at)
    return list(found.values())


def score(events: Iterable[CloudEvent], truth: Sequence[Happened]) -> dict[str, dict[str, Score]]:
    """Scores by hazard and severity: each that the truth names, and above those each an alert reached.

    Below the lowest severity that the truth names nothing is known, so nothing is called false there.
    Alerts about ourselves are no warnings and are not scored.
    """
    return score_alerts(occurrences(events), truth)


def score_alerts(found: Iterable[Occurrence], truth: Sequence[Happened]) -> dict[str, dict[str, Score]]:
    """The same of alerts that are no events: those of a bare threshold."""
    alerts = [alert for alert in found if alert.hazard != "system"]
    result: dict[str, dict[str, Score]] = {}
    for hazard in sorted({row.hazard for row in truth} | {alert.hazard for alert in alerts}):
        of_hazard = [alert for alert in alerts if alert.hazard == hazard]
        rows = [row for row in truth if row.hazard == hazard]
        lowest = min((SEVERITIES.index(row.severity) for row in rows), default=0)
        for word in SEVERITIES[lowest:]:
            reaching = [alert for alert in of_hazard if word in alert.reached]
            named = [row for row in rows if row.severity == word]
            if reaching or named:
                result.setdefault(hazard, {})[word] = _score(reaching, named, word)
    return result


def _score(alerts: Sequence[Occurrence], rows: Sequence[Happened], severity: str) -> Score:
    leads: list[float] = []
    hitting: set[int] = set()
    for row in rows:
        meeting = [at for at, alert in enumerate(alerts) if _meets(alert, row)]
        if meeting:
            best = min(meeting, key=lambda at: alerts[at].reached[severity])
            hitting.add(best)
            leads.append((row.start - alerts[best].reached[severity]) / SECOND)
    hits, misses, false = len(leads), len(rows) - len(leads), len(alerts) - len(hitting)
    return Score(
        hits=hits,
        misses=misses,
        false_alarms=false,
        pod=_ratio(hits, hits + misses),
        far=_ratio(false, hits + false),
        csi=_ratio(hits, hits + misses + false),
        lead_s=leads,
    )


def lead(leads: Sequence[float]) -> Lead:
    """Median and tenth percentile (linear between leads) of the leads of hits, and the share below zero."""
    if not leads:
        return Lead(None, None, None)
    ordered = sorted(leads)
    return Lead(_quantile(ordered, 0.5), _quantile(ordered, 0.1), sum(x < 0 for x in ordered) / len(ordered))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _meets(alert: Occurrence, row: Happened) -> bool:
    ends_in_time = alert.end is None or alert.end >= row.start - EARLY
    return alert.area == row.area and alert.start <= row.end and ends_in_time


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def load(events: Iterable[CloudEvent], first: int, last: int) -> Load:
    """How many alerts over a span of time, and how many at once."""
    return load_of_alerts(occurrences(events), first, last)


def load_of_alerts(alerts: Sequence[Occurrence], first: int, last: int) -> Load:
    """The same of alerts that are no events."""
    starts = sorted(alert.start for alert in alerts)
    most = begin = 0
    for at, start in enumerate(starts):
        while start - starts[begin] >= _TEN_MINUTES:
            begin += 1
        most = max(most, at - begin + 1)
    days = max(last - first, 0) / _DAY
    by_rule: dict[str, int] = {}
    by_severity: dict[str, int] = {}
    for alert in alerts:
        worst = max(alert.reached, key=SEVERITIES.index, default=SEVERITIES[0])
        by_rule[alert.rule] = by_rule.get(alert.rule, 0) + 1
        by_severity[worst] = by_severity.get(worst, 0) + 1
    per_day = len(alerts) / days if days >= _LEAST_DAYS else None
    return Load(len(alerts), days, per_day, most, dict(sorted(by_rule.items())), by_severity)
