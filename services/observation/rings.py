"""Closed outlines on the map: their area, and whether one crosses itself. Pure; points in degrees."""

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
"""(longitude, latitude)."""


def signed_area(ring: Sequence[Point]) -> float:
    """Square degrees; above 0 for a ring that runs counter-clockwise. The first point is the last."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def crossing(ring: Sequence[Point]) -> Point | None:
    """Where a closed ring crosses or touches itself, roughly; None: it is simple.

    Edges are looked at from west to east, so that only those are compared that reach over each other.
    """
    edges = [(min(a[0], b[0]), max(a[0], b[0]), nth, a, b) for nth, (a, b) in enumerate(pairwise(ring))]
    last = len(edges) - 1
    under: list[tuple[float, float, int, Point, Point]] = []
    for edge in sorted(edges):
        west, _, nth, a, b = edge
        under = [one for one in under if one[1] >= west]
        for _, _, other, c, d in under:
            apart = abs(nth - other)
            if apart in (1, last):
                before, corner, beyond = (a, b, d) if (nth - other) in (-1, last) else (c, d, b)
                if _turns_back(before, corner, beyond):
                    return corner
            elif _meet(a, b, c, d):
                return b
        under.append(edge)
    return None


def side(a: Point, b: Point, c: Point) -> float:
    """Above 0 where c lies left of the line from a to b."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _turns_back(a: Point, b: Point, c: Point) -> bool:
    """Whether the way a, b, c runs back along itself."""
    ahead = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])
    return side(a, b, c) == 0 and ahead < 0


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two edges that are no neighbours have a point in common."""
    if any(max(a[k], b[k]) < min(c[k], d[k]) or max(c[k], d[k]) < min(a[k], b[k]) for k in (0, 1)):
        return False
    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0
