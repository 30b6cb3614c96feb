"""A small city for tests of the engine: a site from a few words, batches from tuples, events as texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from services.alerts.engine import Engine, EngineMessage, Readings
from services.alerts.hazards import hazards
from services.alerts.rule import Rule, parse_rules
from services.observation.batch import Batch
from services.observation.event import CloudEvent, verb_of
from services.observation.messages import Strike, StrikeBatch, Tick
from services.observation.quantity import Reports
from services.observation.sensor import Sensor, Station
from services.observation.site import Area, Gateway, RawRule, Site, SourceDecl
from services.observation.sources import Source
from services.observation.text import Text

SECOND = 1_000_000
MINUTE = 60 * SECOND
T0 = 1_700_000_040_000_000  # a full minute, 2023-11-14T22:14:00Z, which is 05:14 in Việt Nam

OFF: list[Mapping[str, Any]] = [
    {"id": rule["id"], "enabled": False} for hazard in hazards().values() for rule in hazard.rules
]


def sensor(name: str, interval_s: float = 600.0, reports: Reports = "periodic", unit: str = "m") -> Sensor:
    """Declare one sensor; its property is the tail of its id."""
    station, _, prop = name.partition(".")
    return Sensor(name, station, prop, unit, unit, interval_s, reports, "measured", *([None] * 6))  # type: ignore[arg-type]


def city(
    sensors: Iterable[Sensor],
    rules: Sequence[Mapping[str, Any]] = (),
    *,
    areas: Mapping[str, str] | None = None,
    gateways: Mapping[str, str] | None = None,
    attributes: Mapping[str, Mapping[str, float]] | None = None,
    places: Sequence[str] = (),
    reporting_s: float | None = None,
    version: str = "v1",
    bare: bool = True,
    sources: Sequence[SourceDecl] = (),
) -> Site:
    """Build a site. `areas` and `gateways` say where stations lie; `bare` switches the defaults off.

    `places` are stations without sensors.
    """
    found = list(sensors)
    names = list(dict.fromkeys([*(one.station for one in found), *places]))
    area_of = {name: (areas or {}).get(name, "city") for name in names}
    gateway_of = {name: (gateways or {}).get(name, "gw") for name in names}
    used = {area for area in area_of.values() if area != "site"} | {"city"}
    gates = {
        gate: Gateway(gate, "city", reporting_s, tuple(n for n in names if gateway_of[n] == gate))
        for gate in dict.fromkeys(gateway_of.values())
    }
    tables: list[Mapping[str, Any]] = [*rules]
    if bare:
        told = {table.get("id") for table in rules}
        tables += [table for table in OFF if table["id"] not in told]
    stations = {
        name: Station(
            name,
            Text(name, name),
            area_of[name],
            107.1,
            10.3,
            gateway_of[name],
            dict((attributes or {}).get(name, {})),
        )
        for name in names
    }
    return Site(
        id="vt",
        name=Text("Vũng Tàu", "Vung Tau"),
        zone="Asia/Ho_Chi_Minh",
        languages=("vi", "en"),
        bounds=None,
        areas={name: Area(name, Text(name, name)) for name in sorted(used)},
        gateways=gates,
        sources=tuple(sources),
        stations=stations,
        sensors={one.id: one for one in found},
        rules=tuple(RawRule(dict(table), at + 1) for at, table in enumerate(tables)),
        version=version,
    )


def rules_of(site: Site) -> list[Rule]:
    """Rules in force; the city must have no problem."""
    rules, problems = parse_rules(site)
    assert not problems, [str(problem) for problem in problems]
    return rules


def engine_of(site: Site, partition: int | None = None, t: int = T0) -> Engine:
    """Start an engine on a city."""
    return Engine(site, rules_of(site), partition, t)


def batch(rows: Sequence[tuple[Any, ...]], gateway: str = "gw", received_at: int | None = None) -> Batch:
    """Make a batch of (sensor, time, value[, flag]) in one source."""
    ids = list(dict.fromkeys(row[0] for row in rows))
    index = {name: at for at, name in enumerate(ids)}
    times = [row[1] for row in rows]
    at = received_at if received_at is not None else max(times, default=T0)
    return Batch(
        [Source(gateway, "", 0, 0, 1, at, len(rows))],
        ids,
        np.array(times, np.int64),
        np.array([index[row[0]] for row in rows], np.uint32),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] if len(row) > 3 else 1 for row in rows], np.uint8),
    )


def readings(*rows: tuple[Any, ...]) -> Readings:
    """Make one message of readings."""
    return Readings(batch(rows))


def tick(
    t: int,
    clocks: Mapping[str, int] | None = None,
    dt: int = SECOND,
    sources: Sequence[str] = ("broker",),
    resumed: Sequence[str] = (),
) -> Tick:
    """Make one tick."""
    return Tick(t, dt, list(sources), dict(clocks or {}), resumed=list(resumed))


def strike(t: int, far: float = 0.0, source: str = "net", name: str | None = None) -> Strike:
    """A strike so many hundredths of a degree north of where all stations of a city are."""
    return Strike(source, t, 10.3 + far / 100, 107.1, name)


def strikes(*some: Strike, source: str = "net") -> StrikeBatch:
    """One message of strikes."""
    newest = max((one.time for one in some), default=T0)
    return StrikeBatch([Source(source, "", 0, 0, 1, newest, len(some))], list(some))


def told(events: Iterable[CloudEvent]) -> list[str]:
    """Say events as `verb severity sensor @minutes since T0`."""
    from services.observation.instants import micros

    said = []
    for event in events:
        minutes = (micros(event.time) - T0) / MINUTE
        who = event.data.sensor or event.data.gateway or event.data.area
        said.append(f"{verb_of(event.type)} {event.data.severity} {who} @{minutes:g}")
    return said


def play(site: Site, *messages: EngineMessage) -> list[str]:
    """Apply messages to a fresh engine and tell what happened."""
    return told(engine_of(site).apply(messages))


def without_detection(events: Iterable[CloudEvent]) -> list[CloudEvent]:
    """Events with `detected_at` blanked: it is outside every comparison."""
    import msgspec

    return [
        msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, detected_at=""))
        for event in events
    ]
