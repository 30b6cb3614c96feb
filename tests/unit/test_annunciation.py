"""What is new for an operator to look at, as plays."""

from typing import Any

from services.alerts.attention.annunciation import Attention
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from tests.support.keeping import SITE, T0, Play

MIN = 60.0


def told(play: Play) -> list[tuple[str, str, str]]:
    """Things so far, in few words."""
    return [(one.kind, one.id, one.severity) for one in play.things]


def situation(play: Play, verb: str, which: str, joined: list[str], **more: Any) -> None:
    """The keeper tells of a situation; its members by name, as the play knows them."""
    members = [
        {
            "alert_id": name,
            "hazard": play.lives[name].hazard,
            "rule": play.lives[name].rule,
            "family": {"flood-level": "river", "cabinet-door": "lamps"}.get(play.lives[name].rule, "rain"),
            "area": play.lives[name].area,
            "severity": play.lives[name].severity,
            "since": iso(play.now),
        }
        for name in joined
    ]
    data = {
        "situation_id": which,
        "kind": "storm",
        "name": {"vi": "Mưa dông", "en": "Storm"},
        "area": "_",
        "areas": [],
        "status": "Actual",
        "state": "open",
        "severity": "watch",
        "severity_max": "watch",
        "annunciate": False,
        "opened_at": iso(T0),
        "time": iso(play.now),
        "detected_at": iso(play.now),
        "reason": {"vi": "vì", "en": "because"},
        "open_members": len(joined),
        "members": [],
        "joined": members,
        "left": [],
        "cause": "x",
        "version": "v",
        **more,
    }
    play.put(
        f"alerts.{SITE}._.{which}",
        {
            "source": f"/sites/{SITE}",
            "type": f"vn.haidang.situation.{verb}.v1",
            "subject": which,
            "data": data,
        },
    )


def test_what_is_held_back_for_chattering_is_named_with_what_it_says() -> None:
    """A mail once said "it came 4 times in 15 min", and not what."""
    play = Play()
    for which in range(3):
        play.wait(10)
        play.alert(f"d{which}", sort="door", severity="watch")
        if which < 2:
            play.alert(f"d{which}", "cleared", sort="door", severity="watch")
    play.wait(5)
    assert [one.why.en for one in play.things if "held back" in one.why.en] == [
        "something – it came 3 times in 1 min; its sound is held back for a while"
    ]


def test_an_alert_is_a_thing_after_it_settled_and_again_when_it_gets_worse() -> None:
    play = Play()
    play.alert("a", severity="watch")
    play.wait(2)
    assert told(play) == []
    play.wait(1)
    play.alert("a", "eased", severity="advisory")
    play.wait(5)
    play.alert("a", "escalated", severity="watch")
    play.wait(5)
    assert told(play) == [("alert", "a", "watch")]
    play.alert("a", "escalated", severity="emergency")
    play.wait(5)
    assert told(play)[1:] == [("alert", "a", "emergency")]
    assert play.things[0].at == T0 + 3 * SECOND


def test_what_is_over_before_it_settled_is_none() -> None:
    play = Play()
    play.alert("a")
    play.now += SECOND
    play.alert("a", "cleared")
    play.wait(10)
    assert told(play) == []


def test_seeing_less_or_again_is_no_thing() -> None:
    play = Play()
    play.alert("a")
    play.wait(5)
    play.alert("a", "blind")
    play.alert("a", "sighted")
    play.wait(5)
    assert len(play.things) == 1


def test_what_is_kept_quiet_is_told_when_it_is_let_go_unless_somebody_knows() -> None:
    play = Play()
    play.window("w", 0, 600, gateways=["gw-0"])
    play.alert("a")
    play.alert("known")
    play.settle()
    play.act("known", "acknowledged")
    play.wait(599)
    assert told(play) == []
    play.wait(1)
    play.wait(3)
    assert told(play) == [("alert", "a", "watch")]


def test_what_another_alert_kept_quiet_is_told_when_that_is_over() -> None:
    """No clock ends that: it is the letting go alone that tells it."""
    play = Play()
    play.alert("level", severity="warning")
    play.settle()
    play.alert("rise", sort="rise", severity="watch")
    play.settle()
    play.wait(600)
    assert "rise" not in [one.id for one in play.things]
    play.alert("level", "cleared", severity="warning")
    play.settle()
    play.wait(10)
    assert told(play)[-1] == ("alert", "rise", "watch")


def test_a_keeper_that_is_away_keeps_nothing_quiet() -> None:
    play = Play()
    play.window("w", 0, 600, gateways=["gw-0"])
    play.alert("a")
    play.things += play.attention.due(play.now + 3 * SECOND)
    assert told(play) == [("alert", "a", "watch")]


def test_members_of_a_situation_are_told_by_it() -> None:
    play = Play()
    play.alert("r", sort="rain")
    play.wait(5)
    play.alert("l", severity="watch")
    situation(play, "opened", "s", ["r", "l"])
    play.wait(5)
    assert told(play) == [("alert", "r", "watch"), ("situation", "s", "watch")]
    assert set(play.things[-1].covers) == {"r", "l"}
    play.alert("l2", severity="watch", station=1)
    situation(play, "updated", "s", ["l2"])
    play.wait(600)
    assert len(play.things) == 2


def test_a_situation_that_gets_worse_says_so_at_once() -> None:
    play = Play()
    play.alert("r", sort="rain")
    situation(play, "opened", "s", ["r"])
    play.wait(5)
    play.alert("r", "escalated", sort="rain", severity="emergency")
    situation(play, "updated", "s", [], severity="emergency", annunciate=True)
    play.wait(5)
    assert told(play) == [("situation", "s", "watch"), ("situation", "s", "emergency")]


def test_inside_an_emergency_another_area_is_still_heard_and_gathered() -> None:
    play = Play()
    play.attention = Attention(SITE, names={"b": Text("Phường B", "Ward B")})
    play.alert("r", sort="rain", severity="emergency")
    situation(play, "opened", "s", ["r"], severity="emergency")
    play.wait(5)
    for nth, area in enumerate(("b", "c", "d")):
        play.alert(f"r{nth}", sort="rain", severity="warning", area=area, station=nth + 1)
        situation(play, "updated", "s", [f"r{nth}"], severity="emergency")
        play.wait(MIN)
    play.wait(10 * MIN)
    assert told(play) == [("situation", "s", "emergency"), ("situation", "s", "warning")]
    assert set(play.things[1].covers) == {"r0", "r1", "r2"}
    assert "Phường B" in play.things[1].why.vi
    assert play.things[1].at - play.things[0].at == 300 * SECOND


def test_danger_that_a_storm_does_not_show_waits_for_nothing() -> None:
    play = Play()
    play.alert("r", sort="rain", severity="emergency")
    situation(play, "opened", "s", ["r"], severity="emergency")
    play.wait(5)
    play.alert("leak", sort="door", severity="warning", rule="leakage")
    situation(play, "updated", "s", ["leak"], severity="emergency")
    play.wait(4)
    assert [one.covers for one in play.things[1:]] == [("leak",)]
    assert "rò điện" in play.things[-1].why.vi


def test_a_situation_that_goes_on_in_another_is_not_told_anew() -> None:
    play = Play()
    play.alert("r", sort="rain", severity="watch")
    situation(play, "opened", "s", ["r"])
    play.wait(5)
    situation(play, "opened", "wide", ["r"], takes=["s"])
    situation(play, "ended", "s", [], state="merged", merged_into="wide")
    play.wait(600)
    assert told(play) == [("situation", "s", "watch")]


def test_a_situation_whose_members_are_all_quiet_is_none() -> None:
    play = Play()
    play.window("w", 0, 6000, gateways=["gw-0"])
    play.alert("r", sort="rain")
    play.settle()
    situation(play, "opened", "s", ["r"])
    play.wait(5)
    assert told(play) == []


def test_whoever_follows_from_the_beginning_finds_the_same_things() -> None:
    play = Play()
    play.alert("a")
    play.wait(1)
    play.alert("b", sort="rain", severity="warning")
    play.wait(30)
    play.alert("a", "escalated", severity="emergency")
    play.wait(700)
    later = Attention(SITE)
    found = []
    for sequence, (stored_us, event) in enumerate(play.stored, 1):
        found += later.take(sequence, stored_us, event)
        assert later.take(sequence, stored_us, event) == []
    found += later.due(play.now)
    assert found == play.things
    assert later.next_due() is None


def test_memory_is_bounded_by_what_is_open() -> None:
    play = Play()
    for nth in range(50):
        play.alert(f"a{nth}", station=nth % 3)
        play.wait(4)
        play.alert(f"a{nth}", "cleared", station=nth % 3)
    assert not play.attention._lives
    assert not play.attention._told


def test_what_was_acknowledged_as_less_and_rises_again_is_told_again_in_a_situation_too() -> None:
    """Acknowledged as an emergency, eased for hours, an emergency once more: somebody must look again."""
    play = Play()
    play.alert("alone", severity="emergency")
    play.alert("member", sort="rain", severity="emergency", area="b")
    situation(play, "opened", "s", ["member"], severity="emergency")
    play.wait(10)
    before = len(play.things)
    for name in ("alone", "member"):
        sort, area = ("level", "a") if name == "alone" else ("rain", "b")
        play.act(name, "acknowledged")
        play.alert(name, "eased", sort=sort, severity="advisory", area=area)
        play.wait(4 * 60 * MIN)
        play.alert(name, "escalated", sort=sort, severity="emergency", area=area)
        play.wait(10)
    assert told(play)[before:] == [("alert", "alone", "emergency"), ("situation", "s", "emergency")]


def test_what_a_person_kept_quiet_until_a_time_is_told_when_it_comes_in_a_situation_too() -> None:
    play = Play()
    play.alert("shelved", severity="watch")
    play.alert("closed", severity="watch", sort="rain")
    situation(play, "opened", "s", ["shelved", "closed"])
    play.wait(10)
    before = len(play.things)
    play.act("shelved", "acknowledged")
    play.act("shelved", "shelved", until=iso(play.now + 600 * SECOND), why="đợi")
    play.act("closed", "closed", cause="false")
    play.wait(599)
    assert len(play.things) == before
    play.wait(5 * MIN)
    play.wait(10)
    assert [thing.covers for thing in play.things[before:]] == [("shelved",)]
    play.wait(24 * 60 * MIN)
    play.wait(10)
    assert [thing.covers for thing in play.things[before + 1 :]] == [("closed",)]


def rain_and_its_situation_late(play: Play, late_s: float) -> None:
    """Rain in two places; that it is a storm is told so late that the duty is seen to be behind."""
    play.alert("r0", sort="rain", severity="emergency")
    play.alert("r1", sort="rain", severity="emergency", station=1)
    play.wait(late_s)
    cause = play.stored[1][1]["id"]
    situation(play, "opened", "s", ["r0", "r1"], cause=cause, severity="emergency", annunciate=True)


def joins(play: Play, name: str) -> None:
    """The duty comes to an alert's event."""
    cause = next(event["id"] for _, event in play.stored if event.get("subject") == name)
    situation(play, "updated", "s", [name], cause=cause, severity="emergency")


def test_who_belongs_into_a_situation_waits_for_a_duty_that_is_behind() -> None:
    """Eight seconds behind, and nothing of it rings alone."""
    play = Play()
    rain_and_its_situation_late(play, 2)
    before = len(play.things)
    for n in range(2, 6):
        play.alert(f"r{n}", sort="rain", severity="advisory", station=n)
    for n in range(2, 6):
        play.wait(2)
        joins(play, f"r{n}")
    play.wait(60)
    assert [one for one in play.things[before:] if one.kind == "alert"] == []


def test_nobody_waits_for_a_duty_that_keeps_up_or_says_nothing() -> None:
    """As always when its last word was quick, or too long ago."""
    for late_s, silent_s in ((0.5, 0), (2, 6)):
        play = Play()
        rain_and_its_situation_late(play, late_s)
        play.wait(silent_s)
        begun = play.now
        play.alert("r2", sort="rain", severity="warning", station=2, area="b")
        play.alert("r3", sort="rise", severity="advisory", station=2)
        play.wait(30)
        assert [one.at - begun for one in play.things if one.id in ("r2", "r3")] == [3 * SECOND] * 2


def test_what_would_be_no_news_in_an_open_situation_waits_for_it_whatever_the_duty_says() -> None:
    """An advisory, for a quarter of a minute; then it is told: a keeper that is away hides nothing."""
    play = Play()
    rain_and_its_situation_late(play, 0.5)
    play.wait(60)
    begun = play.now
    play.alert("r2", sort="rain", severity="advisory", station=2)
    play.alert("r3", sort="rain", severity="emergency", station=3)
    play.wait(30)
    assert {one.id: one.at - begun for one in play.things[1:]} == {"r2": 15 * SECOND, "r3": 3 * SECOND}


def test_how_long_an_alert_waits_is_bounded_and_an_emergency_does_not() -> None:
    for severity, most_s in (("advisory", 15), ("watch", 15), ("warning", 5), ("emergency", 3)):
        play = Play()
        rain_and_its_situation_late(play, 2)
        begun = play.now
        play.alert("x", sort="rise", severity=severity, station=2, area="b")
        for n in range(3, 43):  # it goes on being behind, and never comes to it
            play.alert(f"r{n}", sort="rain", severity="emergency", station=n)
            play.wait(0.5)
            situation(play, "updated", "s", [], cause=play.stored[1][1]["id"], severity="emergency")
        assert [one.at - begun for one in play.things if one.id == "x"] == [most_s * SECOND], severity


def test_an_emergency_that_its_situation_has_told_may_wait_for_it() -> None:
    """The same phenomenon in the same area is no news; in another area it rings at once."""
    play = Play()
    rain_and_its_situation_late(play, 2)
    play.wait(3)
    begun = play.now
    play.alert("r2", sort="rain", severity="emergency", station=2)
    play.alert("r3", sort="rain", severity="emergency", station=3, area="b")
    situation(play, "updated", "s", [], cause=play.stored[1][1]["id"], severity="emergency")
    play.wait(4)
    assert [(one.id, one.at - begun) for one in play.things if one.at > begun] == [("r3", 3 * SECOND)]


def test_what_belongs_into_no_situation_never_waits() -> None:
    play = Play()
    rain_and_its_situation_late(play, 2)
    begun = play.now
    play.alert("d", sort="door", severity="advisory", station=2)
    play.wait(4)
    assert ("d", 3 * SECOND) in [(one.id, one.at - begun) for one in play.things]


def storm_in_a(play: Play, severity: str = "emergency") -> None:
    """Heavy rain in area `a` is a storm, told."""
    play.alert("r", sort="rain", severity=severity)
    situation(play, "opened", "s", ["r"], severity=severity)
    play.wait(5)
    assert told(play) == [("situation", "s", severity)]


def joined(play: Play, name: str, sort: str, severity: str, area: str, **more: Any) -> None:
    """An alert of the storm."""
    play.alert(name, sort=sort, severity=severity, area=area, station=len(play.lives), **more)
    situation(play, "updated", "s", [name], severity="emergency")


def test_a_watch_in_another_area_is_told_within_five_minutes_and_an_advisory_is_not() -> None:
    """Polluted water was told of two communes, and reached five more without a sound."""
    play = Play()
    storm_in_a(play)
    begun = play.now
    joined(play, "w", "rain", "watch", "b")
    joined(play, "little", "rain", "advisory", "c")
    play.wait(20 * MIN)
    assert [(one.covers, one.severity) for one in play.things[1:]] == [(("w",), "watch")]
    assert play.things[1].at <= begun + 303 * SECOND


def test_what_is_known_of_one_phenomenon_in_an_area_is_not_known_of_another() -> None:
    """Rain had been told of both areas; that the river rises in the second, of neither."""
    play = Play()
    storm_in_a(play)
    joined(play, "rain-b", "rain", "warning", "b")
    joined(play, "river-a", "level", "warning", "a")
    play.wait(6 * MIN)
    joined(play, "river-b", "level", "warning", "b")
    joined(play, "rain-b2", "rain", "warning", "b")
    play.wait(6 * MIN)
    assert [one.covers for one in play.things[1:]] == [("rain-b", "river-a"), ("river-b",)]
    assert "river flood (b)" in play.things[-1].why.en
    assert "lũ trên sông (b)" in play.things[-1].why.vi


def test_what_was_over_for_an_hour_and_comes_back_in_the_same_storm_is_told_again() -> None:
    for pause_min, again in ((50, 0), (70, 1)):
        play = Play()
        storm_in_a(play)
        joined(play, "b0", "rain", "warning", "b")
        play.wait(90 * MIN)
        play.alert("b0", "cleared", sort="rain", severity="warning", area="b")
        play.wait(pause_min * MIN)
        before = len(play.things)
        joined(play, "b1", "rain", "warning", "b")
        play.wait(6 * MIN)
        assert len(play.things) - before == again, pause_min


def test_what_still_goes_on_there_is_known_however_long_ago_it_was_told() -> None:
    play = Play()
    storm_in_a(play)
    joined(play, "b0", "rain", "warning", "b")
    play.wait(3 * 60 * MIN)
    joined(play, "b1", "rain", "warning", "b")
    play.wait(6 * MIN)
    assert len(play.things) == 2


def test_a_lone_alert_that_was_less_for_over_an_hour_is_told_when_it_rises_again() -> None:
    for pause_min, again in ((50, 0), (70, 1)):
        play = Play()
        play.alert("a", severity="emergency")
        play.wait(2 * 60 * MIN)
        play.alert("a", "eased", severity="watch")
        play.wait(pause_min * MIN)
        play.alert("a", "escalated", severity="emergency")
        play.wait(5)
        assert len(play.things) == 1 + again


def test_a_moment_that_nobody_heard_of_does_not_count_as_known() -> None:
    """Told as an emergency hours ago; up for two seconds, down, and up to stay: it is told."""
    play = Play()
    play.alert("a", severity="emergency")
    play.wait(5)
    play.alert("a", "eased", severity="watch")
    play.wait(2 * 60 * MIN)
    play.alert("a", "escalated", severity="emergency")
    play.wait(2)
    play.alert("a", "eased", severity="watch")
    play.wait(5)
    play.alert("a", "escalated", severity="emergency")
    play.wait(5)
    assert [one.severity for one in play.things] == ["emergency", "emergency"]


def test_a_storm_that_goes_on_in_a_wider_one_delays_no_emergency() -> None:
    """News was gathered in the first; the wider one rises meanwhile, and says so at once."""
    play = Play()
    storm_in_a(play, "warning")
    joined(play, "b", "rain", "warning", "b")
    play.wait(5)
    situation(play, "opened", "wide", ["r", "b"], severity="warning", takes=["s"])
    left = [{"alert_id": name, "time": iso(play.now), "why": "moved"} for name in ("r", "b")]
    situation(play, "ended", "s", [], state="merged", merged_into="wide", left=left)
    play.wait(5)
    play.alert("b", "escalated", sort="rain", severity="emergency", area="b")
    situation(play, "updated", "wide", [], severity="emergency", annunciate=True)
    risen = play.now
    play.wait(6 * MIN)
    assert [(one.at - risen, one.severity, one.covers) for one in play.things[1:]] == [
        (3 * SECOND, "emergency", ("r", "b"))
    ]
    assert play.things[-1].why.en == "Storm rose to emergency: reaching or worse: heavy rain (b)."


def test_news_gathered_in_a_storm_is_told_where_the_storm_goes_on() -> None:
    play = Play()
    storm_in_a(play, "warning")
    begun = play.now
    joined(play, "b", "rain", "warning", "b")
    play.wait(5)
    situation(play, "opened", "wide", ["r", "b"], severity="warning", takes=["s"])
    left = [{"alert_id": name, "time": iso(play.now), "why": "moved"} for name in ("r", "b")]
    situation(play, "ended", "s", [], state="merged", merged_into="wide", left=left)
    play.wait(10 * MIN)
    assert [(one.id, one.covers) for one in play.things[1:]] == [("wide", ("b",))]
    assert play.things[1].at <= begun + 303 * SECOND


def test_what_leaves_a_situation_before_that_told_it_is_told_for_itself() -> None:
    """Another release groups otherwise."""
    play = Play()
    storm_in_a(play)
    joined(play, "b", "rain", "watch", "b")
    play.wait(5)
    gone = {"alert_id": "b", "time": iso(play.now), "why": "regrouped"}
    situation(play, "updated", "s", [], left=[gone], severity="emergency")
    play.wait(20)
    assert told(play)[1:] == [("alert", "b", "watch")]


def test_a_situation_that_ends_before_it_was_told_leaves_nobody_untold() -> None:
    play = Play()
    play.alert("r", sort="rain", severity="warning")
    situation(play, "opened", "s", ["r"], severity="warning")
    play.now += SECOND
    situation(play, "ended", "s", [], state="ended", cause="regrouped")
    play.wait(4)
    assert told(play) == [("alert", "r", "warning")]


def test_what_came_and_went_before_it_was_told_is_told_as_that() -> None:
    play = Play()
    storm_in_a(play)
    joined(play, "b", "rain", "warning", "b")
    joined(play, "little", "level", "advisory", "c")
    play.wait(MIN)
    play.alert("b", "cleared", sort="rain", severity="warning", area="b")
    play.alert("little", "cleared", severity="advisory", area="c")
    play.wait(6 * MIN)
    assert [(one.covers, one.severity) for one in play.things[1:]] == [(("b",), "warning")]
    assert play.things[1].why.en == "Storm (emergency): come and gone (b)."
    assert not play.attention._told.keys() - {"r"}


def test_what_was_told_as_less_and_rose_just_before_a_wider_storm_took_it_is_told() -> None:
    play = Play()
    storm_in_a(play)
    play.alert("free", sort="rain", severity="watch", area="b")
    play.wait(20)
    assert told(play)[1:] == [("alert", "free", "watch")]
    play.alert("free", "escalated", sort="rain", severity="warning", area="b")
    situation(play, "opened", "wide", ["r", "free"], severity="emergency", takes=["s"])
    situation(play, "ended", "s", [], state="merged", merged_into="wide")
    play.wait(6 * MIN)
    assert [(one.id, one.covers) for one in play.things[2:]] == [("wide", ("free",))]


def test_what_is_quiet_until_a_time_is_told_then_though_the_keeper_is_away() -> None:
    """Nobody is told of what somebody acknowledged meanwhile."""
    play = Play()
    play.window("w", 0, 600, gateways=["gw-0"])
    play.alert("a")
    play.alert("known")
    play.settle()
    play.act("known", "acknowledged")
    play.things += play.attention.due(T0 + 500 * SECOND)
    assert told(play) == []
    play.things += play.attention.due(T0 + 604 * SECOND)
    assert [(one.id, one.at - T0) for one in play.things] == [("a", 603 * SECOND)]
