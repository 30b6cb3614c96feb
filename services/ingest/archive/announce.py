"""`stored` to the agents: a buffer's whole present set, at most five times a second, the last for sure."""

import asyncio
import re
import time
from collections.abc import Callable

from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.ingest.archive.ledger import Key
from services.observation import topics
from services.observation.envelope import encode_ack
from services.runtime import logging

EVERY_S = 0.2
RETRY_S = 0.5
AT_ONCE = 200
PUBLISH_TIMEOUT_S = 5.0

_TOKEN = re.compile(r"[^\s.*>\0]{1,64}\Z")

log = logging.get("archive")


class Announcer:
    """Holds what is to be told, newest only, until it is on DOWNLINK."""

    def __init__(self, js: JetStreamContext, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell over `js`; `run` does the work."""
        self._js, self._clock = js, clock
        self._waiting: dict[tuple[Key, str], bytes] = {}
        self._told: dict[tuple[Key, str], float] = {}
        self._changed = asyncio.Event()

    def tell(self, key: Key, ranges: list[list[int]], kind: str = "stored") -> None:
        """Tell an agent; what waited for the same buffer is replaced."""
        if _TOKEN.match(key[1]) is None:
            return  # such a name can't stand in a subject, and ingest lets none through
        self._waiting[key, kind] = encode_ack(kind, key[1], ranges)
        self._changed.set()

    async def run(self) -> None:
        """Publish what waits, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                pause = EVERY_S if await self._publish_due() else RETRY_S
                if self._waiting:
                    await asyncio.sleep(pause)

    async def flush(self, within_s: float) -> bool:
        """Publish everything now, for the end of the process; False if some could not be."""
        deadline = self._clock() + within_s
        while self._waiting and self._clock() < deadline:
            self._told.clear()
            if not await self._publish_due():
                await asyncio.sleep(0.1)
        return not self._waiting

    async def _publish_due(self) -> bool:
        """Publish what was not told within the last 200 ms; False when the server does not answer."""
        now = self._clock()
        self._told = {item: at for item, at in self._told.items() if now - at < EVERY_S}
        due = [item for item in self._waiting if item not in self._told]
        for start in range(0, len(due), AT_ONCE):
            some = due[start : start + AT_ONCE]
            answers = await asyncio.gather(*(self._publish(item) for item in some), return_exceptions=True)
            failed = [answer for answer in answers if isinstance(answer, BaseException)]
            for answer in failed:
                if not isinstance(answer, NatsError | TimeoutError):
                    raise answer
            if failed:
                log.warning("stored_not_told", buffers=len(failed), error=repr(failed[0]))
                return False
        return True

    async def _publish(self, item: tuple[Key, str]) -> None:
        (gateway, buf), kind = item
        data = self._waiting.get(item)
        if data is None:
            return  # whoever else publishes, as at the end of the process, was first
        await self._js.publish(topics.ack_subject(gateway, buf, kind), data, timeout=PUBLISH_TIMEOUT_S)
        self._told[item] = self._clock()
        if self._waiting.get(item) is data:  # else there is news already
            del self._waiting[item]
