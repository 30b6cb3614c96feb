"""Outlines with fewer points, as receivers can take them: never smaller than they were. Pure.

A point is only left out where that adds ground: at a dent, which is filled, or by letting the two edges
beside an edge run on until they meet. What adds least goes first. Points are (longitude, latitude).
"""

from collections.abc import Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from math import hypot

import numpy as np
from numpy.typing import NDArray

from services.observation.rings import Point, side

MOST = 100
"""Points of a polygon, the closing one too [design default; the profile of the US public alert system]."""
_OUT = 2e-6
"""Degrees by which a new corner is moved outward, so that rounding takes nothing away."""
_SPIKE = 0.1
"""What reaches far out counts for more than the ground that it adds."""

Ring = tuple[Point, ...]
Points = NDArray[np.float64]


@lru_cache(maxsize=256)
def enlarged(ring: Ring, most: int = MOST) -> Ring:
    """A closed counter-clockwise ring of at most `most` points (5 or more) that holds all of `ring`."""
    if len(ring) <= most:
        return ring
    found = _fewer(list(ring[:-1]), most - 1)
    if found is None:
        hull = _hull(ring)
        found = hull if len(hull) < most else _fewer(hull, most - 1) or hull
    return (*found, found[0])


class _Loop:
    """A ring as a chain that points are taken out of."""

    def __init__(self, points: list[Point]) -> None:
        many = len(points)
        self.at = points
        self.place = np.array(points)
        self.after = (np.arange(many) + 1) % many
        self.before = (np.arange(many) - 1) % many
        self.turn = [0] * many
        self.left = np.arange(many)

    def around(self, nth: int) -> tuple[int, int, int, int]:
        """The corner before, the corner itself, the two after."""
        after = int(self.after[nth])
        return int(self.before[nth]), nth, after, int(self.after[after])

    def near(self, nth: int) -> list[int]:
        """The corners whose steps look at this one."""
        found = [int(self.after[nth]), nth]
        for _ in range(3):
            found.append(int(self.before[found[-1]]))
        return list(dict.fromkeys(found))

    def corners(self) -> list[Point]:
        """What is left, in order."""
        first = nth = int(self.left[0])
        found = [first]
        while (nth := int(self.after[nth])) != first:
            found.append(nth)
        return [self.at[one] for one in found]

    def move(self, nth: int, corner: Point) -> None:
        """Put a corner somewhere else."""
        self.at[nth] = corner
        self.place[nth] = corner

    def drop(self, nth: int) -> None:
        """Take a corner out."""
        before, after = self.before[nth], self.after[nth]
        self.after[before], self.before[after] = after, before
        self.turn[nth] = -1
        self.left = self.left[self.left != nth]


def _fewer(points: list[Point], most: int) -> list[Point] | None:
    """With corners taken out, outward only; None where no more can go."""
    loop = _Loop(list(points))
    heap = [step for nth in range(len(points)) for step in _steps(loop, nth)]
    heapify(heap)
    while len(loop.left) > most:
        if not heap:
            return None
        _, nth, turn, corner = heappop(heap)
        if loop.turn[nth] != turn or not _free(loop, nth, corner):
            continue
        if corner is None:
            touched = int(loop.after[nth])
            loop.drop(nth)
        else:
            loop.move(nth, corner)
            loop.drop(int(loop.after[nth]))
            touched = nth
        for one in loop.near(touched):
            loop.turn[one] += 1
            for step in _steps(loop, one):
                heappush(heap, step)
    return loop.corners()


_Step = tuple[float, int, int, Point | None]
"""Ground that it adds, at which corner, how often that was changed, the new corner (None: it goes)."""


def _steps(loop: _Loop, nth: int) -> list[_Step]:
    a, b, c, d = (loop.at[one] for one in loop.around(nth))
    turn = side(a, b, c)
    if turn <= 0:
        return [(-turn / 2, nth, loop.turn[nth], None)]
    corner = _corner(a, b, c, d)
    if corner is None:
        return []
    far = hypot(corner[0] - (b[0] + c[0]) / 2, corner[1] - (b[1] + c[1]) / 2)
    return [(abs(side(b, corner, c)) / 2 + _SPIKE * far**2, nth, loop.turn[nth], corner)]


def _corner(a: Point, b: Point, c: Point, d: Point) -> Point | None:
    """Where the edges a-b and d-c meet when they run on beyond b and c; a little further out."""
    if side(b, c, d) <= 0:
        return None
    along, across = (b[0] - a[0], b[1] - a[1]), (c[0] - d[0], c[1] - d[1])
    slant = along[0] * across[1] - along[1] * across[0]
    if slant >= 0:
        return None  # they run apart
    far = ((d[0] - a[0]) * across[1] - (d[1] - a[1]) * across[0]) / slant
    x, y = a[0] + far * along[0], a[1] + far * along[1]
    mid = ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2)
    length = hypot(x - mid[0], y - mid[1])
    if length == 0:
        return None
    found = (x + _OUT * (x - mid[0]) / length, y + _OUT * (y - mid[1]) / length)
    return found if -180 <= found[0] <= 180 and -90 <= found[1] <= 90 else None  # noqa: PLR2004  degrees


def _free(loop: _Loop, nth: int, corner: Point | None) -> bool:
    """Whether nothing else of the ring lies in the ground that is added, or crosses it."""
    before, here, after, beyond = loop.around(nth)
    own = (before, here, after) if corner is None else (here, after)
    tip = (loop.at[before if corner is None else here], corner or loop.at[here], loop.at[after])
    left = loop.left
    p, q = loop.place[left], loop.place[loop.after[left]]
    (west, south), (east, north) = np.min(tip, axis=0), np.max(tip, axis=0)
    low, high = np.minimum(p, q), np.maximum(p, q)
    near = (high[:, 0] >= west) & (low[:, 0] <= east) & (high[:, 1] >= south) & (low[:, 1] <= north)
    p, q, left = p[near], q[near], left[near]
    sides = np.stack([_sides(tip[k], tip[(k + 1) % 3], p) for k in range(3)])
    held = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
    if (held & ~np.isin(left, own)).any():
        return False
    if corner is None:
        return True
    for a, b in ((loop.at[before], corner), (corner, loop.at[beyond])):
        across = (_sides(a, b, p) * _sides(a, b, q) <= 0) & (_sides_of(p, q, a) * _sides_of(p, q, b) <= 0)
        shared = np.isin(left, (before, here, after, beyond)) | np.isin(loop.after[left], (before, beyond))
        if (across & ~shared).any():
            return False
    return True


def _sides(a: Point, b: Point, points: Points) -> Points:
    """`side` of many points of one line."""
    found: Points = (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])
    return found


def _sides_of(p: Points, q: Points, point: Point) -> Points:
    """`side` of one point of many lines."""
    found: Points = (q[:, 0] - p[:, 0]) * (point[1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (point[0] - p[:, 0])
    return found


def _hull(ring: Sequence[Point]) -> list[Point]:
    """The convex hull, counter-clockwise (monotone chain)."""
    points = sorted(set(ring))

    def half(ordered: list[Point]) -> list[Point]:
        found: list[Point] = []
        for point in ordered:
            while len(found) > 1 and side(found[-2], found[-1], point) <= 0:
                found.pop()
            found.append(point)
        return found[:-1]

    return [*half(points), *half(points[::-1])]
