"""Gather what was released until it is worth a publish. Takes `now` (monotonic seconds).

Few messages go on almost at once; many are gathered longer, because every reader behind us pays per
message and not per reading.
"""

from typing import Generic, TypeVar

SHORT_S = 0.003
LONG_S = 0.02
MANY_ROWS = 600
"""A window that held this many says that the next is worth waiting for."""

MAX_ROWS = 20_000
MAX_ITEMS = 1_000

Item = TypeVar("Item")


class Window(Generic[Item]):
    """Items in order, with the number of readings in them."""

    def __init__(
        self,
        short_s: float = SHORT_S,
        long_s: float = LONG_S,
        max_rows: int = MAX_ROWS,
        max_items: int = MAX_ITEMS,
    ) -> None:
        """Wait `short_s`, or `long_s` while much comes; full at `max_rows` readings or `max_items`."""
        self._short_s, self._long_s, self._max_rows, self._max_items = short_s, long_s, max_rows, max_items
        self._items: list[Item] = []
        self._rows = 0
        self._wait_s = short_s
        self._opened = 0.0

    def __len__(self) -> int:
        """Return the number of items gathered."""
        return len(self._items)

    def add(self, item: Item, rows: int, now: float) -> None:
        """Put an item behind the others."""
        if not self._items:
            self._opened = now
        self._items.append(item)
        self._rows += rows

    def full(self) -> bool:
        """Whether no more should be put in before `take`."""
        return self._rows >= self._max_rows or len(self._items) >= self._max_items

    def due_at(self) -> float | None:
        """When to take what is there; None while it is empty."""
        if not self._items:
            return None
        return self._opened if self.full() else self._opened + self._wait_s

    def take(self) -> list[Item]:
        """Everything gathered; the next window begins empty."""
        items = self._items
        busy = self._rows >= MANY_ROWS or len(items) >= MANY_ROWS // 10
        self._wait_s = self._long_s if busy else self._short_s
        self._items, self._rows = [], 0
        return items
