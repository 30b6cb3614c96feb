"""One MQTT connection of the agent. A lost one is thrown away with everything that belonged to it."""

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

KEEPALIVE_S = 15
OPENING_S = 10.0
CLOSING_S = 2.0


class LinkError(OSError):
    """The broker could not be reached, or refused us; the text says which."""


class Link:
    """A connection that is up, or raises. Not for several threads: one thread turns it.

    Attributes:
        delivered: seqs PUBACKed since they were last taken out.
        heard: payloads that came on the acknowledgement topic since they were last taken out.
        commands: the same of the topic of commands.
    """

    def __init__(  # noqa: PLR0913  an address, an identity, and what to say
        self,
        host: str,
        port: int,
        client_id: str,
        *,
        username: str | None = None,
        password: str | None = None,
        status_topic: str | None = None,
        ack_topic: str | None = None,
        command_topic: str | None = None,
        window: int = 128,
        monotonic: Callable[[], float] = time.monotonic,
        give_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """Describe the connection; `open` makes it. Without status and ack topics it only publishes.

        `give_up` is asked while opening: who is told to stop shall not wait for a broker that is silent.
        """
        self._address = (host, port)
        self._status_topic = status_topic
        self._ack_topic = ack_topic
        self._command_topic = command_topic
        self._monotonic = monotonic
        self._seqs: dict[int, int] = {}
        self._refused: str | None = None
        self._accepted = False
        self._subscribed = False
        self._lost = False
        self._opened = False
        self._give_up = give_up
        self.delivered: list[int] = []
        self.heard: list[bytes] = []
        self.commands: list[bytes] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, reconnect_on_failure=False
        )
        self._client.max_inflight_messages_set(window + 2)  # ours is the window; theirs must never queue
        self._client.connect_timeout = OPENING_S
        if username is not None:
            self._client.username_pw_set(username, password)
        if status_topic is not None:
            self._client.will_set(status_topic, b"offline", qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect

    def open(self) -> None:
        """Connect, subscribe, then say `online`: what is published for us at that word must find us here.

        Raises:
            LinkError: no broker there, or it refused.
        """
        host, port = self._address
        try:
            self._client.connect(host, port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            msg = f"no MQTT broker at {host}:{port} ({error}); is it running, and is the address right?"
            raise LinkError(msg) from error
        sock = self._client.socket()
        if isinstance(sock, socket.socket):  # small packs shall not wait for more to come
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._until(lambda: self._accepted, "did not answer CONNECT")
        # Acknowledgements come again whenever one could be missing, so they need no delivery state. At QoS 1
        # each gateway is a consumer of the broker's own stream, and for each that leaves nats-server looks
        # through that stream for all others: with 300 gateways and a backlog it answered nobody for minutes.
        for topic, qos in ((self._ack_topic, 0), (self._command_topic, 1)):
            if topic is not None:
                self._subscribed = False
                self._client.subscribe(topic, qos=qos)
                self._until(lambda: self._subscribed, f"did not answer the subscription to {topic}")
        if self._status_topic is not None:
            self._client.publish(self._status_topic, b"online", qos=1, retain=True)
        self._opened = True

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = self._monotonic() + OPENING_S
        while not reached():
            late = self._monotonic() > deadline or self._give_up()
            if self._refused is not None or late or not self.turn(0.2):
                msg = f"the MQTT broker at {self._address[0]}:{self._address[1]} {self._refused or otherwise}"
                raise LinkError(msg)

    def publish(self, topic: str, payload: bytes, seq: int) -> bool:
        """Publish at QoS 1; the seq stands in `delivered` when the broker has it. False: connection gone."""
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost = True
            return False
        self._seqs[info.mid] = seq
        return True

    def turn(self, timeout_s: float, wake: socket.socket | None = None) -> bool:
        """Wait for the network or the wake-up at most so long, do what is due; False: connection gone."""
        sock = self._client.socket()
        if sock is None or self._lost:
            return False
        reading: list[Any] = [sock] if wake is None else [sock, wake]
        try:
            readable, writable, _ = select.select(
                reading, [sock] if self._client.want_write() else [], [], timeout_s
            )
        except (OSError, ValueError):
            return False
        if sock in readable:
            self._client.loop_read()
        if sock in writable:
            self._client.loop_write()
        if wake is not None and wake in readable:
            with suppress(BlockingIOError):
                wake.recv(4096)
        self._client.loop_misc()
        return self._client.socket() is not None and not self._gone()

    def _gone(self) -> bool:
        return self._lost

    def close(self) -> None:
        """Say `offline`, wait shortly until the broker has it, and go."""
        if self._client.socket() is not None and self._opened and not self._lost:
            if self._status_topic is not None:
                info = self._client.publish(self._status_topic, b"offline", qos=1, retain=True)
                deadline = self._monotonic() + CLOSING_S
                while not info.is_published() and self._monotonic() < deadline and self.turn(0.1):
                    pass
            self._client.disconnect()
            self._client.loop_write()
        sock = self._client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.close()

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _props: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused = f"refused us: {reason.getName()}; check the user and the password"
        else:
            self._accepted = True

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _props: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = (
                f"refused a subscription, to {self._ack_topic} perhaps; check the gateway's account"
            )
        else:
            self._subscribed = True

    def _on_publish(
        self, _client: Client, _data: object, mid: int, _reason: ReasonCode, _props: Properties | None
    ) -> None:
        seq = self._seqs.pop(mid, None)
        if seq is not None:
            self.delivered.append(seq)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        found = self.commands if message.topic == self._command_topic else self.heard
        found.append(bytes(message.payload))

    def _on_disconnect(self, *_: object) -> None:
        self._lost = True
