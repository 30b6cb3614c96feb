"""How good warnings were: alerts against a list of what really happened. Pure.

An alert is a hit if it meets a row of the truth, from six hours before its start to its end, in the same
area and hazard, and reached that severity; the scores are the WMO's of warning verification.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from services.alerts.scoring.intervals import Interval, Leads, Rare, leads, rare, wilson
from services.alerts.scoring.load import Load, load_of_alerts
from services.observation.event import SEVERITIES, CloudEvent, Verb, verb_of
from services.observation.instants import SECOND, micros

EARLY = 6 * 3600 * SECOND
"""An alert this long before the event still belongs to it, µs."""

__all__ = [
    "EARLY", "Cover", "Happened", "Lead", "Load", "Occurrence", "Score", "lead", "load", "load_of_alerts",
    "occurrences", "quiet_windows", "score", "score_alerts",
]  # fmt: skip


class Happened(NamedTuple):
    """One row of a truth file; times in µs UTC, both ends included."""

    start: int
    end: int
    area: str
    hazard: str
    severity: str


class Occurrence(msgspec.Struct):
    """One alert as a backtest sees it. `reached`: when each severity first was; `end` None: still open.

    `told`: when it was raised and escalated, µs UTC. `id`: of the alert; empty for one of a bare threshold.
    """

    area: str
    hazard: str
    rule: str
    start: int
    end: int | None
    reached: dict[str, int]
    sensor: str | None = None
    told: list[int] = []
    id: str = ""


class Score(msgspec.Struct):
    """Scores of one hazard at one severity; a ratio without denominator is None, a lead is in seconds.

    `…_95`: Wilson's interval of the ratio. `bias`: alerts told per event. `rare`: where it is known where
    nothing could have been told wrongly, see `Cover`.
    """

    hits: int
    misses: int
    false_alarms: int
    pod: float | None
    far: float | None
    csi: float | None
    lead_s: list[float]
    pod_95: Interval | None = None
    far_95: Interval | None = None
    csi_95: Interval | None = None
    bias: float | None = None
    leads: Leads | None = None
    rare: Rare | None = None


class Lead(NamedTuple):
    """How early the hits were, s: median, tenth percentile, and the share that came late. None: no hit."""

    median: float | None
    p10: float | None
    late: float | None


class Cover(NamedTuple):
    """Where and when something could have been told: the recording's span, µs UTC, and areas by hazard."""

    first: int
    last: int
    areas: Mapping[str, Collection[str]]


def occurrences(events: Iterable[CloudEvent]) -> list[Occurrence]:
    """Fold events into alerts, in the order they were raised."""
    found: dict[str, Occurrence] = {}
    for event in events:
        data, verb, at = event.data, verb_of(event.type), micros(event.time)
        one = found.get(data.alert_id)
        if one is None:
            one = Occurrence(data.area, data.hazard, data.rule, at, None, {}, data.sensor, [], data.alert_id)
            found[data.alert_id] = one
        if verb == Verb.CLEARED:
            one.end = at
        elif verb in (Verb.RAISED, Verb.ESCALATED):
            for word in SEVERITIES[: SEVERITIES.index(data.severity) + 1]:
                one.reached.setdefault(word, at)
            one.told.append(at)
    return list(found.values())


def score(
    events: Iterable[CloudEvent], truth: Sequence[Happened], cover: Cover | None = None
) -> dict[str, dict[str, Score]]:
    """Scores by hazard and severity: each that the truth names, and above those each an alert reached.

    Below the lowest severity that the truth names nothing is known, so nothing is called false there.
    Alerts about ourselves are no warnings and are not scored.
    """
    return score_alerts(occurrences(events), truth, cover)


def score_alerts(
    found: Iterable[Occurrence], truth: Sequence[Happened], cover: Cover | None = None
) -> dict[str, dict[str, Score]]:
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
                one = result.setdefault(hazard, {})[word] = _score(reaching, named, word)
                if cover is not None and hazard in cover.areas:
                    negatives = quiet_windows(reaching, named, cover, cover.areas[hazard])
                    one.rare = rare(one.hits, one.misses, one.false_alarms, negatives)
    return result


def _score(alerts: Sequence[Occurrence], rows: Sequence[Happened], severity: str) -> Score:
    early: list[float] = []
    hitting: set[int] = set()
    for row in rows:
        meeting = [at for at, alert in enumerate(alerts) if _meets(alert, row)]
        if meeting:
            best = min(meeting, key=lambda at: alerts[at].reached[severity])
            hitting.add(best)
            early.append((row.start - alerts[best].reached[severity]) / SECOND)
    hits, misses, false = len(early), len(rows) - len(early), len(alerts) - len(hitting)
    return Score(
        hits=hits,
        misses=misses,
        false_alarms=false,
        pod=_ratio(hits, hits + misses),
        far=_ratio(false, hits + false),
        csi=_ratio(hits, hits + misses + false),
        lead_s=early,
        pod_95=wilson(hits, hits + misses),
        far_95=wilson(false, hits + false),
        csi_95=wilson(hits, hits + misses + false),
        bias=_ratio(hits + false, hits + misses),
        leads=leads(early),
    )


def quiet_windows(
    alerts: Sequence[Occurrence], rows: Sequence[Happened], cover: Cover, areas: Collection[str]
) -> int:
    """Correct negatives: windows of six hours of an area in which nothing happened and nothing stood.

    Windows begin with the recording; the last, cut short, does not count. A row of the truth reaches six
    hours back, as it does for a hit.
    """
    count = max(0, (cover.last - cover.first) // EARLY)
    quiet = 0
    for area in areas:
        busy: set[int] = set()
        spans = [(row.start - EARLY, row.end) for row in rows if row.area == area]
        spans += [(a.start, cover.last if a.end is None else a.end) for a in alerts if a.area == area]
        for start, end in spans:
            first, last = ((at - cover.first) // EARLY for at in (start, end))
            busy.update(range(max(first, 0), min(last, count - 1) + 1))
        quiet += count - len(busy)
    return quiet


def lead(found: Sequence[float]) -> Lead:
    """Median and tenth percentile (linear between leads) of the leads of hits, and the share below zero."""
    all_of_it = leads(found)
    return Lead(all_of_it.median, all_of_it.p10, all_of_it.late)


def _meets(alert: Occurrence, row: Happened) -> bool:
    ends_in_time = alert.end is None or alert.end >= row.start - EARLY
    return alert.area == row.area and alert.start <= row.end and ends_in_time


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def load(events: Iterable[CloudEvent], first: int, last: int) -> Load:
    """How many alerts over a span of time, and how many at once."""
    return load_of_alerts(occurrences(events), first, last)
