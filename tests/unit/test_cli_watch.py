"""Watching the services: a complaint reaches the terminal when it lasts, and one that heals does not."""

import asyncio
import io
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nats.js.errors import KeyNotFoundError

from services.cli.up.service_child import is_for_watch
from services.cli.up.watch import START_S, Watch
from services.observation.heartbeat import Complaint, Heartbeat
from services.runtime import logging
from services.runtime.health import Health

AWAY = Complaint("database_away", "mất cơ sở dữ liệu", "the database is away", 0)


class Terminal:
    """A watch with heartbeats and a clock of our own; `at` says what it printed by then."""

    def __init__(self, printed: "pytest.CaptureFixture[str]") -> None:
        self._printed, self._now = printed, 0.0
        self._complaints: list[Complaint] = []
        js: Any = self
        self._watch = Watch(js, ["archive"], now=lambda: self._now)

    async def key_value(self, _name: str) -> "Terminal":
        return self

    async def get(self, key: str) -> Any:
        if key != "archive":
            raise KeyNotFoundError
        return SimpleNamespace(value=msgspec.json.encode(Heartbeat(key, 1, 0, complaints=self._complaints)))

    def at(self, now: float, *complaints: Complaint) -> str:
        self._now, self._complaints = now, list(complaints)
        assert asyncio.run(self._watch.poll())
        return self._printed.readouterr().err


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def test_a_complaint_is_printed_when_it_is_three_seconds_old(terminal: Terminal) -> None:
    later = START_S + 10
    assert terminal.at(later, AWAY) == ""
    assert terminal.at(later + 2.9, AWAY) == ""
    expected = "complaint archive database_away: the database is away / mất cơ sở dữ liệu\n"
    assert terminal.at(later + 3, AWAY) == expected
    assert terminal.at(later + 4, AWAY) == ""
    assert terminal.at(later + 5) == "settled archive database_away / đã ổn\n"


def test_a_complaint_that_heals_earlier_is_never_printed_and_neither_is_its_end(terminal: Terminal) -> None:
    later = START_S + 10
    assert terminal.at(later, AWAY) == ""
    assert terminal.at(later + 2) == ""
    assert terminal.at(later + 3, AWAY) == ""
    assert terminal.at(later + 5, AWAY) == ""


def test_in_the_first_seconds_of_a_start_a_complaint_must_last_five(terminal: Terminal) -> None:
    assert terminal.at(0, AWAY) == ""
    assert terminal.at(4.9, AWAY) == ""
    assert "database_away" in terminal.at(5, AWAY)


def test_other_words_of_a_complaint_that_was_printed_are_printed_at_once(terminal: Terminal) -> None:
    later = START_S + 10
    terminal.at(later, AWAY)
    terminal.at(later + 3, AWAY)
    full = Complaint("database_away", "đĩa đầy", "its disk is full", 0)
    assert "its disk is full" in terminal.at(later + 3.1, full)


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_service_logs_of_its_complaints_is_left_to_the_watch(as_json: bool) -> None:  # noqa: FBT001
    log, js = io.StringIO(), None
    output = logging._output  # put back as it was; `configure` would change the root logger too
    before = output.json, output.stream, output.lowest
    output.json, output.stream, output.lowest = as_json, log, 0
    try:
        nothing: Any = js
        health = Health(nothing, "archive")
        health.complain("database_away", "vi", "complaint settled code=1")
        health.settle("database_away")
        logging.get("archive").warning(
            "session_broken", code="complaint", text="complaint code=database_away"
        )
    finally:
        output.json, output.stream, output.lowest = before
    assert [is_for_watch(line) for line in log.getvalue().splitlines()] == [True, True, False]
