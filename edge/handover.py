"""Where a caller's thread leaves packs for the agent's thread, and waits for what becomes of them."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

from edge.protocol import Protocol


class Handover:
    """Packs on their way from callers to the protocol, which one thread alone may touch."""

    def __init__(self, protocol: Protocol) -> None:
        """Nothing is handed over yet."""
        self._protocol = protocol
        self._inbox: deque[tuple[bytes, float, str]] = deque()
        self._news = threading.Condition()
        self._waiting = 0
        self.closed = False

    def put(self, packs: Iterable[bytes], now: float, kind: str) -> None:
        """Leave packs, from any thread."""
        self._inbox.extend((records, now, kind) for records in packs)

    def drain(self) -> None:
        """Give the protocol what was left; from the agent's thread."""
        for _ in range(len(self._inbox)):
            self._protocol.add(*self._inbox[0])
            # Taken out only now, so that `unstored` never misses a pack on its way from here to there.
            self._inbox.popleft()

    def __bool__(self) -> bool:
        """Whether something is left here."""
        return bool(self._inbox)

    @property
    def unstored(self) -> int:
        """Packs handed over and not yet stored."""
        return len(self._inbox) + self._protocol.unstored

    def wait(self, reached: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until it is so; False when it is not so in time, or we were closed."""
        with self._news:
            self._waiting += 1
            try:
                return self._news.wait_for(lambda: reached() or self.closed, timeout_s) and reached()
            finally:
                self._waiting -= 1

    def tell(self) -> None:
        """Something has changed: those who wait look again. Costs nothing while nobody waits."""
        if self._waiting:
            with self._news:
                self._news.notify_all()

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._news:
            self.closed = True
            self._news.notify_all()
