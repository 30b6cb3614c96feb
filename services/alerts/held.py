"""What the newest good reading of a sensor was, at each point of the order in which readings came.

Only of the few sensors that a derivation reads beside its source. Within a batch, what came before counts
and what came after does not; so no cut of a batch changes what a derivation sees.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER
from services.alerts.layout import FOREVER, Layout
from services.alerts.rows import Rows, newest_before

if TYPE_CHECKING:
    from services.alerts.state import State

_BATCH = 1 << 40
"""More than there are readings in a batch."""


class _Steps(NamedTuple):
    """After each reading of held sensors, by sensor and arrival: key, newest good value and its time."""

    key: Ints
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
        self._steps: list[_Steps] = []
        self._was = self.value, self.time
        self._blind = self._unknown = np.zeros(len(self.rows), bool)

    def begin(self, silent: Bools, failing: Bools, unknown: Bools) -> None:
        """Before a batch: which of the rows are silent or failing, and of which nothing is known."""
        self._steps = []
        self._was = self.value.copy(), self.time.copy()
        self._blind, self._unknown = silent | failing | unknown, unknown

    def note(self, rows: Rows, last: Ints) -> None:
        """Readings that came; `last`, by row, is the time of the newest before the batch."""
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
        self._steps.append(_Steps(slot * _BATCH + rows.arrival[at], np.where(usable, held, np.nan), held_at))
        self.value[slot], self.time[slot] = held, held_at  # of several, the last stays

    def at(self, rows: Ints, arrival: Ints, time: Ints) -> Floats:
        """Values of rows (NOWHERE: none) as readings see them that arrived and were measured then."""
        slot = self.place[rows]
        known = slot >= 0
        if not known.any():
            return np.full(len(rows), np.nan)
        value = np.where(known & ~self._blind[slot], self._was[0][slot], np.nan)
        since = self._was[1][slot]
        for steps in self._steps:
            place = np.searchsorted(steps.key, slot * _BATCH + arrival, side="right") - 1
            hit = known & (place >= 0) & (steps.key[place] // _BATCH == slot)
            value = np.where(hit, np.where(self._unknown[slot], np.nan, steps.value[place]), value)
            since = np.where(hit, steps.time[place], since)
        return np.where(time - since > self._gap[slot], np.nan, value)

    def now(self, state: "State", rows: Ints, time: int) -> Floats:
        """Values of rows (NOWHERE: none) between batches, at an instant."""
        slot = self.place[rows]
        known = slot >= 0
        if not known.any():
            return np.full(len(rows), np.nan)
        layout = self.layout
        unknown = np.array(
            [state.unknown(layout, gateway) for gateway in layout.gateway[self.rows].tolist()], bool
        )
        blind = state.silent[self.rows] | state.failing[self.rows] | unknown
        good = known & ~blind[slot] & (time - self.time[slot] <= self._gap[slot])
        return np.where(good, self.value[slot], np.nan)
