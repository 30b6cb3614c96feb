"""`haidang link`: the levels. Joins what copies children's alerts, answers the parent, and watches both."""

import asyncio

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.hazards import extra_properties, hazards
from services.alerts.link import watch as link_watch
from services.alerts.link.below import send_bulletins
from services.alerts.link.own import Own
from services.alerts.link.tended import Tended
from services.alerts.link.watch import LinkWatch
from services.alerts.log import AlertLog
from services.observation.instants import SECOND
from services.policy.running import Running
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError, connect
from services.runtime.pause import pause
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS

LOOK_S = 2.0
log = logging.get("link")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Keep the links that the site declares until told to stop."""
    connection = await connect(settings, "link", stop=stop)
    health = Health(connection.js, "link")
    running = Running(connection.js, extra_properties(), hazards(), health)
    beating = asyncio.create_task(health.run(), name="link-health")
    looking = asyncio.create_task(running.run(stop), name="link-site")
    try:
        while await running.first(stop) and not stop.is_set():
            await _of_site(settings, connection, health, running, running.site.id, stop)
    finally:
        for task in (beating, looking):
            task.cancel()
        await asyncio.gather(beating, looking, return_exceptions=True)
        await connection.close()


async def _of_site(  # noqa: PLR0913  what the links are made of
    settings: Settings,
    connection: Connection,
    health: Health,
    running: Running,
    site: str,
    stop: asyncio.Event,
) -> None:
    """Keep the links of this site until it is another."""
    ended = asyncio.Event()
    level = Level(settings, connection, health, running, ended)
    working = asyncio.create_task(level.run(site))
    try:
        while not stop.is_set() and not working.done():
            if running.site.id != site:
                log.info("site_changed")
                return
            await pause(stop, LOOK_S / 4)
    finally:
        ended.set()
        done, _ = await asyncio.wait([working], timeout=2.0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        for task in done:
            if not task.cancelled() and task.exception() is not None and not stop.is_set():
                log.warning("links_interrupted", error=repr(task.exception()))
                await pause(stop, 1.0)


class Level:
    """One site among the levels: its children, its parent, itself."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        health: Health,
        running: Running,
        stop: asyncio.Event,
    ) -> None:
        """Nothing is linked before `run`."""
        self._settings, self._health = settings, health
        self._running, self._stop = running, stop
        self._js: JetStreamContext = connection.js

    async def run(self, site: str) -> None:
        """Link until the event is set."""
        watch = LinkWatch(site)
        own = Own(self._js, site, watch.restore)
        tended = Tended(self._settings, self._js, own, self._running, self._health)
        async with asyncio.TaskGroup() as group:
            for work in (
                own.run(self._stop),
                tended.run(self._stop),
                self._watch(own, watch, tended),
                self._down(own, tended),
            ):
                group.create_task(work)

    async def _watch(self, own: Own, watch: LinkWatch, tended: Tended) -> None:
        """Alerts about links: written here, under the own site."""
        await own.known.wait()
        info = await self._js.stream_info(ALERTS)
        alert_log = AlertLog(self._js, own.site, int(info.state.last_seq))
        while not self._stop.is_set():
            now = now_us()
            findings = []
            undecided = set()
            children = self._running.policy.links.children
            limits = {child.site: round(child.silent_s * SECOND) for child in children}
            for site, mirror in tended.mirrors.items():
                if site not in limits:
                    continue
                standing = mirror.standing
                findings += link_watch.look(standing, limits[site], mirror.since, now)
                if max(standing.heard or 0, 0) < mirror.since and now - mirror.since < limits[site]:
                    undecided.add(site)
            undecided |= limits.keys() - tended.mirrors.keys()  # one that is just being linked
            out = watch.update(findings, now, frozenset(undecided))
            if out:
                await alert_log.publish(out, self._stop)
                alert_log.forget()
            self._health.figure(
                "children_silent", sum(1 for one in findings if one.rule == link_watch.SILENT)
            )
            await pause(self._stop, LOOK_S / 2)

    async def _down(self, own: Own, tended: Tended) -> None:
        """What waits for children is told to them at once, not at the next heartbeat."""
        await own.known.wait()
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(LOOK_S):
                    await own.asked.wait()
            except TimeoutError:
                continue
            own.asked.clear()
            try:
                await send_bulletins(own, self._js, tended.ways.children)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("bulletins_wait", error=repr(error))
                await pause(self._stop, 1.0)
                own.asked.set()
            for mirror in tended.mirrors.values():
                mirror.nudged.set()
