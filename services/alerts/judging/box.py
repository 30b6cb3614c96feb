"""Drawing the calm box of a sensor: where its next readings change nothing but the latest value."""

import math

import numpy as np

from services.alerts.columns.layout import FOREVER, Layout
from services.alerts.columns.state import LOWEST, State
from services.alerts.judging.core import Core
from services.alerts.ladder import AWAITING, NEVER, Cell, Rungs
from services.alerts.rule import LADDERS, Kind, Rule
from services.observation.instants import SECOND


class _Box:
    """Bounds that only ever tighten."""

    __slots__ = ("hi", "limit", "lo", "until", "wake")

    def __init__(self, limit: int) -> None:
        self.lo, self.hi = LOWEST, math.inf
        self.until = self.wake = FOREVER
        self.limit = limit

    def empty(self) -> None:
        """Nothing is calm."""
        self.lo, self.hi = math.inf, LOWEST

    def within(self, lo: float, hi: float, sign: float) -> None:
        """Keep lo ≤ sign × value < hi, exactly, as bounds on the value."""
        if sign < 0:
            lo, hi = math.nextafter(-hi, math.inf), math.nextafter(-lo, math.inf)
        self.lo = max(self.lo, lo)
        self.hi = min(self.hi, hi)


def refresh(core: Core, s: int) -> None:
    """Draw the box of a sensor from its state."""
    layout, cells, one = core.layout, core.state.cells, core.state.single
    last = one.last[s]
    if last == NEVER:
        one.lo[s], one.hi[s], one.idle[s] = math.inf, LOWEST, False
        return
    box = _Box(one.silence[s])
    restless = one.silent[s] or one.failing[s] or one.held[s] or one.good[s] != last
    if restless:
        box.empty()
    own = layout.cells_of(s)
    if s >= layout.real:
        moving = any(at in cells for at in own)
        one.idle[s] = not (restless or moving)
    if s in layout.scheduled:
        if one.edge[s] == FOREVER or one.edge[s] <= last:
            next_edge(core, s, last)
        box.until = box.wake = one.edge[s]
    for at in own:
        _cell(core, box, s, at)
    one.lo[s], one.hi[s], one.limit[s], one.until[s], one.wake[s] = (
        box.lo, box.hi, box.limit, box.until, box.wake
    )  # fmt: skip


def _cell(core: Core, box: _Box, s: int, at: int) -> None:
    layout, one = core.layout, core.state.single
    rule = layout.rule_at[at]
    cell = core.state.cells.get(at)
    if cell is not None and cell.blind:
        box.empty()
    if rule.kind in LADDERS:
        if rule.schedule is not None and not in_force(core, s, rule, one.last[s]):
            return
        rungs = layout.rungs(at)
        if cell is None:
            box.within(LOWEST, rungs.lowest, rungs.sign)
        else:
            # Boxes count from when silence does, gaps from the last reading, which may be earlier.
            gap = one.gap[s] - (one.base[s] - one.last[s])
            _ladder(box, cell, rungs, gap, timed=one.timed[s])
    elif rule.kind is Kind.STUCK:
        _stuck(core, box, at, rule, cell)


def in_force(core: Core, s: int, rule: Rule, t: int) -> bool:
    """Whether a rule is in force at t, or at the latest edge that was looked at if that is later.

    Between edges nothing changes: just before the next one is as good as any instant since the last.
    """
    if rule.schedule is None:
        return True
    edge = int(core.state.edge[s])
    return rule.schedule.open_at(edge - 1 if t < edge < FOREVER else t)


def _ladder(box: _Box, cell: Cell, rungs: Rungs, gap: int, *, timed: bool) -> None:
    """Within the box no rung flips, and no pending flip begins, ends or completes."""
    lo, hi = LOWEST, math.inf
    for k, threshold, clear in rungs.present:
        on = cell.active >> k & 1
        since = cell.since[k]
        edge = clear if on else threshold
        if since == NEVER:
            lo, hi = (max(lo, edge), hi) if on else (lo, min(hi, edge))
            continue
        lo, hi = (lo, min(hi, edge)) if on else (max(lo, edge), hi)
        due = since + (rungs.off[k] if on else rungs.on[k])
        box.until = min(box.until, due)
        if cell.marks[k] & AWAITING:
            box.empty()
        elif timed:
            box.wake = min(box.wake, due)
        if not timed:
            box.limit = min(box.limit, gap)
    box.within(lo, hi, rungs.sign)


def _stuck(core: Core, box: _Box, at: int, rule: Rule, cell: Cell | None) -> None:
    floor = floor_of(core, at, rule)
    if cell is None or cell.anchor_time == NEVER:
        if floor is None:
            box.empty()
        else:
            box.hi = min(box.hi, floor)
        return
    # Only readings equal to the anchor are surely calm: |x - anchor| ≤ tolerance rounds, bounds would not.
    slack = rule.tolerance * (1 - 1e-9)
    box.lo = max(box.lo, cell.anchor - slack)
    box.hi = min(box.hi, math.nextafter(cell.anchor + slack, math.inf) if not slack else cell.anchor + slack)
    if floor is not None:
        box.lo = max(box.lo, floor)
    if not cell.active:
        box.until = min(box.until, cell.anchor_time + window_of(rule))


def floor_of(core: Core, at: int, rule: Rule) -> float | None:
    """Value at and above which a stuck rule is armed at a cell; None when always."""
    if rule.above is None:
        return None
    station = core.layout.site.stations[core.layout.station[core.layout.row_at[at]]]
    floor = rule.above.resolve(station.attributes)
    return math.inf if floor is None else floor


def window_of(rule: Rule) -> int:
    """Window of a rule in µs."""
    return round(rule.window_s * SECOND)


def next_edge(core: Core, s: int, after: int) -> None:
    """Set the next edge of the schedules of a sensor."""
    edges = [
        rule.schedule.next_edge(after)
        for rule in core.layout.scheduled.get(s, ())
        if rule.schedule is not None
    ]
    core.state.edge[s] = min((edge for edge in edges if edge is not None), default=FOREVER)


def draw_at_rest(layout: Layout, state: State) -> None:
    """Draw all boxes of a state in which no cell has a record, whole columns at once."""
    state.limit[:] = layout.silent
    state.lo[:], state.hi[:] = LOWEST, np.inf
    if not len(layout.cell_row):
        return
    kinds = np.array([rule.kind in LADDERS for rule in layout.rules])
    signs = np.array([rule.sign for rule in layout.rules])
    which = np.flatnonzero(kinds[layout.cell_rule])
    lowest = np.fmin.reduce(layout.threshold[which], axis=1, initial=np.nan)
    lowest = np.where(np.isnan(lowest), np.inf, lowest)
    up = signs[layout.cell_rule[which]] > 0
    np.minimum.at(state.hi, layout.cell_row[which[up]], lowest[up])
    np.maximum.at(state.lo, layout.cell_row[which[~up]], np.nextafter(-lowest[~up], np.inf))
    for column, rule in enumerate(layout.rules):
        if rule.kind is Kind.STUCK:
            rows = layout.cell_row[layout.cell_rule == column]
            state.lo[rows], state.hi[rows] = np.inf, LOWEST
    state.idle[layout.real :] = True
    for row in layout.scheduled:
        state.lo[row], state.hi[row] = np.inf, LOWEST
        state.idle[row] = False
