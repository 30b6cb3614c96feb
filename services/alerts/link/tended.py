"""The links that are declared, each kept on its own: one that comes or goes disturbs no other."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError

from services.alerts.lifecycle import Limits
from services.alerts.lifecycle.acts import limits_of
from services.alerts.link.above import Above
from services.alerts.link.below import Requests
from services.alerts.link.core import Ways
from services.alerts.link.mirror import Mirror
from services.alerts.link.own import Own
from services.observation.instants import SECOND
from services.observation.links import CHILD_KEY, PARENT_KEY, Below, Standing
from services.policy.links import Child, Links, Parent
from services.policy.running import Running
from services.runtime import leaf, logging
from services.runtime.clock import now_us
from services.runtime.errors import Stopped
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError, connect
from services.runtime.pause import pause
from services.runtime.settings import Settings
from services.runtime.streams import STATE

LOOK_S, AGAIN_S, END_S = 0.5, 1.0, 2.0
_KEY = f"$KV.{STATE}."
log = logging.get("link")


@dataclass
class _Kept:
    """One link at work. `of`: what it was made of; when that is another, it is made anew."""

    of: tuple[object, ...]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


class _Wanted(NamedTuple):
    """A link that is to be at work."""

    of: tuple[object, ...]
    work: Callable[[_Kept], Awaitable[None]]


class Tended:
    """Links as the site declares them now. `mirrors`: of the children, by site."""

    def __init__(
        self, settings: Settings, js: JetStreamContext, own: Own, running: Running, health: Health
    ) -> None:
        """`js` is the own site's."""
        self._settings, self._js, self._own = settings, js, own
        self._running, self._health = running, health
        self.ways = Ways(own.site)
        self.mirrors: dict[str, Mirror] = {}
        self._kept: dict[str, _Kept] = {}
        self._since: dict[str, int] = {}
        self._marked: Links | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Keep them until told to stop."""
        try:
            while not stop.is_set():
                await self._look()
                self._health.ready()
                await pause(stop, LOOK_S)
        finally:
            await asyncio.gather(*(self._end(name) for name in list(self._kept)))

    async def _look(self) -> None:
        links = self._running.policy.links
        wanted = self._wanted(links)
        for name, kept in list(self._kept.items()):
            if name not in wanted or wanted[name].of != kept.of:
                await self._end(name)
            elif kept.task is not None and kept.task.done():
                error = None if kept.task.cancelled() else kept.task.exception()
                log.warning("link_interrupted", link=name, error=repr(error))
                await self._end(name)
        self.ways.children = [child.site for child in links.children]
        for name, one in wanted.items():
            if name not in self._kept:
                kept = self._kept[name] = _Kept(one.of)
                kept.task = asyncio.create_task(self._keep(kept, one.work), name=f"link {name}")
        if links != self._marked:
            await self._mark(links)

    def _wanted(self, links: Links) -> dict[str, _Wanted]:
        """Links that are declared and prepared, by site; the parent's under its key."""
        data = self._settings.data
        ends = (None if data is None else leaf.read_ends(data)) or leaf.Ends()
        wanted, unknown = {}, []
        for child in links.children:
            if password := ends.children.get(child.site):
                wanted[child.site] = _Wanted((password,), self._of_child(child, password))
            else:
                unknown.append(child.site)
        if (above := links.parent) is not None:
            if ends.parent and data is not None and leaf.ticket_for(data, self._own.site, above.site):
                wanted[PARENT_KEY] = _Wanted((above, ends.parent), self._of_parent(above, ends.parent))
            else:
                unknown.append(above.site)
        self._tell_unknown(unknown)
        return wanted

    async def _keep(self, kept: _Kept, work: Callable[[_Kept], Awaitable[None]]) -> None:
        """Do the work of one link, again when its connection was closed for good."""
        while not kept.ended.is_set():
            kept.over = asyncio.Event()
            try:
                await work(kept)
            except Stopped:  # taken off while its server was not there
                return
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("link_waits", error=repr(error))
            await pause(kept.ended, AGAIN_S)

    async def _end(self, name: str) -> None:
        kept = self._kept.pop(name)
        kept.ended.set()
        kept.over.set()
        if kept.task is not None:
            await asyncio.wait([kept.task], timeout=END_S)
            kept.task.cancel()
            await asyncio.gather(kept.task, return_exceptions=True)
        self.mirrors.pop(name, None)
        self.ways.forget(name)
        log.info("link_ended", link=name)

    def _of_child(self, child: Child, password: str) -> Callable[[_Kept], Awaitable[None]]:
        async def work(kept: _Kept) -> None:
            there = await self._enter(leaf.link_user(child.site), password, kept.over)
            try:
                await Requests(self._own, self._js, there, child.site).serve()
                since = self._since.setdefault(child.site, now_us())
                mirror = Mirror(self._own, self._js, there, child, self.ways, self._health, since)
                self.mirrors[child.site] = mirror
                await mirror.run(kept.over)
            finally:
                await there.close()

        return work

    def _of_parent(self, parent: Parent, password: str) -> Callable[[_Kept], Awaitable[None]]:
        async def work(kept: _Kept) -> None:
            there = await self._enter(leaf.link_user("parent"), password, kept.over)
            try:
                await Above(
                    self._own, self._js, there, parent, self.ways, self._health, self._below, self._limits
                ).run(kept.over)
            finally:
                self._health.settle("parent-silent")
                self._health.settle("parent-other")
                await there.close()

        return work

    async def _enter(self, user: str, password: str, over: asyncio.Event) -> Connection:
        """A connection into one of the accounts in which leaf connections end."""
        url = urlsplit(self._settings.nats)
        address = f"{url.hostname or '127.0.0.1'}:{url.port or 4222}"
        settings = replace(self._settings, nats=f"{url.scheme}://{user}:{password}@{address}")
        return await connect(settings, user, stop=over, probe=leaf.NOBODY)

    async def _mark(self, links: Links) -> None:
        """Write down who is linked no longer: what came stays, and is said to be old."""
        children = {child.site for child in links.children}
        try:
            state = await self._js.key_value(STATE)
            info = await self._js.stream_info(f"KV_{STATE}", subjects_filter=f"{_KEY}link.>")
            for subject in info.state.subjects or {}:
                key = subject.removeprefix(_KEY)
                site = key.removeprefix(CHILD_KEY)
                if key == PARENT_KEY and links.parent is None:
                    with contextlib.suppress(KeyNotFoundError):
                        await state.get(key)
                        await state.delete(key)
                elif key != PARENT_KEY and site not in children:
                    with contextlib.suppress(KeyNotFoundError, msgspec.MsgspecError):
                        standing = msgspec.json.decode((await state.get(key)).value or b"", type=Standing)
                        if standing.removed is None:
                            standing.removed = now_us()
                            await self._js.publish(subject, msgspec.json.encode(standing), timeout=2.0)
                            log.info("link_removed", child=site)
                    self._since.pop(site, None)
        except (NatsError, APIError, TimeoutError, OSError) as error:
            log.warning("removed_not_written", error=repr(error))
            return
        self._marked = links

    def _tell_unknown(self, sites: list[str]) -> None:
        if not sites:
            self._health.settle("link-unprepared")
            return
        named = ", ".join(sites)
        self._health.complain(
            "link-unprepared",
            f"Chưa có đường đến {named}: cấp trên cần `up --leaf`, cấp dưới cần parent.json",
            f"no way to {named} yet: a parent needs `up --leaf`, a child needs parent.json",
        )

    def _below(self) -> list[Below]:
        now = now_us()
        found: dict[str, Below] = {}
        for site, mirror in self.mirrors.items():
            standing = mirror.standing
            for below, as_of in {**standing.below, site: standing.as_of}.items():
                age = None if as_of is None else max(0.0, (now - as_of) / SECOND)
                lost = standing.orphans if below == site else []
                found[below] = Below(site=below, age_s=age, orphans=lost)
        return list(found.values())

    def _limits(self) -> Limits:
        return limits_of(self._running.policy.keeping)
