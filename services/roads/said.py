"""Letters in words: the notices of a road of people, and reports; one letter for each person."""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from services.observation.delivery import Enclosed, Letter, RoadState, letter_id
from services.policy.road_nouns import Road
from services.policy.sending import ENCLOSING, Sending
from services.roads import reports
from services.roads.carrier import Parcel
from services.roads.notices import Notice
from services.roads.people import Person, Reader
from services.roads.queued import Queue
from services.roads.reports import Report
from services.roads.words import trial_words, words


class Mailing(NamedTuple):
    """Reports of a road: who gets which; `address`: where people open the api, for links."""

    sends: Sequence[Sending] = ()
    address: str = ""


_NONE = Mailing()
MOST_TOLD = 500
"""Ids that are remembered: of the few notices in which somebody else was looked for."""


class Said:
    """Notices in words, one letter for each person."""

    def __init__(  # noqa: PLR0913  what letters are made from
        self,
        road: Road,
        queue: Queue,
        reader: Reader,
        now: Callable[[], int],
        idle: Callable[[float], Awaitable[None]],
        mailing: Mailing = _NONE,
        told: Iterable[str] = (),
    ) -> None:
        """Of a road; `reader` knows names and people, `idle` is awaited for news.

        `told`: ids of letters that were carried although their notice is not done.
        """
        self._mailing = mailing
        self._told = dict.fromkeys(told)
        self._road, self._queue, self._reader, self._now, self._idle = road, queue, reader, now, idle
        self._letters: deque[Parcel] = deque()
        self._at_hand: tuple[int, Notice] | None = None
        """The notice that is being told, also to nobody."""
        self._ids: list[str] = []

    async def next(self, wait_s: float) -> Parcel | None:
        """The next letter of the notice at hand, else of the next notice."""
        self._skip()
        if not self._letters:
            head = self._queue.head(self._now())
            if head is None:
                await self._idle(wait_s)
                return None
            self._at_hand = head
            self._letters.extend(self._write(*head))
            self._ids = [parcel.letter.id for parcel in self._letters]
            self._skip()
            if not self._letters:
                return None
        return self._letters[0]

    def _skip(self) -> None:
        """Pass over what was carried before its turn, but not over the end of the notice."""
        while self._letters and self._letters[0].letter.id in self._told:
            self._letters.popleft()

    def _write(self, at: int, notice: Notice) -> list[Parcel]:
        if notice.report is not None:
            return self._enclose(at, notice, notice.report)
        found = []
        for person in self._people(at, notice):
            said = words(notice, self._reader.places, person.languages, self._road)
            letter = Letter(
                id=letter_id(self._road.id, notice.name, person.name),
                stored_us=at,
                noun="words",
                to=person.name,
                severity=notice.severity,
                status=notice.status,
                words=said,
                about=(notice.about,),
                tells="" if notice.kind == "moved" else notice.kind,
            )
            found.append(Parcel(letter, (), person.address))
        return found

    def _enclose(self, at: int, notice: Notice, report: Report) -> list[Parcel]:
        """A report for each who is to get it, in their language, with the files that they are to get."""
        found, places, road = [], self._reader.places, self._road
        for person, sends in self._reader.readers(road, self._mailing.sends, report.kind, at, report.areas):
            language = person.languages[0]
            files = reports.chosen(report, sends, language)
            named = tuple((file, reports.file_name(report, file, places.site, places.zone)) for file in files)
            largest = round(max(send.largest_mb for send in sends) * 1e6)
            letter = Letter(
                id=letter_id(road.id, notice.name, person.name),
                stored_us=at,
                noun="words",
                to=person.name,
                words=reports.said(report, places, language, road, self._mailing.address, files),
                enclosed=Enclosed(files=named, largest=largest, language=language, areas=report.areas)
                if road.kind in ENCLOSING
                else None,
                about=(report.name,),
                tells="report",
            )
            found.append(Parcel(letter, (), person.address))
        return found

    def _people(self, at: int, notice: Notice) -> list[Person]:
        """Whom a notice is for; an end is for everybody who was told before, whoever is on duty by now."""
        asked = [(at, notice.to)]
        if notice.told:
            asked = list(notice.told)
            if any(not to for _, to in asked):
                asked.append((at, ()))
        found: dict[str, Person] = {}
        for then, to in asked:
            # Who is called because nobody answered is called wherever they work: calls are few, and one of a
            # situation speaks for all its areas.
            area = "" if to else notice.area
            for person in self._reader.receivers(self._road, to or self._road.to, then, area):
                found.setdefault(person.name, person)
        return list(found.values())

    def done(self, state: RoadState) -> None:
        """The head was carried, given up or put aside; the notice is done with its last letter."""
        if self._letters:
            self._told[self._letters.popleft().letter.id] = None
            self._skip()
        if not self._letters and self._at_hand is not None:
            state.reached_us, state.reached = self._queue.done(*self._at_hand)
            self._at_hand = None
            for one in self._ids:
                self._told.pop(one, None)
        state.told = tuple(self._told)[-MOST_TOLD:]

    def settle_empty(self, state: RoadState) -> None:
        """A notice that nobody is to be told, or everybody was told, is passed over."""
        if self._at_hand is not None and not self._letters:
            self.done(state)

    def another(self, not_for: Collection[str]) -> Parcel | None:
        """A letter to somebody else, of the notice at hand or of one behind it."""
        behind = (
            parcel
            for at, notice in self._queue.behind(self._now())
            if self._at_hand is None or notice is not self._at_hand[1]
            for parcel in self._write(at, notice)
        )
        for parcel in (*self._letters, *behind):
            letter = parcel.letter
            if letter.to and letter.to not in not_for and letter.id not in self._told:
                return parcel
        return None

    def ahead(self, letter: Letter, state: RoadState) -> None:
        """It was carried before its turn: then it is passed over."""
        self._told[letter.id] = None
        state.told = tuple(self._told)[-MOST_TOLD:]

    def split(self) -> bool:
        """A letter to one person is one."""
        return False

    async def again(self, letter: Letter) -> Parcel | None:
        """The words stand in the letter; the address is the person's of today."""
        enclosed = letter.enclosed
        if letter.to and enclosed is not None and not self._reader.may_read(letter.to, enclosed.areas):
            return None
        people = self._reader.receivers(self._road, (letter.to,) if letter.to else (), self._now())
        return Parcel(letter, (), people[0].address) if people else None

    def trial(self, now: int) -> list[Parcel]:
        """A word to everybody who stands on the road."""
        found = []
        people = self._reader.receivers(self._road, self._road.to, now)
        people += [
            person
            for kind in reports.KINDS
            for areas in dict.fromkeys(send.areas for send in self._mailing.sends)
            for person, _ in self._reader.readers(self._road, self._mailing.sends, kind, now, areas)
        ]
        for person in {person.name: person for person in people}.values():
            said = trial_words(self._road, self._reader.places, now, person.languages)
            name = letter_id(self._road.id, "trial", now, person.name)
            letter = Letter(
                id=name, stored_us=now, noun="words", to=person.name, status="Test", words=said, test=True
            )
            found.append(Parcel(letter, (), person.address))
        return found

    @property
    def waiting(self) -> int:
        """Notices that wait, those held by quiet hours too."""
        return len(self._queue)

    async def close(self) -> None:
        """Nothing is open."""
