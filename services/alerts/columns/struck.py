"""What the engine remembers of lightning strikes: the window, its clock, and who is heard."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerts.derive import Bools, Floats, Ints
from services.alerts.ladder import NEVER
from services.observation.instants import SECOND

if TYPE_CHECKING:
    from services.alerts.columns.layout import Layout
    from services.alerts.columns.placing import PlacedStrikes


class Columns(NamedTuple):
    """Strikes, ascending by time: µs UTC, degrees, kA (NaN unknown), in cloud, 64 bits that name each."""

    time: Ints
    lat: Floats
    lon: Floats
    ka: Floats
    cloud: Bools
    key: NDArray[np.uint64]

    @classmethod
    def none(cls) -> "Columns":
        """No strike."""
        floats = np.empty(0, float)
        return cls(np.empty(0, np.int64), floats, floats, floats, np.empty(0, bool), np.empty(0, np.uint64))

    def part(self, part: slice | Ints) -> "Columns":
        """Some of them."""
        return Columns(
            self.time[part], self.lat[part], self.lon[part], self.ka[part], self.cloud[part], self.key[part]
        )

    def joined(self, more: "Columns") -> "Columns":
        """Both; of equal times these before the other ones."""
        both = Columns(
            np.concatenate([self.time, more.time]),
            np.concatenate([self.lat, more.lat]),
            np.concatenate([self.lon, more.lon]),
            np.concatenate([self.ka, more.ka]),
            np.concatenate([self.cloud, more.cloud]),
            np.concatenate([self.key, more.key]),
        )
        if bool((both.time[1:] >= both.time[:-1]).all()):
            return both
        return both.part(np.argsort(both.time, kind="stable"))


class StrikeState:
    """Strikes of the last `span` µs and their clock.

    Attributes:
        window, keys: the strikes, and what names them. clock: µs UTC. known: a
            strike, or a source of them, has told it.
        seen: up to when timers and edges were looked at.
        stale: the next leap of the clock counts for nothing. deaf: no source is heard.
        connected: sources of the last tick. senders: gateways that have sent strikes.
        stepped: by the first output of a derivation, its last full step. told: by the same, the newest minute
            of which something of strikes was published at each place, and the least first output of it.
    """

    def __init__(self, layout: "Layout", t: int) -> None:
        """Nothing heard yet."""
        self.window = Columns.none()
        self.keys: set[int] = set()
        self.span = max((round(one.derivation.window_s * SECOND) for one in layout.struck), default=0)
        self.clock = t
        self.seen = t
        self.known = False
        self.stale = False
        self.deaf = False
        self.connected: frozenset[str] = frozenset()
        self.senders: set[str] = set()
        self.stepped: dict[str, int] = {}
        self.told = {
            one.derivation.outputs[0]: (np.full(one.size, NEVER, np.int64), np.full(one.size, np.inf))
            for one in layout.struck
        }

    def next_step(self, placed: "PlacedStrikes") -> int:
        """The next full step of a derivation; the first after the clock if there was none."""
        one = placed.derivation
        step = round(one.step_s * SECOND)
        return self.stepped.setdefault(one.outputs[0], self.clock // step * step) + step

    def step_from(self, layout: "Layout", t: int) -> None:
        """Begin with the first full step at or after an instant."""
        for placed in layout.struck:
            step = round(placed.derivation.step_s * SECOND)
            self.stepped[placed.derivation.outputs[0]] = (t - 1) // step * step

    def leap(self, layout: "Layout", upto: int) -> None:
        """Leave out steps of a long leap: later than a window after the last strike, but for the newest."""
        newest = int(self.window.time[-1]) if len(self.window.time) else NEVER
        for placed in layout.struck:
            one = placed.derivation
            step, span = round(one.step_s * SECOND), round(one.window_s * SECOND)
            last = self.stepped.get(one.outputs[0], NEVER)
            if last > newest + span:
                self.stepped[one.outputs[0]] = max(last, (upto - span) // step * step)

    def prune(self, now: int) -> None:
        """Forget what no window can see any more."""
        first = int(np.searchsorted(self.window.time, now - self.span))
        if first:
            self.keys.difference_update(self.window.key[:first].tolist())
            self.window = self.window.part(slice(first, None))

    def dump(self, layout: "Layout") -> dict[str, Any]:
        """Plain values, the same wherever messages were cut."""
        self.prune(self.clock)
        return {
            "window": [column.tobytes() for column in self.window],
            "clock": self.clock,
            "seen": self.seen,
            "known": self.known,
            "stale": self.stale,
            "deaf": self.deaf,
            "connected": sorted(self.connected),
            "senders": sorted(self.senders),
            "stepped": dict(sorted(self.stepped.items())),
            "told": self.told_at(layout),
        }

    def told_at(self, layout: "Layout") -> list[list[Any]]:
        """What was told, by first output and station."""
        return [
            [one.derivation.outputs[0], station.id, int(minute[at]), float(least[at])]
            for one in layout.struck
            for minute, least in [self.told[one.derivation.outputs[0]]]
            for at, station in enumerate(one.stations)
            if minute[at] != NEVER
        ]

    def _tell(self, layout: "Layout", told: Iterable[Sequence[Any]]) -> None:
        place = {
            (one.derivation.outputs[0], station.id): at
            for one in layout.struck
            for at, station in enumerate(one.stations)
        }
        for name, station, minute, least in told:
            if (name, station) in place:
                at = place[name, station]
                self.told[name][0][at], self.told[name][1][at] = minute, least

    def load(self, layout: "Layout", data: Mapping[str, Any]) -> None:
        """Take over what `dump` wrote; nothing where an earlier format knew no strikes."""
        if not data:
            return
        kinds = (np.int64, np.float64, np.float64, np.float64, np.bool_, np.uint64)
        columns = zip(data["window"], kinds, strict=True)
        self.window = Columns(*(np.frombuffer(column, kind) for column, kind in columns))
        self.keys = set(self.window.key.tolist())
        for name in ("clock", "seen", "known", "stale", "deaf"):
            setattr(self, name, data[name])
        self.connected, self.senders = frozenset(data["connected"]), set(data["senders"])
        self.stepped = dict(data["stepped"])
        self._tell(layout, data["told"])

    def carry(self, layout: "Layout", old: "StrikeState", before: "Layout") -> None:
        """Go on from the state under the site version before."""
        for name in (
            "window",
            "keys",
            "clock",
            "seen",
            "known",
            "stale",
            "deaf",
            "connected",
            "senders",
            "stepped",
        ):
            setattr(self, name, getattr(old, name))
        self._tell(layout, old.told_at(before))
