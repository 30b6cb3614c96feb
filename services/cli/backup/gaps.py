"""What a restore has cost: readings that are missing between the backup and the restore, by gateway and hour.

The sequence numbers of the agents tell how many packs were let go; the times tell which hours they are of.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from services.cli.backup.format import BackupError
from services.cli.backup.servers import connected
from services.observation.instants import SECOND, iso
from services.observation.site import Site
from services.observation.text import Text
from services.runtime import run_file, sites

HOUR = 3600 * SECOND

_RESTORES = """
select (extract(epoch from taken_at) * 1000000)::int8, (extract(epoch from restored_at) * 1000000)::int8
from restored order by restored_at
"""
# Below `first` an agent holds nothing any more: what is neither stored nor lost by its own word was let go
# because a system that is gone had said `stored`.
_LET_GO = """
select gateway, sum(upper(r) - lower(r))::int8
from pack_range, unnest(int8multirange(int8range(1, first)) - ranges - lost) as r group by gateway
"""
_COUNTS = """
select s.name, (extract(epoch from date_trunc('hour', o.time)) * 1000000)::int8, count(*)
from sensor s, lateral (
    select time from observation where sensor_id = s.id
    and time >= 'epoch'::timestamptz + %s::int8 * interval '1 microsecond'
    and time < 'epoch'::timestamptz + %s::int8 * interval '1 microsecond'
) o
group by 1, 2
"""

Counts = Mapping[tuple[str, int], int]
"""(sensor id, start of the hour in µs UTC) → readings stored."""


class Hour(NamedTuple):
    """One gateway in one hour: how many readings were to be expected, how many are there."""

    gateway: str
    start: int  # µs UTC
    expected: int
    stored: int


class Gaps(NamedTuple):
    """Spans from a backup to its restore, packs let go by gateway, and hours with less than expected."""

    spans: list[tuple[int, int]]
    let_go: dict[str, int]
    hours: list[Hour]

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return {
            "restores": [{"taken": iso(a), "restored": iso(b)} for a, b in self.spans],
            "packs_let_go": self.let_go,
            "hours": [
                {"gateway": h.gateway, "hour": iso(h.start), "expected": h.expected, "stored": h.stored}
                for h in self.hours
            ],
        }

    def lines(self) -> Iterator[str]:
        """For a person."""
        if not self.spans:
            yield "nothing was ever restored here / chưa từng khôi phục ở đây"
            return
        for taken, restored in self.spans:
            yield f"backup of {iso(taken)}, restored {iso(restored)} / sao lưu, khôi phục"
        for gateway, packs in sorted(self.let_go.items()):
            yield f"{gateway}: {packs} packs let go / gói đã xóa ở gateway, không lấy lại được"
        for hour in self.hours:
            missing = hour.expected - hour.stored
            yield (
                f"{hour.gateway} {iso(hour.start)}: {missing} of {hour.expected} readings missing"
                f" / thiếu {missing} số đo"
            )
        if not self.let_go and not self.hours:
            yield "nothing is missing / không thiếu gì"


def by_hour(site: Site, counts: Counts, taken: int, restored: int) -> list[Hour]:
    """Hours in which a gateway has fewer readings than its sensors' intervals say; all times µs UTC.

    Sensors that report on change are left out: nobody knows how many were to be expected of them.
    """
    found = []
    for name, gateway in sorted(site.gateways.items()):
        sensors = [
            s
            for s in site.sensors.values()
            if s.station in gateway.stations and s.reports == "periodic" and s.interval_s > 0
        ]
        for start in range(taken - taken % HOUR, restored, HOUR):
            inside = min(start + HOUR, restored) - max(start, taken)
            expected = sum(int(inside / (s.interval_s * SECOND)) for s in sensors)
            stored = sum(
                min(counts.get((s.id, start), 0), int(inside / (s.interval_s * SECOND))) for s in sensors
            )
            if stored < expected:
                found.append(Hour(name, start, expected, stored))
    return found


async def look(data: Path) -> Gaps:
    """Ask the running system of a data folder.

    Raises:
        BackupError: it does not run, or has no history.
        psycopg.Error: its database is away.
    """
    from services.alerts.hazards import extra_properties

    run = run_file.read(data)
    if run is None or not run.is_running() or run.database is None:
        raise BackupError(
            Text(f"hệ thống của {data} không chạy", f"the system of {data} does not run"),
            Text("khởi động bằng haidang up", f"start it: haidang up --site DIR --data {data}"),
        )
    async with connected(run.nats, "gaps") as js:
        running = await sites.current(js)
        site = None if running is None else await sites.load(js, running.version, extra_properties())
    async with await AsyncConnection.connect(run.database, connect_timeout=10) as conn:
        spans = [(int(a), int(b)) for a, b in await _rows(conn, _RESTORES)]
        let_go = {gateway: int(packs) for gateway, packs in await _rows(conn, _LET_GO)}
        hours: list[Hour] = []
        for taken, restored in spans:
            rows = await _rows(conn, _COUNTS, (taken, restored))
            if site is not None:
                hours += by_hour(site, {(n, int(t)): int(c) for n, t, c in rows}, taken, restored)
    return Gaps(spans, let_go, hours)


async def _rows(
    conn: AsyncConnection[Any], query: str, values: tuple[Any, ...] = ()
) -> Sequence[tuple[Any, ...]]:
    return await (await conn.execute(query.encode(), values)).fetchall()
