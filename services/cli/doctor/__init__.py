"""`haidang doctor`: looks at everything that can be wrong and says what to do. Reads; changes nothing.

Over 250 lines: which of its looks are made, and whence each has what it looks at, is one list.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.words import complain, of_the_world, out
from services.runtime.clock import now_us

if TYPE_CHECKING:
    from services.cli.doctor.finding import Finding
    from services.cli.doctor.streams import Live
    from services.observation.site import Site
    from services.runtime.run_file import Run

WELL, WRONG = 0, 1


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options; `--data` may come from HAIDANG_DATA."""
    parser = subparsers.add_parser(
        "doctor",
        help=COMMANDS["doctor"].text,
        description="Exit code: 0 all well or only doubtful, 1 something is bad, 2 can't be done as asked.",
    )
    parser.add_argument(
        "--data", metavar="DIR", help="data folder of this machine's haidang up, running or not"
    )
    parser.add_argument("--http", metavar="URL", help="another machine's api: what can be seen from afar")
    parser.add_argument("--token", metavar="FILE", help="with --http: admin-token of its data folder")
    parser.add_argument("--site", metavar="DIR", help="compare these files with the site version that runs")
    parser.add_argument("--json", action="store_true", help="for a script")


def run(options: argparse.Namespace) -> int:
    """Look, tell, and answer by the exit code."""
    from services.runtime.settings import SettingsError, given

    try:
        data = given({"data": options.data}).get("data")
    except SettingsError as error:
        return complain(str(error))
    try:
        if options.http is not None:
            return _afar(options)
        if data:
            return _here(options, Path(data).resolve())
    except OSError as error:
        return complain(*of_the_world(error))
    return complain("--data DIR or --http URL is needed", "cần --data THƯ_MỤC hoặc --http URL")


def _afar(options: argparse.Namespace) -> int:
    if options.data or options.site or not options.http.startswith(("http://", "https://")):
        return complain(
            "--http URL stands alone and looks like http://127.0.0.1:8080",
            "--http URL dùng một mình, dạng http://127.0.0.1:8080",
        )
    token = Path(options.token).read_text("utf-8").strip() if options.token else None
    findings, about = asyncio.run(_look_afar(options.http, token))
    return tell(findings, about, as_json=options.json)


def _here(options: argparse.Namespace, data: Path) -> int:
    if not data.is_dir():
        return complain(f"--data {data}: there is no such folder", f"--data {data}: không có thư mục này")
    asked = _site_of(options.site) if options.site else None
    if options.site and asked is None:
        return complain(
            f"--site {options.site}: no site's files there", f"--site {options.site}: không có tệp địa bàn"
        )
    findings, about = asyncio.run(_look_here(data, asked))
    return tell(findings, about, as_json=options.json)


def tell(findings: "list[Finding]", about: str, *, as_json: bool) -> int:
    """Write the page or the document; the value is the exit code."""
    from services.cli.doctor.finding import Level, ordered, worst
    from services.cli.doctor.show import page
    from services.observation.instants import iso

    level = worst(findings)
    if as_json:
        document = {
            "format": 1,
            "time": iso(now_us()),
            "about": about,
            "level": str(level),
            "findings": [finding.document() for finding in ordered(findings)],
        }
        out(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        out(page(findings, about, colours=sys.stdout.isatty(), width=width))
    return WRONG if level == Level.BAD else WELL


async def _look_afar(http: str, token: str | None) -> "tuple[list[Finding], str]":
    """What another machine's api tells of it."""
    from services.cli.doctor import api as doctor_api
    from services.cli.doctor import clock as doctor_clock
    from services.cli.doctor import figures as doctor_figures
    from services.cli.doctor import versions as doctor_versions
    from services.cli.doctor.versions import Versions

    api = await asyncio.to_thread(doctor_api.ask, http, token)
    found = list(doctor_api.judge(api, now_us()))
    if api.date is not None:
        found.append(doctor_clock.offset(api.date, time.time()))
    found += doctor_figures.judge(api.metrics)
    build = doctor_figures.build(api.metrics)
    found += doctor_versions.known_bad(Versions(nats_server=build.get("nats_server", "")))
    return found, " · ".join(filter(None, (f"Hải Đăng {build.get('version', '')}".strip(), http)))


async def _look_here(data: Path, asked: tuple[str, str] | None) -> "tuple[list[Finding], str]":
    """Everything of this machine: what can be seen without `up`, and what its parts tell when it runs."""
    from services.cli.doctor import backup as doctor_backup
    from services.cli.doctor import broker as doctor_broker
    from services.cli.doctor import certificate as doctor_certificate
    from services.cli.doctor import clock as doctor_clock
    from services.cli.doctor import disk as doctor_disk
    from services.cli.doctor import machine as doctor_machine
    from services.cli.doctor import ports as doctor_ports
    from services.cli.doctor import services as doctor_services
    from services.cli.doctor import versions as doctor_versions
    from services.runtime import run_file

    run = run_file.read(data)
    is_up = run is not None and run.is_running()
    strict = _is_strict(data)
    flushing = asyncio.create_task(asyncio.to_thread(doctor_disk.flushes, data, strict=strict))
    found, shares = await asyncio.to_thread(doctor_disk.look, data)
    found += doctor_clock.look(run if is_up else None, data / "logs")
    found += await asyncio.to_thread(doctor_machine.look, run, running=is_up)
    if run is not None:
        found += doctor_ports.ports(run, await asyncio.to_thread(doctor_ports.listeners), running=is_up)
    down = doctor_services.running(data, run)
    if down is not None:
        found.append(down)
        left = doctor_services.left_over(run) if run is not None else None
        found += [left] if left is not None else []
    live, versions, gateways = None, None, frozenset[str]()
    if run is not None and is_up:
        live, more, versions, gateways = await _ask(data, run, asked)
        found += more
    found += doctor_services.logs(data / "logs")
    found += doctor_broker.look(data / "logs", gateways.__contains__, time.time())
    found += doctor_versions.look(versions or _installed())
    if live is not None:
        found += doctor_disk.forecast(live.streams, shares, shutil.disk_usage(data).free)
    found.append(doctor_backup.look(data, time.time()))
    signing = doctor_certificate.look(data, time.time())
    found += [signing] if signing is not None else []
    found.append(await flushing)
    place = run.site if run is not None else "–"
    return found, f"Hải Đăng {doctor_versions.ours()} · {place} · {data}"


async def _ask(
    data: Path, run: "Run", asked: tuple[str, str] | None
) -> "tuple[Live | None, list[Finding], Any, frozenset[str]]":
    """What NATS, the database and the api tell, asked at once."""
    from services.cli.doctor import api as doctor_api
    from services.cli.doctor import digest as doctor_digest
    from services.cli.doctor import history as doctor_history
    from services.cli.doctor import services as doctor_services
    from services.cli.doctor import site as doctor_site
    from services.cli.doctor import streams as doctor_streams
    from services.cli.doctor.finding import Level, wrong
    from services.cli.doctor.versions import Versions
    from services.observation.text import Text

    live, history, api = await asyncio.gather(
        doctor_streams.ask(run.nats),
        doctor_history.ask(run.database) if run.database else _nothing(),
        asyncio.to_thread(doctor_api.ask, run.http, _token(data)),
    )
    now = now_us()
    found: list[Finding] = []
    if live is None:
        found.append(
            wrong(
                Level.BAD,
                "stream",
                "nats_away",
                Text("NATS không trả lời", "NATS does not answer"),
                Text("xem logs/nats-server.log", "look at logs/nats-server.log"),
            )
        )
    else:
        found += doctor_services.judge(live.beats, now, run.pids)
        found += doctor_streams.judge(live)
        found += doctor_digest.judge(live.beats, now)
        found.append(doctor_site.judge(live.site, doctor_site.folders_of(data), asked))
    found += doctor_api.judge(api, now)
    site = _parsed(live)
    declared = [] if site is None else [name for name, sensor in site.sensors.items() if not sensor.derived]
    found += doctor_history.judge(history, declared)
    found += _senders(live, site)
    versions = (history.versions if history is not None else Versions())._replace(
        nats_server=live.server if live is not None else ""
    )
    return live, found, versions, frozenset(site.gateways) if site is not None else frozenset()


async def _nothing() -> None:
    return None


def _parsed(live: "Live | None") -> "Site | None":
    from services.alerts.hazards import extra_properties
    from services.observation.site_files import parse

    return parse(live.files, extra_properties())[0] if live is not None and live.files else None


def _senders(live: "Live | None", site: "Site | None") -> "list[Finding]":
    """Whose bulletins are taken, by the site version that runs."""
    from services.alerts.hazards import hazards
    from services.cli.doctor import certificate as doctor_certificate
    from services.observation.site import ALERTING
    from services.policy.alerting import read_alerting

    if live is None or site is None:
        return []
    policy = read_alerting(live.files.get(ALERTING), site, tuple(hazards()))[0]
    return [] if policy is None else list(doctor_certificate.senders(policy.publication.trusted, time.time()))


def _installed() -> Any:
    """Versions of the programs that `up` would start."""
    from services.cli.doctor.versions import Versions
    from services.runtime import embedded

    nats = postgres = ""
    try:
        nats = embedded.nats_server().version
        postgres = embedded.postgres().version.removesuffix(".0")
    except embedded.EmbeddedError:
        pass
    return Versions(nats_server=nats, postgres=postgres)


def _is_strict(data: Path) -> bool:
    """Whether the last start was `--strict`; of that file, which holds passwords, nothing else is used."""
    try:
        text = (data / "nats" / "nats.conf").read_text("utf-8")
        return bool(json.loads(text)["jetstream"]["sync_interval"] == "always")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _token(data: Path | None) -> str | None:
    from services.runtime.settings import ADMIN_TOKEN

    try:
        return (data / ADMIN_TOKEN).read_text("utf-8").strip() or None if data is not None else None
    except OSError:
        return None


def _site_of(folder: str) -> tuple[str, str] | None:
    """A site folder and the version of its files."""
    from services.observation.site import EVERY_FILE, version_of

    there = [name for name in EVERY_FILE if (Path(folder) / name).is_file()]
    files = {name: (Path(folder) / name).read_bytes() for name in there}
    return (folder, version_of(files)) if files else None
