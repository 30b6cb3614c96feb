"""`haidang backtest` on one processor: from a CSV recording, and from columns that are in memory already.

Two kinds of weather on the same gauges, ten minutes apart: *calm*, a tide below the first rung and
a flood over all rungs about every eight weeks; *flood-heavy*, such a flood every third day, on a rougher sea.
The peer is the plain engine, from lists in memory; it takes no quality control and writes no reasons. Time is
the processor's.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._city import HYSTERESIS, LADDER, OFF_DELAY_S, STEP, T0, THRESHOLDS
from bench._given import Given, quiet
from bench._plain_engine import PlainEngine
from services.alerts.hazards import extra_properties
from services.cli.backtest import judge
from services.cli.backtest.recorded import Recorded, read
from services.cli.folder import load_site
from services.observation.instants import iso
from services.observation.site import Site
from tests.support.world import write_site

GAUGES = 200
READINGS = 4_000_000
PLAIN_READINGS = 500_000
NOISE = {"calm": 0.01, "flood_heavy": 0.03}
FLOOD_EVERY = {"calm": 8000, "flood_heavy": 400}
"""Readings of a gauge between one flood and the next."""


def measure(given: Given) -> dict[str, Any]:
    """Readings per second of each, and how many alerts there were."""
    each = int(given.part(READINGS, 100_000)) // GAUGES
    site = _site(given.folder)
    found: dict[str, Any] = {"readings": each * GAUGES, "gauges": GAUGES}
    for weather in NOISE:
        given.say(f"backtest: {weather}, {each * GAUGES:,} readings")
        found[weather] = _both(site, given.folder / f"{weather}.csv", each, weather)
    return found


def from_columns(folder: Path, weather: str, each: int) -> None:
    """Only the judging, for a profile."""
    site = _site(folder)
    t, who, value = sea(each, weather)
    with quiet():
        judge(site, _recorded(site, t, who, value), None, everyone=False)


def _site(folder: Path) -> Site:
    rule = "\n".join(f"{k} = {v!r}".replace("'", '"') for k, v in LADDER.items())
    rules = f"[[rule]]\n{rule}\n"
    made = write_site(folder / "site", gateways=4, stations=GAUGES // 4, interval_s=600, rules=rules)
    sensors = made / "sensors.csv"
    sensors.write_text(sensors.read_text("utf-8").replace("water_level", "tide_level"), "utf-8")
    return load_site(made)


def _recorded(
    site: Site, t: NDArray[np.int64], who: NDArray[np.int64], value: NDArray[np.float64]
) -> Recorded:
    gateways = [site.stations[sensor.station].gateway for sensor in site.sensors.values()]
    return Recorded(t, who.astype(np.uint32), value, t, gateways, {})


def _both(site: Site, file: Path, each: int, weather: str) -> dict[str, Any]:
    t, who, value = sea(each, weather)
    names = list(site.sensors)
    _write(file, names, t, who, value)
    columns = _recorded(site, t, who, value)
    with quiet():
        began = time.process_time()
        outcome = judge(site, columns, None, everyone=False)
        columns_s = time.process_time() - began
        began = time.process_time()
        recorded = read([file], site, extra_properties())
        read_s = time.process_time() - began
        again = judge(site, recorded, None, everyone=False)
        csv_s = time.process_time() - began
    if len(again.events) != len(outcome.events):
        msg = f"{len(again.events)} events from CSV, {len(outcome.events)} from columns"
        raise AssertionError(msg)
    return {
        "columns_per_s": len(t) / columns_s,
        "csv_per_s": len(t) / csv_s,
        "read_per_s": len(t) / read_s,
        "csv_mb_per_s": file.stat().st_size / read_s / 1e6,
        "events": len(outcome.events),
        "events_per_reading": len(outcome.events) / len(t),
        "plain_per_s": _plain(names, t, who, value),
    }


def sea(each: int, weather: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Times (µs), gauges and levels (m) of a recording, in order of time."""
    rng = np.random.default_rng(2)
    t = np.repeat(T0 + np.arange(each) * STEP, GAUGES)
    who = np.tile(np.arange(GAUGES), each)
    at = np.repeat(np.arange(each), GAUGES) + who * 97
    every = FLOOD_EVERY[weather]
    value = 0.4 + 0.3 * np.sin(at / 12) + rng.normal(0, NOISE[weather], len(t))
    value += 3 * np.exp(-(((at % every) - every // 2) ** 2) / 800)
    return t, who, np.round(value, 3)


def _write(
    file: Path, names: list[str], t: NDArray[np.int64], who: NDArray[np.int64], value: NDArray[np.float64]
) -> None:
    """A recording as CSV; each instant's text is made once."""
    instants = [iso(int(one)) for one in t[::GAUGES]]
    with file.open("w", encoding="utf-8") as out:
        out.write("time,sensor,value\n")
        for at, instant in enumerate(instants):
            part = slice(at * GAUGES, (at + 1) * GAUGES)
            rows = zip(who[part].tolist(), value[part].tolist(), strict=True)
            out.write("".join(f"{instant},{names[w]},{v!r}\n" for w, v in rows))


def _plain(
    names: list[str], t: NDArray[np.int64], who: NDArray[np.int64], value: NDArray[np.float64]
) -> float:
    part = slice(0, PLAIN_READINGS)
    listed = [names[at] for at in who[part].tolist()]
    times, values = t[part].tolist(), value[part].tolist()
    engine = PlainEngine(THRESHOLDS, HYSTERESIS, 0.0, OFF_DELAY_S)
    began = time.process_time()
    engine.apply(listed, times, values)
    return len(listed) / (time.process_time() - began)


if __name__ == "__main__":
    from_columns(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
