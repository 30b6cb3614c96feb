"""A child's alerts, copied over its leaf connection into the own stream, and how old the copy is.

Read by position: (epoch, sequence, hash) of what was last copied stands in KV `STATE`. Where the child's
stream does not hold that place any more (a lost tail, a restored stream), we go back to the newest place that
it does hold and read on from there; what we have is passed over.

Over 250 lines: following, taking and the heartbeat move the same few values, and each says when another may
not. What is asked (`asking`), compared (`comparing`) and lost there (`orphans`) stands beside it.
"""

import asyncio

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError

from services.alerts.link.asking import Asking
from services.alerts.link.comparing import Comparing
from services.alerts.link.core import (
    Clock,
    Item,
    Memory,
    Ways,
    item_of,
    marked,
)
from services.alerts.link.index import read_index
from services.alerts.link.known import Copier
from services.alerts.link.orphans import Orphans
from services.alerts.link.own import Own
from services.observation.links import CHILD_KEY, Mark, Standing
from services.observation.tally import is_counted, site_of
from services.policy.links import Child
from services.runtime import leaf, logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.health import Health
from services.runtime.nats import Connection, NatsError
from services.runtime.pause import pause
from services.runtime.position import Position, check_position, epoch_of, hash_of
from services.runtime.streams import ALERTS, STATE

BEAT_S, ANSWER_S = 2.0, 2.0
BATCH, WAIT_S, LEAF_BEAT_S = 512, 0.2, 1.0
SAVE_S, RETRY_S = 1.0, 0.5
MANY = 500
"""To read again so many events, their ids are read first."""
MANY_ASKED = 100
"""So many subjects of one batch had to be asked for: it goes on like that, most likely."""
log = logging.get("link")


class Mirror:
    """One child."""

    def __init__(  # noqa: PLR0913  what a mirror stands between
        self,
        own: Own,
        js: JetStreamContext,
        connection: Connection,
        child: Child,
        ways: Ways,
        health: Health,
        since: int,
    ) -> None:
        """`js` is the own site's; `connection` leads into the child's account.

        `since`: from when on we could have heard the child, µs UTC.
        """
        self.child, self._own, self._js, self._nc = child, own, js, connection.nc
        self._there = connection.nc.jetstream(prefix=leaf.READ_PREFIX, timeout=ANSWER_S)
        self._ways, self._health = ways, health
        self.standing = Standing(site=child.site)
        self._orphans = Orphans(js, self._there, own.site, self.standing, lambda: ways.sites_of(child.site))
        self._asking = Asking(self._nc, own, child.site)
        self._comparing = Comparing(self._nc, self._there, own, ways, child.site)
        self._memory = Memory()
        self._copier = Copier(js, self._memory)
        self._clock = Clock()
        self._epoch = ""
        self._follower: Follower | None = None
        self._again_from: int | None = None
        self._again_to = 0
        self._saved, self._said = 0.0, ""
        self.nudged = asyncio.Event()
        self.since = since
        self._named = ""
        """Epoch that the child told under its own name: the stream that we may read from its start."""
        self._expected: set[str | None] = {child.site}
        """Sites whose events may come: the child, and those that it named."""

    async def run(self, stop: asyncio.Event) -> None:
        """Copy and ask until told to stop."""
        await self._restore(stop)
        await self._own.known.wait()
        self._orphans.take_up(self._own.orphans)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._copy(stop))
            group.create_task(self._beat(stop))
            group.create_task(self._orphans.run(stop))

    async def _restore(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                state = await self._js.key_value(STATE)
                found = (await state.get(CHILD_KEY + self.child.site)).value or b""
                self.standing = msgspec.json.decode(found, type=Standing)
            except KeyNotFoundError:
                pass
            except (
                msgspec.MsgspecError
            ) as error:  # another release's: copied anew, passing over what is there
                log.warning("standing_unreadable", child=self.child.site, error=repr(error))
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("standing_awaited", child=self.child.site, error=repr(error))
                await pause(stop, RETRY_S)
                continue
            break
        self._orphans.standing = self.standing
        self.standing.removed = None
        for site in self.standing.sites:
            self._ways.take(self.child.site, site)
        self._clock.as_of, self._clock.below = self.standing.as_of, dict(self.standing.below)

    async def _copy(self, stop: asyncio.Event) -> None:
        generation = self._own.generation
        while not stop.is_set():
            if self._asking.other:
                await pause(stop, RETRY_S)
                continue
            try:
                if generation != self._own.generation:
                    generation, self._again_from = self._own.generation, 0
                    self._memory.clear()
                await self._follow(stop, generation)
            except TailLost as lost:
                log.warning("child_tail_lost", child=self.child.site, read=lost.read, last=lost.last)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                if repr(error) != self._said:  # it may be away for days
                    self._said = repr(error)
                    log.info("child_away", child=self.child.site, error=self._said)
                await pause(stop, RETRY_S)

    async def _follow(self, stop: asyncio.Event, generation: int) -> None:
        start = await self._begin()
        follower = self._follower = Follower(
            self._there, ALERTS, [], start, batch=BATCH, heartbeat_s=LEAF_BEAT_S
        )
        self._said = ""
        log.info("copying", child=self.child.site, after=start, epoch=self._epoch)
        try:
            while not self._asking.other and not stop.is_set() and self._again_from is None:
                if generation != self._own.generation:
                    return
                messages = await follower.fetch(BATCH, WAIT_S)
                for first, last in follower.gaps:
                    self.standing.gaps += last - first + 1
                    log.warning("child_dropped", child=self.child.site, first=first, last=last)
                follower.gaps.clear()
                if messages and not await self._take(messages, stop):
                    return
                # Nothing came: then all that the follower passed over is behind us too.
                reached = self.standing.position if messages else follower.last
                if self._clock.reached(self._epoch, reached) or (
                    messages and asyncio.get_running_loop().time() - self._saved > SAVE_S
                ):
                    await self._save()
                if self._named not in ("", self._epoch):
                    return  # somebody found the stream changed: our place must be looked at
        finally:
            self._follower = None
            await follower.close()

    async def _begin(self) -> int:
        """Where to read on: the newest place that the child's stream still holds, or earlier when told to."""
        self._epoch = await epoch_of(self._there, ALERTS)
        again, self._again_from = self._again_from, None
        held = self.standing.marks
        while held:
            place = Position(held[0].epoch, held[0].sequence, held[0].hash)
            found = await check_position(self._there, ALERTS, place)
            if found.holds and (found.epoch == place.epoch or found.first <= place.sequence):
                break
            held = held[1:]
        lost = len(held) < len(self.standing.marks)
        if self._named != self._epoch and (lost or not held):
            # Another stream than the one we know, or the first: only the site's own link can say whose it is.
            msg = "whose stream it is has not been said yet"
            raise TimeoutError(msg)
        if lost:
            self.standing.lost_tails += 1
            self._clock.forget()
            self._comparing.soon()
            log.warning(
                "child_stream_changed",
                child=self.child.site,
                read=self.standing.position,
                back_to=held[0].sequence if held else 0,
            )
            self.standing.marks = held
        start = self.standing.position
        if again is not None and again < start:
            start = again
            self.standing.marks = [mark for mark in held if mark.sequence <= again]
        self._copier.there, self._again_to = None, 0
        if again is not None or lost or not start:
            await self._learn(start)
        return start

    async def _learn(self, start: int) -> None:
        """Before much is read that is here already: learn what is here."""
        end = (await self._there.stream_info(ALERTS)).state.last_seq
        sites = {self.child.site, *self.standing.sites}
        held = sum(self._own.tally.total(site).events for site in sites)
        if end - start > MANY and held > MANY:
            self._copier.there, self._again_to = await read_index(self._js, sites), end
            log.info(
                "reading_again", child=self.child.site, after=start, to=end, held=len(self._copier.there)
            )

    async def _take(self, messages: list[Message], stop: asyncio.Event) -> bool:
        items: list[Item] = []
        self._orphans.seen(message.subject for message in messages)
        strangers = {site_of(message.subject) for message in messages} - self._expected - {None}
        strangers.difference_update(self.standing.sites)
        if any(site_of(one.subject) in strangers and is_counted(one.data) for one in messages):
            # A site that came with this child's password and another name, or one that was linked below it.
            msg = f"nobody said yet that {sorted(map(str, strangers))} come by this way"
            raise TimeoutError(msg)
        for message in messages:
            site = site_of(message.subject)
            item = item_of(message.sequence, message.subject, message.data)
            # What is no event and of nobody is never named: it stops nothing.
            if site is None or item is None or site in strangers:
                log.warning("not_copied", child=self.child.site, subject=message.subject)
                continue
            refused = self._ways.take(self.child.site, site)
            if refused is None:
                items.append(item)
            elif self.standing.refused.get(site) != refused.why:
                self.standing.refused = {**self.standing.refused, site: refused.why}
                log.warning("refused", child=self.child.site, site=site, why=refused.why)
        before, asked = self._copier.copied, self._copier.asked
        if not await self._copier.put(items, stop):
            return False
        last = messages[-1]
        if last.sequence >= self._again_to:
            self._copier.there = None
            if self._copier.asked - asked > MANY_ASKED:
                await self._learn(last.sequence)
        self.standing.copied += self._copier.copied - before
        self.standing.marks = marked(
            self.standing.marks, Mark(self._epoch, last.sequence, hash_of(last.data))
        )
        return True

    async def _beat(self, stop: asyncio.Event) -> None:
        away = False
        while not stop.is_set():
            asked, known, epoch = now_us(), self.standing.position, self._epoch
            beat = await self._asking.beat(self.standing)
            if beat is not None:
                self.standing.heard, self.standing.beat = asked, beat
                self.standing.degraded = (self.standing.degraded or asked) if beat.silent else None
                self._named = beat.epoch
                self._orphans.told(alert for below in beat.below for alert in below.orphans)
                self._expected = {self.child.site, *(below.site for below in beat.below)}
                # A machine that was put back to an earlier day says nothing of it; its stream is shorter.
                shorter = beat.epoch == epoch and beat.last < known
                if shorter:
                    self._clock.forget()
                else:
                    self._clock.heard(asked, beat)
                if (away or shorter) and self._follower is not None:
                    self._follower.doubt("the child is back")
                    self._comparing.soon(1.0)
                await self._compare()
            away = beat is None
            self._tell()
            await self._save()
            self.nudged.clear()
            try:
                async with asyncio.timeout(BEAT_S):
                    await self.nudged.wait()
            except TimeoutError:
                continue

    async def _compare(self) -> None:
        """Compare with the child while both stand still; read again what lacks."""
        if self._follower is None:
            return
        found = await self._comparing.look(self.standing, self._copier.last)
        if found is None:
            return
        self._orphans.take_up(self._own.orphans)
        self._orphans.compared(lost=found.lost)
        if found.again is not None:
            self._memory.clear()
            self._again_from = found.again

    async def _save(self) -> None:
        standing = self.standing
        standing.as_of, standing.below = self._clock.as_of, dict(self._clock.below)
        standing.sites = self._ways.sites_of(self.child.site)
        try:
            await self._js.publish(
                f"$KV.{STATE}.{CHILD_KEY}{self.child.site}", msgspec.json.encode(standing), timeout=2.0
            )
            self._saved = asyncio.get_running_loop().time()
        except (NatsError, APIError, TimeoutError, OSError) as error:
            log.warning("standing_not_saved", child=self.child.site, error=repr(error))

    def _tell(self) -> None:
        lag = self.standing.lag
        name = self.child.site
        self._health.figure(f"link_copied.{name}", self.standing.copied)
        if lag is not None:
            self._health.figure(f"link_lag.{name}", lag)
