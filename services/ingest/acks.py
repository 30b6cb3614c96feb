"""What agents are told: `seen` and `want`, the whole present set each time, not more often than agreed."""

from collections.abc import Iterable
from typing import NamedTuple

from services.ingest.order import Key, Order
from services.observation.envelope import encode_ack
from services.observation.topics import ack_subject

EVERY_S = 0.2
"""At most one message per (gateway, buf, kind) in this time."""

MAX_AT_ONCE = 100
"""Of messages in one go: with thousands of agents each hears less often, and readings come first."""


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
        self._due: dict[Key, None] = {}  # in the order they became due
        self._again: set[Key] = set()
        self._said: dict[Key, Said] = {}

    def changed(self, keys: Iterable[Key]) -> None:
        """These may have news."""
        self._due.update(dict.fromkeys(keys))

    def again(self, keys: Iterable[Key]) -> None:
        """These did not hear us, it seems: tell them even what they were told."""
        keys = set(keys)
        self._again |= keys
        self._due.update(dict.fromkeys(keys))

    def online(self, gateway: str) -> None:
        """A gateway came back: tell it everything."""
        self.again(key for key in self._order.buffers if key[0] == gateway)

    def everyone(self) -> None:
        """Perhaps nobody heard what was said last."""
        self.again(self._order.buffers)

    def messages(self, now: float) -> list[tuple[str, bytes]]:
        """(subject, data) for DOWNLINK of everyone whose turn it is, at most `MAX_AT_ONCE` of them."""
        out: list[tuple[str, bytes]] = []
        for key in list(self._due):
            if len(out) >= MAX_AT_ONCE:
                break
            said = self._said.get(key)
            if said is not None and now - said.at < EVERY_S:
                continue
            del self._due[key]
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
                    out.append((ack_subject(*key, kind), encode_ack(kind, key[1], ranges)))
                    self._said[key] = new
        return out
