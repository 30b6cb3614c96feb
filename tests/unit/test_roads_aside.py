"""One person who is not reached holds up nobody else; what a receiver says ends a wait."""

import asyncio
from collections.abc import Callable
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from services.observation.delivery import Delivery, Letter, Request, RoadState, letter_id
from services.observation.instants import SECOND
from services.observation.text import Text
from services.policy.keeping import Keeping
from services.policy.road_nouns import QuietHours, Retry, Road
from services.roads.carrier import Parcel
from services.roads.notices import Notice
from services.roads.patience import Answer
from services.roads.people import Reader
from services.roads.places import Places
from services.roads.queued import Queue
from services.roads.runner import Parts, Runner
from services.roads.said import Said
from services.roads.words import minute_of_day
from services.runtime.clock import now_us
from services.runtime.people import Account, Book, Contacts

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SOON = Retry(first_s=0.001, longest_s=0.002)
ROAD = Road(id="mail", kind="email", to=("an", "binh", "chi"), secret="m", retry=SOON, alarm_after_s=3600)
FULL = Answer("away", "452 mailbox full", of_one=True)
TAKEN = Answer("none", "250")
NOW, DAY = now_us(), 86_400 * SECOND


class Kept:
    """What the streams keep, and what people are told of the road."""

    def __init__(self) -> None:
        self.state = RoadState(road="mail", kind="email", next_test=NOW + DAY)
        self.aside: list[Delivery] = []
        self.ended: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.complaints: dict[str, str] = {}
        self.deaf = 0
        self.saves = True

    async def put_aside(self, letter: Letter, answer: Answer) -> bool:
        self.aside.append(
            Delivery(
                t=now_us(), road="mail", id=letter.id, attempt=1, outcome="aside", word=answer.word,
                letter=letter, to=letter.to,
            )
        )  # fmt: skip
        return True

    async def _end(self, letter: Letter, how: str) -> bool:
        self.aside = [one for one in self.aside if one.id != letter.id]
        self.ended.append((how, letter.to))
        return True

    async def raise_up(self, letter: Letter, _: Answer) -> bool:
        if self.deaf:
            self.deaf -= 1
            return False
        return await self._end(letter, "carried")

    async def bury(self, letter: Letter, _: Answer, __: int) -> bool:
        return await self._end(letter, "dead")

    async def tell(self, verb: str, _: Text) -> None:
        self.said.append(verb)

    async def record(self, *_: object) -> None:
        """Not looked at."""

    async def save(self, *, now: bool = False) -> bool:
        return True

    def complain(self, code: str, _: str, en: str) -> None:
        self.complaints[code] = en

    def settle(self, code: str) -> None:
        self.complaints.pop(code, None)

    def figure(self, _: str, __: float) -> None:
        """Not looked at."""


class Post:
    """Takes letters, as `answers` says by the person's name."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.tried: list[str] = []
        self.letters: list[tuple[str, str]] = []
        self.at_first: Callable[[], None] = lambda: None
        self.taken: list[tuple[str, str]] = []

    async def carry(self, parcel: Parcel) -> Answer:
        await asyncio.sleep(0)
        name = parcel.letter.to
        self.at_first()
        self.tried.append(name)
        self.letters.append((name, "".join(parcel.letter.about)))
        answer = self.answers.get(name, TAKEN)
        if answer.taken:
            self.taken.append((name, "".join(parcel.letter.about)))
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def notice(name: str, at: int, kind: Any = "new", severity: str = "warning", to: str = "") -> Notice:
    return Notice(
        at=at, name=f"{kind}/{name}" if kind == "end" else name, kind=kind, of="alert", about=name,
        hazard="flood", area="a", severity=severity, status="Actual", why=Text("nước cao", "high water"),
        to=(to,) if to else (),
    )  # fmt: skip


def run(
    kept: Kept,
    post: Post,
    names: list[str],
    until: Callable[[], bool],
    told: int = 0,
    road: Road = ROAD,
    then: Callable[[Runner], None] | None = None,
    notices: list[Notice] | None = None,
    queued: Callable[[Queue], None] | None = None,
) -> None:
    """A road at work until something is so; `names` of notices, of which `told` were done before.

    `then` is done once the first attempt was made, `queued` too; `notices` instead of names.
    """

    async def work() -> None:
        nonlocal then, queued
        book = Book()
        for name in road.to:
            contacts = Contacts({"mail": f"{name}@x.vn"}, "vi")
            book.accounts[name] = Account(name, name, ["operator"], None, contacts=contacts)
        reader = Reader(Keeping(), book, Places(Text("x", "x"), ZONE, {}, {}), lambda *_: None)
        queue = Queue(road, 0, kept.state.reached_us, kept.state.reached)
        given = notices or [notice(name, NOW + at) for at, name in enumerate(names)]
        for one in given:
            queue.put(one, (minute_of_day(now_us(), ZONE) + 720) % 1440)
        assert len(queue) == len(given) - told

        async def idle(_: float) -> None:
            await asyncio.sleep(0.001)

        source = Said(road, queue, reader, now_us, idle, told=kept.state.told)
        shared = cast("Any", kept)
        runner = Runner(road, Parts(source, post, shared, shared, ZONE, lambda: 0.5))
        stop = asyncio.Event()
        working = asyncio.create_task(runner.run(stop))
        async with asyncio.timeout(40):
            while not until():
                assert not working.done(), working.exception()
                if then is not None and post.tried:
                    then(runner)
                    then = None
                if queued is not None and post.tried:
                    queued(queue)
                    queued = None
                await asyncio.sleep(0.001)
        stop.set()
        await working

    asyncio.run(work())


def test_a_full_mailbox_keeps_the_warning_from_nobody_else_and_its_letters_come_in_order() -> None:
    kept, post = Kept(), Post()
    post.answers["an"] = FULL

    def others() -> bool:
        return len(post.taken) == 6 and len(kept.aside) == 3 and kept.state.reached_us == NOW + 2

    run(kept, post, ["a", "b", "c"], others)
    assert [one for one in post.taken if one[0] == "binh"] == [("binh", "a"), ("binh", "b"), ("binh", "c")]
    assert len(set(post.taken)) == 6, "and nobody twice"
    assert kept.state.failing_since == 0, "the road itself is well"
    assert {about for name, about in post.letters if name == "an"} == {"a"}, (
        "nothing overtakes for one person"
    )
    post.answers.clear()
    run(kept, post, ["a", "b", "c"], lambda: len(kept.ended) == 3, told=3)
    assert post.taken[6:] == [("an", "a"), ("an", "b"), ("an", "c")]
    assert not kept.aside
    assert "dead" not in kept.said


def test_where_nobody_is_reached_nothing_stands_aside_and_the_road_says_that_it_fails() -> None:
    kept, post = Kept(), Post()
    post.answers = dict.fromkeys(ROAD.to, FULL)
    run(kept, post, ["a", "b"], lambda: len(post.tried) > 20)
    assert not kept.aside
    assert kept.state.failing_since > 0
    assert set(post.tried) == set(ROAD.to), "everybody is tried in turn"
    post.answers.clear()
    run(kept, post, ["a", "b"], lambda: len(post.taken) == 6)
    assert len(set(post.taken)) == 6
    assert kept.state.failing_since == 0


def test_a_server_that_is_away_is_not_asked_for_each_person() -> None:
    kept, post = Kept(), Post()
    post.answers = dict.fromkeys(ROAD.to, Answer("away", "connection refused"))
    run(kept, post, ["a", "b"], lambda: len(post.tried) > 5)
    assert set(post.tried) == {"an"}


def test_a_mailbox_that_does_not_exist_goes_to_the_dead_letters_and_delays_nobody() -> None:
    kept, post = Kept(), Post()
    post.answers["binh"] = Answer("refused", "550 no such user", of_one=True)
    run(kept, post, ["a"], lambda: kept.ended == [("dead", "binh")] and len(post.taken) == 2)
    assert post.tried.index("chi") < 3, "before the fifth try of the other"


def test_who_was_told_is_not_told_again_by_a_process_that_begins_anew() -> None:
    """A telephone knows no ids: who stood first in the list got the same message at every restart."""
    kept, post = Kept(), Post()
    post.answers |= dict.fromkeys(("binh", "chi"), Answer("away", "no signal"))
    run(kept, post, ["a"], lambda: len(post.tried) > 3)
    run(kept, post, ["a"], lambda: len(post.tried) > 6)
    post.answers.clear()
    run(kept, post, ["a"], lambda: len(post.taken) == 3)
    assert sorted(post.taken) == [("an", "a"), ("binh", "a"), ("chi", "a")]
    assert kept.state.told == (), "what is done needs no remembering"


def test_that_a_road_fails_is_told_once_however_often_its_process_ends() -> None:
    kept, post = Kept(), Post()
    kept.state.failing_since = now_us() - 7200 * SECOND
    post.answers = dict.fromkeys(ROAD.to, Answer("away", "no signal"))
    seen: list[bool] = []
    for tries in (2, 4, 6):
        kept.complaints.clear()  # of the process that ended
        if tries > 2:
            post.at_first = lambda: seen.append("road-mail" in kept.complaints)
        run(kept, post, ["a"], lambda tries=tries: len(post.tried) > tries)  # type: ignore[misc]
        assert "road-mail" in kept.complaints
    assert all(seen), "at once, not only after the next failure: else the alert would end and begin again"
    assert kept.said == ["failed"]
    post.answers.clear()
    run(kept, post, ["a"], lambda: len(post.taken) == 3)
    assert kept.said == ["failed", "healed"]
    assert "road-mail" not in kept.complaints


def test_who_is_not_reached_is_named_until_the_letters_came_over_restarts_too() -> None:
    kept, post = Kept(), Post()
    post.answers["an"] = FULL
    run(kept, post, ["a"], lambda: len(kept.aside) == 1 and len(post.taken) == 2)
    assert "road-mail-aside" not in kept.complaints, "it is a moment yet"
    kept.aside[0].t -= 7200 * SECOND
    post.answers["an"] = Answer("away", "451 still full", of_one=True)
    tried = len(post.tried)
    run(kept, post, ["a"], lambda: len(post.tried) > tried and "road-mail-aside" in kept.complaints, told=1)
    assert "an (4" in kept.complaints["road-mail-aside"], "in the server's own words"
    post.answers.clear()
    run(kept, post, ["a"], lambda: len(post.taken) == 3, told=1)
    assert not kept.complaints


def test_what_gets_through_meanwhile_ends_the_wait_of_the_head() -> None:
    """A receiver was back, its test button said so, and the alerts waited for the rest of their pause."""
    kept, post = Kept(), Post()
    patient = msgspec.structs.replace(ROAD, to=("an",), retry=Retry(first_s=3600, longest_s=3600))
    post.answers["an"] = Answer("away", "connection refused")

    def asked(runner: Runner) -> None:
        post.answers.clear()
        runner.ask(1, Request(t=1, id="r", by="lan", ask="test"))

    run(kept, post, ["a"], lambda: ("an", "a") in post.taken, road=patient, then=asked)
    assert kept.state.test_passed
    assert post.taken[-1] == ("an", "a")


def test_what_stands_aside_is_left_alone_while_the_road_itself_fails() -> None:
    kept, post = Kept(), Post()
    slow = msgspec.structs.replace(ROAD, retry=Retry(first_s=0.001, longest_s=60))
    post.answers["an"] = FULL
    run(kept, post, ["a"], lambda: len(kept.aside) == 1 and len(post.taken) == 2, road=slow)
    post.answers = dict.fromkeys(ROAD.to, Answer("away", "connection refused"))
    kept.state.failing_since = kept.state.last_failure = now_us()
    kept.state.reached_us, before = 0, len(post.tried)
    kept.state.reached = kept.state.told = ()
    run(kept, post, ["b"], lambda: len(post.tried) > before + 6, road=slow)
    assert ("an", "a") not in post.letters[before:]


def test_a_word_to_another_does_not_wait_for_the_next_attempt_at_a_full_mailbox() -> None:
    """Of one person alone: then nobody else was there to show that the road is well."""
    kept, post = Kept(), Post()
    patient = msgspec.structs.replace(ROAD, retry=Retry(first_s=3600, longest_s=3600))
    post.answers["an"] = FULL

    def comes(queue: Queue) -> None:
        queue.put(notice("b", NOW + 1, "overdue", to="binh"), 600)

    first = [notice("a", NOW, "overdue", to="an")]
    run(kept, post, [], lambda: len(kept.aside) == 1, road=patient, notices=first, queued=comes)
    assert post.taken == [("binh", "b")]
    assert post.tried == ["an", "binh"], "and the full mailbox is left alone meanwhile"


def test_a_process_killed_as_a_letter_was_put_aside_carries_it_once() -> None:
    kept, post = Kept(), Post()
    post.answers["an"] = FULL
    run(kept, post, ["a"], lambda: len(kept.aside) == 1 and len(post.taken) == 2)
    told = letter_id("mail", "a", "binh"), letter_id("mail", "a", "chi")
    kept.state.reached_us, kept.state.reached, kept.state.told = 0, (), told  # it was not noted as done
    post.answers.clear()
    run(kept, post, ["a", "b"], lambda: len(kept.ended) == 2 and len(post.taken) == 6)
    assert [about for name, about in post.taken if name == "an"] == ["a", "b"]


def test_that_somebody_was_reached_is_noted_once_the_stream_is_back() -> None:
    """Else the next process, days later, tells it as new."""
    kept, post = Kept(), Post()
    post.answers["an"] = FULL
    run(kept, post, ["a"], lambda: len(kept.aside) == 1 and len(post.taken) == 2)
    post.answers.clear()
    kept.deaf = 3
    run(kept, post, ["a"], lambda: not kept.aside, told=1)
    assert post.taken[2:] == [("an", "a")]


def test_what_is_over_by_then_is_told_by_its_end_alone_also_where_it_ended_while_we_were_away() -> None:
    kept, post = Kept(), Post()
    post.answers["an"] = FULL
    story = [notice("a", NOW), notice("b", NOW + 1)]
    run(kept, post, [], lambda: len(kept.aside) == 2 and len(post.taken) == 4, notices=story)
    post.answers.clear()
    story += [notice("a", NOW + 2, "end")]
    run(kept, post, [], lambda: not kept.aside and len(post.taken) == 8, notices=story, told=2)
    assert [one for one in post.letters if one[0] == "an"][-2:] == [("an", "b"), ("an", "a")]
    assert kept.ended == [("carried", "an")] * 3, "and nothing stands aside any more"


def test_quiet_hours_hold_back_what_is_low_and_stood_aside() -> None:
    kept, post = Kept(), Post()
    post.answers["an"] = FULL
    low, high = notice("a", NOW, severity="watch"), notice("b", NOW + 1)
    run(kept, post, [], lambda: len(kept.aside) == 1 and len(post.taken) == 2, notices=[low])
    minute = minute_of_day(now_us(), ZONE)
    quiet = msgspec.structs.replace(
        ROAD, quiet=QuietHours(start=(minute - 60) % 1440, end=(minute + 60) % 1440, below="warning")
    )
    post.answers.clear()
    before = len(post.tried)
    run(kept, post, [], lambda: len(post.taken) == 6, notices=[low, high], told=1, road=quiet)
    assert post.letters[before : before + 2] == [("binh", "b"), ("chi", "b")]
    assert post.taken[4:] == [("an", "a"), ("an", "b")], "a warning ends the rest, in order"
