"""A server is started again when it is deaf, never because somebody is slow."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from services.cli.up import hearing
from services.cli.up.hearing import (
    BUSY_S,
    CALM_S,
    DEAF_S,
    FIRST_PAUSE_S,
    LATE_S,
    LONGEST_PAUSE_S,
    SETTLE_S,
    Hearing,
    Round,
    Turns,
    Work,
)


class Story:
    """Rounds of a caretaker, and when it acted."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hearing = Hearing(0.0)
        self.restarts: list[float] = []

    def rounds(self, seconds: float, each: float = 6.0, **found: object) -> "Story":
        end = self.now + seconds
        while self.now < end:
            self.now += each
            if self.hearing.deaf(Round(self.now, **{"answered": False, **found})):  # type: ignore[arg-type]
                self.restarts.append(self.now)
                self.hearing.restarted(self.now)
                self.now += 1
                self.hearing.deaf(Round(self.now, answered=False, open=False))
        return self


def test_a_server_that_does_nothing_and_answers_nobody_is_started_again() -> None:
    assert len(Story().rounds(DEAF_S + 6).restarts) == 1


def test_one_answer_ends_all_doubt() -> None:
    story = Story()
    for _ in range(50):
        story.rounds(DEAF_S - 1, each=3.0).rounds(1, each=1.0, answered=True)
    assert story.restarts == []


def test_a_server_at_work_gets_its_time() -> None:
    """Loaded machines answer after seconds; what is at work for two minutes and answers nobody is broken."""
    assert Story().rounds(BUSY_S - 12, working=True).restarts == []
    assert Story().rounds(BUSY_S - 12, working=None).restarts == []
    assert len(Story().rounds(BUSY_S + 12, working=True).restarts) == 1


def test_what_we_did_not_hear_while_we_had_no_turn_ourselves_proves_nothing() -> None:
    assert Story().rounds(3600, late_s=LATE_S * 2).restarts == []


def test_a_server_that_reads_its_store_is_left_alone_and_so_is_one_that_just_opened() -> None:
    story = Story().rounds(3600, open=False)
    assert story.restarts == []
    assert story.rounds(SETTLE_S, each=1.0).restarts == []
    assert len(story.rounds(DEAF_S + 3, each=1.0).restarts) == 1


def test_a_long_silence_is_never_one_single_look() -> None:
    """A machine that slept: everything ends at once when it wakes."""
    assert Story().rounds(1, each=4000.0).restarts == []


def test_restarts_that_do_not_help_come_less_and_less_often_until_it_was_calm() -> None:
    story = Story().rounds(6 * 3600)
    gaps = [later - sooner for sooner, later in zip(story.restarts, story.restarts[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] > FIRST_PAUSE_S
    assert LONGEST_PAUSE_S <= gaps[-1] < LONGEST_PAUSE_S + 60
    story.rounds(2 * LONGEST_PAUSE_S + CALM_S, answered=True)
    before = len(story.restarts)
    story.rounds(200)
    assert story.restarts[before + 1] - story.restarts[before] < 2 * (SETTLE_S + DEAF_S)


def test_our_own_lateness_is_measured_and_told_once() -> None:
    async def story() -> tuple[float, float]:
        turns = Turns()
        ticking = asyncio.create_task(turns.run())
        await asyncio.sleep(0.01)
        time.sleep(0.5)  # noqa: ASYNC251  the very thing: somebody holds the loop
        await asyncio.sleep(0.01)
        ticking.cancel()
        return turns.take(), turns.take()

    late_s, again_s = asyncio.run(story())
    assert late_s > 0.2
    assert again_s == 0.0


def test_work_is_running_or_waiting_for_a_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all threads; of another process, or where nobody tells, nothing is known."""
    assert hearing.spent_s(os.getpid()) is not None
    task = tmp_path / "7" / "task"
    for thread, text in (("7", "1000000000 500000000 3\n"), ("8", "0 250000000 1\n")):
        (task / thread).mkdir(parents=True)
        (task / thread / "schedstat").write_text(text)
    assert hearing.spent_s(7, tmp_path) == 1.75
    assert hearing.spent_s(9, tmp_path) is None
    told = iter([5.0, 5.001, 6.0, 1.0, None])
    monkeypatch.setattr(hearing, "spent_s", lambda _pid: next(told))
    work = Work()
    assert [work.look(7, at) for at in (1.0, 2.0, 3.0, 4.0, 5.0)] == [None, False, True, None, None]
