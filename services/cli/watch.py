"""Watching the services: what they say in KV `HEALTH`, shown to whoever sits at the terminal."""

import asyncio
from collections.abc import Iterable

from msgspec import MsgspecError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from services.cli.words import say
from services.observation.heartbeat import Complaint, Heartbeat, decode
from services.runtime.streams import HEALTH


class Watch:
    """Polls heartbeats. A watcher of nats-py would be gone after a restart of the server."""

    def __init__(self, js: JetStreamContext, services: Iterable[str]) -> None:
        self._js, self._services = js, tuple(services)
        self._bucket: KeyValue | None = None
        self._shown: dict[tuple[str, str], Complaint] = {}
        self.heartbeats: dict[str, Heartbeat] = {}

    async def poll(self) -> bool:
        """Read all heartbeats and show what changed; False when JetStream did not answer."""
        try:
            bucket = self._bucket or await self._js.key_value(HEALTH)
            self._bucket = bucket
            found = await asyncio.gather(*(_read(bucket, name) for name in self._services))
        except (NatsError, TimeoutError):
            return False
        self.heartbeats = {beat.service: beat for beat in found if beat is not None}
        self._show()
        return True

    def is_ready(self, service: str, pid: int | None) -> bool:
        """Whether this very process of the service says so; its predecessor's word does not count."""
        beat = self.heartbeats.get(service)
        return beat is not None and beat.ready and beat.pid == pid

    def _show(self) -> None:
        now = {
            (beat.service, said.code): said for beat in self.heartbeats.values() for said in beat.complaints
        }
        for (service, code), complaint in now.items():
            before = self._shown.get((service, code))
            if before is None or before.en != complaint.en:
                say(f"complaint {service} {code}: {complaint.en} / {complaint.vi}")
        for service, code in self._shown.keys() - now.keys():
            say(f"settled {service} {code} / đã ổn")
        self._shown = now


async def _read(bucket: KeyValue, service: str) -> Heartbeat | None:
    try:
        entry = await bucket.get(service)
        return decode(entry.value or b"")
    except (KeyNotFoundError, MsgspecError):
        return None
