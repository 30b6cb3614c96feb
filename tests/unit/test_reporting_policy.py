"""The part of alerting.toml that says when reports are made: read, with a word for what is wrong."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import jsonschema_rs
import pytest

from services.alerts.load.book import Affair
from services.alerts.load.late import Late, late_of
from services.api.errors import Problem
from services.api.reports.corrections import Correction, due
from services.api.reports.store import Stored, areas_of, named, revision_of
from services.api.routers import reports
from services.observation.instants import iso
from services.observation.site import Site
from services.policy.alerting import read_alerting
from services.policy.reporting import SCHEMA, Reporting
from services.runtime.principal import Principal
from tests.support.duty import HOUR, MINUTE, T0
from tests.support.site_folder import parsed

HEAD = b"format = 1\n"


@pytest.fixture(scope="module")
def site() -> Site:
    return parsed()


def test_without_a_word_there_are_three_shifts_and_everything_is_made(site: Site) -> None:
    policy, problems = read_alerting(None, site, ())
    assert problems == []
    assert policy is not None
    assert policy.reporting == Reporting(shifts=(360, 840, 1320), operators=1, daily=390, monthly=420)


def test_what_is_written_is_read(site: Site) -> None:
    text = (
        b'[reporting]\nshifts = ["19:00", "07:00"]\noperators = 3\ndaily = "05:15"\nmake = ["shift"]\n'
        b'languages = ["vi"]\nformats = ["pdf"]\nkeep_shift = 12\n'
    )
    policy, problems = read_alerting(HEAD + text, site, ())
    assert problems == []
    assert policy is not None
    found = policy.reporting
    assert (found.shifts, found.operators, found.daily, found.make) == ((420, 1140), 3, 315, ("shift",))
    assert (found.languages, found.formats, found.keep["shift"], found.keep["daily"]) == (
        ("vi",),
        ("pdf",),
        12,
        400,
    )


def test_nothing_need_be_made(site: Site) -> None:
    policy, problems = read_alerting(HEAD + b"[reporting]\nmake = []\n", site, ())
    assert problems == []
    assert policy is not None
    assert policy.reporting.make == ()


@pytest.mark.parametrize(
    "line",
    [
        'shifts = ["25:00"]', 'shifts = ["06:00", "06:00"]', "shifts = []", 'shifts = "06:00"',
        'daily = "6:30"', "monthly = 7", "operators = 0", 'formats = ["doc"]', "languages = []",
        'make = ["weekly"]', "keep_daily = 0", 'shift = ["06:00"]',
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_in_both_languages(site: Site, line: str) -> None:
    policy, problems = read_alerting(HEAD + b"[reporting]\n" + line.encode() + b"\n", site, ())
    assert policy is None
    assert problems
    assert all(one.line in (2, 3) and one.what.vi and one.what.en and one.remedy.vi for one in problems)


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = jsonschema_rs.validator_for(SCHEMA["reporting"])
    assert schema.is_valid({"shifts": ["06:00", "18:00"], "formats": ["pdf"], "operators": 2})
    assert not schema.is_valid({"shifts": ["6h"]})
    assert not schema.is_valid({"shift": []})


HELD = Principal("lan", frozenset({"operator"}), frozenset({"thang-tam"}))
"""An account that is held to an area."""


@pytest.mark.parametrize(
    "file",
    ["shift-20261120T0600.vi.pdf", "shift-20261120T0600.rach-dua.vi.pdf",
     "daily-20261120-r2.rach-dua.thang-tam.vi.pdf"],
)  # fmt: skip
def test_a_stored_report_of_other_areas_is_refused_to_an_account_that_is_held_to_one(file: str) -> None:
    with pytest.raises(Problem) as refused:
        asyncio.run(reports.get_report_file(here=cast("Any", None), who=HELD, file=file))
    assert refused.value.status == 403


def test_an_account_that_is_held_to_areas_is_shown_their_reports_alone(monkeypatch: Any) -> None:
    names = ["shift-20261120T0600", "shift-20261120T0600.thang-tam", "shift-20261120T0600.rach-dua"]
    there = [Stored(name, "shift", T0, []) for name in names]

    async def stored(_js: object) -> list[Stored]:
        return there

    async def shown(who: Principal) -> list[str]:
        answer = await reports.list_reports(here=cast("Any", SimpleNamespace(js=None)), who=who)
        return [one["report"] for one in json.loads(bytes(answer.body))["items"]]

    monkeypatch.setattr(reports, "stored", stored)
    assert asyncio.run(shown(HELD)) == [names[1]]
    assert asyncio.run(shown(Principal("minh", frozenset({"operator"}), None))) == names
    del there[1]
    with pytest.raises(Problem) as refused:  # an empty list would say that there are none
        asyncio.run(shown(HELD))
    assert refused.value.status == 403


def test_a_report_of_areas_that_was_made_anew_says_both_by_its_name() -> None:
    assert named("daily-20261120", (), 1) == "daily-20261120"
    name = named("daily-20261120", ("rach-dua", "thang-tam"), 2)
    assert name == "daily-20261120-r2.rach-dua.thang-tam"
    assert (areas_of(name), revision_of(name)) == (("rach-dua", "thang-tam"), 2)
    assert revision_of("daily-20261120.phuong-r2") == 1


def test_reports_of_areas_are_made_where_somebody_is_to_get_them(site: Site) -> None:
    text = (
        b'[[reporting.send]]\nroad = "m"\nto = ["lan"]\nareas = ["thang-tam"]\nreports = ["daily"]\n'
        b'[[reporting.send]]\nroad = "m"\nto = ["minh"]\nareas = ["thang-tam"]\n'
        b'[[reporting.send]]\nroad = "m"\nto = ["minh"]\n[[road]]\nid = "m"\nkind = "email"\nsecret = "m"\n'
    )
    policy, problems = read_alerting(HEAD + text, site, ())
    assert problems == []
    assert policy is not None
    assert policy.reporting.editions("daily") == [("thang-tam",)]
    _, problems = read_alerting(HEAD + text.replace(b"thang-tam", b"atlantis"), site, ())
    assert any("atlantis" in one.what.en for one in problems)


def made(at: int, revision: int = 1, **more: Any) -> Affair:
    data = {"report": "x", "kind": "shift", "start": iso(T0), "end": iso(T0 + 8 * HOUR),
            "as_of": iso(at), "revision": revision, **more}  # fmt: skip
    return Affair(at + 1, "report", "made", "x", "vung-tau", data)


def word(at: int, heard: int, *, alert: bool = True) -> Late:
    event = {
        "type": f"vn.haidang.alert.{'raised' if alert else 'acknowledged'}.v1", "subject": "a",
        "source": "/sites/vung-tau", "time": iso(at),
        "data": {"late": alert, "area": "thang-tam", "severity": "warning"},
    }  # fmt: skip
    found = late_of(heard, event)
    assert found is not None
    return found


def test_a_report_is_made_anew_when_word_of_its_span_has_come_and_no_more_comes() -> None:
    told = [made(T0 + 8 * HOUR)]
    late = [word(T0 + HOUR, T0 + 9 * HOUR), word(T0 + 2 * HOUR, T0 + 9 * HOUR + MINUTE, alert=False)]
    at = T0 + 9 * HOUR + 11 * MINUTE
    assert due(told, late, "vung-tau", at - 1) == []
    assert due(told, late, "vung-tau", at) == [Correction("shift", (T0, T0 + 8 * HOUR), 2)]
    assert due([*told, made(at, 2)], late, "vung-tau", at + HOUR) == [], "it knows of them"
    assert due(told, late, "child", at) == []


def test_word_that_keeps_coming_makes_a_report_anew_after_two_hours_and_not_without_end() -> None:
    told = [made(T0 + 8 * HOUR)]
    late = [word(T0 + HOUR, T0 + 9 * HOUR + n * MINUTE) for n in range(121)]
    assert due(told, late[:-1], "vung-tau", late[-2].heard) == []
    assert len(due(told, late, "vung-tau", late[-1].heard)) == 1
    assert due([made(T0 + 8 * HOUR, 4)], late, "vung-tau", T0 + 24 * HOUR) == []


@pytest.mark.parametrize("at", [T0 - 1, T0 + 8 * HOUR])
def test_late_word_of_another_span_makes_no_report_anew(at: int) -> None:
    told = [made(T0 + 8 * HOUR)]
    assert due(told, [word(at, T0 + 9 * HOUR)], "vung-tau", T0 + 20 * HOUR) == []


def test_what_was_stored_in_time_is_not_late() -> None:
    known = {"subject": "a", "source": "/sites/vung-tau", "time": iso(T0), "data": {"late": False}}
    assert late_of(T0 + HOUR, {**known, "type": "vn.haidang.alert.raised.v1"}) is None
    assert late_of(T0 + MINUTE - 1, {**known, "type": "vn.haidang.alert.acknowledged.v1"}) is None
    assert late_of(T0 + HOUR, {**known, "type": "vn.haidang.alert.cleared.v1"}) is None
