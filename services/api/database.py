"""The history's door: a handful of read-only connections that come back by themselves.

Alerting never waits for it: who needs the history gets an answer within seconds, be it 503. That must hold
for a server that is frozen, too: it takes connections and queries and says nothing, so every wait for it
ends by our own clock.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors

from services.api.errors import Problem, away
from services.observation.text import Text
from services.runtime import logging

CONNECTIONS = 4
CONNECT_S = 2
STATEMENT_MS = 7_000
QUERY_S = 9.0
"""Our own bound of a query: the server's, and 2 s in which it must have said that it stopped."""
QUEUE_S = 3.0
COOL_S = 1.0
"""Nobody tries again for so long after a failed connect: who asks fails at once, not after 2 s."""

_OPTIONS = f"-c statement_timeout={STATEMENT_MS} -c default_transaction_read_only=on -c timezone=UTC"
_AWAY = Text(
    "cơ sở dữ liệu lịch sử không trả lời; cảnh báo vẫn chạy",
    "the history does not answer; alerts go on without it",
)
_NONE = Text("máy này không có cơ sở dữ liệu lịch sử", "this machine has no history (no --database)")
_SLOW = Text("truy vấn quá lâu; hãy chọn khoảng ngắn hơn", "the query takes too long; ask for a shorter span")
_BUSY = Text("quá nhiều truy vấn cùng lúc; hãy thử lại", "too many queries at once; try again")

Row = tuple[Any, ...]
Values = Sequence[Any] | Mapping[str, Any]
log = logging.get("api_database")


class Database:
    """Runs queries; raises problem documents, never a driver's error."""

    def __init__(self, dsn: str | None) -> None:
        """Keep the address; nothing connects before the first query."""
        self._dsn = dsn
        self._idle: list[AsyncConnection[Row]] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._failed_at = -COOL_S
        self._away = self._knocking = False
        self._tables: set[str] = set()  # those that were seen
        self.present = False
        """Whether the last query or connect went well."""

    async def rows(
        self, sql: str, values: Values = (), within_s: float | None = None, table: str | None = None
    ) -> list[Row]:
        """All rows of a query, within `QUERY_S` of its turn or a shorter time.

        `table` is asked for before it is read, until it was seen once: at a first start we are there before
        the archive has made the tables, and the server's log gets an error for every table that is missing.

        Raises:
            Problem: 503 when the history is away, too slow or too busy.
        """
        if self._dsn is None:
            raise away(_NONE, retry_s=60)
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._slots.acquire()
        except TimeoutError as error:
            raise away(_BUSY, retry_s=1, code="history-busy") from error
        try:
            return await self._try(sql, values, time.monotonic() + (within_s or QUERY_S), table)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close what is open; who is in the middle of a query closes its own."""
        self._dsn = None
        await self._drop_idle()

    async def _try(self, sql: str, values: Values, deadline: float, table: str | None) -> list[Row]:
        # An idle connection may have died with its server: then a fresh one is tried, once each.
        for _ in range(CONNECTIONS + 1):
            fresh = not self._idle
            connection = await self._connect() if fresh else self._idle.pop()
            try:
                if table is not None:
                    await self._look_for(table, connection, deadline)
                found = await _ask(connection, sql, values, deadline)
            except TimeoutError as error:
                # The others of the server would keep who asks next waiting as long.
                await self._drop_idle()
                raise self._fail(error) from error
            except errors.QueryCanceled as error:
                self._keep(connection)
                raise away(_SLOW, retry_s=30, code="history-slow") from error
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await connection.close()
                if fresh:
                    raise self._fail(error) from error
                continue
            except (errors.UndefinedTable, errors.UndefinedColumn, errors.InsufficientPrivilege) as error:
                self._keep(connection)  # not migrated yet, or not for us
                raise self._fail(error) from error
            except BaseException:
                # Cancelled in the middle: the connection is in an unknown state.
                await connection.close()
                raise
            self._keep(connection)
            self.present, self._away = True, False
            return found
        raise self._fail(None)

    async def _look_for(self, table: str, connection: AsyncConnection[Row], deadline: float) -> None:
        if table in self._tables:
            return
        rows = await _ask(connection, "select to_regclass(%s) is not null", (table,), deadline)
        if not rows[0][0]:
            msg = f"there is no table {table} yet"
            raise errors.UndefinedTable(msg)
        self._tables.add(table)

    def _keep(self, connection: AsyncConnection[Row]) -> None:
        self._idle.append(connection)

    async def _drop_idle(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> AsyncConnection[Row]:
        # While it is away, one knocks; the others need not wait to be told.
        if time.monotonic() - self._failed_at < COOL_S or (self._away and self._knocking):
            raise away(_AWAY)
        self._knocking = True
        try:
            async with asyncio.timeout(CONNECT_S + 0.5):
                return await AsyncConnection.connect(
                    self._dsn or "",
                    autocommit=True,
                    connect_timeout=CONNECT_S,
                    application_name="haidang-api",
                    options=_OPTIONS,
                )
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise self._fail(error) from error
        finally:
            self._knocking = False

    def _fail(self, error: Exception | None) -> Problem:
        if not self._away:
            log.warning("history_away", error=repr(error))
        self.present, self._away, self._failed_at = False, True, time.monotonic()
        return away(_AWAY)


async def _ask(connection: AsyncConnection[Row], sql: str, values: Values, deadline: float) -> list[Row]:
    """Rows of a query; when the time is up or the caller is called off, its connection is cut.

    In a task of its own, never cancelled: the driver answers a cancellation by asking the server to
    cancel, and waits for its word.

    Raises:
        TimeoutError: the server did not answer.
    """
    query = asyncio.create_task(_rows(connection, sql, values))
    try:
        await asyncio.wait({query}, timeout=max(deadline - time.monotonic(), 0.0))
        if query.done():
            return query.result()
        msg = "the server does not answer"
        raise TimeoutError(msg)
    finally:
        if not query.done():
            _cut(connection)
            await asyncio.wait({query}, timeout=1.0)
            _ = query.done() and query.exception()  # that it was cut is no news
            await connection.close()


async def _rows(connection: AsyncConnection[Row], sql: str, values: Values) -> list[Row]:
    cursor = await connection.execute(sql.encode(), values)
    return await cursor.fetchall()


def _cut(connection: AsyncConnection[Row]) -> None:
    """End the conversation under the driver's feet: it reads an end and gives up by itself.

    Not closed here: the number of a socket that the loop still watches must not go to another one.
    """
    with (
        contextlib.suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as door,
    ):
        door.shutdown(socket.SHUT_RDWR)
