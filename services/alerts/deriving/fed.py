"""Which readings of a batch feed a derivation, at which of its places, and what comes of them. Pure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.derivations import Placed
from services.alerts.columns.rows import Rows
from services.alerts.derive import Bools, Floats, Ints


class Columns(NamedTuple):
    """Derived readings."""

    row: Ints
    time: Ints
    value: Floats
    flag: NDArray[np.uint8]
    arrival: Ints
    lower: Bools
    none: Bools


def sources_of(placed: Placed, rows: Rows) -> tuple[Ints, Ints]:
    """(m,) readings in `rows` of a derivation's sources, grouped by source, and its place for each."""
    index = placed.place[rows.sensor if rows.unique else rows.sensor[rows.starts]]
    which = np.flatnonzero(index >= 0)
    if rows.unique or not len(which):
        return which, index[which]
    start, length = rows.starts[which], np.diff(np.append(rows.starts, len(rows.time)))[which]
    began = np.cumsum(length) - length
    at = np.arange(int(length.sum())) + np.repeat(start - began, length)
    return at, np.repeat(index[which], length)


def spread(placed: Placed, rows: Rows, at: Ints, index: Ints) -> tuple[Ints, Ints]:
    """As `sources_of`, of sources that feed many places: all readings for the first, then for the next."""
    starts = np.arange(len(at)) if rows.unique else np.flatnonzero(rows.first[at])
    length = np.diff(np.append(starts, len(at)))
    feeds = placed.feeds[rows.sensor[at[starts]]]
    group = np.repeat(np.arange(len(starts)), feeds)
    which = np.arange(len(group)) - np.repeat(np.cumsum(feeds) - feeds, feeds)
    sizes = length[group]
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return at[np.repeat(starts[group], sizes) + within], np.repeat(index[starts[group]] + which, sizes)
