"""The keeper in a world that plays tricks: clocks that are set, policies that change, crowds."""

import time

import msgspec

from services.observation.instants import SECOND, iso
from services.policy.alerting import Policy
from services.policy.keeping import Chattering, Escalation, Hours, Inhibition, Keeping, Rota, Shift, Step
from tests.support.keeping import RULES, Play, site, verbs
from tests.unit.test_annunciation import situation

MIN, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def called(play: Play) -> list[tuple[str, int, list[str]]]:
    """Who was called for what, by which step."""
    return [
        (event["subject"], event["data"]["act"]["step"], event["data"]["act"]["to"])
        for _, event in play.stored
        if event["type"].endswith(".overdue.v1")
    ]


def escalation(*steps: tuple[float, str], **more: object) -> Escalation:
    return Escalation(id="e", steps=tuple(Step(after, (to,)) for after, to in steps), **more)  # type: ignore[arg-type]


def change(play: Play, **more: object) -> None:
    """Another policy from now on."""
    play.policy = Policy(keeping=msgspec.structs.replace(play.policy.keeping, **more))
    play.book.change(site(), play.policy)


# --- clocks -----------------------------------------------------------------------------------------


def test_a_clock_set_back_by_an_hour_puts_no_call_off_by_an_hour() -> None:
    for restarted in (False, True):
        play = Play(Keeping(escalations=(escalation((3, "lan")),)))
        play.alert("a", severity="emergency")
        play.settle()
        play.now -= round(HOUR * SECOND)
        if restarted:
            play.restart()
        play.settle()
        play.wait(3 * MIN)
        assert called(play) == [("a", 1, ["lan"])], restarted
        play.wait(2 * HOUR)
        assert len(called(play)) == 1


def test_a_clock_set_back_keeps_no_chatterer_quiet_for_an_hour_more() -> None:
    for restarted in (False, True):
        play = Play(Keeping(escalations=(), chattering=Chattering(first_s=600)))
        for nth in range(4):
            play.alert(f"d{nth}", sort="door")
            play.settle()
            if nth < 3:
                play.wait(30)
                play.alert(f"d{nth}", "cleared", sort="door")
                play.wait(30)
        assert play.quiet("d3") == ["chattering"]
        play.now -= round(HOUR * SECOND)
        if restarted:
            play.restart()
        play.settle()
        assert "d3 unsuppressed" in verbs(play.wait(600)), restarted


def test_a_window_is_by_the_clock_that_hangs_on_the_wall() -> None:
    """Set back before its beginning it holds nothing, and holds again when that comes anew."""
    play = Play(Keeping(escalations=()))
    play.alert("a")
    play.window("w", 60, 2 * HOUR, stations=["st-0"])
    assert verbs(play.wait(61)) == ["a suppressed"]
    play.now -= round(HOUR * SECOND)
    assert verbs(play.settle()) == ["a unsuppressed"]
    assert verbs(play.wait(HOUR)) == ["a suppressed"]
    assert sorted(verbs(play.wait(2 * HOUR))) == ["a unsuppressed", "w ended"]


def test_what_was_done_by_a_clock_that_was_a_year_ahead_keeps_nothing_quiet_for_a_year() -> None:
    play = Play(Keeping(escalations=()))
    for name in ("shelved", "closed", "known"):
        play.alert(name, severity="emergency", sort="rain", sensor=f"{name}.rain")
    play.now += round(365 * DAY * SECOND)
    play.act("shelved", "shelved", until=iso(play.now + 3600 * SECOND), why="…")
    play.act("closed", "closed", cause="false")
    play.act("known", "acknowledged")
    play.now -= round(365 * DAY * SECOND)
    play.restart()
    assert sorted(verbs(play.wait(1))) == ["closed reopened", "known realarmed", "shelved unshelved"]
    assert [life.label for life in play.lives.values()] == ["unacknowledged"] * 3
    assert play.wait(60) == []


def test_a_clock_that_leaps_ahead_and_comes_back_calls_nobody_twice() -> None:
    play = Play(Keeping(escalations=(escalation((3, "lan"), (10, "minh")),)))
    play.alert("a", severity="emergency")
    play.settle()
    play.wait(HOUR)
    play.now -= round(HOUR * SECOND)
    play.settle()
    play.wait(2 * HOUR)
    assert called(play) == [("a", 1, ["lan"]), ("a", 2, ["minh"])]


# --- policies that change while somebody waits ------------------------------------------------------


def test_whoever_takes_the_place_of_those_who_did_not_come_is_called_for_what_still_waits() -> None:
    """The names in the file were wrong; it is corrected while the emergency goes on."""
    play = Play(Keeping(escalations=(escalation((3, "wrong"), (10, "gone")),)))
    play.alert("a", severity="emergency")
    play.wait(3 * MIN)
    play.wait(20 * MIN)
    change(play, escalations=(escalation((3, "lan"), (10, "gone")),))
    play.settle()
    play.wait(HOUR)
    assert called(play)[2:] == [("a", 1, ["lan"])], "who was called already is not called for it"
    play.restart()
    assert play.settle() == []


def test_a_rota_that_is_edited_while_an_alert_waits_calls_who_is_on_duty_by_it() -> None:
    def rota(*people: str) -> tuple[Rota, ...]:
        return (Rota(id="r", shifts=(Shift(people=people),)),)

    play = Play(Keeping(rotas=rota("lan"), escalations=(escalation((3, "rota:r")),)))
    play.alert("a", severity="emergency")
    play.wait(4 * MIN)
    change(play, rotas=rota("lan", "minh"))
    assert play.wait(HOUR) == [], "one of them was called"
    change(play, rotas=rota("minh"))
    play.settle()
    assert play.wait(HOUR) == []
    assert [to for _, _, to in called(play)] == [["lan"], ["minh"]]


def test_a_rota_whose_shift_ends_or_that_has_nobody_calls_once() -> None:
    nights = Rota(id="r", shifts=(Shift(hours=Hours(start=22 * 60, end=6 * 60), people=("minh",)),))
    play = Play(Keeping(rotas=(nights,), escalations=(escalation((3, "rota:r")),)))
    play.alert("a", severity="emergency")  # 08:00
    for _ in range(30):
        play.wait(HOUR)
    assert called(play) == [("a", 1, ["rota:r", "role:operator"])]


def test_a_table_that_is_taken_away_calls_nobody_and_given_back_calls_the_rest() -> None:
    tables = (escalation((3, "lan"), (10, "minh")),)
    play = Play(Keeping(escalations=tables))
    play.alert("a", severity="emergency")
    play.wait(4 * MIN)
    change(play, escalations=())
    assert play.wait(HOUR) == []
    change(play, escalations=tables)
    play.settle()
    assert [to for _, _, to in called(play)] == [["lan"], ["minh"]]


def test_who_swings_through_a_rung_that_nobody_is_called_for_calls_nobody_twice() -> None:
    play = Play(Keeping(escalations=(escalation((3, "lan"), (10, "minh"), least="emergency"),)))
    play.alert("a", severity="emergency")
    play.wait(4 * MIN)
    play.alert("a", "eased", severity="advisory")
    play.wait(30)
    play.alert("a", "escalated", severity="watch")
    play.wait(30)
    play.alert("a", "escalated", severity="emergency")
    play.wait(1)
    assert called(play) == [("a", 1, ["lan"])]
    play.wait(6 * MIN)
    assert called(play)[1:] == [("a", 2, ["minh"])]


# --- one speaks for all -----------------------------------------------------------------------------


def test_whoever_speaks_for_others_has_told_those_whom_they_would_call_now() -> None:
    """Lan was called before two; at two Minh comes on duty, and has heard of nothing."""
    rota = Rota(
        id="r",
        shifts=(
            Shift(hours=Hours(start=6 * 60, end=8 * 60 + 4), people=("lan",)),
            Shift(hours=Hours(start=8 * 60 + 4, end=22 * 60), people=("minh",)),
        ),
    )
    play = Play(Keeping(rotas=(rota,), escalations=(escalation((3, "rota:r")),)))
    play.alert("a", sort="rain", severity="emergency")
    play.wait(2 * MIN)
    for nth in (1, 2):
        play.alert(f"b{nth}", sort="rain", severity="emergency", station=nth)
    situation(play, "opened", "s", ["a", "b1", "b2"])
    play.wait(MIN)
    play.wait(10 * MIN)
    play.wait(MIN)
    assert called(play) == [("a", 1, ["lan"]), ("b1", 1, ["minh"])]


def test_what_another_alert_had_called_for_is_not_said_to_be_late_for_want_of_a_keeper() -> None:
    play = Play(Keeping(escalations=(escalation((3, "lan")),)))
    for name in ("a", "b"):
        play.alert(name, sort="rain", severity="emergency", sensor=f"{name}.rain")
    situation(play, "opened", "s", ["a", "b"])
    play.wait(3 * MIN)
    for _ in range(20):
        play.wait(MIN)
    play.act("a", "acknowledged")
    play.wait(MIN)
    assert [name for name, _, _ in called(play)] == ["a", "b"]
    why = play.stored[-1][1]["data"]["act"]["why"]
    assert "keeper" not in why
    assert "21 min late" in why


def test_whatever_becomes_of_the_one_that_speaks_the_others_speak_within_a_minute() -> None:
    for how in ("acknowledged", "shelved", "closed", "cleared", "eased", "left", "window"):
        play = Play(Keeping(escalations=(escalation((3, "lan")),)))
        for nth, name in enumerate(("a", "b")):
            play.alert(name, sort="rain", severity="emergency", station=nth)
        situation(play, "opened", "s", ["a", "b"])
        play.wait(3 * MIN)
        assert [name for name, _, _ in called(play)] == ["a"]
        if how in ("cleared", "eased"):
            play.alert("a", how, sort="rain", severity="emergency" if how == "cleared" else "watch")
        elif how == "left":
            member = {"alert_id": "a", "hazard": "flood", "rule": "rain", "family": "rain", "area": "a"}
            gone = member | {"severity": "emergency", "since": iso(play.now)}
            situation(play, "updated", "s", [], left=[gone])
        elif how == "window":
            play.window("w", 0, DAY, stations=["st-0"])
        else:
            play.act("a", how, until=iso(play.now + 3600 * SECOND), why="…", cause="false")
        play.settle()
        play.wait(MIN)
        assert [name for name, _, _ in called(play)] == ["a", "b"], how


# --- crowds, places and statuses --------------------------------------------------------------------


def test_what_chatters_in_an_exercise_takes_no_sound_from_what_chatters_in_earnest() -> None:
    play = Play(Keeping(escalations=()))
    for status in ("Exercise", "Actual"):
        for nth in range(5):
            play.alert(f"{status}-{nth}", sort="door", status=status)
            play.settle()
            play.wait(20)
            play.alert(f"{status}-{nth}", "cleared", sort="door", status=status)
            play.wait(20)
    said = [thing for thing in play.things if "lần trong" in thing.why.vi]
    assert [thing.status for thing in said] == ["Exercise", "Actual"]


def test_a_crowd_that_explains_and_is_explained_in_one_area_is_decided_at_once() -> None:
    """Thousands of alerts of one area: it took the product of both."""
    entry = Inhibition(id="x", by=("flood-level",), quiets=("rain",), within="area", why=site().name)
    play = Play(Keeping(escalations=(), inhibitions=(entry,)))
    count = 800
    for nth in range(count):
        play.alert(f"l{nth}", severity="warning", sensor=f"l{nth}")
        play.alert(f"r{nth}", sort="rain", sensor=f"r{nth}")
    begun = time.process_time()
    owed = play.book.decide(play.now)
    assert time.process_time() - begun < 1
    assert len(owed) == count
    assert {one.verb for one in owed} == {"inhibited"}


def test_a_station_that_is_taken_from_the_site_leaves_its_alert_open_to_everything() -> None:
    play = Play(Keeping(escalations=(escalation((3, "lan")),)))
    play.alert("a", severity="emergency", station=2)
    play.window("w", 600, 1200, areas=["gone"], stations=["st-2"])
    play.book.change(site(stations=1), play.policy)
    play.wait(3 * MIN)
    assert called(play) == [("a", 1, ["lan"])]
    assert verbs(play.wait(8 * MIN)) == ["a suppressed"]
    assert sorted(verbs(play.wait(11 * MIN))) == ["a overdue", "a unsuppressed", "w ended"][1:]


def test_a_window_over_an_area_keeps_no_current_in_a_street_quiet() -> None:
    RULES["leak"] = ("lighting", "leakage", "leakage_current")
    play = Play(Keeping(escalations=()))
    play.window("w", 0, DAY, areas=["a"])
    play.alert("leak", sort="leak", severity="warning")
    play.alert("door", sort="door", severity="warning")
    del RULES["leak"]
    assert verbs(play.settle()) == ["door suppressed"]
