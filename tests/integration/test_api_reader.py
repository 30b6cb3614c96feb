"""The hub and its readers on a real stream: old places, slow clients, discarded events."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.api.context import Context
from services.api.database import Database
from services.api.errors import Problem
from services.api.feed import AlertFeed
from services.api.fold import Fold
from services.api.heard import Heard
from services.api.heartbeats import Heartbeats
from services.api.push.entry import Wanted
from services.api.push.hub import Hub
from services.api.push.reader import Reader, Resync, Slow, place, read_some
from services.api.push.sse import frames
from services.api.running_site import RunningSite
from services.runtime.health import Health
from services.runtime.nats import Connection, connect
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, Limits, ensure_streams
from tests.support.api_rig import told
from tests.support.up import nats_only


class World:
    """A stream of alerts, and a hub of a given size that follows it."""

    def __init__(self, connection: Connection, ring: int, lag: int) -> None:
        self.js = connection.js
        self.hub, self.fold = Hub(ring, lag), Fold()
        self.feed = AlertFeed(self.js, self.fold, self.hub, Health(self.js, "api"))

    def reader(self, position: int) -> Reader:
        return Reader(self.hub, self.js, self.fold, position)

    def context(self) -> Context:
        """What the roads of push work with; only the hub's side is alive."""
        site, beats = RunningSite(self.js), Heartbeats(self.js)
        heard = Heard(self.js)
        history = Database(None)
        return Context(Settings(), self.js, lambda: True, history, site, self.fold, self.hub, beats, heard)

    async def publish(self, count: int) -> None:
        for _ in range(count):
            subject, data = told(random.randbytes(8).hex())
            await self.js.publish(subject, data)

    async def reached(self, sequence: int) -> None:
        async with asyncio.timeout(40):
            while self.hub.head < sequence:
                await self.hub.wait(0.1)


def run(
    folder: Path, play: Callable[[World], Awaitable[None]], *, before: int, ring: int, lag: int = 10_000
) -> None:
    """Play on a stream that holds `before` events when the hub begins."""

    async def main() -> None:
        connection = await connect(server.settings(), "test")
        await ensure_streams(connection.js, Limits.of(1 << 30))
        world = World(connection, ring, lag)
        await world.publish(before)
        stop = asyncio.Event()
        feeding = asyncio.create_task(world.feed.run(stop))
        try:
            await asyncio.wait_for(world.hub.caught_up.wait(), 40)
            await play(world)
        finally:
            stop.set()
            world.hub.close()
            await feeding
            await connection.close()

    with nats_only(folder) as server:
        asyncio.run(main())


async def read_to(reader: Reader, last: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(40):
        while not found or found[-1] < last:
            found += [entry.sequence for entry in await reader.read(1.0)]
    return found


def test_readers_from_anywhere_pass_from_the_stream_to_the_ring_without_gap_or_repeat(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        chance = random.Random(11)
        starts = [0, 1, 278, 279, 280, 281, 299, 300, *(chance.randrange(300) for _ in range(12))]
        readers = [world.reader(start) for start in starts]
        reading = [asyncio.create_task(read_to(reader, 500)) for reader in readers]
        await world.publish(200)
        for start, task in zip(starts, reading, strict=True):
            assert await task == list(range(start + 1, 501))

    run(tmp_path, play, before=300, ring=20)


def test_a_place_just_below_the_ring_is_read_from_the_stream(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        floor = world.hub.floor
        assert floor == 280
        for start in (floor - 2, floor - 1, floor, floor + 1):
            assert await read_to(world.reader(start), 300) == list(range(start + 1, 301))

    run(tmp_path, play, before=300, ring=20)


def test_a_reader_that_was_live_and_falls_behind_is_told_and_misses_nothing_when_it_returns(
    tmp_path: Path,
) -> None:
    async def play(world: World) -> None:
        reader = world.reader(5)
        assert await reader.read(0.01) == []  # at the end: from here on it is live
        await world.publish(30)
        await world.reached(35)
        with pytest.raises(Slow):
            await reader.read(0.1)
        assert await read_to(world.reader(reader.position), 35) == list(range(6, 36))

    run(tmp_path, play, before=5, ring=1000, lag=20)


def test_a_client_that_falls_behind_hears_so_with_its_token_and_the_stream_ends(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        said = frames(world.context(), "5", Wanted())
        begun = [await anext(said) for _ in range(2)]
        assert begun[0] == b"retry: 1000\n\n"
        assert b"event: heartbeat" in begun[1]
        await world.publish(1)
        assert b"event: raised" in await anext(said)
        await world.publish(30)  # while nobody asks, as behind a stuck client
        await world.reached(36)
        frame = await anext(said)
        assert frame == f'event: slow\ndata: {{"token":"{world.hub.epoch}.6"}}\n\n'.encode()
        assert [rest async for rest in said] == []
        assert await read_to(world.reader(6), 36) == list(range(7, 37))

    run(tmp_path, play, before=5, ring=1000, lag=20)


def test_a_reader_that_comes_back_far_behind_is_not_slow(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        assert await read_to(world.reader(1), 60) == list(range(2, 61))

    run(tmp_path, play, before=60, ring=1000, lag=20)


def test_a_token_whose_events_were_discarded_is_stale_and_zero_is_the_start(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        await world.js.purge_stream(ALERTS, seq=41)
        with pytest.raises(Problem) as stale:
            await place(world.hub, world.js, "39")
        assert (stale.value.status, stale.value.extra["token"]) == (410, f"{world.hub.epoch}.60")
        assert await place(world.hub, world.js, "40") == 40
        start = await place(world.hub, world.js, "0")
        assert await read_to(world.reader(start), 60) == list(range(41, 61))

    run(tmp_path, play, before=60, ring=5)


def test_events_discarded_under_a_reader_are_told_to_it(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        reader = world.reader(10)
        await world.js.purge_stream(ALERTS, seq=41)
        with pytest.raises(Resync):
            await reader.read(1.0)
        assert reader.position == 60

    run(tmp_path, play, before=60, ring=5)


def test_a_page_is_cut_at_its_limit_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        for ring_or_stream in (0, 55):
            reader = world.reader(ring_or_stream)
            found = [entry.sequence for entry in await read_some(reader, 3)]
            assert found == [ring_or_stream + 1, ring_or_stream + 2, ring_or_stream + 3]
            assert (reader.position, reader.behind) == (ring_or_stream + 3, True)

    run(tmp_path, play, before=60, ring=10)


def test_a_lost_tail_begins_a_new_epoch_and_the_fold_anew(tmp_path: Path) -> None:
    async def play(world: World) -> None:
        old, generation = world.hub.epoch, world.hub.generation
        reader = world.reader(60)
        info = await world.js.stream_info(ALERTS)
        # A power cut took the tail: the stream is there again, shorter, under the same epoch.
        await world.js.delete_stream(ALERTS)
        await world.js.add_stream(info.config)
        await world.publish(7)
        async with asyncio.timeout(40):
            while world.hub.generation == generation or world.hub.head != 7:
                await world.hub.wait(0.05)
        assert world.hub.epoch != old
        assert len(world.fold) == 7
        with pytest.raises(Resync):
            await reader.read(0.1)

    run(tmp_path, play, before=60, ring=100)
