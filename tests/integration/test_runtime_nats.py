"""Streams, positions and publishing in order, on a real server."""

import asyncio
import contextlib
import json
import socket

import msgspec
import pytest
from nats.errors import Error as NatsError

from services.observation.heartbeat import decode
from services.runtime.health import Health
from services.runtime.nats import (
    Connection,
    Limits,
    OrderLost,
    StreamsError,
    check_position,
    ensure_streams,
    epoch_of,
    publish_in_order,
    read_position,
    renew_epoch,
)
from tests.support.nats import Scene, back, connected
from tests.support.nats import play as nats_play
from tests.support.up import NatsOnly

LIMITS = Limits(readings=64 << 20, derived=16 << 20, mqtt=16 << 20)


def play(server: NatsOnly, scene: Scene) -> None:
    async def with_streams(connection: Connection) -> None:
        await ensure_streams(connection.js, LIMITS)
        await scene(connection)

    nats_play(server, with_streams)


def items(*numbers: int) -> list[tuple[str, bytes, dict[str, str] | None]]:
    return [(f"readings.{n % 16}", b"%d" % n, {"kind": "readings"}) for n in numbers]


async def stored(connection: Connection) -> int:
    return (await connection.js.stream_info("READINGS")).state.last_seq


def test_streams_are_made_once_and_left_alone_afterwards(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        before = await connection.js.stream_info("READINGS")
        assert before.config.max_bytes == LIMITS.readings
        assert before.config.metadata is not None
        assert before.config.metadata["partitions"] == "16"
        assert len(before.config.metadata["epoch"]) == 8
        await ensure_streams(connection.js, Limits(1 << 20, 1 << 20, 1 << 20))
        after = await connection.js.stream_info("READINGS")
        assert after.config.max_bytes == LIMITS.readings
        assert after.config.metadata == before.config.metadata
        assert await epoch_of(connection.js, "ALERTS") != await epoch_of(connection.js, "READINGS")

    play(nats_server, scene)


def test_another_number_of_partitions_is_refused_with_a_remedy(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        config = (await connection.js.stream_info("READINGS")).config
        config.metadata = {**(config.metadata or {}), "partitions": "32"}
        await connection.js.update_stream(config)
        with pytest.raises(StreamsError, match=r"32 partitions.*another data folder"):
            await ensure_streams(connection.js, LIMITS)

    play(nats_server, scene)


def test_a_run_is_stored_in_order_and_tells_the_new_end(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        assert await publish_in_order(connection.js, items(*range(1, 501)), 0) == 500
        assert await publish_in_order(connection.js, items(501), 500) == 501
        assert await publish_in_order(connection.js, [], 501) == 501
        third = await connection.js.get_msg("READINGS", seq=3)
        assert third.data == b"3"

    play(nats_server, scene)


@pytest.mark.parametrize("stale", [1, 2, 4, -1])
def test_a_writer_with_a_stale_end_stores_nothing_at_all(nats_server: NatsOnly, stale: int) -> None:
    """With sequences alone, item `stale` of the run would meet the end it expects and slip in."""

    async def scene(connection: Connection) -> None:
        await publish_in_order(connection.js, items(*range(1, 11)), 0)
        with pytest.raises(OrderLost) as lost:
            await publish_in_order(connection.js, items(*range(20, 30)), 10 - stale)
        assert lost.value.certain
        assert lost.value.stored == 0
        assert await stored(connection) == 10

    play(nats_server, scene)


def test_a_server_that_is_away_leaves_the_end_uncertain_and_nothing_is_sent_later(
    nats_server: NatsOnly,
) -> None:
    async def scene(connection: Connection) -> None:
        last = await publish_in_order(connection.js, items(1, 2, 3), 0)
        await asyncio.to_thread(nats_server.kill)
        async with asyncio.timeout(40):
            while connection.connected:  # noqa: ASYNC110  nats-py's state is no event
                await asyncio.sleep(0.01)
        with pytest.raises(OrderLost) as lost:
            await publish_in_order(connection.js, items(4, 5), last, timeout_s=0.5)
        assert not lost.value.certain
        assert (lost.value.stored, lost.value.last) == (0, 3)
        await asyncio.to_thread(nats_server.start)
        await back(connection)
        await connection.nc.flush()
        assert await stored(connection) == 3
        assert await publish_in_order(connection.js, items(4, 5), 3) == 5

    play(nats_server, scene)


def test_a_position_holds_as_long_as_its_message_is_there(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        start = await read_position(connection.js, "READINGS", 0)
        assert (await check_position(connection.js, "READINGS", start)).holds
        await publish_in_order(connection.js, items(*range(1, 11)), 0)
        position = await read_position(connection.js, "READINGS", 7)
        standing = await check_position(connection.js, "READINGS", position)
        assert standing == (True, position.epoch, 1, 10)
        assert (await check_position(connection.js, "READINGS", start)).holds
        await connection.js.purge_stream("READINGS", seq=9)
        assert (await check_position(connection.js, "READINGS", position)).holds

    play(nats_server, scene)


def test_a_position_beyond_the_end_or_on_another_message_does_not_hold(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await publish_in_order(connection.js, items(*range(1, 11)), 0)
        position = await read_position(connection.js, "READINGS", 10)
        beyond = msgspec.structs.replace(position, sequence=11)
        assert not (await check_position(connection.js, "READINGS", beyond)).holds
        other = msgspec.structs.replace(position, hash="0" * 16)
        assert not (await check_position(connection.js, "READINGS", other)).holds

    play(nats_server, scene)


def test_all_who_find_the_loss_agree_on_the_new_epoch_and_nothing_else_changes(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        before = (await connection.js.stream_info("READINGS")).config
        old = await epoch_of(connection.js, "READINGS")
        async with connected(nats_server, "archive") as other:
            both = await asyncio.gather(
                renew_epoch(connection.js, "READINGS", old), renew_epoch(other.js, "READINGS", old)
            )
            late = await renew_epoch(other.js, "READINGS", old)
        assert both[0] == both[1] == late != old
        after = (await connection.js.stream_info("READINGS")).config
        before.metadata = {**(before.metadata or {}), "epoch": late}
        assert after == before

    play(nats_server, scene)


def test_a_position_that_holds_survives_an_epoch_that_others_renewed(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        await publish_in_order(connection.js, items(*range(1, 11)), 0)
        position = await read_position(connection.js, "READINGS", 5)
        new = await renew_epoch(connection.js, "READINGS", position.epoch)
        standing = await check_position(connection.js, "READINGS", position)
        assert standing.holds
        assert standing.epoch == new

    play(nats_server, scene)


FORBIDDEN = [
    ("archive", "readings.1"),
    ("alerts", "readings.1"),
    ("api", "readings.all"),
    ("keeper", "derived.1"),
    ("ingest", "alerts.s.a.x"),
    ("archive", "alerts.s.a.x"),
    ("alerts", "down.gw.ack.b.seen"),
    ("keeper", "down.gw.ack.b.seen"),
    ("api", "$KV.STATE.engine.1"),
    ("api", "down.gw.commands.c"),
    ("lighting", "down.gw.ack.b.seen"),
    ("lighting", "alerts.s.a.x"),
    ("keeper", "commands.s.gw.c"),
    ("alerts", "$KV.HEALTH.ingest"),
]
ALLOWED = [
    ("ingest", "readings.1"),
    ("ingest", "rejects.too_large"),
    ("ingest", "down.gw.ack.b.seen"),
    ("archive", "down.gw.ack.b.stored"),
    ("alerts", "alerts.s.a.x"),
    ("alerts", "derived.3"),
    ("keeper", "alerts.s.a.x"),
    ("api", "alerts.s.a.x"),
    ("api", "commands.s.gw.c"),
    ("ingest", "commands.s.gw.c"),
    ("lighting", "commands.s.gw.c"),
    ("lighting", "down.gw.commands.c"),
    ("api", "$KV.STATE.site.current"),
    ("alerts", "$KV.HEALTH.alerts"),
]


def test_each_service_writes_what_is_its_own_and_nothing_else(nats_server: NatsOnly) -> None:
    async def may(user: str, subject: str, timeout_s: float) -> bool:
        async with connected(nats_server, user) as connection:
            try:
                await connection.js.publish(subject, b"{}", timeout=timeout_s)
            except (NatsError, TimeoutError):
                return False
            return True

    async def scene(_: Connection) -> None:
        # What is forbidden is never answered.
        allowed, forbidden = await asyncio.gather(
            asyncio.gather(*(may(*case, 40.0) for case in ALLOWED)),
            asyncio.gather(*(may(*case, 0.4) for case in FORBIDDEN)),
        )
        assert [case for case, may_it in zip(ALLOWED, allowed, strict=True) if not may_it] == []
        assert [case for case, may_it in zip(FORBIDDEN, forbidden, strict=True) if may_it] == []

    play(nats_server, scene)


def answer_to_connect(port: int, **who: str) -> str:
    """What the server says to a NATS client with these credentials, or none."""
    with socket.create_connection(("127.0.0.1", port), 40) as client:
        said = client.makefile("rb")
        assert said.readline().startswith(b"INFO ")
        client.sendall(b"CONNECT " + json.dumps({"verbose": False, **who}).encode() + b"\r\nPING\r\n")
        return said.readline().decode().strip()


def test_nats_lets_nobody_in_without_credentials_nor_the_open_mqtt_user(nats_server: NatsOnly) -> None:
    port, passwords = nats_server.ports.nats, nats_server.credentials.nats
    assert answer_to_connect(port) == "-ERR 'Authorization Violation'"
    assert answer_to_connect(port, user="up", **{"pass": "guess"}) == "-ERR 'Authorization Violation'"
    assert (
        answer_to_connect(port, user="local", **{"pass": passwords["local"]})
        == "-ERR 'Authorization Violation'"
    )
    assert answer_to_connect(port, user="api", **{"pass": passwords["api"]}) == "PONG"


def test_a_heartbeat_goes_out_at_each_change_and_comes_back_after_a_crash(nats_server: NatsOnly) -> None:
    async def scene(connection: Connection) -> None:
        bucket = await connection.js.key_value("HEALTH")
        health = Health(connection.js, "up")
        beating = asyncio.create_task(health.run())

        async def shows(code: str | None) -> None:
            async with asyncio.timeout(40):
                while True:
                    with contextlib.suppress(NatsError, TimeoutError):
                        beat = decode((await bucket.get("up")).value or b"")
                        if [c.code for c in beat.complaints] == ([code] if code else []) and beat.ready:
                            return
                    await asyncio.sleep(0.02)

        health.ready()
        await shows(None)
        health.complain("late", "trễ", "late")
        await shows("late")
        health.settle("late")
        await shows(None)
        await asyncio.to_thread(nats_server.kill)
        await asyncio.to_thread(nats_server.start)
        await shows(None)
        beating.cancel()

    play(nats_server, scene)
