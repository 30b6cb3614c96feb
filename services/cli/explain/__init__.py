"""`haidang explain`: why there is an alert on a sensor at a minute, and why there is none.

The recording, or the last hours of a running site's history, is given to the very engine up to that
instant; then its state is read. So the answer is what the engine knew, not what someone thinks it did.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli.words import complain, out, say
from services.observation.instants import SECOND, iso, micros
from services.runtime.clock import now_us

if TYPE_CHECKING:
    from services.alerts.engine import Engine
    from services.cli.backtest.recorded import Recorded
    from services.cli.explain.quality import Heard
    from services.observation.batch import Batch
    from services.observation.site import Site

HOURS = 26.0
"""A rain day and a little more: what the rules look back at."""
_PAST = 32
"""So many readings of the sensor are remembered, for the verdict on the last."""


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `explain`."""
    from services.cli import COMMANDS

    parser = subparsers.add_parser("explain", help=COMMANDS["explain"].text, description=__doc__)
    parser.add_argument("sensor", metavar="SENSOR", help="station.property, measured or derived")
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="recordings, as for backtest; with --site"
    )
    parser.add_argument("--at", metavar="TIME", help="ISO 8601 with zone; default: the end, or now")
    parser.add_argument("--site", type=Path, metavar="DIR", help="whose sensors and rules")
    parser.add_argument("--data", type=Path, metavar="DIR", help="a running `up`: its site and its history")
    parser.add_argument(
        "--hours", type=float, default=HOURS, metavar="N", help=f"history to replay; default {HOURS:g}"
    )
    parser.add_argument("--json", action="store_true", help="facts and sentences as JSON")


def run(options: argparse.Namespace) -> int:
    """Explain; 0 done, 2 when it can't be done as asked."""
    from services.cli import folder
    from simulators.recording import RecordingError

    if bool(options.files) == bool(options.data) or (options.files and not options.site):
        return complain(
            "explain needs recordings with --site DIR, or a running site with --data DIR",
            "cần dữ liệu đã ghi cùng --site DIR, hoặc hệ thống đang chạy với --data DIR",
        )
    try:
        at = micros(options.at) if options.at else None
        site, recorded = _from_files(options, at) if options.files else _from_history(options, at)
    except folder.Refused as refused:
        return refused.code
    except (RecordingError, ValueError) as error:
        return complain(str(error))
    if not len(recorded) and not recorded.strikes:
        return complain(
            "nothing was recorded up to then → look at --at", "chưa ghi được gì đến lúc đó → xem lại --at"
        )
    at = recorded.span()[1] if at is None else at
    engine, heard = stand(site, recorded, options.sensor, at)
    return _tell(options, site, engine, heard, at)


def _tell(options: argparse.Namespace, site: "Site", engine: "Engine", heard: "list[Heard]", at: int) -> int:
    from services.alerts.explain import explain
    from services.cli.explain.show import as_json, lines

    try:
        found = explain(engine, options.sensor, at)
    except LookupError:
        known = [name for name in site.sensors if name.split(".")[0] == options.sensor.split(".")[0]]
        more = f"; of that station there are / trạm này có: {', '.join(known)}" if known else ""
        return complain(f"{options.sensor}: not a sensor, or nothing was recorded of it{more}")
    sensor = site.sensors.get(options.sensor)
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(as_json(found, sensor, heard)) + b"\n")
        sys.stdout.flush()
        return 0
    for line in lines(found, sensor, heard):
        out(line)
    return 0


class _Ear:
    """Listens to one sensor while the engine works."""

    def __init__(self, sensor: str) -> None:
        self._sensor = sensor
        self.heard: list[Heard] = []

    def readings(self, batch: "Batch") -> None:
        from services.cli.explain.quality import Heard

        if self._sensor not in batch.sensors:
            return
        mine = (batch.sensor == batch.sensors.index(self._sensor)).nonzero()[0][-_PAST:]
        received = batch.received_of_row()
        rows = (
            (int(batch.time[at]), float(batch.value[at]), int(batch.flag[at]), int(received[at]))
            for at in mine
        )
        self.heard = [*self.heard, *(Heard(*row) for row in rows)][-_PAST:]

    def derived(self, batch: "Batch") -> None:
        """What is derived has no quality of its own."""


def stand(site: "Site", recorded: "Recorded", sensor: str, at: int) -> "tuple[Engine, list[Heard]]":
    """An engine as it stands at an instant, and the last readings of the sensor.

    Between the last thing that came and the instant time goes on as it does live, with everything connected:
    so what would be silent by then is.
    """
    from services.cli.backtest.judging import run_engine
    from services.observation.messages import Tick
    from services.observation.site import BROKER

    ear = _Ear(sensor)
    engine, _ = run_engine(site, recorded, everyone=True, watcher=ear)
    left = at - recorded.span()[1]
    if left > 0:
        sources = [BROKER, *(source.id for source in site.sources)]
        engine.apply([Tick(at, left, sources, {})])
    heard = ear.heard
    if recorded.at_once():
        heard = [one._replace(received=one.time) for one in heard]
    return engine, heard


def _from_files(options: argparse.Namespace, at: int | None) -> "tuple[Site, Recorded]":
    from services.alerts.hazards import extra_properties
    from services.cli import folder
    from services.cli.backtest.recorded import read

    site = folder.load_site(options.site)
    recorded = read(options.files, site, extra_properties())
    return site, recorded if at is None else recorded.until(at)


def _from_history(options: argparse.Namespace, at: int | None) -> "tuple[Site, Recorded]":
    from services.cli.explain.history import Absent, replay

    end = now_us() if at is None else at
    start = end - round(options.hours * 3600 * SECOND)
    try:
        site, recorded = replay(options.data, options.site, start, end)
    except Absent as absent:
        raise ValueError(str(absent)) from absent
    say(f"replayed / đã phát lại: {len(recorded):,} readings, {iso(start)} … {iso(end)}")
    return site, recorded
