"""What must hold of the keeper whatever happens, in whatever order: nothing quiet for ever, nothing twice."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.keeping.book import Book
from services.alerts.keeping.realarm import PACE_US
from services.alerts.lifecycle import Life, fold, rank_of
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND, iso, micros
from services.policy.keeping import Keeping
from tests.support.keeping import RULES, SITE, Play, site

SORTS = tuple(sorted(RULES))
RAISED, MOVED, ACTED, WINDOW, PASSED, DIED, KEPT = "raise", "move", "act", "window", "wait", "die", "keep"
GROUPED = "group"
ACTS = ("acknowledged", "shelved", "closed", "reopened", "commented", "unshelved", "unacknowledged")
step = st.one_of(
    st.tuples(
        st.just(RAISED),
        st.sampled_from(SORTS),
        st.sampled_from(SEVERITIES),
        st.integers(0, 1),
        st.sampled_from(("Actual", "Actual", "Exercise")),
    ),
    st.tuples(st.just(MOVED), st.integers(0, 9), st.sampled_from(("up", "down", "clear", "blind", "sight"))),
    st.tuples(st.just(ACTED), st.integers(0, 9), st.sampled_from(ACTS)),
    st.tuples(st.just(WINDOW), st.integers(0, 2), st.integers(0, 5), st.sampled_from(("a", "gw", "st"))),
    st.tuples(st.just(PASSED), st.sampled_from((1, 20, 70, 700, 8_000))),
    st.tuples(st.just(DIED), st.integers(0, 2)),
    st.tuples(st.just(KEPT)),
    st.tuples(
        st.just(GROUPED),
        st.integers(0, 1),
        st.sampled_from(("joined", "left", "ended", "merged")),
        st.integers(0, 9),
    ),
)
steps = st.lists(step, min_size=1, max_size=40)
UP = {"up": 1, "down": -1}
LONGEST_S = 8 * 86_400.0


class Story:
    """A random story, told to a play."""

    def __init__(self) -> None:
        self.play = Play(Keeping())
        self.names: list[str] = []

    def run(self, story: list[tuple[Any, ...]]) -> None:
        for told in story:
            getattr(self, f"_{told[0]}")(*told[1:])
            self.play.now += SECOND

    def _open(self, nth: int) -> str | None:
        found = [name for name in self.names if self.play.lives[name].open]
        return found[nth % len(found)] if found else None

    def _raise(self, sort: str, severity: str, station: int, status: str) -> None:
        name = f"{sort}-{station}-{status}-{len(self.names)}"
        same = [one for one in self.names if one.rsplit("-", 1)[0] == name.rsplit("-", 1)[0]]
        if any(self.play.lives[one].open for one in same):
            return  # the engine has one open alert of a rule and a sensor
        self.names.append(name)
        self.play.alert(name, sort=sort, severity=severity, station=station, status=status)

    def _move(self, nth: int, how: str) -> None:
        name = self._open(nth)
        if name is None:
            return
        life = self.play.lives[name]
        rank = max(0, min(3, rank_of(life.severity) + UP.get(how, 0)))
        verb = {"clear": "cleared", "blind": "blind", "sight": "sighted"}.get(how)
        if verb is None:
            if rank == rank_of(life.severity):
                return
            verb = "escalated" if how == "up" else "eased"
        sort, station, status, _ = name.split("-")
        self.play.alert(name, verb, sort, SEVERITIES[rank], int(station), status=status)

    def _act(self, nth: int, verb: str) -> None:
        name = self._open(nth)
        if name is not None:
            until = iso(self.play.now + 3_600 * SECOND)
            self.play.act(name, verb, until=until, why="…", cause="false", text="…")

    def _window(self, start: int, hours: int, about: str) -> None:
        now_s = (self.play.now - self.play.stored[0][0]) / SECOND if self.play.stored else 0.0
        places = {"a": {"areas": ["a"]}, "gw": {"gateways": ["gw-0"]}, "st": {"stations": ["st-1"]}}
        where: dict[str, Any] = dict(places[about])
        kind = "test" if hours % 2 else "maintenance"
        at = now_s + start * 600
        self.play.window(f"w{len(self.play.stored)}", at, at + 60 + hours * 3_600, kind=kind, **where)

    def _group(self, which: int, how: str, nth: int) -> None:
        name = self._open(nth)
        state = how if how in ("ended", "merged") else "open"
        told: dict[str, Any] = {"situation_id": f"s{which}", "state": state, "joined": [], "left": []}
        if how == "merged":
            told["merged_into"] = f"s{1 - which}"
        elif name is not None and state == "open":
            told[how] = [{"alert_id": name}]
        event = {
            "source": f"/sites/{SITE}",
            "type": "vn.haidang.situation.updated.v1",
            "subject": f"s{which}",
        }
        event["id"] = f"situation-{len(self.play.stored)}"
        self.play.put(f"alerts.{SITE}._.s{which}", {**event, "data": told})

    def _wait(self, seconds: int) -> None:
        self.play.wait(seconds)

    def _die(self, written: int) -> None:
        self.play.keep(most=written)
        self.play.restart()

    def _keep(self) -> None:
        self.play.settle()


@settings(max_examples=80, deadline=None)
@given(steps)
def test_nothing_is_quiet_without_an_end_or_by_what_is_over_or_less_severe(
    story: list[tuple[Any, ...]],
) -> None:
    told = Story()
    told.run(story)
    play = told.play
    play.settle()
    for name in told.names:
        life = play.lives[name]
        for quiet in life.quiet.values():
            if quiet.until is not None:
                assert play.now < micros(quiet.until) <= play.now + round(LONGEST_S * SECOND)
                continue
            other = play.lives[quiet.what]
            assert other.open
            assert not other.blind
            assert other.status == life.status
            assert rank_of(other.severity) >= rank_of(life.severity)
        kinds = {quiet.kind for quiet in life.quiet.values()}
        public = life.hazard in play.policy.keeping.public_safety
        if public and life.severity == "emergency":
            assert kinds != {"chattering"}
    # Whoever is kept quiet by another: going up from one to the next ends at one that nothing explains.
    for name in told.names:
        above, seen = play.lives[name], set[str]()
        while explained := [quiet for quiet in above.quiet.values() if quiet.until is None]:
            assert above.alert_id not in seen
            seen.add(above.alert_id)
            above = play.lives[explained[0].what]


@settings(max_examples=80, deadline=None)
@given(steps)
def test_in_the_end_everything_speaks_again(story: list[tuple[Any, ...]]) -> None:
    told = Story()
    told.run(story)
    play = told.play
    play.wait(LONGEST_S)
    for name in told.names:
        assert all(quiet.until is None for quiet in play.lives[name].quiet.values())
        assert play.lives[name].shelving is None
    for name in told.names:
        if play.lives[name].open and not play.lives[name].quiet:
            sort, station, status, _ = name.split("-")
            play.alert(name, "cleared", sort, play.lives[name].severity, int(station), status=status)
            play.settle()
    left = [play.lives[name] for name in told.names if play.lives[name].open]
    assert all(play.lives[quiet.what].open for life in left for quiet in life.quiet.values())


@settings(max_examples=80, deadline=None)
@given(steps)
def test_a_keeper_that_begins_anew_writes_nothing_twice(story: list[tuple[Any, ...]]) -> None:
    told = Story()
    told.run(story)
    play = told.play
    play.settle()
    stood = len(play.stored)
    play.restart()
    assert play.settle() == []
    assert len(play.stored) == stood
    ids = [event["id"] for _, event in play.stored if event["data"].get("by") == "keeper"]
    assert len(ids) == len(set(ids))
    assert play.refused == 0
    assert all(event["source"] == f"/sites/{SITE}" for _, event in play.stored)


@settings(max_examples=60, deadline=None)
@given(steps, st.lists(st.booleans(), min_size=40, max_size=40))
def test_two_keepers_at_once_say_nothing_twice(story: list[tuple[Any, ...]], reads: list[bool]) -> None:
    told = Story()
    play = told.play
    other = Book(site(), play.policy)
    seen = 0
    for one, reading in zip(story, reads, strict=False):
        told.run([one])
        if reading:
            for stored_us, event in play.stored[seen:]:
                seen += 1
                other.take(seen, stored_us, event)
        # The second one, which may not have read all, and the first one have decided before either writes.
        for book, owed in ((other, other.decide(play.now)), (play.book, play.book.decide(play.now))):
            play.write(book, owed)
    play.settle()
    for stored_us, event in play.stored[seen:]:
        seen += 1
        other.take(seen, stored_us, event)
    assert other.decide(play.now) == []
    for name in told.names:
        _said_once(play, name)


def _said_once(play: Play, name: str) -> None:
    """No reason begins again with the same end before it was over."""
    quiet: dict[str, str] = {}
    for _, event in play.stored:
        if event["subject"] != name:
            continue
        verb, act = event["type"].split(".")[3], event["data"].get("act") or {}
        if verb in ("inhibited", "suppressed"):
            until = act["quiet"].get("until", "its alert's end")
            key = act["quiet"]["kind"] + act["quiet"]["what"]
            assert quiet.get(key) != until
            quiet[key] = until
        elif verb in ("uninhibited", "unsuppressed"):
            quiet.pop(act["quiet"]["kind"] + act["quiet"]["what"])


@settings(max_examples=30, deadline=None)
@given(steps)
def test_what_comes_back_was_acknowledged_long_enough_ago_holds_and_may_be_heard_and_is_alone(
    story: list[tuple[Any, ...]],
) -> None:
    told = Story()
    told.run(story)
    play = told.play
    play.wait(LONGEST_S)
    lives: dict[str, Life] = {}
    last = 0
    for sequence, (stored_us, event) in enumerate(play.stored, 1):
        before = lives.get(event["subject"])
        life = fold(before, sequence, stored_us, event)
        if life is None:
            continue
        lives[event["subject"]] = life
        if event["type"] != "vn.haidang.alert.realarmed.v1":
            continue
        assert before is not None
        assert (before.acknowledgement, before.open, before.silent) == ("acknowledged", True, False)
        assert (life.acknowledgement, life.acknowledged_by) == ("unacknowledged", None)
        after_h = play.policy.keeping.realarm_h(life.hazard, life.area, life.severity)
        assert 0 < after_h * 3600 * SECOND <= stored_us - (before.acknowledged_at or 0)
        assert stored_us >= last + PACE_US
        last = stored_us
    play.restart()
    assert play.settle() == []


STORM: list[tuple[Any, ...]] = [
    (RAISED, "rain", "emergency", 0, "Actual"),
    (RAISED, "level", "warning", 1, "Actual"),
    (RAISED, "lightning", "warning", 0, "Actual"),
    *((GROUPED, 0, "joined", nth) for nth in range(3)),
]
"""Three alerts of one situation."""


def grouped(play: Play) -> dict[str, str]:
    """In which situation each alert was told to be last."""
    found: dict[str, str] = {}
    for _, event in play.stored:
        if ".situation." not in event["type"]:
            continue
        data = event["data"]
        found |= {one["alert_id"]: data["situation_id"] for one in data["joined"]}
        gone = {one["alert_id"] for one in data["left"]}
        over = data["state"] != "open"
        found = {
            name: which
            for name, which in found.items()
            if which != data["situation_id"] or not (over or name in gone)
        }
    return found


@settings(max_examples=30, deadline=None)
@given(steps)
def test_whoever_waits_for_a_person_was_called_for_or_one_as_severe_in_its_situation(
    story: list[tuple[Any, ...]],
) -> None:
    """Rising, falling, moving between situations, keepers that die: hours later somebody was called."""
    told = Story()
    told.run([*STORM, *story])
    play = told.play
    play.wait(LONGEST_S)  # whatever kept anything quiet is over
    for _ in told.names:  # those that somebody acknowledged come back one by one
        play.wait(3600.0)
    play.wait(3600.0)
    where = grouped(play)
    called = {name: life for name, life in play.lives.items() if life.open and life.step}
    for name in told.names:
        life = play.lives[name]
        waits = life.open and not life.silent and life.acknowledgement == "unacknowledged"
        if not waits or rank_of(life.severity) < rank_of("warning") or name in called:
            continue
        assert any(
            where.get(other) == where.get(name, "")
            and one.status == life.status
            and rank_of(one.severity) >= rank_of(life.severity)
            for other, one in called.items()
        ), name
