"""Word of a span that came after it: readings that were sent late, acts that were held up. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.alerts.load.case import instant, reason_of
from services.observation.act import PersonVerb
from services.observation.event import Verb, noun_and_verb
from services.observation.instants import SECOND
from services.observation.text import Text

HELD_UP_US = 60 * SECOND
"""An act is stored at once; one that is stored so long after it was done was held up on its way."""
_WORSE = frozenset({Verb.RAISED, Verb.ESCALATED})
_ACTS = frozenset(PersonVerb)


class Late(msgspec.Struct, frozen=True):
    """What came late. `at`: when it was measured or done; `heard`: when it was stored; µs UTC.

    `alert`: an alert was raised or risen; else somebody's act.
    """

    at: int
    heard: int
    alert: bool
    alert_id: str
    site: str
    status: str
    area: str
    place: str
    hazard: str
    severity: str
    reason: Text


def late_of(heard: int, event: Mapping[str, Any]) -> Late | None:
    """An event of an alert that came late, as far as a report would say something else with it."""
    data, found = event.get("data"), noun_and_verb(event.get("type"))
    if found is None or found[0] != "alert" or not isinstance(data, dict):
        return None
    alert = found[1] in _WORSE
    if not (data.get("late") is True if alert else found[1] in _ACTS):
        return None
    at = instant(event.get("time"), heard)
    if heard - at < (0 if alert else HELD_UP_US):
        return None
    place = next((data[key] for key in ("station", "gateway", "area") if isinstance(data.get(key), str)), "")
    return Late(
        at=at,
        heard=heard,
        alert=alert,
        alert_id=str(event.get("subject")),
        site=str(event.get("source", "")).removeprefix("/sites/"),
        status=str(data.get("status") or "Actual"),
        area=str(data.get("area", "")),
        place=place,
        hazard=str(data.get("hazard", "")),
        severity=str(data.get("severity", "")),
        reason=reason_of(data),
    )
