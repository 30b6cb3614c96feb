"""Downlink: what stream DOWNLINK and ALERTS hold for MQTT clients, published at QoS 1.

By an MQTT client, because a NATS publish reaches MQTT subscribers at QoS 0 only. At its start it says
everything DOWNLINK holds again: sets are whole, and commands carry an id. Alerts go on where they were.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from nats.js import JetStreamContext

from services.ingest.acks import Acks
from services.ingest.alert_road import AlertRoad, Outgoing
from services.ingest.broker import MAX_UNANSWERED, Connection
from services.ingest.order import Key
from services.ingest.raw import Endpoint
from services.ingest.site_index import SiteIndex
from services.observation import command, event, topics
from services.observation.envelope import MISSING, decode_missing
from services.observation.sensor import CANARY_GATEWAY
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import Connection as NatsConnection
from services.runtime.nats import NatsError
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, DOWNLINK

RETRY_S = 0.5
TELL_EVERY_S = 0.05
FETCH = 200

HEAD = 400
ACTUAL = "Actual"
_OF_ALERT = b'"type":"vn.haidang.alert.'
log = logging.get("downlink")


class _Down(msgspec.Struct):
    """Where we are in a stream, and how its messages become MQTT."""

    stream: str
    address: Callable[[Message], Outgoing | None]
    after: int = 0


class Downlink:
    """Reads both streams and publishes; both ends may come and go."""

    def __init__(
        self,
        settings: Settings,
        js: JetStreamContext,
        index: Callable[[], SiteIndex | None],
        health: Health,
        missing: Callable[[Key, int, int], None],
    ) -> None:
        """`index` gives the running site: a gateway's area is in its topic.

        `missing` hears what the archive says of packs that the stream dropped before it read them: that
        is not for the agent, who hears only ingest's `want`.
        """
        self._missing = missing
        self._settings, self._js, self._index, self._health = settings, js, index, health
        self._connection: Connection | None = None
        self._lost: list[Outgoing] = []
        self._free = asyncio.Event()
        self._road = AlertRoad(js)
        self.published = 0

    async def run(self) -> None:
        """Publish for ever."""
        alerts = _Down(ALERTS, _alert, await self._road.begin())
        downlink = _Down(DOWNLINK, self._for_gateway)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_connected())
            group.create_task(self._follow(alerts))
            group.create_task(self._follow(downlink))
            group.create_task(self._road.save_for_ever(self._unanswered))

    def _unanswered(self) -> list[Outgoing]:
        connection = self._connection
        return [*self._lost, *(connection.unanswered.values() if connection is not None else ())]

    async def _keep_connected(self) -> None:
        settings = self._settings
        index = self._index()
        client_id = f"haidang-downlink-{index.site.id if index is not None else 'site'}"
        while True:
            endpoint = Endpoint(
                "downlink",
                settings.mqtt_host,
                settings.mqtt_port,
                client_id,
                (),
                settings.mqtt_user,
                settings.mqtt_password,
                settings.mqtt_tls,
            )
            connection = Connection(endpoint, lambda _: None, lambda _: None)
            try:
                await connection.open()
                for outgoing in self._lost:
                    connection.publish(outgoing)
                self._lost = []
                self._connection = connection
                self._free.set()
                self._health.settle("downlink")
                await connection.ended()
                reason = connection.reason
            except (OSError, TimeoutError) as error:
                reason = str(error) or repr(error)
            finally:
                self._connection = None
                self._lost = list(connection.unanswered.values()) or self._lost
                connection.throw_away()
            self._health.complain(
                "downlink",
                f"Không gửi được xuống gateway: {reason}",
                f"nothing can be sent down to gateways: {reason}",
            )
            await asyncio.sleep(RETRY_S)

    async def _follow(self, down: _Down) -> None:
        while True:
            follower = Follower(self._js, down.stream, [], down.after, batch=FETCH)
            try:
                while True:
                    for message in await follower.fetch(FETCH, 30.0):
                        outgoing = down.address(message)
                        if outgoing is not None:
                            await self._publish(outgoing)
                        if down.stream == ALERTS:
                            self._road.handed(message.sequence, outgoing)
                        down.after = message.sequence
            except TailLost as lost:
                log.warning("tail_lost", stream=down.stream, last=lost.last)
                down.after = lost.last
                if down.stream == ALERTS:
                    self._road.lost(lost.last)
            except (NatsError, TimeoutError) as error:
                log.warning("downlink_waits", stream=down.stream, error=repr(error))
            finally:
                await follower.close()
            await asyncio.sleep(RETRY_S)

    async def _publish(self, outgoing: Outgoing) -> None:
        """Publish at QoS 1 and go on; what had no answer when a connection ends is published again."""
        while True:
            connection = self._connection
            if connection is None or not connection.alive:
                self._free.clear()
                await self._free.wait()
                continue
            if len(connection.unanswered) < MAX_UNANSWERED:
                connection.publish(outgoing)
                self.published += 1
                return
            await asyncio.sleep(0.01)

    def _for_gateway(self, message: Message) -> Outgoing | None:
        """`down.<gateway>.ack.<buf>.<kind>` or `down.<gateway>.commands.<id>` → topic of the gateway."""
        tokens = message.subject.split(".")
        index = self._index()
        if len(tokens) < 4 or index is None:  # noqa: PLR2004  the shortest of the two
            return None
        gateway = index.site.gateways.get(tokens[1])
        if gateway is None or gateway.id == CANARY_GATEWAY:
            return None
        if tokens[-1] == MISSING:
            for first, last in decode_missing(message.data):
                self._missing((gateway.id, tokens[3]), first, last)
            return None
        if tokens[2] == "ack":
            return topics.ack(gateway.area, gateway.id), message.data
        if tokens[2] == "commands" and not _expired(message.data):
            return topics.commands(gateway.area, gateway.id), message.data
        return None


def _expired(data: bytes) -> bool:
    """Whether a command came too late: a gateway would refuse it. At our start old ones are read again."""
    try:
        return command.decode_command(data).expires_at <= now_us()
    except msgspec.MsgspecError:
        return False  # of a newer release, perhaps; who it is for will know


def _alert(message: Message) -> Outgoing | None:
    if _OF_ALERT not in message.data[:HEAD]:
        return None  # situations and the like are told over HTTP; no MQTT client folds them
    try:
        alert = event.decode(message.data)
    except msgspec.MsgspecError as error:
        log.warning("alert_unreadable", sequence=message.sequence, error=repr(error))
        return None
    if alert.data.status != ACTUAL:
        return None  # a siren must not need to read further than its topic to know that it is an exercise
    return topics.alerts(alert.data.area, alert.data.hazard), message.data


class Speaker(Protocol):
    """Who has something to say to agents."""

    connection: NatsConnection
    acks: Acks


async def tell(speaker: Speaker) -> None:
    """Put `seen` and `want` on DOWNLINK, for ever.

    Without waiting for the stream's answer: sets are whole, the next makes good what was lost, and an
    agent that hears nothing asks.
    """
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        if speaker.connection.connected:
            for subject, data in speaker.acks.messages(time.monotonic()):
                await speaker.connection.nc.publish(subject, data)
