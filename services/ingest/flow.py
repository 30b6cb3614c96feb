"""The path of a message through ingest, from the broker's bytes to messages for READINGS. No I/O.

`Flow` joins the pure rooms: decode, order, window on the way in; identify, quality, assemble on the
way out. What it builds has happened only once the stream has it: until then it can be taken back.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec
import numpy as np

from services.ingest import adapters, quality, rejects, strikes
from services.ingest.assemble import Origin, assemble
from services.ingest.book import Book
from services.ingest.broker import Connection, RawMessage
from services.ingest.decode import Pack, RawStrike
from services.ingest.identify import Taken, identify
from services.ingest.order import Arrival, Key, Order, Released
from services.ingest.rejects import Reason, Reject
from services.ingest.window import Window
from services.observation import messages, topics
from services.observation.batch import Source
from services.observation.envelope import Head
from services.observation.messages import GatewayState, Tick
from services.observation.topics import Kind, Topic

_topic = lru_cache(maxsize=65_536)(topics.parse)


class Item(msgspec.Struct, eq=False, gc=False):
    """A message, or something of ours, on its way. `head` names the pack it closes, if it does."""

    raw: RawMessage | None = None
    gateway: str | None = None
    head: Head | None = None
    pack: Pack | None = None
    strikes: list[tuple[int, RawStrike]] | None = None
    status: str | None = None
    tick: Tick | None = None
    rejects: list[Reject] = []


class Built(msgspec.Struct):
    """A window, ready to go: what to publish, and what to do once it is in the stream."""

    messages: list[tuple[str, str, bytes]] = []
    rejects: list[tuple[str, bytes]] = []
    acks: dict[Connection, list[int]] = {}
    safe: list[tuple[Key, int]] = []
    copies: set[Key] = set()
    online: set[str] = set()
    readings: int = 0


class Flow:
    """Everything between a message that came and one that goes."""

    def __init__(self, book: Book, order: Order, window: Window[Item], adapter_of: Mapping[str, str]) -> None:
        """Join the rooms. `adapter_of` names each source's adapter; ours where none is named."""
        self.book, self.order, self.window = book, order, window
        self._adapter_of = adapter_of
        self.rejected: Counter[Reason] = Counter()
        self.taken = 0
        self.unknown_gateways: Counter[str] = Counter()

    # --- in ------------------------------------------------------------------------------------

    def take(self, raw: RawMessage, now: float) -> None:
        """Take a message in; what is released by it goes into the window."""
        self.taken += 1
        topic = _topic(raw.topic)
        if topic is None:
            self._refuse(Item(raw), Reject(Reason.BAD_TOPIC, None, raw.topic[:120]), now)
            return
        self._BY_KIND[topic.kind](self, raw, topic, now)

    def tick(self, tick: Tick, now: float) -> None:
        """Queue a tick behind everything received so far."""
        self._released(self.order.barrier(Item(tick=tick)), now)

    def due(self, now: float) -> None:
        """Let pass what has waited long enough."""
        self._released(self.order.due(now), now)

    def _readings(self, raw: RawMessage, topic: Topic, now: float) -> None:
        item = Item(raw, topic.gateway)
        reject = self._index.gateway(topic.area, topic.gateway)
        if reject is not None:
            self._refuse(item, reject, now)
            return
        source = raw.connection.endpoint.source
        adapter = adapters.REGISTRY[self._adapter_of.get(source) or adapters.OURS]
        pack, found = adapter(raw.topic, raw.payload, raw.received_at)
        item.rejects = list(found)
        if pack is None:
            self._window(item, now)
            return
        item.pack, item.head = pack, pack.head
        self._arrive(item, topic.gateway, source, pack.readings.times, now)

    def _strikes(self, raw: RawMessage, topic: Topic, now: float) -> None:
        item = Item(raw, topic.gateway)
        reject = strikes.source_declared(self._index, topic.area, topic.gateway)
        if reject is not None:
            self._refuse(item, reject, now)
            return
        item.head, item.strikes, found = adapters.strikes(raw.payload)
        item.rejects = list(found)
        self._arrive(item, topic.gateway, raw.connection.endpoint.source, [s.t for _, s in item.strikes], now)

    def _status(self, raw: RawMessage, topic: Topic, now: float) -> None:
        item = Item(raw, topic.gateway)
        reject = self._index.gateway(topic.area, topic.gateway)
        if reject is None and raw.payload not in (b"online", b"offline"):
            reject = Reject(Reason.BAD_STATUS, None, repr(raw.payload[:40]))
        if reject is not None:
            self._refuse(item, reject, now)
            return
        item.status = raw.payload.decode()
        self._released(self.order.barrier(item), now)

    def _result(self, raw: RawMessage, topic: Topic, now: float) -> None:
        self._refuse(Item(raw, topic.gateway), Reject(Reason.UNKNOWN_COMMAND), now)

    _BY_KIND: Mapping[Kind, Callable[["Flow", RawMessage, Topic, float], None]] = {
        Kind.READINGS: _readings,
        Kind.STRIKES: _strikes,
        Kind.STATUS: _status,
        Kind.RESULT: _result,
    }

    def _arrive(self, item: Item, gateway: str, source: str, times: Iterable[float | None], now: float) -> None:
        # Its time matters only while messages of a resumed session are sorted.
        time_s = min((t for t in times if t is not None), default=0.0) if self.order.gathers(source) else 0.0
        size = 0 if item.raw is None else len(item.raw.payload)
        self._released(self.order.arrive(Arrival(item, source, gateway, item.head, time_s, size), now), now)

    def _refuse(self, item: Item, reject: Reject, now: float) -> None:
        if reject.reason is Reason.UNKNOWN_GATEWAY:
            self.unknown_gateways[reject.detail] += 1
        item.rejects = [reject]
        self._window(item, now)

    def _released(self, released: Iterable[Released], now: float) -> None:
        for one in released:
            self._window(one.what, now)

    def _window(self, item: Item, now: float) -> None:
        self.window.add(item, 0 if item.pack is None else len(item.pack.readings.names), now)

    # --- out -----------------------------------------------------------------------------------

    def build(self, items: list[Item]) -> Built:
        """Messages for what the window held. Changes the book; `keep` or `roll_back` follows."""
        built = Built()
        alive = list(self._alive(items, built))
        for kind, group in groupby(alive, key=_kind):
            _BUILDERS[kind](self, list(group), built)
        for item in items:
            raw = item.raw
            if raw is None:
                continue
            if item.rejects:
                self._keep_rejects(item, raw, built)
            if raw.mid and raw.connection.alive:
                built.acks.setdefault(raw.connection, []).append(raw.mid)
        return built

    def _alive(self, items: list[Item], built: Built) -> Iterator[Item]:
        """Items to publish: those whose connection is there, and of a pack's copies only the first."""
        closing: set[tuple[Key, int]] = set()
        for item in items:
            gone = item.raw is not None and not item.raw.connection.alive
            if item.head is None:
                if not gone:
                    yield item
                continue
            key, seq = (item.gateway or "", item.head.buf), item.head.seq
            buffer = self.order.buffer(key)
            if seq in buffer.seen or (key, seq) in closing:
                built.copies.add(key)
                item.rejects = []  # they were kept with the first copy
                continue
            if gone:
                buffer.passed.discard(seq)  # it comes again on another connection
                continue
            closing.add((key, seq))
            built.safe.append((key, seq))
            yield item

    def _build_packs(self, items: list[Item], built: Built) -> None:
        for item in items:
            if item.head is not None:
                self._build_losses(item, built)
        taken: list[Taken] = []
        origins: list[Origin] = []
        for item in items:
            if item.pack is not None and item.raw is not None:
                gateway, at, head = item.gateway or "", item.raw.received_at, item.head
                taken.append(Taken(gateway, item.pack, at))
                origins.append(Origin(gateway, head.buf if head else "", head.seq if head else 0, at))
        columns = identify(self._index, taken)
        for nth, found in columns.rejects.items():
            items[nth].rejects = [*items[nth].rejects, *found]
        self.book.touch_tail(columns.row)
        flag = quality.check(columns.row, columns.time, columns.value, self.book.limits, self.book.tail)
        self._clocks(origins, columns.counts, columns.time)
        for subject, batch in assemble(self._index, origins, columns, flag):
            built.messages.append((subject, messages.READINGS, batch.encode()))
        built.readings += len(columns.row)

    def _clocks(self, origins: list[Origin], counts: Any, time: Any) -> None:
        filled = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[filled]
        for nth, newest in zip(filled.tolist(), np.maximum.reduceat(time, starts).tolist() if len(filled) else (), strict=True):
            self.book.clock(origins[nth].gateway, min(newest, origins[nth].received_at))

    def _build_strikes(self, items: list[Item], built: Built) -> None:
        batch = messages.StrikeBatch([], [])
        for item in items:
            if item.raw is None or item.strikes is None:
                continue
            if item.head is not None:
                self._build_losses(item, built)
            gateway, at, head = item.gateway or "", item.raw.received_at, item.head
            good, bad = strikes.check(gateway, item.strikes, at)
            item.rejects = [*item.rejects, *bad]
            if not good and head is None:
                continue
            if good:
                self.book.clock(gateway, min(max(strike.time for strike in good), at))
            batch.sources.append(Source(gateway, head.buf if head else "", head.seq if head else 0, 0, 1, at, len(good)))
            batch.strikes += good
        if batch.sources:
            built.messages.append((topics.READINGS_ALL, messages.STRIKES, messages.encode(batch)))

    def _build_losses(self, item: Item, built: Built) -> None:
        """What an agent says of its losses goes on the stream when it is news."""
        if item.head is None or item.raw is None:
            return
        key = (item.gateway or "", item.head.buf)
        news = self.book.tell(key)
        if news is not None:
            first, lost = news
            state = GatewayState(item.raw.received_at, key[0], None, key[1], first, [(a, b) for a, b in lost])
            built.messages.append((topics.READINGS_ALL, messages.GATEWAY, messages.encode(state)))

    def _build_states(self, items: list[Item], built: Built) -> None:
        for item in items:
            if item.raw is None or item.gateway is None or item.status is None:
                continue
            news = self.book.status(item.gateway, item.status)
            if item.status == "online":
                built.online.add(item.gateway)
            if news or not item.raw.retain:
                state = GatewayState(item.raw.received_at, item.gateway, item.status)  # type: ignore[arg-type]
                built.messages.append((topics.READINGS_ALL, messages.GATEWAY, messages.encode(state)))

    def _build_ticks(self, items: list[Item], built: Built) -> None:
        for item in items:
            if item.tick is not None:
                item.tick.clocks = self.book.take_moved()
                built.messages.append((topics.READINGS_ALL, messages.TICK, messages.encode(item.tick)))

    def _keep_rejects(self, item: Item, raw: RawMessage, built: Built) -> None:
        self.rejected.update(reject.reason for reject in item.rejects)
        built.rejects += rejects.messages(
            item.rejects,
            topic=raw.topic,
            gateway=item.gateway,
            received_at=raw.received_at,
            payload=raw.payload,
            most=max(0, min(rejects.MAX_PER_PACK, rejects.MAX_PER_WINDOW - len(built.rejects))),
        )

    @property
    def _index(self) -> Any:
        return self.book.index


def _kind(item: Item) -> str:
    if item.pack is not None:
        return "packs"
    if item.strikes is not None:
        return "strikes"
    if item.status is not None:
        return "states"
    return "ticks" if item.tick is not None else "nothing"


_BUILDERS: Mapping[str, Callable[[Flow, list[Item], Built], None]] = {
    "packs": Flow._build_packs,
    "strikes": Flow._build_strikes,
    "states": Flow._build_states,
    "ticks": Flow._build_ticks,
    "nothing": lambda *_: None,
}
