"""Readings of a batch, sorted by sensor for work in columns; within a sensor in the order they came."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from services.alerts.derive import Floats, Ints
from services.observation.batch import Batch
from services.observation.sources import Source

_SMALL = 1 << 16
_nothing, _never = np.empty(0, np.int64), np.empty(0, bool)


class Rows:
    """Columns of readings grouped by sensor.

    Attributes:
        sensor, time, value, flag: as in a batch, `sensor` by row of the layout. Of derived readings a value
            may be NaN with a usable flag: nothing is said, or there is none.
        arrival: place of each reading, or of the measured one it was derived from, in the batch.
        first: whether it is the first of its sensor. starts: where each sensor begins.
        unique: every sensor has one reading; then nothing was moved, and `odd` and `step` are empty.
        step: µs since the reading before it of the same sensor; 0 for the first.
        odd: FAIL, MISSING or SUSPECT, or not newer than the reading before it.
        lower, none: of derived readings: it is "at least"; there is none. Empty for measured ones.
        ask: of derived readings: what the value would be at a place where there is none.
    """

    __slots__ = (
        "_ends", "_sources", "arrival", "ask", "first", "flag", "lower", "none", "odd",
        "sensor", "starts", "step", "time", "unique", "value",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913  columns
        self,
        sources: Sequence[Source],
        sensor: Ints,
        time: Ints,
        value: Floats,
        flag: NDArray[np.uint8],
        arrival: Ints,
        *,
        unique: bool,
    ) -> None:
        """Readings that are grouped by sensor already."""
        self._sources = sources
        self._ends: list[int] | None = None
        self.sensor, self.time, self.value, self.flag, self.arrival = sensor, time, value, flag, arrival
        self.unique = unique
        self.lower = self.none = _never
        self.ask: Callable[[int], float] | None = None
        self.first = np.ones(len(sensor), bool)
        self.step, self.odd = _nothing, _never
        if unique:
            self.starts = np.arange(len(sensor))
            return
        np.not_equal(sensor[1:], sensor[:-1], out=self.first[1:])
        self.starts = np.flatnonzero(self.first)
        self.step = np.zeros(len(sensor), np.int64)
        np.subtract(time[1:], time[:-1], out=self.step[1:], where=~self.first[1:])
        self.odd = (self.step <= 0) & ~self.first
        self.odd |= flag > 2  # noqa: PLR2004  PASS and NOT_EVALUATED

    @property
    def derived(self) -> bool:
        """Whether these were computed here."""
        return self.ask is not None

    def further(
        self, sensor: Ints, time: Ints, value: Floats, flag: NDArray[np.uint8], arrival: Ints
    ) -> "Rows":
        """Readings derived from these: (n,) columns grouped by row; `arrival` is that of their sources."""
        unique = len(sensor) < 2 or bool((sensor[1:] != sensor[:-1]).all())  # noqa: PLR2004
        return Rows(self._sources, sensor, time, value, flag, arrival, unique=unique)

    def lengths(self) -> NDArray[np.int64]:
        """(sensors,) number of readings of each, in their order here."""
        return np.diff(np.append(self.starts, len(self.time)))

    def pack_of(self, count: int) -> Ints:
        """(count,) number of the pack of each of the first readings of the batch, by arrival."""
        return np.repeat(np.arange(len(self._sources)), [one.rows for one in self._sources])[:count]

    def received(self, at: int) -> int:
        """When a reading was received, µs."""
        if self._ends is None:
            self._ends = list(accumulate(source.rows for source in self._sources))
        return self._sources[bisect_right(self._ends, int(self.arrival[at]))].received_at


def gather(batch: Batch, lookup: NDArray[np.int64]) -> Rows:
    """Readings of the sensors that `lookup` knows, grouped by sensor.

    `lookup`: (sensors of the batch,) row of each, negative where there is none here.
    """
    if not len(batch.time):
        return _of(batch, np.empty(0, np.int64), None)
    sensor = lookup[batch.sensor]
    if len(lookup) and lookup.min() >= 0:
        return _of(batch, sensor, None)
    known = np.flatnonzero(sensor >= 0)
    return _of(batch, sensor[known], known)


def newest_before(rows: Rows, at: Ints, last: Ints) -> Ints:
    """Time of the newest reading of the same sensor before each, in the order they came.

    (m,) µs UTC. `at`: (m,) places in `rows`, of whole sensors; `last`: (m,) the newest before the batch.
    What is not newer than this is late. Where a sensor's times only rise, its first bound is as good as all.
    """
    if rows.unique:
        return last
    back = (rows.step[at] <= 0) & ~rows.first[at]
    if not back.any():
        return last
    newest = last.copy()
    starts = np.append(np.flatnonzero(rows.first[at]), len(at))
    disordered = np.unique(np.searchsorted(starts, np.flatnonzero(back), side="right") - 1)
    for start, end in zip(starts[disordered].tolist(), starts[disordered + 1].tolist(), strict=True):
        before = np.concatenate([last[start : start + 1], rows.time[at[start : end - 1]]])
        newest[start:end] = np.maximum.accumulate(before)
    return newest


def _of(batch: Batch, sensor: Ints, arrival: Ints | None) -> Rows:
    """Sort readings of known sensors; `arrival` names them in the batch, None for all of them."""
    place = np.arange(len(sensor))
    unique = _unique(sensor, place)
    order = arrival
    if not unique:
        # Radix sort, not merge sort.
        narrow = sensor.astype(np.uint16) if int(sensor.max()) < _SMALL else sensor
        sorting = np.argsort(narrow, kind="stable")
        order = sorting if arrival is None else arrival[sorting]
        sensor = sensor[sorting]
    if order is None:
        return Rows(batch.sources, sensor, batch.time, batch.value, batch.flag, place, unique=unique)
    columns = (batch.time[order], batch.value[order], batch.flag[order])
    return Rows(batch.sources, sensor, *columns, order, unique=unique)


def _unique(sensor: NDArray[np.int64], place: NDArray[np.int64]) -> bool:
    """Whether no sensor comes twice."""
    if len(sensor) < 2:  # noqa: PLR2004
        return True
    if bool((sensor[1:] > sensor[:-1]).all()):
        return True
    mark = np.empty(int(sensor.max()) + 1, np.int64)
    mark[sensor] = place
    return bool((mark[sensor] == place).all())
