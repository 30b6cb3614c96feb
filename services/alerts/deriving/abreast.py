"""Many sources of one derivation in one call: their series end to end, far apart in time.

A call of `compute` costs more than a reading or two, and a batch of a city has few readings of each of many
sources. Where a derivation says that it sees time only by differences and by the clock (`Derivation.alike`),
the times of each source are shifted by whole days, so far that no window reaches into the one before; so
searches, sums and counts over all of them are those over each. Sources that share the constants that
`compute` sees come together; their readings in pieces that the processor's cache holds.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from services.alerts.columns.derivations import Placed
from services.alerts.columns.window import Ring, Window
from services.alerts.derive import Bools, Floats, Ints

_DAY = 86_400_000_000
_AT_ONCE = 1 << 15
"""Readings of one call, of several sources."""
_STEADY = 20 * _DAY  # no clock is changed and changed back within so long
_MOST = 40 * _DAY
"""Sources whose readings lie further apart in time are not put end to end."""


class Segments(NamedTuple):
    """Readings of some sources in a block: where each begins and ends, and which place is its own."""

    start: Ints
    end: Ints
    place: Ints


class Abreast(NamedTuple):
    """Several sources end to end.

    Attributes:
        at: (n,) places of their new readings in the block. group: (n,) which of the sources each is of.
        time, value: kept readings, the times shifted. begin: (sources + 1,) where each source begins in them.
        upto: (n,) as in a `Series`.
        shift: (sources,) µs by which times are later than they were.
        lowest, gap: times of source k lie in lowest + k · gap and the gap after it.
    """

    segments: Segments
    at: Ints
    group: Ints
    time: Ints
    value: Floats
    begin: Ints
    upto: Ints
    shift: Ints
    lowest: int
    gap: int

    def local(self, clock: Callable[[Ints], Ints]) -> Callable[[Ints], Ints]:
        """A wall clock that reads shifted times."""
        whole = len(self.shift) > 1

        def shifted(time: Ints) -> Ints:
            if not whole or not len(time):
                return clock(time)
            back = (time - self.lowest) // self.gap * self.gap
            real = time - back
            ends = np.array([real.min(), real.max()])
            first, last = (clock(ends) - ends).tolist()
            if first == last and ends[1] - ends[0] < _STEADY:
                return np.asarray(time + first)
            return np.asarray(clock(real) + back)

        return shifted


def bunches(placed: Placed, segments: Segments) -> Iterator[Ints]:
    """Numbers of segments that come together: of one kind, and not too many readings at once."""
    kind, length = placed.kind[segments.place], segments.end - segments.start
    order = np.argsort(kind, kind="stable")
    total = np.cumsum(length[order])
    first = 0
    while first < len(order):
        last = int(np.searchsorted(kind[order], kind[order[first]], side="right"))
        before = int(total[first - 1]) if first else 0
        enough = int(np.searchsorted(total, before + _AT_ONCE, side="right"))
        stop = min(last, max(enough, first + 1))
        yield order[first:stop]
        first = stop


def lay(window: Window, segments: Segments, time: Ints, value: Floats, kept: Bools) -> Abreast | None:
    """Put sources end to end: (n,) columns of the block, µs UTC, none of whose kept readings is late.

    None where their times lie too far apart.
    """
    count, length = len(segments.start), segments.end - segments.start
    group = np.repeat(np.arange(count), length)
    starts = np.cumsum(length) - length
    at = np.arange(len(group)) + np.repeat(segments.start - starts, length)
    times, takes = time[at], kept[at]
    earliest = np.minimum.reduceat(times, starts)
    past_time, past_value, past = window.pasts(segments.place, earliest - window.window[segments.place])
    if isinstance(window, Ring):
        takes = takes & window.opens(segments.place, group, times, takes, past_time, past)
    lowest = int(min(int(earliest.min()), int(past_time.min()) if len(past_time) else int(earliest.min())))
    span = int(times.max()) - lowest + int(window.window[segments.place].max())
    gap = (span // _DAY + 4) * _DAY
    if gap > _MOST:
        return None
    lowest -= 2 * _DAY
    shift = np.arange(count) * gap
    new = np.flatnonzero(takes)
    counts = np.add.reduceat(takes.astype(np.int64), starts)
    before_new = np.cumsum(counts) - counts
    with_past = np.cumsum(past)
    begin = np.zeros(count + 1, np.int64)
    np.cumsum(past + counts, out=begin[1:])
    found_time, found_value = np.empty(int(begin[-1]), np.int64), np.empty(int(begin[-1]))
    where = np.arange(len(past_time)) + np.repeat(before_new, past)
    found_time[where], found_value[where] = past_time + np.repeat(shift, past), past_value
    where = np.arange(len(new)) + with_past[group[new]]
    found_time[where], found_value[where] = times[new] + shift[group[new]], value[at[new]]
    upto = np.cumsum(takes) - takes + with_past[group]
    return Abreast(segments, at, group, found_time, found_value, begin, upto, shift, lowest, gap)


def held_of(held: Mapping[str, Floats], at: Ints) -> dict[str, Floats]:
    """Held columns, (n,), at (m,) of their readings."""
    return {name: column[at] for name, column in held.items()}
