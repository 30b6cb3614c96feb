"""Links between sites: what is decided about a child's events, its freshness, its way. Pure.

A site is one writer of `alerts.<site>.>`; whoever is above holds a copy. So an event is known by its id, the
order of one subject is the order at its site, and a copy can be made again from any point: what is there is
passed over.
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from services.observation.instants import SECOND
from services.observation.links import Beat, Mark
from services.observation.tally import Count, head_of, identity_of, site_of

MARKS = 24
"""Places kept to go back to: the last ones, and ever fewer of the older."""
KNOWN_IDS = 50_000
"""Ids remembered of all subjects together, some 10 MB; of others the own stream is asked again."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a parent says when it asks for a heartbeat. `acts`: the last request that waits for this child."""

    site: str
    acts: int = 0
    v: int = 1


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A child's counts by site and day, at a sequence of its stream. `first`: what it still holds from on."""

    last: int
    first: int
    sites: dict[str, dict[str, Count]]
    v: int = 1


class Item(msgspec.Struct, frozen=True):
    """One event of a child on its way into the own stream."""

    sequence: int
    subject: str
    id: str
    data: bytes


class Refused(msgspec.Struct, frozen=True):
    """Why a site's events are not taken: `loop`, they are our own; `two-ways`, they come by another child."""

    site: str
    why: str


class Ways:
    """Which site's events come by which child. A site has one way, and our own has none."""

    def __init__(self, own: str) -> None:
        """For one site."""
        self.own = own
        self.children: list[str] = []
        self._by: dict[str, str] = {}

    def child_of(self, site: str) -> str | None:
        """The child through which a site is reached."""
        return self._by.get(site)

    def sites_of(self, child: str) -> list[str]:
        """Every site that comes by a child."""
        return sorted(site for site, by in self._by.items() if by == child)

    def forget(self, child: str) -> None:
        """A child is linked no longer."""
        self._by = {site: by for site, by in self._by.items() if by != child}

    def take(self, child: str, site: str) -> Refused | None:
        """Let a site's events come by a child; the value is why not."""
        if site == self.own:
            return Refused(site, "loop")
        by = self._by.setdefault(site, child)
        # A child's own events come from itself: that way is the right one, whatever came before.
        if by != child and site == child:
            self._by[site] = child
            return None
        return None if by == child else Refused(site, "two-ways")


def item_of(sequence: int, subject: str, data: bytes) -> Item | None:
    """A message of the child's stream as an event to be copied; None: not under its own site's name."""
    site, head = site_of(subject), head_of(data)
    if site is None or (head is not None and head.source not in ("", f"/sites/{site}")):
        return None  # in another site's name, even ours: it would count as that site's own word
    return Item(sequence, subject, identity_of(data) if head is None else head.id, data)


def by_subject(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Items of each subject in their order: what must stay one after the other."""
    chains: dict[str, list[Item]] = {}
    for item in items:
        chains.setdefault(item.subject, []).append(item)
    return chains


class Known(msgspec.Struct):
    """What the own stream holds of one subject: ids, and the last sequence."""

    ids: set[str]
    last: int


class Memory:
    """Which events the own stream holds, of the subjects used last. Bounded by ids, not by subjects."""

    def __init__(self, most: int = KNOWN_IDS) -> None:
        """Empty."""
        self._most, self._held = most, 0
        self._known: OrderedDict[str, Known] = OrderedDict()

    def get(self, subject: str) -> Known | None:
        """What is remembered of a subject; None: the stream must be asked."""
        found = self._known.get(subject)
        if found is not None:
            self._known.move_to_end(subject)
        return found

    def put(self, subject: str, known: Known) -> None:
        """Remember what the stream said of a subject."""
        self.drop(subject)
        self._known[subject] = known
        self._held += len(known.ids) + 1
        while self._held > self._most and len(self._known) > 1:
            self.drop(next(iter(self._known)))

    def add(self, subject: str, event: str, sequence: int) -> None:
        """One more event stands there."""
        known = self._known.get(subject)
        if known is not None and event not in known.ids:
            known.ids.add(event)
            known.last = max(known.last, sequence)
            self._held += 1

    def drop(self, subject: str) -> None:
        """Forget a subject: somebody else wrote on it."""
        gone = self._known.pop(subject, None)
        if gone is not None:
            self._held -= len(gone.ids) + 1

    def clear(self) -> None:
        """Forget all: the stream may not be what it was."""
        self._known.clear()
        self._held = 0


def marked(marks: list[Mark], new: Mark) -> list[Mark]:
    """Marks, newest first, with one more; thinned: each is about twice as far back as the one before."""
    kept = [new]
    for mark in marks:
        if mark.sequence >= new.sequence:
            continue
        back = new.sequence - mark.sequence
        before = new.sequence - kept[-1].sequence
        if len(kept) < 3 or back >= 2 * before:  # noqa: PLR2004  the two before are kept as they are
            kept.append(mark)
    return kept[:MARKS]


class Pending(msgspec.Struct, frozen=True):
    """A heartbeat that our copy has not reached: asked at `asked` (µs UTC), answered with `beat`."""

    asked: int
    beat: Beat


class Clock:
    """As of when the copy of a child is whole.

    A heartbeat says how far the child's stream went when it answered, which was after it was asked. Once the
    copy has come so far, it holds everything that stood there when we *asked*, by our own clock: an answer
    that was long on its way proves nothing about now, and the child's clock plays no part.
    """

    def __init__(self) -> None:
        """Nothing known."""
        self._waiting: list[Pending] = []
        self.as_of: int | None = None
        self.below: dict[str, int] = {}

    def heard(self, asked: int, beat: Beat) -> None:
        """An answer came."""
        self._waiting.append(Pending(asked, beat))
        # A slow copy: the first it has yet to reach, and the newest, are enough to say how old it is.
        if len(self._waiting) > MARKS:
            del self._waiting[1]

    def reached(self, epoch: str, sequence: int) -> bool:
        """The copy has come to a sequence of an epoch; True when it is whole as of a later time."""
        moved = False
        while self._waiting and self._waiting[0].beat.last <= sequence:
            first = self._waiting.pop(0)
            if first.beat.epoch != epoch:
                continue  # of a stream that is no more
            # The newest proof counts, also where our own clock was set back: an instant that is still to come
            # would be taken for the present when it comes, whatever had happened to the child by then.
            self.as_of = first.asked
            for below in first.beat.below:
                if below.age_s is not None and below.age_s >= 0:
                    then = first.asked - round(below.age_s * SECOND)
                    held = self.below.get(below.site, 0)
                    self.below[below.site] = then if held > first.asked else max(held, then)
            moved = True
        return moved

    def forget(self) -> None:
        """The child's stream is not what it was: what waits proves nothing."""
        self._waiting.clear()
