"""The keeper: what wall-clock time decides. For now, alerts about ourselves.

One active process. It reads heartbeats and the fill of the streams every few seconds, lets `selfwatch`
decide, and writes to ALERTS. Its own heartbeat is what `/readyz` and every stream show.
"""

import asyncio
import time

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, NoKeysError
from nats.js.kv import KeyValue

from services.alerts import selfwatch
from services.alerts.hazards import extra_properties
from services.alerts.log import AlertLog, decode
from services.alerts.selfwatch import Watch
from services.observation.heartbeat import Heartbeat
from services.observation.heartbeat import decode as decode_heartbeat
from services.runtime import logging, sites
from services.runtime.health import Health
from services.runtime.nats import NatsError, connect
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, DERIVED, HEALTH, MQTT_MESSAGES, READINGS

EVERY_S = 5.0
INTERRUPTED_S = 12.0
"""Longer without a look means that we, or the server, were away: others get time to speak again."""
EXPECTED = ("ingest", "archive", "alerts", "api")
"""Missed when they never speak at all; others are missed from their first word on."""
WATCHED = (READINGS, DERIVED, ALERTS, MQTT_MESSAGES)
NOT_SERVICES = ("keeper", "canary")
log = logging.get("keeper")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Keep watch until told to stop."""
    connection = await connect(settings, "keeper", stop=stop)
    health = Health(connection.js, "keeper")
    beating = asyncio.create_task(health.run(), name="keeper-health")
    try:
        site = await _site_id(connection.js, stop)
        if site is not None:
            await _watch(connection.js, site, health, stop)
    finally:
        beating.cancel()
        await connection.close()


async def _site_id(js: JetStreamContext, stop: asyncio.Event) -> str | None:
    """Wait for the first site version; None when told to stop before."""
    while not stop.is_set():
        try:
            current = await sites.current(js)
            if current is not None:
                return (await sites.load(js, current.version, extra_properties())).id
        except (NatsError, APIError, TimeoutError, sites.SiteError) as error:
            log.warning("site_awaited", error=repr(error))
        await _pause(stop, 0.5)
    return None


async def _watch(js: JetStreamContext, site: str, health: Health, stop: asyncio.Event) -> None:
    watch = Watch(site)
    alert_log = AlertLog(js, site)
    restored = False
    beats: dict[str, Heartbeat] = {}
    floor = time.time_ns() // 1000
    looked = asyncio.get_running_loop().time()
    while not stop.is_set():
        if asyncio.get_running_loop().time() - looked > INTERRUPTED_S:
            floor = time.time_ns() // 1000
        try:
            if not restored:
                for message in await alert_log.catch_up():
                    event = decode(message)
                    if event is not None:
                        watch.restore(event)
                restored = True
            now = time.time_ns() // 1000
            beats |= await _heartbeats(js)
            findings = selfwatch.look(selfwatch.since(beats, EXPECTED, floor), await _fill(js), now)
            looked = asyncio.get_running_loop().time()
            # The events are made once and `publish` repeats them until they are in: `watch` has moved on.
            undecided = frozenset(name for name, beat in beats.items() if beat.t < floor)
            await alert_log.publish(watch.update(findings, now, undecided), stop)
            health.figure("open", len(watch.open))
            health.ready()
        except (NatsError, APIError, TimeoutError) as error:
            log.warning("watch_interrupted", error=repr(error))
        await _pause(stop, EVERY_S)


async def _heartbeats(js: JetStreamContext) -> dict[str, Heartbeat]:
    bucket: KeyValue = await js.key_value(HEALTH)
    try:
        names = await bucket.keys()
    except NoKeysError:
        return {}
    beats = {}
    for name in set(names).difference(NOT_SERVICES):
        try:
            entry = await bucket.get(name)
            beats[name] = decode_heartbeat(entry.value or b"")
        except (APIError, msgspec.MsgspecError) as error:
            log.warning("heartbeat_unreadable", service=name, error=repr(error))
    return beats


async def _fill(js: JetStreamContext) -> dict[str, float]:
    """Share of its limit that each stream takes; streams without a limit are left out."""
    shares = {}
    for name in WATCHED:
        try:
            info = await js.stream_info(name)
        except APIError:  # the broker's own stream comes with the first MQTT client
            continue
        limit = info.config.max_bytes or 0
        if limit > 0:
            shares[name] = info.state.bytes / limit
    return shares


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
