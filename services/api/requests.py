"""Acts on alerts of sites below: sent as requests, and "sent, not confirmed" until that site answers by an event."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, Protocol

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.lifecycle import Asked
from services.api.errors import Problem, away
from services.observation import tally
from services.observation.instants import iso
from services.observation.links import ACTS as SUBJECT
from services.observation.links import REFUSED_TYPE, Request, subject_of
from services.observation.text import Text
from services.runtime import logging
from services.runtime.follow import Follower, TailLost
from services.runtime.streams import ACTS

KEPT = 2_000
ANSWERS_KEPT = 20_000
"""Answers may be read before the requests they are to: as many ids are remembered."""
_NO_WAY = Text(
    "địa bàn này chưa được liên kết, hoặc liên kết đã bỏ; không gửi yêu cầu đến đó được",
    "that site is not linked, or no longer; no request can be sent there",
)
_STREAM = Text("luồng ACTS không trả lời; chưa gửi gì", "the stream of requests does not answer; nothing was sent")
_encoder = msgspec.json.Encoder()
log = logging.get("api_requests")


class About(Protocol):
    """What is needed of an alert that is acted on."""

    alert_id: str
    site: str
    area: str


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

    def shown(self) -> dict[str, Any]:
        """As answers show it."""
        text = {
            "sent": {"vi": "đã gửi, chưa được xác nhận", "en": "sent, not confirmed"},
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


class Requested:
    """Requests of this site, and of sites above that came through it; folded from ACTS and the answers on ALERTS."""

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

    def sent(self, data: bytes) -> None:
        """A message of ACTS; what is no request is passed over."""
        try:
            request = msgspec.json.decode(data, type=Request)
        except msgspec.MsgspecError:
            return
        pending = Pending(request.id, request.alert, request.act, request.by, request.t)
        self._by_id.setdefault(request.id, pending)
        if request.id in self._answers:
            self._settle(request.id)
        while len(self._by_id) > KEPT:
            self._by_id.popitem(last=False)

    def take(self, own: str, subject: str, event: Mapping[str, Any]) -> None:
        """An event of ALERTS: if it is of another site, it may be the answer to a request."""
        if tally.site_of(subject) in (None, own):
            return
        data = event.get("data")
        if event.get("type") == REFUSED_TYPE and isinstance(data, dict):
            reason = data.get("reason") or {}
            text = Text(str(reason.get("vi", "")), str(reason.get("en", "")))
            self._answered(str(data.get("request")), "refused", str(data.get("code")), text)
        elif isinstance(data, dict) and data.get("by") is not None:
            self._answered(str(event.get("id")), "confirmed", None, None)

    def of(self, alert: str) -> list[dict[str, Any]]:
        """Requests about an alert, oldest first."""
        return [pending.shown() for pending in self._by_id.values() if pending.alert == alert]

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


async def request_act(  # noqa: PLR0913  what a request is made of
    here: Any, about: About, asked: Asked, seen_event: str, who: str, key: str
) -> Pending:
    """Send an act on a linked site's alert to that site; "sent, not confirmed" until it answers.

    Args:
        here: the context of the api.
        about: the alert.
        asked: what is asked for; its `seen` is not used, sequences differ from site to site.
        seen_event: id of the last event of the alert that the person had seen.
        who: the person's account.
        key: the idempotency key: the same key of the same person again is the same request.

    Raises:
        Problem: 409 when no way leads to that site, 503 when nothing could be sent.
    """
    child = here.linked.via(about.site)
    if child is None:
        raise Problem(409, "site-not-linked", _NO_WAY)
    own = here.site.current().id if hasattr(here.site, "current") else here.site.site_id
    by = f"{own}/{who}"
    request = Request(
        id=sha256("\x1f".join((own, who, key)).encode()).hexdigest()[:32],
        site=about.site,
        area=about.area,
        alert=about.alert_id,
        act=asked.act,
        by=by,
        t=here.clock(),
        seen_event=seen_event,
        until=asked.until,
        why=asked.why,
        assignee=asked.assignee,
        text=asked.text,
        cause=asked.cause,
        severity=asked.severity,
        reason=asked.reason,
    )
    known = here.requested.get(request.id)
    if known is not None:
        return known  # type: ignore[no-any-return]  # the context's own
    data = _encoder.encode(request)
    try:
        await here.js.publish(subject_of(child, request), data, headers={"Nats-Msg-Id": request.id})
    except (NatsError, APIError, TimeoutError) as error:
        raise away(_STREAM, code="stream-away") from error
    here.requested.sent(data)
    return here.requested.get(request.id)  # type: ignore[no-any-return]
