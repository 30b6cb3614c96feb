"""The archive between a real nats-server and a real PostgreSQL, through crashes of either."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.ingest.archive import service, session
from services.observation import messages, topics
from services.observation.envelope import MISSING, decode_ack, decode_missing
from services.observation.ranges import Ranges
from services.runtime.nats import connect, ensure_streams
from services.runtime.streams import DOWNLINK, READINGS, Limits
from tests.support.archive import SECOND, T0, Pack, batch_of, observations, stored
from tests.support.databases import (  # noqa: F401  fixtures
    Postgres,
    plain_dsn,
    postgres,
    server_dsn,
    timescaledb_dsn,
    timescaledb_server,
)
from tests.support.up import NatsOnly, nats_only

SMALL = Limits(64 << 20, 16 << 20, 16 << 20)
ROWS = 20


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsOnly]:
    """A nats-server of our own, as `up` configures it."""
    with nats_only(tmp_path / "nats") as server:
        yield server


@contextlib.asynccontextmanager
async def streams(server: NatsOnly) -> AsyncIterator[JetStreamContext]:
    """JetStream with the site's streams, as administrator."""
    connection = await connect(server.settings(), "test")
    try:
        await ensure_streams(connection.js, SMALL)
        yield connection.js
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def archiving(server: NatsOnly, dsn: str) -> AsyncIterator[asyncio.Event]:
    """The archive service at work; told to stop at the end, and it must."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(service.run(server.settings("archive", database=dsn), stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(40):
            await task


async def until(reached: Callable[[], Awaitable[Any]], what: str, within_s: float = 40) -> Any:
    """Poll until it is so; the database may be away meanwhile."""
    deadline = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < deadline:
        with contextlib.suppress(psycopg.OperationalError, NatsError):
            found = await reached()
            if found:
                return found
        await asyncio.sleep(0.03)
    msg = f"waited {within_s:g} s for {what}"
    raise AssertionError(msg)


async def send(js: JetStreamContext, cut: Sequence[Pack]) -> None:
    """One message on READINGS."""
    await js.publish("readings.3", batch_of(cut).encode(), headers={messages.HEADER: messages.READINGS})


def numbered(seq: int, *, gateway: str = "g1", value: float = 1.0) -> Pack:
    """A pack of ROWS readings, all of one second of its own."""
    rows = tuple((f"st-{at}.water_level", T0 + seq * SECOND, value) for at in range(ROWS))
    return Pack(gateway, "9f3a", seq, rows)


async def told(js: JetStreamContext, gateway: str = "g1") -> list[list[int]]:
    """What the agent was told to be stored."""
    message = await js.get_last_msg(DOWNLINK, topics.ack_subject(gateway, "9f3a", "stored"))
    return [list(pair) for pair in decode_ack(message.data or b"").stored or ()]


async def complaints(js: JetStreamContext) -> set[str]:
    """Codes of what the archive complains of now."""
    entry = await (await js.key_value("HEALTH")).get("archive")
    return {complaint["code"] for complaint in msgspec.json.decode(entry.value or b"")["complaints"]}


async def asked(dsn: str, question: Callable[[Any], Awaitable[Any]]) -> Any:
    """Ask the database over a connection of our own."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        return await question(conn)


def test_readings_reach_the_tables_and_the_agent_hears_stored(server_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with streams(nats) as js, archiving(nats, server_dsn):
            for seq in range(1, 11):
                await send(js, [numbered(seq)])

            async def all_stored() -> bool:
                return await told(js) == [[1, 10]]

            await until(all_stored, "stored 1..10")
            assert len(await asked(server_dsn, observations)) == 10 * ROWS

    asyncio.run(work())


def test_after_kill_9_of_the_database_rows_are_the_distinct_readings_and_stored_was_never_said_in_vain(
    tmp_path: Path, nats: NatsOnly
) -> None:
    packs = 240

    async def work(server: Postgres, dsn: str) -> None:
        async with streams(nats) as js:

            async def publish() -> None:
                for seq in range(1, packs + 1):
                    # Every third is sent again, with the one after it: as after a reconnect.
                    again = [numbered(seq - 1)] if seq % 3 == 0 else []
                    await send(js, [*again, numbered(seq)])
                    await asyncio.sleep(0.004)

            publisher = asyncio.ensure_future(publish())
            for _ in range(3):
                archive = asyncio.ensure_future(
                    service.run(nats.settings("archive", database=dsn), asyncio.Event())
                )
                seen = await _count(js)

                async def more(before: int = seen) -> bool:
                    return await _count(js) > before

                await until(more, "more to be stored")
                server.kill()
                archive.cancel()  # and the archive with it, so that nothing is mended before we look
                await asyncio.gather(archive, return_exceptions=True)
                server.start()
                there = await asked(dsn, observations)
                for first, last in await told(js):
                    for seq in range(first, last + 1):
                        assert all((name, time) in there for name, time, _ in numbered(seq).rows), seq
            await publisher
            async with archiving(nats, dsn):

                async def all_stored() -> bool:
                    return await told(js) == [[1, packs]]

                await until(all_stored, "all to be stored")
            expected = {(n, t): v for seq in range(1, packs + 1) for n, t, v in numbered(seq).rows}
            assert await asked(dsn, observations) == expected
            assert await asked(dsn, stored) == {("g1", "9f3a"): [[1, packs]]}

    server = Postgres(tmp_path / "pg", settings=())
    server.start()
    try:
        asyncio.run(work(server, server.dsn()))
    finally:
        server.stop()


async def _told_or_none(js: JetStreamContext) -> list[list[int]]:
    try:
        return await told(js)
    except NatsError:
        return []


async def _count(js: JetStreamContext) -> int:
    return Ranges(await _told_or_none(js)).count()


def test_without_a_database_it_complains_waits_and_loses_nothing(tmp_path: Path, nats: NatsOnly) -> None:
    server = Postgres(tmp_path / "pg")

    async def work() -> None:
        async with streams(nats) as js, archiving(nats, server.dsn()):

            async def away() -> bool:
                return "database_away" in await complaints(js)

            await until(away, "the complaint")
            await send(js, [numbered(1)])
            server.start()

            async def well() -> bool:
                return await told(js) == [[1, 1]] and await complaints(js) == set()

            await until(well, "the complaint to be settled")
            server.kill()  # and in mid-flight, with the archive alive
            await send(js, [numbered(2)])
            await until(away, "the complaint again")
            server.start()

            async def both() -> bool:
                return await told(js) == [[1, 2]]

            await until(both, "the rest to be stored")

    try:
        asyncio.run(work())
    finally:
        server.stop()


def test_what_the_stream_discarded_is_counted_shown_and_kept(plain_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with streams(nats) as js:
            for seq in range(1, 11):
                await send(js, [numbered(seq)])
            config = (await js.stream_info(READINGS)).config
            config.max_msgs = 4
            await js.update_stream(config)
            async with archiving(nats, plain_dsn):

                async def shown() -> bool:
                    return "archive_discarded_readings" in await complaints(js) and await told(js) == [
                        [7, 10]
                    ]

                await until(shown, "the complaint")

            async def gap(conn: Any) -> Any:
                return await (
                    await conn.execute("select from_seq, to_seq, reason from stream_gap")
                ).fetchall()

            assert await asked(plain_dsn, gap) == [(1, 6, "discarded")]

    asyncio.run(work())


def test_agents_are_asked_again_for_packs_that_the_stream_discarded(
    plain_dsn: str, nats: NatsOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "REPEAT_S", 0.2)

    async def work() -> None:
        async with streams(nats) as js:
            for seq in range(1, 11):
                await send(js, [numbered(seq)])
            config = (await js.stream_info(READINGS)).config
            config.max_msgs = 4
            await js.update_stream(config)
            async with archiving(nats, plain_dsn):
                subject = topics.ack_subject("g1", "9f3a", MISSING)

                async def wanted() -> list[tuple[int, int]] | None:
                    return decode_missing((await js.get_last_msg(DOWNLINK, subject)).data or b"")

                assert await until(wanted, "what is missing") == [(1, 6)]
                await send(js, [numbered(seq) for seq in range(1, 7)])

                async def all_stored() -> bool:
                    return await told(js) == [[1, 10]]

                await until(all_stored, "all to be stored")

    asyncio.run(work())


def test_a_stream_that_lost_its_tail_is_read_again_from_where_it_still_is_what_it_was(
    plain_dsn: str, nats: NatsOnly
) -> None:
    async def work() -> None:
        async with streams(nats) as js:
            for seq in range(1, 6):
                await send(js, [numbered(seq)])
            async with archiving(nats, plain_dsn):

                async def five() -> bool:
                    return await told(js) == [[1, 5]]

                await until(five, "stored 1..5")
            # The power cut, as far as a reader can tell: other messages under the same numbers.
            await js.delete_stream(READINGS)
            await ensure_streams(js, SMALL)
            for seq in range(4, 12):
                await send(js, [numbered(seq)])
            async with archiving(nats, plain_dsn):

                async def rest() -> bool:
                    return await told(js) == [[1, 11]]

                await until(rest, "stored 1..11")

                async def said() -> bool:
                    return "archive_tail_readings" in await complaints(js)

                await until(said, "the complaint")

    asyncio.run(work())


def test_a_message_that_the_database_refuses_is_passed_over_alone(plain_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with streams(nats) as js:
            await send(js, [numbered(1)])
            await send(js, [numbered(2, gateway="g\0")])
            await js.publish("readings.1", b"rubbish", headers={messages.HEADER: messages.READINGS})
            await send(js, [numbered(3)])
            async with archiving(nats, plain_dsn):

                async def rest() -> bool:
                    return await told(js) == [[1, 1], [3, 3]] and "archive_refused" in await complaints(js)

                await until(rest, "the others to be stored")
            assert len(await asked(plain_dsn, observations)) == 2 * ROWS

    asyncio.run(work())


def test_a_gateway_that_comes_online_is_told_again(plain_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with streams(nats) as js, archiving(nats, plain_dsn):
            await send(js, [numbered(1)])

            async def one() -> bool:
                return await told(js) == [[1, 1]]

            await until(one, "stored 1")
            await js.purge_stream(DOWNLINK)
            online = messages.GatewayState(T0, "g1", status="online")
            await js.publish(
                "readings.all", messages.encode(online), headers={messages.HEADER: messages.GATEWAY}
            )
            await until(one, "stored 1 again")

    asyncio.run(work())


def test_only_one_archive_writes_to_a_database(plain_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with streams(nats) as js, archiving(nats, plain_dsn):
            await send(js, [numbered(1)])

            async def one() -> bool:
                return await told(js) == [[1, 1]]

            await until(one, "stored 1")
            async with archiving(nats, plain_dsn):

                async def said() -> bool:
                    return "archive_twice" in await complaints(js)

                await until(said, "the second one to say so")

    asyncio.run(work())


def test_a_broker_that_comes_back_finds_the_archive_where_it_was(plain_dsn: str, nats: NatsOnly) -> None:
    async def work() -> None:
        async with archiving_with_streams(nats, plain_dsn) as js:
            await send(js, [numbered(1)])

            async def first() -> bool:
                return await told(js) == [[1, 1]]

            await until(first, "stored 1")
            nats.kill()
            nats.start()

            async def again() -> bool:
                await send(js, [numbered(2)])
                return True

            await until(again, "the broker")

            async def both() -> bool:
                return await told(js) == [[1, 2]]

            await until(both, "stored 1..2")

    asyncio.run(work())


@contextlib.asynccontextmanager
async def archiving_with_streams(server: NatsOnly, dsn: str) -> AsyncIterator[JetStreamContext]:
    """Streams and archive together."""
    async with streams(server) as js, archiving(server, dsn):
        yield js
