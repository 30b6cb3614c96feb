"""People's acts on alerts: decided on the fold, written under the condition that nothing came between.

An act answers when it stands on the stream and the fold has read it. When another writer was first, the alert
is decided again with what they wrote. The id of an act is made of who sent it, with what key, about which
alert: sent again, it is found on the stream and answered as it was.
"""

import asyncio
from typing import NamedTuple

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError

from services.alerts.lifecycle import Asked, Refusal, Step, acted, decide, limits_of
from services.api.context import Context
from services.api.errors import Problem, away, not_found
from services.api.fold import Fold, Standing, Told
from services.api.identity import demand
from services.api.shown import show
from services.observation import act as nouns
from services.observation import event as events
from services.observation.act import Acted, Stated
from services.observation.command import identity
from services.observation.text import Text
from services.runtime import logging, metrics
from services.runtime.principal import OPERATOR, Principal
from services.runtime.streams import ALERTS

TRIES = 6
"""Each one lost to another writer of the same alert; more than a handful in a row is no coincidence."""
PUBLISH_S, FOLD_S = 2.0, 3.0
WRONG_LAST = 10071
_AWAY = Text(
    "chưa ghi được thao tác; hãy gửi lại với cùng Idempotency-Key",
    "the act could not be written; send it again with the same Idempotency-Key",
)
_READING = Text("đang đọc lại luồng cảnh báo", "the stream of alerts is still being read")
_OTHER_WISH = Text(
    "Idempotency-Key này đã dùng cho một thao tác khác; dùng khóa mới",
    "this Idempotency-Key was used for another act; use a new key",
)
log = logging.get("api_acts")
_written = metrics.counter("api_acts_total", "Acts of people written to the stream", ["verb"])
_again = metrics.counter(
    "api_acts_decided_again_total", "Acts decided again because another writer was first"
)


class Done(NamedTuple):
    """An act that stands on the stream. `repeated`: it stood there before."""

    standing: Standing
    told: Told
    repeated: bool


def whole_fold(here: Context) -> Fold:
    """The fold, once it is whole: half a list of alerts would be a lie.

    Raises:
        Problem: 503 until then.
    """
    if not here.hub.caught_up.is_set():
        raise away(_READING, retry_s=1, code="reading-alerts")
    return here.fold


async def perform(here: Context, who: Principal, alert_id: str, key: str, asked: Asked) -> Done:
    """Do an act on an alert of our own site.

    Raises:
        Problem: 404 unknown, 403 not theirs to do, 409 it is not what they saw (with the alert as it is) or
            the key was used for another wish, 422 refused, 503 not known to be written: send it again.
    """
    name = identity(here.site.site.id, who.subject, key, alert_id)
    request = identity(msgspec.json.encode(msgspec.structs.replace(asked, seen=0)).decode())
    expected, fresh = 0, False
    for _ in range(TRIES):
        standing = known_alert(here, alert_id)
        life = standing.life
        demand(who, OPERATOR, life.area)
        done = _found(standing, name, request)
        if done is not None:
            return done._replace(repeated=not fresh)
        # A decision of two events may have been cut after the first; what we wrote ourselves we have seen.
        half = _told(standing, identity(name, "first"))
        current = (
            asked if half is None else msgspec.structs.replace(asked, seen=max(asked.seen, half.sequence))
        )
        decision = decide(life, current, here.clock(), limits_of(here.site.policy.keeping))
        if decision.refusal is not None:
            raise refused(here, standing, decision.refusal)
        step, last = decision.steps[0], len(decision.steps) == 1
        seen = here.hub.token(asked.seen)
        data = acted(life, _marked(step, request), who.subject, seen, here.clock())
        event = name if last else identity(name, "first")
        written = await write(here, step.verb, event, data, max(expected, standing.sequence))
        if written is None:
            _again.inc()
            expected = await catch_up(here, data)
        else:
            fresh = fresh or last
    raise away(_AWAY, retry_s=1, code="alerts-away")


def known_alert(here: Context, alert_id: str) -> Standing:
    """An alert that can be acted on.

    Raises:
        Problem: 404, 503.
    """
    standing = whole_fold(here).get(alert_id)
    if standing is None:
        shown = alert_id[:80]
        raise not_found(Text(f"không có cảnh báo {shown!r}", f"there is no alert {shown!r}"))
    return standing


def refused(here: Context, standing: Standing, refusal: Refusal) -> Problem:
    """409 with the alert as it is, or 422."""
    if refusal.conflict:
        return Problem(409, refusal.code, refusal.text, alert=show(here, standing))
    return Problem(422, refusal.code, refusal.text)


def _marked(step: Step, request: str) -> Step:
    if step.act is None:
        return step
    return msgspec.structs.replace(step, act=msgspec.structs.replace(step.act, request=request))


def _told(standing: Standing, event: str) -> Told | None:
    return next((told for told in reversed(standing.events) if told.body.get("id") == event), None)


def _found(standing: Standing, name: str, request: str) -> Done | None:
    """The act, if this very one stands on the stream already.

    Raises:
        Problem: 409, by this key something else was asked for.
    """
    told = _told(standing, name)
    if told is None:
        return None
    act = told.body["data"].get("act")
    before = act.get("request") if isinstance(act, dict) else None
    if before not in (None, request):
        raise Problem(409, "idempotency-conflict", _OTHER_WISH)
    return Done(standing, told, repeated=True)


async def write(here: Context, verb: str, event: str, data: Acted | Stated, expected: int) -> int | None:
    """Put an event of an alert of our site on the stream, and wait until it is folded.

    Args:
        here: the context.
        verb: of the event.
        event: its id.
        data: the alert as it stands, and what is done to it.
        expected: sequence of the last event on the alert's subject; 0: there is none.

    Returns:
        Its sequence; None when something else was written there first.

    Raises:
        Problem: 503 when it is not known whether it was written.
    """
    site = here.site.site.id
    made = nouns.make(site=site, verb=verb, event=event, time=here.clock(), data=data)
    headers = {"Nats-Msg-Id": event, "Nats-Expected-Last-Subject-Sequence": str(expected)}
    try:
        ack = await here.js.publish(
            events.subject(site, data.area, data.alert_id),
            nouns.encode(made),
            timeout=PUBLISH_S,
            headers=headers,
            stream=ALERTS,
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) == WRONG_LAST:
            return None
        log.warning("act_not_written", alert=data.alert_id, verb=verb, error=repr(error))
        raise away(_AWAY, retry_s=1, code="alerts-away") from error
    _written.labels(verb).inc()
    await folded(here, ack.seq)
    return ack.seq


async def catch_up(here: Context, data: Acted | Stated) -> int:
    """Read what another writer put on an alert's subject; returns the sequence of its last event.

    Raises:
        Problem: 503 when the stream does not answer.
    """
    subject = events.subject(here.site.site.id, data.area, data.alert_id)
    try:
        last = (await here.js.get_last_msg(ALERTS, subject)).seq or 0
    except NotFoundError:
        return 0
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, retry_s=1, code="alerts-away") from error
    await folded(here, last)
    return last


async def folded(here: Context, sequence: int) -> None:
    """Wait until the fold has read an event.

    Raises:
        Problem: 503 when it does not come so far in time.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + FOLD_S
    while here.hub.head < sequence or not here.hub.caught_up.is_set():
        left = end - loop.time()
        if left <= 0:
            raise away(_AWAY, retry_s=1, code="alerts-away")
        await here.hub.wait(left)
