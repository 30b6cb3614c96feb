"""What was derived from the very reading that made an event, for the sentence that says why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.columns.layout import Layout
from services.alerts.columns.rows import Rows
from services.alerts.hazard import HIDDEN
from services.alerts.hazards import hazards

if TYPE_CHECKING:
    from services.alerts.judging.core import Told

Key = tuple[int, int, int]
"""Measured sensor and station (`Layout.kin`), place of the reading in the batch, its time."""


class Beside(NamedTuple):
    """Derived values by property, and which of them are only known at least."""

    values: dict[str, float]
    least: set[str]


_BATCH = 1 << 40
"""More than there are readings in a batch."""


@cache
def speaking() -> frozenset[str]:
    """Hazards with sentences of their own."""
    return frozenset(name for name, hazard in hazards().items() if hazard.reason is not None)


def beside_of(out: Sequence["Told"], streams: Sequence[Rows | None], layout: Layout) -> Mapping[Key, Beside]:
    """Derived values by property, for the readings that made events of hazards with words of their own."""
    found: dict[Key, Beside] = defaultdict(lambda: Beside({}, set()))
    if not layout.levels or not any(rows is not None and rows.derived for rows in streams):
        return found
    own_words = speaking()
    asked = {
        int(layout.kin[told.row]) * _BATCH + told.order
        for told in out
        if told.facts is not None and told.event.data.hazard in own_words
    }
    if not asked:
        return found
    keys = np.array(sorted(asked), np.int64)
    for rows in streams:
        if rows is None or not rows.derived:
            continue
        own = layout.kin[rows.sensor] * _BATCH + rows.arrival
        place = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
        for at in np.flatnonzero((keys[place] == own) & ~np.isnan(rows.value)).tolist():
            name = layout.property[int(rows.sensor[at])]
            if not name.startswith(HIDDEN):
                key = int(layout.kin[rows.sensor[at]]), int(rows.arrival[at]), int(rows.time[at])
                found[key].values[name] = float(rows.value[at])
                if rows.lower[at]:
                    found[key].least.add(name)
    return found
