"""One day at a site, small enough to be worked out with a pencil: every figure of its report against that.

Monday 10 November 2025, Asia/Ho_Chi_Minh. What began or was answered on other days, at another site, in a
test or an exercise stands beside it.
"""

import json
from datetime import date
from typing import Any

import pytest

from services.alerts.load.figures import figures
from services.api.reports import worker as report_worker
from services.api.reports.facts import metered
from services.api.reports.job import Job, Memory, Names, Place
from services.observation.text import Text
from services.report import calendar, daily, paper_json
from services.report.matter import AirDays, Facts, Lamps, Station
from tests.support.duty import DAY, HOUR, SITE, T0, ZONE, Duty

FIRST, LAST = calendar.day_span(date(2025, 11, 10), ZONE)
SHIFTS = (6 * 60, 14 * 60, 22 * 60)


def at(clock: str, day: int = 10) -> float:
    """A local time of November 2025, as seconds after `T0`."""
    hours, minutes, *rest = (int(part) for part in clock.split(":"))
    of_day = hours * 3600 + minutes * 60 + sum(rest)
    return (FIRST - T0) / 1e6 + (day - 10) * 86_400 + of_day


def told() -> Duty:  # noqa: PLR0915  a day, line by line
    """Ten alerts that the day has to do with, and five that it has not."""
    duty = Duty()
    # Open since the evening before, answered in this day: its answer is this day's, it is not.
    known: dict[str, Any] = {"severity": "warning", "station": "st-1"}
    duty.alert("evening", "raised", at("22:00", 9), **known)
    duty.act("evening", "acknowledged", at("00:20"), by="lan")
    duty.alert("evening", "cleared", at("01:00"), **known)
    # The last second of the day before, over as this one begins.
    duty.alert("second", "raised", at("23:59:58", 9), station="st-9")
    duty.act("second", "acknowledged", at("23:59:59", 9), by="lan")
    duty.alert("second", "cleared", at("00:00"), station="st-9")
    # An ordinary one.
    known = {"severity": "advisory", "station": "st-2"}
    duty.alert("short", "raised", at("08:00"), **known)
    duty.act("short", "acknowledged", at("08:04"), by="minh")
    duty.alert("short", "cleared", at("08:30"), **known)
    duty.act("short", "closed", at("08:40"), by="minh", cause="real")
    # It rises after it was answered, so it asks again; it eases and was false.
    known = {"station": "st-3", "hazard": "lightning", "rule": "lightning-ring", "area": "rach-dua"}
    duty.alert("rises", "raised", at("09:00"), severity="watch", **known)
    duty.act("rises", "acknowledged", at("09:02"), by="lan")
    duty.alert(
        "rises", "escalated", at("09:10"), severity="warning", reason=("Sét cách 6 km", "6 km"), **known
    )
    duty.act("rises", "acknowledged", at("09:15"), by="lan")
    duty.alert("rises", "eased", at("09:30"), severity="watch", reason=("Sét xa dần", "Farther"), **known)
    duty.alert("rises", "cleared", at("10:00"), severity="watch", **known)
    duty.act("rises", "closed", at("10:10"), by="lan", cause="false")
    # Over before anybody looked.
    known = {"severity": "advisory", "station": "st-4", "hazard": "tree", "area": "rach-dua"}
    duty.alert("unseen", "raised", at("10:00"), **known)
    duty.alert("unseen", "cleared", at("10:05"), **known)
    # Shelved for two hours; it still holds then, so it asks again.
    known = {"severity": "advisory", "station": "st-5", "hazard": "environment"}
    duty.alert("asleep", "raised", at("11:00"), **known)
    duty.act("asleep", "acknowledged", at("11:03"), by="đức")
    duty.act("asleep", "shelved", at("11:05"), by="đức", until="2025-11-10T06:00:00Z", why="Thay pin")
    duty.act("asleep", "unshelved", at("13:00"), by="keeper")
    duty.act("asleep", "acknowledged", at("13:20"), by="đức")
    duty.alert("asleep", "cleared", at("14:00"), **known)
    # A gateway is not heard for half an hour.
    known = {"hazard": "system", "rule": "gateway-silent", "station": None, "gateway": "gw-1"}
    duty.alert("gateway", "raised", at("15:00"), **known)
    duty.act("gateway", "acknowledged", at("15:01"), by="minh")
    duty.alert("gateway", "cleared", at("15:30"), **known)
    # A call, that was a test of the telephone.
    duty.alert("call", "raised", at("16:00"), severity="advisory", station="st-8", hazard="rip_current")
    duty.stored[-1][2]["data"]["origin"] = "manual"
    duty.act("call", "closed", at("16:30"), by="minh", cause="test")
    # Open across midnight; one of them is answered after it.
    known = {"severity": "emergency", "station": "st-6"}
    duty.alert("midnight", "raised", at("23:50"), **known)
    duty.act("midnight", "acknowledged", at("23:58"), by="lan")
    duty.alert("midnight", "cleared", at("00:30", 11), **known)
    known = {"severity": "warning", "station": "st-7", "hazard": "rip_current"}
    duty.alert("answered after", "raised", at("23:55"), **known)
    duty.act("answered after", "acknowledged", at("00:10", 11), by="lan")
    duty.act("answered after", "closed", at("00:20", 11), by="lan", cause="maintenance")
    # None of this day's figures.
    duty.alert("next day", "raised", at("00:00", 11), severity="emergency", station="st-9")
    duty.alert("tried", "raised", at("12:00"), severity="emergency", station="st-10", status="Test")
    duty.alert("played", "raised", at("12:30"), severity="emergency", station="st-11", status="Exercise")
    duty.alert("played again", "raised", at("12:31"), station="st-12", status="Exercise")
    duty.alert("child's", "raised", at("12:00"), severity="emergency", station="st-13")
    duty.stored[-1][2]["source"] = "/sites/child"
    duty.stored.sort(key=lambda one: one[1])
    duty.stored = [(number, when, event) for number, (_, when, event) in enumerate(duty.stored, 1)]
    return duty


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The day's report in English, as the history makes it: events up to its end, and no later ones."""
    duty = told()
    duty.stored = [one for one in duty.stored if one[1] < LAST]
    book = duty.book((LAST - T0) / 1e6)
    names = Names(
        site=SITE, name=Text("Vũng Tàu", "Vung Tau"), zone=ZONE,
        areas={"thang-tam": Text("Thắng Tam", "Thang Tam"), "rach-dua": Text("Rạch Dừa", "Rach Dua")},
        hazards={}, stations=[Place("st-6", Text("Cầu", "Bridge"), "thang-tam", "gw-1", 10.3, 107.1)],
        sensors=[], gateways={"gw-1": "thang-tam", "gw-2": "rach-dua"}, air_classes=[],
        silent_rules=["gateway-silent"],
    )  # fmt: skip
    job = Job(
        kind="daily", first=FIRST, last=LAST, made_at=LAST, names=names, operators=1,
        shifts=calendar.shifts_between(SHIFTS, FIRST, LAST, ZONE), languages=["en"], formats=["json"],
    )  # fmt: skip
    # A reading each minute: one lost half an hour with its gateway, one lost more; one sends on change.
    facts = Facts(
        stations=[
            Station("st-1", "thang-tam", "gw-1", 1410, 1440),
            Station("st-2", "thang-tam", "gw-1", 1300, 1440),
            Station("st-3", "rach-dua", "gw-2", 7, None),
        ],
        air=[AirDays("air", "thang-tam", {"Good": 0, "Moderate": 1}, 1)],
        air_classes=[Text("Tốt", "Good"), Text("Trung bình", "Moderate"), Text("Kém", "Poor")],
        lamps=[Lamps("thang-tam", 12, 10, 1, 48, 960, 8, 6.0, 9.6)],
    )
    memory = Memory(list(book.cases.values()), book.things_of(SITE), book.acts, book.affairs, book.since)
    made = paper_json.plain(daily.build(report_worker._of(job, memory, facts, job.areas)), "en")
    found: dict[str, Any] = json.loads(json.dumps(made))
    return found


def rows(report: dict[str, Any], name: str) -> list[list[Any]]:
    return next(
        table["rows"] for part in report["parts"] for table in part["tables"] if table["name"] == name
    )


def share(part: float, whole: float) -> dict[str, Any]:
    return {"part": part, "whole": whole, "share": pytest.approx(part / whole)}


def test_the_figures_at_the_top(report: dict[str, Any]) -> None:
    figures = {one["label"]: one["value"] for one in report["parts"][0]["figures"]}
    assert figures == {
        "alerts open": 2,  # midnight, answered after
        "wait for acknowledgement": 2,  # unseen, answered after
        "new alerts in this span": 8,
        "new things per operator-hour": pytest.approx(10 / 24),  # eight told; one rose, one was let go
        "time to acknowledge, median": 300,  # 60 120 180 240 300 480 1200 1800 8400
        "9 in 10 acknowledged within": 8400,
        "floods of alarms": 0,
        "shelved / suppressed now": "0 / 0",
    }


def test_what_is_left_over_at_its_end(report: dict[str, Any]) -> None:
    assert [note["text"] for note in report["parts"][0]["notes"]] == [
        "Open at emergency: 1 – Bridge (flood).",
        "Open at warning: 1 – st-7 (rip_current).",
        "Acknowledged by nobody: 2 – st-7 (rip_current); st-4 (tree).",
    ]


def test_alerts_are_counted_where_they_were_first_told(report: dict[str, Any]) -> None:
    assert sorted(rows(report, "By hazard")) == sorted([
        ["flood", 2, 1, 0, 0, 1, 1], ["rip_current", 2, 1, 0, 1, 0, 1], ["environment", 1, 1, 0, 0, 0, 0],
        ["lightning", 1, 0, 0, 1, 0, 0], ["system", 1, 0, 1, 0, 0, 0], ["tree", 1, 1, 0, 0, 0, 0],
        ["All", 8, 4, 1, 2, 1, 2],
    ])  # fmt: skip
    assert rows(report, "By area") == [
        ["Thang Tam", 6, 3, 1, 1, 1, 2], ["Rach Dua", 2, 1, 0, 1, 0, 0], ["All", 8, 4, 1, 2, 1, 2],
    ]  # fmt: skip
    assert sorted(rows(report, "By origin"), key=lambda row: str(row[0])) == [
        ["People", 1, share(1, 8)], ["Sensors", 6, share(6, 8)], ["The system itself", 1, share(1, 8)],
    ]  # fmt: skip
    (chart,) = report["parts"][1]["charts"]
    counts = [sum(column) for column in zip(*chart["series"].values(), strict=True)]
    by_hour = {label: count for label, count in zip(chart["labels"], counts, strict=True) if count}
    assert len(counts) == 24
    assert by_hour == {"08h": 1, "09h": 1, "10h": 1, "11h": 1, "15h": 1, "16h": 1, "23h": 2}


def test_the_gravest_stand_by_name_with_why_they_were_so_grave(report: dict[str, Any]) -> None:
    found = rows(report, "The gravest")
    assert [(row[0], row[2], row[5]) for row in found] == [
        ("emergency", "Bridge", None), ("warning", "st-3", 3600), ("warning", "st-7", None),
    ]  # fmt: skip
    assert found[1][6] == "6 km", "not that it eased"


def test_answers_count_where_they_were_given(report: dict[str, Any]) -> None:
    assert rows(report, "Time to acknowledge by severity") == [
        # answered, median, nine in ten, still waiting, nine in ten with those
        ["emergency", 1, 480, 480, 0, None],
        ["warning", 2, 4350, 8400, 1, 8400],  # 300, 8400; waits 300
        ["watch", 2, 90, 120, 0, None],  # 60, 120: it was a watch when it was answered
        ["advisory", 4, 720, 1800, 1, 50_400],  # 180, 240, 1200, 1800; waits since 10:00
        ["All", 9, 300, 8400, 2, 8400],
    ]
    assert rows(report, "Time to acknowledge by person") == [
        ["lan", 4, 390, 8400], ["minh", 3, 240, 1800], ["đức", 2, 690, 1200],
    ]  # fmt: skip
    assert rows(report, "By shift") == [
        # alerts, new things, per hour, annunciations, floods, answered, median, nine in ten
        ["10/11 00:00 – 06:00", 0, 0, 0, 0, 0, 1, 8400, 8400],
        ["10/11 06:00 – 14:00", 4, 6, 6 / 8, 5, 0, 5, 240, 1200],
        ["10/11 14:00 – 22:00", 2, 2, 2 / 8, 2, 0, 2, 930, 1800],
        ["10/11 22:00 – 00:00", 2, 2, 2 / 2, 2, 0, 1, 480, 480],
    ]


def test_causes_are_those_that_were_said_by_its_end(report: dict[str, Any]) -> None:
    found = {row[0]: row[1:] for row in rows(report, "Causes, by who closed the alerts")}
    assert found["flood"] == [2, 1, 0, 0, 0, 1, share(0, 1)]
    assert found["lightning"] == [1, 0, 1, 0, 0, 0, share(1, 1)]
    assert found["rip_current"] == [2, 0, 0, 1, 0, 1, share(0, 1)]
    assert found["tree"][-2:] == [1, {"part": 0, "whole": 0, "share": None}]


def test_what_was_quiet_says_by_whom_and_until_when(report: dict[str, Any]) -> None:
    (row,) = rows(report, "Shelved and suppressed in this span")
    assert row == [
        "advisory", "st-5", "shelved", "2025-11-10T04:05:00Z", "2025-11-10T06:00:00Z", "ended", "đức",
        "Thay pin",
    ]  # fmt: skip


def test_the_load_is_that_of_the_real_operation(report: dict[str, Any]) -> None:
    load = {row[0]: row[1] for row in rows(report, "Load beside its marks")}
    assert (load["New things to look at"], load["Annunciations, before grouping and suppression"]) == (10, 9)
    assert load["Most in 10 minutes"] == 2
    assert load["Share of low priority (advisory)"] == share(4, 8)
    assert load["Share of high priority (warning, emergency)"] == share(3, 8)
    notes = [note["text"] for part in report["parts"] for note in part["notes"]]
    assert "Alerts of exercises in this span, which are in no figure here: 2." in notes
    assert "Alerts of tests in this span, which are in no figure here: 1." in notes


def test_gateways_stations_air_and_lamps(report: dict[str, Any]) -> None:
    (gateway,) = rows(report, "Gateways that were silent or lack readings")
    assert gateway == ["gw-1", 1, 1800, share(23.5, 24), "heard", share(2710, 2880)]
    (station,) = rows(report, "Stations that lack readings, the worst first")
    assert (station[1], station[4]) == ("st-2", share(1300, 1440))
    figures = {one["label"]: one["value"] for part in report["parts"] for one in part["figures"]}
    assert figures["readings that came, of those due"] == share(2710, 2880)
    assert figures["time that gateways were heard"] == share(47.5, 48)
    assert rows(report, "Days by class of VN_AQI") == [["air", "Thang Tam", 0, 1, 0, share(1, 1)]]
    assert rows(report, "Lamps and energy by area") == [
        ["Thang Tam", 12, share(1, 10), share(48, 960), 8, 6.0, 9.6, share(3.6, 9.6)]
    ]


def test_a_meter_that_was_exchanged_for_one_that_had_counted_adds_nothing_to_the_energy() -> None:
    """100 W: 1 kWh by ten at night, then another meter that shows 8,809, then a correction by 50 Wh."""
    shown = [(0, 500.0), (10, 501.0), (11, 8_809.4), (12, 8_809.5), (13, 8_809.45), (14, 8_809.55)]
    kwh, spans = metered([(FIRST + hour * HOUR, value) for hour, value in shown], 100.0)
    assert kwh == pytest.approx(1.2)
    assert [((a - FIRST) // HOUR, (b - FIRST) // HOUR) for a, b in spans] == [(0, 10), (11, 12), (13, 14)]
    # One that begins at zero counts from there.
    kwh, spans = metered([(FIRST, 500.0), (FIRST + 10 * HOUR, 0.8)], 100.0)
    assert (kwh, len(spans)) == (0.8, 1)


def test_what_came_after_midnight_stands_in_the_next_day() -> None:
    """Told of the whole story, as the living book is, each day's figures are still its own."""
    end = LAST + DAY
    book = told().book((end - T0) / 1e6)
    mine = [case for case in book.cases.values() if case.life.site == SITE and case.life.status == "Actual"]
    day = figures(mine, book.things_of(SITE), FIRST, LAST)
    assert (day.alerts, day.raw, day.things, day.took.n, day.took.median_s) == (8, 9, 10, 9, 300)
    night = figures(mine, book.things_of(SITE), LAST, end)
    assert (night.alerts, night.raw, night.things) == (1, 1, 1)
    assert (night.took.n, night.took.median_s) == (1, 15 * 60)
