"""What is counted of a rule over several sensors: its groups, and their leaves (`belonging`: who they are).

A *group* is such a rule in one area, or at one gateway. A *leaf* is one sensor in one *plane* of a group: of
k_of_n there is a plane for each rung, of and / or for each condition, of count there is one. The leaves of
all groups are columns, those of a group adjoin.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.alerts.columns.layout import FOREVER
from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER, Cell, Rungs
from services.alerts.rule import RUNGS, Kind, Rule
from services.observation.instants import SECOND


class Counts(NamedTuple):
    """After each step of a group.

    (planes, n) how many leaves are met, of those `known` and of `all`; (n,) how many are known (`total`), and
    how many are known or were met when last heard (`heard`).
    """

    known: Ints
    all: Ints
    total: Ints
    heard: Ints


class Leaf(NamedTuple):
    """Row and plane; met from `threshold`, no more below `clear`, both times `sign`; NaN: never met."""

    row: int
    plane: int
    sign: float
    threshold: float
    clear: float


class Group:
    """A rule on the members of an area, or of a gateway.

    Attributes:
        key: what names it from version to version, beside the rule: the area or the gateway.
        first, leaves: where its leaves begin, and they.
        clock: row of the gateway by whose clock its delays run out, where all members report on change and so
            hold their values in between; else None, and delays move by readings only.
        planes, present: how many planes; rungs that there are.
    """

    def __init__(self, rule: Rule, area: str, gateway: str | None, key: str, leaves: list[Leaf]) -> None:
        """At rest."""
        self.rule, self.area, self.gateway, self.name, self.leaves = rule, area, gateway, key, leaves
        self.first = 0
        self.gap = FOREVER
        self.clock: int | None = None
        self.cell = Cell()
        self.ended: str | None = None
        on, off = ([round(s * SECOND) for s in delays] for delays in (rule.on_delay_s, rule.off_delay_s))
        self.rungs = Rungs([1.0] * RUNGS, [1.0] * RUNGS, on, off)
        ladder = rule.kind in (Kind.K_OF_N, Kind.COUNT)
        has = rule.rungs if ladder else [at == rule.severity or None for at in range(RUNGS)]
        self.present = [k for k in range(RUNGS) if has[k] is not None]
        self.planes = {Kind.K_OF_N: RUNGS, Kind.COUNT: 1}.get(rule.kind, len(rule.inputs))
        self.limits = [
            rung.resolve({}) or 1.0 if rule.kind is Kind.COUNT and rung is not None else 1.0
            for rung in rule.rungs
        ]

    @property
    def key(self) -> tuple[str, str]:
        """Rule and area or gateway."""
        return self.rule.id, self.name

    def reachable(self) -> bool:
        """Whether there are members enough for it ever to come true."""
        if self.rule.kind is Kind.K_OF_N:
            return len({leaf.row for leaf in self.leaves}) >= self.rule.k
        if self.rule.kind is Kind.COUNT:
            most = len(self.leaves)
            return any(self.rule.share(k) or self.limits[k] <= most for k in self.present)
        return len({leaf.plane for leaf in self.leaves}) >= self.needed(0, 0)

    def needed(self, k: int, total: int) -> int:
        """How many members or conditions rung k takes, of so many."""
        kind = self.rule.kind
        if kind is Kind.COUNT:
            share = (
                -int(-self.limits[k] * total // 100) if self.rule.share(k) else int(-(-self.limits[k] // 1))
            )
            return max(share, self.rule.k if self.rule.share(k) else 1)
        if kind is Kind.K_OF_N:
            return self.rule.k
        return len(self.rule.inputs) if kind is Kind.AND else 1

    def asks(self, k: int, counts: Counts) -> tuple[Bools, Bools]:
        """(n,) whether rung k asks to be on, by what is known; whether what was last said lets it stay on."""
        kind = self.rule.kind
        if kind is Kind.K_OF_N:
            return counts.known[k] >= self.rule.k, counts.all[k] >= self.rule.k
        if kind is Kind.COUNT:
            known, held = counts.known[0], counts.all[0]
            if not self.rule.share(k):
                return known >= max(self.limits[k], 1), held >= max(self.limits[k], 1)
            share = self.limits[k]
            least = self.rule.k
            up = (known * 100 >= share * counts.total) & (known >= least)
            return up, (held * 100 >= share * counts.heard) & (held >= least)
        join = np.all if kind is Kind.AND else np.any
        return np.asarray(join(counts.known > 0, axis=0)), np.asarray(join(counts.all > 0, axis=0))

    def count(self, k: int, counts: Counts, at: int) -> int:
        """How many members, or conditions, hold at a step, by what was last said."""
        if self.rule.kind in (Kind.AND, Kind.OR):
            return int((counts.all[:, at] > 0).sum())
        return int(counts.all[k if self.rule.kind is Kind.K_OF_N else 0, at])

    def due(self, *, seen: bool = True) -> int:
        """When the earliest pending flip is due; FOREVER: none is. Not `seen`: time alone ends nothing."""
        cell, rungs = self.cell, self.rungs
        return min(
            (
                since + (rungs.off[k] if cell.active >> k & 1 else rungs.on[k])
                for k, since in enumerate(cell.since)
                if since != NEVER and (seen or not cell.active >> k & 1)
            ),
            default=FOREVER,
        )

    def fire(self, d: int, counts: Counts, at: int, *, seen: bool = True) -> int:
        """Flip what is due at an instant and may; return since when the earliest of it was, or NEVER."""
        cell, rungs, first = self.cell, self.rungs, NEVER
        for k in self.present:
            since, on = cell.since[k], bool(cell.active >> k & 1)
            if since == NEVER or (on and not seen) or since + (rungs.off[k] if on else rungs.on[k]) != d:
                continue
            cell.since[k], cell.marks[k] = NEVER, 0
            if on or bool(self.asks(k, counts)[0][at]):
                cell.active ^= 1 << k
                first = since if first == NEVER else min(first, since)
        return first

    def plane_of(self, k: int) -> int | None:
        """Plane whose leaves are the members of rung k; None for all planes."""
        return {Kind.K_OF_N: k, Kind.COUNT: 0}.get(self.rule.kind)


class Leaves:
    """Leaves of all groups as columns."""

    def __init__(self, groups: Sequence[Group], rows: int) -> None:
        """Number the leaves, and find them by row."""
        found = [leaf for group in groups for leaf in group.leaves]
        at = 0
        for group in groups:
            group.first = at
            at += len(group.leaves)
        self.row: Ints = np.array([leaf.row for leaf in found], np.int64)
        self.plane: Ints = np.array([leaf.plane for leaf in found], np.int64)
        self.sign: Floats = np.array([leaf.sign for leaf in found], float)
        self.threshold: Floats = np.array([leaf.threshold for leaf in found], float)
        self.clear: Floats = np.array([leaf.clear for leaf in found], float)
        sizes = [len(group.leaves) for group in groups]
        self.group: Ints = np.repeat(np.arange(len(groups)), sizes)
        self._order: Ints = np.argsort(self.row, kind="stable")
        self._start: Ints = np.searchsorted(self.row[self._order], np.arange(rows + 1))
        self.member: Bools = self._start[1:] > self._start[:-1]

    def of_rows(self, row: Ints) -> tuple[Ints, Ints]:
        """Leaves of (m,) rows: (k,) the leaves, and for each the place in `row` that it belongs to."""
        counts = self._start[row + 1] - self._start[row]
        which = np.repeat(np.arange(len(row)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._order[self._start[row][which] + within], which
