"""What an exercise plays: a simulated storm over the site, or recordings; and what must be told of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.cli.backtest.recorded import Recorded, read
from services.cli.backtest.recorded_strikes import Came
from services.observation.instants import SECOND, iso, micros
from services.observation.messages import Strike
from services.observation.quantity import Property
from services.observation.site import Site
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from simulators.city.city import Simulation
from simulators.city.script import Script
from simulators.city.typhoon import MINUTES, typhoon

if TYPE_CHECKING:
    from services.alerts.scoring.score import Happened
    from services.observation.exercise import Expected, Staging

START = "2025-11-05T16:30:00+07:00"
"""Lamps burn from an hour later on, and the sea stands high in the evening."""
SEED = 26506
_EARLY_US = 6 * 3600 * SECOND
"""A row of a truth file may be told so long before it begins, as in a backtest."""


class Due(NamedTuple):
    """Something that happens, µs UTC of what is played, and how long it may take to be told."""

    name: Text
    hazard: str
    at: int
    within: int
    rules: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    station: str | None = None
    gateway: str | None = None
    severity: str = "advisory"


class Played(NamedTuple):
    """Readings and strikes, what they are called, and what must be told."""

    recorded: Recorded
    due: list[Due]
    name: Text


def storm(site: Site, seed: int = SEED, minutes: float = MINUTES, start: str = START) -> Played:
    """Simulate the storm of a seed over a site; the same seed and site give the same readings."""
    story, injected = typhoon(site, seed, minutes)
    first = micros(start)
    end = first + round(minutes * 60) * SECOND
    recorded = simulated(site, Script(story=story), seed, first, end)
    due = [
        Due(
            one.name, one.hazard, first + round(one.minute * 60 * SECOND), round(one.within * 60 * SECOND),
            one.rules, one.areas, one.station, one.gateway,
        )
        for one in injected
    ]  # fmt: skip
    return Played(recorded, due, Text("bão mô phỏng", "a simulated storm"))


def simulated(site: Site, script: Script, seed: int, first: int, end: int) -> Recorded:
    """Readings and strikes of a simulated city between two instants, µs UTC, as if recorded."""
    simulation = Simulation(site, script, seed, first)
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
        for one in simulation.strikes(first, end)
        for name in networks
    ]
    gateways = [site.stations[sensor.station].gateway for sensor in site.sensors.values()]
    return Recorded(time, row[order], value[order], time, gateways, {}, strikes)


def recordings(
    files: Sequence[Path], site: Site, extra: dict[str, Property], truth: "Sequence[Happened] | None"
) -> Played:
    """Read recordings as a backtest does, and what really happened then where that is known.

    Raises:
        simulators.recording.RecordingError: the first thing that cannot be read.
        ValueError: nothing in them is of a sensor of this site.
    """
    recorded = read(files, site, extra)
    if not len(recorded) and not recorded.strikes:
        msg = (
            "no reading of a sensor of this site → compare the names with sensors.csv"
            " / không có số đo nào của địa bàn này"
        )
        raise ValueError(msg)
    first = recorded.span()[0]
    due = []
    for row in truth or ():
        at = max(first, row.start - _EARLY_US)
        area = () if row.area in ("site", SITE_AREA) else (row.area,)
        name = Text(f"{row.hazard} ở {row.area}", f"{row.hazard} in {row.area}")
        due.append(Due(name, row.hazard, at, max(row.end - at, 0), areas=area, severity=row.severity))
    names = ", ".join(file.name for file in files)
    return Played(recorded, due, Text(names, names))


def expected(due: Sequence[Due], staging: "Staging") -> "tuple[Expected, ...]":
    """What must be told, by the wall clock."""
    from services.observation.exercise import Expected

    return tuple(
        Expected(
            name=one.name,
            hazard=one.hazard,
            at=iso(staging.wall(one.at)),
            within_s=one.within / SECOND / staging.speed,
            rules=one.rules,
            areas=one.areas,
            station=one.station,
            gateway=one.gateway,
            severity=one.severity,
        )
        for one in due
    )
