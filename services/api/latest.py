"""What the sensors of open alerts say now: one look at the history per answer, never waited for long."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from services.api.database import Database
from services.api.errors import Problem
from services.api.queries import number, stamp

WAIT_S = 0.5
REST_S = 5.0
"""After a look that took longer nobody looks for so long: alerts must not heap work on a slow history."""

# One probe from the end of each sensor's part of the key, however long its history.
_NEWEST = """
select s.name, newest.time, newest.value, newest.flag
from sensor s
cross join lateral (
    select time, value, flag from observation where sensor_id = s.id order by time desc limit 1
) newest
where s.name = any(%s)
"""


class Latest:
    """Looks up the newest observations; who asks has an answer within `WAIT_S`, if need be an empty one."""

    def __init__(self, database: Database) -> None:
        """Look at nothing yet."""
        self._database = database
        self._turn = asyncio.Semaphore(1)
        self._looking: asyncio.Task[dict[str, dict[str, Any]]] | None = None
        self._rests_until = 0.0

    async def of(self, sensors: Iterable[str]) -> dict[str, dict[str, Any]]:
        """`time`, `value` and `flag` of the newest observation by sensor id, for those that have one.

        Empty while the history is away or slow.
        """
        names = sorted(set(sensors))
        if not names or not self._database.present or time.monotonic() < self._rests_until:
            return {}
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turn.acquire()
                # Not called off with us: cutting a query makes the whole history pass for away.
                self._looking = asyncio.create_task(self._look(names), name="latest")
                return await asyncio.shield(self._looking)
        except TimeoutError:
            self._rests_until = time.monotonic() + REST_S
            return {}

    async def _look(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        try:
            rows = await self._database.rows(_NEWEST, (names,))
        except (Problem, psycopg.Error):
            return {}
        finally:
            self._turn.release()
        return {
            name: {"time": stamp(at), "value": number(value), "flag": flag} for name, at, value, flag in rows
        }
