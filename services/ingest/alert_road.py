"""Where the MQTT road of ALERTS is: which alerts MQTT clients were told, kept over restarts.

An alert raised while ingest is away must reach MQTT clients too, so the place is that of the last alert the
broker has confirmed, together with all before it. After a crash the last second may be told twice; events
carry their id.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, NotFoundError
from nats.js.kv import KeyValue

from services.runtime import logging
from services.runtime.nats import NatsError
from services.runtime.position import Position, check_position, read_position
from services.runtime.streams import ALERTS, STATE

KEY = "downlink"
SAVE_EVERY_S = 1.0
RETRY_S = 0.5
Outgoing = tuple[str, bytes]
log = logging.get("downlink")


class AlertRoad:
    """Counts what was handed to the broker until it is confirmed, and writes down how far that is."""

    def __init__(self, js: JetStreamContext) -> None:
        """Take a JetStream context; nothing is read before `begin`."""
        self._js = js
        self._handed: deque[tuple[int, Outgoing | None]] = deque()
        self._confirmed = self._saved = 0

    async def begin(self) -> int:
        """The sequence to go on after: where we were; the end, at the first start or after a lost tail."""
        while True:
            try:
                after = await self._place(await self._js.key_value(STATE))
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("place_awaited", error=repr(error))
                await asyncio.sleep(RETRY_S)
                continue
            self._confirmed, self._saved = after, -1
            return after

    async def _place(self, state: KeyValue) -> int:
        end = int((await self._js.stream_info(ALERTS)).state.last_seq)
        try:
            entry = await state.get(KEY)
            position = msgspec.json.decode(entry.value or b"", type=Position)
        except KeyNotFoundError:
            return end
        except msgspec.MsgspecError as error:
            log.error("place_unreadable", error=repr(error))
            return end
        standing = await check_position(self._js, ALERTS, position)
        return position.sequence if standing.holds else standing.last

    def handed(self, sequence: int, outgoing: Outgoing | None) -> None:
        """Note what was given to the broker; None: this alert has nothing to say there."""
        self._handed.append((sequence, outgoing))

    def settle(self, unanswered: Collection[Outgoing]) -> int:
        """Move up to the first one that the broker has not confirmed; return the sequence reached."""
        waiting = {id(one) for one in unanswered}
        while self._handed and id(self._handed[0][1]) not in waiting:
            self._confirmed = self._handed.popleft()[0]
        return self._confirmed

    def lost(self, last: int) -> None:
        """The stream lost its tail and ends at `last` now: nothing beyond was ever told."""
        self._handed.clear()
        self._confirmed = last

    async def save_for_ever(self, unanswered: Callable[[], Collection[Outgoing]]) -> None:
        """Write the place down whenever it has moved."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            reached = self.settle(unanswered())
            if reached == self._saved:
                continue
            try:
                position = await read_position(self._js, ALERTS, reached)
                await (await self._js.key_value(STATE)).put(KEY, msgspec.json.encode(position))
                self._saved = reached
            except NotFoundError:  # the stream no longer holds it: the next one will do
                continue
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("place_not_saved", error=repr(error))
