"""Strikes into `strike`. They are few (a storm brings some per second), so a loop per strike is in order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from services.observation.messages import Strike, StrikeBatch
from services.observation.sources import Source

_US = "'epoch'::timestamptz + {} * interval '1 microsecond'"
_GIVEN = f"""
with given as (
    select n, source, id, {_US.format("time")} as time, lat, lon, type, ka, err_m,
           {_US.format("received")} as received_at
    from unnest(%s::text[], %s::text[], %s::int8[], %s::float8[], %s::float8[], %s::text[], %s::float8[],
                %s::float8[], %s::int8[]) with ordinality
         as t(source, id, time, lat, lon, type, ka, err_m, received, n)
)
"""
_KNOWN = f"""{_GIVEN}
select n, (s.time, s.lat, s.lon, s.type, s.ka) is not distinct from (g.time, g.lat, g.lon, g.type, g.ka)
from given g join strike s on s.source = g.source and s.id = g.id
union all
select n, (s.type, s.ka) is not distinct from (g.type, g.ka)
from given g join strike s on g.id is null and s.id is null
     and s.source = g.source and s.time = g.time and s.lat = g.lat and s.lon = g.lon
"""
_INSERT = f"""{_GIVEN}
insert into strike (source, id, time, lat, lon, type, ka, err_m, received_at)
select source, id, time, lat, lon, type, ka, err_m, received_at from given
on conflict do nothing
"""


class StrikeCount(NamedTuple):
    """What became of the strikes of one source."""

    source: Source
    stored: int
    duplicates: int
    conflicts: int


async def store_strikes(conn: AsyncConnection[Any], batches: Sequence[StrikeBatch]) -> list[StrikeCount]:
    """Write strikes that are not there; the first of one key stays."""
    pairs = [pair for batch in batches for pair in _with_source(batch)]
    first, repeats = _once([strike for _, strike in pairs])
    if not pairs:
        return [StrikeCount(source, 0, 0, 0) for batch in batches for source in batch.sources]
    given = [pairs[at] for at in first]
    cursor = await conn.execute(_KNOWN.encode(), _columns(given))
    outcome = dict(repeats)  # position among pairs → whether it says the same as the one that stays
    for number, same in await cursor.fetchall():
        outcome[first[number - 1]] = same
    new = [pairs[at] for at in first if at not in outcome]
    if new:
        await conn.execute(_INSERT.encode(), _columns(new))
    counts, at = [], 0
    for source in (source for batch in batches for source in batch.sources):
        mine = [outcome.get(i) for i in range(at, at + source.rows)]
        counts.append(StrikeCount(source, mine.count(None), mine.count(True), mine.count(False)))
        at += source.rows
    return counts


def _with_source(batch: StrikeBatch) -> list[tuple[Source, Strike]]:
    of = [source for source in batch.sources for _ in range(source.rows)]
    return list(zip(of, batch.strikes, strict=True))


def _once(strikes: Sequence[Strike]) -> tuple[list[int], dict[int, bool]]:
    """Positions of the first strike of each key; of each later one, whether it says the same."""
    seen: dict[tuple[Any, ...], int] = {}
    repeats = {}
    for at, strike in enumerate(strikes):
        key = (strike.source, strike.id) if strike.id is not None else (
            strike.source, None, strike.time, strike.lat, strike.lon
        )  # fmt: skip
        before = seen.setdefault(key, at)
        if before != at:
            repeats[at] = _told(strikes[before]) == _told(strike)
    return list(seen.values()), repeats


def _told(strike: Strike) -> tuple[Any, ...]:
    return (strike.time, strike.lat, strike.lon, strike.type, strike.ka)


def _columns(pairs: Sequence[tuple[Source, Strike]]) -> list[list[Any]]:
    return [
        [s.source for _, s in pairs],
        [s.id for _, s in pairs],
        [s.time for _, s in pairs],
        [s.lat for _, s in pairs],
        [s.lon for _, s in pairs],
        [s.type for _, s in pairs],
        [s.ka for _, s in pairs],
        [s.err_m for _, s in pairs],
        [source.received_at for source, _ in pairs],
    ]
