"""Storm cells out of strikes: found on a grid, followed back in time, and when they reach a ring.

All of it anew at each full minute from the strikes that are remembered, so nothing has to be kept between
two minutes. Every number here is a design default. Sums are of whole numbers, so the
order of strikes of the same instant changes no bit.
"""

from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Floats, Ints
from services.alerts.hazards._lightning_arrival import Cells, Storms, line
from services.alerts.hazards._lightning_flashes import JUMP, flashes, jumps
from services.alerts.hazards._lightning_geo import KM_PER_DEGREE
from services.alerts.hazards._lightning_grid import connected

GRID_KM = 2.0
BIN, BINS = 120_000_000, 15
"""µs: two minutes, as the flash rate wants; how many make the half hour."""
DEEP, FRAMES = 5, 11
"""Bins that a cell is made of (ten minutes); how far it is followed back (to those ending 20 min ago)."""
LEAST = 3
_LINK_KM = 6.0
"""A cell without a strike in common with its former self is looked for so far off: 15 km in 5 min."""
_LEAST_FRAMES, _LEAST_SPAN = 3, 8 / 60
"""Centroids for a velocity, and hours between the mean times of the first and the last: 18 min of strikes."""
_FASTEST, _RESIDUAL = 120.0, 5.0
_WIDEST = 20.0
"""rms radius, km, above which what hangs together is a line or a complex, and its flash rate not a cell's."""
_BAND = 5.0
"""Degrees of latitude that share a grid: fixed, so that it does not depend on which places are asked for."""


class _Frame(NamedTuple):
    """Cells of ten minutes.

    Attributes:
        of_row: (rows,) cell of each row of the table, -1 for none.
        x, y, age: (c,) centroid, km on the grid's projection, and its mean age, h.
    """

    of_row: Ints
    x: Floats
    y: Floats
    age: Floats


class _Table(NamedTuple):
    """Strikes summed by bin and square: (rows,) and which row each strike is in."""

    bin: Ints
    square: Ints
    strikes: Floats
    lat: Floats  # sums of 1e-6 degrees
    lon: Floats
    age: Floats  # sum of ms
    row: Ints


def storms(time: Ints, lat: Floats, lon: Floats, now: int, place_lat: Floats) -> Storms:
    """Cells of the strikes of the half hour before `now`, (n,) ascending by time, around (p,) places."""
    band = np.round(place_lat / _BAND) * _BAND
    fit = time > now - BINS * BIN
    if not fit.all():
        time, lat, lon = time[fit], lat[fit], lon[fit]
    return Storms({b: _cells(time, lat, lon, now, b) for b in np.unique(band).tolist()}, band)


def _cells(time: Ints, lat: Floats, lon: Floats, now: int, band: float) -> Cells:
    scale = float(np.cos(np.radians(band)))
    table = _table(time, lat, lon, now, scale)
    frames = [_frame(table, 0, scale)]
    count = len(frames[0].x)
    if not count:
        return Cells(*(np.zeros(0) for _ in Cells._fields))
    track = np.full((FRAMES, count), -1, np.int64)
    track[0] = np.arange(count)
    for k in range(1, FRAMES):
        frames.append(_frame(table, k, scale))
        track[k] = _former(table, frames[k - 1], frames[k], track[k - 1], k)
        if (track[k] < 0).all():
            break
    x, y, hours = np.full((3, FRAMES, count), np.nan)
    for k, frame in enumerate(frames):
        at = track[k] >= 0
        x[k, at], y[k, at] = frame.x[track[k, at]], frame.y[track[k, at]]
        hours[k, at] = -frame.age[track[k, at]]
    east, east_now = line(hours, x)
    north, north_now = line(hours, y)
    off = (x - east_now - east * hours) ** 2 + (y - north_now - north * hours) ** 2
    points = (~np.isnan(x)).sum(axis=0)
    known = points >= _LEAST_FRAMES
    with np.errstate(invalid="ignore"):
        known &= np.fmax.reduce(hours) - np.fmin.reduce(hours) >= _LEAST_SPAN
        known &= np.hypot(east, north) <= _FASTEST
        known &= np.nansum(off, axis=0) <= points * _RESIDUAL**2
    spread = _spread(table, frames[0], count)
    jump = _jumps(table, frames, np.where(spread <= _WIDEST, track, -1), (time, lat, lon))
    return Cells(
        np.where(known, north_now, y[0]) / KM_PER_DEGREE,
        np.where(known, east_now, x[0]) / (KM_PER_DEGREE * scale),
        spread,
        np.where(known, north, np.nan),
        np.where(known, east, np.nan),
        jump,
    )


def _table(time: Ints, lat: Floats, lon: Floats, now: int, scale: float) -> _Table:
    squares = GRID_KM / KM_PER_DEGREE
    rows = np.floor(lat / squares).astype(np.int64) + (1 << 15)
    columns = np.floor(lon * scale / squares).astype(np.int64) + (1 << 15)
    age = now - time
    key = ((age // BIN) << 34) | (rows << 17) | columns
    unique, row = np.unique(key, return_inverse=True)

    def total(value: Floats) -> Floats:
        return np.asarray(np.bincount(row, value, len(unique)), np.float64)

    return _Table(
        unique >> 34,
        unique & ((1 << 34) - 1),
        np.bincount(row, minlength=len(unique)).astype(np.float64),
        total(np.rint(lat * 1e6)),
        total(np.rint(lon * 1e6)),
        total((age // 1000).astype(np.float64)),
        row,
    )


def _frame(table: _Table, k: int, scale: float) -> _Frame:
    """Cells of the ten minutes that end 2 k minutes ago."""
    at = np.flatnonzero((table.bin >= k) & (table.bin < k + DEEP))
    squares, back = np.unique(table.square[at], return_inverse=True)
    label = connected(squares >> 17, squares & ((1 << 17) - 1))[back]
    size = int(label.max()) + 1 if len(label) else 0
    count = np.bincount(label, table.strikes[at], size)
    number = np.where(count >= LEAST, np.cumsum(count >= LEAST) - 1, -1)
    enough = count >= LEAST
    of_row = np.full(len(table.bin), -1, np.int64)
    of_row[at] = number[label]

    def mean(total: Floats) -> Floats:
        return np.asarray(np.bincount(label, total[at], size)[enough] / count[enough])

    return _Frame(
        of_row,
        mean(table.lon) * (1e-6 * KM_PER_DEGREE * scale),
        mean(table.lat) * (1e-6 * KM_PER_DEGREE),
        mean(table.age) / 3.6e6,
    )


def _former(table: _Table, later: _Frame, earlier: _Frame, track: Ints, k: int) -> Ints:
    """The cell of the earlier frame that each followed one was, -1 where none is it.

    The one with most strikes in common, if that one has most in common with it: of a cell that split, the
    larger part goes on, and two that merged go on as the larger. Else the nearest that nobody is.
    """
    found = np.full(len(track), -1, np.int64)
    if not len(earlier.x):
        return found
    both = (table.bin >= k) & (later.of_row >= 0) & (earlier.of_row >= 0)
    shared = np.zeros((len(later.x), len(earlier.x)))
    np.add.at(shared, (later.of_row[both], earlier.of_row[both]), table.strikes[both])
    parent, child = shared.argmax(axis=1), shared.argmax(axis=0)
    mutual = (shared.max(axis=1) > 0) & (child[parent] == np.arange(len(later.x)))
    followed = track >= 0
    found[followed] = np.where(mutual[track[followed]], parent[track[followed]], -1)
    orphans = np.flatnonzero(followed & (found < 0))
    free: Bools = shared.max(axis=0) == 0
    if len(orphans) and free.any():
        at = track[orphans]
        far = np.hypot(later.x[at][:, None] - earlier.x, later.y[at][:, None] - earlier.y)
        far[:, ~free] = np.inf
        for which, line in zip(orphans.tolist(), far, strict=True):
            nearest = int(line.argmin())
            if line[nearest] <= _LINK_KM and shared[track[which]].max() == 0:
                found[which] = nearest
                far[:, nearest] = np.inf
    return found


def _spread(table: _Table, frame: _Frame, count: int) -> Floats:
    """How far strikes lie from the middle of their cell, km, rms; by squares."""
    at = frame.of_row >= 0
    cell, weight = frame.of_row[at], table.strikes[at]
    total = np.bincount(cell, weight, count)
    square = np.zeros(count)
    for value in (table.square[at] >> 17, table.square[at] & ((1 << 17) - 1)):
        middle = np.bincount(cell, weight * value, count) / total
        square += np.bincount(cell, weight * (value - middle[cell]) ** 2, count) / total
    return np.asarray(GRID_KM * np.sqrt(square))


def _jumps(table: _Table, frames: list[_Frame], track: Ints, strikes: tuple[Ints, Floats, Floats]) -> Floats:
    """Strength of a jump of each cell now, NaN where there is none: flashes of it in each of seven bins."""
    time, lat, lon = strikes
    bins = JUMP.prior + 2
    found = np.full(track.shape[1], np.nan)
    if len(frames) < bins or (track[bins - 1] < 0).all():
        return found
    newest = table.bin == 0
    of_row = frames[0].of_row[newest]
    count = np.bincount(of_row[of_row >= 0], table.strikes[newest][of_row >= 0], len(frames[0].x))
    # Fewer strikes than flashes there need be: no jump.
    may = (count >= JUMP.rate * JUMP.minutes) & (track[:bins] >= 0).all(axis=0)
    for cell in np.flatnonzero(may).tolist():
        rows = np.zeros(len(table.bin), bool)
        for k in range(bins):
            rows |= (table.bin == k) & (frames[k].of_row == track[k, cell])
        at = np.flatnonzero(rows[table.row])
        flash = flashes(time[at], lat[at], lon[at])
        _, first = np.unique(flash, return_index=True)
        in_bin = np.bincount(table.bin[table.row[at[first]]], minlength=bins)
        found[cell] = jumps(in_bin[::-1] / JUMP.minutes)[-1]
    return found
