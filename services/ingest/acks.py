"""What agents are told: `seen` and `want`, the whole present set each time, not more often than agreed."""

from collections.abc import Iterable
from typing import NamedTuple

from services.ingest.order import Key, Order
from services.observation.envelope import encode_ack
from services.observation.topics import ack_subject

EVERY_S = 0.2
"""At most one message per (gateway, buf, kind) in this time."""


class Said(NamedTuple):
    """The last thing an agent was told."""

    at: float
    seen: list[list[int]]
    want: list[list[int]]


class Acks:
    """Remembers who must be told, and what was said last. Takes `now` (monotonic seconds). Pure."""

    def __init__(self, order: Order) -> None:
        """Tell of what `order` knows."""
        self._order = order
        self._due: set[Key] = set()
        self._again: set[Key] = set()
        self._said: dict[Key, Said] = {}

    def changed(self, keys: Iterable[Key]) -> None:
        """These may have news."""
        self._due.update(keys)

    def again(self, keys: Iterable[Key]) -> None:
        """These did not hear us, it seems: tell them even what they were told."""
        keys = set(keys)
        self._again |= keys
        self._due |= keys

    def online(self, gateway: str) -> None:
        """A gateway came back: tell it everything."""
        self.again(key for key in self._order.buffers if key[0] == gateway)

    def failed(self, key: Key) -> None:
        """It was not said after all."""
        self._said.pop(key, None)
        self._due.add(key)

    def messages(self, now: float) -> list[tuple[Key, str, bytes]]:
        """(key, subject, data) for DOWNLINK of everyone whose turn it is."""
        out: list[tuple[Key, str, bytes]] = []
        for key in list(self._due):
            said = self._said.get(key)
            if said is not None and now - said.at < EVERY_S:
                continue
            self._due.discard(key)
            buffer = self._order.buffers.get(key)
            if buffer is None:
                continue
            new = Said(now, buffer.seen.as_list(), buffer.want.as_list())
            again = key in self._again
            self._again.discard(key)
            for kind, ranges, before in (
                ("seen", new.seen, [] if said is None else said.seen),
                ("want", new.want, [] if said is None else said.want),
            ):
                if ranges != before or (again and ranges):
                    out.append((key, ack_subject(*key, kind), encode_ack(kind, key[1], ranges)))
                    self._said[key] = new
        return out
