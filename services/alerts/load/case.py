"""One alert as the people on duty had it: when it was told, who answered and when, what kept it quiet. Pure.

`lifecycle` says how an alert stands; this keeps what reports and the figures of load need of its past.
All instants are wall clock, µs UTC: when the stream took the event, not when a sensor measured.
A month may hold a hundred thousand: what no figure needs is let go at once, and equal words are one.
"""

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec

from services.alerts.lifecycle import Comment, Life, Quiet, Touch, fold
from services.alerts.lifecycle.tables import UNACKNOWLEDGED
from services.observation.act import KeeperVerb, PersonVerb
from services.observation.event import SEVERITIES, Verb, noun_and_verb
from services.observation.instants import micros
from services.observation.text import Text

_SOUNDS = (Verb.RAISED, Verb.ESCALATED)
_ENGINE = frozenset(Verb)
_ACTS = frozenset(PersonVerb)
# A life is never changed in place, so these may be everybody's.
_UNTOUCHED = Touch(0, "", None, 0)
_NO_UNDOING: dict[str, str] = {}
_NO_COMMENTS: list[Comment] = []
_NOT_QUIET: dict[str, Quiet] = {}


class Sound(msgspec.Struct, frozen=True):
    """An annunciation: raised, escalated, or brought back by time, whatever kept it quiet."""

    at: int
    severity: str


class Response(msgspec.Struct, frozen=True):
    """A person's answer to an alert that waited for one: acknowledged, or closed."""

    since: int
    at: int
    by: str
    severity: str

    @property
    def took_s(self) -> float:
        """Seconds until somebody answered."""
        return max(self.at - self.since, 0) / 1e6


class Kept(msgspec.Struct, frozen=True):
    """A stretch during which an alert was kept quiet; `end` None: it still is.

    `kind`: shelved, or a kind of `act.QuietKind`. `until`: when it ends at the latest, as far as it was said.
    """

    kind: str
    start: int
    end: int | None
    until: int | None
    by: str | None
    why: Text | None
    what: str | None = None


class Did(msgspec.Struct, frozen=True):
    """What a person or the keeper did to an alert."""

    at: int
    verb: str
    by: str | None
    alert_id: str
    words: str | None = None


class Case(msgspec.Struct):
    """An alert with its past. `heard_at`, `over_at`: when the stream had its first word and its end.

    `reason`: why it stands as it does, or did last; `gravest`: why it stood as high as it ever did.
    """

    life: Life
    heard_at: int
    reason: Text
    over_at: int | None = None
    sounds: tuple[Sound, ...] = ()
    responses: tuple[Response, ...] = ()
    waiting_since: int | None = None
    kept: tuple[Kept, ...] = ()
    gravest: Text | None = None

    @property
    def place(self) -> str:
        """What the alert is about: with its rule, one alarm in the standard's sense."""
        life = self.life
        return life.sensor or life.gateway or life.station or life.area

    @property
    def alarm(self) -> tuple[str, str]:
        """Rule and place: occurrences of one alarm share it."""
        return self.life.rule, self.place

    @property
    def worst(self) -> str:
        """The highest severity it reached, as far as it is known."""
        life = self.life
        return SEVERITIES[life.peak] if life.peak >= 0 else life.severity

    def open_at(self, at: int) -> bool:
        """Whether its condition held at an instant."""
        return self.heard_at <= at and (self.over_at is None or self.over_at > at)

    def stands_at(self, at: int) -> bool:
        """Whether it is still somebody's business: its condition holds and nobody closed it."""
        return self.open_at(at) and self.life.closing is None


def take(case: Case | None, sequence: int, stored_us: int, event: Mapping[str, Any]) -> Case | None:
    """Apply one event of an alert, in stream order; a case is changed in place.

    Returns:
        The case; None while nothing is known of the alert's condition.
    """
    before = None if case is None else case.life
    life = fold(before, sequence, stored_us, event)
    if life is None or life is before:
        return case
    found = noun_and_verb(event.get("type"))
    verb = "" if found is None else found[1]
    if case is None:
        case = Case(life, stored_us, reason_of(life.data))
        _share_words(life)
    _forgo(life)
    case.life = life
    if verb in _ENGINE:
        _say(case, verb, stored_us)
    elif verb == KeeperVerb.REALARMED and before is not None and life.realarmed != before.realarmed:
        case.sounds = (*case.sounds, Sound(stored_us, life.severity))
    _answer(case, verb, stored_us, event)
    _keep(case, before, stored_us)
    return case


def _share_words(life: Life) -> None:
    """Names that thousands of alerts have are one string."""
    life.area, life.hazard, life.rule = intern(life.area), intern(life.hazard), intern(life.rule)
    life.site, life.origin, life.status = intern(life.site), intern(life.origin), intern(life.status)
    life.station = None if life.station is None else intern(life.station)
    life.sensor = None if life.sensor is None else intern(life.sensor)
    life.gateway = None if life.gateway is None else intern(life.gateway)


def _forgo(life: Life) -> None:
    """Let go what decides on acts, and comments, which stand in the list of acts."""
    life.touched, life.undoable, life.comments = _UNTOUCHED, _NO_UNDOING, _NO_COMMENTS
    life.quiet = life.quiet or _NOT_QUIET


@lru_cache(16)
def _only(status: object) -> dict[str, Any]:
    return {"status": status}


def _say(case: Case, verb: str, at: int) -> None:
    life = case.life
    life.severity, life.status = intern(life.severity), intern(life.status)
    case.reason = reason_of(life.data) if verb != Verb.CLEARED else case.reason
    if verb in _SOUNDS or not case.sounds:
        case.sounds = (*case.sounds, Sound(at, life.severity))
        if life.severity == case.worst:
            case.gravest = case.reason
    if verb == Verb.CLEARED:
        case.over_at = at
    elif life.open:
        case.over_at = None
    # It was looked at; a month of alerts must not hold every sentence twice. The fold needs the status.
    said = life.data.get("status")
    life.data = _only(said if isinstance(said, str) else None)


def _answer(case: Case, verb: str, at: int, event: Mapping[str, Any]) -> None:
    life = case.life
    waits = life.acknowledgement == UNACKNOWLEDGED and life.closing is None
    if waits and case.waiting_since is None:
        case.waiting_since = at
        if verb == PersonVerb.UNACKNOWLEDGED and case.responses:
            # What was taken back was no answer: it has waited since the beginning.
            case.waiting_since = case.responses[-1].since
            case.responses = case.responses[:-1]
    elif not waits and case.waiting_since is not None:
        by = event.get("data", {}).get("by")
        if verb in _ACTS:
            answered = instant(event.get("time"), at)
            name = intern(str(by or "–"))
            answer = Response(case.waiting_since, answered, name, case.worst)
            life.acknowledged_by = None if life.acknowledged_by is None else name
            case.responses = (*case.responses, answer)
        case.waiting_since = None


def _keep(case: Case, before: Life | None, at: int) -> None:
    """Stretches of quiet: begun and ended as the fold has them."""
    life = case.life
    if (None if before is None else before.shelving) != life.shelving:
        _end(case, "shelved", None, at)
        if life.shelving is not None:
            said = life.shelving
            why = Text(said.why, said.why)
            case.kept = (*case.kept, Kept("shelved", said.since, None, said.until, said.by, why))
    old = {} if before is None else before.quiet
    for key, reason in old.items():
        if life.quiet.get(key) != reason:
            _end(case, reason.kind, reason.what, at)
    for key, reason in life.quiet.items():
        if old.get(key) != reason:
            until = None if reason.until is None else instant(reason.until, 0) or None
            case.kept = (*case.kept, Kept(reason.kind, at, None, until, None, reason.why, reason.what))


def _end(case: Case, kind: str, what: str | None, at: int) -> None:
    case.kept = tuple(
        msgspec.structs.replace(one, end=at)
        if one.end is None and one.kind == kind and one.what == what
        else one
        for one in case.kept
    )


def did(stored_us: int, event: Mapping[str, Any]) -> Did | None:
    """A person's or the keeper's act as a line of a list; None: the engine's event, or not of an alert."""
    found = noun_and_verb(event.get("type"))
    data = event.get("data")
    if found is None or found[0] != "alert" or found[1] in _ENGINE or not isinstance(data, dict):
        return None
    by = data.get("by")
    act = data.get("act")
    parts = act if isinstance(act, dict) else {}
    said = parts.get("text") or parts.get("why") or parts.get("assignee") or parts.get("cause")
    return Did(
        instant(event.get("time"), stored_us),
        found[1],
        by if isinstance(by, str) else None,
        str(event.get("subject")),
        said if isinstance(said, str) else None,
    )


def reason_of(data: Mapping[str, Any]) -> Text:
    """The sentence that says why; of another release at least something."""
    said = data.get("reason")
    if isinstance(said, dict):
        vi, en = said.get("vi"), said.get("en")
        if isinstance(vi, str) and isinstance(en, str):
            return Text(vi, en)
    rule = str(data.get("rule", "–"))
    return Text(rule, rule)


def instant(text: object, otherwise: int) -> int:
    """µs UTC of ISO 8601; `otherwise` where it can't be read."""
    try:
        return micros(text) if isinstance(text, str) else otherwise
    except (ValueError, OverflowError):
        return otherwise
