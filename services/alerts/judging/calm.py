"""A batch of readings against the calm boxes of its sensors, whole columns at once: the fast path.

Where all readings of a sensor lie in its box, the newest one is all that is taken over. Of the others only
those that matter go through `sensor`, one by one; what is calm between them is jumped over.
"""

import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.rows import Rows
from services.alerts.judging.core import Cause, Core
from services.alerts.judging.sensor import reading

_LOOK = 64
"""How far ahead of a reading that mattered to look for the next one, to begin with."""


def apply(core: Core, rows: Rows) -> None:
    """Readings of one level: the calm ones in columns, the others by their sensor."""
    calm = _calm(core, rows)
    if calm.all():
        _settle(core, rows, None)
        return
    quiet = np.logical_and.reduceat(calm, rows.starts)
    _settle(core, rows, quiet)
    ends = np.append(rows.starts[1:], len(rows.time))
    loud = np.flatnonzero(~quiet)
    if rows.unique and not rows.derived:
        _singly(core, rows, loud)
        return
    for start, end in zip(rows.starts[loud].tolist(), ends[loud].tolist(), strict=True):
        _segment(core, rows, start, end)


def _singly(core: Core, rows: Rows, at: NDArray[np.int64]) -> None:
    """Measured readings of as many sensors, the exact way."""
    columns = (rows.sensor, rows.time, rows.value, rows.flag, rows.arrival)
    for place, s, t, x, flag, arrival in zip(
        at.tolist(), *(column[at].tolist() for column in columns), strict=True
    ):
        core.cause = Cause(arrival, rows.received(place))
        reading(core, s, t, x, flag)


def _calm(core: Core, rows: Rows) -> NDArray[np.bool_]:
    """Which readings lie in the box of their sensor, if those before them do."""
    state, sensor, time = core.state, rows.sensor, rows.time
    since = state.base[sensor]
    calm = time > state.last[sensor]
    if not rows.unique:
        later = ~rows.first
        calm |= later
        calm &= ~rows.odd
        np.copyto(since, time - rows.step, where=later)
    else:
        calm &= rows.flag <= 2  # noqa: PLR2004  PASS and NOT_EVALUATED
    np.subtract(time, since, out=since)
    calm &= since <= state.limit[sensor]
    calm &= time < state.until[sensor]
    within = rows.value >= state.lo[sensor]
    within &= rows.value < state.hi[sensor]
    if rows.derived:  # what says nothing, where nothing waits for it
        within |= np.isnan(rows.value) & state.idle[sensor]
    calm &= within
    return calm


def _settle(core: Core, rows: Rows, quiet: NDArray[np.bool_] | None) -> None:
    """Take over the newest readings of sensors all of whose readings were calm; None: of all sensors."""
    state = core.state
    ends = np.append(rows.starts[1:], len(rows.time)) - 1
    if quiet is not None:
        ends = ends[quiet]
    sensor, time, value = (rows.sensor, rows.time, rows.value) if rows.unique and quiet is None else (
        rows.sensor[ends], rows.time[ends], rows.value[ends]
    )  # fmt: skip
    state.last[sensor] = time
    state.base[sensor] = np.maximum(state.base[sensor], time)
    state.good[sensor] = time
    state.value[sensor] = value
    if rows.derived:
        state.lower[sensor] = rows.lower[ends]


def _segment(core: Core, rows: Rows, start: int, end: int) -> None:
    """Readings of one sensor, in the order they came, at least one of them not calm.

    The loop is over readings that matter; what is calm between them is found by columns.
    """
    state = core.state
    s = int(rows.sensor[start])
    at = start
    while at < end:
        stop = _calm_until(core, rows, s, at, end) if end - at > 1 else at
        if stop > at:
            last = stop - 1
            state.last[s] = state.good[s] = rows.time[last]
            state.base[s] = max(state.base[s], rows.time[last])
            state.value[s] = rows.value[last]
            if rows.derived:
                state.lower[s] = rows.lower[last]
        if stop < end:
            core.cause = Cause(int(rows.arrival[stop]), rows.received(stop))
            if rows.derived:
                _derived_reading(core, rows, s, stop)
            else:
                reading(core, s, int(rows.time[stop]), float(rows.value[stop]), int(rows.flag[stop]))
        at = stop + 1


def _derived_reading(core: Core, rows: Rows, s: int, at: int) -> None:
    """One derived reading, the exact way. Below its floor the value is only asked for to be shown."""
    value, none = float(rows.value[at]), bool(rows.none[at])
    if none and rows.ask is not None and any(cell in core.state.cells for cell in core.layout.cells_of(s)):
        value = rows.ask(at)
    t, flag, lower = int(rows.time[at]), int(rows.flag[at]), bool(rows.lower[at])
    reading(core, s, t, value, flag, none=none, lower=lower)


def _calm_until(core: Core, rows: Rows, s: int, at: int, end: int) -> int:
    """Index of the first reading at or after `at` that is outside the present box, or `end`."""
    state = core.state
    lo, hi = state.lo[s], state.hi[s]
    value = rows.value[at]
    idle = rows.derived and bool(state.idle[s])
    if not (lo <= value < hi or (idle and np.isnan(value))):
        return at
    until, limit = state.until[s], state.limit[s]
    time = rows.time[at]
    if time <= state.last[s] or time >= until or time - state.base[s] > limit or rows.flag[at] > 2:  # noqa: PLR2004
        return at
    at += 1
    look = _LOOK
    while at < end:
        stop = min(at + look, end)
        part = slice(at, stop)
        values, times, step = rows.value[part], rows.time[part], rows.step[part]
        calm = (values >= lo) & (values < hi)
        if idle:
            calm |= np.isnan(values)
        calm &= (step <= limit) & (times < until) & ~rows.odd[part]
        first = int(calm.argmin())
        if not calm[first]:
            return at + first
        at, look = stop, look * 4
    return end
