"""`haidang ingest`, `api` and the like: one service as a process, as `up` runs them."""

import argparse
import gc
import importlib
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.words import complain

if TYPE_CHECKING:
    from services.runtime.process import Main

MAINS = {
    "ingest": "services.ingest.service",
    "archive": "services.ingest.archive.service",
    "alerts": "services.alerts.worker",
    "keeper": "services.alerts.keeper",
    "api": "services.api.service",
    "lighting": "services.lighting.service",
    "roads": "services.roads.service",
    "link": "services.alerts.link.service",
}
"""Module of each service; its `run(settings, stop)` is the service."""


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """All take the same: settings come from HAIDANG_* and may be given here."""
    for name in MAINS:
        parser = subparsers.add_parser(name, help=COMMANDS[name].text)
        parser.add_argument("--nats", metavar="URL", help="nats://user:password@host:port")
        parser.add_argument(
            "--mqtt", metavar="HOST:PORT", help="MQTT listener, or mqtt://user:password@host:port"
        )
        parser.add_argument("--database", metavar="URL", help="postgresql://…")
        parser.add_argument("--http", metavar="HOST:PORT", help="where to serve HTTP")
        parser.add_argument("--data", metavar="DIR", help="folder for what this machine keeps")
        parser.add_argument(
            "--credentials", metavar="FILE", help="JSON with user and password for NATS and MQTT"
        )
        parser.add_argument("--log", choices=("text", "json"), help="form of the log on stderr")


def run(options: argparse.Namespace) -> int:
    """Run the service until SIGTERM."""
    from services.runtime import process
    from services.runtime.settings import Settings, SettingsError

    given = {name: value for name, value in vars(options).items() if name != "command"}
    try:
        settings = Settings.load(given)
    except SettingsError as error:
        return complain(str(error))
    service = _imported(MAINS[options.command]).run
    main: Main = service
    if options.command == "ingest":
        # ingest knows nothing of alerts; what hazards add to the vocabulary is handed to it here.
        from services.alerts.hazards import extra_properties

        main = partial(service, properties=extra_properties())
    return process.run(main, settings, options.command)


def _imported(name: str) -> ModuleType:
    """Import a service. What modules are made of stays until the process ends.

    The collector is spared it: while they are made, at every full round afterwards, and once more at the end.
    That is a fifth of the processor time of a start and a stop, and no long round in the middle of the work.
    """
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
