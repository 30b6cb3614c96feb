"""The notices of one road, in the order in which they go out, and what is not told after all. Pure."""

from collections.abc import Collection, Iterable
from heapq import heapify, heappush, nsmallest

import msgspec

from services.policy.road_nouns import NEVER_SPOKEN, SPEAKERS, SPOKEN_IF_NAMED, Road
from services.roads.choosing import passes, rank_of
from services.roads.notices import Notice

DAY_MIN, MINUTE_US = 1440, 60_000_000
LOOKED_AT = 20
"""Notices behind the head in which somebody else is looked for, when one person is not reached."""
_OF_THINGS = ("new", "again", "end", "moved")
"""What quiet hours hold back, and what overtakes what they hold."""


class Queue:
    """The notices of one road, in order of when they are to go out; quiet hours hold back what is low."""

    def __init__(  # noqa: PLR0913  where a road is, and what it is for
        self,
        road: Road,
        since_us: int,
        reached_us: int,
        reached: Iterable[str],
        stale_us: int = 0,
        reports: Collection[str] = (),
    ) -> None:
        """Of a road that there is since then, has come so far, and carries `reports` of these kinds.

        Everything before `reached_us`, and these at that very instant, is done. What was over before
        `stale_us` and never told is no news any more.
        """
        self._stale_us, self._reports = stale_us, frozenset(reports)
        self._road, self._since_us = road, since_us
        self._reached_us, self._reached = reached_us, frozenset(reached)
        self._heap: list[tuple[int, int, Notice]] = []
        self._told: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        """When each word of a thing goes out, and to whom, where it names them."""
        self._names: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._heap)

    def put(self, notice: Notice, minute_of_day: int) -> None:
        """Take a notice in stream order; `minute_of_day`: of its instant on the site's clock."""
        if notice.at < self._since_us or not self._takes(notice):
            return
        # What is held until after this instant is overtaken by it: worse, or over.
        told = self._unheld(notice.about, notice.at) if notice.kind in _OF_THINGS else []
        at = notice.at
        if notice.kind == "moved":
            self._told.pop(notice.about, None)
            if notice.into and told:
                self._told.setdefault(notice.into, []).extend(told)
            return
        if notice.kind == "end":
            self._told.pop(notice.about, None)
            if at < self._stale_us and all(then >= self._reached_us for then, _ in told):
                self._drop(notice.about, 0)
                return
            if not told:
                return  # begun and over within the quiet hours: there is nothing to tell any more
            notice = msgspec.structs.replace(notice, told=tuple(told))
        if notice.kind in _OF_THINGS:
            at += self._held_us(notice, minute_of_day)
        if notice.kind in ("new", "again", "overdue"):
            self._told.setdefault(notice.about, []).append((at, notice.to))
        done = at < self._reached_us or (at == self._reached_us and notice.name in self._reached)
        if done or notice.name in self._names:
            return
        self._count += 1
        self._names.add(notice.name)
        heappush(self._heap, (at, self._count, notice))

    def _unheld(self, about: str, at: int) -> list[tuple[int, tuple[str, ...]]]:
        """Take back what of a thing was to go out later; what went out."""
        words = self._told.get(about)
        if words is None:
            return []
        if any(then > at for then, _ in words):
            words = self._told[about] = [word for word in words if word[0] <= at]
            self._drop(about, at)
        return words

    def _drop(self, about: str, after: int) -> None:
        gone = [entry for entry in self._heap if entry[2].about == about and entry[0] > after]
        if gone:
            self._names.difference_update(entry[2].name for entry in gone)
            self._heap = [entry for entry in self._heap if not (entry[2].about == about and entry[0] > after)]
            heapify(self._heap)

    def _takes(self, notice: Notice) -> bool:
        road = self._road
        if notice.report is not None:
            return notice.report.kind in self._reports
        if notice.kind == "overdue":
            return road.escalation and bool(notice.to) and notice.status in road.status
        if notice.kind in ("end", "moved"):
            return notice.about in self._told
        if road.kind in SPEAKERS and (
            notice.kind == "again"
            or notice.hazard in NEVER_SPOKEN
            or (notice.hazard in SPOKEN_IF_NAMED and notice.hazard not in road.hazards)
        ):
            return False
        return passes(road, notice.hazard, notice.area, notice.severity, notice.status) or (
            # A situation is of a kind, not of a hazard.
            notice.of == "situation"
            and passes(
                msgspec.structs.replace(road, hazards=()), "", notice.area, notice.severity, notice.status
            )
        )

    def _held_us(self, notice: Notice, minute: int) -> int:
        quiet = self._road.quiet
        if quiet is None or rank_of(notice.severity) >= rank_of(quiet.below):
            return 0
        length = (quiet.end - quiet.start) % DAY_MIN
        into = (minute - quiet.start) % DAY_MIN
        return (length - into) * MINUTE_US if into < length else 0

    def head(self, now: int) -> tuple[int, Notice] | None:
        """The next that is to go out by `now`, µs UTC, and its instant."""
        if self._heap and self._heap[0][0] <= now:
            at, _, notice = self._heap[0]
            return at, notice
        return None

    def behind(self, now: int) -> list[tuple[int, Notice]]:
        """The next few that are to go out by `now`, the head too."""
        return [(at, notice) for at, _, notice in nsmallest(LOOKED_AT, self._heap) if at <= now]

    def done(self, at: int, notice: Notice) -> tuple[int, tuple[str, ...]]:
        """Take a notice away that was the head at this instant; what the road has reached then.

        It is named, because another may have become the head meanwhile, or it may have been overtaken.
        """
        self._heap = [entry for entry in self._heap if entry[2] is not notice]
        heapify(self._heap)
        self._names.discard(notice.name)
        if at > self._reached_us:
            self._reached_us, self._reached = at, frozenset()
        if at == self._reached_us:
            self._reached |= {notice.name}
        return self._reached_us, tuple(sorted(self._reached))
