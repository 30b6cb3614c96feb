"""Records → rows of the site: sensor, time, value in canonical units, and what can't be used. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.decode import Pack
from services.ingest.rejects import Reason, Reject
from services.ingest.site_index import Plan, SiteIndex
from services.observation.senml import RELATIVE_BELOW

__all__ = ["AHEAD_S", "OLDEST_S", "Columns", "SiteIndex", "Taken", "identify", "wrong_time"]

OLDEST_S = 946_684_800.0
"""2000-01-01; nothing in the field is older, but many a clock without battery starts before."""

AHEAD_S = 300.0
"""How far ahead of `received_at` a reading may be."""


class Taken(NamedTuple):
    """A pack on its way through, with what its topic and its arrival say. `received_at` in µs UTC."""

    gateway: str
    pack: Pack
    received_at: int


class Columns(msgspec.Struct):
    """Readings of several packs, in order, as rows of the site index.

    Attributes:
        row: (n,) uint32, row in the site index.
        time: (n,) int64, µs UTC.
        value: (n,) float64, canonical unit, finite.
        counts: (packs,) usable readings of each pack; they sum to n.
        rejects: by pack, those that have any.
    """

    row: NDArray[np.uint32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    counts: NDArray[np.int64]
    rejects: dict[int, list[Reject]]


def identify(index: SiteIndex, taken: Sequence[Taken]) -> Columns:
    """Readings of packs as rows of the site. Per pack in Python, per reading in C."""
    gathered = _Gathered(index)
    for nth, one in enumerate(taken):
        gathered.add(nth, one)
    return gathered.columns(taken)


class _Gathered:
    """Lists that grow pack by pack, and become columns at once."""

    def __init__(self, index: SiteIndex) -> None:
        self._index = index
        self._plans: list[Plan] = []
        self._counts: list[int] = []
        self._times: list[float | None] = []
        self._values: list[float | str | None] = []
        self._rejects: dict[int, list[Reject]] = {}

    def add(self, nth: int, one: Taken) -> None:
        """Take one pack in."""
        readings = one.pack.readings
        plan = self._index.plan(one.gateway, readings.names, readings.units)
        times, values = readings.times, readings.values
        if plan.keep is not None:
            self._rejects[nth] = [r._replace(record=_number(one.pack, r.record)) for r in plan.rejects]
            times = [times[at] for at in plan.keep]
            values = [values[at] for at in plan.keep]
        if str in set(map(type, values)):
            values = [
                self._code(nth, one, plan, at, v) if isinstance(v, str) else v for at, v in enumerate(values)
            ]
        self._plans.append(plan)
        self._counts.append(len(values))
        self._times += times
        self._values += values

    def _code(self, nth: int, one: Taken, plan: Plan, at: int, text: str) -> float | str:
        """Number of a text; an unlisted one stays a text, and becomes a reject in `columns`."""
        code = self._index.code(int(plan.row[at]), text)
        if code is not None:
            return code
        position = at if plan.keep is None else plan.keep[at]
        self._reject(nth, Reject(Reason.UNKNOWN_TEXT, _number(one.pack, position), text[:120]))
        return _UNLISTED

    def _reject(self, nth: int, reject: Reject) -> None:
        self._rejects.setdefault(nth, []).append(reject)

    def columns(self, taken: Sequence[Taken]) -> Columns:
        """Columns of everything added, without what can't be used."""
        counts = np.array(self._counts, dtype=np.int64)
        if not self._values:
            none = np.empty(0)
            return Columns(none.astype(np.uint32), none.astype(np.int64), none, counts, self._rejects)
        row = np.concatenate([plan.row for plan in self._plans])
        seconds = np.array(self._times, dtype=np.float64)
        value = np.array(self._values, dtype=np.float64)
        value = value * np.concatenate([p.scale for p in self._plans])
        value /= np.concatenate([p.divisor for p in self._plans])
        value += np.concatenate([p.offset for p in self._plans])
        received = np.repeat(np.array([one.received_at for one in taken], dtype=np.int64), counts) / 1e6
        if self._index.takes_received.any():
            relative = ~(seconds >= RELATIVE_BELOW) & self._index.takes_received[row]
            seconds = np.where(relative, received, seconds)
        good = (seconds >= OLDEST_S) & (seconds <= received + AHEAD_S) & np.isfinite(value)
        if not good.all():
            pack = np.repeat(np.arange(len(counts)), counts)
            self._explain(taken, np.flatnonzero(~good), pack, seconds, received)
            counts = np.bincount(pack[good], minlength=len(counts))
            row, seconds, value = row[good], seconds[good], value[good]
        time = np.rint(seconds * 1e6).astype(np.int64)
        if len(time) > 1 and (time[1:] < time[:-1]).any():
            row, time, value = _by_time(counts, row, time, value)
        return Columns(row, time, value, counts, self._rejects)

    def _explain(
        self,
        taken: Sequence[Taken],
        bad: NDArray[np.int64],
        pack: NDArray[np.int64],
        seconds: NDArray[np.float64],
        received: NDArray[np.float64],
    ) -> None:
        """One reject for each unusable reading; the loop is over those alone."""
        starts = np.concatenate([[0], np.cumsum(self._counts)])
        for at in bad.tolist():
            nth = int(pack[at])
            value = self._values[at]
            if value is _UNLISTED:
                continue
            keep = self._plans[nth].keep
            position = at - int(starts[nth])
            number = _number(taken[nth].pack, position if keep is None else keep[position])
            if value is None:
                self._reject(nth, Reject(Reason.NO_VALUE, number))
            elif (reason := wrong_time(float(seconds[at]), float(received[at]))) is not None:
                self._reject(nth, Reject(reason, number, f"t = {float(seconds[at])!r}"))
            else:
                self._reject(nth, Reject(Reason.NOT_FINITE, number))


_UNLISTED = float("nan")
"""Stands for a text that is not listed; told from other NaN by identity."""


def _number(pack: Pack, position: int | None) -> int | None:
    """Number of a reading in its pack, as the sender counts."""
    return position if position is None or pack.numbers is None else pack.numbers[position]


def wrong_time(seconds: float, received: float) -> Reason | None:
    """Why a time can't be used; None when it can. Both in seconds since 1970."""
    if seconds != seconds:  # noqa: PLR0124  NaN: none was sent
        return Reason.TIME_MISSING
    if seconds < RELATIVE_BELOW:
        return Reason.TIME_RELATIVE
    if seconds < OLDEST_S:
        return Reason.TIME_TOO_OLD
    if seconds <= received + AHEAD_S:
        return None
    if OLDEST_S <= seconds / 1000 <= received + AHEAD_S:
        return Reason.TIME_IN_MILLISECONDS
    return Reason.TIME_IN_FUTURE


def _by_time(
    counts: NDArray[np.int64], row: NDArray[np.uint32], time: NDArray[np.int64], value: NDArray[np.float64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float64]]:
    """Readings of each pack in the order they were measured: loggers that tell the newest first exist.

    Behind here, what is older than a sensor's last reading is late and moves nothing.
    """
    order = np.lexsort((time, np.repeat(np.arange(len(counts)), counts)))
    return row[order], time[order], value[order]
