"""The own stream as the link sees it: counts by day, own bulletins, and which requests wait for whom."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.link.bulletins import Bulletin, bulletin_of
from services.observation import event as events
from services.observation.event import CloudEvent
from services.observation.orphans import KNOWN, OrphanEvent, verb_of
from services.observation.tally import Head, Tally, head_of, site_of
from services.runtime import digest, logging
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.nats import NatsError
from services.runtime.pause import pause
from services.runtime.streams import ACTS, ALERTS

BATCH = 512
MOST_BULLETINS = 1_000
RETRY_S = 0.5
_BULLETIN = "vn.haidang.bulletin.issued.v1"
_OURS = b'"site-'
"""Stands in every event of an alert about a link, in the name of its rule."""
log = logging.get("link")


class Own:
    """Follows ALERTS and ACTS of the own site."""

    def __init__(self, js: JetStreamContext, site: str, told: Callable[[CloudEvent], None]) -> None:
        """For one site; `told` is handed what the link itself has raised there."""
        self._js, self.site, self._told = js, site, told
        self.tally = Tally()
        self.first = 1
        self.known = asyncio.Event()
        """Set once everything was read that stood there when we began."""
        self.generation = 0
        """Changes when the stream was found not to be what it was: what was copied may be gone."""
        self.bulletins: deque[Bulletin] = deque(maxlen=MOST_BULLETINS)
        self.orphans: dict[str, str] = {}
        """Alerts that we call orphans, closed or not, by their ids: of which site."""
        self.waiting: dict[str, int] = {}
        """By child: sequence of the last request on ACTS."""
        self.asked = asyncio.Event()
        """Set when a request came."""

    async def run(self, stop: asyncio.Event) -> None:
        """Follow both until told to stop."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(self._alerts, stop))
            group.create_task(self._again(self._acts, stop))

    async def _again(self, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await work(stop)
            except TailLost as lost:
                self.generation += 1
                log.warning("own_tail_lost", stream=lost.stream, read=lost.read, last=lost.last)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("own_stream_unreadable", error=repr(error))
            await pause(stop, RETRY_S)

    async def _alerts(self, stop: asyncio.Event) -> None:
        info = await self._js.stream_info(ALERTS)
        self.first, end = max(int(info.state.first_seq), 1), int(info.state.last_seq)
        self.tally.clear()
        self.orphans.clear()
        self.known.clear()
        after, head = await digest.begin(self._js, self._remember)
        if head is not None:
            await digest.restore(self._js, head, self.tally)
        follower = Follower(self._js, ALERTS, [], after, batch=BATCH)
        quiet = 0
        try:
            while not stop.is_set():
                messages = await follower.fetch(BATCH, 0.5)
                for message in messages:
                    self._take(message)
                quiet = 0 if messages else quiet + 1
                if not self.known.is_set() and (self.tally.last >= end or quiet > 10):  # noqa: PLR2004
                    self.known.set()
        finally:
            await follower.close()

    def _take(self, message: Message) -> None:
        self._see(message, self.tally.take(message.sequence, message.subject, message.data))

    def _remember(self, message: Message) -> None:
        """What a digest has of before: it is counted there already."""
        self._see(message, head_of(message.data))

    def _see(self, message: Message, head: Head | None) -> None:
        if head is None or site_of(message.subject) != self.site:
            return
        if _OURS in message.data:
            with contextlib.suppress(msgspec.MsgspecError):
                self._told(events.decode(message.data))
        if (verb := verb_of(head.type)) is not None:
            self._lost(verb, message.data)
        if head.type != _BULLETIN:
            return
        bulletin = bulletin_of(msgspec.json.decode(message.data))
        if bulletin is None:
            log.warning("bulletin_unreadable", sequence=message.sequence)
        else:
            self.bulletins.append(bulletin)
            self.asked.set()

    def _lost(self, verb: str, data: bytes) -> None:
        try:
            said = msgspec.json.decode(data, type=OrphanEvent).data
        except msgspec.MsgspecError:
            return
        self.orphans.pop(said.about, None)
        if verb != KNOWN:
            self.orphans[said.about] = said.site

    async def _acts(self, stop: asyncio.Event) -> None:
        follower = Follower(self._js, ACTS, [], 0, batch=BATCH)
        try:
            while not stop.is_set():
                for message in await follower.fetch(BATCH, 0.5):
                    parts = message.subject.split(".")
                    if len(parts) > 1:
                        self.waiting[parts[1]] = message.sequence
                        self.asked.set()
        finally:
            await follower.close()
