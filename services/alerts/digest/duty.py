"""The keeper's duty of the digest: at times, it writes down what of ALERTS still matters.

So whoever starts reads that and the last hour instead of a year. `sieve` says what matters; the next digest
is made of the last one and of what came since. It serves nothing but speed: where this duty fails, a start
takes longer and decides the same.
"""

import asyncio

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.digest.sieve import Sieve
from services.alerts.log import AlertLog
from services.observation.digest import Head, Stored
from services.observation.instants import SECOND
from services.runtime import digest, logging
from services.runtime.digest import Digest
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.formats import release
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.pause import pause
from services.runtime.position import epoch_of, read_position
from services.runtime.streams import ALERTS

FIRST_S = 30.0
"""After a start: whoever decides goes first."""
LOOK_S = 30.0
FEW = 2_000
"""So many events behind the digest are read at once; there is no hurry to write another."""
MANY, SOONEST_S, EVERY_S = 5_000, 300.0, 3600.0
"""A new one after so many events, but not so soon after the last; after so long, also for fewer."""
BATCH = 500
BREATH_S = 0.02
"""Between two batches: the duties that decide run in this process, too."""
LEAVE_OUT_EVERY = 48 << 20
"""Bytes read, after which what is over is left out: so much more than what matters lies in memory."""
MOST_BYTES = 256 << 20
"""Of memory for what matters: the keeper must go on, on a box of 2 GB and in a storm without end."""
STILL_EMPTY = 10
"""Reads without anything: the stream's last messages were deleted by hand."""
log = logging.get("digest")


async def run(
    js: JetStreamContext, _site: str, _alert_log: AlertLog, stop: asyncio.Event, health: Health
) -> None:
    """Write digests until told to stop."""
    clock = asyncio.get_running_loop().time
    last, written, failures = Last(), clock() - EVERY_S, 0
    await pause(stop, FIRST_S)
    while not stop.is_set():
        wait = LOOK_S
        try:
            if await last.is_due(js, clock() - written):
                made = await renew(js, stop)
                if made is not None:
                    written, last.head, last.behind = clock(), made, 0
        except TooMuch as error:
            # A start without a digest is slow and right. The next attempt reads as much: not at once.
            failures, wait = failures + 1, EVERY_S
            log.warning("digest_given_up", because=str(error))
        except TailLost as lost:  # the duty of situations writes the new epoch
            log.warning("tail_lost", read=lost.read, last=lost.last)
        except (NatsError, APIError, TimeoutError, OSError) as error:
            failures += 1
            log.warning("digest_not_written", error=repr(error))
        _tell(last, failures, health)
        await pause(stop, wait)


def _tell(last: "Last", failures: int, health: Health) -> None:
    """What `doctor` and `/metrics` show of it."""
    health.figure("digest_behind", last.behind)
    health.figure("digest_failures", failures)
    if last.head is not None:
        health.figure("digest_messages", last.head.count)
        health.figure("digest_latest", last.head.latest_us / SECOND)


class TooMuch(Exception):  # noqa: N818  a fact, acted on
    """What still matters does not fit into the memory that this duty may take."""


class Last:
    """The last digest, as far as we know."""

    def __init__(self) -> None:
        """Nothing is known: it is looked for once."""
        self._looked = False
        self.behind = 0
        """Events that a start reads besides it."""
        self.head: Head | None = None

    async def is_due(self, js: JetStreamContext, age_s: float) -> bool:
        """Whether another is worth its work, so long after the last."""
        if not self._looked:
            found = await digest.read(js)
            self._looked, self.head = True, None if found is None else found.head
        elif self.head is not None and (await digest.against(js, self.head))[0]:
            self.head = None  # it holds no more
        state = (await js.stream_info(ALERTS)).state
        behind = int(state.last_seq) - int(state.first_seq) + 1
        if self.head is not None:
            behind = min(behind, int(state.last_seq) - self.head.sequence)
        self.behind = behind
        return behind >= (FEW if age_s >= EVERY_S else MANY) and age_s >= SOONEST_S


async def renew(js: JetStreamContext, stop: asyncio.Event) -> Head | None:
    """Make the next digest out of one that holds and what came since; None: told to stop before.

    Raises:
        TooMuch, TailLost, NatsError, APIError, TimeoutError, OSError: it was not written.
    """
    found = await digest.read(js)
    sieve, epoch = Sieve(), await epoch_of(js, ALERTS)
    if found is not None:
        await _resume(sieve, found)
    if not await _read_on(js, sieve, stop):
        return None
    state = (await js.stream_info(ALERTS)).state
    place = await read_position(js, ALERTS, sieve.sequence)
    if place.epoch != epoch:
        log.info("digest_given_up", because="the stream was found changed meanwhile")
        return None
    kept = sieve.kept()
    head = sieve.head(release(), epoch, place.hash, int(state.num_deleted or 0), len(kept))
    await digest.write(js, head, kept)
    return head


async def _resume(sieve: Sieve, found: Digest) -> None:
    async for block in found.messages():
        for one in block:
            sieve.again(_stored(one))
        await asyncio.sleep(BREATH_S)
    sieve.resume(found.head)


async def _read_on(js: JetStreamContext, sieve: Sieve, stop: asyncio.Event) -> bool:
    """Read what came since, slowly; False when told to stop before the end."""
    state = (await js.stream_info(ALERTS)).state
    after, end = max(sieve.sequence, int(state.first_seq) - 1), int(state.last_seq)
    follower, quiet, taken = Follower(js, ALERTS, [], after, batch=BATCH), 0, 0
    try:
        while sieve.sequence < end and quiet < STILL_EMPTY:
            if stop.is_set():
                return False
            messages = await follower.fetch(BATCH, 0.5)
            for one in messages:
                sieve.take(_stored(one))
                taken += len(one.data)
            quiet = 0 if messages else quiet + 1
            if taken >= LEAVE_OUT_EVERY:
                taken = 0
                _leave_out(sieve)
            await pause(stop, BREATH_S)
    finally:
        await follower.close()
    return not stop.is_set()


def _leave_out(sieve: Sieve) -> None:
    sieve.leave_out()
    weight = sieve.weight
    if weight > MOST_BYTES:
        msg = f"what matters takes {weight >> 20} MB of memory"
        raise TooMuch(msg)


def _stored(one: Message) -> Stored:
    return Stored(one.sequence, one.time_us, 0, one.subject, dict(one.headers), one.data)
