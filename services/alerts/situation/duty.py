"""The keeper's duty of situations: follows ALERTS and tells, on ALERTS, which alerts are one thing.

`grouping` decides. What an alert's event leads to follows from the stream alone. What wall-clock time ends
is published under the condition that nothing has been stored since we read: so its place on the stream
says what it was decided on, and the next keeper, reading again, decides the same.
"""

import asyncio
from collections.abc import Mapping

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, NotFoundError

from services.alerts import situation
from services.alerts.log import ID, WRONG_LAST, AlertLog, Outgoing
from services.alerts.situation import SituationEvent
from services.alerts.situation.grouping import Grouper
from services.alerts.situation.kinds import DEFAULT, Grouping
from services.alerts.situation.reader import Reader
from services.observation import event as events
from services.observation.text import Text
from services.runtime import digest, logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.position import Position, check_position, epoch_of, read_position, renew_epoch
from services.runtime.streams import ALERTS, STATE

KEY = "keeper.situations"
EXPECTED_LAST = "Nats-Expected-Last-Sequence"
BATCH = 256
WAIT_S = 0.5
SAVE_EVERY_S = 10.0
STILL_EMPTY = 10
"""Reads without anything: the stream's last messages were deleted by hand."""
log = logging.get("situations")


class _Place(msgspec.Struct):
    """Up to where everything is decided and told, and by which table of kinds."""

    position: Position
    version: str


async def run(  # noqa: PLR0913  what every duty gets, and three of its own
    js: JetStreamContext,
    site: str,
    alert_log: AlertLog,
    stop: asyncio.Event,
    health: Health,
    grouping: Grouping = DEFAULT,
    names: Mapping[str, Text] | None = None,
) -> None:
    """Tell of situations until told to stop; `names` of areas are for sentences."""
    while not stop.is_set():
        duty = Situations(js, alert_log, Grouper(site, grouping, names), health)
        try:
            await duty.follow(stop)
        except TailLost as lost:
            epoch = await renew_epoch(js, ALERTS, await epoch_of(js, ALERTS))
            log.warning("tail_lost", read=lost.read, last=lost.last, epoch=epoch)


class Situations:
    """One pass over what matters of ALERTS, and on from there."""

    def __init__(self, js: JetStreamContext, alert_log: AlertLog, grouper: Grouper, health: Health) -> None:
        """Take what it works with; nothing is read before `follow`."""
        self._js, self._log, self._health, self._grouper = js, alert_log, health, grouper
        self._reader = Reader(grouper, 0)
        self._told = 0
        """Highest sequence that we wrote; what is below is not all read while we have not come so far."""
        self._saved_at, self._saved = 0.0, -1

    async def follow(self, stop: asyncio.Event) -> None:
        """Take up where the keeper before us was, then tell.

        Raises:
            TailLost: the stream is not what it was.
        """
        info = await self._js.stream_info(ALERTS)
        end = int(info.state.last_seq)
        place = await self._place()
        self._reader = Reader(self._grouper, end if place is None else place)
        begun = await digest.begin(self._js, self._take, whole_after=place)
        self._reader.sequence = begun.after
        follower = Follower(self._js, ALERTS, [], begun.after, batch=BATCH)
        try:
            await self._read_to(end, follower, stop)
            if place is None and not stop.is_set():
                self._reader.owe(self._grouper.settle(end, now_us()))
            while not stop.is_set():
                await self._tell(stop)
                await self._end_what_is_over()
                await self._save()
                self._health.figure("situations", sum(1 for _ in self._grouper.open_situations))
                await self._read(follower)
        finally:
            await follower.close()

    async def _read(self, follower: Follower) -> int:
        messages = await follower.fetch(BATCH, WAIT_S)
        for message in messages:
            self._take(message)
        return len(messages)

    def _take(self, message: Message) -> None:
        if not self._reader.take(message.sequence, message.time_us, message.data):
            log.warning("event_unreadable", sequence=message.sequence)

    async def _read_to(self, end: int, follower: Follower, stop: asyncio.Event) -> None:
        quiet = 0
        while self._reader.sequence < end and quiet < STILL_EMPTY and not stop.is_set():
            quiet = 0 if await self._read(follower) else quiet + 1
        log.info("alerts_read", last=self._reader.sequence, owed=len(self._reader.pending))

    async def _tell(self, stop: asyncio.Event) -> None:
        owed = list(self._reader.pending.values())
        if owed and await self._log.put([self._outgoing(event) for event in owed], stop):
            for event in owed:
                self._reader.paid(event)
            self._told = max(self._told, self._log.position)
            self._log.forget()

    async def _end_what_is_over(self) -> None:
        """What the clock decides goes in only if nothing came since; else it is decided again."""
        last = self._reader.sequence
        if self._reader.pending or last < self._told:
            return
        for event in self._grouper.due(now_us()):
            try:
                headers = {ID: event.id, EXPECTED_LAST: str(last)}
                ack = await self._js.publish(self._subject(event), situation.encode(event), headers=headers)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                if getattr(error, "err_code", None) != WRONG_LAST:
                    log.warning("not_ended", situation=event.subject, error=repr(error))
                return
            self._told = last = ack.seq

    async def _place(self) -> int | None:
        """The sequence up to which everything is told; None: what is open must be looked at as a whole."""
        state = await self._js.key_value(STATE)
        try:
            place = msgspec.json.decode((await state.get(KEY)).value or b"", type=_Place)
        except (KeyNotFoundError, msgspec.MsgspecError):
            return None
        standing = await check_position(self._js, ALERTS, place.position)
        if not standing.holds or place.version != self._grouper.version:
            return None
        return place.position.sequence

    async def _save(self) -> None:
        """Write down how far we are, in a moment when nothing is owed and all we wrote is read."""
        sequence, now = self._reader.sequence, asyncio.get_running_loop().time()
        if self._reader.pending or sequence < self._told or sequence == self._saved:
            return
        if now - self._saved_at < SAVE_EVERY_S:
            return
        try:
            place = _Place(await read_position(self._js, ALERTS, sequence), self._grouper.version)
            await (await self._js.key_value(STATE)).put(KEY, msgspec.json.encode(place))
            self._saved, self._saved_at = sequence, now
        except NotFoundError:  # the stream no longer holds it: the next one will do
            return
        except (NatsError, APIError, TimeoutError, OSError) as error:
            log.warning("place_not_saved", error=repr(error))

    def _outgoing(self, event: SituationEvent) -> Outgoing:
        # One chain: where members go is told before where they were.
        return Outgoing(event.id, self._subject(event), False, None, situation.encode(event))  # noqa: FBT003

    def _subject(self, event: SituationEvent) -> str:
        return events.subject(self._log.site, event.data.area, event.subject)


def grouped(window_s: float, areas: int) -> Grouping:
    """The default kinds with a site's own window and number of areas."""
    return DEFAULT._replace(window=round(window_s * 1e6), areas=areas)
