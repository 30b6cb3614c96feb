"""The astronomical tide: predicted from a station's constituents, and constituents fitted to a recording.

`h(t) = z0 + sum f A cos(V(t) + u - G)`: amplitude A and Greenwich phase lag G of each constituent, V its
equilibrium argument from the mean longitudes of moon and sun (Meeus 1998; verified against utide 0.4.0 to a
hundredth of a degree), f and u the nodal corrections in the short form of Pugh 1987, table 4:3 (recalled;
within 2 % and 1.5 degrees of utide's full sums for M2, S2, N2, K2, K1, O1 and P1; coarser for the small Q1,
J1 and 2N2). L2 and the annual tides carry none.

A station names what it has: `tide_z0`, `tide_m2_amp` (m), `tide_m2_phase` (degrees), and so on.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Computed, Floats, Ints, Series

HOUR = 3_600_000_000
_J2000 = 946_728_000_000_000  # 2000-01-01T12:00:00Z, µs
_CENTURY = 36_525 * 24 * HOUR


class _Line(NamedTuple):
    """Multiples of (tau, s, h, p, p1), a constant in degrees, and what its nodal correction goes by."""

    doodson: tuple[int, int, int, int, int]
    constant: float = 0.0
    nodal: tuple[tuple[str, int], ...] = ()


_M2, _O1, _K1, _K2 = (("M2", 1),), (("O1", 1),), (("K1", 1),), (("K2", 1),)

LINES: dict[str, _Line] = {
    "sa": _Line((0, 0, 1, 0, -1)),
    "ssa": _Line((0, 0, 2, 0, 0)),
    "mm": _Line((0, 1, 0, -1, 0), 0.0, (("Mm", 1),)),
    "mf": _Line((0, 2, 0, 0, 0), 0.0, (("Mf", 1),)),
    "q1": _Line((1, -2, 0, 1, 0), -90.0, _O1),
    "o1": _Line((1, -1, 0, 0, 0), -90.0, _O1),
    "p1": _Line((1, 1, -2, 0, 0), -90.0),
    "k1": _Line((1, 1, 0, 0, 0), 90.0, _K1),
    "j1": _Line((1, 2, 0, -1, 0), 90.0, (("J1", 1),)),
    "2n2": _Line((2, -2, 0, 2, 0), 0.0, _M2),
    "mu2": _Line((2, -2, 2, 0, 0), 0.0, _M2),
    "n2": _Line((2, -1, 0, 1, 0), 0.0, _M2),
    "nu2": _Line((2, -1, 2, -1, 0), 0.0, _M2),
    "m2": _Line((2, 0, 0, 0, 0), 0.0, _M2),
    "l2": _Line((2, 1, 0, -1, 0), 180.0),
    "t2": _Line((2, 2, -3, 0, 1)),
    "s2": _Line((2, 2, -2, 0, 0)),
    "k2": _Line((2, 2, 0, 0, 0), 0.0, _K2),
    "mo3": _Line((3, -1, 0, 0, 0), -90.0, (*_M2, *_O1)),
    "mk3": _Line((3, 1, 0, 0, 0), 90.0, (*_M2, *_K1)),
    "mn4": _Line((4, -1, 0, 1, 0), 0.0, (("M2", 2),)),
    "m4": _Line((4, 0, 0, 0, 0), 0.0, (("M2", 2),)),
    "ms4": _Line((4, 2, -2, 0, 0), 0.0, _M2),
    "m6": _Line((6, 0, 0, 0, 0), 0.0, (("M2", 3),)),
    "2ms6": _Line((6, 2, -2, 0, 0), 0.0, (("M2", 2),)),
    "m8": _Line((8, 0, 0, 0, 0), 0.0, (("M2", 4),)),
}
"""Constituents that can be named, by the Doodson numbers that make their argument."""

# f = a + b cos N, u = c sin N (degrees), N the longitude of the moon's ascending node.
_NODAL = {
    "Mm": (1.000, -0.130, 0.0),
    "Mf": (1.043, 0.414, -23.7),
    "O1": (1.009, 0.187, 10.8),
    "K1": (1.006, 0.115, -8.9),
    "J1": (1.013, 0.168, -12.9),
    "M2": (1.000, -0.037, -2.1),
    "K2": (1.024, 0.286, -17.7),
}


class Tide(NamedTuple):
    """What a station's tide is made of: mean level (m), names, amplitudes (m), Greenwich phases (degrees)."""

    z0: float
    names: tuple[str, ...]
    amplitude: tuple[float, ...]
    phase: tuple[float, ...]

    def attributes(self) -> dict[str, float]:
        """As attributes of a station in `stations.geojson`."""
        found = {"tide_z0": round(self.z0, 4)}
        for name, amplitude, phase in zip(self.names, self.amplitude, self.phase, strict=True):
            found |= {f"tide_{name}_amp": round(amplitude, 4), f"tide_{name}_phase": round(phase, 2)}
        return found


def constituents_of(attributes: Mapping[str, float]) -> Tide | None:
    """The tide a station's attributes describe; None without a mean level or without any constituent."""
    return _tide(tuple(sorted((k, v) for k, v in attributes.items() if k.startswith("tide_"))))


@cache
def _tide(items: tuple[tuple[str, float], ...]) -> Tide | None:
    given = dict(items)
    names = tuple(n for n in LINES if f"tide_{n}_amp" in given and f"tide_{n}_phase" in given)
    if "tide_z0" not in given or not names:
        return None
    amplitude, phase = (tuple(given[f"tide_{n}_{what}"] for n in names) for what in ("amp", "phase"))
    return Tide(given["tide_z0"], names, amplitude, phase)


def predicted(time: Ints, tide: Tide) -> Floats:
    """Astronomical tide, m above the datum of `z0`; `time` (n,) µs UTC.

    Added one constituent after the other: the sum at a time is the same to the last bit in any company.
    """
    argument, factor = _arguments(time, tide.names)
    size, lag = (np.array(column)[:, None] for column in (tide.amplitude, np.radians(tide.phase)))
    total = np.full(len(time), tide.z0)
    for wave in size * factor * np.cos(argument - lag):
        total += wave
    return total


def _arguments(time: Ints, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """V + u (radians) and f of constituents at times: (constituents, n) each.

    No product of matrices: its last bits may depend on how many times there are.
    """
    table = _table(names)
    t = (time - _J2000) / _CENTURY
    s = 218.3164477 + 481_267.881_234_21 * t - 0.0015786 * t**2
    h = 280.466_46 + 36_000.769_83 * t + 0.000_303_2 * t**2
    p = 83.353_246_5 + 4_069.013_728_7 * t - 0.010_32 * t**2
    p1 = 282.937_35 + 1.719_46 * t + 0.000_46 * t**2
    node = np.radians(125.044_52 - 1_934.136_261 * t + 0.002_070_8 * t**2)
    tau = (time % (24 * HOUR)) / HOUR * 15.0 + h - s
    degrees = table.constant + table.turn * np.sin(node)
    for times, longitude in zip(table.doodson, (tau, s, h, p, p1), strict=True):
        degrees = degrees + times * longitude
    cosine = np.cos(node)
    factor = np.ones((len(names), len(time)))
    for a, b, power in table.factors:
        factor *= (a + b * cosine) ** power
    return np.radians(degrees % 360.0), factor


class _Table(NamedTuple):
    """Constituents as columns: (5, k, 1) Doodson numbers, (k, 1) constants and u, and (k, 1) terms of f."""

    doodson: Floats
    constant: Floats
    turn: Floats
    factors: tuple[tuple[Floats, Floats, Floats], ...]


@cache
def _table(names: tuple[str, ...]) -> _Table:
    lines = [LINES[name] for name in names]
    turn = np.array([sum(times * _NODAL[key][2] for key, times in line.nodal) for line in lines])
    factors = []
    for at in range(max((len(line.nodal) for line in lines), default=0)):
        terms = [line.nodal[at] if at < len(line.nodal) else ("", 1) for line in lines]
        columns = zip(
            *((*_NODAL.get(key, (1.0, 0.0, 0.0))[:2], float(times)) for key, times in terms), strict=True
        )
        a, b, power = (np.array(column)[:, None] for column in columns)
        factors.append((a, b, power))
    doodson = np.array([line.doodson for line in lines], np.float64).T[:, :, None]
    constant = np.array([line.constant for line in lines])[:, None]
    return _Table(doodson, constant, turn[:, None], tuple(factors))


def speed(name: str) -> float:
    """Degrees per mean solar hour of a constituent."""
    per_hour = 1.0 / (36_525 * 24)
    rates = np.array([0.0, 481_267.881_234_21, 36_000.769_83, 4_069.013_728_7, 1.719_46]) * per_hour
    rates[0] = 15.0 + rates[2] - rates[1]
    return float(rates @ np.array(LINES[name].doodson))


# In the order in which they are taken up as a record grows (recalled: size in the equilibrium tide,
# shallow-water ones after their parents).
_BY_WEIGHT = (
    "m2", "k1", "s2", "o1", "n2", "k2", "p1", "q1", "m4", "ms4", "mu2", "nu2", "l2", "2n2", "mn4",
    "m6", "2ms6", "mk3", "mo3", "t2", "j1", "m8", "mm", "mf", "ssa", "sa",
)  # fmt: skip


_SLOW = 5.0
"""Degrees an hour: slower than the daily tides."""
_YEAR = 365 * 24 * HOUR


def separable(span: int) -> tuple[str, ...]:
    """Constituents that a record of this length (µs) tells apart: Rayleigh's criterion, the larger first.

    The slow ones only from a year on: in a shorter record they are the weather.
    """
    turns = span / HOUR / 360.0
    kept: list[str] = []
    for name in _BY_WEIGHT:
        slow = speed(name) < _SLOW
        if (span >= _YEAR or not slow) and all(
            abs(speed(name) - other) * turns >= 1 for other in (0.0, *map(speed, kept))
        ):
            kept.append(name)
    return tuple(kept)


def fit(time: Ints, level: Floats, names: Sequence[str] | None = None) -> Tide:
    """Fit mean level and constituents to a record by least squares.

    Args:
        time: (n,) µs UTC.
        level: (n,) m; NaN is left out.
        names: which constituents; None: those the length of the record can tell apart. Give the fit a
            calm stretch: a surge in it leans on the slow constituents.

    Raises:
        ValueError: fewer readings than unknowns, or an unknown constituent.
    """
    good = np.isfinite(level)
    time, level = time[good], level[good]
    chosen = tuple(names) if names is not None else separable(int(np.ptp(time)) if len(time) else 0)
    unknown = [name for name in chosen if name not in LINES]
    if unknown or not chosen or len(time) < 2 * len(chosen) + 1:
        msg = f"no fit of {', '.join(chosen) or 'nothing'} to {len(time)} readings"
        raise ValueError(msg)
    argument, factor = _arguments(time, chosen)
    columns = [np.ones(len(time)), *(factor * np.cos(argument)), *(factor * np.sin(argument))]
    found, *_ = np.linalg.lstsq(np.stack(columns, axis=1), level, rcond=None)
    cosine, sine = found[1 : 1 + len(chosen)], found[1 + len(chosen) :]
    phase = np.degrees(np.arctan2(sine, cosine)) % 360.0
    amplitude = np.hypot(cosine, sine)
    return Tide(float(found[0]), chosen, tuple(amplitude.tolist()), tuple(phase.tolist()))


def residual(series: Series) -> Computed:
    """Observed minus predicted tide, m: (1, m); NaN where the station has no constituents."""
    tide = constituents_of(series.attributes)
    if tide is None:
        return Computed(np.full((1, len(series.new_time)), np.nan))
    return Computed((series.new_value - predicted(series.new_time, tide))[None, :])
