"""Where the services spend their time, under the load of `packs` and of `single`: py-spy on each of them.

A sample is taken a hundred times a second of every thread that is running; a function's *own* share counts
what C code it called there too (numpy, msgspec, the socket). nats-server and PostgreSQL are not Python: of
them, only the cores are told. Needs `py-spy` (extra `bench`); skipped by name where there is none.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench._given import Given, Skipped
from bench._rig import Rig, machine
from bench.packs import flood
from bench.single import singles
from tests.support.up import ROOT

SERVICES = ("ingest", "archive", "alerts", "api")
RATE = 100
WARM_UP_S = 3.0
TOP = 12
ALONE = {
    "evaluate": ("Engine.apply (", ("bench.engine",)),
    "backtest, calm": ("judge (", ("bench.backtest", "{folder}/calm", "calm", "10000")),
    "backtest, flood-heavy": ("judge (", ("bench.backtest", "{folder}/flood", "flood_heavy", "5000")),
}
"""What needs no servers: the function that counts, and what runs it."""

EVERYTHING = 0.9
"""A function that calls all others says nothing."""

LOOP = "asyncio/runners.py Runner.run"


def measure(given: Given) -> dict[str, Any]:
    """By load and service: cores, samples, and the functions with the largest shares."""
    program = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        reason = "no `py-spy` → pip install 'haidang[bench]'"
        raise Skipped(reason)
    seconds = given.part(15, 3)
    found = {}
    for name, load in (("packs", flood), ("single", singles)):
        given.say(f"profile: {name} for {seconds:.0f} s")
        folder = given.folder / name
        with machine(folder) as rig:
            spies = [_Spy(program, service, rig, folder, seconds) for service in SERVICES]
            result = load(rig, given, seconds + 2 * WARM_UP_S)
            found[name] = {
                "per_s": result["per_s"],
                "cores": result["cores"],
                "waited": result["waited"],
                "services": {spy.service: spy.result() for spy in spies},
            }
    for name, (needle, words) in ALONE.items():
        given.say(f"profile: {name}")
        found[name] = {"cores": {}, "services": {"one process": _alone(program, given, needle, words)}}
    return found


def _alone(program: str, given: Given, needle: str, words: tuple[str, ...]) -> dict[str, Any]:
    """A part in a process of its own; only what the function named `needle` did."""
    folded = given.folder / "alone.folded"
    command = [program, "record", "--format", "raw", "--rate", str(RATE), "--output", str(folded), "--"]
    command += [sys.executable, "-m", *(word.format(folder=given.folder) for word in words)]
    subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    lines = folded.read_text("utf-8").splitlines()
    folded.unlink()
    return shares([needle + line.partition(needle)[2] for line in lines if needle in line], 1.0)


class _Spy:
    """py-spy on one service, from a little after the start."""

    def __init__(self, program: str, service: str, rig: Rig, folder: Path, seconds: float) -> None:
        self.service, self._seconds = service, seconds
        self._file = folder / f"{service}.folded"
        self._said = ""
        self._command = [program, "record", "--format", "raw", "--rate", str(RATE), "--nonblocking"]
        self._command += ["--duration", str(max(1, round(seconds))), "--output", str(self._file)]
        self._command += ["--pid", str(rig.up.pids()[service])]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        time.sleep(WARM_UP_S)
        done = subprocess.run(self._command, capture_output=True, text=True, check=False)
        self._said = done.stderr.strip()

    def result(self) -> dict[str, Any]:
        """What was seen; waits for the end."""
        self._thread.join(self._seconds + 30)
        if not self._file.exists():
            return {"samples": 0, "error": self._said[-300:]}
        return shares(self._file.read_text("utf-8").splitlines(), RATE * self._seconds)


def shares(folded: list[str], ticks: float) -> dict[str, Any]:
    """Shares of functions from folded stacks (`outer;inner count`): own, and with all they called."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in folded:
        stack, _, count = line.rpartition(" ")
        names = [_short(frame) for frame in stack.split(";")]
        own[names[-1]] += int(count)
        for name in set(names):
            whole[name] += int(count)
    total = sum(own.values()) or 1
    return {
        "samples": sum(own.values()),
        "busy": round(sum(own.values()) / max(1.0, ticks), 2),
        "own": {name: round(count / total, 3) for name, count in own.most_common(TOP)},
        "whole": {
            name: share
            for name, count in whole.most_common(4 * TOP)
            if (share := round(count / total, 3)) < EVERYTHING
        },
    }


def _short(frame: str) -> str:
    """`check (services/ingest/quality.py:101)` → `services/ingest/quality.py check`."""
    name, _, place = frame.rpartition(" (")
    file = place.partition(":")[0].rstrip(")")
    for root in ("services/", "edge/", "site-packages/", "python3"):
        if root in file:
            file = (root if root in ("services/", "edge/") else "") + file.split(root, 1)[1]
            break
    said = f"{file} {name}"
    return "the event loop itself" if said == LOOP else said
