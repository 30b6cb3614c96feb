"""Situations: several alerts told as one thing that unfolds, whatever the cut, whoever restarts."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts import situation
from services.alerts.situation import MEMBERS_TOLD, Unfolding
from services.alerts.situation.kinds import DEFAULT, FAMILIES, KINDS, Grouping, family_of
from services.observation.event import SEVERITIES, CloudEvent
from services.observation.instants import SECOND, micros
from tests.support.situations import SORTS, T0, Stream, alert, essence, verbs

# What makes one.


def test_one_alert_is_no_situation_and_two_of_different_kinds_are_one_storm() -> None:
    stream = Stream()
    assert stream.live(alert("r", sort="rain")) == []
    told = stream.live(alert("l", sort="lightning", minute=5))
    assert verbs(told) == ["storm@a opened 2"]
    assert [member.alert_id for member in told[0].data.joined] == ["r", "l"]
    assert [member.family for member in told[0].data.members] == ["rain", "lightning"]
    assert told[0].data.reason.en == (
        "Storm at a: 2 alerts of heavy rain and lightning at the same time, told as one situation."
    )
    assert told[0].data.reason.vi.startswith("Mưa dông tại a: 2 cảnh báo mưa lớn và sét cùng lúc")


@pytest.mark.parametrize(
    ("sorts", "kind"),
    [
        (("rain", "lightning"), "storm"),
        (("rain", "street"), "storm"),
        (("lightning", "tree"), "storm"),
        (("river", "street"), "flood"),
        (("river", "tide"), "flood"),
        (("rip", "tide"), "sea"),
        (("oxygen", "oxygen"), "water"),
        (("eyes", "eyes", "eyes"), "outage"),
        (("rain", "rain"), None),
        (("river", "river"), None),
        (("rain", "lamps"), None),
        (("rain", "noise"), None),
        (("rip", "air"), None),
        (("air", "air", "so2"), None),
        (("rain", "dry"), None),
        (("oxygen",), None),
        (("eyes", "eyes"), None),
        (("tide", "lightning"), None),
    ],
)
def test_what_belongs_together_by_the_table(sorts: tuple[str, ...], kind: str | None) -> None:
    stream = Stream()
    told = stream.live(*(alert(f"{n}", sort=sort, minute=n) for n, sort in enumerate(sorts)))
    assert [event.data.kind for event in told] == ([kind] if kind else [])


def test_alerts_of_different_areas_or_an_exercise_are_not_mixed() -> None:
    stream = Stream()
    told = stream.live(
        alert("r", sort="rain"),
        alert("l", sort="lightning", area="b"),
        alert("x", sort="lightning", status="Exercise"),
    )
    assert told == []
    told = stream.live(alert("y", sort="rain", status="Exercise", minute=1))
    assert [(event.data.status, event.data.open_members) for event in told] == [("Exercise", 2)]


def test_lamps_dark_in_a_storm_are_its_consequence_and_make_none() -> None:
    stream = Stream()
    told = stream.live(alert("d", sort="lamps"), alert("r", sort="rain"), alert("l", sort="lightning"))
    assert verbs(told) == ["storm@a opened 3"]
    assert {m.alert_id: m.consequence for m in told[0].data.members} == {"d": True, "r": False, "l": False}


def test_a_flood_that_meets_rain_goes_up_in_a_storm() -> None:
    stream = Stream()
    flood = stream.live(alert("q", sort="street"), alert("w", sort="river"))[0]
    told = stream.live(alert("r", sort="rain", minute=9))
    assert verbs(told) == ["storm@a opened 3", "flood@a ended 0"]
    storm, ended = told
    assert (ended.data.state, ended.data.merged_into) == ("merged", storm.subject)
    assert storm.data.takes == [flood.subject]
    assert storm.data.opened_at == flood.data.opened_at
    assert "Storm" in ended.data.reason.en


def test_an_alert_that_is_in_one_situation_is_not_taken_by_another() -> None:
    stream = Stream()
    sea = stream.live(alert("p", sort="rip"), alert("t", sort="tide"))[0]
    assert verbs([sea]) == ["sea@a opened 2"]
    told = stream.live(alert("r", sort="rain"), alert("x", sort="tree"))
    assert [member.alert_id for member in told[0].data.joined] == ["r", "x"]
    assert verbs(told) == ["storm@a opened 2"]


# Members come and go.


def test_a_member_that_joins_makes_no_sound_unless_the_severity_rises() -> None:
    stream = Stream()
    story = [
        alert("r", sort="rain", severity="watch"),
        alert("l", sort="lightning", severity="watch", minute=1),
        alert("t", sort="tree", severity="advisory", minute=2),
        alert("t", "escalated", sort="tree", severity="watch", minute=3),
        alert("s", sort="street", severity="warning", minute=4),
        alert("s", "eased", sort="street", severity="advisory", minute=5),
        alert("s", "escalated", sort="street", severity="emergency", minute=6),
        alert("s", "cleared", sort="street", severity="emergency", minute=7),
    ]
    told = [
        (situation.verb_of(event.type), event.data.severity, event.data.annunciate)
        for event in stream.live(*story)
    ]
    assert told == [
        ("opened", "watch", False),  # the alerts made their own sound; nothing became worse
        ("updated", "watch", False),  # the tree joins
        # the tree at watch, as bad as the rest, is nothing new
        ("updated", "warning", True),
        ("updated", "watch", False),
        ("updated", "emergency", True),
        ("updated", "watch", False),
    ]
    assert stream.situations[-1].data.severity_max == "emergency"
    assert "Now watch, was emergency." in stream.situations[-1].data.reason.en


def test_the_blind_and_the_acknowledged_stay_members() -> None:
    stream = Stream()
    stream.live(alert("r", sort="rain"), alert("l", sort="lightning"))
    assert stream.live(alert("r", "blind", sort="rain"), alert("l", "acknowledged", sort="lightning")) == []
    assert len(stream.reader.grouper.alert(alert("r", "cleared", sort="rain"), 99, 0)) == 1


def test_it_ends_when_all_were_over_for_the_window_and_not_before() -> None:
    stream = Stream()
    stream.live(alert("r", sort="rain"), alert("l", sort="lightning"))
    stream.live(alert("r", "cleared", sort="rain", minute=10))
    told = stream.live(alert("l", "cleared", sort="lightning", minute=20))
    assert verbs(told) == ["storm@a updated 0"]
    assert told[0].data.ends_at == "2025-11-20T02:20:00Z"
    assert "ends if none joins within 60 min" in told[0].data.reason.en
    assert stream.clock(79.9) == []
    assert verbs(stream.clock(80.0)) == ["storm@a ended 0"]
    assert stream.situations[-1].data.time == "2025-11-20T02:20:00Z"
    assert stream.clock(200.0) == []


def test_who_comes_within_the_window_joins_and_who_comes_after_it_begins_anew() -> None:
    stream = Stream()
    first = stream.live(alert("r", sort="rain"), alert("l", sort="lightning"))[0].subject
    stream.live(
        alert("r", "cleared", sort="rain", minute=10), alert("l", "cleared", sort="lightning", minute=20)
    )
    told = stream.live(alert("s", sort="street", minute=79))
    assert [(event.subject, event.data.ends_at) for event in told] == [(first, None)]
    stream.live(alert("s", "cleared", sort="street", minute=90))
    # By the alerts' own time: a replay of years tells each storm by itself.
    told = stream.live(alert("r2", sort="rain", minute=150), alert("l2", sort="lightning", minute=151))
    assert verbs(told) == ["storm@a ended 0", "storm@a opened 2"]
    assert told[0].data.time == "2025-11-20T03:30:00Z"
    assert told[1].subject != first


# Many areas.


def test_three_areas_with_a_storm_are_one_of_the_whole_site() -> None:
    stream = Stream()
    story = [alert(f"{area}-{sort}", sort=sort, area=area) for area in "abc" for sort in ("street", "tree")]
    told = stream.live(*story)
    assert verbs(told) == [
        "storm@a opened 2",
        "storm@b opened 2",
        "storm@_ opened 6",
        "storm@a ended 0",
        "storm@b ended 0",
    ]
    wide = told[2]
    assert wide.data.areas == ["a", "b", "c"]
    assert wide.data.takes == [told[0].subject, told[1].subject]
    assert {event.data.merged_into for event in told[3:]} == {wide.subject}
    assert "over 3 areas (a, b, c)" in wide.data.reason.en
    assert verbs(stream.live(alert("d-rain", sort="rain", area="d", minute=3))) == ["storm@_ updated 7"]
    assert stream.live(alert("e-lamps", sort="lamps", area="e", minute=3)) == []
    assert verbs(stream.live(alert("d-lamps", sort="lamps", area="d", minute=3))) == ["storm@_ updated 8"]


def test_how_many_areas_is_the_sites_choice() -> None:
    stream = Stream(DEFAULT._replace(areas=2))
    story = [alert(f"{area}-{sort}", sort=sort, area=area) for area in "ab" for sort in ("street", "tree")]
    assert verbs(stream.live(*story)) == ["storm@a opened 2", "storm@_ opened 4", "storm@a ended 0"]


def test_thunder_over_three_areas_is_one_storm_before_its_rain() -> None:
    stream = Stream()
    assert stream.live(*(alert(f"{area}-l", sort="lightning", area=area) for area in "ab")) == []
    told = stream.live(alert("c-r", sort="rain", area="c", minute=1))
    assert verbs(told) == ["storm@_ opened 3"]
    assert verbs(stream.live(alert("d-l", sort="lightning", area="d", minute=2))) == ["storm@_ updated 4"]
    assert stream.live(alert("e-s", sort="street", area="e", minute=3)) != []


def test_floods_in_three_areas_are_no_storm() -> None:
    stream = Stream()
    assert stream.live(*(alert(f"{area}-s", sort="street", area=area) for area in "abc")) == []


def test_bad_air_in_two_areas_is_one_episode_and_not_one_alert_per_area() -> None:
    stream = Stream()
    assert stream.live(alert("a", sort="air"), alert("s", sort="so2"), alert("t", sort="so2", area="c")) == []
    assert verbs(stream.live(alert("b", sort="air", area="b"))) == ["air@_ opened 3"]
    assert verbs(stream.live(alert("d", sort="air", area="d"))) == ["air@_ updated 4"]
    story = [alert("a", sort="air"), alert("s", sort="so2"), alert("b", sort="air", area="b")]
    for one in (*story, alert("d", sort="air", area="d")):
        area = one.data.area
        sort = "so2" if one.subject == "s" else "air"
        stream.live(alert(one.subject, "cleared", sort=sort, area=area, minute=10))
    # Haze is back at night: six hours, not one.
    assert stream.clock(10 + 359) == []
    assert verbs(stream.clock(10 + 360)) == ["air@_ ended 0"]
    assert "no alert for 360 min" in stream.situations[-1].data.reason.en


def test_rip_currents_on_three_beaches_are_one_sea_and_the_tide_joins_it() -> None:
    stream = Stream()
    told = stream.live(*(alert(area, sort="rip", area=area) for area in "abc"))
    assert verbs(told) == ["sea@_ opened 3"]
    assert "trên 3 khu vực (a, b, c)" in told[0].data.reason.vi
    assert verbs(stream.live(alert("t", sort="tide", area="_"))) == ["sea@_ updated 4"]


def test_a_tide_of_the_whole_site_is_told_with_the_waves_there() -> None:
    stream = Stream()
    assert verbs(stream.live(alert("t", sort="tide", area="_"), alert("r", sort="rip", area="_"))) == [
        "sea@_ opened 2"
    ]


# Whoever restarts.


def test_a_keeper_that_takes_a_merged_situation_as_told_knows_where_its_members_are() -> None:
    stream = Stream()
    stream.live(alert("q", sort="street"), alert("w", sort="river"), alert("r", sort="rain"))
    stream.restart(len(stream.messages))
    assert verbs(stream.live(alert("q", "cleared", sort="street", minute=5))) == ["storm@a updated 2"]


SORT_NAMES = sorted(SORTS)
STEPS = st.lists(
    st.tuples(
        st.sampled_from("abcd_"),
        st.sampled_from(SORT_NAMES),
        st.sampled_from(SEVERITIES),
        st.integers(0, 40),
    ),
    max_size=60,
)


def story(steps: list[tuple[str, str, str, int]]) -> list[CloudEvent]:
    """Each step raises, moves or clears the alert of its area and sort; time goes on."""
    told, minute = [], 0.0
    since: dict[tuple[str, str], str] = {}
    turn: dict[tuple[str, str], int] = {}
    for area, sort, severity, pause in steps:
        minute += pause
        key = (area, sort)
        turn[key] = turn.get(key, 0) + 1
        if key not in since:
            since[key] = f"{area}-{sort}-{turn[key]}"
            told.append(alert(since[key], sort=sort, area=area, severity=severity, minute=minute))
        elif severity == "advisory":
            told.append(alert(since.pop(key), "cleared", sort=sort, area=area, minute=minute))
        else:
            verb = ("escalated", "eased")[turn[key] % 2]
            told.append(alert(since[key], verb, sort=sort, area=area, severity=severity, minute=minute))
    return told


@settings(max_examples=120, deadline=None)
@given(STEPS, st.data())
def test_any_cut_of_the_stream_and_any_restart_tell_the_same(
    steps: list[tuple[str, str, str, int]], data: st.DataObject
) -> None:
    events = story(steps)
    whole = Stream()
    whole.live(*events)
    expected = {(e.id, situation.verb_of(e.type), e.data.open_members) for e in whole.situations}
    assert len({event.id for event in whole.situations}) == len(whole.situations), "twice the same"

    cut = Stream()
    idle = 0
    left = list(events)
    while left:
        size = data.draw(st.integers(1, 8))
        cut.put(*left[:size])
        left = left[size:]
        if data.draw(st.booleans()):
            cut.read()
            cut.tell(data.draw(st.integers(0, 3)))
            cut.restart(idle)
        elif data.draw(st.booleans()):
            cut.read()
            cut.tell()
            cut.read()
            idle = len(cut.messages)  # nothing is owed, everything is read
    cut.read()
    cut.tell()
    told = cut.situations
    assert {(e.id, situation.verb_of(e.type), e.data.open_members) for e in told} == expected
    assert len({event.id for event in told}) == len(told), "twice the same"
    cut.restart(idle)
    assert cut.reader.pending == {}


@settings(max_examples=60, deadline=None)
@given(STEPS, st.data())
def test_what_the_clock_ended_is_found_in_the_stream_by_the_next_keeper(
    steps: list[tuple[str, str, str, int]], data: st.DataObject
) -> None:
    stream = Stream()
    now = 0.0
    for event in story(steps):
        now = max(now, (micros(event.time) - T0) / (60 * SECOND))
        stream.live(event)
        if data.draw(st.booleans()):
            stream.clock(now + 30)
    known = {one.situation_id: one.open_members for one in stream.reader.grouper.open_situations}
    for decided in (0, len(stream.messages)):
        stream.restart(decided)
        assert stream.reader.pending == {}
        found = {one.situation_id: one.open_members for one in stream.reader.grouper.open_situations}
        assert found == known


@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_every_open_alert_is_in_at_most_one_situation_and_the_events_tell_which(
    steps: list[tuple[str, str, str, int]],
) -> None:
    stream = Stream()
    folded: dict[str, Unfolding] = {}
    open_alerts: set[str] = set()
    for event in story(steps):
        verb = event.type.split(".")[-2]
        (open_alerts.discard if verb == "cleared" else open_alerts.add)(event.subject)
        for told in stream.live(event):
            if told.subject in folded:
                folded[told.subject].apply(told.data)
            else:
                folded[told.subject] = Unfolding(told.data)
            assert len(folded[told.subject].open) == told.data.open_members
            assert all((told.data.reason.vi, told.data.reason.en))
        members = [a for one in folded.values() if one.data.state == "open" for a in one.open]
        assert len(members) == len(set(members)), "in two at once"
        assert set(members) <= open_alerts
        for one in folded.values():
            worst = max((situation.rank(m.severity) for m in one.data.members), default=None)
            if one.data.state == "open" and worst is not None:
                assert situation.rank(one.data.severity) == worst
    areas = [one for one in folded.values() if one.data.state == "open" and one.data.area != "_"]
    for kind in (kind for kind in KINDS if kind.wide_by == "situation"):
        assert len([one for one in areas if one.data.kind == kind.name and one.open]) < 3


def test_equal_streams_give_equal_bytes() -> None:
    steps = [(area, sort, "watch", 1) for area in "abc" for sort in SORT_NAMES]
    one, other = Stream(), Stream()
    one.live(*story(steps))
    other.live(*story(steps), cut=7)
    assert len(one.situations) > 5
    assert essence(one.situations) == essence(other.situations)


# Beginnings.


def test_a_keeper_that_finds_old_alerts_tells_only_of_what_is_open_now() -> None:
    stream = Stream()
    stream.put(
        alert("r", sort="rain"),
        alert("l", sort="lightning"),
        alert("r", "cleared", sort="rain", minute=5),
        alert("l", "cleared", sort="lightning", minute=5),
        alert("s", sort="street", area="b", minute=9),
        alert("w", sort="tree", area="b", minute=9),
    )
    stream.restart(6)
    assert stream.reader.pending == {}
    stream.reader.owe(stream.reader.grouper.settle(6, 0))
    assert verbs(stream.tell()) == ["storm@b opened 2"]
    assert stream.situations[0].data.cause == "regrouped"
    assert not stream.situations[0].data.annunciate
    stream.restart(7)
    assert stream.reader.grouper.settle(7, 0) == []


def test_another_table_of_kinds_regroups_what_is_open_and_rewrites_nothing() -> None:
    stream = Stream()
    stream.live(alert("q", sort="street"), alert("w", sort="river"), alert("d", sort="lamps"))
    stream.grouping = Grouping(tuple(kind._replace(also=()) for kind in KINDS if kind.name != "sea"))
    assert stream.grouping.version != DEFAULT.version
    stream.restart(len(stream.messages))
    stream.reader.owe(stream.reader.grouper.settle(9, 0))
    told = stream.tell()
    assert verbs(told) == ["flood@a updated 2"]
    assert [(gone.alert_id, gone.why) for gone in told[0].data.left] == [("d", "regrouped")]
    stream.grouping = Grouping(tuple(kind for kind in KINDS if kind.name != "flood"))
    stream.restart(len(stream.messages))
    stream.reader.owe(stream.reader.grouper.settle(10, 0))
    assert verbs(stream.tell()) == ["flood@a ended 0"]
    assert "another way" in stream.situations[-1].data.reason.en


def test_an_event_is_bounded_however_wide_the_storm() -> None:
    stream = Stream()
    told = stream.live(*(alert(f"{n}", sort=("rain", "tree")[n % 2]) for n in range(300)), cut=100)
    assert told[-1].data.open_members == 300
    assert len(told[-1].data.members) == MEMBERS_TOLD
    assert len(situation.encode(told[-1])) < 9_000
    folded = Unfolding(told[0].data)
    for event in told[1:]:
        folded.apply(event.data)
    assert len(folded.open) == 300


# The table.


def test_families_by_property_or_by_rule_where_there_is_no_sensor() -> None:
    assert family_of("flood", "rain", "x.rain_severity") == "rain"
    assert family_of("flood", "any-name", "x.rainfall") == "rain"
    assert family_of("flood", "my-own", "x.street_depth_rate") == "street"
    assert family_of("flood", "outfall-locked", None) == "outfall"
    assert family_of("flood", "flood-level", "x.water_level") == "river"
    assert family_of("environment", "noise", "x.noise_excess") == "noise"
    assert family_of("environment", "vn-aqi", None) == "aqi"
    assert family_of("environment", "no2-limit", "x.no2_1h") == "air"
    assert family_of("system", "sensor-silent", "x.rainfall") == "eyes"
    assert family_of("system", "self.space", "READINGS") is None
    assert family_of("landslide", "slope", "x.tilt") is None


def test_the_page_tells_of_every_kind_and_of_every_family_that_has_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "situations.md").read_text("utf-8")
    used = {family for kind in KINDS for family in (*kind.core, *kind.also)}
    assert [name for name in (*(kind.name for kind in KINDS), *used) if f"`{name}`" not in page] == []
    assert used <= {family.name for family in FAMILIES}


def test_the_table_names_families_and_kinds_that_there_are() -> None:
    families, kinds = {family.name for family in FAMILIES}, {kind.name for kind in KINDS}
    for kind in KINDS:
        assert {*kind.core, *kind.also, *kind.consequences} <= families
        assert set(kind.consequences) <= set(kind.also)
        assert set(kind.absorbs) <= kinds
        for name in kind.absorbs:
            other = next(one for one in KINDS if one.name == name)
            assert all(kind.takes(family) for family in (*other.core, *other.also))
    assert DEFAULT.window == 3600 * SECOND
