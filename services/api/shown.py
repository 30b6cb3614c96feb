"""Alerts as they are answered. Pure, but for what the history is asked for."""

from collections.abc import Iterable
from typing import Any

from services.alerts.lifecycle import Life, Quiet, Shelving, allowed_acts, realarm_at, reopens_at
from services.api.context import Context
from services.api.fold import Standing
from services.api.orphans import Word
from services.observation.event import SEVERITIES
from services.observation.instants import iso

_NOT_OF_AN_ALERT = ("act", "by", "seen", "until")
"""Of the last word's `data`: what speaks of the act, not of the alert."""


def linked_site(here: Context, life: Life) -> str | None:
    """The site that an alert came from over a link; None for our own."""
    if not life.site or not here.site.known or life.site == here.site.site.id:
        return None
    return life.site


def places_of(here: Context, standing: Standing) -> list[str]:
    """Tokens of an alert's events, oldest first."""
    return [here.hub.token(told.sequence) for told in standing.events]


def show(here: Context, standing: Standing, places: list[str] | None = None) -> dict[str, Any]:
    """An alert as it is answered, without `latest`; `places` are the tokens of its events."""
    places = places_of(here, standing) if places is None else places
    return {
        **{name: value for name, value in standing.data.items() if name not in _NOT_OF_AN_ALERT},
        "latest": None,
        "state": standing.state,
        "severity_max": SEVERITIES[standing.peak] if standing.peak >= 0 else standing.data.get("severity"),
        "raised_at": standing.raised_at,
        "cleared_at": standing.cleared_at,
        "blind": standing.blind,
        **_handled(standing.life.standing_at(here.clock())),
        **_comes_back(here, standing.life),
        **_freshness(here, standing.life),
        **as_orphan(orphan_of(here, standing)),
        **_left_alone(here, standing),
        "situation": here.fold.situations.of(standing.life.alert_id),
        "version": version_of(here, standing, places),
        "events": places,
    }


def _freshness(here: Context, life: Life) -> dict[str, Any]:
    """Whose it is, and whether what we know of it is of now."""
    if not here.site.known:
        return {"site": life.site, "fresh": True, "as_of": None}
    return here.linked.freshness(life.site, life.alert_id)


def orphan_of(here: Context, standing: Standing) -> Word | None:
    """What we say of a linked site's alert that this site does not know any more; None: it is none."""
    own = here.site.site.id if here.site.known else ""
    return here.fold.orphans.of(own, standing.life.alert_id)


def version_of(here: Context, standing: Standing, places: list[str] | None = None) -> str:
    """What whoever acts must have seen: the last event, or what we said of one that its site lost."""
    own = here.site.site.id if here.site.known else ""
    last = here.fold.orphans.last(own, standing.life.alert_id)
    if last is not None and last.sequence > standing.sequence:
        return here.hub.token(last.sequence)
    return here.hub.token(standing.sequence) if places is None else places[-1]


def _left_alone(here: Context, standing: Standing) -> dict[str, Any]:
    """What can be done about an alert whose site is linked no longer: nobody there is asked any more."""
    site = linked_site(here, standing.life)
    if site is None or not here.linked.is_removed(site) or orphan_of(here, standing) is not None:
        return {}
    return {"acts": ("close",) if standing.open else ()}


def stands(here: Context, standing: Standing) -> bool:
    """Whether its condition holds, as far as we know, and nobody put away what its site lost."""
    word = orphan_of(here, standing)
    return standing.open and (word is None or not word.closed)


def as_orphan(word: Word | None) -> dict[str, Any]:
    """What being an orphan changes in an alert as it is answered."""
    if word is None:
        return {"orphan": None}
    data = word.data
    found = {"orphan": {"since": data.time, "reason": data.reason}, "fresh": False, "acts": ("close",)}
    if not word.closed:
        return found
    return {
        **found,
        "state": "cleared",
        "cleared_at": data.time,
        "label": "closed",
        "attention": False,
        "silent": True,
        "closing": {"cause": data.cause, "by": data.by, "at": data.time, "why": data.why},
        "acts": ("reopen",),
    }


def _handled(life: Life) -> dict[str, Any]:
    """What people and the keeper made of it."""
    return {
        "origin": life.origin,
        "status": life.status,
        "label": life.label,
        "attention": life.attention,
        "silent": life.silent,
        "acknowledgement": life.acknowledgement,
        "acknowledged_by": life.acknowledged_by,
        "acknowledged_at": _iso(life.acknowledged_at),
        "shelving": _shelving(life.shelving),
        "shelve_asked": _shelving(life.shelve_asked),
        "quiet": [_quiet(reason) for reason in life.quiet.values()],
        "assignee": life.assignee,
        "closing": None
        if life.closing is None
        else {
            "cause": life.closing.cause,
            "by": life.closing.by,
            "at": iso(life.closing.at),
            "why": life.closing.why,
        },
        "comments": [{"by": said.by, "at": iso(said.at), "text": said.text} for said in life.comments],
        "escalation_step": life.step,
        "overdue_at": _iso(life.overdue_at),
        "realarmed": None
        if life.realarmed is None
        else {
            "at": iso(life.realarmed.at),
            "acknowledged_by": life.realarmed.acknowledged_by,
            "acknowledged_at": _iso(life.realarmed.acknowledged_at),
        },
        "until": _iso(life.until),
        "acts": allowed_acts(life),
    }


def _comes_back(here: Context, life: Life) -> dict[str, Any]:
    """When what a person silenced is to be looked at again; of a linked site only that site knows."""
    if not here.site.known or life.site not in ("", here.site.site.id):
        return {"realarm_at": None, "reopens_at": None}
    keeping = here.site.policy.keeping
    return {
        "realarm_at": _iso(realarm_at(keeping, life.standing_at(here.clock()))),
        "reopens_at": _iso(reopens_at(keeping, life)),
    }


def _shelving(shelving: Shelving | None) -> dict[str, Any] | None:
    if shelving is None:
        return None
    return {
        "until": iso(shelving.until),
        "by": shelving.by,
        "second": shelving.second,
        "why": shelving.why,
        "since": iso(shelving.since),
    }


def _quiet(reason: Quiet) -> dict[str, Any]:
    return {"kind": reason.kind, "what": reason.what, "until": reason.until, "why": reason.why}


def _iso(us: int | None) -> str | None:
    return None if us is None else iso(us)


async def add_latest(here: Context, shown: Iterable[dict[str, Any]]) -> None:
    """Put beside each open alert what its sensor says now; its text speaks of the last change."""
    by_sensor: dict[str, list[dict[str, Any]]] = {}
    for alert in shown:
        if alert["state"] == "active" and isinstance(sensor := alert.get("sensor"), str):
            by_sensor.setdefault(sensor, []).append(alert)
    latest = await here.latest.of(by_sensor)
    for sensor, told in latest.items():
        for alert in by_sensor[sensor]:
            alert["latest"] = told
