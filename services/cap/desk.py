"""What should be said in public now: the desk of bulletins. Pure; the clock is passed in.

Fed with every event of the own site in stream order, it knows the alerts and what was published of each.
`due` says what is missing: a proposal where something changed, its withdrawal where it is no longer true, and
the message itself once all who must have agreed; how each is made is `draft`. Nothing is decided that the
stream does not say again to the next desk.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from services.alerts import lifecycle, risk
from services.alerts.lifecycle import Life
from services.cap import bulletin as nouns
from services.cap.build import build
from services.cap.bulletin import Bulletin, Pending, Thread
from services.cap.compose import event_of
from services.cap.draft import Moment, Out, Want, again, draft, issue, proposal, rule_of, withdrawal
from services.cap.message import Message
from services.cap.repeat import near_its_end
from services.cap.violation import Violation
from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.instants import SECOND
from services.observation.site import Site
from services.policy.publication import Publication

SETTLE_US = 3 * SECOND
"""After it was raised or got worse: time for the keeper to say what is part of what."""
_WORSE = (("alert", "raised"), ("alert", "escalated"))
UNREAL = ("false", "test")
KEEP_US = 7 * 86_400 * SECOND
"""An alert that is over and has nothing in public is forgotten after."""


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
    def waiting(self) -> list[Pending]:
        """Drafts that wait for approval, the one that waits longest first."""
        found = [thread.pending for thread in self._threads.values() if thread.pending is not None]
        return sorted(found, key=lambda pending: pending.time)

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
                declared = msgspec.convert(data, nouns.Official)
            except msgspec.ValidationError:
                return
            if declared.did not in nouns.UNSAID:
                self._declared[about] = declared
            return
        thread = nouns.apply(self._threads.get(about), sequence, event)
        if thread is not None:
            self._threads[about] = thread
            if verb == nouns.ISSUED:
                self.issued += 1
                self._said[about] = str(event["data"].get("xml"))

    def due(self, now: int, site: Site, policy: Publication) -> Iterator[Out]:
        """What should be written now; each is one step, the next follows when it is read back."""
        at = Moment(now, site, policy)
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
            out = self._step(life, thread, at)
            if out is not None:
                yield out

    def _step(self, life: Life, thread: Thread | None, at: Moment) -> Out | None:
        want = self._want(life, thread, at)
        pending = None if thread is None else thread.pending
        if want is None:
            self.broken.pop(life.alert_id, None)
        if thread is not None and want is not None and self._runs_out(life, thread, want, at.now):
            return again(life, thread, at, self._said.get(life.alert_id, ""), self._signed)
        if thread is not None and pending is not None:
            if want is None or want.what != pending.data.what:
                # Nobody may approve what is not so any more; what is so now is proposed in its place.
                return self._propose(life, thread, want, at) or withdrawal(thread, pending, at)
            return issue(thread, pending, at, self._signed) if pending.ready else None
        if want is None or self._refused(life, thread, want):
            return None
        return self._propose(life, thread, want, at)

    def _want(  # noqa: PLR0911  one answer for each thing that can have changed
        self, life: Life, thread: Thread | None, at: Moment
    ) -> Want | None:
        now = at.now
        standing = [] if thread is None else thread.standing(now)
        last = standing[-1].data if standing else None
        if thread is None or last is None:
            return self._first(life, at)
        cause = None if life.closing is None else life.closing.cause
        if cause in UNREAL or life.status != last.status:
            return Want(f"cancel:{cause or life.status}", "Cancel", over=True, cause=cause or "test")
        if not life.open or cause is not None:
            return Want("end", "Update", over=True)
        if _reworded(life, thread, last):
            return Want(thread.pending.data.what, "Update") if thread.pending else None
        worse = _rank(life.severity) > _rank(last.severity)
        if not worse and now < standing[-1].sent + round(at.policy.min_interval_s * SECOND):
            return None
        if life.severity != last.severity:
            return Want(f"update:{life.severity}", "Update")
        if near_its_end(standing[-1], now):
            return Want(f"renew:{thread.version}", "Update")
        return None

    def _refused(self, life: Life, thread: Thread | None, want: Want) -> bool:
        """Whether somebody refused just this, and nothing got worse since.

        Of words that a person wrote only the words were refused: what the writer proposed comes back.
        """
        declined = None if thread is None else thread.declined
        worse = self._worse.get(life.alert_id, (0, 0))[0]
        return (
            declined is not None
            and declined.data.worded_by is None
            and declined.data.what == want.what
            and worse < declined.sequence
        )

    def _runs_out(self, life: Life, thread: Thread, want: Want, now: int) -> bool:
        """Whether what is out ends soon while what should follow it waits for somebody, or was refused."""
        standing = thread.standing(now)
        if want.over or want.msg_type != "Update" or not standing or not near_its_end(standing[-1], now):
            return False
        pending = thread.pending
        waits = pending is not None and pending.data.what == want.what and not pending.ready
        return waits or (pending is None and self._refused(life, thread, want))

    def _first(self, life: Life, at: Moment) -> Want | None:
        """The first message of what is going on: not while something keeps the alert quiet."""
        if not life.open or life.silent_at(at.now) or rule_of(life, at.policy) is None:
            return None
        if at.now < self._worse.get(life.alert_id, (0, 0))[1] + SETTLE_US:
            return None
        return Want(f"alert:{life.severity}:{life.status}", "Alert")

    def _propose(self, life: Life, thread: Thread | None, want: Want | None, at: Moment) -> Out | None:
        if want is None or want.what.startswith(nouns.WORDS):
            return None
        said, incident = self._said.get(life.alert_id, ""), self._incident(life, thread)
        found = draft(life, thread, want, at, self._risk(life, at.now), said, incident)
        if not isinstance(found, Bulletin):
            self.broken[life.alert_id] = found
            return None
        self.broken.pop(life.alert_id, None)
        return proposal(found, thread, at)

    def _incident(self, life: Life, thread: Thread | None) -> str:
        """By what receivers know messages of one danger at one place, and need not alarm people again.

        Two gauges in one flood are two alerts, each with its own words, approvals and end. CAP has
        `incidents` for that; an `Update` of the other's message would take it back.
        """
        if thread is not None and thread.incident:
            return thread.incident
        event = event_of(life)
        together = sorted(
            (one.raised_at, one.alert_id)
            for one in self._lives.values()
            if one.open
            and (one.hazard, one.area, one.status) == (life.hazard, life.area, life.status)
            and event_of(one) == event
        )
        threads = (self._threads.get(alert) for _, alert in together)
        known = next((one.incident for one in threads if one is not None and one.incident), None)
        return known or (together[0][1] if together else life.alert_id)

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


def _reworded(life: Life, thread: Thread, last: Bulletin) -> bool:
    """Whether other words that a person asked for wait, and still fit what is out."""
    pending = thread.pending
    return (
        pending is not None
        and pending.data.what.startswith(nouns.WORDS)
        and life.severity == pending.data.severity == last.severity
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
