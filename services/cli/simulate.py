"""`haidang simulate`: a plausible city from a seed, sent as its gateways would send it, or written down."""

import argparse
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.numerals import vietnamese
from services.cli.replay import FAILED, INTERRUPTED, PATIENCE_S, PROGRESS_S, address, credentials, speed
from services.cli.words import complain, of_the_world, say
from services.observation.instants import SECOND, iso, micros

if TYPE_CHECKING:
    from services.observation.site import Site
    from simulators.city.city import Simulation
    from simulators.city.script import Script
    from simulators.publisher import Publisher

SEED = 26506
_OF_LAMPS = ("lamp_state", "active_power", "supply_current")
CATCH_UP_S = 86_400.0
"""A simulation faster than time, without an end of its own, begins so long ago."""


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `simulate`."""
    from services.cli import COMMANDS

    parser = subparsers.add_parser("simulate", help=COMMANDS["simulate"].text, description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--mqtt", metavar="HOST:PORT", help="the broker gateways send to")
    where.add_argument("--out", type=Path, metavar="FILE.csv", help="write a recording instead of sending")
    parser.add_argument("--site", required=True, type=Path, metavar="DIR", help="whose sensors to play")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="same seed, same city")
    parser.add_argument("--minutes", type=float, metavar="M", help="simulated time; default: until Ctrl-C")
    parser.add_argument(
        "--speed", type=speed, default=1.0, metavar="N|max", help="times real time; default 1"
    )
    parser.add_argument("--start", metavar="TIME", help="first time, ISO 8601; default: so that it ends now")
    parser.add_argument("--plain", action="store_true", help="bare packs; done at the last PUBACK")
    parser.add_argument("--credentials", type=Path, metavar="FILE", help="JSON with user and password")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:TARGET[@START[+DURATION]][=AMOUNT]",
        help="gap, stuck, spike, drift, vandal, lamp, duplicate, late, dead, skew, chatter; may be repeated",
    )
    parser.add_argument(
        "--story", metavar="FILE|none", help="default: simulate.toml of the site; none: weather alone"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")


def run(options: argparse.Namespace) -> int:
    """Simulate; 0 when all is stored or written, 2 when it can't be done as asked, 130 when stopped."""
    from simulators.agents import AgentError, Target

    try:
        target = None
        if options.mqtt:
            target = Target(*address(options.mqtt), *credentials(options.credentials), plain=options.plain)
        simulation = prepare(options)
    except OSError as error:
        return complain(*of_the_world(error))
    except ValueError as error:  # of the site, the script, a fault or an option: the text says it all
        return complain(str(error))
    end = None if options.minutes is None else simulation.start + round(options.minutes * 60 * SECOND)
    if target is None:
        return _write(simulation, end, options.out)
    from simulators.publisher import Publisher

    publisher = Publisher(simulation, target, speed=options.speed, end=end, notice=say)
    signal.signal(signal.SIGTERM, lambda *_: publisher.stop())
    try:
        return _send(publisher, plain=options.plain, quiet=options.quiet)
    except AgentError as error:
        return complain(str(error), "không kết nối được MQTT → xem lại --mqtt, và máy chủ có đang chạy không")


def prepare(options: argparse.Namespace) -> "Simulation":
    """The simulation as asked for.

    Raises:
        OSError: a file that is not there.
        ValueError: a site, a script, a fault or a time that cannot be used.
    """
    from simulators.city.city import Simulation
    from simulators.city.orders import parse
    from simulators.city.place import read_site

    if options.minutes is None and (options.out or options.speed is None):
        msg = "how long? → --minutes M / cần --minutes M"
        raise ValueError(msg)
    if options.minutes is not None and not 0 < options.minutes < float("inf"):
        msg = f"--minutes {options.minutes:g} → a number above 0"
        raise ValueError(msg)
    if options.out and not options.out.parent.is_dir():
        msg = (
            f"--out {options.out}: there is no folder {options.out.parent} → make it, or name another"
            " / không có thư mục này, hãy tạo hoặc chọn chỗ khác"
        )
        raise ValueError(msg)
    site = read_site(options.site)
    start = _start(options)
    faults = tuple(parse(text, start) for text in options.fault)
    simulation = Simulation(site, script_of(options.site, site, options.story), options.seed, start, faults)
    for fault in faults:
        if fault.kind == "lamp" and not _burns(site, fault.target):
            say(
                f"--fault lamp:{fault.target}: no lamp there, so nothing happens → the id of a lamp"
                " / không có đèn ở đó, sẽ không có gì xảy ra → dùng mã của một cột đèn"
            )
    if simulation.unplayed():
        say(
            f"nobody knows how {', '.join(simulation.unplayed())} behave: they wander within their limits"
            " / chỉ dao động trong giới hạn"
        )
    return simulation


def _burns(site: "Site", target: str) -> bool:
    """Whether there is a lamp at a target: something that tells of its light or of its power."""
    if target in site.gateways:
        stations = set(site.gateways[target].stations)
    else:
        stations = {site.sensors[target].station if target in site.sensors else target}
    return any(s.station in stations and s.property in _OF_LAMPS for s in site.sensors.values())


def script_of(folder: Path, site: "Site", story: str | None) -> "Script":
    """The script: a file that was named, else that of the site, else an empty one.

    Raises:
        ValueError: it cannot be read or played; the text names the option or the file.
    """
    import msgspec

    from simulators.city.script import FILE, Script, read_script

    own = folder / FILE
    script = read_script(FILE, own.read_bytes(), site) if own.exists() else Script()
    if story is None:
        return script
    if story == "none":
        return msgspec.structs.replace(script, story=None)
    try:
        content = Path(story).read_bytes()
    except OSError as error:
        msg = (
            f"--story {story}: {error.strerror} → a file as {FILE}, or none"
            f" / không đọc được tệp, cần một tệp như {FILE}, hoặc none"
        )
        raise ValueError(msg) from error
    return read_script(f"--story {story}", content, site)


def _start(options: argparse.Namespace) -> int:
    """The first time: as told, else so long ago that a simulation faster than time ends in the present."""
    if options.start is not None:
        try:
            return micros(options.start)
        except (ValueError, OverflowError) as error:
            msg = (
                f"--start {options.start!r} → a time with its zone, as 2026-07-01T00:00:00+07:00"
                " / cần thời điểm kèm múi giờ"
            )
            raise ValueError(msg) from error
    now = int(time.time()) * SECOND
    if options.mqtt and options.speed == 1.0:
        return now
    back = CATCH_UP_S if options.minutes is None else options.minutes * 60
    return now - round(back * SECOND)


def _write(simulation: "Simulation", end: int | None, file: Path) -> int:
    from simulators.writing import write

    sources = [source.id for source in simulation.site.sources if not source.url and not source.adapter]
    try:
        written = write(simulation, end or simulation.now, file, sources)
    except OSError as error:
        english, vietnam = of_the_world(error)
        return complain(f"--out: {english}", f"--out: {vietnam}")
    say(f"{written.readings:,} readings in {file} / {vietnamese(written.readings)} số đo")
    if written.strikes_file is not None:
        say(f"{written.strikes:,} strikes in {written.strikes_file} / {vietnamese(written.strikes)} tia sét")
    return 0


def _send(publisher: "Publisher", *, plain: bool, quiet: bool) -> int:
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(publisher, done, quiet), daemon=True)
    watcher.start()
    begun = time.monotonic()
    try:
        complete = publisher.run()
    except KeyboardInterrupt:
        complete = False
    finally:
        done.set()
        watcher.join()
        left = publisher.unstored
        publisher.close()
    took, progress = time.monotonic() - begun, publisher.progress
    sent = f"{progress.readings:,} readings and {progress.strikes:,} strikes"
    if not complete:
        say(f"stopped: {sent} sent, {left:,} packs not stored / đã dừng")
        return INTERRUPTED
    state = "PUBACKed" if plain else "stored"
    say(f"{sent} sent and {state} in {took:.1f} s ({progress.readings / max(took, 1e-9):,.0f}/s)")
    return FAILED if left else 0


def _watch(publisher: "Publisher", done: threading.Event, quiet: bool) -> None:  # noqa: FBT001  a thread's argument
    """Say how far it is, and why it does not go on."""
    last, since = -1, time.monotonic()
    while not done.wait(PROGRESS_S):
        if publisher.stored != last or not publisher.unstored:
            last, since = publisher.stored, time.monotonic()
        elif time.monotonic() - since > PATIENCE_S:
            why = publisher.problem or "ingest or the archive does not answer"
            say(f"no news for {PATIENCE_S:.0f} s: {why} → `haidang doctor` / chưa nhận được xác nhận lưu trữ")
            since = time.monotonic()
        if not quiet:
            at = iso(publisher.progress.at // SECOND * SECOND)
            say(f"{at}: {publisher.progress.readings:,} sent, {publisher.unstored:,} packs on their way")
