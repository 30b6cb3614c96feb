"""From alerts to public messages: what is proposed, who must agree, what goes out, and what never does."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts import lifecycle
from services.cap import bulletin as nouns
from services.cap.bulletin import Issued, Thread
from services.cap.check import check
from services.cap.desk import Desk
from services.cap.feed import atom
from services.cap.message import Area, Message, references_of
from services.cap.official import instant
from services.cap.read import read
from services.cap.shelf import Shelves
from services.cap.violation import Violation
from services.cap.wording import Asked, Wish, reworded, update
from services.observation import event as events
from services.observation.event import Alert
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.publication import Publication, Publish
from tests.support.cap import SCHEMA_HERE, valid
from tests.support.site_folder import SITE, STATIONS, parsed

AREA = SITE.replace(
    "from = 2025-07-01 }]", "from = 2025-07-01 }]\npolygon = [[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]]", 1
)
T0 = 1_792_400_000 * SECOND
MINUTE = 60 * SECOND
POLICY = Publication(
    sender="ioc.example.vn",
    name=Text("Trung tâm", "Centre"),
    contact="0254 000 000",
    publish=(Publish(severity="watch", approvals={"watch": 0, "warning": 1, "emergency": 2}),),
)


class World:
    """A stream, a desk that reads it, and a shelf that others look at; the clock is turned by hand."""

    def __init__(self, policy: Publication = POLICY) -> None:
        self.policy, self.site = policy, parsed(site_toml=AREA)
        self.desk, self.shelves = Desk("vung-tau"), Shelves()
        self.now, self.sequence = T0, 0
        self.stream: list[tuple[int, int, dict[str, Any]]] = []
        self.last: dict[str, int] = {}

    def put(self, event: dict[str, Any]) -> None:
        self.sequence += 1
        self.last[event["subject"]] = self.sequence
        self.stream.append((self.sequence, self.now, event))
        self.desk.take(self.sequence, self.now, event)
        self.shelves.apply(self.sequence, event)

    def alert(self, verb: str, severity: str = "warning", alert: str = "a1", **more: Any) -> None:
        data = Alert(
            alert_id=alert, hazard="flood", area="thang-tam", severity=severity, rule="bridge-a",
            rule_version="1",
            time=iso(self.now), detected_at=iso(self.now), reason=Text("Nước lên.", "Water rises."),
            station="vt-flood-001", sensor="vt-flood-001.water_level", value=2.3, unit="m", threshold=2.0,
        )  # fmt: skip
        body = {**msgspec.to_builtins(data), **more}
        event = f"{alert}-{self.sequence}"
        kind = events.type_of(verb)
        self.put(
            {
                "id": event,
                "source": "/sites/vung-tau",
                "type": kind,
                "subject": alert,
                "time": iso(self.now),
                "data": body,
            }
        )

    def act(self, verb: str, severity: str = "warning", **act: Any) -> None:
        self.alert(verb, severity, by="lan", act=act)

    def turn(self, seconds: float = 4.0) -> list[dict[str, Any]]:
        """Let time pass and the desk write until it has nothing to say; returns what it wrote."""
        self.now += round(seconds * SECOND)
        written: list[dict[str, Any]] = []
        for _ in range(20):
            due = list(self.desk.due(self.now, self.site, self.policy))
            if not due:
                return written
            for out in due:
                assert out.after == self.last.get(out.event.subject, 0), "only the next event of its subject"
                event = msgspec.json.decode(nouns.encode(out.event))
                written.append(event)
                self.put(event)
        pytest.fail("the desk does not come to rest")

    @property
    def thread(self) -> Thread:
        found = self.desk.thread("a1")
        assert found is not None
        return found

    def approve(self, who: str, void: list[str] | None = None) -> str:
        thread = self.thread
        assert thread.pending is not None
        answer = nouns.answer_to(thread, thread.pending.id, who, nouns.APPROVED)
        data = msgspec.structs.replace(thread.pending.data, proposal=thread.pending.id, by=who, xml="")
        data.void = void or []
        if answer == "accepted":
            event = nouns.make(
                site="vung-tau", verb="approved", event=f"{who}-{self.sequence}", time=self.now, data=data
            )
            self.put(msgspec.json.decode(nouns.encode(event)))
        return answer

    def reword(self, who: str, **words: Text) -> None:
        """Put the draft that waits into other words."""
        pending = self.thread.pending
        assert pending is not None
        self.propose(reworded(pending.data, Asked(who, Wish(**words))))

    def say_anew(self, who: str, **words: Text) -> None:
        """Ask for an update of what is out, in other words."""
        document = next(
            event["data"]["xml"] for _, _, event in self.stream[::-1] if nouns.verb_of(event) == "issued"
        )
        identifier = f"x-{self.sequence}"
        found = update(document, self.thread, Asked(who, Wish(**words)), identifier, self.now, self.site)
        assert isinstance(found, nouns.Bulletin)
        found.needed = 1
        self.propose(found)

    def propose(self, data: nouns.Bulletin | tuple[Violation, ...] | None) -> None:
        assert isinstance(data, nouns.Bulletin)
        event = nouns.make(
            site="vung-tau", verb="proposed", event=f"p-{self.sequence}", time=self.now, data=data
        )
        self.put(msgspec.json.decode(nouns.encode(event)))

    def refuse(self, who: str) -> None:
        pending = self.thread.pending
        assert pending is not None
        data = msgspec.structs.replace(pending.data, proposal=pending.id, by=who, why="chưa cần", xml="")
        event = nouns.make(site="vung-tau", verb="rejected", event=f"no-{who}", time=self.now, data=data)
        self.put(msgspec.json.decode(nouns.encode(event)))

    def issued(self) -> list[Message]:
        found = [event for _, _, event in self.stream if nouns.verb_of(event) == "issued"]
        messages = [read(event["data"]["xml"].encode()).message for event in found]
        return [one for one in messages if one is not None]


def proposed(severity: str = "warning") -> World:
    """A world in which an alert was raised, and its draft waits."""
    world = World()
    world.alert("raised", severity)
    assert verbs(world.turn()) == ["proposed"]
    return world


def public(severity: str = "warning") -> World:
    """A world in which a draft was agreed to, and went out."""
    world = proposed(severity)
    world.approve("lan")
    assert verbs(world.turn()) == ["issued"]
    return world


def automatic() -> World:
    """A world in which an alert went out by itself."""
    world = World()
    world.alert("raised", "watch")
    assert verbs(world.turn()) == ["proposed", "issued"]
    return world


def verbs(written: list[dict[str, Any]]) -> list[str]:
    return [str(nouns.verb_of(event)) for event in written]


def test_an_alert_is_proposed_after_a_moment_and_goes_out_when_one_person_agrees() -> None:
    world = World()
    world.alert("raised")
    assert world.turn(1) == [], "the keeper has a moment to say what is part of what"
    assert verbs(world.turn()) == ["proposed"]
    assert world.turn() == []
    assert world.approve("lan") == "accepted"
    assert verbs(world.turn()) == ["issued"]
    (message,) = world.issued()
    assert (message.msg_type, message.status, message.references) == ("Alert", "Actual", None)
    assert message.sent == "2026-10-19T15:53:33+07:00"
    vi, en = message.info
    assert (vi.language, en.language) == ("vi-VN", "en-US")
    assert vi.headline == "Cảnh báo: Lũ – Cầu A, Thắng Tam"
    assert en.headline == "Warning: Flood – Bridge A, Thang Tam"
    assert vi.description == "Nước lên."
    assert vi.instruction
    assert (vi.urgency, vi.severity, vi.certainty, vi.category) == (
        "Immediate",
        "Severe",
        "Observed",
        ("Met",),
    )
    area = vi.area[0]
    assert area.polygon == (
        "10.300000,107.000000 10.300000,107.100000 10.400000,107.100000 10.300000,107.000000",
    )
    assert [(one.name, one.value) for one in area.geocode] == [("VN-ADM-2025", "26506")]
    parameters = {one.name: one.value for one in vi.parameter}
    assert (parameters["haidang:value"], parameters["haidang:threshold"]) == ("2.3 m", "2 m")
    assert check(message, own=True) == []


@pytest.mark.parametrize("reason", ["\ufffe", "\x00\x01", " \x02 "])
def test_a_reason_of_nothing_that_xml_can_hold_keeps_no_warning_back(reason: str) -> None:
    world = World()
    world.alert("raised", "emergency", reason={"vi": reason, "en": reason})
    (draft,) = world.turn()
    assert draft["data"]["description"]["vi"] == "Khẩn cấp: Lũ – Cầu A, Thắng Tam."


@pytest.mark.parametrize("severity", ["watch", "warning", "emergency"])
def test_advice_is_that_of_the_danger_itself_at_every_severity(severity: str) -> None:
    """Of leaking current the table has one step; the next best is not how to drive in the dark."""
    world = World()
    more = {"hazard": "lighting", "rule": "leakage", "sensor": "vt-lamp-001.leakage_current"}
    world.alert("raised", severity, station=None, unit="1", value=3.0, **more)
    world.turn()
    pending = world.thread.pending or world.thread.issued[-1]
    assert "Không chạm cột đèn" in pending.data.instruction.vi
    message = read(str(world.stream[1][2]["data"]["xml"]).encode()).message
    assert message is not None
    assert ("haidang:value", "3") in [(one.name, one.value) for one in message.info[0].parameter]


def test_a_place_is_named_once() -> None:
    world = World()
    world.site = parsed(
        site_toml=AREA,
        stations_geojson=STATIONS.replace('"name_vi": "Cầu A"', '"name_vi": "trung tâm thắng tam"'),
    )
    world.alert("raised", "watch")
    world.turn()
    assert world.issued()[0].info[0].area[0].area_desc == "trung tâm thắng tam"


def test_what_is_automatic_goes_out_by_itself() -> None:
    world = World()
    world.alert("raised", "watch")
    assert verbs(world.turn()) == ["proposed", "issued"]


def test_an_emergency_takes_two_different_persons() -> None:
    world = proposed("emergency")
    assert world.approve("lan") == "accepted"
    assert world.approve("lan") == "repeated"
    assert world.turn() == []
    assert world.approve("minh") == "accepted"
    assert verbs(world.turn()) == ["issued"]
    assert world.thread.issued[0].data.approved_by == ["lan", "minh"]


def test_whoever_stated_an_alert_is_never_enough_to_publish_it() -> None:
    world = World()
    world.alert("raised", "watch", origin="manual", by="lan")
    assert verbs(world.turn()) == ["proposed"], "not even where it would be automatic"
    world.approve("lan")
    assert world.turn() == []
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]


def test_a_draft_that_does_not_hold_any_more_is_replaced_before_anybody_can_approve_it() -> None:
    world = proposed()
    old = world.thread.pending
    assert old is not None
    world.alert("escalated", "emergency")
    assert verbs(world.turn()) == ["proposed"]
    assert nouns.answer_to(world.thread, old.id, "lan", nouns.APPROVED) == "outdated"
    world.alert("cleared", "emergency")
    assert verbs(world.turn()) == ["withdrawn"]
    assert nouns.answer_to(world.thread, old.id, "lan", nouns.APPROVED) == "outdated"


def test_an_approval_that_came_after_the_alert_got_worse_publishes_nothing_old() -> None:
    world = proposed()
    world.alert("escalated", "emergency")
    world.approve("lan")
    assert verbs(world.turn()) == ["proposed"]
    assert world.issued() == []


def test_one_update_for_each_real_change_naming_all_that_still_holds() -> None:
    world = automatic()
    world.alert("escalated", "warning")
    world.turn()
    world.approve("lan")
    world.turn()
    world.alert("sighted", "warning")
    assert world.turn() == []
    world.alert("eased", "watch")
    assert world.turn() == [], "what got better can wait for the interval"
    assert verbs(world.turn(300)) == ["proposed", "issued"]
    world.alert("cleared", "watch")
    assert verbs(world.turn(301)) == ["proposed", "issued"]
    first, second, third, last = world.issued()
    assert [one.msg_type for one in world.issued()] == ["Alert", "Update", "Update", "Update"]
    assert references_of(second.references) == (first.reference,)
    assert references_of(third.references) == (first.reference, second.reference)
    assert references_of(last.references) == (first.reference, second.reference, third.reference)
    assert last.info[0].response_type == ("AllClear",)
    assert last.info[0].headline == "Hết cảnh báo: Lũ – Cầu A, Thắng Tam"
    assert world.turn(100_000) == []


@pytest.mark.parametrize("cause", ["false", "test"])
def test_a_false_alarm_is_cancelled(cause: str) -> None:
    world = automatic()
    world.act("closed", "watch", cause=cause, why="…")
    assert verbs(world.turn()) == ["proposed", "issued"]
    message = world.issued()[-1]
    assert message.msg_type == "Cancel"
    assert references_of(message.references) == (world.issued()[0].reference,)


def test_what_turns_out_to_be_a_test_is_cancelled_for_whoever_took_it_for_real() -> None:
    world = automatic()
    world.act("suppressed", "watch", quiet={"kind": "test", "what": "w1"})
    assert verbs(world.turn()) == ["proposed", "issued"]
    message = world.issued()[-1]
    assert (message.msg_type, message.status) == ("Cancel", "Actual")


def test_a_message_is_repeated_before_it_expires_while_it_goes_on() -> None:
    world = public()
    assert world.turn(44 * 60) == []
    assert verbs(world.turn(60)) == ["proposed", "issued"], "the same words were approved already"
    assert world.issued()[-1].msg_type == "Update"


def test_a_repeated_message_has_the_words_that_were_approved() -> None:
    world = public()
    world.alert("eased", "watch")
    world.alert("escalated", "warning", reason={"vi": "Chữ khác.", "en": "Other words."})
    world.turn(46 * 60)
    first, again = world.issued()
    assert [info.description for info in again.info] == [info.description for info in first.info]
    assert [one.identifier for one in references_of(again.references)] == [first.identifier]


def test_the_public_is_not_left_without_a_warning_while_a_worse_one_waits_for_approval() -> None:
    world = public()
    world.alert("escalated", "emergency")
    assert verbs(world.turn()) == ["proposed"]
    world.approve("lan")
    waiting = world.thread.pending
    assert waiting is not None
    for _ in range(3):
        world.turn(46 * 60)
        assert world.thread.standing(world.now), "something always holds"
    assert [one.msg_type for one in world.issued()] == ["Alert", "Update", "Update", "Update"]
    assert world.thread.pending == waiting, "what was agreed already counts on"
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]
    assert world.issued()[-1].info[0].severity == "Extreme"


def test_a_warning_goes_on_when_the_worse_one_was_refused() -> None:
    world = public()
    world.alert("escalated", "emergency")
    world.turn()
    world.refuse("minh")
    for _ in range(3):
        assert verbs(world.turn(46 * 60)) == ["issued"]
    assert world.thread.pending is None
    assert world.issued()[-1].info[0].severity == "Severe"


def test_what_was_measured_long_before_it_was_found_goes_to_the_public_by_a_person_only() -> None:
    world = World()
    old = iso(world.now - 16 * MINUTE)
    world.alert("raised", "watch", time=old, detected_at=iso(world.now))
    assert verbs(world.turn()) == ["proposed"]
    assert world.issued() == []
    world.approve("lan")
    assert verbs(world.turn()) == ["issued"]


def test_what_was_refused_is_not_asked_again_until_it_gets_worse() -> None:
    world = proposed()
    world.refuse("lan")
    assert world.turn(3600) == []
    world.alert("eased", "watch")
    world.alert("escalated", "warning")
    assert verbs(world.turn()) == ["proposed"]


def test_who_refused_may_have_the_draft_back_and_it_is_agreed_to_anew() -> None:
    """As the api writes it: the draft that was refused, proposed once more."""
    world = proposed("emergency")
    world.approve("minh")
    world.refuse("lan")
    assert world.turn() == []
    declined = world.thread.declined
    assert declined is not None
    world.propose(msgspec.structs.replace(declined.data, proposal=""))
    assert world.turn() == [], "nobody has agreed to it yet"
    world.approve("lan")
    assert world.turn() == []
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]
    assert world.thread.declined is None


STREET: dict[str, Any] = {"rule": "street", "sensor": "vt-flood-001.street_depth"}


def test_messages_of_one_danger_at_one_place_share_their_incident() -> None:
    """Two gauges in one flood: receivers that look at `incidents` alarm once."""
    world = automatic()
    world.alert("raised", "watch", "a2", station=None)
    world.alert("raised", "watch", "far", area="rach-dua")
    world.alert("raised", "watch", "bolt", hazard="lightning", rule="near", sensor=None, station=None)
    world.alert("raised", "watch", "drill", status="Exercise")
    for name in ("street", "street-2"):
        world.alert("raised", "watch", name, **STREET)
    world.turn()
    by = {str(event["data"]["about"]): event["data"] for _, _, event in world.stream if is_issued(event)}
    assert by["a1"]["incident"] == by["a2"]["incident"] == "a1"
    alone = ("far", "bolt", "drill", "street")
    assert [by[name]["incident"] for name in (*alone, "street-2")] == [*alone, "street"]
    world.alert("cleared", "watch", "a1")
    world.turn(301)
    world.alert("raised", "watch", "a3")
    world.turn()
    incidents = [one.incidents for one in world.issued()]
    assert incidents[-2:] == ["a1", "a1"], "the end, and a third gauge while the second one still holds"
    for alert in ("a2", "a3"):
        world.alert("cleared", "watch", alert)
    world.turn(301)
    world.alert("raised", "watch", "a4")
    world.turn()
    assert world.issued()[-1].incidents == "a4", "the next flood is another one"


def is_issued(event: dict[str, Any]) -> bool:
    return nouns.verb_of(event) == "issued"


OTHER = {
    "headline": Text("Ngập ở cầu A", "Water at bridge A"),
    "instruction": Text("Đi đường khác.", "Go round."),
}


def test_other_words_begin_approval_anew_and_their_writer_is_never_enough() -> None:
    world = proposed()
    first = world.thread.pending
    assert first is not None
    world.approve("minh")
    world.reword("lan", **OTHER)
    assert world.turn() == [], "what minh agreed to was something else"
    assert nouns.answer_to(world.thread, first.id, "minh", nouns.APPROVED) == "outdated"
    world.approve("lan")
    assert world.turn() == []
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]
    (message,) = world.issued()
    assert [info.headline for info in message.info] == ["Ngập ở cầu A", "Water at bridge A"]
    assert [info.description for info in message.info] == ["Nước lên.", "Water rises."]
    data = world.thread.issued[0].data
    assert data.worded_by == "lan"
    assert data.original is not None
    assert data.original.headline == first.data.headline, "both versions are kept"


def test_words_that_xml_cannot_hold_are_shown_and_go_out_without_it() -> None:
    """A sign pasted from somewhere once took the whole feed away for two days."""
    world = World()
    world.alert("raised", "warning", reason={"vi": "Nước\x0b lên.", "en": "Water\x00 rises."})
    world.turn()
    first = world.thread.pending
    assert first is not None
    assert first.data.description == Text("Nước lên.", "Water rises.")
    world.reword("lan", headline=Text("Ngập\x00 ở cầu A", "Water \x1b at bridge A"))
    pending = world.thread.pending
    assert pending is not None
    assert pending.data.headline == Text("Ngập ở cầu A", "Water  at bridge A")
    dirty = msgspec.structs.replace(pending.data, headline=Text("a\x00", "b\x07"))
    feed = atom(
        [Issued(T0, 1, dirty)], base="https://x", sender="ioc.example.vn", name=Text("T\x08", "E"), now=T0
    )
    assert b"a \xc2\xb7 b" in feed, "what was issued before still stands on the stream"


def test_what_is_automatic_waits_for_a_second_person_once_it_is_reworded() -> None:
    world = World()
    world.alert("raised", "watch", time=iso(T0 - 16 * MINUTE))
    world.turn()
    world.reword("lan", **OTHER)
    pending = world.thread.pending
    assert pending is not None
    world.propose(msgspec.structs.replace(pending.data, needed=0))
    assert world.turn() == []
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]


def test_the_first_words_again_are_the_writer_s_own_draft() -> None:
    world = proposed()
    first = world.thread.pending
    assert first is not None
    world.reword("lan", **OTHER)
    world.reword("lan", headline=first.data.headline, instruction=first.data.instruction)
    again = world.thread.pending
    assert again is not None
    assert (again.data.worded_by, again.data.original, again.data.words) == (None, None, first.data.words)
    world.approve("lan")
    assert verbs(world.turn()) == ["issued"]


def test_who_refuses_somebody_s_words_has_not_refused_the_warning() -> None:
    world = proposed()
    world.reword("lan", **OTHER)
    world.refuse("minh")
    assert verbs(world.turn()) == ["proposed"], "the writer's own draft is back"
    world.refuse("minh")
    assert world.turn(600) == []


def test_other_words_are_left_behind_when_the_alert_changes() -> None:
    world = proposed()
    world.reword("lan", **OTHER)
    world.alert("escalated", "emergency")
    assert verbs(world.turn()) == ["proposed"]
    pending = world.thread.pending
    assert pending is not None
    assert (pending.data.worded_by, pending.data.severity) == (None, "emergency")


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_no_words_make_an_exercise_look_real(status: str) -> None:
    world = World()
    world.alert("raised", "warning", status=status)
    world.turn()
    world.reword("lan", description=Text("Nước ngập sâu.", "Deep water."), **OTHER)
    world.approve("minh")
    world.turn()
    (message,) = world.issued()
    for info, mark in zip(message.info, (("DIỄN TẬP", "THỬ NGHIỆM"), ("EXERCISE", "TEST")), strict=True):
        assert any(f"[{one}]" in (info.headline or "") for one in mark)
        assert any((info.description or "").count(one) for one in mark)
    assert check(message, own=True) == []


def test_what_is_out_can_be_said_anew_in_other_words_and_goes_on_so() -> None:
    world = public()
    world.say_anew("lan", **OTHER)
    assert world.turn(400) == [], "the author alone is not enough"
    world.approve("minh")
    assert verbs(world.turn()) == ["issued"]
    first, second = world.issued()
    assert (second.msg_type, references_of(second.references)) == ("Update", (first.reference,))
    assert second.info[0].headline == "Ngập ở cầu A"
    assert second.info[0].severity == first.info[0].severity
    assert verbs(world.turn(46 * 60)) == ["proposed", "issued"]
    assert world.issued()[-1].info[0].headline == "Ngập ở cầu A", "renewed in the words that were approved"
    world.alert("cleared", "warning")
    world.turn()
    world.approve("minh")
    world.turn()
    assert world.issued()[-1].info[0].response_type == ("AllClear",)


@pytest.mark.parametrize(
    ("verb", "severity"), [("escalated", "emergency"), ("eased", "watch"), ("cleared", "warning")]
)
def test_words_for_what_is_no_longer_so_are_taken_back(verb: str, severity: str) -> None:
    world = public()
    world.say_anew("lan", **OTHER)
    world.alert(verb, severity)
    assert verbs(world.turn())[0] in ("proposed", "withdrawn")
    pending = world.thread.pending
    assert pending is None or pending.data.worded_by is None


def test_the_public_is_not_left_without_a_warning_while_other_words_wait() -> None:
    world = public()
    world.say_anew("lan", **OTHER)
    waiting = world.thread.pending
    assert verbs(world.turn(46 * 60)) == ["issued"]
    assert world.thread.pending == waiting
    assert world.issued()[-1].info[0].headline == world.issued()[0].info[0].headline


@pytest.mark.parametrize(
    ("reason", "language", "vi", "en"),
    [
        (("Nước ngập ở đường Ba Cu.",) * 2, "vi", "Nước ngập ở đường Ba Cu.", None),
        (("Water in Ba Cu street.",) * 2, "en", None, "Water in Ba Cu street."),
        (("Nuoc ngap duong Ba Cu.",) * 2, "vi", "Nuoc ngap duong Ba Cu.", None),
        (("Nước ngập ở đường Ba Cu.",) * 2, None, "Nước ngập ở đường Ba Cu.", None),
        (("Flooding at Vũng Tàu market now.",) * 2, None, None, "Flooding at Vũng Tàu market now."),
        (("Nước lên.", "Water rises."), None, "Nước lên.", "Water rises."),
    ],
)
def test_what_was_said_in_one_language_is_never_given_out_as_the_other(
    reason: tuple[str, str], language: str | None, vi: str | None, en: str | None
) -> None:
    world = World()
    said: dict[str, Any] = {"reason": {"vi": reason[0], "en": reason[1]}} | (
        {"language": language} if language else {}
    )
    world.alert("raised", "warning", origin="manual", by="lan", **said)
    world.turn()
    world.approve("minh")
    world.turn()
    (message,) = world.issued()
    standard = (
        "Cảnh báo: Lũ – Cầu A, Thắng Tam. Nội dung chi tiết hiện chỉ có bằng tiếng Anh.",
        "Warning: Flood – Bridge A, Thang Tam. For now the details are given in Vietnamese only.",
    )
    assert message.info[0].description == (vi or standard[0])
    assert message.info[1].description == (en or standard[1])


def test_an_alert_without_a_word_of_its_own_still_goes_out() -> None:
    world = World()
    world.alert("raised", "watch", reason={"vi": "", "en": " "})
    world.turn()
    (message,) = world.issued()
    assert message.info[1].description == "Watch: Flood – Bridge A, Thang Tam."


def test_the_second_message_of_a_second_is_dated_after_the_first() -> None:
    """Receivers go by `sent`: an end that is as old as its alert is none."""
    world = automatic()
    world.act("closed", "watch", cause="false", why="…")
    world.turn(0.3)
    alert, cancel = world.issued()
    assert (alert.msg_type, cancel.msg_type) == ("Alert", "Cancel")
    assert cancel.sent > alert.sent
    assert instant(cancel.info[0].expires or "") > instant(cancel.sent)


@pytest.mark.parametrize(("back_min", "later"), [(5, 1), (600, 0)])
def test_a_clock_that_was_set_back_does_not_make_an_end_older_than_its_alert(
    back_min: int, later: int
) -> None:
    world = automatic()
    world.alert("cleared", "watch")
    world.turn(-60 * back_min)
    alert, end = world.issued()
    assert int(end.sent > alert.sent) == later, "never further ahead than receivers take it"


def test_what_is_out_is_ended_by_whoever_sent_it_also_when_the_site_speaks_in_another_name_now() -> None:
    world = automatic()
    world.policy = msgspec.structs.replace(POLICY, sender="new.example.vn")
    world.act("closed", "watch", cause="false", why="…")
    world.turn()
    alert, cancel = world.issued()
    assert cancel.sender == alert.sender == "ioc.example.vn"
    world = automatic()
    world.policy = Publication()
    world.alert("cleared", "watch")
    world.turn()
    assert world.desk.broken == {}
    assert world.issued()[-1].info[0].response_type == ("AllClear",)


def test_who_may_not_approve_any_more_does_not_count() -> None:
    world = proposed("emergency")
    world.approve("lan")
    world.approve("minh", void=["lan"])
    assert world.turn() == []
    world.approve("hoa")
    assert verbs(world.turn()) == ["issued"]
    assert world.thread.issued[0].data.approved_by == ["minh", "hoa"]


def test_two_names_that_may_be_one_person_count_as_one() -> None:
    world = proposed("emergency")
    world.approve("local")
    world.approve("administrator")
    assert world.turn() == []
    world.approve("lan")
    assert verbs(world.turn()) == ["issued"]


def _where(world: World, **more: Any) -> Area:
    world.alert("raised", "watch", **more)
    world.turn()
    return world.issued()[-1].info[0].area[0]


def test_every_message_says_where_in_numbers() -> None:
    """A telephone is not warned by a name."""
    several = AREA.replace("polygon = [[", "polygon = [[[[").replace(
        "10.4]]", "10.4]]], [[[107.2, 10.3], [107.3, 10.3], [107.3, 10.4]]]]"
    )
    world = World()
    world.site = parsed(site_toml=several)
    assert len(_where(world, station=None, sensor=None).polygon) == 2
    away = World()
    away.site = parsed(
        site_toml=AREA.replace("107.1, 10.3]", "107.02, 10.3]").replace("107.1, 10.4]", "107.02, 10.4]")
    )
    found = _where(away)
    assert (len(found.polygon), found.circle) == (1, ("10.35000,107.08000 2",)), "the place itself too"
    bare = World()
    bare.site = parsed()
    assert _where(bare).circle == ("10.35000,107.08000 2",)
    bare = World()
    bare.site = parsed()
    assert _where(bare, station=None, sensor=None).circle == ("10.35000,107.08000 2",), "around its stations"
    whole = World()
    assert len(_where(whole, area="_", station=None, sensor=None).polygon) == 1


def test_what_is_kept_quiet_is_not_published_until_it_is_let_go() -> None:
    world = World()
    world.alert("raised", "watch")
    world.act("inhibited", "watch", quiet={"kind": "inhibition", "what": "a0"})
    assert world.turn(60) == []
    world.act("uninhibited", "watch", quiet={"kind": "inhibition", "what": "a0"})
    assert verbs(world.turn()) == ["proposed", "issued"]


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_an_exercise_says_so_in_every_place_a_person_looks(status: str) -> None:
    world = World()
    world.alert("raised", "watch", status=status)
    world.turn()
    (message,) = world.issued()
    word = {"Exercise": ("DIỄN TẬP", "EXERCISE"), "Test": ("THỬ NGHIỆM", "TEST")}[status]
    assert message.status == status
    assert all(one in (message.note or "") for one in word)
    for info, mark in zip(message.info, word, strict=True):
        assert f"[{mark}]" in (info.headline or "")
        assert mark in (info.description or "")


def test_another_site_s_alerts_are_not_ours_to_publish() -> None:
    world = World()
    world.alert("raised", "emergency")
    sequence, stored, event = world.stream[0]
    desk = Desk("ba-ria")
    desk.take(sequence, stored, event)
    assert list(desk.due(world.now + MINUTE, world.site, POLICY)) == []


def test_without_a_sender_nothing_is_said() -> None:
    world = World(Publication())
    world.alert("raised", "emergency")
    assert world.turn(60) == []


def _live(world: World, step: str, severity: str, status: str) -> None:
    """Let one thing happen."""
    found = world.desk.thread("a1")
    if step.startswith("approve"):
        if found is not None and found.pending is not None:
            world.approve(step)
    elif step == "false":
        world.act("closed", severity, cause="false", why="…")
    elif step in ("quiet", "loud"):
        quiet = {"kind": "test", "what": "w"}
        world.act("suppressed" if step == "quiet" else "unsuppressed", severity, quiet=quiet)
    elif step not in ("wait", "long"):
        world.alert(step, severity, status=status)


STEPS = st.sampled_from(
    (
        *("raised", "escalated", "eased", "cleared", "approve", "approve-2", "wait", "long", "false"),
        *("exercise", "test", "actual", "quiet", "loud"),
    )
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(STEPS, st.sampled_from(events.SEVERITIES)), max_size=14))
def test_whatever_happens_every_message_is_good_and_unreal_ones_never_say_actual(
    steps: list[tuple[str, str]],
) -> None:
    world, status = World(), "Actual"
    unreal: dict[str, bool] = {}
    for step, severity in steps:
        if step in ("exercise", "test", "actual"):
            status = step.capitalize()
            continue
        _live(world, step, severity, status)
        seconds = 4_000 if step == "long" else 400
        before = len(world.issued())
        world.turn(seconds)
        for message in world.issued()[before:]:
            unreal[message.identifier] = _status(world) != "Actual"
    issued = world.issued()
    assert len({one.identifier for one in issued}) == len(issued)
    for nth, message in enumerate(issued):
        assert check(message, own=True) == []
        assert not SCHEMA_HERE or valid(_bytes(world, nth))
        earlier = {one.reference for one in issued[:nth]}
        assert set(references_of(message.references)) <= earlier
        if unreal[message.identifier] and message.msg_type == "Alert":
            assert message.status != "Actual"
        if message.status == "Actual" and message.msg_type != "Alert":
            assert any(one.status == "Actual" for one in issued[:nth]), (
                "only what was real is updated as real"
            )


def _status(world: World) -> str:
    life = None
    for sequence, stored, event in world.stream:
        if event["subject"] == "a1":
            life = lifecycle.fold(life, sequence, stored, event)
    return "" if life is None else life.status


def _bytes(world: World, nth: int) -> bytes:
    found = [event for _, _, event in world.stream if nouns.verb_of(event) == "issued"][nth]
    return str(found["data"]["xml"]).encode()


def test_a_desk_that_starts_anew_says_nothing_twice() -> None:
    world = automatic()
    world.alert("escalated", "warning")
    world.turn()
    again = Desk("vung-tau")
    for sequence, stored, event in world.stream:
        again.take(sequence, stored, event)
    assert list(again.due(world.now, world.site, world.policy)) == []
    assert again.thread("a1") == world.thread
    assert world.shelves.of("vung-tau").thread(world.thread.bulletin_id) == world.thread


def test_the_official_level_is_shown_with_the_bulletin_that_declares_it_while_that_holds() -> None:
    world = World()
    data = nouns.Official(
        bulletin_id="o1",
        source="nchmf",
        sender="nchmf.example.vn",
        identifier="n-1",
        sent=iso(T0),
        msg_type="Alert",
        status="Actual",
        did="raised",
        signature="valid",
        about="b1",
        hazard="flood",
        severity="warning",
        headline=Text("Tin lũ khẩn cấp", "Urgent flood bulletin"),
        expires=iso(T0 + 3 * MINUTE),
        risk=3,
        link="https://nchmf.example.vn/n-1",
    )
    before = msgspec.structs.replace(data, bulletin_id="o0", identifier="n-0", did="late", risk=1)
    for one in (data, before):
        event = nouns.make(site="vung-tau", verb=nouns.RECEIVED, event=one.bulletin_id, time=T0, data=one)
        world.put(msgspec.json.decode(nouns.encode(event)))
    world.alert("raised", "warning", alert="b1", origin="official_bulletin", station=None, sensor=None)
    world.alert("raised", "watch")
    world.turn()
    shown = {one.name: one.value for one in world.issued()[0].info[0].parameter}
    assert (shown["VN-QD18-2021:level"], shown["VN-QD18-2021:name"]) == ("3", "lớn")
    assert "https://nchmf.example.vn/n-1" in shown["VN-QD18-2021:bulletin"]
    assert world.desk.thread("b1") is None, "the bulletin itself is not published in our name"
    world.alert("escalated", "warning")
    world.turn(200)
    world.approve("lan")
    world.turn()
    assert not [one for one in world.issued()[1].info[0].parameter if one.name.startswith("VN-QD18")]
