"""The parts of the bench, in the order they run, and the run itself."""

import importlib
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench import _facts
from bench._given import Given, Skipped

FORMAT = 1


class Part(NamedTuple):
    """A function of a module, and what it measures."""

    module: str
    function: str
    text: str

    def measure(self, given: Given) -> dict[str, Any]:
        """Do it."""
        call: Callable[[Given], dict[str, Any]] = getattr(importlib.import_module(self.module), self.function)
        return call(given)


PARTS: dict[str, Part] = {
    "ready": Part("bench.ready", "measure", "`haidang up` to ready, cold and warm"),
    "packs": Part("bench.packs", "measure", "packs of 50, stored and evaluated; beside COPY alone"),
    "packs-strict": Part("bench.packs", "measure_strict", "the same with `--strict`"),
    "single": Part("bench.single", "measure", "one reading per message at QoS 1; beside a bare paho"),
    "single-strict": Part("bench.single", "measure_strict", "the same with `--strict`"),
    "latency": Part("bench.latency", "measure", "published → a client of the event stream, by stage"),
    "engine": Part("bench.engine", "measure", "100,000 sensors × 3 thresholds; beside a plain engine"),
    "prometheus": Part("bench.prometheus", "measure", "the same thresholds in a Prometheus"),
    "growth": Part("bench.growth", "measure", "time and memory per sensor, 1,000 to 1,000,000 sensors"),
    "partitions": Part("bench.partitions", "measure", "1 and 16 partitions; 1, 2 and 4 workers"),
    "backtest": Part("bench.backtest", "measure", "backtest on one processor, from CSV and from columns"),
    "city-day": Part("bench.city_day", "measure", "a day of 5,000 sensors of all kinds, from CSV to alerts"),
    "storm": Part("bench.storm", "measure", "a storm over 2,000 stations: alarms, and what is new of them"),
    "lightning": Part("bench.lightning", "measure", "10,000 strikes a minute × 1,000 places; beside a loop"),
    "storage": Part("bench.storage", "measure", "bytes on disk per reading, with and without TimescaleDB"),
    "profile": Part("bench.profile", "measure", "where the services spend their time under load"),
}


def run(names: Sequence[str], seconds: float, *, quick: bool) -> dict[str, Any]:
    """Measure parts one after the other; one that fails is told and does not end the others."""
    found: dict[str, Any] = {
        "format": FORMAT,
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "quick": quick,
        "machine": _facts.facts(),
        "parts": {},
    }
    began = time.monotonic()
    for name in names or PARTS:
        with tempfile.TemporaryDirectory(prefix="haidang-bench-") as folder:
            given = Given(Path(folder), seconds, quick)
            given.say(f"== {name}: {PARTS[name].text}")
            found["parts"][name] = _one(PARTS[name], given)
    found["took_s"] = round(time.monotonic() - began, 1)
    return found


def _one(part: Part, given: Given) -> dict[str, Any]:
    """A part's result, or why there is none; with the load it met and what others took."""
    about: dict[str, Any] = {"load_before": _facts.load()}
    began, others = time.monotonic(), _facts.Others()
    try:
        about["result"] = part.measure(given)
    except Skipped as reason:
        given.say(f"skipped: {reason}")
        about["skipped"] = str(reason)
    except Exception as error:  # noqa: BLE001  the other parts took minutes; they are worth keeping
        given.say(f"failed:\n{traceback.format_exc()}")
        about["failed"] = f"{type(error).__name__}: {error}"
    about["took_s"] = round(time.monotonic() - began, 1)
    about["others_cores"] = others.cores()
    about["load_after"] = _facts.load()
    return about
