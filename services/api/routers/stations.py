"""Stations: places with sensors."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.api.context import Here
from services.api.errors import not_found
from services.api.filters import in_scope, place_area
from services.api.identity import Who
from services.api.params import Cursor, Limit, Slug
from services.api.responses import answer, cut, page
from services.api.running_site import RunningSite
from services.api.schemas import Page, Station
from services.observation.sensor import Station as SiteStation
from services.observation.text import Text

router = APIRouter(tags=["stations"])


@router.get("/stations", response_model=Page[Station], summary="Stations · Trạm")
async def list_stations(
    here: Here, who: Who, area: Slug = None, limit: Limit = 1000, after: Cursor = None
) -> Response:
    """Stations of the running site, by id.

    Các trạm của địa bàn đang chạy, theo id.
    """
    running = here.site
    place_area(area, running)
    in_scope(area, who)
    sensors = sensors_by_station(running)
    found = [
        station
        for name, station in sorted(running.site.stations.items())
        if (area is None or station.area == area)
        and (after is None or name > after)
        and who.sees(station.area)
    ]
    items, more = cut(found[: limit + 1], limit)
    shown = [show(station, sensors.get(station.id, [])) for station in items]
    return page(shown, items[-1].id if more else None)


@router.get("/stations/{station}", response_model=Station, summary="One station · Một trạm")
async def get_station(here: Here, who: Who, station: str) -> Response:
    """A station by its id.

    Một trạm theo id.
    """
    found = here.site.site.stations.get(station)
    if found is None or not who.sees(found.area):
        raise not_found(Text(f"không có trạm {station[:80]!r}", f"there is no station {station[:80]!r}"))
    return answer(show(found, sensors_by_station(here.site).get(station, [])))


def sensors_by_station(running: RunningSite) -> dict[str, list[str]]:
    """Ids of sensors by station."""
    found: dict[str, list[str]] = {}
    for sensor in running.sensors.values():
        found.setdefault(sensor.station, []).append(sensor.id)
    return found


def show(station: SiteStation, sensors: list[str]) -> dict[str, Any]:
    """A station as it is answered."""
    return {
        "id": station.id,
        "name": station.name,
        "area": station.area,
        "lon": station.lon,
        "lat": station.lat,
        "gateway": station.gateway,
        "attributes": station.attributes,
        "sensors": sensors,
    }
