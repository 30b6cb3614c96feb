"""Telling agents what is stored: not too often, newest only, and the last word for sure."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from services.ingest.archive.announce import EVERY_S, Announcer
from services.observation.envelope import decode_ack
from services.runtime.nats import connect, ensure_streams
from services.runtime.streams import DOWNLINK, Limits
from tests.support.up import NatsOnly, nats_only

KEY = ("g1", "9f3a")
SMALL = Limits(64 << 20, 16 << 20, 16 << 20)


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsOnly]:
    with nats_only(tmp_path / "nats") as server:
        yield server


def test_a_busy_buffer_is_told_five_times_a_second_and_hears_the_last_state(nats: NatsOnly) -> None:
    async def work() -> None:
        connection = await connect(nats.settings(), "test")
        await ensure_streams(connection.js, SMALL)
        announcer = Announcer(connection.js)
        heard: list[int] = []
        listening = await connection.nc.subscribe("down.>")
        task = asyncio.ensure_future(announcer.run())
        began = time.monotonic()
        for last in range(1, 101):
            announcer.tell(KEY, [[1, last]])
            await asyncio.sleep(0.01)
        while not heard or heard[-1] != 100:
            message = await listening.next_msg(timeout=40)
            heard.append((decode_ack(message.data).stored or [(0, 0)])[0][1])
        took = time.monotonic() - began
        task.cancel()
        await connection.close()
        assert heard == sorted(heard)
        assert len(heard) <= took / EVERY_S + 1

    asyncio.run(work())


def test_at_the_end_everything_that_waits_is_told_at_once(nats: NatsOnly) -> None:
    async def work() -> None:
        connection = await connect(nats.settings("archive"), "test")
        admin = await connect(nats.settings(), "admin")
        await ensure_streams(admin.js, SMALL)
        announcer = Announcer(connection.js)
        for number in range(300):
            announcer.tell((f"g{number}", "9f3a"), [[1, number + 1]])
        announcer.tell(("g1", "no subject.for this"), [[1, 1]])  # passed over, and nothing breaks
        assert await announcer.flush(40)
        assert (await admin.js.stream_info(DOWNLINK)).state.messages == 300
        await connection.close()
        await admin.close()

    asyncio.run(work())


def test_what_could_not_be_told_waits_for_the_broker(nats: NatsOnly) -> None:
    async def work() -> None:
        connection = await connect(nats.settings(), "test")
        await ensure_streams(connection.js, SMALL)
        announcer = Announcer(connection.js)
        task = asyncio.ensure_future(announcer.run())
        nats.kill()
        announcer.tell(KEY, [[1, 1]])
        assert not await announcer.flush(0.3)
        announcer.tell(KEY, [[1, 2]])
        nats.start()
        deadline = time.monotonic() + 40
        stored = None
        while stored != [(1, 2)] and time.monotonic() < deadline:
            if await announcer.flush(0.5):
                with suppress(NatsError, TimeoutError):  # a slow server
                    message = await connection.js.get_last_msg(DOWNLINK, "down.g1.ack.9f3a.stored")
                    stored = decode_ack(message.data or b"").stored
        assert stored == [(1, 2)]
        task.cancel()
        await connection.close()

    asyncio.run(work())
