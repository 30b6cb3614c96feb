"""Requests from a site above: whether they are allowed here, and the answer. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.alerts import lifecycle
from services.alerts.lifecycle import Asked, Life, Limits, Refusal
from services.observation import act as acts
from services.observation import event as events
from services.observation.command import identity
from services.observation.instants import iso
from services.observation.links import FORMAT, REFUSED_TYPE, Request
from services.observation.text import Text

_REFUSALS = {
    "unknown-alert": Text("cảnh báo này không có ở nơi xử lý", "the site that decides has no such alert"),
    "unseen": Text(
        "không tìm thấy phiên bản mà người yêu cầu đã xem; hãy xem lại",
        "the version that was seen is not known here; look again",
    ),
    "unreachable": Text("không có đường đến địa bàn này", "there is no way to that site"),
}


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
_encoder = msgspec.json.Encoder()


def encode(request: Request) -> bytes:
    """As JSON."""
    return _encoder.encode(request)


def read(data: bytes) -> Request | None:
    """A request; None when a newer release or another program wrote it."""
    try:
        found = _request.decode(data)
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
        name = request.id if last else identity(request.id, str(nth))
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
    name = identity(request.id, "refused", own)
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
