"""A storm over two thousand stations: what the engine says of it, and what of that is new to an operator.

Simulated readings and strikes, the real quality control and engine, then keeper, situations and attention
by the recording's clock. Nobody acts on anything, which is the worst case.

    python -m bench.storm [STATIONS]
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import _province, _storm_chain, _storm_proof
from bench._given import Given, quiet
from bench._storm_chain import Stored
from bench._storm_proof import Met, Way
from services.alerts.attention.annunciation import Thing
from services.alerts.hazards import extra_properties
from services.alerts.scoring.load import load_of_alerts
from services.cli.exercise.sources import SEED, Played, storm
from services.cli.exercise.steps import play
from services.cli.folder import load_site
from services.observation.instants import SECOND
from services.observation.site import Site
from simulators.city.typhoon import MINUTES

STATIONS = 2_000
STEP_US = 60 * SECOND
MINUTE = 60 * SECOND
TWO_MINUTES = 2 * MINUTE


class Stormed(NamedTuple):
    """A storm, played: its stream, what was new at each stage, and the proofs."""

    site: Site
    played: Played
    log: list[Stored]
    annunciations: list[int]
    stages: dict[str, list[Thing]]
    ways: dict[str, Way]
    met: list[Met]
    span: tuple[int, int]


def stormed(folder: Path, stations: int = STATIONS, seed: int = SEED, minutes: float = MINUTES) -> Stormed:
    """Lay out the province in a folder that is not there yet, and play the storm over it."""
    with quiet():
        site = load_site(_province.lay_out(folder, stations))
    return over(site, storm(site, seed, minutes))


def over(site: Site, played: Played) -> Stormed:
    """What comes of readings and strikes."""
    first, last = played.recorded.span()
    told = [e for moment in play(site, played.recorded, extra_properties(), STEP_US) for e in moment.events]
    log = _storm_chain.Stream(site).play(told, last).log
    sounds = [one.at for one in log if one.named in (("alert", "raised"), ("alert", "escalated"))]
    stages = {
        name: _storm_chain.things(log, site.id, last, quiets, situations=situations)
        for name, (quiets, situations) in _storm_chain.STAGES.items()
    }
    ways = _storm_proof.ways(log, stages["situations"])
    met = _storm_proof.met(played.due, ways)
    return Stormed(site, played, log, sounds, stages, ways, met, (first, last))


def measure(given: Given) -> dict[str, Any]:
    """The table, and the proof that nothing real was hidden."""
    stations = int(given.part(STATIONS, 300))
    given.say(f"storm: {stations:,} stations")
    return summary(given.folder / "site", stations)


def summary(folder: Path, stations: int = STATIONS, seed: int = SEED) -> dict[str, Any]:
    """All figures as one object."""
    began = time.process_time()
    found = stormed(folder, stations, seed)
    raised = [one for one in found.log if one.named == ("alert", "raised")]
    rows = {"raw": _row(found.annunciations, found.span)}
    for name, things in found.stages.items():
        rows[name] = _row([thing.at for thing in things], found.span)
    last = found.stages["situations"]
    hidden = [alert for alert, way in found.ways.items() if way.how == "hidden"]
    late = [one for one in found.met if not one.in_time]
    return {
        "stations": len(found.site.stations),
        "sensors": len(found.site.sensors),
        "areas": len(found.site.areas),
        "gateways": len(found.site.gateways),
        "minutes": (found.span[1] - found.span[0]) / MINUTE,
        "readings": len(found.played.recorded),
        "strikes": len(found.played.recorded.strikes),
        "alerts": len(raised),
        "alerts_by_hazard": dict(Counter(one.event["data"]["hazard"] for one in raised)),
        "table": rows,
        "things_by_severity": dict(Counter(thing.severity for thing in last)),
        "things_by_kind": dict(Counter(f"{thing.kind} {thing.hazard}" for thing in last)),
        "overdue": sum(one.named == ("alert", "overdue") for one in found.log),
        "alerts_told": dict(Counter(way.how for way in found.ways.values())),
        "hidden": len(hidden),
        "happened": len(found.met),
        "happened_in_time": len(found.met) - len(late),
        "late": [f"{one.due.name.en}: {one.told_s}" for one in late],
        "cpu_s": time.process_time() - began,
    }


def _row(instants: Sequence[int], span: tuple[int, int]) -> dict[str, Any]:
    """New things: how many, per two minutes, in the worst ten, and floods as ISA-18.2 counts them."""
    load = load_of_alerts([_One(sorted(instants))] if instants else [], *span)
    return {
        "things": len(instants),
        "per_two_minutes": round(len(instants) / ((span[1] - span[0]) / TWO_MINUTES), 3),
        "worst_10_min": _worst(sorted(instants)),
        "floods": load.floods,
        "flood_share": round(load.flood_share or 0.0, 3),
    }


class _One:
    """All sounds as one alert's, to be counted as load."""

    rule = area = ""
    sensor: str | None = None
    end: int | None = None
    reached: dict[str, int] = {}  # noqa: RUF012  the shape that is asked for

    def __init__(self, told: list[int]) -> None:
        self.start, self.told = told[0], told


def _worst(instants: Sequence[int]) -> int:
    most = first = 0
    for at, instant in enumerate(instants):
        while instant - instants[first] >= 10 * MINUTE:
            first += 1
        most = max(most, at - first + 1)
    return most


def main() -> int:
    """Measure and print one JSON object."""
    stations = int(sys.argv[1]) if len(sys.argv) > 1 else STATIONS
    with tempfile.TemporaryDirectory(prefix="haidang-storm-") as folder:
        print(json.dumps(summary(Path(folder) / "site", stations), indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
