"""A real nats-server with our streams and a site, and ingest as a process on it. No database, no engine."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nats.aio.client import Client as Nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from services.observation import batch, messages
from services.observation.heartbeat import Heartbeat, decode
from services.observation.site import bundle, version_of
from services.runtime.follow import Follower, Message
from services.runtime.settings import child_environment
from services.runtime.streams import Limits, ensure_streams
from tests.support.broker import binary, free_port
from tests.support.waiting import until

Reading = tuple[str, int, float]


class Rig:
    """The server and the process; each can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        """Choose ports; nothing runs yet."""
        self.folder = folder
        self.nats_port, self.mqtt_port = free_port(), free_port()
        self.url = f"nats://127.0.0.1:{self.nats_port}"
        self._marks: dict[str, int] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self.ingest: subprocess.Popen[bytes] | None = None

    # --- the server ----------------------------------------------------------------------------

    def start_server(self) -> None:
        """Start, and wait until it answers."""
        config = self.folder / "nats.conf"
        config.write_text(
            f'server_name: test\nhost: "127.0.0.1"\nport: {self.nats_port}\nmax_payload: 8MB\n'
            f'jetstream {{ store_dir: "{self.folder}/js", sync_interval: "100ms" }}\n'
            f'mqtt {{ host: "127.0.0.1", port: {self.mqtt_port}, ack_wait: "2s", max_ack_pending: 4096 }}\n'
        )
        with (self.folder / "nats.log").open("ab") as log:
            self._server = subprocess.Popen([binary(), "-c", str(config)], stdout=log, stderr=log)
        until(lambda: self.ask(_alive), 20, "nats-server to answer")

    def kill_server(self) -> None:
        """As a crash."""
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait(40)
            self._server = None

    def ask(self, question: Any) -> Any:
        """Run `question(js)` on a connection of its own; None when there is no answer, or no such thing."""

        async def on_connection() -> Any:
            client = Nats()
            try:
                await client.connect(self.url, connect_timeout=5, allow_reconnect=False, error_cb=_quiet)
                return await question(client.jetstream())
            finally:
                await _closed(client)

        try:
            return asyncio.run(on_connection())
        except (OSError, NatsError):
            return None

    def push_site(self, files: Mapping[str, bytes]) -> str:
        """Make streams if need be, and publish a site version."""
        version = version_of(files)

        async def push(js: JetStreamContext) -> str:
            await ensure_streams(js, Limits(1 << 30, 64 << 20, 64 << 20))
            await (await js.object_store("SITES")).put(version, bundle(files))
            value = json.dumps({"version": version, "t": time.time_ns() // 1000}).encode()
            await (await js.key_value("STATE")).put("site.current", value)
            return version

        until(lambda: self.ask(push) == version, 20, "the site to be published")
        return version

    # --- ingest --------------------------------------------------------------------------------

    def start_ingest(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Start the process, and wait until it says that it is ready."""
        environment = child_environment({"nats": self.url, "mqtt": f"127.0.0.1:{self.mqtt_port}"})
        with (self.folder / "ingest.log").open("ab") as log:
            self.ingest = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "ingest"], env=environment, stdout=log, stderr=log
            )
        if wait:
            until(self.is_ready, 20, f"ingest to be ready; see {self.folder}/ingest.log")
        return self.ingest

    def pids(self) -> tuple[int, int]:
        """Of ingest and of the server."""
        assert self.ingest is not None
        assert self._server is not None
        return self.ingest.pid, self._server.pid

    def kill_ingest(self) -> None:
        """As a crash."""
        self._end_ingest(signal.SIGKILL)

    def stop_ingest(self) -> int:
        """As an operator would; the exit code."""
        return self._end_ingest(signal.SIGTERM)

    def _end_ingest(self, how: signal.Signals) -> int:
        process, self.ingest = self.ingest, None
        if process is None:
            return 0
        process.send_signal(how)
        return process.wait(40)

    def health(self) -> Heartbeat | None:
        """The last heartbeat of the process that runs now."""

        async def read(js: JetStreamContext) -> Heartbeat | None:
            entry = await (await js.key_value("HEALTH")).get("ingest")
            return decode(entry.value or b"")

        found: Heartbeat | None = self.ask(read)
        return found if found and self.ingest and found.pid == self.ingest.pid else None

    def is_ready(self) -> bool:
        """Whether the process says so."""
        assert self.ingest is None or self.ingest.poll() is None, (
            f"ingest ended; see {self.folder}/ingest.log"
        )
        health = self.health()
        return health is not None and health.ready

    # --- what came out -------------------------------------------------------------------------

    def mark(self) -> None:
        """What is in the streams by now belongs to another test."""

        async def ends(js: JetStreamContext) -> dict[str, int]:
            return {name: (await js.stream_info(name)).state.last_seq for name in ("READINGS", "REJECTS")}

        until(lambda: self._found(ends), 10, "the ends of the streams")

    def _found(self, ends: Any) -> bool:
        found = self.ask(ends)
        self._marks = found or {}
        return found is not None

    def stream(self, name: str = "READINGS") -> list[tuple[str, str, bytes]]:
        """(subject, kind, data) of every message of a stream since the mark."""
        after = self._marks.get(name, 0)

        async def read(js: JetStreamContext) -> list[tuple[str, str, bytes]]:
            end = (await js.stream_info(name)).state.last_seq
            follower = Follower(js, name, [], after)
            out: list[Message] = []
            while end > after and (not out or out[-1].sequence < end):
                out += await follower.fetch(1_000, 5.0)
            return [(m.subject, m.kind, m.data) for m in out if m.sequence <= end]

        return self.ask(read) or []

    def batches(self) -> list[batch.Batch]:
        """Every batch on READINGS, in order."""
        return [batch.decode(data) for _, kind, data in self.stream() if kind == messages.READINGS]

    def readings(self) -> list[Reading]:
        """Every reading on READINGS as (sensor, µs, value), in order."""
        out: list[Reading] = []
        for one in self.batches():
            rows = zip(one.sensor.tolist(), one.time.tolist(), one.value.tolist(), strict=True)
            out += [(one.sensors[s], t, v) for s, t, v in rows]
        return out

    def rejects(self) -> list[dict[str, Any]]:
        """Every reject that was kept."""
        return [json.loads(data) for _, _, data in self.stream("REJECTS")]


async def _closed(client: Nats) -> None:
    """Close it, and wait until the loop has let go of its socket, also where it came to no greeting."""
    transport = client._transport
    with suppress(OSError, NatsError, TimeoutError):
        await client.close()
    if transport is not None:
        transport.close()  # type: ignore[no-untyped-call]
        with suppress(OSError, TimeoutError):
            await transport.wait_closed()  # type: ignore[no-untyped-call]


async def _quiet(_error: Exception) -> None:
    """A server that is not there yet is what we wait for."""


async def _alive(js: JetStreamContext) -> bool:
    await js.account_info()
    return True


@contextmanager
def running(folder: Path, files: Mapping[str, bytes]) -> Iterator[Rig]:
    """Server, streams, site and ingest; all stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    rig = Rig(folder)
    rig.start_server()
    try:
        rig.push_site(files)
        rig.start_ingest()
        yield rig
    finally:
        rig.kill_ingest()
        rig.kill_server()


class Device:
    """Whatever sends to us over MQTT, rightly or wrongly; also hears what is said to a gateway."""

    def __init__(self, rig: Rig, name: str = "device", hears: str = "") -> None:
        """Connect; `hears` is a topic to subscribe to."""
        self.heard: list[tuple[str, bytes]] = []
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name)
        self._client.max_inflight_messages_set(5_000)
        self._client.on_message = lambda _c, _d, m: self.heard.append((m.topic, bytes(m.payload)))
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda c, *_: c.subscribe(hears, 1) if hears else self._ready.set()
        self._client.connect("127.0.0.1", rig.mqtt_port)
        self._client.loop_start()
        assert self._ready.wait(40)

    def send(self, topic: str, payload: bytes, *, wait: bool = True) -> MQTTMessageInfo:
        """Publish at QoS 1, and wait for the PUBACK."""
        info = self._client.publish(topic, payload, qos=1)
        if wait:
            info.wait_for_publish(60)
        return info

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()
