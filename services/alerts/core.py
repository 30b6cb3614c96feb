"""What all parts of the engine share: layout, state, and the events of the messages in hand."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.alerts.beside import beside_of
from services.alerts.combine import Groups
from services.alerts.derivations import HIDDEN
from services.alerts.derive import Floats, Ints
from services.alerts.hazard import Facts
from services.alerts.ladder import NEVER, Cell
from services.alerts.layout import Layout
from services.alerts.reasons import sentence, severity_of
from services.alerts.rows import Rows
from services.alerts.rule import Kind
from services.alerts.state import State
from services.observation.event import Alert, CloudEvent, event_id, type_of
from services.observation.flags import Flag
from services.observation.instants import iso as iso_text
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE

_LATER = Text("", "")
iso = lru_cache(maxsize=4096)(iso_text)
"""The same few instants are written again and again: of one batch, of one event."""


class Cause(NamedTuple):
    """What is being applied: its place in the order of work, and when we could know of it (µs)."""

    order: int
    detected_at: int


class Told(NamedTuple):
    """An event, and what its reason will be made of once all that came of the messages is known."""

    order: int
    event: CloudEvent
    facts: Facts | None = None
    row: int = -1


class Core:
    """Layout, state and what came of the messages in hand."""

    def __init__(self, layout: Layout, state: State) -> None:
        """Join them; nothing has come of anything yet."""
        self.layout, self.state = layout, state
        self.groups = Groups(layout)
        self.out: list[Told] = []
        self.derived: list[tuple[Ints, Ints, Floats, NDArray[np.uint8]]] = []  # row, time, value, flag
        self.cause = Cause(0, 0)

    def cell(self, at: int) -> Cell:
        """State of a cell, made if it is at rest."""
        found = self.state.cells.get(at)
        if found is None:
            found = self.state.cells[at] = Cell()
        return found

    def rest(self, at: int) -> None:
        """Drop the record of a cell that is at rest again."""
        found = self.state.cells.get(at)
        if found is not None and found.at_rest:
            del self.state.cells[at]

    def hold(self, rows: Rows) -> None:
        """Note readings of a level, before they are applied, for what is derived from them further up."""
        held, layout, state = self.state.inputs, self.layout, self.state
        if not len(held.rows):
            return
        if not rows.derived:
            unknown = [state.unknown(layout, gateway) for gateway in layout.gateway[held.rows].tolist()]
            held.begin(state.silent[held.rows], state.failing[held.rows], np.array(unknown, bool))
        held.note(rows, state.last)

    def publish(self, rows: Rows) -> None:
        """Keep derived readings for who asks for them."""
        at = np.flatnonzero(self.layout.published[rows.sensor] & ~np.isnan(rows.value))
        if len(at):
            flag = np.where(rows.lower[at], np.uint8(Flag.SUSPECT), rows.flag[at])
            self.derived.append((rows.sensor[at], rows.time[at], rows.value[at], flag))

    def explain(self, streams: Sequence[Rows | None]) -> None:
        """Give the events their reasons: what was derived from the same reading is known by now."""
        beside = beside_of(self.out, streams, self.layout)
        for told in self.out:
            facts = told.facts
            if facts is not None:
                more = beside.get((int(self.layout.root[told.row]), told.order, facts.time))
                if more:
                    facts = msgspec.structs.replace(facts, beside=more)
                told.event.data.reason = sentence(facts, told.event.data.hazard)

    def changed(  # noqa: PLR0913  a transition has these facts
        self, at: int, cell: Cell, time: int, since: int, *, late: bool = False, reason: Text | None = None
    ) -> None:
        """Tell the difference between the level of a cell and what was last reported of it."""
        before, after = cell.reported, cell.level
        if before == after:
            return
        cell.reported = after
        if before == 0:
            cell.start = since
            cell.blind = False
            self.tell(at, cell, "raised", after, time, since, late=late, reason=reason)
        elif after == 0:
            self.tell(at, cell, "cleared", before, time, since, reason=reason)
            cell.alert, cell.start, cell.blind = None, NEVER, False
        else:
            self.tell(at, cell, "escalated" if after > before else "eased", after, time, since, reason=reason)

    def tell(  # noqa: PLR0913  as above
        self,
        at: int,
        cell: Cell,
        verb: str,
        level: int,
        time: int,
        since: int,
        *,
        late: bool = False,
        reason: Text | None = None,
    ) -> None:
        """Make the event of one transition of a cell."""
        layout, state = self.layout, self.state
        row = layout.row_at[at]
        rule = layout.rule_at[at]
        shown = layout.parent[row] if layout.property[row].startswith(HIDDEN) else row
        station = layout.site.stations[layout.station[row]]
        severity = severity_of(level)
        identity = event_id(
            layout.site.id, rule.id, rule.version, layout.names[shown], cell.start, f"{verb}:{severity}", time
        )
        if verb == "raised":
            cell.alert = identity
            cell.previous = state.ended[at][0] if at in state.ended else None
        state.ended[at] = (cell.alert or identity, time)
        value = float(state.value[row])
        number = None if value != value else value  # noqa: PLR0124  NaN: no reading yet
        threshold = float(layout.threshold[at, level - 1]) * rule.sign
        limit = None if threshold != threshold else threshold  # noqa: PLR0124  a kind without ladder
        flag = cell.flag if verb in ("raised", "escalated") else Flag.PASS
        facts = Facts(
            verb=verb,
            severity=severity,
            rule=rule.id,
            kind=rule.kind,
            property=layout.property[shown] if rule.kind is not Kind.RATE else rule.property or "",
            place=station.name,
            value=number,
            unit=layout.unit[row],
            threshold=limit,
            since=since,
            time=time,
            attributes=station.attributes,
            upward=rule.upward,
            flag=flag,
        )
        self.put(
            verb,
            identity,
            time,
            Alert(
                alert_id=cell.alert or identity,
                previous=cell.previous,
                hazard=rule.hazard,
                area=SITE_AREA if layout.area[row] == SITE_SCOPE else layout.area[row],
                station=station.id,
                sensor=layout.names[shown],
                gateway=station.gateway,
                severity=severity,
                value=number,
                unit=layout.unit[row],
                threshold=limit,
                rule=rule.id,
                rule_version=rule.version,
                time=iso(time),
                detected_at=iso(self.cause.detected_at),
                since=iso(since) if since > NEVER else None,
                late=late,
                flag=flag,
                blind=verb == "blind" or (cell.blind and verb != "sighted"),
                reason=reason if reason is not None else _LATER,
                readings=sorted({iso(i) for i in (since, int(state.good[row])) if i > NEVER}),
            ),
            facts if reason is None else None,
            row,
        )

    def put(  # noqa: PLR0913  an event has these parts
        self, verb: str, identity: str, time: int, alert: Alert, facts: Facts | None = None, row: int = -1
    ) -> None:
        """Put an event out; with `facts`, its reason is made of them in the end."""
        event = CloudEvent(
            id=identity,
            source=f"/sites/{self.layout.site.id}",
            type=type_of(verb),
            subject=alert.alert_id,
            time=iso(time),
            data=alert,
        )
        self.out.append(Told(self.cause.order, event, facts, row))
