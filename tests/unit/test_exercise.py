"""What an exercise puts on the stream, and how it is scored; statuses never mix."""

import asyncio
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts import situation
from services.alerts.attention.annunciation import Attention
from services.alerts.exercise import stage as exercise_stage
from services.alerts.exercise.score import Scoring
from services.alerts.keeping.book import Book
from services.alerts.situation.grouping import Grouper
from services.observation import event as events
from services.observation import exercise as nouns
from services.observation.delivery import Delivery, read_delivery
from services.observation.event import Alert, CloudEvent
from services.observation.exercise import Exercise, Expected, Staging
from services.observation.instants import SECOND, iso
from services.observation.site import Site
from services.observation.text import Text
from services.policy.alerting import Policy
from services.runtime import exercises
from services.runtime.exercises import Beat, Standing

SITE = "ba-ria"
PLAYED, BEGUN = 1_762_335_000 * SECOND, 1_790_000_000 * SECOND
STAGING = Staging(SITE, "e" * 32, PLAYED, BEGUN, 10.0)
MINUTE = 60 * SECOND
SAME_TIME = STAGING._replace(speed=1.0, started=PLAYED)


def alert(
    name: str, verb: str = "raised", *, minute: float = 0, severity: str = "watch", rule: str = "rain",
    station: str = "s-1", area: str = "a", status: Any = "Actual",
) -> CloudEvent:  # fmt: skip
    at = iso(PLAYED + round(minute * MINUTE))
    data = Alert(
        alert_id=name, hazard="flood", area=area, severity=severity, rule=rule, rule_version="1", time=at,
        detected_at=at, reason=Text("mưa", "rain"), station=station, sensor=f"{station}.rain_severity",
        since=at, previous="p" if name == "b" else None, status=status,
    )  # fmt: skip
    return CloudEvent(
        id=f"{name}-{verb}-{minute}-{severity}", source=f"/sites/{SITE}", type=events.type_of(verb),
        subject=name, time=at, data=data,
    )  # fmt: skip


def exercise(**more: Any) -> Exercise:
    return Exercise(
        exercise_id="e" * 32, name=Text("bão", "a storm"), by="huong", played="storm", speed=10.0,
        first=iso(PLAYED), last=iso(PLAYED + 60 * MINUTE), started_at=iso(BEGUN), time=iso(BEGUN),
        site_version="v", **more,
    )  # fmt: skip


def body(event: CloudEvent) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(events.encode(event))
    return found


def test_an_exercise_has_ids_times_status_and_words_of_its_own() -> None:
    real = alert("b", minute=20)
    told = STAGING.staged(real)
    assert {told.id, told.subject, told.data.previous}.isdisjoint({real.id, real.subject, "p"})
    assert told.subject == told.data.alert_id
    assert told.data.status == "Exercise"
    assert told.data.reason == Text(f"{nouns.WORDS.vi}mưa", f"{nouns.WORDS.en}rain")
    assert told.data.time == told.time == iso(BEGUN + 2 * MINUTE)
    assert STAGING.staged(real) == told
    other = STAGING._replace(exercise_id="f" * 32)
    assert other.staged(real).subject != told.subject


def test_its_end_clears_an_alert_once_and_says_why() -> None:
    told = STAGING.staged(alert("b"))
    over = STAGING.over(told, BEGUN + MINUTE)
    assert events.verb_of(over.type) == "cleared"
    assert over.data.status == "Exercise"
    assert over.data.reason.vi == f"{nouns.WORDS.vi}{nouns.OVER.vi}"
    assert STAGING.over(told, BEGUN + 2 * MINUTE).id == over.id


def test_its_events_are_taken_for_no_alert_and_read_back_as_they_were() -> None:
    made = nouns.make(SITE, "started", exercise())
    assert nouns.decode(nouns.encode(made)) == made
    assert "alert_id" not in json.loads(nouns.encode(made))["data"]
    assert nouns.decode(events.encode(alert("a"))) is None


def acted(told: CloudEvent, verb: str, by: str, **act: Any) -> dict[str, Any]:
    """What somebody does to an alert."""
    event = body(told) | {"type": events.type_of(verb), "id": f"{verb}-{by}-{act}"}
    event["data"] |= {"by": by, "act": act}
    return event


def carried(
    at: int, road: str, about: str, to: str = "", tells: Any = "", outcome: Any = "delivered"
) -> Delivery:
    return Delivery(
        t=at, road=road, id=f"{road}/{about}/{to}/{tells}", attempt=1, outcome=outcome, about=(about,), to=to,
        tells=tells,
    )  # fmt: skip


def test_the_score_says_who_saw_what_when() -> None:
    expected = Expected(name=Text("mưa", "rain"), hazard="flood", at=iso(BEGUN), within_s=30.0)
    missed = Expected(name=Text("sét", "lightning"), hazard="lightning", at=iso(BEGUN), within_s=30.0)
    scoring = Scoring(exercise(expected=(expected, missed)), SITE)
    at = BEGUN + 20 * SECOND
    told = STAGING.staged(alert("a", severity="warning"))
    scoring.take(1, at, body(told))
    scoring.take(2, at, body(alert("real", severity="emergency")))
    scoring.take(3, at + 13 * SECOND, acted(told, "overdue", "keeper", step=1, to=["role:operator"]))
    scoring.take(4, at + 23 * SECOND, acted(told, "overdue", "keeper", step=2, to=["minh"]))
    scoring.take(5, at + 33 * SECOND, acted(told, "acknowledged", "huong"))
    for second, more in (
        (4, carried(0, "mail", told.subject, "huong", "new")),
        (9, carried(0, "mail", told.subject, "huong", "new")),
        (0, carried(0, "ioc", told.subject)),
        (14, carried(0, "mail", told.subject, "huong", "overdue")),
        (15, carried(0, "sms", told.subject, "huong", "overdue")),
        (25, carried(0, "mail", told.subject, "minh", "overdue")),
        (40, carried(0, "mail", told.subject, "huong", "end")),
        (5, carried(0, "sms", told.subject, "tuan", "new", "failed")),
        (5, carried(0, "mail", "real", "huong", "new")),
    ):
        more.t = at + second * SECOND
        scoring.carried(more)
    score = scoring.score(BEGUN + 10 * MINUTE)
    row = score.alerts[0]
    assert (row.severity, row.acknowledged_by) == ("warning", "huong")
    assert [(one.road, one.to) for one in row.deliveries] == [("ioc", ""), ("mail", "huong")]
    assert [(one.step, one.to, one.answered) for one in row.calls] == [
        (1, ["role:operator"], False), (2, ["minh"], True),
    ]  # fmt: skip
    assert [(one.road, one.to) for one in row.calls[0].reached] == [("mail", "huong"), ("sms", "huong")]
    first, lightning = score.expected
    assert (first.told, first.in_time, first.quiet, lightning.told) == (True, True, False, False)
    assert (first.after_s, first.told_s, first.delivered_s, first.acknowledged_s) == (20.0, 23.0, 24.0, 53.0)
    assert (first.acknowledged_by, first.calls, first.deliveries) == ("huong", row.calls, row.deliveries)
    assert [(one.name, one.told, one.called, one.unanswered, one.acknowledged) for one in score.people] == [
        ("huong", 1, 1, 1, 1), ("minh", 0, 1, 0, 0),
    ]  # fmt: skip
    assert [(one.road, one.to, one.letters, one.waiting) for one in score.receivers] == [
        ("ioc", "", 1, 0), ("mail", "huong", 3, 0), ("mail", "minh", 1, 0), ("sms", "huong", 1, 0),
        ("sms", "tuan", 0, 1),
    ]  # fmt: skip
    assert (score.annunciate_s, score.deliver_s, score.acknowledge_s) == (3.0, 1.0, 30.0)
    assert (score.missed, score.late, score.unacknowledged, score.things) == (1, 0, 0, 1)
    assert (score.calls, score.unanswered) == (2, 1)


def test_what_was_detected_and_explained_by_what_was_told_is_told_and_what_nobody_heard_is_not() -> None:
    quiet = Expected(name=Text("a", "a"), hazard="flood", at=iso(BEGUN), within_s=60.0, station="quiet")
    explained = Expected(name=Text("b", "b"), hazard="flood", at=iso(BEGUN), within_s=60.0, station="s-2")
    scoring = Scoring(exercise(expected=(quiet, explained)), SITE)
    parts = [STAGING.staged(alert(name, station=name)) for name in ("quiet", "s-1", "s-2")]
    for at, told in enumerate(parts):
        scoring.take(at + 1, BEGUN, body(told))
    for at, told in ((4, parts[0]), (5, parts[2])):
        why = {"kind": "inhibition", "what": "unknown" if at == 4 else parts[1].subject, "why": None}
        scoring.take(at, BEGUN + SECOND, acted(told, "inhibited", "keeper", quiet=why))
    score = scoring.score(BEGUN + 10 * MINUTE)
    assert [(one.told, one.quiet) for one in score.expected] == [(False, True), (True, False)]
    assert score.missed == 1


def test_a_letter_about_a_situation_tells_of_the_alerts_that_it_was_told_with() -> None:
    scoring = Scoring(exercise(), SITE)
    grouper = Grouper(SITE)
    sequence = 0
    for minute, area in ((0.0, "a"), (0.0, "b"), (0.0, "c")):
        event = STAGING.staged(alert(area, minute=minute, area=area, severity="warning"))
        sequence += 1
        scoring.take(sequence, BEGUN, body(event))
        for told in grouper.alert(event, sequence, BEGUN):
            sequence += 1
            scoring.take(sequence, BEGUN, json.loads(situation.encode(told)))
            situation_id = told.subject
            assert told.data.reason.vi.startswith(nouns.WORDS.vi)
    scoring.carried(carried(BEGUN + 4 * SECOND, "mail", situation_id, "huong", "new"))
    score = scoring.score(BEGUN + MINUTE)
    assert {row.situation for row in score.alerts} == {situation_id}
    assert [[one.to for one in row.deliveries] for row in score.alerts] == [["huong"]] * 3
    assert [(one.name, one.told) for one in score.people] == [("huong", 3)]


def test_records_of_an_older_release_are_read_and_tell_of_nothing() -> None:
    old = read_delivery(b'{"t":1,"road":"ioc","id":"x","attempt":1,"outcome":"delivered","events":3,"v":1}')
    scoring = Scoring(exercise(), SITE)
    scoring.take(1, BEGUN, body(STAGING.staged(alert("a"))))
    scoring.carried(old)
    score = scoring.score(BEGUN + MINUTE)
    assert (old.about, old.to, old.tells, score.receivers) == ((), "", "", [])


class _Stage:
    """An exercise that runs, and whether somebody ended it."""

    def __init__(self, known: Exercise | None) -> None:
        self.known, self.ended_by = known, ""

    async def get(self, _: str) -> Standing | None:
        return None if self.known is None else Standing(self.known, 1)

    async def end(self, standing: Standing, why: str, by: str) -> Standing:
        self.ended_by = f"{by} {why}"
        return standing


def test_an_exercise_whose_process_died_is_ended_for_it_and_one_that_lives_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet: list[str] = []

    async def beaten(_: object) -> Beat:
        return Beat("e" * 32, BEGUN)

    async def silence(_: object) -> None:
        quiet.append("silent")

    monkeypatch.setattr(exercises, "beaten", beaten)
    monkeypatch.setattr(exercises, "silence", silence)

    def at(minutes: float, known: Exercise | None) -> str:
        stage = _Stage(known)
        asyncio.run(
            exercise_stage.end_abandoned(
                cast("Any", stage), cast("Any", None), BEGUN + round(minutes * MINUTE)
            )
        )
        return stage.ended_by

    assert at(4.9, exercise()) == ""
    assert at(5.1, exercise()) == "keeper aborted"
    assert quiet == []
    assert at(5.1, exercise(why="done")) == at(5.1, None) == ""
    assert quiet == ["silent", "silent"]


def test_a_situation_of_an_exercise_ends_with_it_and_a_real_one_with_its_window() -> None:
    for status, over in (("Actual", False), ("Exercise", True)):
        grouper, sequence = Grouper(SITE), 0
        for verb in ("raised", "cleared"):
            for area in ("a", "b", "c"):
                event = alert(area, verb, area=area, severity="warning")
                event = SAME_TIME.staged(event) if status == "Exercise" else event
                sequence += 1
                grouper.alert(event, sequence, PLAYED)
        assert [one.open_members for one in grouper.open_situations] == [0]
        assert grouper.due(PLAYED + 4 * SECOND) == []
        assert bool(grouper.due(PLAYED + 6 * SECOND)) is over


SITE_OF_ALL = Site(
    id=SITE, name=Text("Bà Rịa", "Bà Rịa"), zone="Asia/Ho_Chi_Minh", languages=("vi", "en"), bounds=None,
    areas={}, gateways={}, sources=(), stations={}, sensors={}, rules=(), version="v",
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["raised", "escalated", "eased", "cleared"]),
        st.sampled_from(["a", "b", "c"]),  # area
        st.sampled_from(["street-depth", "street-backflow", "rain", "lightning"]),
        st.sampled_from(["advisory", "watch", "warning", "emergency"]),
        st.sampled_from([0.0, 0.1, 1.0]),
        st.booleans(),  # whether it is the exercise's
    ),
    max_size=40,
)


Step = tuple[str, str, str, str, float, bool]


def lived(steps: list[Step], status: str, *, alone: bool) -> tuple[list[Any], list[Any]]:
    """What keeper and situations, and what attention say of one status; `alone`: the other's never come."""
    book, grouper, attention = Book(SITE_OF_ALL, Policy()), Grouper(SITE), Attention(SITE)
    decided: list[Any] = []
    things: list[Any] = []
    sequence, minute = 0, 0.0

    def put(event: dict[str, Any], at: int) -> int:
        nonlocal sequence
        sequence += 1
        book.take(sequence, at, event)
        things.extend(attention.take(sequence, at, event))
        return sequence

    for verb, area, rule, severity, pause, exercised in steps:
        minute += pause
        at = PLAYED + round(minute * MINUTE)
        if not alone or exercised == (status == "Exercise"):
            event = alert(f"{area}-{rule}", verb, minute=minute, severity=severity, rule=rule, area=area)
            event = SAME_TIME.staged(event) if exercised else event
            for told in grouper.alert(event, put(body(event), at), at):
                decided.append(("situation", told.data.status, told.subject, told.data.severity))
                put(json.loads(situation.encode(told)), at)
        for owed in book.decide(at):
            made = json.loads(owed.data)
            quiet = made["data"]["act"].get("quiet")
            decided.append((owed.verb, made["data"]["status"], owed.about, quiet))
            put(made, at)
        things.extend(attention.due(at))
    things.extend(attention.due(at + 30 * MINUTE) if steps else [])
    heard = [(one.at, one.kind, one.id, one.severity) for one in things if one.status == status]
    return sorted((one for one in decided if one[1] == status), key=repr), sorted(heard)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_nothing_of_an_exercise_delays_groups_or_quiets_anything_real(steps: list[Step]) -> None:
    """The real operation is told the very same, at the same instants; and the other way round."""
    for status in ("Actual", "Exercise"):
        assert lived(steps, status, alone=False) == lived(steps, status, alone=True)
