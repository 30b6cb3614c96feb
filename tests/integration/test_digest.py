"""The digest of ALERTS on a real nats-server: taken where it holds, passed over where it does not."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest
from nats.js.api import ObjectMeta

from services.alerts.digest import duty as digesting
from services.alerts.digest import sieve
from services.alerts.log import AlertLog
from services.api.fold import Fold
from services.observation import digest as form
from services.observation.digest import Head
from services.observation.tally import Tally
from services.runtime import digest
from services.runtime.follow import Follower, Message
from services.runtime.health import Health
from services.runtime.nats import Connection, epoch_of, renew_epoch
from services.runtime.streams import ALERTS, SNAPSHOTS, Limits, ensure_streams
from tests.support.api_rig import SITE, told
from tests.support.nats import connected, crash, play
from tests.support.up import NatsOnly, nats_only

STORY = (
    told("a1"),
    told("a1", "cleared", at_s=1),
    told("a2", severity="warning", at_s=2),
    told("a3", at_s=3),
    told("a2", "escalated", severity="emergency", at_s=4),
    told("a3", "cleared", at_s=5),
)
OPEN = ["alerts.vung-tau.thang-tam.a2", "alerts.vung-tau.thang-tam.a2"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsOnly]:
    with nats_only(tmp_path_factory.mktemp("digest")) as made:
        yield made


@pytest.fixture(autouse=True)
def _what_is_over_is_left_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "KEEP_US", -1)
    monkeypatch.setattr(digest, "_distrusted", set())


async def anew(connection: Connection) -> None:
    """A stream with the story, and no digest."""
    await ensure_streams(connection.js, Limits.of(1 << 30))
    await connection.js.purge_stream(ALERTS)
    await connection.js.purge_stream(f"OBJ_{SNAPSHOTS}")
    for subject, data in STORY:
        await connection.js.publish(subject, data)


async def begun(connection: Connection) -> tuple[list[Message], int, Head | None]:
    """What a reader is handed, where it goes on, and of which digest."""
    seen: list[Message] = []
    after, head = await digest.begin(connection.js, seen.append)
    return seen, after, head


async def renewed(connection: Connection) -> Head:
    head = await digesting.renew(connection.js, asyncio.Event())
    assert head is not None
    return head


async def all_since(connection: Connection, after: int) -> list[Message]:
    """To the stream's present end: a fetch gives what has come so far."""
    last = int((await connection.js.stream_info(ALERTS)).state.last_seq)
    follower = Follower(connection.js, ALERTS, [], after)
    found: list[Message] = []
    try:
        async with asyncio.timeout(40):
            while (found[-1].sequence if found else after) < last:
                found += await follower.fetch(100, 1.0)
        return found
    finally:
        await follower.close()


def test_after_a_crash_a_reader_takes_the_digest_and_what_came_since(server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await anew(connection)
        async with connected(server, "keeper") as keeper:  # with the rights that it has
            first = await renewed(keeper)
            await connection.js.publish(*told("a4", at_s=6))
            second = await renewed(keeper)
        assert second.sequence == first.sequence + 1
        await connection.js.publish(*told("a4", "cleared", at_s=7))
        await crash(server, connection)
        async with connected(server, "roads") as reader:
            seen, after, head = await begun(reader)
            assert (after, head) == (second.sequence, second)
            since = await all_since(reader, after)
        assert [one.subject for one in seen] == [*OPEN, "alerts.vung-tau.thang-tam.a4"]
        assert [one.sequence for one in since] == [after + 1]
        short, whole, counted, tally = Fold(), Fold(), Tally(), Tally()
        await digest.restore(connection.js, second, tally)
        for one in (*seen, *since):
            short.apply(one.sequence, one.time_us, msgspec.json.decode(one.data))
        for one in since:
            tally.take(one.sequence, one.subject, one.data)
        for one in await all_since(connection, first.sequence - len(STORY)):
            whole.apply(one.sequence, one.time_us, msgspec.json.decode(one.data))
            counted.take(one.sequence, one.subject, one.data)
        assert list(short.open_alerts()) == list(whole.open_alerts())
        assert tally.total(SITE) == counted.total(SITE)
        # A writer who begins with it knows what stands, and does not write it again.
        log = AlertLog(connection.js, SITE)
        handed: list[Message] = []
        await log.begin(handed.append)
        assert [one.sequence for one in handed] == [one.sequence for one in (*seen, *since)]
        assert log.position == after + 1

    play(server, scene)


def test_one_that_does_not_hold_is_passed_over_and_everything_is_read(server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        js = connection.js
        await anew(connection)
        start = int((await js.stream_info(ALERTS)).state.first_seq) - 1
        assert await begun(connection) == ([], start, None)
        head = await renewed(connection)
        assert [one.subject for one in (await begun(connection))[0]] == OPEN
        blocks = [form.pack([form.Stored(1, 1, 0, "alerts.x.y.z", {}, b"{}")])]
        for wrong in (
            msgspec.structs.replace(head, release="0.0.1"),
            msgspec.structs.replace(head, epoch="00000000"),
            msgspec.structs.replace(head, sequence=head.sequence + 1),
            msgspec.structs.replace(head, hash="0" * 16),
            msgspec.structs.replace(head, v=form.FORMAT + 1),
        ):
            await put(connection, form.join(wrong, blocks))
            assert await begun(connection) == ([], start, None), wrong
        for data in (b"", b"no digest", form.join(head, blocks)[:-3]):
            await put(connection, data)
            assert await begun(connection) == ([], start, None), data
        # One that is broken further in is noticed when it is read; the next time it is passed over.
        await put(connection, form.join(head, [*blocks, b"broken"]))
        with pytest.raises(digest.Broken):
            await begun(connection)
        assert await begun(connection) == ([], start, None)

    play(server, scene)


async def put(connection: Connection, data: bytes) -> None:
    """Put something in place of both digests."""
    store = await connection.js.object_store(SNAPSHOTS)
    for name in digest.NAMES:
        label = '{"sequence":1,"epoch":"e","release":"1"}'
        await store.put(name, data, meta=ObjectMeta(description=label))


def test_a_stream_that_is_not_what_it_was_takes_no_digest_of_before(server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        js = connection.js
        await anew(connection)
        head = await renewed(connection)
        # Restored from a backup: the same events, another epoch.
        await renew_epoch(js, ALERTS, await epoch_of(js, ALERTS))
        assert (await begun(connection))[2] is None
        again = await renewed(connection)
        assert (again.sequence, again.epoch) == (head.sequence, await epoch_of(js, ALERTS))
        assert (await begun(connection))[2] == again
        # The older digest stands beside it, and a third takes its place, not that of the one which holds.
        await js.publish(*told("a5", at_s=8))
        third = await renewed(connection)
        assert (await begun(connection))[2] == third
        # Somebody deletes an event: whoever begins must not see it any more.
        await js.delete_msg(ALERTS, third.sequence - 4)
        assert (await begun(connection))[2] is None

    play(server, scene)


def test_the_keeper_writes_one_when_enough_has_come(
    server: NatsOnly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digesting, "FIRST_S", 0.0)
    monkeypatch.setattr(digesting, "LOOK_S", 0.05)
    monkeypatch.setattr(digesting, "FEW", len(STORY))

    async def scene(connection: Connection) -> None:
        await anew(connection)
        stop, health = asyncio.Event(), Health(connection.js, "keeper")
        log = AlertLog(connection.js, SITE)
        duty = asyncio.create_task(digesting.run(connection.js, SITE, log, stop, health))
        async with asyncio.timeout(40):
            while (await begun(connection))[2] is None:  # noqa: ASYNC110  an object is no event
                await asyncio.sleep(0.05)
        stop.set()
        await duty
        assert [one.subject for one in (await begun(connection))[0]] == OPEN

    play(server, scene)
