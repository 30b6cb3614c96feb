"""The running site: stations, sensors, gateways and rules of the version that is in force."""

import asyncio

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.hazards import derivations, extra_properties, properties
from services.alerts.rule import Rule, parse_rules
from services.api.errors import away
from services.observation import site_files
from services.observation.sensor import Sensor
from services.observation.site import Site
from services.observation.text import Text
from services.runtime import logging, sites

LOOK_S = 2.0
_NONE = Text(
    "chưa có địa bàn nào được nạp; chạy `haidang site push`", "no site is loaded yet; run `haidang site push`"
)
log = logging.get("api_site")


class RunningSite:
    """Holds the site of KV `site.current` and changes with it."""

    def __init__(self, js: JetStreamContext) -> None:
        """Start without a site."""
        self._js = js
        self._site: Site | None = None
        self._sensors: dict[str, Sensor] = {}
        self._rules: list[Rule] = []

    @property
    def known(self) -> bool:
        """Whether there is a site."""
        return self._site is not None

    @property
    def site(self) -> Site:
        """The site.

        Raises:
            Problem: 503 while there is none.
        """
        if self._site is None:
            raise away(_NONE, retry_s=2, code="no-site")
        return self._site

    @property
    def sensors(self) -> dict[str, Sensor]:
        """Declared and derived sensors by id, in order of the id."""
        _ = self.site
        return self._sensors

    @property
    def rules(self) -> list[Rule]:
        """Rules in force: the site's own and the hazards' defaults."""
        _ = self.site
        return self._rules

    def show(self, site: Site) -> None:
        """Put a site in place."""
        sensors = site.sensors | derived_sensors(site)
        self._sensors = dict(sorted(sensors.items()))
        self._rules = parse_rules(site)[0]
        self._site = site

    async def run(self, stop: asyncio.Event) -> None:
        """Look for another version until told to stop."""
        while not stop.is_set():
            try:
                await self._look()
            except (NatsError, APIError, TimeoutError, ValueError, sites.SiteError) as error:
                log.warning("site_unreadable", error=repr(error))
            try:
                async with asyncio.timeout(LOOK_S if self._site else 0.5):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        current = await sites.current(self._js)
        if current is None or (self._site is not None and current.version == self._site.version):
            return
        files = await sites.files_of(self._js, current.version)
        # A large site takes its time to read, and requests go on meanwhile.
        site, problems = await asyncio.to_thread(site_files.parse, files, extra_properties())
        if site is None:
            msg = f"site version {current.version} can't be read: {problems[0]}"
            raise sites.SiteError(msg)
        self.show(site)
        log.info("site_shown", version=site.version, stations=len(site.stations), sensors=len(self._sensors))


def derived_sensors(site: Site) -> dict[str, Sensor]:
    """The sensors that the engine computes at this site's stations."""
    found: dict[str, Sensor] = {}
    by_source: dict[str, list[Sensor]] = {}
    for sensor in site.sensors.values():
        by_source.setdefault(sensor.property, []).append(sensor)
    for derivation in derivations():
        for source in by_source.get(derivation.source, ()):
            attributes = site.stations[source.station].attributes
            unanswered = derivation.above is not None and derivation.above.resolve(attributes) is None
            names = [f"{source.station}.{output}" for output in derivation.outputs]
            if unanswered or not set(derivation.needs) <= set(attributes) or any(n in found for n in names):
                continue
            for name, output in zip(names, derivation.outputs, strict=True):
                made = properties()[output]
                found[name] = Sensor(
                    id=name,
                    station=source.station,
                    property=made.name,
                    unit=made.unit,
                    raw_unit=made.unit,
                    interval_s=source.interval_s,
                    reports=source.reports,
                    clock=source.clock,
                    fail_min=None,
                    fail_max=None,
                    suspect_min=None,
                    suspect_max=None,
                    rate_per_s=None,
                    spike=None,
                    derived=True,
                )
                by_source.setdefault(output, []).append(found[name])
    return found
