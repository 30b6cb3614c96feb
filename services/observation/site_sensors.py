"""Reading `sensors.csv`."""

import math
from collections.abc import Mapping
from typing import get_args

import msgspec

from services.observation.quantity import Property, Reports
from services.observation.sensor import Clock, Sensor, Station
from services.observation.site_csv import rows
from services.observation.site_problems import Findings
from services.observation.text import Text
from services.observation.topics import is_sensor_id
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
_DIFFERENCES = ("rate_per_s", "spike")


class _Row(msgspec.Struct):
    """One line being read, and where to say what is wrong with it."""

    findings: Findings
    line: int
    cells: dict[str, str]
    sensor: str

    def error(self, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note an error of this line, with the sensor's id before it."""
        vi, en = (f"{self.sensor}: {text}" for text in what)
        self.findings.error(self.line, (vi, en), remedy)

    def number(self, key: str) -> float | None:
        """Read a number; None when the cell is empty."""
        cell = self.cells.get(key, "")
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
        self.error(
            (f"{key} = {cell!r} không phải số", f"{key} = {cell!r} is not a number"),
            ("dùng dấu chấm thập phân, hoặc để trống", "use a decimal point, or leave it empty"),
        )
        return None

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Read one of a few words."""
        cell = self.cells.get(key, "") or default
        if cell in allowed:
            return cell
        self.error(
            (f"{key} = {cell!r} không hợp lệ", f"{key} = {cell!r} is not understood"),
            (f"một trong: {', '.join(allowed)}", f"one of: {', '.join(allowed)}"),
        )
        return default


def read_sensors(
    findings: Findings,
    content: bytes,
    stations: Mapping[str, Station] | None,
    properties: Mapping[str, Property],
) -> dict[str, Sensor]:
    """Read one sensor a line; an empty cell is the property's default. `stations` None: not known.

    A row's limits are in the row's own `unit`, as the engineer reads them off the instrument.
    """
    sensors: dict[str, Sensor] = {}
    if not findings.utf8(content):
        return sensors
    for line, cells in rows(findings, COLUMNS):
        row = _Row(findings, line, cells, cells.get("sensor", ""))
        sensor = _sensor(row, stations, properties)
        if sensor is None:
            continue
        if sensor.id in sensors:
            row.error(
                ("cảm biến bị trùng", "the sensor is declared twice"),
                ("xóa một trong hai dòng", "remove one of the two lines"),
            )
            continue
        sensors[sensor.id] = sensor
    return sensors


def _sensor(
    row: _Row, stations: Mapping[str, Station] | None, properties: Mapping[str, Property]
) -> Sensor | None:
    station, _, name = row.sensor.partition(".")
    if not is_sensor_id(row.sensor):
        row.error(
            ("không phải <trạm>.<đại lượng>", "is not <station>.<observed_property>"),
            ("ví dụ vt-flood-001.water_level", "for example vt-flood-001.water_level"),
        )
        return None
    if stations is not None and station not in stations:
        row.error(
            (f"không có trạm {station!r}", f"no station {station!r}"),
            ("thêm trạm vào stations.geojson", "add the station to stations.geojson"),
        )
        return None
    prop = _property(row, properties, name)
    return None if prop is None else _apply(row, station, prop)


def _property(row: _Row, properties: Mapping[str, Property], name: str) -> Property | None:
    unit = row.cells.get("unit", "")
    prop = properties.get(name)
    if prop is None and known(unit):
        row.findings.warning(
            row.line,
            (
                f"{row.sensor}: đại lượng {name!r} không có trong từ vựng",
                f"{row.sensor}: property {name!r} is not in the vocabulary",
            ),
            (
                f"lưu với đơn vị {unit}; không quy tắc mặc định nào áp dụng",
                f"stored in {unit}; no default rule applies to it",
            ),
        )
        return Property(name=name, unit=unit, text=Text(name, name))
    if prop is None:
        row.error(
            (f"đại lượng lạ {name!r}", f"unknown property {name!r}"),
            ("dùng một tên trong từ vựng, hoặc ghi đơn vị", "use a name of the vocabulary, or give its unit"),
        )
        return None
    if prop.derived:
        row.error(
            (f"{name} do hệ thống tính ra", f"{name} is derived by the engine"),
            ("xóa dòng này", "remove the line"),
        )
        return None
    if unit and converter(unit, prop.unit) is None:
        what = f"an unknown unit {unit!r}" if not known(unit) else f"a unit of another dimension, {unit!r}"
        row.error(
            (
                f"đơn vị {unit!r} không đổi được sang {prop.unit}",
                f"has {what}; {name} is in {prop.unit}",
            ),
            ("dùng tên đơn vị SenML hoặc UCUM", "use a SenML or UCUM name of a unit"),
        )
        return None
    return prop


def _apply(row: _Row, station: str, prop: Property) -> Sensor:
    unit = row.cells.get("unit", "") or prop.unit
    scale, offset = converter(unit, prop.unit) or (1.0, 0.0)
    limits: dict[str, float | None] = {}
    for key in (*_LIMITS, *_DIFFERENCES):
        given = row.number(key)
        if given is None:
            limits[key] = getattr(prop, key)
        else:  # of a difference the scale counts, the offset does not
            limits[key] = abs(given * scale) if key in _DIFFERENCES else given * scale + offset
    interval = row.number("interval_s")
    if interval is not None and interval <= 0:
        row.error(("interval_s phải lớn hơn 0", "interval_s must be above 0"), ("số giây", "give seconds"))
        interval = None
    _ordered(row, limits)
    return Sensor(
        id=row.sensor,
        station=station,
        property=prop.name,
        unit=prop.unit,
        raw_unit=unit,
        interval_s=prop.interval_s if interval is None else interval,
        reports=row.choice("reports", get_args(Reports), prop.reports),  # type: ignore[arg-type]  # one of them
        clock=row.choice("clock", get_args(Clock), "measured"),  # type: ignore[arg-type]
        **limits,  # type: ignore[arg-type]  # none of the keys is `derived`
    )


def _ordered(row: _Row, limits: dict[str, float | None]) -> None:
    order = ("fail_min", "suspect_min", "suspect_max", "fail_max")
    given = [value for value in map(limits.get, order) if value is not None]
    if given != sorted(given):
        row.error(
            ("giới hạn không theo thứ tự", "limits are out of order"), (" ≤ ".join(order), " ≤ ".join(order))
        )
