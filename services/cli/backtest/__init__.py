"""`haidang backtest`: the real quality control and engine over recordings; no broker, no database."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli.backtest.judging import Bare, Outcome, judge, judge_bare
from services.cli.backtest.truth import TRUTH_COLUMNS, TruthError, read_truth
from services.cli.words import complain, of_the_world, say
from services.observation.instants import micros

if TYPE_CHECKING:
    from services.alerts.scoring.against import Differences
    from services.alerts.scoring.score import Happened
    from services.cli.backtest.recorded import Recorded
    from services.observation.site import Site

__all__ = ["Bare", "Outcome", "add", "judge", "judge_bare", "read_truth", "run"]


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
    parser.add_argument(
        "--against",
        type=Path,
        metavar="RULES.toml",
        help="other rules: what they would have changed / bộ quy tắc khác để so sánh",
    )
    parser.add_argument(
        "--report", type=Path, metavar="OUT.html", help="one page that shows it all / một trang báo cáo"
    )
    parser.add_argument("--about", metavar="TEXT", help="a line for the report: where the data come from")
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
    from services.cli.backtest.recorded import read
    from simulators.recording import RecordingError

    try:
        site = folder.load_site(options.site)
        truth = read_truth(options.truth, site) if options.truth else None
        other = _with_rules(options.site, options.against) if options.against else None
        recorded = read(options.files, site, extra_properties())
    except folder.Refused as refused:
        return refused.code
    except OSError as error:
        return complain(
            f"{error.filename}: {error.strerror} → check the path", f"{error.filename}: kiểm tra đường dẫn"
        )
    except TruthError as error:
        return complain(error.said.en, error.said.vi)
    except (RecordingError, ValueError) as error:
        return complain(str(error))
    _cut_to(recorded, options.start, options.end)
    for why, count in list(recorded.unused.items())[:20]:
        say(f"left out / bỏ qua: {why} ({count:,})")
    if not len(recorded) and not recorded.strikes:
        return complain(
            f"no reading of a sensor of {options.site} is left → compare the names with sensors.csv,"
            " and look at --from and --to",
            f"không còn số đo nào của cảm biến thuộc {options.site} → so tên với sensors.csv,"
            " và xem lại --from, --to",
        )
    return _judged(options, site, other, recorded, truth)


def _judged(
    options: argparse.Namespace,
    site: "Site",
    other: "Site | None",
    recorded: "Recorded",
    truth: "list[Happened] | None",
) -> int:
    from services.cli.backtest.report import Keeper, write_report
    from services.cli.backtest.show import show, show_against

    keeper = Keeper() if options.report else None
    outcome = judge(site, recorded, truth, everyone=options.all_sensors, watcher=keeper)
    compared = judge(other, recorded, truth, everyone=options.all_sensors) if other is not None else None
    differences = None if compared is None else _differences(outcome, compared)
    bare = judge_bare(site, recorded, truth) if options.bare else None
    if keeper is not None:
        try:
            size = write_report(options, site, recorded, keeper, outcome, bare, compared, differences, truth)
        except OSError as error:
            return complain(*of_the_world(error))
        say(f"report / báo cáo: {options.report} ({size / 1000:,.0f} kB)")
    if options.json:
        answer: dict[str, Any] = msgspec.structs.asdict(outcome)
        if compared is not None:
            answer["against"] = {**msgspec.structs.asdict(compared), "differences": differences}
        answer |= {"bare": bare} if bare is not None else {}
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.flush()
        return 0
    show(outcome, recorded, bare)
    if differences is not None and compared is not None:
        show_against(differences, outcome, compared, str(options.against))
    return 0


def _differences(outcome: Outcome, compared: Outcome) -> "Differences":
    from services.alerts.scoring.against import compare
    from services.alerts.scoring.score import occurrences

    return compare(occurrences(outcome.events), occurrences(compared.events))


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
    recorded.strikes = [
        one
        for one in recorded.strikes
        if (start is None or one.strike.time >= start) and (end is None or one.strike.time <= end)
    ]
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
