"""No alert of `watch` or more goes untold for longer than news is gathered, whatever happens in what order.

Engine, keeper and situations as they run, their clocks, their restarts and lags; then it is asked, without
looking at how news is found, whether each phenomenon was told of each area as severe as it was there.
"""

from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench._storm_chain import Stored
from bench._storm_heard import Untold, untold
from services.alerts import situation
from services.alerts.lifecycle import rank_of
from services.alerts.situation.grouping import Grouper
from services.alerts.situation.kinds import DEFAULT, Grouping
from services.alerts.situation.reader import Reader
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.policy.keeping import Keeping
from tests.support.keeping import RULES, SITE, Play

AREAS = ("a", "b", "c", "d")
OTHER = Grouping(tuple(kind for kind in DEFAULT.kinds if kind.name not in ("storm", "outage")))
"""A release that knows of no storms."""
HOUR = 3600.0


class Chain(Play):
    """A play with the duty of situations at its end."""

    def __init__(self) -> None:
        super().__init__(Keeping())
        self.grouping = DEFAULT
        self.lags = False
        self.decided = 0
        self.grouper = Grouper(SITE, self.grouping)
        self.reader = Reader(self.grouper, 0)

    def put(self, subject: str, event: dict[str, Any], expected: int | None = None) -> bool:
        """What is stored the duty reads, and says what follows, unless it lags."""
        stored = super().put(subject, event, expected)
        if stored:
            self.reader.take(len(self.stored), self.now, msgspec.json.encode(event))
            if not self.lags:
                self.tell()
        return stored

    def tell(self) -> None:
        """What situations owe is written."""
        while self.reader.pending:
            for one in list(self.reader.pending.values()):
                self.reader.paid(one)
                self._tell(one)

    def _tell(self, one: situation.SituationEvent) -> None:
        subject = f"alerts.{SITE}.{one.data.area}.{one.subject}"
        super().put(subject, msgspec.json.decode(situation.encode(one)))
        self.reader.take(len(self.stored), self.now, situation.encode(one))

    def duty_anew(self, grouping: Grouping) -> None:
        """Another duty reads all of the stream; by another table of kinds it groups anew."""
        regroups = grouping.version != self.grouping.version
        self.grouping, self.grouper = grouping, Grouper(SITE, grouping)
        end = len(self.stored)
        if regroups:
            self.decided = end
        self.reader = Reader(self.grouper, self.decided)
        for sequence, (stored_us, event) in enumerate(self.stored, 1):
            self.reader.take(sequence, stored_us, msgspec.json.encode(event))
        if regroups:
            self.reader.owe(self.grouper.settle(end, self.now))
        self.tell()
        if regroups:  # its place is written down by this table only once all of that stands
            self.decided = len(self.stored)

    def pass_by(self, seconds: float) -> None:
        """Time passes, and everybody does in time what is due."""
        end = self.now + round(seconds * SECOND)
        while self.now < end:
            dues = (self.book.next_due(), self.attention.next_due())
            soon = min((due for due in dues if due is not None), default=end)
            self.wait((min(max(soon, self.now + SECOND), end) - self.now) / SECOND)
            for over in self.grouper.due(self.now):
                self._tell(over)
            if not self.lags:
                self.tell()

    def hidden(self) -> list[Untold]:
        """What nobody was told of."""
        log = [Stored(nth, at, event) for nth, (at, event) in enumerate(self.stored, 1)]
        return untold(log, self.things)


class Walk:
    """A random story, told to a chain."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.names: list[tuple[str, str, int]] = []

    def run(self, story: list[tuple[Any, ...]]) -> None:
        """Play it, and let an hour pass."""
        for what, *with_ in story:
            getattr(self, f"_{what}")(*with_)
            self.chain.now += SECOND // 10
        self.chain.lags = False
        self.chain.tell()
        self.chain.pass_by(2 * HOUR)

    def _raise(self, sort: str, severity: str, station: int) -> None:
        known = [name for name, was, at in self.names if (was, at) == (sort, station)]
        if any(self.chain.lives[name].open for name in known):
            return  # the engine has one open alert of a rule and a sensor
        name = f"{sort}-{station}-{len(self.names)}"
        self.names.append((name, sort, station))
        self._say(name, sort, station, "raised", severity)

    def _say(self, name: str, sort: str, station: int, verb: str, severity: str) -> None:
        self.chain.alert(name, verb, sort, severity, station, area=AREAS[station])

    def _move(self, nth: int, to: str) -> None:
        found = [one for one in self.names if self.chain.lives[one[0]].open]
        if not found:
            return
        name, sort, station = found[nth % len(found)]
        now = self.chain.lives[name].severity
        if to == "clear":
            self._say(name, sort, station, "cleared", now)
        elif to != now:
            rises = rank_of(to) > rank_of(now)
            self._say(name, sort, station, "escalated" if rises else "eased", to)

    def _window(self, station: int, minutes: int) -> None:
        start = (self.chain.now - self.chain.stored[0][0]) / SECOND if self.chain.stored else 0.0
        about: dict[str, Any] = {"stations": [f"st-{station}"]}
        self.chain.window(f"w{len(self.chain.stored)}", start, start + minutes * 60, **about)

    def _wait(self, seconds: float) -> None:
        self.chain.pass_by(seconds)

    def _die(self) -> None:
        self.chain.keep(most=1)
        self.chain.restart()

    def _anew(self, other: bool) -> None:  # noqa: FBT001  drawn
        self.chain.duty_anew(OTHER if other else DEFAULT)

    def _lag(self, lags: bool) -> None:  # noqa: FBT001  drawn
        self.chain.lags = lags
        if not lags:
            self.chain.tell()


station = st.integers(0, len(AREAS) - 1)
severity = st.sampled_from(SEVERITIES)
weather = ("rain", "level", "lightning")
raised = st.tuples(st.just("raise"), st.sampled_from((*weather, *weather, *sorted(RULES))), severity, station)
moved = st.tuples(st.just("move"), st.integers(0, 9), st.sampled_from((*SEVERITIES, "clear")))
waited = st.tuples(st.just("wait"), st.sampled_from((1.0, 2.0, 20.0, 200.0, 400.0, 2_000.0, 4_000.0)))
upset = st.one_of(
    st.tuples(st.just("window"), station, st.integers(1, 90)),
    st.tuples(st.just("die")),
    st.tuples(st.just("anew"), st.booleans()),
    st.tuples(st.just("lag"), st.booleans()),
)
begun = st.sampled_from(
    (
        [],
        [("raise", "rain", "watch", 0), ("raise", "lightning", "watch", 0), ("wait", 400.0)],
        [("raise", "rain", "advisory", 0), ("raise", "level", "warning", 0), ("raise", "rain", "watch", 1)],
        [("raise", "rain", "emergency", nth) for nth in range(3)],
    )
)
step = st.one_of(raised, raised, raised, moved, moved, waited, waited, upset)
steps = st.tuples(begun, st.lists(step, min_size=8, max_size=30)).map(lambda two: [*two[0], *two[1]])


SILENCED = [
    *(("raise", "rain", "emergency", area) for area in (0, 2)),
    ("raise", "level", "watch", 2),
    ("wait", 4000.0),
    ("raise", "level", "warning", 1),
    ("raise", "rain", "warning", 3),
    ("wait", 20.0),
    ("window", 3, 55),
]
EASED = [
    ("raise", "rain", "advisory", 0),
    ("raise", "level", "warning", 0),
    ("raise", "rain", "watch", 1),
    ("raise", "rain", "warning", 3),
    ("wait", 20.0),
    ("move", 8, "warning"),
    ("raise", "door", "watch", 2),
    ("wait", 200.0),
    ("move", 5, "advisory"),
]
REGROUPED = [
    *(("raise", "rain", "emergency", area) for area in (0, 1, 2)),
    ("raise", "door", "warning", 0),
    ("raise", "mills", "advisory", 2),
    ("wait", 2000.0),
    ("raise", "level", "watch", 0),
    ("raise", "rain", "warning", 3),
    ("wait", 200.0),
    ("move", 6, "clear"),
    ("anew", True),
]
AGAIN_WORSE = [
    *(("raise", "rain", "emergency", area) for area in (0, 1, 2)),
    ("raise", "level", "watch", 1),
    ("wait", 4000.0),
    ("move", 9, "watch"),
    ("wait", 4000.0),
    ("move", 1, "emergency"),
]
LET_OUT = [
    ("raise", "rain", "emergency", 0),
    ("raise", "rain", "advisory", 1),
    ("raise", "lightning", "emergency", 2),
    ("wait", 20.0),
    ("raise", "lightning", "emergency", 3),
    ("wait", 20.0),
    ("anew", True),
]
TWICE_ANEW = [
    ("raise", "lightning", "emergency", 3),
    ("raise", "rain", "watch", 2),
    ("raise", "rain", "emergency", 0),
    ("lag", True),
    ("move", 8, "clear"),
    ("anew", True),
    ("anew", True),
]


@example(SILENCED)
@example(EASED)
@example(REGROUPED)
@example(AGAIN_WORSE)
@example(LET_OUT)
@example(TWICE_ANEW)
@settings(max_examples=50, deadline=None)
@given(steps)
def test_no_alert_of_watch_or_more_goes_untold_for_longer_than_news_is_gathered(
    story: list[tuple[Any, ...]],
) -> None:
    walk = Walk()
    walk.run(story)
    assert walk.chain.hidden() == []
