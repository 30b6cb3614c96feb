"""Attempts of one road: each is noted in its state and on DELIVERIES, and so becomes known to people.

A road that can't send for so long is a complaint in HEALTH, and so an alert, which other roads carry. It is
one complaint, however often this process ends meanwhile: the state knows that it was told.
"""

from services.observation.delivery import Letter, RoadState
from services.observation.text import Text
from services.policy.road_nouns import Road
from services.roads.carrier import Carrier, Parcel
from services.roads.ledger import Ledger
from services.roads.patience import SECOND, Answer, Trying
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.health import Health

DEAD_TOLD_US = 86_400 * SECOND
log = logging.get("roads")


class Attempts:
    """Of one road whose ledger has begun."""

    def __init__(self, road: Road, carrier: Carrier, ledger: Ledger, health: Health) -> None:
        """Say at once what was complained of before, or that nothing is."""
        self.road, self._carrier, self._ledger, self._health = road, carrier, ledger, health
        self._last_death = 0
        if self.state.alarmed:
            self._complain()
        else:
            health.settle(f"road-{road.id}")

    @property
    def state(self) -> RoadState:
        """How the road stands."""
        return self._ledger.state

    async def carry(self, parcel: Parcel, trying: Trying, *, beside: bool = False) -> Answer:
        """Try once, and note what became of it; `beside`: a failure tells nothing about the road."""
        begun = now_us()
        try:
            answer = await self._carrier.carry(parcel)
        except Exception as error:  # noqa: BLE001  a fault of ours in one letter must not stop a road, nor all
            log.crash("letter_breaks_us", error)
            answer = Answer("refused", f"{type(error).__name__}: {error}"[:200])
        now, state = now_us(), self.state
        trying.tries += 1
        trying.refused += answer.trouble == "refused"
        if answer.taken:
            await self._carried(now)
        else:
            state.failures += 1
            log.warning("not_carried", road=self.road.id, letter=parcel.letter.id, word=answer.word)
        if not beside:
            state.trouble, state.word = answer.trouble, answer.word
            if not answer.taken:
                state.last_failure, state.tries = now, state.tries + 1
                # A receiver that refuses one message speaks to us: the road itself is well.
                if answer.trouble != "refused" and not state.failing_since:
                    state.failing_since = now
        await self._ledger.record(parcel.letter, answer, trying.tries, (now - begun) // 1000)
        await self.alarm()
        return answer

    async def _carried(self, now: int) -> None:
        state = self.state
        state.last_success, state.tries, state.failing_since, state.next_try = now, 0, 0, 0
        state.delivered += 1
        self._health.settle(f"road-{self.road.id}")
        if state.alarmed:
            state.alarmed = False
            await self._ledger.tell("healed", Text("Đã gửi lại được", "it carries again"))

    async def alarm(self) -> None:
        """A road that can't send for so long is an alert; HEALTH makes it one, and other roads carry it."""
        state = self.state
        if not state.failing_since or now_us() - state.failing_since < self.road.alarm_after_s * SECOND:
            return
        if not state.alarmed:
            state.alarmed = True
            await self._ledger.tell(
                "failed", Text(f"Không gửi được: {state.word}", f"can't send: {state.word}")
            )
        self._complain()

    def _complain(self) -> None:
        road, word = self.road, self.state.word
        self._health.complain(
            f"road-{road.id}",
            f"Đường gửi {road.id} ({road.kind}) không gửi được: {word}; thư đang chờ,"
            " không mất; báo cho người nhận bằng đường khác",
            f"road {road.id} ({road.kind}) can't send: {word}; letters wait and are not lost;"
            " tell its receivers by another way",
        )

    async def bury(self, letter: Letter, answer: Answer, tries: int) -> bool:
        """Give a letter up; False where that could not be recorded: then it is not given up."""
        if not await self._ledger.bury(letter, answer, tries):
            return False
        if not self._last_death:
            await self._ledger.tell(
                "dead", Text(f"Có tin ngừng thử: {answer.word}", f"a letter was given up: {answer.word}")
            )
        self._last_death = now_us()
        self.state.dead += 1
        self._health.complain(
            f"road-{self.road.id}-dead",
            f"Đường gửi {self.road.id}: có thư không gửi được và đã ngừng thử ({answer.word});"
            " xem và gửi lại ở mục đường gửi",
            f"road {self.road.id}: a letter was given up ({answer.word}); see its dead letters, replay",
        )
        log.error("letter_given_up", road=self.road.id, letter=letter.id, tries=tries, word=answer.word)
        return True

    def settle_deaths(self, *, now: bool = False) -> None:
        """Complain no longer of what was given up: a day later, or because it was carried after all."""
        if self._last_death and (now or now_us() - self._last_death > DEAD_TOLD_US):
            self._last_death = 0
            self._health.settle(f"road-{self.road.id}-dead")
