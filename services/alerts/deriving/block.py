"""Readings of the sources of one derivation, on their way to what is derived from them.

A block has three ways: all places at once, many sources abreast, or one source alone, run by run.

Over 250 lines: which readings count, what is computed and what the windows keep follow from the same columns.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from services.alerts.columns.derivations import Placed
from services.alerts.columns.layout import FOREVER
from services.alerts.columns.rows import Rows, newest_before
from services.alerts.columns.window import Ring, Window
from services.alerts.derive import Bools, Computed, Floats, Ints, PointCompute
from services.alerts.deriving.abreast import Abreast, Segments, bunches, held_of, lay
from services.alerts.deriving.fed import Columns
from services.alerts.deriving.handed import Kept, New, alone, end_to_end, everywhere
from services.alerts.judging.core import Core
from services.observation.flags import Flag


class _Run(NamedTuple):
    """Readings of one source between two late ones: places in the block, and the window beside them."""

    start: int
    end: int
    time: Ints
    value: Floats
    upto: Ints  # of each reading from start to end


class Block:
    """Readings of the sources of one derivation, grouped by source, and what comes of them."""

    def __init__(self, core: Core, placed: Placed, rows: Rows, at: Ints, index: Ints) -> None:
        """Readings `at` of `rows`; `index` says of which source each is."""
        self.core, self.placed, self.index = core, placed, index
        self.points = placed.derivation.points
        self.time, self.value, self.arrival = rows.time[at], rows.value[at], rows.arrival[at]
        self.unique = rows.unique
        self.starts = np.arange(len(at)) if rows.unique else np.flatnonzero(rows.first[at])
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
        self.told = self.fresh
        outputs = len(placed.derivation.outputs)
        self.values = np.full((outputs, len(at)), np.nan)
        self.lower = np.zeros(self.values.shape, bool)
        self.runs: dict[int, list[_Run]] = {}
        self.abreast: list[Abreast] = []
        self.held: dict[str, Floats] = {}

    def work(self) -> None:
        """Compute what there is to compute, then remember the readings."""
        core, placed = self.core, self.placed
        window: Window = core.state.windows[placed.first]
        past = isinstance(window, Ring) or self.points is not None
        wanted = self._any(self.todo if past else self.todo | self.kept)
        absent = self._any(self.none)
        if absent.any():
            groups = self.index[self.starts]
            for output in range(len(placed.derivation.outputs)):
                wanted = wanted | (absent & ~core.state.idle[placed.first + output * placed.size + groups])
        if not self.unique:
            self._shorten(wanted)
        if self.points is not None:
            at = np.flatnonzero(self.todo)
            if len(at):
                self._write(at, self._everywhere(self.points, at))
            return
        which = np.flatnonzero(wanted)
        if len(which):
            self.held = {
                name: core.state.inputs.at(rows[self.index], self.arrival, self.time)
                for name, rows in zip(placed.derivation.inputs, placed.inputs, strict=True)
            }
        if placed.derivation.alike is not None and len(which) > 1:
            which = self._together(window, which)
        for group in which.tolist():
            self._runs(window, group)
        if isinstance(window, Ring):
            kept = np.flatnonzero(self.kept if self.unique else self.kept & self._recent(window))
            window.put(self.index[kept], self.time[kept], self.value[kept], once=self.unique)

    def _shorten(self, wanted: Bools) -> None:
        """Settle sources that say "there is none" all along, where nobody asks: no rows are made of them."""
        core, placed, state = self.core, self.placed, self.core.state
        sure = self.none & ~self.suspect
        still = ~wanted & np.asarray(np.logical_and.reduceat(sure, self.starts))
        step = np.diff(self.time, prepend=self.time[0])
        step[self.starts] = 0
        pause, first = np.maximum.reduceat(step, self.starts), self.time[self.starts]
        groups = self.index[self.starts]
        rows = placed.first + np.arange(len(placed.derivation.outputs))[:, None] * placed.size + groups
        free = state.idle[rows] & core.unasked[rows] & (state.until[rows] == FOREVER)
        free &= (pause <= state.limit[rows]) & (first - state.base[rows] <= state.limit[rows])
        still &= free.all(axis=0)
        if not still.any():
            return
        self.told = self.fresh & ~np.repeat(still, self.ends - self.starts)
        rows, last = rows[:, still], self.time[self.ends - 1][still]
        state.last[rows] = state.good[rows] = last
        state.base[rows] = np.maximum(state.base[rows], last)
        state.value[rows], state.lower[rows] = np.nan, False

    def _recent(self, window: Ring) -> Bools:
        """Readings that can still count in the window of the newest of their source."""
        newest = np.repeat(np.maximum.reduceat(self.time, self.starts), self.ends - self.starts)
        return np.asarray(self.time >= newest - window.window[self.index] - window.step[self.index])

    def _any(self, mask: Bools) -> Bools:
        """Whether any reading of each source is marked."""
        return mask if self.unique else np.asarray(np.logical_or.reduceat(mask, self.starts))

    def _together(self, window: Window, groups: Ints) -> Ints:
        """Compute sources without late readings, as many at once as are alike; the others are left."""
        start, end = self.starts[groups], self.ends[groups]
        late = self.kept & ~self.fresh
        if late.any():
            count = np.concatenate([[0], np.cumsum(late)])
            late = count[end] > count[start]
            left, groups, start, end = groups[late], groups[~late], start[~late], end[~late]
        else:
            left = groups[:0]
        segments = Segments(start, end, self.index[start])
        for which in bunches(self.placed, segments):
            one = Segments(start[which], end[which], segments.place[which])
            laid = lay(window, one, self.time, self.value, self.kept) if len(which) > 1 else None
            if laid is None:
                left = np.append(left, groups[which])
                continue
            self.abreast.append(laid)
            todo = np.flatnonzero(self.todo[laid.at])
            if len(todo):
                at = laid.at[todo]
                new = New(self.time[at], self.value[at], held_of(self.held, at))
                self._write(at, end_to_end(self.core, self.placed, laid, todo, new))
            if not isinstance(window, Ring):
                self._store(window, laid)
        return np.asarray(left)

    def _store(self, window: Window, laid: Abreast) -> None:
        """Keep the windows of several sources."""
        starts = np.flatnonzero(np.diff(laid.group, prepend=-1))
        newest = np.maximum.reduceat(self.time[laid.at], starts)
        since = newest - window.window[laid.segments.place]
        first = np.maximum(np.searchsorted(laid.time, since + laid.shift), laid.begin[:-1])
        ends = laid.begin[1:]
        for index, begin, end, shift in zip(
            laid.segments.place.tolist(), first.tolist(), ends.tolist(), laid.shift.tolist(), strict=True
        ):
            window.store(index, laid.time[begin:end] - shift, laid.value[begin:end].copy())

    def _runs_of(self, index: int) -> Sequence[_Run]:
        """The runs of a source, also of one that was computed together with others."""
        for laid in self.abreast:
            for k in np.flatnonzero(laid.segments.place == index).tolist():
                start, end = int(laid.segments.start[k]), int(laid.segments.end[k])
                kept = slice(int(laid.begin[k]), int(laid.begin[k + 1]))
                time = laid.time[kept] - laid.shift[k]
                upto = laid.upto[laid.group == k] - laid.begin[k]
                return [_Run(start, end, time, laid.value[kept], upto)]
        return self.runs.get(index, ())

    def _runs(self, window: Window, group: int) -> None:
        """Split the readings of a source at its late ones, compute each run, keep the window."""
        start, end = int(self.starts[group]), int(self.ends[group])
        index = int(self.index[start])
        past = window.past(index)
        if end - start == 1 and self.fresh[start]:
            self._run(window, index, start, past)
            return
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
                self._write(todo, self._alone(run, todo))
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

    def _run(self, window: Window, index: int, at: int, past: tuple[Ints, Floats]) -> None:
        """One new reading of a source, as it comes when live."""
        run = _Run(at, at + 1, *past, np.array([len(past[0])]))
        self.runs[index] = [run]
        if self.todo[at]:
            here = np.array([at])
            self._write(here, self._alone(run, here))
        if not isinstance(window, Ring) and self.kept[at]:
            time, value = np.append(past[0], self.time[at]), np.append(past[1], self.value[at])
            first = int(np.searchsorted(time, window.since(index, int(self.time[at]))))
            window.store(index, time[first:], value[first:])

    def _alone(self, run: _Run, at: Ints) -> Computed:
        new = New(self.time[at], self.value[at], {name: column[at] for name, column in self.held.items()})
        kept = Kept(run.time, run.value, run.upto[at - run.start])
        return alone(self.core, self.placed, int(self.index[run.start]), kept, new)

    def _everywhere(self, points: PointCompute, at: Ints) -> Computed:
        index = self.index[at]
        held = {
            name: self.core.state.inputs.at(rows[index], self.arrival[at], self.time[at])
            for name, rows in zip(self.placed.derivation.inputs, self.placed.inputs, strict=True)
        }
        return everywhere(self.core, self.placed, points, index, New(self.time[at], self.value[at], held))

    def _write(self, at: Ints, computed: Computed) -> None:
        """Take over what came; what is infinite is sorted out in the end."""
        self.values[:, at] = computed.values
        if computed.lower_bound is not None:
            self.lower[:, at] = computed.lower_bound

    def columns(self, at: Ints) -> Columns:
        """Readings at some places, all of the first output, then all of the second."""
        placed, count = self.placed, len(self.placed.derivation.outputs)
        row = placed.first + np.arange(count)[:, None] * placed.size + self.index[at]
        flag = np.where(self.usable[at], np.where(self.suspect[at], Flag.SUSPECT, Flag.PASS), Flag.FAIL)
        value, lower, none = self.values[:, at], self.lower[:, at], np.tile(self.none[at], (count, 1))
        infinite = np.isinf(value)
        if infinite.any():
            none |= infinite
            value[infinite] = np.nan
        lower &= ~np.isnan(value)
        time, arrival = np.tile(self.time[at], count), np.tile(self.arrival[at], count)
        flags = np.tile(flag.astype(np.uint8), count)
        return Columns(row.ravel(), time, value.ravel(), flags, arrival, lower.ravel(), none.ravel())

    def ask(self, output: int, at: int) -> float:
        """Value of an output at a reading it was not computed at; NaN where it can't be said."""
        if self.points is not None:
            return _finite(self._everywhere(self.points, np.array([at])), output)
        for run in self._runs_of(int(self.index[at])):
            if run.start <= at < run.end:
                return _finite(self._alone(run, np.array([at])), output)
        return float("nan")


def _finite(computed: Computed, output: int) -> float:
    value = float(computed.values[output, 0])
    return value if abs(value) < float("inf") else float("nan")
