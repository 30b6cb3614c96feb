"""Acts on alerts of sites below: requests, "sent, not confirmed" until that site answers by an event."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.lifecycle import Asked, Life
from services.api.errors import Problem, away
from services.observation.instants import SECOND, iso
from services.observation.links import REFUSED_TYPE, Request, subject_of
from services.observation.text import Text
from services.runtime import logging
from services.runtime.follow import Follower, TailLost
from services.runtime.principal import Principal
from services.runtime.streams import ACTS

KEPT = 2_000
KEPT_DAYS = 30
"""So long ACTS keeps a request for a site that does not come to fetch it."""
_HOURS = 120
"""From so many minutes on it is told in hours."""
ANSWERS_KEPT = 20_000
"""Answers may be read before the requests they are to: as many ids are remembered."""
_NO_WAY = Text(
    "địa bàn này chưa được liên kết, hoặc liên kết đã bỏ; không gửi yêu cầu đến đó được",
    "that site is not linked, or no longer; no request can be sent there",
)
_OTHER_WISH = Text(
    "Idempotency-Key này đã dùng cho một thao tác khác; dùng khóa mới",
    "this Idempotency-Key was used for another act; use a new key",
)
_STREAM = Text(
    "luồng ACTS không trả lời; chưa gửi gì", "the stream of requests does not answer; nothing was sent"
)
if TYPE_CHECKING:
    from services.api.context import Context

_encoder = msgspec.json.Encoder()
log = logging.get("api_requests")


class Pending(msgspec.Struct):
    """A request and what became of it. `at`: when it was sent, µs UTC."""

    id: str
    alert: str
    act: str
    by: str
    at: int
    state: Literal["sent", "confirmed", "refused"] = "sent"
    code: str | None = None
    reason: Text | None = None

    def shown(self, now: int) -> dict[str, Any]:
        """As answers show it at `now`, µs UTC: how long it has waited is said to whoever relies on it."""
        text = {
            "sent": _waiting(now - self.at),
            "confirmed": {"vi": "đã được xác nhận", "en": "confirmed"},
            "refused": {"vi": "bị từ chối", "en": "refused"},
        }[self.state]
        reason = None if self.reason is None else {"vi": self.reason.vi, "en": self.reason.en}
        return {
            "id": self.id,
            "act": self.act,
            "by": self.by,
            "at": iso(self.at),
            "state": self.state,
            "text": text,
            "code": self.code,
            "reason": reason,
        }


def _waiting(age: int) -> dict[str, str]:
    minutes = age // (60 * SECOND)
    if minutes < 1:
        return {"vi": "đã gửi, chưa được xác nhận", "en": "sent, not confirmed"}
    if minutes < KEPT_DAYS * 24 * 60:
        long = (f"{minutes} phút", f"{minutes} min") if minutes < _HOURS else _hours(minutes)
        return {
            "vi": f"đã gửi {long[0]} trước, nơi đó chưa trả lời; việc gấp thì gọi điện",
            "en": f"sent {long[1]} ago, that site has not answered; call them if it is urgent",
        }
    return {
        "vi": f"hết hạn: nơi đó không nhận trong {KEPT_DAYS} ngày; còn cần thì gửi lại",
        "en": f"expired: that site did not fetch it for {KEPT_DAYS} days; send it again if still needed",
    }


def _hours(minutes: int) -> tuple[str, str]:
    return f"{minutes // 60} giờ", f"{minutes // 60} h"


class Requested:
    """Requests of this site, and of sites above that came through it; from ACTS and the answers on ALERTS."""

    def __init__(self, js: JetStreamContext) -> None:
        """Nothing asked yet."""
        self._js = js
        self._by_id: OrderedDict[str, Pending] = OrderedDict()
        self._answers: OrderedDict[str, tuple[str, str | None, Text | None]] = OrderedDict()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow ACTS until told to stop."""
        while not stop.is_set():
            follower = Follower(self._js, ACTS, [], 0)
            try:
                while not stop.is_set():
                    for message in await follower.fetch(256, 1.0):
                        self.sent(message.data)
            except TailLost:
                log.info("requests_begin_anew")
            except (NatsError, APIError, TimeoutError) as error:
                log.warning("requests_unreadable", error=repr(error))
                await asyncio.sleep(1.0)
            finally:
                await follower.close()

    def sent(self, data: bytes) -> Pending | None:
        """A message of ACTS; what is no request is passed over."""
        try:
            request = msgspec.json.decode(data, type=Request)
        except msgspec.MsgspecError:
            return None
        pending = Pending(request.id, request.alert, request.act, request.by, request.t)
        self._by_id.setdefault(request.id, pending)
        if request.id in self._answers:
            self._settle(request.id)
        while len(self._by_id) > KEPT:
            self._by_id.popitem(last=False)
        return self._by_id.get(request.id)

    def take(self, _subject: str, event: Mapping[str, Any]) -> None:
        """An event of ALERTS; it may be the answer to a request."""
        data = event.get("data")
        if event.get("type") == REFUSED_TYPE and isinstance(data, dict):
            reason = data.get("reason")
            reason = reason if isinstance(reason, dict) else {}  # whoever wrote it, the feed goes on
            text = Text(str(reason.get("vi", "")), str(reason.get("en", "")))
            self._answered(str(data.get("request")), "refused", str(data.get("code")), text)
        elif isinstance(data, dict) and data.get("by") is not None:
            self._answered(str(event.get("id")), "confirmed", None, None)

    def of(self, alert: str, now: int) -> list[dict[str, Any]]:
        """Requests about an alert, oldest first, as at `now`."""
        return [pending.shown(now) for pending in self._by_id.values() if pending.alert == alert]

    def get(self, request: str) -> Pending | None:
        """One request."""
        return self._by_id.get(request)

    def _answered(self, request: str, state: str, code: str | None, reason: Text | None) -> None:
        self._answers[request] = (state, code, reason)
        while len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)
        if request in self._by_id:
            self._settle(request)

    def _settle(self, request: str) -> None:
        pending = self._by_id[request]
        state, pending.code, pending.reason = self._answers[request]
        pending.state = "refused" if state == "refused" else "confirmed"


async def request_act(here: "Context", life: Life, asked: Asked, who: Principal, key: str) -> Pending:
    """Send an act on a linked site's alert to that site; "sent, not confirmed" until it answers.

    Args:
        here: the context of the api.
        life: the alert as it stands here.
        asked: what is asked for; `seen` is a sequence of our own stream, sent as the id of that event.
        who: the person. What they may do is the caller's to know.
        key: the idempotency key: the same key of the same person again is the same request.

    Raises:
        Problem: 409 when no way leads to that site, or the key was used for another act; 503 when nothing
            is known to be sent: the same again does no harm.
    """
    child = here.linked.via(life.site)
    if child is None:
        raise Problem(409, "site-not-linked", _NO_WAY)
    own = here.site.site.id
    name = sha256(f"{own}\x1f{who.subject}\x1f{key}\x1f{life.alert_id}".encode()).hexdigest()[:32]
    known = here.requested.get(name)
    if known is not None and known.act != asked.act:
        raise Problem(409, "idempotency-conflict", _OTHER_WISH)
    if known is not None:
        return known
    request = Request(
        id=name,
        site=life.site,
        area=life.area or "_",
        alert=life.alert_id,
        act=asked.act,
        by=f"{own}/{who.subject}",
        t=here.clock(),
        seen_event=_seen_event(here, life, asked.seen),
        until=asked.until,
        why=asked.why,
        assignee=asked.assignee,
        text=asked.text,
        cause=asked.cause,
        severity=asked.severity,
        reason=asked.reason,
    )
    data = _encoder.encode(request)
    try:
        await here.js.publish(subject_of(child, request), data, headers={"Nats-Msg-Id": name})
    except (NatsError, APIError, TimeoutError) as error:
        raise away(_STREAM, retry_s=1, code="stream-away") from error
    return here.requested.sent(data) or Pending(name, life.alert_id, asked.act, request.by, request.t)


def _seen_event(here: "Context", life: Life, seen: int) -> str:
    """Id of the last event of the alert that stood there at a sequence of our stream; empty: none did."""
    standing = here.fold.get(life.alert_id)
    told = [] if standing is None else [told for told in standing.events if told.sequence <= seen]
    return str(told[-1].body.get("id", "")) if told else ""
