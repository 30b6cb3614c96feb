"""That nothing real was hidden: where every alert was told, and whether all that happened was in time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from bench._storm_chain import Stored
from bench._storm_heard import untold
from services.alerts.attention.annunciation import SETTLE_US, Thing
from services.cli.exercise.sources import Due
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

How = Literal["own", "situation", "inhibited", "chattering", "fleeting", "hidden"]
LITTLE = SEVERITIES[0]
"""What a situation tells by being told; from the next rung on each area is told of."""


class Way(msgspec.Struct):
    """One alert: how it was told, and when; `by`: the situation or the alert that told it."""

    data: dict[str, Any]
    raised: int
    cleared: int | None = None
    how: How = "hidden"
    at: int | None = None
    by: str = ""


class Met(msgspec.Struct):
    """Something that happened: whether it was told in time, and how."""

    due: Due
    told_s: float | None
    in_time: bool
    how: str


def ways(log: Sequence[Stored], found: Iterable[Thing]) -> dict[str, Way]:
    """How each alert was told: each in exactly one way, the plainest.

    One that reached a severity which nobody was told of, of its phenomenon and area, is hidden, whatever
    else is known of it.
    """
    found = list(found)
    rows = _raised(log)
    own, covered, told = _things(found)
    joined = _joined(log)
    quiet = _quiet(log)
    for alert, way in rows.items():
        within = next(((max(at, told[s]), s) for s, at in joined.get(alert, ()) if s in told), None)
        if alert in own:
            way.how, way.at = "own", own[alert]
        elif within is not None and (alert not in covered or way.data["severity"] == LITTLE):
            way.how, way.at, way.by = "situation", *within
        elif alert in covered:
            way.how, way.at, way.by = "situation", *covered[alert]
        elif alert not in quiet and _fleeting(way):
            way.how = "fleeting"
    for alert, way in [*rows.items()] * 2:  # one may be explained by another that is told as chattering
        if way.how == "hidden":
            _explain(way, quiet.get(alert, ()), rows)
    for hidden in {one.alert for one in untold(log, found)} & rows.keys():
        rows[hidden].how = "hidden"
    return rows


def _fleeting(way: Way) -> bool:
    return way.cleared is not None and way.cleared - way.raised < SETTLE_US


def _explain(way: Way, reasons: Iterable[tuple[str, str, int]], rows: Mapping[str, Way]) -> None:
    for kind, what, at in reasons:
        if kind in ("gateway", "inhibition") and what in rows and rows[what].how != "hidden":
            way.how, way.by, way.at = "inhibited", what, at
        elif kind == "chattering":
            place = _place(way.data)
            before = [one for one in rows.values() if one.how == "own" and _place(one.data) == place]
            if any(one.at is not None and one.at <= at + SETTLE_US for one in before):
                way.how, way.by, way.at = "chattering", what, at


def met(due: Iterable[Due], rows: Mapping[str, Way]) -> list[Met]:
    """For all that happened: the first alert that tells it, and when the operator could know."""
    out = []
    for one in due:
        fitting = [
            way
            for way in rows.values()
            if way.data["hazard"] == one.hazard
            and (not one.rules or way.data["rule"] in one.rules)
            and (not one.areas or way.data["area"] in one.areas)
            and (one.station is None or way.data.get("station") == one.station)
            and (one.gateway is None or way.data.get("gateway") == one.gateway)
            and (way.cleared is None or way.cleared >= one.at)
            and way.at is not None
        ]
        first = min(fitting, key=lambda way: way.at or 0, default=None)
        seconds = None if first is None or first.at is None else max(0.0, (first.at - one.at) / SECOND)
        in_time = seconds is not None and seconds <= one.within / SECOND
        out.append(Met(one, seconds, in_time, "" if first is None else first.how))
    return out


def _raised(log: Iterable[Stored]) -> dict[str, Way]:
    rows: dict[str, Way] = {}
    for stored in log:
        noun, verb = stored.named
        data = stored.event["data"]
        if noun != "alert":
            continue
        if verb == "raised":
            rows[data["alert_id"]] = Way(data, stored.at)
        elif verb == "cleared" and data["alert_id"] in rows:
            rows[data["alert_id"]].cleared = stored.at
    return rows


def _things(
    found: Iterable[Thing],
) -> tuple[dict[str, int], dict[str, tuple[int, str]], dict[str, int]]:
    """First thing of each alert, first that covered it within a situation, and first of each situation."""
    own: dict[str, int] = {}
    covered: dict[str, tuple[int, str]] = {}
    told: dict[str, int] = {}
    for thing in found:
        if thing.kind == "alert":
            own.setdefault(thing.id, thing.at)
            continue
        told.setdefault(thing.id, thing.at)
        for alert in thing.covers:
            covered.setdefault(alert, (thing.at, thing.id))
    return own, covered, told


def _joined(log: Iterable[Stored]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for stored in log:
        if stored.named[0] == "situation":
            data = stored.event["data"]
            for member in data["joined"]:
                found.setdefault(member["alert_id"], []).append((data["situation_id"], stored.at))
    return found


def _quiet(log: Iterable[Stored]) -> dict[str, list[tuple[str, str, int]]]:
    found: dict[str, list[tuple[str, str, int]]] = {}
    for stored in log:
        if stored.named[1] in ("inhibited", "suppressed"):
            data = stored.event["data"]
            quiet = data["act"]["quiet"]
            found.setdefault(data["alert_id"], []).append((quiet["kind"], quiet["what"], stored.at))
    return found


def _place(data: Mapping[str, Any]) -> tuple[Any, ...]:
    return data["rule"], data.get("sensor") or data.get("gateway") or data["area"]
