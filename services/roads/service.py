"""The roads service: alerts to machines and people outside, each road for itself. One active process.

It keeps nothing of its own: where each road is stands in KV STATE, what it carried on DELIVERIES. It may be
killed at any moment; what was on its way goes out again under the same id.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from nats.js import JetStreamContext

from services.alerts.hazards import extra_properties, hazards
from services.policy.running import Running
from services.roads.alone import Alone
from services.roads.generation import Generation
from services.roads.ledger import TROUBLE
from services.runtime import logging, secrets
from services.runtime.health import Health
from services.runtime.nats import connect
from services.runtime.pause import pause
from services.runtime.people import Book
from services.runtime.people_store import PeopleStore
from services.runtime.secrets import Secrets, SecretsError
from services.runtime.settings import Settings

NAME = "roads"
BULLETINS = "services.roads.bulletins"
LOOK_S = 1.0
RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
PEOPLE_S = 5.0
Duty = Callable[[JetStreamContext, Running, Settings, Health, asyncio.Event], Awaitable[None]]
log = logging.get(NAME)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run until told to stop."""
    connection = await connect(settings, NAME, stop=stop)
    health = Health(connection.js, NAME)
    running = Running(connection.js, extra_properties(), tuple(hazards()), health)
    service = Service(connection.js, running, settings, health)

    async def work(ended: asyncio.Event) -> None:
        beating = asyncio.create_task(health.run(), name="roads-health")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(service.run(ended))
                if find_spec(BULLETINS) is not None:
                    group.create_task(service.bulletins(ended))
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(running.run(stop))
            group.create_task(Alone(connection.js).work(work, stop))
    finally:
        await connection.close()


class Service:
    """Runs one generation of roads after the other."""

    def __init__(self, js: JetStreamContext, running: Running, settings: Settings, health: Health) -> None:
        """Nothing runs before `run`."""
        self._js, self._running, self._settings, self._health = js, running, settings, health
        self._book = Book()
        self._good: Secrets | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Begin anew whenever the site, its policy or the private file changes."""
        people = asyncio.create_task(PeopleStore(self._js).follow(self._book, stop), name="roads-people")
        try:
            await self._people_known(stop)
            while not stop.is_set():
                if not self._running.known:
                    await pause(stop, 0.1)
                    continue
                await self._one_generation(stop)
        finally:
            people.cancel()
            await asyncio.gather(people, return_exceptions=True)

    async def _one_generation(self, stop: asyncio.Event) -> None:
        file = secrets.path_of(self._settings)
        version, stamp = self._running.version, _stamp(file)
        ended = asyncio.Event()
        generation = Generation(
            self._js,
            self._health,
            self._running.site,
            self._running.policy,
            self._secrets(file),
            self._book,
        )
        working = asyncio.create_task(generation.run(ended), name="roads-generation")
        try:
            self._health.ready()
            # It ends by itself only where no road is declared, or where it failed.
            while version == self._running.version and stamp == _stamp(file) and not stop.is_set():
                if working.done() and working.exception() is not None:
                    break
                await pause(stop, LOOK_S)
            ended.set()
            await working
        except TROUBLE as error:
            log.warning("roads_interrupted", error=repr(error))
            await pause(stop, RETRY_S)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    def _secrets(self, file: Path | None) -> Secrets:
        try:
            found = secrets.read(file)
        except SecretsError as error:
            self._health.complain("roads-secrets", error.text.vi, error.text.en)
            # An editor's slip, or a chmod, must not silence every road at once.
            return self._good or Secrets({}, file or Path(secrets.FILE))
        self._health.settle("roads-secrets")
        self._good = found
        return found

    async def _people_known(self, stop: asyncio.Event) -> None:
        """People are read first, so that nobody is missing only because we have just begun."""
        loop = asyncio.get_running_loop()
        due = loop.time() + PEOPLE_S
        while not self._book.loaded and loop.time() < due and not stop.is_set():
            await pause(stop, 0.05)

    async def bulletins(self, stop: asyncio.Event) -> None:
        """What goes to the public as CAP: a duty of this process, imported when it runs."""
        wait = RETRY_S
        while not stop.is_set():
            begun = asyncio.get_running_loop().time()
            try:
                duty: Duty = import_module(BULLETINS).run
                await duty(self._js, self._running, self._settings, self._health, stop)
                why = "it ended"
            except TROUBLE as error:
                why = repr(error)
                log.warning("bulletins_interrupted", error=why)
            except Exception as error:  # noqa: BLE001  a fault of one duty must not take the roads with it
                why = repr(error)
                log.crash("bulletins_failed", error)
            if stop.is_set():
                return
            self._health.complain(
                "bulletins-failed",
                f"Việc phát bản tin CAP dừng ({why}); đang khởi động lại, các đường gửi khác vẫn chạy",
                f"the writer of CAP bulletins stopped ({why}); it is begun again, the roads go on",
            )
            well = asyncio.get_running_loop().time() - begun > LONGEST_RETRY_S
            wait = RETRY_S if well else min(wait * 2, LONGEST_RETRY_S)
            await pause(stop, wait)


def _stamp(file: Path | None) -> tuple[int, int]:
    """Tells one state of the private file from another."""
    try:
        found = os.stat(file) if file is not None else None  # noqa: PTH116  both numbers in one look
    except OSError:
        found = None
    return (0, 0) if found is None else (found.st_mtime_ns, found.st_mode)
