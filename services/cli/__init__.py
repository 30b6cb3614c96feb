"""The commands. Each is a module of this room, imported only when it is asked for."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives, and its line in the help."""

    module: str
    text: str


COMMANDS: dict[str, Command] = {
    "up": Command("up", "run everything on this machine / chạy toàn bộ hệ thống trên máy này"),
    "demo": Command("demo", "the same with a simulated city / chạy thử với thành phố mô phỏng"),
    "ingest": Command("service", "service: from MQTT to the stream of readings"),
    "archive": Command("service", "service: from the streams to the database"),
    "alerts": Command("service", "service: rules, from readings to alerts"),
    "keeper": Command("service", "service: what time decides about alerts"),
    "api": Command("service", "service: HTTP and push"),
    "lighting": Command("service", "service: plans and orders to street lights, until they are confirmed"),
    "roads": Command("service", "service: what goes out to people and other systems"),
    "link": Command("service", "service: what other sites say, and what is asked of them"),
    "simulate": Command("simulate", "a plausible city from a seed / mô phỏng một thành phố từ một con số"),
    "replay": Command("replay", "send a recording as if it happened now / phát lại dữ liệu đã ghi"),
    "backtest": Command(
        "backtest", "judge rules on recordings / kiểm nghiệm quy tắc cảnh báo trên dữ liệu đã ghi"
    ),
    "explain": Command("explain", "why an alert, and why none / vì sao có cảnh báo, vì sao không"),
    "exercise": Command(
        "exercise", "a storm or a recording beside the real operation / diễn tập song song với vận hành thật"
    ),
    "site": Command("site", "check, push and pull a site's files / kiểm tra, nạp, lấy về cấu hình địa bàn"),
    "people": Command("people", "accounts, roles, tokens / tài khoản, vai trò, mã truy cập"),
    "schema": Command("schema", "bring a database's tables up to date"),
    "doctor": Command(
        "doctor", "what is wrong here, and what to do / kiểm tra hệ thống: sai gì, phải làm gì"
    ),
    "backup": Command("backup", "everything to go on elsewhere, while it runs / sao lưu khi đang chạy"),
    "restore": Command("restore", "a backup into a new data folder / khôi phục từ bản sao lưu"),
    "upgrade": Command("upgrade", "a data folder to this release, and back / nâng cấp dữ liệu, và quay lại"),
    "bench": Command("bench", "measure the promised figures / đo các chỉ tiêu đã cam kết"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the value is the exit code: 0 done, 1 failed, 2 can't be done as asked."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = COMMANDS.get(next((word for word in given if not word.startswith("-")), ""))
    module = importlib.import_module(f"{__name__}.{asked.module}") if asked and _exists(asked) else None
    options = _parser(asked, module).parse_args(given)
    if module is None:  # argparse has refused the word already; this is for the reader and mypy
        return 2
    try:
        return int(module.run(options))
    except BrokenPipeError:  # whoever read our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _exists(command: Command) -> bool:
    return find_spec(f"{__name__}.{command.module}") is not None


def _parser(asked: Command | None, module: ModuleType | None) -> argparse.ArgumentParser:
    """A parser that knows all commands by name, and only the one asked for in full."""
    parser = argparse.ArgumentParser(
        prog="haidang",
        description="Hải Đăng: early warning and city sensors / cảnh báo sớm và cảm biến đô thị",
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, command in COMMANDS.items():
        if asked is not None and command.module == asked.module:
            continue
        if _exists(command):
            subparsers.add_parser(name, help=command.text, add_help=False)
    if module is not None:
        module.add(subparsers)
    return parser
