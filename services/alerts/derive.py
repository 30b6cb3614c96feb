"""What a derived property is computed from, and what its function owes the engine. Types only.

A derived property is a sensor like any other whose readings are computed here: each new reading of its
*source* gives one, which then goes through the same ladders, delays and qualities as a measured one.

The engine promises `compute`, for the new reading i of a `Series` at t = new_time[i]:

- kept[:upto[i]] holds every reading that arrived before it, was PASS or NOT_EVALUATED and has
  t - window ≤ time < t; without `slots` all of them, with `slots` the first of each slot of the window.
  Older ones may stand there too, or not: where the batch was cut decides that.
- Readings that came late are in their place by time, from the moment they came. They trigger nothing.
- A SUSPECT reading is computed and not kept; what comes of it is SUSPECT.

`compute` promises in return that column i of its answer rests on nothing but that part of the past,
new_time[i], new_value[i], held[…][i] and the constants, to the last bit: not on other new readings, not on
how many there are, not on what is older than the window. So a sum is one of integers, or `math.fsum` over the
window alone; differences of a floating `cumsum` are neither. It is pure and writes into no argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Series:
    """One source sensor: its remembered past and its new readings.

    Attributes:
        time, value: (n,) kept readings, µs UTC strictly ascending: the past, then the new ones that are kept.
        upto: (m,) for new reading i, kept[:upto[i]] were kept before it; it itself is not among them.
        new_time, new_value: (m,) readings to compute at, µs UTC strictly ascending.
        window: µs that the derivation looks back at this sensor (`window_intervals` may have widened it).
        interval: µs between readings as declared; 0 unknown.
        attributes: of the station.
        held: (m,) per name in `inputs`: the newest good value of that sensor as the reading sees it. Of its
            own pack it sees what was measured by then, at the same instant too, whatever the order in which
            the gateway lists its sensors; of all else, what came before it. (A pack that goes to an area and
            to stations of scope `site` is two; one of a recording is what a gateway measured in it.) NaN
            when there is none, the sensor was silent or failing, or the value older than three of its
            intervals or its gateway's. A derived input that says nothing at a reading is NaN until its next:
            what speaks once an hour holds for one reading.
        local: µs UTC → µs of the site's wall clock, counted as if that were UTC: `local(t) // day` is a day.
        lat, lon: of the station, degrees.
        shift: µs by which new_time is later than it was, a number or (m,); see below.

    Of a derivation that names what is `alike` a series may hold several sources, one after the other, with
    `new_time` ascending over all of them. Times of each are then shifted by whole days, further apart than
    the window and two days more; `local` knows of it. `upto` counts from the first source on: kept[:upto[i]]
    ends with the kept readings of the source of i, and all others lie long before its window. `attributes`
    are those it named.
    """

    time: Ints
    value: Floats
    upto: Ints
    new_time: Ints
    new_value: Floats
    window: int
    interval: int
    attributes: Mapping[str, float]
    held: Mapping[str, Floats]
    local: Callable[[Ints], Ints]
    lat: float = 0.0
    lon: float = 0.0
    shift: Ints | int = 0


@dataclass(frozen=True, slots=True)
class Points:
    """New readings of all sources of a derivation that needs no past: every place at once.

    Attributes:
        time, value: (m,) readings to compute at, µs UTC and the unit of the source; in no promised order.
        place: (m,) index of the station the derived property is at, into `lat` and `lon`.
        lat, lon: (places,) degrees.
        attribute: (name, default) → (m,) attribute of that station, `default` where it has none.
        held: (m,) per name in `inputs`, as in `Series`.
        local: as in `Series`.
    """

    time: Ints
    value: Floats
    place: Ints
    lat: Floats
    lon: Floats
    attribute: Callable[[str, float], Floats]
    held: Mapping[str, Floats]
    local: Callable[[Ints], Ints]


@dataclass(frozen=True, slots=True)
class Strikes:
    """Lightning strikes, and the places that a derivation protects.

    Attributes:
        time: (n,) µs UTC. lat, lon: (n,) degrees. ka: (n,) kA signed, NaN unknown. cloud: (n,) in the cloud.
        new: (n,) which of them are new: each is new once. In a step (`StrikeDerivation.step`) none is: there
            the window is ascending by time.
        now: µs UTC; in a step the full step it is computed for, else the time of the newest new strike.
        place_lat, place_lon: (p,) degrees. attribute: (name, default) → (p,).
        held: (p,) per name in `inputs`.
    """

    time: Ints
    lat: Floats
    lon: Floats
    ka: Floats
    cloud: Bools
    new: Bools
    now: int
    place_lat: Floats
    place_lon: Floats
    attribute: Callable[[str, float], Floats]
    held: Mapping[str, Floats]


class Struck(NamedTuple):
    """What came of strikes: (k,) place, (k,) µs UTC, (outputs, k) values; NaN: none of that output."""

    place: Ints
    time: Ints
    values: Floats


class Computed(NamedTuple):
    """What came of the new readings of a series.

    Attributes:
        values: (k, m), k = outputs in the order of the derivation. A finite number is a reading. NaN: nothing
            can be said at this reading, and its ladders stay as they are. Infinite: there is none (no rise,
            no forecast): its conditions count as not met and end through their off-delay; not published.
        lower_bound: (k, m), None for nowhere: the value is "at least". It may raise at once (told and
            published with flag SUSPECT) and keeps a rung from ending that it reaches; it ends and cancels
            nothing.
    """

    values: Floats
    lower_bound: Bools | None = None


Compute = Callable[[Series], Computed]
PointCompute = Callable[[Points], Computed]
StrikeCompute = Callable[[Strikes], Struck]
