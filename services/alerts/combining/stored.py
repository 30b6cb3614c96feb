"""Groups as a snapshot holds them, by rule, area or gateway, and sensor; the next site version begins so."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from services.alerts.columns.layout import Layout
from services.alerts.combining.groups import Groups
from services.alerts.combining.joined import report
from services.alerts.combining.members import Group
from services.alerts.combining.walk import Walk
from services.alerts.ladder import NEVER
from services.alerts.reasons import RULE_CHANGED, RULE_GONE
from services.alerts.rule import RUNGS, Kind

if TYPE_CHECKING:
    from services.alerts.judging.core import Core

_CELL = ("active", "since", "marks", "start", "alert", "previous", "flag", "reported")


def dump(groups: Groups) -> list[Any]:
    """State by rule, area or gateway, and sensor."""
    return [
        [
            *group.key, int(groups.last[number]), group.ended,
            [getattr(group.cell, name) for name in _CELL],
            [groups.layout.names[leaf.row] for leaf in group.leaves],
            [leaf.plane for leaf in group.leaves],
            *(column[group.first : group.first + len(group.leaves)].tobytes()
              for column in (groups.met, groups.known, groups.heard)),
        ]
        for number, group in enumerate(groups.groups)
    ]  # fmt: skip


def load(groups: Groups, data: Iterable[Sequence[Any]]) -> None:
    """Take over what `dump` wrote, also of formats 1 and 2, where rule, area and sensor still are."""
    by_key = {group.key: number for number, group in enumerate(groups.groups)}
    for rule, area, last, ended, cell, *members in data:
        number = by_key.get((rule, area))
        if number is None:
            continue
        group = groups.groups[number]
        groups.last[number], group.ended = last, ended
        for name, value in zip(_CELL, cell, strict=True):
            setattr(group.cell, name, value)
        places: dict[tuple[str, int], int] = {
            (groups.layout.names[leaf.row], leaf.plane): group.first + at
            for at, leaf in enumerate(group.leaves)
        }
        for name, plane, met, known, heard in (
            _older(group, *members) if len(members) == 1 else _now(*members)
        ):
            at = places.get((name, plane))
            if at is not None:
                groups.met[at], groups.known[at], groups.heard[at] = met, known, heard
    groups.stale[:] = groups.waits[:] = True


def carry(core: "Core", old: "Core", t: int) -> None:
    """Take over the state of the version before; what changed is judged again and reported at t, µs UTC."""
    groups = core.groups
    before = {group.key: group for group in old.groups.groups}
    load(groups, dump(old.groups))
    for number, group in enumerate(groups.groups):
        past = before.pop(group.key, None)
        if (
            past is not None
            and past.rule.version == group.rule.version
            and _same(group, past, core.layout, old.layout)
        ):
            continue
        _look(core, group)
        group.cell.since = [NEVER] * RUNGS
        group.cell.active &= sum(1 << k for k in group.present)
        mine = slice(group.first, group.first + len(group.leaves))
        instant = max(int(groups.last[number]), int(groups.heard[mine].max()))
        if instant != NEVER:
            counts = groups.counts(group)
            walk = Walk(group, int(groups.last[number]), np.array([instant]), counts, counts)
            since = max((since for _, since, _ in walk.turns()), default=NEVER)
            groups.last[number] = instant
            since = since if since != NEVER else t
            report(core, group, (counts, 0, groups.met[mine]), t, since, RULE_CHANGED)
    for gone in before.values():
        if gone.cell.reported:
            gone.cell.active = 0
            mine = slice(gone.first, gone.first + len(gone.leaves))
            now = (old.groups.counts(gone), 0, old.groups.met[mine])
            report(core, gone, now, t, t, RULE_GONE, old.layout)


def _same(group: Group, past: Group, layout: Layout, before: Layout) -> bool:
    """Whether it has the members and bounds that it had in the layout before."""
    names, others = (
        [(columns.names[leaf.row], leaf.plane) for leaf in one.leaves]
        for one, columns in ((group, layout), (past, before))
    )
    bounds, past_bounds = (np.array([leaf[2:] for leaf in one.leaves]).ravel() for one in (group, past))
    return names == others and np.array_equal(bounds, past_bounds, equal_nan=True)


def _look(core: "Core", group: Group) -> None:
    """Set the leaves by the last values."""
    state, groups = core.state, core.groups
    mine = np.arange(group.first, group.first + len(group.leaves))
    mine = mine[state.good[groups.leaves.row[mine]] != NEVER]
    row, sign = groups.leaves.row[mine], groups.leaves.sign[mine]
    y = state.value[row] * sign
    groups.met[mine] = (y >= groups.leaves.threshold[mine]) & ~(state.lower[row] & (sign < 0))
    groups.heard[mine], groups.known[mine] = state.last[row], ~state.silent[row]


def _now(
    names: list[str], planes: list[int], met: bytes, known: bytes, heard: bytes
) -> Iterable[tuple[str, int, bool, bool, int]]:
    columns = (np.frombuffer(met, bool), np.frombuffer(known, bool), np.frombuffer(heard, np.int64))
    return zip(names, planes, *(column.tolist() for column in columns), strict=True)


def _older(group: Group, members: list[Any]) -> Iterable[tuple[str, int, bool, bool, int]]:
    """Members as formats 1 and 2 wrote them: a bit for each rung of k_of_n, the lowest of and / or."""
    ladder = group.rule.kind is Kind.K_OF_N
    for name, condition, bits, known, heard in members:
        for plane in range(RUNGS) if ladder else (condition,):
            yield name, plane, bool(bits >> (plane if ladder else 0) & 1), known, heard
