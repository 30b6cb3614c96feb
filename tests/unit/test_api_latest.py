"""What the sensors of alerts say now: nobody waits long for it, and it is never an error."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
import pytest

from services.api.database import Database, Row
from services.api.errors import away
from services.api.latest import REST_S, WAIT_S, Latest
from services.observation.text import Text

SENSOR = "vt-flood-001.water_level"


class History:
    """Answers as it is told."""

    def __init__(self, delay_s: float = 0.0, error: Exception | None = None, *, present: bool = True) -> None:
        self.present, self.asked = present, 0
        self._delay_s, self._error = delay_s, error

    async def rows(self, _sql: str, values: Sequence[Any]) -> list[Row]:
        self.asked += 1
        await asyncio.sleep(self._delay_s)
        if self._error is not None:
            raise self._error
        moment = datetime(2026, 10, 20, 1, 10, tzinfo=UTC)
        return [(name, moment, float("nan"), 9) for name in values[0]]


def latest(history: History) -> Latest:
    return Latest(cast("Database", history))


def test_one_look_serves_all_sensors_of_an_answer() -> None:
    history = History()
    found = asyncio.run(latest(history).of([SENSOR, "b.tide_level", SENSOR]))
    said = {"time": "2026-10-20T01:10:00Z", "value": None, "flag": 9}
    assert (found, history.asked) == ({SENSOR: said, "b.tide_level": said}, 1)


@pytest.mark.parametrize("error", [away(Text("mất", "away")), psycopg.DataError("NUL")])
def test_a_history_that_fails_leaves_it_unsaid(error: Exception) -> None:
    assert asyncio.run(latest(History(error=error)).of([SENSOR])) == {}


def test_nobody_asks_a_history_that_is_away_nor_for_nothing() -> None:
    gone, idle = History(present=False), History()
    assert asyncio.run(latest(gone).of([SENSOR])) == asyncio.run(latest(idle).of([])) == {}
    assert gone.asked == idle.asked == 0


def test_a_slow_history_is_waited_for_once_and_then_left_alone() -> None:
    async def main() -> tuple[float, float]:
        history = History(delay_s=60)
        looks = latest(history)
        begun = time.monotonic()
        first = await asyncio.gather(*(looks.of([SENSOR]) for _ in range(5)))
        between = time.monotonic()
        assert [*first, await looks.of([SENSOR])] == [{}] * 6
        assert history.asked == 1
        return between - begun, time.monotonic() - between

    waited, again = asyncio.run(main())
    assert WAIT_S <= waited < 30  # the history would have taken a minute
    assert again < 30
    assert WAIT_S < REST_S
