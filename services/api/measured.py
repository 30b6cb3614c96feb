"""What the api looks up itself when `/metrics` is asked: alerts, gateways, streams, disk, versions.

The other services' figures come with their heartbeats; these are known here, or to the server.
"""

import asyncio
import platform
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import APIError

from services.alerts.hazards.system import GATEWAY_SILENT
from services.api.context import Context
from services.api.exposition import Sample
from services.api.heard import Word
from services.api.shown import stands
from services.observation.event import SEVERITIES
from services.runtime.streams import ACTS, ALERTS, DERIVED, DOWNLINK, MQTT_MESSAGES, READINGS, REJECTS

STREAMS = (READINGS, ALERTS, ACTS, DERIVED, DOWNLINK, REJECTS, MQTT_MESSAGES)
LOOK_S = 2.0
NAMED = 1_000
"""Gateways of a site that stand one by one; a larger site has its counts alone."""
BACKUP = "last-backup"
"""A file of the data folder; its time is when the last backup was made."""


async def measured(here: Context) -> list[Sample]:
    """Everything that can be known now; what can't is left out, never guessed."""
    streams = await _streams(here)
    return [
        *_build(here),
        *_alerts(here),
        *_load(here),
        *_gateways(here),
        *_canary(here),
        *_of_streams(streams),
        *_disk(here.settings.data),
    ]


def _build(here: Context) -> Iterator[Sample]:
    try:
        ours = version("haidang")
    except PackageNotFoundError:  # run from a source tree that was not installed
        ours = "0"
    said = str(here.js._nc.connected_server_version)  # noqa: SLF001  nats-py shows it nowhere else
    server = said.strip("<>").rpartition(" v")[2]
    labels = (("nats_server", server), ("python", platform.python_version()), ("version", ours))
    yield Sample("haidang_build_info", labels, 1)
    if here.site.known:
        site = here.site.site
        yield Sample("haidang_site_info", (("site", site.id), ("version", site.version[:12])), 1)
    yield Sample("haidang_database_up", (), int(here.database.present))


def _alerts(here: Context) -> Iterator[Sample]:
    """Nothing while the alerts are still being read: a zero would be a lie."""
    if not here.hub.caught_up.is_set():
        return
    counts = Counter(
        (str(standing.data.get("hazard")), str(standing.data.get("severity")))
        for standing in here.fold.open_alerts()
        if stands(here, standing)
    )
    for (hazard, severity), count in sorted(counts.items()):
        yield Sample("haidang_alerts_open", (("hazard", hazard), ("severity", severity)), count)
    if not counts:  # the family is there all the same, so that a rule on it means what it says
        yield Sample("haidang_alerts_open", (("hazard", "system"), ("severity", "warning")), 0)


def _load(here: Context) -> Iterator[Sample]:
    """What the alerts ask of the people on duty; nothing while they are still being read."""
    if not here.hub.caught_up.is_set() or not here.site.known:
        return
    live = here.reporter.live()
    for window, found in live.items():
        label = (("window", window),)
        yield Sample("haidang_load_things", label, found.things)
        yield Sample("haidang_load_annunciations", label, found.raw)
        yield Sample("haidang_load_floods", label, len(found.floods))
        yield Sample("haidang_load_flood_seconds", label, found.flood_s)
        yield Sample("haidang_load_chattering", label, len(found.chattering))
    day = live["24h"]
    yield Sample("haidang_load_operators", (), day.operators)
    yield Sample("haidang_load_flood", (), int(day.flooding))
    yield Sample("haidang_load_stale", (), len(day.stale))
    waiting = Counter(one.severity for one in day.waiting)
    for severity in SEVERITIES:
        yield Sample("haidang_load_unacknowledged", (("severity", severity),), waiting[severity])
    oldest = min((one.since for one in day.waiting), default=day.last)
    yield Sample("haidang_load_oldest_unacknowledged_seconds", (), max(day.last - oldest, 0) / 1e6)
    yield Sample("haidang_load_shelved", (), len(day.shelved))
    yield Sample("haidang_load_suppressed", (), len(day.suppressed))
    for of, value in (("median", day.took.median_s), ("p90", day.took.p90_s)):
        if value is not None:
            yield Sample("haidang_load_acknowledge_seconds", (("of", of),), value)
    for priority, count in day.split.items():
        yield Sample("haidang_load_priority_alerts", (("priority", priority),), count)


def _gateways(here: Context) -> Iterator[Sample]:
    if not here.site.known:
        return
    silent = {
        standing.data.get("gateway")
        for standing in here.fold.open_alerts()
        if standing.data.get("rule") == GATEWAY_SILENT
    }
    words = {name: here.heard.words.get(name, Word()) for name in sorted(here.site.site.gateways)}
    states = Counter({"online": 0, "offline": 0, "silent": 0, "unknown": 0})
    for name, word in words.items():
        states["silent" if name in silent else word.status or "unknown"] += 1
        if word.received_us is not None and len(words) <= NAMED:
            yield Sample(
                "haidang_gateway_last_heard_timestamp_seconds", (("gateway", name),), word.received_us / 1e6
            )
    for state, count in states.items():
        yield Sample("haidang_gateways", (("state", state),), count)


def _canary(here: Context) -> Iterator[Sample]:
    """One that never came is as old as we are: its absence must not look like health."""
    places = [("engine", here.heartbeats.canary_us)]
    if here.settings.database is not None:
        places.append(("archive", here.canary_archived_us))
    for at, seen in places:
        age = here.age_s(here.started_us if seen is None else seen) or 0.0
        yield Sample("haidang_canary_age_seconds", (("at", at),), age)


async def _streams(here: Context) -> dict[str, StreamInfo]:
    async def one(name: str) -> tuple[str, StreamInfo | None]:
        try:
            async with asyncio.timeout(LOOK_S):
                return name, await here.js.stream_info(name)
        except (NatsError, APIError, TimeoutError, OSError):  # away, or the stream is not there yet
            return name, None

    found = await asyncio.gather(*(one(name) for name in STREAMS))
    return {name: info for name, info in found if info is not None}


def _of_streams(streams: dict[str, StreamInfo]) -> Iterator[Sample]:
    for name, info in streams.items():
        label = (("stream", name),)
        yield Sample("haidang_stream_bytes", label, info.state.bytes)
        yield Sample("haidang_stream_messages", label, info.state.messages)
        yield Sample("haidang_stream_last_sequence", label, info.state.last_seq)
        if (info.config.max_bytes or -1) > 0:
            yield Sample("haidang_stream_limit_bytes", label, info.config.max_bytes or 0)


def _disk(data: Path | None) -> Iterator[Sample]:
    if data is None:
        return
    try:
        usage = shutil.disk_usage(data)
    except OSError:
        return
    yield Sample("haidang_disk_free_bytes", (("service", "api"),), usage.free)
    yield Sample("haidang_disk_size_bytes", (), usage.total)
    yield Sample("haidang_backup_last_success_timestamp_seconds", (), last_backup_us(data) / 1e6)


def last_backup_us(data: Path) -> int:
    """When the last backup of a data folder was made, µs UTC; 0 when there is none."""
    try:
        return (data / BACKUP).stat().st_mtime_ns // 1000
    except OSError:
        return 0
