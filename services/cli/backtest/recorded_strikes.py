"""Recorded strikes on their way to the engine: the checks of ingest, in order, minute by minute.

Live, strikes come when they come; here those of a minute come together at its end, and a tick with them.
What the engine makes of a strike rests on the strike alone, and what it makes of the past it makes at full
minutes, so nothing is told otherwise; only a field mill's reading of the same minute is known a bit earlier.

A network is taken to be up for as long as the recording goes on: its clock is the minute. While strikes are
remembered or a rung may still be waiting for its end, each full minute has its tick; a quiet month has none.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest import adapters
from services.ingest.decode import RawStrike
from services.ingest.site_index import SiteIndex
from services.ingest.strikes import check, source_declared
from services.observation import topics
from services.observation.instants import SECOND
from services.observation.messages import Strike, StrikeBatch
from services.observation.site import Site
from services.observation.sources import Source
from simulators.recording import RecordedMessage, read_strikes

MINUTE = 60 * SECOND


class Came(NamedTuple):
    """A strike and when it came, µs UTC."""

    at: int
    strike: Strike


def of_tables(files: Sequence[Path], index: SiteIndex, unused: dict[str, int]) -> list[Came]:
    """Strikes of CSV recordings; each comes when it strikes. What ingest would reject is counted.

    Raises:
        simulators.recording.RecordingError: the first thing that cannot be read.
    """
    found: list[Came] = []
    known: dict[str, bool] = {}
    for number, one in enumerate(read_strikes(files)):
        if one.source not in known:
            gateway = index.site.gateways.get(one.source)
            area = gateway.area if gateway is not None else ""
            known[one.source] = source_declared(index, area, one.source) is None
        if not known[one.source]:
            _count(unused, f"strikes of {one.source}: neither a [[source]] nor a gateway of the site")
            continue
        raw = RawStrike(one.time / SECOND, one.lat, one.lon, None, one.type, one.ka)
        good, bad = check(one.source, [(number, raw)], one.time)
        found += [Came(one.time, strike) for strike in good]
        for reject in bad:
            _count(unused, f"strikes that ingest would reject: {reject.reason}")
    return found


def of_messages(recorded: Iterable[RecordedMessage], index: SiteIndex, unused: dict[str, int]) -> list[Came]:
    """Strikes of recorded MQTT messages; each comes with its message."""
    found: list[Came] = []
    for message in recorded:
        topic = topics.parse(message.topic)
        if topic is None or topic.kind is not topics.Kind.STRIKES:
            continue
        if source_declared(index, topic.area, topic.gateway) is not None:
            _count(unused, f"strikes of {topic.gateway}: neither a [[source]] nor a gateway of the site")
            continue
        _, raw, rejects = adapters.strikes(message.payload)
        good, bad = check(topic.gateway, raw, message.time)
        found += [Came(message.time, strike) for strike in good]
        for reject in [*rejects, *bad]:
            _count(unused, f"strikes that ingest would reject: {reject.reason}")
    return found


class Storm:
    """The strikes of a recording, cut at full minutes.

    Attributes:
        minutes: ascending, µs UTC: each full minute at which the engine has something to look at.
        sources: networks: those the site declares, and those that strikes came from.
        gateways: those that the clock of a network goes by.
    """

    def __init__(self, came: Sequence[Came], site: Site, hold_s: float) -> None:
        """`hold_s`: how long after a strike something may still wait."""
        ordered = sorted(came, key=lambda one: one.at)
        self._minute = np.array([-(-one.at // MINUTE) * MINUTE for one in ordered], np.int64)
        self._strikes = [one.strike for one in ordered]
        self.minutes = _minutes(np.unique(self._minute), round(hold_s * SECOND))
        own = {source.id: site.gateway_of(source) for source in site.sources}
        self.sources = sorted({*own, *(strike.source for strike in self._strikes)})
        self.gateways = {
            name for one in self.sources for name in (one, own.get(one)) if name in site.gateways
        }
        self._clocked = [name for one in self.sources for name in (one, own.get(one)) if name]

    def between(self, after: int, last: int) -> NDArray[np.int64]:
        """Its minutes after one instant up to another, µs UTC."""
        first, end = np.searchsorted(self.minutes, [after, last], side="right")
        return self.minutes[first:end]

    def at(self, minute: int) -> list[StrikeBatch]:
        """Those that came in the minute that ends here, ascending; no message when none did."""
        first, end = np.searchsorted(self._minute, [minute, minute + 1]).tolist()
        found = sorted(self._strikes[first:end], key=lambda one: one.time)
        if not found:
            return []
        names = dict.fromkeys(strike.source for strike in found)
        counts = {name: sum(strike.source == name for strike in found) for name in names}
        grouped = [strike for name in names for strike in found if strike.source == name]
        return [StrikeBatch([Source(n, "", 0, 0, 1, minute, k) for n, k in counts.items()], grouped)]

    def clocks(self, minute: int) -> dict[str, int]:
        """Clock of each network at a full minute."""
        return dict.fromkeys(self._clocked, minute)


def _minutes(struck: NDArray[np.int64], hold: int) -> NDArray[np.int64]:
    """Minutes with strikes, and those after each for as long as something may wait; also after the last."""
    if not len(struck):
        return struck
    ends = np.minimum(struck + hold, np.append(struck[1:] - MINUTE, struck[-1] + hold))
    ends = np.maximum(ends, struck)
    spans = [np.arange(a, b + 1, MINUTE) for a, b in zip(struck.tolist(), ends.tolist(), strict=True)]
    return np.unique(np.concatenate(spans))


def _count(unused: dict[str, int], why: str) -> None:
    unused[why] = unused.get(why, 0) + 1
