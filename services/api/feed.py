"""The feed: ALERTS and its past, into the fold and the hub, for as long as the service lives."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.load.book import LoadBook
from services.api.fold import Fold
from services.api.push.entry import Entry, entry_of, event_of
from services.api.push.hub import Hub
from services.observation.tally import Tally
from services.runtime import digest, logging, metrics
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.position import EPOCH, renew_epoch
from services.runtime.streams import ALERTS

BATCH = 256
"""Small against the hub's lag: what comes at once must not make a live client look slow."""
WAIT_S, BEHIND_S = 1.0, 0.2
STILL_EMPTY = 50
"""Reads without anything before the end: not a slow server, but last messages that were deleted by hand."""
LOOK_S = 5.0
"""How often the stream's epoch is compared, when no reconnect asks for it."""
RETRY_S = 0.5

log = logging.get("api_feed")
_events = metrics.counter("api_events_total", "Alert events read from the stream")
_unreadable = metrics.counter("api_events_unreadable_total", "Messages on ALERTS that are no CloudEvents")
_open = metrics.gauge("api_alerts_open", "Alerts that are open")


class AlertFeed:
    """Reads ALERTS and keeps fold and hub equal to it."""

    def __init__(  # noqa: PLR0913  what is to be fed
        self,
        js: JetStreamContext,
        fold: Fold,
        hub: Hub,
        health: Health,
        load: LoadBook | None = None,
        tally: Tally | None = None,
        answers: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> None:
        """Take what is to be fed; `run` starts. `answers` is told each event under its subject."""
        self._tally, self._answers = Tally() if tally is None else tally, answers
        self._js, self.fold, self.hub, self._health = js, fold, hub, health
        self._load = LoadBook() if load is None else load

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; whatever the stream does, go on."""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except TailLost as lost:
                epoch = await self._renew()
                log.warning("tail_lost", read=lost.read, last=lost.last, epoch=epoch)
            except (NatsError, APIError, TimeoutError) as error:
                self._health.complain(
                    "alerts-unreadable", "không đọc được luồng cảnh báo", "the stream of alerts can't be read"
                )
                log.warning("feed_interrupted", error=repr(error))
                await asyncio.sleep(RETRY_S)

    async def _follow(self, stop: asyncio.Event) -> None:
        """Begin with what a digest has of the past, or at the first event: nothing of before is believed."""
        info = await self._js.stream_info(ALERTS)
        epoch, last = (info.config.metadata or {}).get(EPOCH, ""), info.state.last_seq
        self.hub.caught_up.clear()
        self.fold.clear()
        self._tally.clear()
        self._load.clear()
        start, head = await digest.begin(self._js, self._remember)
        if head is not None:
            await digest.restore(self._js, head, self._tally)
            self._load.whole_since(head.whole_after_us)
        # The ring begins here: who comes with an older token is served from the stream itself.
        self.hub.reset(epoch, start)
        follower = Follower(self._js, ALERTS, [], start, batch=BATCH)
        looked = asyncio.get_running_loop().time()
        quiet = 0
        try:
            while not stop.is_set():
                messages = await follower.fetch(BATCH, WAIT_S if self.hub.caught_up.is_set() else BEHIND_S)
                self._take(messages)
                quiet = 0 if messages else quiet + 1
                if not self.hub.caught_up.is_set() and (self.hub.head >= last or quiet > STILL_EMPTY):
                    # Quiet without having seen `last`: the last messages were deleted by hand.
                    self._caught_up()
                if asyncio.get_running_loop().time() - looked > LOOK_S:
                    looked = asyncio.get_running_loop().time()
                    await self._compare_epoch()
        finally:
            await follower.close()

    def _remember(self, message: Message) -> None:
        """Take one event of before: into the folds, and to nobody who listens."""
        event = event_of(message)
        if event is not None:
            self._fold(message, event)

    def _fold(self, message: Message, event: dict[str, Any]) -> int:
        """Returns the highest severity that what the event is of is known to have reached; -1 unknown."""
        if self._answers is not None:
            self._answers(message.subject, event)
        standing = self.fold.apply(message.sequence, message.time_us, event)
        self._load.take(message.sequence, message.time_us, event)
        return -1 if standing is None else standing.peak

    def _take(self, messages: list[Message]) -> None:
        entries: list[Entry] = []
        for message in messages:
            event = event_of(message)
            self._tally.take(message.sequence, message.subject, message.data)
            if event is None:
                _unreadable.inc()
                log.warning("event_unreadable", sequence=message.sequence)
                continue
            entries.append(entry_of(message, event, self.hub.epoch, self._fold(message, event)))
        if messages:
            self.hub.append(entries, messages[-1].sequence)
            _events.inc(len(messages))
            _open.set(self.fold.open_count)
            self._health.settle("alerts-unreadable")

    def _caught_up(self) -> None:
        self.hub.caught_up.set()
        self._health.settle("alerts-unreadable")
        log.info("alerts_folded", head=self.hub.head, alerts=len(self.fold), open=self.fold.open_count)

    async def _compare_epoch(self) -> None:
        """Someone else may have found a loss that did not touch what we read: old tokens are void."""
        try:
            info = await self._js.stream_info(ALERTS)
        except (NatsError, APIError, TimeoutError):
            return  # away: the follower waits for it, and looks at the tail itself
        epoch = (info.config.metadata or {}).get(EPOCH, "")
        if epoch != self.hub.epoch:
            log.warning("epoch_changed", old=self.hub.epoch, new=epoch)
            self.hub.reset(epoch, self.hub.head)

    async def _renew(self) -> str:
        while True:
            try:
                return await renew_epoch(self._js, ALERTS, self.hub.epoch)
            except (NatsError, APIError, TimeoutError) as error:
                log.warning("epoch_not_renewed", error=repr(error))
                await asyncio.sleep(RETRY_S)
