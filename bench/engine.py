"""How fast the engine is: a wide batch, the price per reading as the city grows, long runs.

    python -m bench.engine

Prints one line per figure. The peer is the plain scalar reference of the tests, on a smaller batch.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from services.alerts.engine import Engine, Readings
from services.alerts.rule import parse_rules
from services.observation.batch import Batch
from services.observation.sensor import Sensor, Station
from services.observation.site import Area, Gateway, RawRule, Site
from services.observation.sources import Source
from services.observation.text import Text
from tests.support.reference_engine import ReferenceEngine

T0 = 1_700_000_040_000_000
STEP = 600_000_000


def site_of(count: int, extra: list[dict[str, Any]] | None = None) -> Site:
    """A city of `count` level gauges under a ladder of three rungs, silence watched as always."""
    text = Text("x", "x")
    names = [f"vt-flood-{at:07d}" for at in range(count)]
    level = {
        "id": "level", "hazard": "flood", "property": "tide_level",
        "advisory": 1.0, "watch": 2.0, "warning": 3.0, "hysteresis": 0.1, "off_delay_s": 1800,
    }  # fmt: skip
    return Site(
        id="bench",
        name=text,
        zone="Asia/Ho_Chi_Minh",
        languages=("vi", "en"),
        bounds=None,
        areas={"city": Area("city", text)},
        gateways={"gw": Gateway("gw", "city", 600.0, tuple(names))},
        sources=(),
        stations={name: Station(name, text, "city", 107.0, 10.0, "gw", {}) for name in names},
        sensors={
            f"{name}.tide_level": Sensor(
                f"{name}.tide_level",
                name,
                "tide_level",
                "m",
                "m",
                600.0,
                "periodic",
                "measured",
                None,
                None,
                None,
                None,
                None,
                None,
            )
            for name in names
        },
        rules=tuple(RawRule(table, 1) for table in (level, *(extra or ()))),
        version="bench",
    )


def batch_of(names: list[str], sensor: np.ndarray, t: np.ndarray, value: np.ndarray) -> Batch:
    """One message."""
    return Batch(
        [Source("gw", "", 0, 0, 1, int(t.max()), len(t))], names, t, sensor.astype(np.uint32), value,
        np.ones(len(t), np.uint8),
    )  # fmt: skip


def timed(what: Callable[[], object]) -> float:
    """Seconds a call takes."""
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def wide(count: int, crossing: float, turns: int = 8, *, same_list: bool = False) -> tuple[float, int]:
    """Median seconds for one reading of each sensor, a share of them crossing a rung; events per turn."""
    rng = np.random.default_rng(1)
    site = site_of(count)
    engine = Engine(site, parse_rules(site)[0], t=T0)
    names = list(site.sensors)
    everyone = rng.permutation(count)
    took, told = [], 0
    for turn in range(turns):
        value = rng.uniform(0.0, 0.9, count)
        value[rng.random(count) < crossing] = 2.5
        listed = names if same_list else [bytes(name, "ascii").decode() for name in names]
        batch = batch_of(listed, everyone, np.full(count, T0 + turn * STEP), value)
        events: list[object] = []
        took.append(timed(lambda b=batch, e=events: e.extend(engine.apply([Readings(b)]))))  # type: ignore[misc]
        told = len(events)
    return float(np.median(took[2:])), told


def runs(sensors: int, each: int, chunk: int, noise: float) -> tuple[float, int]:
    """Readings per second and events, over long runs of few sensors in order of time, as in a backtest.

    A tide that stays below the first rung, and a flood above all three every 2,000 readings.
    """
    rng = np.random.default_rng(2)
    site = site_of(sensors)
    engine = Engine(site, parse_rules(site)[0], t=T0)
    names = list(site.sensors)
    t = np.repeat(T0 + np.arange(each) * STEP, sensors)
    who = np.tile(np.arange(sensors), each)
    at = np.repeat(np.arange(each), sensors) + who * 97
    value = 0.4 + 0.3 * np.sin(at / 12) + rng.normal(0, noise, len(t))
    value += 3 * np.exp(-(((at % 2000) - 1000) ** 2) / 800)
    events = 0
    start = time.perf_counter()
    for begin in range(0, len(t), chunk):
        part = slice(begin, begin + chunk)
        events += len(engine.apply([Readings(batch_of(names, who[part], t[part], value[part]))]))
    return len(t) / (time.perf_counter() - start), events


def backfill(count: int) -> float:
    """Seconds for one sensor's long backlog in one batch, crossing now and then."""
    site = site_of(1)
    engine = Engine(site, parse_rules(site)[0], t=T0)
    t = T0 + np.arange(count) * STEP
    value = 0.9 + 0.4 * np.sin(np.arange(count) / 40)
    batch = batch_of(list(site.sensors), np.zeros(count, np.int64), t, value)
    return timed(lambda: engine.apply([Readings(batch)]))


def peer(count: int) -> float:
    """Nanoseconds per reading of the plain scalar reference, in the same kind of batch."""
    rng = np.random.default_rng(1)
    site = site_of(count)
    reference = ReferenceEngine(site, parse_rules(site)[0], T0)
    names = list(site.sensors)
    reference.apply(
        [Readings(batch_of(names, np.arange(count), np.full(count, T0), rng.uniform(0, 0.9, count)))]
    )
    again = batch_of(names, np.arange(count), np.full(count, T0 + STEP), rng.uniform(0, 0.9, count))
    return timed(lambda: reference.apply([Readings(again)])) / count * 1e9


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run all."""
    for crossing in (0.0, 0.001, 0.01):
        took, told = wide(100_000, crossing)
        say(f"100,000 sensors x 3 thresholds, {crossing:.1%} crossing: {took * 1e3:.1f} ms ({told} events)")
    took, _ = wide(100_000, 0.0, same_list=True)
    say(f"  the same, sensor ids already known: {took * 1e3:.1f} ms")
    base = None
    for count in (1_000, 10_000, 100_000, 1_000_000):
        took, _ = wide(count, 0.0, turns=5)
        per = took / count * 1e9
        base = base or per
        say(f"{count:>9,} sensors: {per:.0f} ns per reading ({per / base:.2f} x)")
    say(f"    1,000 sensors, scalar reference: {peer(1_000):,.0f} ns per reading")
    for sensors, each, noise in ((200, 20_000, 0.01), (5, 400_000, 0.01), (200, 20_000, 0.15)):
        speed, told = runs(sensors, each, 500_000, noise)
        words = f"{sensors} sensors x {each:,}, noise {noise} m"
        say(f"long runs, {words}: {speed / 1e6:.1f} M readings/s ({told:,} events)")
    say(f"one sensor, 10,000 readings in one batch: {backfill(10_000) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
