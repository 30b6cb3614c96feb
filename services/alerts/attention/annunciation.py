"""What is new for an operator to look at: the rationing of sounds and messages, never of alerts. Pure.

Every alert stays listed. A *thing* is what deserves a sound: an alert raised or risen that, after a moment
to settle, nothing keeps quiet and no situation tells; a situation that opened, whose severity rose, or that
has news (`attention_whole`); an alert let go by what kept it quiet while it still holds, or acknowledged so
long ago that it comes back. What is a thing follows from the stream alone, so whoever follows it, whenever
they began, finds the same ones.

Over 250 lines: alerts and situations are told by one clock, each for the other.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any, Literal

import msgspec

from services.alerts.attention.behind import AGAIN_US, Behind
from services.alerts.attention.whole import Whole, spreads
from services.alerts.lifecycle import Life, fold, rank_of
from services.alerts.situation import TYPE, Situation, Unfolding
from services.observation.event import noun_and_verb
from services.observation.exercise import STATUS, marked
from services.observation.instants import SECOND, micros
from services.observation.text import Text

SETTLE_US = 3 * SECOND
"""From an alert's event to its sound: time for the keeper to say what keeps it quiet, or that it is part of a
situation. A keeper that is away keeps nothing quiet; one that is seen to be behind is waited for a little."""
STILL_CHATTERING_US = 900 * SECOND
"""A further episode of chattering that begins so soon after the last is no new thing."""
_WORSE = ("raised", "escalated")
_LET_GO = ("uninhibited", "unsuppressed")
_CAME_BACK = "realarmed"
_ENDED_BY_TIME = ("unshelved", "reopened")
"""A person kept it quiet, and the keeper ended that: whoever is on duty now must hear of it."""


class Thing(msgspec.Struct, frozen=True):
    """One new thing to look at.

    Attributes:
        at: when it became one, µs UTC of the wall clock.
        kind, id: an alert or a situation, and which.
        hazard: of the alert; of a situation its kind.
        severity, area, status: as they stand then.
        why: one sentence.
        sequence: of the event that made it one; with kind and id it is the thing's own name.
        covers: the alerts that it tells of.
        again: it was acknowledged and still holds: no news, but somebody must look again.
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
    covers: tuple[str, ...] = ()
    again: bool = False


class Attention:
    """Follows the events of ALERTS; what it keeps is bounded by what is open."""

    def __init__(
        self, site: str | None, settle_us: int = SETTLE_US, names: Mapping[str, Text] | None = None
    ) -> None:
        """Begin before the first event; `site`: whose alerts count, None: of all; `names` of areas."""
        self._source = None if site is None else f"/sites/{site}"
        self._settle = settle_us
        self._names = names or {}
        self._lives: dict[str, Life] = {}
        self._told: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._anew: set[str] = set()
        """Who waits to be told although it, or its situation, was told before: somebody must look again."""
        self._since: dict[str, int] = {}
        """When the event was stored of an alert that waits for its situation longer than usual."""
        self._behind = Behind()
        self._situations: dict[str, Whole] = {}
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
        self._behind.alert(str(event.get("id")), sequence, stored_us)
        before = self._lives.get(alert_id)
        life = fold(before, sequence, stored_us, event)
        if life is None or life is before:
            return []
        if not life.open:
            for book in (self._lives, self._told, self._pending, self._of, self._since):
                book.pop(alert_id, None)
            self._anew.discard(alert_id)
            return []
        self._lives[alert_id] = life
        found = noun_and_verb(event.get("type"))
        verb = found[1] if found is not None else ""
        if verb in _WORSE and (before is None or rank_of(life.severity) > rank_of(before.severity)):
            if before is not None and before.acknowledgement != life.acknowledgement:
                self._tell_anew(alert_id)  # it was acknowledged as something less, however high it once stood
            self._wait(alert_id, stored_us, sequence)
        elif before is not None and life.acknowledgement == "unacknowledged":
            self._speak_again(before, life, verb, stored_us, sequence)
        if verb == "suppressed":
            return self._chatters(life, before, sequence, stored_us)
        return []

    def _speak_again(self, before: Life, life: Life, verb: str, stored_us: int, sequence: int) -> None:
        """What kept it quiet is over, or its acknowledgement was too long ago; nobody looks at it now."""
        let_go = before.silent and not life.silent
        by_time = verb == _CAME_BACK and before.acknowledgement != life.acknowledgement
        by_time |= let_go and verb in _ENDED_BY_TIME and life.touched.sequence != sequence
        if by_time:
            self._tell_anew(life.alert_id)
        if by_time or (let_go and verb in _LET_GO):
            self._told.pop(life.alert_id, None)
            self._wait(life.alert_id, stored_us, sequence)

    def _tell_anew(self, alert_id: str) -> None:
        self._told.pop(alert_id, None)
        self._anew.add(alert_id)

    def _wait(self, alert_id: str, stored_us: int, sequence: int) -> None:
        if alert_id not in self._pending:
            self._pending[alert_id] = sequence
            heappush(self._due, (stored_us + self._settle, sequence, alert_id))

    def _alert(self, alert_id: str, at: int, sequence: int) -> Thing | None:
        life = self._lives.get(alert_id)
        if self._pending.get(alert_id) != sequence or life is None:
            return None  # over before anybody needed to look
        if self._waits(life, sequence, at):
            heappush(self._due, (at + AGAIN_US, sequence, alert_id))
            return None
        del self._pending[alert_id]
        anew = alert_id in self._anew
        self._anew.discard(alert_id)
        rank = rank_of(life.severity)
        if life.silent_at(at) or rank <= self._told.get(alert_id, -1):
            return None
        whole = self._situations.get(self._of.get(alert_id, ""))
        if whole is not None:
            if anew or whole.is_news(life):
                due = whole.gather(life, at, sequence, back=anew and not whole.is_news(life))
                if due is not None:
                    heappush(self._due, (due, sequence, whole.unfolding.data.situation_id))
            return None
        self._told[alert_id] = rank
        if life.realarmed is not None:
            return _of_alert(life, at, sequence, _still(life, at), again=True)
        return _of_alert(life, at, sequence, _reason(life))

    def _waits(self, life: Life, sequence: int, at: int) -> bool:
        """Whether what tells it may still come: the duty that says so is behind."""
        since = self._since.pop(life.alert_id, at - self._settle)
        alone = life.alert_id not in self._of and not life.silent_at(at)
        if not alone or not self._behind.waits(life, sequence, since, at, self._situations.values()):
            return False
        self._since[life.alert_id] = since
        return True

    def _chatters(self, life: Life, before: Life | None, sequence: int, at: int) -> list[Thing]:
        """That an alert is kept quiet because it comes again and again is a thing, once."""
        out = []
        known = before.quiet if before is not None else {}
        for key, quiet in life.quiet.items():
            if quiet.kind != "chattering" or key in known:
                continue
            what = f"{life.status}/{quiet.what}"
            last = self._chattering.get(what)
            self._chattering[what] = _micros(quiet.until) or at
            if (last is None or at > last + STILL_CHATTERING_US) and not known and life.shelving is None:
                self._pending.pop(life.alert_id, None)
                out.append(_of_alert(life, at, sequence, _held_back(life, quiet.why)))
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
        self._behind.told(data.cause, stored_us)
        known = self._situations.get(data.situation_id)
        opened = known is None
        if known is None:
            known = self._situations[data.situation_id] = Whole(Unfolding(data))
            # What was told by itself before, and what comes with those that go on in it.
            joined = (self._lives.get(member.alert_id) for member in data.joined)
            known.know(life for life in joined if life is not None and life.alert_id in self._told)
        else:
            known.unfolding.apply(data)
        for member in data.joined:
            self._of[member.alert_id] = data.situation_id
        for gone in data.left:
            known.news.pop(gone.alert_id, None)
            known.back.discard(gone.alert_id)
            if self._of.get(gone.alert_id) == data.situation_id:
                del self._of[gone.alert_id]
        if data.state != "open":
            self._end(data)
        elif data.annunciate or (opened and not data.takes):
            known.rise_sequence = sequence
            if known.rise_at is None:
                known.rise_at = stored_us + self._settle
                heappush(self._due, (known.rise_at, sequence, data.situation_id))

    def _end(self, data: Situation) -> None:
        gone = self._situations.pop(data.situation_id)
        into = self._situations.get(data.merged_into or "")
        if into is None:
            return
        into.take_up(gone)
        # What was about to be told of it is told where it goes on.
        for at, sequence in ((gone.rise_at, gone.rise_sequence), (gone.spread_at, gone.spread_sequence)):
            if at is not None and into.rise_at is None:
                into.rise_at, into.rise_sequence = at, sequence
                heappush(self._due, (at, sequence, into.unfolding.data.situation_id))

    def _situation(self, which: str, at: int) -> Thing | None:
        whole = self._situations[which]
        risen = whole.rise_at is not None and whole.rise_at <= at
        if not risen and (whole.spread_at is None or whole.spread_at > at):
            return None
        data = whole.unfolding.data
        lives = [self._lives[one] for one in whole.unfolding.open if one in self._lives]
        heard = [life for life in lives if not life.silent_at(at)]
        new = [life for life in heard if risen or life.alert_id in whole.news]
        why, again = data.reason, not risen and all(life.realarmed is not None for life in new)
        if new and not risen:
            why = spreads(data.name, data.severity, new, whole, self._names)
            why = marked(why) if data.status == STATUS else why
        sequence = whole.rise_sequence if risen else whole.spread_sequence
        whole.told(at)
        if not new:
            return None  # all of it is over, or kept quiet, each for its own reason
        whole.know(new)
        self._told |= {life.alert_id: rank_of(life.severity) for life in new}
        severity = max(heard, key=lambda life: rank_of(life.severity)).severity
        covers = tuple(life.alert_id for life in new)
        return Thing(
            at, "situation", which, data.kind, data.area, severity, data.status, why, sequence, covers, again
        )


def _of_alert(life: Life, at: int, sequence: int, why: Text, *, again: bool = False) -> Thing:
    return Thing(
        at=at,
        kind="alert",
        id=life.alert_id,
        hazard=life.hazard,
        area=life.area,
        severity=life.severity,
        status=life.status,
        why=why,
        sequence=sequence,
        covers=(life.alert_id,),
        again=again,
    )


def _still(life: Life, at: int) -> Text:
    """Why it came back, and what it is about."""
    said, back = _reason(life), life.realarmed
    if back is None or back.acknowledged_at is None:
        return said
    hours = f"{(at - back.acknowledged_at) / (3600 * SECOND):.2g}"
    by = back.acknowledged_by or "–"
    return Text(
        f"Vẫn còn, {by} xác nhận {hours} giờ trước: {said.vi}",
        f"It still holds, {by} acknowledged it {hours} h ago: {said.en}",
    )


def _reason(life: Life) -> Text:
    given = life.data.get("reason")
    if not isinstance(given, dict):
        return Text(life.rule, life.rule)
    return Text(str(given.get("vi", life.rule)), str(given.get("en", life.rule)))


def _held_back(life: Life, why: Text | None) -> Text:
    """What comes again and again, and that it is held back: the second alone would name nothing."""
    said = _reason(life)
    if why is None:
        return said
    return Text(f"{said.vi.rstrip('.')} – {why.vi}", f"{said.en.rstrip('.')} – {why.en}")


def _micros(text: str | None) -> int | None:
    try:
        return None if text is None else micros(text)
    except ValueError:
        return None
