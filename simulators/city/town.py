"""Instruments in the streets: lamps, the air people breathe, noise, trees. In the vocabulary's units."""

import numpy as np

from simulators.city import lamps
from simulators.city.chance import Floats
from simulators.city.look import Look
from simulators.city.nature import Instrument

_PF_DIM = (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
_PF = (0.65, 0.60, 0.70, 0.75, 0.80, 0.85, 0.87, 0.89, 0.90, 0.95, 0.98)  # TALQ's example curve
_STANDBY_W = 6.0  # of a cabinet; a lamp's driver takes a thousandth of its wattage


def dimming(look: Look) -> Floats:
    """The level they are told, %."""
    return lamps.level(look.sun, look.hour, look.station, look.city.told)


def is_on(look: Look) -> Floats:
    """1 when the lamps burn; broken ones do the opposite of what they are told."""
    on = (dimming(look) > 0).astype(np.float64)
    for station, start, end in look.city.dark:
        broken = (look.station == station) & (look.seconds >= start) & (look.seconds < end)
        on = np.where(broken, 1.0 - on, on)
    return np.asarray(on, np.float64)


def active_power(look: Look) -> Floats:
    """Of a cabinet or lamp: its wattage at the level it burns, and the controllers' own."""
    told = dimming(look)
    level = np.where(told > 0, told, 100.0)
    wattage = look.city.land.wattage[look.station]
    lamp = ~np.isnan(look.city.stations.attribute("lamp_wattage")[look.station])
    watts = wattage * level / 100.0 * (1.0 + look.noise(0.008))
    rest = np.where(lamp, wattage / 1000.0, _STANDBY_W)
    return np.asarray(is_on(look) * watts + rest * (1.0 + look.noise(0.03)), np.float64)


def supply_voltage(look: Look) -> Floats:
    """Of the mains, V: lower while everybody cooks."""
    evening = np.exp(-(((look.hour - 19.0) / 2.0) ** 2))
    return 224.0 + look.trait("feeder", -3.0, 3.0) - 6.0 * evening + 1.2 * look.wander(1800) + look.noise(0.3)


def power_factor(look: Look) -> Floats:
    """By the dimming level; a driver on standby is nearly all capacitor."""
    told = dimming(look)
    burning = np.interp(np.where(told > 0, told, 100.0), _PF_DIM, _PF)
    return np.clip(np.where(is_on(look) > 0, burning, 0.6) + look.noise(0.004), 0.0, 1.0)


def _rush(look: Look) -> Floats:
    """Traffic of the two rush hours, up to 1."""
    morning, evening = ((look.hour - 7.4) / 1.0) ** 2, ((look.hour - 17.6) / 1.6) ** 2
    return np.asarray(np.exp(-morning) + np.exp(-evening), np.float64)


def _still(look: Look) -> Floats:
    """How much is left where it was made: more in calm air."""
    return np.asarray(4.0 / (1.5 + look.speed), np.float64)


def pm2_5(look: Look) -> Floats:
    """Most under the inversion of the early morning, least at 14 h; more in the dry season and in the rush.

    Half of it is the region's, so stations rise and fall together; wind carries it off, rain washes it out.
    Smoke comes from afar.
    """
    season = 1.0 + 0.3 * look.city.weather.season(look.seconds)
    lid = np.exp(0.32 * look.daily(7.0))
    made = (12.0 * lid + 5.0 * _rush(look)) * np.minimum(_still(look), 1.9) ** 0.6
    drift = np.exp(0.22 * look.city.weather.stale(look.seconds) + 0.10 * look.wander(5400))
    smoke = look.city.weather.haze(look.seconds) * look.trait("smoky", 0.85, 1.15)
    dust = made * season * look.trait("dust", 0.8, 1.3) * drift + smoke
    return np.maximum((dust * (1.0 - 0.6 * look.wet) + 2.0) * (1.0 + look.noise(0.04)), 0.5)


def o3(look: Look) -> Floats:
    """Made by the sun out of what traffic left; eaten by fresh fumes."""
    light = np.maximum(np.sin(np.radians(look.sun)), 0.0)
    return np.maximum(22.0 + 75.0 * light * (1.0 - 0.5 * look.wet) - 12.0 * _rush(look), 3.0)


def sound_level(look: Look) -> Floats:
    """LAeq, dB: traffic's energy by the hour, and rain on the microphone's shelter."""
    day = np.clip(0.52 - 0.49 * look.daily(3.2), 0.04, 1.0) ** 1.3
    street = look.trait("traffic", 62.0, 66.0) + 10.0 * np.log10(day + 0.4 * _rush(look))
    rain = 45.0 + 7.0 * np.log10(1.0 + look.field("rain"))
    energy = 10.0 ** (street / 10.0) + 10.0 ** (rain / 10.0)
    return 10.0 * np.log10(energy) + 0.8 * look.wander(600) + look.noise(0.5)


def tilt(look: Look) -> Floats:
    """Of a tree against the plumb line: as it grew, as storms left it, warmth in the sensor, and sway.

    Sway goes by the square of the gust up to a storm's, beyond it by the gust itself: crowns streamline.
    """
    warmth = 0.02 * (look.city.weather.temperature(look.seconds) - 28.0)
    push = look.gust / 25.0
    sway = np.abs(look.noise(1.0)) * push * np.minimum(push, 1.0) * look.trait("slender", 0.4, 1.0)
    grown = look.city.stations.attribute("tilt_baseline")[look.station]
    grown = np.where(np.isnan(grown), look.trait("grown", 0.3, 1.4), grown)
    return np.asarray(grown + look.field("lean") + warmth + sway, np.float64)


def _axis(look: Look, *, north: bool) -> Floats:
    turn = look.trait("towards", 0.0, 2 * np.pi)
    return tilt(look) * (np.cos(turn) if north else np.sin(turn))


def leakage_current(look: Look) -> Floats:
    """Milliamperes in dry weather, more through wet joints."""
    return 0.004 + 0.006 * look.wet + np.abs(look.noise(0.0004))


def battery(look: Look) -> Floats:
    """Charged by the sun of the day."""
    return np.clip(
        84.0 + 9.0 * look.daily(16.5) + look.trait("cell", -8.0, 6.0) + look.noise(0.3), 0.0, 100.0
    )


TOWN: dict[str, Instrument] = {
    "lamp_state": is_on,
    "dimming": dimming,
    "active_power": active_power,
    "supply_voltage": supply_voltage,
    "supply_current": lambda look: active_power(look) / (supply_voltage(look) * power_factor(look)),
    "leakage_current": leakage_current,
    "power_factor": power_factor,
    "energy": lambda look: look.trait("energy", 2e3, 9e3) + look.field("energy"),
    "burning_hours": lambda look: look.trait("hours", 3e3, 2e4) + look.field("lit"),
    "door": lambda look: np.zeros(len(look.seconds)),
    "pm2_5": pm2_5,
    "pm10": lambda look: 1.7 * pm2_5(look) + 6.0 + look.noise(0.8),
    "no2": lambda look: (12.0 + 26.0 * _rush(look)) * _still(look) * np.exp(0.15 * look.wander(3600)),
    "co": lambda look: (380.0 + 700.0 * _rush(look)) * _still(look) * np.exp(0.15 * look.wander(3600)),
    "so2": lambda look: 7.0 * _still(look) * np.exp(0.3 * look.wander(7200)),
    "o3": o3,
    "sound_level": sound_level,
    "tilt": tilt,
    "tilt_x": lambda look: _axis(look, north=False),
    "tilt_y": lambda look: _axis(look, north=True),
    "battery": battery,
    "battery_voltage": lambda look: 3.3 + 0.008 * battery(look),
    "distance": lambda look: 5.0 - look.field("depth") + look.noise(0.003),
}
