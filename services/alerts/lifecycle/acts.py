"""Acts of people: which are allowed on an alert as it stands, and what they put on the stream. Pure.

A person acts on what they saw. What another did since, or that it got worse, is told instead of overwritten;
that it eased, lost sight or was called again by the keeper takes nothing from anybody's word.

Over 250 lines: a table, one short function for each act.
"""

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from services.alerts.lifecycle.life import Life, Shelving
from services.alerts.lifecycle.tables import ACKNOWLEDGED
from services.alerts.lifecycle.words import CLEARED_BY, REFUSALS, changed
from services.observation.act import Act, Cause, PersonVerb
from services.observation.event import SEVERITIES, Verb
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.keeping import Keeping

CAUSES: tuple[Cause, ...] = get_args(Cause)
STATED = ("manual",)
"""Origins whose condition people move. An official bulletin's is its authority's, others the engine's."""
STATED_ACTS = ("escalate", "ease", "end")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What shelving is held to. From `two_person_from` on, of these hazards, it takes a second person."""

    max_s: float
    two_person_from: str
    two_person_hazards: frozenset[str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for. `seen`: sequence of the version they saw; `until` in µs UTC."""

    act: str
    by: str
    seen: int
    until: int | None = None
    why: str | None = None
    assignee: str | None = None
    text: str | None = None
    cause: Cause | None = None
    severity: str | None = None
    reason: Text | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why not. `conflict`: it is not what they saw; they may look and ask again."""

    code: str
    text: Text
    conflict: bool = False


class Step(msgspec.Struct, frozen=True):
    """One event of a decision: an act, or a word about the condition of what a person stated."""

    verb: str
    act: Act | None = None
    severity: str | None = None
    reason: Text | None = None
    until: int | None = None


class Decision(msgspec.Struct, frozen=True):
    """Events to be written, in order; or a refusal and none."""

    steps: tuple[Step, ...] = ()
    refusal: Refusal | None = None


def limits_of(keeping: Keeping) -> Limits:
    """The limits that a site's `alerting.toml` sets."""
    return Limits(
        max_s=keeping.shelving.longest_h * 3600.0,
        two_person_from=keeping.shelving.two_person_from,
        two_person_hazards=frozenset(keeping.public_safety),
    )


DEFAULT = limits_of(Keeping())


def decide(life: Life, asked: Asked, now: int, limits: Limits = DEFAULT) -> Decision:
    """Whether an act is allowed on an alert as it stands at `now`, µs UTC, and what it comes to.

    That the same key was written already, and what a person may do where, is the caller's to know.
    """
    if asked.act not in ACTS:
        return _no("no-such-act")
    if asked.act != "comment" and life.touched.sequence > asked.seen:
        return Decision(refusal=Refusal("alert-changed", changed(life.touched), conflict=True))
    if life.closing is not None and asked.act not in ("comment", "reopen"):
        return _no("closed")
    return ACTS[asked.act](life, asked, now, limits)


def _no(code: str) -> Decision:
    return Decision(refusal=Refusal(code, REFUSALS[code]))


def _yes(verb: str, **given: Any) -> Decision:
    return Decision((Step(verb, Act(**given)),))


def _acknowledge(life: Life, _asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.acknowledgement == ACKNOWLEDGED:
        return _no("already-acknowledged")
    return _yes(PersonVerb.ACKNOWLEDGED)


def _unacknowledge(life: Life, _asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.acknowledgement != ACKNOWLEDGED:
        return _no("not-acknowledged")
    return _yes(PersonVerb.UNACKNOWLEDGED, undoes=life.undoable.get(PersonVerb.ACKNOWLEDGED))


def _shelve(life: Life, asked: Asked, now: int, limits: Limits) -> Decision:
    if not life.open:
        return _no("nothing-to-shelve")
    waiting = life.shelve_asked
    if waiting is not None and waiting.until > now:
        return _second(waiting, asked)
    if not (asked.why or "").strip():
        return _no("why-missing")
    if asked.until is None or asked.until <= now:
        return _no("until-missing")
    if asked.until > now + round(limits.max_s * SECOND):
        hours = f"{limits.max_s / 3600:g}"
        text = REFUSALS["too-long"]
        return Decision(refusal=Refusal("too-long", Text(text.vi.format(hours), text.en.format(hours))))
    verb = PersonVerb.SHELVE_ASKED if _takes_two(life, limits) else PersonVerb.SHELVED
    return _yes(verb, until=iso(asked.until), why=asked.why)


def _takes_two(life: Life, limits: Limits) -> bool:
    if limits.two_person_from not in SEVERITIES or life.hazard not in limits.two_person_hazards:
        return False
    # A severity that is not on our ladder is taken for the worst: a release after us wrote it.
    rank = SEVERITIES.index(life.severity) if life.severity in SEVERITIES else len(SEVERITIES)
    return rank >= SEVERITIES.index(limits.two_person_from)


def _second(waiting: Shelving, asked: Asked) -> Decision:
    """A second person agrees to what was asked, as it was asked."""
    if asked.by == waiting.by:
        return _no("second-person")
    if asked.until is not None and asked.until != waiting.until:
        return _no("asked-otherwise")
    return _yes(PersonVerb.SHELVED, until=iso(waiting.until), why=waiting.why)


def _unshelve(life: Life, _asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.shelve_asked is not None:
        return _yes(PersonVerb.UNSHELVED, undoes=life.undoable.get(PersonVerb.SHELVE_ASKED))
    if life.shelving is None:
        return _no("not-shelved")
    return _yes(PersonVerb.UNSHELVED, undoes=life.undoable.get(PersonVerb.SHELVED))


def _assign(life: Life, asked: Asked, _now: int, _limits: Limits) -> Decision:
    assignee = asked.by if asked.assignee is None else asked.assignee.strip()
    if not assignee:
        return _no("assignee-missing")
    if assignee == life.assignee:
        return _no("already-assigned")
    return _yes(PersonVerb.ASSIGNED, assignee=assignee)


def _unassign(life: Life, _asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.assignee is None:
        return _no("not-assigned")
    return _yes(PersonVerb.UNASSIGNED, undoes=life.undoable.get(PersonVerb.ASSIGNED))


def _comment(_life: Life, asked: Asked, _now: int, _limits: Limits) -> Decision:
    if not (asked.text or "").strip():
        return _no("text-missing")
    return _yes(PersonVerb.COMMENTED, text=asked.text)


def _close(life: Life, asked: Asked, _now: int, limits: Limits) -> Decision:
    if asked.cause not in CAUSES:
        return _no("cause-missing")
    first: tuple[Step, ...] = ()
    if life.open and life.origin in STATED:
        first = (Step(Verb.CLEARED, reason=_over(life, asked)),)  # whoever stated it may end it
    elif life.open and asked.cause == "real":
        return _no("not-over")
    elif life.open and _takes_two(life, limits) and (life.shelving is None or life.shelving.second is None):
        return _no("two-to-close")  # closing would silence it for longer than the shelving that takes two
    return Decision((*first, Step(PersonVerb.CLOSED, Act(cause=asked.cause, why=asked.why))))


def _reopen(life: Life, _asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.closing is None:
        return _no("not-closed")
    return _yes(PersonVerb.REOPENED, undoes=life.undoable.get(PersonVerb.CLOSED))


def _restate(life: Life, asked: Asked, now: int, _limits: Limits) -> Decision:
    """Move the severity of what a person stated, and if they say so its end."""
    if life.origin not in STATED:
        return _no("not-stated")
    if not life.open:
        return _no("over")
    if asked.severity not in SEVERITIES:
        return _no("severity-missing")
    if asked.until is not None and asked.until <= now:
        return _no("until-missing")
    up = asked.act == "escalate"
    difference = SEVERITIES.index(asked.severity) - (
        SEVERITIES.index(life.severity) if life.severity in SEVERITIES else 0
    )
    if difference <= 0 if up else difference >= 0:
        return _no("not-higher" if up else "not-lower")
    # Without new words those about the danger stay; who moved it stands in `by`.
    verb = Verb.ESCALATED if up else Verb.EASED
    return Decision((Step(verb, severity=asked.severity, reason=asked.reason, until=asked.until),))


def _end(life: Life, asked: Asked, _now: int, _limits: Limits) -> Decision:
    if life.origin not in STATED:
        return _no("not-stated")
    if not life.open:
        return _no("over")
    return Decision((Step(Verb.CLEARED, reason=_over(life, asked)),))


def _over(life: Life, asked: Asked) -> Text:
    del life
    return asked.reason or Text(CLEARED_BY.vi.format(asked.by), CLEARED_BY.en.format(asked.by))


ACTS: dict[str, Callable[[Life, Asked, int, Limits], Decision]] = {
    "acknowledge": _acknowledge,
    "unacknowledge": _unacknowledge,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "assign": _assign,
    "unassign": _unassign,
    "comment": _comment,
    "close": _close,
    "reopen": _reopen,
    "escalate": _restate,
    "ease": _restate,
    "end": _end,
}


def allowed_acts(life: Life) -> tuple[str, ...]:
    """Acts that make sense on the alert as it stands; what they need to be told is not looked at."""
    if life.closing is not None:
        return ("comment", "reopen")
    known = life.acknowledgement == ACKNOWLEDGED
    found = ["unacknowledge" if known else "acknowledge"]
    if life.open:
        found.append("shelve")
    if life.shelving is not None or life.shelve_asked is not None:
        found.append("unshelve")
    found += ["assign", *(["unassign"] if life.assignee is not None else []), "comment", "close"]
    return (*found, *(STATED_ACTS if life.open and life.origin in STATED else ()))
