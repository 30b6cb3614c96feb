"""Closing the copy of an alert that its own site lost: here and for us alone."""

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.alerts.lifecycle import Asked
from services.api.acts import PUBLISH_S, WRONG_LAST, Done, folded
from services.api.context import Context
from services.api.errors import Problem, away
from services.api.fold import Standing, Told
from services.api.orphans import Word
from services.observation.command import identity
from services.observation.instants import iso
from services.observation.orphans import CLOSED, ORPHANED, encode, make, subject_of
from services.observation.text import Text
from services.runtime import logging
from services.runtime.principal import Principal
from services.runtime.streams import ALERTS

ACTS = ("close", "reopen")
_AWAY = Text(
    "chưa ghi được thao tác; hãy gửi lại với cùng Idempotency-Key",
    "the act could not be written; send it again with the same Idempotency-Key",
)
_CHANGED = Text(
    "vừa có thay đổi: địa bàn đó lại biết cảnh báo, hoặc người khác đã thao tác; hãy xem lại",
    "it changed just now: that site knows the alert again, or somebody else acted; look again",
)
_REFUSALS = {
    "closed": Text("cảnh báo đã đóng ở đây rồi", "it is closed here already"),
    "not-closed": Text("cảnh báo chưa đóng ở đây", "it is not closed here"),
}
log = logging.get("api_acts")


async def put_away(  # noqa: PLR0913  the act, on what, by whom
    here: Context, who: Principal, standing: Standing, word: Word, asked: Asked, key: str
) -> Done:
    """Close an orphan for our own site, or take that back. Nothing goes down: its site doesn't know it.

    Raises:
        Problem: 409 when its site knows it again or somebody was first, 422 refused, 503 not known to be
            written: send it again.
    """
    own = here.site.site.id
    name = identity(own, who.subject, key, word.data.about)
    if word.body.get("id") == name:
        return Done(standing, Told(word.sequence, word.verb, word.body), repeated=True)
    closes = asked.act == "close"
    if closes == word.closed:
        code = "closed" if closes else "not-closed"
        raise Problem(422, code, _REFUSALS[code])
    said = msgspec.structs.replace(
        word.data,
        by=who.subject,
        time=iso(here.clock()),
        cause=asked.cause if closes else None,
        why=asked.why if closes else None,
    )
    event = make(own, CLOSED if closes else ORPHANED, name, said)
    headers = {"Nats-Msg-Id": name, "Nats-Expected-Last-Subject-Sequence": str(word.sequence)}
    where = subject_of(own, said.area, said.about)
    try:
        ack = await here.js.publish(where, encode(event), timeout=PUBLISH_S, headers=headers, stream=ALERTS)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) == WRONG_LAST:
            raise Problem(409, "alert-changed", _CHANGED) from error
        log.warning("act_not_written", alert=said.about, verb=asked.act, error=repr(error))
        raise away(_AWAY, retry_s=1, code="alerts-away") from error
    await folded(here, ack.seq)
    return Done(standing, Told(ack.seq, event.type, msgspec.to_builtins(event)), repeated=False)
