"""Site versions: follows KV `site.current` and fetches what it names.

By polling: it costs one small request, and a watch of nats-py is deaf for ten seconds after a restart.
"""

import asyncio
from collections.abc import Mapping

from nats.js import JetStreamContext

from services.ingest.site_index import SiteIndex
from services.observation import site_files
from services.observation.quantity import Property
from services.runtime import logging
from services.runtime import sites as published
from services.runtime.health import Health
from services.runtime.nats import NatsError

POLL_S = 0.5

log = logging.get("ingest")


class SiteFeed:
    """`pending` is a version that was published and is not yet announced on the stream."""

    def __init__(
        self, js: JetStreamContext, properties: Mapping[str, Property] | None, health: Health
    ) -> None:
        """Know no site yet."""
        self._js, self._properties, self._health = js, dict(properties or {}), health
        self.pending: SiteIndex | None = None
        self._latest: SiteIndex | None = None
        self._refused = ""

    def index(self) -> SiteIndex | None:
        """The newest version we could read."""
        return self._latest

    async def first(self) -> SiteIndex:
        """The version that runs; waits until there is one."""
        while True:
            index = await self._look()
            if index is not None:
                self._health.settle("no_site")
                return index
            self._health.complain(
                "no_site",
                "Chưa có địa bàn nào; chạy `haidang site push DIR`",
                "there is no site yet; run `haidang site push DIR`",
            )
            await asyncio.sleep(POLL_S)

    async def follow(self, wake: asyncio.Event) -> None:
        """Set `pending` and wake the pump whenever another version runs."""
        while True:
            await asyncio.sleep(POLL_S)
            index = await self._look()
            if index is not None:
                self.pending = index
                wake.set()

    async def _look(self) -> SiteIndex | None:
        """The running version if it is not the one we have."""
        version = ""
        try:
            current = await published.current(self._js)
            if current is None:
                return None
            version = current.version
            if version == self._refused:
                return None
            if self._latest is not None and self._latest.site.version == version:
                self._settled()
                return None
            files = await published.files_of(self._js, version)
            index = await asyncio.to_thread(self._read, files)
        except ValueError as error:
            self._refused = version
            self._health.complain(
                "site_unreadable",
                f"Không đọc được phiên bản địa bàn {version}: {error}",
                f"site version {version} can't be read, the one before stays in force: {error}",
            )
            return None
        except (NatsError, TimeoutError) as error:
            log.warning("site_unknown", version=version, error=repr(error))
            return None
        self._settled()
        self._latest = index
        return index

    def _settled(self) -> None:
        self._refused = ""
        self._health.settle("site_unreadable")

    def _read(self, files: Mapping[str, bytes]) -> SiteIndex:
        site, problems = site_files.parse(files, self._properties)
        if site is None:
            raise ValueError(str(next(p for p in problems if p.level == "error")))
        return SiteIndex(site, self._properties)
