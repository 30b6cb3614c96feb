"""Judging a proposed bulletin, and taking one in: decided on the shelf, written as the next event of its subject."""

from collections.abc import Sequence

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError

from services.api.acts import catch_up, folded, whole_fold, write
from services.api.context import Context
from services.api.errors import Problem, away
from services.api.fold import Told
from services.cap import bulletin as nouns
from services.cap import official, sign
from services.cap.bulletin import Bulletin, Official, Thread
from services.cap.check import check
from services.cap.message import Message
from services.cap.official import Known, Taken
from services.cap.read import read
from services.cap.shelf import Shelf
from services.cap.sign import Signed
from services.cap.violation import Refused, Violation
from services.observation import event as events
from services.observation.event import SEVERITIES
from services.observation.instants import iso
from services.observation.text import Text
from services.policy.publication import Trusted
from services.runtime import logging, metrics
from services.runtime.principal import Principal
from services.runtime.streams import ALERTS

TRIES, PUBLISH_S, WRONG_LAST = 6, 2.0, 10071
SHOWN = 20
"""Violations that an answer names."""
_AWAY = Text("chưa ghi được; hãy gửi lại", "it could not be written; send it again")
_MOVED = Text(
    "bản thảo này không còn đúng: cảnh báo đã thay đổi; xem bản thảo mới",
    "this draft does not hold any more: the alert has changed; look at the new one",
)
_SETTLED = Text("bản thảo này đã được quyết định", "this draft was decided already")
log = logging.get("api_bulletins")
_taken = metrics.counter("cap_received_total", "CAP messages that came from outside", ["did"])


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
            code, what = ("settled", _SETTLED) if answer == "settled" else ("outdated", _MOVED)
            raise Problem(409, code, what, bulletin=shown(here, thread))
        if _moved(here, pending.data):
            raise Problem(409, "outdated", _MOVED, bulletin=shown(here, thread))
        data = msgspec.structs.replace(pending.data, proposal=proposal, by=who.subject, why=why, xml="")
        name = nouns.identity(here.site.site.id, who.subject, verb, proposal)
        await _put(here, verb, name, data, thread.area, thread.sequence)
        thread = shelf_of(here).thread(thread.bulletin_id) or thread
        if verb == nouns.REJECTED or _approved(thread, proposal, who.subject):
            return thread, False
    raise away(_AWAY, retry_s=1, code="alerts-away")


def _approved(thread: Thread, proposal: str, who: str) -> bool:
    pending = thread.pending
    if pending is not None and pending.id == proposal:
        return who in pending.approved_by
    return any(one.data.proposal == proposal and who in one.data.approved_by for one in thread.issued)


def _moved(here: Context, data: Bulletin) -> bool:
    """Whether the alert is not what the draft says; the writer of bulletins proposes anew in a moment."""
    standing = here.fold.get(data.about)
    if standing is None:
        return False
    if not data.end:
        return (
            not standing.open or standing.life.severity != data.severity or standing.life.closing is not None
        )
    return standing.open and standing.life.closing is None and standing.life.status == data.status


def shown(here: Context, thread: Thread) -> dict[str, object]:
    """A thread as it is answered."""
    epoch = here.hub.epoch
    newest = thread.pending or thread.declined
    hazard = (
        newest.data.hazard if newest is not None else thread.issued[-1].data.hazard if thread.issued else ""
    )
    return {
        "bulletin_id": thread.bulletin_id,
        "alert_id": thread.about,
        "area": thread.area,
        "hazard": hazard,
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
        "headline": data.headline,
        "description": data.description,
        "instruction": data.instruction,
        "identifier": data.identifier,
        "version": f"{epoch}.{pending.sequence}",
    }


def told(here: Context, sequence: int, one: Official) -> dict[str, object]:
    """A message from outside as it is answered."""
    found: dict[str, object] = {
        name: getattr(one, name)
        for name in (
            "source", "sender", "identifier", "sent", "msg_type", "status", "signature", "did", "hazard", "area",
            "areas", "severity", "headline", "expires", "code", "why",
        )
    }  # fmt: skip
    return {**found, "alert_id": one.about or None, "version": f"{here.hub.epoch}.{sequence}"}


async def receive(here: Context, who: Principal, data: bytes) -> tuple[int, Official, bool]:
    """Take a message from outside in; returns its place, its record, and whether it was there before.

    Raises:
        Problem: 422 refused, with why (and the record of it is kept); 503 not known to be written.
    """
    site, now = here.site.site, here.clock()
    try:
        reading = read(data)
    except Refused as refused:
        raise await _refuse(here, who, data, refused.code, refused.what) from refused
    violations: list[Violation] = [*reading.violations]
    if reading.message is not None:
        violations += check(reading.message)
    message = reading.message
    if message is None or violations:
        what = Text(
            "; ".join(f"{one.path}: {one.what.vi}" for one in violations[:3]),
            "; ".join(f"{one.path}: {one.what.en}" for one in violations[:3]),
        )
        raise await _refuse(here, who, data, "invalid", what, violations=violations, message=message)
    name = official.record_id(site.id, message.sender, message.identifier)
    before = shelf_of(here).record(name)
    if before is not None and before[1].did != "refused":
        await _follow_up(here, message, before[1], data)
        return (*before, True)
    trusted = next(
        (one for one in here.site.policy.publication.trusted if one.sender == message.sender), None
    )
    certificates = {} if trusted is None else _certificates(trusted)
    found = sign.verify(reading.root, certificates)
    signed = Signed(found.state, None if found.by is None or trusted is None else trusted.id, found.why)
    wrong = official.refusal(message, signed, trusted, now)
    if wrong is not None or trusted is None:
        code, what = wrong or ("untrusted-sender", Text("", ""))
        raise await _refuse(here, who, data, code, what, message=message, signed=signed)
    return await _take(here, who, message, signed, trusted, data)


async def _take(  # noqa: PLR0913  everything a message comes with
    here: Context, who: Principal, message: Message, signed: Signed, trusted: Trusted, data: bytes
) -> tuple[int, Official, bool]:
    site = here.site.site
    taken = official.take(message, signed, trusted, _known(here, message), site, here.clock())
    record = msgspec.structs.replace(taken.record, by=who.subject, xml=data.decode("utf-8", "replace"))
    sequence = await _put(here, nouns.RECEIVED, record.bulletin_id, record, "_", 0)
    if sequence is None:  # the same message came by another way
        found = shelf_of(here).record(record.bulletin_id)
        if found is None:
            raise away(_AWAY, retry_s=1, code="alerts-away")
        return (*found, True)
    _taken.labels(record.did).inc()
    await _say(here, taken)
    return sequence, msgspec.structs.replace(record, xml=""), False


async def _say(here: Context, taken: Taken) -> None:
    """Put what a bulletin says of its alert on the alert's own subject, once."""
    if taken.verb is None or taken.stated is None:
        return
    stated = taken.stated
    name = (
        stated.alert_id
        if taken.verb == "raised"
        else nouns.identity(stated.alert_id, taken.record.bulletin_id)
    )
    for _ in range(TRIES):
        standing = here.fold.get(stated.alert_id)
        if standing is not None and any(one.body.get("id") == name for one in standing.events):
            return
        expected = 0 if standing is None else standing.sequence
        if await write(here, taken.verb, name, stated, expected) is not None:
            return
        await catch_up(here, stated)
    raise away(_AWAY, retry_s=1, code="alerts-away")


async def _follow_up(here: Context, message: Message, record: Official, data: bytes) -> None:
    """The same message again: if what it says of its alert was lost on the way, say it now."""
    if record.did not in ("raised", "escalated", "eased", "kept", "cleared"):
        return
    trusted = next((one for one in here.site.policy.publication.trusted if one.id == record.source), None)
    standing = here.fold.get(record.about)
    if trusted is None or (standing is not None and _heard(standing.events, record)):
        return
    known = None if standing is None else _known(here, message)
    if known is not None:
        known = known._replace(newest="")
    signed = Signed("valid" if record.signature == "valid" else "absent", trusted.id)
    again = official.take(message, signed, trusted, known, here.site.site, here.clock())
    if again.verb is not None and again.record.about == record.about:
        log.info("bulletin_followed_up", identifier=record.identifier, bytes=len(data))
        await _say(here, again)


def _heard(heard: Sequence[Told], record: Official) -> bool:
    names = {record.about if record.did == "raised" else nouns.identity(record.about, record.bulletin_id)}
    return any(one.body.get("id") in names for one in heard)


def _known(here: Context, message: Message) -> Known | None:
    """The thread of a message, by any identifier that it names."""
    shelf = shelf_of(here)
    alert = shelf.alert_of(official.names_of(message))
    if alert is None:
        return None
    standing = here.fold.get(alert)
    newest, names = shelf.newest(alert), shelf.names(alert)
    if standing is None:  # over for so long that it is forgotten
        return Known(alert, open=False, severity=SEVERITIES[0], area="_", newest=newest, data={}, names=names)
    life = standing.life
    return Known(alert, life.open, life.severity, life.area, newest, life.data, names)


def _certificates(trusted: Trusted) -> dict[str, str]:
    return {f"{trusted.id}/{nth}": pem for nth, pem in enumerate(trusted.certificates)}


async def _refuse(  # noqa: PLR0913  what is known of what was refused
    here: Context,
    who: Principal,
    data: bytes,
    code: str,
    what: Text,
    *,
    violations: list[Violation] | None = None,
    message: Message | None = None,
    signed: Signed | None = None,
) -> Problem:
    """Keep what was refused, and say why."""
    name = nouns.identity(here.site.site.id, "refused", code, data.decode("latin-1"))
    record = Official(
        bulletin_id=name,
        source="",
        sender="" if message is None else message.sender[:200],
        identifier="" if message is None else message.identifier[:200],
        sent="" if message is None else message.sent[:40],
        msg_type="" if message is None else message.msg_type[:40],
        status="" if message is None else message.status[:40],
        did="refused",
        signature="absent" if signed is None else signed.state,
        by=who.subject,
        code=code,
        why=what,
        xml=data[: nouns.KEPT_XML].decode("utf-8", "replace"),
    )
    await _put(here, nouns.REFUSED, name, record, "_", 0)
    _taken.labels("refused").inc()
    listed = [
        {"code": one.code, "path": one.path, "what": one.what.en, "what_vi": one.what.vi}
        for one in (violations or [])[:SHOWN]
    ]
    detail = Text(f"bản tin bị từ chối: {what.vi}", f"the message is refused: {what.en}")
    return Problem(422, f"cap-{code}", detail, violations=listed)


async def _put(  # noqa: PLR0913  an event and its place
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
            raise away(_AWAY, retry_s=1, code="alerts-away") from error
        try:
            last = (await here.js.get_last_msg(ALERTS, subject)).seq or 0
        except (NatsError, NotFoundError, APIError, TimeoutError, OSError) as unread:
            raise away(_AWAY, retry_s=1, code="alerts-away") from unread
        await folded(here, last)
        return None
    await folded(here, ack.seq)
    return int(ack.seq)
