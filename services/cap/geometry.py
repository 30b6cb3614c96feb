"""Outlines on the map: whether two of them touch. Pure, in degrees: the areas are towns, not oceans."""

from collections.abc import Sequence
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

Point = tuple[float, float]
"""(latitude, longitude)."""
EARTH_KM = 6_371.0088
"""Mean radius (IUGG)."""
KM_PER_DEGREE = 111.1
"""Of latitude, rather less than more."""


def inside(point: Point, ring: Sequence[Point]) -> bool:
    """Whether a closed ring goes around a point.

    Outlines that people draw cross themselves: what one goes around twice lies inside, it is no hole.
    """
    y, x = point
    turns = 0
    for (y1, x1), (y2, x2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            turns += 1 if y2 > y1 else -1
    return turns != 0


def touch(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Whether two closed rings have a place in common."""
    if not one or not other:
        return False
    common = _common(_box(one), _box(other))
    if common is None:
        return False
    # Where no edges cross, one holds all of the other or nothing of it.
    if inside(one[0], other) or inside(other[0], one):
        return True
    near = [(c, d) for c, d in pairwise(other) if _in_box(c, d, common)]
    return any(_cross(a, b, c, d) for a, b in pairwise(one) if _in_box(a, b, common) for c, d in near)


def inside_any(points: Sequence[Point], ring: Sequence[Point]) -> bool:
    """Whether any of some points lies in a closed ring."""
    if not points or not ring or _common(_box(points), _box(ring)) is None:
        return False
    return any(inside(point, ring) for point in points)


Box = tuple[float, float, float, float]
"""Least and greatest latitude, least and greatest longitude."""


def _box(points: Sequence[Point]) -> Box:
    lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
    return min(lats), max(lats), min(lons), max(lons)


def _common(one: Box, other: Box) -> Box | None:
    south, north = max(one[0], other[0]), min(one[1], other[1])
    west, east = max(one[2], other[2]), min(one[3], other[3])
    return (south, north, west, east) if south <= north and west <= east else None


def _in_box(a: Point, b: Point, box: Box) -> bool:
    """Whether an edge may reach into a box."""
    return (
        max(a[0], b[0]) >= box[0]
        and min(a[0], b[0]) <= box[1]
        and max(a[1], b[1]) >= box[2]
        and min(a[1], b[1]) <= box[3]
    )


def within(point: Point, centre: Point, km: float) -> bool:
    """Whether a point lies in a circle (haversine)."""
    if abs(point[0] - centre[0]) * KM_PER_DEGREE > km + 1:
        return False  # north or south of it already
    return distance_km(point, centre) <= km


def distance_km(one: Point, other: Point) -> float:
    """Along the surface (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


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
