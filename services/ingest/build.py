"""The way out: a window becomes messages for READINGS. Pure.

What is built has happened only once the stream has it: until then the book can take it back.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.ingest import quality, rejects, strikes
from services.ingest.assemble import Origin, assemble
from services.ingest.book import Book
from services.ingest.identify import Taken, identify
from services.ingest.items import Built, Item
from services.ingest.order import Key, Order
from services.ingest.raw import RawMessage
from services.ingest.rejects import Reason, Reject
from services.observation import messages, topics
from services.observation.batch import Source
from services.observation.messages import GatewayState, Tick


class _Kind(Enum):
    PACKS = auto()
    STRIKES = auto()
    STATES = auto()
    TICKS = auto()


class Builder:
    """Identify, quality and assembly, for whatever a window holds, in its order."""

    def __init__(self, book: Book, order: Order) -> None:
        """Build on this book."""
        self._book, self._order = book, order
        self.rejected: Counter[Reason] = Counter()
        self._of_kind: Mapping[_Kind, Callable[[list[Item], Built], None]] = {
            _Kind.PACKS: self._build_packs,
            _Kind.STRIKES: self._build_strikes,
            _Kind.STATES: self._build_states,
            _Kind.TICKS: self._build_ticks,
        }

    def build(self, items: list[Item]) -> Built:
        """Messages for what the window held. Changes the book; `keep` or `roll_back` follows."""
        built = Built()
        alive = list(self._alive(items, built))
        for kind, group in groupby(alive, key=_kind):
            if kind is not None:
                self._of_kind[kind](list(group), built)
        for item in items:
            raw = item.raw
            if raw is None:
                continue
            if item.result is not None and raw.connection.alive:
                built.results.append((item, item.result))
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
            buffer = self._order.buffer(key)
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
        index = self._book.index
        if index is None:
            return
        columns = identify(index, taken)
        for nth, found in columns.rejects.items():
            items[nth].rejects = [*items[nth].rejects, *found]
        self._book.touch_tail(columns.row)
        flag = quality.check(columns.row, columns.time, columns.value, self._book.limits, self._book.tail)
        self._clocks(origins, columns.counts, columns.time)
        for subject, batch in assemble(index, origins, columns, flag):
            built.messages.append((subject, messages.READINGS, batch.encode()))
        built.readings += len(columns.row)

    def _clocks(self, origins: list[Origin], counts: NDArray[np.int64], time: NDArray[np.int64]) -> None:
        filled = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[filled]
        # The book is told once per gateway: it remembers each change, to be able to take it back.
        reached: dict[str, int] = {}
        for nth, newest in zip(
            filled.tolist(), np.maximum.reduceat(time, starts).tolist() if len(filled) else (), strict=True
        ):
            gateway, _, _, received_at = origins[nth]
            at = min(newest, received_at)
            if at > reached.get(gateway, quality.NONE):
                reached[gateway] = at
        for gateway, at in reached.items():
            self._book.clock(gateway, at)

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
                self._book.clock(gateway, min(max(strike.time for strike in good), at))
            batch.sources.append(
                Source(gateway, head.buf if head else "", head.seq if head else 0, 0, 1, at, len(good))
            )
            batch.strikes += good
        if batch.sources:
            built.messages.append((topics.READINGS_ALL, messages.STRIKES, messages.encode(batch)))

    def _build_losses(self, item: Item, built: Built) -> None:
        """What an agent says of its losses goes on the stream when it is news."""
        if item.head is None or item.raw is None:
            return
        key = (item.gateway or "", item.head.buf)
        news = self._book.tell(key)
        if news is not None:
            first, lost = news
            state = GatewayState(item.raw.received_at, key[0], None, key[1], first, [(a, b) for a, b in lost])
            built.messages.append((topics.READINGS_ALL, messages.GATEWAY, messages.encode(state)))

    def _build_states(self, items: list[Item], built: Built) -> None:
        for item in items:
            if item.raw is None or item.gateway is None or item.status is None:
                continue
            news = self._book.status(item.gateway, item.status)
            if news and item.status == "offline":
                self._build_last_tick(item.raw.received_at, built)
            if item.status == "online":
                built.online.add(item.gateway)
            if news or not item.raw.retain:
                state = GatewayState(item.raw.received_at, item.gateway, item.status)  # type: ignore[arg-type]
                built.messages.append((topics.READINGS_ALL, messages.GATEWAY, messages.encode(state)))

    def _build_last_tick(self, now: int, built: Built) -> None:
        """Before a gateway leaves, everybody hears how far the clocks have come.

        Else what fell due before it left would be judged as unknown, and a short recording would end
        differently from one replay to the next. It ages nothing: dt is 0.
        """
        moved = self._book.take_moved()
        if moved:
            tick = Tick(t=now, dt=0, sources=[], clocks=moved)
            built.messages.append((topics.READINGS_ALL, messages.TICK, messages.encode(tick)))

    def _build_ticks(self, items: list[Item], built: Built) -> None:
        for item in items:
            if item.tick is not None:
                item.tick.clocks = self._book.take_moved()
                built.messages.append((topics.READINGS_ALL, messages.TICK, messages.encode(item.tick)))

    def unknown(self, item: Item, detail: str) -> list[tuple[str, bytes]]:
        """The reject of a result that no command waits for."""
        item.rejects = [Reject(Reason.UNKNOWN_COMMAND, None, detail)]
        built = Built()
        if item.raw is not None:
            self._keep_rejects(item, item.raw, built)
        return built.rejects

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


def _kind(item: Item) -> _Kind | None:
    """None for what does not go on READINGS: a reject, a pack of nothing, a result of a command."""
    if item.pack is not None:
        return _Kind.PACKS
    if item.strikes is not None:
        return _Kind.STRIKES
    if item.status is not None:
        return _Kind.STATES
    return _Kind.TICKS if item.tick is not None else None
