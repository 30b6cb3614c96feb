"""What is remembered of a source: every reading of the window, or the first of each of its slots."""

import numpy as np

from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER

_NONE = np.empty(0, np.int64), np.empty(0)


class Ring:
    """At most one reading per slot, the first that came: bounded at any sampling, and equal at any cut.

    A window of n slots touches n + 1 of them. A slot of an earlier turn gives way to a later one.
    """

    def __init__(self, window: Ints, slots: int) -> None:
        """Empty windows of (k,) µs, each of at most so many slots."""
        self.window, self.size = window, slots + 1
        self.step = np.maximum(-(-window // slots), 1)
        self.time = np.full((len(window), self.size), NEVER, np.int64)
        self.value = np.full((len(window), self.size), np.nan)

    def put(self, at: Ints, time: Ints, value: Floats, *, once: bool = False) -> None:
        """Keep (n,) readings, µs UTC, in the order they came; `at`: their windows, each once if `once`."""
        if not len(at):
            return
        turn = time // self.step[at]
        slot = turn % self.size
        # Repeated assignment keeps the last: written backwards, that is the first that came.
        held = self.time[at, slot]
        free = (held == NEVER) | (held // self.step[at] < turn)
        at, slot, time, value = at[free], slot[free], time[free], value[free]
        if not once:
            at, slot, time, value, turn = at[::-1], slot[::-1], time[::-1], value[::-1], turn[free][::-1]
            order = np.argsort(turn, kind="stable")  # a later turn of the same slot wins
            at, slot, time, value = at[order], slot[order], time[order], value[order]
        self.time[at, slot] = time
        self.value[at, slot] = value

    def past(self, at: int) -> tuple[Ints, Floats]:
        """Readings of one window: (n,) µs UTC ascending, and values."""
        time = self.time[at]
        order = np.argsort(time)
        order = order[np.searchsorted(time[order], NEVER, side="right") :]
        return time[order], self.value[at, order]

    def pasts(self, at: Ints, since: Ints) -> tuple[Ints, Floats, Ints]:
        """Readings of (k,) windows from (k,) instants on, window after window; (k,) how many of each."""
        time, value = self.time[at], self.value[at]
        if len(at) and not (time[:, 1:] > time[:, :-1]).all():
            order = np.argsort(time, axis=1)
            time, value = np.take_along_axis(time, order, 1), np.take_along_axis(value, order, 1)
        there = (time > NEVER) & (time >= since[:, None])
        return time[there], value[there], there.sum(axis=1)

    def opens(self, at: Ints, group: Ints, time: Ints, mine: Bools, past: Ints, count: Ints) -> Bools:  # noqa: PLR0913
        """Which of the readings marked `mine`, as `takes` has them, open a slot: of several windows at once.

        `at` (k,) windows; `group` (n,) which of them each reading is of; `past`, `count`: what `pasts` gave,
        from an instant before all slots of these readings.
        """
        step = self.step[at]
        which = np.flatnonzero(mine)
        turn, of = time[which] // step[group[which]], group[which]
        open_ = np.ones(len(which), bool)
        open_[1:] = (turn[1:] != turn[:-1]) | (of[1:] != of[:-1])
        last = np.full(len(at), NEVER, np.int64)
        ends = np.cumsum(count)[count > 0] - 1
        last[count > 0] = past[ends] // step[count > 0]
        found = np.zeros(len(mine), bool)
        found[which[open_ & (turn > last[of])]] = True
        return found

    def takes(self, at: int, kept: Ints, time: Ints) -> Bools:
        """Which of ascending readings, later than all kept, are the first of their slot."""
        turn = time // self.step[at]
        first = np.ones(len(time), bool)
        np.not_equal(turn[1:], turn[:-1], out=first[1:])
        if len(kept) and len(time):
            first &= turn > kept[-1] // self.step[at]
        return first

    def room(self, at: int, kept: Ints, time: int) -> bool:
        """Whether a late reading finds its slot empty."""
        return not bool((kept // self.step[at] == time // self.step[at]).any())

    def since(self, at: int, last: int) -> int:
        """From when on a reading can still count, after one at `last`."""
        start = last - int(self.window[at])
        return start - start % int(self.step[at])

    def store(self, at: int, time: Ints, value: Floats) -> None:
        """Take over what `past` gave."""
        self.put(np.full(len(time), at), time, value)


class Full:
    """Every reading of the window."""

    def __init__(self, window: Ints) -> None:
        """Empty windows of (k,) µs."""
        self.window = window
        self._kept: dict[int, tuple[Ints, Floats]] = {}

    def past(self, at: int) -> tuple[Ints, Floats]:
        """Readings of one window: (n,) µs UTC ascending, and values."""
        return self._kept.get(at, _NONE)

    def pasts(self, at: Ints, since: Ints) -> tuple[Ints, Floats, Ints]:
        """Readings of (k,) windows from (k,) instants on, window after window; (k,) how many of each."""
        found = []
        for one, begin in zip(at.tolist(), since.tolist(), strict=True):
            time, value = self._kept.get(one, _NONE)
            if len(time) and time[0] < begin:
                first = int(time.searchsorted(begin))
                time, value = time[first:], value[first:]
            found.append((time, value))
        count = np.array([len(time) for time, _ in found], np.int64)
        return np.concatenate([t for t, _ in found]), np.concatenate([v for _, v in found]), count

    def takes(self, at: int, kept: Ints, time: Ints) -> Bools:
        """All of them."""
        del at, kept
        return np.ones(len(time), bool)

    def room(self, at: int, kept: Ints, time: int) -> bool:
        """Whether there is no reading of the same instant."""
        del at
        place = int(np.searchsorted(kept, time))
        return place == len(kept) or int(kept[place]) != time

    def since(self, at: int, last: int) -> int:
        """From when on a reading can still count, after one at `last`."""
        return last - int(self.window[at])

    def store(self, at: int, time: Ints, value: Floats) -> None:
        """Take over what `past` gave."""
        self._kept[at] = time, value


Window = Ring | Full
