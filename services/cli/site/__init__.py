"""`haidang site check|push|pull|rules`: a site's files, against themselves and against what runs."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.folder import (
    Checked,
    Refused,
    check_files,
    check_site,
    load_site,
    read_site_folder,
    rules_of,
    tonight,
)
from services.cli.running import with_running
from services.cli.words import complain, counted, of_the_world, out, say
from services.observation.site import Site, version_of
from services.runtime.clock import now_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.js import JetStreamContext

    from services.alerts.reach import Reach
    from services.alerts.rule import Rule

KEPT = ".before-pull"


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """The four verbs."""
    parser = subparsers.add_parser("site", help=COMMANDS["site"].text)
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    check = verbs.add_parser("check", help="find every problem in a site's files")
    rules = verbs.add_parser("rules", help="list the rules in force, the hazards' own included")
    push = verbs.add_parser("push", help="make the files the running version")
    pull = verbs.add_parser("pull", help="write the running version into the folder")
    for verb in (check, rules, push, pull):
        verb.add_argument("dir", metavar="DIR", help="the site's folder")
    for verb in (check, rules):
        verb.add_argument("--json", action="store_true", help="for a script")
    for verb in (push, pull):
        verb.add_argument(
            "--data", metavar="DIR", required=True, help="data folder of the running haidang up"
        )


def run(options: argparse.Namespace) -> int:
    """Run a verb: 0 done, 2 when something must be mended first."""
    verb: Callable[[argparse.Namespace], int] = {
        "check": _check,
        "rules": _rules,
        "push": _push,
        "pull": _pull,
    }[options.verb]
    try:
        return verb(options)
    except Refused as refused:
        return refused.code
    except BrokenPipeError:  # not a fault of a file: `| head` has read enough
        raise
    except OSError as error:
        return complain(*of_the_world(error))


def counts(site: Site) -> dict[str, int]:
    """How much of everything a site declares."""
    return {
        "areas": len(site.areas),
        "gateways": len(site.gateways),
        "sources": len(site.sources),
        "stations": len(site.stations),
        "sensors": len(site.sensors),
        "rules": len(site.rules),
    }


def _check(options: argparse.Namespace) -> int:
    checked = check_site(options.dir)
    if options.json:
        out(json.dumps(_as_json(checked), ensure_ascii=False))
    else:
        for problem in checked.problems:
            out(f"{problem.level}: {problem}")
        if checked.site is not None:
            told = ", ".join(f"{number} {name}" for name, number in counts(checked.site).items())
            out(f"site {checked.site.id} {version_of(checked.files)[:12]}: {told}")
            for line in tonight(checked, now_us()):
                out(line)
        levels = Counter(problem.level for problem in checked.problems)
        errors, warnings = levels["error"], levels["warning"]
        told = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        out(f"{told} / {errors} lỗi, {warnings} cảnh báo")
    return 2 if checked.errors else 0


def _as_json(checked: Checked) -> dict[str, Any]:
    problems = [
        {
            "file": problem.file,
            "line": problem.line,
            "level": problem.level,
            "what": {"vi": problem.what.vi, "en": problem.what.en},
            "remedy": {"vi": problem.remedy.vi, "en": problem.remedy.en},
        }
        for problem in checked.problems
    ]
    site = checked.site
    return {
        "site": site.id if site else None,
        "version": version_of(checked.files),
        "counts": counts(site) if site else None,
        "problems": problems,
    }


def _rules(options: argparse.Namespace) -> int:
    from services.alerts.reach import reach

    site = load_site(options.dir)
    rules, _ = rules_of(site)
    watched = reach(site, rules)
    rows = [_row(rule, watched[rule.id]) for rule in sorted(rules, key=lambda rule: (rule.hazard, rule.id))]
    if options.json:
        out(json.dumps(rows, ensure_ascii=False))
        return 0
    for row in rows:
        rungs = " ".join(f"{name}={value}" for name, value in row["rungs"].items())
        origin = "default" if row["default"] else "site"
        line = f"{row['hazard']:12} {row['id']:32} {row['kind']:10} {_watches(row)}"
        out(f"{line} [{origin} {row['version']}] {rungs}".rstrip())
        out(f"    {row['status']}: {row['source'] or '-'}{_validity(row)}")
        out(f"    {row['text']['vi']} / {row['text']['en']}")
    out(f"{counted(len(rows), 'rule')} / {len(rows)} quy tắc")
    return 0


def _watches(row: dict[str, Any]) -> str:
    """What a rule judges: sensors, or areas where it joins several."""
    on = f"on {counted(row['sensors'], 'sensor')}"
    areas = "" if row["areas"] is None else f" in {counted(row['areas'], 'area')}"
    return f"{row['property'] or '-'} {on}{areas}"


def _validity(row: dict[str, Any]) -> str:
    """Dates between which a rule holds, where it has any."""
    first, last = row["valid_from"], row["valid_to"]
    return f" ({first or '…'} – {last or '…'})" if first or last else ""


def _row(rule: "Rule", watched: "Reach") -> dict[str, Any]:
    from services.alerts.saying import says

    said = says(rule)
    return {
        "id": rule.id,
        "hazard": rule.hazard,
        "kind": str(rule.kind),
        "property": rule.property,
        "rungs": rule.rungs_said(),
        "sensors": watched.sensors,
        "areas": watched.areas,
        "source": rule.source,
        "status": rule.status,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "text": {"vi": said.vi, "en": said.en},
        "default": rule.default,
        "version": rule.version,
    }


def _push(options: argparse.Namespace) -> int:
    load_site(options.dir)
    files = read_site_folder(options.dir)
    data = Path(options.data)

    async def push(js: "JetStreamContext") -> int:
        from services.cli.site.base import read_base, write_base
        from services.runtime import sites

        try:
            published = await sites.publish(js, files, read_base(data, options.dir))
        except sites.StaleBase as stale:
            return stale_words(stale, options.dir, options.data)
        write_base(data, options.dir, published.version)
        state = "published / đã nạp" if published.changed else "runs already / đang chạy sẵn"
        out(f"{published.version[:12]} {state}")
        return 0

    return with_running(data, "site", push)


def _pull(options: argparse.Namespace) -> int:
    folder, data = Path(options.dir), Path(options.data)
    folder.mkdir(parents=True, exist_ok=True)

    async def pull(js: "JetStreamContext") -> int:
        from services.cli.site.base import write_base
        from services.runtime import sites

        running = await sites.current(js)
        if running is None:
            return complain("no site runs there yet → haidang site push", "chưa có cấu hình nào đang chạy")
        files = await sites.files_of(js, running.version)
        _write_back(folder, files)
        write_base(data, folder, running.version)
        out(f"{running.version[:12]} written to {folder} / đã ghi vào {folder}")
        for problem in check_files(files).problems:
            say(f"{problem.level}: {problem}")
        return 0

    return with_running(data, "site", pull)


def _write_back(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files; what they replace is kept beside them, so that no one's work is lost."""
    from services.observation.site import EVERY_FILE

    for name in EVERY_FILE:
        file, content = folder / name, files.get(name)
        old = file.read_bytes() if file.exists() else None
        if old == content:
            continue
        if old is not None:
            file.replace(folder / (name + KEPT))
            say(f"{name}: your version is kept as {name}{KEPT} / bản của bạn được giữ ở {name}{KEPT}")
        if content is not None:
            file.write_bytes(content)


def stale_words(stale: Any, folder: str, data: str) -> int:
    """Show what differs and how to get out of it."""
    say(stale.diff)
    remedy = f"haidang site pull {folder} --data {data}"
    return complain(
        f"{stale}: someone else changed it; the difference is above → {remedy} (your files are kept beside),"
        " then make your changes again",
        f"cấu hình đang chạy đã được người khác thay đổi (khác biệt ở trên) → {remedy}"
        " (bản của bạn được giữ lại), rồi sửa lại",
    )
