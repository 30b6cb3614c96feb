"""Engine, people and the real keeper write on one stream, each behind the other's back."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.lifecycle import ACTS, CAUSES, Asked, acted, decide, fold, limits_of
from services.observation import act as acts
from services.observation.event import SEVERITIES, Verb
from services.observation.instants import SECOND
from services.policy.keeping import Keeping
from tests.support.keeping import SITE, T0, Play
from tests.support.lives import must_be_legal

SORTS = ("level", "rise", "gateway", "silent")
MOVES = (Verb.RAISED, Verb.ESCALATED, Verb.EASED, Verb.BLIND, Verb.SIGHTED, Verb.CLEARED)
LIMITS = limits_of(Keeping())


class Shift(Play):
    """A play with people in it, and an engine that says only what can follow on what is."""

    def __init__(self) -> None:
        super().__init__()
        self.engine: dict[str, tuple[str, int]] = {}
        self.raised = 0

    def move(self, sort: str, verb: str) -> None:
        name, rank = self.engine.get(sort, ("", -1))
        if (rank < 0) != (verb == Verb.RAISED):
            return
        if verb == Verb.RAISED:
            self.raised += 1
            name, rank = f"{sort}-{self.raised}", 1
        elif verb == Verb.ESCALATED:
            rank = min(rank + 1, 3)
        elif verb == Verb.EASED:
            rank = max(rank - 1, 0)
        self.engine[sort] = (name, -1 if verb == Verb.CLEARED else rank)
        self.alert(name, verb, sort=sort, severity=SEVERITIES[rank])

    def person(self, sort: str, act: str, by: str, back: int, wish: dict[str, Any]) -> None:
        """Act on what they saw some events ago, as the api does."""
        name = self.engine.get(sort, ("", -1))[0]
        if not name:
            return
        life = self.lives[name]
        asked = Asked(act=act, by=by, seen=len(self.stored) - back, **wish)
        for step in decide(life, asked, self.now, LIMITS).steps:
            data = acted(self.lives[name], step, by, str(asked.seen), self.now)
            event = acts.make(
                site=SITE, verb=step.verb, event=f"p{len(self.stored)}", time=self.now, data=data
            )
            subject = f"alerts.{SITE}.{life.area}.{name}"
            assert self.put(subject, json.loads(acts.encode(event)), self.last[subject])

    def overtaken(self, *meanwhile: Any) -> None:
        """The keeper decides, somebody else writes, and only then its events arrive."""
        owed = self.book.decide(self.now)
        if meanwhile[0] == "engine":
            self.move(*meanwhile[1:])
        else:
            self.person(*meanwhile[1:])
        for one in owed:
            if not self.put(one.subject, json.loads(one.data), one.expected):
                self.book.again(one.about)

    def do(self, what: str, *more: Any) -> None:
        """One step of a story."""
        match what:
            case "engine":
                self.move(*more)
            case "person":
                self.person(*more)
            case "wait":
                self.now += more[0] * SECOND
            case "keep":
                self.keep(more[0])
            case "overtaken":
                self.overtaken(*more[0])
            case "window":
                begins = (self.now - T0) // SECOND + more[1]
                name = f"w{len(self.stored)}"
                self.window(name, begins, begins + 600, kind=more[0], stations=["st-0"])
            case "restart":
                self.restart()


WISH = st.fixed_dictionaries(
    {
        "until": st.sampled_from([None, T0 + 600 * SECOND, T0 + 7200 * SECOND]),
        "why": st.sampled_from([None, "đang sửa trạm"]),
        "cause": st.sampled_from(CAUSES),
        "text": st.just("đã gọi"),
    }
)
SORT = st.sampled_from(SORTS)
ENGINE = st.tuples(st.just("engine"), SORT, st.sampled_from(MOVES))
PERSON = st.tuples(
    st.just("person"),
    SORT,
    st.sampled_from(sorted(ACTS)),
    st.sampled_from(("lan", "minh")),
    st.integers(0, 2),
    WISH,
)
STORY = st.lists(
    st.one_of(
        ENGINE,
        PERSON,
        st.tuples(st.just("wait"), st.sampled_from((1, 30, 400, 2000))),
        st.tuples(st.just("keep"), st.integers(0, 2)),
        st.tuples(st.just("overtaken"), ENGINE | PERSON),
        st.tuples(st.just("window"), st.sampled_from(("maintenance", "test")), st.sampled_from((0, 60))),
        st.tuples(st.just("restart")),
    ),
    max_size=30,
)


@given(STORY)
@settings(max_examples=60, deadline=None)
def test_whoever_was_first_every_alert_is_legal_and_the_log_tells_it_whole(story: list[Any]) -> None:
    shift = Shift()
    for what, *more in story:
        shift.do(what, *more)
        for life in shift.lives.values():
            must_be_legal(life)
    shift.settle()
    for name, lived in shift.lives.items():
        must_be_legal(lived)
        read = None
        for sequence, (stored_us, event) in enumerate(shift.stored, 1):
            if event["subject"] == name:
                read = fold(read, sequence, stored_us, msgspec.json.decode(msgspec.json.encode(event)))
        assert read == lived
    shift.restart()
    assert shift.settle() == [], "who begins anew with the same stream owes nothing else"
