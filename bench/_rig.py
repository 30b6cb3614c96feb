"""A real `haidang up` under a bench: its agents, its events, and how much of the machine it takes."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nats
import psutil  # type: ignore[import-untyped]
import psycopg

from edge.sender import Sender
from services.observation.heartbeat import decode
from services.runtime.streams import HEALTH, READINGS
from tests.support.up import ROOT, Up, running
from tests.support.waiting import until
from tests.support.world import write_site

DAY_S = 86_400
CALM, FLOOD = 4.95, 5.05
"""Just below and just above the first rung of RULES: a step that no quality control doubts."""

RULES = """
[[rule]]
id = "level"
hazard = "flood"
property = "water_level"
advisory = 5.0
watch = 6.0
warning = 7.0
"""
HELD = 400
"""Packs of one gateway on their way at most; a real agent's patience with backlog begins later."""

PATIENCE_S = 120.0
GATEWAYS, STATIONS = 8, 50
"""What sends: so many gateways, each with so many gauges, one reading of each gauge in a pack."""


class Event(NamedTuple):
    """An event as a client got it: when (s), of whom, of which reading (µs), when ingest had it (µs)."""

    at: float
    sensor: str
    verb: str
    time: int
    detected: int
    token: str


class Events:
    """A client of the event stream."""

    def __init__(self, http: str) -> None:
        """Listen from now on."""
        self.heard: list[Event] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench._listener", http], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._connected = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._connected.wait(PATIENCE_S):
            msg = "the client of the event stream does not connect"
            raise TimeoutError(msg)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            self._connected.set()
            if said:
                self.heard.append(Event(*said))

    def wait(self, sensors: list[str], since: float) -> float:
        """Until each of these sensors rose with a reading newer than `since`; when the last came."""
        first: dict[str, float] = {}

        def all_rose() -> bool:
            for one in list(self.heard):
                if one.verb == "raised" and one.time > since * 1e6:
                    first.setdefault(one.sensor, one.at)
            return all(sensor in first for sensor in sensors)

        until(all_rose, PATIENCE_S, "the alert of each gateway's last reading")
        return max(first[sensor] for sensor in sensors)

    def close(self) -> None:
        """Hang up."""
        self._process.kill()
        self._process.wait()


class Rig:
    """What runs, and how much of the machine each process of it took."""

    def __init__(self, up: Up, gateways: int = GATEWAYS, stations: int = STATIONS) -> None:
        """Take a machine that is ready."""
        self.up, self.gateways, self.stations = up, gateways, stations
        self.events = Events(up.http)
        self.marks = [f"g{g}-s0.water_level" for g in range(gateways)]
        self._before: dict[str, tuple[float, float]] = {}
        self._since = 0.0

    def start(self) -> float:
        """Begin to measure; the time."""
        self._before, self._since = self._used(), time.time()
        return self._since

    def taken(self) -> dict[str, dict[str, float]]:
        """Since `start`: cores that each process kept busy, and cores it waited for while others had them."""
        took, now = time.time() - self._since, self._used()
        cores, waited = (
            {
                name: round(max(0.0, used[at] - self._before.get(name, (0.0, 0.0))[at]) / took, 2)
                for name, used in now.items()
            }
            for at in (0, 1)
        )
        return {"cores": cores, "waited": waited}

    def _used(self) -> dict[str, tuple[float, float]]:
        """Seconds on a processor and seconds in its queue, by name; children of a server count with it."""
        found = {"bench": _schedule(psutil.Process())}
        for name, pid in self.up.pids().items():
            process = psutil.Process(pid)
            family = [process] if name == "up" else [process, *process.children(recursive=True)]
            each = [_schedule(one) for one in family]
            found[name] = (sum(on for on, _ in each), sum(queued for _, queued in each))
        return found

    def rows(self, since: float) -> int:
        """Readings in the database, newer than this (and older than the next day)."""
        query = "select count(*) from observation where time > to_timestamp(%s) and time < to_timestamp(%s)"
        with psycopg.connect(self.up.database) as connection:
            found = connection.execute(query, (since, since + DAY_S)).fetchone()
        return int(found[0]) if found else 0

    def wait_applied(self) -> None:
        """Until the engine's own figures say that it applied all there is now; they come every 5 s."""

        async def figures() -> tuple[int, float]:
            client = await nats.connect(self.up.nats)
            try:
                js = client.jetstream()
                entry = await (await js.key_value(HEALTH)).get("alerts")
                said = decode(entry.value or b"").figures
                end = int((await js.stream_info(READINGS)).state.last_seq)
                return end, min(said["applied"], said["read"])
            finally:
                await client.close()

        end = asyncio.run(figures())[0]
        until(
            lambda: asyncio.run(figures())[1] >= end, 20, "the engine to say that it has applied everything"
        )

    def pack(self, gateway: int, at: float, first: float, value: float = 1.0) -> bytes:
        """One reading of each station; `first` is what the first one says."""
        rest = [
            f'{{"n":"g{gateway}-s{s}.water_level","v":{value + s / 1000}}}' for s in range(1, self.stations)
        ]
        head = f'{{"bt":{at:.6f},"n":"g{gateway}-s0.water_level","v":{first}}}'
        return f"[{','.join([head, *rest])}]".encode()

    @contextlib.contextmanager
    def senders(self, *, plain: bool = False) -> Iterator[list[Sender]]:
        """Agents, connected."""
        with contextlib.ExitStack() as stack:
            fleet = [
                stack.enter_context(
                    Sender(*self.up.mqtt, f"area-{g}", f"gw-{g}", plain=plain, max_unstored=HELD)
                )
                for g in range(self.gateways)
            ]
            for sender in fleet:
                until(lambda one=sender: one.wait_connected(1), 20, "the agents to connect")  # type: ignore[misc]
            yield fleet


@contextlib.contextmanager
def machine(folder: Path, *, strict: bool = False) -> Iterator[Rig]:
    """A whole `up` of its own on a small site, ready, with a client that listens."""
    site = write_site(folder / "site", gateways=GATEWAYS, stations=STATIONS, rules=RULES)
    with running(site, folder / "data", *(("--strict",) if strict else ())) as up:
        rig = Rig(up)
        try:
            yield rig
        finally:
            rig.events.close()


def _schedule(process: psutil.Process) -> tuple[float, float]:
    """Seconds on a processor, and seconds ready to run while others had it; of all threads of a process."""
    queued = 0
    with contextlib.suppress(psutil.NoSuchProcess, OSError):  # a server process of one connection ended
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                queued += int((task / "schedstat").read_text().split()[1])
        return sum(process.cpu_times()[:2]), queued / 1e9
    return 0.0, queued / 1e9


def load() -> float:
    """What the machine was busy with in the last minute, in processes that want to run."""
    return round(os.getloadavg()[0], 2)
