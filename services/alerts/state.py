"""What the engine remembers: columns over sensors, records for the few cells that are not at rest.

A sensor's *calm box* is where a reading changes nothing but the latest value: lo ≤ value < hi, time <
until, and no more than `limit` since the sensor was last heard. Most readings fall into it, and the
engine never looks at them one by one; `sensor.refresh` draws the box, `engine` tests against it.
"""

import numpy as np

from services.alerts.derivations import Placed
from services.alerts.held import Held
from services.alerts.ladder import NEVER, Cell
from services.alerts.layout import FOREVER, Layout
from services.alerts.window import Full, Ring, Window

LOWEST = -float(np.finfo(np.float64).max)
"""The lowest finite value: an infinite reading lies in no box."""


def _window(one: Placed) -> Window:
    slots = one.derivation.slots
    return Full(one.window) if slots is None else Ring(one.window, slots)


class GatewayAlert:
    """The one alert a silent gateway has."""

    __slots__ = ("alert", "previous", "start")

    def __init__(self) -> None:
        """No alert open, none before."""
        self.alert: str | None = None
        self.previous: str | None = None
        self.start = NEVER


class State:
    """Columns by row of a layout.

    Attributes:
        last: time of the newest reading of any flag; NEVER before the first.
        base: from when silence counts: `last`, or later when its gateway came back, or the site version.
        waiting: never spoke, and its group (gateway, partition) neither since the sensor is declared.
        value, good, held: newest reading that was neither FAIL nor MISSING, its time, whether suspect.
        lower: that reading says "at least"; of derived rows. idle: of derived rows, that what is not said of it
            changes nothing: no rule on it is moving or by the clock, it is not silent, failing or suspect.
        silent, failing: three intervals without a reading; the newest reading was FAIL or MISSING.
        edge: next edge of a schedule of the sensor's rules. wake: earliest timer a tick must look at.
        windows: by the first row of a derivation, what it remembers of its sources. inputs: what it holds.
        cells: state of cells not at rest. ended: alert and time of the last event of cells that had one.
        clock, heard, known: per gateway its clock, what that was when it was last heard, whether it ever was.
        offline, quiet: it said goodbye; it is silent. unknown: either, so nothing is known of its sensors.
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
        self.cells: dict[int, Cell] = {}
        self.ended: dict[int, tuple[str, int]] = {}
        self.windows: dict[int, Window] = {one.first: _window(one) for level in layout.levels for one in level}
        self.inputs = Held(layout)
        self.clock = np.full(gateways, t, np.int64)
        self.heard = np.full(gateways, t, np.int64)
        self.known = np.zeros(gateways, bool)
        self.offline = np.zeros(gateways, bool)
        self.quiet = np.zeros(gateways, bool)
        self.gateway_alerts: dict[int, GatewayAlert] = {}

    def unknown(self, layout: Layout, gateway: int) -> bool:
        """Whether nothing is known of a gateway's sensors: it is silent or went offline."""
        if gateway < 0 or layout.patience[gateway] == FOREVER:
            return False
        return bool(self.offline[gateway] or self.quiet[gateway])
