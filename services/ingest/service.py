"""The ingest service: joins sessions, flow and stream. Order of things and error policy, nothing else.

One loop, `_pump`, takes messages in, and sends one window at a time on its way. When the stream does
not take a window, everything not in the stream is dropped, connections included, the book is taken
back to what the stream has, and the brokers send again what was never acknowledged.

Over 250 lines: start, pump and failure are one order of work, read from top to bottom.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from services.ingest.acks import Acks
from services.ingest.asides import Asides
from services.ingest.book import Book
from services.ingest.broker import Connection
from services.ingest.build import Builder
from services.ingest.downlink import Downlink, tell
from services.ingest.intake import Intake
from services.ingest.items import Built, Item
from services.ingest.order import Key, Order
from services.ingest.raw import RawMessage
from services.ingest.recall import fold, restore
from services.ingest.sessions import keep_sessions
from services.ingest.site_index import SiteIndex
from services.ingest.sites import SiteFeed
from services.ingest.stream import TROUBLE, Stream, Superseded, trying, unless_stopped
from services.ingest.tick import EVERY_S, Ticker
from services.ingest.watch import Watch
from services.ingest.window import Window
from services.observation import messages, topics
from services.observation.messages import SiteVersion
from services.observation.quantity import Property
from services.runtime import logging, metrics, nats
from services.runtime.clock import now_us
from services.runtime.health import Health
from services.runtime.nats import Position
from services.runtime.process import Refused
from services.runtime.settings import Settings

SNAPSHOT_EVERY_S = 60.0
TURN = 256
"""Messages taken in before the network gets its turn."""

GARBAGE_EVERY = 50_000
"""New containers before the collector looks for cycles. At Python's 700 it goes through the messages on
their way hundreds of times a second, about a tenth of our time; they end by themselves, cycles are few."""


_took = metrics.histogram("ingest_publish_seconds", "A window on READINGS, until the last confirmation")
log = logging.get("ingest")


async def run(
    settings: Settings, stop: asyncio.Event, properties: Mapping[str, Property] | None = None
) -> None:
    """Run ingest until `stop`. `properties`: observed properties that hazards add to the vocabulary.

    Raises:
        Refused: another ingest has taken over.
    """
    gc.set_threshold(GARBAGE_EVERY)
    service: Service | None = None

    def state_changed(connected: bool) -> None:  # noqa: FBT001  it is the state itself
        if connected and service is not None:
            service.acks.everyone()

    connection = await nats.connect(settings, "ingest", on_state=state_changed, stop=stop)
    service = Service(settings, connection, properties, stop)
    try:
        await service.run()
    except Superseded as error:
        raise Refused(str(error)) from error
    finally:
        await connection.close()


class Service:
    """What is joined, and in which order it happens."""

    def __init__(
        self,
        settings: Settings,
        connection: nats.Connection,
        properties: Mapping[str, Property] | None,
        stop: asyncio.Event,
    ) -> None:
        """Build the parts; nothing runs yet."""
        js = connection.js
        self._stop = stop
        self.settings, self.connection, self.js = settings, connection, js
        self.stream = Stream(js)
        self.health = Health(js, "ingest")
        self.sites = SiteFeed(js, properties, self.health)
        self.ticker = Ticker()
        self.watch = Watch(self.health)
        self.asides = Asides(js, self.watch)
        self.wake = asyncio.Event()
        self.inbox: deque[RawMessage] = deque()
        self.connections: dict[str, Connection] = {}
        self.accepting = asyncio.Event()
        self.adapter_of: dict[str, str] = {}
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
        self.intake = Intake(self.book, self.order, self.window, self.adapter_of)
        self.builder = Builder(self.book, self.order)
        self.acks = Acks(self.order)

    async def run(self) -> None:
        """Run until told to stop, or until another takes over (Superseded)."""
        helpers = [asyncio.create_task(self.health.run())]
        try:
            if not await unless_stopped(self._stop, self._start()):
                return
            helpers += [
                asyncio.create_task(work)
                for work in (
                    self.sites.follow(self.wake),
                    keep_sessions(self),
                    tell(self),
                    self.watch.run(self),
                    self._downlink().run(),
                )
            ]
            pump = asyncio.create_task(self._pump())
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
            await self.stream.save(self.book.save(), self.stream.position)

    def _downlink(self) -> Downlink:
        def missing(key: Key, first: int, last: int) -> None:
            self.order.missing(key, first, last)
            self.wake.set()

        return Downlink(self.settings, self.js, self.sites.index, self.health, missing)

    # --- starting ------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Claim the stream, remember what was, announce the site; then sessions may come."""
        snapshots = await trying(self.health, self.stream.claim)
        index = await self.sites.first()
        self.book.use(index)
        await trying(self.health, lambda: self._begin(snapshots))
        self.ticker.since = await self.stream.written_at()
        await self._announce()
        self._save_at = time.monotonic() + SNAPSHOT_EVERY_S
        self.acks.changed(self.order.buffers)
        self.accepting.set()
        log.info(
            "started", site=index.site.id, version=index.site.version, readings=self.stream.position.sequence
        )

    async def _begin(self, snapshots: Sequence[tuple[str, Position]]) -> None:
        """Forget everything, and remember what snapshots and stream say."""
        index = self.book.index
        self._reset()
        if index is not None:
            self.book.use(index)
        await restore(self.stream, self.book, snapshots, self.watch.tail_lost)

    async def _catch_up(self) -> None:
        """Take in what the stream has beyond the book, if it still is the stream that we know."""
        await self.stream.still_ours()
        position = self.stream.position
        if position.sequence and not await self.stream.stands(position):
            self.watch.tail_lost(position.sequence)
            await self._begin(await self.stream.claim())
        else:
            await fold(self.stream, self.book, position.sequence)

    async def _announce(self) -> None:
        """Before any reading: the version by which we decode is on the stream."""

        async def once() -> None:
            await self._catch_up()
            if self.book.index is not None and self.book.site != self.book.index.site.version:
                await self._publish_site(self.book.index)

        await trying(self.health, once)

    # --- the pump ------------------------------------------------------------------------------

    def received(self, raw: RawMessage) -> None:
        """Called by a connection for each message."""
        self.inbox.append(raw)
        self.wake.set()

    async def _pump(self) -> None:
        """Messages in, windows out, until told to stop; what is on its way then is finished."""
        self._tick_at = time.monotonic() + EVERY_S
        while True:
            now = time.monotonic()
            await self._settle()
            if self._stop.is_set() and self._publishing is None:
                return
            self._take_in(now)
            if self._publishing is None and not self._stop.is_set():
                self._send(now)
            if not self.inbox or self.window.full():
                await self._sleep(now)
            else:
                await asyncio.sleep(0)

    def _take_in(self, now: float) -> None:
        if self.ticker.resuming:
            self._tick(now)
        for _ in range(min(TURN, len(self.inbox))):
            if self.window.full():
                break
            raw = self.inbox.popleft()
            if raw.connection.alive:
                self.intake.take(raw, now)
        if now >= self._tick_at:
            self._tick_at = max(self._tick_at + EVERY_S, now)
            self._tick(now)
        self.intake.due(now)
        if self.order.asked:
            self.acks.changed(self.order.asked)
            self.order.asked.clear()

    def _tick(self, now: float) -> None:
        tick = self.ticker.tick(now, now_us())
        if tick is not None:
            self.intake.tick(tick, now)

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

    def _send(self, now: float) -> None:
        """Send the window on its way when it is due; between two windows, what must be alone."""
        if now >= self._save_at and self._saving is None:
            self._save_at = now + SNAPSHOT_EVERY_S
            self._saving = asyncio.create_task(self.stream.save(self.book.save(), self.stream.position))
        due = self.window.due_at()
        site = self.sites.pending
        if due is not None and (due <= now or site is not None):
            work = self._publish(self.builder.build(self.window.take()))
        elif site is not None:
            self.sites.pending = None
            work = self._publish_site(site)
        else:
            return
        self._publishing = asyncio.create_task(work)
        self._publishing.add_done_callback(lambda _: self.wake.set())

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
        kept = asyncio.create_task(self.asides.rejects(built.rejects)) if built.rejects else None
        answered = asyncio.create_task(self._answer(built)) if built.results else None
        with _took.time():
            await self.stream.publish(built.messages)
        if kept is not None:
            await kept
        self.book.keep()
        if answered is not None:
            await answered
        for key, seq in built.safe:
            self.order.safe(key, seq)
        for connection, mids in built.acks.items():
            connection.acknowledge(mids)
        self.acks.changed(key for key, _ in built.safe)
        self.acks.again(built.copies)
        for gateway in built.online:
            self.acks.online(gateway)
        self.watch.published(built.readings)

    async def _answer(self, built: Built) -> None:
        """Put what came of commands on COMMANDS; what no command waits for is a reject."""
        if self.book.index is not None:
            unknown = await self.asides.results(built.results, self.book.index.site)
            rejects = [one for item, name in unknown for one in self.builder.unknown(item, name)]
            if rejects:
                await self.asides.rejects(rejects)

    async def _publish_site(self, index: SiteIndex) -> None:
        """Announce a site version; from the next message on, readings are decoded by it."""
        version = SiteVersion(now_us(), index.site.version, self.book.site)
        data = messages.encode(version)
        await self.stream.publish([(topics.READINGS_ALL, messages.SITE, data)])
        self.book.site = version.version
        self.book.use(index)
        log.info("site_version", version=version.version, previous=version.previous)

    # --- when the stream does not take it ------------------------------------------------------

    async def _recover(self, error: BaseException) -> None:
        """Drop everything that is not in the stream, and begin again where the stream ends."""
        self.health.ready(state=False)
        log.warning("stream_refused", error=repr(error), committed=self.stream.position.sequence)
        self.accepting.clear()
        for connection in self.connections.values():
            connection.throw_away()
        self.inbox.clear()
        self.window.take()
        self.order.forget_unsafe()
        self.ticker.restart()
        self.book.roll_back()
        if await unless_stopped(self._stop, self._announce()):
            self.acks.changed(self.order.buffers)
            self.accepting.set()
