"""The streams, the heartbeats and the site version, asked of NATS: it answers when the api does not."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.cli.doctor.disk import Stream, fills
from services.cli.doctor.finding import Finding, Level, lasting, ok, wrong
from services.observation.heartbeat import Heartbeat
from services.observation.heartbeat import decode as decode_heartbeat
from services.observation.text import Text
from services.runtime import logging, nats, sites
from services.runtime.clock import now_us
from services.runtime.settings import Settings
from services.runtime.streams import (
    ACTS,
    ALERTS,
    COMMANDS,
    DELIVERIES,
    DERIVED,
    DOWNLINK,
    HEALTH,
    MQTT_MESSAGES,
    READINGS,
    REJECTS,
)

CONNECT_S, ASK_S = 4.0, 3.0
STREAMS = (READINGS, ALERTS, ACTS, COMMANDS, DELIVERIES, DERIVED, DOWNLINK, REJECTS, MQTT_MESSAGES)
LAGS = {"engine": (5.0, 30.0), "archive": (60.0, 600.0)}
"""Seconds behind: doubtful, bad. Alerts wait for the engine; only history waits for the archive."""
_NOT_SERVICES = ("canary",)


class Live(NamedTuple):
    """What NATS told. `behind` in seconds, None where it could not be found out."""

    server: str = ""
    streams: tuple[Stream, ...] = ()
    beats: Mapping[str, Heartbeat] = {}
    behind: Mapping[str, tuple[float | None, int]] = {}
    site: sites.Current | None = None
    files: Mapping[str, bytes] = {}


async def ask(url: str) -> Live | None:
    """Everything at once; None when there is no server that answers.

    What one question can't be answered for is missing; the others are asked all the same.
    """
    logging.configure(lowest="error")
    stop = asyncio.Event()
    try:
        connection = await asyncio.wait_for(nats.connect(Settings(nats=url), "doctor", stop=stop), CONNECT_S)
    except (NatsError, OSError, TimeoutError):
        return None
    try:
        client = connection.nc
        streams = [s for s in await asyncio.gather(*(_stream(client, name) for name in STREAMS)) if s]
        beats = await _beats(connection)
        site, files = await _site(connection)
        return Live(
            str(client.connected_server_version).strip("<>").rpartition(" v")[2],
            tuple(stream for stream, _ in streams),
            beats,
            await _behind(client, beats, {stream.name: last for stream, last in streams}),
            site,
            files,
        )
    finally:
        await connection.close()


async def _request(client: Client, subject: str, body: bytes = b"") -> dict[str, Any] | None:
    try:
        answer = json.loads((await client.request(f"$JS.API.{subject}", body, timeout=ASK_S)).data)
    except (NatsError, TimeoutError, ValueError):
        return None
    return None if "error" in answer else dict(answer)


async def _stream(client: Client, name: str) -> tuple[Stream, int] | None:
    info = await _request(client, f"STREAM.INFO.{name}")
    if info is None:
        return None
    state, config = info["state"], info["config"]
    stream = Stream(
        name,
        int(state["bytes"]),
        max(0, int(config.get("max_bytes") or 0)),
        _seconds(state["first_ts"]) if state["messages"] else 0.0,
        _seconds(state["last_ts"]) if state["messages"] else 0.0,
        float(config.get("max_age") or 0) / 1e9,
    )
    return stream, int(state["last_seq"])


async def _beats(connection: nats.Connection) -> dict[str, Heartbeat]:
    found = {}
    try:
        bucket = await connection.js.key_value(HEALTH)
        for name in await bucket.keys():
            if name not in _NOT_SERVICES:
                found[name] = decode_heartbeat((await bucket.get(name)).value or b"")
    except (NatsError, APIError, TimeoutError, msgspec.MsgspecError):
        return found
    return found


async def _site(connection: nats.Connection) -> tuple[sites.Current | None, Mapping[str, bytes]]:
    try:
        current = await sites.current(connection.js)
        if current is None:
            return None, {}
        return current, await sites.files_of(connection.js, current.version)
    except (NatsError, APIError, TimeoutError, ValueError, msgspec.MsgspecError):
        return None, {}


async def _behind(
    client: Client, beats: Mapping[str, Heartbeat], last: Mapping[str, int]
) -> dict[str, tuple[float | None, int]]:
    """How far engine and archive are behind READINGS: seconds and messages."""
    end = last.get(READINGS)
    if end is None:
        return {}
    found: dict[str, tuple[int, Heartbeat]] = {}
    engine = beats.get("alerts")
    if engine is not None and "applied" in engine.figures:
        found["engine"] = max(0, end - int(engine.figures["applied"])), engine
    archive = beats.get("archive")
    if archive is not None and "lag" in archive.figures:
        found["archive"] = int(archive.figures["lag"]), archive
    now = now_us()
    told: dict[str, tuple[float | None, int]] = {}
    for name, (count, beat) in found.items():
        age = await _age(client, end - count + 1) if count else 0.0
        # What came after the heartbeat is no lag: it could not be told yet.
        told[name] = (None if age is None else max(0.0, age - beat.age_s(now))), count
    return told


async def _age(client: Client, sequence: int) -> float | None:
    """How long a message has been in READINGS."""
    answer = await _request(client, f"STREAM.MSG.GET.{READINGS}", json.dumps({"seq": sequence}).encode())
    return None if answer is None else max(0.0, time.time() - _seconds(answer["message"]["time"]))


def _seconds(text: str) -> float:
    """RFC 3339 with nanoseconds, which Python does not read before 3.11 and truncates after."""
    return datetime.fromisoformat(text).timestamp()


# --- what it means -------------------------------------------------------------------------------


def judge(live: Live) -> Iterator[Finding]:
    """Lags and fills."""
    yield from lags(live.behind)
    yield from fills(live.streams)
    mqtt = next((stream for stream in live.streams if stream.name == MQTT_MESSAGES), None)
    if mqtt is not None and not mqtt.limit:
        yield wrong(
            Level.WARN,
            "stream",
            "mqtt_unbounded",
            Text("luồng của broker không có giới hạn dung lượng", "the broker's own stream has no limit"),
            Text(
                "nó có thể làm đầy đĩa khi ingest dừng; up tự đặt giới hạn sau khi có kết nối MQTT",
                "it may fill the disk while ingest is away; up sets one after the first MQTT session",
            ),
        )


def lags(behind: Mapping[str, tuple[float | None, int]]) -> Iterator[Finding]:
    """How far behind the stream its readers are."""
    for name, (seconds, count) in behind.items():
        doubtful, bad = LAGS[name]
        span = lasting(seconds) if seconds is not None else Text("?", "?")
        vi, en = ("bộ đánh giá", "the engine") if name == "engine" else ("lưu trữ", "the archive")
        if not count or (seconds is not None and seconds < doubtful):
            yield ok("reading", f"lag.{name}", f"{vi} theo kịp", f"{en} keeps up", {"messages": count})
            continue
        level = Level.BAD if seconds is not None and seconds >= bad else Level.WARN
        cause = (
            Text("xem nhật ký alerts và tải CPU", "look at the log of alerts and the load")
            if name == "engine"
            else Text("xem nhật ký archive, cơ sở dữ liệu và đĩa", "look at archive's log, database and disk")
        )
        yield wrong(
            level,
            "reading",
            f"lag.{name}",
            Text(f"{vi} chậm {span.vi} ({count} bản tin)", f"{en} is {span.en} behind ({count} messages)"),
            cause,
            None if seconds is None else int((time.time() - seconds) * 1e6),
            {"messages": count, "seconds": -1 if seconds is None else seconds},
        )
