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
from typing import Any

import msgspec

from services.alerts.attention.behind import AGAIN_US, Behind
from services.alerts.attention.heard import Heard
from services.alerts.attention.thing import Thing, held_back, of_alert, still
from services.alerts.attention.whole import Whole
from services.alerts.attention.words import spreads
from services.alerts.lifecycle import Life, fold, rank_of
from services.alerts.lifecycle.tables import ACKNOWLEDGED
from services.alerts.situation import TYPE, Situation, Unfolding
from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.exercise import STATUS, marked
from services.observation.instants import SECOND, micros
from services.observation.text import Text

__all__ = ["SETTLE_US", "Attention", "Thing"]
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
        self._told: dict[str, Heard] = {}
        self._known: dict[str, int] = {}
        """The rung on which an operator knows an alert to be, by itself, its situation or another like it."""
        self._pending: dict[str, tuple[int, int]] = {}
        """When an alert is to be looked at, and the sequence of the event that asks for it."""
        self._anew: set[str] = set()
        """Who waits to be told although it, or its situation, was told before: somebody must look again."""
        self._resting: set[str] = set()
        """Who waits for what keeps it quiet to end by time; the keeper usually says so first."""
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
            return out + self._unfold(sequence, stored_us, event)
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

    def follows(self, alert_id: str) -> bool:
        """Whether an alert still holds."""
        return alert_id in self._lives

    # Alerts.

    def _live(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Thing]:
        alert_id = str(event.get("subject"))
        self._behind.alert(str(event.get("id")), sequence, stored_us)
        before = self._lives.get(alert_id)
        life = fold(before, sequence, stored_us, event)
        if life is None or life is before or life.alert_id != alert_id:
            return []  # nothing that we understand, or of an alert by two names
        if before is not None and not before.silent:
            self._held(before, stored_us, over=not life.open)
        if not life.open:
            for book in (self._lives, self._told, self._known, self._pending, self._of, self._since):
                book.pop(alert_id, None)
            for kept in (self._anew, self._resting):
                kept.discard(alert_id)
            return []
        self._lives[alert_id] = life
        self._know(life, self._known.get(alert_id, -1))
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

    def _know(self, life: Life, rung: int) -> None:
        self._known[life.alert_id] = min(rung, rank_of(life.severity))

    def _held(self, before: Life, at: int, *, over: bool) -> None:
        """Until its event came it was as it was: that is how long it is known for."""
        known = self._known[before.alert_id]
        told, whole = self._told.get(before.alert_id), self._situations.get(self._of.get(before.alert_id, ""))
        if told is not None:
            told.hold(known, at)
        if whole is not None:
            whole.held(before, known, at)
        if whole is not None and over:
            whole.ended(before)

    def _tell_anew(self, alert_id: str) -> None:
        self._told.pop(alert_id, None)
        self._anew.add(alert_id)

    def _wait(self, alert_id: str, stored_us: int, sequence: int) -> None:
        known, due = self._pending.get(alert_id), stored_us + self._settle
        if known is None or known[0] > due:
            self._look_at(alert_id, due, sequence)

    def _look_at(self, alert_id: str, due: int, sequence: int) -> None:
        self._pending[alert_id] = due, sequence
        heappush(self._due, (due, sequence, alert_id))

    def _alert(self, alert_id: str, at: int, sequence: int) -> Thing | None:
        life = self._lives.get(alert_id)
        if self._pending.get(alert_id) != (at, sequence) or life is None:
            return None  # over before anybody needed to look
        if self._waits(life, sequence, at):
            self._look_at(alert_id, at + AGAIN_US, sequence)
            return None
        del self._pending[alert_id]
        rested, anew = alert_id in self._resting, alert_id in self._anew
        for kept in (self._resting, self._anew):
            kept.discard(alert_id)
        rung, told = rank_of(life.severity), self._told.get(alert_id)
        somebody_knows = rested and not anew and life.acknowledgement == ACKNOWLEDGED
        if self._rests(life, at, sequence) or somebody_knows or (told is not None and told.knows(rung, at)):
            return None
        whole = self._situations.get(self._of.get(alert_id, ""))
        if whole is not None:
            self._gather(whole, life, at, sequence, anew=anew)
            return None
        self._tell(life, at)
        if life.realarmed is not None:
            return of_alert(life, at, sequence, still(life, at), again=True)
        return of_alert(life, at, sequence, life.reason)

    def _gather(self, whole: Whole, life: Life, at: int, sequence: int, *, anew: bool) -> None:
        """Keep what is news in a situation until it is told."""
        others = (
            self._lives[one]
            for one in whole.unfolding.open
            if one in self._lives
            and self._known[one] >= max(rank_of(life.severity), 0)
            and not self._lives[one].silent_at(at)
        )
        news = whole.is_news(life, at, others)
        if not news and not anew:
            self._know(life, rank_of(life.severity))
            return
        self._tell_by(whole, whole.gather(life, at, sequence, back=not news), sequence)

    def _tell(self, life: Life, at: int, whole: Whole | None = None) -> Heard:
        """An operator hears of it as it is; in a situation, as bad as it was since it is news."""
        rung = rank_of(life.severity) if whole is None else whole.rung(life)
        told = self._told.setdefault(life.alert_id, Heard())
        told.tell(rung, at)
        self._know(life, rung)
        return told

    def _tell_by(self, whole: Whole, due: int | None, sequence: int) -> None:
        if due is not None:
            heappush(self._due, (due, sequence, whole.unfolding.data.situation_id))

    def _rests(self, life: Life, at: int, sequence: int) -> bool:
        """Whether it is kept quiet; where that ends by time it is looked at then, keeper or not."""
        if not life.silent_at(at):
            return False
        until = _quiet_until(life)
        if until is not None and life.alert_id not in self._pending:
            self._resting.add(life.alert_id)
            self._look_at(life.alert_id, until + self._settle, sequence)
        return True

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
                out.append(of_alert(life, at, sequence, held_back(life, quiet.why)))
        over = [what for what, until in self._chattering.items() if at > until + STILL_CHATTERING_US]
        for what in over:
            del self._chattering[what]
        return out

    # Situations.

    def _unfold(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> list[Thing]:
        try:
            data = msgspec.convert(event.get("data"), Situation)
        except msgspec.ValidationError:
            return []
        self._behind.told(data.cause, stored_us)
        known = self._situations.get(data.situation_id)
        opened = known is None
        if known is None:
            known = self._situations[data.situation_id] = Whole(Unfolding(data))
        else:
            known.unfolding.apply(data)
        self._move(known, data)
        if data.state != "open":
            last = self._end(data, stored_us, sequence)
            return [] if last is None else [last]
        for gone in data.left:
            if gone.alert_id in known.over:
                continue
            known.peaks.pop(gone.alert_id, None)
            if known.news.pop(gone.alert_id, None) is not None:
                self._untold(gone.alert_id, known, stored_us)
        if data.annunciate or (opened and not data.takes):
            known.rise_sequence, known.rise_why = sequence, data.reason
            self._tell_by(known, known.rise_by(stored_us + self._settle), sequence)
        return []

    def _move(self, whole: Whole, data: Situation) -> None:
        """Who came into it, and who left."""
        for member in data.joined:
            self._of[member.alert_id] = data.situation_id
            told, life = self._told.get(member.alert_id), self._lives.get(member.alert_id)
            if told is not None and life is not None:  # told by itself, or where it was before
                whole.know(life, told)
        for gone in data.left:
            if self._of.get(gone.alert_id) == data.situation_id:
                del self._of[gone.alert_id]

    def _untold(self, alert_id: str, whole: Whole, stored_us: int) -> None:
        """It left a situation before that told it: it is looked at where it is now."""
        life = self._lives.get(alert_id)
        if life is not None:
            if alert_id in whole.back:
                self._anew.add(alert_id)
            self._wait(alert_id, stored_us, life.sequence)

    def _end(self, data: Situation, stored_us: int, sequence: int) -> Thing | None:
        gone = self._situations[data.situation_id]
        into = self._situations.get(data.merged_into or "")
        if into is not None:  # what was about to be told of it is told where it goes on
            into.take_up(gone)
            if gone.rise_at is not None and (due := into.rise_by(gone.rise_at)) is not None:
                into.rise_sequence = gone.rise_sequence
                self._tell_by(into, due, sequence)
            if gone.spread_at is not None and into.news:
                into.spread_sequence = max(into.spread_sequence, gone.spread_sequence)
                self._tell_by(into, into.spread_by(gone.spread_at), sequence)
        left = gone.news.keys() - (into.news if into is not None else {}).keys()
        if gone.rise_at is not None:
            left |= gone.unfolding.open.keys()
        for alert_id in sorted(left):
            self._untold(alert_id, gone, stored_us)
        last = None
        if into is None and gone.over:  # come and gone in a situation that tells nothing any more
            gone.news = {alert: gone.news[alert] for alert in gone.over}
            gone.rise_at, gone.spread_at, gone.spread_sequence = None, stored_us, sequence
            last = self._situation(data.situation_id, stored_us)
        del self._situations[data.situation_id]
        return last

    def _situation(self, which: str, at: int) -> Thing | None:
        whole = self._situations[which]
        risen = whole.rise_at is not None and whole.rise_at <= at
        if not risen and (whole.spread_at is None or whole.spread_at > at):
            return None
        data = whole.unfolding.data
        lives = [self._lives[one] for one in whole.unfolding.open if one in self._lives]
        about = [life for life in lives if risen or life.alert_id in whole.news]
        new = [life for life in about if not self._rests(life, at, life.sequence)]
        new += whole.over.values()
        again = not risen and all(life.realarmed is not None for life in new)
        why = self._why(whole, new, at, risen=risen)
        sequence = whole.rise_sequence if risen else whole.spread_sequence
        for life in new:
            whole.know(life, self._tell(life, at, whole))
        severity = SEVERITIES[max((whole.rung(life) for life in new), default=0)]
        for alert_id in whole.over.keys() - self._lives.keys():
            for book in (self._told, self._known):
                del book[alert_id]
        whole.settle()
        if not new:
            return None  # all of it is kept quiet, each for its own reason
        whole.last = at
        covers = tuple(life.alert_id for life in new)
        return Thing(
            at, "situation", which, data.kind, data.area, severity, data.status, why, sequence, covers, again
        )

    def _why(self, whole: Whole, new: list[Life], at: int, *, risen: bool) -> Text:
        """What is said of a situation: at first why it is one, later what is new."""
        data = whole.unfolding.data
        if risen and not whole.last:
            return whole.rise_why or data.reason
        told = [life for life in new if life.alert_id in whole.news or whole.is_news(life, at)]
        why = spreads(told, whole, self._names, risen=risen)
        return marked(why) if data.status == STATUS else why


def _quiet_until(life: Life) -> int | None:
    """When the last of what keeps it quiet ends by time; None: it does not."""
    ends = [life.shelving.until] if life.shelving is not None else []
    for quiet in life.quiet.values():
        if quiet.until is None:
            return None
        ends.append(_micros(quiet.until) or 0)
    return None if life.closing is not None else max(ends, default=None)


def _micros(text: str | None) -> int | None:
    try:
        return None if text is None else micros(text)
    except ValueError:
        return None
