"""The fold of an alert's events. Pure: no clock, no I/O; total: it never raises.

Other releases and other programs write on the stream too; what can't be understood changes nothing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.alerts.lifecycle.hands import HANDS, shelve
from services.alerts.lifecycle.life import KEEPER, Life, Realarmed, Touch
from services.alerts.lifecycle.read import CONDITION_VERBS, Happened, instant, rank_of, read, word
from services.alerts.lifecycle.tables import ACKNOWLEDGEMENT, CLEARED, CONDITION, SHELVING, UNACKNOWLEDGED
from services.observation.act import KeeperVerb, PersonVerb
from services.observation.event import Verb

# Looked up once: an event is folded some millions of times when a service starts.
_RAISED = Verb.RAISED.value
_BLIND = Verb.BLIND.value
_SEEING = frozenset({Verb.BLIND, Verb.SIGHTED, Verb.CLEARED})
_REALARMED = KeeperVerb.REALARMED.value
_BY_TIME = frozenset({PersonVerb.UNSHELVED, PersonVerb.REOPENED, KeeperVerb.REALARMED})
_SHELVES = frozenset(verb for _, verb in SHELVING.moves)
_WORSE = frozenset({Verb.RAISED, Verb.ESCALATED})
_SILENT = frozenset({PersonVerb.COMMENTED})
"""Acts that stand beside others and overwrite nothing."""
_UNDOABLE = frozenset(
    {
        PersonVerb.ACKNOWLEDGED,
        PersonVerb.SHELVED,
        PersonVerb.SHELVE_ASKED,
        PersonVerb.ASSIGNED,
        PersonVerb.CLOSED,
    }
)


def fold(life: Life | None, sequence: int, stored_us: int, event: Mapping[str, Any]) -> Life | None:
    """Apply one event of an alert, in stream order.

    Args:
        life: the alert before; None: it is not known.
        sequence: of the event in the stream; one not above the alert's last changes nothing.
        stored_us: when the stream took it, µs UTC.
        event: the CloudEvent, decoded.

    Returns:
        The alert after it, a new value; `life` itself where it says nothing of this alert; None while
        no event has told of its condition. Not always a `raised`: the beginning may be older than the stream.
    """
    happened = read(sequence, stored_us, event)
    if happened is None or (life is not None and sequence <= life.sequence):
        return life
    if life is None:
        if happened.verb not in CONDITION_VERBS:
            return None
        life = _begin(happened)
    elif happened.data.get("alert_id") not in (None, life.alert_id) or happened.site != life.site:
        return life  # another site's word under the same name says nothing of it
    after = msgspec.structs.replace(life, sequence=sequence, changed_us=stored_us)
    if happened.verb in CONDITION_VERBS:
        _say(after, happened)
    _move(after, happened)
    if happened.verb in _WORSE or (happened.verb not in _SILENT and _a_person(happened)):
        after.touched = Touch(sequence, happened.verb, happened.by, happened.at)
    if happened.verb in _UNDOABLE:
        after.undoable = {**after.undoable, happened.verb: happened.id}
    return after


def _a_person(happened: Happened) -> bool:
    return happened.by not in (None, KEEPER)


def _begin(happened: Happened) -> Life:
    data = happened.data
    return Life(
        alert_id=str(data["alert_id"]),
        site=happened.site,
        area=str(data.get("area", "")),
        hazard=str(data.get("hazard", "")),
        rule=str(data.get("rule", "")),
        station=word(data, "station"),
        sensor=word(data, "sensor"),
        gateway=word(data, "gateway"),
        origin=_origin(data),
        status=word(data, "status") or "Actual",
        severity=str(data.get("severity", "")),
        peak=-1,
        raised_at=instant(data.get("since"), happened.at),
        data=data,
        sequence=happened.sequence,
        changed_us=happened.stored_us,
        touched=Touch(happened.sequence, happened.verb, happened.by, happened.at),
    )


def _origin(data: dict[str, Any]) -> str:
    return word(data, "origin") or ("self" if data.get("hazard") == "system" else "sensor")


def _say(life: Life, happened: Happened) -> None:
    """Take what was said of the condition; the keeper's word that it is a test outlasts it."""
    data = happened.data
    life.data = data
    life.severity = str(data.get("severity", life.severity))
    life.peak = max(life.peak, rank_of(life.severity))
    tested = life.quiet and any(reason.kind == "test" for reason in life.quiet.values())
    if not tested and (life.condition != CLEARED or happened.verb == _RAISED):
        life.status = word(data, "status") or "Actual"
    if happened.verb in _SEEING:
        life.blind = happened.verb == _BLIND
    if "until" in data:
        until = data["until"]
        life.until = instant(until, 0) or None if isinstance(until, str) else None


def _move(life: Life, happened: Happened) -> None:
    """The three machines, and what hangs on their states."""
    verb = happened.verb
    condition = _condition(life, happened)
    if condition != life.condition:
        silent, ended = life.silent, condition == CLEARED
        life.condition = condition
        life.cleared_at, life.cleared_quietly = (happened.at, silent) if ended else (None, False)
        if ended:  # nothing is left to be kept quiet; the next rise is another alert
            life.quiet = {}
    acknowledgement = life.acknowledgement
    if verb not in _BY_TIME or _time_was_up(life, happened):
        acknowledgement = ACKNOWLEDGEMENT.next(acknowledgement, verb)
    if acknowledgement != life.acknowledgement:
        life.acknowledgement = acknowledgement
        known = acknowledgement != UNACKNOWLEDGED
        if known:
            life.realarmed = None
        elif verb == _REALARMED:
            life.realarmed = Realarmed(happened.at, life.acknowledged_by, life.acknowledged_at)
        life.acknowledged_by, life.acknowledged_at = (happened.by, happened.at) if known else (None, None)
        life.step, life.overdue_at = 0, None
    if verb in _SHELVES:
        shelve(life, happened)
    if life.closing is not None and verb in _WORSE:
        life.closing = None
    if (hand := HANDS.get(verb)) is not None:
        hand(life, happened)


def _condition(life: Life, happened: Happened) -> str:
    if life.condition == CLEARED and happened.verb != _RAISED and happened.at <= (life.cleared_at or 0):
        return CLEARED  # it was lost here and was read again: it tells of before
    return CONDITION.next(life.condition, happened.verb)


def _time_was_up(life: Life, happened: Happened) -> bool:
    """Whether the keeper ended a shelving, a closing or an acknowledgement, its time being up while it holds.

    A standard asks for a new look then (ISA-18.2: shelved, by timeout, to unacknowledged): the shift that had
    acknowledged it may have gone home, and it would come back without a sound.
    """
    if happened.by != KEEPER or not life.open:
        return False
    if happened.verb == _REALARMED:
        return not life.silent
    quieted = life.shelving if happened.verb == PersonVerb.UNSHELVED else life.closing
    return quieted is not None
