"""One transaction per group: what the tables hold after any cut, repeat, restart or quarrel."""

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from services.ingest.archive.places import NotAlone
from services.ingest.archive.writer import ALERTS, DERIVED, Writer
from services.observation import messages
from services.observation.ranges import Ranges
from services.observation.sensor import CANARY, CANARY_GATEWAY
from services.observation.sources import Source
from tests.support.archive import (
    SECOND,
    T0,
    Arrived,
    Pack,
    account,
    batch_of,
    connected,
    new_writer,
    observations,
    stored,
    stream_of,
    write,
)
from tests.support.databases import (  # noqa: F401  fixtures
    database,
    plain_dsn,
    postgres,
    server_dsn,
    timescaledb_dsn,
    timescaledb_server,
)


def a_pack(
    seq: int, value: float = 1.0, *, at: int | None = None, sensor: str = "vt-1.water_level", **more: Any
) -> Pack:
    """A pack of one reading, taken `at` seconds after T0 (its seq, if not told)."""
    time = T0 + (seq if at is None else at) * SECOND
    return Pack("g1", "b1", seq, ((sensor, time, value),), **more)


def run(dsn: str, work: Any) -> None:
    """Run `work(conn)` on a migrated database."""

    async def whole() -> None:
        conn = await connected(dsn)
        try:
            await work(conn)
        finally:
            await conn.close()

    asyncio.run(whole())


def test_the_same_pack_twice_is_stored_once_and_counted(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        cuts = [[a_pack(1), a_pack(2)], [a_pack(2), a_pack(3)]]
        outcomes = await write(writer, stream_of(cuts), rows=1)
        assert not any(outcome.careful for outcome in outcomes)  # memory told them apart, no second try
        assert await observations(conn) == {("vt-1.water_level", T0 + n * SECOND): 1.0 for n in (1, 2, 3)}
        assert await stored(conn) == {("g1", "b1"): [[1, 3]]}
        found = await account(conn, "g1")
        assert (found["packs"], found["readings"], found["duplicates"], found["conflicts"]) == (3, 3, 1, 0)

    run(server_dsn, work)


def test_of_two_values_for_one_key_the_first_is_kept_and_the_conflict_counted(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        cuts = [
            [a_pack(1, 1.0, at=0), a_pack(2, 2.0, at=0)],
            [a_pack(3, 3.0, at=0)],
        ]  # within a group, then across
        await write(writer, stream_of(cuts), rows=2)
        assert await observations(conn) == {("vt-1.water_level", T0): 1.0}
        found = await account(conn, "g1")
        assert (found["readings"], found["duplicates"], found["conflicts"]) == (1, 0, 2)

    run(server_dsn, work)


def test_nan_again_is_a_repeat_and_no_conflict(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        packs = [a_pack(1, math.nan, at=0), a_pack(2, math.nan, at=0), a_pack(3, math.nan, at=0)]
        await write(writer, stream_of([packs[:2], packs[2:]]), rows=2)
        found = await account(conn, "g1")
        assert (found["readings"], found["duplicates"], found["conflicts"]) == (1, 2, 0)

    run(server_dsn, work)


def test_what_is_newer_goes_straight_in_and_what_is_late_finds_its_place(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        first, late, newer = [
            (await write(writer, stream_of([[a_pack(seq, at=at)]], first=seq)))[0]
            for seq, at in ((1, 10), (2, 5), (3, 11))
        ]
        assert (first.straight, late.straight, newer.straight) == (1, 0, 1)
        assert (first.rows, late.rows, newer.rows) == (1, 1, 1)
        assert len(await observations(conn)) == 3

    run(plain_dsn, work)


def test_late_rows_scattered_over_a_long_time_are_stored_beside_what_lies_between(server_dsn: str) -> None:
    """Two late readings with three thousand between them: fetching all of those would cost more."""

    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        long = Pack("g1", "b1", 1, tuple(("vt-1.water_level", T0 + n * SECOND, 1.0) for n in range(3000)))
        await write(writer, stream_of([[long]]))
        pack = Pack(
            "g1", "b1", 2, tuple(("vt-1.water_level", T0 + at, 2.0) for at in (-5, SECOND, 2998 * SECOND + 5))
        )
        outcome = (await write(writer, stream_of([[pack]], first=2)))[0]
        assert (outcome.straight, outcome.rows, outcome.conflicts) == (0, 2, 1)
        found = await observations(conn)
        assert (len(found), found["vt-1.water_level", T0 + SECOND]) == (3002, 1.0)

    run(server_dsn, work)


def test_after_a_restart_what_is_there_is_found_by_asking_once(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        await write(
            await new_writer(conn), stream_of([[a_pack(1, at=10), a_pack(2, at=2, sensor="vt-2.rain")]])
        )
        outcome = (
            await write(await new_writer(conn), stream_of([[a_pack(3, at=10), a_pack(4, at=11)]], first=2))
        )[0]
        assert (outcome.straight, outcome.rows, outcome.duplicates) == (1, 1, 1)
        assert not outcome.careful

    run(server_dsn, work)


def test_a_row_put_in_behind_our_back_costs_a_second_try_and_nothing_else(server_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        await write(writer, stream_of([[a_pack(1)]]))
        await conn.execute(
            "insert into observation select sensor_id, time + interval '1 s', 9, 1, time from observation"
        )
        outcome = (await write(writer, stream_of([[a_pack(2), a_pack(3)]], first=2)))[0]
        assert outcome.careful
        assert (outcome.rows, outcome.conflicts) == (1, 1)
        assert (await observations(conn))["vt-1.water_level", T0 + 2 * SECOND] == 9.0
        assert await stored(conn) == {("g1", "b1"): [[1, 3]]}

    run(server_dsn, work)


def test_a_pack_cut_over_partitions_counts_when_all_parts_are_in_also_after_a_restart(
    server_dsn: str,
) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        cuts = [[a_pack(1, at=part, part=part, parts=3)] for part in (2, 0, 1)]
        for number, cut in enumerate(cuts, 1):
            await write(
                await new_writer(conn), stream_of([cut], first=number)
            )  # a new writer: as after a restart
            expected = {("g1", "b1"): [[1, 1]]} if number == 3 else {}
            assert await stored(conn) == expected
        row = await (await conn.execute("select count(*) from pack_part")).fetchone()
        assert row == (0,)
        assert (await account(conn, "g1"))["packs"] == 1

    run(server_dsn, work)


def test_parts_of_two_receptions_do_not_make_one_pack(plain_dsn: str) -> None:
    """A pack sent again after the site changed may be cut otherwise; its halves don't fit each other."""

    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        await write(
            writer,
            stream_of([[a_pack(1, part=0, parts=2)], [a_pack(1, part=1, parts=2, received_at=T0 + 5)]]),
        )
        assert await stored(conn) == {}
        await write(writer, stream_of([[a_pack(1, part=0, parts=2, received_at=T0 + 5)]], first=3))
        assert await stored(conn) == {("g1", "b1"): [[1, 1]]}

    run(plain_dsn, work)


def test_a_pack_without_a_usable_record_closes_its_number(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        await write(await new_writer(conn), stream_of([[a_pack(1), Pack("g1", "b1", 2, ()), a_pack(3)]]))
        assert await stored(conn) == {("g1", "b1"): [[1, 3]]}

    run(plain_dsn, work)


def test_plain_packs_are_counted_but_have_no_number(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        plain = Pack("g2", "", 0, (("vt-1.water_level", T0, 1.0),))
        await write(await new_writer(conn), stream_of([[plain, plain._replace(rows=())]]))
        assert await stored(conn) == {}
        assert (await account(conn, "g2"))["packs"] == 2

    run(plain_dsn, work)


def test_the_canary_is_seen_but_is_no_observation(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        bird = Pack(CANARY_GATEWAY, "", 0, ((CANARY, T0 + 7, 1.0),))
        await write(await new_writer(conn), stream_of([[a_pack(1), bird]]))
        assert set(await observations(conn)) == {("vt-1.water_level", T0 + SECOND)}
        row = await (
            await conn.execute("select (extract(epoch from last_time) * 1000000)::int8 from canary")
        ).fetchone()
        assert row == (T0 + 7,)
        for table in ("sensor", "gateway_account"):
            row = await (await conn.execute(f"select count(*) from {table}".encode())).fetchone()
            assert row == (1,), table

    run(plain_dsn, work)


def test_derived_values_are_observations_of_derived_sensors_and_no_packs(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        derived = Pack("engine", "b", 1, (("vt-1.rip_index", T0, 0.5),))
        writer = await new_writer(conn)
        await write(writer, [Arrived(1, "", batch_of([derived]).encode())], DERIVED)
        await write(writer, [Arrived(2, "", batch_of([derived]).encode())], DERIVED)
        assert await observations(conn) == {("vt-1.rip_index", T0): 0.5}
        assert await stored(conn) == {}
        rows = await (await conn.execute("select name, derived from sensor")).fetchall()
        assert rows == [("vt-1.rip_index", True)]

    run(plain_dsn, work)


def test_strikes_are_stored_once_by_id_or_by_time_and_place(server_dsn: str) -> None:
    def strikes(*given: messages.Strike, seq: int) -> bytes:
        source = Source("g1", "b1", seq, 0, 1, T0, len(given))
        return messages.encode(messages.StrikeBatch([source], list(given)))

    named = messages.Strike("field-mill", T0, 10.1, 107.1, id="a", ka=-12.5)
    placed = messages.Strike("field-mill", T0, 10.2, 107.2)

    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        moved = messages.Strike("field-mill", T0, 10.9, 107.1, id="a", ka=-12.5)
        for seq, data in enumerate(
            (strikes(named, placed, placed, seq=1), strikes(moved, placed, seq=2), strikes(named, seq=3)), 1
        ):
            await write(writer, [Arrived(seq, messages.STRIKES, data)])
        rows = await (await conn.execute("select id, lat from strike order by id")).fetchall()
        assert rows == [("a", 10.1), (None, 10.2)]
        assert await stored(conn) == {("g1", "b1"): [[1, 3]]}
        found = await account(conn, "g1")
        assert (found["readings"], found["duplicates"], found["conflicts"]) == (2, 3, 1)

    run(server_dsn, work)


def test_what_an_agent_dropped_is_on_its_account_unless_it_came_before(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        told = messages.GatewayState(T0, "g1", buf="b1", first=9, lost=[(2, 4), (6, 6)])
        online = messages.GatewayState(T0, "g1", status="online")
        await write(writer, stream_of([[a_pack(1), a_pack(2)]]))
        outcome = (
            await write(
                writer,
                [
                    Arrived(2, messages.GATEWAY, messages.encode(told)),
                    Arrived(3, messages.GATEWAY, messages.encode(online)),
                ],
            )
        )[0]
        assert outcome.online == {"g1"}
        found = await account(conn, "g1")
        assert (found["lost_agent"], found["status"]) == (3, "online")

    run(plain_dsn, work)


def test_events_are_stored_once_with_their_token(plain_dsn: str) -> None:
    text = (
        b'{"specversion":"1.0","id":"e1","source":"/sites/vt","type":"vn.haidang.alert.raised.v1",'
        b'"subject":"a1","time":"2025-11-20T01:00:00.5Z",'
        b'"data":{"area":"p1","hazard":"flood","severity":"watch","note":"x\\u0000y"}}'
    )

    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        arrived = [Arrived(4, "", text), Arrived(5, "", text), Arrived(6, "", b"not an event")]
        outcome = (await write(writer, arrived, ALERTS))[0]
        assert outcome.events == 1
        row = await (
            await conn.execute(
                "select epoch, sequence, subject, area, hazard, severity, data->>'note' from alert_event"
            )
        ).fetchone()
        assert row is not None
        assert row[:6] == ("0a1b2c3d", 4, "a1", "p1", "flood", "watch")
        assert row[6] == "x\N{REPLACEMENT CHARACTER}y"
        assert writer.places[ALERTS].sequence == 6

    run(plain_dsn, work)


def test_a_second_archive_is_shut_out_by_the_position(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        one, two = await new_writer(conn), await new_writer(conn)
        await write(one, stream_of([[a_pack(1)]]))
        with pytest.raises(NotAlone):
            await write(two, stream_of([[a_pack(2)]]))
        assert await stored(conn) == {("g1", "b1"): [[1, 1]]}

    run(plain_dsn, work)


def test_a_failed_transaction_leaves_nothing_behind(plain_dsn: str) -> None:
    async def work(conn: AsyncConnection[Any]) -> None:
        writer = await new_writer(conn)
        bad = Pack("g\0", "b1", 1, (("vt-9.rain", T0, 1.0),))
        with pytest.raises(psycopg.DataError):
            await write(writer, stream_of([[a_pack(1), bad]]))
        assert await observations(conn) == {}
        row = await (await conn.execute("select count(*) from sensor")).fetchone()
        assert row == (0,)

    run(plain_dsn, work)


values = st.sampled_from([0.0, 1.0, -1.5, math.nan, math.inf])
rows_of_a_pack = st.lists(
    st.tuples(st.sampled_from(["a.x", "b.x", "c.x"]), st.integers(T0, T0 + 8), values), max_size=4
)
packs = st.tuples(
    st.sampled_from(["g1", "g2"]),
    st.sampled_from(["", "b1", "b2"]),
    st.integers(1, 12),
    rows_of_a_pack.map(tuple),
).map(lambda parts: Pack(*parts))


@pytest.fixture(scope="module")
def kept(postgres: Any) -> Iterator[tuple[asyncio.AbstractEventLoop, AsyncConnection[Any]]]:
    """One migrated database for all examples of a property; each empties the tables first."""
    loop = asyncio.new_event_loop()
    with database(postgres.dsn()) as dsn:
        conn = loop.run_until_complete(connected(dsn))
        yield loop, conn
        loop.run_until_complete(conn.close())
    loop.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(packs, min_size=1, max_size=4), min_size=1, max_size=8), st.integers(1, 20), st.data()
)
def test_any_cut_repeat_and_restart_gives_the_same_tables(
    kept: tuple[asyncio.AbstractEventLoop, AsyncConnection[Any]],
    cuts: list[list[Pack]],
    rows: int,
    data: st.DataObject,
) -> None:
    loop, conn = kept
    cuts = [[pack if pack.buf else pack._replace(seq=0) for pack in cut] for cut in cuts]
    expected: dict[tuple[str, int], float] = {}
    ranges: dict[tuple[str, str], Ranges] = {}
    given_rows = 0
    for pack in (pack for cut in cuts for pack in cut):
        for name, time, value in pack.rows:
            expected.setdefault((name, time), value)
            given_rows += 1
        if pack.buf:
            ranges.setdefault((pack.gateway, pack.buf), Ranges()).add(pack.seq)

    async def whole() -> None:
        await conn.execute(
            "truncate observation, sensor, pack_range, pack_part, gateway_account, position restart identity"
        )
        writer: Writer = await new_writer(conn)
        for at, message in enumerate(stream_of(cuts), 1):
            if data.draw(st.booleans()):
                writer = await new_writer(conn)
            await write(writer, [message._replace(sequence=at)], rows=rows)
        found = await observations(conn)
        assert {k: repr(v) for k, v in found.items()} == {k: repr(v) for k, v in expected.items()}
        assert await stored(conn) == {key: r.as_list() for key, r in ranges.items()}
        row = await (
            await conn.execute(
                "select sum(readings), sum(readings + duplicates + conflicts) from gateway_account"
            )
        ).fetchone()
        assert row is not None
        assert (int(row[0]), int(row[1])) == (len(expected), given_rows)

    loop.run_until_complete(whole())
