"""Which gateway speaks for which station and which strike network, out of a site's `site.toml`."""

from collections.abc import Iterable
from typing import NamedTuple

from services.observation.site_problems import Findings
from services.observation.site_toml import read_site


class RouteError(ValueError):
    """A site file that cannot be used; the text holds one line for each problem."""


class Route(NamedTuple):
    """An agent's identity on the broker."""

    area: str
    gateway: str


class Routes(NamedTuple):
    """Stations and strike networks by the gateway that speaks for them."""

    stations: dict[str, Route]
    networks: dict[str, Route]

    def of_sensor(self, sensor: str) -> Route | None:
        """Who may send a sensor's readings; None where the site names nobody."""
        return self.stations.get(sensor.partition(".")[0])


def read_routes(site_toml: bytes) -> Routes:
    """Read the routes; the other site files are not needed to send.

    Raises:
        RouteError: the file has errors.
    """
    findings = Findings("site.toml", site_toml)
    site = read_site(findings, site_toml)
    errors = [str(problem) for problem in findings.problems if problem.level == "error"]
    if errors:
        raise RouteError("\n".join(errors))
    agents = {gateway.id: Route(gateway.area, gateway.id) for gateway in site.gateways.values()}
    stations = {
        station: agents[gateway.id] for gateway in site.gateways.values() for station in gateway.stations
    }
    named = {source.id: agents[source.gateway] for source in site.sources if source.gateway in agents}
    return Routes(stations, {**agents, **named})


def unrouted(sensors: Iterable[str], routes: Routes) -> list[str]:
    """The stations among these sensors for which no gateway speaks, sorted."""
    return sorted({sensor.partition(".")[0] for sensor in sensors if routes.of_sensor(sensor) is None})
