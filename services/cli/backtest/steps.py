"""A recording cut into steps for the engine: flagged readings, and a tick after each.

Live, a tick comes every second; here only where one could tell something. Where each reading comes when it
is measured, a tick between two readings of a sensor tells nothing that the second would not tell just before
it is applied. So rules that look at one sensor need no tick but at the end of a step. Rules over several
sensors are not moved by ticks either, but by one thing that ticks tell: that a sensor has fallen silent. So
a step also ends at the first full minute at which that would be known of a sensor (`Silence`). Where
readings come later than they were measured, each full minute at which something came has its tick.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.silence import silent_of
from services.alerts.engine import EngineMessage, Readings
from services.cli.backtest.recorded import Ints, Recorded, Rows
from services.cli.backtest.recorded_strikes import Storm
from services.cli.backtest.steps_clocks import MINUTE, Clocks, Silence, minute_after
from services.cli.backtest.steps_mills import Mills
from services.ingest import quality
from services.ingest.neighbours import Neighbours
from services.observation.batch import Batch
from services.observation.messages import Tick
from services.observation.quantity import Property
from services.observation.site import BROKER, Site
from services.observation.sources import Source

CHUNK = 1 << 17
"""Readings per step: many for each sensor, so that what is done once per sensor costs little."""

_MINUTES = 240
"""Minutes per step where only strikes came."""

HOLD_S = 7_200.0
"""How long after a strike a full minute may still tell something, where the caller doesn't know better."""

PER_SENSOR = 256
"""Readings per step for each sensor, where that is more."""


class Plan(NamedTuple):
    """How a recording is cut.

    Attributes:
        together: there are rules over several sensors.
        hold_s: how long after a strike, or a word of a mill, something may wait for a full minute.
        whole: what is made of strikes stands in a rule with others, so all readings keep their order with it.
    """

    together: bool
    hold_s: float = HOLD_S
    whole: bool = False


def messages(
    recorded: Recorded, site: Site, extra: dict[str, Property], plan: Plan, progress: Callable[[int], None]
) -> Iterator[list[EngineMessage]]:
    """Messages for the engine, step by step.

    Args:
        recorded: readings in the order they came.
        site: whose sensors.
        extra: properties that hazards add.
        plan: how to cut.
        progress: told how many readings are done.

    Yields:
        Batches of readings and strikes, each with its tick at a full minute.
    """
    sensors = list(site.sensors.values())
    limits = quality.Limits.of(sensors, Neighbours(sensors, site.stations, extra))
    tail = quality.Tail(len(sensors))
    cutter = _Cutter(recorded, site, plan)
    start, total, at_once = 0, len(recorded), recorded.at_once()
    most = max(CHUNK, PER_SENSOR * len(sensors)) if at_once else 0
    while start < total:
        end = _cut(recorded.arrival, start, most)
        part = slice(start, end)
        row, time, value = recorded.row[part], recorded.time[part], recorded.value[part]
        flag = quality.check(row, time, value, limits, tail)
        yield cutter.step(_Rows(row, time, value, recorded.arrival[part], flag))
        progress(end)
        start = end
    yield from cutter.rest()


class _Rows(NamedTuple):
    """Readings, a column each."""

    row: Rows
    time: Ints
    value: NDArray[np.float64]
    arrival: Ints
    flag: NDArray[np.uint8]

    def at(self, which: slice | NDArray[np.bool_]) -> "_Rows":
        return _Rows(
            self.row[which], self.time[which], self.value[which], self.arrival[which], self.flag[which]
        )


class _Cutter:
    """Cuts readings and strikes into messages; remembers how far it is."""

    def __init__(self, recorded: Recorded, site: Site, plan: Plan) -> None:
        self._names = list(site.sensors)
        self._clocks = Clocks(recorded)
        self._at_once = recorded.at_once()
        self._whole = plan.whole or not self._at_once
        watched = plan.together and self._at_once
        self._silence = Silence(silent_of(site), self._clocks.number) if watched else None
        self._storm = Storm(recorded.strikes, site, plan.hold_s)
        heard = recorded.heard(len(site.sensors))
        names = {name for at, name in enumerate(self._names) if heard[at]}
        self._mills = Mills(site, names, plan.hold_s, in_order=recorded.at_once())
        self._storms_own = self._storm.gateways | {name for name in self._mills.gateways if name}
        self._told = _full(recorded.span()[0]) - MINUTE
        self._end = recorded.span()[1]

    def step(self, rows: _Rows) -> list[EngineMessage]:
        """Messages of the next readings."""
        last = _full(int(rows.arrival[-1]))
        cuts = self._silence.cuts(rows.row, rows.time) if self._silence is not None else []
        apart = self._mills.apart[rows.row]
        mine = rows.at(apart)
        minutes = self._minutes(mine, last)
        step: list[EngineMessage] = []
        if not len(minutes):
            self._plain(step, rows, cuts)
        elif self._whole:
            self._stormy(step, rows, cuts, minutes, clocks=True)
        else:
            others = np.cumsum(~apart)
            self._plain(
                step, rows.at(~apart), [int(others[cut - 1]) for cut in cuts], without=self._storms_own
            )
            self._stormy(step, mine, [], minutes, clocks=False)
            step.append(self._tick(last, self._clocks.at(rows.row, rows.time, rows.arrival)))
        return step

    def rest(self) -> Iterator[list[EngineMessage]]:
        """What comes after the last reading."""
        minutes = self._storm.between(self._told, 1 << 62)
        for first in range(0, len(minutes), _MINUTES):
            step: list[EngineMessage] = []
            for minute in minutes[first : first + _MINUTES].tolist():
                self._minute(step, minute, {})
            yield step

    def _minutes(self, mine: _Rows, last: int) -> Ints:
        """Full minutes up to the last at which places are looked at, from where the last step ended."""
        first, self._told = self._told + MINUTE, last
        found = self._storm.between(first - MINUTE, last)
        if len(mine.row) or self._mills.waits(first):
            found = np.union1d(found, self._mills.minutes(self._batch(mine), first, last))
        return found

    def _plain(
        self, step: list[EngineMessage], rows: _Rows, cuts: list[int], without: Collection[str] = ()
    ) -> None:
        """Readings, cut where a tick can tell something; no tick moves the clocks of these gateways."""
        first = 0
        for cut in [*cuts, len(rows.row)]:
            if cut > first:
                one = rows.at(slice(first, cut))
                step.append(Readings(self._batch(one)))
                heard = self._clocks.at(one.row, one.time, one.arrival)
                known = {name: t for name, t in heard.items() if name not in without}
                step.append(Tick(_full(int(one.arrival[-1])), 0, [BROKER], known))
                first = cut

    def _stormy(
        self, step: list[EngineMessage], rows: _Rows, cuts: list[int], minutes: Ints, *, clocks: bool
    ) -> None:
        """Readings cut at these minutes too, and strikes; without `clocks`, ticks move only the networks'."""
        told = 0
        first = 0
        for cut in sorted({*cuts, *_at(minutes, rows.arrival), len(rows.row)}):
            if cut <= first:
                continue
            one = rows.at(slice(first, cut))
            first, minute = cut, _full(int(one.arrival[-1]))
            before = int(np.searchsorted(minutes, _full(int(one.arrival[0]))))
            for earlier in minutes[told:before].tolist():
                self._minute(step, earlier, {})
            told = max(told, before)
            step.append(Readings(self._batch(one)))
            heard = self._clocks.at(one.row, one.time, one.arrival) if clocks else {}
            if told < len(minutes) and minutes[told] == minute:
                self._minute(step, minute, heard)
                told += 1
            else:
                step.append(self._tick(minute, heard))
        for later in minutes[told:].tolist():
            self._minute(step, later, {})

    def _minute(self, step: list[EngineMessage], minute: int, heard: dict[str, int]) -> None:
        step += self._storm.at(minute)
        step.append(self._tick(minute, heard))

    def _tick(self, minute: int, heard: dict[str, int]) -> Tick:
        return Tick(minute, 0, [BROKER, *self._storm.sources], {**heard, **self._storm.clocks(minute)})

    def _batch(self, rows: _Rows) -> Batch:
        last = int(rows.arrival[-1]) if len(rows.arrival) else 0
        sources = [Source("", "", 0, 0, 1, last, len(rows.row))]
        if not self._at_once:  # what came together was one pack; else what was measured together was
            starts = np.flatnonzero(np.diff(rows.arrival, prepend=rows.arrival[:1] - 1))
            sizes = np.diff(np.append(starts, len(rows.row)))
            came = zip(rows.arrival[starts].tolist(), sizes.tolist(), strict=True)
            sources = [Source("", "", 0, 0, 1, at, size) for at, size in came]
        return Batch(sources, self._names, rows.time, rows.row, rows.value, rows.flag)


def _at(minutes: Ints, arrival: Ints) -> list[int]:
    """How many readings came up to each of these minutes, where some did and some come after."""
    found = np.searchsorted(arrival, minutes, side="right")
    return [at for at in np.unique(found).tolist() if 0 < at < len(arrival)]


def _full(instant: int) -> int:
    return -(-instant // MINUTE) * MINUTE


def _cut(arrival: Ints, start: int, most: int) -> int:
    """Where a step of about so many readings ends: at a full minute, all that came by then included."""
    total = len(arrival)
    at = start + most
    return total if at >= total else minute_after(arrival, at)
