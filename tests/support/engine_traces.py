"""Traces for the engine: what may come, in which order, and where it may be cut."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.alerts.engine import EngineMessage, Readings
from services.observation.batch import Batch
from services.observation.event import CloudEvent, verb_of
from services.observation.instants import micros
from services.observation.messages import GatewayState
from tests.support.engine_world import T0, batch, tick
from tests.support.reference_engine import Told

Row = tuple[str, int, float, int]
"""sensor, time, value, flag."""

_VALUES = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, float("nan"), float("inf")])
_FLAGS = st.sampled_from([1, 1, 1, 1, 1, 2, 3, 3, 4, 9])
_SLOPES = [-0.5, -0.1, 0.0, 0.05, 0.1, 0.3]
_LATE = st.sampled_from([0, 0, 150, 300, 900, 1500, 3000])
_STEPS = st.sampled_from([-1500, -300, 0, 1, 60, 300, 600, 600, 600, 1200, 1800, 1801, 2700, 2701, 5000])


@st.composite
def scattered(draw: st.DrawFn, sensors: Sequence[str], now: dict[str, int]) -> list[Row]:
    """Some readings of any sensor, at any distance, of any value and flag."""
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        name = draw(st.sampled_from(sensors))
        now[name] = max(now[name] + draw(_STEPS) * 1_000_000, T0)
        rows.append((name, now[name], draw(_VALUES), draw(_FLAGS)))
    return rows


@st.composite
def together(draw: st.DrawFn, sensors: Sequence[str], now: dict[str, int]) -> list[Row]:
    """What a gateway measures at the same instants, its sensors in any order, by instant or by sensor."""
    names = draw(st.permutations(sensors))
    start, step = max(now.values()), draw(st.sampled_from([300, 600])) * 1_000_000
    rows = []
    for at in range(draw(st.integers(1, 3))):
        for name in names:
            if draw(st.integers(0, 4)):
                now[name] = start + (at + 1) * step
                rows.append((name, now[name], draw(_VALUES), draw(_FLAGS)))
    order = draw(st.sampled_from([None, 0, 1]))
    return rows if order is None else sorted(rows, key=itemgetter(order))


@st.composite
def runs(draw: st.DrawFn, sensors: Sequence[str], now: dict[str, int]) -> list[Row]:
    """Runs of readings that rise or fall, now and then one of them late, suspect or failed."""
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        name, start = draw(st.sampled_from(sensors)), draw(st.sampled_from([0.2, 0.5, 1.0, 3.0]))
        step, slope = draw(st.sampled_from([300, 300, 600, 600, 601])), draw(st.sampled_from(_SLOPES))
        odd, flag = draw(st.integers(0, 11)), draw(_FLAGS)
        for at in range(draw(st.integers(1, 7))):
            now[name] += step * 1_000_000
            late = draw(_LATE) * 1_000_000 if at == odd else 0
            value = round(start + at * slope, 2)
            rows.append((name, max(now[name] - late, T0), value, flag if at == odd else 1))
    return sorted(rows, key=itemgetter(1)) if draw(st.booleans()) else rows


def packs(rows: Sequence[Row], ends: Sequence[int]) -> Batch:
    """One message of rows, in packs that end there."""
    whole = batch(rows)
    places = sorted({0, len(rows), *ends})
    whole.sources[:] = [whole.sources[0]._replace(rows=b - a) for a, b in pairwise(places)]
    return whole


@st.composite
def outages(draw: st.DrawFn, now: dict[str, int], wall: int) -> list[EngineMessage]:
    """We are away, and there again; the gateways were there all the time."""
    before = tick(wall, dict.fromkeys(["gw", "gw2"], max(now.values())), 0)
    away = draw(st.sampled_from([0, 600, 1500, 3600, 20_000])) * 1_000_000
    for name in now:
        now[name] += away
    return [before, tick(wall, {}, 0, resumed=["broker"])]


@st.composite
def traces(
    draw: st.DrawFn,
    sensors: Sequence[str],
    kinds: Sequence[Callable[..., st.SearchStrategy[list[Row]]]] = (scattered,),
) -> list[EngineMessage]:
    """Messages: readings whose times mostly grow, ticks, gateways that come and go."""
    messages: list[EngineMessage] = []
    now = dict.fromkeys(sensors, T0)
    wall = T0
    for _ in range(draw(st.integers(1, 14))):
        what = draw(st.integers(0, 10))
        clock = max(now.values())
        if what <= 6:
            rows = draw(draw(st.sampled_from(kinds))(sensors, now))
            ends = draw(st.lists(st.integers(0, len(rows)), max_size=4))
            messages.append(Readings(packs(rows, ends)))
        elif what <= 8:
            wall += 2_000_000
            gateways = draw(st.lists(st.sampled_from(["gw", "gw2"]), unique=True))
            dt = draw(st.sampled_from([0, 1_000_000, 600_000_000, 1_200_000_000]))
            sources = draw(st.sampled_from([("broker",), ("broker",), ()]))
            resumed = sources if draw(st.integers(0, 3)) == 0 else ()
            messages.append(tick(wall, dict.fromkeys(gateways, clock), dt, sources, resumed))
        elif what == 9:
            messages += draw(outages(now, wall))
        else:
            gateway, status = (
                draw(st.sampled_from(["gw", "gw2"])),
                draw(st.sampled_from(["online", "offline"])),
            )
            messages.append(GatewayState(wall, gateway, status))  # type: ignore[arg-type]
    return messages


def told_of(events: list[CloudEvent]) -> list[Told]:
    """Say events as the reference does."""
    return [
        (
            verb_of(e.type),
            e.data.severity,
            e.data.rule,
            e.data.sensor or e.data.gateway or "",
            micros(e.time),
            e.data.flag,
        )
        for e in events
    ]


def cut(message: EngineMessage, at: list[int]) -> list[EngineMessage]:
    """Cut a batch before each of some rows; where that would cut a pack, before the pack.

    Where the times of a pack only rise, as in a recording, it may be cut between two of them.
    """
    if not isinstance(message, Readings):
        return [message]
    b = message.batch
    pack = b.source_of_row()
    places = sorted({0, len(b.time), *(_whole(b, pack, p) for p in at if p < len(b.time))})
    pieces: list[EngineMessage] = []
    for start, end in pairwise(places):
        inside = [number for number in range(len(b.sources)) if (pack[start:end] == number).any()]
        sources = [b.sources[n]._replace(rows=int((pack[start:end] == n).sum())) for n in inside]
        rows = slice(start, end)
        pieces.append(
            Readings(Batch(sources, b.sensors, b.time[rows], b.sensor[rows], b.value[rows], b.flag[rows]))
        )
    return pieces


def _whole(b: Batch, pack: NDArray[np.int64], place: int) -> int:
    first = int(np.searchsorted(pack, pack[place]))
    if (np.diff(b.time[pack == pack[place]]) >= 0).all():
        return first + int(np.searchsorted(b.time[pack == pack[place]], b.time[place]))
    return first
