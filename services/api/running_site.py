"""The running site: stations, sensors, gateways and rules of the version that is in force."""

import asyncio

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.hazards import derivations, extra_properties, hazards, properties, strike_derivations
from services.alerts.rule import Rule, parse_rules
from services.api.errors import away
from services.observation import site_files
from services.observation.sensor import Sensor, Station
from services.observation.site import ALERTING, Site
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE
from services.policy.alerting import Policy, read_alerting
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
        self.policy = Policy()
        """How alerts are handled there; of a file that can't be read, the last one that could."""

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
        policy, _ = read_alerting(files.get(ALERTING), site, tuple(hazards()))
        self.policy = policy or self.policy
        self.show(site)
        log.info("site_shown", version=site.version, stations=len(site.stations), sensors=len(self._sensors))


def derived_sensors(site: Site) -> dict[str, Sensor]:
    """The sensors that the engine computes and publishes at this site's stations."""
    found: dict[str, Sensor] = {}
    by_property: dict[str, list[Sensor]] = {}
    for sensor in site.sensors.values():
        by_property.setdefault(sensor.property, []).append(sensor)
    taken = set(site.sensors)
    for one in derivations():
        floor = one.above.resolve if one.above is not None else None
        for source, station in _places(site, by_property.get(one.source, []), anywhere=one.anywhere):
            at_home = set(one.needs) <= set(station.attributes)
            names = [f"{station.id}.{output}" for output in one.outputs]
            unanswered = floor is not None and floor(station.attributes) is None
            if not at_home or unanswered or taken.intersection(names):
                continue
            taken.update(names)
            for name, output in zip(names, one.outputs, strict=True):
                sensor = _made(name, station, output, source)
                by_property.setdefault(output, []).append(sensor)
                if output in properties():  # else it only feeds others, and is published nowhere
                    found[name] = sensor
    for struck in strike_derivations() if any(not source.adapter for source in site.sources) else ():
        for station in site.stations.values():
            names = [f"{station.id}.{output}" for output in struck.outputs]
            if set(struck.needs) <= set(station.attributes) and not taken.intersection(names):
                taken.update(names)
                found |= {
                    n: _made(n, station, output, None)
                    for n, output in zip(names, struck.outputs, strict=True)
                }
    return found


def _places(site: Site, sources: list[Sensor], *, anywhere: bool) -> list[tuple[Sensor, Station]]:
    """Where something may be derived from these sensors, and the one that sets its pace there."""
    if not anywhere:
        return [(source, site.stations[source.station]) for source in sources]
    pairs = [(_pace(site, sources, station), station) for station in site.stations.values()]
    return [(source, station) for source, station in pairs if source is not None]


def _pace(site: Site, sources: list[Sensor], station: Station) -> Sensor | None:
    """Of the station itself, else of its area, else of the whole site."""
    for area in (None, station.area, SITE_SCOPE):
        for source in sources:
            if source.station == station.id if area is None else site.stations[source.station].area == area:
                return source
    return None


def _made(name: str, station: Station, output: str, source: Sensor | None) -> Sensor:
    made = properties().get(output)
    return Sensor(
        id=name,
        station=station.id,
        property=output,
        unit=made.unit if made is not None else "1",
        raw_unit=made.unit if made is not None else "1",
        interval_s=source.interval_s if source is not None else 0.0,
        reports=source.reports if source is not None else "on_change",
        clock=source.clock if source is not None else "measured",
        fail_min=None,
        fail_max=None,
        suspect_min=None,
        suspect_max=None,
        rate_per_s=None,
        spike=None,
        derived=True,
    )
