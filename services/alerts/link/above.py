"""A child's side of its link: heartbeats and counts for the parent, requests and bulletins from it.

The parent asks and we answer; requests we fetch ourselves, when its heartbeat says that one waits. Each is
decided against our own alert and answered by an event, a refusal too: it goes up by the way of all events.

Over 250 lines: what is answered to the parent, and what is asked of it and decided; both are one place.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError

from services.alerts.lifecycle import Limits
from services.alerts.link import bulletins as link_bulletins
from services.alerts.link.below import Down, Fetched, pass_on
from services.alerts.link.bulletins import Bulletin, alert_of, is_bulletin, stated
from services.alerts.link.core import Ask, Days, Ways
from services.alerts.link.known import read_subject
from services.alerts.link.own import Own
from services.alerts.link.requests import Event, Written, answer, read, refused
from services.alerts.log import EXPECTED, ID, WRONG_LAST
from services.observation import event as events
from services.observation import heartbeat
from services.observation.links import PARENT_KEY, Beat, Below, Request
from services.policy.links import Parent
from services.runtime import leaf, logging
from services.runtime.clock import now_us
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError
from services.runtime.pause import pause
from services.runtime.position import EPOCH, hash_of
from services.runtime.streams import ALERTS, HEALTH, STATE

TRIES, RETRY_S, ANSWER_S, SAVE_S = 20, 0.2, 2.0, 3.0
UNHEARD_S = 60.0
ESSENTIAL, SILENT_S = ("ingest", "alerts", "keeper"), 20.0
"""Without these no alert is raised, ended or looked after here; how long they may say nothing."""
log = logging.get("link")


class Place(msgspec.Struct):
    """How far we are in the parent's requests; `heard`: when it last asked, µs UTC. Stands in KV `STATE`.

    `hash`: of the request there; a parent restored from a backup counts on with other requests.
    """

    site: str
    after: int = 0
    hash: str = ""
    heard: int | None = None
    v: int = 1


class Above:
    """The parent, as its child sees it."""

    def __init__(  # noqa: PLR0913  what it stands between
        self,
        own: Own,
        js: JetStreamContext,
        connection: Connection,
        parent: Parent,
        ways: Ways,
        health: Health,
        below: Callable[[], list[Below]],
        limits: Callable[[], Limits],
    ) -> None:
        """`js` is the own site's; `connection` leads into the account of the parent."""
        self._own, self._js, self._nc, self._parent = own, js, connection.nc, parent
        self._ways, self._health, self._below, self._limits = ways, health, below, limits
        self._place = Place(parent.site)
        self._waiting = asyncio.Event()
        self._since = time.monotonic()
        self._heard: float | None = None
        self._silent: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Answer and decide until told to stop."""
        await self._restore(stop)
        await self._nc.subscribe(leaf.BEAT, cb=self._beat)
        await self._nc.subscribe(leaf.DAYS, cb=self._days)
        saved = looked = 0.0
        while not stop.is_set():
            self._look()
            if time.monotonic() - looked > SAVE_S:
                looked = time.monotonic()
                self._silent = await self._look_around()
            if time.monotonic() - saved > SAVE_S and self._heard is not None:
                saved = time.monotonic()
                with contextlib.suppress(NatsError, APIError, TimeoutError, OSError):
                    await self._save()
            try:
                async with asyncio.timeout(1.0):
                    await self._waiting.wait()
            except TimeoutError:
                continue
            self._waiting.clear()
            try:
                while await self._fetch(stop):
                    pass
            except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError) as error:
                log.warning("requests_interrupted", parent=self._parent.site, error=repr(error))
                await pause(stop, RETRY_S)  # the next heartbeat says again that something waits

    def _look(self) -> None:
        last = self._since if self._heard is None else self._heard
        if time.monotonic() - last > UNHEARD_S:
            self._health.complain(
                "parent-silent",
                f"Cấp trên {self._parent.site} không liên lạc; cảnh báo ở đây vẫn chạy, sẽ gửi lên sau",
                f"parent site {self._parent.site} can't be heard; alerts go on here and are sent later",
            )
        else:
            self._health.settle("parent-silent")

    def _all_below(self) -> list[Below]:
        """Every site whose events stand here; those that are linked no longer, without an age."""
        linked = self._below()
        names = {below.site for below in linked} | {self._own.site}
        return linked + [Below(site=site) for site in self._own.tally.sites() if site not in names]

    async def _look_around(self) -> list[str]:
        """Services that our alerts depend on and that have stopped to speak: to be said above."""
        silent = []
        for name in ESSENTIAL:
            try:
                found = (await (await self._js.key_value(HEALTH)).get(name)).value or b""
                if heartbeat.decode(found).age_s(now_us()) > SILENT_S:
                    silent.append(name)
            except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError):
                continue  # it never spoke here, or nothing can be known now: then no heartbeat goes up either
        return silent

    async def _restore(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                found = (await (await self._js.key_value(STATE)).get(PARENT_KEY)).value or b""
                place = msgspec.json.decode(found, type=Place)
                if place.site == self._parent.site:
                    self._place = place
                else:  # what is shown of the one before is of no use any more
                    await self._save()
            except (KeyNotFoundError, msgspec.MsgspecError):
                pass
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("place_awaited", error=repr(error))
                await pause(stop, RETRY_S)
                continue
            return

    async def _beat(self, message: Msg) -> None:
        try:
            ask = msgspec.json.decode(message.data, type=Ask)
            info = await self._js.stream_info(ALERTS)
        except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.warning("heartbeat_not_given", error=repr(error))
            return
        if ask.site != self._parent.site:
            self._health.complain(
                "parent-other",
                f"Liên kết dẫn đến {ask.site}, không phải {self._parent.site}; kiểm tra parent.json",
                f"the link leads to {ask.site}, not to {self._parent.site}; look at parent.json",
            )
            return
        self._health.settle("parent-other")
        self._heard, self._place.heard = time.monotonic(), now_us()
        epoch = (info.config.metadata or {}).get(EPOCH, "")
        beat = Beat(
            site=self._own.site,
            t=now_us(),
            epoch=epoch,
            last=int(info.state.last_seq),
            below=self._all_below(),
            silent=self._silent,
            machine=machine_of(self._js),
        )
        await self._respond(message, msgspec.json.encode(beat))
        # Not above it only: a parent whose stream began anew counts from one again.
        if ask.acts != self._place.after and ask.acts:
            self._waiting.set()

    async def _days(self, message: Msg) -> None:
        tally = self._own.tally
        sites = {site: dict(tally.days(site)) for site in tally.sites()}
        await self._respond(
            message, msgspec.json.encode(Days(last=tally.last, first=self._own.first, sites=sites))
        )

    async def _respond(self, message: Msg, data: bytes) -> None:
        try:
            await message.respond(data)
        except (NatsError, OSError) as error:
            log.info("not_answered", error=repr(error))

    async def _fetch(self, stop: asyncio.Event) -> bool:
        """Fetch and decide some requests; False when there are no more."""
        ask = msgspec.json.encode(Down(site=self._own.site, after=self._place.after, hash=self._place.hash))
        reply = await self._nc.request(leaf.ACTS, ask, timeout=ANSWER_S)
        fetched = msgspec.json.decode(reply.data, type=Fetched)
        if fetched.site != self._parent.site:
            return False
        if fetched.last < self._place.after:
            self._place.after, self._place.hash = (
                0,
                "",
            )  # its stream was made anew; what we decided before is known by its id
            return True
        for one in fetched.items:
            await self._decide(one.subject, one.data.encode())
            self._place.after, self._place.hash = one.sequence, hash_of(one.data.encode())
            await self._save()
            if stop.is_set():
                return False
        return bool(fetched.items)

    async def _save(self) -> None:
        await self._js.publish(f"$KV.{STATE}.{PARENT_KEY}", msgspec.json.encode(self._place), timeout=2.0)

    async def _decide(self, subject: str, data: bytes) -> None:
        found = link_bulletins.read(data) if is_bulletin(subject) else read(data)
        if found is None:
            log.warning("request_unreadable", subject=subject)
        elif isinstance(found, Bulletin):
            for child in self._ways.children:
                await pass_on(self._js, child, found)
            if self._parent.bulletins:
                await self._state(found)
        elif found.site == self._own.site:
            await self._act(from_above(found, self._parent.site, self._own.site))
        else:
            way = self._ways.child_of(found.site)
            if way is not None:
                await pass_on(self._js, way, found)
            else:
                await self._write([refused(self._own.site, found, "unreachable", now_us())], 0)

    async def _act(self, request: Request) -> None:
        no = refused(self._own.site, request, "unknown-alert", 0)
        if await read_subject(self._js, no.subject):
            return  # it was refused before: an answer is not taken back because we died after it
        subject = events.subject(self._own.site, request.area, request.alert)
        for _ in range(TRIES):
            history = await self._history(subject)
            out = answer(self._own.site, request, history, now_us(), self._limits())
            last = history[-1].sequence if history and out and out[0].subject == subject else 0
            if await self._write(out, last):
                log.info("request_decided", id=request.id, act=request.act, by=request.by)
                return
        log.warning("request_undecided", id=request.id)
        raise TimeoutError

    async def _state(self, bulletin: Bulletin) -> None:
        subject = events.subject(self._own.site, "_", alert_of(self._own.site, bulletin))
        for _ in range(TRIES):
            history = await self._history(subject)
            written = stated(self._own.site, bulletin, history, now_us())
            last = history[-1].sequence if history else 0
            if written is None or await self._write([written], last):
                return
        raise TimeoutError

    async def _history(self, subject: str) -> list[Event]:
        history = []
        for sequence, stored, data in await read_subject(self._js, subject):
            try:
                body = msgspec.json.decode(data)
            except msgspec.MsgspecError:
                body = {}
            history.append(Event(sequence, stored, body if isinstance(body, dict) else {}))
        return history

    async def _write(self, out: list[Written], last: int) -> bool:
        """Put events on one subject behind `last`; False when somebody else wrote meanwhile."""
        for written in out:
            headers = {ID: written.id, EXPECTED: str(last)}
            try:
                last = (await self._js.publish(written.subject, written.data, headers=headers)).seq
            except APIError as error:
                if error.err_code == WRONG_LAST:
                    return False
                raise
        return True


def machine_of(js: JetStreamContext) -> str:
    """The server that holds our streams: two that speak as one site are told apart by it."""
    info: dict[str, object] = js._nc._server_info  # noqa: SLF001  nats-py says it nowhere else
    return str(info.get("server_id", ""))


def from_above(request: Request, parent: str, own: str) -> Request:
    """With a person that can't be taken for one of ours: or it would do where two of us must agree."""
    site, slash, _ = request.by.partition("/")
    if slash and site != own:
        return request
    return msgspec.structs.replace(request, by=f"{parent}/{request.by}")
