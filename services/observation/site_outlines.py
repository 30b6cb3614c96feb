"""Reading the outline of an area: one ring, or what GeoJSON writes as a Polygon or a MultiPolygon.

Points are [longitude, latitude]. What a hole leaves out is warned too: public messages know no holes, and who
is warned without need is better off than who is not warned.
"""

from typing import Any

from services.observation.rings import crossing, signed_area
from services.observation.site_problems import Findings
from services.observation.site_values import is_number

Ring = tuple[tuple[float, float], ...]
Bounds = tuple[float, float, float, float]
MOST_POINTS, MOST_OUTLINES = 500, 20
DIGITS = 6
"""Of a degree: a tenth of a metre."""
_LEAST = 3
_KEY = "polygon"
_SIMPLIFY = (
    "đơn giản hóa đường bao trong QGIS (Vector → Geometry Tools → Simplify)",
    "simplify it in QGIS (Vector → Geometry Tools → Simplify)",
)
_HOW = (
    "viết ít nhất ba điểm khác nhau, mỗi điểm [kinh độ, vĩ độ], hoặc coordinates của GeoJSON",
    "give at least three different points, each [longitude, latitude], or GeoJSON coordinates",
)


def read_outlines(findings: Findings, value: object, line: int, bounds: Bounds | None) -> tuple[Ring, ...]:
    """Outer rings, each closed and counter-clockwise; none where they are not given or not good."""
    if value is None:
        return ()
    line = findings.line_of_key(_KEY, line)
    polygons = _polygons(value)
    if not polygons or not all(polygons):
        findings.error(line, ("polygon không phải đường bao của khu vực", "polygon is not an outline"), _HOW)
        return ()
    if len(polygons) > MOST_OUTLINES:
        what = (f"nhiều hơn {MOST_OUTLINES} đường bao", f"more than {MOST_OUTLINES} outlines")
        findings.error(line, what, _SIMPLIFY)
        return ()
    if any(len(rings) > 1 for rings in polygons):
        findings.warning(
            line,
            (
                "khoảng trống bên trong đường bao được tính vào vùng cảnh báo",
                "holes of an outline are warned too",
            ),
            (
                "CAP không có khoảng trống; bỏ chúng đi, hoặc chia thành nhiều vùng",
                "CAP has no holes: leave them out, or draw several outlines",
            ),
        )
    found = tuple(_ring(findings, rings[0], line, bounds) for rings in polygons)
    return tuple(ring for ring in found if ring)


def _polygons(value: object) -> list[list[Any]]:
    """Polygons, each a list of rings, the outer one first, whichever way they were written."""
    match _depth(value):
        case 2:
            return [[value]]
        case 3:
            return [value] if isinstance(value, list) else []
        case 4:
            return value if isinstance(value, list) else []
        case _:
            return []


def _depth(value: object) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth


def _ring(findings: Findings, value: object, line: int, bounds: Bounds | None) -> Ring:
    points = [_point(one) for one in value] if isinstance(value, list) else []
    known = [point for point in points if point is not None]
    if len(known) < len(points) or len(set(known)) < _LEAST:
        findings.error(line, ("polygon không phải đường bao của khu vực", "polygon is not an outline"), _HOW)
        return ()
    if len(known) > MOST_POINTS:
        what = (f"đường bao có hơn {MOST_POINTS} điểm", f"an outline has more than {MOST_POINTS} points")
        findings.error(line, what, _SIMPLIFY)
        return ()
    closed = [here for here, before in zip(known, [None, *known], strict=False) if here != before]
    if closed[0] != closed[-1]:
        closed.append(closed[0])
    return _good(findings, tuple(closed), line, bounds)


def _good(findings: Findings, ring: Ring, line: int, bounds: Bounds | None) -> Ring:
    away = None if bounds is None else next((one for one in ring if not _within(one, bounds)), None)
    if away is not None and bounds is not None:
        lon, lat = away
        turned = _within((lat, lon), bounds)
        findings.error(
            line,
            (
                f"điểm [{lon:g}, {lat:g}] của polygon nằm ngoài bounds",
                f"point [{lon:g}, {lat:g}] of polygon lies outside of bounds",
            ),
            (
                "viết kinh độ trước, vĩ độ sau" if turned else "sửa điểm này, hoặc mở rộng bounds",
                "write longitude first, then latitude" if turned else "mend the point, or widen bounds",
            ),
        )
        return ()
    where = crossing(ring)
    if where is not None:
        lon, lat = where
        findings.error(
            line,
            (
                f"đường bao tự cắt gần [{lon:g}, {lat:g}]",
                f"an outline crosses or touches itself near [{lon:g}, {lat:g}]",
            ),
            (
                "viết các điểm lần lượt theo đường bao, mỗi điểm một lần",
                "give the points in turn along the outline, each once",
            ),
        )
        return ()
    return ring if signed_area(ring) > 0 else ring[::-1]


def _point(value: object) -> tuple[float, float] | None:
    """A height, which GeoJSON may add, says nothing here."""
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(is_number(one) for one in value):
        return None
    lon, lat = round(float(value[0]), DIGITS), round(float(value[1]), DIGITS)
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None  # noqa: PLR2004  degrees


def _within(point: tuple[float, float], bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return west <= point[0] <= east and south <= point[1] <= north
