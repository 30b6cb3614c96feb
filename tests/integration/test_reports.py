"""Reports and load as the api gives them: from the stream alone, from the history, on schedule, each once."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import openpyxl
import psycopg
import pypdf
import pytest
from nats.js.errors import KeyNotFoundError

from services import schema
from services.alerts.load.late import Late
from services.api.context import Context
from services.api.database import Database
from services.api.feed import AlertFeed
from services.api.fold import Fold
from services.api.heard import Heard
from services.api.heartbeats import Heartbeats
from services.api.push.hub import Hub
from services.api.reports import worker as report_worker
from services.api.reports.duty import ReportDuty
from services.api.running_site import RunningSite
from services.ingest.archive.events import decode_event
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.report import calendar
from services.report.axes import local
from services.roads.reports import read_report
from services.runtime.health import Health
from services.runtime.nats import Connection
from tests.support import reported_month
from tests.support.api_rig import SITE, Rig, rig
from tests.support.databases import Postgres
from tests.support.duty import DAY, HOUR, MINUTE, T0, ZONE, Duty
from tests.support.waiting import until

MONTH = "/api/v1/reports/monthly?date=2025-11-15"
SENSOR = "vt-flood-001.water_level"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    made = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    made.start()
    asyncio.run(_fill(made.dsn()))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def machine(history: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("api"), history.dsn()) as made:
        made.tell(*_today())
        until(lambda: made.get("/api/v1/alerts?state=all")[1]["items"], 10, "the alert to be read")
        yield made


def _past() -> Duty:
    """November 2025 in the history: one alert from the month before, one that was answered and closed."""
    duty = Duty()
    duty.alert("older", at_s=-20 * 86_400, severity="advisory", station="vt-old", area="thang-tam")
    duty.alert(
        "ngập",
        at_s=9 * 86_400,
        severity="warning",
        station="vt-flood-001",
        reason=("Ngập đường Ba Cu", "Ba Cu flooded"),
    )
    duty.act("ngập", "acknowledged", 9 * 86_400 + 240, by="thảo")
    duty.alert("ngập", "cleared", 9 * 86_400 + 3_600, station="vt-flood-001")
    duty.act("ngập", "closed", 9 * 86_400 + 4_000, by="thảo", cause="false")
    duty.alert("played", at_s=9 * 86_400, station="vt-x", status="Exercise")
    return duty


async def _fill(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as db:
        await schema.migrate(db)
        await db.execute("insert into sensor (name, created_at) values (%s, '2025-01-01')", (SENSOR,))
        # Every ten minutes for the first three days of the local month; one of them failed.
        first, _ = calendar.month_span(local(T0, ZONE).date(), ZONE)
        await db.execute(
            "insert into observation select 1, to_timestamp(%s::float8 / 1e6) + n * interval '10 minutes', n,"
            " case when n = 5 then 4 else 1 end, now() from generate_series(0, 431) n",
            (first,),
        )
        past = [event for _, _, event in _past().stored] + reported_month.events()
        for sequence, event in enumerate(past, 1):
            row = decode_event(json.dumps(event).encode(), sequence)
            await db.execute(
                "insert into alert_event (id, epoch, sequence, type, source, subject, time, data)"
                " values (%s, 'aaaaaaaa', %s, %s, %s, %s, to_timestamp(%s::float8 / 1e6), %s)",
                (row.id, sequence, row.type, row.source, row.subject, row.time, row.data),
            )
        known = reported_month.FIRST + 15 * DAY
        for name, at, value, flag in reported_month.readings():
            await db.execute(
                "insert into sensor (name, created_at) values (%s, to_timestamp(%s::float8 / 1e6))"
                " on conflict do nothing",
                (name, known if name == "late.water_level" else 0),
            )
            await db.execute(
                "insert into observation select id, to_timestamp(%s::float8 / 1e6), %s, %s, now()"
                " from sensor where name = %s",
                (at, value, flag, name),
            )


def _today() -> list[tuple[str, bytes]]:
    """An alert that was raised now, by the stream's clock, and one of an exercise."""
    duty = Duty()
    at = (time.time_ns() // 1000 - T0) / 1e6
    duty.alert("now", at_s=at, severity="warning", reason=("Nước dâng nhanh ở cống Bến Đình", "Rising fast"))
    duty.alert("drill", at_s=at, severity="warning", status="Exercise")
    return [
        (f"alerts.{SITE}.{event['data']['area']}.{event['subject']}", json.dumps(event).encode())
        for _, _, event in duty.stored
    ]


def _file(machine: Rig, path: str) -> bytes:
    with urlopen(machine.http + path, timeout=60) as answer:  # noqa: S310  our own address
        return bytes(answer.read())


def _tables(report: dict[str, Any]) -> dict[str, Any]:
    return {table["name"]: table for part in report["parts"] for table in part["tables"]}


def test_the_load_of_the_day_comes_from_the_stream(machine: Rig) -> None:
    until(lambda: machine.get("/api/v1/load")[1]["things"] == 1, 10, "the alert to be a new thing")
    status, found = machine.get("/api/v1/load")
    assert (status, found["source"], found["annunciations"], found["alerts"]) == (200, "stream", 1, 1)
    assert found["apart"] == {"Exercise": 1}
    assert [one["label"] for one in found["waiting"]] == ["unacknowledged"]
    assert found["marks"]["flood_begins"]["tag"].startswith("verified")
    assert machine.get("/api/v1/load?area=rach-dua")[1]["things"] == 0
    assert machine.get("/api/v1/load?area=nowhere")[0] == 422


def test_the_load_of_the_past_comes_from_the_history(machine: Rig) -> None:
    path = f"/api/v1/load?from={iso(T0 + 9 * DAY - HOUR)}&to={iso(T0 + 9 * DAY + 23 * HOUR)}"
    status, found = machine.get(path)
    assert (status, found["source"], found["alerts"], found["things"]) == (200, "history", 1, 1)
    assert (found["acknowledge"]["n"], found["acknowledge"]["median_s"]) == (1, 240.0)
    assert [one["place"] for one in found["stale"]] == ["vt-old.value"]


def test_a_shift_is_handed_over_in_every_form(machine: Rig) -> None:
    status, report = machine.get("/api/v1/reports/shift?lang=vi")
    assert status == 200
    assert report["parts"][0]["title"] == "Ca sau cần biết"
    assert "Nước dâng nhanh ở cống Bến Đình" in json.dumps(report, ensure_ascii=False)
    said = "".join(
        page.extract_text()
        for page in pypdf.PdfReader(BytesIO(_file(machine, "/api/v1/reports/shift?format=pdf"))).pages
    )
    assert "Bàn giao ca trực" in said
    assert "chưa ai xác nhận" in said


def test_a_month_is_read_from_the_history_in_numbers(machine: Rig) -> None:
    status, report = machine.get(MONTH + "&lang=en")
    assert status == 200
    tables = _tables(report)
    assert tables["By hazard"]["rows"] == [["flood", 1, 0, 0, 1, 0, 0]]
    causes = tables["Causes, by who closed the alerts"]["rows"][0]
    assert causes[1:] == [1, 0, 1, 0, 0, 0, {"part": 1, "whole": 1, "share": 1.0}]
    stations = {row[1]: row[4] for row in tables["Stations that lack readings, the worst first"]["rows"]}
    # 432 water levels, one of them not usable; due for 30 days were a level in five minutes and rain in ten.
    assert (stations["vt-flood-001"]["part"], stations["vt-flood-001"]["whole"]) == (431, 8640 + 4320)
    assert [row[2] for row in tables["Stale: active for more than 24 hours"]["rows"]] == ["vt-old.value"]


def test_stations_air_lamps_and_gateways_of_a_month_are_those_worked_out_by_hand(history: Postgres) -> None:
    """See `reported_month`: each figure beside what it is a share of."""
    made = report_worker.do(reported_month.job(database=history.dsn()))
    tables = _tables(json.loads(made.editions[0].files["en.json"]))
    share = {"part": 2, "whole": 15 * 144, "share": pytest.approx(2 / 2160)}
    assert tables["Stations that lack readings, the worst first"]["rows"][0] == [
        "late",
        "late",
        "a",
        "gw-1",
        share,
    ]
    (air,) = tables["Days by class of VN_AQI"]["rows"]
    assert (air[2:8], air[8]["part"], air[8]["whole"]) == ([2, 1, 0, 1, 0, 0], 4, 30)
    lamps = {row[0]: row for row in tables["Lamps and energy by area"]["rows"]}
    assert [(lamps[area][1], lamps[area][2]["part"], lamps[area][2]["whole"]) for area in "abc"] == [
        (1, 1, 1), (1, 0, 1), (2, 0, 0),
    ]  # fmt: skip
    assert (lamps["a"][3]["part"], lamps["a"][3]["whole"]) == (1, 4)
    assert [lamps[area][5] for area in "abc"] == pytest.approx([15.0, 0.2, 1.0])
    # Two nights of 12 h 14 min at 100 W; 20:00 to 1:00; a day's two half nights but for ten minutes.
    assert [lamps[area][6] for area in "abc"] == pytest.approx([2.45, 0.5, 1.21], abs=0.03)
    gateways = {row[0]: row[1:4] for row in tables["Gateways that were silent or lack readings"]["rows"]}
    assert gateways["gw-1"][:2] == [1, 7200]
    assert (gateways["gw-1"][2]["part"], gateways["gw-2"][2]["part"]) == (718, 719)
    assert gateways["gw-2"][2]["whole"] == 720


def test_an_answer_that_took_days_counts_where_it_was_given(history: Postgres) -> None:
    """The alert ended two days before the month: it is none of its alerts, its answer is of its answers."""
    made = report_worker.do(reported_month.job(database=history.dsn()))
    tables = _tables(json.loads(made.editions[0].files["en.json"]))
    people = {row[0]: row[1:3] for row in tables["Time to acknowledge by person"]["rows"]}
    assert people == {"lan": [1, 300], "minh": [1, 3 * 86_400 + 600]}
    assert tables["By hazard"]["rows"] == [["system", 1, 0, 1, 0, 0, 0]]
    assert tables["By origin"]["rows"][0][1] == 1


def test_of_a_month_that_goes_on_nothing_to_come_is_counted(machine: Rig) -> None:
    now = time.time_ns() // 1000
    status, report = machine.get(f"/api/v1/reports/monthly?date={local(now, ZONE):%Y-%m-%d}")
    assert status == 200
    assert micros(report["end"]) <= time.time_ns() // 1000
    assert machine.get("/api/v1/reports/daily?date=2099-01-01")[0] == 422


def test_a_month_as_a_workbook_has_its_figures_as_numbers(machine: Rig) -> None:
    book = openpyxl.load_workbook(BytesIO(_file(machine, MONTH + "&format=xlsx")))
    sheet = book["Theo loại"]
    assert [cell.value for cell in sheet[2]][1:] == [1, 0, 0, 1, 0, 0]
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize(
    "path",
    [
        "shift?from=2026-01-01T00:00:00Z", "shift?shift=9", "daily?date=yesterday", "weekly",
        "shift?format=doc", "shift?day=1",
        "daily?date=9999-12-31", "monthly?date=0001-01-01", "shift?date=0001-01-01",
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused(machine: Rig, path: str) -> None:
    assert machine.get(f"/api/v1/reports/{path}")[0] == 422


def test_a_file_nobody_made_is_not_found(machine: Rig) -> None:
    assert machine.get("/api/v1/reports/files/shift-1.vi.pdf")[0] == 404


def test_metrics_carry_the_load(machine: Rig) -> None:
    page = machine.get("/metrics")[1]
    assert 'haidang_load_unacknowledged{severity="warning"} 1' in page
    assert 'haidang_load_annunciations{window="24h"} 1' in page


def test_without_history_the_shift_is_handed_over_and_the_month_is_not(
    machine: Rig, history: Postgres
) -> None:
    history.stop()
    try:
        assert machine.get("/api/v1/reports/shift")[0] == 200
        status, problem = machine.get(MONTH)
        assert (status, problem["type"]) == (503, "urn:haidang:problem:history-away")
        assert "báo cáo ca vẫn lập được" in problem["detail_vi"]
        assert machine.get("/api/v1/load?from=2025-11-01T00:00:00Z&to=2025-11-02T00:00:00Z")[0] == 503
    finally:
        history.start()
        until(lambda: machine.get(MONTH)[0] == 200, 10, "the history to be back")


def test_the_running_api_keeps_the_calendar_of_reports_by_itself(machine: Rig) -> None:
    async def looked(connection: Connection) -> bool:
        state = await connection.js.key_value("STATE")
        for _ in range(100):
            with suppress(KeyNotFoundError):
                return bool((await state.get("api.reports.shift")).value)
            await asyncio.sleep(0.1)
        return False

    assert machine.nats(looked)


def test_two_api_processes_make_a_report_that_is_due_once(machine: Rig) -> None:
    """At the first look nothing is owed; when a shift is over one of them makes, stores and tells it."""
    done = machine.nats(lambda connection: _schedule(machine, connection))
    assert done["first look"] == [False, False]
    assert sorted(done["due"]) == [False, True]
    assert done["again"] == [False, False]
    assert sorted(done["anew"]) == [False, False, False, True], "word came late: made anew once"
    assert done["quiet again"] == [False, False]
    first, second = (one["data"] for one in done["told"])
    assert (first["revision"], second["revision"], second["report"]) == (1, 2, f"{first['report']}-r2")
    assert second["notes"][0]["vi"].startswith("Bản sửa 2, thay bản trước")
    data = first
    assert (data["kind"], data["report"][:6]) == ("shift", "shift-")
    assert "alert_id" not in data
    read = read_report(data)
    assert read is not None, "as the roads read it"
    assert "chưa ai xác nhận" in read.notes[-1].vi, "what the first page says, for the letters"
    listed = machine.get("/api/v1/reports")[1]["items"]
    assert [one["report"] for one in listed] == [second["report"], data["report"]]
    assert machine.pages("reports") == listed
    assert {file["name"] for file in listed[1]["files"]} == {file["name"] for file in data["files"]}
    href = next(file["href"] for file in data["files"] if file["format"] == "pdf" and file["lang"] == "vi")
    said = pypdf.PdfReader(BytesIO(_file(machine, href))).pages[0].extract_text()
    assert "Bàn giao ca trực" in said


async def _heard(here: Context, reports: int) -> None:
    """Wait until the duty's book knows of so many reports."""
    for _ in range(4_000):
        if sum(affair.noun == "report" for affair in here.load.affairs) >= reports:
            return
        await asyncio.sleep(0.01)


async def _schedule(machine: Rig, connection: Connection) -> dict[str, Any]:
    js = connection.js
    now = time.time_ns() // 1000
    shifts = (6 * 60, 14 * 60, 22 * 60)
    over = calendar.shift_at(shifts, now, ZONE)[1] + MINUTE
    duties = []
    stop = asyncio.Event()
    feeds = []
    for _ in range(2):
        site = RunningSite(js)
        here = Context(
            machine.settings(), js, lambda: True, Database(None), site, Fold(), Hub(),
            Heartbeats(js), Heard(js),
        )  # fmt: skip
        health = Health(js, "api")
        feeds.append(asyncio.create_task(AlertFeed(js, here.fold, here.hub, health, here.load).run(stop)))
        await site._look()
        await here.hub.caught_up.wait()
        duties.append((here, ReportDuty(here, health)))
    out: dict[str, Any] = {}
    # The api of the rig looks for itself, too: it has made the key already, or does so now.
    for name, at in (("first look", now), ("due", over), ("again", over + MINUTE)):
        for here, _ in duties:
            here.clock = partial(int, at)
        out[name] = await asyncio.gather(*(duty.look("shift") for _, duty in duties))
    word = Late(
        at=over - 2 * HOUR, heard=over + 2 * MINUTE, alert=False, alert_id="now", site=SITE, status="Actual",
        area="_", place="", hazard="", severity="", reason=Text("", ""),
    )  # fmt: skip
    for here, _ in duties:
        await _heard(here, 1)
        here.load.late.append(word)
        here.clock = partial(int, over + 13 * MINUTE)
    out["anew"] = []
    for _ in range(2):  # at its first look a duty only makes the key, unless the other has made it by then
        out["anew"] += await asyncio.gather(*(duty.correct("shift") for _, duty in duties))
    for here, _ in duties:
        await _heard(here, 2)
    out["quiet again"] = await asyncio.gather(*(duty.correct("shift") for _, duty in duties))
    stop.set()
    await asyncio.gather(*feeds)
    info = await js.stream_info("ALERTS")
    told = []
    for sequence in range(1, info.state.last_seq + 1):
        event = json.loads((await js.get_msg("ALERTS", sequence)).data or b"{}")
        if event.get("type") == "vn.haidang.report.made.v1":
            told.append(event)
    out["told"] = told
    return out


def test_instants_of_the_examples_are_those_of_the_site() -> None:
    assert iso(calendar.day_span(local(T0, ZONE).date(), ZONE)[0]) == "2025-10-31T17:00:00Z"
    assert micros("2025-11-01T00:00:00Z") == T0
