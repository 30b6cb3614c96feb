"""The hub: one ring of recent events that every connected client reads at its own place.

No queue per client: a client is a position in the ring, so a thousand of them cost what one costs, and
"full" is being further behind than `lag`. Who comes with an older position than the ring holds is
served from the stream itself (`reader.py`) until the ring covers it.
"""

import asyncio
from collections.abc import Sequence

from services.api.push.entry import Entry

RING = 10_000
LAG = 2_000
"""Events that a connected client may be behind before it is told so and cut."""


class Hub:
    """Recent events, where the stream ends, and who waits for more.

    `floor`: every event with a higher sequence, up to `head`, is in the ring. `generation` changes when
    the places of before mean nothing any more: a new epoch, or a lost tail.
    """

    def __init__(self, ring: int = RING, lag: int = LAG) -> None:
        """Start empty and not caught up."""
        self.lag = min(lag, ring)
        self._size = ring
        self._entries: dict[int, Entry] = {}
        self._more = asyncio.Event()
        self.epoch = ""
        self.head = 0
        self.floor = 0
        self.generation = 0
        self.closing = False
        self.clients = 0
        self.caught_up = asyncio.Event()

    def token(self, sequence: int | None = None) -> str:
        """What a client goes on behind: the place of an event; by default the last one that was read."""
        return f"{self.epoch}.{self.head if sequence is None else sequence}"

    def reset(self, epoch: str, position: int) -> None:
        """Begin anew at a position of the stream, with nothing in the ring."""
        self.epoch, self.head, self.floor = epoch, position, position
        self.generation += 1
        self._entries.clear()
        self._wake()

    def append(self, entries: Sequence[Entry], head: int) -> None:
        """Take in what came of the stream, in order; `head` is the last sequence read."""
        for entry in entries:
            self._entries[entry.sequence] = entry
        while len(self._entries) > self._size:
            oldest = next(iter(self._entries))
            del self._entries[oldest]
            self.floor = oldest
        self.head = max(self.head, head)
        self._wake()

    def since(self, position: int, most: int) -> tuple[list[Entry], int]:
        """Events after a position that is not below the floor, and the position they lead to.

        A reader that comes from the stream may be ahead of us; it must not be led back.
        """
        end = max(position, min(self.head, position + most))
        return [self._entries[s] for s in range(position + 1, end + 1) if s in self._entries], end

    async def wait(self, seconds: float) -> None:
        """Until there is something new, or the time is over."""
        more = self._more
        try:
            async with asyncio.timeout(seconds):
                await more.wait()
        except TimeoutError:
            return

    def wake(self) -> None:
        """Let every client look again: what it may have changed."""
        self._wake()

    def close(self) -> None:
        """Let every client go."""
        self.closing = True
        self._wake()

    def _wake(self) -> None:
        # A fresh event each time: who waits on the old one wakes, who comes later waits anew.
        self._more.set()
        self._more = asyncio.Event()
