"""What the function of a derivation is handed: a source alone, several end to end, or all places at once."""

from typing import NamedTuple

import numpy as np

from services.alerts.columns.derivations import Placed
from services.alerts.derive import Computed, Floats, Ints, PointCompute, Points, Series
from services.alerts.deriving.abreast import Abreast
from services.alerts.judging.core import Core


class New(NamedTuple):
    """New good readings, (m,): times in µs UTC, values, and per input what it held at each of them."""

    time: Ints
    value: Floats
    held: dict[str, Floats]


class Kept(NamedTuple):
    """A window, (n,): times in µs UTC, ascending; values. `upto`, (m,): how many lie before each new one."""

    time: Ints
    value: Floats
    upto: Ints


def alone(core: Core, placed: Placed, index: int, kept: Kept, new: New) -> Computed:
    """What comes of new readings of one source, at the place `index` of the derivation."""
    station = placed.stations[index]
    if placed.derivation.compute is None:
        return _nothing(placed, new)
    return placed.derivation.compute(
        Series(
            *kept,
            new.time,
            new.value,
            int(placed.window[index]),
            int(core.layout.interval[placed.source[index]]),
            station.attributes,
            new.held,
            core.layout.local,
            station.lat,
            station.lon,
        )
    )


def end_to_end(core: Core, placed: Placed, laid: Abreast, todo: Ints, new: New) -> Computed:
    """What comes of new readings of several sources that are alike; `todo` are their places in `laid`."""
    index = int(laid.segments.place[0])
    station, shift = placed.stations[index], laid.shift[laid.group[todo]]
    named = placed.derivation.alike or ()
    if placed.derivation.compute is None:
        return _nothing(placed, new)
    return placed.derivation.compute(
        Series(
            laid.time,
            laid.value,
            laid.upto[todo],
            new.time + shift,
            new.value,
            int(placed.window[index]),
            int(core.layout.interval[placed.source[index]]),
            {name: station.attributes[name] for name in named if name in station.attributes},
            new.held,
            laid.local(core.layout.local),
            station.lat,
            station.lon,
            shift,
        )
    )


def everywhere(core: Core, placed: Placed, points: PointCompute, index: Ints, new: New) -> Computed:
    """What comes of new readings of all places, (m,) `index`, of a derivation that needs no past."""
    places = core.state.places[placed.first]

    def attribute(name: str, default: float) -> Floats:
        return places.attribute(name, default)[index]

    return points(
        Points(new.time, new.value, index, places.lat, places.lon, attribute, new.held, core.layout.local)
    )


def _nothing(placed: Placed, new: New) -> Computed:
    """Never asked for: `ordered` refuses a derivation that has neither function."""
    return Computed(np.full((len(placed.derivation.outputs), len(new.time)), np.nan))
