"""Rings round protected places: what a strike, a field mill and a coming cell make of a place's phase.

Phases 1 monitor, 2 prepare, 3 warning, 4 danger. Rings 20, 16, 10 and 8 km: 10 km is that of the 30-30 rule
(verified: extremeweather.unl.edu), the others are design defaults; attributes of the place replace them.

Between two phases lies a value that raises the lower one and keeps the upper one from ending, through the
rule's hysteresis of a half: a strike within `lightning_all_clear_km`, or a mill that is not calm after one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Bools, Floats, Ints, Strikes, Struck
from services.alerts.hazards import _lightning_arrival as arrival
from services.alerts.hazards import _lightning_cells as cells
from services.alerts.hazards import _lightning_geo as geo

MINUTE = 60_000_000
MONITOR, PREPARE, WARNING, DANGER = 1, 2, 3, 4
OUTPUTS = (
    "strike_distance", "strike_bearing", "lightning_phase", "strikes_10min", "storm_eta", "storm_bearing",
    "flash_jump", "lightning_evidence",
)  # fmt: skip
DISTANCE, BEARING, PHASE, COUNT, ETA, FROM, JUMP, EVIDENCE = range(len(OUTPUTS))

RINGS = (
    ("lightning_monitor_km", 20.0),
    ("lightning_prepare_km", 16.0),
    ("lightning_warning_km", 10.0),
    ("lightning_danger_km", 8.0),
)
"""Attribute of the place, and the radius where it has none, km."""
_HOLD = 0.5
_SHOWN = 0.05
"""Distances are told to 100 m, and no network knows them better: what is told as 10,0 km is within 10 km."""

BY_STRIKE, BY_CELL, BY_MILL, NO_MILL, HELD = 1, 2, 4, 8, 16
"""Bits of `lightning_evidence`: a strike in the rings, a cell on its way, the field of a mill; no mill that
can be read; kept by a mill that is not calm."""

_MILL_WATCH, _MILL_WARNING, _MILL_UNEASY = 1.0, 2.0, 0.5
_JUMP_KM = 40.0
_AHEAD = ((15.0, PREPARE), (30.0, MONITOR))
"""Minutes until a cell reaches the warning ring, and the phase that makes (design default)."""


class Rings(NamedTuple):
    """Radii of (p,) places, km: (4, p) by phase, and within which a strike keeps a warning, (p,)."""

    radius: Floats
    clear: Floats

    @classmethod
    def of(cls, strikes: Strikes) -> "Rings":
        """Those of the places; outer ones are never smaller than inner ones."""
        radius = np.stack([strikes.attribute(name, default) for name, default in RINGS])
        radius = np.maximum.accumulate(radius[::-1])[::-1]
        clear = strikes.attribute("lightning_all_clear_km", float("nan"))
        clear = np.where(np.isnan(clear), radius[WARNING - 1], clear)
        return cls(radius, np.clip(clear, radius[WARNING - 1], radius[PREPARE - 1]))


def _mill(strikes: Strikes) -> Floats:
    """Step of the place's field mill, NaN where none can be read: (p,)."""
    found = strikes.held.get("field_step")
    return np.full(len(strikes.place_lat), np.nan) if found is None else found


def _phase(km: Floats, rings: Rings, place: Ints, mill: Floats) -> Floats:
    """Phase of strikes at distances from places, (k,): by ring, raised to a warning by a mill's warning."""
    phase = np.asarray((km <= rings.radius[:, place]).sum(axis=0), np.float64)
    keeps = (phase == PREPARE) & (km <= rings.clear[place])
    phase[keeps] += _HOLD
    # A single mill may be biased by salt, power lines or splashing rain; with a strike it is evidence.
    phase[(mill[place] >= _MILL_WARNING) & (phase >= MONITOR) & (phase < WARNING)] = WARNING
    return phase


def _pairs(
    lat: Floats, lon: Floats, place_lat: Floats, place_lon: Floats, radius: Floats
) -> Iterator[geo.Pairs]:
    """Strikes and the places they are near, by the distance that is told."""
    for strike, place, km in geo.near(lat, lon, place_lat, place_lon, radius + _SHOWN):
        told = np.minimum(km, np.rint(km / (2 * _SHOWN)) * (2 * _SHOWN))
        keep = told <= radius[place]
        yield geo.Pairs(strike[keep], place[keep], told[keep])


def near(strikes: Strikes) -> Struck:
    """What new strikes make of places: distance, bearing and phase, at the strike's own instant.

    Of the strikes of a minute a place is told the first and the last that reach each phase, and of those at
    one instant the highest: more would change no ladder, and a storm over a city is ten million pairs.
    """
    rings, mill = Rings.of(strikes), _mill(strikes)
    order = np.argsort(strikes.time, kind="stable")
    time, lat, lon = strikes.time[order], strikes.lat[order], strikes.lon[order]
    parts = [
        _telling(pairs, _phase(pairs.km, rings, pairs.place, mill), time)
        for pairs in _pairs(lat, lon, strikes.place_lat, strikes.place_lon, rings.radius[0])
        if len(pairs.km)
    ]
    if not parts:
        return nothing()
    strike, place, km, phase = (np.concatenate(part) for part in zip(*parts, strict=True))
    keep = _first_and_last(place, time[strike], phase)
    keep = keep[_one_at_an_instant(place[keep], time[strike[keep]], km[keep], phase[keep])]
    strike, place, km, phase = strike[keep], place[keep], km[keep], phase[keep]
    values = np.full((len(OUTPUTS), len(place)), np.nan)
    values[DISTANCE], values[PHASE] = km, phase
    values[BEARING] = geo.bearing(
        strikes.place_lat[place], strikes.place_lon[place], lat[strike], lon[strike]
    )
    by_ring = (km <= rings.radius[:, place]).sum(axis=0)
    values[EVIDENCE] = BY_STRIKE + BY_MILL * (np.floor(phase) > by_ring) + NO_MILL * np.isnan(mill[place])
    return Struck(place, time[strike], values)


def nothing() -> Struck:
    """No reading."""
    return Struck(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((len(OUTPUTS), 0)))


def _telling(pairs: geo.Pairs, phase: Floats, time: Ints) -> tuple[Ints, Ints, Floats, Floats]:
    """A part of the pairs, thinned for itself: what it leaves out, the whole would leave out as well."""
    keep = _first_and_last(pairs.place, time[pairs.strike], phase)
    return pairs.strike[keep], pairs.place[keep], pairs.km[keep], phase[keep]


def _first_and_last(place: Ints, time: Ints, phase: Floats) -> Ints:
    """Which of (k,) readings, ascending by time, to keep; in the same order."""
    start = int(time[0]) // MINUTE
    minutes = int(time[-1]) // MINUTE - start + 1
    group = place * minutes + (time // MINUTE - start)
    kept = np.zeros(len(place), bool)
    edge = np.empty(int(group.max()) + 1, np.int64)
    for least in (MONITOR, PREPARE, PREPARE + _HOLD, WARNING, DANGER):
        at = np.flatnonzero(phase >= least)
        mine = group[at]
        for ordered, of_group in ((at[::-1], mine[::-1]), (at, mine)):
            edge[of_group] = ordered  # of several the last stands
            kept[edge[mine]] = True
    return np.flatnonzero(kept)


def _one_at_an_instant(place: Ints, time: Ints, km: Floats, phase: Floats) -> Ints:
    """Which of (k,) readings to keep: by place, ascending by time; at one instant the highest."""
    order = np.lexsort((km, -phase, time, place))
    where, when = place[order], time[order]
    new = np.ones(len(order), bool)
    new[1:] = (where[1:] != where[:-1]) | (when[1:] != when[:-1])
    return order[new]


def step(strikes: Strikes) -> Struck:
    """What the last half hour makes of places at a full minute: cells on their way, jumps, mills, counts."""
    places = len(strikes.place_lat)
    rings, mill = Rings.of(strikes), _mill(strikes)
    values = np.full((len(OUTPUTS), places), np.nan)
    found = cells.storms(strikes.time, strikes.lat, strikes.lon, strikes.now, strikes.place_lat)
    eta, of_cell = arrival.arrival(found, strikes.place_lat, strikes.place_lon, rings.radius[WARNING - 1])
    values[ETA], values[FROM] = eta, of_cell
    reach = strikes.attribute("lightning_jump_km", _JUMP_KM)
    values[JUMP] = arrival.jumps_near(found, strikes.place_lat, strikes.place_lon, reach)
    count, lately, closely = _counts(strikes, rings)
    values[COUNT] = np.where(count > 0, count, np.nan)

    phase, evidence = np.zeros(places), np.zeros(places)
    for minutes, made in reversed(_AHEAD):
        phase[eta <= minutes] = made
    evidence[eta <= _AHEAD[-1][0]] = BY_CELL
    uneasy, watch = mill >= _MILL_UNEASY, mill >= _MILL_WATCH
    by_mill = np.select(
        [lately & (mill >= _MILL_WARNING), closely & uneasy, watch, lately & uneasy],
        [float(WARNING), PREPARE + _HOLD, float(PREPARE), MONITOR + _HOLD],
        0.0,
    )
    evidence += BY_MILL * (watch & (by_mill > 0)) + HELD * (~watch & (by_mill > 0))
    evidence += NO_MILL * np.isnan(mill)
    phase = np.maximum(phase, by_mill)
    values[PHASE] = np.where(phase > 0, phase, np.nan)
    values[EVIDENCE] = np.where(phase > 0, evidence, np.nan)
    told = np.flatnonzero(np.isfinite(values).any(axis=0))
    return Struck(told, np.full(len(told), strikes.now, np.int64), values[:, told])


_TEN_MINUTES, _HALF_HOUR = 10 * MINUTE, 30 * MINUTE


def _counts(strikes: Strikes, rings: Rings) -> tuple[Floats, Bools, Bools]:
    """Of (p,) places: strikes within the outer ring in ten minutes; any in the window there; any near."""
    places = len(strikes.place_lat)
    count, lately, closely = np.zeros(places), np.zeros(places, bool), np.zeros(places, bool)
    fresh = strikes.time > strikes.now - _TEN_MINUTES
    everywhere = (strikes.place_lat, strikes.place_lon, rings.radius[0])
    for pairs in _pairs(strikes.lat[fresh], strikes.lon[fresh], *everywhere):
        count += np.bincount(pairs.place, minlength=places)
        closely[pairs.place[pairs.km <= rings.clear[pairs.place]]] = True
    lately |= count > 0
    # What came before matters only where a mill speaks.
    asks = (_mill(strikes) >= _MILL_UNEASY) & ~closely
    older, at = ~fresh & (strikes.time > strikes.now - _HALF_HOUR), np.flatnonzero(asks)
    if len(at) and older.any():
        few = (strikes.place_lat[at], strikes.place_lon[at], rings.radius[0][at])
        for pairs in _pairs(strikes.lat[older], strikes.lon[older], *few):
            lately[at[pairs.place]] = True
            closely[at[pairs.place[pairs.km <= rings.clear[at][pairs.place]]]] = True
    return count, lately, closely
