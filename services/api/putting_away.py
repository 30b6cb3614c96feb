"""Closing the copy of an alert whose end can't come: its site lost it, or is not linked. For us alone."""

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.alerts.lifecycle import Asked
from services.api.acts import PUBLISH_S, WRONG_LAST, Done, folded
from services.api.context import Context
from services.api.errors import Problem, away
from services.api.fold import Standing, Told
from services.api.orphans import Word
from services.api.shown import linked_site, show
from services.observation.command import identity
from services.observation.instants import iso
from services.observation.orphans import CLOSED, ORPHANED, Orphan, encode, make, said, subject_of
from services.observation.text import Text
from services.observation.topics import SITE_AREA, is_slug
from services.runtime import logging
from services.runtime.principal import Principal
from services.runtime.streams import ALERTS

ACTS = ("close", "reopen")
_AWAY = Text(
    "chưa ghi được thao tác; hãy gửi lại với cùng Idempotency-Key",
    "the act could not be written; send it again with the same Idempotency-Key",
)
_CHANGED = Text(
    "vừa có thay đổi: địa bàn đó lại biết (hoặc không còn biết) cảnh báo, hoặc người khác đã thao tác;"
    " hãy xem lại",
    "it changed: that site knows the alert again, or no longer, or somebody else acted; look again",
)
_OTHER_WISH = Text(
    "Idempotency-Key này đã dùng cho một thao tác khác; dùng khóa mới",
    "this Idempotency-Key was used for another act; use a new key",
)
_REFUSALS = {
    "closed": Text("cảnh báo đã đóng ở đây rồi", "it is closed here already"),
    "not-closed": Text("cảnh báo chưa đóng ở đây", "it is not closed here"),
}
log = logging.get("api_acts")


async def put_away(here: Context, who: Principal, standing: Standing, asked: Asked, key: str) -> Done | None:
    """Close a linked site's alert for our own site, or take that back. Nothing goes down.

    Returns:
        None: its site knows it, and is the one to decide.

    Raises:
        Problem: 409 when it is not what they saw (with the alert as it is) or the key was used for another
            wish, 422 refused, 503 not known to be written: send it again.
    """
    own, alert = here.site.site.id, standing.life.alert_id
    name = identity(own, who.subject, key, alert)
    request = identity(msgspec.json.encode(msgspec.structs.replace(asked, seen=0)).decode())
    # First: sent again when its site knows it after all, it must not become a request to close it there.
    done = _found(here, standing, name, request)
    if done is not None:
        return done
    last, word = here.fold.orphans.last(own, alert), here.fold.orphans.of(own, alert)
    if last is not None and last.sequence > asked.seen:
        raise _changed(here, standing)
    data = None if word is None else word.data
    if data is None:
        data = _unlinked(here, standing)
    if data is None:
        return None
    if standing.life.touched.sequence > asked.seen:
        raise _changed(here, standing)
    closes = asked.act == "close"
    if closes == (word is not None and word.closed):
        code = "closed" if closes else "not-closed"
        raise Problem(422, code, _REFUSALS[code])
    written = msgspec.structs.replace(
        data,
        by=who.subject,
        time=iso(here.clock()),
        cause=asked.cause if closes else None,
        why=asked.why if closes else None,
        request=request,
    )
    await _write(here, standing, CLOSED if closes else ORPHANED, name, written, last)
    done = _found(here, standing, name, request)
    if done is None:  # read, and forgotten at once: there are that many
        raise away(_AWAY, retry_s=1, code="alerts-away")
    return done._replace(repeated=False)


async def _write(  # noqa: PLR0913  the event, and behind what
    here: Context, standing: Standing, verb: str, name: str, data: Orphan, last: Word | None
) -> None:
    event = make(here.site.site.id, verb, name, data)
    expected = "0" if last is None else str(last.sequence)
    headers = {"Nats-Msg-Id": name, "Nats-Expected-Last-Subject-Sequence": expected}
    where = subject_of(here.site.site.id, data.area, data.about)
    try:
        ack = await here.js.publish(where, encode(event), timeout=PUBLISH_S, headers=headers, stream=ALERTS)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) == WRONG_LAST:
            raise _changed(here, standing) from error
        log.warning("act_not_written", alert=data.about, verb=verb, error=repr(error))
        raise away(_AWAY, retry_s=1, code="alerts-away") from error
    await folded(here, ack.seq)


def _found(here: Context, standing: Standing, name: str, request: str) -> Done | None:
    """The act, if this very one stands on the stream already.

    Raises:
        Problem: 409, by this key something else was asked for.
    """
    word = here.fold.orphans.act(here.site.site.id, name)
    if word is None:
        return None
    if word.data.request not in (None, request):
        raise Problem(409, "idempotency-conflict", _OTHER_WISH)
    return Done(standing, Told(word.sequence, word.verb, word.body), repeated=True)


def _unlinked(here: Context, standing: Standing) -> Orphan | None:
    """What is to be said of an open alert of a site whose link was taken off; None: it is no such alert."""
    life = standing.life
    site = linked_site(here, life)
    if site is None or not standing.open or not here.linked.is_removed(site):
        return None
    # A subject is made of it, and another site wrote it.
    area = life.area if is_slug(life.area) else SITE_AREA
    data = {**life.data, "alert_id": life.alert_id, "area": area}
    return said(ORPHANED, data, site, here.clock(), unlinked=True)


def _changed(here: Context, standing: Standing) -> Problem:
    return Problem(409, "alert-changed", _CHANGED, alert=show(here, standing))
