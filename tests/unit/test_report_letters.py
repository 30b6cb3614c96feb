"""Reports in people's letters: who gets which, in which language, and what goes where a file can't."""

import asyncio
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.observation.delivery import Enclosed, Letter, Words
from services.observation.site import Site
from services.observation.text import Text
from services.policy.alerting import Policy, read_alerting
from services.policy.keeping import Keeping
from services.policy.road_nouns import QuietHours, Road
from services.policy.sending import Sending
from services.roads.carrier import File, Parcel
from services.roads.enclosing import Enclosing
from services.roads.mail import Mail, server_of
from services.roads.notices import Desk
from services.roads.patience import Answer
from services.roads.people import Person, Reader
from services.roads.places import Places
from services.roads.queued import Queue
from services.roads.reports import Report, chosen, file_name, read_report, said
from services.roads.said import Mailing, Said
from services.runtime.people import Account, Book, Contacts
from tests.support.receivers import Mailbox
from tests.support.site_folder import parsed

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PLACES = Places(Text("Vũng Tàu", "Vung Tau"), ZONE)
MAIL = '[[road]]\nid = "mail"\nkind = "email"\nsecret = "m"\n'
ROAD = Road(id="mail", kind="email", secret="m", status=("Actual",))
T0 = 1_761_955_200_000_000
REPORT = Report(
    "shift-20251101T0600", "shift", T0 - 3_600_000_000, T0 + 25_200_000_000,
    Text("2 cảnh báo mới", "2 new alerts"), (Text("1 gateway đang mất tín hiệu", "1 gateway is silent"),),
    ("shift-20251101T0600.vi.pdf", "shift-20251101T0600.en.pdf", "shift-20251101T0600.vi.xlsx"),
)  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Site:
    return parsed()


def policy_of(site: Site, text: str) -> tuple[Policy | None, list[str]]:
    policy, problems = read_alerting(f"format = 1\n{text}".encode(), site, ("flood",))
    assert all(one.what.vi and one.remedy.en for one in problems)
    return policy, [f"{one.line}: {one.what.en}" for one in problems]


def test_a_road_that_only_carries_reports_needs_no_receivers_of_alerts(site: Site) -> None:
    policy, problems = policy_of(site, MAIL + '[[reporting.send]]\nroad = "mail"\nto = ["lan"]\n')
    assert problems == []
    assert policy is not None
    (send,) = policy.reporting.send
    assert (send.to, send.reports, send.formats) == (("lan",), ("shift", "daily", "monthly"), ("pdf",))
    assert not policy.roads.roads[0].escalation, "nobody is called by it either"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MAIL + '[[reporting.send]]\nroad = "male"\nto = ["lan"]\n', "there is no road 'male'"),
        (MAIL + '[[reporting.send]]\nroad = "mail"\n', "nobody gets the reports"),
        (MAIL + '[[reporting.send]]\nroad = "mail"\nto = ["rota:night"]\n', "'rota:night' is not known"),
        (MAIL + '[[reporting.send]]\nroad = "mail"\nto = ["lan"]\nform = ["pdf"]\n', "unknown key 'form'"),
        (
            MAIL + '[reporting]\nmake = ["shift"]\n[[reporting.send]]\nroad = "mail"\nto = ["lan"]\n'
            'reports = ["daily"]\n',
            "no report that is made 'daily'",
        ),
        (
            MAIL.replace("email", "webhook") + 'url = "https://x/"\n[[reporting.send]]\nroad = "mail"\n',
            "is not for people",
        ),
        (
            MAIL + 'areas = ["thang-tam"]\n[[reporting.send]]\nroad = "mail"\nto = ["lan"]\n',
            "is for some areas only",
        ),
        (
            MAIL.replace("email", "apprise") + '[[reporting.send]]\nroad = "mail"\nto = ["lan"]\n',
            "leads to a group",
        ),
        ('[reporting]\naddress = "hai-dang"\n', "can't be used"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sending_is_told_at_its_line(site: Site, text: str, told: str) -> None:
    policy, problems = policy_of(site, text)
    assert policy is None
    assert any(told in one and not one.startswith("1:") for one in problems), problems


def people(*accounts: tuple[str, list[str] | None, str, str]) -> tuple[Reader, list[str]]:
    book, unread = Book(), list[str]()
    for name, areas, language, mail in accounts:
        contacts = Contacts({"mail": mail} if mail else {}, cast("Any", language))
        book.accounts[name] = Account(name, name, ["operator"], areas, contacts=contacts)
    reader = Reader(Keeping(), book, PLACES, lambda _, names: None, lambda _, names: unread.extend(names))
    return reader, unread


def test_who_is_held_to_areas_never_gets_the_whole_sites_report_and_who_lacks_it_is_told() -> None:
    reader, unread = people(
        ("lan", None, "vi", "lan@x.vn"), ("ward", ["a"], "vi", "ward@x.vn"), ("minh", None, "en", "")
    )
    by_name = Sending(road="mail", to=("lan", "ward", "minh", "nobody"), reports=("shift",))
    found = reader.readers(ROAD, [by_name], "shift", T0)
    assert [person.name for person, _ in found] == ["lan"]
    assert unread == ["ward", "minh", "nobody"]
    unread.clear()
    by_role = Sending(road="mail", to=("role:operator",), reports=("shift",))
    assert [person.name for person, _ in reader.readers(ROAD, [by_role], "shift", T0)] == ["lan"]
    assert unread == [], "of a role those are meant who may"
    assert reader.readers(ROAD, [by_role], "daily", T0) == []
    # Two entries for one person are one letter.
    ((_, sends),) = reader.readers(ROAD, [by_role, by_name], "shift", T0)
    assert sends == [by_role, by_name]


def test_who_gets_an_account_is_missed_no_more_before_the_next_report() -> None:
    """The complaint is an alert that calls people: it must not wait a month for the next report."""
    book, told = Book(), dict[str, list[str]]()
    reader = Reader(
        Keeping(),
        book,
        PLACES,
        lambda road, names: told.update({f"{road.id}-people": list(names)}),
        lambda road, names: told.update({f"{road.id}-reports": list(names)}),
    )
    road = msgspec.structs.replace(ROAD, to=("lan",))
    assert reader.readers(road, [Sending(road="mail", to=("lan",), reports=("monthly",))], "", T0) == []
    assert reader.receivers(road, road.to, T0) == []
    assert list(told.values()) == [["lan"], ["lan"]]
    contacts = Contacts({"mail": "lan@x.vn"}, "vi")
    book.accounts["lan"] = Account("lan", "lan", ["operator"], None, contacts=contacts)
    reader.look_again(T0)
    assert list(told.values()) == [[], []]
    told.clear()
    reader.look_again(T0)
    assert told == {}, "who is well is not asked after"


def test_files_are_those_of_the_readers_language_else_those_there_are() -> None:
    pdf = Sending(road="mail", reports=("shift",))
    both = msgspec.structs.replace(pdf, formats=("pdf", "xlsx"))
    assert chosen(REPORT, [pdf], "vi") == ("shift-20251101T0600.vi.pdf",)
    assert chosen(REPORT, [both], "en") == ("shift-20251101T0600.en.pdf",)
    only = msgspec.structs.replace(both, formats=("xlsx",))
    assert chosen(REPORT, [only], "en") == ("shift-20251101T0600.vi.xlsx",), "better than none"
    fixed = msgspec.structs.replace(both, languages=("vi", "en"))
    assert len(chosen(REPORT, [fixed, pdf], "vi")) == 3
    named = file_name(REPORT, REPORT.files[0], Text("Vũng Tàu / Bà Rịa", "x"), ZONE)
    assert named == "Bàn giao ca trực 2025-11-01 06h00 – Vũng Tàu - Bà Rịa.pdf"


def test_a_letter_says_what_must_be_known_and_a_text_message_where_it_lies() -> None:
    words = said(REPORT, PLACES, "vi", ROAD, "https://hd.vn", REPORT.files[:1])
    assert words.title == "Bàn giao ca trực 06:00–14:00 01/11/2025 – Vũng Tàu: 2 cảnh báo mới"
    assert "Cần biết ngay:\n– 1 gateway đang mất tín hiệu" in words.text
    sms = msgspec.structs.replace(ROAD, kind="sms", letters="plain")
    short = said(REPORT, PLACES, "vi", sms, "https://hd.vn", REPORT.files[:1]).short
    assert short.startswith(
        "Ban giao ca truc 06:00-14:00 01/11/2025 - Vung Tau: 2 canh bao moi. https://hd.vn/"
    )


@pytest.mark.parametrize(
    "change",
    [{"status": "Exercise"}, {"status": "Test"}, {"kind": "exercise"}, {"files": None}, {"start": "x"}],
)  # fmt: skip
def test_only_reports_of_the_real_operation_are_reports(change: dict[str, Any]) -> None:
    data = {
        "report": "daily-20251101", "kind": "daily",
        "start": "2025-11-01T00:00:00Z", "end": "2025-11-02T00:00:00Z",
        "headline": {"vi": "a", "en": "b"}, "files": [{"name": "x.vi.pdf", "bytes": 3}], "status": "Actual",
    }  # fmt: skip
    assert read_report(data) is not None
    assert read_report(data | change) is None


def test_quiet_hours_hold_no_report_back_and_another_sites_is_not_ours() -> None:
    quiet = msgspec.structs.replace(ROAD, quiet=QuietHours(start=0, end=1439))
    queue, desk = Queue(quiet, 0, 0, (), reports=("shift",)), Desk("vung-tau")
    data = {
        "report": REPORT.name, "kind": "shift",
        "start": "2025-11-01T00:00:00Z", "end": "2025-11-01T08:00:00Z",
        "headline": {"vi": "a", "en": "b"}, "files": [], "status": "Actual",
    }  # fmt: skip
    event = {"type": "vn.haidang.report.made.v1", "subject": "r", "data": data}
    assert desk.take(1, T0, {**event, "source": "/sites/child"}) == []
    for notice in desk.take(2, T0, {**event, "source": "/sites/vung-tau"}):
        queue.put(notice, 60)
        queue.put(notice, 60)
    assert len(queue) == 1
    head = queue.head(T0)
    assert head is not None
    assert head[1].report is not None
    other = Queue(quiet, 0, 0, (), reports=("daily",))
    other.put(head[1], 60)
    assert len(other) == 0


def letter(*files: str) -> Letter:
    words = Words(title="t", short="s", text="chữ", html="<p>chữ</p>", spoken="")
    enclosed = Enclosed(files=tuple((file, file) for file in files), largest=1_000_000)
    return Letter(id="l", stored_us=T0, noun="words", to="lan", words=words, enclosed=enclosed)


def test_who_was_held_to_areas_since_it_was_written_does_not_get_it() -> None:
    class Never:
        async def carry(self, parcel: Parcel) -> Answer:
            raise AssertionError(parcel)

        async def close(self) -> None:
            """Nothing is open."""

    answer = asyncio.run(
        Enclosing(Never(), cast("Any", None), lambda name, _areas: name != "lan").carry(Parcel(letter()))
    )
    assert answer.trouble == "refused"


def test_a_server_that_takes_no_file_so_large_gets_the_letter_without_it() -> None:
    box = Mailbox()
    try:
        box.largest = 20_000
        server = server_of(f"smtp://127.0.0.1:{box.port}?from=hai-dang@example.vn&starttls=no")
        file = File("Báo cáo.pdf", "application/pdf", b"x" * 100_000)
        parcel = Parcel(letter("a.pdf"), (), "lan@example.vn", (file,))
        carrier = Mail(ROAD, server)

        async def carry() -> Answer:
            try:
                return await carrier.carry(parcel)
            finally:
                await carrier.close()

        assert asyncio.run(carry()).taken
        (mail,) = box.mails
    finally:
        box.down()
    assert list(mail.iter_attachments()) == []
    body = mail.get_body(("plain",))
    assert body is not None
    assert "quá lớn để gửi kèm (0,1 MB)" in body.get_content()


def test_a_trial_of_the_road_goes_to_the_readers_of_reports_each_once() -> None:
    reader, unread = people(("lan", None, "vi", "lan@x.vn"), ("minh", None, "en", "minh@x.vn"))
    sends = [
        Sending(road="mail", to=("lan", "gone"), reports=("shift", "daily")),
        Sending(road="mail", to=("lan", "minh"), reports=("monthly",)),
    ]
    source = Said(ROAD, Queue(ROAD, 0, 0, ()), reader, lambda: T0, cast("Any", None), Mailing(sends))
    assert sorted(parcel.address for parcel in source.trial(T0)) == ["lan@x.vn", "minh@x.vn"]
    assert set(unread) == {"gone"}


def test_a_group_gets_one_notice() -> None:
    reader, _ = people()
    group = Road(id="chat", kind="apprise", secret="c")
    found = reader.readers(group, [Sending(road="chat", reports=("daily",))], "daily", T0)
    assert [person for person, _ in found] == [Person("", "", ("vi",))]


def test_a_report_of_an_area_goes_to_who_sees_it_and_a_report_of_the_site_to_nobody_held_to_one() -> None:
    reader, unread = people(
        ("lan", None, "vi", "lan@x.vn"), ("ward", ["a"], "vi", "ward@x.vn"), ("other", ["b"], "vi", "o@x.vn")
    )
    sends = [
        Sending(road="mail", to=("role:operator",), areas=("a",), reports=("shift",)),
        Sending(road="mail", to=("role:operator",), areas=("a", "b"), reports=("shift",)),
        Sending(road="mail", to=("role:operator",), reports=("shift",)),
    ]

    def names(areas: tuple[str, ...]) -> list[str]:
        return [person.name for person, _ in reader.readers(ROAD, sends, "shift", T0, areas)]

    assert names(("a",)) == ["lan", "ward"]
    assert names(("a", "b")) == names(()) == ["lan"]
    assert names(("b",)) == []
    assert unread == []
    assert reader.may_read("ward", ("a",))
    assert not reader.may_read("ward", ("a", "b"))
    assert not reader.may_read("ward", ())
    reader.readers(ROAD, [Sending(road="mail", to=("other",), areas=("a",), reports=("shift",))], "shift", T0)
    assert unread == ["other"], "who is named and may not see it"


def test_a_letter_says_of_which_area_a_report_is_and_that_it_was_made_anew() -> None:
    places = PLACES._replace(areas={"a": Text("Phường Thắng Tam", "Thang Tam ward")})
    report = msgspec.structs.replace(REPORT, areas=("a",), revision=2)
    words = said(report, places, "vi", ROAD, "", ())
    assert words.title.startswith(
        "Bàn giao ca trực 06:00–14:00 01/11/2025 (bản sửa 2) – Vũng Tàu, Phường Thắng Tam:"
    )
    assert file_name(report, report.files[0], places.site, ZONE).endswith(" (bản sửa 2) – Vũng Tàu, a.pdf")
