"""Which buffers to speak of, and when nothing was asked: at start, now and then, when one comes online."""

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection

from services.ingest.archive.books import ranges_of
from services.ingest.archive.ledger import Key, few

Conn = AsyncConnection[Any]
Told = list[tuple[Key, list[list[int]]]]

# A gateway has one buffer, or two around a reinstallation; older ones have nobody listening.
_START = """
select gateway, buf, ranges from pack_range where updated_at > now() - interval '7 days'
union
(select distinct on (gateway) gateway, buf, ranges from pack_range order by gateway, updated_at desc)
"""
_OPEN = """
select p.gateway, p.buf, p.ranges from pack_range p join gateway_account a using (gateway)
where a.status is distinct from 'offline' and p.updated_at > now() - interval '1 hour'
"""
_OF_GATEWAYS = """
select gateway, buf, ranges from (
    select *, row_number() over (partition by gateway order by updated_at desc) as age
    from pack_range where gateway = any(%s)
) as p where age <= 4
"""
_HOLES = """
select gateway, buf, holes from (
    select gateway, buf, int8multirange(int8range(first, upper(ranges))) - ranges - lost as holes
    from pack_range where updated_at > now() - interval '7 days' and first < upper(ranges)
) as p where not isempty(holes)
"""
_GAP = (
    "select exists(select from stream_gap where stream = 'READINGS' and seen_at > now() - interval '7 days')"
)
_DISCARDED = """
update gateway_account a set discarded = t.n
from (
    select gateway, sum(n)::int8 as n from unnest(%s::text[], %s::int8[]) as u(gateway, n) group by gateway
) as t
where a.gateway = t.gateway and a.discarded <> t.n
"""
_REPAIRED = "update gateway_account set discarded = 0 where discarded > 0 and not gateway = any(%s)"


async def at_start(conn: Conn) -> Told:
    """Every buffer whose agent may have missed our last word."""
    return await _read(conn, _START)


async def still_open(conn: Conn) -> Told:
    """Buffers that something came from lately, of gateways that are not known to be away."""
    return await _read(conn, _OPEN)


async def of_gateways(conn: Conn, gateways: Iterable[str]) -> Told:
    """The latest buffers of gateways that came online."""
    return await _read(conn, _OF_GATEWAYS, (sorted(gateways),))


class Repair:
    """Asks agents again for what READINGS discarded before we had it.

    Ingest has said `seen` of those packs, so nobody else will ask. A hole counts when it stood
    unchanged between two looks: an agent that is emptying its backlog has holes too, but they move.
    """

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self._before: dict[Key, list[tuple[int, int]]] = {}

    async def look(self, conn: Conn) -> Told:
        """What to ask for now; empty unless a gap was seen in the last week. Keeps `discarded` up to date."""
        row = await (await conn.execute(_GAP)).fetchone()
        if row is None or not row[0]:
            return []
        cursor = await conn.execute(_HOLES)
        now = {(gateway, buf): list(ranges_of(holes)) for gateway, buf, holes in await cursor.fetchall()}
        stand = {
            key: kept
            for key, holes in now.items()
            if (kept := [hole for hole in holes if hole in self._before.get(key, ())])
        }
        self._before = now
        counts = [(key[0], sum(b - a + 1 for a, b in holes)) for key, holes in stand.items()]
        await conn.execute(_DISCARDED, ([name for name, _ in counts], [n for _, n in counts]))
        await conn.execute(_REPAIRED, ([name for name, _ in counts],))
        return [(key, few(holes)) for key, holes in stand.items()]


async def _read(conn: Conn, query: str, values: tuple[Any, ...] = ()) -> Told:
    cursor = await conn.execute(query.encode(), values)
    return [((gateway, buf), ranges_of(ranges).as_list()) for gateway, buf, ranges in await cursor.fetchall()]
