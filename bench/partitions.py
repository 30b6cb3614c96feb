"""Sixteen partitions: what they cost in one process, and what more processes give.

- *In one process*, without a broker: the same readings on the same number of sensors, once with all areas in
  one partition, once spread over all 16; time is the processor's.
- *Workers*: READINGS is filled beforehand; then 1, 2 and 4 `haidang alerts` share the 16 partitions and catch
  up, each a process. One gauge of each partition crosses its rung in every round, so its events on ALERTS
  tell how far each partition is. The stream's server takes its part of the same processors.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import nats
import numpy as np
from nats.js import JetStreamContext

from bench._city import STEP, T0, batch_of, site_of
from bench._given import Given, quiet
from bench._rig import CALM, FLOOD, RULES
from services.alerts.engine import Engine, Readings
from services.alerts.partition import Item, Partition
from services.alerts.rule import parse_rules
from services.observation import messages
from services.observation.messages import SiteVersion
from services.observation.site import FILES, bundle, version_of
from services.observation.topics import PARTITIONS, READINGS_ALL, partition
from services.runtime.follow import Follower
from services.runtime.settings import child_environment
from services.runtime.streams import ALERTS, SITES, STATE, Limits, ensure_streams
from tests.support.up import NatsOnly, nats_only
from tests.support.world import write_site

ROWS = 2_000
"""Readings in a message: what ingest writes at full speed."""

WORKERS = (1, 2, 4)
ROUNDS = 20
PATIENCE_S = 120.0
MB = 1 << 20


def measure(given: Given) -> dict[str, Any]:
    """Readings per second in both settings."""
    per = 200 if given.quick else 1_000
    given.say("partitions: one process")
    one, sixteen = (in_process(per * PARTITIONS, spread=spread) for spread in (False, True))
    found: dict[str, Any] = {
        "sensors": per * PARTITIONS,
        "one_partition_ns": one,
        "sixteen_partitions_ns": sixteen,
        "ratio": sixteen / one,
        "processors": os.cpu_count(),
        "workers": [],
    }
    site = write_site(given.folder / "site", gateways=64, stations=50, rules=RULES)
    load = Load(site, ROUNDS, 4 if given.quick else 40)
    for count in WORKERS[:2] if given.quick else WORKERS:
        given.say(f"partitions: {count} worker(s), {load.readings:,} readings")
        folder = given.folder / f"workers-{count}"
        with nats_only(folder) as server, quiet():
            per_s = asyncio.run(load.run(server, count, folder))
        found["workers"].append({"workers": count, "per_s": per_s})
    return found


def in_process(count: int, *, spread: bool) -> float:
    """Nanoseconds per reading of `count` sensors in messages of ROWS, all partitions in this process."""
    areas = _areas(range(PARTITIONS) if spread else [0] * PARTITIONS)
    site = site_of(count, areas)
    rules = parse_rules(site)[0]
    names = list(site.sensors)
    numbers = sorted({partition(site.id, area) for area in areas})
    owned = [Partition(number, Engine(site, rules, number, T0), "bench", 0) for number in numbers]
    by_area = [[name for at, name in enumerate(names) if at % PARTITIONS == k] for k in range(PARTITIONS)]
    rng = np.random.default_rng(1)
    took, sequence = [], 0
    for turn in range(12):
        items, readings = [], 0
        for k, area in enumerate(areas):
            some = max(1, ROWS // len(by_area[k]))
            t = np.repeat(T0 + (turn * some + np.arange(some)) * STEP, len(by_area[k]))
            batch = batch_of(
                by_area[k],
                np.tile(np.arange(len(by_area[k])), some),
                t,
                rng.uniform(0, 0.9, len(t)),
                f"gw-{area}",
            )
            sequence, readings = sequence + 1, readings + len(t)
            items.append(Item(partition(site.id, area), sequence, Readings(batch)))
        began = time.process_time()
        for one in owned:
            one.apply(items)
        took.append((time.process_time() - began) / readings)
    return statistics.median(took[2:]) * 1e9


def _areas(wanted: Any) -> list[str]:
    """Names of areas that fall into these partitions of site `bench`."""
    names, taken = [], set()
    for number in wanted:
        found = next(
            name
            for at in range(100_000)
            if (name := f"area-{at}") not in taken and partition("bench", name) == number
        )
        taken.add(found)
        names.append(found)
    return names


class Message(NamedTuple):
    """What ingest would have written."""

    subject: str
    data: bytes


class Load:
    """Readings of a site on READINGS, and the marks that tell how far workers are."""

    def __init__(self, site: Path, rounds: int, per_round: int) -> None:
        """Make all messages: `per_round` messages of each partition's gauges, then one with its mark."""
        self.files = {name: (site / name).read_bytes() for name in FILES}
        self.rounds = rounds
        gauges: dict[int, list[str]] = {}
        for line in self.files["sensors.csv"].decode().splitlines()[1:]:
            name = line.partition(",")[0]
            area = f"area-{name[1:].partition('-')[0]}"
            gauges.setdefault(partition("thu-nghiem", area), []).append(name)
        self.marks = {names[0]: number for number, names in gauges.items()}
        self.messages: list[Message] = []
        self.readings = 0
        self._at = dict.fromkeys(gauges, T0)
        for turn in range(rounds):
            for _ in range(per_round):
                for number, names in gauges.items():
                    self._add(number, names, CALM if turn % 2 == 0 else FLOOD)
            for number, names in gauges.items():
                self._add(number, names[:1], FLOOD if turn % 2 == 0 else CALM)

    def _add(self, number: int, names: list[str], mark: float) -> None:
        some = max(1, ROWS // len(names)) if len(names) > 1 else 1
        t = np.repeat(self._at[number] + np.arange(some) * 60_000_000, len(names))
        self._at[number] = int(t[-1]) + 60_000_000
        value = np.ones(len(t))
        value[:: len(names)] = mark
        batch = batch_of(names, np.tile(np.arange(len(names)), some), t, value, "gw-0")
        self.messages.append(Message(f"readings.{number}", batch.encode()))
        self.readings += len(t)

    async def run(self, server: NatsOnly, workers: int, folder: Path) -> float:
        """Fill READINGS, start the workers, read their events; readings per second while all work."""
        client = await nats.connect(server.url())
        js = client.jetstream()
        await self._fill(js)
        each = PARTITIONS // workers
        spans = [f"{first}-{first + each - 1}" for first in range(0, PARTITIONS, each)]
        started: list[subprocess.Popen[bytes]] = []
        try:
            started += [_worker(server, span, folder) for span in spans]
            return self._rate(await self._events(js))
        finally:
            for process in started:
                process.kill()
                process.wait()
            await client.close()

    async def _fill(self, js: JetStreamContext) -> None:
        await ensure_streams(js, Limits(4096 * MB, 64 * MB, 64 * MB))
        version = version_of(self.files)
        await (await js.object_store(SITES)).put(version, bundle(self.files))
        said = {"version": version, "t": T0}
        await (await js.key_value(STATE)).put("site.current", msgspec.json.encode(said))
        site = messages.encode(SiteVersion(T0, version, None))
        await js.publish(READINGS_ALL, site, headers={messages.HEADER: messages.SITE})
        header = {messages.HEADER: messages.READINGS}
        for first in range(0, len(self.messages), 100):
            await asyncio.gather(
                *(
                    js.publish(one.subject, one.data, headers=header)
                    for one in self.messages[first : first + 100]
                )
            )

    async def _events(self, js: JetStreamContext) -> list[tuple[int, int]]:
        """(partition, µs) of each mark's event, to the last."""
        follower = Follower(js, ALERTS, [], 0)
        found: list[tuple[int, int]] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < self.rounds * len(self.marks):
            if time.monotonic() > deadline:
                msg = f"{len(found)} of {self.rounds * len(self.marks)} events came"
                raise TimeoutError(msg)
            for message in await follower.fetch(1000, 1.0):
                sensor = msgspec.json.decode(message.data)["data"].get("sensor")
                if sensor in self.marks:
                    found.append((self.marks[sensor], message.time_us))
        await follower.close()
        return found

    def _rate(self, events: list[tuple[int, int]]) -> float:
        """From when every partition has finished its first round to when all have finished their last."""
        first: dict[int, int] = {}
        for number, t in events:
            first.setdefault(number, t)
        began, ended = max(first.values()), max(t for _, t in events)
        done = sum(1 for _, t in events if t > began) / len(events)
        return self.readings * done / ((ended - began) / 1e6)


def _worker(server: NatsOnly, span: str, folder: Path) -> subprocess.Popen[bytes]:
    given = {"nats": server.url("alerts"), "partitions": span}
    with (folder / "workers.log").open("ab") as log:
        command = [sys.executable, "-m", "services.cli", "alerts"]
        return subprocess.Popen(command, env=child_environment(given), stdout=log, stderr=log)
