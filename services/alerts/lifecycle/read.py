"""Reading an event of an alert as far as it can be read, whoever wrote it. Pure and total."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.observation.act import Act, KeeperVerb, PersonVerb
from services.observation.event import SEVERITIES, Verb, noun_and_verb
from services.observation.instants import micros

CONDITION_VERBS = frozenset(Verb)
_NO_ACT = Act()
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_KNOWN = frozenset({*Verb, *PersonVerb, *KeeperVerb})


class Happened(msgspec.Struct, frozen=True):
    """One event, read as far as it can be. `at`: its own time, µs UTC."""

    id: str
    verb: str
    sequence: int
    stored_us: int
    at: int
    site: str
    data: dict[str, Any]
    by: str | None
    act: Act


def rank_of(severity: object) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return _RANKS.get(severity, -1) if isinstance(severity, str) else -1


def read(sequence: int, stored_us: int, event: Mapping[str, Any]) -> Happened | None:
    """What happened to an alert; None where it is about something else, or in words that we do not know."""
    data = event.get("data")
    found = noun_and_verb(event.get("type"))
    if not isinstance(data, dict) or not isinstance(event.get("subject"), str) or found is None:
        return None
    noun, verb = found
    if noun != "alert" or verb not in _KNOWN:
        return None
    act = _NO_ACT
    if verb not in CONDITION_VERBS:
        try:
            act = msgspec.convert(data.get("act") or {}, Act)
        except msgspec.ValidationError:
            return None
    by = data.get("by")
    source = str(event.get("source", ""))
    return Happened(
        str(event.get("id", "")),
        verb,
        sequence,
        stored_us,
        instant(event.get("time"), stored_us),
        source.removeprefix("/sites/"),
        data if "alert_id" in data else {**data, "alert_id": event["subject"]},
        by if isinstance(by, str) else None,
        act,
    )


def instant(text: object, otherwise: int) -> int:
    """µs UTC of ISO 8601; `otherwise` where it can't be read."""
    try:
        return micros(text) if isinstance(text, str) else otherwise
    except (ValueError, OverflowError):
        return otherwise


def word(data: Mapping[str, Any], name: str) -> str | None:
    """A text; None where there is none."""
    found = data.get(name)
    return found if isinstance(found, str) else None
