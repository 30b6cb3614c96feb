"""Sensors as the archive remembers them: the id of each name, and up to when the database can have rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from services.ingest.archive.rows import ANYTHING, NOTHING, Rows, newest, oldest

_FIND = "select name, id from sensor where name = any(%s)"
_ADD = "insert into sensor (name, derived) select unnest(%s::text[]), %s returning name, id"
_LAST = """
select s.id, (extract(epoch from o.time) * 1000000)::int8
from unnest(%s::int[]) as s(id),
     lateral (select max(time) as time from observation
              where sensor_id = s.id and time >= 'epoch'::timestamptz + %s * interval '1 microsecond') as o
where o.time is not null
"""


class Sensors:
    """Grows by what comes; forgets everything when a transaction fails, by being made anew."""

    def __init__(self) -> None:
        """Know nobody."""
        self.ids: dict[str, int] = {}
        self.ceiling: NDArray[np.int64] = np.full(1024, ANYTHING, np.int64)

    async def learn(self, conn: AsyncConnection[Any], names: Sequence[str], *, derived: bool) -> None:
        """Find or make the ids of names that are not known yet."""
        if not names:
            return
        cursor = await conn.execute(_FIND, (list(names),))
        self.ids.update(await cursor.fetchall())
        absent = [name for name in names if name not in self.ids]
        made: list[tuple[str, int]] = []
        if absent:
            cursor = await conn.execute(_ADD, (absent, derived))
            made = await cursor.fetchall()
            self.ids.update(made)
        self._reserve(max(self.ids[name] for name in names))
        self.ceiling[[number for _, number in made]] = NOTHING

    async def look_up(self, conn: AsyncConnection[Any], rows: Rows) -> None:
        """Ask for the last row of each sensor of which we don't know it; once per sensor and session.

        Only from the first of these rows on: on a hypertable that leaves all older days unopened.
        """
        numbers, since = oldest(rows)
        unknown = self.ceiling[numbers] == ANYTHING
        if not unknown.any():
            return
        asked, low = numbers[unknown], int(since[unknown].min())
        self.ceiling[asked] = low - 1
        cursor = await conn.execute(_LAST, (asked.tolist(), low))
        found = np.array(await cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
        self.ceiling[found[:, 0]] = found[:, 1]

    def note(self, rows: Rows) -> None:
        """These rows are in the database now, or were before."""
        numbers, last = newest(rows)
        self.ceiling[numbers] = np.maximum(self.ceiling[numbers], last)

    def _reserve(self, highest: int) -> None:
        if highest >= len(self.ceiling):
            more = np.full(max(highest + 1, 2 * len(self.ceiling)), ANYTHING, np.int64)
            more[: len(self.ceiling)] = self.ceiling
            self.ceiling = more
