"""The other side of the agent's protocol, in a few lines: for tests of the agent alone.

It says `seen` and `stored` for what it took, and `want` for what it must have missed.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from services.observation import topics
from services.observation.envelope import RawEnvelope, encode_ack
from services.observation.ranges import Ranges


class StubIngest:
    """Takes packs in memory. `ignore(head)` true: that message is as if it had never come."""

    def __init__(self, port: int, ignore: Callable[[RawEnvelope], bool] = lambda _: False) -> None:
        """Connect and subscribe, with a session of its own that survives."""
        self.records: dict[tuple[str, int], bytes] = {}
        self.order: list[tuple[str, int]] = []
        self.plain: list[tuple[str, bytes]] = []
        self.status: dict[str, list[str]] = defaultdict(list)
        self.messages = 0
        self._seen: dict[tuple[str, str, str], Ranges] = defaultdict(Ranges)
        self._gone: dict[tuple[str, str, str], Ranges] = defaultdict(Ranges)
        self._ignore = ignore
        self._stop = threading.Event()
        self._dirty: set[tuple[str, str, str]] = set()
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="stub-ingest", clean_session=False)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe([(f, 1) for f in topics.UPLINK])
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not self._ready.wait(40):
            msg = "the stub could not subscribe"
            raise AssertionError(msg)
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        topic = topics.parse(message.topic)
        if topic is None:
            return
        if topic.kind is topics.Kind.STATUS:
            self.status[topic.gateway].append(message.payload.decode())
            return
        if message.payload[:1] == b"[":
            self.plain.append((message.topic, bytes(message.payload)))
            return
        head = msgspec.json.decode(message.payload, type=RawEnvelope)
        self.messages += 1
        if self._ignore(head):
            return
        key = (topic.area, topic.gateway, head.buf)
        if (head.buf, head.seq) not in self.records:
            self.order.append((head.buf, head.seq))
            self.records[head.buf, head.seq] = bytes(head.records)
        self._seen[key].add(head.seq)
        for first, last in head.lost:
            self._gone[key].add(first, last)
        if head.first > 1:
            self._gone[key].add(1, head.first - 1)
        self._dirty.add(key)

    def _answer(self) -> None:
        while not self._stop.wait(0.1):
            for key in list(self._dirty):
                self._dirty.discard(key)
                self.say(key)

    def say(self, key: tuple[str, str, str]) -> None:
        """Publish the present sets of one agent."""
        area, gateway, buf = key
        seen = Ranges(self._seen[key])  # a copy: the other thread goes on adding
        closed = Ranges([*seen, *self._gone[key]])
        top = max((last for _, last in seen), default=0)
        want = [list(hole) for hole in closed.missing(1, top)]
        for kind, ranges in (("seen", seen.as_list()), ("stored", seen.as_list()), ("want", want)):
            self._client.publish(topics.ack(area, gateway), encode_ack(kind, buf, ranges), qos=1)

    def readings(self) -> list[Any]:
        """All records, in the order their packs first came."""
        return [record for key in self.order for record in msgspec.json.decode(self.records[key])]

    def close(self) -> None:
        """End both threads."""
        self._stop.set()
        self._thread.join(5)
        self._client.disconnect()
        self._client.loop_stop()
