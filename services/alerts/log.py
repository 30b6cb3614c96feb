"""Writing to ALERTS: every event once, whoever else writes and however often the server goes away.

JetStream's window of message ids is a convenience. The guarantee is ours: before an event that may
already be there is published again, the stream is read up to its end and only what is missing goes out.

Over 250 lines: reading and writing keep one memory of what stands there.
"""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from services.observation import event as events
from services.observation.event import CloudEvent, noun_and_verb
from services.runtime import digest, logging
from services.runtime.follow import Follower, Message
from services.runtime.nats import NatsError
from services.runtime.streams import ALERTS

log = logging.get("alert_log")

ID = "Nats-Msg-Id"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST = 10071
AT_ONCE = 256
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
ROUNDS = 20
"""Times that an event is put behind what others write about its alert, before it waits its turn."""


class Outgoing(NamedTuple):
    """An event on its way to ALERTS.

    `begins`: it is the first under its subject, which is named after it. `chain`: events of one chain keep
    their order.
    """

    id: str
    subject: str
    begins: bool
    chain: Hashable
    data: bytes


class AlertLog:
    """One writer of ALERTS: knows what is there since a position, publishes what is not."""

    def __init__(self, js: JetStreamContext, site: str, after: int = 0) -> None:
        """Begin at a stream position; nothing is read before `catch_up`."""
        self._js = js
        self.site = site
        self._known: set[str] = set()
        self._last_of: dict[str, int] = {}
        self._position = after  # read up to here
        self._highest = after  # the last sequence we know of, read or written
        self._begun = False

    @property
    def position(self) -> int:
        """Every event published so far stands at or below this sequence of ALERTS."""
        return self._highest

    def forget(self) -> None:
        """Drop the ids known so far: a snapshot covers what led to them."""
        self._known.clear()
        self._position = self._highest

    async def begin(self, take: Callable[[Message], None], lately_us: int | None = None) -> None:
        """Read what ALERTS holds up to its present end, handing it on and remembering ids.

        Args:
            take: is handed each message; of a past that a digest covers, what still matters.
            lately_us: nothing of what was over for longer where a digest says so.

        Raises:
            OSError, TimeoutError: the end was not reached; what was read counts, and the caller tries again.
        """

        def both(message: Message) -> None:
            self._know(message)
            take(message)

        if not self._begun:
            begun = await digest.begin(self._js, both, lately_us=lately_us)
            self._begun, self._position = True, begun.after
            self._highest = max(self._highest, begun.after)
        await self._read_on(take)

    async def catch_up(self) -> list[Message]:
        """Read ALERTS from the position to its present end, remembering ids.

        Raises:
            TimeoutError: the end was not reached; what was read counts, and the caller tries again.
        """
        read: list[Message] = []
        await self._read_on(read.append)
        return read

    async def _read_on(self, take: Callable[[Message], None]) -> None:
        info = await self._js.stream_info(ALERTS)
        end = info.state.last_seq
        if end <= self._position or info.state.first_seq > end:
            return
        follower = Follower(self._js, ALERTS, [], self._position)
        try:
            while self._position < end:
                messages = await follower.fetch(1000, 1.0)
                for message in messages:
                    self._know(message)
                    take(message)
                if not messages:
                    # Not to be taken for the end: an id we have not read would be published once more.
                    msg = f"ALERTS was read up to {self._position} of {end}"
                    raise TimeoutError(msg)
                self._highest = max(self._highest, self._position)
        finally:
            await follower.close()

    def _know(self, message: Message) -> None:
        self._known.add(message.headers.get(ID, ""))
        self._last_of[message.subject] = message.sequence
        self._position = message.sequence

    async def publish(self, out: Sequence[CloudEvent], stop: asyncio.Event) -> bool:
        """Put events into ALERTS, each once; returns when the server has confirmed all, or at stop.

        Events of one rule on one sensor keep their order, so that an alert is never seen before the end
        of its previous one; different ones travel side by side.

        Returns:
            False when told to stop before all were confirmed: then nothing that led to them counts as done.
        """
        return await self.put([self._outgoing(event) for event in out if event.id not in self._known], stop)

    async def put(self, out: Sequence[Outgoing], stop: asyncio.Event) -> bool:
        """Put what is already encoded into ALERTS; as `publish`."""
        todo = [event for event in out if event.id not in self._known]
        attempt = 0
        while todo and not stop.is_set():
            together: dict[Hashable, list[Outgoing]] = {}
            for event in todo:
                together.setdefault(event.chain, []).append(event)
            chains = list(together.values())
            ok = True
            for start in range(0, len(chains), AT_ONCE):
                done = await asyncio.gather(
                    *(self._chain(chain) for chain in chains[start : start + AT_ONCE])
                )
                ok = ok and all(done)
            todo = [event for event in todo if event.id not in self._known]
            if todo or not ok:
                todo = await self._recover(todo, attempt, stop)
                attempt += 1
        return not todo

    async def _chain(self, chain: Sequence[Outgoing]) -> bool:
        """Publish events one after the other; False at the first that was not confirmed."""
        for event in chain:
            try:
                await self._one(event)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                self._last_of.pop(event.subject, None)
                log.warning("publish_failed", subject=event.subject, id=event.id, error=repr(error))
                return False
        return True

    async def _one(self, event: Outgoing) -> None:
        """Publish one event behind the last about its alert.

        People and the keeper write about the same alerts: when one of them was first, what they wrote is
        read and the event goes behind it at once: no escalation is late because somebody acknowledged.
        """
        last = await self._last(event)
        for left in reversed(range(ROUNDS)):
            headers = {ID: event.id, EXPECTED: str(last)}
            try:
                ack = await self._js.publish(event.subject, event.data, headers=headers)
            except APIError as error:
                if error.err_code != WRONG_LAST or not left:
                    raise
                if event.begins:
                    # The subject is named after this very event: that it is not empty is the proof.
                    self._last_of.pop(event.subject, None)
                    self._known.add(event.id)
                    return
                last = await self._behind(event, last)
                if event.id in self._known:
                    return
                continue
            self._known.add(event.id)
            self._last_of[event.subject] = ack.seq
            self._highest = max(self._highest, ack.seq)
            return

    async def _behind(self, event: Outgoing, last: int) -> int:
        """Read what was written about an alert after `last`; its id becomes known if it is among it."""
        while True:
            try:
                found = await self._js.get_msg(ALERTS, last + 1, event.subject, next=True)
            except NotFoundError:
                self._last_of[event.subject] = last
                return last
            last = found.seq or last + 1
            if (found.headers or {}).get(ID) == event.id:
                self._known.add(event.id)
                self._highest = max(self._highest, last)

    async def _last(self, event: Outgoing) -> int:
        if event.subject in self._last_of:
            return self._last_of[event.subject]
        if event.begins:  # raised: the alert begins here
            return 0
        try:
            found = await self._js.get_last_msg(ALERTS, event.subject)
        except NotFoundError:
            return 0
        return found.seq or 0

    async def _recover(self, todo: Sequence[Outgoing], attempt: int, stop: asyncio.Event) -> list[Outgoing]:
        """After a failure: wait, read what is there, and keep what is still missing."""
        read = False
        while not read and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_S[min(attempt, len(RETRY_S) - 1)])
            try:
                await self.catch_up()
                read = True
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("alerts_unreadable", error=repr(error))
        return [event for event in todo if event.id not in self._known]

    def _outgoing(self, event: CloudEvent) -> Outgoing:
        data = event.data
        return Outgoing(
            event.id,
            events.subject(self.site, data.area, event.subject),
            event.id == event.subject,
            (data.rule, data.sensor or data.gateway or data.area),
            events.encode(event),
        )


def decode(message: Message) -> CloudEvent | None:
    """An event of an alert; None: of something else, or a newer release or another program wrote it."""
    try:
        return events.decode(message.data)
    except msgspec.MsgspecError as error:
        found = noun_and_verb(_type(message.data))
        if found is None or found[0] == "alert":
            log.warning("event_unreadable", sequence=message.sequence, error=repr(error))
        return None


def _type(data: bytes) -> object:
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    return event.get("type") if isinstance(event, dict) else None
