"""Whose readings these are: gateway, station, sensor, unit, time. Records → columns of the site's rows.

One index per site version. A gateway sends the same names again and again, so what was found out
about a list of names is kept as arrays: a steady pack costs the hash of one tuple.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.decode import Pack
from services.ingest.rejects import Reason, Reject
from services.observation import topics, units
from services.observation.quantity import PROPERTIES, Property
from services.observation.senml import RELATIVE_BELOW
from services.observation.sensor import CANARY, CANARY_GATEWAY, Sensor
from services.observation.site import Site

OLDEST_S = 946_684_800.0
"""2000-01-01; nothing in the field is older, but many a clock without battery starts before."""

AHEAD_S = 300.0
"""How far ahead of `received_at` a reading may be."""

MAX_REMEMBERED = 2_000_000
"""Names in remembered lists, together; beyond, all are forgotten and found out again."""

_CANARY = Sensor(
    CANARY, CANARY_GATEWAY, "canary", "1", "1", 5.0, "periodic", "measured", None, None, None, None, None, None
)

EVERYWHERE = topics.PARTITIONS
"""Column of `readings.all` among the subjects; the others are their partition's number."""

SUBJECTS = (*(f"readings.{p}" for p in range(topics.PARTITIONS)), topics.READINGS_ALL)


class Plan(NamedTuple):
    """What is known about one list of names and units of one gateway.

    Attributes:
        keep: positions of the usable ones, None for all.
        row: (k,) row of each usable reading in the site index.
        scale, offset: (k,) canonical = value * scale + offset.
        rejects: one per unusable position.
    """

    keep: list[int] | None
    row: NDArray[np.uint32]
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]
    rejects: tuple[Reject, ...]


class Taken(NamedTuple):
    """A pack on its way through, with what its topic and its arrival say. `received_at` in µs UTC."""

    gateway: str
    pack: Pack
    received_at: int


class Columns(msgspec.Struct):
    """Readings of several packs, in order, as rows of the site index.

    Attributes:
        row: (n,) uint32, row in the site index.
        time: (n,) int64, µs UTC.
        value: (n,) float64, canonical unit, finite.
        counts: (packs,) usable readings of each pack; they sum to n.
        rejects: by pack, those that have any.
    """

    row: NDArray[np.uint32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    counts: NDArray[np.int64]
    rejects: dict[int, list[Reject]]


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
        if gateway == CANARY_GATEWAY:
            return None
        declared = self.site.gateways.get(gateway)
        if declared is None:
            return Reject(Reason.UNKNOWN_GATEWAY, None, gateway)
        if declared.area != area:
            return Reject(Reason.AREA_MISMATCH, None, f"{gateway} is declared under {declared.area}, sent under {area}")
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
        found: list[tuple[int, float, float]] = []
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
            tuple(rejects),
        )

    def _identify(self, gateway: str, name: str, unit: str | None) -> tuple[int, float, float] | Reject:
        """(row, scale, offset) of a name and unit, or why not."""
        if not name:
            return Reject(Reason.NO_NAME)
        station = name.partition(".")[0]
        row = self.row_of.get(name)
        speaker = self._gateway_of.get(station)
        if speaker is None and station not in self.site.stations:
            return Reject(Reason.UNKNOWN_STATION, None, name[:120])
        if speaker != gateway:
            return Reject(Reason.FOREIGN_STATION, None, f"{station} is listed under {speaker or 'no gateway'}")
        if row is None:
            return Reject(Reason.UNKNOWN_SENSOR, None, name[:120])
        sensor = self.sensors[row]
        if sensor.derived:
            return Reject(Reason.DERIVED_SENSOR, None, name)
        factor = units.converter(sensor.raw_unit if unit is None else unit, sensor.unit)
        if factor is None:
            known = unit is not None and units.known(unit)
            reason = Reason.WRONG_DIMENSION if known else Reason.UNKNOWN_UNIT
            return Reject(reason, None, f"{name}: {(unit or '')[:40]!r}, expected {sensor.unit!r}")
        return row, *factor

    def code(self, row: int, text: str) -> float | None:
        """Number of a text value; None when the property's table does not list it."""
        prop = self._properties.get(self.sensors[row].property)
        code = None if prop is None or prop.codes is None else prop.codes.get(text)
        return None if code is None else float(code)


def identify(index: SiteIndex, taken: Sequence[Taken]) -> Columns:
    """Readings of packs as rows of the site. Per pack in Python, per reading in C."""
    gathered = _Gathered(index)
    for nth, one in enumerate(taken):
        gathered.add(nth, one)
    return gathered.columns(taken)


class _Gathered:
    """Lists that grow pack by pack, and become columns at once."""

    def __init__(self, index: SiteIndex) -> None:
        self._index = index
        self._plans: list[Plan] = []
        self._counts: list[int] = []
        self._times: list[float | None] = []
        self._values: list[float | str | None] = []
        self._rejects: dict[int, list[Reject]] = {}

    def add(self, nth: int, one: Taken) -> None:
        """Take one pack in."""
        readings = one.pack.readings
        plan = self._index.plan(one.gateway, readings.names, readings.units)
        times, values = readings.times, readings.values
        if plan.keep is not None:
            self._rejects[nth] = [r._replace(record=_number(one.pack, r.record)) for r in plan.rejects]
            times = [times[at] for at in plan.keep]
            values = [values[at] for at in plan.keep]
        if str in set(map(type, values)):
            values = [self._code(nth, one, plan, at, v) if isinstance(v, str) else v for at, v in enumerate(values)]
        self._plans.append(plan)
        self._counts.append(len(values))
        self._times += times
        self._values += values

    def _code(self, nth: int, one: Taken, plan: Plan, at: int, text: str) -> float | str:
        """Number of a text; an unlisted one stays a text, and becomes a reject in `columns`."""
        code = self._index.code(int(plan.row[at]), text)
        if code is not None:
            return code
        position = at if plan.keep is None else plan.keep[at]
        self._reject(nth, Reject(Reason.UNKNOWN_TEXT, _number(one.pack, position), text[:120]))
        return _UNLISTED

    def _reject(self, nth: int, reject: Reject) -> None:
        self._rejects.setdefault(nth, []).append(reject)

    def columns(self, taken: Sequence[Taken]) -> Columns:
        """Columns of everything added, without what can't be used."""
        counts = np.array(self._counts, dtype=np.int64)
        if not self._values:
            none = np.empty(0)
            return Columns(none.astype(np.uint32), none.astype(np.int64), none, counts, self._rejects)
        row = np.concatenate([plan.row for plan in self._plans])
        seconds = np.array(self._times, dtype=np.float64)
        value = np.array(self._values, dtype=np.float64)
        value = value * np.concatenate([p.scale for p in self._plans]) + np.concatenate([p.offset for p in self._plans])
        received = np.repeat(np.array([one.received_at for one in taken], dtype=np.int64), counts) / 1e6
        if self._index.takes_received.any():
            relative = ~(seconds >= RELATIVE_BELOW) & self._index.takes_received[row]
            seconds = np.where(relative, received, seconds)
        good = (seconds >= OLDEST_S) & (seconds <= received + AHEAD_S) & np.isfinite(value)
        if not good.all():
            pack = np.repeat(np.arange(len(counts)), counts)
            self._explain(taken, np.flatnonzero(~good), pack, seconds, received)
            counts = np.bincount(pack[good], minlength=len(counts))
            row, seconds, value = row[good], seconds[good], value[good]
        return Columns(row, np.rint(seconds * 1e6).astype(np.int64), value, counts, self._rejects)

    def _explain(
        self,
        taken: Sequence[Taken],
        bad: NDArray[np.int64],
        pack: NDArray[np.int64],
        seconds: NDArray[np.float64],
        received: NDArray[np.float64],
    ) -> None:
        """One reject for each unusable reading; the loop is over those alone."""
        starts = np.concatenate([[0], np.cumsum(self._counts)])
        for at in bad.tolist():
            nth = int(pack[at])
            value = self._values[at]
            if value is _UNLISTED:
                continue
            keep = self._plans[nth].keep
            position = at - int(starts[nth])
            number = _number(taken[nth].pack, position if keep is None else keep[position])
            if value is None:
                self._reject(nth, Reject(Reason.NO_VALUE, number))
            elif (reason := wrong_time(float(seconds[at]), float(received[at]))) is not None:
                self._reject(nth, Reject(reason, number, f"t = {float(seconds[at])!r}"))
            else:
                self._reject(nth, Reject(Reason.NOT_FINITE, number))


_UNLISTED = float("nan")
"""Stands for a text that is not listed; told from other NaN by identity."""


def _number(pack: Pack, position: int | None) -> int | None:
    """Number of a reading in its pack, as the sender counts."""
    return position if position is None or pack.numbers is None else pack.numbers[position]


def wrong_time(seconds: float, received: float) -> Reason | None:
    """Why a time can't be used; None when it can. Both in seconds since 1970."""
    if seconds != seconds:  # noqa: PLR0124  NaN: none was sent
        return Reason.TIME_MISSING
    if seconds < RELATIVE_BELOW:
        return Reason.TIME_RELATIVE
    if seconds < OLDEST_S:
        return Reason.TIME_TOO_OLD
    if seconds <= received + AHEAD_S:
        return None
    if OLDEST_S <= seconds / 1000 <= received + AHEAD_S:
        return Reason.TIME_IN_MILLISECONDS
    return Reason.TIME_IN_FUTURE
