"""What an exercise puts on the stream, and how it is scored; statuses never mix."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts import situation
from services.alerts.annunciation import Attention
from services.alerts.exercise_score import Scoring
from services.alerts.grouping import Grouper
from services.alerts.keeping_book import Book
from services.observation import event as events
from services.observation import exercise as nouns
from services.observation.event import Alert, CloudEvent
from services.observation.exercise import Exercise, Expected, Staging
from services.observation.instants import SECOND, iso
from services.observation.site import Site
from services.observation.text import Text
from services.policy.alerting import Policy

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


def test_the_score_says_who_saw_what_when() -> None:
    expected = Expected(name=Text("mưa", "rain"), hazard="flood", at=iso(BEGUN), within_s=30.0)
    missed = Expected(name=Text("sét", "lightning"), hazard="lightning", at=iso(BEGUN), within_s=30.0)
    scoring = Scoring(exercise(expected=(expected, missed)), SITE)
    at = BEGUN + 20 * SECOND
    scoring.take(1, at, body(STAGING.staged(alert("a", severity="warning"))))
    scoring.take(2, at, body(alert("real", severity="emergency")))
    told = STAGING.staged(alert("a", severity="warning"))
    acted = body(told) | {"type": events.type_of("acknowledged"), "id": "act"}
    acted["data"] |= {"by": "huong", "act": {}}
    scoring.take(3, at + 33 * SECOND, acted)
    score = scoring.score(BEGUN + 10 * MINUTE)
    assert [(row.severity, row.acknowledged_by) for row in score.alerts] == [("warning", "huong")]
    assert [(one.told, one.in_time) for one in score.expected] == [(True, True), (False, False)]
    assert score.annunciate_s == 3.0
    assert [(one.name, one.acknowledged, one.acknowledge_s) for one in score.people] == [("huong", 1, 30.0)]
    assert (score.missed, score.unacknowledged, score.things) == (1, 0, 1)


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
