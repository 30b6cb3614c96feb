"""From an official bulletin to the alert it tells of. Pure; the clock is passed in.

A bulletin is never mixed with what our own sensors say: its rule is `bulletin.<sender>`, its subject its own,
its origin `official_bulletin`, and only its authority, or the end of its validity, ends it. Messages may come
twice, late, or before the one they update; the same thread is known by every identifier that it ever named.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from services.cap import bulletin as nouns
from services.cap.bulletin import Official
from services.cap.message import Info, Message, Reference, references_of
from services.cap.reaching import areas_of, elsewhere, hazard_of
from services.cap.values import time_of
from services.cap.verify import Signed
from services.cap.words import OURS, language_of
from services.observation.act import Stated
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND, iso
from services.observation.site import Site
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.policy.trusted import Trusted

ORIGIN = "official_bulletin"
WITHOUT_EXPIRES_US = 24 * 3_600 * SECOND
"""How long a bulletin holds that does not say until when [design default]."""
AHEAD_US = 10 * 60 * SECOND
"""A message sent later than this from now has a clock that can't be right."""
MOST_NAMED = 200
"""Earlier messages by which a thread is known, the newest: some senders name all that there ever were."""
LONGEST_US = 14 * 86_400 * SECOND
STATUSES = ("Actual", "Exercise", "Test")
EXPIRED = "expired"
_RISK = re.compile(r"(?:qd18|quyết định 18|cấp độ rủi ro|risk[ _-]?level)", re.IGNORECASE)


class Known(NamedTuple):
    """What is known of a bulletin's thread: its alert, whether it is open, what it last said, and when."""

    alert: str
    open: bool
    severity: str
    area: str
    newest: str
    data: Mapping[str, Any]
    names: tuple[str, ...]


class Taken(NamedTuple):
    """What a message comes to: its record, and what is said of its alert, if anything is."""

    record: Official
    verb: str | None = None
    stated: Stated | None = None


def record_id(site: str, message: Message) -> str:
    """Of one message: the same message is the same record, however often it comes.

    `sent` counts too, as it does in `references`: some senders use an identifier again for the next message.
    """
    return nouns.identity(site, "received", message.sender, message.identifier, message.sent)


def names_of(message: Message) -> tuple[str, ...]:
    """Every message of the thread that this one knows of, itself first: `sender,identifier`.

    Of its own sender only: nobody ends, moves or takes over what another authority said. And of its own
    status only (`sender,identifier,Exercise`): no exercise moves or ends what is real, nor becomes it.
    """
    named = sorted(_earlier(message), key=lambda one: instant(one.sent))[-MOST_NAMED:]
    apart = _apart(message)
    return tuple(
        dict.fromkeys(",".join((one.sender, one.identifier, *apart)) for one in (message.reference, *named))
    )


def take(  # noqa: PLR0911, PLR0913  everything that decides what a message comes to
    message: Message, signed: Signed, trusted: Trusted, known: Known | None, site: Site, now: int
) -> Taken:
    """What a good message from a trusted sender comes to.

    Args:
        message: read and checked.
        signed: what its signature says.
        trusted: who sent it.
        known: its thread, found by any of `names_of`; None: it is the first of it.
        site: for areas.
        now: µs UTC.
    """
    sent, expires = instant(message.sent), _expires(message)
    record = _record(message, signed, trusted, site, expires)
    if known is not None:
        names = list(dict.fromkeys((*record.names, *known.names)))
        record = msgspec.structs.replace(record, about=known.alert, names=names)
    if message.msg_type not in ("Alert", "Update", "Cancel") or message.status not in STATUSES:
        return Taken(msgspec.structs.replace(record, did="noted"))
    if known is not None and sent <= instant(known.newest):
        return Taken(msgspec.structs.replace(record, did="late"))
    if not message.info and message.msg_type != "Cancel":
        return Taken(msgspec.structs.replace(record, did="noted"))
    away = message.msg_type != "Cancel" and elsewhere(message, site)
    over = message.msg_type == "Cancel" or _all_clear(message) or expires <= now or away
    if over:
        if known is None or not known.open:
            # What it ends may still be on its way: then that one comes too late to raise anything.
            about = _first_id(message, site) if known is None else known.alert
            did = "elsewhere" if away else "ended"
            return Taken(msgspec.structs.replace(record, did=did, about=about))
        stated = _stated(record, known.alert, known.area, trusted, message, min(now, sent) if sent else now)
        stated.severity = known.severity
        return Taken(msgspec.structs.replace(record, did="cleared"), "cleared", stated)
    if message.scope != "Public":
        # Meant for named receivers: roads that lead to the public must not carry it.
        return Taken(msgspec.structs.replace(record, did="restricted", about=""))
    if known is None or not known.open:
        again = f"{message.identifier},{message.sent}"
        root = (
            _first_id(message, site)
            if known is None
            else nouns.identity(site.id, ORIGIN, *_root(message), again)
        )
        record = msgspec.structs.replace(record, about=root, did="raised")
        stated = _stated(record, root, record.area, trusted, message, sent)
        stated.previous = None if known is None else known.alert
        return Taken(record, "raised", stated)
    rank, before = SEVERITIES.index(record.severity), _rank(known.severity)
    # `sighted`: the authority says it again; nobody has to acknowledge that once more.
    verb, did = (
        ("escalated", "escalated")
        if rank > before
        else ("eased", "eased")
        if rank < before
        else ("sighted", "kept")
    )
    stated = _stated(record, known.alert, known.area, trusted, message, sent)
    return Taken(msgspec.structs.replace(record, did=did), verb, stated)


def refusal(message: Message, signed: Signed, trusted: Trusted | None, now: int) -> tuple[str, Text] | None:
    """Why a well-formed message is not taken: a code and a sentence; None: it is."""
    if trusted is None:
        return "untrusted-sender", Text(
            f"người gửi {message.sender!r:.80} không có trong danh sách tin cậy",
            f"the sender {message.sender!r:.80} is not trusted here",
        )
    unproven = _unproven(signed, trusted)
    if unproven is not None:
        return unproven
    if instant(message.sent) > now + AHEAD_US:
        return "future", Text("thời điểm gửi ở tương lai", "it is sent in the future")
    if message.msg_type == "Alert" and message.info and _expires(message) <= now:
        return EXPIRED, Text("bản tin đã hết hiệu lực", "its validity is over")
    return None


def _unproven(signed: Signed, trusted: Trusted) -> tuple[str, Text] | None:
    """Why a signature, or that there is none, keeps a message out.

    Where the channel itself is trusted, only a signature that is wrong does: one that proves nothing here is
    worth no less than none, and CAP has receivers process such messages (section 3.3.4.1).
    """
    if signed.state == "valid" and signed.by != trusted.id:
        return "signature", Text("chữ ký là của nguồn khác", "the signature is another sender's")
    if signed.state == "valid" or (trusted.unsigned and signed.state != "wrong"):
        return None
    if signed.state == "absent":
        return "unsigned", Text("bản tin phải có chữ ký", "a message of this sender must be signed")
    code = "certificate" if signed.state == "expired" else "signature"
    return code, signed.why or Text("chữ ký không xác minh được", "the signature is not good here")


def instant(text: str) -> int:
    """µs UTC of a time of CAP; 0 for none."""
    found = time_of(text)
    return 0 if found is None else round(found.timestamp()) * SECOND


def _record(message: Message, signed: Signed, trusted: Trusted, site: Site, expires: int) -> Official:
    areas = areas_of(message, site)
    return Official(
        bulletin_id=record_id(site.id, message),
        source=trusted.id,
        sender=message.sender,
        identifier=message.identifier,
        sent=message.sent,
        msg_type=message.msg_type,
        status=message.status,
        did="noted",
        signature=signed.state,
        area=areas[0] if len(areas) == 1 else SITE_AREA,
        areas=areas,
        hazard=hazard_of(message, trusted),
        severity=_severity(message),
        headline=_said(message, lambda info: info.headline or info.event),
        expires=iso(expires) if message.info else "",
        names=list(names_of(message)),
        risk=_risk(message),
        link=next((info.web for info in message.info if info.web), ""),
    )


def _stated(record: Official, alert: str, area: str, trusted: Trusted, message: Message, time: int) -> Stated:  # noqa: PLR0913
    reason = _said(
        message, lambda info: " ".join(filter(None, (info.headline or info.event, info.description)))
    )
    return Stated(
        alert_id=alert,
        hazard=record.hazard,
        area=area,
        severity=record.severity,
        rule=f"bulletin.{trusted.id}",
        rule_version="1",
        time=iso(time),
        detected_at=iso(time),
        reason=Text(f"{trusted.name.vi}: {reason.vi}"[:2_000], f"{trusted.name.en}: {reason.en}"[:2_000]),
        status=message.status,  # type: ignore[arg-type]  # one of STATUSES, looked at before
        by=trusted.sender,
        origin=ORIGIN,
        until=record.expires or None,
        language=_only_language(message, reason),
    )


def _severity(message: Message) -> str:
    ranks = [SEVERITIES.index(OURS.get(info.severity, "advisory")) for info in message.info]
    return SEVERITIES[max(ranks, default=0)]


def _said(message: Message, pick: Callable[[Info], str]) -> Text:
    """Both languages, each as the sender wrote it; one stands for the other where there is only one."""
    found: dict[str, str] = {}
    for info in message.info:
        found.setdefault(_short(info), str(pick(info)).strip())
    first = next(iter(found.values()), message.identifier)
    return Text(found.get("vi", found.get("en", first)), found.get("en", found.get("vi", first)))


def _only_language(message: Message, said: Text) -> str | msgspec.UnsetType:
    """`vi` or `en` where it is said in one of them only; by its letters where no block says which."""
    told = {_short(info) for info in message.info}
    if {"vi", "en"} <= told or not told & {"vi", "en"}:
        return msgspec.UNSET
    if all(info.language is None for info in message.info):
        return language_of(said.vi)
    return "vi" if "vi" in told else "en"


def _short(info: Info) -> str:
    return (info.language or "en-US").strip().split("-")[0].lower()


def _expires(message: Message) -> int:
    """Until when it holds: the latest of its blocks, within two weeks."""
    sent = instant(message.sent)
    ends = [instant(info.expires) if info.expires else sent + WITHOUT_EXPIRES_US for info in message.info]
    return min(max(ends, default=sent), sent + LONGEST_US)


def _all_clear(message: Message) -> bool:
    return all("AllClear" in info.response_type or info.urgency == "Past" for info in message.info)


def _risk(message: Message) -> int | None:
    for info in message.info:
        for one in info.parameter:
            level = re.search(r"[1-5]", one.value)
            if _RISK.search(one.name) and level and len(one.value) <= 40:  # noqa: PLR2004  a level, not a text
                return int(level[0])
    return None


def _root(message: Message) -> tuple[str, str]:
    """The first message of the thread, as far as this one knows."""
    first = min(_earlier(message), key=lambda one: instant(one.sent), default=message.reference)
    return first.sender, first.identifier


def _first_id(message: Message, site: Site) -> str:
    """The alert of a thread of which nothing was known."""
    return nouns.identity(site.id, ORIGIN, *_root(message), "".join(_apart(message)))


def _earlier(message: Message) -> list[Reference]:
    return [one for one in references_of(message.references) if one.sender == message.sender]


def _apart(message: Message) -> tuple[str, ...]:
    """What keeps its thread apart from that of what is real."""
    return () if message.status == "Actual" else (message.status,)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
