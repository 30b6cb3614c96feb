"""`haidang upgrade`: a data folder of an older release to this one, and back."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.backup import guarded, take_of
from services.cli.words import complain, out, say
from services.runtime.clock import now_us

if TYPE_CHECKING:
    from services.cli.upgrade.steps import Copy


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `upgrade`."""
    parser = subparsers.add_parser(
        "upgrade",
        help=COMMANDS["upgrade"].text,
        description="Stop the system, install the new release, then run this or simply haidang up."
        " To go back: stop, run this release's upgrade --rollback, then install the older release.",
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="data folder of haidang up")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="say what would be done, and do nothing")
    what.add_argument("--rollback", action="store_true", help="back to the release before")
    parser.add_argument("--backup", metavar="DIR", help="take a whole backup into this folder first")
    parser.add_argument("--json", action="store_true", help="for a script")


def run(options: argparse.Namespace) -> int:
    """Upgrade, or say what that would be, or go back."""
    return guarded(lambda: _run(options, Path(options.data).resolve()))


def _run(options: argparse.Namespace, data: Path) -> int:
    from services.cli.backup import work as backup_work
    from services.cli.upgrade import steps as upgrade_steps
    from services.runtime import formats

    held = formats.number(data)
    if held == 0:
        return complain(
            f"{data} holds no data → name the --data folder of haidang up",
            f"{data} không có dữ liệu → chỉ ra thư mục --data của haidang up",
        )
    formats.refuse_newer(held, str(data))
    if options.check:
        return _check(data, held, as_json=options.json)
    copy = upgrade_steps.way_back(data) if options.rollback else None
    if options.backup:
        place, _ = backup_work.run(take_of(data, Path(options.backup).resolve()))
        say(f"backup {place} / đã sao lưu")
    if copy is None and held == formats.DATA:
        return _told(options, f"nothing to do: {data} has format {held} / không cần nâng cấp", held, ())
    if _refuse_running(data):
        return 2
    if copy is not None:
        steps = backup_work.run(_back(data, copy))
        line = f"{data} is of release {copy.release} again; install that release now / đã quay lại"
        return _told(options, line, copy.data, steps)
    steps = backup_work.run(_forward(data, held))
    line = f"{data} upgraded from format {held} to {formats.DATA}; start haidang up / đã nâng cấp"
    return _told(options, line, formats.DATA, steps)


async def _forward(data: Path, held: int) -> tuple[str, ...]:
    from services.cli.backup.servers import of_folder
    from services.cli.up.planning import lock
    from services.cli.upgrade import steps as upgrade_steps
    from services.runtime import run_file

    say("opening the stores / mở kho dữ liệu")
    with lock(data):
        async with of_folder(data, "upgrade", run_file.read(data)) as servers:
            return await upgrade_steps.forward(servers.js, servers.database, data, held)


async def _back(data: Path, copy: "Copy") -> tuple[str, ...]:
    from services.cli.backup.servers import of_folder
    from services.cli.up.planning import lock
    from services.cli.upgrade import steps as upgrade_steps
    from services.runtime import run_file

    if upgrade_steps.is_old(copy, now_us()):
        say(
            f"the upgrade was on {copy.taken}; the stream of readings reaches back 7 days, so the older"
            " release judges less than was received since"
            " / nâng cấp đã quá 7 ngày: bản cũ chỉ xét lại được 7 ngày"
        )
    with lock(data):
        async with of_folder(data, "upgrade", run_file.read(data)) as servers:
            return await upgrade_steps.back(servers.js, servers.database, data, copy)


def _check(data: Path, held: int, *, as_json: bool) -> int:
    from services.cli.upgrade import steps as upgrade_steps
    from services.runtime import formats

    steps = upgrade_steps.path_to(held)
    if as_json:
        todo = [{"to": n, "release": formats.KNOWN[n].release, **_text(n)} for n in steps]
        out(json.dumps({"held": held, "this": formats.DATA, "steps": todo}, ensure_ascii=False))
        return 0
    out(f"{data}: format {held}, this release {formats.release()} writes {formats.DATA}")
    for number in steps:
        text = formats.KNOWN[number].change
        by_itself = formats.KNOWN[number].by_itself
        how = "haidang up does it by itself" if by_itself else f"run haidang upgrade --data {data}"
        out(f"  {number} ({formats.KNOWN[number].release}): {text.en} / {text.vi}; {how}")
    if not steps:
        out("  nothing to do / không cần nâng cấp")
    return 0


def _text(number: int) -> dict[str, str]:
    from services.runtime import formats

    change = formats.KNOWN[number].change
    return {"vi": change.vi, "en": change.en}


def _refuse_running(data: Path) -> bool:
    from services.runtime import run_file

    found = run_file.read(data)
    if found is None or not found.is_running():
        return False
    pid = found.pids["up"]
    complain(
        f"the system of {data} runs → stop it first: kill {pid}, or systemctl stop haidang",
        f"hệ thống đang chạy → dừng nó trước: kill {pid} hoặc systemctl stop haidang",
    )
    return True


def _told(options: argparse.Namespace, line: str, data: int, steps: tuple[str, ...]) -> int:
    if options.json:
        out(json.dumps({"data": data, "schema": list(steps)}))
    else:
        out(line)
        for step in steps:
            out(f"  {step}")
    return 0
