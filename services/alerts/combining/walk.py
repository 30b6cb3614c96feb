"""One group along the readings that judge it: where its conditions turn, and where its delays run out."""

from collections.abc import Iterable

import numpy as np

from services.alerts.columns.layout import FOREVER
from services.alerts.combining.members import Counts, Group
from services.alerts.derive import Ints
from services.alerts.ladder import NEVER, turn
from services.alerts.rule import RUNGS


class Walk:
    """A group along its judged readings, from one at which something turns or falls due to the next."""

    def __init__(  # noqa: PLR0913  columns of one thing
        self, group: Group, last: int, time: Ints, counts: Counts, before: Counts, *, seen: bool = True
    ) -> None:
        """`time`: of each reading; `last`: of the newest before them; `counts`, `before`: after, before it.

        `seen`: its gateway is not unknown.
        """
        self.group, self.last, self.counts, self.before, self.seen = group, last, counts, before, seen
        self.time = np.maximum.accumulate(np.maximum(time, last))
        self.asks = [(k, *group.asks(k, counts)) for k in group.present]

    def turns(self) -> Iterable[tuple[int, int, int]]:
        """Steps at which the level differs from what was told, the start of the earliest flip, the instant.

        The instant is earlier than the step where a timer ran out before it.
        """
        group, cell = self.group, self.group.cell
        edge = np.zeros(len(self.time), bool)
        edge[0] = True
        for _, up, hold in self.asks:
            edge[1:] |= (up[1:] != up[:-1]) | (hold[1:] != hold[:-1])
        edge[1:] |= np.diff(self.time) > group.gap
        edges = np.append(np.flatnonzero(edge), len(self.time)).tolist()
        place, at = 0, 0
        while at < len(self.time):
            before, t = cell.active, int(self.time[at])
            while group.clock is not None and (d := group.due(seen=self.seen)) < t:
                yield at, group.fire(d, self.before, at, seen=self.seen), d
            since = self._judge(at)
            if since != NEVER or cell.level != cell.reported:
                yield at, since, t
            while edges[place] <= at:
                place += 1
            stop = edges[place]
            at = at + 1 if cell.active != before else min(stop, self._due(at + 1, stop))

    def _due(self, start: int, stop: int) -> int:
        """First reading from `start` on that completes what is pending."""
        due = self.group.due()
        return stop if due == FOREVER else start + int(np.searchsorted(self.time[start:stop], due))

    def _judge(self, at: int) -> int:
        """Move the rungs at a reading; return the start of the earliest flip, or NEVER."""
        group, t = self.group, int(self.time[at])
        last = int(self.time[at - 1]) if at else self.last
        if last != NEVER and t - last > group.gap:
            group.cell.since = [NEVER] * RUNGS
        first = NEVER
        for k, up, hold in self.asks:
            asks = {"up": bool(up[at]), "hold": bool(hold[at])}
            first = turn(group.cell, group.rungs, k, t, first, suspect=False, **asks)
        return first


def take(counts: Counts, steps: Ints) -> Counts:
    """Counts of (m,) steps only."""
    return Counts(counts.known[:, steps], counts.all[:, steps], counts.total[steps], counts.heard[steps])


def just_before(begin: Counts, counts: Counts, steps: Ints) -> Counts:
    """Counts just before each of some steps, also after one that said nothing; `begin`: before the first."""
    columns = (np.concatenate(pair, axis=-1) for pair in zip(begin, counts, strict=True))
    return take(Counts(*columns), steps)  # one further on: `begin` is the first
