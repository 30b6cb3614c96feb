"""A recording cut into steps for the engine: flagged readings, and a tick after each.

Live, a tick comes every second; here only where one could tell something. Where each reading comes when it
is measured, a tick between two readings of a sensor tells nothing that the second would not tell just before
it is applied. So rules that look at one sensor need no tick but at the end of a step. Rules over several
sensors are not moved by ticks either, but by one thing that ticks tell: that a sensor has fallen silent. So
a step also ends at the first full minute at which that would be known of a sensor (`Silence`). Where
readings come later than they were measured, each full minute at which something came has its tick.
"""

from collections.abc import Callable, Iterator

import numpy as np

from services.alerts.engine import EngineMessage, Readings
from services.alerts.layout import FOREVER
from services.alerts.rule import INTERVALS
from services.cli.recorded import Ints, Recorded, Rows
from services.ingest import quality
from services.ingest.neighbours import Neighbours
from services.ingest.samples import NONE, grouping
from services.observation.batch import Batch
from services.observation.instants import SECOND
from services.observation.messages import Tick
from services.observation.quantity import Property
from services.observation.site import BROKER, Site
from services.observation.sources import Source

MINUTE = 60 * SECOND

CHUNK = 1 << 17
"""Readings per step: many for each sensor, so that what is done once per sensor costs little."""

PER_SENSOR = 64
"""Readings per step for each sensor, where that is more."""


def messages(
    recorded: Recorded,
    site: Site,
    extra: dict[str, Property],
    *,
    together: bool,
    progress: Callable[[int], None],
) -> Iterator[list[EngineMessage]]:
    """Messages for the engine, step by step.

    Args:
        recorded: readings in the order they came.
        site: whose sensors.
        extra: properties that hazards add.
        together: whether there are rules over several sensors.
        progress: told how many readings are done.

    Yields:
        A batch of readings and a tick, at full minutes.
    """
    sensors = list(site.sensors.values())
    limits = quality.Limits.of(sensors, Neighbours(sensors, site.stations, extra))
    tail = quality.Tail(len(sensors))
    clocks = _Clocks(recorded)
    silence = _Silence(_silent(site), clocks.number) if together and recorded.at_once() else None
    names = [sensor.id for sensor in sensors]
    start, total, at_once = 0, len(recorded), recorded.at_once()
    most = max(CHUNK, PER_SENSOR * len(sensors)) if at_once else 0
    while start < total:
        end = _cut(recorded.arrival, start, most)
        part = slice(start, end)
        row, time, value, arrival = (
            recorded.row[part], recorded.time[part], recorded.value[part], recorded.arrival[part]
        )  # fmt: skip
        flag = quality.check(row, time, value, limits, tail)
        cuts = silence.cuts(row, time) if silence is not None else []
        step: list[EngineMessage] = []
        first = 0
        for cut in [*cuts, end - start]:
            one = slice(first, cut)
            last = int(arrival[cut - 1])
            sources = [Source("", "", 0, 0, 1, last, cut - first)]
            batch = Batch(sources, names, time[one], row[one], value[one], flag[one])
            heard = clocks.at(row[one], time[one], arrival[one])
            step += [Readings(batch), Tick(-(-last // MINUTE) * MINUTE, 0, [BROKER], heard)]
            first = cut
        yield step
        progress(end)
        start = end


def _cut(arrival: Ints, start: int, most: int) -> int:
    """Where a step of about so many readings ends: at a full minute, all that came by then included."""
    total = len(arrival)
    at = start + most
    return total if at >= total else _minute_after(arrival, at)


def _minute_after(arrival: Ints, at: int) -> int:
    """How many readings came up to the full minute at or after this one."""
    minute = -(-int(arrival[at]) // MINUTE) * MINUTE
    return int(np.searchsorted(arrival, minute, side="right"))


def _silent(site: Site) -> Ints:
    """After how long each sensor is silent, µs: as the engine's layout has it."""
    found = []
    for sensor in site.sensors.values():
        gateway = site.gateways.get(site.stations[sensor.station].gateway or "")
        own = (gateway.reporting_s or 0.0) if gateway is not None else 0.0
        seconds = max(sensor.interval_s, own) if sensor.interval_s > 0 else None
        found.append(FOREVER if seconds is None else INTERVALS * round(seconds * SECOND))
    return np.array(found, np.int64)


class _Clocks:
    """The clock of each gateway: how far its readings reach.

    Attributes:
        number: (sensors,) number of each sensor's gateway; the last number is none.
    """

    def __init__(self, recorded: Recorded) -> None:
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


class _Silence:
    """Sensors that fall silent, so that a tick can tell it where live it would."""

    def __init__(self, limit: Ints, gateway: Ints) -> None:
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
                found.add(_minute_after(time, int(at[0])))
        return sorted(found - {len(row)})
