"""The keeper: what wall-clock time, or several alerts together, decide. One active process, several duties.

Each duty runs by itself: one that fails is begun again, says so in HEALTH, and stops no other. The keeper's
own heartbeat is what `/readyz` and every stream show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts import watcher
from services.alerts.digest import duty as digesting
from services.alerts.exercise import stage as exercise_stage
from services.alerts.hazards import extra_properties
from services.alerts.keeping import duty as keeping
from services.alerts.log import AlertLog
from services.alerts.situation import duty as situations
from services.alerts.situation.duty import grouped
from services.observation.site import Site
from services.runtime import logging, sites
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError, connect
from services.runtime.pause import pause
from services.runtime.settings import Settings

Duty = Callable[[JetStreamContext, str, AlertLog, asyncio.Event], Awaitable[None]]
"""Runs until the event is set. It writes through an AlertLog of its own, made anew at each beginning."""

COMMAND_WATCH = "services.alerts.commands.watch"
RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
WELL_S = 10.0
"""A duty that has run for so long has recovered."""
log = logging.get("keeper")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Do every duty until told to stop."""
    connection = await connect(settings, "keeper", stop=stop)
    health = Health(connection.js, "keeper")
    beating = asyncio.create_task(health.run(), name="keeper-health")
    try:
        site = await _site(connection.js, stop)
        if site is not None:
            await keep(connection, site.id, duties(site, settings, health), health, stop)
    finally:
        beating.cancel()
        await connection.close()


def duties(site: Site, settings: Settings, health: Health) -> dict[str, Duty]:
    """What there is to do, by name."""
    names = {area.id: area.name for area in site.areas.values()}
    grouping = grouped(settings.situation_window_s, settings.situation_areas)
    found: dict[str, Duty] = {
        "selfwatch": partial(watcher.run, health=health),
        "keeping": partial(keeping.run, health=health),
        "digest": partial(digesting.run, health=health),
        "situations": partial(situations.run, health=health, grouping=grouping, names=names),
        "exercises": exercise_stage.watch,
    }
    if find_spec(COMMAND_WATCH) is not None:
        found["commands"] = _watch_commands
    return found


async def keep(
    connection: Connection, site: str, found: dict[str, Duty], health: Health, stop: asyncio.Event
) -> None:
    """Run duties side by side until told to stop."""

    async def again(name: str, duty: Duty) -> None:
        wait = RETRY_S
        while not stop.is_set():
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await _once(connection.js, site, name, duty, health, stop)
            wait = RETRY_S if loop.time() - begun > LONGEST_RETRY_S else min(wait * 2, LONGEST_RETRY_S)
            await pause(stop, wait)

    async with asyncio.TaskGroup() as group:
        for name, duty in found.items():
            group.create_task(again(name, duty), name=f"keeper-{name}")


async def _once(  # noqa: PLR0913  what a duty is run with
    js: JetStreamContext, site: str, name: str, duty: Duty, health: Health, stop: asyncio.Event
) -> None:
    """Run a duty until it ends; a failure is told and kept here."""

    async def work() -> None:
        await duty(js, site, AlertLog(js, site), stop)

    working = asyncio.create_task(work())
    try:
        await asyncio.wait((working,), timeout=WELL_S)
        if not working.done():
            health.settle(f"{name}-failed")
        await working
        why = "it ended"
    except (NatsError, APIError, TimeoutError, OSError) as error:
        why = repr(error)
        log.warning("duty_interrupted", duty=name, error=why)
    except Exception as error:  # noqa: BLE001  a fault of one duty must not take the others with it
        why = repr(error)
        log.crash("duty_failed", error)
    finally:
        working.cancel()
    if not stop.is_set():
        health.complain(
            f"{name}-failed",
            f"Nhiệm vụ {name} của keeper dừng ({why}); đang khởi động lại, các nhiệm vụ khác vẫn chạy",
            f"the keeper's duty {name} stopped ({why}); it is begun again, the others go on",
        )


async def _watch_commands(js: JetStreamContext, site: str, alert_log: AlertLog, stop: asyncio.Event) -> None:
    """Imported when it runs: a fault in it is that duty's own."""
    duty: Duty = import_module(COMMAND_WATCH).run
    await duty(js, site, alert_log, stop)


async def _site(js: JetStreamContext, stop: asyncio.Event) -> Site | None:
    """Wait for the first site version; None when told to stop before."""
    while not stop.is_set():
        try:
            current = await sites.current(js)
            if current is not None:
                return await sites.load(js, current.version, extra_properties())
        except (NatsError, APIError, TimeoutError, sites.SiteError) as error:
            log.warning("site_awaited", error=repr(error))
        await pause(stop, 0.5)
    return None
