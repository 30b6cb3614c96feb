"""One road at work: the head of its letters is tried until it is carried or given up; then the next.

At least once: the place is written down after a letter, so a process that is killed carries the last one
again, under the same id. Requests, the weekly trial and what stands aside go out beside the queue, also while
the head waits; where one of them gets through, the head waits no longer.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.observation.delivery import Letter, Request, RoadState
from services.policy.road_nouns import Road
from services.roads.aside import Aside
from services.roads.asked import Asked
from services.roads.attempts import Attempts
from services.roads.carrier import Carrier, Parcel
from services.roads.ledger import Ledger
from services.roads.patience import SECOND, Answer, Trying, after, too_old
from services.roads.said import Said
from services.roads.sources import Source
from services.runtime.clock import now_us
from services.runtime.health import Health

IDLE_S = 0.5
SLICE_S = 0.5
CATCH_UP_S = 60.0
"""What stands aside waits so long at the most until the queue was empty once."""


class Parts(NamedTuple):
    """What a road works with; `chance` draws from [0, 1)."""

    source: Source
    carrier: Carrier
    ledger: Ledger
    health: Health
    zone: ZoneInfo
    chance: Callable[[], float]


class Runner:
    """Carries the letters of one road until told to stop."""

    def __init__(self, road: Road, parts: Parts) -> None:
        """Of a road whose ledger has begun."""
        self.road = road
        self._source, self._carrier, self._ledger = parts.source, parts.carrier, parts.ledger
        self._health, self._chance = parts.health, parts.chance
        self._news = asyncio.Event()
        self._attempts = Attempts(road, parts.carrier, parts.ledger, parts.health)
        self._aside = Aside(
            self._attempts, parts.source, parts.ledger, parts.health, parts.chance, parts.zone
        )
        self._caught_up, self._began = False, 0.0
        self._asked = Asked(self._attempts, parts.source, parts.ledger, parts.health, parts.zone)

    @property
    def state(self) -> RoadState:
        """How the road stands."""
        return self._ledger.state

    def ask(self, sequence: int, request: Request) -> None:
        """Take a request, unless it was done before."""
        if self._asked.take(sequence, request):
            self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry until told to stop."""
        self._began = asyncio.get_running_loop().time()
        try:
            while not stop.is_set():
                await self._beside(stop)
                parcel = await self._source.next(IDLE_S)
                self._caught_up |= parcel is None
                if parcel is not None and not await self._is_aside(parcel.letter):
                    await self._settle(parcel, stop)
                elif parcel is not None:
                    await self._done()
                elif isinstance(self._source, Said):
                    self._source.settle_empty(self.state)
                await self._show()
        finally:
            await self._ledger.save(now=True)
            await self._source.close()
            await self._carrier.close()

    async def _show(self) -> None:
        state, road = self.state, self.road.id
        state.waiting = self._source.waiting + len(self._aside)
        self._attempts.settle_deaths()
        self._health.figure(f"road_waiting.{road}", state.waiting)
        self._health.figure(f"road_delivered.{road}", state.delivered)
        self._health.figure(f"road_failures.{road}", state.failures)
        self._health.figure(f"road_dead.{road}", state.dead)
        self._health.figure(f"road_failing.{road}", state.failing_since > 0)
        await self._ledger.save()

    async def _settle(self, parcel: Parcel, stop: asyncio.Event) -> None:
        """Try the head until it is carried, stands aside, is given up or cut, or the process ends."""
        letter, trying, state = parcel.letter, Trying(), self.state
        probed: set[str] = set()
        while not stop.is_set():
            if trying.tries == 0 and self._past_hope(letter):
                await self._bury(letter, Answer(state.trouble, state.word), 0)
                return
            answer = await self._attempts.carry(parcel, trying)
            if answer.trouble == "refused" and self._source.split():
                return
            verdict = after(trying, answer, state.tries, self._chance(), self.road.retry)
            if verdict.what == "done":
                await self._done()
                return
            if verdict.what == "dead" or self._past_hope(letter):
                await self._bury(letter, answer, trying.tries)
                return
            if await self._stands_aside(letter, trying, answer, probed):
                return
            while await self._wait(verdict.wait_s, stop, {letter.to, *probed} if _of_one(answer) else None):
                if await self._stands_aside(letter, trying, answer, probed):
                    return
        state.next_try = 0

    async def _stands_aside(self, letter: Letter, trying: Trying, answer: Answer, probed: set[str]) -> bool:
        """Whether the head is aside by now, because others are reached."""
        if not _of_one(answer) or not await self._reaches_another(letter, probed):
            return False
        if not await self._aside.put(letter, trying, answer):
            return False
        await self._done()
        return True

    async def _is_aside(self, letter: Letter) -> bool:
        """Whether it stands behind what its person waits for, by now or since a process before us."""
        if self._aside.had(letter):
            return True
        return letter.to in self._aside.people and await self._aside.put(letter, Trying())

    async def _done(self) -> None:
        """The head is off our hands."""
        self._source.done(self.state)
        if not self.road.for_machines:  # a telephone knows no ids: what somebody has is noted at once
            await self._ledger.save(now=True)

    async def _reaches_another(self, letter: Letter, probed: set[str]) -> bool:
        """Whether a letter to somebody else gets through now: then the trouble is not the road's."""
        if not letter.to:
            return False
        not_for = {letter.to, *self._aside.people}
        other = self._source.another(not_for | probed)
        if other is None:  # everybody was tried once: begin anew
            probed.clear()
            other = self._source.another(not_for)
        if other is None:
            return False
        probed.add(other.letter.to)
        answer = await self._attempts.carry(other, Trying())
        if answer.taken:
            self._source.ahead(other.letter, self.state)
            await self._ledger.save(now=True)
        return answer.taken

    def _past_hope(self, letter: Letter) -> bool:
        """Whether it waited for a day on a road that fails."""
        state = self.state
        since = max(state.last_success, state.since_us)
        return state.failing_since > 0 and too_old(letter.stored_us, since, now_us(), self.road.retry)

    async def _bury(self, letter: Letter, answer: Answer, tries: int) -> None:
        """Give a letter up and go on; without a record of it the road does not go on."""
        if not await self._attempts.bury(letter, answer, tries):
            await asyncio.sleep(IDLE_S)
            return
        self.state.next_try = 0
        await self._done()

    async def _wait(self, seconds: float, stop: asyncio.Event, asked: set[str] | None) -> bool:
        """Wait for the next attempt, while others go on; what gets through meanwhile ends it.

        With `asked`, persons who were tried: whether it ended because there is a word for somebody else.
        """
        loop, before = asyncio.get_running_loop(), self.state.last_success
        due = loop.time() + seconds
        self.state.next_try = now_us() + round(seconds * SECOND)
        while (left := due - loop.time()) > 0 and not stop.is_set():
            await self._beside(stop)
            if self.state.last_success != before:
                return False
            if asked is not None and "" not in asked and self._source.another(asked | self._aside.people):
                return True
            await self._show()
            await _either(stop, self._news, min(left, SLICE_S))
            await self._attempts.alarm()
        return False

    async def _beside(self, stop: asyncio.Event) -> None:
        self._news.clear()
        await self._asked.look(stop)
        # What ended while we were away is put behind its beginning first: then that is no news any more.
        if self._caught_up or asyncio.get_running_loop().time() - self._began > CATCH_UP_S:
            await self._aside.look(stop)


def _of_one(answer: Answer) -> bool:
    """Whether others may get through all the same."""
    return answer.of_one or answer.trouble == "refused"


async def _either(stop: asyncio.Event, news: asyncio.Event, seconds: float) -> None:
    """Until one of both, or so many seconds."""
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(news.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
