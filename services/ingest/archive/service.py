"""The archive service: sessions with the database, one after another, for as long as it takes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from psycopg import AsyncConnection

from services import schema
from services.ingest.archive import trouble
from services.ingest.archive.announce import Announcer
from services.ingest.archive.places import NotAlone
from services.ingest.archive.report import Report
from services.ingest.archive.session import Occupied, Session
from services.ingest.archive.trouble import Trouble
from services.observation.text import Text
from services.runtime import logging
from services.runtime.follow import TailLost
from services.runtime.health import Health
from services.runtime.nats import connect
from services.runtime.process import Refused
from services.runtime.settings import Settings

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
LOOK_S = 5.0
FLUSH_S = 2.0
FORGET_S = 3600.0
CONNECT_S = 5

_OCCUPIED = Trouble(
    "archive_twice",
    Text(
        "Một tiến trình lưu trữ khác đang ghi vào cơ sở dữ liệu này. Hãy dừng một trong hai",
        "another archive writes to this database. Stop one of the two",
    ),
)
_NATS = Trouble(
    "streams_away",
    Text(
        "Không đọc được luồng NATS; lưu trữ đợi và sẽ tự chạy tiếp",
        "the streams of NATS do not answer; storing waits and goes on by itself",
    ),
)

log = logging.get("archive")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Archive until told to stop.

    Raises:
        Refused: no database was named.
    """
    if settings.database is None:
        msg = "the archive needs a database; give --database postgresql://… or HAIDANG_DATABASE"
        raise Refused(msg)
    connection = await connect(settings, "archive", stop=stop)
    health = Health(connection.js, "archive")
    announcer = Announcer(connection.js)
    report = Report(health)
    works = [health.run(), announcer.run(), _look(report, connection.js)]
    if settings.keep_days is not None:
        works.append(_forget(settings.database, settings.keep_days))
    background = [asyncio.ensure_future(work) for work in works]

    async def session() -> None:
        async with _database(settings.database or "") as conn:
            await Session(connection.js, conn, announcer, report, settings.keep_days).run(stop)

    try:
        await _sessions(session, report, stop)
        await announcer.flush(FLUSH_S)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await connection.close()


async def _sessions(session: Callable[[], Awaitable[None]], report: Report, stop: asyncio.Event) -> None:
    pause = FIRST_PAUSE_S
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        try:
            await session()
        except TailLost as lost:
            log.warning("stream_changed", error=str(lost))
        except (Occupied, NotAlone) as error:
            report.broken(error, _OCCUPIED)
        except schema.SchemaTooNew as error:
            report.broken(
                error, Trouble("database_newer", Text(f"Cơ sở dữ liệu mới hơn: {error}", str(error)))
            )
        except (psycopg.Error, OSError) as error:
            report.broken(error, trouble.of(error))
        except (NatsError, TimeoutError) as error:
            report.broken(error, _NATS)
        if asyncio.get_running_loop().time() - began > 2 * LONGEST_PAUSE_S:
            pause = FIRST_PAUSE_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
        pause = min(2 * pause, LONGEST_PAUSE_S)


@contextlib.asynccontextmanager
async def _database(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    conn = await AsyncConnection.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_S,
        application_name="haidang archive",
        # A server that vanished without a word is noticed in half a minute, not in two hours.
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=30_000,
    )
    try:
        yield conn
    finally:
        await conn.close()


async def _forget(url: str, keep_days: int) -> None:
    """Once an hour, over a connection of its own: deleting must not hold up storing."""
    while True:
        await asyncio.sleep(FORGET_S)
        try:
            async with _database(url) as conn:
                gone = await schema.forget(conn, keep_days)
        except (psycopg.Error, OSError) as error:
            log.warning("forgetting_waits", error=repr(error))  # the session complains of the database itself
        else:
            log.info("forgotten", older_than_days=keep_days, gone=gone)


async def _look(report: Report, js: JetStreamContext) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await report.look(js)
