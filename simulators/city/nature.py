"""Instruments out of doors: water, sea, wind, air. Values are in the vocabulary's units."""

from collections.abc import Callable

import numpy as np

from simulators.city import sea, water
from simulators.city.chance import Floats
from simulators.city.look import Look

Instrument = Callable[[Look], Floats]

_TIDE_SHARE = 0.12
_LAKE_DEPTH_M = 8.0  # mean depth of a reservoir: how much its level moves with what it holds


def water_level(look: Look) -> Floats:
    """Stage of a river or a reservoir.

    A river stands at BĐ3 at the discharge that fills it; as much of the tide as reaches the gauge is added.
    A reservoir stands at its normal level when it is full.
    """
    at = look.city.stations
    rivers, row = look.city.land.rivers, np.searchsorted(look.city.land.gauges, look.station)
    bd3 = at.attribute("bd3", 2.0)[look.station]
    bd1 = at.attribute("bd1")[look.station]
    bd1 = np.where(np.isnan(bd1), bd3 - 0.5, bd1)
    low = bd1 - 0.75 * (bd3 - bd1)
    tide = look.city.land.sea_level(look.seconds) - at.tides[0].mean
    share = (at.attribute("tidal", 0.0) > 0) * at.attribute("tide_share", _TIDE_SHARE)
    river = water.stage(look.field("flow"), water.bank_full(rivers.total)[row], low, bd3)
    river = river + share[look.station] * tide
    full = rivers.full_m3[row]
    normal = at.attribute("normal_level", _LAKE_DEPTH_M)[look.station]
    lake = normal + (look.field("storage") - full) / full * _LAKE_DEPTH_M
    return np.where(np.isnan(full), river, lake) + look.noise(0.004)


def tide_level(look: Look) -> Floats:
    """By each station's own constituents."""
    which = look.city.stations.tide_of[look.station]
    level = np.zeros(len(look.seconds))
    for tide in np.unique(which):
        mine = which == tide
        level[mine] = look.city.land.sea_level(look.seconds[mine], int(tide))
    return level + look.noise(0.008)


def _waves(look: Look) -> sea.Sea:
    """Sea under the wind and the swell of the season, each with a wander of its own."""
    storm = look.city.weather.storm(look.seconds)
    season = look.city.weather.season(look.seconds)
    local = look.trait("shoal", 0.85, 1.1)
    swell = (0.24 + 0.10 * season**2 + storm.swell) * np.exp(0.15 * look.wander(10_800))
    east, north = look.city.weather.wind(look.seconds)
    seaward = look.city.land.seaward[look.station]
    swell_from = np.where(season > 0, 85.0, 215.0) + 8.0 * look.wander(21_600, 2)
    # Near the beach all waves turn towards it.
    bend = 0.5 * ((swell_from - seaward + 180.0) % 360.0 - 180.0)
    wind_from = sea.direction(east, north)
    turn = np.clip((wind_from - seaward + 180.0) % 360.0 - 180.0, -80.0, 80.0)
    return sea.together(
        np.asarray(look.field("sea") * local, np.float64),
        np.asarray(seaward + turn, np.float64),
        np.asarray(swell * local, np.float64),
        np.asarray(7.0 + 1.2 * np.abs(season) + 2.0 * storm.share, np.float64),
        np.asarray(seaward + bend, np.float64),
    )


def wave_height(look: Look) -> Floats:
    """Estimated from a burst of some 200 waves: off by a few per cent each time."""
    return np.asarray(_waves(look).height * (1.0 + look.noise(0.04)), np.float64)


def wave_direction(look: Look) -> Floats:
    """Where they come from."""
    return (_waves(look).direction + look.noise(2.5)) % 360.0


def _current(look: Look) -> tuple[Floats, Floats]:
    land = look.city.land
    slope = (land.sea_level(look.seconds + 900) - land.sea_level(look.seconds - 900)) * 2.0
    seaward = look.city.land.seaward[look.station]
    return sea.current(slope, _waves(look).height, seaward)


def current_speed(look: Look) -> Floats:
    """Of the mean over two minutes."""
    return np.hypot(*_current(look)) * (1.0 + look.noise(0.06))


def current_direction(look: Look) -> Floats:
    """Where it goes, as oceanographers have it."""
    east, north = _current(look)
    return (np.degrees(np.arctan2(east, north)) + look.noise(4.0)) % 360.0


def air_temperature(look: Look) -> Floats:
    """Rain cools by up to four degrees."""
    return look.city.weather.temperature(look.seconds) - 4.0 * look.wet + look.noise(0.1)


def humidity(look: Look) -> Floats:
    """Opposite to the temperature, up to 98 in rain."""
    dry = 79.0 - 9.0 * look.daily(14.0) + 2.0 * look.wander(10_800)
    return np.clip(dry + (97.0 - dry) * look.wet + look.noise(0.5), 30.0, 100.0)


def dew_point(look: Look) -> Floats:
    """From temperature and humidity (Magnus; Alduchov and Eskridge 1996)."""
    warm, part = air_temperature(look), np.log(np.clip(humidity(look), 1.0, 100.0) / 100.0)
    angle = part + 17.625 * warm / (243.04 + warm)
    return np.asarray(243.04 * angle / (17.625 - angle), np.float64)


def electric_field(look: Look) -> Floats:
    """Near showers; else fair weather."""
    field = look.city.weather.field(look.seconds, look.lon, look.lat)
    return field * (1.0 + 0.08 * look.wander(20)) + look.noise(6.0)


def dissolved_oxygen(look: Look) -> Floats:
    """Algae make it by day and eat it by night; what rain washes in takes up to 1.2 mg/l more."""
    clean = 5.9 + look.trait("clean", -0.7, 0.8)
    slow = 0.15 * look.wander(14_400)
    return np.maximum(clean + 0.8 * look.daily(15.0) - 1.2 * look.wet**2 + slow + look.noise(0.05), 0.0)


def ph(look: Look) -> Floats:
    """Higher by day, lower after rain."""
    return 7.5 + look.trait("ph", -0.2, 0.2) + 0.18 * look.daily(15.5) - 0.25 * look.wet + look.noise(0.01)


def turbidity(look: Look) -> Floats:
    """Rain stirs it up."""
    return (14.0 + 70.0 * look.wet**4) * np.exp(0.25 * look.wander(7200)) + look.noise(0.4)


def conductivity(look: Look) -> Floats:
    """Brackish with the tide, fresh after rain; sea water has 5 S/m."""
    tide = look.city.land.sea_level(look.seconds) - look.city.stations.tides[0].mean
    salt = look.city.stations.attribute("salinity", 0.4)[look.station]
    return (0.04 + 5.0 * salt * np.clip(0.6 + 0.25 * tide, 0.05, 1.0)) * (1.0 - 0.6 * look.wet)


NATURE: dict[str, Instrument] = {
    "water_level": water_level,
    "discharge": lambda look: look.field("flow") * (1.0 + look.noise(0.02)),
    "inflow": lambda look: look.field("inflow") * (1.0 + look.noise(0.03)),
    "outflow": lambda look: look.field("flow") * (1.0 + look.noise(0.01)),
    "storage": lambda look: look.field("storage"),
    "street_depth": lambda look: np.maximum(look.field("depth") + look.noise(0.002), 0.0),
    "tide_level": tide_level,
    "rainfall": lambda look: look.field("total"),  # the gauge turns it into tips
    "rain_total": lambda look: 0.2 * np.floor(look.trait("tips", 0, 5000) + look.field("total") / 0.2),
    "rain_rate": lambda look: look.field("rain"),
    "wave_height": wave_height,
    "wave_period": lambda look: _waves(look).period * (1.0 + look.noise(0.03)),
    "wave_direction": wave_direction,
    "current_speed": current_speed,
    "current_direction": current_direction,
    "wind_speed": lambda look: np.maximum(look.speed * (1.0 + look.noise(0.06)), 0.0),
    "wind_gust": lambda look: look.gust,
    "wind_direction": lambda look: (sea.direction(*look.wind) + look.noise(4.0)) % 360.0,
    "electric_field": electric_field,
    "air_temperature": air_temperature,
    "humidity": humidity,
    "dew_point": dew_point,
    "air_pressure": lambda look: look.city.weather.pressure(look.seconds) + look.noise(0.1),
    "water_temperature": lambda look: 28.2 + 0.7 * look.daily(16.0) - 0.8 * look.wet + look.noise(0.05),
    "dissolved_oxygen": dissolved_oxygen,
    "ph": ph,
    "turbidity": turbidity,
    "conductivity": conductivity,
    # One in eight is down now and then.
    "strike_detectors": lambda look: np.where(look.wander(21_600) > 1.3, 7.0, 8.0),  # noqa: PLR2004
    "soil_moisture": lambda look: look.field("soil") + look.noise(0.2),
}
