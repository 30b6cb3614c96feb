"""The history's door: a handful of read-only connections that come back by themselves.

Alerting never waits for it: who needs the history gets an answer within seconds, be it 503.
"""

import asyncio
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
STATEMENT_MS = 8_000
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
        self.present = False
        """Whether the last query or connect went well."""

    async def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of a query.

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
            return await self._try(sql, values)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close what is open; who is in the middle of a query closes its own."""
        self._dsn = None
        while self._idle:
            await self._idle.pop().close()

    async def _try(self, sql: str, values: Values) -> list[Row]:
        # An idle connection may have died with its server: then a fresh one is tried, once each.
        for _ in range(CONNECTIONS + 1):
            fresh = not self._idle
            connection = await self._connect() if fresh else self._idle.pop()
            try:
                cursor = await connection.execute(sql.encode(), values)
                found = await cursor.fetchall()
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
            self.present = True
            return found
        raise self._fail(None)

    def _keep(self, connection: AsyncConnection[Row]) -> None:
        self._idle.append(connection)

    async def _connect(self) -> AsyncConnection[Row]:
        if time.monotonic() - self._failed_at < COOL_S:
            raise away(_AWAY)
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

    def _fail(self, error: Exception | None) -> Problem:
        if self.present or self._failed_at < 0:
            log.warning("history_away", error=repr(error))
        self.present, self._failed_at = False, time.monotonic()
        return away(_AWAY)
