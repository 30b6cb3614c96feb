"""The load of a duty: what counts, what does not, and each figure against an example worked out by hand."""

import tracemalloc
from typing import Any

import msgspec
import pytest

from services.alerts.load.book import KEEP_US, LoadBook, heard_us
from services.alerts.load.case import Case
from services.alerts.load.figures import figures
from services.alerts.load.nouns import Figures
from services.alerts.load.past import Kept, PastBook
from services.alerts.scoring.load import floods
from services.observation.instants import iso
from tests.support.duty import DAY, HOUR, MINUTE, SITE, T0, Duty, case_of, month


def of(duty: Duty, first_s: float = 0.0, last_s: float = 28_800.0, operators: int = 1) -> Figures:
    first, last = T0 + round(first_s * 1e6), T0 + round(last_s * 1e6)
    book = LoadBook(keep_us=None)
    for sequence, at, event in duty.stored:
        if at < last:
            book.take(sequence, at, event)
    book.due(last)
    mine = [case for case in book.cases.values() if case.life.site == SITE]
    return figures(
        [case for case in mine if case.life.status == "Actual"],
        book.things_of(SITE),
        first,
        last,
        operators=operators,
        apart=[case for case in mine if case.life.status != "Actual"],
    )


def many(duty: Duty, count: int, every_s: float, start_s: float = 0.0) -> None:
    for number in range(count):
        station = f"st-{number:03d}"
        duty.alert(f"a{start_s:g}-{number:03d}", at_s=start_s + number * every_s, station=station)


def test_an_hour_of_six_things_is_the_bearable_load() -> None:
    duty = Duty()
    many(duty, 6, 600.0)
    found = of(duty, 0, 3600)
    assert (found.things, found.raw, found.alerts) == (6, 6, 6)
    assert found.per_operator_hour == pytest.approx(6.0)
    assert of(duty, 0, 3600, operators=2).per_operator_hour == pytest.approx(3.0)


def test_of_less_than_an_hour_there_is_no_rate() -> None:
    duty = Duty()
    many(duty, 3, 60.0)
    found = of(duty, 0, 1800)
    assert (found.things, found.per_operator_hour, found.flood_share) == (3, None, None)


def test_what_is_kept_quiet_is_no_new_thing_and_counts_in_the_raw_figure() -> None:
    duty = Duty()
    duty.alert("loud", station="a")
    duty.alert("quiet", at_s=10, station="b")
    quiet = {
        "kind": "inhibition",
        "what": "loud",
        "why": {"vi": "đã có báo động lớn hơn", "en": "a greater one"},
    }
    duty.act("quiet", "inhibited", 11, by="keeper", quiet=quiet)
    found = of(duty)
    assert (found.things, found.raw) == (1, 2)
    (one,) = found.suppressed
    assert (one.alert_id, one.kind, one.what, one.until) == ("quiet", "inhibition", "loud", None)
    assert one.why is not None
    assert one.why.vi == "đã có báo động lớn hơn"


@pytest.mark.parametrize(("count", "expected"), [(10, 0), (11, 1)])
def test_a_flood_begins_above_ten_in_ten_minutes(count: int, expected: int) -> None:
    duty = Duty()
    many(duty, count, 30.0)
    assert len(of(duty).floods) == expected


def test_a_flood_lasts_until_fewer_than_five_came_in_ten_minutes() -> None:
    told = [
        minute * MINUTE for minute in range(11)
    ]  # one a minute from 0 to 10: never more than 10 in 10 min
    assert floods(told) == []
    told = [second * MINUTE // 60 for second in range(0, 330, 30)]  # eleven within 5 min 30 s
    # At 5:00 the eleventh comes. The seventh leaves the window at 13:00: four are left.
    assert floods(told) == [(5 * MINUTE, 13 * MINUTE)]


def test_marks_of_a_flood_are_for_each_operator() -> None:
    duty = Duty()
    many(duty, 15, 20.0)
    assert len(of(duty, operators=1).floods) == 1
    assert of(duty, operators=2).floods == []


def test_a_flood_that_began_before_the_span_counts_from_its_beginning() -> None:
    duty = Duty()
    many(duty, 12, 10.0)
    found = of(duty, 300, 300 + 7200)
    # Each is a thing 3 s after its event; the eighth, of 1:13, leaves the window at 11:13: four are left.
    assert [(begin - T0, end - T0) for begin, end in found.floods] == [(300_000_000, 673_000_000)]
    assert found.things == 0
    assert found.flood_share == pytest.approx(373 / 7200)


def test_an_alarm_chatters_with_three_sounds_in_a_minute() -> None:
    duty = Duty()
    for number, at in enumerate((0, 25, 60)):
        duty.alert(f"c{number}", at_s=at, station="x")
        duty.alert(f"c{number}", "cleared", at + 5, station="x")
        duty.alert(f"d{number}", at_s=at * 1.1, station="y")
        duty.alert(f"d{number}", "cleared", at * 1.1 + 4, station="y")
    found = of(duty)
    assert [(one.place, one.times) for one in found.chattering] == [("x.value", 3)]


def test_the_top_offenders_have_their_share_of_all_sounds() -> None:
    duty = Duty()
    for number in range(3):
        duty.alert(f"x{number}", at_s=number * 600, station="x")
    duty.alert("y0", at_s=100, station="y")
    found = of(duty)
    assert [(one.place, one.times, one.share) for one in found.actors] == [
        ("x.value", 3, 0.75),
        ("y.value", 1, 0.25),
    ]


def test_an_alert_is_stale_after_more_than_a_day() -> None:
    duty = Duty()
    duty.alert("old", at_s=0, station="a")
    duty.alert("over", at_s=0, station="b")
    duty.alert("over", "cleared", 3600, station="b")
    assert of(duty, 0, 86_400).stale == []
    assert [one.alert_id for one in of(duty, 0, 86_401).stale] == ["old"]


def test_time_to_acknowledge_is_from_the_word_to_the_answer() -> None:
    duty = Duty()
    for number, (took, by, severity) in enumerate(
        [(60, "lan", "watch"), (120, "lan", "warning"), (180, "minh", "warning"), (1000, "minh", "watch")]
    ):
        duty.alert(f"a{number}", at_s=number, station=f"s{number}", severity=severity)
        duty.act(f"a{number}", "acknowledged", number + took, by=by)
    duty.alert("a9", at_s=20, station="s9", severity="emergency")
    found = of(duty)
    assert (found.took.n, found.took.median_s, found.took.p90_s) == (4, 150.0, 1000.0)
    assert {word: (one.n, one.median_s) for word, one in found.by_severity.items() if one.n} == {
        "watch": (2, 530.0),
        "warning": (2, 150.0),
    }
    assert {name: one.n for name, one in found.by_person.items()} == {"lan": 2, "minh": 2}
    assert [(one.alert_id, one.label) for one in found.waiting] == [("a9", "unacknowledged")]


def test_an_escalation_after_the_answer_waits_for_another() -> None:
    duty = Duty()
    duty.alert("a", severity="watch")
    duty.act("a", "acknowledged", 60)
    duty.alert("a", "escalated", 600, severity="warning")
    duty.act("a", "acknowledged", 630)
    found = of(duty)
    assert (found.took.n, found.took.median_s, found.raw, found.alerts) == (2, 45.0, 2, 1)


def test_who_closes_an_alert_has_answered_it() -> None:
    duty = Duty()
    duty.alert("a")
    duty.act("a", "closed", 90, cause="false")
    found = of(duty)
    assert (found.took.n, found.took.median_s, found.waiting) == (1, 90.0, [])


def test_an_alert_that_cleared_unseen_still_waits() -> None:
    duty = Duty()
    duty.alert("a")
    duty.alert("a", "cleared", 30)
    assert [one.label for one in of(duty).waiting] == ["rtn-unacknowledged"]


def test_the_split_by_priority_goes_by_the_worst_severity() -> None:
    duty = Duty()
    for number, severity in enumerate(("advisory", "advisory", "watch", "warning", "emergency")):
        duty.alert(f"a{number}", at_s=number, station=f"s{number}", severity=severity)
    duty.alert("a0", "escalated", 60, station="s0", severity="warning")
    assert of(duty).split == {"low": 1, "medium": 1, "high": 3}


def test_exercises_and_tests_stand_apart() -> None:
    duty = Duty()
    duty.alert("real", station="a")
    duty.alert("played", at_s=1, station="b", status="Exercise")
    found = of(duty)
    assert (found.alerts, found.things, found.raw, found.apart) == (1, 1, 1, {"Exercise": 1})


def test_another_sites_alerts_are_not_ours() -> None:
    duty = Duty()
    duty.alert("ours")
    duty.alert("theirs", at_s=1)
    duty.stored[-1][2]["source"] = "/sites/child"
    assert (of(duty).alerts, of(duty).things) == (1, 1)


def test_shelving_shows_who_why_and_until_and_ends() -> None:
    duty = Duty()
    duty.alert("a")
    until = iso(T0 + 2 * HOUR)
    duty.act("a", "shelved", 60, until=until, why="sửa cống")
    (one,) = of(duty).shelved
    assert (one.by, one.until, one.why and one.why.vi) == ("lan", T0 + 2 * HOUR, "sửa cống")
    duty.act("a", "unshelved", 120)
    assert of(duty).shelved == []
    (kept,) = case_of(duty.book(), "a").kept
    assert (kept.start - T0, (kept.end or 0) - T0) == (60_000_000, 120_000_000)


def test_the_live_book_forgets_what_is_done_with_and_says_from_when_it_is_whole() -> None:
    duty = Duty()
    duty.alert("done", station="a")
    duty.act("done", "acknowledged", 5)
    duty.alert("done", "cleared", 10, station="a")
    duty.alert("stands", at_s=20, station="b")
    duty.alert("late", at_s=(KEEP_US + HOUR) / 1e6, station="c")
    book = LoadBook()
    for sequence, at, event in duty.stored:
        book.take(sequence, at, event)
    assert set(book.cases) == {"stands", "late"}
    assert T0 < book.since <= T0 + KEEP_US


def test_the_book_of_the_history_is_that_of_the_stream() -> None:
    stored = month(300, days=3)
    live, read = LoadBook(keep_us=None), LoadBook(keep_us=None)
    for sequence, at, event in stored:
        live.take(sequence, at, event)
        read.take(sequence, heard_us(event, 0), event)
    for book in (live, read):
        book.due(T0 + 4 * DAY)
    assert live.things_of(SITE) == read.things_of(SITE)

    def told(case: Case) -> bytes:
        return msgspec.msgpack.encode(msgspec.structs.replace(case))

    assert [told(case) for case in live.cases.values()] == [told(case) for case in read.cases.values()]


def test_events_of_another_release_do_no_harm() -> None:
    book = LoadBook()
    events: list[dict[str, Any]] = [
        {},
        {"type": "vn.haidang.alert.raised.v1"},
        {"type": "vn.haidang.alert.frozen.v1", "subject": "a", "data": {"act": 7}},
        {"type": "vn.haidang.comet.seen.v1", "subject": "c", "data": None},
        {
            "type": "vn.haidang.alert.raised.v1",
            "subject": "a",
            "data": {"detected_at": "never", "act": []},
        },
    ]
    for number, event in enumerate(events, 1):
        book.take(number, T0 + number, event)
        assert heard_us(event, 5) == 5
    book.due(T0 + HOUR)


def test_an_exercise_of_two_hundred_alerts_changes_no_figure_of_the_real_operation() -> None:
    """Not one number, of the whole report: only the sentence that tells them apart."""
    real, both = Duty(), Duty()
    for duty in (real, both):
        for number in range(12):
            duty.alert(f"a{number}", at_s=number * 40, station=f"s{number}", severity="warning")
            duty.act(f"a{number}", "acknowledged", number * 40 + 60)
    for number in range(200):
        duty.alert(
            f"x{number}", at_s=600 + number, station=f"s{number}", severity="emergency", status="Exercise"
        )
        if number % 2:
            duty.act(f"x{number}", "acknowledged", 900 + number, by="lan")
            duty.act(f"x{number}", "closed", 1200 + number, by="lan", cause="false")
    storm = {"status": "Exercise", "severity_max": "emergency", "name": {"vi": "bão", "en": "storm"}}
    both.put(
        T0 + 700 * 1_000_000, "storm", "situation", "opened", {**storm, "area": "_", "areas": ["thang-tam"]}
    )
    without, with_them = of(real), of(both)
    assert with_them.apart == {"Exercise": 200}
    with_them.apart = without.apart
    assert with_them == without


def test_an_acknowledgement_that_was_taken_back_is_no_answer() -> None:
    duty = Duty()
    duty.alert("a")
    duty.act("a", "acknowledged", 5)
    duty.act("a", "unacknowledged", 10)
    duty.act("a", "acknowledged", 900, by="minh")
    found = of(duty)
    assert (found.took.n, found.took.median_s, list(found.by_person)) == (1, 900.0, ["minh"])


def test_who_has_not_answered_makes_the_ninetieth_percentile_no_shorter() -> None:
    """Eight within a minute, and two that wait for hours: nine in ten took at least those hours."""
    duty = Duty()
    for number in range(10):
        duty.alert(f"a{number}", station=f"s{number}")
    for number in range(8):
        duty.act(f"a{number}", "acknowledged", 60)
    found = of(duty, 0, 7200).took
    assert (found.n, found.p90_s, found.waiting, found.p90_least_s) == (8, 60.0, 2, 7200.0)
    answered = Duty()
    answered.alert("a")
    answered.act("a", "acknowledged", 60)
    assert (of(answered).took.waiting, of(answered).took.p90_least_s) == (0, None)


def test_what_a_person_closed_does_not_stand_though_its_sensor_still_says_so() -> None:
    duty = Duty()
    duty.alert("a", severity="warning")
    duty.act("a", "closed", 60, cause="false")
    case = case_of(duty.book(28_800), "a")
    assert case.open_at(T0 + HOUR)
    assert not case.stands_at(T0 + HOUR)
    assert of(duty, 86_400, 3 * 86_400).stale == []


def test_a_book_of_the_past_keeps_less_and_says_the_same() -> None:
    stored = month(300, days=3)
    whole, past = LoadBook(keep_us=None), PastBook(Kept(words_from=2))
    for book in (whole, past):
        for sequence, at, event in stored:
            book.take(sequence, at, event)
        book.due(T0 + 4 * DAY)
    told = [
        figures(list(book.cases.values()), book.things_of(SITE), T0, T0 + 3 * DAY) for book in (whole, past)
    ]
    assert told[0] == told[1]
    for name, case in past.cases.items():
        other = whole.cases[name]
        assert (case.heard_at, case.over_at, case.worst) == (other.heard_at, other.over_at, other.worst)
        assert (case.responses, case.kept, case.life.closing) == (
            other.responses,
            other.kept,
            other.life.closing,
        )
        if case.life.open or case.worst in ("warning", "emergency"):
            assert (case.reason, case.gravest) == (other.reason, other.gravest)


def test_an_alert_of_a_month_takes_no_more_than_two_kilobytes() -> None:
    """A commune's small machine makes the report of a month with a hundred thousand of them."""
    stored = month(600, days=3)
    tracemalloc.start()
    try:
        book = PastBook(Kept(words_from=2))
        for sequence, at, event in stored:
            book.take(sequence, at, event)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(book.cases) < 1_900
