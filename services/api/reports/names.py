"""The running site, as far as a report needs it: names, places, what is expected of sensors."""

from services.alerts.hazards import hazards
from services.alerts.hazards._env_aqi import CLASSES
from services.alerts.hazards.system import GATEWAY_SILENT
from services.api.reports.job import Names, Place, Told
from services.api.running_site import RunningSite


def names_of(running: RunningSite) -> Names:
    """Everything that is named in a report.

    Raises:
        Problem: 503 while there is no site.
    """
    site = running.site
    of_station = {station: gateway.id for gateway in site.gateways.values() for station in gateway.stations}
    return Names(
        site=site.id,
        name=site.name,
        zone=site.zone,
        areas={name: area.name for name, area in site.areas.items()},
        hazards={name: hazard.text for name, hazard in hazards().items()},
        stations=[
            Place(
                one.id, one.name, one.area, one.gateway or of_station.get(one.id), one.lat, one.lon,
                one.attributes.get("lamp_wattage"),
            )
            for one in site.stations.values()
        ],
        sensors=[
            Told(
                one.id, one.station, one.property, one.interval_s,
                one.reports == "periodic" and not one.derived,
            )
            for one in running.sensors.values()
        ],
        gateways={name: gateway.area for name, gateway in site.gateways.items()},
        air_classes=[(one.least, one.text) for one in CLASSES],
        silent_rules=[GATEWAY_SILENT],
    )  # fmt: skip
