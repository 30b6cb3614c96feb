"""The tables of docs/backtests.md: the engine beside a bare threshold, clean and under faults.

python -m tests.recordings.table             # about a minute; rewrites what lies between the markers
    python -m tests.recordings.table clean       # only this one: clean, lightning, faults, off
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import numpy as np

from services.alerts.hazards import extra_properties, hazards
from services.alerts.hazards._flood_stage import levels_of
from services.alerts.scoring.score import Happened, Occurrence, Score, lead, occurrences, score_alerts
from services.cli import folder
from services.cli.backtest import judge, read_truth
from services.cli.backtest.judging import bare_alerts
from services.cli.backtest.recorded import Recorded, read
from services.observation.site import RawRule, Site
from tests.recordings import Recording, convert
from tests.recordings.stress import FAULTS, stressed
from tests.recordings.writing import HOUR, exceedances

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backtests.md"
DAY = 24 * HOUR
SEEDS = range(1, 6)
LIMIT = 0.5
"""m: the leap beyond which a site of gauges that report often would doubt a stage. There is no default."""
NO_BARE_FORM = ("vlissingen_tide", "ndbc")

CLEAN = {
    "aire": "Aire at Armley, 2015-11 to 2016-01, 15 min",
    "vndms": "Ba and Hương, 2025-11, 1 h to 12 h",
    "calder": "Upper Calder, 2025-08 to 09, 15 min, with rain gauges",
    "calder_near": "the same, a level 5 cm above the highest water",
    "vlissingen": "Vlissingen, 2018-01 to 03, 10 min, phases +3.30 and +3.70 m",
    "vlissingen_tide": "the same by predicted tide: surge from 0.3 and 0.5 m",
    "ndbc": "Buoy 46097 and a beach off Newport, 2019-02 to 04: rip currents",
    "glm_snapshots": "GLM flashes at Mazatlán, Guadalajara, Culiacán, 2026-08-08",
    "glm_flashes": "GLM L2, 20 s at Lubbock, 2023-12-24",
    "wtlma": "West Texas LMA, one minute at Lubbock, radio sources as strikes",
    "airnow_2018": "US Embassy, Hà Nội, 2018, PM2.5, 1 h",
    "airnow_2020": "the same, January to July 2020",
    "beijing": "Dongsi, Beijing, 2014, 1 h: six pollutants, rain",
    "sensor_community": "Nhà Bè, October 2018, a low-cost node, 2.5 min",
}
STRESSED: dict[str, float | None] = {"aire": LIMIT, "calder_near": LIMIT, "vlissingen": LIMIT, "vndms": None}
"""Recordings under faults, and the leap their sites doubt: hourly gauges leap in every real flood."""


class Judged(NamedTuple):
    """What engine and bare threshold made of one recording."""

    engine: list[Occurrence]
    bare: list[Occurrence]
    truth: list[Happened]
    days: float
    starts: list[tuple[str, int]]
    """When a level of the station was reached, by area."""


def judged(recording: Recording, change: Mapping[str, Mapping[str, float]] | None = None) -> Judged:
    """Both on one recording; without alerts about ourselves, which are no warnings."""
    site = folder.load_site(recording.site)
    if change is not None:
        site = _with(site, change)
    recorded = read(recording.files, site, extra_properties())
    outcome = judge(site, recorded, None, everyone=False)
    plain = bare_alerts(site, recorded)
    truth = read_truth(recording.truth, site) if recording.truth else []
    found = [one for one in occurrences(outcome.events) if one.hazard != "system"]
    return Judged(found, plain, truth, _days(recorded), _starts(site, recorded))


def _starts(site: Site, recorded: Recorded) -> list[tuple[str, int]]:
    """Of rivers only: lakes report twice a day."""
    found = set()
    for at, sensor in enumerate(site.sensors.values()):
        attributes = site.stations[sensor.station].attributes
        if sensor.property != "water_level" or "normal_level" in attributes:
            continue
        mine = np.flatnonzero(recorded.row == at)
        series = list(zip(recorded.time[mine].tolist(), recorded.value[mine].tolist(), strict=True))
        for level in levels_of(attributes):
            found |= {(site.area_of(sensor), start) for start, _ in exceedances(series, level)}
    return sorted(found)


def _days(recorded: Recorded) -> float:
    first, last = recorded.span()
    return (last - first) / DAY


def _with(site: Site, change: Mapping[str, Mapping[str, float]]) -> Site:
    """A site with attributes of stations, and with the rules of flood that are switched off switched on."""
    stations = {
        name: msgspec.structs.replace(one, attributes={**one.attributes, **change.get(name, {})})
        for name, one in site.stations.items()
    }
    tables = [{"hazard": "flood", **rule, "enabled": True} for rule in hazards()["flood"].rules if not
              rule.get("enabled", True)]  # fmt: skip
    rules = [*site.rules, *(RawRule(table, 1) for table in tables)]
    return msgspec.structs.replace(site, stations=stations, rules=tuple(rules))


def row(name: str, alerts: Sequence[Occurrence], truth: Sequence[Happened], days: float) -> Iterator[str]:
    """Lines of a table: one per hazard and severity of the truth, or one where nothing happened."""
    load = f"{len(alerts) / days:.2f}" if days > 1 / 24 else "–"
    scores = [
        (hazard, severity, one)
        for hazard, by in score_alerts(alerts, truth).items()
        for severity, one in by.items()
        if one.hits + one.misses + one.false_alarms and any(event.hazard == hazard for event in truth)
    ]
    if not truth:
        yield f"| {name} | – | {len(alerts)} | – | – | – | – | – | – | – | {load} |"
        return
    for hazard, severity, one in scores:
        yield f"| {name} | {hazard} {severity} | {_counts(one)} | {_leads(one)} | {load} |"


def _counts(one: Score) -> str:
    return (
        f"{one.hits + one.false_alarms} | {one.hits} | {one.misses} | {one.false_alarms} | "
        f"{_sure(one.pod, one.pod_95)} | {_sure(one.far, one.far_95)} | {_ratio(one.csi)}"
    )


def _leads(one: Score) -> str:
    found = lead(one.lead_s)
    return " | ".join("–" if x is None else f"{x / 60:+.0f}" for x in (found.median, found.p10))


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _sure(value: float | None, interval: tuple[float, float] | None) -> str:
    """A ratio and its 95 % interval."""
    return "–" if value is None or interval is None else f"{value:.2f} ({interval[0]:.2f}–{interval[1]:.2f})"


HEAD = [
    "| | severity | told | hits | misses | false | POD | FAR | CSI | lead, median | p10 | alerts a day |",
    "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
]


def clean(out: Path) -> Iterator[str]:
    """Table of the recordings as they are."""
    yield from HEAD
    for name, text in CLEAN.items():
        found = judged(convert(name, out / name))
        yield f"| **{text}** | | | | | | | | | | | |"
        yield from row("engine", found.engine, found.truth, found.days)
        if name not in NO_BARE_FORM:
            yield from row("bare", found.bare, found.truth, found.days)


def lightning(out: Path) -> Iterator[str]:
    """Table of warnings against strikes, in the terms of IEC 62793."""
    yield "| place | strikes in 10 km | EA | FA | FTW | POD | FAR | lead (min) | dwell (min) | TIW (min) |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    for name in ("glm_snapshots", "glm_flashes", "wtlma"):
        recording = convert(name, out / name)
        site = folder.load_site(recording.site)
        outcome = judge(site, read(recording.files, site, extra_properties()), None, everyone=False)
        for place, one in outcome.lightning.items():
            lead_s, dwell = ("–" if not v else f"{median(v) / 60:.0f}" for v in (one.lead_s, one.dwell_s))
            counts = (
                f"{one.strikes} | {one.ea} | {one.fa} | {one.ftw} | {_ratio(one.pod)} | {_ratio(one.far)}"
            )
            yield f"| {place} ({name}) | {counts} | {lead_s} | {dwell} | {one.tiw_s / 60:.0f} |"


def under_faults(out: Path) -> Iterator[str]:
    """Table of misses and false alarms under faults, over all severities and five seeds."""
    yield "| | fault | engine: misses | false | late | a day | bare: misses | false | late | a day |"
    yield "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    for name, limit in STRESSED.items():
        for fault in FAULTS:
            yield _faulty(name, fault, limit, out)
    yield _faulty("vndms", "spikes", LIMIT, out)


def _faulty(name: str, fault: str, limit: float | None, out: Path) -> str:
    recording = convert(name, out / name)
    runs = [
        judged(stressed(recording, out / f"{name}-{fault}-{limit}-{seed}", fault, seed, limit))
        for seed in SEEDS
    ]
    cells = [_faults([(run.engine, run) for run in runs]), _faults([(run.bare, run) for run in runs])]
    doubted = "none doubted" if limit is None else f"{limit:g} m doubted"
    return f"| {name}, {doubted} | {fault} | {cells[0]} | {cells[1]} |"


def _faults(runs: Sequence[tuple[Sequence[Occurrence], Judged]]) -> str:
    scores = [
        one
        for alerts, found in runs
        for by in score_alerts(alerts, found.truth).values()
        for one in by.values()
    ]
    misses, false = (sum(getattr(one, what) for one in scores) for what in ("misses", "false_alarms"))
    late = sum(x < 0 for one in scores for x in one.lead_s)
    load = sum(len(alerts) for alerts, _ in runs) / sum(found.days for _, found in runs)
    return f"{misses} | {false} | {late} | {load:.2f}"


NEAR: list[tuple[str, str, dict[str, dict[str, float]]]] = [
    *(("aire", f"Aire, level at {level:g} m", {"armley": {"bd1": level}}) for level in (3.9, 3.3, 3.0, 2.5)),
    ("vndms", "Ba and Hương, all levels", {}),
    ("calder_near", "Calder, near misses", {}),
]


def switched_off(out: Path) -> Iterator[str]:
    """Table of the rules that are switched off: what they would have told."""
    yield "| | rule | alerts | before a level was reached | lead, median (min) | false | alerts a day |"
    yield "| --- | --- | --: | --: | --: | --: | --: |"
    for name, text, change in NEAR:
        recording = convert(name, out / name)
        found = judged(recording, change)
        starts = found.starts
        for rule in ("flood-ahead", "flood-rise"):
            alerts = [one for one in found.engine if one.rule == rule]
            leads = sorted(_before(alerts, starts))
            false = sum(not _served(one, starts) for one in alerts)
            middle = lead(leads).median
            told = "–" if middle is None else f"{middle / 60:.0f}"
            counts = f"{len(alerts)} | {len(leads)} of {len(starts)} | {told} | {false}"
            yield f"| {text} | {rule} | {counts} | {len(alerts) / found.days:.2f} |"


def _before(alerts: Sequence[Occurrence], starts: Iterable[tuple[str, int]]) -> Iterator[float]:
    for area, start in starts:
        open_then = [
            a.start for a in alerts if a.area == area and a.start < start and _until(a) >= start - HOUR
        ]
        if open_then:
            yield (start - min(open_then)) / 1e6


def _served(alert: Occurrence, starts: Iterable[tuple[str, int]]) -> bool:
    """Whether a level was reached while it stood, or within the hour after."""
    return any(alert.area == area and alert.start <= at <= _until(alert) + HOUR for area, at in starts)


def _until(alert: Occurrence) -> int:
    return alert.end if alert.end is not None else 1 << 62


TABLES = {"clean": clean, "lightning": lightning, "faults": under_faults, "off": switched_off}


def main() -> int:
    """Rewrite the tables."""
    text = PAGE.read_text("utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        for name, lines in TABLES.items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
            head, rest = text.split(begin)
            table = "\n".join(lines(Path(scratch)))
            text = f"{head}{begin}{table}\n{end}{rest.split(end)[1]}"
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
