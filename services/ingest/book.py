"""What ingest remembers: tails, seqs seen, gateway clocks and states.

Everything in it can be rebuilt from READINGS: `fold` takes one message in, whoever wrote it. While a
window is on its way, its changes can be taken back (`keep`, `roll_back`): what the stream did not take
has not happened. Pure.

Over 250 lines: what ingest remembers, how it is undone and how it is saved must change together.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from services.ingest.order import Key, Order
from services.ingest.quality import NONE, Limits, Tail
from services.ingest.site_index import SiteIndex
from services.observation import batch as batches
from services.observation import messages
from services.observation.batch import Batch, Source
from services.observation.flags import Flag
from services.observation.ranges import Ranges

FORMAT = 2


class SavedBuffer(msgspec.Struct):
    """What is known of one agent's buffer."""

    gateway: str
    buf: str
    seen: list[list[int]]
    first: int
    lost: list[list[int]]
    told_first: int = 1


class Saved(msgspec.Struct):
    """A snapshot's content. Columns are little-endian; tails by sensor id, never by row.

    Format 2 added `suspect`. Of format 1, which is still read, no sample counts as suspect.
    """

    sensors: list[str]
    t1: bytes
    v1: bytes
    t2: bytes
    v2: bytes
    buffers: list[SavedBuffer]
    clocks: dict[str, int]
    statuses: dict[str, str]
    site: str | None
    v: int = FORMAT
    suspect: bytes = b""


_Sample = tuple[int, float, int, float, int]
"""Time and value of a sensor's last sample, of the one before, and which of them are suspect."""


class Book:
    """The state of ingest beside what is held in `Order`."""

    def __init__(self, order: Order) -> None:
        """Know nothing yet; `use` gives it a site."""
        self.order = order
        self.clocks: dict[str, int] = {}
        self.moved: set[str] = set()
        self.statuses: dict[str, str] = {}
        self.told: dict[Key, tuple[int, int]] = {}
        self.site: str | None = None
        self.index: SiteIndex | None = None
        self.tail = Tail(0)
        self.limits = Limits.of(())
        self._parts: dict[tuple[str, str, int], set[int]] = {}
        self._undo: list[Callable[[], None]] = []
        self._parked: dict[str, _Sample] = {}

    # --- the site ----------------------------------------------------------------------------

    def use(self, index: SiteIndex) -> None:
        """From here on, this version; samples of sensors that stay are kept."""
        samples = self._samples()
        self.index = index
        self.limits = Limits.of(index.sensors, index.neighbours)
        self.tail = Tail(len(index.sensors))
        self._put(samples)

    def _samples(self) -> dict[str, _Sample]:
        """Samples by sensor; those of sensors that the site dropped are forgotten at its next version."""
        known, self._parked = self._parked, {}
        if self.index is not None:
            tail = self.tail
            for row in np.flatnonzero(tail.t1 != NONE).tolist():
                known[self.index.names[row]] = (
                    tail.t1[row], tail.v1[row], tail.t2[row], tail.v2[row], tail.suspect[row]
                )  # fmt: skip
        return known

    def _put(self, samples: dict[str, _Sample]) -> None:
        if self.index is None:
            self._parked = samples
            return
        tail = self.tail
        for name, sample in samples.items():
            row = self.index.row_of.get(name)
            if row is not None:
                tail.t1[row], tail.v1[row], tail.t2[row], tail.v2[row], tail.suspect[row] = sample

    # --- changes that can be taken back --------------------------------------------------------

    def keep(self) -> None:
        """What was changed so far is in the stream."""
        self._undo.clear()

    def roll_back(self) -> None:
        """Take back every change since `keep`, last first."""
        while self._undo:
            self._undo.pop()()

    def touch_tail(self, rows: np.ndarray[Any, np.dtype[np.uint32]]) -> None:
        """The samples of these rows are about to change."""
        distinct = self.tail.distinct(rows)
        samples = self.tail.copy_rows(distinct)
        self._undo.append(lambda: self.tail.restore_rows(distinct, samples))

    def _set(self, held: dict[Any, Any], key: object, value: object) -> None:
        was = held.get(key)
        held[key] = value

        def take_back() -> None:
            if was is None:
                del held[key]
            else:
                held[key] = was

        self._undo.append(take_back)

    def clock(self, gateway: str, time: int) -> None:
        """The gateway's readings reach up to `time` (µs UTC), which is not ahead of their arrival."""
        if time > self.clocks.get(gateway, NONE):
            self._set(self.clocks, gateway, time)
            if gateway not in self.moved:
                self.moved.add(gateway)
                self._undo.append(lambda: self.moved.discard(gateway))

    def take_moved(self) -> dict[str, int]:
        """Clocks that changed since the last tick."""
        clocks = {gateway: self.clocks[gateway] for gateway in sorted(self.moved)}
        if clocks:
            was, self.moved = self.moved, set()
            self._undo.append(lambda: self.moved.update(was))
        return clocks

    def status(self, gateway: str, status: str) -> bool:
        """A gateway came or went; True when that is news."""
        if self.statuses.get(gateway) == status:
            return False
        self._set(self.statuses, gateway, status)
        return True

    def tell(self, key: Key) -> tuple[int, list[list[int]]] | None:
        """What of an agent's losses is not on the stream yet: (first, lost); None when all is."""
        buffer = self.order.buffers[key]
        first, losses = self.told.get(key, (1, 0))
        lost = buffer.lost.count()
        holes = buffer.seen.missing(first, buffer.first - 1) if buffer.first > first else []
        # Seqs on their way with this window are no losses; there are never more than were passed.
        below = any(
            seq not in buffer.passed for a, b in holes for seq in range(a, min(b, a + len(buffer.passed)) + 1)
        )
        if buffer.first > first or lost != losses:
            self._set(self.told, key, (buffer.first, lost))
        return (buffer.first, buffer.lost.as_list()) if below or lost != losses else None

    # --- from the stream -----------------------------------------------------------------------

    def fold(self, kind: str, data: bytes) -> None:
        """Take in one message of READINGS.

        Raises:
            BatchError, msgspec.MsgspecError: not a message of ours.
        """
        if kind == messages.READINGS:
            self._fold_batch(batches.decode(data))
        elif kind == messages.STRIKES:
            found = messages.decode_strikes(data)
            times = np.array([strike.time for strike in found.strikes], dtype=np.int64)
            self._fold_clocks(found.sources, times)
            self._fold_sources(found.sources)
        elif kind == messages.SITE:
            self.site = messages.decode_site(data).version
        elif kind == messages.GATEWAY:
            self._fold_state(messages.decode_gateway(data))
        elif kind == messages.TICK:
            self.moved.difference_update(messages.decode_tick(data).clocks)
        self.keep()

    def _fold_batch(self, batch: Batch) -> None:
        self._fold_clocks(batch.sources, batch.time)
        self._fold_sources(batch.sources)
        if self.index is None or not len(batch):
            return
        rows = np.array([self.index.row_of.get(name, -1) for name in batch.sensors], dtype=np.int64)[
            batch.sensor
        ]
        entering = (rows >= 0) & (batch.flag != Flag.FAIL) & (batch.flag != Flag.MISSING)
        self.tail.enter(
            rows[entering].astype(np.uint32),
            batch.time[entering],
            batch.value[entering],
            batch.flag[entering] == Flag.SUSPECT,
        )

    def _fold_clocks(self, sources: list[Source], times: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        start = 0
        for source in sources:
            end = start + source.rows
            if source.rows:
                self.clock(source.gateway, min(int(times[start:end].max()), source.received_at))
            start = end

    def _fold_sources(self, sources: list[Source]) -> None:
        for source in sources:
            if not source.seq:
                continue
            key = (source.gateway, source.buf)
            if source.parts > 1:
                parts = self._parts.setdefault((*key, source.seq), set())
                parts.add(source.part)
                if len(parts) < source.parts:
                    continue
                del self._parts[(*key, source.seq)]
            self.order.safe(key, source.seq)

    def _fold_state(self, state: messages.GatewayState) -> None:
        if state.status is not None:
            self.statuses[state.gateway] = state.status
        if state.buf is not None:
            key = (state.gateway, state.buf)
            buffer = self.order.buffer(key)
            buffer.first = max(buffer.first, state.first or 1)
            buffer.lost.update(Ranges(state.lost or ()))
            self.told[key] = (buffer.first, buffer.lost.count())

    # --- snapshots -----------------------------------------------------------------------------

    def save(self) -> Saved:
        """Everything, as it stands after the last `keep`."""
        rows = np.flatnonzero(self.tail.t1 != NONE)
        names = self.index.names if self.index is not None else []
        tail = self.tail
        return Saved(
            sensors=[names[row] for row in rows.tolist()],
            t1=tail.t1[rows].astype("<i8").tobytes(),
            v1=tail.v1[rows].astype("<f8").tobytes(),
            t2=tail.t2[rows].astype("<i8").tobytes(),
            v2=tail.v2[rows].astype("<f8").tobytes(),
            suspect=tail.suspect[rows].tobytes(),
            buffers=[
                SavedBuffer(
                    g,
                    b,
                    known.seen.as_list(),
                    known.first,
                    known.lost.as_list(),
                    self.told.get((g, b), (1, 0))[0],
                )
                for (g, b), known in self.order.buffers.items()
            ],
            clocks=dict(self.clocks),
            statuses=dict(self.statuses),
            site=self.site,
        )

    def load(self, saved: Saved) -> None:
        """Become what was saved."""
        columns = [
            np.frombuffer(data, dtype=kind).tolist()
            for data, kind in (
                (saved.t1, "<i8"),
                (saved.v1, "<f8"),
                (saved.t2, "<i8"),
                (saved.v2, "<f8"),
                (saved.suspect or bytes(len(saved.sensors)), "u1"),
            )
        ]
        self._put(dict(zip(saved.sensors, zip(*columns, strict=True), strict=True)))
        for known in saved.buffers:
            key = (known.gateway, known.buf)
            buffer = self.order.buffer(key)
            buffer.seen, buffer.lost, buffer.first = Ranges(known.seen), Ranges(known.lost), known.first
            self.told[key] = (known.told_first, buffer.lost.count())
        self.clocks, self.statuses, self.site = dict(saved.clocks), dict(saved.statuses), saved.site
