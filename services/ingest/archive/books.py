"""The archive's own tables: packs and accounts, site versions, gateways, the canary, events."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection

from services.ingest.archive.events import EventRow
from services.ingest.archive.ledger import Change, Cut, Key, Ledger, Shelf
from services.observation.messages import GatewayState, SiteVersion
from services.observation.ranges import Ranges

Conn = AsyncConnection[Any]

_US = "'epoch'::timestamptz + {} * interval '1 microsecond'"

_SHELVES = """
select gateway, buf, ranges, lost, first from pack_range
where (gateway, buf) in (select * from unnest(%s::text[], %s::text[]))
"""
_PARTS = """
select gateway, buf, seq, (extract(epoch from received_at) * 1000000)::int8, parts, part from pack_part
where (gateway, buf) in (select * from unnest(%s::text[], %s::text[]))
"""
_PUT_SHELVES = """
insert into pack_range as p (gateway, buf, ranges, lost, lost_packs, first, updated_at)
select gateway, buf, ranges::int8multirange, lost::int8multirange, lost_packs, first, now()
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int8[], %s::int8[])
     as t(gateway, buf, ranges, lost, lost_packs, first)
on conflict (gateway, buf) do update set ranges = excluded.ranges, lost = excluded.lost,
    lost_packs = excluded.lost_packs, first = excluded.first, updated_at = excluded.updated_at
"""
_PUT_PARTS = f"""
insert into pack_part (gateway, buf, seq, received_at, parts, part)
select gateway, buf, seq, {_US.format("received_at")}, parts, part
from unnest(%s::text[], %s::text[], %s::int8[], %s::int8[], %s::int[], %s::int[])
     as t(gateway, buf, seq, received_at, parts, part)
on conflict do nothing
"""
_DROP_PARTS = """
delete from pack_part where (gateway, buf, seq) in (select * from unnest(%s::text[], %s::text[], %s::int8[]))
"""
_ACCOUNTS = f"""
insert into gateway_account as a (gateway, packs, readings, duplicates, conflicts, last_received_at)
select gateway, packs, readings, duplicates, conflicts, {_US.format("nullif(received_at, 0)")}
from unnest(%s::text[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[])
     as t(gateway, packs, readings, duplicates, conflicts, received_at)
on conflict (gateway) do update set
    packs = a.packs + excluded.packs, readings = a.readings + excluded.readings,
    duplicates = a.duplicates + excluded.duplicates, conflicts = a.conflicts + excluded.conflicts,
    last_received_at = greatest(a.last_received_at, excluded.last_received_at)
"""
_LOST = """
insert into gateway_account as a (gateway, lost_agent)
select gateway, sum(lost_packs)::int8 from pack_range where gateway = any(%s) group by gateway
on conflict (gateway) do update set lost_agent = excluded.lost_agent
"""
_STATUS = f"""
insert into gateway_account as a (gateway, status, status_at) values (%s, %s, {_US.format("%s")})
on conflict (gateway) do update set status = excluded.status, status_at = excluded.status_at
where a.status_at is null or a.status_at <= excluded.status_at
"""
_SITE = f"""
insert into site_version (version, time, previous) values (%s, {_US.format("%s")}, %s) on conflict do nothing
"""
_CANARY = f"""
insert into canary as c (last_time) values ({_US.format("%s")})
on conflict (single) do update set last_time = greatest(c.last_time, excluded.last_time)
"""
_EVENTS = f"""
insert into alert_event (epoch, id, sequence, type, source, subject, area, hazard, severity, time, data)
select %s, id, sequence, type, source, subject, area, hazard, severity, {_US.format("time")}, data::jsonb
from unnest(%s::text[], %s::int8[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::int8[], %s::text[])
     as t(id, sequence, type, source, subject, area, hazard, severity, time, data)
on conflict (id) do nothing
"""


async def load_shelves(conn: Conn, ledger: Ledger, keys: Iterable[Key]) -> None:
    """Read shelves that the ledger does not hold yet."""
    wanted = sorted(set(keys) - ledger.shelves.keys())
    if not wanted:
        return
    for key in wanted:
        ledger.put(key)
    names = _columns(wanted, 2)
    cursor = await conn.execute(_SHELVES.encode(), names)
    for gateway, buf, stored, lost, first in await cursor.fetchall():
        ledger.put((gateway, buf), Shelf(ranges_of(stored), ranges_of(lost), first))
    cursor = await conn.execute(_PARTS.encode(), names)
    for gateway, buf, seq, received_at, parts, part in await cursor.fetchall():
        cuts = ledger.shelves[gateway, buf].open_cuts
        cuts.setdefault(Cut(seq, received_at, parts), set()).add(part)


async def write_change(conn: Conn, ledger: Ledger, change: Change) -> None:
    """Write what `Ledger.take` and `Ledger.told` said has changed."""
    if change.shelves:
        shelves = [(key, ledger.shelves[key]) for key in sorted(change.shelves)]
        buffers = [(*key, literal(s.stored), literal(s.lost), s.count_lost(), s.first) for key, s in shelves]
        await conn.execute(_PUT_SHELVES.encode(), _columns(buffers, 6))
    done = set(change.whole)
    parts = [(*key, cut.seq, cut.received_at, cut.parts, part) for key, cut, part in change.parts
             if (key, cut.seq) not in done]  # fmt: skip
    if parts:
        await conn.execute(_PUT_PARTS.encode(), _columns(parts, 6))
    if done:
        await conn.execute(_DROP_PARTS, _columns([(*key, seq) for key, seq in sorted(done)], 3))
    if change.accounts:
        lines = [
            (name, a.packs, a.readings, a.duplicates, a.conflicts, a.last_received_at)
            for name, a in sorted(change.accounts.items())
        ]
        await conn.execute(_ACCOUNTS.encode(), _columns(lines, 6))
    losers = sorted({key[0] for key in change.shelves if ledger.shelves[key].lost})
    if losers:
        await conn.execute(_LOST, (losers,))


async def write_gateways(conn: Conn, states: Sequence[GatewayState]) -> None:
    """Keep the last status of each gateway."""
    for state in states:
        if state.status is not None:
            await conn.execute(_STATUS.encode(), (state.gateway, state.status, state.t))


async def write_sites(conn: Conn, sites: Sequence[SiteVersion]) -> None:
    """Keep which version of the site held from when on."""
    for site in sites:
        await conn.execute(_SITE.encode(), (site.version, site.t, site.previous))


async def write_canary(conn: Conn, time: int | None) -> None:
    """Move the canary's last time forward."""
    if time is not None:
        await conn.execute(_CANARY.encode(), (time,))


async def write_events(conn: Conn, epoch: str, events: Sequence[EventRow]) -> int:
    """Write events that are not there; return how many were not."""
    if not events:
        return 0
    columns = _columns(
        [
            (e.id, e.sequence, e.type, e.source, e.subject, e.area, e.hazard, e.severity, e.time, e.data)
            for e in events
        ],
        10,
    )
    return (await conn.execute(_EVENTS.encode(), [epoch, *columns])).rowcount


def ranges_of(multirange: Any) -> Ranges:
    """PostgreSQL's half-open ranges as ours."""
    return Ranges((part.lower, part.upper - 1) for part in multirange)


def literal(ranges: Ranges) -> str:
    """Our ranges as PostgreSQL reads them."""
    return "{" + ",".join(f"[{first},{last}]" for first, last in ranges) + "}"


def _columns(lines: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[line[at] for line in lines] for at in range(width)]
