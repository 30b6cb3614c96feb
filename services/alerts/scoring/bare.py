"""The bare threshold: the same numbers with nothing around them, for comparison in backtests. Pure.

What a dashboard's alarm does: value at or above a threshold, alert; below, over. No quality control, no
delay, no hysteresis, no doubt, no order: readings are taken as they come. Ladders on measured properties, and
of what is derived the two that have a bare form:

- an index of the air is the hour's concentration against the index's own breakpoints (no Nowcast, no mean);
- the phases of lightning are the distance of a strike, and a minute without one ends it (no cells, no clock).

Rates, rain sums, residuals and the rip index have none.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.alerts.hazards._env_aqi import BREAKPOINTS, LEVELS, POLLUTANTS
from services.alerts.rule import Kind, Rule
from services.alerts.scoring.score import Occurrence
from services.observation.event import SEVERITIES
from services.observation.site import Site
from services.observation.topics import SITE_AREA, SITE_SCOPE

_SAME = {"reservoir_level": "water_level"}
"""Derived properties that are a measured one under another name."""

_INDEX = "vn_aqi"
RINGS_KM = (20.0, 16.0, 10.0, 8.0)
"""Of the default phases, outermost first (design default; 10 km is the 30-30 rule)."""

Rows = NDArray[np.integer[Any]]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def bare(site: Site, rules: Sequence[Rule], row: Rows, time: Ints, value: Floats) -> list[Occurrence]:
    """Alerts of bare thresholds over recorded readings.

    Args:
        site: whose sensors and attributes.
        rules: those of kind threshold on measured properties are taken; hysteresis, delays, schedules and
            lateness are not.
        row: (n,) place of each reading's sensor in `site.sensors`.
        time: (n,) µs UTC, in the order of arrival.
        value: (n,) canonical unit; NaN is passed over.

    Returns:
        Alerts by start; one still open has no end.
    """
    found: list[Occurrence] = []
    order = np.argsort(row, kind="stable")
    row, time, value = row[order], time[order], value[order]
    for at, sensor in enumerate(site.sensors.values()):
        mine = slice(*np.searchsorted(row, [at, at + 1]).tolist())
        good = np.isfinite(value[mine])
        if sensor.derived or not good.any():
            continue
        area = site.area_of(sensor)
        for rule in rules:
            if sensor.property in POLLUTANTS and _on_index(rule, sensor.property):
                steps, where = _of_index(rule, sensor.property), SITE_AREA if area == SITE_SCOPE else area
                levels = _levels(value[mine][good], steps)
                found += _fold(rule, where, sensor.id, time[mine][good], levels, sorted(steps))
            if rule.kind is not Kind.THRESHOLD or rule.property is None:
                continue
            measured = msgspec.structs.replace(rule, property=_SAME.get(rule.property, rule.property))
            if measured.matches(site, sensor):
                steps = _steps(rule, site.stations[sensor.station].attributes)
                levels = _levels(value[mine][good] * rule.sign, steps)
                where = SITE_AREA if area == SITE_SCOPE else area
                found += _fold(rule, where, sensor.id, time[mine][good], levels, sorted(steps))
    return sorted(found, key=lambda one: one.start)


def _on_index(rule: Rule, pollutant: str) -> bool:
    """Whether a rule looks at the index of the air, of all pollutants or of this one."""
    names = {rule.property, *getattr(rule, "also", ())}
    return not names.isdisjoint((_INDEX, f"aqi_{pollutant}"))


def _of_index(rule: Rule, pollutant: str) -> dict[int, float]:
    """Concentrations at which the rungs of an index begin, that of an hour or a day taken for the hour's."""
    curve = BREAKPOINTS[pollutant]
    found = {}
    for k, rung in enumerate(rule.rungs):
        index = rung.resolve({}) if rung is not None else None
        if index is not None:
            found[k] = float(np.interp(index - 1, LEVELS[: len(curve)], curve))  # 101 is the first above 100
    return found


def bare_strikes(
    places: Sequence[tuple[str, str, float, float]], time: Ints, lat: Floats, lon: Floats
) -> list[Occurrence]:
    """Alerts of bare rings: a strike within a ring raises, a minute without one ends.

    Args:
        places: station, area, latitude and longitude of each.
        time: (n,) µs UTC.
        lat: (n,) degrees.
        lon: (n,) degrees.

    Returns:
        Alerts by start.
    """
    order = np.argsort(time, kind="stable")
    time, lat, lon = time[order], lat[order], lon[order]
    found: list[Occurrence] = []
    for station, area, y, x in places:
        km = _km(lat, lon, y, x)
        near = np.flatnonzero(km <= RINGS_KM[0])
        one: Occurrence | None = None
        for t, distance in zip(time[near].tolist(), km[near].tolist(), strict=True):
            if one is None or t > (one.end or 0):
                one = Occurrence(area, "lightning", "rings", t, None, {}, f"{station}.strike_distance", [])
                found.append(one)
            level = sum(distance <= ring for ring in RINGS_KM)
            if SEVERITIES[level - 1] not in one.reached:
                one.told.append(t)
            for word in SEVERITIES[:level]:
                one.reached.setdefault(word, t)
            one.end = t + 60_000_000
    return sorted(found, key=lambda alert: alert.start)


def _km(lat: Floats, lon: Floats, y: float, x: float) -> Floats:
    """Great circle, a sphere of 6371 km."""
    a, b = np.radians(lat), np.radians(y)
    half = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon - x) / 2) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(half)))


def _steps(rule: Rule, attributes: dict[str, float]) -> dict[int, float]:
    """Thresholds by rung, times the rule's sign; a default's rung not above the one below is left out."""
    steps: dict[int, float] = {}
    for k, rung in enumerate(rule.rungs):
        threshold = rung.resolve(attributes) if rung is not None else None
        if threshold is None:
            continue
        threshold *= rule.sign
        if not rule.default or all(threshold > below for below in steps.values()):
            steps[k] = threshold
    return steps


def _levels(value: Floats, steps: dict[int, float]) -> Ints:
    """How many of the rungs each value has reached."""
    return np.searchsorted(np.array(sorted(steps.values())), value, side="right")


def _fold(  # noqa: PLR0913  an alert has these parts
    rule: Rule, area: str, sensor: str, time: Ints, levels: Ints, rungs: Sequence[int]
) -> list[Occurrence]:
    """Alerts of one rule on one sensor; only readings at which the level changes are looked at."""
    found: list[Occurrence] = []
    changed = np.flatnonzero(np.diff(levels, prepend=0))
    for at in changed.tolist():
        level, now = int(levels[at]), int(time[at])
        if level and (not found or found[-1].end is not None):
            found.append(Occurrence(area, rule.hazard, rule.id, now, None, {}, sensor, [now]))
        if not level:
            found[-1].end = now
            continue
        if found[-1].start < now and SEVERITIES[rungs[level - 1]] not in found[-1].reached:
            found[-1].told.append(now)
        for word in SEVERITIES[: rungs[level - 1] + 1]:
            found[-1].reached.setdefault(word, now)
    return found
