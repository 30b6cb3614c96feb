"""The engine's state as bytes, by ids of sensors, rules and gateways, never by row.

Calm boxes are not stored: they follow from the rest.

Over 250 lines: what is written and what is read must agree, so both stand in one place.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from services.alerts.columns.state import GatewayAlert, State
from services.alerts.combining import stored
from services.alerts.judging import box, momentary
from services.alerts.judging.core import Core
from services.alerts.ladder import NEVER, Cell
from services.alerts.rule import Rule

FORMAT = 3
READS = (1, 2, 3)
"""In format 1 the rate of change was all that was derived: see `adopt`. Before 3 nothing was known of
strikes, and members of rules over several sensors had a record each."""

_SENSOR = ("last", "base", "waiting", "value", "good", "held", "lower", "silent", "failing", "edge")
_GATEWAY = ("clock", "heard", "known", "offline", "quiet", "away")
_CELL = (
    "active", "since", "marks", "start", "alert", "previous", "blind", "flag", "reported",
    "anchor", "anchor_time",
)  # fmt: skip


class SnapshotError(ValueError):
    """Bytes that are no snapshot of this engine; the message says why and what to do."""


class _Snapshot(msgspec.Struct):
    format: int
    site: str
    version: str
    partition: int | None
    rules: list[Rule]
    sensors: list[str]
    columns: dict[str, bytes]
    cells: list[tuple[str, str, list[Any]]]
    ended: list[tuple[str, str, str, int]]
    gateways: list[str]
    gateway_columns: dict[str, bytes]
    gateway_alerts: list[tuple[str, str | None, str | None, int]]
    windows: list[tuple[str, bytes, bytes]]
    groups: list[Any]
    inputs: list[tuple[str, float, int]] = []
    strikes: dict[str, Any] = {}
    masses: list[Any] = []


_decoder = msgspec.msgpack.Decoder(_Snapshot)


def dump(core: Core) -> bytes:
    """Write all that is remembered."""
    layout, state = core.layout, core.state

    def place(at: int) -> tuple[str, str]:
        return layout.rule_at[at].id, layout.names[layout.cell_row[at]]

    return msgspec.msgpack.encode(
        _Snapshot(
            format=FORMAT,
            site=layout.site.id,
            version=layout.site.version,
            partition=layout.only,
            rules=layout.rules,
            sensors=layout.names,
            columns={name: getattr(state, name).tobytes() for name in _SENSOR},
            cells=[
                (*place(at), [getattr(cell, name) for name in _CELL])
                for at, cell in sorted(state.cells.items())
            ],
            ended=[(*place(at), alert, t) for at, (alert, t) in sorted(state.ended.items())],
            gateways=layout.gateways,
            gateway_columns={name: getattr(state, name).tobytes() for name in _GATEWAY},
            gateway_alerts=[
                (layout.gateways[at], alert.alert, alert.previous, alert.start)
                for at, alert in sorted(state.gateway_alerts.items())
            ],
            windows=windows_of(core),
            groups=stored.dump(core.groups),
            inputs=inputs_of(core),
            strikes=state.strikes.dump(layout),
            masses=core.masses.dump(),
        )
    )


def site_version(data: bytes) -> str:
    """Which site version a snapshot was taken under: the one to restore it with.

    Raises:
        SnapshotError: not a snapshot.
    """
    return _read(data).version


def rules_of(data: bytes) -> list[Rule]:
    """Rules a snapshot was taken under.

    Raises:
        SnapshotError: not a snapshot.
    """
    return _read(data).rules


def load(core: Core, data: bytes) -> None:
    """Take over a snapshot into a fresh engine of the same site version and rules.

    Raises:
        SnapshotError: another site, another version or partition, or a newer format.
    """
    found = _read(data)
    layout, state = core.layout, core.state
    if (found.site, found.version, found.partition) != (layout.site.id, layout.site.version, layout.only):
        msg = (
            f"snapshot of site {found.site} version {found.version} partition {found.partition}, engine of "
            f"{layout.site.id} {layout.site.version} {layout.only}: restore it with its own version, "
            "then apply a site change"
        )
        raise SnapshotError(msg)
    _load_columns(state, _SENSOR, found.columns, found.sensors, layout.row)
    _load_columns(state, _GATEWAY, found.gateway_columns, found.gateways, layout.gateway_row)
    _load_cells(core, found)
    for name, alert_id, previous, start in found.gateway_alerts:
        one = state.gateway_alerts[layout.gateway_row[name]] = GatewayAlert()
        one.alert, one.previous, one.start = alert_id, previous, start
    put_windows(core, found.windows)
    stored.load(core.groups, found.groups)
    core.masses.load(found.masses)
    known = () if found.format == 1 else found.sensors
    adopt(core, [at for at in range(layout.real, len(layout.names)) if layout.names[at] not in set(known)])
    put_inputs(core, found.inputs)
    state.strikes.load(layout, found.strikes)
    redraw(core)


def windows_of(core: Core) -> list[tuple[str, bytes, bytes]]:
    """What every derivation remembers of each source: id of its first output there, times, values.

    What is too old to count is left out: when it was thrown away depends on where batches were cut.
    """
    layout, state = core.layout, core.state
    found = []
    for level in layout.levels:
        for placed in level:
            window = state.windows[placed.first]
            for at in range(placed.size):
                row = placed.first + at
                time, value = window.past(at)
                if len(time):
                    start = int(np.searchsorted(time, window.since(at, int(state.last[row]))))
                    time, value = time[start:], value[start:]
                if len(time):
                    found.append((layout.names[row], time.tobytes(), value.tobytes()))
    return found


def put_windows(core: Core, windows: Iterable[tuple[str, bytes, bytes]]) -> None:
    """Take over what `windows_of` gave, and the rings of format 1."""
    layout, state = core.layout, core.state
    at_home = {
        layout.names[placed.first + at]: (placed.first, at)
        for level in layout.levels
        for placed in level
        for at in range(placed.size)
    }
    for name, times, values in windows:
        if name in at_home:
            first, at = at_home[name]
            time, value = np.frombuffer(times, np.int64), np.frombuffer(values, np.float64)
            order = np.argsort(time, kind="stable")
            order = order[time[order] > NEVER]
            state.windows[first].store(at, time[order], value[order])


def inputs_of(core: Core) -> list[tuple[str, float, int]]:
    """Held values: id, value, time."""
    held = core.state.inputs
    rows = held.rows.tolist()
    return [
        (core.layout.names[row], float(held.value[at]), int(held.time[at]))
        for at, row in enumerate(rows)
        if held.time[at] > NEVER
    ]


def put_inputs(core: Core, inputs: Iterable[tuple[str, float, int]]) -> None:
    """Take over what `inputs_of` gave. Of sensors that were not held before, the last value if it is good."""
    layout, state, held = core.layout, core.state, core.state.inputs
    known = {name: (value, time) for name, value, time in inputs}
    for at, row in enumerate(held.rows.tolist()):
        good = not state.held[row] and not state.lower[row]
        now = (float(state.value[row]), int(state.good[row])) if good else (float("nan"), NEVER)
        held.value[at], held.time[at] = known.get(layout.names[row], now)


def adopt(core: Core, rows: Iterable[int]) -> None:
    """Derived sensors of which nothing is known were heard as often as the ones they come from."""
    state = core.state
    for row in rows:
        source = core.layout.parent.get(row)
        if source is None:
            continue  # made of strikes, and heard of no sensor
        for name in ("last", "base", "waiting", "good", "held", "silent", "failing", "edge"):
            column = getattr(state, name)
            column[row] = column[source]


def _load_cells(core: Core, found: _Snapshot) -> None:
    layout, state = core.layout, core.state
    for rule, name, fields in found.cells:
        at = layout.find(rule, name)
        if at is not None:
            cell = state.cells[at] = Cell()
            for field, value in zip(_CELL, fields, strict=True):
                setattr(cell, field, value)
    for rule, name, alert, t in found.ended:
        at = layout.find(rule, name)
        if at is not None:
            state.ended[at] = (alert, t)


def redraw(core: Core) -> None:
    """Draw every calm box from the state."""
    layout, state = core.layout, core.state
    box.draw_at_rest(layout, state)
    restless = state.failing | state.held | (state.good != state.last)
    restless &= state.last > NEVER
    rows = {layout.row_at[at] for at in state.cells}
    rows |= set(np.flatnonzero(restless | state.silent).tolist())
    rows |= {row for row in layout.scheduled if state.last[row] > NEVER}
    for row in sorted(rows):
        if row < layout.struck_from:
            box.refresh(core, row)
    momentary.redraw(core)


def _read(data: bytes) -> _Snapshot:
    try:
        found = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        msg = f"not an engine snapshot: {error}"
        raise SnapshotError(msg) from error
    if found.format not in READS:
        msg = f"engine snapshot format {found.format} is not one of {READS}; a newer release wrote it"
        raise SnapshotError(msg)
    return found


def _load_columns(
    state: State, names: Iterable[str], columns: dict[str, bytes], ids: list[str], row: dict[str, int]
) -> None:
    at = np.array([row.get(name, -1) for name in ids], np.int64)
    known = np.flatnonzero(at >= 0)
    for name in names:
        if name not in columns:
            continue  # newer than the snapshot's format
        column = getattr(state, name)
        column[at[known]] = np.frombuffer(columns[name], column.dtype)[known]
