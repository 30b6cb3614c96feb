"""The ingest service: joins sessions, flow and stream. Order of things and error policy, nothing else.

One loop, `_pump`, takes messages in, and sends one window at a time on its way. When the stream does
not take a window, everything not in the stream is dropped, connections included, the book is taken
back to what the stream has, and the brokers send again what was never acknowledged.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from services.ingest.acks import Acks
from services.ingest.book import Book
from services.ingest.broker import Connection, RawMessage
from services.ingest.downlink import Downlink
from services.ingest.flow import Built, Flow, Item
from services.ingest.identify import SiteIndex
from services.ingest.order import Order
from services.ingest.sessions import keep_sessions
from services.ingest.sites import SiteFeed
from services.ingest.stream import Stream, Superseded
from services.ingest.tick import EVERY_S, Ticker
from services.ingest.watch import Watch
from services.ingest.window import Window
from services.observation import messages, topics
from services.observation.batch import BatchError
from services.observation.messages import SiteVersion
from services.observation.quantity import Property
from services.runtime import logging, nats
from services.runtime.follow import TailLost
from services.runtime.health import Health
from services.runtime.nats import NatsError, OrderLost, Position, hash_of
from services.runtime.process import Refused
from services.runtime.settings import Settings
from services.runtime.streams import READINGS

SNAPSHOT_EVERY_S = 60.0
TURN = 256
"""Messages taken in before the network gets its turn."""

RETRY_S = 0.2
TELL_EVERY_S = 0.05
TROUBLE = (NatsError, OrderLost, TailLost, TimeoutError, OSError)

log = logging.get("ingest")


async def run(settings: Settings, stop: asyncio.Event, properties: Mapping[str, Property] | None = None) -> None:
    """Run ingest until `stop`. `properties`: observed properties that hazards add to the vocabulary.

    Raises:
        Refused: another ingest has taken over.
    """
    service: Service | None = None

    def state_changed(connected: bool) -> None:  # noqa: FBT001  it is the state itself
        if connected and service is not None:
            service.acks.everyone()

    connection = await nats.connect(settings, "ingest", on_state=state_changed, stop=stop)
    service = Service(settings, connection, properties)
    try:
        await service.run(stop)
    except Superseded as error:
        raise Refused(str(error)) from error
    finally:
        await connection.close()


class Service:
    """What is joined, and in which order it happens."""

    def __init__(
        self, settings: Settings, connection: nats.Connection, properties: Mapping[str, Property] | None
    ) -> None:
        """Build the parts; nothing runs yet."""
        js = connection.js
        self.settings, self.connection, self.js = settings, connection, js
        self.stream = Stream(js)
        self.health = Health(js, "ingest")
        self.sites = SiteFeed(js, properties, self.health)
        self.ticker = Ticker()
        self.watch = Watch(self.health)
        self.wake = asyncio.Event()
        self.inbox: deque[RawMessage] = deque()
        self.connections: dict[str, Connection] = {}
        self.accepting = asyncio.Event()
        self.adapter_of: dict[str, str] = {}
        self._committed = Position("", 0, "")
        self._publishing: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._save_at = 0.0
        self._tick_at = 0.0
        self._reset()

    def _reset(self) -> None:
        """Know nothing."""
        self.order = Order()
        self.book = Book(self.order)
        self.window: Window[Item] = Window()
        self.flow = Flow(self.book, self.order, self.window, self.adapter_of)
        self.acks = Acks(self.order)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop, or until another takes over (Superseded)."""
        helpers = [asyncio.create_task(self.health.run())]
        try:
            if not await _unless_stopped(stop, self._start()):
                return
            helpers += [
                asyncio.create_task(work)
                for work in (
                    self.sites.follow(self.wake),
                    keep_sessions(self),
                    self._tell(),
                    self.watch.run(self),
                    Downlink(self.settings, self.js, self.sites.index, self.health).run(),
                )
            ]
            pump = asyncio.create_task(self._pump(stop))
            done, _ = await asyncio.wait([pump, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a helper that ended has failed
            await pump
        finally:
            self.health.ready(state=False)
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            for connection in self.connections.values():
                connection.close()
        with suppress(*TROUBLE):
            await self.stream.save(self.book.save(), self._committed)

    # --- starting ------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Claim the stream, remember what was, announce the site; then sessions may come."""
        snapshots = await self._trying("start", self.stream.claim)
        index = await self.sites.first()
        self.book.use(index)
        await self._trying("start", lambda: self._restore(snapshots))
        await self._announce()
        self._save_at = time.monotonic() + SNAPSHOT_EVERY_S
        self.acks.changed(self.order.buffers)
        self.accepting.set()
        log.info("started", site=index.site.id, version=index.site.version, readings=self.stream.last)

    async def _trying(self, what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do it, as often as it takes; meanwhile say why not."""
        while True:
            try:
                result = await work()
            except TROUBLE as error:
                self.health.complain(
                    what, f"Chưa dùng được luồng READINGS: {error!r}", f"stream READINGS can't be used yet: {error!r}"
                )
                await asyncio.sleep(RETRY_S)
            else:
                self.health.settle(what)
                return result

    async def _restore(self, snapshots: Sequence[tuple[str, Position]]) -> None:
        """From the newest snapshot that the stream still bears out, else from the stream's beginning."""
        index = self.book.index
        self._reset()
        if index is not None:
            self.book.use(index)
        after = 0
        for name, position in snapshots:
            if not await self.stream.stands(position):
                self.watch.tail_lost(position.sequence)
                continue
            saved = await self.stream.load(name)
            if saved is not None:
                self.book.load(saved)
                after = position.sequence
                break
        await self._fold(after)

    async def _fold(self, after: int) -> None:
        """Take in what the stream has after a sequence."""
        async for message in self.stream.read(after):
            try:
                self.book.fold(message.kind, message.data)
            except (BatchError, msgspec.MsgspecError) as error:
                log.warning("message_unreadable", sequence=message.sequence, error=repr(error))
        await self._commit()

    async def _commit(self) -> None:
        self.book.keep()
        data = self.stream.last_data
        if data is None and self.stream.last:
            self._committed = await nats.read_position(self.js, READINGS, self.stream.last)
        else:
            epoch = self._committed.epoch or await nats.epoch_of(self.js, READINGS)
            self._committed = Position(epoch, self.stream.last, hash_of(data or b"") if self.stream.last else "")

    # --- the pump ------------------------------------------------------------------------------

    def received(self, raw: RawMessage) -> None:
        """Called by a connection for each message."""
        self.inbox.append(raw)
        self.wake.set()

    async def _pump(self, stop: asyncio.Event) -> None:
        """Messages in, windows out, until told to stop; what is on its way then is finished."""
        self._tick_at = time.monotonic() + EVERY_S
        while True:
            now = time.monotonic()
            await self._settle()
            if stop.is_set() and self._publishing is None:
                return
            self._take_in(now)
            if self._publishing is None and not stop.is_set():
                await self._send(now)
            if not self.inbox or self.window.full():
                await self._sleep(now)
            else:
                await asyncio.sleep(0)

    def _take_in(self, now: float) -> None:
        for _ in range(min(TURN, len(self.inbox))):
            if self.window.full():
                break
            raw = self.inbox.popleft()
            if raw.connection.alive:
                self.flow.take(raw, now)
        if now >= self._tick_at:
            self._tick_at = max(self._tick_at + EVERY_S, now)
            tick = self.ticker.tick(now, time.time_ns() // 1000)
            if tick is not None:
                self.flow.tick(tick, now)
        self.flow.due(now)
        if self.order.asked:
            self.acks.changed(self.order.asked)
            self.order.asked.clear()

    async def _sleep(self, now: float) -> None:
        """Until something comes, or is due; told to stop is noticed within a tenth of a second."""
        times = [now + 0.1, self._tick_at]
        if self._publishing is None:
            times += [t for t in (self.window.due_at(), self.order.next_due()) if t is not None]
        self.wake.clear()
        if self.inbox and not self.window.full():
            return
        handle = asyncio.get_running_loop().call_later(max(0.0, min(times) - time.monotonic()), self.wake.set)
        await self.wake.wait()
        handle.cancel()

    async def _send(self, now: float) -> None:
        """Send the window on its way when it is due; between two windows, what must be alone."""
        due = self.window.due_at()
        site = self.sites.pending
        if due is not None and (due <= now or site is not None):
            built = self.flow.build(self.window.take())
            self._publishing = asyncio.create_task(self._publish(built))
            self._publishing.add_done_callback(lambda _: self.wake.set())
        elif site is not None:
            self.sites.pending = None
            self._publishing = asyncio.create_task(self._publish_site(site))
            self._publishing.add_done_callback(lambda _: self.wake.set())
        elif now >= self._save_at and (self._saving is None or self._saving.done()):
            self._save_at = now + SNAPSHOT_EVERY_S
            self._saving = asyncio.create_task(self.stream.save(self.book.save(), self._committed))

    async def _settle(self) -> None:
        """See how the window on its way fared."""
        if self._saving is not None and self._saving.done():
            saving, self._saving = self._saving, None
            try:
                saving.result()
            except TROUBLE as error:
                log.warning("snapshot_failed", error=repr(error))
        if self._publishing is None or not self._publishing.done():
            return
        publishing, self._publishing = self._publishing, None
        try:
            publishing.result()
        except TROUBLE as error:
            await self._recover(error)

    async def _publish(self, built: Built) -> None:
        """Publish a window; only then acknowledge it, and tell its agents."""
        kept = asyncio.create_task(self.stream.publish_rejects(built.rejects)) if built.rejects else None
        if built.messages:
            await self.stream.publish(built.messages)
            self._committed = Position(self._committed.epoch, self.stream.last, hash_of(built.messages[-1][2]))
        if kept is not None:
            self.watch.rejects_lost(await kept)
        self.book.keep()
        for key, seq in built.safe:
            self.order.safe(key, seq)
        for connection, mids in built.acks.items():
            connection.acknowledge(mids)
        self.acks.changed(key for key, _ in built.safe)
        self.acks.again(built.copies)
        for gateway in built.online:
            self.acks.online(gateway)
        self.watch.published(built.readings)

    async def _publish_site(self, index: SiteIndex) -> None:
        """Announce a site version; from the next message on, readings are decoded by it."""
        version = SiteVersion(time.time_ns() // 1000, index.site.version, self.book.site)
        data = messages.encode(version)
        await self.stream.publish([(topics.READINGS_ALL, messages.SITE, data)])
        self._committed = Position(self._committed.epoch, self.stream.last, hash_of(data))
        self.book.site = version.version
        self.book.use(index)
        log.info("site_version", version=version.version, previous=version.previous)

    async def _announce(self) -> None:
        """Before any reading: the version by which we decode is on the stream."""
        index = self.book.index
        if index is not None and self.book.site != index.site.version:
            await self._trying("start", lambda: self._announce_again(index))

    async def _announce_again(self, index: SiteIndex) -> None:
        await self._catch_up()
        if self.book.site != index.site.version:
            await self._publish_site(index)

    # --- when the stream does not take it ------------------------------------------------------

    async def _recover(self, error: BaseException) -> None:
        """Drop everything that is not in the stream, and begin again where the stream ends."""
        log.warning("stream_refused", error=repr(error), committed=self._committed.sequence)
        self.accepting.clear()
        for connection in self.connections.values():
            connection.throw_away()
        self.inbox.clear()
        self.window.take()
        self.order.forget_unsafe()
        self.ticker.restart()
        self.book.roll_back()
        await self._trying("stream_refused", self._catch_up)
        await self._announce()
        self.acks.changed(self.order.buffers)
        self.accepting.set()

    async def _catch_up(self) -> None:
        await self.stream.still_ours()
        if self._committed.sequence and not await self.stream.stands(self._committed):
            self.watch.tail_lost(self._committed.sequence)
            await self._restore(await self.stream.claim())
        else:
            await self._fold(self._committed.sequence)

    async def _tell(self) -> None:
        """Say `seen` and `want` to agents, through DOWNLINK.

        Without waiting for the stream's answer: sets are whole, the next makes good what was lost, and an
        agent that hears nothing asks.
        """
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            if not self.connection.connected:
                continue
            for subject, data in self.acks.messages(time.monotonic()):
                await self.connection.nc.publish(subject, data)


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work; False when told to stop before it was done."""
    doing, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not doing.done():
        doing.cancel()
        return False
    doing.result()
    return True
