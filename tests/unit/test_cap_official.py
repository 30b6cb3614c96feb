"""Official bulletins: which alert they tell of, in whatever order and however often they come."""

import itertools
import time
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cap.build import build
from services.cap.check import check
from services.cap.compose import Envelope, compose
from services.cap.feed import ATOM, atom
from services.cap.geometry import inside, touch, within
from services.cap.message import Area, Info, Message, Named
from services.cap.official import Known, Taken, instant, names_of, record_id, refusal, take
from services.cap.reaching import areas_of, hazard_of
from services.cap.read import parse, read
from services.cap.sign import sign
from services.cap.verify import Signed, verify
from services.cap.words import CAP_SEVERITY
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.observation.text import Text
from services.policy.trusted import Trusted
from tests.support.site_folder import parsed, problems_of
from tests.unit.test_cap_desk import AREA, POLICY, T0, World
from tests.unit.test_cap_messages import keys

SITE = parsed(site_toml=AREA)
NCHMF = Trusted(
    id="nchmf", sender="nchmf.example.vn", name=Text("Trung tâm dự báo", "Forecast centre"), unsigned=True
)
SIGNING = msgspec.structs.replace(NCHMF, unsigned=False)
"""The same sender, whose messages must be signed."""
VALID = Signed("valid", "nchmf")
NOW = instant("2026-10-20T09:00:00+07:00")


def bulletin(number: int = 1, minute: int = 0, *earlier: Message, **changed: object) -> Message:
    info = Info(
        language="vi-VN",
        category=("Met",),
        event="Tin bão khẩn cấp",
        urgency="Expected",
        severity="Severe",
        certainty="Likely",
        headline="Bão số 9",
        expires="2026-10-20T14:00:00+07:00",
        area=(Area(area_desc="Thắng Tam", geocode=(Named("VN-ADM-2025", "26506"),)),),
    )
    found = Message(
        identifier=f"n-{number}",
        sender=NCHMF.sender,
        sent=f"2026-10-20T08:{minute:02}:00+07:00",
        status="Actual",
        msg_type="Update" if earlier else "Alert",
        scope="Public",
        references=" ".join(str(one.reference) for one in earlier) or None,
        info=(info,),
    )
    info_changes = {key: value for key, value in changed.items() if key in Info.__struct_fields__}
    rest = {key: value for key, value in changed.items() if key not in info_changes}
    return msgspec.structs.replace(found, info=(msgspec.structs.replace(info, **info_changes),), **rest)


class Desk:
    """The alerts that bulletins tell of, as the api keeps them."""

    def __init__(self) -> None:
        self.alerts: dict[str, Known] = {}
        self.of: dict[str, str] = {}
        self.seen: set[str] = set()

    def give(self, message: Message, now: int = NOW) -> Taken | None:
        if message.identifier in self.seen:
            return None
        self.seen.add(message.identifier)
        about = next((self.of[name] for name in names_of(message) if name in self.of), None)
        taken = take(message, VALID, NCHMF, None if about is None else self.alerts[about], SITE, now)
        record, stated = taken.record, taken.stated
        for name in record.names:
            if record.about:
                self.of[name] = record.about
        if stated is not None:
            names, ended = tuple(record.names), taken.verb == "cleared"
            known = Known(stated.alert_id, not ended, stated.severity, stated.area, message.sent, {}, names)
            self.alerts[stated.alert_id] = known
        elif record.did in ("ended", "elsewhere"):
            known = Known(
                record.about,
                open=False,
                severity="advisory",
                area="_",
                newest=message.sent,
                data={},
                names=(),
            )
            self.alerts[record.about] = known
        return taken


def test_a_bulletin_becomes_an_alert_of_its_own_beside_what_sensors_say() -> None:
    taken = Desk().give(bulletin())
    assert taken is not None
    assert taken.verb == "raised"
    stated = taken.stated
    assert stated is not None
    assert (stated.origin, stated.rule, stated.station, stated.sensor) == (
        "official_bulletin",
        "bulletin.nchmf",
        None,
        None,
    )
    assert (stated.hazard, stated.severity, stated.area) == ("flood", "warning", "thang-tam")
    assert stated.until == "2026-10-20T07:00:00Z"
    assert stated.reason.vi == "Trung tâm dự báo: Bão số 9"


def test_updates_and_a_cancel_move_the_same_alert() -> None:
    desk = Desk()
    first, worse = bulletin(), None
    taken = [desk.give(first)]
    worse = bulletin(2, 10, first, severity="Extreme")
    taken += [
        desk.give(worse),
        desk.give(bulletin(3, 20, worse, severity="Moderate")),
        desk.give(bulletin(4, 30, worse, severity="Moderate", expires="2026-10-20T18:00:00+07:00")),
        desk.give(bulletin(5, 40, first, msg_type="Cancel")),
    ]
    assert [one.verb for one in taken if one] == ["raised", "escalated", "eased", "sighted", "cleared"]
    assert len({one.stated.alert_id for one in taken if one and one.stated}) == 1
    assert taken[3] is not None
    assert taken[3].stated is not None
    assert taken[3].stated.until == "2026-10-20T11:00:00Z"


def test_whatever_order_they_come_in_there_is_one_alert_and_it_says_what_was_sent_last() -> None:
    first = bulletin()
    second = bulletin(2, 10, first, severity="Extreme")
    third = bulletin(3, 20, first, second, severity="Moderate")
    for order in itertools.permutations((first, second, third)):
        desk = Desk()
        for message in (*order, *order):
            desk.give(message)
        (known,) = desk.alerts.values()
        assert (known.open, known.severity) == (True, "watch"), [one.identifier for one in order]


@pytest.mark.parametrize("end", ["cancel", "all clear"])
def test_an_end_that_comes_before_its_alert_keeps_it_from_being_raised(end: str) -> None:
    first, desk = bulletin(), Desk()
    changed = {"msg_type": "Cancel"} if end == "cancel" else {"response_type": ("AllClear",)}
    over = desk.give(bulletin(2, 10, first, **changed))
    late = desk.give(first)
    assert over is not None
    assert late is not None
    assert (over.verb, over.record.did, late.verb, late.record.did) == (None, "ended", None, "late")
    again = desk.give(bulletin(3, 20, first))
    assert again is not None
    assert again.verb == "raised", "what was sent after the end counts"


def test_nobody_speaks_in_the_thread_of_another_sender() -> None:
    first, other = bulletin(), "other.example.vn"
    of_theirs = bulletin(2, 10, first, sender=other, msg_type="Cancel")
    assert names_of(of_theirs) == ("other.example.vn,n-2",)
    taken = take(of_theirs, VALID, NCHMF, None, SITE, NOW)
    mine = take(first, VALID, NCHMF, None, SITE, NOW)
    assert taken.verb is None
    assert taken.record.about != mine.record.about


def test_a_message_that_names_a_great_many_is_known_by_the_newest_of_them() -> None:
    many = [f"{NCHMF.sender},r-{nth},2026-10-{1 + nth % 19:02}T08:00:00+07:00" for nth in range(5_000)]
    first = bulletin()
    late = msgspec.structs.replace(bulletin(2, 10, first), references=" ".join((str(first.reference), *many)))
    assert names_of(late)[::200] == (f"{NCHMF.sender},n-2", f"{NCHMF.sender},n-1")
    desk = Desk()
    assert [one.verb for one in map(desk.give, (first, late)) if one] == ["raised", "sighted"]


def test_an_identifier_used_again_is_another_message_of_the_same_thread() -> None:
    first, second = bulletin(), bulletin(1, 10, severity="Extreme")
    assert record_id("vung-tau", first) != record_id("vung-tau", second)
    assert names_of(first) == names_of(second)


def test_an_update_without_a_word_of_what_happens_ends_nothing() -> None:
    desk, first = Desk(), bulletin()
    desk.give(first)
    silent = desk.give(msgspec.structs.replace(bulletin(2, 10, first), info=()))
    assert silent is not None
    assert (silent.verb, silent.record.did) == (None, "noted")


@pytest.mark.parametrize(
    "outline", [{"polygon": ("21,105 21,106 22,106 21,105",)}, {"circle": ("21,105.8 20",)}]
)
def test_what_is_surely_about_another_place_raises_nothing_here(outline: dict[str, Any]) -> None:
    assert SITE.bounds is not None
    desk, first, hanoi = Desk(), bulletin(), Area(area_desc="Hà Nội", **outline)
    away = desk.give(bulletin(7, 0, area=(hanoi,)))
    assert away is not None
    assert (away.verb, away.record.did) == (None, "elsewhere")
    by_code = bulletin(8, 0, area=(hanoi, Area(area_desc="x", geocode=(Named("VN-ADM-2025", "79"),))))
    assert take(by_code, VALID, NCHMF, None, SITE, NOW).verb == "raised", "a code may be one that holds us"
    desk.give(first)
    moved = desk.give(bulletin(2, 10, first, area=(hanoi,)))
    assert moved is not None
    assert moved.verb == "cleared"
    back = desk.give(bulletin(3, 20, first))
    assert back is not None
    assert back.verb == "raised"


def test_an_outline_of_many_thousand_points_is_judged_at_once() -> None:
    many = [(10.3 + i % 300 / 1000, 107.0 + i % 997 / 1000) for i in range(60_000)]
    outline = " ".join(f"{lat:.3f},{lon:.3f}" for lat, lon in [*many, many[0]])
    circles = tuple(f"{20 + i / 10_000:.4f},107 1" for i in range(19_000))
    message = bulletin(area=(Area(area_desc="x", polygon=(outline,), circle=circles),))
    began = time.process_time()
    areas_of(message, SITE)
    assert time.process_time() - began < 2


def test_what_comes_after_the_end_is_a_new_alert_that_knows_the_old_one() -> None:
    desk = Desk()
    first = bulletin()
    desk.give(first)
    over = bulletin(2, 10, first, response_type=("AllClear",))
    ended = desk.give(over)
    assert ended is not None
    assert ended.verb == "cleared"
    again = desk.give(bulletin(3, 20, over))
    assert again is not None
    assert again.verb == "raised"
    assert again.stated is not None
    assert again.stated.previous == ended.record.about != again.stated.alert_id


def test_an_exercise_stays_one_and_a_draft_raises_nothing() -> None:
    exercise = Desk().give(bulletin(status="Exercise"))
    assert exercise is not None
    assert exercise.stated is not None
    assert exercise.stated.status == "Exercise"
    draft = Desk().give(bulletin(status="Draft"))
    assert draft is not None
    assert (draft.verb, draft.record.did) == (None, "noted")


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_an_exercise_about_what_is_real_moves_and_ends_nothing_of_it(order: tuple[int, ...]) -> None:
    """Whoever rehearses an update may well name the real message in it."""
    first, desk = bulletin(), Desk()
    played = bulletin(2, 10, first, status="Exercise", severity="Extreme")
    over = bulletin(3, 20, first, played, status="Exercise", msg_type="Cancel")
    real = bulletin(4, 30, first, played, severity="Moderate")
    found = [desk.give((first, played, over, real)[nth]) for nth in order]
    said = {(one.stated.alert_id, one.stated.status) for one in found if one is not None and one.stated}
    assert len(said) == len(dict(said)), "an alert has one status as long as it lives"
    (alert,) = (alert for alert, status in said if status == "Actual")
    assert (desk.alerts[alert].open, desk.alerts[alert].severity) == (True, "watch")


@pytest.mark.parametrize("changed", [{"msg_type": "Cancel"}, {"expires": "0001-01-01T00:00:00+14:00"}])
def test_a_time_before_the_calendar_begins_is_no_time(changed: dict[str, Any]) -> None:
    first = bulletin()
    message = msgspec.structs.replace(bulletin(2, 10, first, **changed), sent="0001-01-01T00:00:00+14:00")
    assert {one.path for one in check(message)} >= {"alert/sent"}
    assert take(message, VALID, NCHMF, None, SITE, NOW).verb is None


@pytest.mark.parametrize(
    ("signed", "trusted", "changed", "code"),
    [
        (Signed("absent"), NCHMF, {}, None),
        (VALID, NCHMF, {}, None),
        (Signed("wrong"), NCHMF, {}, "signature"),
        (Signed("unknown"), NCHMF, {}, None),
        (Signed("unchecked"), NCHMF, {}, None),
        (Signed("expired", "nchmf"), NCHMF, {}, None),
        (Signed("unknown"), SIGNING, {}, "signature"),
        (Signed("unchecked"), SIGNING, {}, "signature"),
        (Signed("valid", "other"), NCHMF, {}, "signature"),
        (Signed("absent"), SIGNING, {}, "unsigned"),
        (Signed("expired", "nchmf"), SIGNING, {}, "certificate"),
        (VALID, None, {}, "untrusted-sender"),
        (VALID, NCHMF, {"sent": "2026-10-20T10:00:00+07:00"}, "future"),
        (VALID, NCHMF, {"expires": "2026-10-20T08:30:00+07:00"}, "expired"),
    ],
)
def test_a_good_message_still_needs_a_sender_we_trust(
    signed: Signed, trusted: Trusted | None, changed: dict[str, str], code: str | None
) -> None:
    found = refusal(bulletin(1, 0, **changed), signed, trusted, NOW)
    assert (None if found is None else found[0]) == code


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_what_is_not_for_the_public_raises_nothing_that_roads_would_carry_there(scope: str) -> None:
    only = {"scope": scope, "restriction": "chỉ cơ quan", "addresses": "ioc.example.vn"}
    desk, first = Desk(), bulletin()
    alone = desk.give(msgspec.structs.replace(first, identifier="n-9", **only))
    assert alone is not None
    assert (alone.verb, alone.record.did) == (None, "restricted")
    desk.give(first)
    worse = desk.give(bulletin(2, 10, first, severity="Extreme", **only))
    assert worse is not None
    assert (worse.verb, worse.record.did) == (None, "restricted")
    over = desk.give(bulletin(3, 20, first, msg_type="Cancel", **only))
    assert over is not None
    assert over.verb == "cleared", "an end counts, whoever it is for"


def test_the_level_of_disaster_risk_comes_with_its_bulletin_and_never_alone() -> None:
    record = take(
        bulletin(parameter=(Named("Cấp độ rủi ro", "3"),), web="https://nchmf.example.vn/1"),
        VALID,
        NCHMF,
        None,
        SITE,
        NOW,
    ).record
    assert (record.risk, record.link) == (3, "https://nchmf.example.vn/1")
    assert take(bulletin(), VALID, NCHMF, None, SITE, NOW).record.risk is None


@pytest.mark.parametrize(
    ("event", "codes", "hazard"),
    [
        ("Tin cảnh báo dông, lốc, sét", (), "lightning"),
        ("Rip current statement", (), "rip_current"),
        ("Cảnh báo mưa lớn", (), "flood"),
        ("Ô nhiễm không khí", (), "environment"),
        (unicodedata.normalize("NFD", "Cảnh báo dông sét"), (), "lightning"),
        ("Cảnh báo sóng thần", (), "flood"),
        ("Một điều khác", (), "tree"),
        ("Anything", (Named("haidang:hazard", "lighting"),), "lighting"),
        ("Anything", (Named("SAME", "FFA"),), "flood"),
    ],
)
def test_the_hazard_is_found_by_code_then_by_word_then_by_the_sender_s_own(
    event: str, codes: tuple[Named, ...], hazard: str
) -> None:
    trusted = msgspec.structs.replace(NCHMF, hazards={"FFA": "flood"}, hazard="tree")
    assert hazard_of(bulletin(event=event, event_code=codes), trusted) == hazard


@pytest.mark.parametrize(
    ("area", "found"),
    [
        (Area(area_desc="x", geocode=(Named("VN-ADM-2025", "26506"),)), ["thang-tam"]),
        (Area(area_desc="x", polygon=("10.2,107 10.2,107.05 10.32,107.05 10.2,107",)), ["thang-tam"]),
        (Area(area_desc="x", polygon=("10,106 10,108 11,108 11,106 10,106",)), ["thang-tam", "rach-dua"]),
        (Area(area_desc="x", circle=("10.38,107.11 1",)), ["rach-dua"]),
        (Area(area_desc="x", geocode=(Named("VN-ADM-2025", "00001"),)), []),
        (Area(area_desc="x", polygon=("20,100 20,101 21,101 20,100",)), []),
    ],
)
def test_areas_are_found_by_code_outline_or_circle(area: Area, found: list[str]) -> None:
    message = bulletin(area=(area,))
    assert areas_of(message, SITE) == found
    assert take(message, VALID, NCHMF, None, SITE, NOW).record.area == (found[0] if len(found) == 1 else "_")


def test_outlines_touch_where_one_holds_the_other_or_their_edges_cross() -> None:
    square = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0)]
    inner = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (1.0, 1.0)]
    cross = [(-1.0, 1.0), (5.0, 1.0), (5.0, 2.0), (-1.0, 2.0), (-1.0, 1.0)]
    away = [(9.0, 9.0), (9.0, 10.0), (10.0, 10.0), (9.0, 9.0)]
    assert [touch(square, one) for one in (inner, cross, away)] == [True, True, False]
    assert inside((1.5, 1.6), square)
    assert within((10.0, 107.0), (10.0, 107.009), 1.0)
    assert not within((10.0, 107.0), (10.0, 107.01), 1.0)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SEVERITIES),
    st.sampled_from(("Actual", "Exercise", "Test")),
    st.sampled_from(("thang-tam", "_")),
)
def test_what_one_site_publishes_another_takes_in_as_it_was_meant(
    severity: str, status: str, area: str
) -> None:
    world = World()
    world.alert("raised", severity, status=status, area=area)
    life = world.desk._lives["a1"]
    envelope = Envelope("x-1", T0, T0 + 3600 * SECOND, "Alert")
    message, said = compose(life, world.site, POLICY, envelope, status)
    document = sign(message, keys())
    there = read(document)
    assert there.message == message
    sender = msgspec.structs.replace(NCHMF, sender=POLICY.sender, certificates=(keys().certificate.decode(),))
    signed = verify(there.root, {"nchmf": keys().certificate.decode()})
    assert refusal(message, signed, sender, T0) is None
    taken = take(message, signed, sender, None, world.site, T0)
    assert taken.stated is not None
    assert taken.stated.hazard == life.hazard
    assert CAP_SEVERITY[taken.stated.severity] == message.info[0].severity
    assert taken.stated.severity == severity
    assert taken.stated.status == status
    assert taken.stated.area in {area, "thang-tam"}
    assert said.headline.vi in taken.stated.reason.vi
    assert said.headline.en in taken.stated.reason.en


def test_the_feed_lists_two_days_of_messages_and_leads_to_their_bytes() -> None:
    world = World()
    world.alert("raised", "watch")
    world.turn()
    shelf = world.shelves.of("vung-tau")
    issued = shelf.feed(world.now)
    document = parse(
        atom(
            issued,
            base="https://ioc.example.vn",
            sender="ioc.example.vn",
            name=POLICY.name,
            now=shelf.changed(world.now),
        )
    )
    entries = document.findall(f"{{{ATOM}}}entry")
    assert [one.findtext(f"{{{ATOM}}}title") for one in entries] == [
        "Theo dõi: Lũ – Cầu A, Thắng Tam · Watch: Flood – Bridge A, Thang Tam"
    ]
    link = entries[0].find(f"{{{ATOM}}}link")
    assert link is not None
    assert link.get("href") == f"https://ioc.example.vn/cap/v1/messages/{issued[0].data.identifier}"
    for tag in ("id", "title", "updated"):
        assert document.findtext(f"{{{ATOM}}}{tag}")
        assert entries[0].findtext(f"{{{ATOM}}}{tag}")
    assert shelf.feed(world.now + 49 * 3_600 * SECOND) == []
    assert build(world.issued()[0]) == str(world.stream[-1][2]["data"]["xml"]).encode()


@pytest.mark.parametrize(
    "polygon",
    ["[[107.0, 10.3], [107.1, 10.3]]", '"x"', "[[10.3, 107.0], [10.3, 107.1], [10.4, 107.1]]", "[1, 2, 3]"],
)
def test_an_outline_that_is_none_is_refused_where_the_site_is_read(polygon: str) -> None:
    site = AREA.replace("[[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]]", polygon)
    (problem,) = problems_of(site_toml=site)
    assert problem.what.en == "polygon is not an outline"
    assert "polygon" in site.split("\n")[problem.line - 1]


@pytest.mark.parametrize(
    ("languages", "headline", "only"),
    [
        (("vi-VN",), "Bão số 9", "vi"),
        (("en-US",), "Storm", "en"),
        (("VI", "en"), "Bão số 9", None),
        (("id", "en-GB"), "Storm", "en"),
        (("zh-tw",), "Storm", None),
        ((None,), "Bão số 9 đang đến gần bờ biển", "vi"),
        ((None,), "Storm", "en"),
    ],
)
def test_what_is_said_in_one_language_only_is_marked_with_it(
    languages: tuple[str | None, ...], headline: str, only: str | None
) -> None:
    info = msgspec.structs.replace(bulletin().info[0], event=headline, headline=headline)
    infos = tuple(msgspec.structs.replace(info, language=one) for one in languages)
    taken = Desk().give(msgspec.structs.replace(bulletin(), info=infos))
    assert taken is not None
    assert taken.stated is not None
    assert taken.stated.language == (msgspec.UNSET if only is None else only)
