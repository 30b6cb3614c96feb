"""What the API, the archive, the log and MQTT make of events of situations."""

import json
from typing import Any

from services.alerts import log, situation
from services.alerts.situation import SituationEvent
from services.api.fold import Fold
from services.api.grouped import KEEP_EVENTS, Situations
from services.api.push.entry import Wanted, entry_of, event_of
from services.ingest import downlink
from services.ingest.archive.events import decode_event
from services.observation import event as events
from services.observation.event import CloudEvent
from services.runtime.follow import Message
from tests.support.situations import Stream, alert

DAY = 86_400_000_000


def storm() -> Stream:
    stream = Stream()
    stream.live(
        alert("r", sort="rain"),
        alert("l", sort="lightning", severity="warning", minute=5),
        alert("l", "cleared", sort="lightning", severity="warning", minute=9),
    )
    return stream


def body(event: SituationEvent | CloudEvent) -> dict[str, Any]:
    encode = situation.encode(event) if isinstance(event, SituationEvent) else events.encode(event)
    found: dict[str, Any] = json.loads(encode)
    return found


def message(event: SituationEvent) -> Message:
    return Message("alerts.vung-tau.a.x", 7, "", situation.encode(event), {}, 0)


def test_a_fold_of_alerts_takes_no_situation_for_an_alert() -> None:
    fold = Fold()
    stream = storm()
    for sequence, stored in enumerate(stream.messages, 1):
        fold.apply(sequence, stored.stored_us, json.loads(stored.data))
    assert {standing.data["alert_id"] for standing in fold.newest_first()} == {"r", "l"}
    assert (len(fold), fold.open_count, len(fold.situations)) == (2, 1, 1)
    identity = stream.situations[0].subject
    assert fold.get(identity) is None
    assert fold.situations.of("l") == fold.situations.of("r") == identity
    assert (fold.peak(identity), fold.peak("r"), fold.peak("nobody")) == (2, 1, -1)
    found = fold.situations.get(identity)
    assert found is not None
    assert (found.open, set(found.unfolding.open), set(found.unfolding.past)) == (True, {"r"}, {"l"})
    fold.clear()
    assert len(fold.situations) == 0


def test_a_client_that_wants_warnings_hears_of_a_storm_that_reached_one_to_its_end() -> None:
    fold = Fold()
    entries = []
    for sequence, event in enumerate(storm().situations, 1):
        fold.apply(sequence, 0, body(event))
        told = event_of(message(event))
        assert told is not None
        entries.append(entry_of(message(event), told, "1f0c9a2b", fold.peak(event.subject)))
    assert [entry.verb for entry in entries] == ["situation.opened", "situation.updated"]
    assert [Wanted(severity_min=2).takes(entry) for entry in entries] == [True, True]
    assert [Wanted(severity_min=3).takes(entry) for entry in entries] == [False, False]
    assert [Wanted(areas=frozenset({"a"})).takes(entry) for entry in entries] == [True, True]
    assert [Wanted(hazards=frozenset({"flood"})).takes(entry) for entry in entries] == [False, False]


def test_ended_situations_are_forgotten_after_thirty_days_and_their_alerts_with_them() -> None:
    stream = storm()
    stream.live(alert("r", "cleared", sort="rain", minute=10))
    stream.clock(100)
    situations = Situations()
    for sequence, event in enumerate(stream.situations, 1):
        situations.apply(sequence, 0, body(event))
    assert (len(situations), situations.of("r") is not None) == (1, True)
    other = Stream()
    other.live(alert("x", sort="rain", area="b"), alert("y", sort="tree", area="b"))
    situations.apply(99, 31 * DAY, body(other.situations[0]))
    assert situations.get(stream.situations[0].subject) is None
    assert (situations.of("r"), situations.of("x")) == (None, other.situations[0].subject)


def test_a_long_situation_keeps_its_beginning_and_its_newest_events() -> None:
    stream = Stream()
    stream.live(alert("r", sort="rain"), alert("l", sort="lightning"))
    first = stream.situations[0]
    situations = Situations()
    for sequence in range(1, KEEP_EVENTS + 11):
        situations.apply(sequence, 0, body(first))
    found = situations.get(first.subject)
    assert found is not None
    assert [found.events[0].sequence, found.events[-1].sequence] == [1, KEEP_EVENTS + 10]
    assert found.dropped == 10


def test_what_is_no_situation_is_none() -> None:
    situations = Situations()
    assert situations.apply(1, 0, {"type": "vn.haidang.situation.opened.v1", "data": {}}) is None
    assert situations.apply(1, 0, body(alert("r", sort="rain"))) is None
    changed = {**body(storm().situations[0]), "type": "vn.haidang.situation.opened.v2"}
    assert situations.apply(1, 0, changed) is None


def test_the_history_keeps_it_beside_the_alerts_and_under_its_own_id() -> None:
    event = storm().situations[0]
    row = decode_event(situation.encode(event), 7)
    assert (row.subject, row.type, row.area) == (event.subject, "vn.haidang.situation.opened.v1", "a")
    assert (row.hazard, row.severity) == (None, "warning")
    assert json.loads(row.data)["joined"][0]["alert_id"] == "r"


def test_the_log_and_the_mqtt_road_of_alerts_pass_it_over() -> None:
    event = storm().situations[0]
    assert log.decode(message(event)) is None
    assert downlink._alert(message(event)) is None
