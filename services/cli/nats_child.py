"""The embedded nats-server as a child: configuration, start, and what it says when it can't."""

import asyncio
import signal
from pathlib import Path

from services.cli.ports import answers
from services.cli.words import say
from services.observation.text import Text
from services.runtime import embedded
from services.runtime.accounts import Credentials
from services.runtime.nats_config import Ports, write_config
from services.runtime.supervisor import Program, Supervisor

NAME = "nats-server"
START_S = 60.0  # a store of many gigabytes is read through after a power cut
REMIND_S = 5.0
TRIES = 3


def url(user: str, port: int, credentials: Credentials) -> str:
    """The address as one of the accounts."""
    return f"nats://{user}:{credentials.nats[user]}@127.0.0.1:{port}"


async def start(  # noqa: PLR0913  what a server is made of
    data: Path,
    port: int,
    mqtt: tuple[str, int],
    credentials: Credentials,
    supervisor: Supervisor,
    *,
    strict: bool,
) -> None:
    """Start it and wait until clients can connect.

    Raises:
        EmbeddedError: the program is not usable, or ended several times instead of starting.
    """
    program = embedded.nats_server()
    say(f"nats-server {program.version} ({program.origin})")
    config = write_config(data / "nats", Ports(port, *mqtt), credentials, strict=strict)
    command = [str(program.path), "-c", str(config)]
    await supervisor.start(
        Program(NAME, lambda: command, stop=signal.SIGTERM, patience_s=1.5, quiet=_is_routine)
    )
    loop = asyncio.get_running_loop()
    begun = loop.time()
    remind = begun + REMIND_S
    while not (supervisor.is_up(NAME) and await asyncio.to_thread(answers, "127.0.0.1", port)):
        if supervisor.restarts(NAME) >= TRIES or loop.time() - begun > START_S:
            raise _cannot(supervisor, data)
        if loop.time() > remind:
            remind += REMIND_S
            say("nats-server is reading its store / nats-server đang đọc kho dữ liệu")
        await asyncio.sleep(0.02)


def _cannot(supervisor: Supervisor, data: Path) -> embedded.EmbeddedError:
    said = [line for line in supervisor.last_words(NAME) if "[FTL]" in line or "[ERR]" in line]
    words = (said or supervisor.last_words(NAME) or ["nothing"])[-1]
    return embedded.EmbeddedError(
        Text(f"nats-server không khởi động: {words}", f"nats-server does not start: {words}"),
        Text(f"xem {data}/logs/{NAME}.log", f"see {data}/logs/{NAME}.log"),
    )


def _is_routine(line: str) -> bool:
    """What need not be seen at the terminal; it is in the log file all the same.

    Passwords stand in a file that only we can read, made by us: the warning about it helps nobody.
    """
    return "[INF]" in line or "Plaintext passwords" in line
