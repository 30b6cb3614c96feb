"""Playing a scene against a nats-server of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from services.runtime import logging
from services.runtime.nats import Connection, connect
from tests.support.up import NatsOnly

Scene = Callable[[Connection], Coroutine[Any, Any, None]]


@asynccontextmanager
async def connected(server: NatsOnly, user: str = "up") -> AsyncIterator[Connection]:
    """A connection as one of the accounts."""
    connection = await connect(server.settings(user), user)
    try:
        yield connection
    finally:
        await connection.close()


def play(server: NatsOnly, scene: Scene) -> None:
    """Run a scene with an administrator's connection."""

    async def scened() -> None:
        async with connected(server) as connection:
            await scene(connection)

    logging.configure(lowest="error")
    asyncio.run(scened())


async def crash(server: NatsOnly, connection: Connection | None = None) -> None:
    """Kill -9 and start again; with a connection, wait until it is back."""
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    if connection is not None:
        await back(connection)


async def back(connection: Connection, timeout_s: float = 40.0) -> None:
    """Wait until nats-py has found the server again."""
    async with asyncio.timeout(timeout_s):
        await asyncio.sleep(0.1)  # it may not even have noticed the loss
        while not connection.connected:  # noqa: ASYNC110  nats-py's state is no event
            await asyncio.sleep(0.05)
