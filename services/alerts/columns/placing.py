"""Rows for derived sensors: what hazards declare, and one for each rule of kind rate.

Part of laying out a site: the rows come behind the measured ones, level by level.
"""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.columns.derivations import (
    NOWHERE,
    Known,
    Placed,
    answer,
    answers,
    level_of,
    seen_elsewhere,
    wanted,
)
from services.alerts.columns.silence import FOREVER
from services.alerts.derive import Ints
from services.alerts.hazard import HIDDEN, Derivation, StrikeDerivation
from services.alerts.hazards import derivations, properties, strike_derivations
from services.alerts.rule import Rule
from services.observation.instants import SECOND
from services.observation.sensor import Station
from services.observation.topics import SITE_SCOPE

if TYPE_CHECKING:
    from services.alerts.columns.layout import Layout


class PlacedStrikes(NamedTuple):
    """A derivation from strikes at all its places; columns as in `Placed`."""

    derivation: StrikeDerivation
    first: int
    size: int
    inputs: Ints
    stations: tuple[Station, ...]


def place_derived(layout: "Layout") -> None:
    """Append the derived rows to the columns of a layout."""
    _Placing(layout).place()


class _Placing:
    """The rows as far as they are placed."""

    def __init__(self, layout: "Layout") -> None:
        self.layout, self.site = layout, layout.site
        self.known = Known(layout.site.stations)
        self.root = list(range(layout.real))
        self.units = {name: prop.unit for name, prop in properties().items()}
        for station, name in zip(layout.station, layout.property, strict=True):
            self.known.add(station, name, 0)

    def place(self) -> None:
        """Place every derivation, those that others read before them."""
        layout = self.layout
        declared = derivations()
        elsewhere = seen_elsewhere(declared, layout.rules)
        levels: dict[int, list[Placed]] = defaultdict(list)
        for one, rule in wanted(declared, layout.rules):
            everywhere = not elsewhere.isdisjoint(one.outputs)
            found = self._anywhere(one, everywhere) if one.anywhere else self._beside(one, rule, everywhere)
            if not found:
                continue
            level = level_of(self.known, one)
            levels[level].append(self._place_one(one, level, found))
            for name in one.outputs:
                for row, station in found:
                    self._append(row, station, name, level)
        struck = self._struck()
        self._span(levels, struck)
        self._append_struck(struck)

    def _struck(self) -> list[PlacedStrikes]:
        """Places of what is made of strikes; none at a site that declares no source of them."""
        found: list[PlacedStrikes] = []
        first = len(self.layout.names)
        for one in strike_derivations() if self.layout.strikers else ():
            stations = tuple(
                station
                for station in self.site.stations.values()
                if self._visible(station, everywhere=False)
                and station.attributes.keys() >= set(one.needs)
                and not any((station.id, name) in self.known.own for name in one.outputs)
            )
            if stations:
                inputs = np.array(
                    [[answer(self.known, name, station) for station in stations] for name in one.inputs],
                    np.int64,
                ).reshape(len(one.inputs), len(stations))
                found.append(PlacedStrikes(one, first, len(stations), inputs, stations))
                first += len(one.outputs) * len(stations)
        return found

    def _append_struck(self, struck: list[PlacedStrikes]) -> None:
        """Rows of places: no gateway speaks for them, and they have no rhythm."""
        layout = self.layout
        layout.struck, layout.struck_from = struck, len(layout.names)
        kin = {
            station: int(layout.kin.max(initial=-1)) + 1 + at for at, station in enumerate(self.site.stations)
        }
        more: list[int] = []
        for placed in struck:
            for name in placed.derivation.outputs:
                for station in placed.stations:
                    layout.names.append(f"{station.id}.{name}")
                    layout.property.append(name)
                    layout.station.append(station.id)
                    layout.area.append(station.area)
                    layout.mine.append(True)
                    layout.unit.append(self.units.get(name, "1"))
                    more.append(kin[station.id])
        count = len(more)
        layout.root = np.append(layout.root, np.arange(layout.struck_from, layout.struck_from + count))
        layout.kin = np.append(layout.kin, np.array(more, np.int64))
        for column, value in (("gateway", -1), ("group", -1), ("interval", 0)):
            setattr(layout, column, np.append(getattr(layout, column), np.full(count, value, np.int64)))
        for column in ("silent", "gap"):
            setattr(layout, column, np.append(getattr(layout, column), np.full(count, FOREVER, np.int64)))
        layout.timed = np.append(layout.timed, np.zeros(count, bool))
        layout.published = np.append(layout.published, np.ones(count, bool))

    def _beside(self, one: Derivation, rule: Rule | None, everywhere: bool) -> list[tuple[int, Station]]:  # noqa: FBT001
        """Sources, and their own stations."""
        layout = self.layout
        found = []
        for row in self.known.by_property.get(one.source, ()):
            station = self.site.stations[layout.station[row]]
            mine = layout.mine[row]
            if rule is not None and not (mine and rule.matches(self.site, layout.sensors[row])):
                continue
            if (everywhere or mine) and self._has(one, station):
                found.append((row, station))
        return found

    def _anywhere(self, one: Derivation, everywhere: bool) -> list[tuple[int, Station]]:  # noqa: FBT001
        """Stations with the attributes, and the source that each finds; by source."""
        found = []
        for station in self.site.stations.values():
            if self._visible(station, everywhere=everywhere) and self._has(one, station):
                row = answer(self.known, one.source, station)
                if row != NOWHERE:
                    found.append((row, station))
        return sorted(found, key=lambda pair: pair[0])

    def _visible(self, station: Station, *, everywhere: bool) -> bool:
        layout = self.layout
        if layout.only is None or layout.owner[station.area] == layout.only:
            return True
        return everywhere and station.area == SITE_SCOPE

    def _has(self, one: Derivation, station: Station) -> bool:
        """Whether a derivation is at home at a station."""
        if one.above is not None and one.above.resolve(station.attributes) is None:
            return False
        if not station.attributes.keys() >= set(one.needs):
            return False
        return not any((station.id, name) in self.known.own for name in one.outputs)

    def _append(self, row: int, station: Station, name: str, level: int) -> None:
        layout = self.layout
        layout.parent[len(layout.names)] = row
        self.root.append(self.root[row])
        layout.names.append(f"{station.id}.{name}")
        layout.property.append(name)
        layout.station.append(station.id)
        layout.area.append(station.area)
        layout.mine.append(layout.only is None or layout.owner[station.area] == layout.only)
        layout.unit.append(self.units.get(name, f"{layout.unit[row]}/h"))
        self.known.add(station.id, name, level)

    def _place_one(self, one: Derivation, level: int, found: list[tuple[int, Station]]) -> Placed:
        layout = self.layout
        sources, stations = np.array([row for row, _ in found], np.int64), tuple(place for _, place in found)
        place, feeds = np.full(len(layout.names), NOWHERE, np.int64), np.zeros(len(layout.names), np.int64)
        place[sources[::-1]] = np.arange(len(sources))[::-1]  # of several, the first stays
        np.add.at(feeds, sources, 1)
        floors = [
            None if one.above is None else one.above.resolve(station.attributes) for station in stations
        ]
        interval = layout.interval[[self.root[row] for row in sources.tolist()]]
        window = np.maximum(round(one.window_s * SECOND), one.window_intervals * interval)
        return Placed(
            one,
            level,
            tuple(sorted({self.known.level[row] for row in sources.tolist()})),
            len(layout.names),
            len(sources),
            sources,
            place,
            feeds,
            window,
            np.array([-np.inf if floor is None else floor for floor in floors]),
            answers(self.known, one, stations),
            stations,
            _kinds(one, interval, window, stations),
        )

    def _span(self, levels: dict[int, list[Placed]], struck: list[PlacedStrikes]) -> None:
        """Derived sensors are heard as the measured ones below them are."""
        layout, rows = self.layout, len(self.layout.names)
        layout.levels = [[one.over(rows) for one in levels[level]] for level in sorted(levels)]
        layout.root = np.array(self.root, np.int64)
        kin: dict[tuple[int, str], int] = {}
        pairs = zip(self.root, layout.station, strict=True)
        layout.kin = np.array([kin.setdefault(pair, len(kin)) for pair in pairs], np.int64)
        for column in ("gateway", "group", "interval", "silent", "gap", "timed"):
            setattr(layout, column, getattr(layout, column)[layout.root])
        known = properties()
        for row in range(layout.real, rows):
            prop = known.get(layout.property[row])
            if prop is not None and prop.reports == "on_change":
                layout.timed[row] = True
        shown = [
            mine and not name.startswith(HIDDEN)
            for mine, name in zip(layout.mine, layout.property, strict=True)
        ]
        layout.published = np.array(shown, bool)
        layout.published[: layout.real] = False
        read = {row for found in layout.levels for one in found for row in one.inputs.ravel().tolist()}
        read |= {row for one in struck for row in one.inputs.ravel().tolist()}
        layout.inputs = np.array(sorted(read - {NOWHERE}), np.int64)


def _kinds(one: Derivation, interval: Ints, window: Ints, stations: tuple[Station, ...]) -> Ints:
    """Number of each place among those that differ in what `compute` sees of them; empty: it sees all."""
    if one.alike is None:
        return np.empty(0, np.int64)
    numbers: dict[tuple[float | None, ...], int] = {}
    found = [
        numbers.setdefault((*times, *(place.attributes.get(name) for name in one.alike)), len(numbers))
        for *times, place in zip(interval.tolist(), window.tolist(), stations, strict=True)
    ]
    return np.array(found, np.int64)
