"""How it is said in public: a proposal of what is wanted, its issue, its withdrawal. Pure.

What should be said is the desk's to decide. Ids follow from where a thread stands, so whoever stands at the
same place writes the same event.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from services.alerts.lifecycle import Life
from services.alerts.risk import RiskLevel
from services.cap import bulletin as nouns
from services.cap.build import build
from services.cap.bulletin import Bulletin, BulletinEvent, Issued, Pending, Thread
from services.cap.check import check
from services.cap.compose import Envelope, compose, local, renewed
from services.cap.message import Message, Reference
from services.cap.read import read
from services.cap.repeat import after, repeated
from services.cap.violation import Refused, Violation
from services.observation.instants import SECOND
from services.observation.site import Site
from services.policy.publication import Publication, Publish

LATE_US = 15 * 60 * SECOND
"""What was found so long after it was measured is never automatic: a gateway that was away sends it too."""
Signed = Callable[[Message], bytes]


class Want(NamedTuple):
    """What should be in public now. `what` names it; `over`: it ends what is out."""

    what: str
    msg_type: str
    over: bool = False
    cause: str | None = None


class Out(NamedTuple):
    """An event to be written: only as the next one of its subject."""

    event: BulletinEvent
    area: str
    after: int


class Moment(NamedTuple):
    """What a draft is made of beside its alert: the clock (µs UTC), the site, in whose name."""

    now: int
    site: Site
    policy: Publication


def rule_of(life: Life, policy: Publication) -> Publish | None:
    """How an alert is published; None: it is not for the public."""
    return policy.rule_for(hazard=life.hazard, rule=life.rule, severity=life.severity, origin=life.origin)


def needed_of(rule: Publish | None, severity: str, standing: list[Issued]) -> int:
    """Approvals; where no rule fits any more, as of what is out."""
    if rule is not None:
        return rule.needed(severity)
    return max((one.data.needed for one in standing), default=1)


def author_of(life: Life) -> str | None:
    """Who stated an alert; None: no person did."""
    by = life.data.get("by")
    return by if life.origin == "manual" and isinstance(by, str) else None


def identifier_of(sender: str, site: str, name: str, thread: Thread | None) -> str:
    """Of the next message of a thread."""
    return f"{sender}.{site}.{_next_id(name, thread)[:20]}"


def draft(  # noqa: PLR0913  what a message is made of
    life: Life,
    thread: Thread | None,
    want: Want,
    at: Moment,
    risk: RiskLevel | None,
    said: str,
    incident: str,
) -> Bulletin | tuple[Violation, ...]:
    """What is wanted, as a draft; or the rules that it would break.

    Args:
        life: the alert.
        thread: what became of it in public.
        want: what should be said.
        at: the clock, the site, in whose name.
        risk: the official level that holds there.
        said: the document that is out.
        incident: what it shares with messages of other alerts.
    """
    site, now = at.site, at.now
    name = nouns.identity(site.id, "bulletin", life.alert_id)
    standing = [] if thread is None else thread.standing(now)
    last = standing[-1].data if standing else None
    # Whoever is named as the sender of what is out is the only one who can move or end it.
    policy = at.policy if last is None else msgspec.structs.replace(at.policy, sender=last.sender)
    identifier = identifier_of(policy.sender, site.id, name, thread)
    if thread is not None and want.what.startswith("renew:"):
        again = repeated(said, thread, want.what, identifier, now, site)
        if again is not None:
            return again[0]
    # A Cancel is read by who read what it withdraws, so it has the same status.
    status = last.status if last is not None and want.over else life.status
    rule = rule_of(life, at.policy)
    lasts = policy.all_clear_s if want.over else 3_600.0 if rule is None else rule.expires_s
    severity = life.severity if last is None or not want.over else last.severity
    envelope = Envelope(
        identifier,
        now,
        now + round(lasts * SECOND),
        _type(want),
        tuple(Reference(one.data.sender, one.data.identifier, one.data.sent) for one in standing),
        over=want.over,
        cause=want.cause,
        incident=incident,
    )
    message, words = compose(life, site, policy, envelope, status, risk)
    violations = tuple(check(message, own=True))
    if violations:
        return violations
    least = 0 if want.over or not _late(life) else 1
    return Bulletin(
        bulletin_id=name,
        about=life.alert_id,
        version=1 if thread is None else thread.version + 1,
        what=want.what,
        hazard=life.hazard,
        rule=life.rule,
        area=life.area if thread is None else thread.area,
        areas=[life.area],
        severity=severity,
        status=status,
        msg_type=want.msg_type,
        end=want.over,
        identifier=identifier,
        sender=policy.sender,
        event=words.event,
        headline=words.headline,
        description=words.description,
        instruction=words.instruction,
        needed=max(least, needed_of(rule, severity, standing)),
        raised_by=None if want.over else author_of(life),
        sent=local(now, site),
        expires=local(envelope.expires, site),
        references=message.references or "",
        xml=build(message).decode(),
        incident=incident,
    )


def proposal(data: Bulletin, thread: Thread | None, at: Moment) -> Out:
    """A draft as the next event of its thread."""
    return _out(nouns.PROPOSED, data, thread, at)


def issue(thread: Thread, pending: Pending, at: Moment, signed: Signed) -> Out | None:
    """The message goes out: word for word what was approved, at this hour, naming what is still valid."""
    data = pending.data
    try:
        found = read(data.xml.encode()).message
    except Refused:
        return None
    if found is None:
        return None
    lasts = nouns.instant(data.expires) - nouns.instant(data.sent)
    named = tuple(
        Reference(one.data.sender, one.data.identifier, one.data.sent) for one in thread.standing(at.now)
    )
    if data.msg_type != "Alert" and not named:
        return withdrawal(thread, pending, at)
    hour = after(thread, at.now)
    message = renewed(found, at.site, hour, hour + lasts, named if data.msg_type != "Alert" else ())
    issued = msgspec.structs.replace(
        data,
        proposal=pending.id,
        approved_by=list(pending.approved_by),
        sent=message.sent,
        expires=local(hour + lasts, at.site),
        references=message.references or "",
        by=None,
        why=None,
        xml=signed(message).decode(),
    )
    return _out(nouns.ISSUED, issued, thread, at)


def again(life: Life, thread: Thread, at: Moment, said: str, signed: Signed) -> Out | None:
    """What is out, once more: people must not be left without a warning because nobody clicked."""
    standing = thread.standing(at.now)
    sender = standing[-1].data.sender if standing else at.policy.sender
    name = nouns.identity(at.site.id, "bulletin", life.alert_id)
    identifier = identifier_of(sender, at.site.id, name, thread)
    found = repeated(said, thread, f"{nouns.AGAIN}{thread.version}", identifier, at.now, at.site)
    if found is None:
        return None
    data, message = found
    data.xml = signed(message).decode()
    return _out(nouns.ISSUED, data, thread, at)


def withdrawal(thread: Thread, pending: Pending, at: Moment) -> Out:
    """A draft that is not so any more is taken back."""
    data = msgspec.structs.replace(pending.data, proposal=pending.id, by=None, why=None, xml="")
    return _out(nouns.WITHDRAWN, data, thread, at)


def _out(verb: str, data: Bulletin, thread: Thread | None, at: Moment) -> Out:
    event = nouns.make(
        site=at.site.id, verb=verb, event=_next_id(data.bulletin_id, thread), time=at.now, data=data
    )
    return Out(event, data.area if thread is None else thread.area, 0 if thread is None else thread.sequence)


def _late(life: Life) -> bool:
    """Whether what was measured was old already when it was found."""
    data = life.data
    measured, found = nouns.instant(data.get("time")), nouns.instant(data.get("detected_at"))
    return found - measured > LATE_US


def _next_id(name: str, thread: Thread | None) -> str:
    """The id of the next event of a thread: whoever stands at the same place gives it the same."""
    return nouns.identity(name, "next", str(0 if thread is None else thread.sequence))


def _type(want: Want) -> Any:
    return want.msg_type
