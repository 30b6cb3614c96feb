"""`haidang replay`: send recordings as the gateways of a site would have sent them."""

import argparse
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.words import complain, say
from services.observation.instants import iso

if TYPE_CHECKING:
    from simulators.replay import Replay

PROGRESS_S = 1.0
PATIENCE_S = 20.0
FAILED, INTERRUPTED = 1, 130


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `replay`."""
    from services.cli import COMMANDS

    parser = subparsers.add_parser("replay", help=COMMANDS["replay"].text, description=__doc__)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="recordings: CSV or JSON lines, gzip allowed"
    )
    parser.add_argument("--mqtt", required=True, metavar="HOST:PORT", help="the broker gateways send to")
    parser.add_argument("--site", required=True, type=Path, metavar="DIR", help="whose gateways to speak for")
    parser.add_argument(
        "--speed", type=speed, default=None, metavar="N|max", help="times real time; default max"
    )
    parser.add_argument("--plain", action="store_true", help="bare packs; done at the last PUBACK")
    parser.add_argument("--credentials", type=Path, metavar="FILE", help="JSON with user and password")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def speed(text: str) -> float | None:
    """`max` or a factor above 0.

    Raises:
        argparse.ArgumentTypeError: neither.
    """
    if text == "max":
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        msg = f"{text!r} is neither max nor a number above 0"
        raise argparse.ArgumentTypeError(msg)
    return factor


def run(options: argparse.Namespace) -> int:
    """Send everything; 0 when all is stored, 1 when something could not be sent, 2 when nothing can."""
    from simulators.recording import RecordingError
    from simulators.replay import Replay, ReplayError, Target, load
    from simulators.routes import RouteError, read_routes

    try:
        target = Target(*address(options.mqtt), *credentials(options.credentials), plain=options.plain)
        routes = read_routes((options.site / "site.toml").read_bytes())
        recording = load(options.files)
    except OSError as error:
        return complain(
            f"{error.filename}: {error.strerror} → check the path", f"{error.filename}: kiểm tra đường dẫn"
        )
    except (RecordingError, RouteError, ValueError) as error:
        return complain(str(error))
    for file, count in recording.readings.skipped.items():
        say(f"{file}: {count} rows without a value left out / bỏ qua {count} dòng không có giá trị")
    replay = Replay(recording, routes, target, speed=options.speed, notice=say)
    _name_unknown(replay)
    if replay.progress.total == 0:
        say("nothing is recorded in these files / không có dữ liệu trong các tệp này")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: replay.stop())
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(replay, done, options.quiet), daemon=True)
    watcher.start()
    begun = time.monotonic()
    try:
        complete = replay.run()
    except ReplayError as error:
        return complain(str(error), "không kết nối được MQTT → xem lại --mqtt, và máy chủ có đang chạy không")
    except KeyboardInterrupt:
        complete = False
    finally:
        done.set()
        watcher.join()
        left = replay.unstored
        replay.close()
    return _end(replay, time.monotonic() - begun, left, complete=complete, plain=options.plain)


def _end(replay: "Replay", took: float, left: int, *, complete: bool, plain: bool) -> int:
    progress = replay.progress
    if not complete:
        say(f"stopped: {progress.sent:,} of {progress.total:,} sent, {left:,} packs not stored / đã dừng")
        return INTERRUPTED
    state = "PUBACKed" if plain else "stored"
    say(f"{progress.sent:,} sent and {state} in {took:.1f} s ({progress.sent / max(took, 1e-9):,.0f}/s)")
    return FAILED if progress.skipped else 0


def _name_unknown(replay: "Replay") -> None:
    stations, networks = replay.unknown()
    kinds = (("station", "trạm", stations), ("strike network", "mạng định vị sét", networks))
    for what, vi, names in kinds:
        for name in names[:20]:
            say(
                f"{what} {name}: no gateway of the site speaks for it → list it under one in site.toml"
                f" / {vi} {name}: chưa thuộc gateway nào → khai báo trong site.toml"
            )
        if len(names) > 20:  # noqa: PLR2004  enough to see what is wrong
            say(f"… and {len(names) - 20} more / và {len(names) - 20} mục khác")


def _watch(replay: "Replay", done: threading.Event, quiet: bool) -> None:  # noqa: FBT001  a thread's argument
    """Say how far it is, and why it does not go on."""
    last, since = (-1, -1), time.monotonic()
    while not done.wait(PROGRESS_S):
        progress, now = replay.progress, (replay.progress.sent, replay.stored)
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > PATIENCE_S and replay.unstored:
            say(
                f"no news for {PATIENCE_S:.0f} s: {replay.problem or 'ingest or the archive does not answer'}"
                " → `haidang doctor` / chưa nhận được xác nhận lưu trữ"
            )
            since = time.monotonic()
        if not quiet:
            at = iso(progress.at // 1_000_000 * 1_000_000) if progress.at else ""
            say(f"{progress.sent:,}/{progress.total:,} sent, {replay.unstored:,} packs on their way {at}")


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT` → its two parts; `[::1]:1883` and `mqtt://` are understood.

    Raises:
        ValueError: not an address.
    """
    host, colon, port = text.removeprefix("mqtt://").rstrip("/").rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004  ports
        msg = f"--mqtt {text!r}: give HOST:PORT, as 127.0.0.1:1883"
        raise ValueError(msg)
    return host.strip("[]"), int(port)


def credentials(file: Path | None) -> tuple[str | None, str | None]:
    """User and password for the broker; None where no file is named.

    Raises:
        ValueError: the file can't be used.
    """
    from services.runtime.settings import read_credentials

    return (None, None) if file is None else read_credentials(file)
