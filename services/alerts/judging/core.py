"""What all parts of the engine share: layout, state, and the events of the messages in hand."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.layout import Layout
from services.alerts.columns.rows import Rows
from services.alerts.columns.state import State
from services.alerts.combining.groups import Groups
from services.alerts.combining.mass import Masses
from services.alerts.derive import Floats, Ints
from services.alerts.hazard import Facts
from services.alerts.judging.beside import beside_of
from services.alerts.ladder import NEVER, Cell
from services.alerts.reasons import sentence, severity_of
from services.observation.event import Alert, CloudEvent, Verb, event_id, type_of
from services.observation.flags import Flag
from services.observation.instants import iso as iso_text
from services.observation.text import Text

_LATER = Text("", "")
_TYPES = {str(verb): type_of(verb) for verb in Verb}
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
        self.masses = Masses(layout)
        self.source = f"/sites/{layout.site.id}"
        self.unasked = self._unasked()
        self.out: list[Told] = []
        self.asked = True  # somebody takes what is derived
        self.derived: list[tuple[Ints, Ints, Floats, NDArray[np.uint8]]] = []  # row, time, value, flag
        self.cause = Cause(0, 0)

    def _unasked(self) -> NDArray[np.bool_]:
        """Rows whose every reading matters to nobody else: no combined rule, no derivation reads them."""
        layout = self.layout
        unasked = np.ones(len(layout.names), bool)
        unasked[: len(self.groups.member)] &= ~self.groups.member
        unasked[self.state.inputs.rows] = False
        for placed in (one for level in layout.levels for one in level):
            unasked[placed.source] = False
        return unasked

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
            unknown = state.unknown_of(layout, layout.gateway[held.rows])
            held.begin(state.silent[held.rows], state.failing[held.rows], unknown)
        held.note(rows, state.last)

    def publish(self, rows: Rows) -> None:
        """Keep derived readings for who asks for them."""
        if not self.asked:
            return
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
                more = beside.get((int(self.layout.kin[told.row]), told.order, facts.time))
                if more:
                    facts = msgspec.structs.replace(facts, beside=more.values, least=frozenset(more.least))
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
        state, label = self.state, self.layout.label(at)
        rule, station = label.rule, label.station
        severity = severity_of(level)
        identity = event_id(
            self.layout.site.id, rule.id, rule.version, label.sensor, cell.start, f"{verb}:{severity}", time
        )
        if verb == "raised":
            cell.alert = identity
            cell.previous = state.ended[at][0] if at in state.ended else None
        alert = cell.alert or identity
        state.ended[at] = (alert, time)
        value, good = state.value.item(label.row), state.good.item(label.row)
        number = None if value != value else value  # noqa: PLR0124  NaN: no reading yet
        limit = label.limits[level - 1]
        flag = cell.flag if verb in ("raised", "escalated") else Flag.PASS
        facts = None
        if reason is None:
            facts = Facts(
                verb=verb,
                severity=severity,
                rule=rule.id,
                kind=rule.kind,
                property=label.property,
                place=station.name,
                value=number,
                unit=label.unit,
                threshold=limit,
                since=since,
                time=time,
                attributes=station.attributes,
                upward=rule.upward,
                flag=flag,
                zone=self.layout.site.zone,
                measured=time if late else good if good > NEVER else None,
            )
        when, began = iso(time), iso(since) if since > NEVER else None
        self.put(
            verb,
            identity,
            time,
            Alert(
                alert_id=alert,
                previous=cell.previous,
                hazard=rule.hazard,
                area=label.area,
                station=station.id,
                sensor=label.sensor,
                gateway=station.gateway,
                severity=severity,
                value=number,
                unit=label.unit,
                threshold=limit,
                rule=rule.id,
                rule_version=rule.version,
                time=when,
                detected_at=iso(self.cause.detected_at),
                since=began,
                late=late,
                flag=flag,
                blind=verb == "blind" or (cell.blind and verb != "sighted"),
                reason=_LATER if reason is None else reason,
                readings=_instants(began, good),
            ),
            facts,
            label.row,
        )

    def put(  # noqa: PLR0913  an event has these parts
        self, verb: str, identity: str, time: int, alert: Alert, facts: Facts | None = None, row: int = -1
    ) -> None:
        """Put an event out; with `facts`, its reason is made of them in the end."""
        event = CloudEvent(
            id=identity,
            source=self.source,
            type=_TYPES[verb],
            subject=alert.alert_id,
            time=iso(time),
            data=alert,
        )
        self.out.append(Told(self.cause.order, event, facts, row))


def _instants(began: str | None, good: int) -> list[str]:
    """When a condition began and when its newest good reading was, as texts."""
    newest = iso(good) if good > NEVER else None
    if began is None or newest is None or began == newest:
        found = began or newest
        return [] if found is None else [found]
    return sorted([began, newest])
