"""What was acknowledged long ago and still holds: when it comes back, once, and what speaks for it."""

from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.alerts.load.book import LoadBook
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.keeping import Keeping, Realarm
from services.policy.road_nouns import Road
from services.roads.notices import Desk
from services.roads.places import Places
from services.roads.queued import Queue
from services.roads.words import words
from tests.support.keeping import RULES, SITE, T0, Play, site, verbs
from tests.unit.test_annunciation import situation, told

HOUR = 3600.0
ONE = Keeping(escalations=(), realarms=(Realarm(id="all", least="watch", after_h=1.0),))
"""Everything from watch on comes back after an hour, and nobody is called."""


def held(play: Play, name: str, sort: str = "level", severity: str = "warning", **more: Any) -> None:
    """An alert that somebody acknowledged."""
    play.alert(name, sort=sort, severity=severity, **more)
    play.wait(4)
    play.act(name, "acknowledged")


def test_what_holds_long_after_it_was_acknowledged_comes_back_and_calling_begins_anew() -> None:
    play = Play()
    held(play, "a", severity="emergency")
    at = play.now
    assert verbs(play.wait(2 * HOUR - 1)) == []
    assert verbs(play.wait(1)) == ["a realarmed"]
    life = play.lives["a"]
    assert (life.label, life.step, life.acknowledged_by) == ("unacknowledged", 0, None)
    assert life.realarmed is not None
    assert (life.realarmed.acknowledged_by, life.realarmed.acknowledged_at) == ("lan", at)
    assert verbs(play.wait(180) + play.wait(420)) == ["a overdue"] * 2
    assert play.lives["a"].step == 2


def test_each_acknowledgement_counts_for_so_long_and_no_more_comes_of_it() -> None:
    play = Play(ONE)
    held(play, "a")
    assert verbs(play.wait(HOUR)) == ["a realarmed"]
    assert verbs(play.wait(9 * HOUR)) == [], "nobody looked: the calls are what goes on"
    play.act("a", "acknowledged", by="minh")
    assert play.lives["a"].realarmed is None
    assert verbs(play.wait(HOUR)) == ["a realarmed"]
    act = play.stored[-1][1]["data"]["act"]
    assert (
        act["why"] == "minh xác nhận 1 giờ trước mà vẫn còn · minh acknowledged it 1 h ago and it still holds"
    )


def test_what_is_less_than_a_warning_never_comes_back_and_a_danger_once_in_a_shift() -> None:
    play = Play()
    held(play, "watch", severity="watch")
    held(play, "danger", sort="rain", severity="warning")
    held(play, "door", sort="door", severity="warning", station=1)
    out = [(hour, one) for hour in range(1, 49) for one in verbs(play.wait(HOUR)) if "realarmed" in one]
    assert out == [(8, "danger realarmed"), (24, "door realarmed")]


@pytest.mark.parametrize("how", ["shelved", "closed", "window", "explained"])
def test_nothing_comes_back_while_it_is_kept_quiet_and_then_it_does(how: str) -> None:
    play = Play(ONE)
    held(play, "a", sort="rise")
    if how == "window":
        play.window("w", 0, 2 * HOUR, stations=["st-0"])
    elif how == "explained":
        play.alert("level", severity="emergency")
        play.act("level", "acknowledged")
    else:
        play.act("a", how, until=iso(play.now + round(2 * HOUR * SECOND)), why="…", cause="false")
    quiet = verbs(play.wait(1) + play.wait(HOUR + 60))
    assert "a realarmed" not in quiet
    if how == "explained":
        assert "level realarmed" in quiet
        play.alert("level", "cleared", severity="emergency")
        play.wait(120)
        assert play.lives["a"].realarmed is not None
    elif how == "window":
        assert "a realarmed" in verbs(play.wait(HOUR) + play.wait(120))
    else:
        ends = verbs(play.wait(25 * HOUR))
        assert ends == [f"a {'unshelved' if how == 'shelved' else 'reopened'}"], "which is a sound already"


def test_forty_old_alerts_come_back_one_in_two_minutes_the_worst_first() -> None:
    play = Play(ONE)
    for nth in range(40):
        play.alert(
            f"a{nth:02}", "raised", "rain", "warning" if nth % 4 else "emergency", sensor=f"s{nth}.rain"
        )
        play.act(f"a{nth:02}", "acknowledged")
    play.wait(4)
    rung = [verbs(play.wait(HOUR))] + [verbs(play.wait(30)) for _ in range(4 * 39)]
    assert all(len(one) <= 1 for one in rung)
    order = [one[0].split()[0] for one in rung if one]
    assert order == sorted(order, key=lambda name: (int(name[1:]) % 4 > 0, name))
    assert len(order) == 40
    restarted = [nth for nth, one in enumerate(rung) if one]
    assert all(after - before == 4 for before, after in pairwise(restarted))


def test_an_exercise_keeps_nothing_real_waiting() -> None:
    play = Play(ONE)
    for nth in range(3):
        held(play, f"drill{nth}", severity="emergency", status="Exercise", sensor=f"s{nth}.rain")
    held(play, "real", sort="door", severity="warning")
    assert verbs(play.wait(HOUR)) == ["real realarmed"]


def test_a_situation_that_calls_or_was_looked_at_speaks_for_its_members() -> None:
    play = Play(ONE)
    for name in ("old", "other"):
        held(play, name, sort="rain", station=len(name) % 2)
    situation(play, "opened", "s", ["old", "other"])
    play.wait(HOUR / 2)
    play.alert("new", severity="emergency", station=2)
    situation(play, "updated", "s", ["new"])
    assert verbs(play.wait(HOUR / 2)) == [], "the new one calls"
    play.act("new", "acknowledged")
    assert verbs(play.wait(HOUR - 1)) == [], "and somebody looked"
    assert verbs(play.wait(1)) == ["new realarmed"]
    assert verbs(play.wait(HOUR - 1)) == [], "one of them calls for all"
    play.alert("new", "cleared", severity="emergency", station=2)
    assert verbs(play.wait(1) + play.wait(600)) == ["old realarmed"], "until it is over"


def test_a_member_that_leaves_or_whose_situation_ends_counts_for_itself() -> None:
    for how in ("left", "ended", "merged"):
        play = Play(ONE)
        held(play, "old", sort="rain")
        situation(play, "opened", "s", ["old"])
        play.wait(HOUR - 60)
        play.alert("new", severity="emergency", station=2)
        situation(play, "updated", "s", ["new"])
        assert verbs(play.wait(120)) == []
        if how == "left":
            member = {"alert_id": "old", "hazard": "flood", "rule": "rain", "family": "rain", "area": "a"}
            more = {"severity": "warning", "since": iso(play.now)}
            situation(play, "updated", "s", [], left=[member | more])
        elif how == "ended":
            situation(play, "ended", "s", [], state="ended")
        else:
            situation(play, "opened", "t", ["old"], takes=["s"])
            situation(play, "ended", "s", [], state="merged", merged_into="t")
        assert verbs(play.settle()) == ([] if how == "merged" else ["old realarmed"]), how
        play.restart()
        assert verbs(play.settle()) == [], how


def test_what_was_acknowledged_by_itself_speaks_for_those_it_is_joined_with() -> None:
    play = Play(ONE)
    held(play, "old", sort="rain")
    play.wait(HOUR - 60)
    held(play, "later", sort="rain", station=1)
    situation(play, "opened", "s", ["old", "later"])
    assert verbs(play.wait(HOUR - 1)) == []
    assert verbs(play.wait(1)) == ["later realarmed"]


def test_current_in_a_street_is_spoken_for_by_no_storm() -> None:
    RULES["leak"] = ("lighting", "leakage", "leakage_current")
    play = Play(ONE)
    held(play, "leak", sort="leak")
    situation(play, "opened", "s", ["leak"])
    play.wait(HOUR / 2)
    play.alert("new", severity="emergency", station=2)
    situation(play, "updated", "s", ["new"])
    assert verbs(play.wait(HOUR / 2)) == ["leak realarmed"]
    del RULES["leak"]


def test_a_keeper_that_begins_anew_brings_it_back_once() -> None:
    play = Play(ONE)
    held(play, "a")
    held(play, "b", sort="rain")
    play.now += round(HOUR * SECOND)
    play.restart()
    assert play.keep(most=0) != []
    play.restart()
    assert verbs(play.settle()) == ["a realarmed"]
    play.restart()
    assert verbs(play.settle()) == [], "the other one waits its two minutes, whoever keeps"
    assert verbs(play.wait(120)) == ["b realarmed"]
    assert len({event["id"] for _, event in play.stored}) == len(play.stored)


def test_another_policy_counts_for_what_was_acknowledged_before() -> None:
    play = Play(ONE)
    held(play, "a")
    never = msgspec.structs.replace(ONE, realarms=(Realarm(id="never", after_h=0.0), *ONE.realarms))
    play.book.change(site(), msgspec.structs.replace(play.policy, keeping=never))
    assert verbs(play.wait(30 * HOUR)) == []
    play.book.change(site(), play.policy)
    assert verbs(play.settle()) == ["a realarmed"]


def test_what_comes_back_is_one_thing_that_says_who_knew() -> None:
    play = Play(ONE)
    held(play, "a")
    play.wait(HOUR)
    play.wait(4)
    assert told(play) == [("alert", "a", "warning")] * 2
    thing = play.things[-1]
    assert thing.again
    assert thing.why.vi == "Vẫn còn, lan xác nhận 1 giờ trước: có chuyện"
    play.wait(HOUR)
    assert len(play.things) == 2


def test_within_a_situation_it_is_told_by_it_as_what_still_goes_on() -> None:
    play = Play(ONE)
    play.alert("a", sort="rain", severity="warning")
    situation(play, "opened", "s", ["a"])
    play.wait(4)
    play.act("a", "acknowledged")
    play.wait(HOUR)
    play.wait(4)
    assert told(play) == [("situation", "s", "warning")] * 2
    assert (play.things[-1].again, play.things[-1].covers) == (True, ("a",))
    assert "vẫn còn, cần xem lại (a)" in play.things[-1].why.vi
    assert "reaching" not in play.things[-1].why.en


def test_it_counts_as_a_sound_and_waits_for_an_answer_since_then() -> None:
    play, book = Play(ONE), LoadBook()
    held(play, "a")
    play.wait(HOUR)
    for sequence, (stored_us, event) in enumerate(play.stored, 1):
        book.take(sequence, stored_us, event)
    case = book.cases["a"]
    assert [round((sound.at - T0) / SECOND) for sound in case.sounds] == [0, 3604]
    assert case.waiting_since == play.now
    book.due(play.now + 10 * SECOND)
    assert len(book.things_of(SITE)) == 2


def test_people_are_told_that_it_still_holds_and_a_loudspeaker_is_not() -> None:
    play = Play(ONE)
    held(play, "a")
    play.wait(HOUR)
    desk = Desk(SITE)
    road = Road(id="mail", kind="email", to=("lan",))
    mail = Queue(road, 0, 0, ())
    horn = Queue(Road(id="horn", kind="loudspeaker"), 0, 0, ())
    notices = [
        one for nth, (at, event) in enumerate(play.stored, 1) for one in desk.take(nth, at, event)
    ] + desk.due(play.now + 10 * SECOND)
    for notice in notices:
        for queue in (mail, horn):
            queue.put(notice, 0)
    assert ([one.kind for one in notices], len(mail), len(horn)) == (["new", "again"], 2, 1)
    said = words(notices[-1], Places(Text("Bến Đá", "Ben Da"), ZoneInfo("UTC")), ("vi", "en"), road)
    assert said.title.startswith("[VẪN CÒN] NGẬP, LŨ – Cảnh báo")
    assert "[STILL HOLDS]" in said.title
    assert "lan acknowledged it 1 h ago" in said.text
