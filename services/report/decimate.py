"""A million readings as a line of a thousand columns that hides no peak. Pure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Line(NamedTuple):
    """A piece of a series without a gap."""

    time: Ints
    value: Floats


def pieces(  # noqa: PLR0913  a series in a picture
    time: Ints, value: Floats, first: int, last: int, columns: int, gap: int
) -> list[Line]:
    """Cut a series at its gaps and thin it: of each column of the picture the lowest and the highest stay.

    Args:
        time: (n,) µs UTC ascending.
        value: (n,); what is not finite is passed over.
        first: of the picture, µs UTC.
        last: of the picture, µs UTC.
        columns: how many the picture has.
        gap: µs between two readings beyond which the line breaks.

    Returns:
        Pieces in order, each with at most two points per column, its first and its last reading among them.
        Every extreme of the series is there, at its own time.
    """
    good = np.isfinite(value)
    time, value = time[good], value[good]
    if not len(time):
        return []
    piece = np.concatenate([[0], np.cumsum(np.diff(time) > gap)])
    keep = (
        np.arange(len(time))
        if len(time) <= 2 * columns
        else _extremes(time, value, piece, first, last, columns)
    )
    time, value, piece = time[keep], value[keep], piece[keep]
    cuts = np.flatnonzero(np.diff(piece)) + 1
    return [Line(t, v) for t, v in zip(np.split(time, cuts), np.split(value, cuts), strict=True)]


def _extremes(  # noqa: PLR0913  a series in a picture
    time: Ints, value: Floats, piece: Ints, first: int, last: int, columns: int
) -> Ints:
    """Indices, ascending: lowest and highest of each column of each piece, and the ends of the pieces."""
    span = max(last - first, 1)
    column = np.clip((time - first) * columns // span, 0, columns - 1)
    key = piece * columns + column
    order = np.lexsort((value, key))
    starts = np.flatnonzero(np.concatenate([[True], np.diff(key[order]) != 0]))
    ends = np.append(starts[1:], len(order)) - 1
    edges = np.flatnonzero(np.diff(piece))
    return np.unique(np.concatenate([order[starts], order[ends], edges, edges + 1, [0, len(time) - 1]]))


def gaps(time: Ints, first: int, last: int, gap: int) -> list[tuple[int, int]]:
    """Stretches without a reading longer than `gap`, µs UTC; those at both ends included."""
    if not len(time):
        return [(first, last)]
    edges = np.concatenate([[first], time, [last]])
    long = np.flatnonzero(np.diff(edges) > gap)
    return [(int(edges[at]), int(edges[at + 1])) for at in long]
