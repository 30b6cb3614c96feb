"""`haidang backtest`: the real quality control and engine over recordings; no broker, no database."""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli.words import complain, out, say
from services.observation.event import SEVERITIES, CloudEvent
from services.observation.instants import micros

if TYPE_CHECKING:
    from services.alerts.score import Happened, Load, Score
    from services.cli.recorded import Recorded
    from services.observation.site import Site

TRUTH_COLUMNS = ["start", "end", "area", "hazard", "severity"]


class Outcome(msgspec.Struct):
    """What one set of rules made of the recordings."""

    events: list[CloudEvent]
    scores: "dict[str, dict[str, Score]]"
    load: "Load"


class Bare(msgspec.Struct):
    """What bare thresholds made of them: how many alerts, and their scores."""

    alerts: int
    scores: "dict[str, dict[str, Score]]"


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
    parser.add_argument(
        "--bare",
        action="store_true",
        help="beside ours, what the same thresholds would do with nothing around them",
    )
    parser.add_argument("--all-sensors", action="store_true", help="also those the recordings do not name")
    parser.add_argument("--json", action="store_true", help="events, scores and load as JSON")


def run(options: argparse.Namespace) -> int:
    """Judge, and print; 0 done, 2 when it can't be done as asked."""
    from services.alerts.hazards import extra_properties
    from services.cli import folder
    from services.cli.backtest_show import show
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
    if not len(recorded):
        return complain(
            f"no reading of a sensor of {options.site} is left → compare the names with sensors.csv,"
            " and look at --from and --to",
            f"không còn số đo nào của cảm biến thuộc {options.site} → so tên với sensors.csv,"
            " và xem lại --from, --to",
        )
    outcome = judge(site, recorded, truth, everyone=options.all_sensors)
    compared = judge(other, recorded, truth, everyone=options.all_sensors) if other is not None else None
    bare = judge_bare(site, recorded, truth) if options.bare else None
    if options.json:
        answer: dict[str, Any] = msgspec.structs.asdict(outcome)
        answer |= {"against": compared} if compared is not None else {}
        answer |= {"bare": bare} if bare is not None else {}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.flush()
        return 0
    show(outcome, recorded, bare)
    if compared is not None:
        out(f"\nagainst {options.against}:")
        show(compared, recorded, None)
    return 0


def judge(
    site: "Site", recorded: "Recorded", truth: "Sequence[Happened] | None", *, everyone: bool
) -> Outcome:
    """Run the engine over recorded readings. Sensors that never spoke are left out unless `everyone`."""
    from services.alerts import score
    from services.alerts.engine import Engine
    from services.alerts.hazards import extra_properties
    from services.alerts.rule import COMBINED, parse_rules
    from services.cli.backtest_show import Meter
    from services.cli.steps import messages

    rules, _ = parse_rules(site)
    heard = recorded.heard(len(site.sensors)).tolist()
    names = [name for at, name in enumerate(site.sensors) if everyone or heard[at]]
    part = msgspec.structs.replace(site, sensors={name: site.sensors[name] for name in names})
    first = int(recorded.arrival[0]) if len(recorded) else 0
    last = int(recorded.arrival[-1]) if len(recorded) else 0
    engine = Engine(part, rules, t=first)
    meter = Meter(len(recorded))
    events: list[CloudEvent] = []
    together = any(rule.kind in COMBINED for rule in rules)
    steps = messages(recorded, site, extra_properties(), together=together, progress=meter.at)
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


def judge_bare(site: "Site", recorded: "Recorded", truth: "Sequence[Happened] | None") -> Bare:
    """What the thresholds of the site's rules would say alone, with nothing around them."""
    from services.alerts import score
    from services.alerts.bare import bare
    from services.alerts.rule import parse_rules

    found = bare(site, parse_rules(site)[0], recorded.row, recorded.time, recorded.value)
    return Bare(len(found), score.score_alerts(found, truth) if truth is not None else {})


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
