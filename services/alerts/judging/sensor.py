"""What one reading, or one timer, does to one sensor. The slow, exact path: see `calm` for the fast one.

Timers of a sensor (its silence, delays of on-change properties, edges of schedules) are looked at just
before a reading that is later than they are due, and at ticks; never in between.

Derived sensors take the same path as measured ones. What sets them apart: a reading of theirs may say nothing
(NaN), that there is none, or only "at least so much".
"""

import math

from services.alerts.columns.layout import FOREVER
from services.alerts.judging import box
from services.alerts.judging.conditions import Said, close, judge, late, shut
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, due, fire
from services.alerts.rule import LADDERS, Kind
from services.observation.flags import Flag

_USABLE = (Flag.PASS, Flag.NOT_EVALUATED, Flag.SUSPECT)


def reading(  # noqa: PLR0913  what a reading is
    core: Core, s: int, t: int, x: float, flag: int, *, none: bool = False, lower: bool = False
) -> None:
    """Apply one reading of a sensor and draw its calm box anew."""
    one = core.state.single
    if s < core.layout.real and not math.isfinite(x):
        flag = Flag.MISSING
    if t <= one.last[s]:
        late(core, s, t, x, flag)
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
        shut(core, s, t)
    box.refresh(core, s)


def _usable(core: Core, s: int, said: Said) -> None:
    layout, one = core.layout, core.state.single
    one.value[s], one.good[s], one.held[s] = said.value, said.time, said.suspect
    one.failing[s], one.lower[s] = False, said.lower
    if not said.suspect:
        _sight(core, s, said.time)
    for at in layout.cells_of(s):
        judge(core, at, layout.rule_at[at], said)
    if said.none:
        one.value[s] = math.nan


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
            close(core, at, d)
        elif not schedule.open_at(d - 1) and _holds(core, s, d):
            row, rule = layout.row_at[at], layout.rule_at[at]
            held, least = bool(state.held[row]), bool(state.lower[row])
            judge(core, at, rule, Said(float(state.value[row]), d, suspect=held, lower=least))
    box.next_edge(core, s, d)


def _holds(core: Core, s: int, d: int) -> bool:
    """Whether the value a sensor last sent may still be taken for its value at d."""
    good, value = int(core.state.good[s]), float(core.state.value[s])
    if good == NEVER or math.isnan(value) or not _sighted(core, s):
        return False
    return bool(core.layout.timed[s]) or d - good <= int(core.layout.gap[s])
