"""How far the readings of a recording reach, by gateway, and which sensors have fallen silent by then."""

import numpy as np

from services.cli.backtest.recorded import Ints, Recorded, Rows
from services.ingest.samples import NONE, grouping
from services.observation.instants import SECOND

MINUTE = 60 * SECOND


def minute_after(arrival: Ints, at: int) -> int:
    """How many readings came up to the full minute at or after this one."""
    minute = -(-int(arrival[at]) // MINUTE) * MINUTE
    return int(np.searchsorted(arrival, minute, side="right"))


class Clocks:
    """The clock of each gateway: how far its readings reach.

    Attributes:
        number: (sensors,) number of each sensor's gateway; the last number is none.
    """

    def __init__(self, recorded: Recorded) -> None:
        """Nothing is heard yet."""
        names = dict.fromkeys(gateway for gateway in recorded.gateway if gateway is not None)
        self._names = list(names)
        place = {name: at for at, name in enumerate(self._names)}
        self.number = np.array([place.get(g or "", len(place)) for g in recorded.gateway], np.int64)
        self._heard = np.full(len(place) + 1, NONE, np.int64)
        self._at_once = recorded.at_once()

    def at(self, row: Rows, time: Ints, arrival: Ints) -> dict[str, int]:
        """The clocks after these readings."""
        if self._at_once:
            self._heard[self.number[row]] = time  # of several the last stands, and it is the newest
        else:
            np.maximum.at(self._heard, self.number[row], np.minimum(time, arrival))
        return {name: int(t) for name, t in zip(self._names, self._heard, strict=False) if t != NONE}


class Silence:
    """Sensors that fall silent, so that a tick can tell it where live it would."""

    def __init__(self, limit: Ints, gateway: Ints) -> None:
        """(sensors,) µs after which each is silent, and the number of its gateway (`Clocks.number`)."""
        self._limit, self._gateway = limit, gateway
        self._last = np.full(len(limit), NONE, np.int64)
        self._known = NONE  # what fell silent up to then was told

    def cuts(self, row: Rows, time: Ints) -> list[int]:
        """Where, among these readings, a step ends because a sensor has fallen silent; ascending.

        A sensor is silent `limit` after a reading without another, by the clock of its gateway: it is told
        with the first reading of the gateway that is as late as that.
        """
        order = grouping(row, len(self._last))
        sensor, times = row[order], time[order]
        starts = np.flatnonzero(np.concatenate([[True], sensor[1:] != sensor[:-1]]))
        before = np.empty_like(times)
        before[1:] = times[:-1]
        before[starts] = self._last[sensor[starts]]
        limit = np.repeat(self._limit[sensor[starts]], np.diff(np.append(starts, len(row))))
        gaps = np.flatnonzero((times - before >= limit) & (before != NONE))
        who, when = sensor[gaps], before[gaps] + limit[gaps]
        self._last[sensor[starts]] = times[np.append(starts[1:], len(row)) - 1]
        now = int(time[-1])
        gone = np.flatnonzero((self._last != NONE) & (self._last <= now - self._limit))
        who = np.concatenate([who, gone])
        when = np.concatenate([when, self._last[gone] + self._limit[gone]])
        new = when > self._known
        self._known = now
        found: set[int] = set()
        gateway = self._gateway[row] if new.any() else self._gateway
        for g, t in set(zip(self._gateway[who[new]].tolist(), when[new].tolist(), strict=True)):
            at = np.flatnonzero((gateway == g) & (time >= t))
            if len(at):
                found.add(minute_after(time, int(at[0])))
        return sorted(found - {len(row)})
