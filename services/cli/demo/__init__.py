"""`haidang demo`: everything on this machine, a simulated city with a story, and the news as they come."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from services.cli.demo.news import follow, reader
from services.cli.demo.orders import Orders
from services.cli.demo.tale import Plan, Tale, plan
from services.cli.numerals import vietnamese
from services.cli.simulate import SEED, script_of
from services.cli.words import complain, of_the_world, out, say
from services.observation.instants import SECOND

if TYPE_CHECKING:
    from services.observation.site import Site
    from simulators.publisher import Publisher

SITE = Path(__file__).resolve().parents[3] / "sites" / "vung-tau"
READY_S, STOP_S, TAIL = 120.0, 12.0, 20
CONFIRM = ("HAIDANG_COMMAND_CONFIRM_S", "5")
"""Street lights that do not answer are told of within the minute of watching, not after eight."""


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `demo`: those of `up`, and the story's."""
    from services.cli import COMMANDS
    from services.cli.up import add_options

    parser = subparsers.add_parser("demo", help=COMMANDS["demo"].text, description=__doc__)
    add_options(parser, needs_site=False)
    parser.add_argument("--site", metavar="DIR", default=str(SITE), help="default: the example site Vũng Tàu")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the weather")
    parser.add_argument("--story", metavar="FILE|none", help="default: simulate.toml of the site")
    parser.add_argument("--language", choices=("vi", "en"), help="of the news; default: as the terminal's")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after so long; default: at Ctrl-C")


def run(options: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM or the end of `up`."""
    from simulators.city.place import read_site

    try:
        site = read_site(Path(options.site))
    except OSError as error:
        return complain(*of_the_world(error))
    except ValueError as error:
        return complain(f"--site {options.site}: {error}")
    try:
        script = script_of(Path(options.site), site, options.story)
    except ValueError as error:  # the text names the option or the file
        return complain(str(error))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as rooms:
        data = options.data or rooms.enter_context(tempfile.TemporaryDirectory(prefix="haidang-demo-"))
        Path(data).mkdir(parents=True, exist_ok=True)
        log = Path(data) / "demo.log"
        with log.open("wb") as stream:  # the terminal is for the news
            child = subprocess.Popen(
                _command(options, data),
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                env={CONFIRM[0]: CONFIRM[1], **os.environ},
            )
        rooms.callback(_end, child)
        mqtt, http = _wait_ready(child, stop)
        if http is None or mqtt is None:
            say("\n".join(log.read_text("utf-8", "replace").splitlines()[-TAIL:]))
            return child.poll() or (0 if stop.is_set() else 1)
        who = reader(site.zone, options.language)
        played = plan(Path(data), site, script, options.seed, int(time.time()) * SECOND)
        _greet(http, site, played, log)
        publisher = _publisher(mqtt, site, played, options.seed)
        rooms.callback(publisher.close)
        tale = Tale(played, publisher, site, http, who)
        threading.Thread(target=follow, args=(http, who, stop, tale.reach), daemon=True).start()
        threading.Thread(target=tale.looking, args=(stop,), daemon=True).start()
        orders = Orders(http, played.script.story, played.start, who, publisher)
        orders.skip(played.at)
        threading.Thread(target=orders.run, args=(stop, lambda: publisher.progress.at), daemon=True).start()
        city = threading.Thread(target=publisher.run, daemon=True)
        city.start()
        until = time.monotonic() + (options.seconds or float("inf"))
        while not stop.wait(0.1) and child.poll() is None and time.monotonic() < until:
            tale.reach(publisher.progress.at)
            tale.mark(Path(data))
        stop.set()
        publisher.stop()
        city.join(STOP_S)
        return child.poll() or 0


def _publisher(mqtt: str, site: "Site", played: Plan, seed: int) -> "Publisher":
    """What is stored of a story is passed over: by the same seed it goes on as it would have."""
    from simulators.agents import Target
    from simulators.city.city import Simulation
    from simulators.publisher import Publisher

    host, _, port = mqtt.rpartition(":")
    story = played.script.story
    simulation = Simulation(site, played.script, seed, played.start)
    simulation.until(played.at)
    return Publisher(simulation, Target(host, int(port)), speed=story.speed if story else 1.0, notice=say)


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


def _greet(http: str, site: "Site", played: Plan, log: Path) -> None:
    out(f"home      {http}/        (trang chủ)")
    out(f"API       {http}/docs")
    out(f"events    curl -N {http}/api/v1/events/stream")
    out(f"log       {log}")
    out(
        f"{site.name.vi}: {len(site.stations)} trạm, {len(site.sensors)} cảm biến"
        f" / {len(site.stations)} stations, {len(site.sensors)} sensors; Ctrl-C"
    )
    story = played.script.story
    if story:
        hours = (played.start + story.minutes * 60 * SECOND - played.at) / (3600 * SECOND)
        out(
            f"Câu chuyện: {vietnamese(hours, 1)} giờ, nhanh gấp {story.speed:g} lần, rồi đến hiện tại"
            f" / The story: {hours:.1f} hours at {story.speed:g} times their pace, then the present"
        )


def _end(child: "subprocess.Popen[str]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
