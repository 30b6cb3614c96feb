"""NATS: a connection that comes back by itself, and publishing in order.

The streams are made in `streams.py`; positions in them are judged in `position.py`. Both are
handed out from here too, because who needs one needs the other.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from nats.aio.client import Client, Srv
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import APIError

from services.runtime import addresses, logging
from services.runtime.errors import Stopped
from services.runtime.position import (
    Position,
    Standing,
    check_position,
    epoch_of,
    hash_of,
    read_position,
    renew_epoch,
)
from services.runtime.settings import Settings
from services.runtime.streams import Limits, StreamsError, ensure_streams

__all__ = [
    "Connection",
    "Limits",
    "NatsError",
    "OrderLost",
    "Position",
    "Standing",
    "Stopped",
    "StreamsError",
    "check_position",
    "connect",
    "ensure_streams",
    "epoch_of",
    "hash_of",
    "publish_in_order",
    "read_position",
    "renew_epoch",
]

RECONNECT_WAIT_S = 0.2
REQUEST_TIMEOUT_S = 5.0
REMIND_FIRST_S, REMIND_S = 3.0, 60.0
"""How often the log says that there is no server yet."""
EXPECTED_LAST, EXPECTED_LAST_ID = "Nats-Expected-Last-Sequence", "Nats-Expected-Last-Msg-Id"
MESSAGE_ID = "Nats-Msg-Id"
JETSTREAM = "$JS.API.INFO"


class OrderLost(Exception):  # noqa: N818  a fact about the stream, handled as such, not a failure of ours
    """A run of publishes broke off.

    `stored` of the items are in the stream, ending at sequence `last`, as far as the server told
    us. `certain` says whether the server refused (then exactly those are in) or did not answer
    (then more may be in: read the stream's end before going on).
    """

    def __init__(self, stored: int, last: int, cause: BaseException, *, certain: bool) -> None:
        self.stored, self.last, self.cause, self.certain = stored, last, cause, certain
        state = "refused" if certain else "no answer"
        super().__init__(f"{stored} stored up to sequence {last}, then {state}: {cause!r}")


class _Client(Client):
    """nats-py's client without its leak: a server that goes away between TCP and CONNECT leaves a socket."""

    async def _connect_to_server(self, s: Srv) -> None:
        if self._transport:
            self._transport.close()  # type: ignore[no-untyped-call]
        await super()._connect_to_server(s)


class Connection:
    """A connection to NATS and its JetStream. Both are the real nats-py objects."""

    def __init__(self, nc: Client, js: JetStreamContext) -> None:
        self.nc, self.js = nc, js
        self.closing = False

    @property
    def connected(self) -> bool:
        """Whether there is a server right now."""
        return bool(self.nc.is_connected)

    async def close(self) -> None:
        """Close; safe to call twice, while the server is away, and while it goes away."""
        self.closing = True
        if not self.nc.is_closed:
            # nats-py flushes first, which fails if the server went away in this moment. Closed is closed.
            with contextlib.suppress(OSError, NatsError):
                await self.nc.close()


async def connect(  # noqa: C901  its callbacks share what was said last
    settings: Settings,
    name: str,
    *,
    on_state: Callable[[bool], None] | None = None,
    stop: asyncio.Event | None = None,
    probe: str = JETSTREAM,
) -> Connection:
    """Connect, waiting for the server as long as it takes, and reconnect for ever.

    `on_state` hears True at each (re)connect and False at each loss. nats-py closes for good when
    the server answers with an error it does not know; then `stop` is set, so that the process
    ends and its supervisor starts a clean one. `probe`: what is asked first; another than JetStream's
    in an account that has none. While there is no server, the log says so again and again.

    Raises:
        Stopped: `stop` was set before there was a server.
    """
    log = logging.get("nats").bind(name=name)
    client = _Client()
    connection = Connection(client, client.jetstream(timeout=REQUEST_TIMEOUT_S))
    said = ""

    def tell(state: bool) -> None:  # noqa: FBT001  it is the state itself
        if on_state is not None and not connection.closing:
            on_state(state)

    async def disconnected() -> None:
        if not connection.closing:
            log.warning("nats_lost")
            tell(state=False)

    async def reconnected() -> None:
        nonlocal said
        said = ""
        log.info("nats_back")
        tell(state=True)

    async def closed() -> None:
        if not connection.closing:
            log.error("nats_closed", error=repr(client.last_error))
            if stop is not None:
                stop.set()

    async def failed(error: Exception) -> None:
        # Five tries a second would fill a log; a person needs each *different* error once.
        nonlocal said
        if repr(error) != said:
            said = repr(error)
            log.warning("nats_error", error=said)

    connecting = client.connect(
        settings.nats,
        name=name,
        error_cb=failed,
        disconnected_cb=disconnected,
        reconnected_cb=reconnected,
        closed_cb=closed,
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]
        connect_timeout=5,
        ping_interval=10,
        # 0: nothing is kept for later while disconnected. A publish that was given up by us must not
        # reach the stream minutes later behind our back.
        pending_size=0,
    )
    try:
        await _first(connecting, addresses.shown(settings.nats), stop or asyncio.Event(), log)
    except (Stopped, asyncio.CancelledError):
        connection.closing = True
        raise
    # nats-py makes its reply inbox at the first request; two first requests at once would make two.
    try:
        await client.request(probe, b"", timeout=REQUEST_TIMEOUT_S)
    except NoRespondersError:
        if probe == JETSTREAM:
            log.warning("jetstream_silent")
    except (NatsError, TimeoutError) as error:
        log.warning("jetstream_silent", error=repr(error))
    log.info("nats_connected", server=str(client.connected_server_version))
    tell(state=True)
    return connection


async def _first(
    connecting: Coroutine[Any, Any, None], server: str, stop: asyncio.Event, log: logging.Logger
) -> None:
    """Wait for the first connection, or until told to stop; say what is waited for."""
    task, stopping = asyncio.create_task(connecting), asyncio.create_task(stop.wait())
    begun, remind = asyncio.get_running_loop().time(), REMIND_FIRST_S
    try:
        while not task.done() and not stop.is_set():
            await asyncio.wait({task, stopping}, timeout=remind, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and not stop.is_set():
                waited = asyncio.get_running_loop().time() - begun
                log.error(
                    "nats_unreachable",
                    server=server,
                    waited_s=round(waited),
                    word="nothing works without it: start it, or give its address with --nats",
                )
                remind = REMIND_S
    finally:
        stopping.cancel()
        task.cancel()
        await asyncio.wait({task, stopping}, timeout=1.0)  # nats-py may swallow it (bpo-37658)
    if not task.done() or task.cancelled():
        raise Stopped
    task.result()


async def publish_in_order(
    js: JetStreamContext,
    items: Sequence[tuple[str, bytes, Mapping[str, str] | None]],
    last_sequence: int,
    timeout_s: float = REQUEST_TIMEOUT_S,
) -> int:
    """Publish all items, each only if the one before is the stream's last; return the new last.

    They are all on their way at once, and the server refuses everything behind the first failure.
    The expected *sequence* alone would not do that: if someone else has put one message in between,
    our second item expects just what is there. So each item of a run also names the id of the one
    before it, which nobody else can have written.

    `js.publish` in a gather and not nats-py's `publish_async`, which hangs on error replies; tasks
    start in order and hand their bytes to the socket's buffer before their first pause, so the
    order of the items is the order on the wire.

    Raises:
        OrderLost: one was refused or not answered; says what is known to be in.
    """
    run = secrets.token_hex(6)
    ids = [(headers or {}).get(MESSAGE_ID) or f"{run}-{at}" for at, (_, _, headers) in enumerate(items)]

    async def one(at: int) -> PubAck:
        subject, data, headers = items[at]
        sent = {**(headers or {}), EXPECTED_LAST: str(last_sequence + at)}
        if len(items) > 1:
            sent[MESSAGE_ID] = ids[at]
        if at > 0:
            sent[EXPECTED_LAST_ID] = ids[at - 1]
        return await js.publish(subject, data, timeout=timeout_s, headers=sent)

    answers = await asyncio.gather(*(one(at) for at in range(len(items))), return_exceptions=True)
    for at, answer in enumerate(answers):
        expected = last_sequence + at + 1
        if isinstance(answer, asyncio.CancelledError):
            raise answer
        if isinstance(answer, BaseException):
            refused = isinstance(answer, APIError)
            raise OrderLost(at, expected - 1, answer, certain=refused) from answer
        if answer.seq != expected:
            # A duplicate by Nats-Msg-Id answers with the sequence of the first copy.
            wrong = ValueError(f"expected sequence {expected}, the server says {answer.seq}")
            raise OrderLost(at, expected - 1, wrong, certain=True)
    return last_sequence + len(items)
