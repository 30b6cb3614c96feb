"""Where a message holds: polygons, circles and codes of places. Pure.

The outlines of the alert's area; a circle where there are none, or where the place itself lies outside of
them. A telephone can't be warned by a name.
"""

from collections.abc import Iterable
from math import ceil

from services.alerts.lifecycle import Life
from services.cap.geometry import Point, distance_km, inside
from services.cap.message import Area, Named
from services.cap.outline import enlarged
from services.observation.sensor import Station
from services.observation.site import Area as Place
from services.observation.site import Site
from services.policy.publication import Publication

SCHEMES = {"VN-2025": "VN-ADM-2025", "VN-2004": "VN-ADM-2004"}
"""Our schemes of codes as geocodes call them (domain.md 7.1); any other goes by its own name."""


def area_of(life: Life, site: Site, policy: Publication, name: str) -> Area:
    """The area of a message about an alert, under a name."""
    area, station = site.areas.get(life.area), site.stations.get(life.station or "")
    outlines = () if area is None else area.outlines
    polygons = [[(lat, lon) for lon, lat in enlarged(ring)] for ring in outlines]
    if area is None and site.bounds is not None:
        west, south, east, north = site.bounds
        polygons = [[(south, west), (south, east), (north, east), (north, west), (south, west)]]
    circle: tuple[str, ...] = ()
    if station is not None and not any(inside((station.lat, station.lon), ring) for ring in polygons):
        circle = (_circle((station.lat, station.lon), policy.radius_km),)
    elif not polygons:
        circle = _around(
            [one for one in site.stations.values() if area is None or one.area == area.id], policy
        )
    return Area(
        area_desc=name,
        polygon=tuple(_ring(one) for one in polygons),
        circle=circle,
        geocode=() if area is None else _codes(area),
    )


def _around(stations: list[Station], policy: Publication) -> tuple[str, ...]:
    """One circle that holds every station, and as much around each as around one alone."""
    if not stations:
        return ()
    lats, lons = [one.lat for one in stations], [one.lon for one in stations]
    centre = ((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    furthest = max(distance_km(centre, (one.lat, one.lon)) for one in stations)
    return (_circle(centre, ceil((furthest + policy.radius_km) * 10) / 10),)


def _circle(centre: Point, km: float) -> str:
    return f"{centre[0]:.5f},{centre[1]:.5f} {km:g}"


def _ring(points: Iterable[Point]) -> str:
    return " ".join(f"{lat:.6f},{lon:.6f}" for lat, lon in points)


def _codes(area: Place) -> tuple[Named, ...]:
    return tuple(
        dict.fromkeys(
            Named(SCHEMES.get(code.scheme, code.scheme), code.code.rsplit("/", 1)[-1])
            for code in area.codes
            if code.end is None or code.scheme == "VN-2004"
        )
    )
