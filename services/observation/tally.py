"""Tallies: how many events each site has for each day, and a hash of their ids that does not depend on order.

Two sites that hold copies of the same events compare a few numbers instead of the events. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

import msgspec

MOST_DAYS = 1_000
"""Of one site; beyond them the oldest are forgotten, so that dates from nowhere cost no memory."""
MOST_SITES = 2_000
_BITS = 128
_NONE = (0, 0, 0)
_DAY = re.compile(r"\d{4}-\d\d-\d\dT")
_NAMED = 4  # alerts.<site>.<area>.<id>


class Head(msgspec.Struct):
    """What every event has: enough to tell it from others and to place it."""

    id: str
    type: str
    time: str
    source: str = ""


_head = msgspec.json.Decoder(Head)


def head_of(data: bytes) -> Head | None:
    """The head of an event; None when the bytes are none."""
    try:
        return _head.decode(data)
    except msgspec.MsgspecError:
        return None


def is_counted(data: bytes) -> bool:
    """Whether a tally counts it: an event with a time."""
    head = head_of(data)
    return head is not None and _DAY.match(head.time) is not None


def identity_of(data: bytes) -> str:
    """The id of an event; of what is none, a hash of its bytes, the same at every site."""
    head = head_of(data)
    return head.id if head is not None else sha256(data).hexdigest()[:32]


def site_of(subject: str) -> str | None:
    """Whose event stands under a subject of ALERTS; None when it is no such subject."""
    parts = subject.split(".")
    return parts[1] if len(parts) >= _NAMED and parts[0] == "alerts" else None


class Count(msgspec.Struct, frozen=True):
    """Of one day. `hash`: 32 hex, the sum of the ids' hashes modulo 2¹²⁸."""

    events: int
    hash: str


class Tally:
    """Counts and hashes by site and day (UTC) of the events' own times; each sequence counts once."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._days: dict[str, dict[str, tuple[int, int, int]]] = {}
        """Of each day: events, the sum of their hashes, the sequence of the last one."""
        self.last = 0
        """Sequence of the last event counted."""

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self._days.clear()
        self.last = 0

    def take(self, sequence: int, subject: str, data: bytes) -> Head | None:
        """Count one event in stream order; what is no event of a site is passed over."""
        if sequence <= self.last:
            return None
        self.last = sequence
        site, head = site_of(subject), head_of(data)
        if site is None or head is None or not _DAY.match(head.time):
            return head
        if site not in self._days and len(self._days) >= MOST_SITES:
            return head
        days = self._days.setdefault(site, {})
        day = head.time[:10]
        events, total, _ = days.get(day, _NONE)
        added = int.from_bytes(sha256(head.id.encode()).digest()[: _BITS // 8])
        days[day] = events + 1, (total + added) % (1 << _BITS), sequence
        if len(days) > MOST_DAYS:
            del days[min(days)]
        return head

    def told(self) -> dict[str, dict[str, tuple[int, str, int]]]:
        """Everything counted so far, to be written down."""
        return {
            site: {day: (events, f"{total:032x}", last) for day, (events, total, last) in days.items()}
            for site, days in self._days.items()
        }

    def restore(
        self, told: Mapping[str, Mapping[str, tuple[int, str, int]]], last: int, first: int = 0
    ) -> None:
        """Take up what was written down after `last`, without days that have nothing from `first` on."""
        self._days = {
            site: {
                day: (events, int(total, 16), newest)
                for day, (events, total, newest) in days.items()
                if newest >= first
            }
            for site, days in told.items()
        }
        self.last = last

    def sites(self) -> list[str]:
        """Sites of which there is anything."""
        return sorted(self._days)

    def of(self, site: str, day: str) -> Count:
        """One day of one site."""
        return _count(self._days.get(site, {}).get(day, _NONE))

    def days(self, site: str) -> Iterator[tuple[str, Count]]:
        """All days of a site, oldest first."""
        return ((day, _count(found)) for day, found in sorted(self._days.get(site, {}).items()))

    def total(self, site: str) -> Count:
        """All days of a site together."""
        found = list(self._days.get(site, {}).values())
        return _count((sum(one[0] for one in found), sum(one[1] for one in found) % (1 << _BITS), 0))


class Difference(msgspec.Struct, frozen=True):
    """A day on which two tallies do not agree."""

    day: str
    here: int
    there: int

    @property
    def missing(self) -> bool:
        """Whether there is something there that is not here; more here than there is the other's loss."""
        return self.there >= self.here


def differences(here: dict[str, Count], there: dict[str, Count]) -> list[Difference]:
    """The days that differ, oldest first."""
    none = _count(_NONE)
    found = []
    for day in sorted({*here, *there}):
        ours, theirs = here.get(day, none), there.get(day, none)
        if ours != theirs:
            found.append(Difference(day, ours.events, theirs.events))
    return found


def _count(found: tuple[int, int, int]) -> Count:
    return Count(found[0], f"{found[1]:032x}")
