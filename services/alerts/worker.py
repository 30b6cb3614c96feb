"""The engine on the stream: one process that owns a set of partitions.

Order of work: evaluate → publish → every PubAck → snapshot. So whatever dies whenever, the work is
done again from the last snapshot, and what is already on ALERTS is not published again.

Over 250 lines: restoring, following and saving are one promise.
"""

import asyncio
import gc
import itertools
import time
from collections.abc import Sequence

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.engine import Engine
from services.alerts.feed import Feed, Library, canary_beat
from services.alerts.log import AlertLog
from services.alerts.partition import Item, Partition
from services.alerts.snapshot import SnapshotError
from services.alerts.snapshots import Owned, Snapshot, Snapshots, open_snapshots
from services.observation.topics import READINGS_ALL
from services.runtime import logging, metrics, sites
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError, connect
from services.runtime.position import Position, check_position, epoch_of, hash_of, read_position, renew_epoch
from services.runtime.process import Refused
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, HEALTH, READINGS

SNAPSHOT_S = 30.0
"""At least every 60 s is promised; half of it halves what a restart reads again. Partitions take turns
within it: all at once they would hold up judging for a tenth of a second."""
FETCH = 1000
WAIT_S = 0.5
RETRY_S = 0.5
Broken = (NatsError, APIError, TimeoutError, OSError)
_took = metrics.histogram("evaluated_seconds", "From READINGS to evaluated, with every event confirmed")
log = logging.get("alerts")


class Worker:
    """Follows READINGS for its partitions and writes what follows from it."""

    def __init__(
        self, connection: Connection, partitions: Sequence[int], health: Health, stop: asyncio.Event
    ) -> None:
        """Take a connection; nothing is read before `run`."""
        self._js: JetStreamContext = connection.js
        self._owned = tuple(partitions)
        self._health, self._stop = health, stop
        self._library = Library(self._js)
        self._feed = Feed(self._library)
        self._partitions: list[Partition] = []
        self._snapshots: Snapshots
        self._log: AlertLog
        self._last: Message | None = None
        self._begun_at = self._known_from = 0
        self._complete = True
        self._canary_told = 0
        self.events = 0

    async def run(self) -> None:
        """Restore, follow, and save at the end; returns when told to stop."""
        await self._restore()
        follower = self._follow(min(p.sequence for p in self._partitions))
        loop = asyncio.get_running_loop()
        every = SNAPSHOT_S / len(self._partitions)
        turns = itertools.cycle(self._partitions)
        due = loop.time() + every
        self._health.ready()
        while not self._stop.is_set():
            try:
                messages = await follower.fetch(FETCH, WAIT_S)
            except TailLost as lost:
                follower = await self._tail_lost(lost, follower)
                continue
            items = [item for message in messages if (item := await self._feed.decode(message)) is not None]
            if messages:
                await self._apply(items)
                self._last = messages[-1]
                _took.observe(max(0.0, time.time() - self._last.time_us / 1e6))
                for partition in self._partitions:
                    partition.sequence = max(partition.sequence, self._last.sequence)
            self._report(follower)
            if loop.time() >= due:
                await self._save([next(turns)])
                due = loop.time() + every
        await self._save(self._partitions)
        await follower.close()

    async def _restore(self) -> None:
        """Take each partition's snapshot, or begin at the start of the stream."""
        self._snapshots = await open_snapshots(self._js)
        alerts_after = None
        site = ""
        for number in self._owned:
            partition, after, name = await self._restore_one(number)
            alerts_after = after if alerts_after is None else min(alerts_after, after)
            site = site or name
            self._partitions.append(partition)
        self._log = AlertLog(self._js, site or await self._site_id(), alerts_after or 0)
        # What was judged before has its events on ALERTS already, and lies below this sequence.
        self._begun_at = int((await self._js.stream_info(READINGS)).state.last_seq)
        self._known_from = self._log.position
        known = await self._log.catch_up()
        # What was restored lives as long as we do: the collector need not walk it at every burst of events.
        gc.freeze()
        log.info("restored", readings=min(p.sequence for p in self._partitions), alerts_read=len(known))

    async def _restore_one(self, number: int) -> tuple[Partition, int, str]:
        """A partition, the place of ALERTS its events are known up to, and the site's id if it is known.

        A snapshot that can't be read costs time, not events: the stream is read from its start, what
        follows from it has the same ids, and what is on ALERTS is not published again.
        """
        snapshot = await self._snapshots.load(number)
        if snapshot is None:
            return Partition(number, None, "", 0), 0, ""
        try:
            versioned = await self._library.get(snapshot.site_version)
            engine = Engine.restore(versioned.site, versioned.rules, snapshot.state, number)
        except (SnapshotError, sites.SiteError) as error:
            log.error("snapshot_unusable", partition=number, error=str(error))
            return Partition(number, None, "", 0), 0, ""
        sequence = await self._standing(READINGS, snapshot.readings)
        after = await self._standing(ALERTS, snapshot.alerts)
        return Partition(number, engine, snapshot.site_version, sequence), after, versioned.site.id

    async def _site_id(self) -> str:
        while not self._stop.is_set():
            current = await sites.current(self._js)
            if current is not None:
                return (await self._library.get(current.version)).site.id
            await asyncio.sleep(RETRY_S)
        return ""

    async def _standing(self, stream: str, position: Position) -> int:
        """Where to go on from: the position, or the stream's end where its tail was lost."""
        standing = await check_position(self._js, stream, position)
        if standing.holds:
            return position.sequence
        await self._gap(stream, position.epoch, position.sequence, standing.last)
        return standing.last

    async def _tail_lost(self, lost: TailLost, follower: Follower) -> Follower:
        await self._gap(READINGS, await epoch_of(self._js, READINGS), lost.read, lost.last)
        await follower.close()
        for partition in self._partitions:
            partition.sequence = min(partition.sequence, lost.last)
        return self._follow(lost.last)

    def _follow(self, after: int) -> Follower:
        subjects = [READINGS_ALL, *(f"readings.{number}" for number in self._owned)]
        return Follower(self._js, READINGS, subjects, after)

    async def _gap(self, stream: str, epoch: str, read: int, last: int) -> None:
        await renew_epoch(self._js, stream, epoch)
        self._health.complain(
            "tail_lost",
            f"Luồng {stream} mất phần cuối ({last + 1}–{read}) sau sự cố nguồn; cảnh báo tiếp tục từ {last}",
            f"Stream {stream} lost its end ({last + 1}–{read}), as by a power cut; alerts go on from {last}",
        )

    async def _apply(self, items: Sequence[Item]) -> None:
        """Evaluate, publish, and return when everything is confirmed."""
        events = [event for partition in self._partitions for event in partition.apply(items)]
        if events:
            self._complete = await self._log.publish(events, self._stop)
            self.events += len(events)
        await self._publish_derived()
        if self._feed.canary > self._canary_told:
            self._canary_told = self._feed.canary
            await self._quietly(f"$KV.{HEALTH}.canary", canary_beat(self._canary_told))

    async def _publish_derived(self) -> None:
        """Write derived series; a repeat is a no-op by key, so trying again is always right."""
        for partition in self._partitions:
            if partition.engine is None:
                continue
            derived = partition.engine.take_derived()
            if len(derived) == 0:
                continue
            data = derived.encode()
            while not await self._quietly(f"derived.{partition.number}", data):
                if self._stop.is_set():
                    self._complete = False
                    return
                await asyncio.sleep(RETRY_S)

    async def _quietly(self, subject: str, data: bytes) -> bool:
        try:
            await self._js.publish(subject, data)
        except Broken as error:
            log.warning("publish_failed", subject=subject, error=repr(error))
            return False
        return True

    async def _save(self, partitions: Sequence[Partition]) -> None:
        """Snapshot those that moved; put off when the server is away or something is unpublished.

        While we still judge what was judged before a restart, whoever restores the snapshot must know all
        the ids that we know: so it names the place where we began to read ALERTS.
        """
        if self._last is None or not self._complete:
            return
        try:
            epoch = await epoch_of(self._js, READINGS)
            again = self._last.sequence < self._begun_at
            known_from = self._known_from if again else self._log.position
            alerts = await read_position(self._js, ALERTS, known_from)
            place = Position(epoch, self._last.sequence, hash_of(self._last.data))
            for partition in partitions:
                # One that is ahead of the others was restored there, and has that snapshot still.
                if (
                    partition.engine is None
                    or partition.saved >= partition.sequence
                    or partition.sequence != place.sequence
                ):
                    continue
                state = partition.engine.snapshot()
                await self._snapshots.save(
                    Snapshot(partition.number, partition.site_version, place, alerts, state)
                )
                partition.saved = partition.sequence
            if not again:
                self._log.forget()
        except Broken as error:
            log.warning("snapshot_put_off", error=repr(error))

    def _report(self, follower: Follower) -> None:
        if follower.gaps:
            first, last = follower.gaps[0][0], follower.gaps[-1][1]
            follower.gaps.clear()
            self._health.complain(
                "overtaken",
                f"READINGS đã bỏ {first}–{last} trước khi được đánh giá; xem dung lượng đĩa và tải",
                f"READINGS dropped {first}–{last} before they were evaluated; look at disk space and load",
            )
        self._health.figure("applied", min(p.sequence for p in self._partitions))
        self._health.figure("read", follower.last)
        self._health.figure("events", self.events)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Own the partitions of the settings until told to stop.

    Raises:
        Refused: another worker owns one of them.
    """
    connection = await connect(settings, "alerts", stop=stop)
    health = Health(connection.js, "alerts")
    beating = asyncio.create_task(health.run(), name="alerts-health")
    try:
        while not stop.is_set():
            try:
                await Worker(connection, settings.partitions, health, stop).run()
            except Owned as error:
                raise Refused(str(error)) from error
            except Broken as error:
                log.warning("interrupted", error=repr(error))
                await asyncio.sleep(RETRY_S)
    finally:
        beating.cancel()
        await connection.close()
