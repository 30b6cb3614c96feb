"""What one reading, or one timer, does to one sensor. The slow, exact path: see `engine` for the fast one.

Timers of a sensor (its silence, delays of on-change properties, edges of schedules) are looked at just
before a reading that is later than they are due, and at ticks; never in between.

Derived sensors take the same path as measured ones. What sets them apart: a reading of theirs may say nothing
(NaN), that there is none, or only "at least so much".

Over 250 lines: what one reading can do to its sensor is one sequence, and its order is the promise.
"""

import math
from typing import NamedTuple

from services.alerts.columns.layout import FOREVER
from services.alerts.judging import box
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, Rungs, advance, drop, due, fire
from services.alerts.reasons import closed
from services.alerts.rule import LADDERS, Kind, Rule
from services.observation.flags import Flag

_USABLE = (Flag.PASS, Flag.NOT_EVALUATED, Flag.SUSPECT)


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


def reading(  # noqa: PLR0913  what a reading is
    core: Core, s: int, t: int, x: float, flag: int, *, none: bool = False, lower: bool = False
) -> None:
    """Apply one reading of a sensor and draw its calm box anew."""
    one = core.state.single
    if s < core.layout.real and not math.isfinite(x):
        flag = Flag.MISSING
    if t <= one.last[s]:
        _late(core, s, t, x, flag)
        return
    if t > one.wake[s] or t > one.edge[s] or t - one.base[s] > one.silence[s]:
        timers(core, s, t - 1, silence=not _left(core, s))
    if one.silent[s]:
        _speaks(core, s, t)
        one.base[s] = t
    one.last[s] = t
    one.base[s] = max(t, one.base[s])  # later than t: its gateway came back only then, with a backlog
    one.waiting[s] = False
    if flag in _USABLE:
        suspect = flag == Flag.SUSPECT
        before = one.good[s]
        gap = before != NEVER and t - before > one.gap[s] and not one.timed[s]
        _usable(core, s, Said(x, t, suspect, gap, none, lower))
    else:
        one.failing[s] = True
        go_blind(core, s, t)
    if one.edge[s] == t:
        _shut(core, s, t)
    box.refresh(core, s)


def _usable(core: Core, s: int, said: Said) -> None:
    layout, one = core.layout, core.state.single
    one.value[s], one.good[s], one.held[s] = said.value, said.time, said.suspect
    one.failing[s], one.lower[s] = False, said.lower
    if not said.suspect:
        _sight(core, s, said.time)
    for at in layout.cells_of(s):
        _judge(core, at, layout.rule_at[at], said)
    if said.none:
        one.value[s] = math.nan


def _judge(core: Core, at: int, rule: Rule, said: Said) -> None:
    if rule.kind is Kind.STUCK:
        _flat(core, at, rule, said.value, said.time, suspect=said.suspect)
    elif rule.kind in LADDERS:
        if rule.schedule is not None and not box.in_force(core, core.layout.row_at[at], rule, said.time):
            _close(core, at, said.time)
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


def _shut(core: Core, s: int, t: int) -> None:
    """A reading at the very instant of an edge stands for it: also one that could judge nothing."""
    for at in core.layout.cells_of(s):
        schedule = core.layout.rule_at[at].schedule
        if schedule is not None and not schedule.open_at(t):
            _close(core, at, t)


def _close(core: Core, at: int, t: int) -> None:
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


def _late(core: Core, s: int, t: int, x: float, flag: int) -> None:
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


def _sight(core: Core, s: int, t: int) -> None:
    cells = core.state.cells
    for at in core.layout.cells_of(s) if cells else ():
        cell = cells.get(at)
        if cell is not None and cell.blind:
            cell.blind = False
            core.tell(at, cell, "sighted", cell.reported, t, cell.start)


def go_blind(core: Core, s: int, t: int) -> None:
    """Mark the active alerts of a sensor that can no longer say whether they should stand."""
    for at in core.layout.cells_of(s):
        cell = core.state.cells.get(at)
        if cell is None or not cell.reported or cell.blind:
            continue
        if core.layout.rule_at[at].kind is not Kind.SILENT:
            cell.blind = True
            core.tell(at, cell, "blind", cell.reported, t, cell.start)


def _silence(core: Core, s: int, d: int) -> None:
    """Three intervals without a reading: raise what watches for it, and blind what is active."""
    layout = core.layout
    core.state.silent[s] = True
    for at in range(layout.start[s], layout.start[s + 1]):
        rule = layout.rule_at[at]
        if rule.kind is Kind.SILENT:
            cell = core.cell(at)
            cell.active = 1 << rule.severity
            if at not in core.masses.of:  # else the next tick tells whether alone or together
                core.changed(at, cell, d, int(core.state.base[s]))
    go_blind(core, s, d)


def _speaks(core: Core, s: int, t: int) -> None:
    core.state.silent[s] = False
    layout = core.layout
    for at in range(layout.start[s], layout.start[s + 1]):
        cell = core.state.cells.get(at)
        if cell is not None and layout.rule_at[at].kind is Kind.SILENT:
            cell.active = 0
            core.masses.spoke(at, t)
            core.changed(at, cell, t, t)
            core.rest(at)


def timers(core: Core, s: int, upto: int, *, silence: bool = True) -> None:
    """Let every timer of a sensor fire that is due at or before an instant, in order of time.

    `silence`: its silence too; not before a reading that ends a time when it was us who were away.
    """
    state, layout = core.state, core.layout
    while True:
        edge = int(state.edge[s])
        delay, at = _delay(core, s)
        silent_at = FOREVER
        if (
            silence
            and not state.silent[s]
            and layout.silent[s] != FOREVER
            and not state.unknown(layout, int(layout.gateway[s]))
        ):
            silent_at = int(state.base[s]) + int(layout.silent[s])
        d = min(edge, delay, silent_at)
        if d > upto:
            return
        if edge == d:
            _edge(core, s, d)
        elif delay == d:
            cell, rungs = state.cells[at], layout.rungs(at)
            since = fire(cell, rungs, d, sighted=_sighted(core, s))
            core.changed(at, cell, d, since)
            core.rest(at)
        else:
            _silence(core, s, d)


def _left(core: Core, s: int) -> bool:
    """Whether we had not been listening to a sensor's gateway, and have not heard of it since."""
    gateway = int(core.layout.gateway[s])
    return gateway >= 0 and bool(core.state.away[gateway])


def _delay(core: Core, s: int) -> tuple[int, int]:
    """Due time and cell of the earliest delay that time alone completes; on-change properties only."""
    best, which = FOREVER, -1
    if core.layout.timed[s]:
        for at in range(core.layout.start[s], core.layout.start[s + 1]):
            cell = core.state.cells.get(at)
            if cell is not None and core.layout.rule_at[at].kind in LADDERS:
                d = due(cell, core.layout.rungs(at), sighted=_sighted(core, s))
                if d is not None and d < best:
                    best, which = d, at
    return best, which


def _sighted(core: Core, s: int) -> bool:
    state = core.state
    return not (
        state.silent[s] or state.failing[s] or state.unknown(core.layout, int(core.layout.gateway[s]))
    )


def _edge(core: Core, s: int, d: int) -> None:
    """A schedule of the sensor opens or closes: judge the value it holds, or end what it let through."""
    layout, state = core.layout, core.state
    state.edge[s] = FOREVER
    for at in core.layout.cells_of(s):
        schedule = layout.rule_at[at].schedule
        if schedule is None:
            continue
        if not schedule.open_at(d):
            _close(core, at, d)
        elif not schedule.open_at(d - 1) and _holds(core, s, d):
            row, rule = layout.row_at[at], layout.rule_at[at]
            held, least = bool(state.held[row]), bool(state.lower[row])
            _judge(core, at, rule, Said(float(state.value[row]), d, suspect=held, lower=least))
    box.next_edge(core, s, d)


def _holds(core: Core, s: int, d: int) -> bool:
    """Whether the value a sensor last sent may still be taken for its value at d."""
    good, value = int(core.state.good[s]), float(core.state.value[s])
    if good == NEVER or math.isnan(value) or not _sighted(core, s):
        return False
    return bool(core.layout.timed[s]) or d - good <= int(core.layout.gap[s])
