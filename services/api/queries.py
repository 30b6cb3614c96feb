"""Reads of the history: SQL to rows to what the API answers, no domain objects between."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from services.api.database import Database, Row
from services.observation.instants import iso, micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def when(us: int) -> datetime:
    """µs → what the driver wants."""
    return _EPOCH + timedelta(microseconds=us)


def stamp(value: datetime | None) -> str | None:
    """What the driver gives → ISO 8601."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None


async def sensor_id(db: Database, name: str) -> int | None:
    """Number of a sensor in the history; None when it never had an observation."""
    rows = await db.rows("select id from sensor where name = %s", (name,))
    return int(rows[0][0]) if rows else None


async def observations(db: Database, sensor: int, start: int, end: int, limit: int) -> list[dict[str, Any]]:
    """Raw observations in [start, end), by time."""
    rows = await db.rows(
        "select time, value, flag, received_at from observation"
        " where sensor_id = %s and time >= %s and time < %s order by time limit %s",
        (sensor, when(start), when(end), limit),
    )
    return [
        {"time": stamp(time), "value": number(value), "flag": flag, "received_at": stamp(received)}
        for time, value, flag, received in rows
    ]


# Buckets begin at multiples of their width since 2000-01-01 UTC, like observation_1h. FAIL, MISSING and
# NaN are left out of the figures and counted.
_BUCKETS = """
select bucket,
       count(*) filter (where good),
       min(value) filter (where good),
       max(value) filter (where good),
       avg(value) filter (where good),
       (array_agg(value order by time desc) filter (where good))[1],
       count(*) filter (where not good)
from (
    select date_bin(make_interval(secs => %(every)s), time, '2000-01-01 00:00:00+00') as bucket,
           time, value,
           flag in (1, 2, 3) and value not in ('NaN', 'Infinity', '-Infinity') as good
    from observation
    where sensor_id = %(sensor)s and time >= %(start)s and time < %(end)s
) as binned
group by bucket order by bucket
"""
_NEXT = "select time from observation where sensor_id = %s and time >= %s and time < %s order by time limit 1"
_BINS_FROM = micros("2000-01-01T00:00:00Z")
_TURNS = 20
"""Reads of one page at most; a page may end early where observations are rare."""


class Buckets(NamedTuple):
    """One page of buckets, and where the next one begins (µs UTC, None at the end)."""

    items: list[dict[str, Any]]
    following: int | None


async def buckets(  # noqa: PLR0913  a page of buckets has these bounds
    db: Database, sensor: int, start: int, end: int, every_s: int, limit: int
) -> Buckets:
    """Observations in [start, end) by bucket; empty buckets are left out."""
    width = every_s * 1_000_000
    items: list[dict[str, Any]] = []
    position: int | None = start
    for _ in range(_TURNS):
        if position is None or len(items) >= limit:
            break
        # So many buckets can't hold more than are asked for: the end of the read is known before it begins.
        reach = min(end, _floor(position, width) + (limit - len(items)) * width)
        page = {"sensor": sensor, "start": when(position), "end": when(reach), "every": every_s}
        items += [_bucket(row) for row in await db.rows(_BUCKETS, page)]
        # Where observations are rare, leap to the next one instead of reading emptiness.
        beyond = await db.rows(_NEXT, (sensor, when(reach), when(end))) if reach < end else []
        position = max(reach, _floor(_us(beyond[0][0]), width)) if beyond else None
    return Buckets(items, position)


def _bucket(row: Row) -> dict[str, Any]:
    bucket, n, low, high, mean, last, bad = row
    figures = {"min": number(low), "max": number(high), "avg": number(mean), "last": number(last)}
    return {"time": stamp(bucket), "n": n, **figures, "left_out": bad}


def _floor(us: int, width: int) -> int:
    return us - (us - _BINS_FROM) % width


def _us(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(microseconds=1)


async def last_observation(db: Database, name: str) -> dict[str, Any] | None:
    """The newest observation of a sensor."""
    rows = await db.rows(
        "select time, value, flag, received_at from observation"
        " where sensor_id = (select id from sensor where name = %s) order by time desc limit 1",
        (name,),
    )
    return (
        {
            "time": stamp(rows[0][0]),
            "value": number(rows[0][1]),
            "flag": rows[0][2],
            "received_at": stamp(rows[0][3]),
        }
        if rows
        else None
    )


async def strikes(  # noqa: PLR0913  a page of strikes has these bounds
    db: Database,
    start: int,
    end: int,
    box: tuple[float, float, float, float] | None,
    offset: int,
    limit: int,
    hidden: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Strikes in [start, end), by time, then source and place; without those of `hidden` sources."""
    west, south, east, north = box or (-180.0, -90.0, 180.0, 90.0)
    rows = await db.rows(
        "select source, id, time, lat, lon, type, ka, err_m, received_at from strike"
        " where time >= %s and time < %s and lon between %s and %s and lat between %s and %s"
        " and source <> all(%s) order by time, source, id, lat, lon offset %s limit %s",
        (when(start), when(end), west, east, south, north, list(hidden), offset, limit),
    )
    return [
        {
            "source": source,
            "id": identity,
            "time": stamp(time),
            "lat": number(lat),
            "lon": number(lon),
            "type": kind,
            "ka": number(ka),
            "err_m": number(err_m),
            "received_at": stamp(received),
        }
        for source, identity, time, lat, lon, kind, ka, err_m, received in rows
    ]


async def alert_events(db: Database, alert: str) -> list[dict[str, Any]]:
    """CloudEvents of an alert, oldest first."""
    rows = await db.rows(
        "select id, source, type, time, data, sequence, epoch from alert_event"
        " where subject = %s order by time, sequence limit 1000",
        (alert,),
    )
    return [
        {
            "specversion": "1.0",
            "id": identity,
            "source": source,
            "type": kind,
            "subject": alert,
            "time": stamp(time),
            "datacontenttype": "application/json",
            "data": data,
            "sequence": str(sequence),
            "epoch": epoch,
        }
        for identity, source, kind, time, data, sequence, epoch in rows
    ]


_LOOK_S = 3.0
"""Of a look at one row: whether the history answers must be known before who needs it gives up."""


async def canary_time(db: Database) -> int | None:
    """µs of the last canary that the archive stored."""
    rows = await db.rows("select last_time from canary", within_s=_LOOK_S, table="canary")
    return _us(rows[0][0]) if rows else None


_ACCOUNT = (
    "packs",
    "readings",
    "duplicates",
    "conflicts",
    "lost_agent",
    "discarded",
)

# Holes: sequence numbers between the first the agent still holds and the last stored that are neither
# stored nor lost by the agent's own word.
_GATEWAYS = """
select a.gateway, a.packs, a.readings, a.duplicates, a.conflicts, a.lost_agent, a.discarded,
       a.last_received_at, a.status, a.status_at, coalesce(h.holes, 0)
from gateway_account a
left join (
    select gateway, sum(upper(r) - lower(r))::int8 as holes
    from pack_range,
         unnest(case when isempty(ranges) then '{}'::int8multirange
                     else int8multirange(int8range(least(first, upper(ranges)), upper(ranges)))
                          - ranges - lost end) as r
    group by gateway
) h on h.gateway = a.gateway
"""


async def gateway_accounts(db: Database) -> dict[str, dict[str, Any]]:
    """What the history knows of each gateway."""
    accounts = {}
    for gateway, *figures, last, status, status_at, holes in await db.rows(_GATEWAYS):
        account = dict(zip(_ACCOUNT, figures, strict=True)) | {"holes": holes}
        accounts[gateway] = {
            "account": account,
            "status": status,
            "status_at": stamp(status_at),
            "last_received_at": stamp(last),
        }
    return accounts


async def gateway_buffers(db: Database, gateway: str) -> list[dict[str, Any]]:
    """What is stored of each buffer of a gateway's agent; ranges are inclusive."""
    rows = await db.rows(
        "select buf, first, updated_at,"
        " array(select array[lower(r), upper(r) - 1] from unnest(ranges) r),"
        " array(select array[lower(r), upper(r) - 1] from unnest(lost) r)"
        " from pack_range where gateway = %s order by updated_at desc limit 100",
        (gateway,),
    )
    return [
        {"buf": buf, "first": first, "updated_at": stamp(updated), "stored": stored, "lost": lost}
        for buf, first, updated, stored, lost in rows
    ]


def next_instant(text: str) -> str:
    """The instant one µs later: where the page after an observation begins."""
    return iso(micros(text) + 1)
