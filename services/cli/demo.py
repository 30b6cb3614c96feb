"""`haidang demo`: everything on this machine, a simulated city, and the news as they come."""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from services.cli.words import complain, out, say

if TYPE_CHECKING:
    from services.observation.site import Site

SITE = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"
READY_S, STOP_S, TAIL = 120.0, 12.0, 20
SEED = 26506
_MARKS = {"raised": "▲", "escalated": "▲", "eased": "▽", "cleared": "▽", "blind": "●", "sighted": "○"}
_VERBS = {
    "raised": "phát sinh/raised",
    "escalated": "tăng cấp/escalated",
    "eased": "giảm cấp/eased",
    "cleared": "kết thúc/cleared",
    "blind": "mất tín hiệu/blind",
    "sighted": "có lại tín hiệu/sighted",
}


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `demo`: those of `up`, and a seed."""
    from services.cli import COMMANDS
    from services.cli.up import add_options

    parser = subparsers.add_parser("demo", help=COMMANDS["demo"].text, description=__doc__)
    add_options(parser, needs_site=False)
    parser.add_argument("--site", metavar="DIR", default=str(SITE), help="default: the example site Vũng Tàu")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the noise")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after so long; default: at Ctrl-C")


def run(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM or the end of `up`."""
    from simulators import demo

    try:
        site = demo.read_site(Path(options.site))
    except (OSError, ValueError) as error:
        return complain(f"--site {options.site}: {error}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as rooms:
        data = options.data or rooms.enter_context(tempfile.TemporaryDirectory(prefix="haidang-demo-"))
        Path(data).mkdir(parents=True, exist_ok=True)
        log = Path(data) / "demo.log"
        with log.open("wb") as stream:  # the terminal is for the news
            child = subprocess.Popen(
                _command(options, data), stdout=subprocess.PIPE, stderr=stream, text=True
            )
        rooms.callback(_end, child)
        mqtt, http = _wait_ready(child, stop)
        if http is None or mqtt is None:
            say("\n".join(log.read_text("utf-8", "replace").splitlines()[-TAIL:]))
            return child.poll() or (0 if stop.is_set() else 1)
        _greet(http, site, log)
        host, _, port = mqtt.rpartition(":")
        tasks = [
            threading.Thread(
                target=demo.run, args=((host, int(port)), site, options.seed, stop), kwargs={"notice": say}
            ),
            threading.Thread(target=_news, args=(http, stop), daemon=True),
        ]
        for task in tasks:
            task.start()
        until = time.monotonic() + (options.seconds or float("inf"))
        while not stop.wait(0.2) and child.poll() is None and time.monotonic() < until:
            pass
        stop.set()
        tasks[0].join(STOP_S)
        return child.poll() or 0


def _command(options: argparse.Namespace, data: str) -> list[str]:
    command = [sys.executable, "-m", "services.cli", "up", "--site", options.site, "--data", data]
    for name in ("http", "mqtt", "nats", "database", "credentials", "log"):
        if getattr(options, name) is not None:
            command += [f"--{name}", getattr(options, name)]
    return command + [
        flag
        for flag, given in (("--strict", options.strict), ("--trusted-network", options.trusted_network))
        if given
    ]


def _wait_ready(child: "subprocess.Popen[str]", stop: threading.Event) -> tuple[str | None, str | None]:
    """The two addresses that `up` prints; None when it ended or we were told to stop."""
    found: dict[str, str] = {}
    reader = threading.Thread(target=_listen, args=(child.stdout, found), daemon=True)
    reader.start()
    until = time.monotonic() + READY_S
    while "ready" not in found and child.poll() is None and not stop.wait(0.1) and time.monotonic() < until:
        pass
    return found.get("mqtt"), found.get("ready")


def _listen(stream: IO[str] | None, found: dict[str, str]) -> None:
    for line in stream or ():
        word, _, rest = line.strip().partition(" ")
        found[word] = rest
        out(line.rstrip())


def _greet(http: str, site: "Site", log: Path) -> None:
    out(f"console   {http}/        (bàn điều khiển)")
    out(f"API       {http}/docs")
    out(f"events    curl -N {http}/api/v1/events/stream")
    out(f"log       {log}")
    out(
        f"{site.name.vi}: {len(site.stations)} trạm, nước lên sau 15 giây; Ctrl-C để dừng"
        f" / {len(site.stations)} stations, the water rises in 15 s; Ctrl-C to stop"
    )


def _news(http: str, stop: threading.Event) -> None:
    """One line for each event of the stream, from the last one seen on."""
    token: str | None = None
    while not stop.is_set():
        headers: dict[str, str] = {"Last-Event-ID": token} if token else {}
        request = urllib.request.Request(f"{http}/api/v1/events/stream", headers=headers)  # noqa: S310  our own address
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=60) as stream:  # noqa: S310
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                if line.startswith("id:"):
                    token = line[3:].strip() or token
                elif line.startswith("data:") and (told := headline(line[5:])):
                    out(told)
        stop.wait(1.0)


def headline(text: str) -> str | None:
    """One line for an event; None for what is no event of an alert."""
    try:
        event = json.loads(text)
        verb = event["type"].split(".")[-2]
        alert = event["data"]
        reason = alert["reason"]
        where = alert.get("station") or alert.get("area") or ""
        at = time.strftime("%H:%M:%S")
        word = _VERBS.get(verb, verb)
        mark = _MARKS.get(verb, "·")
        return f"{at} {mark} {word:24} {alert['severity']:9} {where}: {reason['vi']} / {reason['en']}"
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _end(child: "subprocess.Popen[str]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
