"""Sensors and what they observed."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.alerts.hazards import properties
from services.api import queries
from services.api.context import Context, Here
from services.api.errors import Problem, invalid, not_found
from services.api.filters import in_scope, one_of, place_area
from services.api.identity import Who
from services.api.params import Cursor, Every, From, Limit, Slug, To, read_instant, span
from services.api.responses import answer, cut, page
from services.api.schemas import ObservationPage, Page, Sensor, SensorDetail
from services.api.wording import UnreadableError
from services.observation.instants import iso
from services.observation.sensor import CANARY
from services.observation.sensor import Sensor as SiteSensor
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["sensors"])


@router.get("/sensors", response_model=Page[Sensor], summary="Sensors · Cảm biến")
async def list_sensors(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    station: Slug = None,
    property: Slug = None,  # noqa: A002  the name of the parameter for clients
    area: Slug = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """Sensors of the running site, by id; also those that the engine computes (`derived`).

    Các cảm biến của địa bàn, theo id, kể cả đại lượng do hệ thống tính (`derived`).
    """
    areas = here.site.site.stations
    one_of("station", station, areas)
    place_area(area, here.site)
    in_scope(area, who)
    if property is not None and property not in properties():
        # One that only this site has: it declared the unit.
        one_of("property", property, {*properties(), *(each.property for each in here.site.sensors.values())})
    found = (
        sensor
        for name, sensor in here.site.sensors.items()
        if (after is None or name > after)
        and (station is None or sensor.station == station)
        and (property is None or sensor.property == property)
        and (area is None or areas[sensor.station].area == area)
        and who.sees(areas[sensor.station].area)
    )
    items, more = cut([sensor for sensor, _ in zip(found, range(limit + 1), strict=False)], limit)
    return page([show(here, sensor) for sensor in items], items[-1].id if more else None)


@router.get("/sensors/{sensor}", response_model=SensorDetail, summary="One sensor · Một cảm biến")
async def get_sensor(here: Here, who: Who, sensor: str) -> Response:
    """A sensor by its id, with its newest observation.

    Một cảm biến theo id, kèm số liệu mới nhất.
    """
    found = here.site.sensors.get(sensor)
    if found is None or not visible(here, who, sensor):
        raise _unknown(sensor)
    try:
        last, history = await queries.last_observation(here.database, sensor), "ok"
    except Problem:
        last, history = None, "away"
    return answer({**show(here, found), "last": last, "history": history})


@router.get(
    "/sensors/{sensor}/observations", response_model=ObservationPage, summary="Observations · Số liệu"
)
async def list_observations(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    sensor: str,
    start: From = None,
    to: To = None,
    every: Every = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """Observations of a sensor in [from, to), by time: raw, or in buckets of `every`.

    Buckets begin at multiples of their width since 2000-01-01 UTC. An interval without observations
    has no bucket.

    Số liệu của một cảm biến trong [from, to), theo thời gian: gốc, hoặc gộp theo `every`.
    """
    if not visible(here, who, sensor):
        raise _unknown(sensor)
    start, end = span(start, to, here.clock())
    if after is not None:
        start = max(start, _resume(after))
        if start >= end:
            return page([], None, sensor=sensor, unit=_unit(here, sensor), every_s=every)
    number = await _number(here, sensor)
    following: str | None = None
    items: Sequence[dict[str, Any]] = []
    if number is not None and every is None:
        found = await queries.observations(here.database, number, start, end, limit + 1)
        items, more = cut(found, limit)
        # Times are a key, so the page after begins one microsecond behind this one's end.
        following = queries.next_instant(items[-1]["time"]) if more else None
    elif number is not None and every is not None:
        items, rest = await queries.buckets(here.database, number, start, end, every, limit)
        following = None if rest is None else iso(rest)
    return page(items, following, sensor=sensor, unit=_unit(here, sensor), every_s=every)


def visible(here: Context, who: Principal, sensor: str) -> bool:
    """Whether somebody may see a sensor; one of the past that no area claims takes an account for all."""
    found = here.site.sensors.get(sensor) if who.areas is not None else None
    return who.areas is None or (found is not None and who.sees(here.site.site.stations[found.station].area))


async def _number(here: Context, sensor: str) -> int | None:
    """Number in the history; None when it is declared and has no observation.

    Raises:
        Problem: 404 when neither the site nor the history knows it.
    """
    if sensor == CANARY or "\0" in sensor:
        raise _unknown(sensor)
    number = await queries.sensor_id(here.database, sensor)
    if number is None and sensor not in here.site.sensors:
        raise _unknown(sensor)
    return number


def _resume(after: str) -> int:
    try:
        return read_instant(after)
    except UnreadableError as error:
        raise invalid(error.text, "after") from error


def _unit(here: Context, sensor: str) -> str | None:
    found = here.site.sensors.get(sensor)
    return None if found is None else found.unit


def _unknown(sensor: str) -> Problem:
    name = sensor[:80]
    return not_found(Text(f"không có cảm biến {name!r}", f"there is no sensor {name!r}"))


def show(here: Context, sensor: SiteSensor) -> dict[str, Any]:
    """A sensor as it is answered."""
    known = properties().get(sensor.property)
    return {
        "id": sensor.id,
        "station": sensor.station,
        "area": here.site.site.stations[sensor.station].area,
        "property": sensor.property,
        "name": known.text if known else Text(sensor.property, sensor.property),
        "unit": sensor.unit,
        "interval_s": sensor.interval_s,
        "reports": sensor.reports,
        "clock": sensor.clock,
        "derived": sensor.derived,
        "fail_min": sensor.fail_min,
        "fail_max": sensor.fail_max,
        "suspect_min": sensor.suspect_min,
        "suspect_max": sensor.suspect_max,
        "rate_per_s": sensor.rate_per_s,
        "spike": sensor.spike,
    }
