"""A cabinet that does not obey is told once, and told to be well again."""

from services.alerts.commands.owed import RULE, Owed, Watch
from services.alerts.hazards import hazards
from services.observation import command as nouns
from services.observation.command import Verb
from services.observation.event import verb_of
from services.observation.instants import SECOND
from tests.support.streets import GATEWAY, SITE, Street


def world() -> tuple[Street, Owed, Watch]:
    return Street(), Owed(), Watch(SITE)


def look(street: Street, owed: Owed, watch: Watch) -> list[str]:
    """What is told now, from the whole stream."""
    for event in street.stream:
        owed.apply(event)
    return [verb_of(event.type) for event in watch.update(owed.debts(street.now), street.now)]


def test_one_alert_for_a_cabinet_however_many_commands_it_owes() -> None:
    street, owed, watch = world()
    street.dead = True
    street.programme(70)
    street.override(30)
    street.run(1800)
    assert look(street, owed, watch) == ["raised"]
    assert look(street, owed, watch) == []
    alert = watch.open[GATEWAY]
    assert (alert.rule, alert.hazard, alert.severity, alert.value) == (RULE, "lighting", "advisory", 2.0)
    assert "4 lần" in alert.reason.vi
    assert "4 times" in alert.reason.en


def test_it_is_cleared_when_all_is_confirmed() -> None:
    street, owed, watch = world()
    street.dead = True
    street.override(30, lease_s=7200)
    street.run(1800)
    look(street, owed, watch)
    street.come_online()
    street.run(30)
    assert look(street, owed, watch) == ["cleared"]


def test_it_is_cleared_when_a_newer_order_takes_its_place_or_its_time_is_over() -> None:
    street, owed, watch = world()
    street.dead = True
    street.override(30, lease_s=2400)
    street.run(1800)
    assert look(street, owed, watch) == ["raised"]
    street.run(700)
    assert look(street, owed, watch) == ["cleared"]


def test_nothing_is_owed_after_its_time_even_if_nobody_wrote_that_down() -> None:
    street, owed, watch = world()
    street.dead = True
    street.override(30, lease_s=2400)
    street.run(1800)
    look(street, owed, watch)
    street.now += 3600 * SECOND
    assert look(street, owed, watch) == ["cleared"]


def test_a_refusal_is_told_with_the_words_of_the_cabinet_but_not_that_it_came_too_late() -> None:
    street, owed, watch = world()
    street.override(30, lamps=("lamp-of-another",))
    street.run(30)
    assert look(street, owed, watch) == ["raised"]
    assert "unknown lamp" in watch.open[GATEWAY].reason.en
    late = Street()
    one = late.override(30)
    told = nouns.Told(command=one.command.id, gateway=GATEWAY, area="a", at=late.now, note="expired")
    late.stream.append(nouns.make(SITE, Verb.REFUSED, told, late.now))
    assert look(late, Owed(), Watch(SITE)) == []


def test_a_question_that_is_not_answered_is_no_alert() -> None:
    street, owed, watch = world()
    street.dead = True
    street.read()
    street.run(580)
    assert look(street, owed, watch) == []


def test_a_keeper_that_starts_again_says_nothing_twice() -> None:
    street, owed, watch = world()
    street.dead = True
    street.override(30, lease_s=7200)
    street.run(1800)
    for event in street.stream:
        owed.apply(event)
    first = watch.update(owed.debts(street.now), street.now)
    again, fresh = Watch(SITE), Owed()
    for told in first:
        again.restore(told)
    assert look(street, fresh, again) == []
    # Even one that could not read what it had said makes the same event.
    other = Watch(SITE).update(fresh.debts(street.now), street.now)
    assert [event.id for event in other] == [event.id for event in first]


def test_a_second_time_is_another_alert_that_names_the_first() -> None:
    street, owed, watch = world()
    street.dead = True
    street.override(30, lease_s=2400)
    street.run(2500)
    for event in street.stream:
        owed.apply(event)
    street.now -= 200 * SECOND
    watch.update({}, street.now)
    street.override(40, lease_s=7200)
    street.run(1800)
    look(street, owed, watch)
    before = watch.open[GATEWAY].alert_id
    street.come_online()
    street.run(30)
    look(street, owed, watch)
    street.dead = True
    street.override(45, lease_s=7200)
    street.run(1800)
    assert look(street, owed, watch) == ["raised"]
    assert watch.open[GATEWAY].previous == before


def test_the_hazard_it_is_told_under_has_advice_for_it() -> None:
    assert "advisory" in hazards()["lighting"].advice
