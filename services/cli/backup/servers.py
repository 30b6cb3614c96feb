"""The two servers of a data folder without the services: to fill it, to look into it, to change its form."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from nats.js import JetStreamContext

from services.cli.up import nats_child, postgres_child
from services.cli.up.nats_child import Store
from services.cli.up.plan import NATS_SERVER, POSTGRES
from services.cli.up.ports import choose
from services.observation.text import Text
from services.runtime import embedded, nats, postgres_server, run_file
from services.runtime.accounts import ADMIN, Credentials
from services.runtime.embedded import EmbeddedError
from services.runtime.nats_config import Ports, write_config
from services.runtime.settings import Settings
from services.runtime.supervisor import Program, Supervisor

START_S = 60.0
STOP_S = 60.0  # a database that was just filled writes it all out before it ends
CONNECT_S = 8.0


class Servers(NamedTuple):
    """A connection to NATS, and where the database answers; None where there is none to speak of."""

    js: JetStreamContext
    database: str | None


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[JetStreamContext]:
    """JetStream of a server that runs.

    Raises:
        EmbeddedError: it does not answer.
    """
    try:
        connection = await asyncio.wait_for(nats.connect(Settings(nats=url), name), CONNECT_S)
    except TimeoutError:
        raise _silent() from None
    try:
        yield connection.js
    finally:
        await connection.close()


@asynccontextmanager
async def alone(
    data: Path,
    name: str,
    *,
    nats_url: str | None = None,
    database_url: str | None = None,
    with_database: bool = True,
) -> AsyncIterator[Servers]:
    """Start what is embedded in a data folder, on ports of its own; stopped at the end.

    An address stands for a server of others, in place of ours. To be called while holding the folder's lock.

    Raises:
        EmbeddedError: a server does not start, or does not answer.
    """
    credentials = Credentials.keep(data / "credentials.json")
    supervisor = Supervisor(data / "logs", lambda: None)
    try:
        url = nats_url or await _start_nats(data, credentials, supervisor)
        if database_url is None and with_database:
            database_url = await _start_postgres(data, credentials, supervisor)
        async with connected(url, name) as js:
            yield Servers(js, database_url if with_database else None)
    finally:
        await supervisor.stop(POSTGRES, NATS_SERVER)


@asynccontextmanager
async def of_folder(
    data: Path, name: str, run: run_file.Run | None, *, with_database: bool = True
) -> AsyncIterator[Servers]:
    """The servers of a folder whose system is stopped, as its last run had them: embedded, or of others."""
    credentials = Credentials.keep(data / "credentials.json")
    nats_url = database_url = None
    if run is not None and credentials.nats[ADMIN] not in run.nats:
        nats_url = run.nats
    if run is not None and run.database and credentials.postgres not in run.database:
        database_url = run.database
    async with alone(
        data, name, nats_url=nats_url, database_url=database_url, with_database=with_database
    ) as servers:
        yield servers


async def _start_nats(data: Path, credentials: Credentials, supervisor: Supervisor) -> str:
    program, store = embedded.nats_server(), Store()
    # The MQTT listener is part of the configuration; on a free port of loopback nobody finds it.
    port, mqtt = choose("nats", None)[1], choose("mqtt", None)

    def command() -> list[str]:
        config = write_config(data / "nats", Ports(port, *mqtt), credentials, strict=False)
        return [str(program.path), "-c", str(config)]

    def hear(line: str) -> bool:
        store.hear(line)
        return True

    await supervisor.start(Program(NATS_SERVER, command, stop=signal.SIGTERM, patience_s=STOP_S, quiet=hear))
    await _until(lambda: store.listening, supervisor, NATS_SERVER)
    return nats_child.url(ADMIN, port, credentials)


async def _start_postgres(data: Path, credentials: Credentials, supervisor: Supervisor) -> str:
    programs = await asyncio.to_thread(postgres_child.check)
    folder = data / "postgres"
    if not postgres_server.is_made(folder):
        await postgres_server.make(programs, folder, credentials.postgres, lambda _: None)
    port = choose("database", None)[1]

    def command() -> list[str]:
        postgres_server.clear_stale_lock(folder)
        return postgres_server.command(programs, folder, port)

    await supervisor.start(
        Program(POSTGRES, command, stop=signal.SIGINT, patience_s=STOP_S, quiet=lambda _: True)
    )
    url = postgres_child.url(port, credentials)

    def answers() -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
            return True
        return False

    await _until(answers, supervisor, POSTGRES)
    return url


async def _until(ready: Callable[[], bool], supervisor: Supervisor, name: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_S
    while not await asyncio.to_thread(ready):
        if loop.time() > deadline or supervisor.restarts(name) > 1:
            said = (supervisor.last_words(name) or ["nothing"])[-1]
            raise EmbeddedError(
                Text(f"{name} không khởi động: {said}", f"{name} does not start: {said}"),
                Text("xem đĩa và quyền ghi", "look at the disk and the rights on the folder"),
            )
        await asyncio.sleep(0.05)


def _silent() -> EmbeddedError:
    return EmbeddedError(
        Text("NATS không trả lời", "NATS does not answer"),
        Text(
            "xem hệ thống có đang chạy không (haidang up)",
            "see whether the system runs as it should (haidang up)",
        ),
    )
