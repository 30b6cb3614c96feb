"""A recording played to the engine as it would come live: readings, strikes and a tick, step by step.

A backtest may cut where it likes, for it is asked only what was told. Here it also matters when: in what
order alerts came, and how far apart. So a step is a span of the recording's own clock, and the clocks of
gateways run on while nothing comes of them: one that dies is told, as it is live.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from services.alerts.engine import Engine, EngineMessage, Readings
from services.alerts.rule import parse_rules
from services.cli.backtest.recorded import Recorded
from services.cli.backtest.recorded_strikes import Came
from services.ingest import quality
from services.ingest.neighbours import Neighbours
from services.observation.batch import Batch
from services.observation.event import CloudEvent
from services.observation.instants import SECOND, iso, micros
from services.observation.messages import StrikeBatch, Tick
from services.observation.quantity import Property
from services.observation.site import BROKER, Site
from services.observation.sources import Source

STEP_US = 20 * SECOND


class Moment(NamedTuple):
    """A step: its end, µs UTC of the recording, and the events in the order of their time."""

    at: int
    events: list[CloudEvent]


def play(
    site: Site, recorded: Recorded, extra: dict[str, Property], step_us: int = STEP_US
) -> Iterator[Moment]:
    """Play a recording from its first to its last moment; only sensors that speak in it are there.

    Each event is known at the moment it tells of, or at the end of the step when that lies before it.
    """
    sensors = list(site.sensors.values())
    heard = recorded.heard(len(sensors)).tolist()
    part = msgspec.structs.replace(
        site, sensors={one.id: one for one, spoke in zip(sensors, heard, strict=True) if spoke}
    )
    first, last = recorded.span()
    rules, _ = parse_rules(site)
    engine = Engine(part, rules, t=first)
    engine.keep_no_derived()
    feed = _Feed(site, recorded, extra)
    before = first
    while before <= last:
        at = before + step_us
        events = engine.apply(feed.between(before, at))
        for event in events:
            known = min(max(micros(event.time), before), at)
            event.data.detected_at = iso(known)
        events.sort(key=lambda event: micros(event.data.detected_at))
        yield Moment(at, events)
        before = at


class _Feed:
    """Messages for the engine, cut by time."""

    def __init__(self, site: Site, recorded: Recorded, extra: dict[str, Property]) -> None:
        sensors = list(site.sensors.values())
        self._recorded, self._names = recorded, list(site.sensors)
        self._limits = quality.Limits.of(sensors, Neighbours(sensors, site.stations, extra))
        self._tail = quality.Tail(len(sensors))
        names = dict.fromkeys(name for name in recorded.gateway if name is not None)
        self._gateways = list(names)
        number = {name: at for at, name in enumerate(names)}
        self._gateway = np.array([number.get(name or "", len(number)) for name in recorded.gateway], np.int64)
        self._came = [one.at for one in recorded.strikes]
        own = {source.id: site.gateway_of(source) for source in site.sources}
        self._networks = sorted({*own, *(one.strike.source for one in recorded.strikes)})
        self._clocked = [name for one in self._networks for name in (one, own.get(one)) if name]
        self._since = recorded.span()[0]

    def between(self, first: int, last: int) -> list[EngineMessage]:
        """What comes from one moment until before another, and the tick at its end."""
        recorded = self._recorded
        start, end = np.searchsorted(recorded.arrival, [first, last]).tolist()
        part = slice(start, end)
        messages: list[EngineMessage] = []
        clocks: dict[str, int] = dict.fromkeys(self._clocked, last) if recorded.strikes else {}
        if end > start:
            row, time, value = recorded.row[part], recorded.time[part], recorded.value[part]
            flag = quality.check(row, time, value, self._limits, self._tail)
            source = Source("", "", 0, 0, 1, last, end - start)
            messages.append(Readings(Batch([source], self._names, time, row, value, flag)))
            newest = np.full(len(self._gateways) + 1, -1, np.int64)
            np.maximum.at(newest, self._gateway[row], np.minimum(time, last))
            clocks = {
                name: at for name, at in zip(self._gateways, newest.tolist(), strict=False) if at >= 0
            } | clocks
        begin, stop = np.searchsorted(self._came, [first, last]).tolist()
        messages += _strikes(recorded.strikes[begin:stop], last)
        messages.append(Tick(last, last - first, [BROKER, *self._networks], clocks))
        return messages


def _strikes(came: Sequence[Came], at: int) -> list[EngineMessage]:
    if not came:
        return []
    names = dict.fromkeys(one.strike.source for one in came)
    grouped = [sorted((c.strike for c in came if c.strike.source == n), key=lambda s: s.time) for n in names]
    sources = [Source(name, "", 0, 0, 1, at, len(own)) for name, own in zip(names, grouped, strict=True)]
    return [StrikeBatch(sources, [strike for own in grouped for strike in own])]
