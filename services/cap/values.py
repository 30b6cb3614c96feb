"""Times, points and circles as CAP writes them. Pure."""

import re
from datetime import UTC, datetime

_DECIMAL = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
"""Each sign can belong to one part of it only: else many digits would be tried in every way."""
_NUMBER = rf"{_DECIMAL}(?:[eE][-+]?[0-9]{{1,3}})?"
_POINT = re.compile(rf"({_NUMBER}),({_NUMBER})")
DECIMAL = re.compile(_DECIMAL)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+](?:0\d|1[0-3]):[0-5]\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]14:00"
)
_SCHEMA_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[-+]\d\d:\d\d)")


def time_of(text: str) -> datetime | None:
    """A dateTime of CAP: no fraction, no Z; None where it is not one, or none of the calendar in UTC."""
    stripped = text.strip(" \t\r\n")
    if not _TIME.fullmatch(stripped):
        return None
    try:
        found = datetime.fromisoformat(stripped)
        found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def plain_time(text: str) -> str:
    """A dateTime of XML Schema, as CAP 1.1 has it, in CAP 1.2's form; any other text as it is.

    Without a zone it says no time: that stays, and is refused.
    """
    found = _SCHEMA_TIME.fullmatch(text.strip(" \t\r\n"))
    return text if found is None else f"{found[1]}{'-00:00' if found[2] == 'Z' else found[2]}"


def points_of(polygon: str) -> list[tuple[float, float]] | None:
    """(latitude, longitude) of each point of a polygon; None where one is not a place on Earth."""
    found = [_point(piece) for piece in _pieces(polygon)]
    return None if None in found else [point for point in found if point is not None]


def ring_of(polygon: str) -> list[tuple[float, float]] | None:
    """A polygon as a closed ring; some leave the last point out, which is the first one again."""
    points = points_of(polygon)
    if points and points[0] != points[-1]:
        points.append(points[0])
    return points


def circle_of(circle: str) -> tuple[float, float, float] | None:
    """(latitude, longitude, km) of a circle; None where it is not one."""
    pieces = _pieces(circle)
    point = _point(pieces[0]) if len(pieces) == 2 else None  # noqa: PLR2004  centre and radius
    if point is None or not DECIMAL.fullmatch(pieces[1]) or float(pieces[1]) < 0:
        return None
    return (*point, float(pieces[1]))


def _pieces(text: str) -> list[str]:
    """Apart at spaces; one after a comma belongs to the pair, as some write it."""
    return re.sub(r",\s+", ",", text).split()


def _point(text: str) -> tuple[float, float] | None:
    found = _POINT.fullmatch(text)
    if found is None:
        return None
    lat, lon = float(found[1]), float(found[2])
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None  # noqa: PLR2004  degrees
