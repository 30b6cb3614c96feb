"""Who waits for whom, and until when. Takes `now` (monotonic seconds), has no clock of its own.

A pack waits for the pack its lane sent before it, and for nothing else. Plain messages of a resumed
session are gathered and sorted, because a broker sends again what is old after what is new. Ticks
and states of gateways queue behind everything received before them.

Over 250 lines: every rule about who waits is in this one file.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any, NamedTuple

from services.observation.envelope import Head
from services.observation.ranges import Ranges

ACK_WAIT_S = 2.0
"""After which nats-server sends again what was not acknowledged (set by `up`)."""

HOLD_S = ACK_WAIT_S + 1.0
HOLD_BACKLOG_S = 10.0
MAX_HELD_BYTES = 256_000_000
"""Beyond, the oldest pass early: memory is worth more than order."""

Key = tuple[str, str]
"""(gateway, buf): one agent's buffer, one count of packs."""


class Arrival(NamedTuple):
    """One message on its way through. `what` is the caller's; `time_s`: measured, for sorting."""

    what: Any
    source: str = ""
    gateway: str = ""
    head: Head | None = None
    time_s: float = 0.0
    size: int = 0


class Released(NamedTuple):
    """A message whose turn it is. A copy is acknowledged and goes no further."""

    what: Any
    copy: bool = False


class Buffer:
    """What is known of one agent's buffer. `passed` are released but not yet safe in the stream."""

    __slots__ = ("first", "lost", "passed", "seen", "want")

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen = Ranges()
        self.want = Ranges()
        self.lost = Ranges()
        self.first = 1
        self.passed: set[int] = set()

    def settled(self, seq: int) -> bool:
        """Whether nobody needs to wait for this seq: here, or never to come."""
        return seq == 0 or seq in self.passed or seq in self.seen or seq < self.first or seq in self.lost


class _Held(NamedTuple):
    number: int
    arrival: Arrival


class Order:
    """Packs in the order their agents sent them, or due to pass."""

    def __init__(self, hold_s: float = HOLD_S, hold_backlog_s: float = HOLD_BACKLOG_S) -> None:
        """Hold live packs at most `hold_s`, backlog `hold_backlog_s`; gather plain messages `hold_s`."""
        self.buffers: dict[Key, Buffer] = {}
        self.asked: set[Key] = set()
        """Buffers whose `want` grew since someone last looked."""
        self._hold_s = hold_s
        self._hold_backlog_s = hold_backlog_s
        self._number = 0
        self._held: dict[int, Arrival] = {}  # by number of arrival, so the first key is the oldest
        self._held_bytes = 0
        self._waiting: dict[tuple[Key, int], list[_Held]] = {}
        self._deadlines: list[tuple[float, int]] = []
        self._gathering: dict[str, float] = {}
        self._gathered: dict[str, list[_Held]] = {}
        self._barriers: deque[tuple[int, Any]] = deque()

    def buffer(self, key: Key) -> Buffer:
        """What is known of an agent's buffer; an empty account at first."""
        known = self.buffers.get(key)
        if known is None:
            known = self.buffers[key] = Buffer()
        return known

    def gathers(self, source: str) -> bool:
        """Whether plain messages of this source are gathered now, to be sorted by their time."""
        return source in self._gathering

    # --- what happens ------------------------------------------------------------------------

    def connected(self, source: str, now: float, *, session_present: bool) -> None:
        """A session of this source began; a resumed one sends old messages again."""
        if session_present:
            self._gathering[source] = now + self._hold_s

    def arrive(self, arrival: Arrival, now: float) -> list[Released]:
        """Take a message in; what may go on now, in order."""
        self._number += 1
        head = arrival.head
        if head is None:
            if arrival.source not in self._gathering:
                return [Released(arrival.what)]
            held = self._hold(arrival, self._gathering[arrival.source])
            self._gathered.setdefault(arrival.source, []).append(held)
            return self._while_too_much()
        key = (arrival.gateway, head.buf)
        buffer = self.buffer(key)
        self.told(key, head)
        asked_for = head.seq in buffer.want
        if buffer.settled(head.prev) or head.seq in buffer.seen or asked_for:
            # What was asked for comes after what followed it anyway: waiting would mend nothing,
            # and asking for its own predecessor at once closes a long gap without a wait per pack.
            if asked_for and not buffer.settled(head.prev):
                self._ask_for(key, buffer, head.prev)
            return self._release(key, buffer, head, arrival)
        hold_s = self._hold_backlog_s if head.lane == "backlog" else self._hold_s
        held = self._hold(arrival, now + hold_s)
        self._waiting.setdefault((key, head.prev), []).append(held)
        return self._while_too_much()

    def barrier(self, what: Any) -> list[Released]:
        """Queue something behind everything received so far."""
        self._number += 1
        self._barriers.append((self._number, what))
        return list(self._free_barriers())

    def due(self, now: float) -> list[Released]:
        """Let pass what has waited long enough."""
        out: list[Released] = []
        for source in [s for s, until in self._gathering.items() if until <= now]:
            del self._gathering[source]
            gathered = self._gathered.pop(source, [])
            gathered.sort(key=lambda held: (held.arrival.time_s, held.number))
            out += [Released(held.arrival.what) for held in gathered if self._drop(held.number)]
        while self._deadlines and self._deadlines[0][0] <= now:
            out += self._pass(heappop(self._deadlines)[1])
        out += self._free_barriers()
        return out

    def next_due(self) -> float | None:
        """When `due` has something to do at the latest; None when nothing is held."""
        while self._deadlines and self._deadlines[0][1] not in self._held:
            heappop(self._deadlines)
        times = [*self._gathering.values(), *(d[0] for d in self._deadlines[:1])]
        return min(times) if times else None

    def told(self, key: Key, head: Head) -> None:
        """Take in what an envelope says of its buffer: seqs that need not be waited for."""
        buffer = self.buffer(key)
        if head.first > buffer.first:
            buffer.first = head.first
            if buffer.want:
                buffer.want.remove(1, head.first - 1)
        for first, last in head.lost:
            if buffer.lost.missing(first, last):
                buffer.lost.add(first, last)
                buffer.want.remove(first, last)

    def safe(self, key: Key, seq: int) -> None:
        """The pack is in the stream."""
        buffer = self.buffer(key)
        buffer.seen.add(seq)
        buffer.passed.discard(seq)
        if buffer.want:
            buffer.want.remove(seq, seq)

    def missing(self, key: Key, first: int, last: int) -> None:
        """The stream dropped these before the archive read them: they must come once more."""
        buffer = self.buffer(key)
        buffer.seen.remove(first, last)
        for a, b in buffer.lost.missing(max(first, buffer.first), max(last, buffer.first - 1)):
            buffer.want.add(a, b)
        self.asked.add(key)

    def forget_unsafe(self) -> None:
        """Everything not in the stream is dropped: it will come again on another connection."""
        self._held.clear()
        self._held_bytes = 0
        self._waiting.clear()
        self._deadlines.clear()
        self._gathered.clear()
        self._gathering.clear()
        self._barriers.clear()
        for buffer in self.buffers.values():
            buffer.passed.clear()

    def forget_source(self, source: str) -> None:
        """A connection is gone: drop what it brought and what is still held."""
        for number in [n for n, arrival in self._held.items() if arrival.source == source]:
            self._drop(number)
        self._gathering.pop(source, None)
        self._gathered.pop(source, None)

    def held(self) -> int:
        """How many messages wait."""
        return len(self._held)

    # --- how it is done ----------------------------------------------------------------------

    def _hold(self, arrival: Arrival, until: float) -> _Held:
        self._held[self._number] = arrival
        self._held_bytes += arrival.size
        if arrival.head is not None:
            heappush(self._deadlines, (until, self._number))
        return _Held(self._number, arrival)

    def _drop(self, number: int) -> bool:
        arrival = self._held.pop(number, None)
        if arrival is None:
            return False
        self._held_bytes -= arrival.size
        return True

    def _release(self, key: Key, buffer: Buffer, head: Head, arrival: Arrival) -> list[Released]:
        """Release a pack, then everyone who waited for it, and who waited for those."""
        out: list[Released] = []
        queue = deque([(head, arrival)])
        while queue:
            head, arrival = queue.popleft()
            copy = head.seq in buffer.seen or head.seq in buffer.passed
            if not copy:
                buffer.passed.add(head.seq)
            out.append(Released(arrival.what, copy))
            if self._waiting:
                for held in self._waiting.pop((key, head.seq), ()):
                    if self._drop(held.number) and held.arrival.head is not None:
                        queue.append((held.arrival.head, held.arrival))
        if self._barriers:
            out += self._free_barriers()
        return out

    def _pass(self, number: int) -> list[Released]:
        """One has waited long enough: it goes on, and its predecessor is asked for."""
        arrival = self._held.get(number)
        if arrival is None or arrival.head is None:
            return []
        self._drop(number)
        key = (arrival.gateway, arrival.head.buf)
        buffer = self.buffers[key]
        if not buffer.settled(arrival.head.prev):
            self._ask_for(key, buffer, arrival.head.prev)
        return self._release(key, buffer, arrival.head, arrival)

    def _ask_for(self, key: Key, buffer: Buffer, seq: int) -> None:
        buffer.want.add(seq)
        self.asked.add(key)

    def _while_too_much(self) -> list[Released]:
        out: list[Released] = []
        while self._held_bytes > MAX_HELD_BYTES:
            number, arrival = next(iter(self._held.items()))
            if arrival.head is not None:
                out += self._pass(number)
            elif self._drop(number):
                out.append(Released(arrival.what))
                out += self._free_barriers()
        return out

    def _free_barriers(self) -> Iterator[Released]:
        while self._barriers:
            number, what = self._barriers[0]
            oldest = next(iter(self._held), None)
            if oldest is not None and oldest < number:
                return
            self._barriers.popleft()
            yield Released(what)
