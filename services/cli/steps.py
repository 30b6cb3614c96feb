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
from services.alerts.silence import silent_of
from services.cli.recorded import Ints, Recorded, Rows
from services.cli.recorded_strikes import Storm
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

_MINUTES = 240
"""Minutes per step where only strikes came."""

HOLD_S = 7_200.0
"""How long after a strike a full minute may still tell something, where the caller doesn't know better."""

PER_SENSOR = 64
"""Readings per step for each sensor, where that is more."""


def messages(  # noqa: PLR0913  what a recording is judged by
    recorded: Recorded,
    site: Site,
    extra: dict[str, Property],
    *,
    together: bool,
    progress: Callable[[int], None],
    hold_s: float = HOLD_S,
    mills: bool = False,
) -> Iterator[list[EngineMessage]]:
    """Messages for the engine, step by step.

    Args:
        recorded: readings in the order they came.
        site: whose sensors.
        extra: properties that hazards add.
        together: whether there are rules over several sensors.
        progress: told how many readings are done.
        hold_s: how long after a strike something may still wait for a full minute.
        mills: whether readings speak at protected places even where nothing strikes.

    Yields:
        Batches of readings and strikes, each with its tick at a full minute.
    """
    sensors = list(site.sensors.values())
    limits = quality.Limits.of(sensors, Neighbours(sensors, site.stations, extra))
    tail = quality.Tail(len(sensors))
    clocks = _Clocks(recorded)
    silence = _Silence(silent_of(site), clocks.number) if together and recorded.at_once() else None
    storm = Storm(recorded.strikes, site, hold_s, recorded.span() if mills else None)
    struck = 0  # so many of its minutes are told
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
        if storm:
            cuts = sorted({*cuts, *_at(storm.minutes, arrival)})
        step: list[EngineMessage] = []
        first = 0
        for cut in [*cuts, end - start]:
            one = slice(first, cut)
            minute = _full(int(arrival[cut - 1]))
            before = int(np.searchsorted(storm.minutes, _full(int(arrival[first]))))
            step += _storm_alone(storm, struck, before)
            struck = max(struck, before)
            sources = [Source("", "", 0, 0, 1, int(arrival[cut - 1]), cut - first)]
            heard = clocks.at(row[one], time[one], arrival[one])
            step.append(Readings(Batch(sources, names, time[one], row[one], value[one], flag[one])))
            if struck < len(storm.minutes) and storm.minutes[struck] == minute:
                step += storm.at(minute)
                struck += 1
            step.append(_tick(storm, minute, heard))
            first = cut
        yield step
        progress(end)
        start = end
    for first in range(struck, len(storm.minutes), _MINUTES):
        yield _storm_alone(storm, first, min(first + _MINUTES, len(storm.minutes)))


def _storm_alone(storm: Storm, first: int, end: int) -> list[EngineMessage]:
    """Minutes of a storm at which nothing else came."""
    step: list[EngineMessage] = []
    for minute in storm.minutes[first:end].tolist():
        step += storm.at(minute)
        step.append(_tick(storm, minute, {}))
    return step


def _tick(storm: Storm, minute: int, heard: dict[str, int]) -> Tick:
    return Tick(minute, 0, [BROKER, *storm.sources], {**heard, **(storm.clocks(minute) if storm else {})})


def _at(minutes: Ints, arrival: Ints) -> list[int]:
    """How many readings came up to each of these minutes, where some did and some come after."""
    first, end = np.searchsorted(minutes, [arrival[0], arrival[-1]]).tolist()
    found = np.searchsorted(arrival, minutes[first:end], side="right")
    return [at for at in np.unique(found).tolist() if 0 < at < len(arrival)]


def _full(instant: int) -> int:
    return -(-instant // MINUTE) * MINUTE


def _cut(arrival: Ints, start: int, most: int) -> int:
    """Where a step of about so many readings ends: at a full minute, all that came by then included."""
    total = len(arrival)
    at = start + most
    return total if at >= total else _minute_after(arrival, at)


def _minute_after(arrival: Ints, at: int) -> int:
    """How many readings came up to the full minute at or after this one."""
    minute = -(-int(arrival[at]) // MINUTE) * MINUTE
    return int(np.searchsorted(arrival, minute, side="right"))


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
