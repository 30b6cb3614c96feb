"""The part of alerting.toml that says when reports are made: read, with a word for what is wrong."""

import asyncio
from functools import partial
from typing import Any

import jsonschema_rs
import pytest

from services.api.errors import Problem
from services.api.routers import reports
from services.observation.site import Site
from services.policy.alerting import read_alerting
from services.policy.reporting import SCHEMA, Reporting
from services.runtime.principal import Principal
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


@pytest.mark.parametrize("asked", [reports.list_reports, partial(reports.get_report_file, file="x.vi.pdf")])
def test_stored_reports_are_refused_to_an_account_that_is_held_to_areas(asked: Any) -> None:
    """They are of the whole site; an empty list would say that there are none."""
    held = Principal("lan", frozenset({"operator"}), frozenset({"thang-tam"}))
    with pytest.raises(Problem) as refused:
        asyncio.run(asked(here=None, who=held))
    assert refused.value.status == 403
