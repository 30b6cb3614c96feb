"""Ladders on conditions that hold only at the instant of a reading: a strike near a place. Pure steps.

A rung is on from a reading at or beyond its threshold, and ends its off-delay after the last reading that was
not beyond its hysteresis. That end is a timer by the clock of the source; what passed while nothing was heard
of the source does not count (`strikes` says when). Of an active rung k, `Cell.since[k]` is the time of that
last reading and `Cell.marks[k]` the µs that did not count since.

Such readings come out of order. One older than another extends nothing that the newer extended further; it
still raises what it reaches, at its own time or that of the last event, whichever is later, unless what it
began would be over by now.
"""

import math
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from services.alerts.columns.layout import FOREVER
from services.alerts.columns.state import LOWEST
from services.alerts.derive import Bools, Floats, Ints
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, Cell, Rungs, drop
from services.alerts.reasons import closed
from services.alerts.rule import Rule


def matters(core: Core, row: Ints, value: Floats, time: Ints) -> tuple[Bools, Bools]:
    """Which readings of a message may change anything, and which of these at most keep what is on.

    All (n,), in the order they came, µs UTC. A reading in the box of its row switches nothing on. If nothing
    on the row ends before the newest, all it can do is to keep what is on; then a later one that reaches as
    far says all that it could.
    """
    state, layout = core.state, core.layout
    calm = (value >= state.lo[row]) & (value < state.hi[row])
    moving = state.until[row] < FOREVER
    found = layout.ruled[row] & (moving | ~calm)
    keeps = np.zeros(len(row), bool)
    at = np.flatnonzero(found & calm & (layout.side[row] != 0))
    if not len(at):
        return found, keeps
    at = at[np.lexsort((-time[at], row[at]))]  # by row, the newest first
    rows, first = row[at], np.ones(len(at), bool)
    first[1:] = rows[1:] != rows[:-1]
    steady = (time[at][first] <= state.until[rows[first]])[np.cumsum(first) - 1]
    # As ranks they may be shifted row by row, so that a running maximum begins anew with each.
    rank = np.unique(value[at] * layout.side[rows], return_inverse=True)[1] + 1
    shifted = rank + (np.cumsum(first) - 1) * (len(at) + 2)
    before = np.concatenate([[-1], np.maximum.accumulate(shifted)[:-1]])
    found[at[steady & ~first & (before >= shifted)]] = False
    keeps[at[steady]] = True
    return found, keeps


def keep(core: Core, row: int, x: float, t: int) -> None:
    """A reading that at most keeps what is on, where nothing ends before it. The box may stay too narrow."""
    state, layout = core.state, core.layout
    for at in layout.cells_of(row):
        cell, rungs = state.cells.get(at), layout.rungs(at)
        if cell is None:
            continue
        y = x * rungs.sign
        for k, _, clear in rungs.present:
            if y >= clear and cell.active >> k & 1:
                if t > cell.since[k]:
                    cell.since[k], cell.marks[k] = t, 0
                if t > state.single.good[row]:
                    state.single.value[row], state.single.good[row] = x, t


def draw(core: Core, row: int) -> None:
    """Draw the box of a row: where its readings switch nothing on, and until when nothing ends."""
    state, layout = core.state, core.layout
    lo, hi, until = LOWEST, math.inf, FOREVER
    for at in layout.cells_of(row):
        rungs, cell = layout.rungs(at), state.cells.get(at)
        active = cell.active if cell is not None else 0
        if layout.rule_at[at].schedule is not None:
            lo, hi, until = math.inf, LOWEST, NEVER
        least = min((up for k, up, _ in rungs.present if not active >> k & 1), default=math.inf)
        if rungs.sign > 0:
            hi = min(hi, least)
        else:
            lo = max(lo, math.nextafter(-least, math.inf))
        if cell is not None:
            until = min(until, due(cell, rungs))
    state.lo[row], state.hi[row], state.until[row] = lo, hi, until


def redraw(core: Core) -> None:
    """Draw all boxes of rows that are not at rest."""
    for row in sorted({core.layout.row_at[at] for at in _open(core)}):
        draw(core, row)


def reading(core: Core, row: int, x: float, t: int) -> None:
    """One reading of a momentary property: `x` at `t`."""
    state, layout = core.state, core.layout
    for at in layout.cells_of(row):
        rule, rungs = layout.rule_at[at], layout.rungs(at)
        y = x * rungs.sign
        cell = state.cells.get(at)
        if (cell is None and y < rungs.lowest) or (rule.schedule and not rule.schedule.open_at(t)):
            continue
        if cell is not None:
            _expire(core, at, cell, rungs, t - 1)
        cell = core.cell(at)
        told = state.ended[at][1] if at in state.ended else NEVER
        if _reach(cell, rungs, y, t, told, core.state.strikes.clock):
            if t > state.good[row]:
                state.value[row], state.good[row] = x, t
            core.changed(at, cell, max(t, told), t)
        core.rest(at)
    draw(core, row)


def _reach(cell: Cell, rungs: Rungs, y: float, t: int, told: int, clock: int) -> bool:  # noqa: PLR0913
    """Switch on what a reading reaches, and extend what it keeps; return whether it did either."""
    moved = False
    for k, threshold, clear in rungs.present:
        if cell.active >> k & 1:
            if y >= clear:
                moved = True
                if t > cell.since[k]:
                    cell.since[k], cell.marks[k] = t, 0
        elif y >= threshold and (t > told or t + rungs.off[k] > clock):
            cell.active |= 1 << k
            cell.since[k], cell.marks[k] = t, 0
            cell.flag = 1
            moved = True
    return moved


def explain(core: Core, first: int, beside: Mapping[str, float]) -> None:
    """Give events from the first of them on what else came of the same strike."""
    for at in range(first, len(core.out)):
        told = core.out[at]
        if told.facts is not None:
            core.out[at] = told._replace(facts=msgspec.structs.replace(told.facts, beside=beside))


def due(cell: Cell, rungs: Rungs) -> int:
    """When the next active rung ends; FOREVER when none is on."""
    found = FOREVER
    for k, _, _ in rungs.present:
        if cell.active >> k & 1:
            found = min(found, cell.since[k] + cell.marks[k] + rungs.off[k])
    return found


def _expire(core: Core, at: int, cell: Cell, rungs: Rungs, upto: int) -> None:
    """End the rungs that are due, in order of time, as long as something is on."""
    row = core.layout.row_at[at]
    state = core.state
    while (d := due(cell, rungs)) <= upto:
        since = NEVER
        for k, _, _ in rungs.present:
            if cell.active >> k & 1 and cell.since[k] + cell.marks[k] + rungs.off[k] <= d:
                since = max(since, cell.since[k])
                cell.active &= ~(1 << k)
                cell.since[k], cell.marks[k] = NEVER, 0
        newest = int(state.good[row])
        state.good[row] = since  # the event tells of the last reading that kept what ends
        core.changed(at, cell, max(d, state.ended[at][1] if at in state.ended else d), since)
        state.good[row] = newest


def expire(core: Core, upto: int) -> None:
    """Let every rung end that is due by an instant, the earliest first; close what is not in force."""
    layout, cells = core.layout, core.state.cells
    waiting = sorted((due(cells[at], layout.rungs(at)), at) for at in _open(core) if cells[at].active)
    for _, at in waiting:
        cell = cells[at]
        edge = _closes(layout.rule_at[at], core.state.strikes.seen, upto)
        if edge is not None:
            _expire(core, at, cell, layout.rungs(at), edge - 1)
            drop(cell)
            core.changed(at, cell, edge, edge, reason=closed(layout.rule_at[at].schedule, edge))
        else:
            _expire(core, at, cell, layout.rungs(at), upto)
        core.rest(at)
        draw(core, layout.row_at[at])
    core.state.strikes.seen = max(core.state.strikes.seen, upto)


def _closes(rule: Rule, after: int, upto: int) -> int | None:
    """When a rule ceased to be in force in a span of time, or None."""
    edge = None if rule.schedule is None else rule.schedule.next_edge(after)
    while rule.schedule is not None and edge is not None and edge <= upto:
        if not rule.schedule.open_at(edge):
            return edge
        edge = rule.schedule.next_edge(edge)
    return None


def shift(core: Core, by: int, before: int) -> None:
    """So many µs up to now, from `before` on, counted for nothing: nothing was heard of any source."""
    for at in _open(core):
        cell = core.state.cells[at]
        for k in range(len(cell.since)):
            if cell.since[k] != NEVER and cell.since[k] <= before:
                cell.marks[k] += by
    redraw(core)


def blind(core: Core, t: int, *, deaf: bool) -> None:
    """Nothing is heard of any source of strikes any more; or of one again."""
    for at in _open(core):
        cell = core.state.cells[at]
        if cell.reported and cell.blind != deaf:
            cell.blind = deaf
            when = max(t, core.state.ended[at][1] if at in core.state.ended else t)
            core.tell(at, cell, "blind" if deaf else "sighted", cell.reported, when, cell.start)


def _open(core: Core) -> Iterable[int]:
    """Cells of momentary properties that are not at rest."""
    first = core.layout.struck_from
    return sorted(at for at in core.state.cells if core.layout.row_at[at] >= first)
