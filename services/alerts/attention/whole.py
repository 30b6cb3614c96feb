"""What of an open situation was told to the operator, and what is news within it. Pure.

A situation at its worst severity never rises again. What is new inside it must still be heard: another
phenomenon, or one that reaches another area, gets worse there, or comes back after long. Such news is
gathered, so that a storm over fifty areas says one thing every few minutes; danger to life that nobody sees
from the storm itself is told at once.
"""

from collections.abc import Iterable

import msgspec

from services.alerts.attention.heard import Heard
from services.alerts.lifecycle import Life, rank_of
from services.alerts.situation import Member, Unfolding
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.observation.text import Text

GATHER_US = 300 * SECOND
"""Between two things about one situation that did not become more severe [design default]."""
TOLD_FROM = SEVERITIES.index("watch")
"""From here on it is news that a phenomenon reaches another area."""
WORSE_FROM = SEVERITIES.index("warning")
"""From here on an alert waits little for its situation, and what is told `AT_ONCE` waits for nothing."""
AT_ONCE = ("leakage", "tree-fall")
"""Rules whose first warning in an area waits for nothing: current in a street, a tree about to fall."""


class Whole(msgspec.Struct):
    """An open situation as an operator knows it.

    Attributes:
        unfolding: its events, folded.
        marks: phenomena that were told.
        heard: how far each phenomenon was told of each area.
        news: alerts gathered to be told, each with its mark.
        back: those of them that are no news: time brought them back, and somebody must look again.
        over: those that ended before they were told, as they were.
        peaks: how bad each of the gathered was; what eased meanwhile is told as bad as it was.
        rise_at, spread_at: when it will be told for its severity, and for its news; µs UTC, None: not.
        rise_why: what was said when it rose.
        last: when it was told last. sequence: of the event that its next thing rests on.
    """

    unfolding: Unfolding
    marks: set[str] = set()
    heard: dict[tuple[str, str], Heard] = {}
    news: dict[str, str] = {}
    back: set[str] = set()
    over: dict[str, Life] = {}
    peaks: dict[str, int] = {}
    rise_at: int | None = None
    spread_at: int | None = None
    last: int = 0
    rise_why: Text | None = None
    rise_sequence: int = 0
    spread_sequence: int = 0

    def know(self, life: Life, told: Heard) -> None:
        """What an operator heard of an alert is known of its phenomenon there."""
        mark = self.mark(life)
        self.marks.add(mark)
        self.heard.setdefault((mark, life.area), Heard()).take_up(told)

    def held(self, life: Life, rung: int, at: int) -> None:
        """Up to an instant an alert was on a rung, as an operator knew."""
        heard = self.heard.get((self.mark(life), life.area))
        if heard is not None:
            heard.hold(rung, at)

    def ended(self, life: Life) -> None:
        """An alert is over; what was about to be told of it is told all the same, unless it was little."""
        if life.alert_id in self.back or self.rung(life) < TOLD_FROM:
            self.news.pop(life.alert_id, None)
        elif life.alert_id in self.news:
            self.over[life.alert_id] = life

    def take_up(self, other: "Whole") -> None:
        """What was told of one that goes on in this one, and what was about to be told of those who came."""
        self.marks |= other.marks
        self.last = max(self.last, other.last)
        for place, heard in other.heard.items():
            self.heard.setdefault(place, Heard()).take_up(heard)
        came = other.news.keys() & (self.unfolding.open.keys() | other.over.keys())
        self.news |= {alert: other.news[alert] for alert in came}
        self.back |= other.back & came
        self.over |= other.over
        self.peaks |= {alert: max(rung, self.peaks.get(alert, -1)) for alert, rung in other.peaks.items()}

    def rung(self, life: Life) -> int:
        """How bad it is, or was since it is about to be told."""
        return max(rank_of(life.severity), self.peaks.get(life.alert_id, -1))

    def mark(self, life: Life) -> str:
        """What phenomenon an alert stands for."""
        if self.at_once(life):
            return f"{life.rule}@{life.area}"
        member: Member | None = self.unfolding.open.get(life.alert_id)
        return member.family if member is not None else self.news.get(life.alert_id, life.hazard)

    @staticmethod
    def at_once(life: Life) -> bool:
        """Whether it waits for nothing, if it is news."""
        return life.rule in AT_ONCE and rank_of(life.severity) >= WORSE_FROM

    def knows(self, mark: str, area: str, rung: int, at: int) -> bool:
        """Whether it was told that a phenomenon is on a rung in an area, and not too long ago."""
        heard = self.heard.get((mark, area))
        return heard is not None and heard.knows(rung, at)

    def is_news(self, life: Life, at: int, others: Iterable[Life] = ()) -> bool:
        """Whether an operator who heard of this situation does not know this yet, or no more.

        Args:
            life: a member.
            at: the instant, µs UTC.
            others: members that an operator knows to be as severe; asked only where it was told long ago.
        """
        mark, rung = self.mark(life), rank_of(life.severity)
        if mark not in self.marks:
            return True
        if rung < TOLD_FROM or self.knows(mark, life.area, rung, at):
            return False
        heard = self.heard.get((mark, life.area))
        if heard is None or not heard.told(rung):
            return True
        # Told long ago: does it still go on?
        return not any(other.area == life.area and self.mark(other) == mark for other in others)

    def gather(self, life: Life, at: int, sequence: int, *, back: bool = False) -> int | None:
        """Keep an alert's news; when it will be told, where that was not known yet."""
        self.news[life.alert_id] = self.mark(life)
        self.peaks[life.alert_id] = self.rung(life)
        (self.back.add if back else self.back.discard)(life.alert_id)
        self.spread_sequence = sequence
        if self.at_once(life):
            return self.spread_by(at)
        if self.rise_at is not None:
            return None  # what is told for its severity tells this too
        return self.spread_by(max(at, self.last + GATHER_US))

    def spread_by(self, due: int) -> int | None:
        """Tell what is gathered at an instant at the latest; None: it will be told by then."""
        if self.spread_at is not None and self.spread_at <= due:
            return None
        self.spread_at = due
        return due

    def rise_by(self, due: int) -> int | None:
        """The same for its severity."""
        if self.rise_at is not None and self.rise_at <= due:
            return None
        self.rise_at = due
        return due

    def settle(self) -> None:
        """Nothing waits to be told of it."""
        self.news, self.back, self.over, self.peaks = {}, set(), {}, {}
        self.rise_at = self.rise_why = self.spread_at = None
