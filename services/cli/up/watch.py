"""Watching the services: what they say in KV `HEALTH`, shown to whoever sits at the terminal."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import MsgspecError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from services.cli.words import say
from services.observation.heartbeat import Complaint, Heartbeat, decode
from services.runtime.streams import HEALTH

LASTING_S = 3.0  # what heals earlier is not worth a line to whoever sits there
START_S, LASTING_AT_START_S = 10.0, 5.0  # services come up beside each other and wait for each other


class _Seen(NamedTuple):
    """A complaint, since when we see it, and whether it was printed."""

    complaint: Complaint
    since: float
    shown: bool


class Watch:
    """Polls heartbeats. A watcher of nats-py would be gone after a restart of the server."""

    def __init__(
        self, js: JetStreamContext, services: Iterable[str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._js, self._services, self._now = js, tuple(services), now
        self._begun = now()
        self._bucket: KeyValue | None = None
        self._seen: dict[tuple[str, str], _Seen] = {}
        self.heartbeats: dict[str, Heartbeat] = {}

    def expect(self, service: str) -> None:
        """One more service, which was not there at the start."""
        self._services = (*self._services, service)

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
        """Print complaints that last, and the end of those that were printed."""
        now = self._now()
        told = {
            (beat.service, said.code): said for beat in self.heartbeats.values() for said in beat.complaints
        }
        for service, code in [key for key in self._seen if key not in told]:
            if self._seen.pop((service, code)).shown:
                say(f"settled {service} {code} / đã ổn")
        for (service, code), complaint in told.items():
            before = self._seen.get((service, code))
            since = before.since if before else now
            printed = before is not None and before.shown and before.complaint.en == complaint.en
            if not printed and now - since >= self._patience(since):
                say(f"complaint {service} {code}: {complaint.en} / {complaint.vi}")
                printed = True
            shown = printed or (before is not None and before.shown)
            self._seen[service, code] = _Seen(complaint, since, shown)

    def _patience(self, since: float) -> float:
        return LASTING_AT_START_S if since - self._begun < START_S else LASTING_S


async def _read(bucket: KeyValue, service: str) -> Heartbeat | None:
    try:
        entry = await bucket.get(service)
        return decode(entry.value or b"")
    except (KeyNotFoundError, MsgspecError):
        return None
