"""Copying a child's events into the own stream: each once, each subject in its order, whoever else writes."""

import asyncio
import contextlib
from collections.abc import Sequence

from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from services.alerts.link.core import Item, Known, Memory, by_subject
from services.alerts.link.index import Index
from services.alerts.log import EXPECTED, ID, WRONG_LAST
from services.observation.tally import identity_of
from services.runtime import logging
from services.runtime.nats import NatsError
from services.runtime.pause import pause
from services.runtime.streams import ALERTS

AT_ONCE = 256
ROOM, LONGEST_ID = 4096, 256
"""Of a message beside its data: the headers that we give it. Ids of ours have 32 characters."""
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
log = logging.get("link")


async def read_subject(js: JetStreamContext, subject: str) -> list[tuple[int, int, bytes]]:
    """All that ALERTS holds of one subject, in order: sequence, when it was stored (µs UTC), data."""
    try:
        last = int((await js.get_last_msg(ALERTS, subject)).seq or 0)
    except NotFoundError:
        return []
    found: list[tuple[int, int, bytes]] = []
    after = 1
    while after <= last:
        try:
            one = await js.get_msg(ALERTS, seq=after, subject=subject, next=True)
        except NotFoundError:  # what was last has gone meanwhile
            break
        sequence = int(one.seq or last)
        stored = 0 if one.time is None else round(one.time.timestamp() * 1e6)
        found.append((sequence, stored, one.data or b""))
        after = sequence + 1
    return found


class Copier:
    """Writes events of one child. What is there is passed over, by id; two copiers at once do no harm.

    Every event goes in only behind the last of its subject that we know of: so nothing can come twice, nor
    come before what belongs in front of it, whatever the memory of ids says.
    """

    def __init__(self, js: JetStreamContext, memory: Memory) -> None:
        """Write through `js`, the own site's."""
        self._js, self._memory = js, memory
        self.copied = 0
        self.last = 0
        """The highest sequence of the own stream that we have written."""
        self.asked = 0
        """How often the own stream had to be asked for one subject."""
        self.there: Index | None = None
        """While events are read again: those that stand here, so that nobody need ask for each."""

    async def put(self, items: Sequence[Item], stop: asyncio.Event) -> bool:
        """Copy what is not there; False when told to stop before all was confirmed.

        Returns only then: whoever hands in events waits, so that nothing piles up here.
        """
        if self.there is not None:
            items = self.there.lacking(items)
        items = [item for item in items if self._fits(item)]
        todo = list(by_subject(items).values())
        attempt = 0
        while todo and not stop.is_set():
            left: list[list[Item]] = []
            for start in range(0, len(todo), AT_ONCE):
                chains = todo[start : start + AT_ONCE]
                done = await asyncio.gather(*(self._chain(chain) for chain in chains))
                left += [chain for chain, ok in zip(chains, done, strict=True) if not ok]
            todo = left
            if todo:
                await pause(stop, RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
        return not todo

    def _fits(self, item: Item) -> bool:
        """Whether our server takes it: one that is too large would cut our connection, again and again."""
        if len(item.data) + len(item.subject) + ROOM <= self._js._nc.max_payload:  # noqa: SLF001
            return True
        log.warning("too_large", subject=item.subject, sequence=item.sequence, bytes=len(item.data))
        return False

    async def _chain(self, chain: Sequence[Item]) -> bool:
        """Events of one subject, one after the other; False when they are to be looked at again."""
        subject = chain[0].subject
        try:
            known = self._memory.get(subject) or await self._first(subject, chain[0])
            for item in chain:
                if item.id in known.ids:
                    continue
                headers = {ID: item.id[:LONGEST_ID], EXPECTED: str(known.last)}
                ack = await self._js.publish(subject, item.data, headers=headers)
                if ack.duplicate:
                    # The server saw the id a moment ago. Not here, or the last of the subject were another:
                    # two sites use one id. That must not stop the others; the subject tells them apart.
                    log.warning("id_used_twice", subject=subject, id=item.id)
                    del headers[ID]
                    ack = await self._js.publish(subject, item.data, headers=headers)
                known.ids.add(item.id)
                known.last = ack.seq
                self.copied += 1
                self.last = max(self.last, ack.seq)
            self._memory.put(subject, known)
        except (NatsError, APIError, TimeoutError, OSError) as error:
            self._memory.drop(subject)
            if getattr(error, "err_code", None) != WRONG_LAST:
                log.warning("copy_failed", subject=subject, error=repr(error))
                return False
            with contextlib.suppress(NatsError, APIError, TimeoutError, OSError):
                await self._ask(subject)
            return False
        return True

    async def _first(self, subject: str, item: Item) -> Known:
        """What is known of a subject that we have not met.

        One that is named after this very event is most likely new: it is tried as such, without asking, and
        the server refuses it if it is not.
        """
        if subject.endswith(f".{item.id}"):
            return Known(set(), 0)
        return await self._ask(subject)

    async def _ask(self, subject: str) -> Known:
        self.asked += 1
        held = await read_subject(self._js, subject)
        known = Known({identity_of(data) for _, _, data in held}, held[-1][0] if held else 0)
        self._memory.put(subject, known)
        return known
