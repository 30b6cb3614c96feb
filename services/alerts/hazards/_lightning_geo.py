"""Distances on the sphere, and which strikes lie near which places, without looking at every pair."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Floats, Ints

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""
KM_PER_DEGREE = EARTH_KM * np.pi / 180
_AT_ONCE = 1 << 17
"""Candidate pairs worked on together: a cache's worth, and so storms need no memory."""


class Pairs(NamedTuple):
    """Strikes near places: (k,) index of the strike, ascending; (k,) of the place; (k,) distance, km."""

    strike: Ints
    place: Ints
    km: Floats


def distance(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Great-circle distance, km (haversine); degrees, any shapes that go together."""
    a, b = np.radians(lat), np.radians(to_lat)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def _vectors(lat: Floats, lon: Floats) -> Floats:
    """Points on the unit sphere: (3, n)."""
    a, b = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


def bearing(lat: Floats, lon: Floats, to_lat: Floats, to_lon: Floats) -> Floats:
    """Direction in which `to` lies, degrees from north by east, 0 to 360."""
    a, b, east = np.radians(lat), np.radians(to_lat), np.radians(to_lon - lon)
    x = np.sin(east) * np.cos(b)
    y = np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(east)
    return np.asarray(np.degrees(np.arctan2(x, y)) % 360)


def near(lat: Floats, lon: Floats, place_lat: Floats, place_lon: Floats, radius: Floats) -> Iterator[Pairs]:
    """Pairs of (n,) strikes and (p,) places not further apart than the place's `radius`, km, (p,).

    Places are sorted into bands of latitude as wide as the largest radius; a strike is compared with those
    of its own band and the two beside it, and only if its longitude is near enough. In parts, strikes
    ascending over all of them.
    """
    if not len(lat) or not len(place_lat) or not np.isfinite(radius).any():
        return
    most = float(np.nanmax(radius))
    high = most / KM_PER_DEGREE
    order = np.argsort(place_lat, kind="stable")
    sorted_lat = place_lat[order]
    begin = np.searchsorted(sorted_lat, lat - high)
    counts = np.searchsorted(sorted_lat, lat + high, side="right") - begin
    # A strike far east or west of every place is out before any pair is made.
    wide = high / max(np.cos(np.radians(min(float(np.abs(place_lat).max()) + high, 89.0))), 0.01)
    counts[(lon < place_lon.min() - wide) | (lon > place_lon.max() + wide)] = 0
    ends = np.cumsum(counts)
    # Chords of the unit sphere: no function of an angle for each pair. A hair wider, so that what rounds to
    # the radius is within.
    of_strike, of_place = _vectors(lat, lon), _vectors(place_lat, place_lon)
    most_chord = (2 * np.sin(radius / (2 * EARTH_KM))) ** 2 * (1 + 1e-12)
    first = 0
    while first < len(lat):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + _AT_ONCE, side="right")), first + 1)
        part = slice(first, last)
        strike = np.repeat(np.arange(first, last), counts[part])
        offset = np.arange(len(strike)) - np.repeat(ends[part] - counts[part] - done, counts[part])
        place = order[begin[strike] + offset]
        close = np.abs(lon[strike] - place_lon[place]) <= wide
        strike, place = strike[close], place[close]
        square = (of_strike[:, strike] - of_place[:, place]) ** 2
        chord = square[0] + square[1] + square[2]
        within: Bools = chord <= most_chord[place]
        strike, place = strike[within], place[within]
        km = 2 * EARTH_KM * np.arcsin(np.sqrt(chord[within]) / 2)
        if len(strike):
            yield Pairs(strike, place, km)
        first = last
