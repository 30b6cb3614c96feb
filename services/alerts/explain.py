"""Why, and why not: what each rule on a sensor says at an instant, read from an engine. Pure.

Nothing is computed anew: what is told here is the state that the next reading will meet, so an explanation
cannot differ from what the engine does. Nothing is written: an engine may be asked at any time.

`explain` gives facts; `explain_words` makes sentences of them.

Over 250 lines: half of it says what each fact is.
"""

import math

import msgspec

from services.alerts.columns.layout import FOREVER
from services.alerts.engine import Engine
from services.alerts.hazard import HIDDEN
from services.alerts.hazards import properties
from services.alerts.judging import box
from services.alerts.judging.core import Core
from services.alerts.ladder import AWAITING, NEVER, SUSPECT, Cell, Rungs
from services.alerts.rule import LADDERS, RUNGS, Kind, Rule
from services.observation.event import SEVERITIES
from services.observation.text import Text


class RungState(msgspec.Struct):
    """One rung of a ladder on the sensor.

    Attributes:
        threshold, clear: where it begins, and below which it ends; canonical unit, as written.
        met: whether the newest good value reaches it; None where there is none.
        on: it stands. holding: it stands though the value is below its threshold: the hysteresis holds it.
        since: when what is under way began, µs UTC: an on-delay of one that is off, an off-delay of one that
            is on. left_s: of that delay, at the instant asked for.
        unconfirmed: a suspect reading began it, and none has confirmed it yet.
        by_reading: only a further reading completes the delay, not time alone.
    """

    severity: str
    threshold: float
    clear: float
    met: bool | None
    on: bool
    holding: bool = False
    since: int | None = None
    delay_s: float = 0.0
    left_s: float | None = None
    unconfirmed: bool = False
    by_reading: bool = True


class RuleState(msgspec.Struct):
    """One rule on the sensor, or on a group that it is a member of.

    Attributes:
        severity: where it stands; None: normal. alert: id of the open alert. since: its condition began, µs.
        upward: it begins above; else below. in_force: its schedule and validity let it speak.
        next_edge: when that changes, µs UTC. value: what it looks at (a rate, not the level). blind: it
            stands unseen. members: of a rule over several: how many are met, and how many it looks at.
        flat_since: of stuck: when the flat run began; window_s: how long it must be; floor: armed above.
        silent_after_s: of silent.
    """

    rule: str
    hazard: str
    kind: str
    status: str
    source: str
    severity: str | None
    alert: str | None
    since: int | None
    upward: bool
    in_force: bool
    next_edge: int | None
    value: float | None
    unit: str
    blind: bool
    rungs: list[RungState]
    where: str = ""
    members: tuple[int, int] | None = None
    flat_since: int | None = None
    window_s: float | None = None
    floor: float | None = None
    silent_after_s: float | None = None


class Elsewhere(msgspec.Struct):
    """A rule on the same property that is not on this sensor, and why."""

    rule: str
    hazard: str
    why: Text


class Derived(msgspec.Struct):
    """What was derived from the sensor: newest value, when; `least`: it is at least that."""

    sensor: str
    value: float | None
    unit: str
    time: int | None
    least: bool
    severity: str | None


class Explanation(msgspec.Struct):
    """All that is known of a sensor at an instant; times in µs UTC.

    Attributes:
        heard: newest reading of any flag. value, good: newest usable value and its time; `suspect`: it is.
        failing: the newest reading was FAIL or MISSING. silent: three intervals without one.
        silent_at: when it will be, or was. unknown: its gateway is silent or offline, so nothing is known.
        derived_from: the measured sensor at the bottom, of a derived one.
    """

    sensor: str
    at: int
    name: Text
    what: Text
    unit: str
    area: str
    gateway: str | None
    heard: int | None
    value: float | None
    good: int | None
    suspect: bool
    least: bool
    failing: bool
    silent: bool
    silent_at: int | None
    unknown: bool
    gateway_clock: int | None
    derived_from: str | None
    rules: list[RuleState]
    derived: list[Derived]
    elsewhere: list[Elsewhere]


def core_of(engine: Engine) -> Core:
    """The layout and state of an engine, to be read and never written."""
    core: Core = engine._core  # noqa: SLF001  the one place that looks in
    return core


def explain(engine: Engine, sensor: str, at: int) -> Explanation:
    """Read what the rules on a sensor say at an instant, µs UTC, the engine being there.

    Raises:
        LookupError: the engine has no such sensor, measured or derived.
    """
    core = core_of(engine)
    layout, state = core.layout, core.state
    row = layout.row.get(sensor)
    if row is None or layout.property[row].startswith(HIDDEN):
        raise LookupError(sensor)
    station = layout.site.stations[layout.station[row]]
    gateway = int(layout.gateway[row])
    known = properties().get(layout.property[row])
    silent_at = None
    if layout.silent[row] != FOREVER:
        silent_at = int(state.base[row]) + int(layout.silent[row])
    return Explanation(
        sensor=sensor,
        at=at,
        name=station.name,
        what=Text(layout.property[row], layout.property[row]) if known is None else known.text,
        unit=layout.unit[row],
        area=layout.area[row],
        gateway=station.gateway,
        heard=_instant(state.last[row]),
        value=_finite(state.value[row]),
        good=_instant(state.good[row]),
        suspect=bool(state.held[row]),
        least=bool(state.lower[row]),
        failing=bool(state.failing[row]),
        silent=bool(state.silent[row]),
        silent_at=silent_at,
        unknown=state.unknown(layout, gateway),
        gateway_clock=int(state.clock[gateway]) if gateway >= 0 and state.known[gateway] else None,
        derived_from=layout.names[int(layout.root[row])] if row >= layout.real else None,
        rules=[*_own(core, row, at), *_groups(core, row, at)],
        derived=_derived(core, row),
        elsewhere=_elsewhere(core, row),
    )


def _own(core: Core, row: int, at: int) -> list[RuleState]:
    """Rules on the sensor itself, and those of its rate of change."""
    layout = core.layout
    rows = [row, *(r for r, p in layout.parent.items() if p == row and layout.property[r].startswith(HIDDEN))]
    return [_rule(core, r, cell, at) for r in rows for cell in layout.cells_of(r)]


def _rule(core: Core, row: int, at_cell: int, at: int) -> RuleState:
    layout, state = core.layout, core.state
    rule = layout.rule_at[at_cell]
    cell = state.cells.get(at_cell)
    found = _of(rule, cell, layout.unit[row])
    found.value = _finite(state.value[row])
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
        found.flat_since = None if cell is None else _instant(cell.anchor_time)
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
        since=None if cell is None or not level else _instant(cell.start),
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
    value = _finite(state.value[row])
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
                since=_instant(since),
                delay_s=delay / 1e6,
                left_s=None if since == NEVER else max(0, since + delay - at) / 1e6,
                unconfirmed=since != NEVER and bool(marks & AWAITING),
                by_reading=not timed or bool(marks & SUSPECT),
            )
        )
    return found


def _groups(core: Core, row: int, at: int) -> list[RuleState]:
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
            SEVERITIES[k], math.nan, math.nan, None, on, since=_instant(since), delay_s=delay / 1e6
        )
        one.left_s = left
        found.append(one)
    return [one for one in found if one.on or one.since is not None]


def _elsewhere(core: Core, row: int) -> list[Elsewhere]:
    """Rules on its property that are not on it: of other places, or without a threshold here."""
    layout = core.layout
    here = {layout.rule_at[at].id for at in layout.cells_of(row)}
    found = []
    for rule in layout.rules:
        if (
            rule.id in here
            or rule.property != layout.property[row]
            or rule.kind not in (*LADDERS, Kind.STUCK)
        ):
            continue
        if rule.kind is Kind.RATE and f"{layout.station[row]}.{HIDDEN}{rule.id}" in layout.row:
            continue
        if rule.areas is not None and layout.area[row] not in rule.areas:
            why = Text("Chỉ ở khu vực khác: ", "Only in other areas: ")
            why = Text(why.vi + ", ".join(rule.areas), why.en + ", ".join(rule.areas))
        elif rule.stations is not None and layout.station[row] not in rule.stations:
            why = Text("Chỉ ở trạm khác.", "Only at other stations.")
        else:
            names = sorted({name for rung in rule.rungs if rung is not None for name in rung.attributes})
            listed = ", ".join(names) or "—"
            why = Text(
                f"Trạm không có ngưỡng nào: thiếu thuộc tính {listed}.",
                f"The station has no threshold: it lacks the attributes {listed}.",
            )
        found.append(Elsewhere(rule.id, rule.hazard, why))
    return found


def _derived(core: Core, row: int) -> list[Derived]:
    """Newest values of what is derived from the sensor, directly or through another derived one."""
    layout, state = core.layout, core.state
    found = []
    for derived in range(layout.real, len(layout.names)):
        if not _below(core, derived, row) or layout.property[derived].startswith(HIDDEN):
            continue
        levels = [state.cells[cell].reported for cell in layout.cells_of(derived) if cell in state.cells]
        level = max(levels, default=0)
        found.append(
            Derived(
                layout.names[derived],
                _finite(state.value[derived]),
                layout.unit[derived],
                _instant(state.good[derived]),
                bool(state.lower[derived]),
                SEVERITIES[level - 1] if level else None,
            )
        )
    return found


def _below(core: Core, derived: int, row: int) -> bool:
    """Whether a row is somewhere below a derived one."""
    parent = core.layout.parent.get(derived)
    for _ in range(RUNGS * RUNGS):  # deeper than any chain there is
        if parent is None or parent == row:
            break
        parent = core.layout.parent.get(parent)
    return parent == row


def _instant(at: float) -> int | None:
    found = int(at)
    return None if found == NEVER else found


def _finite(value: float) -> float | None:
    found = float(value)
    return found if math.isfinite(found) else None
