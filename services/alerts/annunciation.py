"""What is new for an operator to look at: the rationing of sounds and messages, never of alerts. Pure.

Every alert stays listed. A *thing* is what deserves a sound: an alert raised or risen that, after a moment
to settle, nothing keeps quiet and no situation tells; a situation that opened or whose severity rose; an
alert let go by what kept it quiet while it still holds. What is a thing follows from the stream alone, so
whoever follows it, whenever they began, finds the same ones at the same instants.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any, Literal

import msgspec

from services.alerts.lifecycle import Life, fold, rank_of
from services.alerts.situation import TYPE, Situation, Unfolding
from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.instants import SECOND, micros
from services.observation.text import Text

SETTLE_US = 3 * SECOND
"""From an alert's event to its sound: time for the keeper to say what keeps it quiet, or that it is part of a
situation. A keeper that is away keeps nothing quiet."""
STILL_CHATTERING_US = 900 * SECOND
"""A further episode of chattering that begins so soon after the last is no new thing."""
WORST = len(SEVERITIES) - 1
_WORSE = ("raised", "escalated")
_LET_GO = ("uninhibited", "unsuppressed")


class Thing(msgspec.Struct, frozen=True):
    """One new thing to look at.

    Attributes:
        at: when it became one, µs UTC of the wall clock.
        kind, id: an alert or a situation, and which.
        hazard: of the alert; of a situation its kind.
        severity, area, status: as they stand then.
        why: one sentence.
        sequence: of the event that made it one; with kind and id it is the thing's own name.
    """

    at: int
    kind: Literal["alert", "situation"]
    id: str
    hazard: str
    area: str
    severity: str
    status: str
    why: Text
    sequence: int


class _Told(msgspec.Struct):
    """An open situation, and the areas whose emergency was told within it."""

    unfolding: Unfolding
    areas: set[str]
    pending: bool = False
    cause: int = 0


class Attention:
    """Follows the events of ALERTS; what it keeps is bounded by what is open."""

    def __init__(self, site: str | None, settle_us: int = SETTLE_US) -> None:
        """Begin before the first event; `site`: whose alerts count, None: of all."""
        self._source = None if site is None else f"/sites/{site}"
        self._settle = settle_us
        self._lives: dict[str, Life] = {}
        self._told: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._situations: dict[str, _Told] = {}
        self._of: dict[str, str] = {}
        self._chattering: dict[str, int] = {}
        self._due: list[tuple[int, int, str]] = []
        self.sequence = 0

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Thing]:
        """Take one event in stream order; what had become due before it was stored is told first.

        Args:
            sequence: in the stream; one that is not above the last changes nothing.
            stored_us: when the stream took it, µs UTC.
            event: the CloudEvent, decoded.
        """
        if sequence <= self.sequence:
            return []
        out = self.due(stored_us)
        self.sequence = sequence
        if self._source is not None and event.get("source") != self._source:
            return out
        if str(event.get("type")).startswith(TYPE):
            self._unfold(sequence, stored_us, event)
            return out
        return out + self._live(sequence, stored_us, event)

    def due(self, now: int) -> list[Thing]:
        """What has become a thing up to `now`, µs UTC of the wall clock, in order of time."""
        out = []
        while self._due and self._due[0][0] <= now:
            at, sequence, which = heappop(self._due)
            found = (
                self._situation(which, at) if which in self._situations else self._alert(which, at, sequence)
            )
            if found is not None:
                out.append(found)
        return out

    def next_due(self) -> int | None:
        """When `due` may have something to say next, µs UTC; None: not before another event."""
        return self._due[0][0] if self._due else None

    # Alerts.

    def _live(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Thing]:
        alert_id = str(event.get("subject"))
        before = self._lives.get(alert_id)
        life = fold(before, sequence, stored_us, event)
        if life is None or life is before:
            return []
        if not life.open:
            for book in (self._lives, self._told, self._pending, self._of):
                book.pop(alert_id, None)
            return []
        self._lives[alert_id] = life
        found = noun_and_verb(event.get("type"))
        verb = found[1] if found is not None else ""
        if verb in _WORSE and (before is None or rank_of(life.severity) > rank_of(before.severity)):
            self._wait(alert_id, stored_us, sequence)
        elif (
            before is not None
            and before.silent
            and not life.silent
            and life.acknowledgement == "unacknowledged"
        ):
            by_time = verb == "unshelved" and life.touched.sequence != sequence
            if verb in _LET_GO or by_time:
                self._told.pop(alert_id, None)
                self._wait(alert_id, stored_us, sequence)
        if verb == "suppressed":
            return self._chatters(life, before, sequence, stored_us)
        return []

    def _wait(self, alert_id: str, stored_us: int, sequence: int) -> None:
        if alert_id not in self._pending:
            self._pending[alert_id] = sequence
            heappush(self._due, (stored_us + self._settle, sequence, alert_id))

    def _alert(self, alert_id: str, at: int, sequence: int) -> Thing | None:
        life = self._lives.get(alert_id)
        if self._pending.get(alert_id) != sequence or life is None:
            return None  # over before anybody needed to look
        del self._pending[alert_id]
        rank = rank_of(life.severity)
        if life.silent_at(at) or rank <= self._told.get(alert_id, -1):
            return None
        whole = self._situations.get(self._of.get(alert_id, ""))
        if whole is not None:
            # A place's first emergency is told even inside something that was an emergency elsewhere before.
            if rank < WORST or life.area in whole.areas or whole.pending:
                return None
            whole.areas.add(life.area)
        self._told[alert_id] = rank
        return _of_alert(life, at, sequence, _reason(life))

    def _chatters(self, life: Life, before: Life | None, sequence: int, at: int) -> list[Thing]:
        """That an alert is kept quiet because it comes again and again is a thing, once."""
        out = []
        known = before.quiet if before is not None else {}
        for key, quiet in life.quiet.items():
            if quiet.kind != "chattering" or key in known:
                continue
            last = self._chattering.get(quiet.what)
            self._chattering[quiet.what] = _micros(quiet.until) or at
            if (last is None or at > last + STILL_CHATTERING_US) and not known and life.shelving is None:
                self._pending.pop(life.alert_id, None)
                out.append(_of_alert(life, at, sequence, quiet.why or _reason(life)))
        over = [what for what, until in self._chattering.items() if at > until + STILL_CHATTERING_US]
        for what in over:
            del self._chattering[what]
        return out

    # Situations.

    def _unfold(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        try:
            data = msgspec.convert(event.get("data"), Situation)
        except msgspec.ValidationError:
            return
        known = self._situations.get(data.situation_id)
        opened = known is None
        if known is None:
            known = self._situations[data.situation_id] = _Told(Unfolding(data), set())
        else:
            known.unfolding.apply(data)
        for member in data.joined:
            self._of[member.alert_id] = data.situation_id
        for gone in data.left:
            if self._of.get(gone.alert_id) == data.situation_id:
                del self._of[gone.alert_id]
        if data.state != "open":
            into = self._situations.get(data.merged_into or "")
            if into is not None:
                into.areas |= known.areas
            del self._situations[data.situation_id]
            return
        if data.annunciate or (opened and not data.takes):
            known.cause = sequence
            if not known.pending:
                known.pending = True
                heappush(self._due, (stored_us + self._settle, sequence, data.situation_id))

    def _situation(self, which: str, at: int) -> Thing | None:
        known = self._situations[which]
        known.pending = False
        data = known.unfolding.data
        lives = [self._lives[one] for one in known.unfolding.open if one in self._lives]
        heard = [life for life in lives if not life.silent_at(at)]
        if not heard:
            return None  # all of it is kept quiet, each for its own reason
        worst = max(heard, key=lambda life: rank_of(life.severity))
        known.areas |= {life.area for life in heard if rank_of(life.severity) == WORST}
        for life in heard:
            self._told[life.alert_id] = rank_of(life.severity)
        return Thing(
            at,
            "situation",
            which,
            data.kind,
            data.area,
            worst.severity,
            data.status,
            data.reason,
            known.cause,
        )


def _of_alert(life: Life, at: int, sequence: int, why: Text) -> Thing:
    return Thing(
        at, "alert", life.alert_id, life.hazard, life.area, life.severity, life.status, why, sequence
    )


def _reason(life: Life) -> Text:
    given = life.data.get("reason")
    if not isinstance(given, dict):
        return Text(life.rule, life.rule)
    return Text(str(given.get("vi", life.rule)), str(given.get("en", life.rule)))


def _micros(text: str | None) -> int | None:
    try:
        return None if text is None else micros(text)
    except ValueError:
        return None
