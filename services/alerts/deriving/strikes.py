"""Lightning strikes on their way through the engine: their clock, and what is made of them.

Each message of strikes is one call of `near` for all its new strikes and all places, and the clock of strikes
calls `step` at each full step. That clock is one for the site: it goes on with the newest strike, with what
ticks say of the sources of strikes, and with `dt` while one of these is heard. It stands still while none
is; what it leaps by when one is back counts for no timer, nor does a leap after our own absence.

Over 250 lines: the window, its clock and who is heard are one state, and must be stored together.
"""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import repeat

import numpy as np

from services.alerts.columns.placing import PlacedStrikes
from services.alerts.columns.struck import Columns
from services.alerts.derive import Bools, Ints, Strikes, Struck
from services.alerts.judging import momentary
from services.alerts.judging.core import Cause, Core
from services.alerts.ladder import NEVER
from services.observation.flags import Flag
from services.observation.instants import SECOND
from services.observation.messages import Strike, StrikeBatch, Tick
from services.observation.site import BROKER

_CLOUD = frozenset({"ic", "cc", "cloud"})


def apply(core: Core, message: StrikeBatch) -> None:
    """A message of strikes: the steps it passes, then what its new strikes make of places."""
    state, layout = core.state.strikes, core.layout
    if not layout.struck or not message.strikes:
        return
    core.cause = Cause(0, max((source.received_at for source in message.sources), default=0))
    state.senders |= {one.source for one in message.strikes if one.source in layout.gateway_row}
    fresh = _fresh(core, message.strikes)
    if not len(fresh.time):
        return
    # A clock that is ahead must not end what others still wait for.
    newest = min(int(fresh.time.max()), core.cause.detected_at or int(fresh.time.max()))
    _advance(core, newest, steps_upto=newest - 1)
    state.window = state.window.joined(fresh)
    state.keys.update(fresh.key.tolist())
    made = []
    for placed in layout.struck:
        if placed.derivation.near is not None:
            new = np.ones(len(fresh.time), bool)
            given = _given(core, placed, fresh, new, newest)
            made.append((placed, placed.derivation.near(given)))
    _tell(core, made, step=False)


def tick(core: Core, message: Tick) -> None:
    """Move the clock of strikes, make the steps that are due by it, and let timers fire."""
    state, layout = core.state.strikes, core.layout
    if not layout.struck:
        return
    if message.sources or message.dt or not message.clocks:  # the tick before a gateway leaves: clocks only
        state.connected = frozenset(message.sources)
    if not layout.strikers.isdisjoint(message.resumed) or BROKER in message.resumed:
        state.stale = True
    heard = sync(core)
    if heard and message.dt:
        state.clock += message.dt
    names = {*layout.strikers, *layout.striker_gateways, *state.senders}
    upto = max((base for name, base in message.clocks.items() if name in names), default=0)
    if heard and not state.known:
        # No strike yet: field mills may speak, by the clocks of the gateways that were heard.
        clocks = core.state.clock[core.state.known]
        state.clock = max(state.clock, int(clocks.max(initial=0)))
    if upto:
        _advance(core, upto, steps_upto=upto)
    _steps(core, state.clock)
    momentary.expire(core, state.clock)
    state.prune(state.clock)


def sync(core: Core) -> bool:
    """After a tick or a gateway's word: whether any source is heard. Alerts are blind when none is."""
    state, layout = core.state.strikes, core.layout
    if not layout.struck:
        return False
    heard = _heard(core)
    if state.deaf == heard:
        state.deaf = not heard
        if state.deaf:
            state.stale = True
        momentary.blind(core, state.clock, deaf=state.deaf)
    return heard


def _heard(core: Core) -> bool:
    """A source of its own connection that is there; or one that comes by our broker, whose gateway is."""
    state, layout = core.state.strikes, core.layout
    if any(name in state.connected for name in layout.strikers - layout.striker_gateways.keys()):
        return True
    through = {*layout.striker_gateways.values(), *state.senders}
    if BROKER not in state.connected:
        return False
    if None in through:
        return True
    rows = [layout.gateway_row[name] for name in through if name in layout.gateway_row]
    return any(not (core.state.offline[at] or core.state.quiet[at] or _asleep(core, at)) for at in rows)


def _asleep(core: Core, gateway: int) -> bool:
    """Whether a gateway says that none of its detectors works, or has stopped saying how many."""
    state, rows = core.state, core.layout.alive.get(gateway, ())
    none = [bool(state.silent[row]) or (state.good[row] != NEVER and state.value[row] < 1) for row in rows]
    return bool(none) and all(none)


def _advance(core: Core, upto: int, *, steps_upto: int) -> None:
    """The clock comes to an instant that was told. After deafness or our absence it counts for nothing."""
    state = core.state.strikes
    if not state.known:
        state.known, state.clock, state.seen = True, upto, upto - 1
        state.step_from(core.layout, upto)
    elif upto > state.clock:
        if state.stale:
            momentary.shift(core, upto - state.clock, state.clock)
        _steps(core, steps_upto)
        state.clock = upto
    state.stale = state.stale and state.deaf


def _steps(core: Core, upto: int) -> None:
    """Every full step up to an instant, in order of time; long after the last strike only the newest."""
    state, layout = core.state.strikes, core.layout
    while True:
        state.leap(layout, upto)
        due = [
            (state.next_step(placed), at) for at, placed in enumerate(layout.struck) if placed.derivation.step
        ]
        due = [pair for pair in due if pair[0] <= upto]
        if not due:
            return
        m = min(due)[0]
        made = []
        for when, at in due:
            placed = layout.struck[at]
            if when == m and placed.derivation.step is not None:
                made.append((placed, placed.derivation.step(_window(core, placed, m))))
                state.stepped[placed.derivation.outputs[0]] = m
        _tell(core, made, step=True)


def _window(core: Core, placed: PlacedStrikes, m: int) -> Strikes:
    """What is remembered at a full step."""
    window = core.state.strikes.window
    span = round(placed.derivation.window_s * SECOND)
    first = int(np.searchsorted(window.time, m - span))
    last = int(np.searchsorted(window.time, m, side="right"))
    part = window.part(slice(first, last))
    return _given(core, placed, part, np.zeros(last - first, bool), m)


def _given(core: Core, placed: PlacedStrikes, found: Columns, new: Bools, now: int) -> Strikes:
    places = core.state.places[placed.first]
    held = {
        name: core.state.inputs.now(core.state, rows, now)
        for name, rows in zip(placed.derivation.inputs, placed.inputs, strict=True)
    }
    return Strikes(
        found.time, found.lat, found.lon, found.ka, found.cloud, new, now, places.lat, places.lon,
        places.attribute, held,
    )  # fmt: skip


def _fresh(core: Core, strikes: Sequence[Strike]) -> Columns:
    """New strikes in order of time; what is here already, or too old for any window, is left out."""
    state = core.state.strikes
    time = np.array([one.time for one in strikes], np.int64)
    key = np.fromiter((_key(one) for one in strikes), np.uint64, len(strikes))
    _, first = np.unique(key, return_index=True)
    new = np.zeros(len(strikes), bool)
    new[first] = True
    new &= np.array([one not in state.keys for one in key.tolist()], bool)
    if state.known:
        new &= time >= state.clock - state.span
    at = np.flatnonzero(new)
    at = at[np.argsort(time[at], kind="stable")]
    some = [strikes[place] for place in at.tolist()]
    return Columns(
        time[at],
        np.array([one.lat for one in some], float),
        np.array([one.lon for one in some], float),
        np.array([np.nan if one.ka is None else one.ka for one in some], float),
        np.array([(one.type or "").lower() in _CLOUD for one in some], bool),
        key[at],
    )


def _key(one: Strike) -> int:
    """64 bits of what makes a strike the same: its source and id, or source, time and place."""
    said = (
        f"{one.source}\0{one.id}"
        if one.id is not None
        else f"{one.source}\1{one.time}\1{one.lat!r}\1{one.lon!r}"
    )
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "little")


def _tell(core: Core, made: Sequence[tuple[PlacedStrikes, Struck]], *, step: bool) -> None:
    """Judge what came of strikes, in order of time, and publish it: of a step all, of strikes the nearest."""
    found: list[tuple[int, int, int, float, bool, int]] = []
    for number, (placed, struck) in enumerate(made):
        finite = np.isfinite(struck.values)
        output, reading = np.nonzero(finite)
        row = placed.first + output * placed.size + struck.place[reading]
        value, time = struck.values[output, reading], struck.time[reading]
        matters, keeps = momentary.matters(core, row, value, time)
        at = np.flatnonzero(matters)
        columns = (time[at], row[at], reading[at], value[at], keeps[at])
        found += zip(*(column.tolist() for column in columns), repeat(number, len(at)), strict=True)
        shown = np.ones(len(struck.place), bool) if step else _closest(core, placed, struck)
        _publish(core, placed, struck, np.flatnonzero(shown))
    found.sort()
    for order, (t, at_row, which, x, keeps_only, number) in enumerate(found):
        if keeps_only:
            momentary.keep(core, at_row, x, t)
            continue
        placed, struck = made[number]
        core.cause = core.cause._replace(order=order)
        before = len(core.out)
        momentary.reading(core, at_row, x, t)
        if len(core.out) > before:
            values = struck.values[:, which].tolist()
            names = zip(placed.derivation.outputs, values, strict=True)
            momentary.explain(core, before, {name: x for name, x in names if x - x == 0})
            _publish(core, placed, struck, np.array([which]))


def _closest(core: Core, placed: PlacedStrikes, struck: Struck) -> Bools:
    """The reading of least first output of each place and minute, if it is less than any told before.

    A storm over a city makes hundreds of thousands of readings a minute, and the strikes are stored anyway.
    """
    minute, least = core.state.strikes.told[placed.derivation.outputs[0]]
    first, when = struck.values[0], struck.time // (60 * SECOND)
    order = np.lexsort((struck.time, first, when, struck.place))
    place, turn = struck.place[order], when[order]
    new = np.ones(len(order), bool)
    new[1:] = (place[1:] != place[:-1]) | (turn[1:] != turn[:-1])
    order, place, turn = order[new], place[new], turn[new]
    value = first[order]
    keep = (turn > minute[place]) | ((turn == minute[place]) & (value < least[place]))
    order, place, turn, value = order[keep], place[keep], turn[keep], value[keep]
    minute[place], least[place] = turn, value  # by place and minute: the newest stays
    shown = np.zeros(len(struck.place), bool)
    shown[order] = True
    return shown


def _publish(core: Core, placed: PlacedStrikes, struck: Struck, at: Ints) -> None:
    """Keep readings for who asks for them; the same twice is one."""
    output, which = np.nonzero(np.isfinite(struck.values[:, at]))
    if len(output) and core.asked:
        row = placed.first + output * placed.size + struck.place[at[which]]
        flag = np.full(len(row), Flag.PASS, np.uint8)
        core.derived.append((row, struck.time[at[which]], struck.values[output, at[which]], flag))


def waits(core: Core) -> bool:
    """Whether strikes are remembered for a step, or a rung may still end by its timer."""
    state, layout = core.state.strikes, core.layout
    if not layout.struck:
        return False
    spans = [round(p.derivation.window_s * SECOND) for p in layout.struck if p.derivation.step is not None]
    recent = bool(spans) and bool((state.window.time > state.clock - max(spans)).any())
    return recent or any(layout.row_at[at] >= layout.struck_from for at in core.state.cells)
