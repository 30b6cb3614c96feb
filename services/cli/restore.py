"""`haidang restore`: a backup into a new data folder, from which `haidang up` goes on."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from services.cli import COMMANDS
from services.cli.backup import guarded
from services.cli.words import complain, out, say


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `restore`."""
    parser = subparsers.add_parser(
        "restore",
        help=COMMANDS["restore"].text,
        description="DIR is a backup, or a folder of backups: then the newest one is taken.",
    )
    parser.add_argument("backup", metavar="DIR", nargs="?", help="what haidang backup wrote")
    parser.add_argument("--data", metavar="DIR", required=True, help="new data folder, missing or empty")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="put the history into this empty database; default: the embedded one",
    )
    parser.add_argument(
        "--nats",
        metavar="URL",
        help="put the streams into this server, which has none; default: the embedded one",
    )
    parser.add_argument(
        "--gaps",
        action="store_true",
        help="instead: what a running system misses since its restore, by gateway and hour",
    )
    parser.add_argument("--json", action="store_true", help="for a script")


def run(options: argparse.Namespace) -> int:
    """Restore, or show what a restore has cost."""
    if options.gaps:
        return guarded(lambda: _gaps(Path(options.data).resolve(), as_json=options.json))
    if options.backup is None:
        return complain("which backup? → haidang restore DIR --data NEW", "khôi phục từ thư mục nào?")
    return guarded(lambda: _restore(options))


def _restore(options: argparse.Namespace) -> int:
    from services.cli.backup import shelf as backup_shelf
    from services.cli.backup import work as backup_work
    from services.cli.backup.put import put

    begun = time.monotonic()
    folder = backup_shelf.newest(Path(options.backup).resolve())
    data = Path(options.data).resolve()
    manifest = backup_work.run(put(folder, data, options.database, options.nats))
    took = time.monotonic() - begun
    taken = manifest.finished.partition(".")[0].rstrip("Z") + "Z"
    say(f"restored {folder.name}: all up to {taken} UTC, in {took:.1f} s / đã khôi phục đến {taken} UTC")
    for note in manifest.notes[:2]:
        say(f"{note.en} / {note.vi}")
    more = "".join(f" --{name} URL" for name in ("database", "nats") if getattr(options, name))
    say(f"now start: haidang up --site {folder / 'site'} --data {data}{more} / khởi động bằng lệnh này")
    say(
        "better from a folder of your own with the same files: --keep may remove that backup"
        " / nên dùng thư mục địa bàn của bạn: --keep có thể xóa bản sao lưu đó"
    )
    if options.json:
        done = {
            "data": str(data),
            "backup": str(folder),
            "site": manifest.site,
            "release": manifest.release,
            "taken": manifest.finished,
            "seconds": round(took, 3),
        }
        out(json.dumps(done))
    else:
        out(str(data))
    return 0


def _gaps(data: Path, *, as_json: bool) -> int:
    from services.cli.backup import gaps as backup_gaps
    from services.cli.backup import work as backup_work

    found = backup_work.run(backup_gaps.look(data))
    if as_json:
        out(json.dumps(found.as_json(), ensure_ascii=False))
        return 0
    for line in found.lines():
        out(line)
    return 0
