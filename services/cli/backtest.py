"""`haidang backtest`: the real quality control and engine over recordings; no broker, no database."""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli.words import complain, out, say
from services.observation.event import SEVERITIES, CloudEvent, verb_of
from services.observation.instants import iso, micros

if TYPE_CHECKING:
    from services.alerts.layout import Layout
    from services.alerts.score import Happened, Load, Score
    from services.cli.recorded import Ints, Recorded
    from services.observation.site import Site

TRUTH_COLUMNS = ["start", "end", "area", "hazard", "severity"]


class Outcome(msgspec.Struct):
    """What one set of rules made of the recordings."""

    events: list[CloudEvent]
    scores: "dict[str, dict[str, Score]]"
    load: "Load"


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `backtest`."""
    from services.cli import COMMANDS

    parser = subparsers.add_parser("backtest", help=COMMANDS["backtest"].text, description=__doc__)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="recordings: CSV or JSON lines, gzip allowed"
    )
    parser.add_argument("--site", required=True, type=Path, metavar="DIR", help="whose sensors and rules")
    parser.add_argument(
        "--from", dest="start", type=_instant, metavar="TIME", help="first instant, ISO 8601 with zone"
    )
    parser.add_argument("--to", dest="end", type=_instant, metavar="TIME", help="last instant")
    parser.add_argument(
        "--truth", type=Path, metavar="TRUTH.csv", help=f"what happened: {','.join(TRUTH_COLUMNS)}"
    )
    parser.add_argument("--against", type=Path, metavar="RULES.toml", help="other rules to compare with")
    parser.add_argument("--all-sensors", action="store_true", help="also those the recordings do not name")
    parser.add_argument("--json", action="store_true", help="events, scores and load as JSON")


def run(options: argparse.Namespace) -> int:
    """Judge, and print; 0 done, 2 when it can't be done as asked."""
    from services.alerts.hazards import extra_properties
    from services.cli import folder
    from services.cli.recorded import read
    from simulators.recording import RecordingError

    try:
        site = folder.load_site(options.site)
        truth = read_truth(options.truth) if options.truth else None
        other = _with_rules(options.site, options.against) if options.against else None
        recorded = read(options.files, site, extra_properties())
    except folder.Refused as refused:
        return refused.code
    except OSError as error:
        return complain(
            f"{error.filename}: {error.strerror} → check the path", f"{error.filename}: kiểm tra đường dẫn"
        )
    except (RecordingError, ValueError) as error:
        return complain(str(error))
    _cut_to(recorded, options.start, options.end)
    for why, count in list(recorded.unused.items())[:20]:
        say(f"left out / bỏ qua: {why} ({count:,})")
    outcome = judge(site, recorded, truth, everyone=options.all_sensors)
    compared = judge(other, recorded, truth, everyone=options.all_sensors) if other is not None else None
    if options.json:
        answer: dict[str, Any] = msgspec.structs.asdict(outcome)
        if compared is not None:
            answer["against"] = compared
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.flush()
        return 0
    show(outcome, recorded)
    if compared is not None:
        out(f"\nagainst {options.against}:")
        show(compared, recorded)
    return 0


def judge(
    site: "Site", recorded: "Recorded", truth: "Sequence[Happened] | None", *, everyone: bool
) -> Outcome:
    """Run the engine over recorded readings. Sensors that never spoke are left out unless `everyone`."""
    from services.alerts import score
    from services.alerts.engine import Engine
    from services.alerts.hazards import extra_properties
    from services.alerts.layout import Layout
    from services.alerts.rule import COMBINED, parse_rules
    from services.cli.steps import messages

    rules, _ = parse_rules(site)
    heard = recorded.heard(len(site.sensors)).tolist()
    names = [name for at, name in enumerate(site.sensors) if everyone or heard[at]]
    part = msgspec.structs.replace(site, sensors={name: site.sensors[name] for name in names})
    first = int(recorded.arrival[0]) if len(recorded) else 0
    last = int(recorded.arrival[-1]) if len(recorded) else 0
    engine = Engine(part, rules, t=first)
    silent = _silent(site, Layout(part, rules, None)) if any(r.kind in COMBINED for r in rules) else None
    meter = _Meter(len(recorded))
    events: list[CloudEvent] = []
    steps = messages(recorded, site, extra_properties(), silent=silent, progress=meter.at)
    for step in steps:
        events += engine.apply(step)
        engine.take_derived()
    meter.done()
    events.sort(key=lambda event: micros(event.time))
    for event in events if recorded.at_once() else ():
        event.data.detected_at = event.time  # a step holds days; what a CSV says is known when it is measured
    return Outcome(
        events, score.score(events, truth) if truth is not None else {}, score.load(events, first, last)
    )


def _silent(site: "Site", layout: "Layout") -> "Ints":
    """After how long each sensor of the site is silent, µs; never, where the engine does not know it."""
    import numpy as np

    from services.alerts.layout import FOREVER

    known = dict(zip(layout.names[: layout.real], layout.silent.tolist(), strict=False))
    return np.array([known.get(name, FOREVER) for name in site.sensors], np.int64)


def read_truth(file: Path) -> "list[Happened]":
    """Read what really happened.

    Raises:
        ValueError: a row that cannot be read; the message names it.
        OSError: the file cannot be opened.
    """
    from services.alerts.score import Happened

    rows = []
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames is None or [name.strip() for name in reader.fieldnames] != TRUTH_COLUMNS:
            msg = f"{file}:1: columns {reader.fieldnames} → use {','.join(TRUTH_COLUMNS)}"
            raise ValueError(msg)
        for row in reader:
            try:
                found = Happened(
                    micros(row["start"]), micros(row["end"]), row["area"], row["hazard"], row["severity"]
                )
            except (ValueError, TypeError) as error:
                msg = f"{file}:{reader.line_num}: {error} → write ISO 8601 with a zone"
                raise ValueError(msg) from error
            if found.severity not in SEVERITIES or found.end < found.start:
                words = ", ".join(SEVERITIES)
                msg = f"{file}:{reader.line_num}: {row} → severity is one of {words}, end not before start"
                raise ValueError(msg)
            rows.append(found)
    return rows


def _with_rules(path: Path, rules: Path) -> "Site":
    from services.cli import folder

    files = folder.read_site_folder(path)
    files["rules.toml"] = rules.read_bytes()
    checked = folder.check_files(files)
    for problem in checked.problems:
        say(f"{problem.level}: {rules}: {problem}")
    if checked.site is None or checked.errors:
        raise folder.Refused
    return checked.site


def _cut_to(recorded: "Recorded", start: int | None, end: int | None) -> None:
    """Keep what lies between two instants, both included."""
    if start is None and end is None:
        return
    keep = (recorded.time >= (start if start is not None else -(1 << 62))) & (
        recorded.time <= (end if end is not None else 1 << 62)
    )
    at_once = recorded.at_once()
    for name in ("time", "row", "value", "arrival"):
        setattr(recorded, name, getattr(recorded, name)[keep])
    if at_once:
        recorded.arrival = recorded.time


def _instant(text: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class _Meter:
    """Progress on stderr, at most ten lines."""

    def __init__(self, total: int) -> None:
        self._total, self._next = total, total // 10

    def at(self, done: int) -> None:
        """Say how far it is, now and then."""
        if done >= self._next < self._total:
            say(f"{done:,}/{self._total:,} readings")
            self._next = done + self._total // 10

    def done(self) -> None:
        """Say that all was read."""
        say(f"{self._total:,} readings judged / đã xét {self._total:,} số đo")


def show(outcome: Outcome, recorded: "Recorded") -> None:
    """Print a table for a person."""
    for event in outcome.events:
        data = event.data
        verb, who = verb_of(event.type), data.sensor or data.gateway or data.area
        out(f"{event.time:<22}{verb:<11}{data.severity:<11}{who:<40}{data.reason.en}")
    load = outcome.load
    span = (
        f"{iso(int(recorded.arrival[0]))} … {iso(int(recorded.arrival[-1]))}" if len(recorded) else "nothing"
    )
    per_day = "–" if load.per_day is None else f"{load.per_day:.2f}"
    out(f"\n{len(recorded):,} readings, {span}")
    out(
        f"{load.alerts} alerts / cảnh báo, {per_day} per day, at most {load.most_in_10_min} in 10 minutes; "
        f"{load.by_rule}"
    )
    if outcome.scores:
        out(
            f"\n{'hazard':<14}{'severity':<11}{'hits':>6}{'misses':>8}{'false':>7}"
            f"{'POD':>7}{'FAR':>7}{'CSI':>7}  lead (min)"
        )
    for hazard, by_severity in outcome.scores.items():
        for severity, one in by_severity.items():
            ratios = "".join(
                "      –" if ratio is None else f"{ratio:>7.2f}" for ratio in (one.pod, one.far, one.csi)
            )
            leads = " ".join(f"{lead / 60:+.0f}" for lead in one.lead_s)
            out(
                f"{hazard:<14}{severity:<11}{one.hits:>6}{one.misses:>8}{one.false_alarms:>7}"
                f"{ratios}  {leads}"
            )
