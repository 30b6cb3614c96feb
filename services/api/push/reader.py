"""Readers: one client's place among the events; without gap or repeat from the stream to the live feed."""

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.api.errors import away, stale
from services.api.fold import Fold
from services.api.params import read_token
from services.api.push.entry import ALL, Entry, Wanted, entry_of, event_of
from services.api.push.hub import Hub
from services.observation.text import Text
from services.runtime.follow import Follower, TailLost
from services.runtime.position import EPOCH
from services.runtime.streams import ALERTS

AT_ONCE = 256
SCAN = 50_000

_GONE = Text(
    "mã thuộc một thời kỳ khác của luồng; đọc lại /api/v1/alerts",
    "the token is of another epoch of the stream; read /api/v1/alerts again",
)
_BEYOND = Text(
    "mã ở sau cuối luồng; đọc lại /api/v1/alerts",
    "the token is beyond the end of the stream; read /api/v1/alerts again",
)
_OLD = Text(
    "sự kiện sau mã này đã bị xóa; đọc lại /api/v1/alerts",
    "events after this token are no longer kept; read /api/v1/alerts again",
)
_STREAM = Text("luồng cảnh báo không trả lời", "the stream of alerts does not answer")
_READING = Text("đang đọc lại luồng cảnh báo", "the stream of alerts is still being read")


class Slow(Exception):  # noqa: N818  a fact about the client
    """The client is further behind than we wait for; it can come back with its last token."""


class Resync(Exception):  # noqa: N818  a fact about the stream
    """Places of before mean nothing any more; the client rereads the alerts and goes on from here."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


class Closing(Exception):  # noqa: N818  a fact about us
    """We are going down; the client comes back to whoever takes our place."""


class Over(Closing):
    """The account was disabled or changed, or its session is over: who it is must come anew."""


async def place(hub: Hub, js: JetStreamContext, text: str | None) -> int:
    """The position that a client's token names; the live end when it has none.

    Raises:
        Problem: 422 not a token, 410 stale, 503 not caught up or the stream is away.
    """
    if not hub.caught_up.is_set():
        raise away(_READING, retry_s=1, code="reading-alerts")
    if text is None:
        return hub.head
    token = read_token(text, hub.epoch)
    if token.epoch == hub.epoch and hub.floor <= token.sequence <= hub.head and token.sequence > 0:
        return token.sequence
    # Perhaps we are behind the stream, not the client ahead of it: the stream itself must say.
    try:
        info = await js.stream_info(ALERTS)
    except (NatsError, APIError, TimeoutError) as error:
        raise away(_STREAM, code="stream-away") from error
    first, last = info.state.first_seq, info.state.last_seq
    epoch = (info.config.metadata or {}).get(EPOCH, "")
    if token.epoch != epoch:
        raise stale(_GONE, f"{epoch}.{last}")
    if token.sequence > last:
        raise stale(_BEYOND, f"{epoch}.{last}")
    if token.sequence == 0:
        return max(first - 1, 0)
    if token.sequence + 1 < first:
        raise stale(_OLD, f"{epoch}.{last}")
    return token.sequence


class Reader:
    """Hands out events after a position: from the stream while it is old, from the hub's ring then."""

    def __init__(
        self, hub: Hub, js: JetStreamContext, fold: Fold, position: int, wanted: Wanted = ALL
    ) -> None:
        """Stand at a position that `place` gave."""
        self._hub, self._js, self._fold, self._wanted = hub, js, fold, wanted
        self._generation = hub.generation
        self._follower: Follower | None = None
        self._live = False
        self.position = position

    @property
    def token(self) -> str:
        """Where this client is: everything up to here was sent or is not for it."""
        return self._hub.token(self.position)

    @property
    def behind(self) -> bool:
        """Whether there is more to read right now."""
        return self.position < self._hub.head

    async def read(self, wait_s: float) -> list[Entry]:
        """The next events for this client, in order; empty when nothing came in time.

        Raises:
            Slow: it was live and fell too far behind.
            Resync: the stream is not what it was; the reader now stands at its present end.
            Closing: the service ends; `Over`: for this client it does.
        """
        hub = self._hub
        self._look()
        if not self.behind and not hub.closing and self._generation == hub.generation:
            await hub.wait(wait_s)
            self._look()
        if hub.closing:
            raise Closing
        if self._generation != hub.generation:
            await self._restart(_GONE)
        if self._live and hub.head - self.position > hub.lag:
            raise Slow
        if self.position < hub.floor:
            return await self._from_stream(wait_s)
        # Nothing is waited for between the look at the floor and the reading: the ring moves on meanwhile.
        entries, self.position = hub.since(self.position, AT_ONCE)
        # Once it has caught up, being far behind means that it is slow, not that it came late.
        self._live = self._live or not self.behind
        await self.close()
        return [entry for entry in entries if self._wanted.takes(entry)]

    def _look(self) -> None:
        if self._wanted.holds is not None and not self._wanted.holds():
            raise Over

    async def close(self) -> None:
        """Drop what was made on the server for this client."""
        follower, self._follower = self._follower, None
        if follower is not None:
            await follower.close()

    async def _from_stream(self, wait_s: float) -> list[Entry]:
        if self._follower is None:
            self._follower = Follower(self._js, ALERTS, [], self.position, batch=AT_ONCE)
        try:
            messages = await self._follower.fetch(AT_ONCE, wait_s)
        except TailLost:
            await self._restart(_BEYOND)
        if self._follower.gaps:
            await self._restart(_OLD)
        entries = []
        for message in messages:
            self.position = message.sequence
            event = event_of(message)
            if event is None:
                continue
            peak = self._fold.peak(str(event.get("subject")))
            entry = entry_of(message, event, self._hub.epoch, peak)
            if self._wanted.takes(entry):
                entries.append(entry)
        return entries

    async def _restart(self, reason: Text) -> None:
        """Go to the present end, and say so.

        Raises:
            Resync: always.
        """
        await self.close()
        self._generation, self.position, self._live = self._hub.generation, self._hub.head, False
        raise Resync(reason)


async def read_some(reader: Reader, limit: int) -> list[Entry]:
    """Up to `limit` events of what is there now: one page, not a stream.

    At most about `SCAN` events are looked at, so that a rare filter ends in time; the page may then be
    short, or empty, though more follows.

    Raises:
        Problem: 410 when the stream changed while we read.
    """
    found: list[Entry] = []
    start = reader.position
    try:
        while reader.behind and len(found) < limit and reader.position - start < SCAN:
            found += await reader.read(1.0)
    except Resync as error:
        raise stale(error.reason, reader.token) from error
    except (Slow, Closing, NatsError, TimeoutError) as error:
        raise away(_STREAM, retry_s=1, code="stream-away") from error
    finally:
        await reader.close()
    if len(found) > limit:
        found = found[:limit]
        reader.position = found[-1].sequence
    return found
