"""What each rule on a sensor says at an instant: its rungs, its delays, what it still waits for."""

import math

from services.alerts.columns.layout import FOREVER
from services.alerts.explain.facts import RuleState, RungState, finite, instant
from services.alerts.hazard import HIDDEN
from services.alerts.judging import box
from services.alerts.judging.core import Core
from services.alerts.ladder import AWAITING, NEVER, SUSPECT, Cell, Rungs
from services.alerts.rule import LADDERS, Kind, Rule
from services.observation.event import SEVERITIES


def on_sensor(core: Core, row: int, at: int) -> list[RuleState]:
    """Rules on the sensor itself, and those of its rate of change."""
    layout = core.layout
    rows = [row, *(r for r, p in layout.parent.items() if p == row and layout.property[r].startswith(HIDDEN))]
    return [_rule(core, r, cell, at) for r in rows for cell in layout.cells_of(r)]


def _rule(core: Core, row: int, at_cell: int, at: int) -> RuleState:
    layout, state = core.layout, core.state
    rule = layout.rule_at[at_cell]
    cell = state.cells.get(at_cell)
    found = _of(rule, cell, layout.unit[row])
    found.value = finite(state.value[row])
    found.in_force = _in_force(rule, at)
    found.next_edge = None if rule.schedule is None else rule.schedule.next_edge(at)
    if rule.kind in LADDERS:
        found.rungs = _rungs(core, row, cell, layout.rungs(at_cell), at)
    elif rule.kind is Kind.SILENT:
        limit = int(layout.silent[row])
        found.silent_after_s = None if limit == FOREVER else limit / 1e6
    elif rule.kind is Kind.STUCK:
        floor = box.floor_of(core, at_cell, rule)
        found.floor = None if floor is None or math.isinf(floor) else floor
        found.window_s = rule.window_s
        found.flat_since = None if cell is None else instant(cell.anchor_time)
    return found


def _of(rule: Rule, cell: Cell | None, unit: str) -> RuleState:
    """What is common to rules of every kind."""
    level = 0 if cell is None else cell.reported
    return RuleState(
        rule=rule.id,
        hazard=rule.hazard,
        kind=str(rule.kind),
        status=rule.status,
        source=rule.source,
        severity=SEVERITIES[level - 1] if level else None,
        alert=None if cell is None else cell.alert,
        since=None if cell is None or not level else instant(cell.start),
        upward=rule.upward,
        in_force=True,
        next_edge=None,
        value=None,
        unit=unit,
        blind=cell is not None and cell.blind,
        rungs=[],
    )


def _in_force(rule: Rule, at: int) -> bool:
    return rule.schedule is None or rule.schedule.open_at(at)


def _rungs(core: Core, row: int, cell: Cell | None, rungs: Rungs, at: int) -> list[RungState]:
    state = core.state
    timed = bool(core.layout.timed[row])
    value = finite(state.value[row])
    y = None if value is None else value * rungs.sign
    found = []
    for k, threshold, clear in rungs.present:
        on = cell is not None and bool(cell.active >> k & 1)
        since = NEVER if cell is None else cell.since[k]
        delay = rungs.off[k] if on else rungs.on[k]
        marks = 0 if cell is None else cell.marks[k]
        found.append(
            RungState(
                severity=SEVERITIES[k],
                threshold=threshold * rungs.sign,
                clear=clear * rungs.sign,
                met=None if y is None else y >= threshold,
                on=on,
                holding=on and y is not None and clear <= y < threshold,
                since=instant(since),
                delay_s=delay / 1e6,
                left_s=None if since == NEVER else max(0, since + delay - at) / 1e6,
                unconfirmed=since != NEVER and bool(marks & AWAITING),
                by_reading=not timed or bool(marks & SUSPECT),
            )
        )
    return found


def on_groups(core: Core, row: int, at: int) -> list[RuleState]:
    """Rules over several sensors that this one is a member of."""
    groups = core.groups
    found = []
    for group in groups.groups:
        leaves = range(group.first, group.first + len(group.leaves))
        if all(leaf.row != row for leaf in group.leaves):
            continue
        one = _of(group.rule, group.cell, "")
        one.where = group.name
        one.in_force = _in_force(group.rule, at)
        one.next_edge = None if group.rule.schedule is None else group.rule.schedule.next_edge(at)
        rows = {leaf.row for leaf in group.leaves}
        met = {leaf.row for number, leaf in zip(leaves, group.leaves, strict=True) if groups.met[number]}
        one.members = len(met), len(rows)
        one.value = float(len(met))
        one.rungs = _needed(group.cell, group.rungs, group.present, at)
        found.append(one)
    return found


def _needed(cell: Cell, rungs: Rungs, present: list[int], at: int) -> list[RungState]:
    """Delays of a group's rungs; how many members each needs is the rule's text."""
    found = []
    for k in present:
        on = bool(cell.active >> k & 1)
        since, delay = cell.since[k], rungs.off[k] if on else rungs.on[k]
        left = None if since == NEVER else max(0, since + delay - at) / 1e6
        one = RungState(
            SEVERITIES[k], math.nan, math.nan, None, on, since=instant(since), delay_s=delay / 1e6
        )
        one.left_s = left
        found.append(one)
    return [one for one in found if one.on or one.since is not None]
