"""MQTT sessions: hand out messages, acknowledge when told, on the connection they came on or not at all.

paho-mqtt does the protocol, driven by our event loop: no thread of its own, no lock, no hand-over.
Two things it does once per message are done here once per read instead, because they were three
quarters of the cost (ADR 0007): taking PUBLISH packets out of the bytes, and writing PUBACKs.

Over 250 lines: one connection's whole life, with what paho needs around it.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.packets import NotMqttError, Publish, cut
from services.ingest.raw import Endpoint, RawMessage
from services.runtime.clock import now_us

KEEPALIVE_S = 20
CONNECT_TIMEOUT_S = 5.0
READ_BYTES = 1 << 18
READS_PER_TURN = 4
"""Reads before other work gets its turn."""

MAX_UNANSWERED = 500
"""Of what we publish, without PUBACK at any time."""

_PUBACK = 0x40


class _Paho(Client):
    """paho's client, fed from bytes that were read already."""

    def __init__(self, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        self.unread = bytearray()
        self.suppress_exceptions = False

    def _sock_recv(self, bufsize: int) -> bytes:
        """What paho reads with; the only place where it touches the socket."""
        if not self.unread:
            raise BlockingIOError
        data = bytes(self.unread[:bufsize])
        del self.unread[:bufsize]
        return data

    def read_socket(self) -> bytes:
        """Read from the socket itself; raises BlockingIOError when there is nothing."""
        return super()._sock_recv(READ_BYTES)

    def write_pubacks(self, mids: list[int]) -> None:
        """Queue one piece of bytes with all of them; `ack()` would be a write to the socket for each."""
        packet = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
        self._packet_queue(_PUBACK, packet, 0, 0)


class Connection:
    """One connection, used once. What was not acknowledged when it ends comes again on the next."""

    def __init__(
        self,
        endpoint: Endpoint,
        on_message: Callable[[RawMessage], None],
        on_open: Callable[["Connection"], None],
    ) -> None:
        """Build the client; `open` connects. `on_open` comes before the first message."""
        self.endpoint = endpoint
        self.alive = False
        self.session_present = False
        self.in_hand: set[int] = set()
        self.unanswered: dict[int, tuple[str, bytes]] = {}
        self.copies = 0
        self.reason = ""
        self._on_message, self._on_open = on_message, on_open
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._socket: Any = None
        self._unread = b""
        self._more: asyncio.Handle | None = None
        client = self._client = _Paho(endpoint.client_id)
        client.connect_timeout = CONNECT_TIMEOUT_S
        if endpoint.user is not None:
            client.username_pw_set(endpoint.user, endpoint.password)
        if endpoint.tls:
            client.tls_set_context(ssl.create_default_context())
        client.on_connect = self._connected
        client.on_subscribe = self._granted
        client.on_disconnect = self._lost
        client.on_publish = self._answered
        client.max_inflight_messages_set(MAX_UNANSWERED)
        # paho's first write happens in the thread that connects, hence the threadsafe call.
        client.on_socket_register_write = self._write_wanted

    # --- from outside --------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and subscribe.

        Raises:
            OSError, TimeoutError: the broker is not there, or does not answer.
            PermissionError: it does not let us in, or not subscribe.
        """
        endpoint = self.endpoint
        await asyncio.to_thread(self._client.connect, endpoint.host, endpoint.port, KEEPALIVE_S)
        self._socket = self._client.socket()
        if self._socket is None:
            msg = "the connection was closed at once"
            raise ConnectionError(msg)
        self._loop.add_reader(self._socket.fileno(), self._readable)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            waits = [asyncio.ensure_future(e.wait()) for e in (self._subscribed, self._ended)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if not self.alive:
            raise PermissionError(self.reason or "the broker refused us")

    async def ended(self) -> None:
        """Keep it alive until it ends."""
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(1.0):
                    await self._ended.wait()
            except TimeoutError:
                self._client.loop_misc()

    def acknowledge(self, mids: list[int]) -> None:
        """Acknowledge, each once; on a connection that is gone, nothing happens."""
        if self.alive:
            self.in_hand.difference_update(mids)
            self._client.write_pubacks(mids)

    def publish(self, outgoing: tuple[str, bytes]) -> None:
        """Publish a topic and payload at QoS 1; the pair stays in `unanswered` until the broker has it."""
        info = self._client.publish(*outgoing, qos=1)
        self.unanswered[info.mid] = outgoing

    def throw_away(self) -> None:
        """Cut it without a word: what is in hand comes again, on another connection."""
        self._end("thrown away")
        if self._socket is not None:
            self._socket.close()

    def close(self) -> None:
        """Leave in good order; the session stays with the broker."""
        if self.alive:
            self._client.loop_write()
            self._client.disconnect()
            self._client.loop_write()
        self.throw_away()

    # --- from paho -----------------------------------------------------------------------------

    def _connected(
        self, client: Client, _data: object, flags: ConnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        if code.is_failure:
            self._end(f"the broker refused us: {code}")
            return
        # From CONNACK on: a resumed session may send before it answers our subscription.
        self.alive = True
        self.session_present = flags.session_present
        self._on_open(self)
        if self.endpoint.topics:
            client.subscribe([(topic, 1) for topic in self.endpoint.topics])
        else:
            self._subscribed.set()

    def _granted(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _props: Properties | None
    ) -> None:
        if any(code.is_failure for code in codes):
            self._end("the broker does not let us subscribe")
            return
        self._subscribed.set()

    def _lost(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        self._end(f"connection lost: {code}")

    def _answered(
        self, _client: Client, _data: object, mid: int, _code: ReasonCode, _props: Properties | None
    ) -> None:
        self.unanswered.pop(mid, None)

    # --- the socket ----------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        if self._ended.is_set():
            return
        self.alive = False
        self.reason = reason
        self._ended.set()
        if self._more is not None:
            self._more.cancel()
        descriptor = -1 if self._socket is None else self._socket.fileno()
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)

    def _write_wanted(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._want_write)

    def _want_write(self) -> None:
        sock = self._socket if self._socket is not None else self._client.socket()
        if sock is not None and sock.fileno() >= 0 and not self._ended.is_set():
            self._loop.add_writer(sock.fileno(), self._writable, sock)

    def _writable(self, sock: Any) -> None:
        while self._client.want_write():
            if self._client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS or self._ended.is_set():
                return
            if self._client.want_write():
                return  # the socket is full; called again when it is not
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _readable(self) -> None:
        self._more = None
        received_at = now_us()
        for _ in range(READS_PER_TURN):
            try:
                data = self._client.read_socket()
            except BlockingIOError:
                return
            except OSError as error:
                self._end(f"connection lost: {error}")
                return
            if not data:
                self._end("the broker closed the connection")
                return
            self._take(self._unread + data if self._unread else data, received_at)
            if self._ended.is_set() or len(data) < READ_BYTES // 2:
                return
        # TLS may hold more that the socket does not show; and there is surely more to read.
        self._more = self._loop.call_soon(self._readable)

    def _take(self, data: bytes, received_at: int) -> None:
        """PUBLISH is taken here, all else is paho's."""
        try:
            packets, self._unread = cut(data)
        except NotMqttError as error:
            self._end(f"the broker sent what is not MQTT at QoS 0 or 1: {error}")
            return
        for packet in packets:
            if self._ended.is_set():
                return
            if isinstance(packet, Publish):
                self._publish(packet, received_at)
                continue
            self._client.unread += packet
            while self._client.unread and not self._ended.is_set():
                self._client.loop_read()

    def _publish(self, packet: Publish, received_at: int) -> None:
        mid = packet.mid
        if mid:
            if packet.dup and mid in self.in_hand:
                self.copies += 1  # a copy of what we still have: it will be acknowledged once
                return
            self.in_hand.add(mid)
        self._on_message(RawMessage(self, mid, packet.topic, packet.payload, packet.retain, received_at))
