"""The agent's shell: a thread that owns the protocol and turns one connection after another.

>>> with Sender("127.0.0.1", 1883, "vung-tau", "gw-1") as sender:      # doctest: +SKIP
...     sender.submit([{"n": "vt-flood-001.water_level", "t": 1763600400, "v": 1.42}])
...     sender.wait_all_stored(30)

Over 250 lines: half of it is the caller's side, half the thread's; they share every field.
"""

import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from edge.handover import Handover
from edge.link import Link, LinkError
from edge.protocol import Protocol
from edge.settings import Settings
from edge.splitting import MAX_BYTES, TooLargeError, packs
from services.observation import topics
from services.observation.envelope import decode_ack

BACKOFF_S = (0.2, 10.0)
"""First and longest pause before the next connection; it doubles in between.

Up to half of it is taken off at random: gateways that lost their broker together do not come back together.
"""

TURN_S = 0.2
"""How long one wait for the network lasts at most: the pace of the protocol's own clock."""

BUF_BYTES = 8
MAX_RESULTS = 1_000
_NO_SEQ = 0
"""Of what is no pack; the protocol counts from 1."""

__all__ = ["Sender", "Settings", "TooLargeError"]


class Sender:
    """What a gateway uses to hand over readings and to know when they are safe.

    A thread starts with the first use and ends with `close`. `submit` may be called from any thread.
    """

    def __init__(  # noqa: PLR0913  an address, an identity, and the seams for tests
        self,
        host: str,
        port: int,
        area: str,
        gateway: str,
        *,
        username: str | None = None,
        password: str | None = None,
        plain: bool = False,
        settings: Settings | None = None,
        max_unstored: int | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        notice: Callable[[str], None] = lambda _: None,
        on_command: Callable[[bytes], None] | None = None,
    ) -> None:
        """Describe the agent.

        Args:
            host: of the broker.
            port: of its MQTT listener.
            area: slug under which the gateway is declared.
            gateway: its id.
            username: of the gateway's account, where accounts are in force.
            password: of that account.
            plain: bare packs; a PUBACK is the end of it.
            settings: bounds and patience of the protocol.
            max_unstored: `submit` waits while more packs than this are held; None never waits, and the
                buffer's own bound pushes out the oldest.
            random: where the buffer's name is drawn from.
            clock: wall clock, for `sent_at`.
            monotonic: the clock of every wait.
            notice: told what happens to the connection, one line each, from the sender's thread.
            on_command: told each command that comes for the gateway, in the sender's thread, which waits;
                what is to be said of it goes into `answer`. Without it commands are not asked for.
        """
        self.gateway = gateway
        self._plain = plain
        self._stopping = threading.Event()
        self._buf = random(BUF_BYTES).hex()
        self._random = random
        self._settings = settings or Settings()
        self._protocol = Protocol(self._buf, self._settings, plain=plain)
        self._topics = {
            "readings": topics.readings(area, gateway),
            "strikes": topics.strikes(area, gateway),
        }
        commanded = on_command is not None and not plain
        self._on_command = on_command if commanded else None
        self._result_topic = topics.result(area, gateway)
        self._results: deque[bytes] = deque(maxlen=MAX_RESULTS)
        self._new_link: Callable[[], Link] = lambda: Link(
            host,
            port,
            f"{gateway}-{self._buf}",
            username=username,
            password=password,
            status_topic=None if plain else topics.status(area, gateway),
            ack_topic=None if plain else topics.ack(area, gateway),
            command_topic=topics.commands(area, gateway) if commanded else None,
            window=self._settings.window,
            monotonic=monotonic,
            give_up=self._stopping.is_set,
        )
        self._max_unstored = max_unstored
        self._clock = clock
        self._monotonic = monotonic
        self._notice = notice
        self._handover = Handover(self._protocol)
        self._asleep = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)  # noqa: FBT003  the standard library's
        self._wake_out.setblocking(False)  # noqa: FBT003  the standard library's
        self._connected = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.problem: str | None = None
        """Why there is no connection; None while there is one."""

    # -- the caller's side ---------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; the first `submit` does it as well."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"agent-{self.gateway}", daemon=True)
                self._thread.start()

    def submit(self, records: Sequence[Any] | bytes) -> None:
        """Hand over readings: records for a pack, or a pack already encoded as SenML.

        Raises:
            TooLargeError: one record, or the encoded pack, is over the limit.
        """
        self._submit(records, "readings")

    def submit_strikes(self, strikes: Sequence[Any] | bytes) -> None:
        """Hand over lightning strikes: `{"id"?, "t", "lat", "lon", "type"?, "ka"?, "err_m"?}` each."""
        self._submit(strikes, "strikes")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message as it is, at QoS 1, to a topic of any form. Plain senders only.

        Raises:
            ValueError: the sender speaks the agent's protocol.
        """
        if not self._plain:
            msg = "a message as it is has no envelope; make the sender with plain=True"
            raise ValueError(msg)
        self._submit(payload, topic)

    def _submit(self, records: Sequence[Any] | bytes, kind: str) -> None:
        self.start()
        now = self._monotonic()
        if isinstance(records, bytes):
            if len(records) > MAX_BYTES:
                msg = f"a pack of {len(records)} bytes is over {MAX_BYTES}; hand over its records instead"
                raise TooLargeError(msg)
            self._handover.put((records,), now, kind)
        else:
            self._handover.put(packs(records), now, kind)
        self._wake()
        if self._max_unstored is not None and self.unstored > self._max_unstored:
            limit = self._max_unstored
            self._handover.wait(lambda: self.unstored <= limit, None)

    def answer(self, result: bytes) -> None:
        """Say what came of a command. What is lost with a connection is said again when it is repeated."""
        self._results.append(result)
        self._wake()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a first connection; False when there is none in time (see `problem`)."""
        self.start()
        return self._connected.wait(timeout_s)

    def wait_all_stored(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is held any more (plain: until the last PUBACK); False: not in time."""
        return self._handover.wait(lambda: self.unstored == 0, timeout_s)

    @property
    def unstored(self) -> int:
        """Packs handed over and not yet stored."""
        return self._handover.unstored

    @property
    def stored(self) -> int:
        """Packs stored so far (plain: PUBACKed)."""
        return self._protocol.stored_packs

    @property
    def sendings(self) -> int:
        """Publishes so far, repeats included."""
        return self._protocol.sendings

    @property
    def lost(self) -> int:
        """Packs pushed out of the bounded buffer or moved aside."""
        return self._protocol.dropped + len(self._protocol.aside)

    def stop(self) -> None:
        """Make every wait return now and the thread end; from any thread, `close` is still to be called."""
        self._stopping.set()
        self._wake(force=True)
        self._handover.close()

    def close(self) -> None:
        """Say goodbye to the broker and end the thread. What is not stored by now stays unsent."""
        self.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)
        self._wake_in.close()
        self._wake_out.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _wake(self, *, force: bool = False) -> None:
        # Only a sleeping thread needs the byte: one system call saved for each pack under load.
        if self._asleep or force:
            with suppress(OSError):
                self._wake_out.send(b"!")

    # -- the thread's side ---------------------------------------------------------------------

    def _run(self) -> None:
        pause = BACKOFF_S[0]
        while not self._stopping.is_set():
            link = self._new_link()
            try:
                link.open()
            except LinkError as error:
                if self.problem is None:
                    self._notice(str(error))
                self.problem = str(error)
                link.close()
                self._rest(pause)
                pause = min(pause * 2, BACKOFF_S[1])
                continue
            pause = BACKOFF_S[0]
            if self.problem is not None:
                self._notice("connected again")
            self.problem = None
            self._serve(link)
            self._protocol.disconnect()
            link.close()
            if not self._stopping.is_set():
                self.problem = "the connection was lost"
                self._notice(self.problem)
                self._rest(pause)

    def _rest(self, longest_s: float) -> None:
        """Wait before the next connection; what is handed over meanwhile must meet the buffer's bound."""
        until = self._monotonic() + longest_s * (1 - self._random(1)[0] / 512)
        while not self._stopping.wait(max(0.0, min(TURN_S, until - self._monotonic()))):
            self._handover.drain()
            if self._monotonic() >= until:
                return

    def _serve(self, link: Link) -> None:
        self._protocol.connect(self._monotonic())
        self._connected.set()
        up = True
        while up and not self._stopping.is_set():
            up = self._pump(link)
            self._asleep = True
            busy = bool(self._handover)
            up = link.turn(0.0 if busy and up else TURN_S, self._wake_in) and up
            self._asleep = False
            self._take_in(link)
        self._take_in(link)

    def _pump(self, link: Link) -> bool:
        """Take in what was handed over and publish what the protocol allows."""
        self._handover.drain()
        protocol, now = self._protocol, self._monotonic()
        while self._results:
            if not link.publish(self._result_topic, self._results.popleft(), _NO_SEQ):
                return False
        while (pack := protocol.next(now)) is not None:
            if not link.publish(
                self._topics.get(pack.kind, pack.kind), protocol.payload(pack, self._clock()), pack.seq
            ):
                return False
        return True

    def _take_in(self, link: Link) -> None:
        """Tell the protocol what the network brought, and those who wait for room."""
        protocol, now = self._protocol, self._monotonic()
        delivered, link.delivered = link.delivered, []
        for seq in delivered:
            protocol.delivered(seq, now)
        heard, link.heard = link.heard, []
        for payload in heard:
            try:
                protocol.hear(decode_ack(payload), now)
            except (msgspec.MsgspecError, ValueError) as error:
                self._notice(f"an acknowledgement that cannot be read: {error}")
        commands, link.commands = link.commands, []
        if self._on_command is not None:
            for payload in commands:
                self._on_command(payload)
        protocol.tick(now)
        self._handover.tell()
