"""Whether every phenomenon was told of every area it reached, as severe as it was there. Knows no Attention.

Alerts of one phenomenon in one area are one *spell* on each rung, with what is between them up to an hour.
Whoever was told of the spell, on that rung or above, knows of all that follows in it. An alert of `watch` or
more that could be heard, and whose spell was told neither before nor soon after, was hidden: also in a
situation that was told, of another area.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bench._storm_chain import Stored
from services.alerts.attention.annunciation import Thing
from services.alerts.lifecycle import rank_of
from services.alerts.situation.kinds import family_of
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

SOON_US = 320 * SECOND
"""News of a situation is gathered for five minutes; a sound settles, or waits for a duty, some seconds."""
GAP_US = 3600 * SECOND
MOMENT_US = 20 * SECOND
"""What is over, or quiet, or less, so soon may be so before anybody could be told."""
_FOREVER = 1 << 62
_CONDITION = ("raised", "escalated", "eased", "cleared")
_QUIET, _HEARD = ("inhibited", "suppressed"), ("uninhibited", "unsuppressed")


class Stretch(NamedTuple):
    """An alert on a rung, from one instant to another, µs UTC; `heard`: nothing kept it quiet."""

    start: int
    end: int
    rung: int
    heard: bool


class Untold(NamedTuple):
    """That an alert reached a rung, and nobody was told in time."""

    alert: str
    rung: int
    at: int


Place = tuple[str, str, str]
"""Status, phenomenon and area."""


def untold(log: Sequence[Stored], found: Iterable[Thing]) -> list[Untold]:
    """Every alert of `watch` or more that was hidden, in order of time."""
    stretches, places = _lives(log)
    told: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for thing in found:
        for alert in thing.covers:
            if thing.kind == "alert":
                rung = _rung(stretches[alert], thing.at, MOMENT_US)
            else:
                rung = min(_rung(stretches[alert], thing.at, SOON_US), rank_of(thing.severity))
            told[places[alert]].append((thing.at, rung))
    out = []
    for rung in range(SEVERITIES.index("watch"), len(SEVERITIES)):
        spells: dict[Place, list[tuple[int, int, str, bool]]] = defaultdict(list)
        for alert, kept in stretches.items():
            spells[places[alert]] += [(start, end, alert, heard) for start, end, heard in _on(kept, rung)]
        for place, spans in spells.items():
            out += _missed(sorted(spans), [at for at, as_bad in told[place] if as_bad >= rung], rung)
    return sorted(out, key=lambda one: (one.at, one.alert))


def _missed(spans: Sequence[tuple[int, int, str, bool]], told: Sequence[int], rung: int) -> list[Untold]:
    """Those of a place, on a rung, whose spell was not told by then."""
    out = []
    began = ended = -_FOREVER
    for start, end, alert, heard in spans:
        if start > ended + GAP_US:
            began = start
        ended = max(end, ended)
        known = any(began <= at <= start + SOON_US for at in told)
        if heard and end - start > MOMENT_US and not known:
            out.append(Untold(alert, rung, start))
    return out


def _on(kept: Sequence[Stretch], rung: int) -> list[tuple[int, int, bool]]:
    """When an alert was on a rung or above, and whether it could be heard; what touches is one."""
    out: list[tuple[int, int, bool]] = []
    for one in kept:
        if one.rung < rung:
            continue
        touches = bool(out) and out[-1][1] == one.start
        if touches and not one.heard and out[-1][1] - out[-1][0] <= SOON_US:
            # Somebody silenced it while its news was gathered: it is told when it is let go.
            out[-1] = (out[-1][0], one.end, False)
        elif touches and out[-1][2] == one.heard:
            out[-1] = (out[-1][0], one.end, one.heard)
        else:
            out.append((one.start, one.end, one.heard))
    return out


def _rung(kept: Sequence[Stretch], at: int, back: int) -> int:
    """As bad as it can have been told to be: what was less or over by then is told as bad as it was."""
    before = [one for one in kept if one.start <= at]
    lately = [one.rung for one in before if one.end > at - back] or [one.rung for one in before[-1:]]
    return max(lately, default=-1)


def _lives(log: Iterable[Stored]) -> tuple[dict[str, list[Stretch]], dict[str, Place]]:
    """All alerts: how severe they were when, and what and where they are."""
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    places: dict[str, Place] = {}
    now: dict[str, tuple[int, int]] = {}
    quiet: dict[str, set[str]] = defaultdict(set)

    def turn(alert: str, at: int, rung: int) -> None:
        if alert in now:
            start, before = now.pop(alert)
            stretches[alert].append(Stretch(start, at, before, heard=not quiet[alert]))
        if rung >= 0:
            now[alert] = at, rung

    for stored in log:
        noun, verb = stored.named
        if noun != "alert":
            continue
        data: Mapping[str, Any] = stored.event["data"]
        alert = data["alert_id"]
        if verb in _CONDITION:
            places.setdefault(alert, _place(data))
            turn(alert, stored.at, -1 if verb == "cleared" else rank_of(data["severity"]))
        elif verb in (*_QUIET, *_HEARD) and alert in now:
            turn(alert, stored.at, now[alert][1])
            key = f"{data['act']['quiet']['kind']}:{data['act']['quiet']['what']}"
            (quiet[alert].add if verb in _QUIET else quiet[alert].discard)(key)
    for alert in list(now):
        turn(alert, _FOREVER, -1)
    return stretches, places


def _place(data: Mapping[str, Any]) -> Place:
    family = family_of(data["hazard"], data["rule"], data.get("sensor"))
    return data.get("status", "Actual"), family or data["rule"], data["area"]
