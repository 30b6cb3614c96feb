"""A day of a city of 5,000 sensors of all kinds, from its recording to its alerts, on one processor.

The city is the site of the demonstration, laid down as often as it takes: areas, gateways and stations get
a number, what is of scope `site` (tide, waves, wind, the strike network) stays one. Its weather and its
strikes are the simulator's. Time is the processor's, of this process alone: reading the CSV, quality control,
all hazards, all rules, events with their sentences.

    python -m bench.city_day [SENSORS]
"""

import copy
import csv
import io
import json
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from bench._given import Given, quiet
from services.alerts.hazards import extra_properties
from services.cli.backtest.judging import judge
from services.cli.backtest.recorded import read
from services.cli.folder import load_site
from services.observation.instants import SECOND, micros
from services.observation.topics import SITE_SCOPE
from simulators import writing
from simulators.city.city import Simulation
from simulators.city.place import read_site
from simulators.city.script import Script

SENSORS = 5_000
START = "2025-10-05T00:00:00+07:00"
DAY_S = 86_400
SEED = 26506
PATTERN = Path(__file__).resolve().parents[1] / "sites" / "vung-tau"
APART_DEG = 0.35


def measure(given: Given) -> dict[str, Any]:
    """Seconds to backtest the day, by part, and how many readings, strikes and alerts it had."""
    sensors = int(given.part(SENSORS, 500))
    seconds = int(given.part(DAY_S, 3_600))
    site = lay_out(given.folder / "site", sensors)
    given.say(f"city day: {sensors:,} sensors, {seconds / 3600:.0f} h, being written")
    readings, strikes = written(site, given.folder / "day.csv", seconds)
    given.say(f"city day: {readings:,} readings, {strikes:,} strikes")
    return judged(site, given.folder)


def judged(site: Path, folder: Path) -> dict[str, Any]:
    """Backtest what was written; seconds of the processor."""
    files = [file for file in (folder / "day.csv", writing.strikes_file(folder / "day.csv")) if file.exists()]
    with quiet():
        began = time.process_time()
        place = load_site(site)
        recorded = read(files, place, extra_properties())
        read_s = time.process_time() - began
        outcome = judge(place, recorded, None, everyone=False)
        total_s = time.process_time() - began
    hazards: dict[str, int] = {}
    for event in outcome.events:
        hazards[event.data.hazard] = hazards.get(event.data.hazard, 0) + 1
    return {
        "sensors": len(place.sensors),
        "readings": len(recorded),
        "strikes": len(recorded.strikes),
        "read_s": read_s,
        "total_s": total_s,
        "readings_per_s": len(recorded) / total_s,
        "alerts": outcome.load.alerts,
        "events": len(outcome.events),
        "events_of": hazards,
    }


def written(site: Path, file: Path, seconds: int) -> tuple[int, int]:
    """Write the day's recording; how many readings and strikes it has."""
    place = read_site(site)
    start = micros(START)
    simulation = Simulation(place, Script(), SEED, start)
    networks = [source.id for source in place.sources if not source.adapter] or [s.id for s in place.sources]
    found = writing.write(simulation, start + seconds * SECOND, file, networks[:1])
    return found.readings, found.strikes


def lay_out(folder: Path, sensors: int) -> Path:
    """Write the site: the pattern, as often as so many sensors take."""
    folder.mkdir(parents=True)
    toml = tomllib.loads((PATTERN / "site.toml").read_text("utf-8"))
    places = json.loads((PATTERN / "stations.geojson").read_text("utf-8"))
    rows = list(csv.DictReader(io.StringIO((PATTERN / "sensors.csv").read_text("utf-8"))))
    one = {f["id"]: f for f in places["features"]}
    common = {name for name, f in one.items() if f["properties"].get("area") == SITE_SCOPE}
    own = [row for row in rows if row["sensor"].split(".")[0] not in common]
    times = max(1, -(-(sensors - (len(rows) - len(own))) // len(own)))
    areas, gateways = list(toml["area"]), list(toml["gateway"])
    features, kept = list(places["features"]), list(rows)
    for number in range(2, times + 1):
        areas += [{**area, "id": _numbered(area["id"], number)} for area in toml["area"]]
        gateways += [_gateway(gateway, number, common) for gateway in toml["gateway"]]
        features += [_station(f, number) for name, f in one.items() if name not in common]
        kept += [{**row, "sensor": _sensor(row["sensor"], number)} for row in own]
    kept = kept[:sensors]
    named = {row["sensor"].split(".")[0] for row in kept}
    features = [f for f in features if f["id"] in named or f["id"] in one]
    listed = {f["id"] for f in features}
    for gateway in gateways:
        gateway["stations"] = [name for name in gateway.get("stations", []) if name in listed]
    gateways = [g for g in gateways if g["stations"] or not _is_copy(g["id"])]
    toml.pop("bounds")
    write_toml(folder / "site.toml", toml, areas, gateways)
    (folder / "stations.geojson").write_text(json.dumps({**places, "features": features}), "utf-8")
    with (folder / "sensors.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    (folder / "rules.toml").write_text("", "utf-8")
    return folder


def _numbered(name: str, number: int) -> str:
    return f"{name}-n{number}"


def _is_copy(name: str) -> bool:
    return name.rsplit("-n", 1)[-1].isdigit() and "-n" in name


def _sensor(name: str, number: int) -> str:
    station, _, prop = name.partition(".")
    return f"{_numbered(station, number)}.{prop}"


def _gateway(gateway: dict[str, Any], number: int, common: set[str]) -> dict[str, Any]:
    stations = [_numbered(name, number) for name in gateway.get("stations", []) if name not in common]
    area = gateway.get("area")
    moved = area if area in (None, SITE_SCOPE) else _numbered(area, number)
    return {**gateway, "id": _numbered(gateway["id"], number), "area": moved, "stations": stations}


def _station(feature: dict[str, Any], number: int) -> dict[str, Any]:
    moved = copy.deepcopy(feature)
    properties = moved["properties"]
    moved["id"] = _numbered(feature["id"], number)
    for name in ("area", "gateway"):
        if isinstance(properties.get(name), str) and properties[name] != SITE_SCOPE:
            properties[name] = _numbered(properties[name], number)
    column, row = number % 5, number // 5
    lon, lat = feature["geometry"]["coordinates"][:2]
    moved["geometry"]["coordinates"] = [lon + column * APART_DEG, lat + row * APART_DEG]
    return moved


def write_toml(
    file: Path, toml: dict[str, Any], areas: list[dict[str, Any]], gateways: list[dict[str, Any]]
) -> None:
    """Write site.toml: the rest as the pattern has it."""
    rest = {key: value for key, value in toml.items() if key not in ("area", "gateway")}
    tables = {
        key: value
        for key, value in rest.items()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    lines = [f"{key} = {_value(value)}" for key, value in rest.items() if key not in tables]
    for name, found in {"area": areas, "gateway": gateways, **tables}.items():
        for table in found:
            lines += ["", f"[[{name}]]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return json.dumps(value, ensure_ascii=False)


def main() -> int:
    """Measure and print one JSON object."""
    sensors = int(sys.argv[1]) if len(sys.argv) > 1 else SENSORS
    with tempfile.TemporaryDirectory(prefix="haidang-city-") as folder:
        site = lay_out(Path(folder) / "site", sensors)
        written(site, Path(folder) / "day.csv", DAY_S)
        print(json.dumps(judged(site, Path(folder)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
