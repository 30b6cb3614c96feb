"""The keeper's duty of watching ourselves: heartbeats and the fill of streams, every few seconds.

`selfwatch` decides; this reads, and writes what it decided to ALERTS.
"""

import asyncio

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, NoKeysError
from nats.js.kv import KeyValue

from services.alerts import selfwatch
from services.alerts.log import AlertLog, decode
from services.alerts.selfwatch import Watch
from services.observation.heartbeat import Heartbeat
from services.observation.heartbeat import decode as decode_heartbeat
from services.observation.instants import SECOND
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.follow import Message
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.pause import pause
from services.runtime.streams import ALERTS, DERIVED, HEALTH, MQTT_MESSAGES, READINGS

EVERY_S = 5.0
INTERRUPTED_S = 12.0
"""Longer without a look means that we, or the server, were away: others get time to speak again."""
EXPECTED = ("ingest", "archive", "alerts", "api")
"""Missed when they never speak at all; others are missed from their first word on."""
WATCHED = (READINGS, DERIVED, ALERTS, MQTT_MESSAGES)
LATELY_US = 10 * 86_400 * SECOND
"""What is over for longer says nothing of now, but for the last alert of each kind, which is always told."""
NOT_SERVICES = ("keeper", "canary")
log = logging.get("keeper")


async def run(
    js: JetStreamContext, site: str, alert_log: AlertLog, stop: asyncio.Event, health: Health
) -> None:
    """Keep watch until told to stop; the keeper is ready when it has looked once."""
    watch = Watch(site)

    def remember(message: Message) -> None:
        event = decode(message)
        if event is not None:
            watch.restore(event)

    restored = False
    beats: dict[str, Heartbeat] = {}
    floor = now_us()
    looked = asyncio.get_running_loop().time()
    while not stop.is_set():
        if asyncio.get_running_loop().time() - looked > INTERRUPTED_S:
            floor = now_us()
        try:
            if not restored:
                await alert_log.begin(remember, LATELY_US)
                restored = True
            now = now_us()
            beats |= await _heartbeats(js)
            findings = selfwatch.look(selfwatch.since(beats, EXPECTED, floor), await _fill(js), now)
            looked = asyncio.get_running_loop().time()
            # The events are made once and `publish` repeats them until they are in: `watch` has moved on.
            undecided = frozenset(name for name, beat in beats.items() if beat.t < floor)
            await alert_log.publish(watch.update(findings, now, undecided, beats), stop)
            health.figure("open", len(watch.open))
            health.ready()
        except (NatsError, APIError, TimeoutError) as error:
            log.warning("watch_interrupted", error=repr(error))
        await pause(stop, EVERY_S)


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
