"""The readings of a batch grouped by sensor: the common form, where none is late. Pure."""

import numpy as np

from services.ingest.samples import BEFORE, LAST, Bools, Ints, Rows, Samples, Tail, Times, Values, grouping


class Groups:
    """The readings of a batch grouped by sensor, in the order of arrival.

    Attributes:
        order: numbers of the readings in the batch.
        row, time, value: the columns in that order.
        starts, present, lengths: where each sensor begins, its row, how many readings it has.
        elapsed: µs since the sample before each, as if each reading were one.
    """

    def __init__(self, row: Rows, time: Times, value: Values, tail: Tail) -> None:
        """Group readings behind the samples of the tail."""
        self._tail = tail
        order = self.order = grouping(row, len(tail))
        self.row, self.time, self.value = row[order], time[order], value[order]
        row, time = self.row, self.time
        self.starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        self.present = row[self.starts]
        self.lengths = np.diff(np.append(self.starts, len(row)))
        self.elapsed = np.empty_like(time)
        np.subtract(time[1:], time[:-1], out=self.elapsed[1:])
        self.elapsed[self.starts] = time[self.starts] - tail.t1[self.present]

    def values_before(self) -> Values:
        """The value of the sample before each reading; NaN where there is none."""
        before = np.empty_like(self.value)
        before[1:] = self.value[:-1]
        before[self.starts] = self._tail.v1[self.present]
        return before

    def samples_before(self, at: Ints) -> Samples:
        """The two samples before each of these places."""
        tail, sensor = self._tail, self.row[at]
        nth = at - self.starts[np.searchsorted(self.starts, at, side="right") - 1]
        one, two = nth > 0, nth > 1
        return (
            np.where(one, self.time[at - 1], tail.t1[sensor]),
            np.where(one, self.value[at - 1], tail.v1[sensor]),
            np.where(two, self.time[at - 2], np.where(one, tail.t1[sensor], tail.t2[sensor])),
            np.where(two, self.value[at - 2], np.where(one, tail.v1[sensor], tail.v2[sensor])),
        )

    def move(self, tail: Tail, suspect: Bools, which: Bools | None) -> None:
        """The last two readings of each sensor (of those in `which`) become its tail.

        Args:
            tail: what to move.
            suspect: (n,) by number of the reading.
            which: by sensor, as `present`; None for all.
        """
        starts, present, lengths = self.starts, self.present, self.lengths
        if which is not None:
            starts, present, lengths = starts[which], present[which], lengths[which]
        t1, v1, _, _, marks = tail.copy_rows(present)
        last, two = starts + lengths - 1, lengths > 1
        before = last - two
        was = np.where(two, suspect[self.order[before]], (marks & LAST) != 0)
        samples = (
            self.time[last],
            self.value[last],
            np.where(two, self.time[before], t1),
            np.where(two, self.value[before], v1),
            suspect[self.order[last]] * LAST | was * BEFORE,
        )
        tail.restore_rows(present, samples)
