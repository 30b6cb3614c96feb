"""The keeper's duty of keeping: what wall-clock time decides about alerts, and what keeps them quiet.

`keeping_book` decides. Each event goes in under the condition that nothing came on its subject since it was
decided; else what came is read, and it is decided again. The stream is all that is remembered: a keeper that
was killed is followed by one that reads ALERTS and owes what is not there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.hazards import extra_properties, hazards
from services.alerts.keeping.book import Book
from services.alerts.keeping.telling import Owed
from services.alerts.log import ID, WRONG_LAST, AlertLog
from services.observation.event import noun_and_verb
from services.policy.running import Running
from services.runtime import digest, logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.streams import ALERTS

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
BATCH, WAIT_S = 500, 0.5
AT_ONCE = 128
STILL_EMPTY = 10
"""Reads without anything: what we wrote was deleted by hand."""
REPORT_S = 5.0
log = logging.get("keeping")


async def run(
    js: JetStreamContext, site: str, _alert_log: AlertLog, stop: asyncio.Event, health: Health
) -> None:
    """Keep alerts until told to stop."""
    running = Running(js, extra_properties(), tuple(hazards()), health)
    if not await running.first(stop):
        return
    looking = asyncio.create_task(running.run(stop), name="keeping-site")
    try:
        while not stop.is_set():
            try:
                await Keeping(js, running, health).follow(stop)
            except TailLost as lost:  # the duty of situations writes the new epoch
                log.warning("tail_lost", site=site, read=lost.read, last=lost.last)
    finally:
        looking.cancel()


class Keeping:
    """One pass over what matters of ALERTS, and on from there."""

    def __init__(self, js: JetStreamContext, running: Running, health: Health) -> None:
        """Take what it works with; nothing is read before `follow`."""
        self._js, self._running, self._health = js, running, health
        self._book = Book(running.site, running.policy)
        running.changed.clear()
        self._read_to = 0
        self._told_to = 0
        self._empty = 0
        self._reported = 0.0
        self._written = self._again = 0

    async def follow(self, stop: asyncio.Event) -> None:
        """Read what stands there, then keep.

        Raises:
            TailLost: the stream is not what it was.
        """
        info = await self._js.stream_info(ALERTS)
        end = int(info.state.last_seq)
        self._told_to = end if int(info.state.messages) else 0
        begun = await digest.begin(self._js, self._take)
        self._read_to = begun.after
        follower = Follower(self._js, ALERTS, [], begun.after, batch=BATCH)
        try:
            while not stop.is_set():
                await self._read(follower)
                if self._read_to < self._told_to and self._empty < STILL_EMPTY:
                    continue  # what we decide rests on what we wrote
                if self._running.changed.is_set():
                    self._running.changed.clear()
                    self._book.change(self._running.site, self._running.policy)
                await self._tell(self._book.decide(now_us()))
                self._report()
        finally:
            await follower.close()

    async def _read(self, follower: Follower) -> None:
        due = self._book.next_due()
        # What is due waits until everything is read: an empty stream and a slow server look the same.
        behind = due is None or self._read_to < self._told_to
        wait_s = WAIT_S if behind or due is None else min(WAIT_S, max(0.02, (due - now_us()) / 1e6))
        messages = await follower.fetch(BATCH, wait_s)
        self._empty = 0 if messages else self._empty + 1
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        self._read_to = message.sequence
        try:
            event = msgspec.json.decode(message.data)
        except msgspec.MsgspecError as error:
            log.warning("event_unreadable", sequence=message.sequence, error=repr(error))
            return
        if isinstance(event, Mapping) and noun_and_verb(event.get("type")) is not None:
            self._book.take(message.sequence, message.time_us, event)

    async def _tell(self, owed: list[Owed]) -> None:
        chains: dict[str, list[Owed]] = defaultdict(list)
        for one in owed:
            chains[one.subject].append(one)
        listed = list(chains.values())
        for start in range(0, len(listed), AT_ONCE):
            await asyncio.gather(*(self._chain(chain) for chain in listed[start : start + AT_ONCE]))

    async def _chain(self, chain: list[Owed]) -> None:
        """Events of one subject, one after the other; what is refused is decided again when it is read."""
        expected = chain[0].expected
        for one in chain:
            headers = {ID: one.id, EXPECTED: str(expected)}
            try:
                ack = await self._js.publish(one.subject, one.data, headers=headers)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                self._book.again(one.about)
                self._again += 1
                if getattr(error, "err_code", None) != WRONG_LAST:
                    log.warning("not_written", subject=one.subject, verb=one.verb, error=repr(error))
                return
            expected = ack.seq
            self._told_to = max(self._told_to, ack.seq)
            self._empty = 0
            self._written += 1

    def _report(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._reported < REPORT_S:
            return
        self._reported = now
        lives = self._book.lives.values()
        self._health.figure("alerts_open", len(self._book.lives))
        self._health.figure("kept", self._written)
        self._health.figure("kept_again", self._again)
        self._health.figure("alerts_quiet", sum(1 for life in lives if life.silent))
