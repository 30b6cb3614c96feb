"""Conditions over several sensors: and, or, k of n, count. One alert per rule and area, or gateway.

A leaf (a sensor in one plane of a group, see `members`) is *met* or not, moved by its own good readings with
the member's hysteresis; suspect readings move none, and a lower bound ("at least so much") only switches on.
A sensor that is silent, or whose gateway is, is *unknown*: it does not help to raise, and what it last said
still counts for holding, so that blindness ends no alert. Delays move by the readings of the members. Only
where all members of a group report on change and belong to one gateway, whose clock is theirs, do they hold
their values in between: there delays run out as timers of a sensor do, just before a reading that is later
than they are due, and at ticks; they raise by who was known before it, and end nothing while the gateway is
unknown: the reading does. Sensors of an area have as many clocks as gateways, and no timers.

Readings count in the order they came, what is derived from one right after it. That order is kept in columns:
how many leaves are met after each reading is a running sum, and only groups in which something changes, or
waits, are looked at, step by step where their conditions turn. A thousand lamps that go on as before cost as
much as one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.columns.layout import Layout
from services.alerts.columns.rows import newest_before
from services.alerts.combining.belonging import groups_of
from services.alerts.combining.joined import report
from services.alerts.combining.members import Counts, Group, Leaves
from services.alerts.combining.walk import Walk, just_before, take
from services.alerts.derive import Bools, Ints
from services.alerts.ladder import NEVER

if TYPE_CHECKING:
    from services.alerts.columns.rows import Rows
    from services.alerts.judging.core import Core


class _Said(NamedTuple):
    """Readings of leaves: which, when, where in the order of work, and what they say.

    `good`: it says something of its condition. `turns`: 1 it is met, 0 it is not, -1 it stays as it is.
    """

    leaf: Ints
    time: Ints
    arrival: Ints
    level: Ints
    at: Ints
    good: Bools
    turns: Ints


class Groups:
    """All groups of a layout's partition."""

    def __init__(self, layout: Layout) -> None:
        """Find the members of every combined rule in every area."""
        self.layout = layout
        self.groups = groups_of(layout)
        self.leaves = Leaves(self.groups, len(layout.names))
        self.member = self.leaves.member
        self.met = np.zeros(len(self.leaves.row), bool)
        self.known = np.zeros(len(self.leaves.row), bool)
        self.heard = np.full(len(self.leaves.row), NEVER, np.int64)
        self.last = np.full(len(self.groups), NEVER, np.int64)
        self.stale = np.ones(len(self.groups), bool)  # counts may have moved since the last judgement
        self.waits = np.ones(len(self.groups), bool)

    def observe(self, core: "Core", streams: "Sequence[Rows | None]") -> None:
        """Apply the readings of members in the order they came."""
        parts = [
            self._said(level, rows, at)
            for level, rows in enumerate(streams)
            if rows is not None and len(at := np.flatnonzero(self.member[rows.sensor]))
        ]
        if not parts:
            return
        said = parts[0] if len(parts) == 1 else _Said(*map(np.concatenate, zip(*parts, strict=True)))
        if not len(said.leaf):
            return
        met, was, fresh = self._bits(said)
        group = self.leaves.group[said.leaf]
        changed = np.zeros(len(self.groups), bool)
        changed[group[(met != was) | fresh]] = True
        judged = np.zeros(len(self.groups), bool)
        judged[group[said.good]] = True
        work = (changed | self.stale | self.waits) & judged
        stale = changed & ~judged
        for number in np.flatnonzero(work).tolist():
            at = np.flatnonzero(group == number)
            stale[number] = self._steps(core, streams, number, said, at, (met, was, fresh))
            self.waits[number] = self.groups[number].cell.pending
        self.stale[judged] = False
        self.stale |= stale
        np.maximum.at(self.last, group[said.good], said.time[said.good])
        self.met[said.leaf] = met  # of several, the last stays
        self.known[said.leaf] = True
        np.maximum.at(self.heard, said.leaf, said.time)

    def _said(self, level: int, rows: "Rows", at: Ints) -> _Said:
        """Readings of members, by leaf and within it in the order they came; late ones left out."""
        newest = newest_before(rows, at, np.full(len(at), NEVER, np.int64))
        leaf, which = self.leaves.of_rows(rows.sensor[at])
        at, newest = at[which], newest[which]
        keep = rows.time[at] > np.maximum(newest, self.heard[leaf])
        leaf, at = leaf[keep], at[keep]
        order = np.argsort(leaf, kind="stable")
        leaf, at = leaf[order], at[order]
        value, flag = rows.value[at], rows.flag[at]
        none = rows.none[at] if rows.derived else np.zeros(len(at), bool)
        lower = rows.lower[at] if rows.derived else np.zeros(len(at), bool)
        # A derived reading that says nothing turns nothing, but it is heard: delays go on with it.
        good = (flag <= 2) & (rows.derived | np.isfinite(value))  # noqa: PLR2004  PASS and NOT_EVALUATED
        mute = ~none & np.isnan(value)
        y = np.where(none, -np.inf, value * self.leaves.sign[leaf])
        on, hold = y >= self.leaves.threshold[leaf], y >= self.leaves.clear[leaf]
        turns = np.where(on, 1, np.where(hold | lower, -1, 0))
        turns[~good | mute | (lower & (self.leaves.sign[leaf] < 0))] = -1
        return _Said(leaf, rows.time[at], rows.arrival[at], np.full(len(at), level), at, good, turns)

    def _bits(self, said: _Said) -> tuple[Bools, Bools, Bools]:
        """For each reading: its leaf is met after it, was before it, and is known only from it on."""
        first = np.ones(len(said.leaf), bool)
        np.not_equal(said.leaf[1:], said.leaf[:-1], out=first[1:])
        starts = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
        turned = np.maximum.accumulate(np.where(said.turns >= 0, np.arange(len(first)), -1))
        before = self.met[said.leaf]
        met = np.where(turned >= starts, said.turns[turned] == 1, before)
        was = np.empty_like(met)
        was[1:] = met[:-1]
        was[first] = before[first]
        return met, was, first & ~self.known[said.leaf]

    def counts(self, group: Group) -> Counts:
        """How many leaves of a group are met and known now: one step."""
        mine = slice(group.first, group.first + len(group.leaves))
        met, known, plane = self.met[mine], self.known[mine], self.leaves.plane[mine]
        both, every = (
            np.bincount(plane[mask], minlength=group.planes)[:, None] for mask in (met & known, met)
        )
        return Counts(both, every, np.array([known.sum()]), np.array([(known | met).sum()]))

    def _steps(  # noqa: PLR0913  columns of one thing
        self,
        core: "Core",
        streams: "Sequence[Rows | None]",
        number: int,
        said: _Said,
        at: Ints,
        bits: tuple[Bools, Bools, Bools],
    ) -> bool:
        """Judge one group at its readings; all leaves of one reading are one step.

        Returns whether one more member was heard after the last reading that was judged.
        """
        group = self.groups[number]
        at = at[np.lexsort((said.at[at], said.level[at], said.arrival[at]))]
        met, was, fresh = (column[at] for column in bits)
        new = np.zeros(len(at), bool)
        new[0] = True
        for column in (said.arrival[at], said.level[at], said.at[at]):
            new[1:] |= column[1:] != column[:-1]
        start = np.flatnonzero(new)
        known = self.known[said.leaf[at]] | ~fresh  # before this reading
        counts = self._running(group, self.leaves.plane[said.leaf[at]], start, (met, was, known))
        good = np.logical_or.reduceat(said.good[at], start)
        steps = np.flatnonzero(good)
        before = just_before(self.counts(group), counts, steps)
        seen = group.clock is None or not core.state.unknown(core.layout, group.clock)
        last, time = int(self.last[number]), said.time[at][start][steps]
        walk = Walk(group, last, time, take(counts, steps), before, seen=seen)
        for step, since, t in walk.turns():
            place = int(steps[step])
            early = t < int(walk.time[step])  # a timer, before this reading
            reading = at[start[place]]
            rows = streams[int(said.level[reading])]
            if rows is not None:
                order, where = int(said.arrival[reading]), int(said.at[reading])
                core.cause = core.cause._replace(order=order, detected_at=rows.received(where))
            here = self.met[group.first : group.first + len(group.leaves)].copy()
            upto = at[: start[place] if early else start[place + 1] if place + 1 < len(start) else len(at)]
            here[said.leaf[upto] - group.first] = bits[0][upto]  # of several, the last stays
            row = -1 if rows is None else int(rows.sensor[int(said.at[reading])])
            if early:
                report(core, group, (before, step, here), t, since, None)
            else:
                report(core, group, (walk.counts, step, here), t, since, None, row=row)
        return steps[-1] + 1 < len(start) and bool(fresh[start[steps[-1] + 1] :].any())

    def _running(self, group: Group, plane: Ints, start: Ints, bits: tuple[Bools, Bools, Bools]) -> Counts:
        """Counts after each step: what they were, and the running sum of what changed."""
        met, was, known = bits
        begin = self.counts(group)
        both = [met.astype(np.int64) - (was & known), met.astype(np.int64) - was]
        sums = [np.zeros((group.planes, len(start)), np.int64) for _ in both]
        for found, change in zip(sums, both, strict=True):
            for number in range(group.planes):
                found[number] = np.add.reduceat(np.where(plane == number, change, 0), start)
        fresh = np.add.reduceat((~known).astype(np.int64), start)
        heard = np.add.reduceat((~known & ~was).astype(np.int64), start)
        return Counts(
            begin.known + np.cumsum(sums[0], axis=1),
            begin.all + np.cumsum(sums[1], axis=1),
            begin.total + np.cumsum(fresh),
            begin.heard + np.cumsum(heard),
        )

    def sync(self, core: "Core") -> None:
        """After a tick or a gateway's word: of whom is nothing known."""
        if not self.groups:
            return
        state, layout, row = core.state, core.layout, self.leaves.row
        gateways = np.array([state.unknown(layout, at) for at in range(len(layout.gateways))] + [False])
        lost = self.known & (state.silent[row] | gateways[layout.gateway[row]])
        if lost.any():
            self.known[lost] = False
            self.stale[self.leaves.group[lost]] = True

    def run_out(self, core: "Core") -> None:
        """At a tick: let delays run out by the clock of the gateway, before it is known who is silent."""
        state, layout = core.state, core.layout
        for number, group in enumerate(self.groups):
            if group.clock is not None and group.cell.pending and not state.unknown(layout, group.clock):
                self._timers(core, group, int(state.clock[group.clock]))
                self.waits[number] = group.cell.pending

    def _timers(self, core: "Core", group: Group, clock: int) -> None:
        counts = self.counts(group)
        while (d := group.due()) <= clock:
            since = group.fire(d, counts, 0)
            mine = slice(group.first, group.first + len(group.leaves))
            report(core, group, (counts, 0, self.met[mine]), d, since, None)
