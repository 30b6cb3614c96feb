"""Heartbeats: the last word of every service in KV HEALTH, and the canary's time at the engine."""

import asyncio
from collections.abc import Callable

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.observation.heartbeat import Heartbeat, decode
from services.runtime import logging, metrics
from services.runtime.clock import now_us
from services.runtime.follow import Follower, TailLost
from services.runtime.streams import HEALTH

CANARY = "canary"
SILENT_S = 15.0
"""Three heartbeats: a service that missed them is called silent."""
_SUBJECT = f"$KV.{HEALTH}."
_took = metrics.histogram("canary_evaluated_seconds", "Canary, from its publication to the engine")
log = logging.get("api_heartbeats")


class _Canary(msgspec.Struct):
    time: int


class Heartbeats:
    """Follows KV HEALTH; ages are taken when asked."""

    def __init__(self, js: JetStreamContext, clock: Callable[[], int] = now_us) -> None:
        """Know of nobody yet."""
        self._js, self._clock = js, clock
        self.beats: dict[str, Heartbeat] = {}
        self.canary_us: int | None = None

    def age_s(self, service: str) -> float | None:
        """Seconds since a service spoke; None when it never did."""
        beat = self.beats.get(service)
        return None if beat is None else max(0.0, round(beat.age_s(self._clock()), 3))

    def silent(self, service: str) -> bool:
        """Whether a service should have spoken and did not."""
        age = self.age_s(service)
        return age is None or age > SILENT_S

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop. The bucket lives in memory: after a restart it begins anew."""
        while not stop.is_set():
            follower = Follower(self._js, f"KV_{HEALTH}", [], 0)
            try:
                while not stop.is_set():
                    for message in await follower.fetch(100, 1.0):
                        self.take(message.subject.removeprefix(_SUBJECT), message.data)
            except TailLost:
                log.info("heartbeats_begin_anew")
            except (NatsError, APIError, TimeoutError) as error:
                log.warning("heartbeats_unreadable", error=repr(error))
                await asyncio.sleep(1.0)
            finally:
                await follower.close()

    def take(self, key: str, data: bytes) -> None:
        """Take in one value of the bucket."""
        if not data:
            return
        try:
            if key == CANARY:
                before, self.canary_us = self.canary_us, msgspec.json.decode(data, type=_Canary).time
                if before is not None:  # the first one may be of long ago
                    _took.observe(max(0.0, (self._clock() - self.canary_us) / 1e6))
            else:
                self.beats[key] = decode(data)
        except msgspec.MsgspecError as error:
            log.warning("heartbeat_unreadable", service=key, error=repr(error))
