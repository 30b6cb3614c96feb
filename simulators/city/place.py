"""A site as arrays: where its stations are, what their attributes say, when each sensor speaks."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.observation.instants import SECOND
from services.observation.sensor import Sensor
from services.observation.site import FILES, Site
from services.observation.site_files import parse
from services.observation.units import converter
from simulators.city.cells import Box
from simulators.city.chance import Floats, Ints, keys, uniform
from simulators.city.sky import VUNG_TAU, tide_of

_AROUND_DEG = 0.1
_STAGGER_S = 30.0
_ON_CHANGE_S = 60.0


def read_site(folder: Path) -> Site:
    """The site of a folder.

    Raises:
        OSError: no such folder.
        ValueError: it has errors; the text holds one line for each.
    """
    site, problems = parse({name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()})
    if site is None:
        raise ValueError("\n".join(str(problem) for problem in problems if problem.level == "error"))
    return site


class Stations:
    """Stations as arrays of length s, in the order of the site's files."""

    def __init__(self, site: Site, at: float) -> None:
        """Lay out a site; `at`, seconds since 1970, decides between summer time and winter time."""
        self.names = list(site.stations)
        every = [site.stations[name] for name in self.names]
        self.row = {name: row for row, name in enumerate(self.names)}
        self.lon = np.array([station.lon for station in every], np.float64)
        self.lat = np.array([station.lat for station in every], np.float64)
        self.box = _box(site, self.lon, self.lat)
        offset = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(site.zone)).utcoffset()
        self.offset_s = offset.total_seconds() if offset is not None else 0.0
        self._attributes = [station.attributes for station in every]
        self._known: dict[tuple[str, float], Floats] = {}
        self._traits: dict[str, Floats] = {}
        tides = [tide_of(attributes) for attributes in self._attributes]
        common = next((tide for tide in tides if tide is not None), VUNG_TAU)
        self.tides = list(dict.fromkeys([common, *(tide for tide in tides if tide is not None)]))
        self.tide_of = np.array([self.tides.index(tide or common) for tide in tides], np.int64)

    def __len__(self) -> int:
        """How many."""
        return len(self.names)

    def attribute(self, name: str, otherwise: float = np.nan) -> Floats:
        """(s,) an attribute of each."""
        found = self._known.get((name, otherwise))
        if found is None:
            found = np.array([numbers.get(name, otherwise) for numbers in self._attributes], np.float64)
            self._known[name, otherwise] = found
        return found

    def trait(self, name: str, low: float = 0.0, high: float = 1.0) -> Floats:
        """(s,) a number between two that is each station's own and never changes."""
        found = self._traits.get(name)
        if found is None:
            found = uniform(keys(0, [f"{name} {station}" for station in self.names]), 0)
            self._traits[name] = found
        return low + (high - low) * found


def _box(site: Site, lon: Floats, lat: Floats) -> Box:
    if site.bounds is not None:
        return Box(*site.bounds)
    if not len(lon):
        return Box(107.0, 10.0, 107.2, 10.2)
    return Box(
        float(lon.min()) - _AROUND_DEG,
        float(lat.min()) - _AROUND_DEG,
        float(lon.max()) + _AROUND_DEG,
        float(lat.max()) + _AROUND_DEG,
    )


class Sensors:
    """Sensors that a gateway may send, as arrays of length n; sorted by property.

    Attributes:
        names: ids.
        station: rows of `Stations`.
        of: rows by property.
        period, phase: µs; readings are at phase + k · period since 1970.
        hold: how many periods may pass between words of a sensor that reports on change; 0: periodic.
        scale, offset: from the canonical unit to the one the sensor sends.
        key: of its noise.
    """

    def __init__(self, site: Site, stations: Stations, seed: int) -> None:
        """Lay out the sensors of all stations that have a gateway."""
        spoken = {station for gateway in site.gateways.values() for station in gateway.stations}
        chosen = [s for s in site.sensors.values() if not s.derived and s.station in spoken]
        chosen.sort(key=lambda sensor: sensor.property)
        self.names = [sensor.id for sensor in chosen]
        self.row = {name: row for row, name in enumerate(self.names)}
        self.properties = [sensor.property for sensor in chosen]
        self.station: Ints = np.array([stations.row[sensor.station] for sensor in chosen], np.int64)
        self.of: dict[str, Ints] = {
            name: np.array([row for row, one in enumerate(self.properties) if one == name], np.int64)
            for name in dict.fromkeys(self.properties)
        }
        interval = np.array([sensor.interval_s for sensor in chosen], np.float64)
        changing = np.array([sensor.reports == "on_change" for sensor in chosen], bool)
        seconds = np.where(changing, np.minimum(interval, _ON_CHANGE_S), interval)
        self.period: Ints = np.maximum(np.round(seconds * SECOND), 1).astype(np.int64)
        self.hold: Ints = np.where(changing, np.round(interval / seconds), 0).astype(np.int64)
        # The sensors of a station speak together, stations a little after each other.
        stagger = stations.trait("phase")[self.station] if chosen else np.zeros(0)
        self.phase: Ints = np.floor(stagger * np.minimum(seconds, _STAGGER_S)).astype(np.int64) * SECOND
        ways = [_to_sent(sensor) for sensor in chosen]
        self.scale: Floats = np.array([scale for scale, _ in ways], np.float64)
        self.offset: Floats = np.array([offset for _, offset in ways], np.float64)
        self.key: NDArray[np.uint64] = keys(seed, self.names)
        self.low = np.array([_number(sensor.fail_min, sensor.suspect_min) for sensor in chosen], np.float64)
        self.high = np.array([_number(sensor.fail_max, sensor.suspect_max) for sensor in chosen], np.float64)

    def __len__(self) -> int:
        """How many."""
        return len(self.names)


def _to_sent(sensor: Sensor) -> tuple[float, float]:
    """Scale and offset from the canonical unit to what a record without a unit means."""
    return converter(sensor.unit, sensor.raw_unit) or (1.0, 0.0)


def _number(*choices: float | None) -> float:
    return next((choice for choice in choices if choice is not None), np.nan)
