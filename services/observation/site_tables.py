"""Reading `stations.geojson` and `sensors.csv`."""

import csv
import json
import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from services.observation.quantity import Property
from services.observation.sensor import Clock, Reports, Sensor, Station
from services.observation.site_problems import Findings
from services.observation.site_toml import SiteToml, is_number
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE, is_sensor_id, is_slug
from services.observation.units import converter, known

COLUMNS = (
    "sensor",
    "unit",
    "interval_s",
    "reports",
    "clock",
    "fail_min",
    "fail_max",
    "suspect_min",
    "suspect_max",
    "rate_per_s",
    "spike",
)
_LIMITS = ("fail_min", "fail_max", "suspect_min", "suspect_max")
_TEXTS = ("id", "name_vi", "name_en", "area")


def read_stations(findings: Findings, content: bytes, site: SiteToml) -> dict[str, Station]:
    """Read GeoJSON Points; `id` is the station, the rest flat properties."""
    features = _features(findings, content)
    of_gateway = {station: gateway.id for gateway in site.gateways.values() for station in gateway.stations}
    stations: dict[str, Station] = {}
    seen: dict[str, int] = {}
    for feature in features:
        properties = feature.get("properties") or {}
        identity = feature.get("id", properties.get("id"))
        nth = seen.get(str(identity), 0)
        seen[str(identity)] = nth + 1
        line = findings.line_of(rf'"id"\s*:\s*"{re.escape(str(identity))}"', nth)
        station = _station(findings, feature, properties, identity, line, site, of_gateway)
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


def _features(findings: Findings, content: bytes) -> list[dict[str, Any]]:
    if not findings.utf8(content):
        return []
    try:
        collection = json.loads(content.decode("utf-8-sig"))
    except (json.JSONDecodeError, RecursionError) as error:
        findings.error(
            getattr(error, "lineno", 1),
            (f"không đọc được JSON: {error}", f"not valid JSON: {error}"),
            ("sửa cú pháp, hoặc lưu lại từ QGIS", "mend the syntax, or save it again from QGIS"),
        )
        return []
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        findings.error(
            1,
            ("không phải FeatureCollection", "not a FeatureCollection"),
            ("xuất dạng GeoJSON FeatureCollection", "export it as a GeoJSON FeatureCollection"),
        )
        return []
    return features


def _station(  # noqa: PLR0913  what one feature is judged by
    findings: Findings,
    feature: dict[str, Any],
    properties: dict[str, Any],
    identity: object,
    line: int,
    site: SiteToml,
    of_gateway: Mapping[str, str],
) -> Station | None:
    if not isinstance(identity, str) or not is_slug(identity):
        findings.error(
            line,
            (f"id trạm {identity!r} không hợp lệ", f"station id {identity!r} is not a slug"),
            ("chỉ dùng a-z, 0-9 và dấu gạch nối", "use a-z, 0-9 and hyphens only"),
        )
        return None
    point = _point(findings, feature, identity, line, site)
    for key in ("name_vi", "name_en"):
        if not isinstance(properties.get(key), str) or not properties[key].strip():
            findings.error(
                line,
                (f"trạm {identity}: thiếu bản dịch {key}", f"station {identity}: missing translation {key}"),
                (f"thêm {key} cho trạm", f"give the station a {key}"),
            )
    area = properties.get("area")
    if area != SITE_SCOPE and area not in site.areas:
        findings.error(
            line,
            (f"trạm {identity}: không có khu vực {area!r}", f"station {identity}: no area {area!r}"),
            ('khai báo [[area]] trong site.toml, hoặc dùng "site"', 'declare it in site.toml, or use "site"'),
        )
    name = Text(str(properties.get("name_vi", "")), str(properties.get("name_en", "")))
    attributes = _attributes(findings, properties, identity, line)
    return Station(identity, name, str(area), *point, of_gateway.get(identity), attributes)


def _point(
    findings: Findings, feature: dict[str, Any], identity: str, line: int, site: SiteToml
) -> tuple[float, float]:
    geometry = feature.get("geometry") or {}
    at = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(at, list) or len(at) < 2 or not all(is_number(x) and math.isfinite(x) for x in at[:2]):  # noqa: PLR2004
        findings.error(
            line,
            (
                f"trạm {identity}: không có điểm [kinh độ, vĩ độ]",
                f"station {identity}: no point [longitude, latitude]",
            ),
            ("dùng hình học Point", "use a Point geometry"),
        )
        return 0.0, 0.0
    lon, lat = float(at[0]), float(at[1])
    if site.bounds is not None:
        west, south, east, north = site.bounds
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
        if is_number(value) and math.isfinite(value):
            attributes[key] = float(value)
        else:
            findings.error(
                line,
                (
                    f"trạm {identity}: {key} = {value!r} không phải số",
                    f"station {identity}: {key} = {value!r} is not a number",
                ),
                (
                    "thuộc tính của trạm là số; xóa cột này",
                    "attributes of a station are numbers; remove this one",
                ),
            )
    return attributes


def read_sensors(
    findings: Findings, content: bytes, stations: Mapping[str, Station], properties: Mapping[str, Property]
) -> dict[str, Sensor]:
    """Read one sensor a line; an empty cell is the property's default.

    A row's limits are in the row's own `unit`, as the engineer reads them off the instrument.
    """
    if not findings.utf8(content):
        return {}
    reader = csv.DictReader(content.decode("utf-8-sig").splitlines())
    for column in reader.fieldnames or ():
        if column not in COLUMNS:
            findings.error(
                1,
                (f"cột lạ {column!r}", f"unknown column {column!r}"),
                (f"dùng: {','.join(COLUMNS)}", f"use: {','.join(COLUMNS)}"),
            )
    if "sensor" not in (reader.fieldnames or ()):
        findings.error(
            1,
            ("thiếu cột sensor", "no column sensor"),
            (f"dòng đầu: {','.join(COLUMNS)}", f"first line: {','.join(COLUMNS)}"),
        )
        return {}
    sensors: dict[str, Sensor] = {}
    for row in reader:
        sensor = _sensor(findings, row, reader.line_num, stations, properties)
        if sensor is None:
            continue
        if sensor.id in sensors:
            findings.error(
                reader.line_num,
                (f"trùng cảm biến {sensor.id!r}", f"sensor {sensor.id!r} is declared twice"),
                ("xóa một trong hai dòng", "remove one of the two lines"),
            )
            continue
        sensors[sensor.id] = sensor
    return sensors


def _sensor(
    findings: Findings,
    row: dict[str, str | None],
    line: int,
    stations: Mapping[str, Station],
    properties: Mapping[str, Property],
) -> Sensor | None:
    cells = {
        key: (value or "").strip()
        for key, value in row.items()
        if isinstance(key, str) and isinstance(value, str | None)
    }
    identity = cells.get("sensor", "")
    station, _, name = identity.partition(".")
    if not is_sensor_id(identity):
        findings.error(
            line,
            (
                f"{identity!r} không phải <trạm>.<đại lượng>",
                f"{identity!r} is not <station>.<observed_property>",
            ),
            ("ví dụ vt-flood-001.water_level", "for example vt-flood-001.water_level"),
        )
        return None
    if station not in stations:
        findings.error(
            line,
            (f"{identity}: không có trạm {station!r}", f"{identity}: no station {station!r}"),
            ("thêm trạm vào stations.geojson", "add the station to stations.geojson"),
        )
        return None
    prop = _property(findings, properties, name, cells.get("unit", ""), identity, line)
    return None if prop is None else _apply(findings, cells, line, identity, station, prop)


def _property(  # noqa: PLR0913  one cell and where it stands
    findings: Findings, properties: Mapping[str, Property], name: str, unit: str, identity: str, line: int
) -> Property | None:
    prop = properties.get(name)
    if prop is None and known(unit):
        findings.warning(
            line,
            (
                f"{identity}: đại lượng {name!r} không có trong từ vựng",
                f"{identity}: property {name!r} is not in the vocabulary",
            ),
            (
                f"lưu với đơn vị {unit}; không quy tắc mặc định nào áp dụng",
                f"stored in {unit}; no default rule applies to it",
            ),
        )
        return Property(name=name, unit=unit, text=Text(name, name))
    if prop is None:
        findings.error(
            line,
            (f"{identity}: đại lượng lạ {name!r}", f"{identity}: unknown property {name!r}"),
            ("dùng một tên trong từ vựng, hoặc ghi đơn vị", "use a name of the vocabulary, or give its unit"),
        )
        return None
    if prop.derived:
        findings.error(
            line,
            (f"{identity}: {name} do hệ thống tính ra", f"{identity}: {name} is derived by the engine"),
            ("xóa dòng này", "remove the line"),
        )
        return None
    if unit and converter(unit, prop.unit) is None:
        what = "unknown unit" if not known(unit) else "a unit of another dimension"
        findings.error(
            line,
            (
                f"{identity}: đơn vị {unit!r} không đổi được sang {prop.unit}",
                f"{identity}: {unit!r} is {what}; {name} is in {prop.unit}",
            ),
            ("dùng tên đơn vị SenML hoặc UCUM", "use a SenML or UCUM name of a unit"),
        )
        return None
    return prop


def _apply(  # noqa: PLR0913  one row
    findings: Findings, cells: dict[str, str], line: int, identity: str, station: str, prop: Property
) -> Sensor:
    unit = cells.get("unit", "") or prop.unit
    scale, offset = converter(unit, prop.unit) or (1.0, 0.0)
    number = {
        key: _number(findings, cells.get(key, ""), key, identity, line)
        for key in (*_LIMITS, "rate_per_s", "spike", "interval_s")
    }
    limits: dict[str, float | None] = {}
    for key in _LIMITS:
        given = number[key]
        limits[key] = getattr(prop, key) if given is None else given * scale + offset
    for key in ("rate_per_s", "spike"):
        given = number[key]
        limits[key] = getattr(prop, key) if given is None else abs(given * scale)
    interval = number["interval_s"]
    if interval is not None and interval <= 0:
        findings.error(
            line,
            (f"{identity}: interval_s phải lớn hơn 0", f"{identity}: interval_s must be above 0"),
            ("số giây", "give seconds"),
        )
        interval = None
    _ordered(findings, limits, identity, line)
    reports = _choice(findings, cells, "reports", get_args(Reports), prop.reports, line)
    clock = _choice(findings, cells, "clock", get_args(Clock), "measured", line)
    return Sensor(  # the choices were checked just above
        id=identity,
        station=station,
        property=prop.name,
        unit=prop.unit,
        raw_unit=unit,
        interval_s=prop.interval_s if interval is None else interval,
        reports=reports,  # type: ignore[arg-type]
        clock=clock,  # type: ignore[arg-type]
        fail_min=limits["fail_min"],
        fail_max=limits["fail_max"],
        suspect_min=limits["suspect_min"],
        suspect_max=limits["suspect_max"],
        rate_per_s=limits["rate_per_s"],
        spike=limits["spike"],
    )


def _ordered(findings: Findings, limits: dict[str, float | None], identity: str, line: int) -> None:
    order = [limits[key] for key in ("fail_min", "suspect_min", "suspect_max", "fail_max")]
    given = [value for value in order if value is not None]
    if given != sorted(given):
        findings.error(
            line,
            (f"{identity}: giới hạn không theo thứ tự", f"{identity}: limits are out of order"),
            (
                "fail_min ≤ suspect_min ≤ suspect_max ≤ fail_max",
                "fail_min ≤ suspect_min ≤ suspect_max ≤ fail_max",
            ),
        )


def _number(findings: Findings, cell: str, key: str, identity: str, line: int) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    findings.error(
        line,
        (f"{identity}: {key} = {cell!r} không phải số", f"{identity}: {key} = {cell!r} is not a number"),
        ("dùng dấu chấm thập phân, hoặc để trống", "use a decimal point, or leave it empty"),
    )
    return None


def _choice(  # noqa: PLR0913  one cell
    findings: Findings, cells: dict[str, str], key: str, allowed: tuple[str, ...], default: str, line: int
) -> str:
    cell = cells.get(key, "") or default
    if cell in allowed:
        return cell
    findings.error(
        line,
        (f"{key} = {cell!r} không hợp lệ", f"{key} = {cell!r} is not understood"),
        (f"một trong: {', '.join(allowed)}", f"one of: {', '.join(allowed)}"),
    )
    return default
