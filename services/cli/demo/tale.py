"""A story told in a terminal: headings where its time reaches them, live readings below, and a bookmark."""

import contextlib
import hashlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from services.cli.demo.live import Live, address
from services.cli.demo.news import Reader, heading
from services.cli.words import out, say
from services.observation.instants import SECOND, iso

if TYPE_CHECKING:
    from services.observation.site import Site
    from simulators.city.script import Chapter, Script
    from simulators.publisher import Publisher

PLAYED = "demo-played"
"""A file in the data folder: the story has been told to its end, and its readings are in the database."""

BEGUN = "demo-story.json"
"""A bookmark in the data folder: which story has begun there, when, and how far its readings are stored."""

AGAIN_US = 120 * SECOND
"""So much is sent again: what is sent twice is stored once, what is not sent is missing for good."""

FIRST_LOOK_S, LOOK_S, MARK_S = 3.0, 20.0, 2.0


class Mark(msgspec.Struct, frozen=True):
    """A bookmark. `start` and `at` in µs UTC of the story; `told`: hash of site, script and seed."""

    start: int
    at: int
    told: str


class Plan(NamedTuple):
    """What to play: a script (its story may be gone), when it begins, and from where on it is sent."""

    script: "Script"
    start: int
    at: int
    told: str


def plan(folder: Path, site: "Site", script: "Script", seed: int, now: int) -> Plan:
    """A story begins so long ago that it ends now, unless some of it is stored in this folder already.

    Told to its end, it is not told again: its times are taken. Cut short, it goes on where its readings end;
    if that is longer ago than the story lasts, it is told again from its beginning.
    """
    told = hashlib.sha256(msgspec.json.encode((site.version, script, seed))).hexdigest()[:16]
    if script.story is None:
        return Plan(script, now, now, told)
    without = Plan(msgspec.structs.replace(script, story=None), now, now, told)
    if (folder / PLAYED).exists():
        say(
            "the story was told to this folder before: the city goes on at real time"
            " / đã diễn một lần ở thư mục này: thành phố chạy theo giờ thật"
        )
        return without
    fresh = Plan(script, now - round(script.story.minutes * 60 * SECOND), 0, told)
    mark = _read(folder / BEGUN)
    if mark is None or mark.at <= fresh.start:
        return fresh._replace(at=fresh.start)
    if mark.told != told:
        say(
            "part of another story is in this folder: the city goes on at real time → choose another --data"
            " / thư mục này có một câu chuyện khác: thành phố chạy theo giờ thật → chọn --data khác"
        )
        return without
    say(
        f"the story goes on where it was cut short, {iso(mark.at // SECOND * SECOND)}"
        " / câu chuyện tiếp tục từ chỗ đã dừng"
    )
    return Plan(script, mark.start, mark.at, told)


def _read(file: Path) -> Mark | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Mark)
    except (OSError, msgspec.MsgspecError):
        return None


class Tale:
    """Who tells a story. Headings come from two threads, that of the news and that of the clock."""

    def __init__(self, played: Plan, publisher: "Publisher", site: "Site", base: str, who: Reader) -> None:
        """Nothing is told yet; chapters of an earlier evening are not told again."""
        story = played.script.story
        chapters = sorted(story.chapter if story else (), key=lambda chapter: chapter.minute)
        self._plan, self._publisher, self._site, self._base, self._who = played, publisher, site, base, who
        self._left = [one for one in chapters if self._minute(one) >= played.at]
        self._end = played.start + round(story.minutes * 60 * SECOND) if story else None
        self._mutex = threading.Lock()
        self._live: Live | None = None
        self._next_look = self._next_mark = 0.0
        self._sent = played.at, 0  # a time of the story, and how many packs there were until then

    def _minute(self, chapter: "Chapter") -> int:
        return self._plan.start + round(chapter.minute * 60 * SECOND)

    def reach(self, us: int) -> None:
        """Tell the headings due at a time that the readings have reached: before any news of it."""
        us = min(us, self._publisher.progress.sending)
        with self._mutex:
            while self._left and us >= self._minute(self._left[0]):
                self._open(self._left.pop(0))

    def _open(self, chapter: "Chapter") -> None:
        out(heading(chapter, self._plan.start, self._who))
        self._live = None
        if chapter.show:
            self._live = Live(self._base, self._site, chapter.show, self._who)
            self._next_look = time.monotonic() + FIRST_LOOK_S
            out(f"         curl '{address(self._base, chapter.show[0], self._site, self._minute(chapter))}'")

    def look(self) -> None:
        """Tell what the chapter's sensors read, when it is time to."""
        with self._mutex:
            live, due = self._live, time.monotonic() >= self._next_look
        if live is None or not due:
            return
        line = live.line(self._publisher.progress.at)
        with self._mutex:
            self._next_look = time.monotonic() + LOOK_S
            if line and live is self._live:  # else another chapter has begun meanwhile
                out(line)

    def looking(self, stop: threading.Event) -> None:
        """Look now and then until told to stop: a thread, since the API may be slow."""
        while not stop.wait(0.5):
            self.look()

    def mark(self, folder: Path) -> None:
        """Note how far the story is stored, every few seconds; at its end, that it was told."""
        if self._end is None or time.monotonic() < self._next_mark:
            return
        self._next_mark = time.monotonic() + MARK_S
        at, packs = self._sent
        if self._publisher.stored < packs:
            return
        self._sent = self._publisher.progress.at, self._publisher.stored + self._publisher.unstored
        with contextlib.suppress(OSError):  # a full disk is told by those who store
            if at >= self._end:
                (folder / PLAYED).touch()
                self._end = None
            elif at > self._plan.start:
                aside = folder / f"{BEGUN}.new"
                kept = max(self._plan.at, at - AGAIN_US)
                aside.write_bytes(msgspec.json.encode(Mark(self._plan.start, kept, self._plan.told)))
                aside.replace(folder / BEGUN)
