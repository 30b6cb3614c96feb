"""The ledger: which packs of which buffers are stored, and each gateway's account.

Pure bookkeeping between two commits: `take` says what the tables must hold after this group. What it
returns is written in the transaction of the rows; if that fails, the ledger is thrown away and filled
anew from the tables.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from services.observation.ranges import Ranges
from services.observation.sensor import CANARY_GATEWAY
from services.observation.sources import Source

Key = tuple[str, str]
"""(gateway, buf)"""

ASK_AT_MOST = 64
"""Packs asked for at a time: an agent gives a pack up that it sent three times in vain, so we ask for few."""


class Cut(NamedTuple):
    """One reception of a pack that was cut over partitions; received again it may be cut otherwise."""

    seq: int
    received_at: int
    parts: int


class Shelf(msgspec.Struct):
    """What is known of one buffer of one agent."""

    stored: Ranges
    lost: Ranges
    first: int = 1
    open_cuts: dict[Cut, set[int]] = msgspec.field(default_factory=dict)

    def count_lost(self) -> int:
        """Packs that the agent dropped and that did not come before."""
        return sum(
            hole[1] - hole[0] + 1 for first, last in self.lost for hole in self.stored.missing(first, last)
        )


class Account(msgspec.Struct):
    """What one group adds to the account of one gateway."""

    packs: int = 0
    readings: int = 0
    duplicates: int = 0
    conflicts: int = 0
    last_received_at: int = 0  # µs UTC; 0: nothing received


class Change(msgspec.Struct):
    """What a group changes in the tables, besides rows."""

    shelves: set[Key] = msgspec.field(default_factory=set)  # their ranges, lost, first
    heard: set[Key] = msgspec.field(default_factory=set)  # who sent packs: they may not know what is stored
    parts: list[tuple[Key, Cut, int]] = msgspec.field(default_factory=list)  # to be remembered
    whole: list[tuple[Key, int]] = msgspec.field(default_factory=list)  # packs whose parts can be forgotten
    accounts: dict[str, Account] = msgspec.field(default_factory=dict)

    def account(self, gateway: str) -> Account:
        """The gateway's account, opened when first asked for."""
        found = self.accounts.get(gateway)
        if found is None:
            found = self.accounts[gateway] = Account()
        return found


def key_of(source: Source) -> Key | None:
    """The buffer a source came from; None for a plain pack, which has no number to acknowledge."""
    return (source.gateway, source.buf) if source.buf and source.seq > 0 else None


class Ledger:
    """Shelves by (gateway, buf). Every shelf that `take` touches must have been put in before."""

    def __init__(self) -> None:
        """Start empty."""
        self.shelves: dict[Key, Shelf] = {}

    def absent(self, sources: Iterable[Source]) -> set[Key]:
        """Buffers among the sources whose shelves are to be read from the tables first."""
        shelves = self.shelves
        return {
            (s.gateway, s.buf) for s in sources if s.buf and s.seq > 0 and (s.gateway, s.buf) not in shelves
        }

    def put(self, key: Key, shelf: Shelf | None = None) -> Shelf:
        """Put in a shelf as the tables have it; an empty one when they have none."""
        found = self.shelves[key] = shelf or Shelf(Ranges(), Ranges())
        return found

    def take(self, sources: Sequence[Source], change: Change) -> None:
        """Enter sources whose rows are in the same transaction. One turn per pack, not per row."""
        for source in sources:
            if source.gateway == CANARY_GATEWAY:
                continue
            account = change.account(source.gateway)
            account.last_received_at = max(account.last_received_at, source.received_at)
            key = key_of(source)
            if key is None:
                account.packs += 1
                continue
            shelf = self.shelves[key]
            change.heard.add(key)
            if source.seq in shelf.stored:
                continue
            if source.parts > 1 and not _completes(shelf, source, key, change):
                continue
            shelf.stored.add(source.seq)
            change.shelves.add(key)
            account.packs += 1

    def told(
        self, key: Key, first: int | None, lost: Sequence[tuple[int, int]] | None, change: Change
    ) -> None:
        """Enter what an agent told of its buffer: what it had to drop, the lowest it still holds."""
        shelf = self.shelves[key]
        before = (shelf.first, shelf.lost.as_list())
        for low, high in lost or ():
            if low <= high:
                shelf.lost.add(low, high)
        shelf.first = max(shelf.first, first or 1)
        if before != (shelf.first, shelf.lost.as_list()):
            change.shelves.add(key)


def _completes(shelf: Shelf, source: Source, key: Key, change: Change) -> bool:
    """Enter a part; True when the pack is whole with it."""
    cut = Cut(source.seq, source.received_at, source.parts)
    seen = shelf.open_cuts.setdefault(cut, set())
    if source.part not in seen:
        seen.add(source.part)
        change.parts.append((key, cut, source.part))
    if len(seen) < source.parts:
        return False
    for other in [c for c in shelf.open_cuts if c.seq == source.seq]:
        del shelf.open_cuts[other]
    change.whole.append((key, source.seq))
    return True


def few(holes: Sequence[tuple[int, int]], at_most: int = ASK_AT_MOST) -> list[list[int]]:
    """The first packs of the holes, so many and no more."""
    asked, left = [], at_most
    for first, last in holes:
        if left <= 0:
            break
        end = min(last, first + left - 1)
        asked.append([first, end])
        left -= end - first + 1
    return asked
