"""Where derivations are at home at a site: which sensors they make, from which, in which order.

A derivation lies on a level above everything it reads, so levels are worked off one after the other. Its
sensors are rows behind the measured ones, all of its first output, then all of its second: computed columns
need no sorting.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from services.alerts.columns.slope import theil_sen
from services.alerts.derive import Computed, Floats, Ints, Series
from services.alerts.hazard import HIDDEN, Derivation
from services.alerts.rule import COMBINED, Kind, Rule
from services.observation.instants import SECOND
from services.observation.sensor import Station
from services.observation.topics import SITE_SCOPE

NOWHERE = -1
_RATE_SLOTS = 16
_FEW = 8
_QUARTER = 900 * SECOND
"""Clocks of this century change at full quarters of an hour."""


class Placed(NamedTuple):
    """One derivation at all the sensors that trigger it.

    Attributes:
        level: from 1; readings of level 0 are the measured ones.
        streams: levels on which its sources lie.
        first, size: output j at place i is row first + j × size + i.
        source: (size,) row that triggers each place; of one `anywhere` it may trigger many. Places are
            ascending by it.
        place: first place that each row triggers, NOWHERE where it is no source. feeds: how many.
        window, floor: (size,) µs; value of the source from which on it is computed, -inf for always.
        inputs: (inputs, size) row that answers each input, NOWHERE where none does.
        stations: of each place.
        kind: (size,) equal where all is equal that a derivation with `alike` sees of its place; else empty.
    """

    derivation: Derivation
    level: int
    streams: tuple[int, ...]
    first: int
    size: int
    source: Ints
    place: Ints
    feeds: Ints
    window: Ints
    floor: Floats
    inputs: Ints
    stations: tuple[Station, ...]
    kind: Ints

    def over(self, rows: int) -> "Placed":
        """The same, with a place for every row of the layout."""
        place, feeds = np.full(rows, NOWHERE, np.int64), np.zeros(rows, np.int64)
        place[: len(self.place)], feeds[: len(self.feeds)] = self.place, self.feeds
        return self._replace(place=place, feeds=feeds)

    def rows(self, at: int) -> range:
        """Rows of the outputs at one place."""
        return range(self.first + at, self.first + at + len(self.derivation.outputs) * self.size, self.size)


class Known:
    """Rows as far as they are placed: measured ones first, derived ones as they come."""

    def __init__(self, stations: Mapping[str, Station]) -> None:
        """No rows yet."""
        self.stations = stations
        self.own: dict[tuple[str, str], int] = {}
        self._near: dict[tuple[str, str, str | None], _Near] = {}
        self.station: list[str] = []
        self.level: list[int] = []
        self.names: set[str] = set()
        self.by_property: dict[str, list[int]] = defaultdict(list)
        self.top: dict[str, int] = {}

    def add(self, station: str, name: str, level: int) -> None:
        """One more row."""
        self.by_property[name].append(len(self.station))
        self.own[station, name] = len(self.station)
        self.station.append(station)
        self.level.append(level)
        self.names.add(f"{station}.{name}")
        self.top[name] = max(self.top.get(name, 0), level)

    def near(self, name: str, area: str, gateway: str | None = None) -> "_Near":
        """Rows of a property in an area, or of one gateway in it. All of that property are known by now."""
        found = self._near.get((name, area, gateway))
        if found is None:
            found = self._near[name, area, gateway] = _Near(self, name, area, gateway)
        return found


class _Near:
    """Rows of a property in an area, or of one gateway in it, by id of their stations."""

    def __init__(self, known: Known, name: str, area: str, gateway: str | None) -> None:
        rows = []
        for row in known.by_property.get(name, ()):
            place = known.stations[known.station[row]]
            if place.area == area and gateway in (None, place.gateway):
                rows.append(row)
        self.rows = sorted(rows, key=known.station.__getitem__)
        stations = [known.stations[known.station[row]] for row in self.rows]
        self.lat = np.array([one.lat for one in stations])
        self.lon = np.array([one.lon for one in stations])

    def nearest(self, place: Station) -> int:
        """The nearest, of equals the first by id; of near places, in degrees."""
        east = (place.lon - self.lon) * math.cos(math.radians(place.lat))
        return self.rows[int(np.hypot(east, place.lat - self.lat).argmin())]


def wanted(derivations: Iterable[Derivation], rules: Iterable[Rule]) -> list[tuple[Derivation, Rule | None]]:
    """Derivations of the hazards, then one for each rule of kind rate."""
    return [
        *((one, None) for one in derivations),
        *(
            (
                Derivation(
                    (HIDDEN + rule.id,),
                    rule.property or "",
                    rate,
                    window_s=rule.window_s,
                    slots=_RATE_SLOTS,
                    above=rule.above,
                    alike=(),
                ),
                rule,
            )
            for rule in rules
            if rule.kind is Kind.RATE
        ),
    ]


def rate(series: Series) -> Computed:
    """Robust slope per hour over the whole window: (1, m)."""
    return Computed(theil_sen(series, series.window)[0][None])


def seen_elsewhere(derivations: Sequence[Derivation], rules: Iterable[Rule]) -> set[str]:
    """Derived properties whose values other partitions hold too, where the station is of scope `site`."""
    names = {name for one in derivations for name in one.inputs}
    names |= {one.source for one in derivations if one.anywhere}
    for rule in rules:
        if rule.kind in COMBINED:
            names |= {rule.property or "", *rule.also, *(one.property for one in rule.inputs)}
    for one in reversed(derivations):
        if names & set(one.outputs):
            names |= {one.source, *one.inputs}
    return names


def level_of(known: Known, one: Derivation) -> int:
    """One above everything it reads."""
    return 1 + max(known.top.get(name, 0) for name in (one.source, *one.inputs))


def answers(known: Known, one: Derivation, stations: Sequence[Station]) -> Ints:
    """Row of each input at each place: (inputs, places)."""
    found = [[_allowed(known, one, name, station) for station in stations] for name in one.inputs]
    return np.array(found, np.int64).reshape(len(one.inputs), len(stations))


def _allowed(known: Known, one: Derivation, name: str, place: Station) -> int:
    """As `answer`, of the stations that the derivation lets answer."""
    if name in one.own:
        return known.own.get((place.id, name), NOWHERE)
    if name not in one.cabinet:
        return answer(known, name, place)
    own = known.own.get((place.id, name))
    if own is not None:
        return own
    beside = known.near(name, place.area, place.gateway)
    return beside.nearest(place) if beside.rows and place.gateway is not None else NOWHERE


def answer(known: Known, name: str, place: Station) -> int:
    """Of the same station; the only one of scope site; the nearest of the area; the nearest of scope site."""
    own = known.own.get((place.id, name))
    if own is not None:
        return own
    wide = known.near(name, SITE_SCOPE)
    if len(wide.rows) == 1:
        return wide.rows[0]
    near = known.near(name, place.area)
    for some in (near, wide):
        if some.rows:
            return some.nearest(place)
    return NOWHERE


def wall_clock(zone: str) -> Callable[[Ints], Ints]:
    """µs UTC → µs of a zone's wall clock."""

    def local(time: Ints) -> Ints:
        if len(time) <= _FEW:
            return np.array([t + _shift(zone, t // _QUARTER) for t in time.tolist()], np.int64)
        quarters, back = np.unique(time // _QUARTER, return_inverse=True)
        shifts = np.fromiter(
            (_shift(zone, quarter) for quarter in quarters.tolist()), np.int64, len(quarters)
        )
        return np.asarray(time + shifts[back])

    return local


@lru_cache(maxsize=65_536)
def _shift(zone: str, quarter: int) -> int:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=quarter * _QUARTER)
    shift = when.astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if shift is None else shift // timedelta(microseconds=1)
