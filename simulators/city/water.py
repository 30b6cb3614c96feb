"""What becomes of rain: streets under water, wet soil, floods that arrive later downstream.

Every quantity of water is accounted for: what goes in is what comes out and what is still there. States
are arrays over stations; a step is given in seconds, rain in mm/h.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.city.chance import Floats

BASE_M3S_KM2 = 0.01
"""Flow of a dry day, m³/s from a km²."""

RUNOFF, PAVED = 0.7, 0.9
"""Share of the rain that runs off a catchment, and off streets and roofs."""

SPILL_S = 21_600.0
"""How long a reservoir holds what is above its full level, before the spillway has let it go."""

_EXPONENT = 0.6  # stage against discharge in a wide channel (Manning: Q ~ h^5/3)


class Streets(NamedTuple):
    """Low points of streets.

    Attributes:
        gather: how many times its own area drains into a low point.
        drain_mm_h: what the sewer takes; trunk sewers of HCMC were built for about 85 mm in 3 h.
        outfall_level: sea level from which on its outfall is locked.
    """

    gather: Floats
    drain_mm_h: Floats
    outfall_level: Floats


_LOCKED = 0.35  # of the sewer's capacity is left, by pumps and storage, when the sea stands above the outfall
_LOCK_BAND_M = 0.6


def sewer_share(sea_m: Floats | float, outfall_level: Floats) -> Floats:
    """How much of its capacity a sewer has at a sea level: all of it, until the tide reaches the outfall."""
    drowned = np.clip((sea_m - outfall_level) / _LOCK_BAND_M, 0.0, 1.0)
    return np.asarray(1.0 - (1.0 - _LOCKED) * drowned, np.float64)


def street_step(depth: Floats, streets: Streets, rain: Floats, sea_m: float, dt: float) -> Floats:
    """Depth in m after a step: runoff in, sewer out, never below the ground."""
    out = streets.drain_mm_h * sewer_share(sea_m, streets.outfall_level)
    change = streets.gather * (PAVED * rain - out) * dt / 3.6e6
    return np.asarray(np.maximum(depth + change, 0.0), np.float64)


def reservoir_step(flow: Floats, inflow: Floats, hold_s: Floats, dt: float) -> tuple[Floats, Floats]:
    """A linear reservoir, exactly: its outflow after the step, and the mean outflow during it."""
    after = inflow + (flow - inflow) * np.exp(-dt / hold_s)
    return after, inflow - hold_s * (after - flow) / dt


def hold_s(area_km2: Floats) -> Floats:
    """How long each of a catchment's two reservoirs holds water: 18 min at 3 km², 2.3 h at 300 km²."""
    return np.asarray(0.18 * area_km2**0.45 * 3600.0, np.float64)


def bank_full(area_km2: Floats) -> Floats:
    """Discharge in m³/s at which BĐ3 is reached, where nobody has measured it: small creeks flash higher."""
    return np.asarray(25.0 * (area_km2 / 3.0) ** -0.3 * area_km2 / 3.6, np.float64)


class Way(NamedTuple):
    """Water's way from one river station (a row) to the next, and how long it takes."""

    above: int
    below: int
    hold_s: float


class Rivers:
    """Catchments in a network: two linear reservoirs each (Nash 1957), one on every way between stations.

    Attributes:
        area: (r,) own catchment, km².
        total: (r,) with all catchments above it.
        full_m3: (r,) where a reservoir begins to spill; NaN for a gauge.
        flow: (r,) discharge at the station, m³/s; of a reservoir: what it lets out.
        inflow: (r,) what arrives there.
        storage: (r,) of reservoirs, m³.
    """

    def __init__(
        self, area_km2: Floats, hold: Floats, ways: Sequence[Way] = (), full_m3: Floats | None = None
    ) -> None:
        """Everything at the flow of a dry day.

        Raises:
            ValueError: a river parts in two, or flows in a circle.
        """
        self.area, self._hold, self.ways = area_km2, hold, _sorted(ways)
        self.total = area_km2.copy()
        for way in self.ways:
            self.total[way.below] += self.total[way.above]
        self.full_m3 = np.full(len(area_km2), np.nan) if full_m3 is None else full_m3
        dry = BASE_M3S_KM2 * self.total
        self._upper, self._lower = np.zeros(len(area_km2)), np.zeros(len(area_km2))
        self._carried = np.array([dry[way.above] for way in self.ways])
        self.flow, self.inflow = dry.copy(), dry.copy()
        self.storage = np.where(np.isnan(self.full_m3), 0.0, 0.995 * self.full_m3)

    def step(self, rain: Floats, dt: float) -> None:
        """Move on by `dt` seconds under this rain on each own catchment, in mm/h."""
        self._upper, passed = reservoir_step(self._upper, RUNOFF * rain, self._hold, dt)
        self._lower, run = reservoir_step(self._lower, passed, self._hold, dt)
        own = run * self.area / 3.6 + BASE_M3S_KM2 * self.area
        self.inflow = own
        if not self.ways:
            self.flow = self._let_out(own, dt)
            return
        for number, way in enumerate(self.ways):
            out = self._let_out(self.inflow, dt, way.above)
            self._carried[number], passing = reservoir_step(
                self._carried[number], out, np.asarray(way.hold_s), dt
            )
            self.inflow[way.below] += passing
        ends = np.isin(np.arange(len(self.area)), [way.above for way in self.ways], invert=True)
        self.flow[ends] = self._let_out(self.inflow, dt, ends)

    def _let_out(self, inflow: Floats, dt: float, rows: "int | NDArray[np.bool_] | None" = None) -> Floats:
        """What leaves the stations: all of it, or of a reservoir what is released and what spills over."""
        at = slice(None) if rows is None else rows
        full, stored = self.full_m3[at], self.storage[at]
        dammed = ~np.isnan(full)
        spill = np.maximum(stored - np.nan_to_num(full), 0.0) / SPILL_S
        out = np.where(dammed, BASE_M3S_KM2 * self.total[at] + spill, inflow[at])
        self.storage[at] = np.where(dammed, stored + (inflow[at] - out) * dt, 0.0)
        self.flow[at] = out
        return np.asarray(out, np.float64)

    def held_m3(self) -> float:
        """All water that is on its way: in the catchments, in the channels and behind dams."""
        fields = float(((self._upper + self._lower) * self._hold * self.area / 3.6).sum())
        channels = sum(float(c) * way.hold_s for c, way in zip(self._carried, self.ways, strict=True))
        return fields + channels + float(self.storage.sum())


def _sorted(ways: Sequence[Way]) -> list[Way]:
    """From the sources down: a way comes after all that end where it begins."""
    if len({way.above for way in ways}) < len(ways):
        msg = "a river parts in two: a station has two below it"
        raise ValueError(msg)
    left, found = list(ways), []
    while left:
        ready = [way for way in left if all(other.below != way.above for other in left)]
        if not ready:
            msg = "a river flows in a circle"
            raise ValueError(msg)
        found += ready
        left = [way for way in left if way not in ready]
    return found


def stage(flow: Floats, full: Floats, low_m: Floats, bd3_m: Floats) -> Floats:
    """Stage in m: `low_m` without water, BĐ3 at `full`."""
    return np.asarray(low_m + (bd3_m - low_m) * (np.maximum(flow, 0.0) / full) ** _EXPONENT, np.float64)


class Soil(NamedTuple):
    """Water in the root zone, % of the volume: what stays after a day, and what no plant can take."""

    capacity: float = 30.0
    wilting: float = 12.0
    saturated: float = 45.0
    depth_mm: float = 300.0


def soil_step(moisture: Floats, rain: Floats, dt: float, soil: Soil = Soil()) -> Floats:  # noqa: B008  a constant
    """Moisture after a step: rain in, drainage above field capacity within hours, 4 mm a day to the sun."""
    wetter = moisture + RUNOFF * rain * dt / 3600.0 / soil.depth_mm * 100.0
    drained = np.maximum(wetter - soil.capacity, 0.0) * (1 - np.exp(-dt / 21_600.0))
    thirst = np.clip((wetter - soil.wilting) / (soil.capacity - soil.wilting), 0.0, 1.0)
    dried = 4.0 / soil.depth_mm * 100.0 * thirst * dt / 86_400.0
    return np.asarray(np.clip(wetter - drained - dried, 0.0, soil.saturated), np.float64)
