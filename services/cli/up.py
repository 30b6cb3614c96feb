"""`haidang up`: everything on this machine. Here: what was asked for, and the words when it can't be."""

import argparse
import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.words import complain, of_the_world, say

if TYPE_CHECKING:
    from services.cli.machine import Plan

LEAST_FREE = 256 << 20


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `up`; each may come from HAIDANG_<NAME> too."""
    add_options(subparsers.add_parser("up", help=COMMANDS["up"].text))


def add_options(parser: argparse.ArgumentParser, *, needs_site: bool = True) -> None:
    """What `up` and `demo` share."""
    if needs_site:
        parser.add_argument(
            "--site", metavar="DIR", help="folder with site.toml, stations.geojson, sensors.csv, rules.toml"
        )
    parser.add_argument("--data", metavar="DIR", help="folder for everything that is kept; made if missing")
    parser.add_argument(
        "--http", metavar="HOST:PORT", help="console and API; default 127.0.0.1 and any free port"
    )
    parser.add_argument(
        "--mqtt", metavar="HOST:PORT", help="for gateways; default 127.0.0.1 and any free port"
    )
    parser.add_argument("--nats", metavar="URL", help="use this NATS server; --mqtt is then its listener")
    parser.add_argument("--database", metavar="URL", help="use this PostgreSQL or TimescaleDB")
    parser.add_argument("--credentials", metavar="FILE", help="JSON with user and password, with --nats")
    parser.add_argument(
        "--strict", action="store_const", const="true", help="flush every message to the disk: safer, slower"
    )
    parser.add_argument(
        "--trusted-network",
        action="store_const",
        const="true",
        help="allow other addresses than loopback without accounts",
    )
    parser.add_argument("--log", choices=("text", "json"), help="form of the log on stderr")


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    given = {name: value for name, value in vars(options).items() if name != "command"}
    return start(given)


def start(
    overrides: dict[str, str | None],
    services: tuple[str, ...] | None = None,
    program: tuple[str, ...] | None = None,
) -> int:
    """`up` as a function. `services` and `program` are for tests that bring their own."""
    from services.cli.folder import Refused
    from services.cli.machine import CannotStart
    from services.cli.ports import NotHere, PortTaken
    from services.cli.site import stale_words
    from services.cli.site_store import StaleBase
    from services.runtime.embedded import EmbeddedError
    from services.runtime.nats import NatsError, StreamsError
    from services.runtime.settings import SettingsError, given

    try:
        texts = given(overrides)
        data = Path(texts["data"]) if "data" in texts else None
        if data is None or "site" not in texts:
            missing = "--data" if data is None else "--site"
            return complain(f"{missing} DIR is needed", f"cần {missing} THƯ_MỤC")
        data = data.resolve()
        _make(data)
        with _lock(data):
            plan = _plan(data, texts)
            if services is not None:
                plan = replace(plan, services=services)
            if program is not None:
                plan = replace(plan, program=program)
            return asyncio.run(_run(plan))
    except Refused as refused:
        return refused.code
    except (SettingsError, ValueError) as error:
        return complain(str(error))
    except (PortTaken, NotHere) as error:
        return complain(str(error), error.vietnamese)
    except CannotStart as error:
        return complain(error.text.en, error.text.vi)
    except (EmbeddedError, StreamsError) as error:
        return complain(f"{error.what.en} → {error.remedy.en}", f"{error.what.vi} → {error.remedy.vi}")
    except StaleBase as stale:
        return stale_words(stale, texts["site"], str(data))
    except OSError as error:
        return complain(*of_the_world(error))
    except (NatsError, TimeoutError) as error:
        return complain(
            f"NATS: {error!r} → look at --nats, its account needs JetStream and the right to make streams",
            f"NATS: {error!r} → kiểm tra --nats; tài khoản cần JetStream và quyền tạo luồng",
        )


async def _run(plan: "Plan") -> int:
    from services.cli.machine import Machine
    from services.runtime import logging

    logging.configure(as_json=plan.settings.log_json)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    machine = Machine(plan, stop)
    starting = asyncio.create_task(machine.start())
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([starting, told], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await machine.serve()
    finally:
        for task in (starting, told):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        await machine.stop()
    return 0


def _plan(data: Path, texts: dict[str, str]) -> "Plan":
    """Decide everything that can be decided before anything runs."""
    from services.cli import postgres_child
    from services.cli.folder import load_site, read_site_folder
    from services.cli.machine import Plan
    from services.cli.nats_child import url
    from services.cli.ports import choose
    from services.runtime import run_file
    from services.runtime.accounts import ADMIN, Credentials
    from services.runtime.settings import Settings, SettingsError

    settings = Settings.load(texts, {})
    site = load_site(texts["site"])
    files = read_site_folder(texts["site"])
    before = run_file.read(data)
    if before is not None:
        left = run_file.end_leftovers(before)
        if left:
            say(
                f"ended what an earlier start left behind: {', '.join(left)} / đã dừng tiến trình còn sót lại"
            )
    credentials = Credentials.keep(data / "credentials.json")
    http = choose("http", texts.get("http"), _port_of(before.http) if before else None)
    nats_port = database_port = None
    mqtt = (settings.mqtt_host, settings.mqtt_port)
    if "nats" not in texts:
        mqtt = choose("mqtt", texts.get("mqtt"), _port_of(before.mqtt) if before else None)
        _, nats_port = choose("nats", None, _port_of(before.nats) if before else None)
        settings = replace(settings, nats=url(ADMIN, nats_port, credentials), mqtt=_reach(mqtt))
    elif "mqtt" not in texts:
        msg = "--nats needs --mqtt HOST:PORT, the MQTT listener of that server"
        raise SettingsError(msg)
    if "database" not in texts:
        postgres_child.check()
        _, database_port = choose(
            "database", None, _port_of(before.database) if before and before.database else None
        )
        settings = replace(settings, database=postgres_child.url(database_port, credentials))
    _refuse_open(settings, http, mqtt if nats_port else None)
    settings = replace(settings, http=f"{http[0]}:{http[1]}", data=data, site=texts["site"])
    return Plan(settings, data, site, files, mqtt, nats_port, database_port, credentials)


def _refuse_open(settings: Any, http: tuple[str, int], mqtt: tuple[str, int] | None) -> None:
    """Loopback may be open; any other address not, unless the network is declared to be trusted."""
    from services.cli.ports import open_to_others
    from services.runtime.settings import SettingsError

    if settings.trusted_network:
        return
    for option, where in (("http", http), ("mqtt", mqtt)):
        if where is not None and open_to_others(where[0]):
            msg = (
                f"--{option} {where[0]}:{where[1]} would be open to other machines without accounts"
                " → use 127.0.0.1, or --trusted-network in a closed container network"
                f" / --{option} sẽ mở cho máy khác mà không cần tài khoản → dùng 127.0.0.1,"
                " hoặc --trusted-network trong mạng container khép kín"
            )
            raise SettingsError(msg)


@contextmanager
def _lock(data: Path) -> Iterator[None]:
    """One `up` per data folder. The kernel drops the lock when we end, however we end."""
    from services.cli.machine import CannotStart
    from services.observation.text import Text

    file = data / "lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read_text("utf-8").strip() or "?"
            raise CannotStart(
                Text(
                    f"{data} đang được tiến trình {pid} dùng → dừng nó (kill {pid}) hoặc dùng --data khác",
                    f"{data} is in use by process {pid} → stop it (kill {pid}), or use another --data folder",
                )
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _make(data: Path) -> None:
    from services.cli.machine import CannotStart
    from services.observation.text import Text

    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE:
        raise CannotStart(
            Text(
                f"{data}: đĩa chỉ còn {free >> 20} MB → cần ít nhất {LEAST_FREE >> 20} MB",
                f"{data}: only {free >> 20} MB are free on this disk → at least {LEAST_FREE >> 20} MB are needed",
            )
        )


def _port_of(url: str) -> int | None:
    tail = url.rpartition(":")[2].split("/")[0]
    return int(tail) if tail.isdecimal() else None


def _reach(where: tuple[str, int]) -> str:
    """How we ourselves reach an address we listen on."""
    from services.cli.ports import ANY

    host, port = where
    return f"{'127.0.0.1' if host in ANY else host}:{port}"
