"""Taking a message of an authority in: judged by `services.cap`, written down, and said of its alert."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from services.api.acts import catch_up, write
from services.api.bulletins import AWAY, TRIES, put, shelf_of
from services.api.context import Context
from services.api.errors import Problem, away
from services.api.fold import Told
from services.api.identity import forbidden
from services.api.paces import REFUSED
from services.api.rewording import document_of
from services.cap import bulletin as nouns
from services.cap import official
from services.cap.bulletin import Official
from services.cap.check import check
from services.cap.message import Message
from services.cap.official import Known, Taken
from services.cap.read import Reading, read, text_of
from services.cap.verify import Signed, verify
from services.cap.violation import Refused, Violation
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.observation.text import Text
from services.policy.trusted import Trusted
from services.runtime import logging, metrics
from services.runtime.principal import ADMINISTRATOR, MACHINE, Principal, allowed

SHOWN = 20
"""Violations that an answer names."""
SAID = ("raised", "escalated", "eased", "kept", "cleared")
_REUSED = Text(
    "bản tin khác đã dùng cùng người gửi, mã và giờ gửi này; hãy gửi bản mới với mã mới",
    "another message came with this sender, identifier and time; send the new one under a new identifier",
)
log = logging.get("api_official")
_taken = metrics.counter("cap_received_total", "CAP messages that came from outside", ["did"])


def told(here: Context, sequence: int, one: Official) -> dict[str, object]:
    """A message from outside as it is answered."""
    found: dict[str, object] = {
        name: getattr(one, name)
        for name in (
            "source", "sender", "identifier", "sent", "msg_type", "status", "signature", "did", "hazard",
            "area", "areas", "severity", "headline", "expires", "code", "why",
        )
    }  # fmt: skip
    alert = None if one.did in ("ended", "elsewhere") else one.about or None
    return {**found, "alert_id": alert, "version": here.hub.token(sequence)}


async def receive(here: Context, who: Principal, data: bytes) -> tuple[int, Official, bool]:
    """Take a message from outside in; returns its place, its record, and whether it was there before.

    Raises:
        Problem: 422 refused, with why (and the record of it is kept); 503 not known to be written.
    """
    site, now = here.site.site, here.clock()
    try:
        # What somebody else wrote may take its time, and others have none to wait.
        reading, violations = await asyncio.to_thread(_judged, data)
    except Refused as refused:
        raise await _refuse(here, who, data, refused.code, refused.what) from refused
    message = reading.message
    if message is None or violations:
        what = Text(
            "; ".join(f"{one.path}: {one.what.vi}" for one in violations[:3]),
            "; ".join(f"{one.path}: {one.what.en}" for one in violations[:3]),
        )
        raise await _refuse(here, who, data, "invalid", what, violations=violations, message=message)
    trusted = next(
        (one for one in here.site.policy.publication.trusted if one.sender == message.sender), None
    )
    certificates = {} if trusted is None else _certificates(trusted)
    when = datetime.fromtimestamp(now / SECOND, UTC)
    found = await asyncio.to_thread(verify, reading.root, certificates, when)
    signed = Signed(found.state, None if found.by is None or trusted is None else trusted.id, found.why)
    wrong = official.refusal(message, signed, trusted, now)
    before = shelf_of(here).record(official.record_id(site.id, message))
    if before is not None and (wrong is None or wrong[0] == official.EXPIRED):
        if not await _same(here, before[0], message):
            raise await _refuse(here, who, data, "reused", _REUSED, message=message, signed=signed)
        await _follow_up(here, message, before[1], data)
        return (*before, True)
    if wrong is not None or trusted is None:
        code, what = wrong or ("untrusted-sender", Text("", ""))
        raise await _refuse(here, who, data, code, what, message=message, signed=signed)
    async with here.taking:
        return await _take(here, who, message, signed, trusted, text_of(data, reading.root))


async def _same(here: Context, sequence: int, message: Message) -> bool:
    """Whether what stands in the stream is this message, not another one under its name."""
    kept = await document_of(here, sequence)
    try:
        return "\ufffd" in kept or read(kept.encode()).message == message
    except Refused:
        return True  # as an earlier release kept it


def _judged(data: bytes) -> tuple[Reading, list[Violation]]:
    reading = read(data)
    found = [] if reading.message is None else check(reading.message)
    return reading, [*reading.violations, *found]


async def _take(  # noqa: PLR0913  everything a message comes with
    here: Context, who: Principal, message: Message, signed: Signed, trusted: Trusted, document: str
) -> tuple[int, Official, bool]:
    site = here.site.site
    known = _known(here, message)
    taken = await asyncio.to_thread(official.take, message, signed, trusted, known, site, here.clock())
    if signed.state != "valid":
        # Then it counts for the way on which it came: whoever is held to some areas speaks for no others.
        _demand(who, taken.record.area if known is None else known.area)
    record = msgspec.structs.replace(taken.record, by=who.subject, xml=document)
    sequence = await put(here, nouns.RECEIVED, record.bulletin_id, record, "_", 0)
    if sequence is None:  # the same message came by another way
        found = shelf_of(here).record(record.bulletin_id)
        if found is None:
            raise away(AWAY, retry_s=1, code="alerts-away")
        return (*found, True)
    _taken.labels(record.did).inc()
    await _say(here, taken)
    return sequence, msgspec.structs.replace(record, xml=""), False


def _demand(who: Principal, area: str) -> None:
    if not (allowed(who, MACHINE, area) or allowed(who, ADMINISTRATOR, area)):
        raise forbidden(MACHINE)


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
    raise away(AWAY, retry_s=1, code="alerts-away")


async def _follow_up(here: Context, message: Message, record: Official, data: bytes) -> None:
    """The same message again: if what it says of its alert was lost on the way, say it now."""
    if record.did not in SAID:
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
    # The stream is everybody's: a sender gone wild must not push out what others said on it.
    if here.paces.wait_s(f"refused {who.subject}", here.clock() / SECOND, REFUSED) == 0:
        await put(here, nouns.REFUSED, name, record, "_", 0)
    _taken.labels("refused").inc()
    listed = [
        {"code": one.code, "path": one.path, "what": one.what.en, "what_vi": one.what.vi}
        for one in (violations or [])[:SHOWN]
    ]
    detail = Text(f"bản tin bị từ chối: {what.vi}", f"the message is refused: {what.en}")
    return Problem(422, f"cap-{code}", detail, violations=listed)
