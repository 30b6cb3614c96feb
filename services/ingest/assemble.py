"""Columns of several packs → one message per subject, each holding whole packs or whole parts. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.identify import Columns
from services.ingest.site_index import EVERYWHERE, SUBJECTS, SiteIndex
from services.observation.batch import Batch, Source


class Origin(NamedTuple):
    """Whose pack it is. A plain one has buf "" and seq 0. `received_at` in µs UTC."""

    gateway: str
    buf: str
    seq: int
    received_at: int


def assemble(
    index: SiteIndex, origins: Sequence[Origin], columns: Columns, flag: NDArray[np.uint8]
) -> list[tuple[str, Batch]]:
    """(subject, batch) for packs in their order; `origins` are as many as `columns.counts`.

    A pack over several subjects is cut into parts. One without a usable reading goes to `readings.all`
    with 0 rows when it has a seq to close, and nowhere when it has none.
    """
    subject = index.subject_of_row[columns.row]
    packs = len(origins)
    pack = np.repeat(np.arange(packs), columns.counts)
    per = np.bincount(subject.astype(np.int64) * packs + pack, minlength=len(SUBJECTS) * packs)
    rows_of = per.reshape(len(SUBJECTS), packs)
    parts = np.count_nonzero(rows_of, axis=0)
    closing = [n for n in np.flatnonzero(parts == 0).tolist() if origins[n].seq]
    used = np.flatnonzero(rows_of.any(axis=1)).tolist()
    order = None if len(used) <= 1 else np.argsort(subject, kind="stable")
    names = _Names(index)
    messages: list[tuple[str, Batch]] = []
    told = np.zeros(packs, dtype=np.int64)
    start = 0
    for at in used:
        counts = rows_of[at]
        here = np.flatnonzero(counts).tolist()
        # Per pack in Python: a source is a small tuple of its own.
        sources = [
            Source(o.gateway, o.buf, o.seq, int(told[n]), int(parts[n]), o.received_at, int(counts[n]))
            for n in here
            for o in (origins[n],)
        ]
        told[here] += 1
        end = start + int(counts.sum())
        chosen = slice(start, end) if order is None else order[start:end]
        start = end
        ids, sensor = names.of(columns.row[chosen])
        batch = Batch(sources, ids, columns.time[chosen], sensor, columns.value[chosen], flag[chosen])
        messages.append((SUBJECTS[at], batch))
    if closing:
        messages.append((SUBJECTS[EVERYWHERE], _empty_packs([origins[n] for n in closing])))
    return messages


def _empty_packs(origins: Sequence[Origin]) -> Batch:
    sources = [Source(o.gateway, o.buf, o.seq, 0, 1, o.received_at, 0) for o in origins]
    none = np.empty(0, dtype=np.int64)
    return Batch(sources, [], none, none.astype(np.uint32), none.astype(np.float64), none.astype(np.uint8))


class _Names:
    """Rows of the site → ids of this message and indices into them, without sorting."""

    def __init__(self, index: SiteIndex) -> None:
        self._index = index

    def of(self, row: NDArray[np.uint32]) -> tuple[list[str], NDArray[np.uint32]]:
        """Ids in the order of their last reading, and each reading's index among them."""
        scratch = self._index.scratch
        numbers = np.arange(len(row), dtype=np.uint32)
        scratch[row] = numbers  # the last reading of a sensor wins, and so each sensor has one winner
        distinct = row[scratch[row] == numbers]
        scratch[distinct] = np.arange(len(distinct), dtype=np.uint32)
        names = self._index.names
        return [names[at] for at in distinct.tolist()], scratch[row]
