"""Why, and why not: what each rule on a sensor says at an instant, read from an engine. Pure.

Nothing is computed anew: what is told here is the state that the next reading will meet, so an explanation
cannot differ from what the engine does. Nothing is written: an engine may be asked at any time.
"""

from services.alerts.columns.layout import FOREVER
from services.alerts.engine import Engine
from services.alerts.explain.facts import (
    Derived,
    Elsewhere,
    Explanation,
    RuleState,
    RungState,
    finite,
    instant,
)
from services.alerts.explain.rules import on_groups, on_sensor
from services.alerts.hazard import HIDDEN
from services.alerts.hazards import properties
from services.alerts.judging.core import Core
from services.alerts.rule import LADDERS, RUNGS, Kind
from services.observation.event import SEVERITIES
from services.observation.text import Text

__all__ = ["Explanation", "RuleState", "RungState", "explain"]


def explain(engine: Engine, sensor: str, at: int) -> Explanation:
    """Read what the rules on a sensor say at an instant, µs UTC, the engine being there.

    Raises:
        LookupError: the engine has no such sensor, measured or derived.
    """
    core = engine.core
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
        heard=instant(state.last[row]),
        value=finite(state.value[row]),
        good=instant(state.good[row]),
        suspect=bool(state.held[row]),
        least=bool(state.lower[row]),
        failing=bool(state.failing[row]),
        silent=bool(state.silent[row]),
        silent_at=silent_at,
        unknown=state.unknown(layout, gateway),
        gateway_clock=int(state.clock[gateway]) if gateway >= 0 and state.known[gateway] else None,
        derived_from=layout.names[int(layout.root[row])] if row >= layout.real else None,
        rules=[*on_sensor(core, row, at), *on_groups(core, row, at)],
        derived=_derived(core, row),
        elsewhere=_elsewhere(core, row),
    )


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
                finite(state.value[derived]),
                layout.unit[derived],
                instant(state.good[derived]),
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
