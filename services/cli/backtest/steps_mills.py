"""Field mills in a backtest: at which minutes what they say is looked at.

Live, protected places are looked at each full minute with the newest word of their mill. A day of a hundred
mills, a reading a second, cut at each minute would cost more than all the rest of a city. But over
fair-weather fields the answer is the same nothing each minute: so a chunk of their readings first goes
through an engine of their own, without rules, and only minutes at which something is derived that is not
zero, and those after for as long as a rung may wait, are cut. Of a mill whose every reading is below what its
hazard says can make a difference (`Derivation.rests`), only the end of the chunk goes through it, as the past
of the next.
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
from services.observation.sensor import Sensor
from services.observation.site import Site

MINUTE = 60 * SECOND
_NEVER = -(1 << 62)


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

    def __init__(self, site: Site, heard: Collection[str], hold_s: float, *, in_order: bool = False) -> None:
        """`heard`: sensors of the recording; `hold_s`: how long a rung may wait after they spoke up.

        `in_order`: readings come in the order of their times.
        """
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
        self._until = _NEVER
        limits = [
            _rest(one, site) if in_order and name in mine else 0.0 for name, one in site.sensors.items()
        ]
        self._limit, self._far = np.array(limits), np.full(len(limits), _NEVER, np.int64)
        self._tail = 2 * round(
            max((one.window_s for one in derivations() if one.rests), default=0.0) * SECOND
        )

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
        self._engine.apply([Readings(self._worth(batch))])
        made = self._engine.take_derived()
        shown = np.array([name.partition(".")[2] in self._inputs for name in made.sensors], bool)
        times = made.time[shown[made.sensor] & (made.value != 0)] if len(made.time) else made.time
        direct = np.array([name.partition(".")[2] in self._inputs for name in batch.sensors], bool)
        times = np.concatenate([times, batch.time[direct[batch.sensor] & (batch.value != 0)]])
        return np.unique(-(-times // MINUTE) * MINUTE)

    def _worth(self, batch: Batch) -> Batch:
        """Readings of mills that say something now, or did of late, and the last of all others."""
        far = np.flatnonzero(np.abs(batch.value) >= self._limit[batch.sensor])
        self._far[batch.sensor[far]] = batch.time[far]  # of several the last stays, and it is the newest
        loud = self._far >= int(batch.time[0]) - self._tail
        if loud[batch.sensor].all():
            return batch
        keep = loud[batch.sensor] | (batch.time >= int(batch.time[-1]) - self._tail)
        source = batch.sources[0]._replace(rows=int(keep.sum()))
        columns = (batch.time[keep], batch.sensor[keep], batch.value[keep], batch.flag[keep])
        return Batch([source], batch.sensors, *columns)


def _rest(sensor: Sensor, site: Site) -> float:
    """What a reading of a sensor must reach to say something; 0: each may."""
    _, below = read_at_steps()
    found = [
        one for one in derivations() if sensor.property == one.source and not below.isdisjoint(one.outputs)
    ]
    if not found or any(one.rests is None for one in found):
        return 0.0
    attributes = site.stations[sensor.station].attributes
    return min(one.rests(attributes) for one in found if one.rests is not None)
