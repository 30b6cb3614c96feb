"""Another site version: state stays where the rule is the same, and is judged again where it is not.

Nothing old is raised again; what differs under the new rules is reported at the time of the change.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.alerts import snapshot
from services.alerts.columns.layout import Layout
from services.alerts.columns.state import State
from services.alerts.combining import stored
from services.alerts.derive import Floats, Ints
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, Cell, drop
from services.alerts.reasons import RULE_CHANGED, RULE_GONE
from services.alerts.rule import Kind, Rule
from services.observation.site import Site

_SENSOR = ("last", "base", "waiting", "value", "good", "held", "lower", "silent", "failing", "edge")
_GATEWAY = ("clock", "heard", "known", "offline", "quiet", "away")


def apply(core: Core, site: Site, rules: Sequence[Rule], t: int) -> Core:
    """Carry the state over to another layout; events of the difference are in the new core's `out`."""
    layout = Layout(site, rules, core.layout.only)
    new = Core(layout, State(layout, t))
    new.cause, new.derived = core.cause, _renamed(core, new)
    _carry_columns(core, new)
    _carry_windows(core, new)
    new.state.strikes.carry(layout, core.state.strikes, core.layout)
    same = _carry_cells(core, new, t)
    _judge_again(new, same, t)
    stored.carry(new, core, t)
    new.masses.carry(new, core, t)
    snapshot.redraw(new)
    return new


def _renamed(core: Core, new: Core) -> list[tuple[Ints, Ints, Floats, NDArray[np.uint8]]]:
    """Derived readings that nobody has asked for yet, in the new rows."""
    found = []
    for rows, time, value, flag in core.derived:
        row = np.array([new.layout.row.get(core.layout.names[at], -1) for at in rows.tolist()], np.int64)
        at = np.flatnonzero(row >= 0)
        found.append((row[at], time[at], value[at], flag[at]))
    return found


def _carry_columns(core: Core, new: Core) -> None:
    for columns, old_ids, row in (
        (_SENSOR, core.layout.names, new.layout.row),
        (_GATEWAY, core.layout.gateways, new.layout.gateway_row),
    ):
        at = np.array([row.get(name, -1) for name in old_ids], np.int64)
        known = np.flatnonzero(at >= 0)
        for name in columns:
            getattr(new.state, name)[at[known]] = getattr(core.state, name)[known]
    for gateway, alert in core.state.gateway_alerts.items():
        place = new.layout.gateway_row.get(core.layout.gateways[gateway])
        if place is not None:
            new.state.gateway_alerts[place] = alert


def _carry_windows(core: Core, new: Core) -> None:
    """What derivations remember, as far as they still look back as far and as finely."""
    old, now = dict(_windows(core)), dict(_windows(new))
    snapshot.put_windows(
        new, [window for window in snapshot.windows_of(core) if old[window[0]] == now.get(window[0])]
    )
    snapshot.adopt(new, [row for row in new.layout.parent if new.layout.names[row] not in core.layout.row])
    snapshot.put_inputs(new, snapshot.inputs_of(core))


def _windows(core: Core) -> Iterator[tuple[str, tuple[int, int | None]]]:
    """Id of the first output at each source, and how far and how finely its derivation looks back."""
    for level in core.layout.levels:
        for placed in level:
            for at in range(placed.size):
                kind = int(placed.window[at]), placed.derivation.slots
                yield core.layout.names[placed.first + at], kind


def _carry_cells(core: Core, new: Core, t: int) -> set[int]:
    """Move the records of cells; return the cells whose rule and thresholds are the same as before."""
    layout = core.layout
    versions = {rule.id: rule.version for rule in layout.rules}
    kept = {rule.id for rule in new.layout.rules if versions.get(rule.id) == rule.version}
    same: set[int] = set()
    for at in range(len(new.layout.cell_row)):
        rule = new.layout.rule_at[at]
        if rule.id not in kept:
            continue
        before = layout.find(rule.id, new.layout.names[new.layout.cell_row[at]])
        if before is not None and np.array_equal(
            layout.threshold[before], new.layout.threshold[at], equal_nan=True
        ):
            same.add(at)
    for before in sorted({*core.state.cells, *core.state.ended}):
        rule_id = layout.rule_at[before].id
        after = new.layout.find(rule_id, layout.names[layout.cell_row[before]])
        cell = core.state.cells.get(before)
        if after is not None:
            if before in core.state.ended:
                new.state.ended[after] = core.state.ended[before]
            if cell is not None:
                new.state.cells[after] = cell
        elif cell is not None and cell.reported:
            core.out.clear()
            drop(cell)
            core.changed(before, cell, t, t, reason=RULE_GONE)
            new.out += core.out
    core.out.clear()
    return same


def _judge_again(new: Core, same: set[int], t: int) -> None:
    """Derive the conditions of changed and new rules from the last values, as far as these still hold."""
    layout, state = new.layout, new.state
    for at in range(len(layout.cell_row)):
        if at in same:
            continue
        rule = layout.rule_at[at]
        cell = state.cells.get(at)
        row = layout.row_at[at]
        if row >= layout.struck_from:
            _momentary(new, at, rule, cell)
            continue
        if rule.kind is Kind.SILENT:
            _silent(new, at, rule, cell, row, t)
            continue
        if rule.kind is Kind.STUCK:
            if cell is not None:
                cell.anchor_time = NEVER
                drop(cell)
                new.changed(at, cell, t, t, reason=RULE_CHANGED)
                new.rest(at)
            continue
        _ladder(new, at, rule, cell, row, t)


def _silent(new: Core, at: int, rule: Rule, cell: Cell | None, row: int, t: int) -> None:  # noqa: PLR0913
    if cell is None and not new.state.silent[row]:
        return
    cell = new.cell(at)
    drop(cell)
    if new.state.silent[row]:
        cell.active = 1 << rule.severity
    if at in new.masses.of and cell.active and not cell.reported:
        return  # the next tick tells whether alone or together
    new.changed(at, cell, t, int(new.state.base[row]), reason=RULE_CHANGED)
    new.rest(at)


def _momentary(new: Core, at: int, rule: Rule, cell: Cell | None) -> None:
    """Nothing holds between strikes: what is on stays where the last value would keep it."""
    if cell is None:
        return
    rungs = new.layout.rungs(at)
    y = float(new.state.value[new.layout.row_at[at]]) * rule.sign
    kept = sum(1 << k for k, _, clear in rungs.present if y >= clear)
    cell.active &= kept
    for k in range(len(cell.since)):
        if not cell.active >> k & 1:
            cell.since[k], cell.marks[k] = NEVER, 0
    t = max(new.state.strikes.clock, new.state.ended[at][1] if at in new.state.ended else 0)
    new.changed(at, cell, t, t, reason=RULE_CHANGED)
    new.rest(at)


def _ladder(new: Core, at: int, rule: Rule, cell: Cell | None, row: int, t: int) -> None:  # noqa: PLR0913
    layout, state = new.layout, new.state
    good = int(state.good[row])
    seeing = not (state.silent[row] or state.failing[row] or state.unknown(layout, int(layout.gateway[row])))
    open_now = rule.schedule is None or rule.schedule.open_at(max(int(state.last[row]), 0))
    y = float(state.value[row]) * rule.sign
    rungs = layout.rungs(at)
    # Nothing was heard or derived, or only "at least so much": that ends nothing.
    unsaid = good == NEVER or math.isnan(y) or bool(state.lower[row])
    reached = good > NEVER and open_now and any(y >= threshold for threshold in rungs.threshold)
    if cell is None and not (reached and seeing):
        return
    cell = new.cell(at)
    active = cell.active
    drop(cell)
    for k in range(4):
        if not open_now or rungs.threshold[k] != rungs.threshold[k]:
            continue
        if active >> k & 1 and (y >= rungs.clear[k] or unsaid):
            cell.active |= 1 << k
        elif y >= rungs.threshold[k] and seeing and not state.held[row]:
            if rungs.on[k]:
                cell.since[k] = good
            else:
                cell.active |= 1 << k
    cell.flag = 1
    new.changed(at, cell, t, good if good > NEVER else t, reason=RULE_CHANGED)
    new.rest(at)
