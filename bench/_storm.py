"""The storm played: simulated readings and strikes straight into what a backtest reads, no file between."""

from typing import NamedTuple

import numpy as np

from services.cli.recorded import Recorded
from services.cli.recorded_strikes import Came
from services.observation.instants import SECOND, micros
from services.observation.messages import Strike
from services.observation.site import Site
from simulators.city.city import Simulation
from simulators.city.script import Script
from simulators.city.typhoon import MINUTES, Typhoon, typhoon

START = "2025-11-05T16:30:00+07:00"
"""Lamps burn from an hour later on, and the sea stands high in the evening."""
SEED = 26506


class Played(NamedTuple):
    """A storm that was simulated."""

    simulation: Simulation
    recorded: Recorded
    storm: Typhoon


def played(site: Site, seed: int = SEED, minutes: float = MINUTES) -> Played:
    """Simulate the storm of a seed over a site."""
    storm = typhoon(site, seed, minutes)
    start = micros(START)
    simulation = Simulation(site, Script(story=storm.story), seed, start)
    end = start + round(minutes * 60) * SECOND
    rows = simulation.until(end)
    sensors = simulation.sensors
    row_of = {name: at for at, name in enumerate(site.sensors)}
    row = np.array([row_of[name] for name in sensors.names], np.uint32)[rows.sensor]
    value = (rows.value - sensors.offset[rows.sensor]) / sensors.scale[rows.sensor]
    order = np.argsort(rows.time, kind="stable")
    time = rows.time[order]
    networks = [source.id for source in site.sources if not source.url and not source.adapter][:1]
    strikes = [
        Came(one.time, Strike(name, one.time, one.lat, one.lon, None, one.type, one.ka, one.err_m))
        for one in simulation.strikes(start, end)
        for name in networks
    ]
    gateways = [site.stations[sensor.station].gateway for sensor in site.sensors.values()]
    recorded = Recorded(time, row[order], value[order], time, gateways, {}, strikes)
    return Played(simulation, recorded, storm)
