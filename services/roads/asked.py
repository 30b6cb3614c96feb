"""What is asked of a road beside its queue: to try itself, and to carry again; and its weekly trial."""

import asyncio
from collections import deque
from zoneinfo import ZoneInfo

from services.observation.delivery import Request
from services.observation.text import Text
from services.roads.attempts import Attempts
from services.roads.ledger import Ledger
from services.roads.patience import Trying
from services.roads.sources import Events, Source
from services.roads.weekly import again_after, is_due, next_trial
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.health import Health

MOST_IN_VAIN = 10
"""Attempts in a row; a replay ends there, and does not fill the drawer."""
log = logging.get("roads")


class Asked:
    """Of one road whose ledger has begun."""

    def __init__(
        self, attempts: Attempts, source: Source, ledger: Ledger, health: Health, zone: ZoneInfo
    ) -> None:
        """Nothing is asked yet; when the road tries itself next is known."""
        self._attempts, self._source, self._ledger, self._health = attempts, source, ledger, health
        self._road, self._zone, self._state = attempts.road, zone, attempts.state
        self._asked: deque[tuple[int, Request]] = deque()
        if not self._state.next_test:
            self._state.next_test = next_trial(
                self._road.id, now_us(), zone, people=not self._road.for_machines
            )
        self._tell_trial()

    def take(self, sequence: int, request: Request) -> bool:
        """Take a request, unless it was done before; whether it was taken."""
        if sequence <= self._state.asked or any(sequence == known for known, _ in self._asked):
            return False
        self._asked.append((sequence, request))
        return True

    async def look(self, stop: asyncio.Event) -> None:
        """Do what is asked, and the weekly trial when it is due."""
        while self._asked and not stop.is_set():
            sequence, request = self._asked.popleft()
            if request.ask == "test":
                await self._try_itself()
            else:
                await self._replay(request, stop)
            self._state.asked = max(self._state.asked, sequence)
            await self._ledger.save(now=True)
        if is_due(self._state.next_test, now_us()):
            await self._try_itself()
            await self._ledger.save(now=True)

    async def _try_itself(self) -> None:
        """Carry a test to every receiver; all must take it."""
        now, state = now_us(), self._state
        parcels = self._source.trial(now)
        answers = [await self._attempts.carry(parcel, Trying()) for parcel in parcels]
        failed = [answer for answer in answers if not answer.taken]
        if len(failed) < len(answers):  # whoever was last: it carries
            state.failing_since = state.tries = 0
        state.tested_at, state.test_passed = now, bool(answers) and not failed
        said = failed[0].word if failed else answers[0].word if answers else ""
        state.test_word = said if answers else "nobody to send to / không có người nhận"
        plan = next_trial if state.test_passed else again_after
        state.next_test = plan(self._road.id, now, self._zone, people=not self._road.for_machines)
        self._tell_trial()
        outcome = Text("đạt", "passed") if state.test_passed else Text("không đạt", "failed")
        await self._ledger.tell(
            "tested", Text(f"Thử: {outcome.vi} ({state.test_word})", f"test {outcome.en} ({state.test_word})")
        )
        log.info("road_tried", road=self._road.id, passed=state.test_passed, word=state.test_word)

    def _tell_trial(self) -> None:
        """That the last trial failed is a complaint, and so an alert, until one passes."""
        state, road, code = self._state, self._road, f"road-{self._road.id}-trial"
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
            answer = await self._attempts.carry(parcel, Trying())
            if answer.taken:
                continue
            await self._ledger.bury(parcel.letter, answer, 1)
            self._state.dead += 1
            if self._state.tries >= MOST_IN_VAIN:
                log.warning("replay_ended", road=self._road.id, at=parcel.letter.sequences[:1])
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
            answer = await self._attempts.carry(found, Trying())
            if answer.taken:
                await self._ledger.raise_up(letter, answer)
                self._state.dead = max(self._state.dead - 1, 0)
            else:
                await self._ledger.bury(letter, answer, 1)
        if not self._state.dead:
            self._attempts.settle_deaths(now=True)
