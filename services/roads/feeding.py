"""What feeds the roads: the notices of people's roads, read once for all, and what is asked of each."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import msgspec
from nats.js import JetStreamContext

from services.observation import delivery as nouns
from services.roads.ledger import TROUBLE
from services.roads.notices import Desk, Notice
from services.roads.places import Places
from services.roads.queued import Queue
from services.roads.sources import decoded
from services.roads.steady import Steady
from services.roads.words import minute_of_day
from services.runtime import digest, logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.pause import pause
from services.runtime.streams import ALERTS, DELIVERIES

LAG_US = 500_000
"""Clocks of server and service may differ by so much; `due` must not look past what was read."""
RETRY_S, LONGEST_RETRY_S = 0.5, 10.0
READ = 500
KEPT = 20_000
STILL_EMPTY = 80
log = logging.get("roads")


class Feeding:
    """Of one generation of roads."""

    def __init__(
        self,
        js: JetStreamContext,
        site: str,
        places: Places,
        ask: Callable[[str, int, nouns.Request], None],
    ) -> None:
        """`ask` is handed each request: its road, its place on the stream."""
        self._js, self._site, self._places, self._ask = js, site, places, ask
        self.steady = Steady(now_us, time.monotonic)
        self._queues: dict[str, Queue] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._notices: deque[tuple[Notice, int]] = deque(maxlen=KEPT)
        self._requests: deque[tuple[str, int, nouns.Request]] = deque(maxlen=KEPT)
        """What came so far, for a road that begins again."""
        self._read = asyncio.Event()
        """The stream was read up to where it ended when we came."""

    def fill(self, road: str, queue: Queue) -> Callable[[float], Awaitable[None]]:
        """Put what came and what will come into a queue; what waits for news of it, so long at the most."""
        for notice, minute in self._notices:
            queue.put(notice, minute)
        news = asyncio.Event()
        self._queues[road], self._news[road] = queue, news

        async def idle(seconds: float) -> None:
            news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await news.wait()
            except TimeoutError:
                return

        return idle

    def asked(self, road: str) -> Iterator[tuple[int, nouns.Request]]:
        """What came so far for a road."""
        return ((sequence, request) for whose, sequence, request in self._requests if whose == road)

    async def first(self, stop: asyncio.Event) -> None:
        """Wait until all that was there when we came is read."""
        while not self._read.is_set() and not stop.is_set():
            await pause(stop, 0.05)

    async def follow_alerts(self, stop: asyncio.Event) -> None:
        """Read all that matters once for all roads of people: notices follow from that."""
        self._notices.clear()
        places = self._places
        desk, empty, notices = Desk(self._site, places.areas), 0, list[Notice]()

        def take(message: Message) -> None:
            self.steady.seen(message.time_us)
            event = decoded(message.data)
            if event is not None:
                notices.extend(desk.take(message.sequence, message.time_us, event))

        after, _ = await digest.begin(self._js, take)
        follower = Follower(self._js, ALERTS, [], after, batch=READ)
        try:
            while not stop.is_set():
                messages = await follower.fetch(READ, 0.25)
                for message in messages:
                    take(message)
                empty = 0 if messages else empty + 1
                place = follower.last if len(messages) < READ else messages[-1].sequence
                whole = await self._whole_at(place, desk, empty)
                if whole is not None:
                    notices += desk.due(whole)
                    self._read.set()
                for notice in notices:
                    minute = minute_of_day(notice.at, places.zone)
                    self._notices.append((notice, minute))
                    for queue in self._queues.values():
                        queue.put(notice, minute)
                if notices:
                    for news in self._news.values():
                        news.set()
                    notices.clear()
        finally:
            await follower.close()

    async def _whole_at(self, place: int, desk: Desk, empty: int) -> int | None:
        """An instant up to which all that was stored is read; None: not known, or nothing waits for it.

        Asked, not assumed: what is on its way to us may end, keep quiet or overtake what is about to be told,
        and a road that has told something does not look before it any more.
        """
        asked = self.steady.now() - LAG_US
        due = desk.next_due()
        if self._read.is_set() and (due is None or due > asked):
            return None
        info = await self._js.stream_info(ALERTS)
        return asked if place >= int(info.state.last_seq) or empty >= STILL_EMPTY else None

    async def follow_requests(self, stop: asyncio.Event) -> None:
        """What people ask; each road knows which it has done."""
        follower = Follower(self._js, DELIVERIES, [nouns.request("*")], 0)
        try:
            while not stop.is_set():
                for message in await follower.fetch(100, 0.5):
                    road = message.subject.split(".")[1]
                    try:
                        request = nouns.read_request(message.data)
                    except msgspec.MsgspecError:
                        log.warning("request_unreadable", sequence=message.sequence)
                        continue
                    self._requests.append((road, message.sequence, request))
                    self._ask(road, message.sequence, request)
        finally:
            await follower.close()


async def again(
    work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event, health: Health
) -> None:
    """Run until told to stop; the world's faults and our own are waited out, each road for itself."""
    wait = RETRY_S
    while not stop.is_set():
        begun = asyncio.get_running_loop().time()
        try:
            await work(stop)
        except TROUBLE as error:
            log.warning("road_interrupted", error=repr(error))
        except TailLost as lost:
            log.warning("road_tail_lost", read=lost.read, last=lost.last)
        except Exception as error:  # noqa: BLE001  a fault in one road must not take the others with it
            log.crash("road_failed", error)
            health.complain(
                "roads-failed",
                f"Lỗi trong một đường gửi ({error!r}); đang chạy lại, các đường khác vẫn gửi",
                f"a fault in one of the roads ({error!r}); it is begun again, the others go on",
            )
        if stop.is_set():
            return
        wait = RETRY_S if asyncio.get_running_loop().time() - begun > LONGEST_RETRY_S else wait * 2
        await pause(stop, min(wait, LONGEST_RETRY_S))
