"""All roads under one version of the site and one state of the private file.

Another of either makes a new generation.
"""

import asyncio
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
from services.roads.feeding import Feeding, again
from services.roads.ledger import Ledger
from services.roads.making import carrier_of
from services.roads.people import Reader, places_of, told_missing, told_unread
from services.roads.queued import Queue
from services.roads.runner import Parts, Runner
from services.roads.said import Mailing, Said
from services.roads.sources import Events, Source
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.errors import OperatorError
from services.runtime.health import Health
from services.runtime.pause import pause
from services.runtime.people import Book
from services.runtime.secrets import Secrets
from services.runtime.streams import STATE

PEOPLE_S = 5.0
"""How soon a road says that those whom it could not reach have an account and an address by now."""
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
        self._reader = Reader(policy.keeping, book, places_of(site), self._tell_missing, self._tell_unread)
        self._feeding = Feeding(js, site.id, self._reader.places, self._ask)
        self._chance = Random()  # noqa: S311  spreads attempts, guards nothing

    async def run(self, stop: asyncio.Event) -> None:
        """Run every road until told to stop."""
        roads = self._policy.roads.roads
        problems = {road.id: self._problem(road) for road in roads}
        await self._list(roads, problems)
        open_roads = [road for road in roads if problems[road.id] is None]
        work: list[Callable[[asyncio.Event], Awaitable[None]]] = [self._one(road) for road in open_roads]
        if any(not road.for_machines for road in open_roads):
            work += [self._feeding.follow_alerts, self._look_again]
        if open_roads:
            work.append(self._feeding.follow_requests)
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(again(one, stop, self._health))

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
                carrier = Enclosing(carrier, self._js, self._reader.may_read)
            source = self._source(road, ledger)
            parts = Parts(
                source, carrier, ledger, self._health, self._reader.places.zone, self._chance.random
            )
            self._runners[road.id] = runner = Runner(road, parts)
            for sequence, request in self._feeding.asked(road.id):
                runner.ask(sequence, request)
            if not road.for_machines:
                await self._feeding.first(stop)
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
        idle = self._feeding.fill(road.id, queue)
        return Said(road, queue, self._reader, self._feeding.steady.now, idle, mailing, state.told)

    def _ask(self, road: str, sequence: int, request: nouns.Request) -> None:
        if road in self._runners:
            self._runners[road].ask(sequence, request)

    def _tell_gap(self, road: Road, gap: tuple[int, int]) -> None:
        read, last = gap
        self._health.complain(
            f"road-{road.id}-gap",
            f"Đường gửi {road.id}: luồng cảnh báo mất đoạn cuối (đã gửi tới {read}, nay kết thúc ở {last})",
            f"road {road.id}: the stream of alerts lost its tail (carried to {read}, it ends at {last})",
        )
