"""Clocks of gateways, and what a tick does: who came back, who went quiet, which timers are due."""

from collections.abc import Sequence

import numpy as np

from services.alerts.columns.layout import FOREVER
from services.alerts.columns.state import GatewayAlert
from services.alerts.hazard import Facts
from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.judging import box
from services.alerts.judging.core import Core
from services.alerts.judging.sensor import go_blind, timers
from services.alerts.reasons import sentence
from services.observation.event import Alert, event_id
from services.observation.instants import iso
from services.observation.messages import GatewayState, Tick

_SEVERITY = "watch"
_VERSION = "000000000001"
"""The rule about gateways is part of the program: its version changes with its meaning."""


def tick(core: Core, message: Tick) -> None:
    """Move the clocks, then let everything fire that is due by them. Gateways come before sensors."""
    layout, state = core.layout, core.state
    if message.resumed:
        _resume(core, message)
    connected = np.array([source in message.sources for source in layout.source_of], bool)
    if message.dt and connected.any():
        state.clock += np.where(connected, message.dt, 0)
    heard = ((layout.gateway_row.get(name), base) for name, base in message.clocks.items())
    _start_afresh(core, [at for at, base in heard if at is not None and _hear(core, at, base)])
    late = (state.clock >= state.heard + np.minimum(layout.patience, FOREVER // 2)) & ~state.quiet
    for gateway in np.flatnonzero(late & (layout.patience < FOREVER)).tolist():
        _fall_quiet(core, gateway)
    due_timers(core)
    core.groups.run_out(core)


def _hear(core: Core, gateway: int, base: int) -> bool:
    """A gateway's largest time grew. It was heard now, by its clock: what it sends may be a backlog.

    Returns whether nothing was known of its sensors, or of the time since we had heard of it.
    """
    state = core.state
    back = bool(state.away[gateway]) and base > int(state.clock[gateway])
    if not state.known[gateway]:
        state.known[gateway] = True
        state.clock[gateway] = base
    state.clock[gateway] = state.heard[gateway] = max(int(state.clock[gateway]), base)
    was_unknown = state.unknown(core.layout, gateway)
    state.offline[gateway] = False
    if state.quiet[gateway]:
        state.quiet[gateway] = False
        _end(core, gateway, int(state.clock[gateway]))
    begin(core, gateway, base)
    if back:
        state.away[gateway] = False
    return was_unknown or back


def begin(core: Core, gateway: int, t: int) -> None:
    """Count the silence of sensors that never spoke from the first sign of their gateway."""
    layout, state = core.layout, core.state
    members = (layout.gateway == gateway) & state.waiting
    rows = np.flatnonzero(members)
    if len(rows):
        state.base[rows] = t
        state.waiting[rows] = False


def _start_afresh(core: Core, gateways: Sequence[int]) -> None:
    """After nothing was known of them, sensors of gateways have three intervals from now on to speak."""
    layout, state = core.layout, core.state
    if not gateways:
        return
    rows = np.flatnonzero(np.isin(layout.gateway, gateways) & ~state.silent)
    state.base[rows] = np.maximum(state.base[rows], state.clock[layout.gateway[rows]])
    for row in _with_cells(core, gateways):
        box.refresh(core, row)  # it counts from the base


def _with_cells(core: Core, gateways: Sequence[int]) -> list[int]:
    """Rows of gateways whose cells are not all at rest."""
    rows = sorted({core.layout.row_at[at] for at in core.state.cells})
    which = set(gateways)
    return [row for row in rows if int(core.layout.gateway[row]) in which]


def _resume(core: Core, message: Tick) -> None:
    """We are listening again. What passed meanwhile is no gateway's silence, and no sensor's.

    Sensors have three intervals from here, and again from when their gateway's clock comes on: only then is
    it known for how long we were away. A gateway never heard has no clock that could leap.
    """
    state, sources = core.state, core.layout.source_of
    gateways = [at for at, source in enumerate(sources) if source in message.resumed and state.known[at]]
    state.away[gateways] = True
    _start_afresh(core, gateways)


def _fall_quiet(core: Core, gateway: int) -> None:
    layout, state = core.layout, core.state
    d = int(state.heard[gateway] + layout.patience[gateway])
    state.quiet[gateway] = True
    alert = state.gateway_alerts.setdefault(gateway, GatewayAlert())
    alert.start = int(state.heard[gateway])
    _tell(core, gateway, alert, "raised", d)
    for row in _with_cells(core, [gateway]):
        go_blind(core, row, d)
        box.refresh(core, row)


def _end(core: Core, gateway: int, t: int) -> None:
    alert = core.state.gateway_alerts[gateway]
    _tell(core, gateway, alert, "cleared", t)
    alert.previous, alert.alert = alert.alert, None


def _tell(core: Core, gateway: int, alert: GatewayAlert, verb: str, t: int) -> None:
    layout = core.layout
    declared = layout.site.gateways[layout.gateways[gateway]]
    identity = event_id(
        layout.site.id, GATEWAY_SILENT, _VERSION, declared.id, alert.start, f"{verb}:{_SEVERITY}", t
    )
    if verb == "raised":
        alert.alert = identity
    if layout.only is not None and layout.owner[declared.area] != layout.only:
        return
    place = layout.place_of_gateway(declared)
    facts = Facts(
        verb=verb,
        severity=_SEVERITY,
        rule=GATEWAY_SILENT,
        kind="silent",
        property="",
        place=place,
        value=None,
        unit="",
        threshold=None,
        since=alert.start,
        time=t,
        attributes={},
    )
    core.put(
        verb,
        identity,
        t,
        Alert(
            alert_id=alert.alert or identity,
            previous=alert.previous,
            hazard="system",
            area=declared.area,
            gateway=declared.id,
            severity=_SEVERITY,
            rule=GATEWAY_SILENT,
            rule_version=_VERSION,
            time=iso(t),
            detected_at=iso(core.cause.detected_at),
            since=iso(alert.start),
            reason=sentence(facts, "system"),
        ),
    )


def due_timers(core: Core) -> None:
    """Let timers fire that are due by the clock of their gateway, earliest first."""
    layout, state = core.layout, core.state
    if not layout.real or not len(layout.gateways):
        return
    now = np.where(layout.gateway >= 0, state.clock[layout.gateway], -FOREVER)
    silence = np.where(
        state.silent | (layout.silent == FOREVER), FOREVER, state.base + layout.silent % FOREVER
    )
    due = np.minimum(silence, state.wake)
    rows = np.flatnonzero(due <= now)
    for row in rows[np.argsort(due[rows], kind="stable")].tolist():
        timers(core, row, int(now[row]))
        box.refresh(core, row)
    core.masses.settle(core)


def gateway_state(core: Core, message: GatewayState) -> None:
    """A gateway said goodbye, by its will or itself, or is back on its connection."""
    gateway = core.layout.gateway_row.get(message.gateway)
    if gateway is None or message.status is None:
        return
    state = core.state
    before = state.unknown(core.layout, gateway)
    state.offline[gateway] = message.status == "offline"
    if before and not state.unknown(core.layout, gateway):
        _start_afresh(core, [gateway])
