"""Showers: cells that are born, move with the wind, rain and die.

A cell's rain is a bell over its centre and a sine squared over its life. How many are born follows the
month's rain and the hour: most come in the afternoon.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from simulators.city.chance import Floats, Ints, generator
from simulators.city.script import RAIN_MM, Shower

M_PER_DEG = 111_320.0
"""Metres in a degree of latitude."""

WINDOW_S = 10_800
"""Showers are drawn for three hours at once."""

MARGIN_M = 25_000.0
"""They are born within so much around the site, so that they may come in from outside."""

_HOURS = (0.5, 0.4, 0.4, 0.6, 1.1, 2.0, 1.8, 1.2)
"""Share of each three hours of the local day; sums to 8."""

_SHAPE, _MEAN_PEAK = 2.0, 45.0  # gamma: many light, few violent
_LIFE_S = (2400.0, 5400.0)
_RADIUS_M = (1800.0, 5000.0)
_MONTH_S = 30.44 * 86_400
_THUNDER_MM_H, _VIOLENT_MM_H = 60.0, 100.0
_YOUNG = 0.15  # it thunders some ten minutes after it is born, and no longer at its very end
_WARM = 0.5  # of the showers near a tropical coast rain out before they freeze, and so never thunder
_REACH = 4.5  # radii


class Cell(NamedTuple):
    """One shower. Seconds since 1970; degrees; m and m/s; mm/h at the centre, at the peak.

    `thunders`: whether it may, if it is strong enough.
    """

    key: int
    born: float
    life: float
    lon: float
    lat: float
    east: float
    north: float
    peak: float
    radius: float
    thunders: bool = True

    @property
    def ends(self) -> float:
        """When it is gone."""
        return self.born + self.life

    def strength(self, seconds: Floats) -> Floats:
        """0 at birth and end, 1 at half its life."""
        age = np.clip((seconds - self.born) / self.life, 0.0, 1.0)
        return np.asarray(np.sin(np.pi * age) ** 2, np.float64)

    def charge(self, seconds: Floats) -> Floats:
        """How electrified it is, 0 to 1: none in a light shower or a young one."""
        age = np.clip((seconds - self.born) / self.life * 1.25 - _YOUNG, 0.0, 1.0)
        violent = np.clip((self.peak - _THUNDER_MM_H) / (_VIOLENT_MM_H - _THUNDER_MM_H), 0.0, 1.0)
        return np.asarray(np.sin(np.pi * age) ** 2 * violent * self.thunders)

    def offset(self, seconds: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Metres east and north from its centre to places; arrays broadcast."""
        age = seconds - self.born
        east = (lon - self.lon) * M_PER_DEG * np.cos(np.radians(self.lat)) - self.east * age
        return east, (lat - self.lat) * M_PER_DEG - self.north * age

    def rain(self, seconds: Floats, lon: Floats, lat: Floats) -> Floats:
        """Rain at places, mm/h: none beyond so many radii."""
        east, north = self.offset(seconds, lon, lat)
        far = (east * east + north * north) / (self.radius * self.radius)
        near = np.where(far < _REACH * _REACH, np.exp(-far / 2), 0.0)
        return np.asarray(self.peak * self.strength(seconds) * near, np.float64)

    def reaches(self, seconds: Floats, lon: Floats, lat: Floats) -> Ints:
        """Which places may get rain in a stretch of time; most are far away and need not be computed."""
        ends = np.array([seconds[0], seconds[-1]])
        east, north = self.offset(ends[:, None], lon[None, :], lat[None, :])
        reach = _REACH * self.radius
        close = (east.min(0) < reach) & (east.max(0) > -reach) & (north.min(0) < reach)
        return np.flatnonzero(close & (north.max(0) > -reach))


class Box(NamedTuple):
    """Where a site is: degrees west, south, east, north."""

    west: float
    south: float
    east: float
    north: float

    @property
    def size_m(self) -> tuple[float, float]:
        """East-west and north-south, with the margin on all sides."""
        scale = np.cos(np.radians((self.south + self.north) / 2))
        wide = (self.east - self.west) * M_PER_DEG * scale
        return float(wide + 2 * MARGIN_M), (self.north - self.south) * M_PER_DEG + 2 * MARGIN_M


def _volume() -> float:
    """Expected mm·m² of a cell: the mean peak over its bell and its life; the sine squared is half of it."""
    low, high = _RADIUS_M
    square = (high**3 - low**3) / (3 * (high - low))
    return _MEAN_PEAK / 3600.0 * 2 * np.pi * square * sum(_LIFE_S) / 4


def drawn(
    seed: int, window: int, box: Box, offset_s: float, rain_mm: Sequence[float] = RAIN_MM
) -> list[Cell]:
    """The showers born in a window of three hours (numbered from 1970), from the seed alone."""
    start = window * WINDOW_S
    day = np.datetime64(int(start + offset_s), "s")
    month = int(day.astype("datetime64[M]").astype(int)) % 12
    share = _HOURS[int(((start + offset_s) % 86_400) // WINDOW_S)]
    wide, high = box.size_m
    luck = generator(seed, "showers", window)
    expected = rain_mm[month] * WINDOW_S / _MONTH_S * share * wide * high / _volume()
    # Rain comes in spells: half the days of a month bring all of it.
    wet = generator(seed, "spell", int((start + offset_s) // 86_400)).random() < 0.5  # noqa: PLR2004
    return [
        _cell(luck, int(luck.integers(1 << 62)), start, box, month)
        for _ in range(int(luck.poisson(2 * expected * wet)))
    ]


def _cell(luck: np.random.Generator, key: int, start: float, box: Box, month: int) -> Cell:
    wide, high = box.size_m
    lat = (box.south + box.north) / 2 + (luck.random() - 0.5) * high / M_PER_DEG
    scale = M_PER_DEG * np.cos(np.radians(lat))
    lon = (box.west + box.east) / 2 + (luck.random() - 0.5) * wide / scale
    # With the monsoon: from the south-west in May to October, from the east else.
    towards = np.radians(luck.normal(55.0 if 4 <= month <= 9 else 270.0, 30.0))  # noqa: PLR2004  months
    speed = luck.uniform(2.0, 8.0)
    return Cell(
        key,
        start + luck.uniform(0, WINDOW_S),
        luck.uniform(*_LIFE_S),
        float(lon),
        float(lat),
        float(speed * np.sin(towards)),
        float(speed * np.cos(towards)),
        float(luck.gamma(_SHAPE, _MEAN_PEAK / _SHAPE)),
        luck.uniform(*_RADIUS_M),
        bool(luck.random() >= _WARM),
    )


def told(shower: Shower, number: int, start: float, lon: float, lat: float) -> Cell:
    """A shower of a story: at half its life it is over its station. `start`: seconds, of the story."""
    towards = np.radians(shower.from_deg + 180.0)
    east, north = shower.speed_m_s * np.sin(towards), shower.speed_m_s * np.cos(towards)
    life = shower.minutes * 60.0
    scale = M_PER_DEG * np.cos(np.radians(lat))
    return Cell(
        number + 1,
        start + shower.minute * 60.0 - life / 2,
        life,
        float(lon - east * life / 2 / scale),
        float(lat - north * life / 2 / M_PER_DEG),
        float(east),
        float(north),
        shower.peak_mm_h,
        shower.radius_km * 1000.0,
    )


def rain(cells: Iterable[Cell], seconds: Floats, lon: Floats, lat: Floats) -> Floats:
    """mm/h: (n, p) for n moments at p places."""
    total = np.zeros((len(seconds), len(lon)))
    for cell in cells:
        alive = (seconds > cell.born) & (seconds < cell.ends)
        if alive.any():
            near = cell.reaches(seconds[alive], lon, lat)
            total[np.ix_(alive, near)] += cell.rain(seconds[alive, None], lon[None, near], lat[None, near])
    return total
