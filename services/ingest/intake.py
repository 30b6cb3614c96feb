"""The way in: a message is decoded, waits for its turn, and goes into the window. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from services.ingest import adapters, results, strikes
from services.ingest.book import Book
from services.ingest.items import Item
from services.ingest.order import Arrival, Order, Released
from services.ingest.raw import RawMessage
from services.ingest.rejects import Reason, Reject
from services.ingest.site_index import SiteIndex
from services.ingest.window import Window
from services.observation import topics
from services.observation.messages import Tick
from services.observation.topics import Kind, Topic

_topic = lru_cache(maxsize=65_536)(topics.parse)


class Intake:
    """Everything between a message that came and the window it leaves in."""

    def __init__(self, book: Book, order: Order, window: Window[Item], adapter_of: Mapping[str, str]) -> None:
        """Join the rooms. `adapter_of` names each source's adapter; ours where none is named."""
        self._book, self._order, self._window, self._adapter_of = book, order, window, adapter_of
        self.taken = 0
        self.unknown_gateways: Counter[str] = Counter()

    def take(self, raw: RawMessage, now: float) -> None:
        """Take a message in; what is released by it goes into the window."""
        self.taken += 1
        topic = _topic(raw.topic)
        if topic is None:
            self._refuse(Item(raw), Reject(Reason.BAD_TOPIC, None, raw.topic[:120]), now)
            return
        self._BY_KIND[topic.kind](self, raw, topic, now)

    def tick(self, tick: Tick, now: float) -> None:
        """Queue a tick behind everything received so far; of a source that is back, it waits for nothing."""
        if tick.resumed:
            self._leave(Item(tick=tick), now)
            return
        self._released(self._order.barrier(Item(tick=tick)), now)

    def due(self, now: float) -> None:
        """Let pass what has waited long enough."""
        self._released(self._order.due(now), now)

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
            self._leave(item, now)
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
        self._released(self._order.barrier(item), now)

    def _result(self, raw: RawMessage, topic: Topic, now: float) -> None:
        item = Item(raw, topic.gateway)
        reject = self._index.gateway(topic.area, topic.gateway)
        found = reject or results.decode(raw.payload)
        if isinstance(found, Reject):
            self._refuse(item, found, now)
            return
        item.result = found
        self._leave(item, now)

    _BY_KIND: Mapping[Kind, Callable[["Intake", RawMessage, Topic, float], None]] = {
        Kind.READINGS: _readings,
        Kind.STRIKES: _strikes,
        Kind.STATUS: _status,
        Kind.RESULT: _result,
    }

    def _arrive(
        self, item: Item, gateway: str, source: str, times: Iterable[float | None], now: float
    ) -> None:
        # Its time matters only while messages of a resumed session are sorted.
        time_s = min((t for t in times if t is not None), default=0.0) if self._order.gathers(source) else 0.0
        size = 0 if item.raw is None else len(item.raw.payload)
        self._released(self._order.arrive(Arrival(item, source, gateway, item.head, time_s, size), now), now)

    def _refuse(self, item: Item, reject: Reject, now: float) -> None:
        if reject.reason is Reason.UNKNOWN_GATEWAY:
            self.unknown_gateways[reject.detail] += 1
        item.rejects = [reject]
        self._leave(item, now)

    def _released(self, released: Iterable[Released], now: float) -> None:
        for one in released:
            self._leave(one.what, now)

    def _leave(self, item: Item, now: float) -> None:
        self._window.add(item, 0 if item.pack is None else len(item.pack.readings.names), now)

    @property
    def _index(self) -> SiteIndex:
        if self._book.index is None:
            msg = "no site yet: sessions must not begin before there is one"
            raise RuntimeError(msg)
        return self._book.index
