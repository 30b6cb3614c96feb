"""Field mills in a backtest: at which minutes what they say is looked at.

Live, protected places are looked at each full minute with the newest word of their mill. A day of a hundred
mills, a reading a second, cut at each minute would cost more than all the rest of a city. But over
fair-weather fields the answer is the same nothing each minute: so a chunk of their readings first goes
through an engine of their own, without rules, and only minutes at which something is derived that is not
zero, and those after for as long as a rung may wait, are cut.
"""

from collections.abc import Collection

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.alerts.derive import Ints
from services.alerts.engine import Engine, Readings
from services.alerts.hazards import derivations, hazards
from services.observation.batch import Batch
from services.observation.instants import SECOND
from services.observation.site import Site

MINUTE = 60 * SECOND


def read_at_steps() -> tuple[set[str], set[str]]:
    """Properties that what is made of strikes holds, and all below them, measured or derived."""
    inputs = {name for hazard in hazards().values() for one in hazard.strikes for name in one.inputs}
    below = set(inputs)
    for one in reversed(derivations()):  # each stands after what it reads
        if not below.isdisjoint(one.outputs):
            below |= {one.source, *one.inputs}
    return inputs, below


class Mills:
    """The sensors of a site whose readings matter to places at full minutes.

    Attributes:
        apart: (sensors,) which they are.
        gateways: of theirs.
    """

    def __init__(self, site: Site, heard: Collection[str], hold_s: float) -> None:
        """`heard`: sensors of the recording; `hold_s`: how long a rung may wait after they spoke up."""
        self._inputs, below = read_at_steps()
        with_places = bool(site.sources)
        mine = {
            name: one
            for name, one in site.sensors.items()
            if with_places and one.property in below and name in heard
        }
        self.apart = np.array([name in mine for name in site.sensors], bool)
        self.gateways = {site.stations[one.station].gateway for one in mine.values()}
        self._engine = Engine(msgspec.structs.replace(site, sensors=mine, rules=()), []) if mine else None
        self._hold = round(hold_s * SECOND)
        self._until = -(1 << 62)

    def waits(self, minute: int) -> bool:
        """Whether at a minute something may still wait for its end."""
        return self._until >= minute

    def minutes(self, batch: Batch, first: int, last: int) -> Ints:
        """Full minutes from first to last (µs UTC) at which places are looked at for their mills' sake."""
        loud = self._loud(batch)
        every = np.arange(first, last + 1, MINUTE)
        if self._until >= first:
            loud = np.concatenate([[self._until - self._hold], loud])
        if not len(loud):
            return every[:0]
        self._until = max(self._until, int(loud[-1]) + self._hold)
        before = np.searchsorted(loud, every, side="right") - 1
        near: NDArray[np.bool_] = (before >= 0) & (every - loud[np.maximum(before, 0)] <= self._hold)
        return every[near]

    def _loud(self, batch: Batch) -> Ints:
        """Full minutes at which something of theirs was derived that is not zero, ascending."""
        if self._engine is None or not len(batch.time):
            return np.empty(0, np.int64)
        self._engine.apply([Readings(batch)])
        made = self._engine.take_derived()
        shown = np.array([name.partition(".")[2] in self._inputs for name in made.sensors], bool)
        times = made.time[shown[made.sensor] & (made.value != 0)] if len(made.time) else made.time
        direct = np.array([name.partition(".")[2] in self._inputs for name in batch.sensors], bool)
        times = np.concatenate([times, batch.time[direct[batch.sensor] & (batch.value != 0)]])
        return np.unique(-(-times // MINUTE) * MINUTE)
