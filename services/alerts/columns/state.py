"""What the engine remembers: columns over sensors, records for the few cells that are not at rest.

A sensor's *calm box* is where a reading changes nothing but the latest value: lo ≤ value < hi, time <
until, and no more than `limit` since the sensor was last heard. Most readings fall into it, and the
engine never looks at them one by one; `sensor.refresh` draws the box, `engine` tests against it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.derivations import Placed
from services.alerts.columns.held import Held
from services.alerts.columns.layout import FOREVER, Layout
from services.alerts.columns.struck import StrikeState
from services.alerts.columns.window import Full, Ring, Window
from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER, Cell
from services.observation.sensor import Station

LOWEST = -float(np.finfo(np.float64).max)
"""The lowest finite value: an infinite reading lies in no box."""


def _window(one: Placed) -> Window:
    slots = one.derivation.slots
    return Full(one.window) if slots is None else Ring(one.window, slots)


class Places:
    """Stations of a derivation, as columns."""

    def __init__(self, stations: Sequence[Station]) -> None:
        """Nothing asked for yet but where they are."""
        self.stations = stations
        self.lat = np.array([station.lat for station in stations], float)
        self.lon = np.array([station.lon for station in stations], float)
        self._asked: dict[tuple[str, float], Floats] = {}

    def attribute(self, name: str, default: float) -> Floats:
        """(places,) an attribute, `default` where a station has none."""
        found = self._asked.get((name, default))
        if found is None:
            values = (station.attributes.get(name, default) for station in self.stations)
            found = self._asked[name, default] = np.fromiter(values, float, len(self.stations))
        return found


class GatewayAlert:
    """The one alert a silent gateway has."""

    __slots__ = ("alert", "previous", "start")

    def __init__(self) -> None:
        """No alert open, none before."""
        self.alert: str | None = None
        self.previous: str | None = None
        self.start = NEVER


def _view(column: NDArray[Any]) -> Any:
    return column.data


class Single:
    """Columns of the state for work on one row at a time: memory views cost half of what arrays do."""

    __slots__ = (
        "base", "edge", "failing", "gap", "good", "held", "hi", "idle", "last", "limit", "lo", "lower",
        "silence", "silent", "timed", "until", "value", "waiting", "wake",
    )  # fmt: skip

    def __init__(self, state: "State", layout: Layout) -> None:
        """Views; `silence` is the layout's `silent`: after how long a sensor is."""
        self.last: memoryview[int] = _view(state.last)
        self.base: memoryview[int] = _view(state.base)
        self.good: memoryview[int] = _view(state.good)
        self.edge: memoryview[int] = _view(state.edge)
        self.wake: memoryview[int] = _view(state.wake)
        self.until: memoryview[int] = _view(state.until)
        self.limit: memoryview[int] = _view(state.limit)
        self.silence: memoryview[int] = _view(layout.silent)
        self.gap: memoryview[int] = _view(layout.gap)
        self.value: memoryview[float] = _view(state.value)
        self.lo: memoryview[float] = _view(state.lo)
        self.hi: memoryview[float] = _view(state.hi)
        self.waiting: memoryview[bool] = _view(state.waiting)
        self.held: memoryview[bool] = _view(state.held)
        self.lower: memoryview[bool] = _view(state.lower)
        self.idle: memoryview[bool] = _view(state.idle)
        self.silent: memoryview[bool] = _view(state.silent)
        self.failing: memoryview[bool] = _view(state.failing)
        self.timed: memoryview[bool] = _view(layout.timed)


class State:
    """Columns by row of a layout; their arrays stay the same as long as the state does.

    Attributes:
        last: time of the newest reading of any flag; NEVER before the first.
        base: from when silence counts: `last`, or later when its gateway came back, or the site version.
        waiting: never spoke, and its group (gateway, partition) neither since the sensor is declared.
        value, good, held: newest reading that was neither FAIL nor MISSING, its time, whether suspect.
        lower: of derived rows: that reading says "at least". idle: of derived rows: a reading that says
            nothing changes nothing, for no rule on it is moving or by the clock, and it is sighted.
        silent, failing: three intervals without a reading; the newest reading was FAIL or MISSING.
        edge: next edge of a schedule of the sensor's rules. wake: earliest timer a tick must look at.
        windows: by the first row of a derivation, what it remembers of its sources. inputs: what it holds.
        places: by the same, the stations it is at. strikes: what is remembered of lightning.
        cells: state of cells not at rest. ended: alert and time of the last event of cells that had one.
        clock, heard, known: per gateway its clock, what that was when it was last heard, whether it ever was.
        offline, quiet: it said goodbye; it is silent. unknown: either, so nothing is known of its sensors.
        away: we had not been listening to it, and its clock has not come on by hearing it since.
    """

    def __init__(self, layout: Layout, t: int) -> None:
        """Nothing heard yet under a site version of time t."""
        rows, gateways = len(layout.names), len(layout.gateways)
        self.last = np.full(rows, NEVER, np.int64)
        self.base = np.full(rows, t, np.int64)
        self.waiting = np.ones(rows, bool)
        self.value = np.full(rows, np.nan)
        self.good = np.full(rows, NEVER, np.int64)
        self.held = np.zeros(rows, bool)
        self.lower = np.zeros(rows, bool)
        self.idle = np.zeros(rows, bool)
        self.idle[layout.real :] = True
        self.silent = np.zeros(rows, bool)
        self.failing = np.zeros(rows, bool)
        self.edge = np.full(rows, FOREVER, np.int64)
        self.wake = np.full(rows, FOREVER, np.int64)
        self.lo = np.full(rows, LOWEST)
        self.hi = np.full(rows, np.inf)
        self.until = np.full(rows, FOREVER, np.int64)
        self.limit = np.full(rows, FOREVER, np.int64)
        self.single = Single(self, layout)
        self.cells: dict[int, Cell] = {}
        self.ended: dict[int, tuple[str, int]] = {}
        self.windows: dict[int, Window] = {
            one.first: _window(one) for level in layout.levels for one in level
        }
        self.inputs = Held(layout)
        self.places = {one.first: Places(one.stations) for level in layout.levels for one in level}
        self.places |= {one.first: Places(one.stations) for one in layout.struck}
        self.strikes = StrikeState(layout, t)
        self.waiting[layout.struck_from :] = False
        self.clock = np.full(gateways, t, np.int64)
        self.heard = np.full(gateways, t, np.int64)
        self.known = np.zeros(gateways, bool)
        self.offline = np.zeros(gateways, bool)
        self.quiet = np.zeros(gateways, bool)
        self.away = np.zeros(gateways, bool)
        self.gateway_alerts: dict[int, GatewayAlert] = {}

    def unknown_of(self, layout: Layout, gateways: Ints) -> Bools:
        """The same of many sensors, by the gateways of theirs (-1: none)."""
        if not len(self.offline):
            return np.zeros(len(gateways), bool)
        unknown = (self.offline | self.quiet) & (layout.patience != FOREVER)
        return np.asarray(unknown[gateways] & (gateways >= 0))

    def unknown(self, layout: Layout, gateway: int) -> bool:
        """Whether nothing is known of a gateway's sensors: it is silent or went offline."""
        if gateway < 0 or layout.patience[gateway] == FOREVER:
            return False
        return bool(self.offline[gateway] or self.quiet[gateway])
