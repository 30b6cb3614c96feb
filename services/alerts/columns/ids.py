"""Rows of sensor ids. Pure.

Ids come as new texts with every batch, and looking each up is a walk through memory: half a microsecond in a
large city, more than judging the reading costs. But what a pack names together it names together again, so
the ids that a source brings are looked up as one text.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.observation.batch import Batch

Ints = NDArray[np.int64]
SHORT = 8
"""Sources that bring fewer ids than this in the mean are looked up id by id: joining them would cost more."""
REMEMBERED = 4
"""Ids kept in remembered lists, for each sensor: a pack may come in a few forms. A bound, not a tuning."""


class Ids:
    """The rows that ids stand for: -1 for those that are not ours."""

    def __init__(self, row: Mapping[str, int], real: int) -> None:
        """`row` by id; rows from `real` on are computed here, and nobody else may send them."""
        self._row, self._real = row, real
        self.most = REMEMBERED * max(len(row), 4096)
        self._known: dict[str, Ints] = {}
        self.held = 0
        self._last: tuple[list[str], Ints] = ([], np.empty(0, np.int64))

    def rows(self, batch: Batch) -> Ints:
        """Rows of the ids of a batch: (ids,) int64."""
        sensors = batch.sensors
        if len(sensors) == len(self._last[0]) and sensors == self._last[0]:
            return self._last[1]
        ends = _brought(batch)
        if len(ends) * SHORT > len(sensors):
            found = self._look_up(sensors)
        else:
            found = np.empty(len(sensors), np.int64)
            begin = 0
            for end in ends:
                found[begin:end] = self._together(sensors[begin:end])
                begin = end
        self._last = (list(sensors), found)
        return found

    def _together(self, names: list[str]) -> Ints:
        text = "\n".join(names)  # no id has a line end in it, so no two lists make one text
        known = self._known.get(text)
        if known is None:
            known = self._look_up(names)
            if self.held + len(names) > self.most:
                self._known.clear()
                self.held = 0
            self._known[text] = known
            self.held += len(names)
        return known

    def _look_up(self, names: list[str]) -> Ints:
        row = self._row
        found = np.fromiter((row.get(name, -1) for name in names), np.int64, len(names))
        found[found >= self._real] = -1
        return found


def _brought(batch: Batch) -> list[int]:
    """Where the ids end that each source was the first to bring; the last one is the number of ids."""
    count = len(batch.sensors)
    rows = np.array([source.rows for source in batch.sources if source.rows], np.int64)
    if len(rows) < 2 or not len(batch.sensor):  # noqa: PLR2004  one source brings them all
        return [count] if count else []
    starts = np.cumsum(rows) - rows
    ends = np.maximum.accumulate(np.maximum.reduceat(batch.sensor, starts).astype(np.int64) + 1)
    ends = np.unique(np.append(ends, count))  # ids that no row has stand at the end
    found: list[int] = ends.tolist()
    return found
