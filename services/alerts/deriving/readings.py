"""The readings of derived sensors, computed in columns from what a batch brought their sources.

Each newer reading of a source makes one of each of its outputs, of the same time and place in the order of
work: usable or not as the source's is, with a value where `compute` gave one. So a derived sensor is heard,
silent, failing and blind exactly as its source. A late reading fills the window, triggers nothing, and counts
for what comes after it: a run of readings is computed at once between two of these.
"""

from collections.abc import Sequence

import numpy as np

from services.alerts.columns.derivations import Placed
from services.alerts.columns.rows import Rows
from services.alerts.derive import Ints
from services.alerts.deriving.block import Block
from services.alerts.deriving.fed import Columns, sources_of, spread
from services.alerts.judging.core import Core


def derive(core: Core, level: Sequence[Placed], streams: Sequence[Rows | None]) -> Rows | None:
    """Readings of the derived sensors of one level; None when the batch brought their sources nothing.

    `streams`: the readings of every level below.
    """
    blocks: list[Block] = []
    base: Rows | None = None
    for placed in level:
        for stream in placed.streams:
            rows = streams[stream]
            if rows is None:
                continue
            at, index = sources_of(placed, rows)
            if len(at):
                if placed.derivation.anywhere:
                    at, index = spread(placed, rows, at, index)
                blocks.append(Block(core, placed, rows, at, index))
                base = rows
    for block in blocks:
        block.work()
    return _gather(blocks, base) if base is not None else None


def _gather(blocks: Sequence[Block], base: Rows) -> Rows | None:
    """Columns of all outputs of all blocks, grouped by row."""
    owners: list[tuple[int, Block, Ints]] = []
    parts: list[Columns] = []
    so_far = 0
    for block in blocks:
        at = np.flatnonzero(block.told)
        if len(at):
            owners.append((so_far, block, at))
            parts.append(block.columns(at))
            so_far += len(parts[-1].row)
    if not parts:
        return None
    found = parts[0] if len(parts) == 1 else Columns(*(np.concatenate(c) for c in zip(*parts, strict=True)))
    rows = base.further(found.row, found.time, found.value, found.flag, found.arrival)
    rows.lower, rows.none = found.lower, found.none

    def ask(place: int) -> float:
        start, block, at = next(owner for owner in reversed(owners) if owner[0] <= place)
        output, which = divmod(place - start, len(at))
        return block.ask(output, int(at[which]))

    rows.ask = ask
    return rows
