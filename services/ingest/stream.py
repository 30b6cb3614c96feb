"""The writer of READINGS: publishes in order, knows where the stream ends, and who may write.

One window is on its way at a time. Its messages are pipelined, each published only if the one before
it is the stream's last; while they are on their way the next window is gathered.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError

from services.ingest.book import FORMAT, Saved
from services.observation.messages import HEADER
from services.observation.text import Text
from services.runtime import logging
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import (
    NatsError,
    OrderLost,
    Position,
    check_position,
    hash_of,
    publish_in_order,
    read_position,
    renew_epoch,
)
from services.runtime.streams import READINGS, SNAPSHOTS, STATE

KEY = "ingest"
SNAPSHOTS_KEPT = 3
PUBLISH_TIMEOUT_S = 1.5
"""Below the broker's `ack_wait`, so that we give up before it sends again."""

FETCH = 1_000

RETRY_S = 0.2
TROUBLE = (NatsError, OrderLost, TailLost, TimeoutError, OSError)
"""What a server that is away, or a stream that changed, looks like; all of it passes or is mended."""

Result = TypeVar("Result")

log = logging.get("ingest")
Outgoing = tuple[str, str, bytes]
"""(subject, kind, data) of a message for READINGS."""


class Superseded(Exception):  # noqa: N818  a fact about who writes, not a fault
    """Another ingest has taken over; this one must stop. The message says so in both languages."""

    def __init__(self) -> None:
        text = Text(
            "Một tiến trình ingest khác đã thay thế tiến trình này; tiến trình này dừng lại",
            "another ingest has taken over from this one; this one stops",
        )
        super().__init__(str(text))


class Pointer(msgspec.Struct):
    """KV `ingest`: who writes READINGS, and the last snapshots, newest last."""

    owner: str
    snapshots: list[tuple[str, Position]] = msgspec.field(default_factory=list)
    v: int = 1


class Stream:
    """READINGS as its only writer sees it."""

    def __init__(self, js: JetStreamContext) -> None:
        """Nothing is claimed yet."""
        self._js = js
        self._owner = secrets.token_hex(8)
        self._pointer = Pointer(self._owner)
        self._revision = 0
        self._last = 0
        self.position = Position("", 0, "")
        """Up to where the stream is as the book has it."""

    # --- who writes ----------------------------------------------------------------------------

    async def claim(self) -> list[tuple[str, Position]]:
        """Become the writer, whoever was; the snapshots to start from, newest first."""
        state = await self._js.key_value(STATE)
        while True:
            try:
                entry = await state.get(KEY)
                found = msgspec.json.decode(entry.value or b"", type=Pointer)
                revision = entry.revision or 0
            except KeyNotFoundError:
                found, revision = Pointer(self._owner), 0
            self._pointer = Pointer(self._owner, found.snapshots)
            try:
                self._revision = await state.update(KEY, msgspec.json.encode(self._pointer), last=revision)
            except KeyWrongLastSequenceError:
                continue  # someone starts at the same moment; the later one wins
            return found.snapshots[::-1]

    async def still_ours(self) -> None:
        """Raises Superseded when another has claimed the stream."""
        state = await self._js.key_value(STATE)
        entry = await state.get(KEY)
        found = msgspec.json.decode(entry.value or b"", type=Pointer)
        if found.owner != self._owner:
            raise Superseded
        self._revision = entry.revision or 0

    # --- reading -------------------------------------------------------------------------------

    async def written_at(self) -> int:
        """When the stream was last written, µs UTC by the server; 0 when it never was, or can't say."""
        try:
            end = (await self._js.stream_info(READINGS)).state.last_seq
            last = await self._js.get_msg(READINGS, seq=end) if end else None
        except (NatsError, APIError, TimeoutError, OSError):
            return 0
        return 0 if last is None or last.time is None else round(last.time.timestamp() * 1e6)

    async def stands(self, position: Position) -> bool:
        """Whether the stream still has what we stood on; if not, a new epoch is written."""
        standing = await check_position(self._js, READINGS, position)
        if not standing.holds:
            epoch = await renew_epoch(self._js, READINGS, position.epoch)
            log.error("readings_tail_lost", stood_on=position.sequence, last=standing.last, epoch=epoch)
        return standing.holds

    async def read(self, after: int) -> AsyncIterator[Message]:
        """Everything after a sequence up to the present end, which then is the position."""
        end = int((await self._js.stream_info(READINGS)).state.last_seq)
        follower = Follower(self._js, READINGS, [], after)
        try:
            reached = after
            while reached < end:
                for message in await follower.fetch(FETCH, 1.0):
                    reached = message.sequence
                    if reached <= end:
                        yield message
        finally:
            await follower.close()
        self._last = end
        self.position = await read_position(self._js, READINGS, end)

    # --- writing -------------------------------------------------------------------------------

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish all, in order, at the stream's end.

        Raises:
            OrderLost: something was not taken. `position` stays; what comes next is `read` from there.
        """
        if not messages:
            return
        items = [(subject, data, {HEADER: kind}) for subject, kind, data in messages]
        self._last = await publish_in_order(self._js, items, self._last, PUBLISH_TIMEOUT_S)
        self.position = Position(self.position.epoch, self._last, hash_of(items[-1][1]))

    async def save(self, saved: Saved, position: Position) -> None:
        """Write a snapshot of the book at a position, and point to it.

        Raises:
            Superseded: another has claimed the stream.
        """
        name = f"{KEY}.{position.sequence}.{position.hash or 'start'}"
        content = await asyncio.to_thread(msgspec.msgpack.encode, saved)
        store = await self._js.object_store(SNAPSHOTS)
        await store.put(name, content)
        before = [s for s in self._pointer.snapshots if s[0] != name]
        self._pointer = Pointer(self._owner, [*before, (name, position)][-SNAPSHOTS_KEPT:])
        state = await self._js.key_value(STATE)
        pointer = msgspec.json.encode(self._pointer)
        try:
            self._revision = await state.update(KEY, pointer, last=self._revision)
        except KeyWrongLastSequenceError:
            # Another's, or our own whose answer was lost with a connection: then we go on from it.
            await self.still_ours()
            self._revision = await state.update(KEY, pointer, last=self._revision)
        for old, _ in [s for s in before if s not in self._pointer.snapshots]:
            await store.delete(old)

    async def load(self, name: str) -> Saved | None:
        """A snapshot's content; None when it is gone or of a newer release."""
        store = await self._js.object_store(SNAPSHOTS)
        try:
            data = (await store.get(name)).data or b""
            saved = msgspec.msgpack.decode(data, type=Saved)
        except (NatsError, msgspec.MsgspecError) as error:
            log.warning("snapshot_unreadable", name=name, error=repr(error))
            return None
        return saved if saved.v <= FORMAT else None


async def trying(health: Health, work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it, as often as it takes; meanwhile say why not."""
    while True:
        try:
            result = await work()
        except TROUBLE as error:
            health.complain(
                "stream_refused",
                f"Chưa dùng được luồng READINGS: {error!r}",
                f"stream READINGS can't be used yet: {error!r}",
            )
            await asyncio.sleep(RETRY_S)
        else:
            health.settle("stream_refused")
            return result


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work; False when told to stop before it was done."""
    doing, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not doing.done():
        doing.cancel()
        return False
    doing.result()
    return True
