"""Letters to persons whom a road does not reach now, while it reaches others.

One full mailbox, one telephone abroad, one who blocked the bot: nobody else may wait behind them. Their
letters stand aside, on DELIVERIES so that no restart loses them, each person's in their order; they are
tried beside the road's queue until they are carried or given up.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from services.observation.delivery import Letter
from services.roads.attempts import Attempts
from services.roads.ledger import Ledger
from services.roads.patience import SECOND, Answer, Trying, after, too_old
from services.roads.sources import Source
from services.runtime.clock import now_us
from services.runtime.health import Health

_GONE = Answer("refused", "no account or no address any more / không còn tài khoản hoặc địa chỉ")
_NEXT = Answer("away", "")


class _Line:
    """What waits for one person."""

    def __init__(self, trying: Trying, since: int, word: str) -> None:
        self.letters: deque[Letter] = deque()
        self.trying, self.due = trying, 0.0
        self.since, self.word = since, word


class Aside:
    """Of one road whose ledger has begun."""

    def __init__(
        self, attempts: Attempts, source: Source, ledger: Ledger, health: Health, chance: Callable[[], float]
    ) -> None:
        """With what stood aside before."""
        self._attempts, self._source, self._ledger, self._health = attempts, source, ledger, health
        self._road, self._chance = attempts.road, chance
        self._began = now_us()
        """Our own absence gives no letter up."""
        self._lines: dict[str, _Line] = {}
        for told in ledger.aside:
            if told.letter is not None:
                line = self._lines.setdefault(told.to, _Line(Trying(), told.t, told.word))
                line.letters.append(told.letter)

    def __len__(self) -> int:
        """How many letters."""
        return sum(len(line.letters) for line in self._lines.values())

    @property
    def people(self) -> frozenset[str]:
        """Whose letters stand aside."""
        return frozenset(self._lines)

    async def put(self, letter: Letter, trying: Trying, answer: Answer = _NEXT) -> bool:
        """Take a letter, behind what its person waits for; False where that could not be written down."""
        if not await self._ledger.put_aside(letter, answer):
            return False
        line = self._lines.get(letter.to)
        if line is None:
            line = self._lines[letter.to] = _Line(trying, now_us(), answer.word)
            self._wait(line, answer)
        line.letters.append(letter)
        return True

    async def look(self, stop: asyncio.Event) -> None:
        """Try once for each person for whom it is time; not while the road itself fails."""
        state, longest = self._attempts.state, round(self._road.retry.longest_s * SECOND)
        for person, line in list(self._lines.items()):
            failing = state.failing_since > 0 and now_us() - state.last_failure < longest
            if stop.is_set() or failing:
                break
            if line.due <= asyncio.get_running_loop().time():
                await self._try(line)
                if not line.letters:
                    del self._lines[person]
        self._tell()

    async def _try(self, line: _Line) -> None:
        letter, now = line.letters[0], now_us()
        parcel = await self._source.again(letter)
        if parcel is None:
            await self._give_up(line, _GONE)
            return
        answer = await self._attempts.carry(parcel, line.trying, beside=True)
        if answer.taken:
            await self._ledger.raise_up(letter, answer)
            self._next(line)
        elif self._wait(line, answer) or too_old(letter.stored_us, self._began, now, self._road.retry):
            await self._give_up(line, answer)

    def _wait(self, line: _Line, answer: Answer) -> bool:
        """Note when to try again; whether there is no sense in it."""
        verdict = after(line.trying, answer, line.trying.tries, self._chance(), self._road.retry)
        line.due, line.word = asyncio.get_running_loop().time() + verdict.wait_s, answer.word
        return verdict.what == "dead"

    async def _give_up(self, line: _Line, answer: Answer) -> None:
        if await self._attempts.bury(line.letters[0], answer, line.trying.tries):
            self._next(line)

    def _next(self, line: _Line) -> None:
        line.letters.popleft()
        line.trying, line.due = Trying(), 0.0

    def _tell(self) -> None:
        """Say who is not reached for as long as an alarm of the road would take."""
        road, code = self._road, f"road-{self._road.id}-aside"
        late = now_us() - round(road.alarm_after_s * SECOND)
        missed = [f"{name} ({line.word})" for name, line in self._lines.items() if line.since <= late]
        if not missed:
            self._health.settle(code)
            return
        listed = ", ".join(missed[:5])
        self._health.complain(
            code,
            f"Đường gửi {road.id}: chưa tới được {listed}; thư của họ đang chờ, người khác vẫn nhận được",
            f"road {road.id} does not reach {listed}; their letters wait, others get theirs",
        )
