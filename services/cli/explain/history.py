"""The last hours of a running site, read back from its history, as a recording for the engine."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from services.alerts.hazards import extra_properties
from services.cli import folder
from services.cli.backtest.recorded import Recorded
from services.cli.backtest.recorded_strikes import Came
from services.observation.messages import Strike
from services.observation.site import Site
from services.runtime import run_file

_CONNECT_S, _STATEMENT_MS = 3, 60_000
_MOST = 20_000_000
_READINGS = """
select s.name, (extract(epoch from o.time) * 1000000)::int8, o.value,
       (extract(epoch from o.received_at) * 1000000)::int8
from observation o join sensor s on s.id = o.sensor_id
where not s.derived and o.time >= %(start)s and o.received_at <= %(end)s
order by o.received_at, o.time
limit %(most)s
"""
_STRIKES = """
select source, id, (extract(epoch from time) * 1000000)::int8, lat, lon, type, ka, err_m,
       (extract(epoch from received_at) * 1000000)::int8
from strike where time >= %(start)s and received_at <= %(end)s order by received_at, time
"""


class Absent(Exception):  # noqa: N818  what is missing, in words
    """There is no running site, or no history to read."""


def replay(data: Path, site: Path | None, start: int, end: int) -> tuple[Site, Recorded]:
    """The site of a running `up` and what its history holds between two instants, µs UTC.

    Raises:
        Absent: nothing runs there, or its history cannot be read.
        folder.Refused: the site cannot be used.
    """
    running = run_file.read(data)
    if running is None or running.database is None:
        msg = f"--data {data}: nothing runs here / không thấy hệ thống đang chạy → haidang up --data {data}"
        raise Absent(msg)
    found = folder.load_site(site) if site is not None else asyncio.run(_running_site(running.nats))
    try:
        with psycopg.connect(
            running.database,
            connect_timeout=_CONNECT_S,
            application_name="haidang-explain",
            options=f"-c statement_timeout={_STATEMENT_MS} -c default_transaction_read_only=on",
        ) as connection:
            span: dict[str, Any] = {"start": _stamp(start), "end": _stamp(end), "most": _MOST}
            rows = connection.execute(_READINGS, span).fetchall()
            strikes = connection.execute(_STRIKES, span).fetchall()
    except psycopg.Error as error:
        msg = f"the history does not answer / không đọc được lịch sử: {type(error).__name__}"
        raise Absent(msg) from error
    return found, _recorded(found, rows, strikes)


def _recorded(site: Site, rows: list[Any], strikes: list[Any]) -> Recorded:
    place = {name: at for at, name in enumerate(site.sensors)}
    unused: dict[str, int] = {}
    kept = []
    for row in rows:
        if row[0] in place:
            kept.append((place[row[0]], *row[1:]))
        else:
            why = f"{row[0]}: not a sensor of the site"
            unused[why] = unused.get(why, 0) + 1
    sensor, time, value, arrival = zip(*kept, strict=True) if kept else ((), (), (), ())
    came = [
        Came(at, Strike(source, t, lat, lon, known, kind, ka, err))
        for source, known, t, lat, lon, kind, ka, err, at in strikes
    ]
    gateways = [site.stations[one.station].gateway for one in site.sensors.values()]
    return Recorded(
        np.array(time, np.int64),
        np.array(sensor, np.uint32),
        np.array(value, np.float64),
        np.array(arrival, np.int64),
        gateways,
        unused,
        came,
    )


async def _running_site(url: str) -> Site:
    import nats

    from services.runtime import sites

    connection = await nats.connect(url, connect_timeout=_CONNECT_S, max_reconnect_attempts=1)
    try:
        js = connection.jetstream()
        current = await sites.current(js)
        if current is None:
            msg = "no site runs there yet / chưa có cấu hình nào đang chạy"
            raise Absent(msg)
        return await sites.load(js, current.version, extra_properties())
    finally:
        await connection.close()


def _stamp(instant: int) -> Any:
    from datetime import UTC, datetime, timedelta

    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
