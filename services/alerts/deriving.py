"""The readings of derived sensors, computed in columns from what a batch brought their sources.

Each newer reading of a source makes one of each of its outputs, of the same time and place in the order of
work: usable or not as the source's is, with a value where `compute` gave one. So a derived sensor is heard,
silent, failing and blind exactly as its source. A late reading fills the window, triggers nothing, and counts
for what comes after it: a run of readings is computed at once between two of these.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerts.core import Core
from services.alerts.derivations import Placed
from services.alerts.derive import Bools, Computed, Floats, Ints, Series
from services.alerts.rows import Rows, newest_before
from services.alerts.window import Ring, Window
from services.observation.flags import Flag


class _Run(NamedTuple):
    """Readings of one source between two late ones: places in the block, and the window beside them."""

    start: int
    end: int
    time: Ints
    value: Floats
    upto: Ints  # of each reading from start to end


class _Block:
    """Readings of the sources of one derivation, grouped by source, and what comes of them."""

    def __init__(self, core: Core, placed: Placed, rows: Rows, at: Ints, index: Ints) -> None:
        """Readings `at` of `rows`; `index` says of which source each is."""
        self.core, self.placed, self.index = core, placed, index
        self.time, self.value, self.arrival = rows.time[at], rows.value[at], rows.arrival[at]
        self.starts = np.flatnonzero(rows.first[at])
        self.ends = np.append(self.starts[1:], len(at))
        # Derived rows are heard as their source is: theirs is its last time before this batch.
        newest = newest_before(rows, at, core.state.last[placed.first + index])
        flag = rows.flag[at]
        finite = np.isfinite(self.value)
        self.fresh = self.time > newest
        self.usable = flag <= Flag.SUSPECT
        least = rows.lower[at] if rows.derived else np.zeros(len(at), bool)
        if not rows.derived:
            self.usable &= finite
        self.suspect = (flag == Flag.SUSPECT) | least
        self.kept = self.usable & finite & ~self.suspect & (self.time != newest)
        reached = self.value >= placed.floor[index]  # not so of NaN
        self.todo = self.fresh & self.usable & reached
        self.none = self.fresh & self.usable & finite & ~reached
        if rows.derived:
            self.none |= self.fresh & rows.none[at]
        outputs = len(placed.derivation.outputs)
        self.values = np.full((outputs, len(at)), np.nan)
        self.lower = np.zeros(self.values.shape, bool)
        self.absent = np.zeros(self.values.shape, bool)
        self.runs: dict[int, list[_Run]] = {}
        self.held: dict[str, Floats] = {}

    def work(self) -> None:
        """Compute what there is to compute, then remember the readings."""
        core, placed = self.core, self.placed
        window: Window = core.state.windows[placed.first]
        bounded = isinstance(window, Ring)
        busy = np.zeros(len(self.starts), bool)
        groups = self.index[self.starts]
        for output in range(len(placed.derivation.outputs)):
            busy |= ~core.state.idle[placed.first + output * placed.size + groups]
        wanted = _any(self.todo, self.starts) | (busy & _any(self.none, self.starts))
        if not bounded:
            wanted |= _any(self.kept, self.starts)
        which = np.flatnonzero(wanted)
        if len(which):
            self.held = {
                name: core.state.inputs.at(rows[self.index], self.arrival, self.time)
                for name, rows in zip(placed.derivation.inputs, placed.inputs, strict=True)
            }
        for group in which.tolist():
            self._runs(window, group)
        if isinstance(window, Ring):
            window.put(self.index[self.kept], self.time[self.kept], self.value[self.kept])

    def _runs(self, window: Window, group: int) -> None:
        """Split the readings of a source at its late ones, compute each run, keep the window."""
        start, end = int(self.starts[group]), int(self.ends[group])
        index = int(self.index[start])
        past = window.past(index)
        late = start + np.flatnonzero((self.kept & ~self.fresh)[start:end])
        runs = self.runs[index] = []
        for begin, stop in pairwise([start - 1, *late.tolist(), end]):
            part = slice(begin + 1, stop)
            kept = np.flatnonzero(self.kept[part])
            kept = begin + 1 + kept[window.takes(index, past[0], self.time[part][kept])]
            counts = np.zeros(stop - begin, np.int64)
            counts[kept - begin] = 1
            run = _Run(
                begin + 1,
                stop,
                np.concatenate([past[0], self.time[kept]]),
                np.concatenate([past[1], self.value[kept]]),
                len(past[0]) + np.cumsum(counts)[:-1],
            )
            runs.append(run)
            todo = begin + 1 + np.flatnonzero(self.todo[part])
            if len(todo):
                self._write(todo, self._compute(run, todo))
            past = run.time, run.value
            if stop < end and window.room(index, past[0], int(self.time[stop])):
                place = int(np.searchsorted(past[0], self.time[stop]))
                past = (
                    np.insert(past[0], place, self.time[stop]),
                    np.insert(past[1], place, self.value[stop]),
                )
        if not isinstance(window, Ring):
            newest = int(self.time[start:end].max())
            first = int(np.searchsorted(past[0], window.since(index, newest)))
            window.store(index, past[0][first:], past[1][first:])

    def _compute(self, run: _Run, at: Ints) -> Computed:
        placed, layout = self.placed, self.core.layout
        index = int(self.index[run.start])
        row = int(placed.source[index])
        return placed.derivation.compute(
            Series(
                run.time,
                run.value,
                run.upto[at - run.start],
                self.time[at],
                self.value[at],
                int(placed.window[index]),
                int(layout.interval[row]),
                layout.site.stations[layout.station[row]].attributes,
                {name: column[at] for name, column in self.held.items()},
                layout.local,
            )
        )

    def _write(self, at: Ints, computed: Computed) -> None:
        values = computed.values
        absent = np.isinf(values)
        if absent.any():
            self.absent[:, at] = absent
            values = np.where(absent, np.nan, values)
        self.values[:, at] = values
        if computed.lower_bound is not None:
            self.lower[:, at] = computed.lower_bound & ~np.isnan(values)

    def ask(self, output: int, at: int) -> float:
        """Value of an output at a reading it was not computed at; NaN where it can't be said."""
        for run in self.runs.get(int(self.index[at]), ()):
            if run.start <= at < run.end:
                value = float(self._compute(run, np.array([at])).values[output, 0])
                return value if abs(value) < float("inf") else float("nan")
        return float("nan")


def derive(core: Core, level: Sequence[Placed], streams: Sequence[Rows | None]) -> Rows | None:
    """Readings of the derived sensors of one level; None when the batch brought their sources nothing.

    `streams`: the readings of every level below.
    """
    blocks: list[_Block] = []
    base: Rows | None = None
    for placed in level:
        for stream in placed.streams:
            rows = streams[stream]
            if rows is None:
                continue
            index = placed.place[rows.sensor]
            at = np.flatnonzero(index >= 0)
            if len(at):
                blocks.append(_Block(core, placed, rows, at, index[at]))
                base = rows
    for block in blocks:
        block.work()
    return _gather(blocks, base) if base is not None else None


def _gather(blocks: Sequence[_Block], base: Rows) -> Rows | None:
    """Columns of all outputs of all blocks, grouped by row."""
    columns: list[list[NDArray[np.generic]]] = [[] for _ in range(8)]
    owners: list[tuple[int, _Block, Ints]] = []
    so_far = 0
    for block in blocks:
        placed = block.placed
        outputs = len(placed.derivation.outputs)
        at = np.flatnonzero(block.fresh)
        row = placed.first + np.arange(outputs)[:, None] * placed.size + block.index[at]
        flag = np.where(block.usable[at], np.where(block.suspect[at], Flag.SUSPECT, Flag.PASS), Flag.FAIL)
        found = (
            row.ravel(),
            np.tile(block.time[at], outputs),
            block.values[:, at].ravel(),
            np.tile(flag.astype(np.uint8), outputs),
            np.tile(block.arrival[at], outputs),
            block.lower[:, at].ravel(),
            (block.absent[:, at] | block.none[at]).ravel(),
        )
        for column, more in zip(columns, found, strict=False):
            column.append(more)
        owners.append((so_far, block, at))
        so_far += outputs * len(at)
    if not so_far:
        return None
    sensor, time, value, flags, arrival, lower, none = (np.concatenate(c) for c in columns[:7])
    rows = base.further(sensor, time, value, flags, arrival)
    rows.lower, rows.none = lower, none

    def ask(place: int) -> float:
        start, block, at = next(owner for owner in reversed(owners) if owner[0] <= place)
        output, which = divmod(place - start, len(at))
        return block.ask(output, int(at[which]))

    rows.ask = ask
    return rows


def _any(mask: Bools, starts: Ints) -> Bools:
    """Whether any reading of each source is marked."""
    return np.asarray(np.logical_or.reduceat(mask, starts)) if len(starts) else mask
