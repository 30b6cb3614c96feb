"""`haidang exercise`: a storm or a recording beside the real operation, and its score.

Over 250 lines: one short function for each of five actions, and what they share.
"""

import argparse
import asyncio
import getpass
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.replay import speed
from services.cli.words import complain, of_the_world, out, say
from services.runtime.clock import now_us

if TYPE_CHECKING:
    from nats.js import JetStreamContext

    from services.cli.exercise.sources import Played
    from services.observation.event import CloudEvent
    from services.observation.quantity import Property
    from services.observation.site import Site
    from services.runtime.exercises import Standing

CONNECT_S = 5.0
FASTEST = 3_600.0
_ENDED = 1
_INTERRUPTED = 130
_LATEST = "latest"


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `exercise`."""
    from services.cli import COMMANDS

    parser = subparsers.add_parser(
        "exercise", help=COMMANDS["exercise"].text, description=(__doc__ or "").partition("\n")[0]
    )
    parser.set_defaults(do=None)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)

    start = actions.add_parser(
        "start", help="begin one; Ctrl-C ends it and its alerts / bắt đầu, Ctrl-C để dừng"
    )
    start.add_argument("files", nargs="*", type=Path, metavar="FILE", help="recordings, as for backtest")
    start.add_argument("--storm", action="store_true", help="a simulated typhoon over the running site")
    start.add_argument(
        "--seed", type=int, default=None, metavar="N", help="of the storm; same seed, same storm"
    )
    start.add_argument("--minutes", type=float, default=None, metavar="M", help="of the storm; default 240")
    start.add_argument("--truth", type=Path, metavar="TRUTH.csv", help="what happened in the recordings")
    start.add_argument("--speed", type=speed, default=1.0, metavar="N", help="times real time; default 1")
    start.add_argument("--name", metavar="TEXT", help="what to call it, for people / tên cuộc diễn tập")
    start.add_argument(
        "--linger", type=float, default=5.0, metavar="MIN",
        help="minutes for which its alerts stay after the last reading; default 5",
    )  # fmt: skip
    resume = actions.add_parser("resume", help="go on with one whose process died / tiếp tục sau khi bị ngắt")
    resume.add_argument("--linger", type=float, default=5.0, metavar="MIN", help="as of start")
    actions.add_parser(
        "stop", help="end the one that runs, and its alerts / dừng và kết thúc các cảnh báo của nó"
    )
    actions.add_parser("list", help="those that were / danh sách")
    score = actions.add_parser("score", help="who saw what when / ai thấy gì, lúc nào")
    score.add_argument("id", nargs="?", default=_LATEST, metavar="ID", help="default: the newest")
    score.add_argument("--json", action="store_true", help="as JSON")
    for one in actions.choices.values():
        one.add_argument("--data", required=True, type=Path, metavar="DIR", help="of the running system")


def run(options: argparse.Namespace) -> int:
    """Do it; 0 done, 1 when somebody else ended it, 2 when it can't be done as asked, 130 when stopped."""
    if options.action == "start" and bool(options.files) == options.storm:
        return complain("what to play? → FILE… or --storm", "phát gì? → các tệp FILE… hoặc --storm")
    if options.action == "start" and (options.speed is None or options.speed > FASTEST):
        return complain(
            f"people take part: → --speed up to {FASTEST:g}",
            f"có người tham gia → --speed tối đa {FASTEST:g}",
        )
    actions: dict[str, Callable[[JetStreamContext, argparse.Namespace], Awaitable[int]]] = {
        "start": _start, "resume": _resume, "stop": _stop, "list": _list, "score": _score,
    }  # fmt: skip
    return _with_running(options.data, lambda js: actions[options.action](js, options))


async def _start(js: "JetStreamContext", options: argparse.Namespace) -> int:
    from services.alerts.exercise.stage import AlreadyRunning, Stage
    from services.cli.exercise import play
    from services.cli.exercise.sources import SEED
    from services.observation.text import Text
    from simulators.city.typhoon import MINUTES

    site, extra = await _site(js)
    seed = SEED if options.seed is None else options.seed
    minutes = MINUTES if options.minutes is None else options.minutes
    files = [file.resolve() for file in options.files]
    stage = Stage(js, site.id)
    if (other := await stage.running()) is not None:
        return _already(other)
    try:
        played = await asyncio.to_thread(_played, site, extra, files, options.truth, seed, minutes)
        say("computing it, then it begins / đang tính trước, sau đó bắt đầu")
        told = await asyncio.to_thread(play.judged, site, played, extra)
    except OSError as error:
        return complain(*of_the_world(error))
    except ValueError as error:
        return complain(str(error))
    more: dict[str, Any] = {"seed": seed, "minutes": minutes} if options.storm else {}
    if options.name:
        played = played._replace(name=Text(options.name, options.name))
    what = "storm" if options.storm else "recordings"
    names = tuple(str(file) for file in files)
    now = now_us()
    made = play.begin(
        site, played, by=getpass.getuser(), speed=options.speed, what=what, now=now, files=names, **more
    )
    try:
        standing = await stage.start(made)
    except AlreadyRunning as error:  # since we looked
        return _already(error.standing)
    out(f"exercise {made.exercise_id} / diễn tập: {made.name.vi}")
    return await _perform(js, site, standing, played, told, options.linger)


def _already(other: "Standing") -> int:
    identity = other.exercise.exercise_id
    return complain(
        f"exercise {identity} has not ended → haidang exercise stop, or resume",
        f"cuộc diễn tập {identity} chưa kết thúc → haidang exercise stop, hoặc resume",
    )


async def _resume(js: "JetStreamContext", options: argparse.Namespace) -> int:
    from services.alerts.exercise.stage import Stage
    from services.cli.exercise.play import judged

    site, extra = await _site(js)
    stage = Stage(js, site.id)
    standing = await stage.running()
    if standing is None:
        return complain("no exercise runs → haidang exercise start", "không có cuộc diễn tập nào đang chạy")
    made = standing.exercise
    if made.site_version != site.version:
        return complain(
            "the site's files have changed since it began → haidang exercise stop, then start anew",
            "cấu hình địa bàn đã đổi từ khi bắt đầu → haidang exercise stop rồi bắt đầu lại",
        )
    await stage.beat(made)  # computing takes its time
    files = [Path(file) for file in made.files]
    try:
        played = await asyncio.to_thread(
            _played, site, extra, files, None, made.seed or 0, made.minutes or 0.0
        )
        told = await asyncio.to_thread(judged, site, played, extra)
    except (OSError, ValueError) as error:
        return complain(str(error))
    return await _perform(js, site, standing, played, told, options.linger)


def _played(  # noqa: PLR0913  what there may be
    site: "Site",
    extra: "dict[str, Property]",
    files: list[Path],
    truth: Path | None,
    seed: int,
    minutes: float,
) -> "Played":
    from services.cli.backtest.truth import read_truth
    from services.cli.exercise import sources as exercise_sources

    if not files:
        return exercise_sources.storm(site, seed, minutes)
    return exercise_sources.recordings(files, site, extra, read_truth(truth, site) if truth else None)


async def _perform(  # noqa: PLR0913  what an exercise needs
    js: "JetStreamContext",
    site: "Site",
    standing: "Standing",
    played: "Played",
    told: "list[CloudEvent]",
    linger_min: float,
) -> int:
    from services.alerts.exercise.stage import Stage
    from services.cli.exercise import play
    from services.observation.exercise import Staging

    staging = Staging.of(site.id, standing.exercise)
    stage = Stage(js, site.id)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    script = play.stage(told, played, staging)
    why = await play.perform(js, site.id, standing, script, stop, linger_min * 60, _tell)
    ended = await stage.end(standing, why or "aborted", getpass.getuser())
    out(f"ended / kết thúc: {ended.exercise.why}, {ended.exercise.alerts} alerts / cảnh báo")
    if why == "done":
        return 0
    return _INTERRUPTED if stop.is_set() else _ENDED


def _tell(events: "Iterable[CloudEvent]") -> None:
    from services.observation.event import verb_of

    for event in events:
        data = event.data
        where = data.station or data.gateway or data.area
        say(f"{event.time} {verb_of(event.type)} {data.severity} {data.rule} {where}")


async def _stop(js: "JetStreamContext", _options: argparse.Namespace) -> int:
    from services.alerts.exercise.stage import Stage

    site, _ = await _site(js)
    stage = Stage(js, site.id)
    standing = await stage.running()
    if standing is None:
        return complain("no exercise runs", "không có cuộc diễn tập nào đang chạy")
    ended = await stage.end(standing, "stopped", getpass.getuser())
    await asyncio.sleep(1.5)  # its own process may have had one more on its way
    await stage.clear(ended)
    out(f"{ended.exercise.exercise_id} ended / đã kết thúc")
    return 0


async def _list(js: "JetStreamContext", _options: argparse.Namespace) -> int:
    from services.alerts.exercise.stage import Stage

    site, _ = await _site(js)
    for standing in await Stage(js, site.id).all():
        one = standing.exercise
        state = f"{one.why} {one.ended_at}" if one.why is not None else "runs / đang chạy"
        out(f"{one.exercise_id}  {one.started_at}  ×{one.speed:g}  {one.name.vi} / {one.name.en}  {state}")
    return 0


async def _score(js: "JetStreamContext", options: argparse.Namespace) -> int:
    import msgspec

    from services.alerts.exercise.stage import Stage
    from services.api.exercises import scored
    from services.cli.exercise.show import show

    site, _ = await _site(js)
    every = await Stage(js, site.id).all()
    found = next((one for one in every if options.id in (_LATEST, one.exercise.exercise_id)), None)
    if found is None:
        return complain("there is no such exercise → haidang exercise list", "không có cuộc diễn tập này")
    score = await scored(js, site.id, found.exercise.exercise_id)
    if score is None:  # it was there a moment ago
        return _ENDED
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(score) + b"\n")
        return 0
    show(score)
    return 0


async def _site(js: "JetStreamContext") -> "tuple[Site, dict[str, Property]]":
    from services.alerts.hazards import extra_properties
    from services.runtime import sites

    extra = extra_properties()
    running = await sites.current(js)
    if running is None:
        msg = "no site runs there yet → haidang site push / chưa có cấu hình nào đang chạy"
        raise ValueError(msg)
    return await sites.load(js, running.version, extra), extra


def _with_running(data: Path, work: "Callable[[JetStreamContext], Awaitable[int]]") -> int:
    """Do something with the JetStream of a running `up`."""
    from services.runtime import logging, nats, run_file
    from services.runtime.settings import Settings
    from services.runtime.sites import SiteError

    logging.configure(lowest="warning")
    found = run_file.read(data)
    if found is None or not found.is_running():
        return complain(
            f"nothing runs with --data {data} → start it: haidang up --site DIR --data {data}",
            f"không có hệ thống nào đang chạy với --data {data} → haidang up --site THƯ_MỤC --data {data}",
        )

    async def connected() -> int:
        connection = await asyncio.wait_for(nats.connect(Settings(nats=found.nats), "exercise"), CONNECT_S)
        try:
            return await work(connection.js)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (SiteError, ValueError) as error:
        return complain(str(error))
    except (nats.NatsError, TimeoutError) as error:
        return complain(
            f"NATS does not answer: {error!r} → look at {data}/logs/nats-server.log",
            f"NATS không trả lời: {error!r} → xem {data}/logs/nats-server.log",
        )
