"""Reports of a duty: what stands in them, in both languages and every form, and what they refuse to guess."""

import json
import re
from datetime import date, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any

import openpyxl
import pypdf
import pytest

from services.alerts.load.late import Late
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.report import (
    calendar,
    daily,
    monthly,
    paper_html,
    paper_json,
    paper_pdf,
    paper_xlsx,
    phrases,
    shift,
)
from services.report.matter import AirDays, Facts, Lamps, Matter, Station, Stretch
from services.report.paper import (
    LANGUAGES,
    Bars,
    Cell,
    Column,
    Note,
    Paper,
    Part,
    Share,
    Table,
    Tile,
    cell_of,
)
from services.report.paper_sheet import COLOURS, SHADES
from services.report.writing import write
from tests.support.duty import HOUR, MINUTE, SITE, T0, ZONE, Duty

LETTERS = "ăâđêôơư ĂÂĐÊÔƠƯ àảãáạ ằẳẵắặ ầẩẫấậ èẻẽéẹ ềểễếệ ìỉĩíị òỏõóọ ồổỗốộ ờởỡớợ ùủũúụ ừửữứự ỳỷỹýỵ"
NAMES: dict[str, Any] = {
    "hazards": {"flood": Text("lũ, ngập", "flood")},
    "areas": {"thang-tam": Text("Phường Thắng Tam", "Thang Tam ward")},
    "stations": {"vt-street-001": Text("đường Ba Cu", "Ba Cu street")},
}


def matter(duty: Duty, hours: float = 8, **more: Any) -> Matter:
    last = T0 + round(hours * HOUR)
    book = duty.book(hours * 3600)
    mine = list(book.cases.values())
    return Matter(
        site=Text("Vũng Tàu", "Vung Tau"), zone=ZONE, first=T0, last=last, made_at=last,
        cases=[case for case in mine if case.life.status == "Actual"],
        apart=[case for case in mine if case.life.status != "Actual"],
        things=book.things_of(SITE), acts=book.acts, affairs=book.affairs, **NAMES, **more,
    )  # fmt: skip


def busy() -> Duty:
    duty = Duty()
    duty.alert(
        "open", at_s=60, severity="warning", reason=("Ngập đường Ba Cu 0,52 m", "Ba Cu street 0.52 m deep")
    )
    duty.alert("seen", at_s=120, station="vt-b")
    duty.act("seen", "acknowledged", 300, by="thảo")
    duty.act("seen", "commented", 360, by="thảo", text="Đã gọi phường, cống đang được nạo vét")
    duty.alert("seen", "cleared", 3_600, station="vt-b")
    duty.act("seen", "closed", 3_700, by="thảo", cause="real")
    duty.alert("asleep", at_s=500, station="vt-c")
    duty.act("asleep", "shelved", 560, by="đức", until=iso(T0 + 10 * HOUR), why="Cảm biến đang thay pin")
    duty.alert("played", at_s=700, station="vt-d", status="Exercise")
    duty.put(T0 + 30 * MINUTE, "road-1", "road", "failed", {"road": "email-ubnd", "why": "SMTP 421"})
    return duty


def texts(paper: Paper, lang: str = "vi") -> str:
    return json.dumps(paper_json.plain(paper, "vi" if lang == "vi" else "en"), ensure_ascii=False)


def table(paper: Paper, name: str) -> Table:
    return next(
        block
        for part in paper.parts
        for block in part.blocks
        if isinstance(block, Table) and block.name.en == name
    )


def test_the_hand_over_says_what_the_next_shift_must_know() -> None:
    paper = shift.build(matter(busy()))
    said = [
        block.text.vi for block in paper.parts[0].blocks if isinstance(block, Note) and block.kind == "do"
    ]
    assert said == [
        "1 cảnh báo mức “cảnh báo” còn mở: đường Ba Cu (lũ, ngập).",
        "1 cảnh báo chưa ai xác nhận: đường Ba Cu (lũ, ngập).",
        "1 cảnh báo gác lại hoặc giữ im sẽ lên tiếng trong 8 giờ tới: vt-c (lũ, ngập).",
        "Đường gửi đang hỏng: email-ubnd.",
    ]


def test_a_quiet_shift_leaves_nothing_over() -> None:
    paper = shift.build(matter(Duty_with_one_answered()))
    assert "Không có việc gì còn dở." in texts(paper)
    assert "Nothing is left over." in texts(paper, "en")


def test_what_a_person_closed_is_not_left_over_though_its_sensor_still_says_so() -> None:
    duty = Duty()
    duty.alert("a", severity="emergency")
    duty.act("a", "closed", 60, cause="false")
    assert "Nothing is left over." in texts(daily.build(matter(duty)), "en")


def test_situations_that_go_on_come_first_and_those_that_ended_do_not_come() -> None:
    duty = Duty()
    for name, verb, word, at in (
        ("sea", "opened", "watch", 0), ("storm", "opened", "emergency", 1), ("air", "opened", "warning", 2),
        ("air", "ended", "warning", 3),
    ):  # fmt: skip
        text = {"vi": name, "en": name}
        data = {"status": "Actual", "name": text, "severity_max": word, "opened_at": iso(T0 + at * MINUTE)}
        duty.put(T0 + at * MINUTE, name, "situation", verb, data)
    note = daily.build(matter(duty)).parts[0].blocks[0]
    assert isinstance(note, Note)
    first, then = "storm (emergency, since 2025-11-01 07:01)", "sea (watch, since 2025-11-01 07:00)"
    assert note.text.en == f"Situations that go on: {first}; {then}."


def test_columns_of_words_that_nobody_filled_are_not_printed() -> None:
    columns = [Column(Text("a", "a")), Column(Text("b", "b")), Column(Text("c", "c"), "number")]
    made = Table(Text("t", "t"), columns, [["x", "", None], ["y", Text("", ""), None]])
    assert [column.title.en for column in made.shown()[0]] == ["a", "c"], "a dash says something"
    assert made.shown()[1] == [["x", None], ["y", None]]


def Duty_with_one_answered() -> Duty:  # noqa: N802
    duty = Duty()
    duty.alert("a")
    duty.act("a", "acknowledged", 60)
    duty.alert("a", "cleared", 120)
    return duty


def test_open_alerts_carry_their_state_and_who_saw_them() -> None:
    rows = table(shift.build(matter(busy())), "Open alerts").rows
    assert [[row[0], str(getattr(row[3], "en", ""))] for row in rows] == [
        ["warning", "unacknowledged"],
        ["watch", "shelved"],
    ]


def test_what_happened_tells_who_answered_how_fast_and_the_cause() -> None:
    rows = table(shift.build(matter(busy())), "Alerts of the shift").rows
    seen = rows[1]
    assert (seen[0], seen[4], seen[5], seen[6]) == (T0 + 2 * MINUTE, 3_480.0, "thảo", 180.0)
    assert seen[7] == Text("Có thật", "Real")
    assert len(rows) == 3  # that of the exercise is not among them


def test_comments_and_reasons_of_shelving_are_there_word_for_word() -> None:
    said = texts(shift.build(matter(busy())))
    assert "Đã gọi phường, cống đang được nạo vét" in said
    assert "Cảm biến đang thay pin" in said
    assert "1 cảnh báo diễn tập trong kỳ không nằm trong số liệu nào ở đây." in said


def test_causes_have_their_denominator() -> None:
    duty = Duty()
    for number, cause in enumerate(("real", "real", "real", "false", None)):
        duty.alert(f"a{number}", at_s=number, station=f"s{number}")
        duty.alert(f"a{number}", "cleared", 60 + number, station=f"s{number}")
        if cause:
            duty.act(f"a{number}", "closed", 120, cause=cause)
    (row,) = table(monthly.build(matter(duty)), "Causes, by who closed the alerts").rows
    assert row[1:] == [5, 3, 1, 0, 0, 1, Share(1, 4)]


def test_alerts_are_counted_by_hazard_and_area_with_their_sum() -> None:
    duty = Duty()
    duty.alert("a", station="a", severity="advisory")
    duty.alert("b", station="b", at_s=1, hazard="tree", area="rach-dua", severity="warning")
    paper = daily.build(matter(duty))
    rows = table(paper, "By hazard").rows
    assert [row[1:6] for row in rows] == [[1, 1, 0, 0, 0], [1, 0, 0, 1, 0], [2, 1, 0, 1, 0]]
    assert table(paper, "By area").rows[0][0] == Text("rach-dua", "rach-dua")


def test_availability_has_its_denominator_and_on_change_has_none() -> None:
    facts = Facts(
        stations=[Station("s1", "thang-tam", "gw", 90, 100), Station("s2", "thang-tam", "gw", 5, None)]
    )
    paper = monthly.build(
        matter(Duty_with_one_answered(), facts=facts, gateways=["gw"], silent_rules=["gateway-silent"])
    )
    rows = table(paper, "Stations that lack readings, the worst first").rows
    assert [getattr(row[4], "value", None) for row in rows] == [Share(90, 100)]
    assert "1 have no interval" in texts(paper, "en")
    assert getattr(rows[0][4], "over", False)


def test_a_gateway_is_available_but_for_its_silences() -> None:
    duty = Duty()
    duty.alert(
        "g", at_s=3600, rule="gateway-silent", hazard="system", station=None, gateway="gw", severity="warning"
    )
    duty.alert("g", "cleared", 5400, rule="gateway-silent", hazard="system", station=None, gateway="gw")
    paper = daily.build(matter(duty, gateways=["gw", "other"], silent_rules=["gateway-silent"]))
    rows = table(paper, "Gateways that were silent or lack readings").rows
    assert [row[:3] for row in rows] == [["gw", 1, 1800.0]]
    assert "1 others were heard all the time" in texts(paper, "en")
    assert getattr(rows[0][3], "value", None) == Share(7.5, 8.0)


def test_what_the_history_could_not_say_is_said() -> None:
    facts = Facts(gaps=[Text("Thiếu số đo.", "Readings are missing.")])
    paper = daily.build(matter(Duty_with_one_answered(), facts=facts, since=T0 + HOUR))
    gaps = [
        block.text.en
        for part in paper.parts
        for block in part.blocks
        if isinstance(block, Note) and block.kind == "gap"
    ]
    assert gaps == [
        "Readings are missing.",
        "Known in full only from 2025-11-01 08:00; what was before is no longer in memory.",
    ]


def test_lamps_air_and_energy_stand_with_what_they_are_shares_of() -> None:
    facts = Facts(
        air=[AirDays("air", "thang-tam", {"Good": 3, "Poor": 1}, 30)],
        air_classes=[Text("Tốt", "Good"), Text("Trung bình", "Moderate"), Text("Kém", "Poor")],
        lamps=[Lamps("thang-tam", 10, 8, 2, 30, 300, 5, 60.0, 100.0)],
    )
    paper = monthly.build(matter(Duty_with_one_answered(), facts=facts))
    assert table(paper, "Days by class of VN_AQI").rows[0][2:] == [3, 0, 1, Share(4, 30)]
    row = table(paper, "Lamps and energy by area").rows[0]
    assert row[2:] == [Share(2, 8), Share(30, 300), 5, 60.0, 100.0, Share(40.0, 100.0)]


def test_of_nothing_there_is_no_figure() -> None:
    paper = shift.build(matter(Duty()))
    for lang in LANGUAGES:
        page = paper_html.render(paper, lang)
        assert "NaN" not in page
        assert "NaN" not in texts(paper, lang)
    split = [row[1] for row in table(paper, "Load beside its marks").rows[-3:]]
    assert [write(cell_of(one, Column(Text("", ""))), ZONE, "vi") for one in split] == ["–", "–", "–"]
    assert paper.parts[0].tiles[4].value is None  # nobody answered: no median, not zero


def everything() -> Paper:
    """Every kind of block and value once, with letters and words that could harm."""
    columns = [
        Column(Text("Lời", "Words")), Column(Text("Số", "Number"), "number", digits=1, unit="kWh"),
        Column(Text("Lúc", "At"), "time"), Column(Text("Trong", "For"), "span"),
        Column(Text("Phần", "Share"), "share"), Column(Text("Mức", "Severity"), "severity"),
    ]  # fmt: skip
    rows: list[list[object]] = [
        [LETTERS, 1234.5, T0, 5400.0, Share(1, 3), "warning"],
        ["=1+1", Cell(-2, over=True), None, None, Share(0, 0), "unheard-of"],
        ["<script>alert(1)</script>", None, T0, 30.0, None, "emergency"],
    ]
    long = Table(
        Text("Dài: một/hai [3]", "Long: one/two [3]"),
        [columns[0], columns[1]],
        [[f"dòng {n}", n] for n in range(120)],
        more=7,
    )
    blocks: list[Table | Bars | Note] = [
        Table(Text("Bảng", "Table"), columns, rows, note=Text("Ghi chú", "A note")),  # type: ignore[arg-type]
        Table(Text("Trống", "Empty"), columns, []),
        long,
        Table(Text("Dài: một/hai [3]", "Long: one/two [3]"), columns, []),
        Bars(Text("Cột", "Bars"), ["1/11", "2/11"], {"advisory": [3, 0], "warning": [1, 2]}),
        Note(Text("Việc phải làm", "To do"), "do"),
    ]
    tiles = [
        Tile(Text("điều", "things"), 3, over=True),
        Tile(Text("phần", "share"), Share(9, 10), "share", 1),
    ]
    return Paper(
        "shift", Text("Bàn giao ca trực", "Shift hand-over"), Text("Vũng Tàu", "Vung Tau"), ZONE,
        T0, T0 + 8 * HOUR,
        T0 + 8 * HOUR, [Part(Text("Phần một", "Part one"), tiles, blocks)], status="Exercise",
    )  # fmt: skip


def test_a_pdf_has_every_vietnamese_letter_and_repeats_its_heads() -> None:
    pages = pypdf.PdfReader(BytesIO(paper_pdf.render(everything(), "vi"))).pages
    said = "\n".join(page.extract_text() for page in pages)
    assert all(word in said for word in LETTERS.split())
    assert len(pages) >= 3
    for number, page in enumerate(pages, 1):
        text = page.extract_text()
        assert "DIỄN TẬP" in text
        assert f"trang {number} / {len(pages)}" in text
    assert "Số (kWh)" in pages[1].extract_text()  # the long table goes on under its own head


def test_no_sheet_of_a_hand_over_is_named_with_half_a_word() -> None:
    paper = shift.build(matter(busy()))
    book = openpyxl.load_workbook(BytesIO(paper_xlsx.render(paper, "vi")))
    whole = {"Tóm tắt"} | {
        block.name.vi for part in paper.parts for block in part.blocks if not isinstance(block, Note)
    }
    for name in book.sheetnames:
        begun = name.rstrip("…")
        assert any(
            one == name or (begun != name and one.startswith((f"{begun} ", f"{begun},"))) for one in whole
        )


def test_severities_of_a_picture_differ_on_a_printer_without_colours() -> None:
    greys = []
    for word, shade in SHADES.items():
        red, green, blue = (255 - (255 - one) * shade for one in COLOURS[word])
        greys.append(0.299 * red + 0.587 * green + 0.114 * blue)
    assert all(lighter - darker > 30 for lighter, darker in pairwise(greys)), greys
    page = paper_html.render(everything(), "vi")
    assert [f"{shade:g}".lstrip("0") for shade in list(SHADES.values())[:3]] == re.findall(
        r"rect\.\w+,[^{]*em\{opacity:([.\d]+)\}", page
    )


def test_a_page_is_whole_by_itself_and_trusts_no_text() -> None:
    page = paper_html.render(everything(), "vi")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace('http-equiv="Content', "")
    assert "DIỄN TẬP" in page
    assert "33 % (1 / 3)" in page


def test_a_workbook_holds_numbers_dates_and_frozen_heads() -> None:
    book = openpyxl.load_workbook(BytesIO(paper_xlsx.render(everything(), "vi")))
    assert book.sheetnames == ["Tóm tắt", "Bảng", "Trống", "Dài một hai 3", "Dài một hai 3 2", "Cột"]
    sheet = book["Bảng"]
    assert sheet.freeze_panes == "A2"
    first = [cell.value for cell in sheet[2]]
    assert first[:3] == [LETTERS, 1234.5, datetime(2025, 11, 1, 7, 0)]  # noqa: DTZ001  a wall clock has no zone
    assert sheet["D2"].number_format == "[h]:mm:ss"
    assert first[4:7] == [pytest.approx(1 / 3), 1, 3]
    assert sheet["A3"].value == "=1+1"
    assert sheet["A3"].data_type == "s"  # what somebody wrote is no formula
    assert sheet["B4"].value == "–"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert paper_html.render(everything(), "en") == paper_html.render(everything(), "en")
    assert paper_pdf.render(everything(), "vi") == paper_pdf.render(everything(), "vi")


def test_numbers_and_times_are_written_as_the_reader_does() -> None:
    number, share = Column(Text("", ""), "number", digits=1), Column(Text("", ""), "share", digits=1)
    at = Column(Text("", ""), "time")
    assert write(cell_of(1234.5, number), ZONE, "vi") == "1.234,5"
    assert write(cell_of(1234.5, number), ZONE, "en") == "1,234.5"
    assert write(cell_of(Share(1200, 1288), share), ZONE, "vi") == "93,2 % (1.200 / 1.288)"
    assert write(cell_of(T0, at), ZONE, "vi") == "01/11/2025 07:00"
    assert write(cell_of(T0, at), ZONE, "en") == "2025-11-01 07:00"
    assert write(cell_of(None, at), ZONE, "en") == "–"


SHIFTS = (360, 840, 1320)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-10T17:00:00Z", "2026-11-11T17:00:00Z", "11/11/2026"),
        ("2026-10-31T17:00:00Z", "2026-11-30T17:00:00Z", "01/11/2026 – 30/11/2026"),
        ("2026-11-10T23:00:00Z", "2026-11-11T07:00:00Z", "06:00 – 14:00, 11/11/2026"),
        ("2026-11-11T15:00:00Z", "2026-11-11T23:00:00Z", "11/11/2026 22:00 – 12/11/2026 06:00"),
    ],
)
def test_a_report_says_its_days_and_hours_without_a_second_day_that_is_none(
    first: str, last: str, said: str
) -> None:
    paper = Paper("daily", Text("", ""), Text("", ""), ZONE, micros(first), micros(last), 0, [])
    assert phrases.spanning(paper, "vi") == f"{said} · toàn địa bàn"


def test_a_shift_lasts_until_the_next_one_begins() -> None:
    at = micros("2026-11-10T20:00:00Z")  # 03:00 of the 11th
    assert [iso(one) for one in calendar.shift_at(SHIFTS, at, ZONE)] == [
        "2026-11-10T15:00:00Z",
        "2026-11-10T23:00:00Z",
    ]
    assert calendar.shift_at(SHIFTS, micros("2026-11-10T23:00:00Z"), ZONE)[0] == micros(
        "2026-11-10T23:00:00Z"
    )
    (only,) = calendar.shifts_of_day((480,), date(2026, 11, 10), ZONE)
    assert only[1] - only[0] == 24 * HOUR


def test_a_span_is_made_of_shifts_without_gap_or_overlap() -> None:
    first, last = calendar.month_span(date(2026, 2, 9), ZONE)
    found: list[Stretch] = calendar.shifts_between(SHIFTS, first, last, ZONE)
    assert (found[0].first, found[-1].last, len(found)) == (first, last, 28 * 3 + 1)
    assert all(one.last == then.first for one, then in pairwise(found))


@pytest.mark.parametrize(
    ("kind", "now", "name"),
    [
        ("shift", "2026-11-10T23:00:00Z", "shift-20261110T2200"),
        ("shift", "2026-11-10T22:59:59Z", "shift-20261110T1400"),
        ("daily", "2026-11-10T23:29:59Z", "daily-20261109"),
        ("daily", "2026-11-10T23:30:00Z", "daily-20261110"),
        ("monthly", "2026-11-30T23:59:59Z", "monthly-202610"),
        ("monthly", "2026-12-01T00:00:00Z", "monthly-202611"),
        ("monthly", "2027-01-01T01:00:00Z", "monthly-202612"),
    ],
)
def test_a_report_is_due_at_its_minute_of_the_sites_clock(kind: calendar.Kind, now: str, name: str) -> None:
    minute = 420 if kind == "monthly" else 390
    due = calendar.last_due(kind, micros(now), ZONE, SHIFTS, minute)
    assert calendar.name_of(kind, due, ZONE) == name
    assert due[1] <= micros(now)


def test_words_of_lists_are_in_the_readers_language_and_an_exercise_says_so() -> None:
    duty = busy()
    duty.put(T0 + HOUR, "b-1", "bulletin", "proposed", {"status": "Exercise", "by": "cap"})
    duty.alert("still", at_s=900, station="vt-e", severity="emergency")
    duty.act("still", "closed", 960, by="thảo", cause="false")
    paper = shift.build(matter(duty))
    rows = table(paper, "Maintenance, roads, bulletins, exercises").rows
    assert [(getattr(row[1], "vi", ""), getattr(row[2], "vi", "")) for row in rows] == [
        ("đường gửi", "hỏng"),
        ("bản tin (DIỄN TẬP)", "đề xuất"),
    ]
    closed = [
        row[4] for row in table(paper, "Comments and acts").rows if getattr(row[2], "en", "") == "closed"
    ]
    assert closed == [Text("có thật", "real"), Text("báo sai", "false")]
    assert [row[4:6] for row in table(paper, "Closed, and the sensor still says so").rows] == [
        ["thảo", Text("Báo sai", "False")]
    ]
    assert "emergency" not in [row[0] for row in table(paper, "Open alerts").rows]


def test_what_came_late_stands_apart_and_a_report_that_is_made_anew_says_so() -> None:
    late = Late(
        at=T0 + HOUR, heard=T0 + 9 * HOUR, alert=True, alert_id="x", site=SITE, status="Actual",
        area="thang-tam", place="vt-street-001", hazard="flood", severity="warning",
        reason=Text("Ngập 0,52 m", "0.52 m deep"),
    )  # fmt: skip
    first = shift.build(matter(Duty()))
    anew = shift.build(matter(Duty(), late=[late], revision=2))
    assert table(anew, "Known only later: readings that came late").rows == [
        [late.at, late.heard, "warning", NAMES["stations"]["vt-street-001"], NAMES["areas"]["thang-tam"],
         NAMES["hazards"]["flood"], late.reason]
    ]  # fmt: skip
    said = [block.text.vi for block in anew.parts[0].blocks if isinstance(block, Note)]
    assert said[:2] == [
        "Bản sửa 2, thay bản trước: có tin của kỳ này đến sau khi lập.",
        "1 cảnh báo của kỳ này chỉ biết sau khi kỳ kết thúc, do số liệu đến muộn.",
    ]
    assert anew.parts[0].tiles == first.parts[0].tiles, "it is in no figure"
    assert "bản sửa 2" in phrases.spanning(anew, "vi")
    assert "bản sửa" not in phrases.spanning(first, "vi")


def test_two_minutes_of_a_flood_are_no_zero_and_their_share_is_of_the_minutes() -> None:
    duty = Duty()
    for number in range(12):
        duty.alert(f"a{number}", at_s=30.0 * number, station=f"s{number}")
    row = next(
        row for row in table(shift.build(matter(duty)), "Load beside its marks").rows
        if row[0] == Text("Thời gian dồn dập, phút", "Time in floods, minutes")
    )  # fmt: skip
    # From the eleventh, at 5:03, until four are left, at 13:33: 8.5 of 480 minutes.
    assert isinstance(row[1], Cell)
    assert row[1].value == Share(8.5, 480.0)
    assert write(row[1], ZONE, "vi") == "1,8 % (8,5 / 480)"


def test_a_shift_with_little_that_stands_does_not_say_that_nothing_does() -> None:
    duty = Duty()
    duty.alert("a", severity="watch")
    duty.act("a", "acknowledged", 60)
    assert "Nothing urgent: 1 open below warning" in texts(shift.build(matter(duty)), "en")


def test_answers_within_minutes_are_told_to_the_second() -> None:
    assert [write(Cell(s, "span"), ZONE, "vi") for s in (59.6, 95, 120, 601)] == [
        "1 phút", "1 phút 35 giây", "2 phút", "10 phút",
    ]  # fmt: skip
    assert write(Cell(95, "span"), ZONE, "en") == "1 min 35 s"


def test_a_place_that_is_gone_or_is_the_whole_site_has_a_name_for_people() -> None:
    here = matter(Duty())
    assert here.named("_") == phrases.WHOLE_SITE
    assert here.named("gone-1.water_level") == Text("gone-1", "gone-1")
    assert here.named("vt-street-001.depth") == Text("đường Ba Cu", "Ba Cu street")


def test_a_workbook_says_of_what_a_share_on_its_first_sheet_is_one_and_dates_are_the_readers() -> None:
    tile = Tile(Text("x", "x"), Share(3, 4), "share", note=Text("trạm", "stations"))
    column = Column(Text("Lúc", "At"), "time")
    paper = matter(Duty()).paper(
        "daily",
        Text("x", "x"),
        [Part(Text("x", "x"), [tile], [Table(Text("Bảng", "Table"), [column], [[T0]])])],
    )
    books = {lang: openpyxl.load_workbook(BytesIO(paper_xlsx.render(paper, lang))) for lang in LANGUAGES}
    row = next(
        row for row in books["en"].worksheets[0].iter_rows(values_only=True) if row[0] == "x" and row[1]
    )
    assert row[1:3] == (0.75, "3 / 4 · stations")
    assert [books[lang].worksheets[1]["A2"].number_format for lang in LANGUAGES] == [
        "dd/mm/yyyy hh:mm", "yyyy-mm-dd hh:mm",
    ]  # fmt: skip
