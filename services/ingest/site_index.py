"""A site version as lookups and columns: one per version.

A gateway sends the same names again and again, so what was found out about a list of names is kept as
arrays: a steady pack costs the hash of one tuple. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.neighbours import Neighbours
from services.ingest.rejects import Reason, Reject
from services.observation import topics, units
from services.observation.quantity import PROPERTIES, Property
from services.observation.sensor import CANARY, CANARY_GATEWAY, MANUAL_GATEWAY, Sensor
from services.observation.site import Site

MAX_REMEMBERED = 2_000_000
"""Names in remembered lists, together; beyond, all are forgotten and found out again."""

_CANARY = Sensor(
    CANARY,
    CANARY_GATEWAY,
    "canary",
    "1",
    "1",
    5.0,
    "periodic",
    "measured",
    None,
    None,
    None,
    None,
    None,
    None,
)

EVERYWHERE = topics.PARTITIONS
"""Column of `readings.all` among the subjects; the others are their partition's number."""

SUBJECTS = (*(f"readings.{p}" for p in range(topics.PARTITIONS)), topics.READINGS_ALL)


class Plan(NamedTuple):
    """What is known about one list of names and units of one gateway.

    Attributes:
        keep: positions of the usable ones, None for all.
        row: (k,) row of each usable reading in the site index.
        scale, divisor, offset: (k,) canonical = value * scale / divisor + offset; one of the first two is
            1. 165 cm are 1.65 m by division and 1.6500000000000001 m by multiplication.
        rejects: one per unusable position.
    """

    keep: list[int] | None
    row: NDArray[np.uint32]
    scale: NDArray[np.float64]
    divisor: NDArray[np.float64]
    offset: NDArray[np.float64]
    rejects: tuple[Reject, ...]


class SiteIndex:
    """A site version as lookups and columns; rows are in the order of `sensors`.

    `scratch` is one number per row for whoever needs to mark rows; its content means nothing.
    """

    def __init__(self, site: Site, extra_properties: Mapping[str, Property] | None = None) -> None:
        """Build the lookups. Our own canary gets a row like any sensor."""
        self.site = site
        self.sensors: list[Sensor] = list(site.sensors.values())
        if CANARY not in site.sensors:
            self.sensors.append(_CANARY)
        self.names = [sensor.id for sensor in self.sensors]
        self.row_of = {name: row for row, name in enumerate(self.names)}
        self.subject_of_row = np.array([self._subject(sensor) for sensor in self.sensors], dtype=np.uint8)
        self.takes_received = np.array([sensor.clock == "received" for sensor in self.sensors], dtype=bool)
        self.scratch = np.zeros(len(self.sensors), dtype=np.uint32)
        self._properties = {**PROPERTIES, **(extra_properties or {})}
        self.neighbours = Neighbours(self.sensors, site.stations, extra_properties)
        self._gateway_of = {s: g.id for g in site.gateways.values() for s in g.stations}
        self._gateway_of[CANARY_GATEWAY] = CANARY_GATEWAY
        self._plans: dict[tuple[str, tuple[str, ...], tuple[str | None, ...]], Plan] = {}
        self._remembered = 0

    def _subject(self, sensor: Sensor) -> int:
        if sensor.station == CANARY_GATEWAY:
            return EVERYWHERE
        area = self.site.area_of(sensor)
        return EVERYWHERE if area == topics.SITE_SCOPE else topics.partition(self.site.id, area)

    def gateway(self, area: str, gateway: str) -> Reject | None:
        """Why nothing may come from this gateway under this area; None when it may."""
        if gateway in (CANARY_GATEWAY, MANUAL_GATEWAY):
            return None
        declared = self.site.gateways.get(gateway)
        if declared is None:
            return Reject(Reason.UNKNOWN_GATEWAY, None, gateway)
        if declared.area != area:
            return Reject(
                Reason.AREA_MISMATCH, None, f"{gateway} is declared under {declared.area}, sent under {area}"
            )
        return None

    def plan(self, gateway: str, names: Sequence[str], of_units: Sequence[str | None]) -> Plan:
        """What is known about these names from this gateway."""
        key = (gateway, tuple(names), tuple(of_units))
        plan = self._plans.get(key)
        if plan is None:
            self._remembered += len(names) + 1
            if self._remembered > MAX_REMEMBERED:
                self._plans.clear()
                self._remembered = len(names) + 1
            plan = self._plans[key] = self._find_out(gateway, names, of_units)
        return plan

    def _find_out(self, gateway: str, names: Sequence[str], of_units: Sequence[str | None]) -> Plan:
        """Per record in Python: once for each list of names that a gateway sends."""
        keep: list[int] = []
        found: list[tuple[int, float, float, float]] = []
        rejects: list[Reject] = []
        for at, (name, unit) in enumerate(zip(names, of_units, strict=True)):
            sensor = self._identify(gateway, name, unit)
            if isinstance(sensor, Reject):
                rejects.append(sensor._replace(record=at))
            else:
                keep.append(at)
                found.append(sensor)
        return Plan(
            keep if rejects else None,
            np.array([f[0] for f in found], dtype=np.uint32),
            np.array([f[1] for f in found], dtype=np.float64),
            np.array([f[2] for f in found], dtype=np.float64),
            np.array([f[3] for f in found], dtype=np.float64),
            tuple(rejects),
        )

    def _identify(
        self, gateway: str, name: str, unit: str | None
    ) -> tuple[int, float, float, float] | Reject:
        """(row, scale, divisor, offset) of a name and unit, or why not."""
        reject = self._stranger(gateway, name)
        if reject is not None:
            return reject
        row = self.row_of[name]
        sensor = self.sensors[row]
        factor = units.converter(sensor.raw_unit if unit is None else unit, sensor.unit)
        if factor is not None:
            scale, offset = factor
            return (
                (row, 1.0, float(f"{1 / scale:.15g}"), offset) if 0 < scale < 1 else (row, scale, 1.0, offset)
            )
        known = unit is not None and units.known(unit)
        reason = Reason.WRONG_DIMENSION if known else Reason.UNKNOWN_UNIT
        return Reject(reason, None, f"{name}: {(unit or '')[:40]!r}, expected {sensor.unit!r}")

    def _stranger(self, gateway: str, name: str) -> Reject | None:
        """Why this gateway may not send under this name; None when it may."""
        station = name.partition(".")[0]
        speaker = self._gateway_of.get(station)
        row = self.row_of.get(name)
        if not name:
            return Reject(Reason.NO_NAME)
        if speaker is None and station not in self.site.stations:
            return Reject(Reason.UNKNOWN_STATION, None, name[:120])
        if speaker != gateway and (gateway != MANUAL_GATEWAY or speaker == CANARY_GATEWAY):
            return Reject(
                Reason.FOREIGN_STATION, None, f"{station} is listed under {speaker or 'no gateway'}"
            )
        prop = self._properties.get(name.partition(".")[2])
        if row is None and prop is not None and prop.derived:
            return Reject(Reason.DERIVED_SENSOR, None, name[:120])
        if row is None:
            return Reject(Reason.UNKNOWN_SENSOR, None, name[:120])
        return Reject(Reason.DERIVED_SENSOR, None, name) if self.sensors[row].derived else None

    def code(self, row: int, text: str) -> float | None:
        """Number of a text value; None when the property's table does not list it."""
        prop = self._properties.get(self.sensors[row].property)
        code = None if prop is None or prop.codes is None else prop.codes.get(text)
        return None if code is None else float(code)
