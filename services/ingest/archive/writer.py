"""The writer: one group of messages, one transaction. What it promises is in the tables or nowhere."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection

from services.ingest.archive import books, observations, places, rows, strikes
from services.ingest.archive.group import Group
from services.ingest.archive.ledger import Change, Key, Ledger
from services.ingest.archive.observations import Stored
from services.ingest.archive.places import Place
from services.ingest.archive.sensors import Sensors
from services.observation.sensor import CANARY_GATEWAY
from services.observation.sources import Source
from services.runtime.position import hash_of

READINGS, DERIVED, ALERTS = "READINGS", "DERIVED", "ALERTS"


class Outcome(NamedTuple):
    """What one transaction did."""

    rows: int = 0
    straight: int = 0  # of these, how many took the short way
    duplicates: int = 0
    conflicts: int = 0
    strikes: int = 0
    events: int = 0
    heard: frozenset[Key] = frozenset()  # buffers that packs came from: they want to know what is stored
    online: frozenset[str] = frozenset()  # gateways that came back
    took_s: float = 0.0
    careful: bool = False

    def plus(self, other: "Outcome") -> "Outcome":
        """Both, one after the other."""
        return Outcome(
            self.rows + other.rows,
            self.straight + other.straight,
            self.duplicates + other.duplicates,
            self.conflicts + other.conflicts,
            self.strikes + other.strikes,
            self.events + other.events,
            self.heard | other.heard,
            self.online | other.online,
            self.took_s + other.took_s,
            self.careful or other.careful,
        )


class Writer:
    """Writes groups over one connection, one at a time, and remembers what it wrote.

    After any error but the one it handles itself the memory may be wrong: make a new writer.
    """

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        """Take over a connection in autocommit mode; `prepare` comes next."""
        self.conn = conn
        self.ledger = Ledger()
        self.sensors = Sensors()
        self.places: dict[str, Place] = {}

    async def prepare(self) -> None:
        """Make the session's staging table."""
        await self.conn.execute(observations.STAGING)

    def forget(self) -> None:
        """Drop all memory of what the tables hold; it is read again where needed."""
        self.ledger, self.sensors = Ledger(), Sensors()

    async def write(self, stream: str, group: Group, *, move_only: bool = False) -> Outcome:
        """Write a group and move the stream's position past it, all or nothing.

        `move_only` passes over a message that the database refuses.

        Raises:
            NotAlone: another archive is at work.
            psycopg.Error: nothing was written, or the commit is in doubt; the position will tell.
        """
        if move_only:
            return await self._transaction(stream, Group(group.last), careful=False)
        try:
            return await self._transaction(stream, group, careful=False)
        except psycopg.errors.UniqueViolation:
            # A row that we took for new was there: our memory is wrong (a restored backup, a row put in
            # by hand). Without memory and without taking anything for new the same group goes through.
            self.forget()
            return await self._transaction(stream, group, careful=True)

    async def _transaction(self, stream: str, group: Group, *, careful: bool) -> Outcome:
        began = time.perf_counter()
        before = self.places[stream]
        after = before.moved(group.last.sequence, hash_of(group.last.data))
        async with self.conn.transaction():
            outcome = await self._fill(stream, group, after.epoch, careful=careful)
            await places.move_place(self.conn, stream, before, after)
        self.places[stream] = after
        return outcome._replace(took_s=time.perf_counter() - began, careful=careful)

    async def _fill(self, stream: str, group: Group, epoch: str, *, careful: bool) -> Outcome:
        if stream == ALERTS:
            return Outcome(events=await books.write_events(self.conn, epoch, group.events))
        change = Change()
        stored = await self._observations(stream, group, change, careful=careful)
        struck = await self._strikes(group, change)
        if stream == READINGS:
            await self._packs(group, change)
            await books.write_change(self.conn, self.ledger, change)
            await books.write_gateways(self.conn, group.gateways)
            await books.write_sites(self.conn, group.sites)
            await books.write_canary(self.conn, rows.canary_time(group.batches))
        return Outcome(
            int(stored.rows.sum()) if stored else 0,
            stored.straight if stored else 0,
            (int(stored.duplicates.sum()) if stored else 0) + sum(count.duplicates for count in struck),
            (int(stored.conflicts.sum()) if stored else 0) + sum(count.conflicts for count in struck),
            sum(count.stored for count in struck),
            0,
            frozenset(change.heard),
            frozenset(state.gateway for state in group.gateways if state.status == "online"),
        )

    async def _observations(
        self, stream: str, group: Group, change: Change, *, careful: bool
    ) -> Stored | None:
        if not group.batches:
            return None
        names = rows.unknown_names(group.batches, self.sensors.ids)
        await self.sensors.learn(self.conn, names, derived=stream == DERIVED)
        given = rows.gather(group.batches, self.sensors.ids)
        sources = [source for batch in group.batches for source in batch.sources]
        stored = await observations.store(self.conn, given, len(sources), self.sensors, careful=careful)
        if stream == READINGS:
            _enter(change, sources, stored)
        return stored

    async def _strikes(self, group: Group, change: Change) -> list[strikes.StrikeCount]:
        if not group.strikes:
            return []
        counts = await strikes.store_strikes(self.conn, group.strikes)
        for count in counts:
            account = change.account(count.source.gateway)
            account.readings += count.stored
            account.duplicates += count.duplicates
            account.conflicts += count.conflicts
        return counts

    async def _packs(self, group: Group, change: Change) -> None:
        sources = [s for batch in group.batches for s in batch.sources]
        sources += [s for batch in group.strikes for s in batch.sources]
        told = [((g.gateway, g.buf), g.first, g.lost) for g in group.gateways if g.buf]
        await books.load_shelves(self.conn, self.ledger, self.ledger.absent(sources))
        await books.load_shelves(self.conn, self.ledger, [key for key, _, _ in told])
        self.ledger.take(sources, change)
        for key, first, lost in told:
            self.ledger.told(key, first, lost, change)


def _enter(change: Change, sources: Sequence[Source], stored: Stored) -> None:
    """Add the counts by source to the gateways' accounts."""
    columns = (stored.rows.tolist(), stored.duplicates.tolist(), stored.conflicts.tolist())
    for source, kept, duplicates, conflicts in zip(sources, *columns, strict=True):
        if source.gateway == CANARY_GATEWAY:
            continue
        account = change.account(source.gateway)
        account.readings += kept
        account.duplicates += duplicates
        account.conflicts += conflicts
