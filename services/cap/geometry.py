"""Outlines on the map: whether two of them touch. Pure, in degrees: the areas are towns, not oceans."""

from collections.abc import Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

Point = tuple[float, float]
"""(latitude, longitude)."""
EARTH_KM = 6_371.0088
"""Mean radius (IUGG)."""


def inside(point: Point, ring: Sequence[Point]) -> bool:
    """Whether a point lies in a closed ring (even-odd rule)."""
    y, x = point
    found = False
    for (y1, x1), (y2, x2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found


def touch(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Whether two closed rings have a place in common."""
    if not one or not other:
        return False
    if any(inside(point, other) for point in one) or any(inside(point, one) for point in other):
        return True
    return any(_cross(a, b, c, d) for a, b in pairwise(one) for c, d in pairwise(other))


def within(point: Point, centre: Point, km: float) -> bool:
    """Whether a point lies in a circle (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (*point, *centre))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half))) <= km


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return (
        _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0 and _boxes(a, b, c, d)
    )


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _boxes(a: Point, b: Point, c: Point, d: Point) -> bool:
    return all(
        max(a[axis], b[axis]) >= min(c[axis], d[axis]) and max(c[axis], d[axis]) >= min(a[axis], b[axis])
        for axis in (0, 1)
    )
