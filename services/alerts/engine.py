"""The engine: messages of READINGS in, alert events out. It reads no clock, file or other stream.

Equal state and equal messages give equal events, wherever the messages are cut. A batch is tested
against the calm boxes of its sensors, whole columns at once (`calm`). What is derived from the batch is then
a batch of its own, level by level, and takes the same way; rules over several sensors come last.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from services.alerts import snapshot
from services.alerts.columns.ids import Ids
from services.alerts.columns.layout import Layout
from services.alerts.columns.rows import Rows, gather
from services.alerts.columns.state import State
from services.alerts.deriving import strikes
from services.alerts.deriving.readings import derive
from services.alerts.judging import box, calm, change
from services.alerts.judging.core import Cause, Core
from services.alerts.judging.gateways import gateway_state, tick
from services.alerts.rule import Rule
from services.observation.batch import Batch, concat, empty
from services.observation.event import CloudEvent
from services.observation.messages import GatewayState, StrikeBatch, Tick
from services.observation.site import Site
from services.observation.sources import Source


class Readings(NamedTuple):
    """A batch of observations."""

    batch: Batch


class SiteChange(NamedTuple):
    """From here on another version of the site and its rules holds; t in µs UTC."""

    site: Site
    rules: Sequence[Rule]
    t: int


EngineMessage = Readings | Tick | SiteChange | GatewayState | StrikeBatch


class Engine:
    """All rules on all sensors of a site, or of one of its partitions."""

    def __init__(self, site: Site, rules: Sequence[Rule], partition: int | None = None, t: int = 0) -> None:
        """Start with nothing heard; `t` is the time of the site version, µs UTC.

        Partition None evaluates everything (backtest); a number only what belongs to it.
        """
        layout = Layout(site, rules, partition)
        self._core = Core(layout, State(layout, t))
        self._ids = Ids(layout.row, layout.real)
        box.draw_at_rest(layout, self._core.state)

    @classmethod
    def restore(
        cls, site: Site, rules: Sequence[Rule], data: bytes, partition: int | None = None
    ) -> "Engine":
        """Go on from a snapshot taken under the same site version.

        Default rules may have changed with the release: that is judged like a site change, at the latest
        instant the snapshot knows, and told by the next `apply`.

        Raises:
            snapshot.SnapshotError: not a snapshot of this site version and this partition.
        """
        before = snapshot.rules_of(data)
        engine = cls(site, before, partition)
        core = engine._core
        snapshot.load(core, data)
        if {rule.id: rule.version for rule in before} != {rule.id: rule.version for rule in rules}:
            t = max(int(column.max()) for column in (core.state.last, core.state.clock) if len(column))
            core.cause = Cause(0, t)
            engine._core = change.apply(core, site, rules, t)
            engine._ids = Ids(engine._core.layout.row, engine._core.layout.real)
        return engine

    @property
    def core(self) -> Core:
        """Layout and state, to be read and never written."""
        return self._core

    @property
    def strikes_open(self) -> bool:
        """Whether strikes are remembered that a full step may look at, or a rung waits for its end."""
        return strikes.waits(self._core)

    def snapshot(self) -> bytes:
        """All state, by ids of sensors, rules and gateways."""
        return snapshot.dump(self._core)

    def apply(self, messages: Sequence[EngineMessage]) -> list[CloudEvent]:
        """Apply messages in order and return what came of them, in order."""
        events: list[CloudEvent] = []
        batches: list[Batch] = []
        self._collect(events)
        for message in messages:
            if isinstance(message, Readings):
                batches.append(message.batch)
                continue
            self._flush(batches, events)
            self._apply_one(message)
            self._collect(events)
        self._flush(batches, events)
        return events

    def take_derived(self) -> Batch:
        """Hand over derived readings computed since the last call, in order of time."""
        core = self._core
        taken, core.derived = core.derived, []
        if not taken:
            return empty()
        row, time, value, flag = (np.concatenate(column) for column in zip(*taken, strict=True))
        order = np.lexsort((row, time))
        rows, index = np.unique(row, return_inverse=True)
        return Batch(
            [Source("", "", 0, 0, 1, core.cause.detected_at, len(row))],
            [core.layout.names[at] for at in rows.tolist()],
            time[order],
            index[order].astype(np.uint32),
            value[order],
            flag[order],
        )

    def keep_no_derived(self) -> None:
        """Nobody will take what is derived: a city's day of it is more than its readings."""
        self._core.asked = False
        self._core.derived.clear()

    def _apply_one(self, message: Tick | SiteChange | GatewayState | StrikeBatch) -> None:
        core = self._core
        if isinstance(message, Tick):
            core.cause = Cause(0, message.t)
            tick(core, message)
            core.groups.sync(core)
            strikes.tick(core, message)
        elif isinstance(message, GatewayState):
            core.cause = Cause(0, message.t)
            gateway_state(core, message)
            core.groups.sync(core)
            strikes.sync(core)
        elif isinstance(message, StrikeBatch):
            strikes.apply(core, message)
        elif isinstance(message, SiteChange):
            core.cause = Cause(0, message.t)
            self._core = change.apply(core, message.site, message.rules, message.t)
            self._core.asked = core.asked
            self._ids = Ids(self._core.layout.row, self._core.layout.real)

    def _flush(self, batches: list[Batch], events: list[CloudEvent]) -> None:
        if batches:
            batch = concat(batches)
            batches.clear()
            self._collect(events, self._readings(batch))

    def _collect(self, events: list[CloudEvent], streams: Sequence[Rows | None] = ()) -> None:
        out = self._core.out
        if not out:
            return
        self._core.explain(streams)
        out.sort(key=_order)
        events += [told.event for told in out]
        out.clear()

    def _readings(self, batch: Batch) -> list[Rows | None]:
        """Apply readings, then what is derived from them, level by level; return those of all levels."""
        core = self._core
        rows = gather(batch, self._ids.rows(batch))
        if not len(rows.time):
            return []
        self._begin_groups(rows)
        streams: list[Rows | None] = [rows]
        core.hold(rows)
        calm.apply(core, rows)
        for level in core.layout.levels:
            made = derive(core, level, streams)
            streams.append(made)
            if made is not None:
                core.hold(made)
                calm.apply(core, made)
                core.publish(made)
        if core.groups.groups:
            core.groups.observe(core, streams)
        return streams

    def _begin_groups(self, rows: Rows) -> None:
        """Count the silence of sensors that never spoke from the first reading of their group."""
        layout, state = self._core.layout, self._core.state
        if not state.waiting.any():
            return
        listening = np.zeros(len(layout.groups), bool)
        listening[layout.group[np.flatnonzero(state.waiting)]] = True
        heard = np.flatnonzero(listening[layout.group[rows.sensor]])
        if not len(heard):
            return
        heard = heard[np.argsort(rows.arrival[heard], kind="stable")]
        groups, first = np.unique(layout.group[rows.sensor[heard]], return_index=True)
        started = np.zeros(len(layout.groups), np.int64)
        started[groups] = rows.time[heard[first]]
        members = np.flatnonzero(state.waiting & np.isin(layout.group, groups))
        state.base[members] = started[layout.group[members]]
        state.waiting[members] = False


_order = attrgetter("order")
