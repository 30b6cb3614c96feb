"""What a sensor costs as the city grows from 1,000 to 1,000,000: time per reading, memory, a snapshot.

Each size in a process of its own, so that its memory is its own; time is the processor's. The plain engine
goes along up to 100,000.

    python -m bench.growth SENSORS      one size, as JSON
"""

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]

from bench._city import HYSTERESIS, OFF_DELAY_S, STEP, T0, THRESHOLDS, batch_of, site_of, turns
from bench._given import Given
from bench._plain_engine import PlainEngine
from bench.engine import GATEWAY, shuffled
from services.alerts.engine import Engine, Readings
from services.alerts.rule import parse_rules
from tests.support.up import ROOT

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUICK = (1_000, 3_000)
PLAIN_MOST = 100_000
READINGS = 2_000_000
LEAST, MOST = 7, 100
"""Readings per size, in so many turns: every other with gateways in an order that was never seen before."""


def measure(given: Given) -> dict[str, Any]:
    """One entry per size."""
    found = []
    for count in QUICK if given.quick else SIZES:
        given.say(f"growth: {count:,} sensors")
        done = subprocess.run(
            [sys.executable, "-m", "bench.growth", str(count)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    per = [one["ns_per_reading"] for one in found]
    return {"sizes": found, "worst_ratio": max(per) / per[0]}


def one(count: int) -> dict[str, Any]:
    """Nanoseconds per reading, bytes per sensor and the price of a snapshot, at this size."""
    before = _rss()
    began = time.process_time()
    site = site_of(count)
    with_site = _rss()
    engine = Engine(site, parse_rules(site)[0], t=T0)
    built = time.process_time() - began
    names = list(site.sensors)
    took: list[float] = []
    known: list[float] = []
    for turn, value in enumerate(turns(count, min(MOST, max(LEAST, READINGS // count)), 0.0)):
        listed, order = (names, np.arange(count)) if turn % 2 else shuffled(names, turn)
        batch = batch_of(
            listed, np.arange(count), np.full(count, T0 + turn * STEP), value[order], pack=GATEWAY
        )
        began = time.process_time()
        engine.apply([Readings(batch)])
        (known if turn % 2 else took).append(time.process_time() - began)
        del listed, order, batch, value
    gc.collect()
    after = _rss()
    began = time.process_time()
    snapshot = len(engine.snapshot())
    snapshot_s = time.process_time() - began
    return {
        "sensors": count,
        "ns_per_reading": statistics.median(took[1:] or took) / count * 1e9,
        "ns_known_ids": statistics.median(known) / count * 1e9,
        "plain_ns": _plain(names) if count <= PLAIN_MOST else None,
        "build_s": built,
        "rss_bytes": after,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "bytes_per_sensor": (after - before) / count,
        "site_bytes_per_sensor": (with_site - before) / count,
        "snapshot_ms": snapshot_s * 1e3,
        "snapshot_bytes": snapshot,
    }


def _plain(names: list[str]) -> float:
    engine = PlainEngine(THRESHOLDS, HYSTERESIS, 0.0, OFF_DELAY_S)
    took = []
    for turn, value in enumerate(turns(len(names), 5, 0.0)):
        times, values = [T0 + turn * STEP] * len(names), value.tolist()
        began = time.process_time()
        engine.apply(names, times, values)
        took.append(time.process_time() - began)
    return statistics.median(took[1:]) / len(names) * 1e9


def _rss() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    print(json.dumps(one(int(sys.argv[1]))))
