"""`haidang link`: the levels. Joins what copies children's alerts, answers the parent, and watches both."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts import link_watch
from services.alerts.hazards import extra_properties, hazards
from services.alerts.lifecycle import Limits
from services.alerts.lifecycle_acts import limits_of
from services.alerts.link_above import Above
from services.alerts.link_below import Requests, send_bulletins
from services.alerts.link_core import Ways
from services.alerts.link_mirror import Mirror
from services.alerts.link_own import Own
from services.alerts.link_watch import LinkWatch
from services.alerts.log import AlertLog
from services.observation.instants import SECOND
from services.observation.links import Below
from services.policy.links import Links
from services.policy.running import Running
from services.runtime import leaf, logging
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
            links, running_id = running.policy.links, running.site.id
            await _until_changed(settings, connection, health, running, links, running_id, stop)
    finally:
        for task in (beating, looking):
            task.cancel()
        await asyncio.gather(beating, looking, return_exceptions=True)
        await connection.close()


async def _until_changed(  # noqa: PLR0913  what the links are made of
    settings: Settings,
    connection: Connection,
    health: Health,
    running: Running,
    links: Links,
    site: str,
    stop: asyncio.Event,
) -> None:
    """Keep these links until others are declared."""
    ended = asyncio.Event()
    level = Level(settings, connection, health, running, ended)
    working = asyncio.create_task(level.run(links, site))
    try:
        while not stop.is_set() and not working.done():
            if running.policy.links != links or running.site.id != site:
                log.info("links_changed")
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
        self._settings, self._connection, self._health = settings, connection, health
        self._running, self._stop = running, stop
        self._js: JetStreamContext = connection.js
        self._mirrors: dict[str, Mirror] = {}
        self._open: list[Connection] = []

    async def run(self, links: Links, site: str) -> None:
        """Link until the event is set."""
        ends = leaf.read_ends(self._settings.data) if self._settings.data is not None else None
        watch, ways = LinkWatch(site), Ways(site)
        own = Own(self._js, site, watch.restore)
        ways.children = [child.site for child in links.children]
        work: list[Coroutine[Any, Any, None]] = [own.run(self._stop)]
        unknown = []
        try:
            for child in links.children:
                password = ends.children.get(child.site) if ends is not None else None
                if password is None:
                    unknown.append(child.site)
                    continue
                there = await self._enter(leaf.link_user(child.site), password)
                await Requests(own, self._js, there, child.site).serve()
                mirror = Mirror(own, self._js, there, child, ways, self._health)
                self._mirrors[child.site] = mirror
                work.append(mirror.run(self._stop))
            if links.parent is not None and ends is not None and leaf.read_ticket(self._data()) is not None:
                there = await self._enter(leaf.link_user("parent"), ends.parent)
                above = Above(
                    own, self._js, there, links.parent, ways, self._health, self._below, self._limits
                )
                work.append(above.run(self._stop))
            elif links.parent is not None:
                unknown.append(links.parent.site)
            self._tell_unknown(unknown)
            work.append(self._watch(own, watch, links))
            work.append(self._down(own, ways))
            self._health.ready()
            async with asyncio.TaskGroup() as group:
                for one in work:
                    group.create_task(one)
        finally:
            for one in work:
                one.close()
            for there in self._open:
                await there.close()

    def _data(self) -> Any:
        return self._settings.data

    async def _enter(self, user: str, password: str) -> Connection:
        """A connection into one of the accounts in which leaf connections end."""
        url = urlsplit(self._settings.nats)
        address = f"{url.hostname or '127.0.0.1'}:{url.port or 4222}"
        settings = replace(self._settings, nats=f"{url.scheme}://{user}:{password}@{address}")
        there = await connect(settings, user, stop=self._stop, probe=leaf.NOBODY)
        self._open.append(there)
        return there

    def _tell_unknown(self, sites: list[str]) -> None:
        if not sites:
            self._health.settle("link-unprepared")
            return
        named = ", ".join(sites)
        self._health.complain(
            "link-unprepared",
            f"Chưa có đường đến {named}: khởi động lại `up` (cấp trên cần --leaf, cấp dưới cần parent.json)",
            f"no way to {named} yet: start `up` again (a parent needs --leaf, a child needs parent.json)",
        )

    def _below(self) -> list[Below]:
        now = _now()
        found: dict[str, Below] = {}
        for site, mirror in self._mirrors.items():
            standing = mirror.standing
            for below, as_of in {**standing.below, site: standing.as_of}.items():
                age = None if as_of is None else max(0.0, (now - as_of) / SECOND)
                found[below] = Below(site=below, age_s=age)
        return list(found.values())

    def _limits(self) -> Limits:
        return limits_of(self._running.policy.keeping)

    async def _watch(self, own: Own, watch: LinkWatch, links: Links) -> None:
        """Alerts about links: written here, under the own site."""
        await own.known.wait()
        info = await self._js.stream_info(ALERTS)
        alert_log = AlertLog(self._js, own.site, int(info.state.last_seq))
        limits = {child.site: round(child.silent_s * SECOND) for child in links.children}
        while not self._stop.is_set():
            now = _now()
            findings = []
            undecided = set()
            for site, mirror in self._mirrors.items():
                standing = mirror.standing
                findings += link_watch.look(standing, limits[site], mirror.since, now)
                if max(standing.heard or 0, 0) < mirror.since and now - mirror.since < limits[site]:
                    undecided.add(site)
            out = watch.update(findings, now, frozenset(undecided))
            if out:
                await alert_log.publish(out, self._stop)
                alert_log.forget()
            self._health.figure(
                "children_silent", sum(1 for one in findings if one.rule == link_watch.SILENT)
            )
            await pause(self._stop, LOOK_S / 2)

    async def _down(self, own: Own, ways: Ways) -> None:
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
                await send_bulletins(own, self._js, ways.children)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("bulletins_wait", error=repr(error))
                await pause(self._stop, 1.0)
                own.asked.set()
            for mirror in self._mirrors.values():
                mirror.nudged.set()


def _now() -> int:
    return time.time_ns() // 1000
