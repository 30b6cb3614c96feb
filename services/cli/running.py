"""Work on the system that runs with a data folder: its address stands in `run.json`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from nats.js import JetStreamContext

from services.cli.words import complain
from services.runtime import logging, nats, run_file
from services.runtime.settings import Settings

CONNECT_S = 5.0


def with_running(data: Path, name: str, work: Callable[[JetStreamContext], Awaitable[int]]) -> int:
    """Do something with the streams of a running `up`; 2 when nothing runs there."""
    logging.configure(lowest="warning")
    found = run_file.read(data)
    if found is None or not found.is_running():
        return complain(
            f"nothing runs with --data {data} → start it: haidang up --site DIR --data {data}",
            f"không có hệ thống nào đang chạy với --data {data} → haidang up --site THƯ_MỤC --data {data}",
        )
    return at(Settings(nats=found.nats), name, work, f"{data}/logs/nats-server.log")


def at(
    settings: Settings,
    name: str,
    work: Callable[[JetStreamContext], Awaitable[int]],
    log: str = "nats-server.log",
) -> int:
    """Do something with the streams of a server; 2 when it does not answer."""

    async def connected() -> int:
        connection = await asyncio.wait_for(nats.connect(settings, name), CONNECT_S)
        try:
            return await work(connection.js)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (nats.NatsError, TimeoutError, OSError) as error:
        return complain(
            f"NATS does not answer: {error!r} → look at {log}", f"NATS không trả lời: {error!r} → xem {log}"
        )
