"""The state of the city, carried on minute by minute: what needs to remember the weather before.

Minutes are whole minutes since 1970, so that a state does not depend on when somebody looks.
"""

from collections.abc import Sequence

import numpy as np

from simulators.city import lamps, sea, sky, water
from simulators.city.chance import Floats, Ints, key, smooth
from simulators.city.place import Sensors, Stations
from simulators.city.script import River
from simulators.city.water import Rivers, Streets, Way
from simulators.city.weather import Weather

STEP_S = 60
RECENT_S = 7200.0
"""How long rain is remembered by air, roads and canals."""

WARM_UP_H = 12
"""Hours after which little remembers that everything began dry and calm."""

_FORGET = float(np.exp(-STEP_S / RECENT_S))

_RING = [(0.0, 0.0)] + [(np.cos(a), np.sin(a)) for a in np.arange(6) * np.pi / 3]
"""A catchment's rain is the mean of seven points: its middle and six around."""

_RIVER = ("water_level", "discharge", "inflow", "outflow", "storage")
STATES = (
    "rain",
    "total",
    "recent",
    "depth",
    "soil",
    "flow",
    "inflow",
    "storage",
    "sea",
    "lean",
    "lit",
    "energy",
)


class Fields:
    """The states of stations at the minutes of a stretch of time: (minutes, s) each."""

    def __init__(self, first: int, states: dict[str, Floats]) -> None:
        """`first` is the minute of row 0."""
        self.first, self._states = first, states

    def at(self, name: str, seconds: Floats, station: Ints) -> Floats:
        """(n,) a state at n moments and stations, straight between two minutes."""
        place = seconds / STEP_S - self.first
        minute = np.clip(np.floor(place).astype(np.int64), 0, len(self._states[name]) - 2)
        part = place - minute
        state = self._states[name]
        return np.asarray(state[minute, station] * (1 - part) + state[minute + 1, station] * part, np.float64)


class Land:
    """Carries the states on; starts dry and calm, so let it warm up before you look."""

    def __init__(
        self, stations: Stations, sensors: Sensors, weather: Weather, rivers: Sequence[River], seed: int
    ) -> None:
        """Read what the stations' attributes say of streets, catchments, lamps."""
        self._stations, self._weather = stations, weather
        self._reached: int | None = None
        self._rows = [{name: np.zeros(len(stations)) for name in STATES}]
        self._rows[0]["soil"] = np.full(len(stations), 24.0)
        self._wander = key(seed, "sea")
        self.streets = Streets(
            stations.trait("gather", 5.5, 8.0),
            _given(stations.attribute("drain_mm_h"), stations.trait("sewer", 26.0, 34.0)),
            stations.attribute("outfall_level", 3.8),
        )
        has = {name: set(sensors.station[rows].tolist()) for name, rows in sensors.of.items()}
        wet = {row for name in _RIVER for row in has.get(name, ())}
        wet |= {stations.row[name] for river in rivers for name in river.stations}
        self.gauges = np.array(sorted(wet), np.int64)
        self.rivers = self._make_rivers(rivers, has.get("outflow", set()) | has.get("storage", set()))
        self._rows[0].update(self._river_states())
        self.seaward = _given(stations.attribute("shore_normal_deg"), stations.attribute("faces_deg", 135.0))
        self.wattage = _given(stations.attribute("lamp_wattage"), stations.attribute("wattage", 1450.0))
        self._frail = stations.trait("frail") ** 6
        self.told = lamps.Told()
        """What controllers of street lights hold; nothing while nobody commands them."""

    def _make_rivers(self, rivers: Sequence[River], dammed: set[int]) -> Rivers:
        place = {int(row): number for number, row in enumerate(self.gauges)}
        rows = self._stations.row
        ways = [
            Way(place[rows[a]], place[rows[b]], max(60.0, (to - begin) * 1000.0 / river.wave_m_s))
            for river in rivers
            for a, b, begin, to in zip(
                river.stations, river.stations[1:], river.km, river.km[1:], strict=False
            )
        ]
        whole = self._stations.attribute("catchment_km2", 3.0)[self.gauges]
        area = whole.copy()  # a station's own is what lies above no other station
        for way in ways:
            area[way.below] -= whole[way.above]
        area = np.maximum(area, 1.0)
        hold = self._stations.attribute("lag_h")[self.gauges] * 3600.0
        full = self._stations.attribute("full_m3", 10e6)[self.gauges]
        behind_dam = np.isin(self.gauges, sorted(dammed))
        lon, lat = self._stations.lon[self.gauges], self._stations.lat[self.gauges]
        radius = np.sqrt(area / np.pi) * 1000.0 * 0.7
        self._ring_lon = np.concatenate(
            [lon + x * radius / (111_320.0 * np.cos(np.radians(lat))) for x, _ in _RING]
        )
        self._ring_lat = np.concatenate([lat + y * radius / 111_320.0 for _, y in _RING])
        return Rivers(
            area,
            _given(hold, water.hold_s(area)),
            ways,
            np.where(behind_dam, full, np.nan),
        )

    def sea_level(self, seconds: Floats, tide: int = 0) -> Floats:
        """Height in m above the tide gauge's zero: tide, surge, and the sea's unrest of centimetres."""
        surge = self._weather.storm(seconds).surge + 0.03 * smooth(self._wander, seconds, 5400)
        return np.asarray(sky.height(self._stations.tides[tide], seconds) + surge, np.float64)

    def warm_up(self, seconds: float) -> None:
        """Let the hours before a moment pass: streets, creeks and sea remember them."""
        for hour in range(WARM_UP_H, -1, -1):
            self.advance(seconds - hour * 3600.0, seconds - hour * 3600.0)

    def advance(self, first: float, last: float) -> Fields:
        """The states from `first` to `last`, in seconds. Time goes on: no `first` before an earlier one."""
        begin, end = int(first // STEP_S), int(last // STEP_S) + 1
        if self._reached is None:
            self._reached = begin
        if end > self._reached:
            self._carry(self._reached, end)
            self._reached = end
        self._rows = self._rows[begin - (self._reached - len(self._rows) + 1) :]
        states = {name: np.array([row[name] for row in self._rows]) for name in STATES}
        return Fields(begin, states)

    def _carry(self, begin: int, end: int) -> None:
        """Carry the states on from a minute to a later one; each minute is a row."""
        at = self._stations
        seconds = np.arange(begin, end + 1, dtype=np.float64) * STEP_S
        rain = self._weather.rain(seconds, at.lon, at.lat)
        around = self._weather.rain(seconds, self._ring_lon, self._ring_lat)
        catchments = around.reshape(len(seconds), len(_RING), -1).mean(axis=1)
        stand = self.sea_level(seconds)
        east, north = self._weather.wind(seconds)
        wind = np.hypot(east, north)
        fetch = sea.fetch_m(sea.direction(east, north)[:, None], self.seaward)
        grown = sea.grown_height(wind[:, None], fetch)
        kwh = self.wattage / 1000.0 * STEP_S / 3600.0
        sun = sky.sun_altitude(seconds[:, None], at.lat, at.lon)
        hour = sky.local_hour(seconds, at.offset_s)[:, None]
        level = lamps.level(sun, np.broadcast_to(hour, sun.shape), np.arange(len(at)), self.told) / 100.0
        for row in range(1, len(seconds)):
            before = self._rows[-1]
            falling = (rain[row - 1] + rain[row]) / 2
            self.rivers.step((catchments[row - 1] + catchments[row]) / 2, STEP_S)
            now = {
                "rain": rain[row],
                "total": before["total"] + falling * STEP_S / 3600.0,
                "recent": before["recent"] * _FORGET + falling * STEP_S / 3600.0,
                "depth": water.street_step(before["depth"], self.streets, falling, stand[row], STEP_S),
                "soil": water.soil_step(before["soil"], falling, STEP_S),
                "sea": sea.sea_step(before["sea"], grown[row], STEP_S),
                "lean": before["lean"] + self._lean(wind[row], before["soil"]),
                "lit": before["lit"] + (level[row] > 0) * STEP_S / 3600.0,
                "energy": before["energy"] + level[row] * kwh,
                **self._river_states(),
            }
            self._rows.append(now)

    def _river_states(self) -> dict[str, Floats]:
        """What the rivers say, spread over all stations."""
        found = {}
        for name, numbers in (
            ("flow", self.rivers.flow),
            ("inflow", self.rivers.inflow),
            ("storage", self.rivers.storage),
        ):
            found[name] = np.zeros(len(self._stations))
            found[name][self.gauges] = numbers
        return found

    def _lean(self, wind: float, soil: Floats) -> Floats:
        """Degrees by which a storm leans a tree for good in a step: the frail ones, in wet soil."""
        push = max(0.0, wind - 12.0) ** 2 / 100.0
        loose = np.clip((soil - 20.0) / 20.0, 0.2, 1.0)
        return np.asarray(push * loose * self._frail * STEP_S / 3600.0, np.float64)


def _given(numbers: Floats, otherwise: Floats) -> Floats:
    """Numbers, and others where there are none."""
    return np.where(np.isnan(numbers), otherwise, numbers)
