"""A road, its attempts and its dead letters as the API answers them. Pure."""

from typing import Any

from services.api.context import Context
from services.observation.delivery import Delivery, Listed, RoadState
from services.observation.instants import iso
from services.runtime.principal import Principal


def show(here: Context, one: Listed, found: RoadState | None) -> dict[str, Any]:
    """A road as it is declared and as it stands; None: it has not begun yet."""
    state = found or RoadState(road=one.road, kind=one.kind)
    events = one.carries == "events"
    return {
        "road": one.road,
        "kind": one.kind,
        "carries": one.carries,
        "state": _standing(one, found),
        "problem": one.problem,
        "to": one.to,
        "hazards": one.hazards,
        "areas": one.areas,
        "severity": one.severity,
        "status": one.status,
        "lag": max(here.hub.head - state.sequence, 0) if events and found is not None else None,
        "waiting": state.waiting,
        "token": f"{state.epoch}.{state.sequence}" if events and state.epoch else None,
        "said": state.word,
        "last_success": _iso(state.last_success),
        "last_failure": _iso(state.last_failure),
        "failing_since": _iso(state.failing_since),
        "next_try": _iso(state.next_try),
        "delivered": state.delivered,
        "failures": state.failures,
        "dead": state.dead,
        "tested_at": _iso(state.tested_at),
        "test_passed": state.test_passed if state.tested_at else None,
        "test_said": state.test_word,
        "next_test": _iso(state.next_test),
    }


def _standing(one: Listed, state: RoadState | None) -> str:
    if one.problem is not None:
        return "broken"
    if state is None:
        return "starting"
    if state.failing_since:
        return "failing"
    return "refused" if state.trouble == "refused" else "well"


def attempt(told: Delivery) -> dict[str, Any]:
    """One attempt, in the receiver's own words."""
    return {
        "time": iso(told.t),
        "id": told.id,
        "attempt": told.attempt,
        "outcome": told.outcome,
        "said": told.word,
        "events": told.events,
        "took_ms": told.took_ms,
        "test": told.test,
        "to": told.to,
        "about": told.about,
    }


def dead(here: Context, told: Delivery, who: Principal) -> dict[str, Any]:
    """A letter that was given up, as `who` may see it."""
    letter = told.letter
    if letter is None:
        return {}
    # Words may be of any area: who is held to some sees that there is a letter, not what it says.
    title = letter.words.title if letter.words is not None and who.areas is None else None
    return {
        "id": told.id,
        "time": iso(told.t),
        "stored_at": iso(letter.stored_us),
        "attempts": told.attempt,
        "said": told.word,
        "to": letter.to,
        "title": title,
        "tokens": [here.hub.token(sequence) for sequence in letter.sequences],
    }


def _iso(us: int) -> str | None:
    return iso(us) if us else None
