"""Traces for the engine: what may come, in which order, and where it may be cut."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter

from hypothesis import strategies as st

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
            messages.append(Readings(batch(draw(draw(st.sampled_from(kinds))(sensors, now)))))
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
    """Cut a batch before each of some rows."""
    if not isinstance(message, Readings):
        return [message]
    b = message.batch
    places = sorted({0, len(b.time), *(p for p in at if p < len(b.time))})
    pieces: list[EngineMessage] = []
    for start, end in pairwise(places):
        source = b.sources[0]._replace(rows=end - start)
        rows = slice(start, end)
        pieces.append(
            Readings(Batch([source], b.sensors, b.time[rows], b.sensor[rows], b.value[rows], b.flag[rows]))
        )
    return pieces
