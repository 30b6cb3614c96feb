"""One road at work: the head of its letters is tried until it is carried or given up; then the next.

At least once: the place is written down after a letter, so a process that is killed carries the last one
again, under the same id. Requests and the weekly trial go out beside the queue, also while the head waits.

Over 250 lines: one loop and what may happen beside it; they share the state of the road.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.observation.delivery import Letter, Request, RoadState
from services.observation.text import Text
from services.policy.road_nouns import Road
from services.roads.carrier import Carrier, Parcel
from services.roads.ledger import Ledger
from services.roads.patience import SECOND, Answer, Trying, after, too_old
from services.roads.said import Said
from services.roads.sources import Events, Source
from services.roads.weekly import again_after, is_due, next_trial
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.health import Health

IDLE_S = 0.5
SLICE_S = 0.5
MOST_IN_VAIN = 10
"""Attempts in a row; a replay ends there, and does not fill the drawer."""
DEAD_TOLD_US = 86_400 * SECOND
log = logging.get("roads")


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
        self._health, self._zone, self._chance = parts.health, parts.zone, parts.chance
        self._asked: deque[tuple[int, Request]] = deque()
        self._news = asyncio.Event()
        self._last_death = 0
        self._alarmed = False
        state = self._ledger.state
        if not state.next_test:
            state.next_test = next_trial(road.id, now_us(), self._zone, people=not road.for_machines)

    @property
    def state(self) -> RoadState:
        """How the road stands."""
        return self._ledger.state

    def ask(self, sequence: int, request: Request) -> None:
        """Take a request, unless it was done before."""
        if sequence > self.state.asked and all(sequence != known for known, _ in self._asked):
            self._asked.append((sequence, request))
            self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry until told to stop."""
        self._tell_trial()
        try:
            while not stop.is_set():
                await self._beside(stop)
                parcel = await self._source.next(IDLE_S)
                if parcel is not None:
                    await self._settle(parcel, stop)
                elif isinstance(self._source, Said):
                    self._source.settle_empty(self.state)
                await self._show()
        finally:
            await self._ledger.save(now=True)
            await self._source.close()
            await self._carrier.close()

    async def _show(self) -> None:
        state, road = self.state, self.road.id
        state.waiting = self._source.waiting
        if self._last_death and now_us() - self._last_death > DEAD_TOLD_US:
            self._last_death = 0
            self._health.settle(f"road-{road}-dead")
        self._health.figure(f"road_waiting.{road}", state.waiting)
        self._health.figure(f"road_delivered.{road}", state.delivered)
        self._health.figure(f"road_failures.{road}", state.failures)
        self._health.figure(f"road_dead.{road}", state.dead)
        self._health.figure(f"road_failing.{road}", state.failing_since > 0)
        await self._ledger.save()

    async def _settle(self, parcel: Parcel, stop: asyncio.Event) -> None:
        """Try the head until it is carried, given up, cut, or the process ends."""
        trying, state = Trying(), self.state
        while not stop.is_set():
            if trying.tries == 0 and self._past_hope(parcel.letter):
                await self._bury(parcel.letter, Answer(state.trouble, state.word), 0)
                return
            answer = await self._attempt(parcel, trying)
            if answer.trouble == "refused" and self._source.split():
                return
            verdict = after(trying, answer, state.tries, self._chance(), self.road.retry)
            if verdict.what == "done":
                self._source.done(state)
                return
            if verdict.what == "dead" or self._past_hope(parcel.letter):
                await self._bury(parcel.letter, answer, trying.tries)
                return
            await self._wait(verdict.wait_s, stop)
        state.next_try = 0

    def _past_hope(self, letter: Letter) -> bool:
        """Whether it waited for a day on a road that fails."""
        state = self.state
        since = max(state.last_success, state.since_us)
        return state.failing_since > 0 and too_old(letter.stored_us, since, now_us(), self.road.retry)

    async def _attempt(self, parcel: Parcel, trying: Trying) -> Answer:
        """Try once, and note what became of it."""
        begun = now_us()
        try:
            answer = await self._carrier.carry(parcel)
        except Exception as error:  # noqa: BLE001  a fault of ours in one letter must not stop a road, nor all
            log.crash("letter_breaks_us", error)
            answer = Answer("refused", f"{type(error).__name__}: {error}"[:200])
        now, state = now_us(), self.state
        trying.tries += 1
        trying.refused += answer.trouble == "refused"
        state.trouble, state.word = answer.trouble, answer.word
        if answer.taken:
            state.last_success, state.tries, state.failing_since, state.next_try = now, 0, 0, 0
            state.delivered += 1
            self._health.settle(f"road-{self.road.id}")
            if self._alarmed:
                self._alarmed = False
                await self._ledger.tell("healed", Text("Đã gửi lại được", "it carries again"))
        else:
            state.last_failure, state.tries = now, state.tries + 1
            state.failures += 1
            # A receiver that refuses one message speaks to us: the road itself is well.
            if answer.trouble != "refused" and not state.failing_since:
                state.failing_since = now
            log.warning("not_carried", road=self.road.id, letter=parcel.letter.id, word=answer.word)
        await self._ledger.record(parcel.letter, answer, trying.tries, (now - begun) // 1000)
        await self._alarm()
        return answer

    async def _alarm(self) -> None:
        """A road that can't send for so long is an alert; HEALTH makes it one, and other roads carry it."""
        state, road = self.state, self.road
        if state.failing_since and now_us() - state.failing_since >= road.alarm_after_s * SECOND:
            if not self._alarmed:
                self._alarmed = True
                await self._ledger.tell(
                    "failed", Text(f"Không gửi được: {state.word}", f"can't send: {state.word}")
                )
            self._health.complain(
                f"road-{road.id}",
                f"Đường gửi {road.id} ({road.kind}) không gửi được: {state.word}; thư đang chờ,"
                " không mất; báo cho người nhận bằng đường khác",
                f"road {road.id} ({road.kind}) can't send: {state.word}; letters wait and are not lost;"
                " tell its receivers by another way",
            )

    async def _bury(self, letter: Letter, answer: Answer, tries: int) -> None:
        """Give a letter up and go on; without a record of it the road does not go on."""
        if not await self._ledger.bury(letter, answer, tries):
            await asyncio.sleep(IDLE_S)
            return
        if not self._last_death:
            await self._ledger.tell(
                "dead", Text(f"Có tin ngừng thử: {answer.word}", f"a letter was given up: {answer.word}")
            )
        self._last_death = now_us()
        self.state.dead += 1
        self.state.next_try = 0
        self._source.done(self.state)
        self._health.complain(
            f"road-{self.road.id}-dead",
            f"Đường gửi {self.road.id}: có thư không gửi được và đã ngừng thử ({answer.word});"
            " xem và gửi lại ở mục đường gửi",
            f"road {self.road.id}: a letter was given up ({answer.word}); see its dead letters, replay",
        )
        log.error("letter_given_up", road=self.road.id, letter=letter.id, tries=tries, word=answer.word)

    async def _wait(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait for the next attempt; requests and the weekly trial go on meanwhile."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        self.state.next_try = now_us() + round(seconds * SECOND)
        while (left := due - loop.time()) > 0 and not stop.is_set():
            await self._beside(stop)
            await self._show()
            await _either(stop, self._news, min(left, SLICE_S))
            await self._alarm()

    # Beside the queue.

    async def _beside(self, stop: asyncio.Event) -> None:
        """Requests, and the weekly trial when it is due."""
        self._news.clear()
        while self._asked and not stop.is_set():
            sequence, request = self._asked.popleft()
            if request.ask == "test":
                await self._try_itself()
            else:
                await self._replay(request, stop)
            self.state.asked = max(self.state.asked, sequence)
            await self._ledger.save(now=True)
        if is_due(self.state.next_test, now_us()):
            await self._try_itself()
            await self._ledger.save(now=True)

    async def _try_itself(self) -> None:
        """Carry a test to every receiver; all must take it."""
        now, state = now_us(), self.state
        parcels = self._source.trial(now)
        answers = [await self._attempt(parcel, Trying()) for parcel in parcels]
        failed = [answer for answer in answers if not answer.taken]
        state.tested_at, state.test_passed = now, bool(answers) and not failed
        said = failed[0].word if failed else answers[0].word if answers else ""
        state.test_word = said if answers else "nobody to send to / không có người nhận"
        plan = next_trial if state.test_passed else again_after
        state.next_test = plan(self.road.id, now, self._zone, people=not self.road.for_machines)
        self._tell_trial()
        outcome = Text("đạt", "passed") if state.test_passed else Text("không đạt", "failed")
        await self._ledger.tell(
            "tested", Text(f"Thử: {outcome.vi} ({state.test_word})", f"test {outcome.en} ({state.test_word})")
        )
        log.info("road_tried", road=self.road.id, passed=state.test_passed, word=state.test_word)

    def _tell_trial(self) -> None:
        """That the last trial failed is a complaint, and so an alert, until one passes."""
        state, road, code = self.state, self.road, f"road-{self.road.id}-trial"
        if state.test_passed or not state.tested_at:
            self._health.settle(code)
            return
        self._health.complain(
            code,
            f"Đường gửi {road.id} ({road.kind}): lần thử gần nhất không đạt: {state.test_word}",
            f"road {road.id} ({road.kind}): its last trial failed: {state.test_word}",
        )

    async def _since(self, after: int, stop: asyncio.Event) -> None:
        """Carry again what was carried since a place. It ends where the receiver is away: ask once more."""
        if not isinstance(self._source, Events):
            return
        for parcel in await self._source.since(after):
            if stop.is_set():
                return
            answer = await self._attempt(parcel, Trying())
            if answer.taken:
                continue
            await self._ledger.bury(parcel.letter, answer, 1)
            self.state.dead += 1
            if self.state.tries >= MOST_IN_VAIN:
                log.warning("replay_ended", road=self.road.id, at=parcel.letter.sequences[:1])
                return

    async def _replay(self, request: Request, stop: asyncio.Event) -> None:
        """Carry dead letters once more, each once; or, for machines, what was carried since a place."""
        if request.after is not None:
            await self._since(request.after, stop)
            return
        if not request.every and not request.letters:
            return
        for letter in await self._ledger.dead_letters(() if request.every else request.letters):
            if stop.is_set():
                return
            found = await self._source.again(letter)
            if found is None:
                continue
            answer = await self._attempt(found, Trying())
            if answer.taken:
                await self._ledger.raise_up(letter, answer)
                self.state.dead = max(self.state.dead - 1, 0)
            else:
                await self._ledger.bury(letter, answer, 1)
        if not self.state.dead:
            self._last_death = 0
            self._health.settle(f"road-{self.road.id}-dead")


async def _either(stop: asyncio.Event, news: asyncio.Event, seconds: float) -> None:
    """Until one of both, or so many seconds."""
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(news.wait())]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
