"""The agent's packs, held until the archive says they are stored. In memory; bounded.

What the bound pushes out is the oldest, and it is handed back to be named in `lost`: a buffer may
forget, but never in silence.
"""

from collections.abc import Iterator
from enum import StrEnum


class Lane(StrEnum):
    """Which queue a pack travels in: what is new never waits for what has piled up."""

    LIVE = "live"
    BACKLOG = "backlog"


class Pack:
    """One pack and how far it has come.

    Attributes:
        seq: its number in this buffer, from 1.
        kind: tail of the topic it goes to, `readings` or `strikes`.
        records: the bytes of its records, kept as they were given.
        added_at: when it was handed in, seconds on the caller's monotonic clock.
        lane: fixed at first sending, as is `prev`.
        prev: the seq its lane sent before it; None while it was never sent.
        order: number of its last sending, counted over the whole buffer.
        sent_at: when it was last sent.
        in_flight: sent on the present connection and not yet PUBACKed.
        delivered: how many sendings were PUBACKed.
        seen: ingest says it is safe in the stream.
        queued: waits to be sent again.
        wanted: waits because ingest asked for it, seen or not.
        told: how much of `lost` its last sending named.
    """

    __slots__ = (
        "added_at",
        "delivered",
        "in_flight",
        "kind",
        "lane",
        "order",
        "prev",
        "queued",
        "records",
        "seen",
        "sent_at",
        "seq",
        "told",
        "wanted",
    )

    def __init__(self, seq: int, kind: str, records: bytes, added_at: float) -> None:
        """Take a pack in; nothing has been sent yet."""
        self.seq = seq
        self.kind = kind
        self.records = records
        self.added_at = added_at
        self.lane = Lane.LIVE
        self.prev: int | None = None
        self.order = 0
        self.sent_at = 0.0
        self.in_flight = False
        self.delivered = 0
        self.seen = False
        self.queued = False
        self.wanted = False
        self.told = 0


class Buffer:
    """Packs by seq, oldest first."""

    def __init__(self, max_packs: int, max_bytes: int) -> None:
        """Hold at most so many packs and bytes of records."""
        self._packs: dict[int, Pack] = {}
        self._max_packs = max_packs
        self._max_bytes = max_bytes
        self._first = 1
        self.last = 0
        self.bytes = 0

    def append(self, kind: str, records: bytes, now: float) -> tuple[Pack, list[Pack]]:
        """Give a pack the next seq; returns it and what had to go for it, oldest first."""
        self.last += 1
        pack = Pack(self.last, kind, records, now)
        self._packs[pack.seq] = pack
        self.bytes += len(records)
        dropped = []
        while len(self._packs) > 1 and (len(self._packs) > self._max_packs or self.bytes > self._max_bytes):
            dropped.append(self._packs[self.first])
            self.remove(self.first)
        return pack, dropped

    def remove(self, seq: int) -> Pack | None:
        """Forget a pack; None when it is not held."""
        pack = self._packs.pop(seq, None)
        if pack is not None:
            self.bytes -= len(pack.records)
        return pack

    def get(self, seq: int) -> Pack | None:
        """The pack of that number, if it is still held."""
        return self._packs.get(seq)

    @property
    def first(self) -> int:
        """The lowest seq still held; one past the last when nothing is."""
        # A pointer that only moves on: asking the dict for its first key would walk over all that went.
        while self._first <= self.last and self._first not in self._packs:
            self._first += 1
        return self._first

    def within(self, first: int, last: int) -> list[Pack]:
        """The packs held in first..last, both included, in order."""
        first, last = max(first, self.first), min(last, self.last)
        if last - first < len(self._packs):
            return [pack for seq in range(first, last + 1) if (pack := self._packs.get(seq)) is not None]
        return [pack for pack in self._packs.values() if first <= pack.seq <= last]

    def __len__(self) -> int:
        """How many packs are held."""
        return len(self._packs)

    def __iter__(self) -> Iterator[Pack]:
        """The packs held, oldest first."""
        return iter(list(self._packs.values()))
