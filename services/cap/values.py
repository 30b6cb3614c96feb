"""Times, points and circles as CAP writes them. Pure."""

import re
from datetime import datetime

_POINT = re.compile(r"([-+]?\d+(?:\.\d+)?),([-+]?\d+(?:\.\d+)?)")
DECIMAL = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+](?:0\d|1[0-3]):[0-5]\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]14:00"
)


def time_of(text: str) -> datetime | None:
    """A dateTime of CAP: no fraction, no Z; None where it is not one."""
    stripped = text.strip(" \t\r\n")
    if not _TIME.fullmatch(stripped):
        return None
    try:
        return datetime.fromisoformat(stripped)
    except ValueError:
        return None


def points_of(polygon: str) -> list[tuple[float, float]] | None:
    """(latitude, longitude) of each point of a polygon; None where one is not a place on Earth."""
    found = [_point(piece) for piece in polygon.split()]
    return None if None in found else [point for point in found if point is not None]


def circle_of(circle: str) -> tuple[float, float, float] | None:
    """(latitude, longitude, km) of a circle; None where it is not one."""
    pieces = circle.split()
    point = _point(pieces[0]) if len(pieces) == 2 else None  # noqa: PLR2004  centre and radius
    if point is None or not DECIMAL.fullmatch(pieces[1]) or float(pieces[1]) < 0:
        return None
    return (*point, float(pieces[1]))


def _point(text: str) -> tuple[float, float] | None:
    found = _POINT.fullmatch(text)
    if found is None:
        return None
    lat, lon = float(found[1]), float(found[2])
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None  # noqa: PLR2004  degrees
