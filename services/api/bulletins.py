"""Judging a proposed bulletin: decided on the shelf, written as the next event of its subject."""

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError

from services.api.acts import folded, whole_fold
from services.api.context import Context
from services.api.errors import Problem, away
from services.cap import bulletin as nouns
from services.cap.bulletin import Bulletin, Official, Pending, Thread
from services.cap.shelf import Shelf
from services.observation import event as events
from services.observation.instants import iso
from services.observation.text import Text
from services.runtime.principal import APPROVER, Principal, allowed
from services.runtime.streams import ALERTS

TRIES, PUBLISH_S, WRONG_LAST = 6, 2.0, 10071
AWAY = Text("chưa ghi được; hãy gửi lại", "it could not be written; send it again")
MOVED = Text(
    "bản thảo này không còn đúng: cảnh báo đã thay đổi; xem bản thảo mới",
    "this draft does not hold any more: the alert has changed; look at the new one",
)
WAITING = Text(
    "một bản thảo của cảnh báo này đang chờ duyệt; hãy xem bản đó",
    "a draft of this alert waits for approval; look at that one",
)
SETTLED = Text("bản thảo này đã được quyết định", "this draft was decided already")


def shelf_of(here: Context) -> Shelf:
    """Bulletins of our own site, once the stream is read.

    Raises:
        Problem: 503 until then.
    """
    return whole_fold(here).bulletins.of(here.site.site.id)


async def judge(  # noqa: PLR0913  who, what, why
    here: Context, who: Principal, thread: Thread, proposal: str, verb: str, why: str | None = None
) -> tuple[Thread, bool]:
    """Approve or refuse a draft; returns the thread after it, and whether this was said before.

    Raises:
        Problem: 409 (with the thread as it is) when it is not what stands there, or the alert has moved on;
            503 not known to be written.
    """
    for _ in range(TRIES):
        answer = nouns.answer_to(thread, proposal, who.subject, verb)
        if answer == "repeated":
            return thread, True
        pending = thread.pending
        if answer != "accepted" or pending is None:
            code, what = ("settled", SETTLED) if answer == "settled" else ("outdated", MOVED)
            raise Problem(409, code, what, bulletin=shown(here, thread))
        if moved(here, pending.data):
            raise Problem(409, "outdated", MOVED, bulletin=shown(here, thread))
        void = _void(here, pending, thread.area) if verb == nouns.APPROVED else []
        data = msgspec.structs.replace(
            pending.data, proposal=proposal, by=who.subject, why=why, void=void, xml=""
        )
        name = nouns.identity(here.site.site.id, who.subject, verb, proposal)
        await put(here, verb, name, data, thread.area, thread.sequence)
        thread = shelf_of(here).thread(thread.bulletin_id) or thread
        if verb == nouns.REJECTED or _approved(thread, proposal, who.subject):
            return thread, False
    raise away(AWAY, retry_s=1, code="alerts-away")


async def reopen(
    here: Context, who: Principal, thread: Thread, proposal: str, why: str | None
) -> tuple[Thread, bool]:
    """Have a draft that was refused wait for approval again; nobody has agreed to it yet.

    Returns the thread after it, and whether this was said before.

    Raises:
        Problem: 409 (with the thread as it is) when another draft waits, this one was not the last to be
            refused, or the alert has moved on; 503 not known to be written.
    """
    for _ in range(TRIES):
        declined, pending = thread.declined, thread.pending
        name = nouns.identity(here.site.site.id, who.subject, "reopened", proposal)
        if pending is not None and pending.id == name:
            return thread, True
        if declined is None or declined.id != proposal:
            raise Problem(409, "outdated", MOVED, bulletin=shown(here, thread))
        if pending is not None:
            raise Problem(409, "waiting", WAITING, bulletin=shown(here, thread))
        if moved(here, declined.data):
            raise Problem(409, "outdated", MOVED, bulletin=shown(here, thread))
        data = msgspec.structs.replace(
            declined.data, version=thread.version + 1, proposal="", by=who.subject, why=why
        )
        if await put(here, nouns.PROPOSED, name, data, thread.area, thread.sequence) is not None:
            return shelf_of(here).thread(thread.bulletin_id) or thread, False
        thread = shelf_of(here).thread(thread.bulletin_id) or thread
    raise away(AWAY, retry_s=1, code="alerts-away")


def _approved(thread: Thread, proposal: str, who: str) -> bool:
    pending = thread.pending
    if pending is not None and pending.id == proposal:
        return who in pending.approved_by
    return any(one.data.proposal == proposal and who in one.data.approved_by for one in thread.issued)


def _void(here: Context, pending: Pending, area: str) -> list[str]:
    """Who agreed before and may not any more: the account was disabled, removed, or held to other things."""
    if not here.book.loaded:
        return []
    found = []
    for name in pending.approved_by:
        account = here.book.reachable(name)
        if name not in nouns.UNNAMED and (
            account is None or not allowed(account.principal(), APPROVER, area)
        ):
            found.append(name)
    return found


def moved(here: Context, data: Bulletin) -> bool:
    """Whether the alert is not what the draft says; the writer of bulletins proposes anew in a moment."""
    standing = here.fold.get(data.about)
    if standing is None:
        return False
    if not data.end:
        return (
            not standing.open
            or standing.life.severity != data.severity
            or standing.life.status != data.status
            or standing.life.closing is not None
        )
    return standing.open and standing.life.closing is None and standing.life.status == data.status


def shown(here: Context, thread: Thread) -> dict[str, object]:
    """A thread as it is answered."""
    epoch = here.hub.epoch
    return {
        "bulletin_id": thread.bulletin_id,
        "alert_id": thread.about,
        "area": thread.area,
        "hazard": thread.hazard,
        "status": thread.status,
        "pending": None if thread.pending is None else _draft(thread.pending, epoch),
        "issued": [
            {
                "identifier": one.data.identifier,
                "sent": one.data.sent,
                "expires": one.data.expires,
                "msg_type": one.data.msg_type,
                "status": one.data.status,
                "severity": one.data.severity,
                "end": one.data.end,
                "headline": one.data.headline,
                "references": one.data.references,
                "approved_by": one.data.approved_by,
                "worded_by": one.data.worded_by,
                "original": one.data.original,
                "version": f"{epoch}.{one.sequence}",
            }
            for one in thread.issued
        ],
        "declined": None if thread.declined is None else _draft(thread.declined, epoch),
    }


def _draft(pending: nouns.Pending, epoch: str) -> dict[str, object]:
    data = pending.data
    return {
        "proposal": pending.id,
        "proposed_at": iso(pending.time),
        "what": data.what,
        "msg_type": data.msg_type,
        "status": data.status,
        "severity": data.severity,
        "end": data.end,
        "needed": data.needed,
        "approved_by": list(pending.approved_by),
        "raised_by": data.raised_by,
        "worded_by": data.worded_by,
        "original": data.original,
        "why": data.why if data.worded_by else None,
        "refused_by": pending.refused_by,
        "refused_why": pending.refused_why,
        "headline": data.headline,
        "description": data.description,
        "instruction": data.instruction,
        "identifier": data.identifier,
        "version": f"{epoch}.{pending.sequence}",
    }


async def put(  # noqa: PLR0913  an event and its place
    here: Context, verb: str, name: str, data: Bulletin | Official, area: str, after: int
) -> int | None:
    """Write the next event of a bulletin's subject and wait until it is folded; None: another was first."""
    site = here.site.site.id
    event = nouns.make(site=site, verb=verb, event=name, time=here.clock(), data=data)
    subject = events.subject(site, area, data.bulletin_id)
    headers = {"Nats-Msg-Id": name, "Nats-Expected-Last-Subject-Sequence": str(after)}
    try:
        ack = await here.js.publish(
            subject, nouns.encode(event), timeout=PUBLISH_S, headers=headers, stream=ALERTS
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) != WRONG_LAST:
            raise away(AWAY, retry_s=1, code="alerts-away") from error
        try:
            last = (await here.js.get_last_msg(ALERTS, subject)).seq or 0
        except (NatsError, NotFoundError, APIError, TimeoutError, OSError) as unread:
            raise away(AWAY, retry_s=1, code="alerts-away") from unread
        await folded(here, last)
        return None
    await folded(here, ack.seq)
    return int(ack.seq)
