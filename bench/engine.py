"""The rules alone: 100,000 sensors with three thresholds, one reading of each in one batch.

Ids come as off a wire: fresh strings, gateway by gateway, the gateways in another order in every batch. Where
a list of ids comes again as it was (one gateway alone, a backtest) the engine need not look it up: `growth`
tells that apart. The peer in the same process is a plain engine (a dict per sensor, a loop over readings),
which must tell the same; the peer beside it is `prometheus`. Time is the processor's, not the wall's: other
work on the machine disturbs it less.
"""

import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._city import HYSTERESIS, OFF_DELAY_S, STEP, T0, THRESHOLDS, batch_of, site_of, turns
from bench._given import Given
from bench._plain_engine import Event, PlainEngine
from services.alerts.engine import Engine, Readings
from services.alerts.rule import parse_rules
from services.observation.event import CloudEvent, verb_of
from services.observation.instants import micros

SENSORS = 100_000
TURNS, WARM_UP = 12, 2
CROSSING = (0.0, 0.001, 0.01)
GATEWAY = 50
"""Sensors of a gateway: their ids stand together in a batch."""


def measure(given: Given) -> dict[str, Any]:
    """Milliseconds for a batch, by the share of sensors that cross a rung in it; and the plain engine's."""
    count = 1_000 if given.quick else SENSORS
    found: dict[str, Any] = {"sensors": count, "thresholds": len(THRESHOLDS)}
    for crossing in CROSSING:
        given.say(f"engine: {count:,} sensors, {crossing:.1%} crossing")
        ours, wall, told = wide(count, crossing)
        plain, plainly = plain_wide(count, crossing)
        if [sorted(turn) for turn in told] != [sorted(turn) for turn in plainly]:
            msg = f"the plain engine tells something else at {crossing:.1%} crossing"
            raise AssertionError(msg)
        found[f"crossing_{crossing:g}"] = {
            "ms": ours * 1e3,
            "wall_ms": wall * 1e3,
            "events": len(told[-1]),
            "plain_ms": plain * 1e3,
            "plain_ratio": plain / ours,
        }
    given.say("engine: long runs, as in a backtest of one gauge")
    found["one_sensor_10k_ms"] = backfill(10_000) * 1e3
    return found


def wide(count: int, crossing: float) -> tuple[float, float, list[list[Event]]]:
    """Median seconds for one reading of each sensor, of processor and of wall; what was told in each turn."""
    site = site_of(count)
    engine = Engine(site, parse_rules(site)[0], t=T0)
    names = list(site.sensors)
    took, wall, told = [], [], []
    for turn, value in enumerate(turns(count, TURNS, crossing)):
        fresh, order = shuffled(names, turn)
        batch = batch_of(
            fresh, np.arange(count), np.full(count, T0 + turn * STEP), value[order], pack=GATEWAY
        )
        began, on_the_wall = time.process_time(), time.perf_counter()
        events = engine.apply([Readings(batch)])
        took.append(time.process_time() - began)
        wall.append(time.perf_counter() - on_the_wall)
        told.append([_plainly(event) for event in events])
    return statistics.median(took[WARM_UP:]), statistics.median(wall[WARM_UP:]), told


def plain_wide(count: int, crossing: float) -> tuple[float, list[list[Event]]]:
    """The same readings in the same order, by the plain engine, from lists that are ready made."""
    names = list(site_of(count).sensors)
    engine = PlainEngine(THRESHOLDS, HYSTERESIS, 0.0, OFF_DELAY_S)
    took, told = [], []
    for turn, value in enumerate(turns(count, TURNS, crossing)):
        fresh, order = shuffled(names, turn)
        times, values = [T0 + turn * STEP] * count, value[order].tolist()
        began = time.process_time()
        told.append(engine.apply(fresh, times, values))
        took.append(time.process_time() - began)
    return statistics.median(took[WARM_UP:]), told


def shuffled(names: list[str], turn: int) -> tuple[list[str], NDArray[np.int64]]:
    """The names as new strings, gateways in an order of this turn; and that order."""
    gateways = np.random.default_rng(turn).permutation(-(-len(names) // GATEWAY))
    order = (gateways[:, None] * GATEWAY + np.arange(GATEWAY)).ravel()
    order = order[order < len(names)]
    return [bytes(names[at], "ascii").decode() for at in order.tolist()], order


def backfill(count: int) -> float:
    """Seconds for one sensor's long backlog in one batch, crossing now and then."""
    site = site_of(1)
    engine = Engine(site, parse_rules(site)[0], t=T0)
    t = T0 + np.arange(count) * STEP
    value = 0.9 + 0.4 * np.sin(np.arange(count) / 40)
    batch = batch_of(list(site.sensors), np.zeros(count, np.int64), t, value)
    began = time.process_time()
    engine.apply([Readings(batch)])
    return time.process_time() - began


def _plainly(event: CloudEvent) -> Event:
    return (verb_of(event.type), event.data.sensor or "", event.data.severity, micros(event.time))


if __name__ == "__main__":  # for a profile
    wide(SENSORS, 0.0)
