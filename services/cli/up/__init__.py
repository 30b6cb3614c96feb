"""`haidang up`: everything on this machine. Here: what was asked for, and the words when it can't be."""

import argparse
import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.folder import Refused
from services.cli.words import complain, of_the_world

if TYPE_CHECKING:
    from services.cli.up.plan import Plan


CANCELLED_S = 0.5  # what does not end by then is left behind: the end must not wait for anything for ever


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
        "--http", metavar="HOST:PORT", help="home page and API; default 127.0.0.1 and any free port"
    )
    parser.add_argument(
        "--mqtt", metavar="HOST:PORT", help="for gateways; default 127.0.0.1 and any free port"
    )
    parser.add_argument(
        "--leaf", metavar="HOST:PORT", help="for sites below that [[child]] in alerting.toml names"
    )
    parser.add_argument(
        "--nats",
        metavar="URL",
        help="use this NATS server, --mqtt is its listener; not remembered: without it, the embedded one",
    )
    parser.add_argument(
        "--database",
        metavar="URL",
        help="use this PostgreSQL or TimescaleDB; not remembered: without it, the embedded one",
    )
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
    from services.runtime.errors import OperatorError
    from services.runtime.nats import NatsError

    try:
        return _start(overrides, services, program)
    except (OperatorError, NatsError, OSError, TimeoutError, ValueError, Refused) as error:
        return _explain(error)


def _start(
    overrides: dict[str, str | None], services: tuple[str, ...] | None, program: tuple[str, ...] | None
) -> int:
    from services.cli.site import stale_words
    from services.cli.up.planning import lock, make_folder, make_plan, tell_given, untouched_if_refused
    from services.cli.upgrade import steps as upgrade_steps
    from services.runtime import formats
    from services.runtime.settings import given
    from services.runtime.sites import StaleBase

    texts = given(overrides)
    missing = [name for name in ("site", "data") if name not in texts]
    if missing:
        return complain(f"--{missing[0]} DIR is needed", f"cần --{missing[0]} THƯ_MỤC")
    data = Path(texts["data"]).resolve()
    with untouched_if_refused(data) as settled:
        make_folder(data)
        with lock(data):
            held = formats.number(data)
            upgrade_steps.refuse(data, held)
            plan = make_plan(data, texts)
            settled.set()
            tell_given(texts, overrides)
            plan = replace(
                plan, services=services or plan.services, program=program or plan.program, held=held
            )
            try:
                return asyncio.run(_run(plan))
            except StaleBase as stale:
                return stale_words(stale, texts["site"], str(data))


def _explain(error: Exception) -> int:
    """The words for each kind of error; all have a remedy, so none is a traceback."""
    from services.runtime.errors import OperatorError
    from services.runtime.nats import NatsError

    match error:
        case Refused():
            return error.code
        case OperatorError():
            return complain(error.text.en, error.text.vi)
        case NatsError() | TimeoutError():
            return complain(
                f"NATS: {error!r} → look at --nats; its account needs JetStream and rights on streams",
                f"NATS: {error!r} → kiểm tra --nats; tài khoản cần JetStream và quyền tạo luồng",
            )
        case OSError():
            return complain(*of_the_world(error))
        case _:  # SettingsError and others of its kind: the message says it all
            return complain(str(error))


async def _run(plan: "Plan") -> int:
    from services.cli.up.machine import Machine
    from services.runtime import logging

    logging.configure(as_json=plan.settings.log_json, lowest=plan.settings.log_level)
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
        await asyncio.wait([starting, told], timeout=CANCELLED_S)
        if starting.done() and not starting.cancelled():
            starting.exception()  # raised above, or not worth a word any more
        await machine.stop()
    return 0
