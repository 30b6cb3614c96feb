"""What should be said in public now, and how to say it: the desk of bulletins. Pure; the clock is passed in.

Fed with every event of the own site in stream order, it knows the alerts and what was published of each.
`due` says what is missing: a proposal where something changed, its withdrawal where it is no longer true, and
the message itself once all who must have agreed. Nothing is decided that the stream does not say again to the
next desk: the ids follow from where the thread stands, so two desks say the same once.

Over 250 lines: wanting, proposing and issuing are one decision over the same two folds.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from services.alerts import lifecycle, risk
from services.alerts.lifecycle import Life
from services.cap import bulletin as nouns
from services.cap.build import build
from services.cap.bulletin import Bulletin, BulletinEvent, Issued, Pending, Thread
from services.cap.check import check
from services.cap.compose import Envelope, compose, local, renewed
from services.cap.message import Message, Reference
from services.cap.read import read
from services.cap.repeat import near_its_end, repeated
from services.cap.violation import Refused, Violation
from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.instants import SECOND
from services.observation.site import Site
from services.policy.publication import Publication, Publish

SETTLE_US = 3 * SECOND
"""After it was raised or got worse: time for the keeper to say what is part of what."""
LATE_US = 15 * 60 * SECOND
"""What was found so long after it was measured is never automatic: a gateway that was away sends it too."""
_WORSE = (("alert", "raised"), ("alert", "escalated"))
UNREAL = ("false", "test")
KEEP_US = 7 * 86_400 * SECOND
"""An alert that is over and has nothing in public is forgotten after."""


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


class Desk:
    """All alerts of one site, and their threads."""

    def __init__(self, site: str, signed: Callable[[Message], bytes] = build) -> None:
        """Know nothing; `signed` makes of a message the document that is published."""
        self._site, self._signed = site, signed
        self._lives: dict[str, Life] = {}
        self._threads: dict[str, Thread] = {}
        self._worse: dict[str, tuple[int, int]] = {}  # when it was raised or got worse: sequence, stored at
        self._declared: dict[str, nouns.Official] = {}
        self._said: dict[str, str] = {}  # the document that is out, to say it again word for word
        self.issued = 0
        """Messages that went out, as far back as the stream goes."""
        self.broken: dict[str, tuple[Violation, ...]] = {}
        """Alerts whose message breaks a rule, so that it was not proposed."""

    @property
    def waiting(self) -> int:
        """How many drafts wait for approval."""
        return sum(1 for thread in self._threads.values() if thread.pending is not None)

    def thread(self, alert_id: str) -> Thread | None:
        """What became of an alert in public."""
        return self._threads.get(alert_id)

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        """Apply one event of ALERTS; what is another site's, or none of ours, says nothing here."""
        if event.get("source") != f"/sites/{self._site}":
            return
        verb = nouns.verb_of(event)
        if verb is not None:
            self._bulletin(verb, sequence, event)
            return
        alert = event.get("subject")
        if not isinstance(alert, str):
            return
        life = lifecycle.fold(self._lives.get(alert), sequence, stored_us, event)
        if life is None:
            return
        self._lives[alert] = life
        if alert not in self._worse or noun_and_verb(event.get("type")) in _WORSE:
            self._worse[alert] = (sequence, stored_us)

    def _bulletin(self, verb: str, sequence: int, event: Mapping[str, Any]) -> None:
        data = event.get("data")
        about = data.get("about") if isinstance(data, Mapping) else None
        if not isinstance(about, str):
            return
        if verb == nouns.RECEIVED:
            try:
                self._declared[about] = msgspec.convert(data, nouns.Official)
            except msgspec.ValidationError:
                return
            return
        thread = nouns.apply(self._threads.get(about), sequence, event)
        if thread is not None:
            self._threads[about] = thread
            if verb == nouns.ISSUED:
                self.issued += 1
                self._said[about] = str(event["data"].get("xml"))

    def due(self, now: int, site: Site, policy: Publication) -> Iterator[Out]:
        """What should be written now; each is one step, the next follows when it is read back."""
        for alert, life in list(self._lives.items()):
            thread = self._threads.get(alert)
            if (
                not life.open
                and life.changed_us < now - KEEP_US
                and (thread is None or not thread.standing(now))
            ):
                for known in (self._lives, self._worse, self._declared, self._said, self.broken):
                    known.pop(alert, None)
                continue
            out = self._step(life, thread, now, site, policy)
            if out is not None:
                yield out

    def _step(
        self, life: Life, thread: Thread | None, now: int, site: Site, policy: Publication
    ) -> Out | None:
        want = self._want(life, thread, now, policy)
        pending = None if thread is None else thread.pending
        if want is None:
            self.broken.pop(life.alert_id, None)
        if thread is not None and want is not None and self._runs_out(life, thread, want, now):
            return self._again(life, thread, now, site, policy)
        if pending is not None and (want is None or want.what != pending.data.what):
            # Nobody may approve what is not so any more; what is so now is proposed in its place.
            return self._propose(life, thread, want, now, site, policy) or self._withdraw(
                thread, pending, now
            )
        if pending is not None:
            return self._issue(thread, pending, now, site) if pending.ready else None
        if want is None or self._refused(life, thread, want):
            return None
        return self._propose(life, thread, want, now, site, policy)

    def _want(  # noqa: PLR0911  one answer for each thing that can have changed
        self, life: Life, thread: Thread | None, now: int, policy: Publication
    ) -> Want | None:
        standing = [] if thread is None else thread.standing(now)
        last = standing[-1].data if standing else None
        if thread is None or last is None:
            return self._first(life, now, policy)
        cause = None if life.closing is None else life.closing.cause
        if cause in UNREAL or life.status != last.status:
            return Want(f"cancel:{cause or life.status}", "Cancel", over=True, cause=cause or "test")
        if not life.open or cause is not None:
            return Want("end", "Update", over=True)
        worse = _rank(life.severity) > _rank(last.severity)
        if not worse and now < standing[-1].sent + round(policy.min_interval_s * SECOND):
            return None
        if life.severity != last.severity:
            return Want(f"update:{life.severity}", "Update")
        if near_its_end(standing[-1], now):
            return Want(f"renew:{thread.version}", "Update")
        return None

    def _refused(self, life: Life, thread: Thread | None, want: Want) -> bool:
        """Whether somebody refused just this, and nothing got worse since."""
        declined = None if thread is None else thread.declined
        worse = self._worse.get(life.alert_id, (0, 0))[0]
        return declined is not None and declined.data.what == want.what and worse < declined.sequence

    def _runs_out(self, life: Life, thread: Thread, want: Want, now: int) -> bool:
        """Whether what is out ends soon while what should follow it waits for somebody, or was refused."""
        standing = thread.standing(now)
        if want.over or want.msg_type != "Update" or not standing or not near_its_end(standing[-1], now):
            return False
        pending = thread.pending
        waits = pending is not None and pending.data.what == want.what and not pending.ready
        return waits or (pending is None and self._refused(life, thread, want))

    def _again(self, life: Life, thread: Thread, now: int, site: Site, policy: Publication) -> Out | None:
        """What is out, once more: people must not be left without a warning because nobody clicked."""
        found = self._repeated(life, thread, f"{nouns.AGAIN}{thread.version}", now, site, policy)
        if found is None:
            return None
        data, message = found
        data.xml = self._signed(message).decode()
        event = nouns.make(
            site=self._site,
            verb=nouns.ISSUED,
            event=_next_id(data.bulletin_id, thread), time=now, data=data,
        )  # fmt: skip
        return Out(event, thread.area, thread.sequence)

    def _repeated(  # noqa: PLR0913  as `_draft`
        self, life: Life, thread: Thread, what: str, now: int, site: Site, policy: Publication
    ) -> tuple[Bulletin, Message] | None:
        identifier = self._identifier(thread.bulletin_id, thread, policy)
        return repeated(self._said.get(life.alert_id, ""), thread, what, identifier, now, site)

    def _identifier(self, name: str, thread: Thread | None, policy: Publication) -> str:
        return f"{policy.sender}.{self._site}.{_next_id(name, thread)[:20]}"

    def _first(self, life: Life, now: int, policy: Publication) -> Want | None:
        """The first message of what is going on: not while something keeps the alert quiet."""
        if not life.open or life.silent_at(now) or _rule(life, policy) is None:
            return None
        if now < self._worse.get(life.alert_id, (0, 0))[1] + SETTLE_US:
            return None
        return Want(f"alert:{life.severity}:{life.status}", "Alert")

    def _propose(  # noqa: PLR0913  what a proposal is made of
        self,
        life: Life,
        thread: Thread | None,
        want: Want | None,
        now: int,
        site: Site,
        policy: Publication,
    ) -> Out | None:
        if want is None:
            return None
        found = self._draft(life, thread, want, now, site, policy)
        if found is None:
            return None
        event = nouns.make(
            site=self._site,
            verb=nouns.PROPOSED,
            event=_next_id(found.bulletin_id, thread),
            time=now,
            data=found,
        )
        return Out(event, found.area, 0 if thread is None else thread.sequence)

    def _draft(  # noqa: PLR0913  as above
        self, life: Life, thread: Thread | None, want: Want, now: int, site: Site, policy: Publication
    ) -> Bulletin | None:
        if thread is not None and want.what.startswith("renew:"):
            again = self._repeated(life, thread, want.what, now, site, policy)
            if again is not None:
                return again[0]
        name = nouns.identity(self._site, "bulletin", life.alert_id)
        identifier = self._identifier(name, thread, policy)
        standing = [] if thread is None else thread.standing(now)
        last = standing[-1].data if standing else None
        # A Cancel is read by who read what it withdraws, so it has the same status.
        status = last.status if last is not None and want.over else life.status
        rule = _rule(life, policy)
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
        )
        message, said = compose(life, site, policy, envelope, status, self._risk(life, now))
        violations = tuple(check(message, own=True))
        if violations:
            self.broken[life.alert_id] = violations
            return None
        self.broken.pop(life.alert_id, None)
        by = life.data.get("by")
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
            event=said.event,
            headline=said.headline,
            description=said.description,
            instruction=said.instruction,
            needed=max(least, _needed(rule, severity, standing)),
            raised_by=by if life.origin == "manual" and isinstance(by, str) and not want.over else None,
            sent=local(now, site),
            expires=local(envelope.expires, site),
            references=message.references or "",
            xml=build(message).decode(),
        )

    def _issue(self, thread: Thread | None, pending: Pending, now: int, site: Site) -> Out | None:
        """The message goes out: word for word what was approved, at this hour, naming what is still valid."""
        if thread is None:
            return None
        data = pending.data
        try:
            draft = read(data.xml.encode()).message
        except Refused:
            return None
        if draft is None:
            return None
        lasts = nouns.instant(data.expires) - nouns.instant(data.sent)
        named = tuple(
            Reference(one.data.sender, one.data.identifier, one.data.sent) for one in thread.standing(now)
        )
        if data.msg_type != "Alert" and not named:
            return self._withdraw(thread, pending, now)
        message = renewed(draft, site, now, now + lasts, named if data.msg_type != "Alert" else ())
        issued = msgspec.structs.replace(
            data,
            proposal=pending.id,
            approved_by=list(pending.approved_by),
            sent=message.sent,
            expires=local(now + lasts, site),
            references=message.references or "",
            xml=self._signed(message).decode(),
        )
        event = nouns.make(
            site=self._site,
            verb=nouns.ISSUED,
            event=_next_id(data.bulletin_id, thread),
            time=now,
            data=issued,
        )
        return Out(event, thread.area, thread.sequence)

    def _withdraw(self, thread: Thread | None, pending: Pending, now: int) -> Out | None:
        if thread is None:
            return None
        data = msgspec.structs.replace(pending.data, proposal=pending.id, xml="")
        event = nouns.make(
            site=self._site,
            verb=nouns.WITHDRAWN,
            event=_next_id(data.bulletin_id, thread),
            time=now,
            data=data,
        )
        return Out(event, thread.area, thread.sequence)

    def _risk(self, life: Life, now: int) -> risk.RiskLevel | None:
        """The official level that holds for this hazard there now: never without its bulletin."""
        for about, one in self._declared.items():
            alert = self._lives.get(about)
            if one.risk is None or alert is None or not alert.open or nouns.instant(one.expires) <= now:
                continue
            same = one.hazard == life.hazard and (one.area in ("_", life.area) or life.area in one.areas)
            if same and alert.status == life.status:
                paper = risk.Bulletin(one.identifier, one.headline.vi or one.sender, one.sent, one.link)
                return risk.level(one.risk, paper)
        return None


def _rule(life: Life, policy: Publication) -> Publish | None:
    return policy.rule_for(hazard=life.hazard, rule=life.rule, severity=life.severity, origin=life.origin)


def _needed(rule: Publish | None, severity: str, standing: list[Issued]) -> int:
    """Approvals; where no rule fits any more, as of what is out."""
    if rule is not None:
        return rule.needed(severity)
    return max((one.data.needed for one in standing), default=1)


def _late(life: Life) -> bool:
    """Whether what was measured was old already when it was found."""
    data = life.data
    measured, found = nouns.instant(data.get("time")), nouns.instant(data.get("detected_at"))
    return found - measured > LATE_US


def _next_id(name: str, thread: Thread | None) -> str:
    """The id of the next event of a thread: whoever stands at the same place gives it the same."""
    return nouns.identity(name, "next", str(0 if thread is None else thread.sequence))


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _type(want: Want) -> Any:
    return want.msg_type
