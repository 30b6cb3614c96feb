"""The readings of a city: what each sensor of a site says and when, from a seed.

Time goes on in stretches of any length; however it is cut, the readings are the same.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.observation.instants import SECOND
from services.observation.site import Site
from simulators.city import strikes
from simulators.city.cells import told
from simulators.city.chance import Floats, Ints
from simulators.city.faults import Faults
from simulators.city.lamps import Told
from simulators.city.land import Land
from simulators.city.look import City, Look
from simulators.city.nature import NATURE, Instrument
from simulators.city.place import Sensors, Stations
from simulators.city.script import FaultAt, Script, Story
from simulators.city.strikes import Strike
from simulators.city.town import TOWN
from simulators.city.weather import Weather

INSTRUMENTS: dict[str, Instrument] = {**NATURE, **TOWN}

TIP_MM = 0.2
"""A rain gauge counts tips of its bucket."""

STRETCH_US = 1800 * SECOND
"""So much is computed at once at most: longer costs memory, shorter time."""

BEFORE_S = 13 * 3600.0
"""A story begins on dry ground: so long before it, and while it is told, no rain comes by chance."""

_DECIMALS = {
    "wave_direction": 0,
    "current_direction": 0,
    "wind_direction": 0,
    "electric_field": 0,
    "storage": 0,
    "strike_detectors": 0,
    "lamp_state": 0,
    "door": 0,
    "dimming": 0,
    "active_power": 1,
    "supply_voltage": 1,
    "wind_speed": 1,
    "wind_gust": 1,
    "sound_level": 1,
    "pm2_5": 1,
    "pm10": 1,
    "no2": 1,
    "so2": 1,
    "o3": 1,
    "co": 0,
    "wave_period": 1,
    "humidity": 1,
    "soil_moisture": 1,
    "rainfall": 1,
    "rain_total": 1,
    "leakage_current": 4,
}
"""What an instrument shows; others three decimals."""


class Rows(NamedTuple):
    """Readings in the order in which they are sent.

    Attributes:
        time: (n,) µs UTC, when the device says it measured.
        sensor: (n,) rows of `Simulation.sensors`.
        value: (n,) in the unit of the sensor's records.
    """

    time: Ints
    sensor: Ints
    value: Floats


class Simulation:
    """A site under its weather, from a start on."""

    def __init__(
        self, site: Site, script: Script, seed: int, start: int, faults: tuple[FaultAt, ...] = ()
    ) -> None:
        """Lay everything out and let the hours before pass; `start` in µs UTC.

        `faults`: on demand, besides those of the script.
        """
        self.site, self.script, self.seed, self.start = site, script, seed, start
        begin = start / SECOND
        self.stations = Stations(site, begin)
        self.sensors = Sensors(site, self.stations, seed)
        self.weather = self._weather(begin)
        land = Land(self.stations, self.sensors, self.weather, script.river, seed)
        self.city = City(self.stations, self.weather, land)
        story = script.story or Story(minutes=0.0)
        by_chance_from = start + round(story.minutes * 60 * SECOND)
        self.faults = Faults(site, self.stations, self.sensors, script.chance, seed, start, by_chance_from)
        self.faults.plan((*story.fault, *faults))
        self.now = start
        self._last: Floats = np.full(len(self.sensors), np.nan)
        land.warm_up(begin)
        self._tips = _tips(
            land.advance(begin, begin).at("total", np.full(len(self.sensors), begin), self.sensors.station)
        )

    def _weather(self, begin: float) -> Weather:
        """By chance, and as the story has it; `begin` in seconds."""
        at, story = self.stations, self.script.story or Story()
        rows = [at.row[shower.over] for shower in story.shower]
        return Weather(
            self.seed,
            at.box,
            at.offset_s,
            self.script.climate,
            [
                told(shower, number, begin, float(at.lon[row]), float(at.lat[row]))
                for number, (shower, row) in enumerate(zip(story.shower, rows, strict=True))
            ],
            [(begin + storm.minute * 60.0, storm) for storm in story.storm],
            (begin - BEFORE_S, begin + story.minutes * 60.0) if self.script.story else (0.0, 0.0),
            [(begin + haze.minute * 60.0, haze) for haze in story.haze],
        )

    def command(self, levels: Mapping[str, float], *, by_day: bool) -> None:
        """Street lights do from now on what their controllers hold: % by station; see `Told`."""
        rows = self.stations.row
        self.city.land.told = Told({rows[name]: level for name, level in levels.items()}, by_day)

    def unplayed(self) -> list[str]:
        """Properties that no instrument here measures; their values wander within their limits."""
        return sorted(set(self.sensors.of) - set(INSTRUMENTS))

    def until(self, end: int) -> Rows:
        """All readings from where the last call ended until `end` (µs UTC, excluded), as they are sent."""
        found = []
        while self.now < end:
            stretch = min(end, self.now + STRETCH_US)
            sent = self.faults.apply(*self._clean(self.now, stretch), self.now, stretch)
            found.append(Rows(sent.time, sent.sensor, sent.value))
            self.now = stretch
        if not found:
            return Rows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        rows = found[0] if len(found) == 1 else Rows(*map(np.concatenate, zip(*found, strict=True)))
        return self._as_sent(rows)

    def strikes(self, first: int, last: int) -> list[Strike]:
        """Strikes from `first` until `last` (µs UTC, excluded), in order of time."""
        a, b = first / SECOND, last / SECOND
        return strikes.within(self.seed, self.weather.cells(a, b), a, b)

    def _clean(self, first: int, last: int) -> Rows:
        """The readings of instruments in good order, by time and then by sensor."""
        self.city.dark = self.faults.lamps(first, last)
        fields = self.city.land.advance(first / SECOND, last / SECOND)
        times, sensors, values = [], [], []
        for name, rows in self.sensors.of.items():
            time, sensor = _due(self.sensors.period[rows], self.sensors.phase[rows], rows, first, last)
            if not len(time):
                continue
            look = Look(
                self.city, fields, time / SECOND, self.sensors.station[sensor], self.sensors.key[sensor]
            )
            instrument = INSTRUMENTS.get(name)
            value = instrument(look) if instrument is not None else self._between(look, sensor)
            if name == "rainfall":
                value = self._rainfall(sensor, value)
            value = np.round(value, _DECIMALS.get(name, 3)) + 0.0  # no -0.0
            value = self.faults.chatter(time, sensor, value, first, last)
            spoken = self._spoken(time, sensor, value)
            times.append(time[spoken])
            sensors.append(sensor[spoken])
            values.append(value[spoken])
        if not times:
            return Rows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        time, sensor = np.concatenate(times), np.concatenate(sensors)
        order = np.lexsort((sensor, time))
        return Rows(time[order], sensor[order], np.concatenate(values)[order])

    def _rainfall(self, sensor: Ints, total: Floats) -> Floats:
        """Tips since the reading before, in mm: what is not yet a tip counts next time."""
        tips = _tips(total)
        before = np.roll(tips, 1)
        first = np.flatnonzero(np.diff(sensor, prepend=-1))
        before[first] = self._tips[sensor[first]]
        self._tips[sensor] = tips
        return np.asarray((tips - before) * TIP_MM, np.float64)

    def _spoken(self, time: Ints, sensor: Ints, value: Floats) -> NDArray[np.bool_]:
        """Who speaks: those that report on change only when it changed, or after a long time."""
        hold = self.sensors.hold[sensor]
        if not hold.any():
            return np.ones(len(sensor), bool)
        before = np.roll(value, 1)
        first = np.flatnonzero(np.diff(sensor, prepend=-1))
        before[first] = self._last[sensor[first]]
        self._last[sensor] = value
        count = (time - self.sensors.phase[sensor]) // self.sensors.period[sensor]
        return np.asarray((hold == 0) | (value != before) | (count % np.maximum(hold, 1) == 0))

    def _between(self, look: Look, sensor: Ints) -> Floats:
        """For what nobody plays: a slow wander about the middle of the limits, or about 1."""
        low, high = self.sensors.low[sensor], self.sensors.high[sensor]
        bounded = ~(np.isnan(low) | np.isnan(high))
        middle = np.where(bounded, (low + high) / 2, np.where(np.isnan(low), 1.0, low + 1.0))
        spread = np.where(bounded, (high - low) / 20, 0.1)
        return np.asarray(middle + spread * np.clip(look.wander(3600), -3.0, 3.0), np.float64)

    def _as_sent(self, rows: Rows) -> Rows:
        """In the units of the sensors' records."""
        scale, offset = self.sensors.scale[rows.sensor], self.sensors.offset[rows.sensor]
        return rows._replace(value=np.round(rows.value * scale + offset, 6))


def _tips(total_mm: Floats) -> Floats:
    return np.floor(total_mm / TIP_MM + 1e-9)


def _due(period: Ints, phase: Ints, rows: Ints, first: int, last: int) -> tuple[Ints, Ints]:
    """Times and sensors of the readings with `first` ≤ time < `last`, by sensor and then by time."""
    begin = -((phase - first) // period)
    count = -((phase - last) // period) - begin
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    number = np.repeat(np.arange(len(rows)), count)
    return phase[number] + (begin[number] + within) * period[number], rows[number]
