"""Commands arrive, or it is known that they did not."""

from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lighting.ledger import OPEN, Ledger
from services.lighting.loop import Patience, next_due
from services.lighting.precedence import Override, desired
from services.observation import command as nouns
from services.observation.instants import SECOND
from tests.support.streets import GATEWAY, LAMPS, T0, Fate, Street

HOUR = 3600.0


def wanted(street: Street, lamp: str) -> float:
    """What a lamp should do by all that was ordered, whatever became of the commands."""
    plans = [one.programme for one in street.ledger if one.programme is not None]
    level = plans[-1].steps[-1][1] if plans else 100.0
    mine = [
        Override(
            id=one.command.id,
            group="street",
            ordered=one.override.ordered,
            level=one.override.level,
            start=one.override.start,
            expires=one.override.until,
            by=one.by,
            reason="",
        )
        for one in street.ledger
        if one.override is not None and lamp in one.command.targets
    ]
    return desired(None, mine, street.now, level).level


def test_a_command_is_sent_once_and_confirmed() -> None:
    street = Street()
    ordered = street.override(60)
    street.run(30)
    assert street.sent == [ordered.command.id]
    assert ordered.state == "confirmed"
    assert street.controller.level("lamp-1", street.now) == 60


def test_no_answer_is_repeated_so_often_and_then_told() -> None:
    street = Street(patience=Patience(confirm_s=60, repeats=3, back_off=1.5))
    street.dead = True
    ordered = street.override(60)
    street.run(59)
    assert len(street.sent) == 1
    street.run(2 * HOUR / 4)
    assert len(street.sent) == 4
    assert ordered.state == "unconfirmed"
    assert [nouns.verb_of(event.type) for _, event in ordered.history] == [
        "ordered",
        "sent",
        "repeated",
        "repeated",
        "repeated",
        "unconfirmed",
    ]


def test_the_waits_grow_from_the_setting() -> None:
    patience = Patience(confirm_s=60, back_off=2)
    assert [patience.wait(n) / SECOND for n in (1, 2, 3, 4)] == [60, 120, 240, 480]


def test_a_gateway_that_comes_back_is_told_again_at_once() -> None:
    street = Street()
    street.dead = True
    states = []
    ordered = street.override(60)
    street.run(HOUR / 2)
    states.append(ordered.state)
    street.come_online()
    street.run(10)
    states.append(ordered.state)
    assert states == ["unconfirmed", "confirmed"]


def test_what_a_service_wrote_down_is_all_that_it_needs() -> None:
    street = Street()
    street.dead = True
    street.override(60)
    for _ in range(200):
        street.run(10)
        street.restart()
    assert len(street.sent) == 4


def test_an_expired_command_is_neither_sent_nor_done_late() -> None:
    street = Street(repeat("late"))
    ordered = street.override(0, lease_s=300)
    street.run(600)
    assert ordered.state == "expired"
    assert street.now == T0 + 600 * SECOND
    assert street.controller.level("lamp-1", street.now) == 100
    assert not street.controller.reported(street.now).overrides


def test_a_lease_ends_by_itself_in_the_controller_and_is_written_down() -> None:
    street = Street()
    ordered = street.override(40, lease_s=600)
    street.run(300)
    assert street.controller.level("lamp-2", street.now) == 40
    street.run(301)
    assert street.controller.level("lamp-2", street.now) == 100
    assert ordered.state == "ended"


def test_a_newer_order_for_the_same_lamps_supersedes_what_is_still_open() -> None:
    street = Street()
    street.dead = True
    older, newer = street.override(40), None
    street.run(30)
    newer = street.override(80)
    street.run(1)
    assert (older.state, older.successor) == ("superseded", newer.command.id)
    sent = len(street.sent)
    street.run(HOUR / 2)
    assert older.command.id not in street.sent[sent:]


def test_an_order_for_some_of_the_lamps_leaves_the_others_theirs() -> None:
    street = Street()
    older = street.override(40)
    street.run(30)
    street.override(90, lamps=LAMPS[:1])
    street.run(30)
    assert older.state == "confirmed"
    assert [street.controller.level(lamp, street.now) for lamp in LAMPS] == [90, 40, 40]


def test_a_shorter_order_on_top_does_not_end_the_longer_one_below() -> None:
    street = Street()
    older = street.override(40, lease_s=3600)
    street.run(30)
    street.override(90, lease_s=600)
    street.run(700)
    assert older.state == "confirmed"
    assert street.controller.level("lamp-1", street.now) == 40


def test_a_release_ends_an_override_early_and_its_record_says_by_what() -> None:
    street = Street()
    older = street.override(40)
    street.run(30)
    release = street.override(None, lease_s=4000)
    street.run(30)
    assert (older.state, older.successor) == ("released", release.command.id)
    assert street.controller.level("lamp-1", street.now) == 100


def test_a_doubled_sending_is_answered_twice_and_done_once() -> None:
    fates: list[Fate] = ["twice", "twice", "twice"]
    street = Street(iter(fates))
    ordered = street.override(60)
    street.run(30)
    confirmed = [event for _, event in ordered.history if nouns.verb_of(event.type) == "confirmed"]
    assert len(confirmed) == 1


def test_a_controller_that_lost_its_memory_is_told_again() -> None:
    street = Street()
    programme, override = street.programme(70), street.override(30)
    street.run(30)
    street.controller.forget()
    assert street.controller.level("lamp-1", street.now) == 100
    street.come_online()
    street.run(30)
    assert street.controller.level("lamp-1", street.now) == 30
    assert (programme.state, override.state) == ("confirmed", "confirmed")


def test_a_newer_programme_replaces_the_one_before_whatever_came_first() -> None:
    first: list[Fate] = ["late", "ok"]
    street = Street(iter(first))
    old = street.programme(70)
    street.run(1)
    new = street.programme(50)
    street.run(500)
    assert street.controller.reported(street.now).programmes == {
        "street": new.programme.version if new.programme else ""
    }
    assert old.state == "superseded"


def test_a_refusal_is_kept_and_not_repeated() -> None:
    street = Street()
    ordered = street.override(60, lamps=("lamp-of-another",))
    street.run(HOUR / 2)
    assert (ordered.state, ordered.note, len(street.sent)) == ("refused", "unknown lamp", 1)


def test_the_next_instant_at_which_something_is_due_is_known() -> None:
    street = Street()
    street.dead = True
    street.override(60, lease_s=90)
    street.step()
    assert next_due(street.ledger, street.now, street.patience) == T0 + 60 * SECOND
    assert next_due(Ledger(), street.now, street.patience) is None


def play(street: Street, step: str, seconds: int) -> None:
    """One thing that a person, a file or a mishap does."""
    orders: dict[str, tuple[float | None, float, tuple[str, ...]]] = {
        "order": (80, 20_000, LAMPS),
        "dim": (20, 15_000, LAMPS),
        "part": (50, 20_000, LAMPS[:2]),
        "short": (10, 200, LAMPS),
        "release": (None, 20_000, LAMPS),
    }
    if step in orders:
        level, lease_s, lamps = orders[step]
        street.override(level, lease_s, lamps)
    elif step == "programme":
        street.programme(float(seconds % 100))
    elif step == "restart":
        street.restart()
    elif step == "outage":
        street.controller.forget()
        street.come_online()


STEPS = ("order", "dim", "part", "short", "release", "programme", "restart", "outage", "nothing")
FATES: tuple[Fate, ...] = ("ok", "lost", "twice", "late")


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 500)), min_size=1, max_size=12),
    fates=st.lists(st.sampled_from(FATES), max_size=60),
    back=st.booleans(),
)
def test_whatever_is_lost_or_doubled_the_controller_ends_as_desired_or_it_is_told(
    steps: list[tuple[str, int]], fates: list[Fate], *, back: bool
) -> None:
    street = Street(chain(iter(fates), repeat("ok")))
    for step, seconds in steps:
        play(street, step, seconds)
        street.run(seconds, every_s=50)
    if back:
        street.come_online()
    street.run(2_000, every_s=50)
    open_ones = [one for one in street.ledger if one.state in OPEN and one.command.kind != "read"]
    assert all(one.state == "unconfirmed" for one in open_ones), "nothing is left in between"
    if not open_ones:
        for lamp in LAMPS:
            assert street.controller.level(lamp, street.now) == wanted(street, lamp)
    if back:
        assert open_ones == []
    before = [(one.command.id, one.state) for one in street.ledger]
    street.restart()
    assert [(one.command.id, one.state) for one in street.ledger] == before
    assert street.ledger.gateways() in ([], [GATEWAY])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_a_controller_ends_the_same_in_whatever_order_it_is_told(order: tuple[int, ...]) -> None:
    street = Street()
    made = []
    for level in (80, 20, None, 55):
        made.append(nouns.encode(street.override(level, lamps=LAMPS[: 2 if level == 55 else 3]).command))
        street.now += SECOND
    for at in order:
        street.controller.do(made[at], street.now)
    assert [street.controller.level(lamp, street.now) for lamp in LAMPS] == [55, 55, 100]


def test_what_is_in_force_gives_way_only_to_what_is_known_to_be_in_force() -> None:
    street = Street()
    states = []
    older = street.override(40)
    street.run(30)
    street.dead = True
    street.override(80)
    street.run(75)
    states.append(older.state)
    street.come_online()
    street.run(10)
    states.append(older.state)
    assert states == ["confirmed", "superseded"]


def test_giving_up_in_the_moment_of_the_answer_leaves_it_confirmed() -> None:
    street = Street()
    ordered = street.override(40)
    street.run(30)
    told = nouns.Told(command=ordered.command.id, gateway=GATEWAY, area="a")
    street.ledger.apply(99, nouns.make("s", nouns.Verb.UNCONFIRMED, told, street.now, 1))
    assert ordered.state == "confirmed"


def test_a_command_given_up_twice_is_told_twice() -> None:
    street = Street()
    street.dead = True
    ordered = street.override(40, lease_s=20_000)
    street.run(1800)
    street.online[GATEWAY] = street.now  # the gateway is back, its controller is not
    street.run(1800)
    verbs = [nouns.verb_of(event.type) for _, event in ordered.history]
    assert verbs.count("unconfirmed") == 2
    assert len(street.sent) == 8
