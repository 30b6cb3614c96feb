"""How good the warnings of lightning at a place were, in the terms of IEC 62793. Pure.

The clause text was not read (recalled, to be checked): what each count means here is written at each
field of `Score`. A related event is a strike within the target area, a circle round the place; the monitored
area is the wider circle whose strikes the warning may be raised by.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from services.alerts.derive import Floats, Ints
from services.observation.event import SEVERITIES, CloudEvent, Verb, verb_of
from services.observation.instants import SECOND, micros

DWELL_S = 1800.0


class Alarm(NamedTuple):
    """An alarm at a place: from when to when it was in force, µs UTC; `end` None: still."""

    start: int
    end: int | None


class Score(msgspec.Struct, frozen=True):
    """Counts and times; a ratio without a denominator is None.

    Attributes:
        ea: effective alarms: with a strike in the target while in force, `needed_s` after the start or later.
        fa: false alarms: all others. `fa_near`: those of them with a strike in the monitored area.
        ftw: failures to warn: episodes in the target whose first strike came before any alarm was in force,
            or sooner than `needed_s` after it began. An episode ends when `dwell_s` pass without a strike.
        unwarned: single strikes in the target outside every alarm. strikes: all strikes in the target.
        pod, ftwr, far: EA / (EA + FTW), 1 - POD, FA / (EA + FA).
        lead_s: of each effective alarm, its first related event less its start.
        dwell_s: of each effective alarm that ended, its end less its last related event.
        tiw_s: total interval of warning: how long alarms were in force. tiw_share: of the time looked at.
    """

    ea: int
    fa: int
    fa_near: int
    ftw: int
    unwarned: int
    strikes: int
    pod: float | None
    ftwr: float | None
    far: float | None
    lead_s: list[float]
    dwell_s: list[float]
    tiw_s: float
    tiw_share: float | None


def score(  # noqa: PLR0913  what the standard asks to be declared
    alarms: Iterable[tuple[int, int | None]],
    time: Ints,
    km: Floats,
    *,
    target_km: float,
    monitored_km: float,
    span: tuple[int, int],
    needed_s: float = 0.0,
    dwell_s: float = DWELL_S,
) -> Score:
    """Judge the alarms of one place.

    Args:
        alarms: (start, end) in µs UTC; those that touch are one.
        time: (n,) strikes, µs UTC, in any order.
        km: (n,) how far each is from the place.
        target_km: radius of the target area.
        monitored_km: radius of the monitored area.
        span: first and last instant looked at, µs UTC; an alarm that is still on ends with it.
        needed_s: how long before a strike people must know.
        dwell_s: without a strike in the target an episode is over.
    """
    joined = _joined(alarms, span[1])
    order = np.argsort(time, kind="stable")
    time, km = time[order], km[order]
    target, around = time[km <= target_km], time[km <= monitored_km]
    lead: list[float] = []
    dwell: list[float] = []
    effective = near = 0
    for start, end, over in joined:
        related = _within(target, start, end)
        if len(related) and int(related[-1]) - start >= needed_s * SECOND:
            effective += 1
            lead.append((int(related[0]) - start) / SECOND)
            if over:
                dwell.append((end - int(related[-1])) / SECOND)
        elif len(_within(around, start, end)):
            near += 1
    false = len(joined) - effective
    failed = sum(
        not any(start + needed_s * SECOND <= first <= end for start, end, _ in joined)
        for first in _episodes(target, dwell_s)
    )
    covered = sum(len(_within(target, start, end)) for start, end, _ in joined)
    warned = sum(end - start for start, end, _ in joined) / SECOND
    whole = (span[1] - span[0]) / SECOND
    return Score(
        ea=effective,
        fa=false,
        fa_near=near,
        ftw=failed,
        unwarned=len(target) - covered,
        strikes=len(target),
        pod=_ratio(effective, effective + failed),
        ftwr=_ratio(failed, effective + failed),
        far=_ratio(false, effective + false),
        lead_s=lead,
        dwell_s=dwell,
        tiw_s=warned,
        tiw_share=warned / whole if whole > 0 else None,
    )


def alarms_of(events: Iterable[CloudEvent], station: str, severity: str) -> list[Alarm]:
    """When the alerts of a place were at a severity or above, from its events in their order."""
    least = SEVERITIES.index(severity)
    found: list[Alarm] = []
    begun: dict[str, int] = {}
    for event in events:
        if event.data.station != station:
            continue
        alert, verb, at = event.data.alert_id, verb_of(event.type), micros(event.time)
        high = verb != Verb.CLEARED and SEVERITIES.index(event.data.severity) >= least
        if verb in (Verb.RAISED, Verb.ESCALATED) and high:
            begun.setdefault(alert, at)
        elif verb in (Verb.EASED, Verb.CLEARED) and not high and alert in begun:
            found.append(Alarm(begun.pop(alert), at))
    return sorted([*found, *(Alarm(start, None) for start in begun.values())], key=lambda one: one.start)


def _joined(alarms: Iterable[tuple[int, int | None]], last: int) -> list[tuple[int, int, bool]]:
    """Alarms one after the other: start, end, and whether they ended."""
    found: list[tuple[int, int, bool]] = []
    for start, end in sorted(alarms, key=lambda one: one[0]):
        until, over = (last, False) if end is None else (end, True)
        if found and start <= found[-1][1]:
            was = found[-1]
            found[-1] = (was[0], max(was[1], until), over if until >= was[1] else was[2])
        else:
            found.append((start, until, over))
    return found


def _episodes(time: Ints, dwell_s: float) -> Sequence[int]:
    """First strike of each episode."""
    if not len(time):
        return []
    pause = np.diff(time, prepend=time[0] - int(dwell_s * SECOND) - 1) > dwell_s * SECOND
    return [int(t) for t in time[pause].tolist()]


def _within(time: Ints, start: int, end: int) -> Ints:
    return time[np.searchsorted(time, start) : np.searchsorted(time, end, side="right")]


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
