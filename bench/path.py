"""How fast the whole path is on a real `haidang up`: packs, single readings, an event's way to a client.

    python -m bench path [--seconds 20] [--gateways 8] [--stations 50] [--rate 5000] [--strict] [--json]

Four parts, each against what the same machine does without us, in the same run:

- packs: agents hand over packs until the time is up; it ends when all are `stored` and the last one's
  alert is out, so everything before it was evaluated. Beside it: COPY of the very same rows.
- single: one reading per message at QoS 1, written by hand so that the generator is not what is
  measured. Beside it: the same and a bare paho publisher, to a topic nobody reads.
- latency: from publish to a client of the event stream, while packs come at a steady rate.
- ready: `haidang up` on a folder it has made before.

Whatever is lost is an error. CPU is in cores, so that what is full shows; the generator is "bench".
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench._peers import copy_alone, paho, publish
from bench._rig import DAY_S, FLOOD, PATIENCE_S, RULES, Rig
from edge.sender import Sender
from tests.support.up import running
from tests.support.waiting import until
from tests.support.world import write_site

EVENT_EVERY_S = 0.2
NOTHING = 0.01
"""Cores not worth a word."""


def packs(rig: Rig, seconds: float) -> dict[str, Any]:
    """Readings per second, stored and evaluated."""
    base = float(int(time.time())) - 20 * DAY_S
    with rig.senders() as fleet:
        began = rig.start()

        def feed(g: int, sender: Sender) -> None:
            shapes = [rig.pack(g, 0.0, 1.0, 1 + k / 100).partition(b",") for k in range(97)]
            n = 0
            while time.time() < began + seconds:
                n += 1
                sender.submit(b'[{"bt":%d,%b' % (base + n, shapes[n % 97][2]))
            sender.submit(rig.pack(g, base + n + 1, FLOOD))
            sent[g] = n + 1

        sent = [0] * len(fleet)
        threads = [threading.Thread(target=feed, args=each) for each in enumerate(fleet)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        evaluated = rig.events.wait(rig.marks, base)
        for sender in fleet:
            sender.wait_all_stored(PATIENCE_S)
        took, cores = time.time() - began, rig.cores()
        rig.wait_applied()
        again = sum(s.sendings for s in fleet) - sum(sent)
    readings = sum(sent) * rig.stations
    stored = rig.rows(base)
    alone = copy_alone(rig.up.database, base)
    return {
        "readings": readings, "lost": readings - stored, "sent_again": again,
        "per_s": readings / took, "evaluated_per_s": readings / (evaluated - began),
        "copy_per_s": alone, "ratio": readings / took / alone, "cores": cores,
    }  # fmt: skip


def single(rig: Rig, seconds: float) -> dict[str, Any]:
    """Messages per second, stored and evaluated."""
    base = float(int(time.time())) - 10 * DAY_S
    with rig.senders(plain=True) as fleet:
        began = rig.start()
        messages = asyncio.run(publish(rig, seconds, base, unread=False))
        acked = time.time()
        last = base + messages / 10 + 1  # later than any gateway's own count
        for g, sender in enumerate(fleet):
            sender.submit(rig.pack(g, last, FLOOD))
        evaluated = rig.events.wait(rig.marks, last - 0.5)
        wanted = messages + rig.gateways * rig.stations
        with contextlib.suppress(AssertionError):
            until(lambda: rig.rows(base) >= wanted, 20, "all rows")
        took, cores = time.time() - began, rig.cores()
        rig.wait_applied()
        lost = wanted - rig.rows(base)
    broker_began = time.time()
    broker = asyncio.run(publish(rig, seconds / 4, base, unread=True)) / (time.time() - broker_began)
    bare = paho(rig, seconds / 4)
    return {
        "messages": messages, "lost": lost, "per_s": messages / took,
        "acked_per_s": messages / (acked - began), "evaluated_per_s": messages / (evaluated - began),
        "broker_per_s": broker, "paho_per_s": bare, "ratio": messages / took / bare, "cores": cores,
    }  # fmt: skip


def latency(rig: Rig, seconds: float, rate: float) -> dict[str, Any]:
    """Milliseconds from publish to the client, at so many readings per second."""
    every, mark = rig.stations / rate, rig.marks[0]
    flips, level, asked, late = max(1, round(EVENT_EVERY_S / every)), 1.0, 0, 0.0
    with rig.senders() as fleet:
        for g, sender in enumerate(fleet):  # alerts that are still open end here
            sender.submit(rig.pack(g, time.time(), level))
        for sender in fleet:
            sender.wait_all_stored(PATIENCE_S)
        began = rig.start()
        for n in range(int(seconds / every)):
            late = max(late, time.time() - began - n * every)
            time.sleep(max(0.0, began + n * every - time.time()))
            if flip := n % flips == 0:
                level, asked = FLOOD + 1.0 - level, asked + 1
            g = 0 if flip else n % len(fleet)
            now = time.time()
            fleet[g].submit(rig.pack(g, now, level if g == 0 else 1.0))
        cores = rig.cores()
        time.sleep(1.0)
    lags = [
        (at - t / 1e6) * 1000
        for at, sensor, _, t in list(rig.events.heard)
        if sensor == mark and t > began * 1e6
    ]
    p50, p99, worst = np.percentile(lags, [50, 99, 100]).tolist()
    return {
        "rate": rate, "events": asked, "lost": asked - len(lags), "p50_ms": p50, "p99_ms": p99,
        "worst_ms": worst, "generator_late_ms": late * 1000, "cores": cores,
    }  # fmt: skip


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything asked for, on a machine that is started for the second time."""
    site = write_site(folder / "site", gateways=given.gateways, stations=given.stations, rules=RULES)
    extra = ("--strict",) if given.strict else ()
    found: dict[str, Any] = {"strict": given.strict, "load_before": os.getloadavg()[0]}
    with running(site, folder / "data", *extra) as first:
        found["first_s"] = first.ready_s
    with running(site, folder / "data", *extra) as up:
        found["ready_s"] = up.ready_s
        rig = Rig(up, given.gateways, given.stations)
        if "packs" in given.parts:
            found["packs"] = packs(rig, given.seconds)
        if "single" in given.parts:
            found["single"] = single(rig, given.seconds)
        if "latency" in given.parts:
            found["latency"] = latency(rig, given.seconds, given.rate)
    return found


def table(found: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [f"load {found['load_before']:.1f}, strict {found['strict']}"]
    lines.append(f"{'ready, warm':<22}{found['ready_s']:>12.1f} s    (first time {found['first_s']:.1f} s)")
    for part in ("packs", "single", "latency"):
        for name, value in found.get(part, {}).items():
            match value:
                case dict():
                    busy = sorted(((c, n) for n, c in value.items() if c > NOTHING), reverse=True)
                    said = "  " + " ".join(f"{n} {c:.2f}" for c, n in busy)
                case float():
                    said = f"{value:>12,.2f}"
                case _:
                    said = f"{value:>12,}"
            lines.append(f"{part + ' ' + name:<22}{said}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and print; 1 when something was lost."""
    parser = argparse.ArgumentParser(
        prog="path", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="of each part")
    parser.add_argument("--gateways", type=int, default=8)
    parser.add_argument("--stations", type=int, default=50, help="of a gateway: the readings in a pack")
    parser.add_argument("--rate", type=float, default=5_000, help="readings/s of the latency part")
    parser.add_argument("--parts", nargs="*", default=["packs", "single", "latency"])
    parser.add_argument("--strict", action="store_true", help="`haidang up --strict`")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given, Path(folder))
    sys.stdout.write(json.dumps(found) + "\n" if given.json else table(found))
    return int(any(found.get(part, {}).get("lost") for part in ("packs", "single", "latency")))


if __name__ == "__main__":
    sys.exit(main())
