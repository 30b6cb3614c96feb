"""Squares of a grid that hang together: connected components, in columns."""

import numpy as np

from services.alerts.derive import Ints

REACH = 3
"""Squares as far apart as this touch: each grown by one all round, with eight neighbours."""


def connected(row: Ints, column: Ints) -> Ints:
    """Number of the component of each of (n,) squares, sorted by row, then column, each once.

    Within a row, neighbours in the order are joined. Of each of the next three rows it is enough to join the
    first and the last square in reach: whatever lies between them touches one of the two.
    """
    wide = int(column.max()) + 2 * REACH + 2 if len(column) else 1
    place = row * wide + column
    one, other = [], []
    run = np.flatnonzero((row[1:] == row[:-1]) & (column[1:] - column[:-1] <= REACH))
    one.append(run)
    other.append(run + 1)
    for down in range(1, REACH + 1):
        first = np.searchsorted(place, place + down * wide - REACH)
        last = np.searchsorted(place, place + down * wide + REACH, side="right") - 1
        some = np.flatnonzero(last >= first)
        one += [some, some]
        other += [first[some], last[some]]
    return _numbered(_roots(np.concatenate(one), np.concatenate(other), len(row)))


def _roots(one: Ints, other: Ints, size: int) -> Ints:
    """Smallest square of the component of each, by edges: hook the higher root on the lower, and shorten."""
    root = np.arange(size)
    while len(one):
        low, high = np.minimum(root[one], root[other]), np.maximum(root[one], root[other])
        apart = low != high
        if not apart.any():
            break
        one, other = one[apart], other[apart]
        np.minimum.at(root, high[apart], low[apart])
        while True:
            shorter = root[root]
            if (shorter == root).all():
                break
            root = shorter
    return root


def _numbered(root: Ints) -> Ints:
    return np.asarray(np.unique(root, return_inverse=True)[1])
