"""Letters to persons whom a road does not reach now, while it reaches others.

One full mailbox, one telephone abroad, one who blocked the bot: nobody else may wait behind them. Their
letters stand aside, on DELIVERIES so that no restart loses them, each person's in their order; they are
tried beside the road's queue until they are carried or given up. What is over by the time somebody is
reached is told by its end alone: its beginning would be a false alarm, and a night of them a flood.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from zoneinfo import ZoneInfo

from services.observation.delivery import Letter
from services.roads.attempts import Attempts
from services.roads.choosing import rank_of
from services.roads.ledger import Ledger
from services.roads.patience import SECOND, Answer, Trying, after, too_old
from services.roads.queued import DAY_MIN
from services.roads.sources import Source
from services.roads.words import minute_of_day
from services.runtime.clock import now_us
from services.runtime.health import Health

_GONE = Answer("refused", "no account or no address any more / không còn tài khoản hoặc địa chỉ")
_NEXT = Answer("away", "")
_OVER = Answer("none", "over by now, told by its end / đã hết, báo bằng tin kết thúc")
LOOK_S = 1.0
"""How long one look may take before the queue has its turn."""
_HELD = ("new", "again", "end")
"""What quiet hours hold back."""


class _Line:
    """What waits for one person."""

    def __init__(self, trying: Trying, since: int, word: str) -> None:
        self.letters: deque[Letter] = deque()
        self.trying, self.due = trying, 0.0
        self.since, self.word = since, word


class Aside:
    """Of one road whose ledger has begun."""

    def __init__(  # noqa: PLR0913  what a road works with
        self,
        attempts: Attempts,
        source: Source,
        ledger: Ledger,
        health: Health,
        chance: Callable[[], float],
        zone: ZoneInfo,
    ) -> None:
        """With what stood aside before."""
        self._zone = zone
        self._carried: deque[tuple[Letter, Answer]] = deque()
        """What could not be noted yet; else another process would carry it again."""
        self._attempts, self._source, self._ledger, self._health = attempts, source, ledger, health
        self._road, self._chance = attempts.road, chance
        self._began = now_us()
        """Our own absence gives no letter up."""
        self._lines: dict[str, _Line] = {}
        for told in ledger.aside:
            if told.letter is not None:
                line = self._lines.setdefault(told.to, _Line(Trying(), told.t, told.word))
                line.letters.append(told.letter)
        self._had = frozenset(told.id for told in ledger.aside)

    def __len__(self) -> int:
        """How many letters."""
        return sum(len(line.letters) for line in self._lines.values())

    @property
    def people(self) -> frozenset[str]:
        """Whose letters stand aside."""
        return frozenset(self._lines)

    def had(self, letter: Letter) -> bool:
        """Whether it stood aside when we began: a process that was killed could not say more."""
        return letter.id in self._had

    async def put(self, letter: Letter, trying: Trying, answer: Answer = _NEXT) -> bool:
        """Take a letter, behind what its person waits for; False where that could not be written down."""
        if self.had(letter):
            return True
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
        clock = asyncio.get_running_loop().time
        await self._note()
        end = clock() + LOOK_S
        for person, line in list(self._lines.items()):
            failing = state.failing_since > 0 and now_us() - state.last_failure < longest
            if stop.is_set() or failing or clock() > end:
                break
            if line.due <= clock() and not self._rests(line):
                await self._try(line)
                del self._lines[person]
                if line.letters:  # behind the others, who are next
                    self._lines[person] = line
        self._tell()

    async def _note(self) -> None:
        """Write down what was carried."""
        while self._carried and await self._ledger.raise_up(*self._carried[0]):
            self._carried.popleft()

    def _rests(self, line: _Line) -> bool:
        """Whether quiet hours hold back all that waits; what is worse goes out, and in its order."""
        quiet = self._road.quiet
        if quiet is None or any(
            one.tells not in _HELD or rank_of(one.severity) >= rank_of(quiet.below) for one in line.letters
        ):
            return False
        minute = minute_of_day(now_us(), self._zone)
        return (minute - quiet.start) % DAY_MIN < (quiet.end - quiet.start) % DAY_MIN

    async def _try(self, line: _Line) -> None:
        letter, now = line.letters[0], now_us()
        if any(one.tells == "end" and one.about == letter.about for one in [*line.letters][1:]):
            await self._done(line, _OVER)
            return
        parcel = await self._source.again(letter)
        if parcel is None:
            await self._give_up(line, _GONE)
            return
        answer = await self._attempts.carry(parcel, line.trying, beside=True)
        if answer.taken:
            await self._done(line, answer)
        elif self._wait(line, answer) or too_old(letter.stored_us, self._began, now, self._road.retry):
            await self._give_up(line, answer)

    def _wait(self, line: _Line, answer: Answer) -> bool:
        """Note when to try again; whether there is no sense in it."""
        verdict = after(line.trying, answer, line.trying.tries, self._chance(), self._road.retry)
        line.due, line.word = asyncio.get_running_loop().time() + verdict.wait_s, answer.word
        return verdict.what == "dead"

    async def _done(self, line: _Line, answer: Answer) -> None:
        self._carried.append((line.letters[0], answer))
        self._next(line)
        await self._note()

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
