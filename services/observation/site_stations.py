"""Reading `stations.geojson`."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.observation.sensor import Station
from services.observation.site_problems import Findings
from services.observation.site_toml import SiteToml
from services.observation.site_values import RESERVED, is_number
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE, is_slug

_TEXTS = ("id", "name_vi", "name_en", "area")
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_TYPED = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
_BETWEEN = re.compile(r"[\s,]*")
_decoder = json.JSONDecoder()


def read_stations(findings: Findings, content: bytes, site: SiteToml) -> dict[str, Station]:
    """Read GeoJSON Points; `id` is the station, the rest flat properties."""
    of_gateway = {station: gateway.id for gateway in site.gateways.values() for station in gateway.stations}
    stations: dict[str, Station] = {}
    for feature, line in _features(findings, content):
        station = _station(findings, feature, line, site, of_gateway)
        if station is None:
            continue
        if station.id in stations:
            findings.error(
                line,
                (f"trùng trạm {station.id!r}", f"station {station.id!r} is declared twice"),
                ("đổi id hoặc xóa một trong hai", "rename or remove one of the two"),
            )
            continue
        stations[station.id] = station
    return stations


def _features(findings: Findings, content: bytes) -> list[tuple[dict[str, Any], int]]:
    """Features with the line of each one's id."""
    if not findings.utf8(content):
        return []
    try:
        collection = json.loads(findings.text)
    except (ValueError, RecursionError) as error:
        findings.syntax(
            getattr(error, "lineno", 1),
            (f"không đọc được JSON: {error}", f"not valid JSON: {error}"),
            ("sửa cú pháp, hoặc lưu lại từ QGIS", "mend the syntax, or save it again from QGIS"),
        )
        return []
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        findings.syntax(
            1,
            ("không phải FeatureCollection", "not a FeatureCollection"),
            ("xuất dạng GeoJSON FeatureCollection", "export it as a GeoJSON FeatureCollection"),
        )
        return []
    return list(zip(features, _lines(findings.text, len(features)), strict=True))


def _lines(text: str, count: int) -> Iterator[int]:
    """Line of the id of each feature, or of its beginning where it has none; one walk over the text."""
    start = _FEATURES.search(text)
    at = start.end() if start else 0
    line = text.count("\n", 0, at) + 1
    for _ in range(count):
        begin = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        line += text.count("\n", at, begin)
        _, at = _decoder.raw_decode(text, begin)
        found = re.compile(r'"id"\s*:').search(text, begin, at)
        yield line + (text.count("\n", begin, found.start()) if found else 0)
        line += text.count("\n", begin, at)


def _station(
    findings: Findings, feature: dict[str, Any], line: int, site: SiteToml, of_gateway: Mapping[str, str]
) -> Station | None:
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    identity = feature.get("id")
    if not isinstance(identity, str):  # QGIS numbers features and keeps our id among the properties
        identity = properties.get("id", identity)
    if not isinstance(identity, str) or not is_slug(identity) or identity in RESERVED:
        findings.error(
            line,
            (f"id trạm {identity!r} không hợp lệ", f"station id {identity!r} is not a slug, or is reserved"),
            ("chỉ dùng a-z, 0-9 và dấu gạch nối", "use a-z, 0-9 and hyphens only"),
        )
        return None
    at = _point(findings, feature, identity, line, site)
    name = [_name(findings, properties.get(key), key, identity, line) for key in ("name_vi", "name_en")]
    area = properties.get("area")
    declared = isinstance(area, str) and (area in site.areas or not site.known)
    if area != SITE_SCOPE and not declared:
        findings.error(
            line,
            (f"trạm {identity}: không có khu vực {area!r}", f"station {identity}: no area {area!r}"),
            ('khai báo [[area]] trong site.toml, hoặc dùng "site"', 'declare it in site.toml, or use "site"'),
        )
    attributes = _attributes(findings, properties, identity, line)
    return Station(identity, Text(*name), str(area), *at, of_gateway.get(identity), attributes, line)


def _name(findings: Findings, value: object, key: str, identity: str, line: int) -> str:
    if isinstance(value, str) and value.strip():
        return value
    findings.error(
        line,
        (f"trạm {identity}: thiếu bản dịch {key}", f"station {identity}: missing translation {key}"),
        (f"thêm {key} cho trạm", f"give the station a {key}"),
    )
    return ""


def _point(
    findings: Findings, feature: dict[str, Any], identity: str, line: int, site: SiteToml
) -> tuple[float, float]:
    geometry = feature.get("geometry")
    geometry = geometry if isinstance(geometry, dict) else {}
    kind, at = geometry.get("type"), geometry.get("coordinates")
    if kind != "Point":
        findings.error(
            line,
            (
                f"trạm {identity}: hình học là {kind or 'trống'}, trạm phải là một điểm (Point)",
                f"station {identity}: the geometry is {kind or 'missing'}; a station is one Point",
            ),
            (
                "trong QGIS: Vector → Geometry Tools → Centroids, rồi xuất lại",
                "in QGIS: Vector → Geometry Tools → Centroids, then export again",
            ),
        )
        return 0.0, 0.0
    if not isinstance(at, list) or len(at) < 2 or not all(is_number(x) for x in at[:2]):  # noqa: PLR2004
        findings.error(
            line,
            (
                f"trạm {identity}: không có điểm [kinh độ, vĩ độ]",
                f"station {identity}: no point [longitude, latitude]",
            ),
            (
                'viết "coordinates": [kinh độ, vĩ độ] theo độ',
                'write "coordinates": [longitude, latitude] in degrees',
            ),
        )
        return 0.0, 0.0
    lon, lat = float(at[0]), float(at[1])
    west, south, east, north = site.bounds or (-180.0, -90.0, 180.0, 90.0)
    if not (west <= lon <= east and south <= lat <= north):
        findings.error(
            line,
            (
                f"trạm {identity} ở ({lon}, {lat}), ngoài bounds của địa bàn",
                f"station {identity} at ({lon}, {lat}) is outside the site's bounds",
            ),
            (
                "kiểm tra thứ tự kinh độ, vĩ độ, hoặc mở rộng bounds",
                "check the order longitude, latitude, or widen bounds in site.toml",
            ),
        )
    return lon, lat


def _attributes(findings: Findings, properties: dict[str, Any], identity: str, line: int) -> dict[str, float]:
    attributes = {}
    for key, value in properties.items():
        if key in _TEXTS or value is None:
            continue
        if is_number(value):
            attributes[key] = float(value)
            continue
        findings.error(
            line,
            (
                f"trạm {identity}: {key} = {value!r} không phải số",
                f"station {identity}: {key} = {value!r} is not a number",
            ),
            _as_number(value),
        )
    return attributes


def _as_number(value: object) -> tuple[str, str]:
    """How to mend an attribute that is none: most often a number that was typed as text."""
    typed = value.strip() if isinstance(value, str) else ""
    if not _TYPED.fullmatch(typed):
        return (
            "thuộc tính của trạm là số; xóa cột này",
            "attributes of a station are numbers; remove this one",
        )
    number = typed.replace(",", ".")
    if "," in typed:
        return (
            f"viết {number}, dùng dấu chấm thập phân, không có dấu ngoặc kép",
            f"write {number}, with a decimal point and without quotation marks",
        )
    return f"viết {number}, không có dấu ngoặc kép", f"write {number} without quotation marks"
