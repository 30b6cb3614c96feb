"""Following a stream: each message once, in order, whatever happens to the server."""

import asyncio
import contextlib
from typing import Any

import pytest
from nats.js.api import StorageType

from services.runtime.follow import Follower, Message, TailLost
from services.runtime.nats import Connection, OrderLost, publish_in_order
from tests.support.nats import connected, crash, play
from tests.support.up import NatsOnly

SUBJECTS = [f"numbers.{n}" for n in range(4)]


async def make_stream(connection: Connection, **more: Any) -> None:
    await connection.js.add_stream(name="NUMBERS", subjects=["numbers.*"], allow_direct=True, **more)


def item(number: int, size: int = 0) -> tuple[str, bytes, dict[str, str] | None]:
    """Message `number` carries its number, which is its sequence too."""
    return SUBJECTS[number % 4], str(number).encode().ljust(size), {"kind": "number"}


async def publish_all(connection: Connection, first: int, last: int, run: int = 200) -> None:
    """Publish first…last in order, across crashes: after each the stream says what it holds."""
    at = first - 1
    while at < last:
        items = [item(n) for n in range(at + 1, min(at + run, last) + 1)]
        try:
            at = await publish_in_order(connection.js, items, at, timeout_s=1.0)
        except OrderLost as lost:
            if lost.certain:
                at = lost.last
            at = await last_sequence(connection, at)


async def last_sequence(connection: Connection, known: int) -> int:
    while True:
        with contextlib.suppress(Exception):
            return (await connection.js.stream_info("NUMBERS")).state.last_seq
        await asyncio.sleep(0.05)


async def read(follower: Follower, until: int, timeout_s: float = 60.0, each: int = 1000) -> list[Message]:
    got: list[Message] = []
    async with asyncio.timeout(timeout_s):
        while not got or got[-1].sequence < until:
            got += await follower.fetch(each, 0.5)
    return got


def test_every_message_comes_once_in_order_with_what_it_carries(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        await publish_all(connection, 1, 3000)
        follower = Follower(connection.js, "NUMBERS", [], 0)
        got = await read(follower, 3000, each=700)
        assert [m.sequence for m in got] == list(range(1, 3001))
        assert [int(m.data) for m in got] == list(range(1, 3001))
        assert {m.kind for m in got} == {"number"}
        assert {m.subject for m in got} == set(SUBJECTS)
        assert all(m.time_us > 1_700_000_000_000_000 for m in got)
        assert follower.gaps == []

    play(nats_server, scene)


def test_only_the_wanted_subjects_come_and_only_after_the_position(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        await publish_all(connection, 1, 1000)
        follower = Follower(connection.js, "NUMBERS", [SUBJECTS[1], SUBJECTS[3]], 500)
        got = await read(follower, 999)
        assert [m.sequence for m in got] == list(range(501, 1001, 2))
        assert follower.gaps == []

    play(nats_server, scene)


def test_fetch_returns_as_soon_as_there_is_something_and_empty_when_there_is_not(
    nats_server: NatsOnly,
) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        follower = Follower(connection.js, "NUMBERS", [], 0)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await follower.fetch(10, 0.3) == []
        assert 0.25 < loop.time() - begun < 5
        loop.call_later(0.2, lambda: asyncio.ensure_future(connection.js.publish(*item(1)[:2])))
        begun = loop.time()
        assert len(await follower.fetch(1000, 40)) == 1
        assert loop.time() - begun < 20

    play(nats_server, scene)


def test_messages_of_a_megabyte_come_whole(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        at = 0
        for _ in range(5):
            at = await publish_in_order(
                connection.js, [item(n, 1_000_000) for n in range(at + 1, at + 11)], at
            )
        got = await read(Follower(connection.js, "NUMBERS", [], 0), 50)
        assert [int(m.data) for m in got] == list(range(1, 51))
        assert {len(m.data) for m in got} == {1_000_000}

    play(nats_server, scene)


@pytest.mark.timeout(200)
def test_killing_the_server_twice_while_20000_messages_pass_loses_and_repeats_none(
    nats_server: NatsOnly,
) -> None:
    last = 20_000

    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        writing = asyncio.create_task(publish_all(connection, 1, last))
        all_of_them = Follower(connection.js, "NUMBERS", [], 0)
        half_of_them = Follower(connection.js, "NUMBERS", SUBJECTS[:2], 0)
        got = await read(all_of_them, 6000)
        await crash(nats_server)
        other = asyncio.create_task(read(half_of_them, last, timeout_s=60))
        got += await read(all_of_them, 13_000, timeout_s=60)
        await crash(nats_server)
        got += await read(all_of_them, last, timeout_s=60)
        await writing
        assert [m.sequence for m in got] == list(range(1, last + 1))
        assert [int(m.data) for m in got] == list(range(1, last + 1))
        assert [int(m.data) for m in await other] == [n for n in range(1, last + 1) if n % 4 < 2]

    play(nats_server, scene)


def test_cutting_the_connection_again_and_again_loses_and_repeats_none(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        await publish_all(connection, 1, 8000)
        async with connected(nats_server) as reader:
            follower = Follower(reader.js, "NUMBERS", [], 0)
            got: list[Message] = []
            for cut in range(1, 8):
                got += await read(follower, cut * 1000, each=50)
                # As a network does: what was on its way is gone, and the server does not know yet.
                assert reader.nc._transport is not None
                reader.nc._transport.close()  # type: ignore[no-untyped-call]
            got += await read(follower, 8000)
        assert [m.sequence for m in got] == list(range(1, 8001))

    play(nats_server, scene)


def test_a_reader_that_was_busy_longer_than_its_consumer_lives_goes_on_where_it_was(
    nats_server: NatsOnly,
) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection)
        await publish_all(connection, 1, 100)
        follower = Follower(connection.js, "NUMBERS", [], 0, batch=10)
        got = await follower.fetch(5, 40)
        consumers = await connection.js.consumers_info("NUMBERS")
        for consumer in consumers:
            await connection.js.delete_consumer("NUMBERS", consumer.name)
        got += await read(follower, 100)
        assert [m.sequence for m in got] == list(range(1, 101))

    play(nats_server, scene)


def test_what_the_stream_discarded_unread_is_reported_as_a_gap(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection, max_msgs=50)
        await publish_all(connection, 1, 10)
        follower = Follower(connection.js, "NUMBERS", [], 0, batch=5)
        await read(follower, 1, each=1)
        await publish_all(connection, 11, 200)
        got = await read(follower, 200)
        lost = {n for a, b in follower.gaps for n in range(a, b + 1)}
        assert lost
        assert lost | {m.sequence for m in got} | {1} == set(range(1, 201))
        assert not lost & {m.sequence for m in got}

    play(nats_server, scene)


def test_a_stream_that_ends_before_what_was_read_is_not_followed_in_silence(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection, storage=StorageType.MEMORY)
        await publish_all(connection, 1, 20)
        follower = Follower(connection.js, "NUMBERS", [], 0)
        await read(follower, 20)
        await crash(nats_server, connection)  # a stream in memory is gone, as a tail after a power cut
        await make_stream(connection)
        await publish_all(connection, 1, 7)
        with pytest.raises(TailLost) as lost:
            await read(follower, 21, timeout_s=40)
        assert (lost.value.read, lost.value.last) == (20, 7)

    play(nats_server, scene)


def test_another_message_under_the_same_number_is_noticed(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await make_stream(connection, storage=StorageType.MEMORY)
        await publish_all(connection, 1, 20)
        follower = Follower(connection.js, "NUMBERS", [], 0)
        await read(follower, 20)
        await crash(nats_server, connection)
        await make_stream(connection)
        await publish_in_order(connection.js, [item(n, size=9) for n in range(1, 31)], 0)
        with pytest.raises(TailLost):
            await read(follower, 30, timeout_s=40)

    play(nats_server, scene)
