"""`haidang backup`: everything a site needs to go on elsewhere, taken while it runs."""

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.words import complain, of_the_world, out, say

if TYPE_CHECKING:
    from services.cli.backup.format import Manifest

NICE = 10
"""Alerting and storing go first; a backup may take longer."""


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `backup`."""
    parser = subparsers.add_parser(
        "backup",
        help=COMMANDS["backup"].text,
        description="Write a dated folder haidang-<site>-<time> into DIR, while the system runs or not."
        " Every night by a timer: haidang backup DIR --data DATA --keep 14",
    )
    parser.add_argument("shelf", metavar="DIR", help="folder for backups, best on another disk")
    parser.add_argument("--data", metavar="DIR", help="data folder of haidang up")
    parser.add_argument(
        "--nats",
        metavar="URL",
        help="where services run without haidang up: their server, with user and password",
    )
    parser.add_argument("--database", metavar="URL", help="with --nats: their database")
    parser.add_argument("--keep", metavar="N", type=int, help="afterwards remove all but the newest N")
    parser.add_argument(
        "--without-database",
        action="store_true",
        help="leave the history out: for a server with backups of its own",
    )
    parser.add_argument("--json", action="store_true", help="for a script")


def run(options: argparse.Namespace) -> int:
    """Take a backup; its path goes to stdout."""
    shelf = Path(options.shelf).resolve()
    data = Path(options.data).resolve() if options.data else None
    if data is None and options.nats is None:
        return complain("--data DIR is needed, or --nats URL", "cần --data THƯ_MỤC hoặc --nats URL")
    if options.keep is not None and options.keep < 1:
        return complain("--keep: 1 or more", "--keep: từ 1 trở lên")
    if data is not None and data in (shelf, *shelf.parents):
        return complain(
            f"{shelf} lies in the data folder and would be lost with it → choose a folder elsewhere",
            f"{shelf} nằm trong thư mục dữ liệu, mất cùng lúc → chọn thư mục khác",
        )
    return guarded(lambda: _run(options, data, shelf))


def _run(options: argparse.Namespace, data: Path | None, shelf: Path) -> int:
    from services.api.measured import BACKUP
    from services.cli.backup import shelf as backup_shelf
    from services.cli.backup import work as backup_work

    begun = time.monotonic()
    whole = not options.without_database
    if options.nats is not None:
        taking = take_from(options.nats, options.database, data, shelf, with_database=whole)
    elif data is not None:
        taking = take_of(data, shelf, with_database=whole)
    place, manifest = backup_work.run(taking)
    if data is not None:
        (data / BACKUP).touch(mode=0o600)  # its time is the last backup's, for /metrics and `haidang doctor`
    gone = backup_shelf.keep(shelf, manifest.site, options.keep) if options.keep else []
    for name in gone:
        say(f"removed {name} / đã xóa bản cũ")
    took = time.monotonic() - begun
    say(f"{manifest.bytes / 2**20:,.1f} MB in {took:.1f} s / xong")
    if manifest.mqtt_waiting:
        say(
            f"{manifest.mqtt_waiting} messages waited at the broker and are not in it"
            " / bản tin còn chờ ở broker không có trong bản sao lưu"
        )
    out(json.dumps(summary(place, manifest, took, gone)) if options.json else str(place))
    return 0


async def take_from(
    nats: str, database: str | None, data: Path | None, shelf: Path, *, with_database: bool
) -> "tuple[Path, Manifest]":
    """A backup of services that run without `haidang up`, as in containers.

    Raises:
        OperatorError: it can't be taken; with words.
        NatsError, TimeoutError, psycopg.Error, OSError: a server or the disk.
    """
    from services.cli.backup.format import BackupError
    from services.cli.backup.servers import Servers, connected
    from services.cli.backup.take import take
    from services.cli.backup.work import Progress
    from services.observation.text import Text

    if with_database and database is None:
        raise BackupError(
            Text("--nats cần --database URL", "--nats needs --database URL"),
            Text("hoặc --without-database để bỏ lịch sử", "or --without-database to leave the history out"),
        )
    async with connected(nats, "backup") as js:
        return await take(Servers(js, database), data, shelf, Progress(), with_database=with_database)


async def take_of(data: Path, shelf: Path, *, with_database: bool = True) -> "tuple[Path, Manifest]":
    """A backup of a data folder, whose system runs or does not.

    Raises:
        OperatorError: it can't be taken; with words.
        NatsError, TimeoutError, psycopg.Error, OSError: a server or the disk.
    """
    from services.cli.backup.format import BackupError
    from services.cli.backup.servers import Servers, connected, of_folder
    from services.cli.backup.take import take
    from services.cli.backup.work import Progress
    from services.cli.up.planning import lock
    from services.observation.text import Text
    from services.runtime import formats, run_file

    held = formats.number(data)
    formats.refuse_newer(held, str(data))
    if held == 0:
        raise BackupError(
            Text(f"{data} không có dữ liệu", f"{data} holds no data"),
            Text("chỉ ra thư mục --data của haidang up", "name the --data folder of haidang up"),
        )
    os.nice(NICE)
    found, progress = run_file.read(data), Progress()
    if found is not None and found.is_running():
        async with connected(found.nats, "backup") as js:
            servers = Servers(js, found.database)
            return await take(servers, data, shelf, progress, with_database=with_database)
    progress.step(Text("hệ thống đang dừng: chỉ mở kho dữ liệu", "the system is stopped: opening its stores"))
    with lock(data):
        async with of_folder(data, "backup", found, with_database=with_database) as servers:
            return await take(servers, data, shelf, progress, with_database=with_database)


def summary(place: Path, manifest: "Manifest", took_s: float, gone: list[str]) -> dict[str, Any]:
    """What `--json` prints."""
    tables = manifest.database.tables if manifest.database else {}
    return {
        "backup": str(place),
        "site": manifest.site,
        "release": manifest.release,
        "started": manifest.started,
        "finished": manifest.finished,
        "seconds": round(took_s, 3),
        "bytes": manifest.bytes,
        "streams": {name: {"epoch": p.epoch, "last": p.last} for name, p in manifest.streams.items()},
        "rows": {name: part.rows for name, part in tables.items()},
        "mqtt_waiting": manifest.mqtt_waiting,
        "removed": gone,
    }


def guarded(work: Any) -> int:
    """Do it; every error that an operator can mend is a sentence in both languages and exit code 2."""
    import psycopg
    from nats.errors import Error as NatsError

    from services.cli.folder import Refused
    from services.runtime import logging
    from services.runtime.errors import OperatorError
    from services.schema import SchemaTooNew

    logging.configure(lowest="warning")
    try:
        return int(work())
    except Refused as refused:
        return refused.code
    except OperatorError as error:
        words = error.text.en, error.text.vi
    except SchemaTooNew as error:
        words = str(error), "cơ sở dữ liệu thuộc phiên bản mới hơn → cài phiên bản đó"
    except (NatsError, TimeoutError) as error:
        words = (
            f"NATS: {error!r} → see whether the system runs as it should, then try again",
            f"NATS: {error!r} → xem hệ thống có chạy bình thường không rồi thử lại",
        )
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        words = (
            f"database: {said} → see whether it runs; haidang backup --without-database leaves it out",
            f"cơ sở dữ liệu: {said} → kiểm tra nó có chạy không; haidang backup --without-database để bỏ qua",
        )
    except OSError as error:
        words = of_the_world(error)
    return complain(*words)
