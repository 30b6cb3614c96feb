"""What the newest good reading of a sensor was, as each reading sees it.

Only of the few sensors that a derivation reads beside its source. Of earlier packs, and of other gateways,
what came before a reading counts and what came after does not. Within its own pack a reading sees what was
measured by then, at the same instant too: the order in which a gateway lists its sensors decides nothing. A
pack is never cut, so no cut of a batch changes what a derivation sees; in a backtest a recording is one pack
of each gateway, and readings that were measured together stay together.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.columns.layout import FOREVER, Layout
from services.alerts.columns.rows import Rows, newest_before
from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER
from services.observation.topics import SITE_SCOPE

if TYPE_CHECKING:
    from services.alerts.columns.state import State

_BATCH = 1 << 40
"""More than there are readings in a batch."""
_nothing = np.empty(0, np.int64)


class _Steps(NamedTuple):
    """After each reading of held sensors, by sensor and arrival: keys, newest good value and its time.

    Both keys ascend: by arrival, for readings of other packs; by pack and time, for those of the same.
    """

    key: Ints
    within: Ints
    value: Floats
    time: Ints


class Held:
    """Newest good value and its time of each row of `layout.inputs`."""

    def __init__(self, layout: Layout) -> None:
        """Nothing heard."""
        self.layout = layout
        self.rows = layout.inputs
        self.value = np.full(len(self.rows), np.nan)
        self.time = np.full(len(self.rows), NEVER, np.int64)
        self.place = np.full(len(layout.names) + 1, -1, np.int64)  # one more, for a row that is nowhere
        self.place[self.rows] = np.arange(len(self.rows))
        # Sensors that report in packs are heard as often as their gateway reports.
        self._gap = np.where(layout.timed[self.rows], FOREVER, layout.silent[self.rows])
        # Who speaks in one pack: a gateway, and of it what goes to one partition, or to all of them.
        everywhere = [layout.area[root] == SITE_SCOPE for root in layout.root.tolist()]
        self._speaker = (layout.group + 1) * 2 + np.array(everywhere, np.int64)
        self._speaks, self._rank = _nothing, _nothing  # of each reading of the batch, by arrival
        self._steps: list[_Steps] = []
        self._was = self.value, self.time
        self._blind = self._unknown = np.zeros(len(self.rows), bool)

    def begin(self, silent: Bools, failing: Bools, unknown: Bools) -> None:
        """Before a batch: (held,) which of the rows are silent, failing, and of which nothing is known."""
        self._steps = []
        self._was = self.value.copy(), self.time.copy()
        self._blind, self._unknown = silent | failing | unknown, unknown

    def note(self, rows: Rows, last: Ints) -> None:
        """Readings that came; `last`: (rows of the layout,) µs of the newest before the batch."""
        if not rows.derived:
            self._pack(rows)
        at = np.flatnonzero(self.place[rows.sensor] >= 0)
        if not len(at):
            return
        at = at[rows.time[at] > newest_before(rows, at, last[rows.sensor[at]])]
        if not len(at):
            return
        slot = self.place[rows.sensor[at]]
        order = np.argsort(slot, kind="stable")
        at, slot = at[order], slot[order]
        time, value, flag = rows.time[at], rows.value[at], rows.flag[at]
        usable = flag <= 3  # noqa: PLR2004  PASS, NOT_EVALUATED, SUSPECT
        good = flag <= 2  # noqa: PLR2004
        if rows.derived:
            good &= ~rows.lower[at]
        else:
            usable &= np.isfinite(value)
            good &= usable
        # The newest good reading at or before each: of this batch, or the one held since before.
        newest = np.maximum.accumulate(np.where(good, np.arange(len(at)), -1))
        found = newest >= np.searchsorted(slot, slot)
        held = np.where(found, value[newest], self.value[slot])
        held_at = np.where(found, time[newest], self.time[slot])
        arrival, value = rows.arrival[at], np.where(usable, held, np.nan)
        keys = slot * _BATCH + arrival, slot * _BATCH + self._rank[arrival]
        self._steps.append(_Steps(*keys, value, held_at))
        self.value[slot], self.time[slot] = held, held_at  # of several, the last stays

    def _pack(self, rows: Rows) -> None:
        """Note of each measured reading who sent it, and its place by pack and time."""
        count = int(rows.arrival.max()) + 1
        self._speaks, time = np.full(count, -1, np.int64), np.zeros(count, np.int64)
        self._speaks[rows.arrival], time[rows.arrival] = self._speaker[rows.sensor], rows.time
        pack, known = rows.pack_of(count), None
        if len(rows.arrival) < count:  # others are of sensors that this partition does not have
            known = np.flatnonzero(self._speaks >= 0)
            pack, time = pack[known], time[known]
        rank = _by_pack_and_time(pack, time)
        if known is None:
            self._rank = rank
        else:
            self._rank = np.zeros(count, np.int64)
            self._rank[known] = rank

    def at(self, rows: Ints, arrival: Ints, time: Ints) -> Floats:
        """What readings see of other rows: (m,) values, NaN where there is none, or it is silent or too old.

        Args:
            rows: (m,) the row that each looks at; NOWHERE: none.
            arrival: (m,) places of the readings in the batch.
            time: (m,) when they were measured, µs UTC.
        """
        slot = self.place[rows]
        known = slot >= 0
        if not known.any():
            return np.full(len(rows), np.nan)
        value = np.where(known & ~self._blind[slot], self._was[0][slot], np.nan)
        since = self._was[1][slot]
        together = self._speaker[rows] == self._speaks[arrival]
        for steps in self._steps:
            place = _found(steps, slot * _BATCH, arrival, self._rank[arrival], together) - 1
            hit = known & (place >= 0) & (steps.key[place] // _BATCH == slot)
            value = np.where(hit, np.where(self._unknown[slot], np.nan, steps.value[place]), value)
            since = np.where(hit, steps.time[place], since)
        return np.where(time - since > self._gap[slot], np.nan, value)

    def now(self, state: "State", rows: Ints, time: int) -> Floats:
        """(m,) values of rows (NOWHERE: none) between batches, at an instant in µs UTC; NaN as in `at`."""
        slot = self.place[rows]
        known = slot >= 0
        if not known.any():
            return np.full(len(rows), np.nan)
        layout = self.layout
        unknown = state.unknown_of(layout, layout.gateway[self.rows])
        blind = state.silent[self.rows] | state.failing[self.rows] | unknown
        good = known & ~blind[slot] & (time - self.time[slot] <= self._gap[slot])
        return np.where(good, self.value[slot], np.nan)


def _by_pack_and_time(pack: Ints, time: Ints) -> Ints:
    """Of readings in the order they came: a number for each instant of each pack, ascending with both."""
    same = pack[1:] == pack[:-1]
    order = None
    if ((time[1:] < time[:-1]) & same).any():
        order = np.lexsort((time, pack))
        pack, time = pack[order], time[order]
        same = pack[1:] == pack[:-1]
    rank = np.zeros(len(pack), np.int64)
    np.cumsum(~same | (time[1:] != time[:-1]), out=rank[1:])
    if order is not None:
        rank[order] = rank.copy()
    return rank


def _found(steps: _Steps, base: Ints, arrival: Ints, rank: Ints, together: Bools) -> Ints:
    """How many of the steps, or of those of lower slots, each reading sees."""
    if together.all():
        return np.asarray(np.searchsorted(steps.within, base + rank, side="right"))
    found = np.searchsorted(steps.key, base + arrival, side="right")
    if together.any():
        found[together] = np.searchsorted(steps.within, (base + rank)[together], side="right")
    return np.asarray(found)
