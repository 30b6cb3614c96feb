"""All roads under one version of the site and one state of the private file.

Another of either makes a new generation.

Over 250 lines: one set of queues that several tasks fill and drain.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError

from services.observation import delivery as nouns
from services.observation.delivery import Listed
from services.observation.site import Site
from services.observation.text import Text
from services.policy.alerting import Policy
from services.policy.road_nouns import Road
from services.roads.carrier import Carrier
from services.roads.enclosing import Enclosing
from services.roads.ledger import TROUBLE, Ledger
from services.roads.making import carrier_of
from services.roads.notices import Desk, Notice
from services.roads.people import Reader, places_of, told_missing, told_unread
from services.roads.queued import Queue
from services.roads.runner import Parts, Runner
from services.roads.said import Mailing, Said
from services.roads.sources import Events, Source, decoded
from services.roads.steady import Steady
from services.roads.words import minute_of_day
from services.runtime import digest, logging
from services.runtime.clock import now_us
from services.runtime.errors import OperatorError
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.pause import pause
from services.runtime.people import Book
from services.runtime.secrets import Secrets
from services.runtime.streams import ALERTS, DELIVERIES, STATE

LAG_US = 500_000
"""Clocks of server and service may differ by so much; `due` must not look past what was read."""
RETRY_S, LONGEST_RETRY_S = 0.5, 10.0
PEOPLE_S = 5.0
"""How soon a road says that those whom it could not reach have an account and an address by now."""
READ = 500
KEPT = 20_000
STILL_EMPTY = 80
COMPLAINTS = ("", "-aside", "-dead", "-gap", "-people", "-reports", "-trial")
"""Ends of the codes of what a road may complain of."""
log = logging.get("roads")


class Generation:
    """Opens the roads, feeds them and runs them until told to stop."""

    def __init__(  # noqa: PLR0913  what roads are made of
        self, js: JetStreamContext, health: Health, site: Site, policy: Policy, secrets: Secrets, book: Book
    ) -> None:
        """Of a site, its policy, its secrets and its people."""
        self._js, self._health, self._site, self._policy, self._secrets = js, health, site, policy, secrets
        self._runners: dict[str, Runner] = {}
        self._queues: dict[str, Queue] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._notices: deque[tuple[Notice, int]] = deque(maxlen=KEPT)
        self._requests: deque[tuple[str, int, nouns.Request]] = deque(maxlen=KEPT)
        """What came so far, for a road that begins again."""
        self._read = asyncio.Event()
        """The stream was read up to where it ended when we came."""
        self._reader = Reader(policy.keeping, book, places_of(site), self._tell_missing, self._tell_unread)
        self._steady = Steady(now_us, time.monotonic)
        self._chance = Random()  # noqa: S311  spreads attempts, guards nothing

    async def run(self, stop: asyncio.Event) -> None:
        """Run every road until told to stop."""
        roads = self._policy.roads.roads
        problems = {road.id: self._problem(road) for road in roads}
        await self._list(roads, problems)
        open_roads = [road for road in roads if problems[road.id] is None]
        work: list[Callable[[asyncio.Event], Awaitable[None]]] = [self._one(road) for road in open_roads]
        if any(not road.for_machines for road in open_roads):
            work += [self._follow_alerts, self._look_again]
        if open_roads:
            work.append(self._follow_requests)
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(_again(one, stop, self._health))

    def _problem(self, road: Road) -> Text | None:
        """Why a road can't be opened; said in HEALTH too, where it becomes an alert."""
        try:
            carrier_of(road, self._secrets)
        except OperatorError as error:
            self._health.complain(
                f"road-{road.id}",
                f"Đường gửi {road.id}: {error.text.vi}",
                f"road {road.id}: {error.text.en}",
            )
            return error.text
        return None

    async def _list(self, roads: Sequence[Road], problems: dict[str, Text | None]) -> None:
        listed = [
            Listed(
                road=road.id,
                kind=road.kind,
                carries="events" if road.for_machines else "words",
                to=road.to,
                hazards=road.hazards,
                areas=road.areas,
                severity=road.severity,
                status=road.status,
                problem=problems[road.id],
            )
            for road in roads
        ]
        await self._part_from({road.id for road in roads})
        await self._js.publish(f"$KV.{STATE}.{nouns.ALL}", nouns.encode(listed))

    async def _part_from(self, present: set[str]) -> None:
        """Say what still waited on roads that are declared no more, and no longer that they fail."""
        bucket = await self._js.key_value(STATE)
        try:
            before = nouns.read_listed((await bucket.get(nouns.ALL)).value or b"")
        except (KeyNotFoundError, msgspec.MsgspecError):
            return
        for road in [one.road for one in before if one.road not in present]:
            for kind in COMPLAINTS:
                self._health.settle(f"road-{road}{kind}")
            log.warning("road_taken_off", road=road, word="what waits there is not carried by another road")

    def _tell_missing(self, road: Road, names: Sequence[str]) -> None:
        code = f"road-{road.id}-people"
        if not names:
            self._health.settle(code)
            return
        words = told_missing(road, names)
        self._health.complain(code, words.vi, words.en)

    def _tell_unread(self, road: Road, names: Sequence[str]) -> None:
        code = f"road-{road.id}-reports"
        if not names:
            self._health.settle(code)
            return
        words = told_unread(road, names)
        self._health.complain(code, words.vi, words.en)

    async def _look_again(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await pause(stop, PEOPLE_S)
            self._reader.look_again(now_us())

    # One road.

    def _mailing(self, road: Road) -> Mailing:
        """The reports that go out by a road."""
        policy = self._policy.reporting
        return Mailing([send for send in policy.send if send.road == road.id], policy.address)

    def _one(self, road: Road) -> Callable[[asyncio.Event], Awaitable[None]]:
        async def run(stop: asyncio.Event) -> None:
            ledger = Ledger(self._js, road, self._site.id)
            await ledger.begin()
            if ledger.gap is not None:
                self._tell_gap(road, ledger.gap)
            carrier: Carrier = carrier_of(road, self._secrets)
            if self._mailing(road).sends:
                carrier = Enclosing(carrier, self._js, self._reader.sees_all)
            source = self._source(road, ledger)
            parts = Parts(
                source, carrier, ledger, self._health, self._reader.places.zone, self._chance.random
            )
            self._runners[road.id] = runner = Runner(road, parts)
            for asked, sequence, request in self._requests:
                if asked == road.id:
                    runner.ask(sequence, request)
            if not road.for_machines:
                await _first(self._read, stop)
            log.info("road_open", road=road.id, kind=road.kind, after=ledger.state.sequence)
            await runner.run(stop)

        return run

    def _source(self, road: Road, ledger: Ledger) -> Source:
        state = ledger.state
        if road.for_machines:
            return Events(self._js, road, self._site.id, state)
        stale = now_us() - round(road.retry.give_up_s * 1e6)
        mailing = self._mailing(road)
        kinds = {kind for send in mailing.sends for kind in send.reports}
        if kinds:  # who can't get what they are to get is told of before it is made
            self._reader.readers(road, mailing.sends, "", now_us())
        queue = Queue(road, state.since_us, state.reached_us, state.reached, stale, kinds)
        for notice, minute in self._notices:
            queue.put(notice, minute)
        news = asyncio.Event()
        self._queues[road.id], self._news[road.id] = queue, news

        async def idle(seconds: float) -> None:
            news.clear()
            try:
                async with asyncio.timeout(seconds):
                    await news.wait()
            except TimeoutError:
                return

        return Said(road, queue, self._reader, self._steady.now, idle, mailing, state.told)

    def _tell_gap(self, road: Road, gap: tuple[int, int]) -> None:
        read, last = gap
        self._health.complain(
            f"road-{road.id}-gap",
            f"Đường gửi {road.id}: luồng cảnh báo mất đoạn cuối (đã gửi tới {read}, nay kết thúc ở {last})",
            f"road {road.id}: the stream of alerts lost its tail (carried to {read}, it ends at {last})",
        )

    # What feeds them.

    async def _follow_alerts(self, stop: asyncio.Event) -> None:
        """Read all that matters once for all roads of people: notices follow from that."""
        self._notices.clear()
        places = self._reader.places
        desk, empty, notices = Desk(self._site.id, places.areas), 0, list[Notice]()

        def take(message: Message) -> None:
            self._steady.seen(message.time_us)
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
        asked = self._steady.now() - LAG_US
        due = desk.next_due()
        if self._read.is_set() and (due is None or due > asked):
            return None
        info = await self._js.stream_info(ALERTS)
        return asked if place >= int(info.state.last_seq) or empty >= STILL_EMPTY else None

    async def _follow_requests(self, stop: asyncio.Event) -> None:
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
                    if road in self._runners:
                        self._runners[road].ask(message.sequence, request)
        finally:
            await follower.close()


async def _again(
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


async def _first(read: asyncio.Event, stop: asyncio.Event) -> None:
    while not read.is_set() and not stop.is_set():
        await pause(stop, 0.05)
