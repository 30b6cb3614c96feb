"""What an instrument sees: moments and stations of its readings, and the city around it."""

from functools import cached_property

import numpy as np

from simulators.city import sky
from simulators.city.chance import Floats, Ints, Keys, normal, smooth
from simulators.city.lamps import Told
from simulators.city.land import Fields, Land
from simulators.city.place import Stations
from simulators.city.weather import Weather


class City:
    """The parts that instruments look at."""

    def __init__(self, stations: Stations, weather: Weather, land: Land) -> None:
        self.stations, self.weather, self.land = stations, weather, land
        self.dark: list[tuple[int, float, float]] = []
        """Lamps that do the opposite of what they are told: station, from, until (seconds)."""

    @property
    def told(self) -> Told:
        """What controllers of street lights hold now."""
        return self.land.told


class Look:
    """Readings of one property to be: n moments (seconds since 1970), stations and keys of the sensors."""

    def __init__(self, city: City, fields: Fields, seconds: Floats, station: Ints, key: Keys) -> None:
        self.city, self._fields = city, fields
        self.seconds, self.station, self.key = seconds, station, key
        self._step = np.round(seconds * 1000).astype(np.int64)

    def field(self, name: str) -> Floats:
        """A state of the land."""
        return self._fields.at(name, self.seconds, self.station)

    def noise(self, spread: float) -> Floats:
        """Of the instrument: independent from reading to reading."""
        return np.asarray(spread * normal(self.key, self._step), np.float64)

    def wander(self, period_s: float, salt: int = 1) -> Floats:
        """Standard normal, slow, of this sensor."""
        return smooth(self.key + np.uint64(salt), self.seconds, period_s)

    def trait(self, name: str, low: float, high: float) -> Floats:
        """A number of the station's own."""
        return self.city.stations.trait(name, low, high)[self.station]

    @cached_property
    def hour(self) -> Floats:
        """Of the local day."""
        return sky.local_hour(self.seconds, self.city.stations.offset_s)

    @cached_property
    def lon(self) -> Floats:
        """Degrees east."""
        return self.city.stations.lon[self.station]

    @cached_property
    def lat(self) -> Floats:
        """Degrees north."""
        return self.city.stations.lat[self.station]

    @cached_property
    def sun(self) -> Floats:
        """Height of the sun, degrees."""
        return sky.sun_altitude(self.seconds, self.lat, self.lon)

    @cached_property
    def wind(self) -> tuple[Floats, Floats]:
        """Mean wind here, towards east and north: the site's, as the place is open to it, and outflow."""
        east, north = self.city.weather.wind(self.seconds)
        out_e, out_n = self.city.weather.outflow(self.seconds, self.lon, self.lat)
        exposure = self.trait("exposure", 0.8, 1.15)
        return east * exposure + out_e, north * exposure + out_n

    @cached_property
    def speed(self) -> Floats:
        """Mean wind, m/s."""
        return np.hypot(*self.wind)

    @cached_property
    def gust(self) -> Floats:
        """The strongest three seconds of the last minutes, m/s: about half as much again."""
        return np.asarray(self.speed * np.maximum(1.2, 1.45 + 0.10 * normal(self.key, self._step // 60_000)))

    @cached_property
    def wet(self) -> Floats:
        """0 after dry hours, near 1 after heavy rain."""
        return np.asarray(1.0 - np.exp(-self.field("recent") / 8.0), np.float64)

    def daily(self, peak_hour: float) -> Floats:
        """1 at an hour of the day, -1 twelve hours later."""
        return np.asarray(np.cos(2 * np.pi * (self.hour - peak_hour) / 24), np.float64)
