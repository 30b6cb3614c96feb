"""A simulation as a recording, for `haidang backtest` and `haidang replay`. The same seed, the same bytes."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from services.observation.instants import SECOND, iso
from simulators.city.chance import Ints
from simulators.city.city import Simulation

_STRETCH_US = 1800 * SECOND


class Written(NamedTuple):
    """What was written where; `strikes` is beside the readings, and None when the site has no network."""

    readings: int
    strikes: int
    strikes_file: Path | None


def strikes_file(file: Path) -> Path:
    """`city.csv.gz` → `city-strikes.csv.gz`."""
    stem, dot, rest = file.name.partition(".")
    return file.with_name(f"{stem}-strikes{dot}{rest}")


def write(simulation: Simulation, end: int, file: Path, networks: list[str]) -> Written:
    """Write all readings from the simulation's start to its end (µs UTC, excluded), and strikes beside them.

    Raises:
        OSError: the file cannot be written.
    """
    aside = strikes_file(file) if networks else None
    readings = strikes = 0
    with _opened(file) as stream:
        stream.write(b"time,sensor,value\n")
        with _opened(aside) if aside else _nowhere() as second:
            second.write(b"time,source,lat,lon,type,ka\n")
            while simulation.now < end:
                first = simulation.now
                rows = simulation.until(min(end, first + _STRETCH_US))
                names = simulation.sensors.names
                columns = texts(rows.time), rows.sensor.tolist(), rows.value.tolist()
                lines = [f"{t},{names[s]},{v!r}\n" for t, s, v in zip(*columns, strict=True)]
                stream.write("".join(lines).encode())
                readings += len(lines)
                for strike in simulation.strikes(first, simulation.now) if networks else []:
                    for network in networks:
                        place = f"{strike.lat},{strike.lon},{strike.type},{strike.ka}"
                        second.write(f"{iso(strike.time)},{network},{place}\n".encode())
                        strikes += 1
    return Written(readings, strikes, aside)


def texts(time: Ints) -> list[str]:
    """µs UTC as ISO 8601, with a fraction where any of them has one."""
    instants = time.astype("datetime64[us]")
    whole = not (time % SECOND).any()
    found = np.datetime_as_string(instants, unit="s") if whole else np.datetime_as_string(instants, unit="us")
    return [f"{text}Z" for text in found.tolist()]


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    with file.open("wb") as raw:
        if file.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:  # no name, no date inside
            yield packed  # type: ignore[misc]


@contextmanager
def _nowhere() -> Iterator[IO[bytes]]:
    with Path("/dev/null").open("wb") as stream:
        yield stream
