"""Follow a stream: every message once, in order, across crashes of the server and of the network.

The feed of everyone who reads a stream from a sequence on: engine, archive, api, downlink.

How, and why not something ready-made (all measured on nats-server 2.15 and nats-py 2.16):

- A *durable* consumer redelivers out of order; an ephemeral one without acknowledgements sends each
  message once, in order, and numbers what it sends. A hole in those numbers means that something
  was on its way when a connection was cut. Then, and after each reconnect, we make a new consumer
  at the sequence after the last we have.
- nats-py's `ordered_consumer` does the same but is deaf for about ten seconds after a restart.
- nats-py's `fetch` waits for the batch to fill or the time to end, spends a timer and a task per
  message, and takes a server that went away for an empty stream. So we send the pull requests
  ourselves and let messages come in by callback, which costs about a third.
- The consumer lives in the server's memory: it is worth nothing after a restart, and writing its
  state to disk costs the server more than serving it.

Over 250 lines: one reader with its recovery; each part exists because of another.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from services.observation.messages import HEADER
from services.runtime import logging
from services.runtime.position import hash_of

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription

BATCH = 1000
MAX_BYTES = 16 << 20  # of one request: above the largest message (8 MB), below what a small box feels
EXPIRES_S = 30
HEARTBEAT_S = 5
INACTIVE_S = 300.0  # a reader that is busy for five minutes keeps its place on the server
POLL_S = 0.1  # how soon a reconnect is noticed
GAP_CHECK_S = 1.0
_NOTHING: Mapping[str, str] = {}

log = logging.get("follow")


class Message(NamedTuple):
    """One message of a stream. `time_us` is when the server stored it."""

    subject: str
    sequence: int
    kind: str
    data: bytes
    headers: Mapping[str, str]
    time_us: int


class TailLost(Exception):  # noqa: N818  a fact about the stream that its holder must act on
    """The stream ends before what we have read, or holds another message there (a power cut).

    The holder renews the epoch (`renew_epoch`), reports the gap, and follows from `last`.
    """

    def __init__(self, stream: str, read: int, last: int) -> None:
        self.stream, self.read, self.last = stream, read, last
        super().__init__(f"{stream} was read up to {read}, but now ends at {last} or tells another story")


class Follower:
    """Reads a stream from `after` (0: from its start), only the given subjects (none: all).

    `gaps` collects ranges of sequences that the stream discarded before we came to read them. It is
    exact for a reader of all subjects; for a reader of some, a range may be named that held nothing
    for it. The reader takes them out when it has told someone.
    """

    def __init__(  # noqa: PLR0913  what is read, from where, and how closely
        self,
        js: JetStreamContext,
        stream: str,
        subjects: Sequence[str],
        after: int,
        batch: int = BATCH,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """`heartbeat_s`: how often the server says that it lives; two that fail to come mean a cut way.

        A stream of another site is read through a `js` with that site's prefix.
        """
        self._beat_s = heartbeat_s
        self._api = js._prefix  # noqa: SLF001  nats-py keeps it to itself
        self.gaps: list[tuple[int, int]] = []
        self._js, self._nc = js, js._nc  # noqa: SLF001  nats-py offers no other way from one to the other
        self._stream, self._subjects, self._batch = stream, list(subjects), batch
        self._queue: deque[Message] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._last = after  # last sequence taken in, or known not to concern us
        self._last_data: bytes | None = None
        self._whole = not subjects  # whether we read every subject of the stream
        self._replaces = False  # whether it keeps the newest of each subject, so that holes are normal
        self._jumps: list[tuple[int, int]] = []
        self._checked = 0.0
        # of the present consumer
        self._consumer = ""
        self._subscription: Subscription | None = None
        self._prefix = ""
        self._delivered = 0  # its own count of what it sent us
        self._owed = 0  # messages still to come of the present request
        self._request = 0
        self._heard = 0.0
        self._reconnects = -1
        self._broken = "start"
        self._said = ""

    @property
    def last(self) -> int:
        """Last sequence taken in; what `fetch` has not handed out yet counts too."""
        return self._last

    async def fetch(self, max_messages: int, wait_s: float) -> list[Message]:
        """Hand out what has come, at most `max_messages`; wait for something at most `wait_s`.

        An empty list means that nothing came, be it that there is nothing or that the server is away.

        Raises:
            TailLost: the stream is not what it was.
            ConnectionClosedError: the connection was closed for good.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        # One turn of the loop, so that a reader who is never waiting still lets the network in.
        await asyncio.sleep(0)
        while True:
            await self._care()
            if self._queue:
                return await self._take(max_messages)
            left = deadline - loop.time()
            if left <= 0:
                return []
            self._arrived.clear()
            try:
                async with asyncio.timeout(min(left, POLL_S)):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    def doubt(self, why: str) -> None:
        """Begin anew behind the last message: the caller knows that the way was cut."""
        self._broken = self._broken or why

    async def close(self) -> None:
        """Drop the consumer; the server would do so itself after a while."""
        await self._drop()

    async def _take(self, most: int) -> list[Message]:
        queue = self._queue
        taken = [queue.popleft() for _ in range(min(most, len(queue)))]
        self._queued_bytes -= sum(len(message.data) for message in taken)
        if self._owed == 0 and not self._broken:
            await self._ask()
        return taken

    async def _care(self) -> None:
        """Keep the consumer alive: rebuild it when it broke, ask when nothing is under way."""
        if self._nc.is_closed:
            raise ConnectionClosedError
        if not self._nc.is_connected:
            self._broken = self._broken or "disconnected"
            return
        now = asyncio.get_running_loop().time()
        if self._nc.stats["reconnects"] != self._reconnects:
            self._broken = self._broken or "reconnected"
        elif self._owed and now - self._heard > 2 * self._beat_s + 1:
            await self._suspect(now)
        try:
            if self._jumps and now - self._checked > GAP_CHECK_S:
                self._note_gaps(await self._js.stream_info(self._stream), now)
            if self._broken:
                await self._rebuild()
            elif self._owed == 0:
                await self._ask()
        except (NatsError, TimeoutError) as error:
            self._broken = self._broken or repr(error)
            if self._said != repr(error):
                self._said = repr(error)
                log.warning("follow_waits", stream=self._stream, after=self._last, error=self._said)
            await asyncio.sleep(POLL_S)

    async def _suspect(self, now: float) -> None:
        """Nothing heard for two heartbeats: either they are lost, or we were too busy to listen."""
        try:
            # All that lies in the socket comes before the answer to this ping.
            await self._nc.flush(timeout=max(1, round(self._beat_s)))
            await asyncio.sleep(0)
        except (NatsError, TimeoutError):
            pass
        if self._heard < now - self._beat_s:
            self._broken = "no heartbeat"

    async def _rebuild(self) -> None:
        await self._drop()
        self._reconnects = self._nc.stats["reconnects"]
        info = await self._js.stream_info(self._stream)
        await self._check_tail(info)
        covered = set(info.config.subjects or ()) <= set(self._subjects)
        self._whole = not self._subjects or covered
        self._replaces = info.config.max_msgs_per_subject > 0
        first = info.state.first_seq
        if self._last + 1 < first:
            self.gaps.append((self._last + 1, first - 1))
            self._last, self._last_data = first - 1, None
        self._prefix = self._nc.new_inbox()
        self._delivered, self._owed = 0, 0
        self._subscription = await self._nc.subscribe(f"{self._prefix}.*", cb=self._receive)
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._last + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=self._subjects or None,
            inactive_threshold=INACTIVE_S,
            mem_storage=True,
            num_replicas=1,
        )
        made = await self._js.add_consumer(self._stream, config)
        self._consumer = made.name
        log.info("following", stream=self._stream, after=self._last, because=self._broken)
        self._broken, self._said = "", ""
        await self._ask()

    async def _check_tail(self, info: StreamInfo) -> None:
        """Refuse to go on silently when what we have read is no longer what the stream holds."""
        state = info.state
        if state.last_seq < self._last:
            raise TailLost(self._stream, self._last, state.last_seq)
        if self._last_data is None or state.first_seq > self._last:
            return
        try:
            there = await self._js.get_msg(self._stream, seq=self._last)
        except NotFoundError:  # replaced since, in a stream that keeps one message per subject
            return
        if hash_of(there.data or b"") != hash_of(self._last_data):
            raise TailLost(self._stream, self._last, state.last_seq)

    async def _drop(self) -> None:
        subscription, self._subscription = self._subscription, None
        consumer, self._consumer = self._consumer, ""
        self._owed = 0
        try:
            if subscription is not None:
                await subscription.unsubscribe()
            if consumer and self._nc.is_connected:
                await self._js.delete_consumer(self._stream, consumer)
        except (NatsError, TimeoutError):
            pass  # it is gone, or will be after its time of inactivity

    async def _ask(self) -> None:
        """Send a pull request, unless so much lies here unread that more would only cost memory."""
        if len(self._queue) >= self._batch or self._queued_bytes >= MAX_BYTES:
            return
        second = 1_000_000_000
        wish = {
            "batch": self._batch,
            "max_bytes": MAX_BYTES,
            "expires": EXPIRES_S * second,
            "idle_heartbeat": round(self._beat_s * second),
        }
        self._request += 1
        self._owed = self._batch
        self._heard = asyncio.get_running_loop().time()
        subject = f"{self._api}.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        try:
            await self._nc.publish(
                subject, json.dumps(wish).encode(), reply=f"{self._prefix}.{self._request}"
            )
        except NatsError as error:  # the server went away just now; what we have is handed out all the same
            self._owed, self._broken = 0, repr(error)

    async def _receive(self, msg: Msg) -> None:
        """Take in one message. Runs once per message, so it does as little as it can."""
        reply = msg.reply
        if not reply.startswith("$JS.ACK."):
            self._status(msg)
            return
        # $JS.ACK.<stream>.<consumer>.<tries>.<stream seq>.<consumer seq>.<time>.<pending>, or with
        # domain and account in front of the stream and a random token at the end.
        tokens = reply.split(".")
        at = 5 if len(tokens) == 9 else 7  # noqa: PLR2004  tokens without domain
        if tokens[at - 2] != self._consumer and self._consumer:
            return  # a straggler of the consumer before
        sequence, delivered = int(tokens[at]), int(tokens[at + 1])
        self._owed -= 1
        self._heard = asyncio.get_running_loop().time()
        if self._broken:
            return
        if delivered != self._delivered + 1:
            self._broken = f"consumer sequence {delivered} after {self._delivered}"
            self._arrived.set()
            return
        self._delivered = delivered
        if sequence <= self._last:
            return
        if sequence > self._last + 1 and self._last:
            self._jump(self._last, sequence)
        headers = msg.headers or _NOTHING
        data = msg.data
        self._queue.append(
            Message(
                msg.subject, sequence, headers.get(HEADER, ""), data, headers, int(tokens[at + 2]) // 1000
            )
        )
        self._queued_bytes += len(data)
        self._last, self._last_data = sequence, data
        self._arrived.set()
        if self._owed == 0:
            await self._ask()

    def _status(self, msg: Msg) -> None:
        headers = msg.headers or _NOTHING
        status, text = headers.get("Status", ""), headers.get("Description", "")
        self._heard = asyncio.get_running_loop().time()
        if not msg.subject.endswith(f".{self._request}"):
            return  # the end of a request that we have stopped counting on
        if status == "100":
            # The heartbeat tells how many it has sent: fewer came, so some were lost.
            sent = headers.get("Nats-Last-Consumer", "")
            if sent.isdecimal() and int(sent) > self._delivered:
                self._broken = f"lost on the way: {sent} sent, {self._delivered} came"
        elif status in ("404", "408") or text.startswith(("Message Size", "Batch Completed")):
            self._owed = 0  # the request ended; another follows
        else:
            self._broken = f"{status} {text}".strip()
        self._arrived.set()

    def _jump(self, before: int, after: int) -> None:
        """Other subjects lie between, or the stream discarded what we had not read."""
        if self._replaces:
            return
        if self._whole:
            self.gaps.append((before + 1, after - 1))
        elif len(self._jumps) < self._batch * 10:
            self._jumps.append((before, after))

    def _note_gaps(self, info: StreamInfo, now: float) -> None:
        first = info.state.first_seq
        self.gaps += [(a + 1, min(b, first) - 1) for a, b in self._jumps if a + 1 < first]
        self._jumps.clear()
        self._checked = now
