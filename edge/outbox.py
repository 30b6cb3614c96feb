"""What goes next: two lanes, what is new and what goes again, and how much is on its way."""

from collections import deque
from heapq import heappop, heappush

from edge.buffer import Buffer, Lane, Pack
from edge.settings import Settings


class Outbox:
    """The queues before the window. Packs that the buffer no longer holds fall out by themselves."""

    def __init__(self, buffer: Buffer, settings: Settings, *, plain: bool) -> None:
        """Nothing waits; `plain` packs have no lanes."""
        self._buffer = buffer
        self._window = settings.window
        self._backlog_after_s = None if plain else settings.backlog_after_s
        self._fresh: deque[Pack] = deque()
        self._backlog: deque[Pack] = deque()
        self._again: list[tuple[bool, int]] = []  # heap of (is backlog, seq)
        self._flying = {Lane.LIVE: 0, Lane.BACKLOG: 0}
        self._last_sent = {Lane.LIVE: 0, Lane.BACKLOG: 0}
        self.sendings = 0

    def add(self, pack: Pack) -> None:
        """A new pack waits for its first sending."""
        self._fresh.append(pack)

    def again(self, pack: Pack) -> None:
        """A pack waits to be sent once more; nothing to do while it waits or flies already."""
        if not pack.queued and not pack.in_flight and pack.prev is not None:
            pack.queued = True
            heappush(self._again, (pack.lane is Lane.BACKLOG, pack.seq))

    def landed(self, pack: Pack) -> None:
        """A pack is no longer on its way, for whatever reason."""
        if pack.in_flight:
            pack.in_flight = False
            self._flying[pack.lane] -= 1

    def next(self, now: float) -> Pack | None:
        """The next pack, marked as sent; None while there is nothing or the window is full."""
        if self._flying[Lane.LIVE] + self._flying[Lane.BACKLOG] >= self._window:
            return None
        pack = self._pick(now)
        if pack is None:
            return None
        if pack.prev is None:
            pack.prev = self._last_sent[pack.lane]
            self._last_sent[pack.lane] = pack.seq
        self.sendings += 1
        pack.order = self.sendings
        pack.sent_at = now
        pack.in_flight = True
        self._flying[pack.lane] += 1
        return pack

    def _pick(self, now: float) -> Pack | None:
        """Live before backlog; in each, what goes again before what is new."""
        self._grow_old(now)
        if pack := self._pop_again(backlog=False):
            return pack
        if self._fresh:
            return self._fresh.popleft()
        if self._flying[Lane.BACKLOG] >= max(1, self._window // 2):
            return None
        if pack := self._pop_again(backlog=True):
            return pack
        return self._backlog.popleft() if self._backlog else None

    def _grow_old(self, now: float) -> None:
        """Move what waited too long to the backlog, and drop what the bound pushed out unsent."""
        limit, fresh = self._backlog_after_s, self._fresh
        while fresh:
            pack = fresh[0]
            if self._buffer.get(pack.seq) is None:
                fresh.popleft()
            elif limit is not None and now - pack.added_at > limit:
                pack.lane = Lane.BACKLOG
                self._backlog.append(fresh.popleft())
            else:
                break
        while self._backlog and self._buffer.get(self._backlog[0].seq) is None:
            self._backlog.popleft()

    def _pop_again(self, *, backlog: bool) -> Pack | None:
        while self._again and self._again[0][0] == backlog:
            _, seq = heappop(self._again)
            pack = self._buffer.get(seq)
            if pack is None:
                continue
            pack.queued = False
            if pack.wanted or not pack.seen:
                pack.wanted = False
                return pack
        return None

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._fresh or self._backlog or self._again)
