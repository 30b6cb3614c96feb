"""Keeps one MQTT session per source: connects, and connects again, each time with a new client."""

import asyncio
import json
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from services.ingest import adapters
from services.ingest.broker import Connection
from services.ingest.order import Order
from services.ingest.raw import Endpoint, RawMessage
from services.ingest.sites import SiteFeed
from services.ingest.stream import Stream
from services.ingest.tick import Ticker
from services.observation import topics
from services.observation.site import BROKER, SourceDecl
from services.runtime import logging
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.settings import Settings

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
LOOK_EVERY_S = 2.0

log = logging.get("ingest")


class Host(Protocol):
    """What a session needs of the service."""

    settings: Settings
    health: Health
    stream: Stream
    sites: SiteFeed
    ticker: Ticker
    order: Order
    accepting: asyncio.Event
    connections: dict[str, Connection]
    adapter_of: dict[str, str]

    def received(self, raw: RawMessage) -> None:
        """Take a message."""


async def keep_sessions(host: Host) -> None:
    """One session for our own broker and one for each foreign source of the site."""
    running: dict[SourceDecl, asyncio.Task[None]] = {}
    try:
        while True:
            wanted = _wanted(host)
            for source in [s for s in running if s not in wanted]:
                running.pop(source).cancel()
            for source in wanted:
                if source not in running:
                    running[source] = asyncio.create_task(_keep(host, source))
            done, _ = await asyncio.wait(
                running.values(), timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
    finally:
        for task in running.values():
            task.cancel()


def _wanted(host: Host) -> list[SourceDecl]:
    index = host.sites.index()
    foreign = [] if index is None else [source for source in index.site.sources if source.url]
    for source in list(foreign):
        if (source.adapter or adapters.OURS) not in adapters.REGISTRY:
            host.health.complain(
                f"adapter.{source.id}",
                f"Nguồn {source.id}: không có bộ chuyển đổi {source.adapter!r}; bỏ qua nguồn này",
                f"source {source.id}: there is no adapter {source.adapter!r}; the source is left out",
            )
            foreign.remove(source)
    return [SourceDecl(BROKER), *foreign]


async def _keep(host: Host, source: SourceDecl) -> None:
    """Connect, stay, and begin again, for ever."""
    wait_s = FIRST_WAIT_S
    host.adapter_of[source.id] = source.adapter
    while True:
        await host.accepting.wait()
        began = time.monotonic()
        reason = await _session(host, source)
        if time.monotonic() - began > LONGEST_WAIT_S:
            wait_s = FIRST_WAIT_S
        if host.accepting.is_set():
            # Someone with our client id may have pushed us out: then it is theirs, and we stop.
            try:
                await host.stream.still_ours()
            except (NatsError, TimeoutError):
                log.warning("owner_unknown", source=source.id)
            host.health.complain(
                f"broker.{source.id}",
                f"Mất kết nối MQTT {source.id}: {reason}",
                f"MQTT broker {source.id} is not reached: {reason}",
            )
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _session(host: Host, source: SourceDecl) -> str:
    """One connection from its beginning to its end; why it ended."""
    try:
        endpoint = _endpoint(host, source)
    except (OSError, ValueError, KeyError) as error:
        return repr(error)
    connection = Connection(endpoint, host.received, lambda c: _opened(host, c))
    host.connections[source.id] = connection
    try:
        await connection.open()
        host.health.settle(f"broker.{source.id}")
        if source.id == BROKER:
            host.health.ready()
        log.info("mqtt_connected", source=source.id, session_present=connection.session_present)
        await connection.ended()
    except (OSError, TimeoutError) as error:
        connection.throw_away()
        return str(error) or repr(error)
    finally:
        connection.throw_away()
        host.ticker.lost(source.id)
        host.order.forget_source(source.id)
    log.warning("mqtt_lost", source=source.id, reason=connection.reason, in_hand=len(connection.in_hand))
    return connection.reason


def _opened(host: Host, connection: Connection) -> None:
    """Before its first message: a tick is due that says it is there, and a resumed session is sorted."""
    host.ticker.connected(connection.endpoint.source)
    host.order.connected(
        connection.endpoint.source, time.monotonic(), session_present=connection.session_present
    )


def _endpoint(host: Host, source: SourceDecl) -> Endpoint:
    index = host.sites.index()
    client_id = f"haidang-ingest-{index.site.id if index is not None else 'site'}-{source.id}"
    settings = host.settings
    if not source.url:
        return Endpoint(
            source.id,
            settings.mqtt_host,
            settings.mqtt_port,
            client_id,
            topics.UPLINK,
            settings.mqtt_user,
            settings.mqtt_password,
            settings.mqtt_tls,
        )
    url = urlsplit(source.url)
    tls = url.scheme in ("mqtts", "ssl")
    given = json.loads(Path(source.credentials_file).read_text("utf-8")) if source.credentials_file else {}
    return Endpoint(
        source.id,
        url.hostname or "",
        url.port or (8883 if tls else 1883),
        client_id,
        source.topics or topics.UPLINK,
        given.get("user"),
        given.get("password"),
        tls,
    )
