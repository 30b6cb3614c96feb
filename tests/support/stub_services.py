"""Services that only live: for tests of `up` itself. `python -m tests.support.stub_services ingest`.

`up` as first word runs the real `up` with these in place of the real services.
"""

import asyncio
import os
import sys
from pathlib import Path

from services.cli.up import add_options, start
from services.cli.up.service_child import SERVICES
from services.runtime import nats, process
from services.runtime.health import Health
from services.runtime.logging import get
from services.runtime.settings import Settings

LIGHT = ("--services", "ingest,api", "--database", "postgresql://127.0.0.1:9/none")
"""For tests that are not about the number of children: two of them, and no database."""

PROGRAM = (sys.executable, "-m", "tests.support.stub_services")


async def live(settings: Settings, stop: asyncio.Event, name: str) -> None:
    """Heartbeats, ready at once; the api answers HTTP as well."""
    connection = await nats.connect(settings, name, stop=stop)
    health = Health(connection.js, name)
    beating = asyncio.create_task(health.run())
    server = None
    if name == "api" and settings.http:
        host, _, port = settings.http.rpartition(":")
        server = await asyncio.start_server(answer, host, int(port))
    await come_up(settings, health, name)
    if os.path.exists(f"{settings.data}/complain-{name}"):  # noqa: PTH110, ASYNC240  a stub
        health.complain("test", "có chuyện", "something is wrong")
    await stop.wait()
    if not os.path.exists(f"{settings.data}/hang-{name}"):  # noqa: PTH110, ASYNC240  a stub
        beating.cancel()
        if server is not None:
            server.close()
        await connection.close()
        return
    import time

    time.sleep(60)  # noqa: ASYNC251  a service that hears no signal


async def come_up(settings: Settings, health: Health, name: str) -> None:
    """Ready at once, or as a file in the data folder says: late, never, or after some trouble."""
    marks = settings.data or Path()
    if (marks / f"never-{name}").exists():
        return
    if (marks / f"heal-{name}").exists():
        port = (settings.database or "").rpartition(":")[2].split("/")[0]
        get(name).warning(
            "session_broken", error=f"connection to 127.0.0.1, port {port} failed: Connection refused"
        )
        health.complain("test", "có chuyện", "something is wrong")
        await asyncio.sleep(2.0)
        health.settle("test")
    if (marks / f"slow-{name}").exists():
        await asyncio.sleep(2.0)
    (marks / f"{name}-was-ready").touch()
    health.ready()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """200 to everything."""
    await reader.readline()
    writer.write(b"HTTP/1.0 200 OK\r\n\r\nok")
    await writer.drain()
    writer.close()


def main() -> int:
    """`up …` or the name of a service."""
    name = sys.argv[1]
    if name == "up":
        import argparse

        parser = argparse.ArgumentParser()
        add_options(parser)
        parser.add_argument("--services", default=",".join(SERVICES))
        given = vars(parser.parse_args(sys.argv[2:]))
        services = tuple(given.pop("services").split(","))
        return start(given, services=services, program=PROGRAM)
    return process.run(lambda settings, stop: live(settings, stop, name), Settings.load(), name)


if __name__ == "__main__":
    sys.exit(main())
