"""The demonstration: a small city whose river rises and falls in two minutes, and one sensor that dies.

`value` is pure; `run` is the thin publisher that asks it once a second and hands packs to the agents.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from zlib import crc32

import msgspec

from edge.sender import Sender
from services.observation.senml import Record
from services.observation.site import FILES, Site
from services.observation.site_files import parse
from simulators import signals
from simulators.signals import Wave

PERIOD_S = 240.0
"""The flood comes again after so long."""

STEP_S = 1.0

WAVES = {
    "rd-gauge-001.water_level": Wave(15.0, 30.0, 10.0, 40.0, 1.30),
    "rd-street-001.street_depth": Wave(30.0, 25.0, 10.0, 30.0, 0.36),
    "tt-street-001.street_depth": Wave(40.0, 20.0, 10.0, 30.0, 0.24),
}
"""What rises where, in seconds after the start of a period."""

DEATHS = {"tt-noise-001.sound_level": 30.0}
"""Who falls silent for good, in seconds after the start of the demonstration."""

Signal = Callable[[float], float]

LEVELS: dict[str, tuple[Signal, float]] = {
    "water_level": (lambda _: 0.60, 0.01),
    "street_depth": (lambda _: 0.0, 0.004),
    "tide_level": (lambda t: signals.tide(t, 2.5), 0.01),
    "rainfall": (lambda _: 0.0, 0.0),
    "wave_height": (lambda _: 0.8, 0.05),
    "wave_period": (lambda _: 6.5, 0.2),
    "wave_direction": (lambda _: 95.0, 3.0),
    "wind_speed": (lambda t: signals.daily(t, 4.0, 2.0, 15.0), 0.4),
    "wind_direction": (lambda _: 110.0, 5.0),
    "electric_field": (lambda _: 120.0, 8.0),
    "air_temperature": (lambda t: signals.daily(t, 28.0, 3.5, 14.0), 0.1),
    "humidity": (lambda t: signals.daily(t, 78.0, -9.0, 14.0), 0.5),
    "pm2_5": (lambda t: signals.daily(t, 22.0, 6.0, 8.0), 1.0),
    "sound_level": (lambda t: signals.daily(t, 62.0, 6.0, 17.0), 1.0),
    "lamp_state": (lambda t: float(signals.night(t)), 0.0),
    "dimming": (lambda t: 80.0 * signals.night(t), 0.0),
    "active_power": (lambda t: 1450.0 * signals.night(t) + 12.0, 2.0),
    "tilt": (lambda _: 1.2, 0.02),
}
"""Each property's quiet level at a time of day, and the spread of its noise."""

FLOORS = {"street_depth": 0.0, "rainfall": 0.0, "wind_speed": 0.0, "wave_height": 0.0, "active_power": 0.0}


def value(sensor: str, wall_s: float, since_s: float, seed: int) -> float | None:
    """What a sensor measures; None when it is dead or of a kind the city does not play.

    Args:
        sensor: its id.
        wall_s: seconds since 1970, for what follows the sun and the moon.
        since_s: seconds since the start of the demonstration, for what happens in it.
        seed: of the noise.
    """
    prop = sensor.partition(".")[2]
    if prop not in LEVELS or not signals.alive(since_s, DEATHS.get(sensor)):
        return None
    level, spread = LEVELS[prop]
    quiet = level(wall_s) + spread * signals.noise(seed ^ crc32(sensor.encode()), int(since_s / STEP_S))
    wave = WAVES.get(sensor)
    loud = quiet + signals.flood(since_s % PERIOD_S, wave) if wave else quiet
    return round(max(loud, FLOORS.get(prop, loud)), 3)


def read_site(folder: Path) -> Site:
    """The site of a folder.

    Raises:
        ValueError: it has errors; the text holds one line for each.
    """
    site, problems = parse({name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()})
    if site is None:
        raise ValueError("\n".join(str(problem) for problem in problems))
    return site


class _Due(msgspec.Struct):
    """A gateway's sensors and when each is to be read next."""

    sender: Sender
    sensors: list[tuple[str, float]]
    next_s: list[float]

    def records(self, wall_s: float, since_s: float, seed: int) -> list[Record]:
        """What is due now."""
        found = []
        for n, (sensor, interval_s) in enumerate(self.sensors):
            if since_s < self.next_s[n]:
                continue
            self.next_s[n] += interval_s * (1 + (since_s - self.next_s[n]) // interval_s)
            reading = value(sensor, wall_s, since_s, seed)
            if reading is not None:
                found.append(Record(sensor, wall_s, reading))
        return found


def run(  # noqa: PLR0913  where, what, how long, and the seams
    mqtt: tuple[str, int],
    site: Site,
    seed: int,
    stop: threading.Event,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    notice: Callable[[str], None] = lambda _: None,
) -> None:
    """Publish until told to stop; the times are those of now."""
    agents = [_agent(mqtt, site, gateway, seed, notice) for gateway in site.gateways]
    begun = monotonic()
    try:
        while not stop.is_set():
            since, wall = monotonic() - begun, round(clock(), 3)
            for agent in agents:
                records = agent.records(wall, since, seed)
                if records:
                    agent.sender.submit(records)
            stop.wait(STEP_S - (monotonic() - begun) % STEP_S)
    finally:
        for agent in agents:
            agent.sender.close()


def _agent(mqtt: tuple[str, int], site: Site, gateway: str, seed: int, notice: Callable[[str], None]) -> _Due:
    declared = site.gateways[gateway]
    sensors = _sensors(site, declared.stations)
    luck = random.Random(f"{seed}{gateway}")  # noqa: S311  staggering, not secrets
    sender = Sender(*mqtt, declared.area, gateway, notice=lambda text: notice(f"{gateway}: {text}"))
    return _Due(sender, sensors, [luck.uniform(0, min(interval, 2.0)) for _, interval in sensors])


def _sensors(site: Site, stations: Sequence[str]) -> list[tuple[str, float]]:
    return [(s.id, s.interval_s) for s in site.sensors.values() if s.station in stations and not s.derived]
