"""The site and the policy that run: what KV `site.current` names, and changes with it."""

import asyncio
from collections.abc import Collection, Mapping

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.observation import site_files
from services.observation.quantity import Property
from services.observation.site import ALERTING, Problem, Site
from services.policy.alerting import Policy, read_alerting
from services.runtime import logging, sites
from services.runtime.health import Health
from services.runtime.pause import pause

LOOK_S, FIRST_LOOK_S = 2.0, 0.3
UNREADABLE = "alerting-unreadable"
log = logging.get("running")


class Running:
    """What is in force. A version that can't be read leaves the last good one in force, and says so.

    Attributes:
        site, policy: what is in force; reading `site` before `known` raises LookupError.
        version: of the site's files, empty while nothing is known.
        changed: set at each change; whoever waits for it clears it. One waiter per `Running`.
    """

    def __init__(
        self,
        js: JetStreamContext,
        properties: Mapping[str, Property],
        hazards: Collection[str],
        health: Health | None = None,
    ) -> None:
        """Know nothing yet.

        Args:
            js: where the site is kept.
            properties: those that hazards add (`services.alerts.hazards.extra_properties()`).
            hazards: names of hazards (`services.alerts.hazards.hazards()`).
            health: where a file that can't be read is complained of.
        """
        self._js, self._properties, self._hazards, self._health = js, properties, tuple(hazards), health
        self._site: Site | None = None
        self._seen = ""
        self.policy = Policy()
        self.version = ""
        self.changed = asyncio.Event()

    @property
    def known(self) -> bool:
        """Whether there is a site."""
        return self._site is not None

    @property
    def site(self) -> Site:
        """The site in force.

        Raises:
            LookupError: none is known yet.
        """
        if self._site is None:
            msg = "no site is loaded yet"
            raise LookupError(msg)
        return self._site

    async def first(self, stop: asyncio.Event) -> bool:
        """Wait until a site is known; False when told to stop before."""
        while not self.known and not stop.is_set():
            await self._look_safely()
            if not self.known:
                await pause(stop, FIRST_LOOK_S)
        return self.known

    async def run(self, stop: asyncio.Event) -> None:
        """Look for another version until told to stop."""
        while not stop.is_set():
            await self._look_safely()
            await pause(stop, LOOK_S if self.known else FIRST_LOOK_S)

    async def look(self) -> bool:
        """Look once; True when something else is in force now."""
        current = await sites.current(self._js)
        if current is None or current.version == self._seen:
            return False
        files = await sites.files_of(self._js, current.version)
        # A large site takes its time to read, and alerts go on meanwhile.
        site, problems = await asyncio.to_thread(site_files.parse, files, self._properties)
        if site is None:
            self._complain(current.version, problems, site=False)
            return False
        policy, problems = read_alerting(files.get(ALERTING), site, self._hazards)
        self._seen = current.version
        if policy is None:
            self._complain(current.version, problems)
        elif self._health is not None:
            self._health.settle(UNREADABLE)
        self.show(site, self.policy if policy is None else policy)
        return True

    def show(self, site: Site, policy: Policy | None = None) -> None:
        """Put a site and its policy in force."""
        self._site, self.policy, self.version = site, policy or Policy(), site.version
        self.changed.set()
        log.info("site_in_force", version=site.version)

    async def _look_safely(self) -> None:
        try:
            await self.look()
        except (NatsError, APIError, TimeoutError, OSError, ValueError) as error:
            log.warning("site_unreadable", error=repr(error))

    def _complain(self, version: str, problems: list[Problem], *, site: bool = True) -> None:
        first = next(problem for problem in problems if problem.level == "error")
        log.warning("policy_unreadable", version=version, problem=str(first))
        self._seen = version
        vi, en = "vẫn theo bản đọc được gần nhất", "by the last one that could be"
        if not self.known:
            vi, en = "theo mặc định của chương trình", "by our defaults"
            if not site:
                vi, en = "chưa chạy được", "by nobody until it can be"
        if self._health is not None:
            self._health.complain(
                UNREADABLE,
                f"Bản {version[:12]} của địa bàn không đọc được ({first.file}:{first.line}: {first.what.vi})"
                f"; cách xử lý cảnh báo {vi}",
                f"site version {version[:12]} can't be read ({first.file}:{first.line}: {first.what.en})"
                f"; alerts are handled {en}",
            )
