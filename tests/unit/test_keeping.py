"""What the keeper decides: one play for each reason to be quiet, and for what time ends."""

import json

import msgspec
import pytest

from services.alerts.keeping.book import Book
from services.observation.instants import SECOND, iso, micros
from services.policy.keeping import Chattering, Escalation, Hours, Keeping, Rota, Shift, Step
from tests.support.keeping import SITE, T0, Play, site, verbs

MIN = 60.0


def test_a_level_keeps_the_rise_of_the_same_station_quiet_and_lets_go_when_it_is_over() -> None:
    play = Play()
    play.alert("rise", sort="rise", severity="watch")
    play.alert("elsewhere", sort="rise", severity="watch", station=1)
    play.alert("level", severity="emergency")
    assert verbs(play.settle()) == ["rise inhibited"]
    (quiet,) = play.lives["rise"].quiet.values()
    assert (quiet.kind, quiet.what, quiet.until) == ("inhibition", "level", None)
    assert quiet.why is not None
    assert quiet.why.vi
    play.alert("level", "cleared", severity="emergency")
    assert verbs(play.settle()) == ["rise uninhibited"]


def test_nothing_is_kept_quiet_by_what_is_less_severe() -> None:
    play = Play()
    play.alert("level", severity="watch")
    play.alert("rise", sort="rise", severity="warning")
    assert play.settle() == []
    play.alert("level", "escalated", severity="warning")
    assert verbs(play.settle()) == ["rise inhibited"]
    play.alert("rise", "escalated", sort="rise", severity="emergency")
    assert verbs(play.settle()) == ["rise uninhibited"]


@pytest.mark.parametrize("spoils", ["blind", "closed", "window", "eased"])
def test_what_no_longer_explains_lets_go(spoils: str) -> None:
    play = Play()
    play.alert("level", severity="warning")
    play.alert("rise", sort="rise", severity="watch", area="a")
    play.settle()
    if spoils == "blind":
        play.alert("level", "blind", severity="warning")
    elif spoils == "closed":
        play.act("level", "closed", cause="false")
    elif spoils == "eased":
        play.alert("level", "eased", severity="advisory")
    else:
        play.window("w", 0, 600, stations=["st-0"])
        play.alert("far", sort="rise", severity="watch", station=0, area="a")
    told = verbs(play.settle())
    assert "rise uninhibited" in told
    assert "inhibition" not in play.quiet("rise")


def test_shelving_what_explains_others_wakes_none_of_them() -> None:
    play = Play()
    play.alert("gw", sort="gateway")
    play.alert("s", sort="silent", severity="advisory")
    assert verbs(play.settle()) == ["s inhibited"]
    play.act("gw", "shelved", until=iso(T0 + 3600 * SECOND), why="có người đi")
    assert play.settle() == []


def test_statuses_never_mix() -> None:
    play = Play()
    play.alert("drill", severity="emergency", status="Exercise")
    play.alert("rise", sort="rise")
    play.alert("gw", sort="gateway", status="Exercise")
    play.alert("s", sort="silent", severity="advisory")
    assert play.settle() == []


def test_a_silent_gateway_is_one_alert() -> None:
    play = Play()
    for nth in range(3):
        play.alert(f"s{nth}", sort="silent", severity="advisory", station=nth % 2)
    play.alert("gw", sort="gateway", station=0)
    assert sorted(verbs(play.settle())) == ["s0 inhibited", "s2 inhibited"]
    assert play.quiet("s0") == ["gateway"]
    play.wait(4)
    assert {one.id for one in play.things} == {"gw", "s1"}


def test_a_cabinet_without_supply_explains_its_lamps() -> None:
    play = Play()
    play.alert("supply", sort="supply", severity="watch")
    play.alert("lamps", sort="lamps", severity="watch")
    play.alert("other", sort="lamps", severity="watch", station=1)
    assert verbs(play.settle()) == ["lamps inhibited"]


def test_a_window_keeps_its_station_quiet_while_it_lasts_and_no_longer() -> None:
    play = Play(Keeping(escalations=()))
    play.window("w", 60, 600, stations=["st-0"])
    play.alert("a", severity="emergency")
    play.alert("b", severity="emergency", station=1)
    assert play.settle() == []
    assert verbs(play.wait(61)) == ["a suppressed"]
    assert play.lives["a"].quiet["maintenance:w"].until == iso(T0 + 600 * SECOND)
    assert sorted(verbs(play.wait(540))) == ["a unsuppressed", "w ended"]
    assert play.lives["a"].label == "unacknowledged"


def test_a_window_of_kind_test_gives_status_test_and_takes_it_back() -> None:
    play = Play()
    play.alert("a")
    play.alert("drill", status="Exercise")
    play.window("w", 0, 600, kind="test", gateways=["gw-0"])
    play.settle()
    assert play.lives["a"].status == "Test"
    assert play.lives["drill"].status == "Exercise"
    play.wait(601)
    assert play.lives["a"].status == "Actual"


def test_a_window_over_an_area_keeps_no_danger_to_life_quiet() -> None:
    play = Play()
    play.window("w", 0, 600, areas=["a"])
    play.alert("flood", severity="watch")
    play.alert("door", sort="door", severity="warning")
    play.settle()
    assert (play.quiet("flood"), play.quiet("door")) == (["maintenance"], ["maintenance"])
    play.alert("flood", "escalated", severity="warning")
    assert verbs(play.settle()) == ["flood unsuppressed"]


def test_changing_a_window_moves_its_end_and_cancelling_it_lets_go_at_once() -> None:
    play = Play()
    play.alert("a")
    play.window("w", 0, 600, stations=["st-0"])
    play.settle()
    play.now += SECOND
    play.window("w", 0, 1200, "changed", stations=["st-0"])
    assert verbs(play.settle()) == ["a suppressed"]
    assert play.lives["a"].quiet["maintenance:w"].until == iso(T0 + 1200 * SECOND)
    play.window("w", 0, 1200, "cancelled", stations=["st-0"])
    assert verbs(play.settle()) == ["a unsuppressed"]


def test_a_window_written_for_a_year_ends_where_the_policy_says() -> None:
    play = Play()
    play.alert("a")
    play.window("w", 0, 365 * 86_400, stations=["st-0"])
    play.settle()
    assert play.lives["a"].quiet["maintenance:w"].until == iso(T0 + 72 * 3600 * SECOND)
    assert sorted(verbs(play.wait(72 * 3600))) == ["a unsuppressed", "w ended"]


def _door(play: Play, nth: int, every_s: float) -> None:
    play.alert(f"door-{nth}", sort="door")
    play.settle()
    play.wait(every_s / 2)
    play.alert(f"door-{nth}", "cleared", sort="door")
    play.wait(every_s / 2)


def test_a_door_that_opens_every_four_minutes_says_so_once() -> None:
    play = Play()
    for nth in range(24):
        _door(play, nth, 240)
    assert [one.id for one in play.things] == ["door-0", "door-1", "door-2", "door-3"]
    assert "lần trong" in play.things[-1].why.vi


def test_quiet_for_chattering_grows_and_is_bounded() -> None:
    play = Play(Keeping(chattering=Chattering(longest_s=1800)))
    untils = []
    for nth in range(60):
        play.alert(f"d{nth}", sort="door")
        play.settle()
        untils += [(micros(quiet.until or ""), play.now) for quiet in play.lives[f"d{nth}"].quiet.values()]
        play.alert(f"d{nth}", "cleared", sort="door")
        play.wait(20)
        play.wait(100)
    first = {until: min(now for end, now in untils if end == until) for until, _ in untils}
    assert {round((until - now) / SECOND) for until, now in first.items()} == {600, 1200, 1800}


def test_what_still_stands_when_its_chattering_is_over_speaks_again() -> None:
    play = Play(Keeping(escalations=()))
    for nth in range(4):
        _door(play, nth, 60)
    play.alert("stays", sort="door")
    assert verbs(play.settle()) == ["stays suppressed"]
    assert verbs(play.wait(600)) == ["stays unsuppressed"]
    play.wait(3)
    assert play.things[-1].id == "stays"


def test_a_storm_that_rises_rung_by_rung_is_not_chattering() -> None:
    play = Play()
    play.alert("rain", sort="rain", severity="advisory")
    for severity in ("watch", "warning", "emergency"):
        play.wait(30)
        play.alert("rain", "escalated", sort="rain", severity=severity)
    assert play.settle() == []
    assert len(play.things) >= 3


def test_a_rung_that_did_not_chatter_breaks_through() -> None:
    play = Play()
    for nth in range(4):
        _door(play, nth, 60)
    play.alert("door-9", sort="door")
    assert verbs(play.settle()) == ["door-9 suppressed"]
    play.alert("door-9", "escalated", sort="door", severity="warning")
    assert verbs(play.settle()) == ["door-9 unsuppressed"]
    play.wait(4)
    assert (play.things[-1].id, play.things[-1].severity) == ("door-9", "warning")


def test_an_emergency_of_public_safety_is_never_quiet_for_chattering() -> None:
    play = Play()
    for nth in range(6):
        play.alert(f"e{nth}", severity="emergency")
        assert play.settle() == []
        play.alert(f"e{nth}", "cleared", severity="emergency")
        play.wait(20)


def test_a_shelving_ends_at_its_time_and_the_alert_is_new_again() -> None:
    play = Play()
    play.alert("a")
    play.wait(4)
    play.act("a", "shelved", until=iso(play.now + 600 * SECOND), why="đã biết")
    assert play.wait(599) == []
    assert verbs(play.wait(1)) == ["a unshelved"]
    play.wait(4)
    assert [one.id for one in play.things] == ["a", "a"]


def test_what_a_person_stated_ends_at_its_time() -> None:
    play = Play()
    for origin in ("manual", "official_bulletin"):
        play.alert(origin, origin=origin, until=iso(T0 + 3600 * SECOND))
    play.alert("sensor", until=iso(T0 + 3600 * SECOND))
    assert play.settle() == []
    assert verbs(play.wait(3600)) == ["manual cleared", "official_bulletin cleared"]
    assert play.lives["manual"].cleared_at == T0 + 3600 * SECOND
    assert play.wait(3600) == []


STEPS = Keeping(
    rotas=(
        Rota(
            id="duty",
            shifts=(
                Shift(hours=Hours(start=6 * 60, end=14 * 60), people=("lan",)),
                Shift(hours=Hours(start=22 * 60, end=6 * 60), people=("minh",)),
            ),
        ),
    ),
    escalations=(
        Escalation(
            id="e", least="watch", steps=(Step(5, ("rota:duty",)), Step(15, ("binh", "role:approver")))
        ),
    ),
)


def _told(play: Play) -> list[tuple[int, list[str]]]:
    acts = [event["data"]["act"] for _, event in play.stored if event["type"].endswith(".overdue.v1")]
    return [(act["step"], act["to"]) for act in acts]


def test_who_is_told_next_follows_the_rota_and_ends_with_the_last_step() -> None:
    play = Play(STEPS)
    play.alert("a")
    play.wait(5 * MIN - 1)
    assert _told(play) == []
    play.wait(1)
    play.wait(10 * MIN)
    play.wait(600 * MIN)
    assert _told(play) == [(1, ["lan"]), (2, ["binh", "role:approver"])]


def test_at_night_others_are_on_duty() -> None:
    play = Play(STEPS)
    play.now = T0 + 20 * 3600 * SECOND  # 04:00 the next day
    play.alert("a")
    play.wait(5 * MIN)
    assert _told(play) == [(1, ["minh"])]


@pytest.mark.parametrize("ends", ["acknowledged", "closed", "cleared", "shelved"])
def test_nobody_is_called_for_what_somebody_took_up(ends: str) -> None:
    play = Play(STEPS)
    play.alert("a")
    play.wait(MIN)
    if ends == "cleared":
        play.alert("a", "cleared")
    else:
        play.act("a", ends, cause="false", until=iso(play.now + 3600 * SECOND), why="…")
    play.wait(30 * MIN)
    assert _told(play) == []


def test_getting_worse_begins_to_wait_anew() -> None:
    play = Play(STEPS)
    play.alert("a")
    play.wait(6 * MIN)
    play.alert("a", "escalated", severity="emergency")
    play.wait(5 * MIN)
    assert [step for step, _ in _told(play)] == [1, 1]


def test_within_one_situation_one_alert_calls() -> None:
    play = Play(STEPS)
    members = []
    for nth in range(5):
        play.alert(f"m{nth}", sort="rain", station=nth % 3)
        members.append({"alert_id": f"m{nth}"})
    play.put(
        "alerts.ben-da._.s",
        {
            "source": "/sites/ben-da",
            "type": "vn.haidang.situation.opened.v1",
            "subject": "s",
            "data": {"situation_id": "s", "state": "open", "joined": members, "left": []},
        },
    )
    play.wait(5 * MIN)
    assert len(_told(play)) == 1
    play.act("m0", "acknowledged")
    play.wait(2 * MIN)
    assert len(_told(play)) == 2


def test_a_keeper_that_was_away_does_what_is_due_late_and_says_so() -> None:
    play = Play(STEPS)
    play.alert("a")
    play.settle()
    play.act("a", "commented", text="…")
    play.now += 3 * 3600 * SECOND
    play.restart()
    play.settle()
    why = [e["data"]["act"]["why"] for _, e in play.stored if e["type"].endswith(".overdue.v1")]
    assert len(why) == 2
    assert "175 min late" in why[0]


def test_a_clock_that_jumps_back_and_forth_leaves_no_trace() -> None:
    play = Play(STEPS)
    play.alert("a")
    play.window("w", 60, 120, stations=["st-0"])
    play.wait(61)
    play.now -= 3600 * SECOND
    play.settle()
    play.now += 3600 * SECOND
    play.settle()
    play.wait(60)
    assert play.quiet("a") == []
    ids = [event["id"] for _, event in play.stored]
    assert len(ids) == len(set(ids))


def test_a_decision_that_came_too_late_is_refused_and_made_again() -> None:
    play = Play()
    play.alert("level", severity="warning")
    play.alert("rise", sort="rise")
    owed = play.book.decide(play.now)
    play.alert("rise", "escalated", sort="rise", severity="emergency")
    for one in owed:
        assert not play.put(one.subject, json.loads(one.data), one.expected)
        play.book.again(one.about)
    assert play.settle() == []


def test_another_sites_alerts_are_its_own() -> None:
    play = Play()
    play.alert("level", severity="warning")
    sequence = len(play.stored) + 1
    event = {**play.stored[0][1], "source": "/sites/child", "subject": "x"}
    play.book.take(sequence, play.now, event)
    assert set(play.book.lives) == {"level"}


def test_another_policy_counts_from_its_arrival() -> None:
    play = Play()
    play.alert("level", severity="warning")
    play.alert("rise", sort="rise")
    play.settle()
    play.policy = msgspec.structs.replace(play.policy, keeping=Keeping(inhibitions=()))
    play.book.change(site(), play.policy)
    assert verbs(play.settle()) == ["rise uninhibited"]


def test_what_nothing_touched_is_not_looked_at() -> None:
    play = Play()
    for nth in range(50):
        play.alert(f"a{nth}", sort="rain", station=nth % 3)
    play.settle()
    looked = []
    known = Book._decide

    def count(book: Book, life: object, now: int) -> object:
        looked.append(life)
        return known(book, life, now)  # type: ignore[arg-type]

    Book._decide = count  # type: ignore[method-assign, assignment]
    try:
        play.alert("new", sort="door")
        play.settle()
    finally:
        Book._decide = known  # type: ignore[method-assign]
    assert len(looked) == 1


def test_swinging_between_two_rungs_puts_no_call_off() -> None:
    """An emergency that eases and rises again every minute waits since it first was one."""
    play = Play()
    play.alert("a", severity="warning", sort="level")
    out: list[str] = []
    for _ in range(4):
        play.alert("a", "escalated", severity="emergency")
        out += verbs(play.wait(50))
        play.alert("a", "eased", severity="warning")
        out += verbs(play.wait(10))
    assert "a overdue" in out
    assert out.count("a overdue") == 1


def test_calling_begins_anew_when_it_rises_again_after_all_were_called() -> None:
    play = Play()
    play.alert("a", severity="emergency")
    assert verbs(play.wait(180) + play.wait(420)) == ["a overdue"] * 2
    play.alert("a", "eased", severity="watch")
    assert verbs(play.wait(3600)) == []
    play.alert("a", "escalated", severity="emergency")
    assert verbs(play.wait(179)) == []
    assert verbs(play.wait(1)) == ["a overdue"]
    assert play.lives["a"].step == 2, "the highest step that was told"


def test_what_was_closed_while_it_holds_is_open_again_after_the_longest_shelving() -> None:
    """Nothing is quiet for ever by accident; and whoever acknowledged it has gone home."""
    play = Play()
    play.alert("a")
    play.act("a", "acknowledged")
    play.act("a", "closed", cause="false")
    assert verbs(play.wait(24 * 3600 - 1)) == []
    play.restart()
    assert verbs(play.wait(1)) == ["a reopened"]
    assert (play.lives["a"].closing, play.lives["a"].label) == (None, "unacknowledged")
    assert verbs(play.wait(48 * 3600)) == []
    play.alert("b", "raised")
    play.act("b", "closed", cause="false")
    play.alert("b", "cleared")
    assert verbs(play.wait(48 * 3600)) == []


def test_a_shelving_that_ends_asks_for_a_new_look_and_a_person_who_ends_it_does_not() -> None:
    play = Play()
    for name in ("timed", "taken-back"):
        play.alert(name)
        play.act(name, "acknowledged")
        play.act(name, "shelved", until=iso(play.now + 600 * SECOND), why="đợi kỹ thuật")
    play.act("taken-back", "unshelved")
    play.wait(600)
    assert play.lives["timed"].label == "unacknowledged"
    assert play.lives["taken-back"].label == "acknowledged"


def test_a_clock_set_back_ends_a_second_shelving_to_the_same_instant_too() -> None:
    play = Play()
    play.alert("a")
    until = iso(play.now + 600 * SECOND)
    ids = []
    for _ in range(2):
        play.act("a", "shelved", until=until, why="đợi")
        owed = play.wait(600)
        assert verbs(owed) == ["a unshelved"]
        ids += [one.id for one in owed]
        play.now -= 600 * SECOND
    assert ids[0] != ids[1], "or the server would take the second for the first, sent again"


def test_a_rota_with_nobody_on_duty_swallows_no_call() -> None:
    nobody = Rota(id="flood", shifts=())
    steps = (Step(3, ("rota:flood",)),)
    keeping = Keeping(rotas=(nobody,), escalations=(Escalation(id="e", steps=steps),))
    play = Play(keeping)
    play.alert("a", severity="emergency")
    (owed,) = play.wait(180)
    assert json.loads(owed.data)["data"]["act"]["to"] == ["rota:flood", "role:operator"]


def test_an_alert_whose_own_people_were_not_called_speaks_for_itself() -> None:
    """In a situation one alert calls for all, but only those whom it called have heard."""
    flood = Escalation(id="flood", hazards=("flood",), steps=(Step(3, ("huong",)),))
    rest = Escalation(id="rest", steps=(Step(3, ("tuan",)),))
    play = Play(Keeping(escalations=(flood, rest)))
    play.alert("a", severity="emergency")
    play.alert("b", sort="rain", severity="emergency", station=1)
    play.alert("c", sort="lightning", severity="emergency", station=2)
    joined = [{"alert_id": name} for name in "abc"]
    data = {"situation_id": "s", "state": "open", "joined": joined, "left": []}
    kind = "vn.haidang.situation.opened.v1"
    play.put(f"alerts.{SITE}._.s", {"source": f"/sites/{SITE}", "type": kind, "subject": "s", "data": data})
    told = {one.about: json.loads(one.data)["data"]["act"]["to"] for one in play.wait(180)}
    assert told == {"a": ["huong"], "c": ["tuan"]}


def test_a_window_over_a_gateway_keeps_no_emergency_of_public_safety_quiet() -> None:
    """The technician is at the gateway: the water at its sensors is real."""
    play = Play()
    play.window("w", 0, 600, gateways=["gw-0"])
    play.alert("real", severity="emergency")
    play.alert("less", sort="rise", severity="watch")
    play.alert("gw", sort="gateway", severity="emergency")
    play.settle()
    assert {name: play.quiet(name) for name in ("real", "less", "gw")} == {
        "real": [],
        "less": ["inhibition", "maintenance"],
        "gw": ["maintenance"],
    }


def test_work_at_a_beach_keeps_no_lightning_quiet_there() -> None:
    """The crew changes a current meter; the strikes around it, and around them, are real."""
    play = Play()
    play.window("w", 0, 600, stations=["st-0"])
    play.alert("strikes", sort="lightning", severity="emergency")
    play.alert("water", severity="emergency")
    play.settle()
    assert (play.quiet("strikes"), play.quiet("water")) == ([], ["maintenance"])
