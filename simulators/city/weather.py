"""One weather over the whole site: showers, wind, storms, air. Seconds since 1970; arrays broadcast."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulators.city import cells as showers
from simulators.city.cells import WINDOW_S, Box, Cell
from simulators.city.chance import Floats, key, smooth
from simulators.city.script import Climate, Haze, Storm
from simulators.city.sky import local_hour

_YEAR_S = 365.25 * 86_400
_LONGEST_S = 2 * WINDOW_S  # no shower of chance lives longer


def _towards(from_deg: float) -> tuple[float, float]:
    """Unit vector east, north of what comes from a direction."""
    angle = np.radians(from_deg + 180.0)
    return float(np.sin(angle)), float(np.cos(angle))


_NORTH_EAST, _SEA = _towards(60.0), _towards(140.0)


class Storming(NamedTuple):
    """What the storms of a story add at each moment."""

    east: Floats
    north: Floats
    surge: Floats
    swell: Floats
    rain: Floats
    share: Floats


class Weather:
    """The weather of a seed. Asked for the same moment it always answers the same."""

    def __init__(  # noqa: PLR0913  a place, a climate, and what a story adds
        self,
        seed: int,
        box: Box,
        offset_s: float,
        climate: Climate,
        told: Sequence[Cell] = (),
        storms: Sequence[tuple[float, Storm]] = (),
        dry: tuple[float, float] = (0.0, 0.0),
        hazes: Sequence[tuple[float, Haze]] = (),
    ) -> None:
        """Describe it.

        Args:
            seed: of everything that is chance.
            box: where the site is.
            offset_s: local time minus UTC.
            climate: rain by month.
            told: showers of a story.
            storms: storms of a story, each with the second when it begins.
            dry: from when until when no shower comes by chance, for a story to be told undisturbed.
            hazes: hazes of a story, each with the second when it begins.
        """
        self.offset_s = offset_s
        self._seed, self._box, self._climate = seed, box, climate
        self._told, self._dry = list(told), dry
        self._storms, self._hazes = list(storms), list(hazes)
        self._windows: dict[int, list[Cell]] = {}
        self._keys = {
            name: key(seed, name) for name in ("east", "north", "gust-e", "gust-n", "air", "hpa", "stale")
        }

    def cells(self, first: float, last: float) -> list[Cell]:
        """The showers that live at some moment from `first` to `last`."""
        windows = range(int((first - _LONGEST_S) // WINDOW_S), int(last // WINDOW_S) + 1)
        for window in windows:
            if window not in self._windows:
                born = showers.drawn(self._seed, window, self._box, self.offset_s, self._climate.rain_mm)
                begin, end = self._dry
                self._windows[window] = [cell for cell in born if cell.ends <= begin or cell.born >= end]
        for old in [window for window in self._windows if window < windows[0]]:
            del self._windows[old]
        all_of_them = [cell for window in windows for cell in self._windows[window]] + self._told
        return [cell for cell in all_of_them if cell.born < last and cell.ends > first]

    def rain(self, seconds: Floats, lon: Floats, lat: Floats) -> Floats:
        """mm/h: (n, p) for n ascending moments at p places."""
        falling = self.cells(float(seconds[0]), float(seconds[-1]))
        return showers.rain(falling, seconds, lon, lat) + self.storm(seconds).rain[:, None]

    def storm(self, seconds: Floats) -> Storming:
        """The sum of all storms: they grow over a quarter of their time and wane over the last."""
        nothing = [np.zeros(np.shape(seconds)) for _ in Storming._fields]
        for start, storm in self._storms:
            part = (seconds - start) / (storm.minutes * 60.0)
            ramp = np.clip(np.minimum(part, 1.0 - part) * 4.0, 0.0, 1.0)
            share = ramp * ramp * (3.0 - 2.0 * ramp)
            east, north = _towards(storm.from_deg)
            added = (
                share * storm.wind_m_s * east,
                share * storm.wind_m_s * north,
                share * storm.surge_m,
                share * storm.swell_m,
                share * storm.rain_mm_h,
                share,
            )
            nothing = [have + more for have, more in zip(nothing, added, strict=True)]
        return Storming(*nothing)

    def haze(self, seconds: Floats) -> Floats:
        """Fine dust that hazes bring, µg/m³: each grows over a fifth of its time and wanes over the last."""
        total = np.zeros(np.shape(seconds))
        for start, haze in self._hazes:
            part = (seconds - start) / (haze.minutes * 60.0)
            ramp = np.clip(np.minimum(part, 1.0 - part) * 5.0, 0.0, 1.0)
            total = total + haze.pm2_5 * ramp * ramp * (3.0 - 2.0 * ramp)
        return total

    def stale(self, seconds: Floats) -> Floats:
        """How stale the air of the region is: standard normal, over half a day."""
        return smooth(self._keys["stale"], seconds, 43_200)

    def season(self, seconds: Floats) -> Floats:
        """1 in the middle of January, -1 in July: the monsoon."""
        return np.asarray(np.cos(2 * np.pi * (seconds / _YEAR_S - 0.04)), np.float64)

    def wind(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Mean wind over the site, m/s towards east and north: monsoon, sea breeze, weather, storms."""
        monsoon = 4.5 * self.season(seconds)
        breeze = 2.2 * np.cos(2 * np.pi * (local_hour(seconds, self.offset_s) - 14.5) / 24.0)
        storm = self.storm(seconds)
        east = monsoon * _NORTH_EAST[0] + breeze * _SEA[0] + storm.east
        north = monsoon * _NORTH_EAST[1] + breeze * _SEA[1] + storm.north
        east = east + 0.9 * smooth(self._keys["east"], seconds, 7200) + 0.3 * self._gusty(seconds, "gust-e")
        north = (
            north + 0.9 * smooth(self._keys["north"], seconds, 7200) + 0.3 * self._gusty(seconds, "gust-n")
        )
        return np.asarray(east, np.float64), np.asarray(north, np.float64)

    def _gusty(self, seconds: Floats, name: str) -> Floats:
        return smooth(self._keys[name], seconds, 900)

    def outflow(self, seconds: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Cold air that pours out of showers, m/s towards east and north, at n moments and n places."""
        east, north = np.zeros(len(seconds)), np.zeros(len(seconds))
        if not len(seconds):
            return east, north
        for cell in self.cells(float(seconds.min()), float(seconds.max()) + 1.0):
            away_e, away_n = cell.offset(seconds, lon, lat)
            far = np.hypot(away_e, away_n) / cell.radius
            blow = 9.0 * min(2.0, cell.peak / 60.0) * cell.strength(seconds) * far * np.exp(0.5 - far**2 / 2)
            east += blow * away_e / np.maximum(far * cell.radius, 1.0)
            north += blow * away_n / np.maximum(far * cell.radius, 1.0)
        return east, north

    def field(self, seconds: Floats, lon: Floats, lat: Floats) -> Floats:
        """Electric field in V/m at n moments and n places: fair weather, and the charge of near showers.

        Negative under a thundercloud's base, reversed at its rim: the two signs that a field mill sees pass.
        """
        total = np.full(len(seconds), 120.0)
        if not len(seconds):
            return total
        for cell in self.cells(float(seconds.min()), float(seconds.max()) + 1.0):
            east, north = cell.offset(seconds, lon, lat)
            km2 = (east * east + north * north) / 1e6
            below = np.exp(-km2 / 60.0) - 0.55 * np.exp(-km2 / 300.0)
            total -= 9000.0 * min(1.5, cell.peak / 60.0) * cell.charge(seconds) * below
        return total

    def temperature(self, seconds: Floats) -> Floats:
        """Of the air, °C, before rain cools it: warmest in April and at 14 h."""
        year = np.cos(2 * np.pi * (seconds / _YEAR_S - 0.31))
        day = np.cos(2 * np.pi * (local_hour(seconds, self.offset_s) - 14.0) / 24.0)
        return np.asarray(
            27.2 + 1.3 * year + 2.8 * day + 0.5 * smooth(self._keys["air"], seconds, 10_800), np.float64
        )

    def pressure(self, seconds: Floats) -> Floats:
        """At sea level, hPa: the tide of the air twice a day, and lower in storms."""
        day = np.cos(2 * np.pi * (local_hour(seconds, self.offset_s) - 10.0) / 12.0)
        wander = 1.0 * smooth(self._keys["hpa"], seconds, 43_200)
        return np.asarray(
            1009.5 + 1.3 * day + 1.5 * self.season(seconds) + wander - 7.0 * self.storm(seconds).share,
            np.float64,
        )
