"""Bulletins of a site above: what goes down, and the alert that they are at each site below. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from services.alerts.lifecycle import Life
from services.alerts.link.requests import Event, Written, folded
from services.observation import act as acts
from services.observation import event as events
from services.observation.act import Stated
from services.observation.command import identity
from services.observation.event import SEVERITIES, Status
from services.observation.instants import SECOND, iso, micros
from services.observation.links import ACTS, FORMAT
from services.observation.text import Text

BULLETIN = "_bulletin"
"""Where the site of an alert stands in the subject of a request: a bulletin is for the child itself."""
RULE = "official-bulletin"
LONGEST_US = 72 * 3600 * SECOND
_encoder = msgspec.json.Encoder()


class Bulletin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bulletin of a site above, for everyone below. `alert`: what it says, as an alert of that site."""

    id: str
    site: str
    identifier: str
    msg_type: Literal["alert", "update", "cancel"]
    hazard: str
    severity: str
    headline: Text
    sent: str
    about: str
    until: str | None = None
    status: Status = "Actual"
    v: int = FORMAT


def bulletin_subject(child: str, bulletin: Bulletin) -> str:
    """Where a bulletin for a child stands on ACTS."""
    return f"{ACTS}.{child}.{BULLETIN}.{bulletin.id}"


def encode(bulletin: Bulletin) -> bytes:
    """As JSON."""
    return _encoder.encode(bulletin)


def is_bulletin(subject: str) -> bool:
    """Whether a subject of ACTS is that of a bulletin, not of a request."""
    parts = subject.split(".")
    return len(parts) > 2 and parts[2] == BULLETIN  # noqa: PLR2004  acts.<child>.<site or bulletin>.…


def read(data: bytes) -> Bulletin | None:
    """A bulletin; None when a newer release or another program wrote it."""
    try:
        found = msgspec.json.decode(data, type=Bulletin)
    except msgspec.MsgspecError:
        return None
    return found if found.v == FORMAT else None


def alert_of(own: str, bulletin: Bulletin) -> str:
    """Id of the alert that a bulletin is at a site: one for all messages about the same thing.

    Each site has its own: ids are of one event only, wherever it is copied to.
    """
    return identity(own, bulletin.site, bulletin.about)


def stated(own: str, bulletin: Bulletin, history: list[Event], now: int) -> Written | None:
    """The event by which a bulletin shows at a child; None where it is there, or changes nothing."""
    name = alert_of(own, bulletin)
    event_id = identity(own, bulletin.site, bulletin.identifier)
    version = identity(bulletin.identifier)[:12]
    if _told(history, version) or bulletin.severity not in SEVERITIES:
        return None
    life = folded(history)
    over = life is not None and not life.open
    if over or (life is None and bulletin.msg_type == "cancel"):
        return None
    verb = _verb(life, bulletin)
    begins = verb == events.Verb.RAISED
    until = min(_instant(bulletin.until) or now + LONGEST_US, now + LONGEST_US)
    data = Stated(
        alert_id=name,
        hazard=bulletin.hazard,
        area="_",
        severity=bulletin.severity,
        rule=RULE,
        rule_version=version,
        time=bulletin.sent,
        since=bulletin.sent if begins or life is None else iso(life.raised_at),
        detected_at=iso(now),
        reason=bulletin.headline,
        status=bulletin.status,
        by=bulletin.site,
        origin="official_bulletin",
        until=iso(until),
    )
    event = acts.make(site=own, verb=verb, event=name if begins else event_id, time=now, data=data)
    return Written(event.id, events.subject(own, "_", name), acts.encode(event))


def _told(history: list[Event], version: str) -> bool:
    """Whether this very message made an event already."""
    data = (event.body.get("data") for event in history)
    return any(isinstance(one, dict) and one.get("rule_version") == version for one in data)


def _verb(life: Life | None, bulletin: Bulletin) -> str:
    if bulletin.msg_type == "cancel":
        return events.Verb.CLEARED
    if life is None:
        return events.Verb.RAISED
    before = SEVERITIES.index(life.severity) if life.severity in SEVERITIES else 0
    return events.Verb.ESCALATED if SEVERITIES.index(bulletin.severity) > before else events.Verb.EASED


def bulletin_of(event: Mapping[str, Any]) -> Bulletin | None:
    """What goes down of an own `bulletin.issued`; None where it says too little, or is no public message."""
    data = event.get("data")
    if event.get("type") != "vn.haidang.bulletin.issued.v1" or not isinstance(data, dict):
        return None
    headline = data.get("headline") or data.get("event") or {}
    try:
        return msgspec.convert(
            {
                "id": event["id"],
                "site": str(event["source"]).removeprefix("/sites/"),
                "identifier": data["identifier"],
                "msg_type": "cancel" if data.get("end") else str(data.get("msg_type", "alert")).lower(),
                "hazard": data["hazard"],
                "severity": data["severity"],
                "headline": {"vi": headline.get("vi", ""), "en": headline.get("en", "")},
                "sent": event["time"],
                "about": data.get("bulletin_id") or data.get("about") or data["identifier"],
                "until": data.get("expires"),
                "status": data.get("status", "Actual"),
            },
            Bulletin,
        )
    except (KeyError, AttributeError, msgspec.ValidationError):
        return None


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else micros(text)
    except ValueError:
        return None
