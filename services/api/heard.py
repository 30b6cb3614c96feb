"""Gateways as the stream tells of them, so that status and last word are known without the history.

Only what came lately: we begin near the stream's end, and who was not heard since is unknown, not offline.
"""

import asyncio

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.observation import messages, topics
from services.runtime import logging
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.streams import READINGS

LOOK_BACK = 10_000
"""Messages of the stream that are looked through at the start: minutes of it, or hours where it is quiet."""
RETRY_S = 1.0
log = logging.get("api_heard")


class Word(msgspec.Struct):
    """What was heard of a gateway; instants in µs UTC. `clock` is the newest time it told of."""

    status: str | None = None
    status_us: int | None = None
    clock_us: int | None = None
    received_us: int | None = None


class Heard:
    """Follows what concerns all partitions of READINGS: ticks, and gateways that come and go."""

    def __init__(self, js: JetStreamContext) -> None:
        """Know of nobody yet."""
        self._js = js
        self.words: dict[str, Word] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; what can't be read now is not missed by anybody but us."""
        after: int | None = None
        while not stop.is_set():
            try:
                if after is None:
                    after = max((await self._js.stream_info(READINGS)).state.last_seq - LOOK_BACK, 0)
                await self._follow(after, stop)
            except TailLost as lost:
                after = lost.last
            except (NatsError, APIError, TimeoutError) as error:
                after = None
                log.warning("gateways_unheard", error=repr(error))
                await asyncio.sleep(RETRY_S)

    async def _follow(self, after: int, stop: asyncio.Event) -> None:
        follower = Follower(self._js, READINGS, [topics.READINGS_ALL], after)
        try:
            while not stop.is_set():
                for message in await follower.fetch(1000, 1.0):
                    self.take(message)
                follower.gaps.clear()  # the archive counts what was lost
        finally:
            await follower.close()

    def take(self, message: Message) -> None:
        """Take in a message of the stream; most are not about gateways."""
        try:
            if message.kind == messages.TICK:
                tick = messages.decode_tick(message.data)
                for gateway, clock in tick.clocks.items():
                    word = self.words.setdefault(gateway, Word())
                    # Its clock moved since the tick before: a reading of it came within this second.
                    word.clock_us, word.received_us = clock, tick.t
            elif message.kind == messages.GATEWAY:
                state = messages.decode_gateway(message.data)
                if state.status is not None:
                    word = self.words.setdefault(state.gateway, Word())
                    word.status, word.status_us = state.status, state.t
        except msgspec.MsgspecError as error:
            log.warning("message_unreadable", sequence=message.sequence, error=repr(error))
