"""The agent's side of the acknowledgement protocol (docs/wire.md), as a machine without I/O or clock.

In: packs, connections that come and go, PUBACKs, what ingest and archive say. Out: which pack to
send next. Decisions that docs/wire.md leaves open are in docs/adr/0006-agent-protocol.md; every `now` is
seconds on one monotonic clock.

Over 250 lines: every transition of the agent is in this one file, so that nobody looks for another.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from edge.buffer import Buffer, Lane, Pack
from edge.losses import Losses
from edge.outbox import Outbox
from edge.settings import Settings
from services.observation.envelope import Ack
from services.observation.ranges import Ranges


class Protocol:
    """Everything between a pack handed in and the word `stored`."""

    def __init__(self, buf: str, settings: Settings | None = None, *, plain: bool = False) -> None:
        """Begin a buffer; `buf` is drawn anew for each. `plain`: PUBACK is all we wait for."""
        self.buf = buf
        self.settings = settings or Settings()
        self.plain = plain
        self.buffer = Buffer(self.settings.max_packs, self.settings.max_bytes)
        self.losses = Losses()
        self._outbox = Outbox(self.buffer, self.settings, plain=plain)
        self.aside: deque[Pack] = deque(maxlen=self.settings.max_aside)
        self.stored_packs = 0
        self.dropped = 0
        self.connected = False
        self._seen_order = {Lane.LIVE: 0, Lane.BACKLOG: 0}
        self._seen = Ranges()
        self._stored = Ranges()
        self._watch: list[tuple[float, int, int]] = []
        self._resume_at: float | None = None
        self._order_before = 0
        self._probe_at: float | None = None
        self._probe_s = self.settings.probe_s
        self._told_sent = 0
        self._asked_for_gone = False
        self._carry_at = 0.0

    # -- packs in ------------------------------------------------------------------------------

    def add(self, records: bytes, now: float, kind: str = "readings") -> int:
        """Take a pack in and give it its seq; the bound may push out the oldest."""
        pack, dropped = self.buffer.append(kind, records, now)
        self._outbox.add(pack)
        for old in dropped:
            self._lose(old)
        return pack.seq

    def _lose(self, pack: Pack) -> None:
        self._outbox.landed(pack)
        self.dropped += 1
        if not self.plain:
            self.losses.add(pack.seq)

    # -- the connection ------------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """A connection is up: what had no PUBACK goes again at once, the rest unseen after a grace."""
        self.connected = True
        self._resume_at = now + self.settings.grace_s
        self._order_before = self.sendings
        self._probe_at = now + self._probe_s
        for pack in self.buffer:
            if pack.in_flight:
                self._outbox.landed(pack)
                self._outbox.again(pack)

    def disconnect(self) -> None:
        """The connection is gone, and with it every acknowledgement of what was in flight."""
        self.connected = False
        self._resume_at = None

    def _resend_unseen(self) -> None:
        self._resume_at = None
        for pack in self.buffer:
            if pack.delivered and not pack.seen and pack.order <= self._order_before:
                self._outbox.again(pack)

    # -- what to send --------------------------------------------------------------------------

    def next(self, now: float) -> Pack | None:
        """The pack to send now, marked as sent; None while there is nothing or the window is full."""
        pack = self._outbox.next(now) if self.connected else None
        if pack is not None:
            pack.told = self._told_sent = self.losses.mark
        return pack

    def payload(self, pack: Pack, sent_at: float) -> bytes:
        """The bytes to publish; `sent_at` in seconds since 1970.

        Put together by hand: the records are bytes already, and must not be looked at again.
        """
        if self.plain:
            return pack.records
        return (
            b'{"v":1,"buf":"%b","seq":%d,"prev":%d,"lane":"%b","first":%d,"lost":%b,"sent_at":%.3f,"records":%b}'
            % (
                self.buf.encode(),
                pack.seq,
                pack.prev or 0,
                pack.lane.encode(),
                self.buffer.first,
                self.losses.text(),
                sent_at,
                pack.records,
            )
        )

    # -- what comes back -----------------------------------------------------------------------

    def delivered(self, seq: int, now: float) -> None:
        """The broker PUBACKed a pack: it has it, which is not yet a promise that we have."""
        pack = self.buffer.get(seq)
        if pack is None or not pack.in_flight:
            return
        self._outbox.landed(pack)
        pack.delivered += 1
        if self.plain:
            self._store(pack)
        elif not pack.seen:
            heappush(self._watch, (now + self._patience(pack), seq, pack.order))

    def _patience(self, pack: Pack) -> float:
        if pack.delivered >= self.settings.sendings:
            return self.settings.patience_s
        if pack.lane is Lane.BACKLOG:
            return self.settings.passed_over_backlog_s
        return self.settings.passed_over_s

    def hear(self, ack: Ack, now: float) -> None:
        """Take in what ingest or archive said; a word about another buffer is none of ours."""
        if ack.buf != self.buf or self.plain:
            return
        if ack.stored is not None:
            self._hear_stored(Ranges(ack.stored), now)
        if ack.seen is not None:
            self._hear_seen(Ranges(ack.seen), now)
        if ack.want is not None:
            self._hear_want(ack.want, now)

    def _hear_stored(self, stored: Ranges, now: float) -> None:
        for pack in self._new(stored, self._stored):
            self._store(pack)
            self._progress(now)
        self._stored = stored

    def _store(self, pack: Pack) -> None:
        self._outbox.landed(pack)
        self.buffer.remove(pack.seq)
        self.stored_packs += 1
        self._pass(pack)
        self.losses.told(pack.told)

    def _hear_seen(self, seen: Ranges, now: float) -> None:
        for pack in self._new(seen, self._seen):
            if not pack.seen:
                pack.seen = True
                self._pass(pack)
                self._progress(now)
        for pack in self._new(self._seen, seen):
            # Ingest knows less than before: the stream lost its tail, and it was rebuilt from the rest.
            pack.seen = False
            self._outbox.again(pack)
        self._seen = seen
        if self._resume_at is not None:
            self._resend_unseen()

    def _hear_want(self, want: Sequence[tuple[int, int]], now: float) -> None:
        for first, last in want:
            high = min(last, self.buffer.last)
            if first <= high and (self.losses.again(first, high) or first < self.buffer.first):
                self._asked_for_gone = True
            for pack in self.buffer.within(first, last):
                self._want(pack, now)

    def _want(self, pack: Pack, now: float) -> None:
        if pack.prev is None or pack.in_flight or pack.queued or now - pack.sent_at < self.settings.settle_s:
            return
        if pack.delivered >= self.settings.sendings:
            self.buffer.remove(pack.seq)
            self.aside.append(pack)
            self.losses.add(pack.seq)
            return
        pack.wanted = True
        self._outbox.again(pack)

    def _new(self, now_in: Ranges, before: Ranges) -> Iterable[Pack]:
        """The packs held that are in the one set and not in the other: only the difference is walked."""
        low, high = self.buffer.first, self.buffer.last
        for first, last in now_in:
            for a, b in before.missing(max(first, low), min(last, high)):
                yield from self.buffer.within(a, b)

    def _pass(self, pack: Pack) -> None:
        self._seen_order[pack.lane] = max(self._seen_order[pack.lane], pack.order)

    # -- time ----------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look at what is overdue; to be called a few times a second while connected."""
        if not self.connected or self.plain:
            return
        if self._resume_at is not None and now >= self._resume_at:
            self._resend_unseen()
        self._look_for_passed_over(now)
        self._probe(now)
        self._carry_losses(now)

    def _look_for_passed_over(self, now: float) -> None:
        while self._watch and self._watch[0][0] <= now:
            _, seq, order = heappop(self._watch)
            pack = self.buffer.get(seq)
            if pack is None or pack.seen or pack.order != order:
                continue
            if order < self._seen_order[pack.lane]:
                self._outbox.again(pack)
            else:
                heappush(self._watch, (now + self.settings.passed_over_s, seq, order))

    def _progress(self, now: float) -> None:
        self._probe_s = self.settings.probe_s
        self._probe_at = now + self._probe_s

    def _probe(self, now: float) -> None:
        """The last unseen pack of each lane, once more: ingest answers with `seen` and what it misses."""
        if self._probe_at is None or now < self._probe_at:
            return
        last: dict[Lane, Pack] = {}
        for pack in self.buffer:
            if not pack.delivered or pack.seen or now - pack.sent_at < self.settings.probe_s:
                continue
            if pack.lane not in last or last[pack.lane].order < pack.order:
                last[pack.lane] = pack
        for pack in last.values():
            self._outbox.again(pack)
        if last:
            self._probe_s = min(self._probe_s * 2, self.settings.probe_max_s)
        self._probe_at = now + self._probe_s

    def _carry_losses(self, now: float) -> None:
        """An empty pack, when `lost` or `first` have to be told and no other pack is there to do it."""
        untold = self.losses.untold and self._told_sent < self.losses.mark
        if not (untold or self._asked_for_gone) or now < self._carry_at:
            return
        self._asked_for_gone = False
        self._carry_at = now + self.settings.carry_s
        if not self._outbox:
            self.add(b"[]", now)

    @property
    def sendings(self) -> int:
        """How many packs were sent, repeats counted."""
        return self._outbox.sendings

    @property
    def unstored(self) -> int:
        """How many packs are held."""
        return len(self.buffer)
