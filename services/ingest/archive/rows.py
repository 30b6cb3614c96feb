"""Rows on their way into `observation`: gathered from batches, in key order, each key once."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.archive import copy
from services.observation.batch import Batch
from services.observation.sensor import CANARY

UNKNOWN = -1
NOTHING = np.iinfo(np.int64).min
ANYTHING = np.iinfo(np.int64).max


class Rows(NamedTuple):
    """Columns of equal length. `source` counts through the sources of all batches of the group."""

    sensor: NDArray[np.int32]  # sensor.id
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    received: NDArray[np.int64]
    source: NDArray[np.int32]

    def at(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> "Rows":
        """The rows for which a mask is true, or of these positions in their order."""
        return Rows(
            self.sensor[where],
            self.time[where],
            self.value[where],
            self.flag[where],
            self.received[where],
            self.source[where],
        )

    def as_copy(self) -> bytes:
        """Binary COPY into `observation`."""
        return copy.encode(copy.OBSERVATION, self._columns())

    def as_staged(self) -> bytes:
        """Binary COPY into the staging table: the same behind the source."""
        return copy.encode(copy.STAGED, (self.source, *self._columns()))

    def as_spans(self) -> bytes:
        """Binary COPY of the stretch of time that each sensor's rows cover; of settled rows only."""
        (sensor, low), (_, high) = oldest(self), newest(self)
        return copy.encode(copy.SPAN, (sensor, copy.timestamps(low), copy.timestamps(high)))

    def _columns(self) -> tuple[NDArray[np.generic], ...]:
        return (
            self.sensor,
            copy.timestamps(self.time),
            self.value,
            self.flag,
            copy.timestamps(self.received),
        )


class Settled(NamedTuple):
    """Rows sorted by (sensor, time), every key once, and the sources of those left out."""

    rows: Rows
    duplicates: NDArray[np.int32]  # source of each row that said the same again
    conflicts: NDArray[np.int32]  # source of each row that said something else of the same key


def unknown_names(batches: Sequence[Batch], ids: Mapping[str, int]) -> list[str]:
    """Names of sensors that have no id yet, once each; the canary is no observation and gets none."""
    names = {name for batch in batches for name in batch.sensors if name not in ids}
    return sorted(names - {CANARY})


def canary_time(batches: Sequence[Batch]) -> int | None:
    """Latest time of the canary among the batches, µs UTC."""
    times = [
        int(batch.time[mask].max())
        for batch in batches
        if CANARY in batch.sensors and (mask := batch.sensor == batch.sensors.index(CANARY)).any()
    ]
    return max(times, default=None)


def gather(batches: Sequence[Batch], ids: Mapping[str, int]) -> Rows:
    """All rows of the batches in the order in which they came; the canary's are left out.

    `observation.batch.concat` would number the names of all batches anew; here they have numbers
    already, the database's, so one lookup per name of a batch does.
    """
    sensors, sources, offset = [], [], 0
    for batch in batches:
        lookup = np.fromiter(map(ids.get, batch.sensors, repeat(UNKNOWN)), np.int32, len(batch.sensors))
        sensors.append(lookup[batch.sensor])
        sources.append(batch.source_of_row() + offset)
        offset += len(batch.sources)
    if not sensors:
        return _none()
    rows = Rows(
        np.concatenate(sensors),
        np.concatenate([batch.time for batch in batches]),
        np.concatenate([batch.value for batch in batches]),
        np.concatenate([batch.flag for batch in batches]),
        np.concatenate([batch.received_of_row() for batch in batches]),
        np.concatenate(sources).astype(np.int32),
    )
    known = rows.sensor != UNKNOWN
    return rows if known.all() else rows.at(known)


def settle(rows: Rows) -> Settled:
    """Bring rows into key order; of several with one key the one that came first stays."""
    order = np.lexsort((rows.time, rows.sensor))  # stable: among equals the first to come is first
    rows = rows.at(order)
    again = np.zeros(len(order), dtype=np.bool_)
    if len(order):
        again[1:] = (rows.sensor[1:] == rows.sensor[:-1]) & (rows.time[1:] == rows.time[:-1])
    if not again.any():
        none = np.empty(0, np.int32)
        return Settled(rows, none, none)
    # Each repeat is compared with the row that stays, not with the one before it.
    stays = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    kept, value = rows.value[stays], rows.value
    same = (kept == value) | (np.isnan(kept) & np.isnan(value))
    return Settled(rows.at(~again), rows.source[again & same], rows.source[again & ~same])


def match(rows: Rows, found: Sequence[NDArray[Any]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which settled rows are among those found (`copy.FOUND`), and which of them say the same."""
    sensor, time, value = found
    theirs = len(sensor)
    sensors = np.concatenate([sensor, rows.sensor])
    times = np.concatenate([time + copy.PG_EPOCH_US, rows.time])
    values = np.concatenate([value, rows.value])
    order = np.lexsort((times, sensors))  # stable: of two with one key the one found comes first
    again = (sensors[order][1:] == sensors[order][:-1]) & (times[order][1:] == times[order][:-1])
    kept, other = values[order][:-1][again], values[order][1:][again]
    there, same = np.zeros(len(rows.sensor), np.bool_), np.zeros(len(rows.sensor), np.bool_)
    at = order[1:][again] - theirs
    there[at] = True
    same[at] = (kept == other) | (np.isnan(kept) & np.isnan(other))
    return there, same


def surely_new(rows: Rows, ceiling: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows can't be in the database: newer than anything there can be of their sensor.

    `ceiling[id]` is a time after which the database has nothing of that sensor.
    """
    return rows.time > ceiling[rows.sensor]


def newest(rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Sensors of settled rows and the last time of each."""
    last = _ends(rows.sensor)
    return rows.sensor[last], rows.time[last]


def oldest(rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Sensors of settled rows and the first time of each."""
    if not len(rows.sensor):
        return rows.sensor, rows.time
    first = np.concatenate([[True], rows.sensor[1:] != rows.sensor[:-1]])
    return rows.sensor[first], rows.time[first]


def _ends(sensor: NDArray[np.int32]) -> NDArray[np.bool_]:
    if not len(sensor):
        return np.empty(0, np.bool_)
    return np.concatenate([sensor[1:] != sensor[:-1], [True]])


def _none() -> Rows:
    return Rows(
        np.empty(0, np.int32),
        np.empty(0, np.int64),
        np.empty(0, np.float64),
        np.empty(0, np.uint8),
        np.empty(0, np.int64),
        np.empty(0, np.int32),
    )
