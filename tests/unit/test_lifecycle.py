"""The life of an alert: any interleaving of its writers is legal, and its log tells it whole."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.lifecycle import (
    ACTS,
    CAUSES,
    KEEPER,
    TABLES,
    Asked,
    Life,
    Step,
    acted,
    allowed_acts,
    decide,
    fold,
    limits_of,
    rank_of,
)
from services.observation import act as acts
from services.observation import event as events
from services.observation.act import Act, KeeperVerb, PersonVerb, Quiet, Stated
from services.observation.event import SEVERITIES, Alert, Verb
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.keeping import Keeping
from tests.support.lives import must_be_legal

T0 = 1_763_600_400 * SECOND
SITE = "vung-tau"
LIMITS = limits_of(Keeping())
PEOPLE = ("lan", "minh")
KINDS = ("inhibition", "gateway", "maintenance", "test", "chattering")


class World:
    """One alert's subject: what stands on it, and the fold of who follows it."""

    def __init__(self, *, origin: str | None = None, severity: str = "watch", hazard: str = "flood") -> None:
        self.log: list[bytes] = []
        self.life: Life | None = None
        self.severity, self.origin, self.hazard = severity, origin, hazard
        self.engine(Verb.RAISED)

    @property
    def now(self) -> int:
        return T0 + len(self.log) * 60 * SECOND

    @property
    def alert(self) -> Life:
        assert self.life is not None
        return self.life

    def put(self, data: bytes) -> None:
        self.log.append(data)
        body = msgspec.json.decode(data)
        self.life = fold(self.life, len(self.log), self.now, body)

    def engine(self, verb: str) -> None:
        """The engine knows nothing of people and moves the condition."""
        data = Alert(
            alert_id="a",
            hazard=self.hazard,
            area="thang-tam",
            severity=self.severity,
            rule="flood-level",
            rule_version="0123456789ab",
            time=iso(self.now),
            detected_at=iso(self.now),
            reason=Text("nước cao", "high water"),
            sensor="s.water_level",
        )
        if self.origin is not None:
            stated = msgspec.structs.asdict(data) | {"origin": self.origin, "until": iso(T0 + 10**12)}
            event = acts.make(site=SITE, verb=verb, event=self.name(), time=self.now, data=Stated(**stated))
            self.put(acts.encode(event))
        else:
            made = events.make(site=SITE, verb=verb, event=self.name(), time=self.now, alert=data)
            self.put(events.encode(made))

    def move(self, verb: str) -> None:
        """As the engine would: only what can follow on what is."""
        if not self.alert.open:
            return
        if verb in (Verb.ESCALATED, Verb.EASED):
            rank = rank_of(self.severity) + (1 if verb == Verb.ESCALATED else -1)
            if not 0 <= rank < len(SEVERITIES):
                return
            self.severity = SEVERITIES[rank]
        self.engine(verb)

    def keep(self, verb: str, act: Act) -> None:
        """The keeper writes what it decided, whatever came between."""
        data = acted(self.alert, Step(verb, act), KEEPER, None, self.now)
        self.put(acts.encode(acts.make(site=SITE, verb=verb, event=self.name(), time=self.now, data=data)))

    def ask(self, act: str, by: str = "lan", *, back: int = 0, **wish: Any) -> str | None:
        """A person acts on what they saw `back` events ago; the code of the refusal."""
        asked = Asked(act=act, by=by, seen=len(self.log) - back, **wish)
        decision = decide(self.alert, asked, self.now, LIMITS)
        if decision.refusal is not None:
            assert not decision.steps
            return decision.refusal.code
        assert act == "comment" or self.alert.touched.sequence <= asked.seen
        for step in decision.steps:
            data = acted(self.alert, step, by, str(asked.seen), self.now)
            event = acts.make(site=SITE, verb=step.verb, event=self.name(), time=self.now, data=data)
            self.put(acts.encode(event))
        return None

    def name(self) -> str:
        return f"event-{len(self.log)}"

    def again(self) -> Life | None:
        """Another reader, from the beginning."""
        life = None
        for sequence, data in enumerate(self.log, 1):
            at = T0 + sequence * 60 * SECOND
            life = fold(life, sequence, at, msgspec.json.decode(data))
        return life


PERSON = st.tuples(
    st.just("person"),
    st.sampled_from(sorted(ACTS)),
    st.sampled_from(PEOPLE),
    st.integers(0, 3),
    st.fixed_dictionaries(
        {
            "until": st.sampled_from([None, T0 - 1, T0 + 3600 * SECOND, T0 + 10**13]),
            "why": st.sampled_from([None, "", "đang sửa trạm"]),
            "cause": st.sampled_from([None, *CAUSES]),
            "text": st.sampled_from([None, "đã gọi"]),
            "assignee": st.sampled_from([None, "lan", "minh"]),
            "severity": st.sampled_from(SEVERITIES),
        }
    ),
)
ENGINE = st.tuples(st.just("engine"), st.sampled_from([v for v in Verb if v != Verb.RAISED]))
KEEPS = st.tuples(
    st.just("keeper"), st.sampled_from([*KeeperVerb, PersonVerb.UNSHELVED]), st.sampled_from(KINDS)
)


@given(
    st.lists(st.one_of(PERSON, PERSON, ENGINE, KEEPS), max_size=40),
    st.sampled_from([None, "manual"]),
    st.sampled_from(SEVERITIES),
)
@settings(max_examples=150, deadline=None)
def test_any_interleaving_of_writers_is_legal_and_its_log_tells_it_whole(
    story: list[Any], origin: str | None, severity: str
) -> None:
    world = World(origin=origin, severity=severity)
    for who, what, *more in story:
        before = world.alert
        if who == "engine":
            world.move(what)
        elif who == "keeper":
            quiet = Quiet(more[0], "because", iso(T0 + 10**11))
            world.keep(what, Act(quiet=quiet, step=1, to=["lan"]))
        else:
            world.ask(what, more[0], back=more[1], **more[2])
        must_be_legal(world.alert)
        if who == "engine":
            assert world.alert.comments == before.comments
            assert world.alert.assignee == before.assignee
        if who == "keeper":
            assert world.alert.condition == before.condition
            back = what == KeeperVerb.REALARMED and before.open and not before.silent
            same = world.alert.acknowledgement == before.acknowledgement
            assert world.alert.acknowledgement == "unacknowledged" if back else same
            assert world.alert.touched == before.touched
    assert world.again() == world.life


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (*Alert.__struct_fields__, "act", "until")
ACT = st.dictionaries(st.sampled_from(Act.__struct_fields__), JSON, max_size=4)
GARBAGE = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "source": JSON,
        "time": JSON | st.just("9999-12-31T23:59:59-23:59"),
        "subject": JSON | st.just("a"),
        "type": JSON | st.sampled_from([events.type_of(v) for v in (*Verb, *PersonVerb, *KeeperVerb, "x")]),
        "data": JSON | st.dictionaries(st.sampled_from(FIELDS), JSON | ACT, max_size=8),
    },
)


@given(st.lists(GARBAGE, max_size=4))
@settings(max_examples=40, deadline=None)
def test_the_fold_takes_whatever_another_program_wrote(written: list[dict[str, Any]]) -> None:
    life = World().life
    for start in (None, life):
        folded = start
        for sequence, event in enumerate(written, 2):
            folded = fold(folded, sequence, T0, event)
        if folded is not None:
            assert folded.label
            assert folded.silent_at(T0) in (True, False)
            for act in allowed_acts(folded):
                decision = decide(folded, Asked(act=act, by="lan", seen=99), T0, LIMITS)
                for step in decision.steps:
                    acted(folded, step, "lan", "1", T0)


def test_an_event_read_twice_changes_nothing_and_a_life_is_never_changed_in_place() -> None:
    world = World()
    before = world.alert
    world.ask("comment", text="một")
    assert before.comments == []
    body = msgspec.json.decode(world.log[-1])
    assert fold(world.alert, 2, T0, body) is world.alert


@pytest.mark.parametrize(
    ("story", "label"),
    [
        ([], "unacknowledged"),
        (["acknowledge"], "acknowledged"),
        (["acknowledge", Verb.ESCALATED], "unacknowledged"),
        (["acknowledge", Verb.EASED], "acknowledged"),
        (["acknowledge", Verb.CLEARED], "normal"),
        ([Verb.CLEARED], "rtn-unacknowledged"),
        ([Verb.CLEARED, "acknowledge"], "normal"),
        (["acknowledge", "unacknowledge"], "unacknowledged"),
        ([KeeperVerb.OVERDUE], "unacknowledged"),
        (["acknowledge", KeeperVerb.REALARMED], "unacknowledged"),
        (["acknowledge", "shelve", KeeperVerb.REALARMED, "unshelve"], "acknowledged"),
        (["acknowledge", Verb.CLEARED, KeeperVerb.REALARMED], "normal"),
        (["shelve"], "shelved"),
        (["shelve", "unshelve"], "unacknowledged"),
        (["shelve", Verb.CLEARED], "normal"),
        (["shelve", Verb.ESCALATED], "unacknowledged"),
        (["shelve", Verb.EASED, Verb.ESCALATED], "shelved"),
        ([("inhibition", KeeperVerb.INHIBITED)], "suppressed-by-design"),
        ([("maintenance", KeeperVerb.SUPPRESSED)], "out-of-service"),
        ([("test", KeeperVerb.SUPPRESSED), ("test", KeeperVerb.UNSUPPRESSED)], "unacknowledged"),
        (["close"], "closed"),
        (["close", Verb.EASED], "closed"),
        (["close", Verb.ESCALATED], "unacknowledged"),
        (["close", "reopen"], "unacknowledged"),
    ],
)
def test_the_labels_of_isa_18_2_follow_from_the_machines(story: list[Any], label: str) -> None:
    world = World()
    wish: dict[str, Any] = {"until": T0 + 3600 * SECOND, "why": "đang sửa", "cause": "false"}
    for what in story:
        if isinstance(what, tuple):
            world.keep(what[1], Act(quiet=Quiet(what[0], "w")))
        elif what in ACTS:
            assert world.ask(what, **wish) is None
        elif what in (KeeperVerb.OVERDUE, KeeperVerb.REALARMED):
            world.keep(what, Act(step=1))
        else:
            world.move(what)
    assert world.alert.label == label


def test_an_act_conflicts_with_another_persons_and_with_getting_worse_and_with_nothing_else() -> None:
    def after(*meanwhile: str) -> str | None:
        world = World()
        for what in meanwhile:
            if what in ACTS:
                world.ask(what, "minh", text="x")
            elif what == KeeperVerb.OVERDUE:
                world.keep(what, Act(step=1))
            else:
                world.move(what)
        return world.ask("assign", back=len(world.log) - 1)

    for calm in (Verb.EASED, Verb.BLIND, Verb.SIGHTED, Verb.CLEARED, KeeperVerb.OVERDUE, "comment"):
        assert after(calm) is None
    for loud in (Verb.ESCALATED, "acknowledge", "assign"):
        assert after(loud) == "alert-changed"


def test_who_is_refused_is_told_who_did_what_in_both_languages() -> None:
    world = World()
    world.ask("acknowledge", "minh")
    decision = decide(world.alert, Asked(act="assign", by="lan", seen=1), T0, LIMITS)
    assert decision.refusal is not None
    assert decision.refusal.conflict
    assert "minh đã xác nhận" in decision.refusal.text.vi
    assert "minh acknowledged it" in decision.refusal.text.en


def test_shelving_a_danger_to_the_public_takes_a_second_person_who_agrees_to_the_same() -> None:
    world = World(severity="warning")
    wish: dict[str, Any] = {"until": T0 + 3600 * SECOND, "why": "đang sửa"}
    assert world.ask("shelve", "lan", **wish) is None
    assert world.alert.shelving is None
    assert not world.alert.silent
    assert world.ask("shelve", "lan", **wish) == "second-person"
    assert world.ask("shelve", "minh", until=T0 + 7200 * SECOND) == "asked-otherwise"
    assert world.ask("shelve", "minh") is None
    read = world.again()
    assert read is not None
    assert read == world.life
    shelving = read.shelving
    assert shelving is not None
    assert (shelving.by, shelving.second, shelving.why) == ("lan", "minh", "đang sửa")
    other = World(severity="warning", hazard="lighting")
    assert other.ask("shelve", "lan", **wish) is None
    assert other.alert.label == "shelved"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"until": T0 + 3600 * SECOND}, "why-missing"),
        ({"why": "x"}, "until-missing"),
        ({"why": "x", "until": T0 - 1}, "until-missing"),
        ({"why": "x", "until": T0 + 10**12}, "too-long"),
    ],
)
def test_nothing_is_shelved_without_reason_and_end(wish: dict[str, Any], code: str) -> None:
    assert World().ask("shelve", **wish) == code


def test_what_is_real_is_closed_once_it_is_over_and_what_a_person_stated_ends_with_it() -> None:
    world = World()
    assert world.ask("close", cause="real") == "not-over"
    world.move(Verb.CLEARED)
    assert world.ask("close", cause="real") is None
    assert world.ask("acknowledge") == "closed"
    manual = World(origin="manual")
    assert manual.alert.until == T0 + 10**12
    assert manual.ask("close", cause="real") is None
    assert (manual.alert.label, manual.alert.open) == ("closed", False)


def test_one_person_alone_closes_no_danger_to_the_public_while_it_holds() -> None:
    """Closing silences for longer than the shelving that takes two."""
    world = World(severity="emergency")
    assert world.ask("close", cause="false") == "two-to-close"
    until = world.now + 3600 * SECOND
    assert world.ask("shelve", until=until, why="cảm biến hỏng") is None
    assert world.ask("close", cause="false") == "two-to-close"
    assert world.ask("shelve", by="minh") is None
    assert world.ask("close", cause="false") is None
    over = World(severity="emergency")
    over.engine(Verb.CLEARED)
    assert over.ask("close", cause="false") is None
    assert World(severity="watch").ask("close", cause="false") is None


def test_the_condition_of_what_a_sensor_says_is_nobodys_to_move() -> None:
    for act in ("escalate", "ease", "end"):
        assert World().ask(act, severity="emergency") == "not-stated"
    manual = World(origin="manual")
    assert manual.ask("ease", severity="emergency") == "not-lower"
    words = manual.alert.data["reason"]
    assert manual.ask("escalate", severity="emergency") is None
    assert manual.alert.data["reason"] == words, "who moved it stands in `by`; the danger is still told"
    assert manual.alert.severity == "emergency"


def test_an_undoing_act_names_the_event_that_it_takes_back() -> None:
    world = World()
    world.ask("acknowledge")
    world.ask("unacknowledge")
    undone = msgspec.json.decode(world.log[-1])
    assert undone["data"]["act"]["undoes"] == msgspec.json.decode(world.log[-2])["id"]


def test_an_alert_of_a_station_in_test_carries_status_test_to_its_end() -> None:
    world = World()
    world.keep(KeeperVerb.SUPPRESSED, Act(quiet=Quiet("test", "window")))
    assert world.alert.status == "Test"
    world.move(Verb.CLEARED)
    assert (world.alert.status, world.alert.label) == ("Test", "normal")


def test_who_acknowledges_ends_the_calling_of_the_next_in_line() -> None:
    world = World()
    world.keep(KeeperVerb.OVERDUE, Act(step=2, to=["minh"]))
    assert (world.alert.step, world.alert.overdue_at is None) == (2, False)
    world.ask("acknowledge")
    assert (world.alert.step, world.alert.overdue_at) == (0, None)


def test_what_is_past_its_time_keeps_nothing_quiet_even_while_the_keeper_is_away() -> None:
    world = World()
    world.ask("shelve", until=T0 + 3600 * SECOND, why="đang sửa")
    assert world.alert.silent_at(T0 + 3599 * SECOND)
    assert not world.alert.silent_at(T0 + 3600 * SECOND)


def test_every_state_of_every_machine_can_be_reached_and_every_row_is_between_states() -> None:
    for machine in TABLES:
        reached = {machine.start}
        for _ in machine.states:
            reached |= {to for (of, _), to in machine.moves.items() if of in reached}
        assert reached == set(machine.states)
        assert {of for of, _ in machine.moves} <= set(machine.states)
        assert set(machine.only_if) <= set(machine.moves)


@pytest.mark.parametrize("verb", [Verb.ESCALATED, Verb.EASED])
def test_an_alert_whose_site_lost_its_end_stands_again_when_that_site_speaks_of_it(verb: Verb) -> None:
    """Restored from a backup, for that site it holds; here it would be over and at the same time worse."""
    world = World()
    world.ask("acknowledge")
    world.move(Verb.CLEARED)
    world.engine(verb)
    assert (world.alert.open, world.alert.cleared_at) == (True, None)
    assert world.alert.attention is (verb == Verb.ESCALATED)
    assert world.again() == world.alert


def test_what_happened_before_the_end_and_is_read_again_later_ends_nothing_anew() -> None:
    """An event that our stream had lost stands behind the end of its alert."""
    world = World()
    world.engine(Verb.ESCALATED)
    lost = msgspec.json.decode(world.log.pop())
    world.engine(Verb.BLIND)
    world.engine(Verb.CLEARED)
    world.put(msgspec.json.encode(lost))
    assert not world.alert.open
