"""Recordings made worse on purpose: what faults of gauges and links do to alerts. Seeded, so repeatable.

The truth stays that of the clean recording. Only stages and tides are disturbed.
"""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.observation import topics
from services.observation.instants import iso, micros
from services.observation.site import FILES
from services.observation.site_files import parse
from tests.recordings.writing import HOUR, Recording

LEVELS = (".water_level", ".tide_level")
Lines = list[tuple[int, str, str, str]]
Fault = Callable[[Lines, np.random.Generator], Lines]


def spikes(lines: Lines, rng: np.random.Generator) -> Lines:
    """One reading in five hundred stands 1 to 5 m too high or too low."""
    hit = rng.random(len(lines)) < 1 / 500
    by = rng.uniform(1, 5, len(lines)) * rng.choice([-1.0, 1.0], len(lines))
    return [
        (time, name, f"{float(value) + more:.3f}" if bad else value, unit)
        for (time, name, value, unit), bad, more in zip(lines, hit, by, strict=True)
    ]


def gaps(lines: Lines, rng: np.random.Generator) -> Lines:
    """Six pauses of 2 to 12 hours."""
    for _ in range(6):
        begin = lines[int(rng.integers(len(lines)))][0]
        end = begin + int(rng.uniform(2, 12) * HOUR)
        lines = [line for line in lines if not begin <= line[0] < end]
    return lines


def stuck(lines: Lines, rng: np.random.Generator) -> Lines:
    """Four spells of 6 to 24 hours in which the value stands still."""
    for _ in range(4):
        begin, held = (lines[int(rng.integers(len(lines)))][at] for at in (0, 2))
        end = int(begin) + int(rng.uniform(6, 24) * HOUR)
        held = next(line[2] for line in lines if line[0] == begin)
        lines = [
            (time, name, str(held) if int(begin) <= time < end else value, unit)
            for time, name, value, unit in lines
        ]
    return lines


def duplicates(lines: Lines, rng: np.random.Generator) -> Lines:
    """One reading in fifty comes again, one to five readings later."""
    found: Lines = []
    waiting: list[tuple[int, tuple[int, str, str, str]]] = []
    for at, line in enumerate(lines):
        found.append(line)
        found += [late for due, late in waiting if due == at]
        waiting = [(due, late) for due, late in waiting if due > at]
        if rng.random() < 1 / 50:
            waiting.append((at + int(rng.integers(1, 6)), line))
    return found


def waves(lines: Lines, rng: np.random.Generator) -> Lines:
    """Noise of 2 cm, as waves at a gauge without a stilling well."""
    by = rng.normal(0, 0.02, len(lines))
    return [
        (time, name, f"{float(value) + more:.3f}", unit)
        for (time, name, value, unit), more in zip(lines, by, strict=True)
    ]


FAULTS: dict[str, Fault] = {
    "spikes": spikes,
    "gaps": gaps,
    "stuck": stuck,
    "duplicates": duplicates,
    "waves": waves,
}


def stressed(recording: Recording, out: Path, fault: str, seed: int, spike: float | None = None) -> Recording:
    """A copy of a recording with one kind of fault; `spike`: limit of a leap (m) of levels at its site."""
    out.mkdir(parents=True, exist_ok=True)
    site = Path(shutil.copytree(recording.site, out / "site", dirs_exist_ok=True))
    if spike is not None:
        sensors = (site / "sensors.csv").read_text("utf-8").splitlines()
        limits = [
            f"{line},{spike:g}" if line.split(",")[0].endswith(LEVELS) else f"{line}," for line in sensors[1:]
        ]
        (site / "sensors.csv").write_text("\n".join([f"{sensors[0]},spike", *limits]) + "\n", "utf-8")
    rows = _rows(recording.files)
    rng = np.random.default_rng(seed)
    done: Lines = []
    for name in sorted({row[1] for row in rows}):
        mine = [row for row in rows if row[1] == name]
        done += FAULTS[fault](mine, rng) if name.endswith(LEVELS) else mine
    write = _write_messages if FAULTS[fault] is duplicates else _write_readings
    return Recording(site, [write(out / fault, done, site)], recording.truth, {"written": len(done)})


def _rows(files: list[Path]) -> Lines:
    rows: Lines = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            rows += [
                (micros(line["time"]), line["sensor"], line["value"], line.get("unit") or "")
                for line in csv.DictReader(stream)
            ]
    return rows


def _write_readings(file: Path, rows: Lines, _: Path) -> Path:
    file, units = file.with_suffix(".csv"), any(unit for *_, unit in rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "sensor", "value", *(["unit"] if units else [])])
        writer.writerows(
            [iso(time), name, value, *([unit] if units else [])] for time, name, value, unit in rows
        )
    return file


def _write_messages(file: Path, rows: Lines, folder: Path) -> Path:
    """As MQTT messages, which have an order of arrival of their own: readings that come again come later."""
    file = file.with_suffix(".jsonl")
    site, _ = parse({name: (folder / name).read_bytes() for name in FILES})
    if site is None:
        raise ValueError(folder)
    topic = {
        station: topics.readings(site.gateways[one.gateway].area, one.gateway)
        for station, one in site.stations.items()
        if one.gateway is not None
    }
    newest: dict[str, int] = {}
    arrivals = []
    for time, name, value, unit in rows:
        newest[name] = max(time, newest.get(name, 0))
        record = {"n": name, "t": time / 1e6, "v": float(value)} | ({"u": unit} if unit else {})
        arrivals.append((newest[name], topic[name.split(".")[0]], json.dumps([record])))
    arrivals.sort(key=lambda one: one[0])
    with file.open("w", encoding="utf-8") as stream:
        for arrival, where, payload in arrivals:
            stream.write(json.dumps({"t": arrival / 1e6, "topic": where, "payload": payload}) + "\n")
    return file
