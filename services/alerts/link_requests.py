"""Requests from a site above: what is asked, whether it is allowed here, and the answer. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from services.alerts import lifecycle
from services.alerts.lifecycle import Asked, Life, Limits, Refusal
from services.observation import act as acts
from services.observation import event as events
from services.observation.act import Stated
from services.observation.event import SEVERITIES, Status
from services.observation.instants import SECOND, iso, micros
from services.observation.links import ACTS, FORMAT, REFUSED_TYPE, Request
from services.observation.text import Text

BULLETIN = "_bulletin"
"""Where the site of an alert stands in the subject of a request: a bulletin is for the child itself."""
RULE = "official-bulletin"
LONGEST_US = 72 * 3600 * SECOND
_REFUSALS = {
    "unknown-alert": Text("cảnh báo này không có ở nơi xử lý", "the site that decides has no such alert"),
    "unseen": Text(
        "không tìm thấy phiên bản mà người yêu cầu đã xem; hãy xem lại",
        "the version that was seen is not known here; look again",
    ),
    "unreachable": Text("không có đường đến địa bàn này", "there is no way to that site"),
}


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


class Refusing(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of a refusal: of which request, about which alert (not as `alert_id`: it says nothing of it)."""

    request: str
    about: str
    act: str
    by: str
    code: str
    reason: Text
    area: str
    time: str


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0 of a refusal."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Refusing
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


class Written(msgspec.Struct, frozen=True):
    """An event to be put on the own stream."""

    id: str
    subject: str
    data: bytes


class Event(msgspec.Struct, frozen=True):
    """One event of an alert as the stream holds it."""

    sequence: int
    stored_us: int
    body: Mapping[str, Any]


_request = msgspec.json.Decoder(Request)
_bulletin = msgspec.json.Decoder(Bulletin)
_encoder = msgspec.json.Encoder()


def bulletin_subject(child: str, bulletin: Bulletin) -> str:
    """Where a bulletin for a child stands on ACTS."""
    return f"{ACTS}.{child}.{BULLETIN}.{bulletin.id}"


def encode(value: Request | Bulletin) -> bytes:
    """As JSON."""
    return _encoder.encode(value)


def read(subject: str, data: bytes) -> Request | Bulletin | None:
    """A message of ACTS; None when a newer release or another program wrote it."""
    parts = subject.split(".") decoder: msgspec.json.Decoder[Any] = _bulletin if len(parts) > 2 and parts[2]
    == BULLETIN else _request  # noqa: PLR2004 try:
        found: Request | Bulletin = decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    return found if found.v == FORMAT else None


def folded(history: list[Event]) -> Life | None:
    """An alert from all events of its subject."""
    life: Life | None = None
    for event in history:
        life = lifecycle.fold(life, event.sequence, event.stored_us, event.body)
    return life


def answer(own: str, request: Request, history: list[Event], now: int, limits: Limits) -> list[Written]:
    """The events that answer a request, in order; none where one of them stands in the history already.

    `history`: all events of the alert's subject, in order; `now` in µs UTC.
    """
    if any(event.body.get("id") == request.id for event in history):
        return []
    life = folded(history)
    if life is None:
        return [refused(own, request, "unknown-alert", now)]
    seen = next((event.sequence for event in history if event.body.get("id") == request.seen_event), None)
    if seen is None:
        return [refused(own, request, "unseen", now)]
    asked = Asked(
        act=request.act,
        by=request.by,
        seen=seen,
        until=request.until,
        why=request.why,
        assignee=request.assignee,
        text=request.text,
        cause=request.cause,
        severity=request.severity,
        reason=request.reason,
    )
    decision = lifecycle.decide(life, asked, now, limits)
    if decision.refusal is not None:
        return [refused(own, request, decision.refusal, now)]
    where = events.subject(own, request.area, request.alert)
    out = []
    for nth, step in enumerate(decision.steps, 1):
        # The last one is the request itself; what comes before it follows from it.
        last = nth == len(decision.steps)
        name = request.id if last else _hash(request.id, str(nth))
        data = lifecycle.acted(life, step, request.by, str(seen), now)
        event = acts.make(site=own, verb=step.verb, event=name, time=now, data=data)
        written = Written(name, where, acts.encode(event))
        out.append(written)
        body = msgspec.json.decode(written.data)
        life = lifecycle.fold(life, life.sequence + 1, now, body) or life
    return out


def refused(own: str, request: Request, why: str | Refusal, now: int) -> Written:
    """The event that says no, on a subject of its own; it goes up like any other."""
    code, text = (why, _REFUSALS[why]) if isinstance(why, str) else (why.code, why.text)
    name = _hash(request.id, "refused", own)
    data = Refusing(
        request=request.id,
        about=request.alert,
        act=request.act,
        by=request.by,
        code=code,
        reason=text,
        area=request.area,
        time=iso(now),
    )
    event = RefusedEvent(
        id=name, source=f"/sites/{own}", type=REFUSED_TYPE, subject=name, time=iso(now), data=data
    )
    return Written(name, events.subject(own, request.area, name), _encoder.encode(event))


def alert_of(own: str, bulletin: Bulletin) -> str:
    """Id of the alert that a bulletin is at a site: one for all messages about the same thing.

    Each site has its own: ids are of one event only, wherever it is copied to.
    """
    return _hash(own, bulletin.site, bulletin.about)


def stated(own: str, bulletin: Bulletin, history: list[Event], now: int) -> Written | None:
    """The event by which a bulletin shows at a child; None where it is there, or changes nothing."""
    name = alert_of(own, bulletin)
    event_id = _hash(own, bulletin.site, bulletin.identifier)
    if any(event.body.get("id") == event_id for event in history) or bulletin.severity not in SEVERITIES:
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
        rule_version=_hash(bulletin.identifier)[:12],
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


def _hash(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]
