"""A session: one connection to the database, until something breaks. Then the next one begins afresh.

All memory that could be wrong lives in a session; all that must not be lost is in the tables. So a
commit in doubt, a lost connection or a stream that tells another story have one remedy.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import psycopg
from nats.js import JetStreamContext
from psycopg import AsyncConnection

from services import schema
from services.ingest.archive import places, shelves
from services.ingest.archive.announce import Announcer
from services.ingest.archive.group import Group, alone, groups
from services.ingest.archive.places import Place
from services.ingest.archive.report import Report
from services.ingest.archive.writer import ALERTS, DERIVED, READINGS, Outcome, Writer
from services.observation.envelope import MISSING
from services.runtime import logging
from services.runtime.follow import Follower, Message
from services.runtime.position import Position, check_position, epoch_of, renew_epoch

STREAMS = (READINGS, DERIVED, ALERTS)
LOCK = 0x6861_6172  # "haar": one archive per database

FETCH = 1000
FETCH_WAIT_S = 0.5
LINGER_S = 0.05  # a commit costs a flush of the disk: few and fat ones
FULL_BYTES = 1 << 20
IDLE_S = 10.0  # how often a position is moved past ticks alone
REPEAT_S = 30.0
REPAIR_EVERY = 2  # of those repeats

log = logging.get("archive")


class Occupied(Exception):  # noqa: N818  a fact that a person resolves
    """Another archive holds this database."""


class Session:
    """One connection to the database, one reader per stream."""

    def __init__(
        self,
        js: JetStreamContext,
        conn: AsyncConnection[Any],
        announcer: Announcer,
        report: Report,
        keep_days: int | None = None,
    ) -> None:
        """Join what `run` needs; touches nothing yet."""
        self._js, self._conn, self._keep_days = js, conn, keep_days
        self._announcer, self._report = announcer, report
        self._writer = Writer(conn)
        self._busy = asyncio.Lock()  # one transaction at a time on one connection
        self._committed: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop or something breaks; what broke is raised."""
        await self._open()
        self._report.well()
        await _together([self._feed(stream, stop) for stream in STREAMS], self._repeat(stop))

    async def _open(self) -> None:
        row = await (await self._conn.execute("select pg_try_advisory_lock(%s)", (LOCK,))).fetchone()
        if row is None or not row[0]:
            msg = "another archive is at work on this database"
            raise Occupied(msg)
        outcome = await schema.migrate(self._conn, keep_days=self._keep_days)
        log.info("database_ready", **outcome._asdict())
        await self._writer.prepare()
        for stream in STREAMS:
            self._writer.places[stream] = await self._stand(stream)
        self._report.stands(self._writer.places[READINGS].sequence)
        self._tell(await shelves.at_start(self._conn))

    async def _stand(self, stream: str) -> Place:
        """Where to go on in a stream. If its tail was lost: at the last mark that it still holds.

        Going back costs nothing but time, since every row has a key; going on from the stream's new
        end would leave out what was published since the loss.
        """
        epoch = await epoch_of(self._js, stream)
        place = await places.load_place(self._conn, stream)
        if place is None:
            return await places.open_place(self._conn, stream, epoch)
        marks = [(place.sequence, place.hash), *reversed(place.trail), (0, "")]
        at = await self._held(stream, place.epoch, marks)
        if at == 0 and epoch == place.epoch:
            return place
        if at and place.epoch:  # DERIVED has none: nobody holds tokens of it
            epoch = await renew_epoch(self._js, stream, place.epoch)
        sequence, digest = marks[at]
        # The marks behind it, oldest first again; those that no longer hold are dropped.
        found = Place(epoch, sequence, digest, tuple(reversed(marks[at + 1 : -1])))
        async with self._conn.transaction():
            await places.move_place(self._conn, stream, place, found)
            if at:
                span = (sequence + 1, place.sequence)
                await places.note_gap(self._conn, stream, place.epoch, span, "tail_lost")
        if at:
            self._report.tail_lost(stream, sequence, place.sequence)
        return found

    async def _held(self, stream: str, epoch: str, marks: Sequence[places.Mark]) -> int:
        """Which of the marks, newest first, the stream still holds; the last is its beginning."""
        for at, (sequence, digest) in enumerate(marks):
            if (
                sequence == 0
                or (await check_position(self._js, stream, Position(epoch, sequence, digest))).holds
            ):
                return at
        return len(marks) - 1

    async def _feed(self, stream: str, stop: asyncio.Event) -> None:
        follower = Follower(self._js, stream, [], after=self._writer.places[stream].sequence)
        before: int | None = None  # time of the last message, µs
        try:
            while not stop.is_set():
                messages = await self._fetch(follower)
                if follower.gaps:
                    around = (before, messages[0].time_us if messages else None)
                    await self._note_gaps(stream, follower, around)
                for group in groups(stream, messages):
                    await self._take(stream, group)
                if messages:
                    before = messages[-1].time_us
        finally:
            await follower.close()

    async def _fetch(self, follower: Follower) -> Sequence[Message]:
        messages = await follower.fetch(FETCH, FETCH_WAIT_S)
        if messages and sum(len(message.data) for message in messages) < FULL_BYTES:
            await asyncio.sleep(LINGER_S)
            messages += await follower.fetch(FETCH, 0)
        return messages

    async def _take(self, stream: str, group: Group) -> None:
        now = time.monotonic()
        if group.idle and now - self._committed.get(stream, 0.0) < IDLE_S:
            self._report.applied(stream, group)
            return
        async with self._busy:
            outcome = await self._write(stream, group)
            self._tell_stored(outcome)
            if outcome.online:
                self._tell(await shelves.of_gateways(self._conn, outcome.online))
        self._committed[stream] = now
        self._report.written(stream, group, outcome)

    async def _write(self, stream: str, group: Group) -> Outcome:
        try:
            return await self._writer.write(stream, group)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            log.error("group_refused", stream=stream, sequence=group.last.sequence, error=repr(error))
            return await self._one_by_one(stream, group)

    async def _one_by_one(self, stream: str, group: Group) -> Outcome:
        """Something in the group is refused for what it is: pass over that message alone, and say so."""
        total = Outcome()
        for single in alone(stream, group.messages):
            self._writer.forget()
            try:
                outcome = await self._writer.write(stream, single)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                self._writer.forget()
                outcome = await self._writer.write(stream, single, move_only=True)
                self._report.refused(stream, single.last.sequence, str(error))
            self._tell_stored(outcome)
            total = total.plus(outcome)
        return total

    async def _note_gaps(
        self, stream: str, follower: Follower, around: tuple[int | None, int | None]
    ) -> None:
        spans, follower.gaps = follower.gaps, []
        async with self._busy:
            for span in spans:
                epoch = self._writer.places[stream].epoch
                await places.note_gap(self._conn, stream, epoch, span, "discarded", around)
                self._report.discarded(stream, span)

    async def _repeat(self, stop: asyncio.Event) -> None:
        """Every 30 s: say again what is stored, and ask for what the stream lost."""
        repair, turn = shelves.Repair(), 0
        while not stop.is_set():
            try:
                async with asyncio.timeout(REPEAT_S):
                    await stop.wait()
            except TimeoutError:
                turn += 1
                async with self._busy:
                    self._tell(await shelves.still_open(self._conn))
                    if turn % REPAIR_EVERY == 0:
                        self._tell(await repair.look(self._conn), MISSING)

    def _tell_stored(self, outcome: Outcome) -> None:
        for key in outcome.heard:
            self._announcer.tell(key, self._writer.ledger.shelves[key].stored.as_list())

    def _tell(self, told: shelves.Told, kind: str = "stored") -> None:
        for key, ranges in told:
            self._announcer.tell(key, ranges, kind)


async def _together(
    works: Sequence[Coroutine[Any, Any, None]], background: Coroutine[Any, Any, None]
) -> None:
    """Run all until the works have ended or one breaks; what broke first is raised, the rest cancelled."""
    tasks = [asyncio.ensure_future(work) for work in (*works, background)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
