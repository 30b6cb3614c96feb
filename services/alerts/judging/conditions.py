"""What one reading says to the rules of its sensor: ladders, flat runs, schedules, late readings."""

import math
from typing import NamedTuple

from services.alerts.judging import box
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, Rungs, advance, drop
from services.alerts.reasons import closed
from services.alerts.rule import LADDERS, Kind, Rule
from services.observation.flags import Flag


class Said(NamedTuple):
    """What a usable reading says.

    `gap`: more than the permitted gap lies before it. `none`: there is no such value, so no condition on it
    is met; `value` is then only to be shown. `lower`: it is at least `value`.
    """

    value: float
    time: int
    suspect: bool = False
    gap: bool = False
    none: bool = False
    lower: bool = False


def judge(core: Core, at: int, rule: Rule, said: Said) -> None:
    """Put a usable reading to the rule of a cell: move its rungs, and tell what changed.

    Args:
        core: layout, state, and the events so far; written.
        at: cell of the layout.
        rule: of that cell.
        said: the reading, time in µs UTC, value in the canonical unit.
    """
    if rule.kind is Kind.STUCK:
        _flat(core, at, rule, said.value, said.time, suspect=said.suspect)
    elif rule.kind in LADDERS:
        if rule.schedule is not None and not box.in_force(core, core.layout.row_at[at], rule, said.time):
            close(core, at, said.time)
            return
        rungs = core.layout.rungs(at)
        y = -math.inf if said.none else said.value * rungs.sign
        if y >= rungs.lowest or at in core.state.cells:
            _climb(core, at, rungs, y, said)


def _climb(core: Core, at: int, rungs: Rungs, y: float, said: Said) -> None:
    """Move the ladder of a cell. What says nothing, or nothing to a downward ladder, moves no rung."""
    mute = y != y or (said.lower and rungs.sign < 0 and not said.none)  # noqa: PLR0124  NaN
    cell = core.state.cells.get(at) if mute else core.cell(at)
    if cell is None:
        return
    if mute:
        if said.gap:
            cell.since = [NEVER] * len(cell.since)
    else:
        lower = said.lower and not said.none
        since = advance(cell, rungs, y, said.time, suspect=said.suspect, gap=said.gap, lower=lower)
        if cell.level != cell.reported:
            core.changed(at, cell, said.time, since)
    core.rest(at)


def shut(core: Core, s: int, t: int) -> None:
    """A reading at the very instant of an edge stands for it: also one that could judge nothing."""
    for at in core.layout.cells_of(s):
        schedule = core.layout.rule_at[at].schedule
        if schedule is not None and not schedule.open_at(t):
            close(core, at, t)


def close(core: Core, at: int, t: int) -> None:
    """A schedule closed: what it let through ends."""
    cell = core.state.cells.get(at)
    if cell is not None:
        drop(cell)
        core.changed(at, cell, t, t, reason=closed(core.layout.rule_at[at].schedule, t))
        core.rest(at)


def _flat(core: Core, at: int, rule: Rule, x: float, t: int, *, suspect: bool) -> None:  # noqa: PLR0913
    """Stuck: within the tolerance of the first reading of the flat run, for the window."""
    cell = core.cell(at)
    floor = box.floor_of(core, at, rule)
    armed = floor is None or x >= floor
    flat = cell.anchor_time != NEVER and abs(x - cell.anchor) <= rule.tolerance
    if not flat or not armed:
        if suspect and cell.active:
            return
        cell.anchor, cell.anchor_time = (x, t) if armed else (math.nan, NEVER)
        cell.active = 0
        core.changed(at, cell, t, t)
    elif t - cell.anchor_time >= box.window_of(rule) and not cell.active and not suspect:
        cell.active = 1 << rule.severity
        core.changed(at, cell, t, cell.anchor_time)
    core.rest(at)


def late(core: Core, s: int, t: int, x: float, flag: int) -> None:
    """Apply a reading not newer than the last: it may raise where a rule says so."""
    layout, state = core.layout, core.state
    if flag not in (Flag.PASS, Flag.NOT_EVALUATED) or t == state.last[s]:
        return
    for at in range(layout.start[s], layout.start[s + 1]):
        rule = layout.rule_at[at]
        if rule.late == "reevaluate" and rule.kind is Kind.THRESHOLD:
            _reevaluate(core, at, rule, x, t)
    box.refresh(core, s)


def _reevaluate(core: Core, at: int, rule: Rule, x: float, t: int) -> None:
    """Raise, marked late, where nothing is open and nothing was told at or after this time.

    Rungs with an on-delay are left out: one late reading satisfies no duration.
    """
    state, rungs = core.state, core.layout.rungs(at)
    found = state.cells.get(at)
    told = state.ended.get(at)
    too_old = t < int(state.last[core.layout.cell_row[at]]) - round(rule.max_late_s * 1_000_000)
    if too_old or (found is not None and found.reported) or (told is not None and told[1] >= t):
        return
    row = core.layout.row_at[at]
    if rule.schedule is not None and not (rule.schedule.open_at(t) and box.in_force(core, row, rule, t)):
        return
    reached = [k for k in range(4) if x * rule.sign >= rungs.threshold[k] and rungs.on[k] == 0]
    if not reached:
        return
    cell = core.cell(at)
    drop(cell)
    cell.flag = Flag.PASS
    for k in reached:
        cell.active |= 1 << k
    newest, state.value[row] = float(state.value[row]), x  # the event shows the late value
    core.changed(at, cell, t, t, late=True)
    state.value[row] = newest
