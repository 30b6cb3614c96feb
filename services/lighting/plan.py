"""The plan of a group of lamps for days ahead: steps that its controller keeps.

So no street goes dark because a message was lost. A plan is a pure function of the file and a window.
`window` moves once a day, at noon, so the same plan is made again and again until then, under the same
version: what was confirmed need not be sent twice.
"""

from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from services.lighting.astro import at_clock, sun, wall
from services.lighting.calendar import NOON, Place, day_at, night, programme_of
from services.lighting.programme import FULL, Fallback, Group, Lighting

NIGHTS = 3
"""Nights that a plan reaches ahead: so long may a controller be out of reach and still keep its programme."""


class Step(NamedTuple):
    """From `time` (µs UTC) on, `level` (%), reached over `ramp_s` seconds."""

    time: int
    level: float
    ramp_s: float = 0.0


class Plan(msgspec.Struct, frozen=True):
    """What a group does from `start` to `end`, µs UTC.

    Attributes:
        steps: the first at `start`, ascending, each a change.
        dark: from sunset to sunrise, within the window.
        fallback, zone: what a controller does whose clock is not synchronised, and the zone of that clock.
        programmes: by the day of the calendar, ISO; "" is none.
        version: 16 hex that name all of this and the lamps.
    """

    group: str
    start: int
    end: int
    steps: tuple[Step, ...]
    dark: tuple[tuple[int, int], ...]
    fallback: Fallback
    zone: str
    programmes: dict[str, str] = {}
    version: str = ""


def window(lighting: Lighting, now: int, nights: int = NIGHTS) -> tuple[int, int]:
    """From the local noon before an instant to the noon `nights` days later, µs UTC."""
    day = (wall(now, lighting.zone).replace(tzinfo=None) - timedelta(hours=NOON)).date()
    noon = NOON * 60
    return at_clock(day, noon, lighting.zone), at_clock(day + timedelta(days=nights), noon, lighting.zone)


def plan(lighting: Lighting, group: str, start: int, end: int) -> Plan:
    """The steps of a group between two instants, the level in force at `start` first.

    A group that is never dimmed is at full light wherever its programme burns at all. Without a calendar, or
    on a night without a programme, lamps are in their default state.

    Raises:
        LookupError: no such group. ValueError: `end` is not after `start`.
    """
    one = lighting.groups[group]
    if end <= start:
        msg = f"a plan from {start} must end later than {end}"
        raise ValueError(msg)
    steps, programmes = _steps(lighting, one, start, end)
    dark = _dark(one, lighting.zone, start, end)
    made = Plan(group, start, end, steps, dark, lighting.fallback, lighting.zone, programmes)
    digest = sha256(msgspec.json.encode([made, sorted(one.lamps.items())], order="deterministic"))
    return msgspec.structs.replace(made, version=digest.hexdigest()[:16])


def _steps(lighting: Lighting, one: Group, start: int, end: int) -> tuple[tuple[Step, ...], dict[str, str]]:
    calendar = lighting.calendars.get(one.calendar or "")
    if calendar is None:
        return (Step(start, one.default_level),), {}
    place = Place(one.lat, one.lon, lighting.zone)
    found: list[Step] = []
    programmes: dict[str, str] = {}
    day, last = day_at(calendar, start, lighting.zone), day_at(calendar, end - 1, lighting.zone)
    while day <= last:
        name = programme_of(calendar, day)
        programmes[day.isoformat()] = name or ""
        if name is None:
            found.append(Step(at_clock(day, calendar.starts_h * 60, lighting.zone), one.default_level))
        else:
            programme = lighting.programmes[name]
            found += [
                Step(at, FULL if one.never_dim and level > 0 else level, programme.ramp_s)
                for at, level in night(programme, calendar, day, place)
            ]
        day += timedelta(days=1)
    before = [step for step in found if step.time <= start]
    first = Step(start, before[-1].level if before else one.default_level)
    steps = [first]
    for step in found:
        if start < step.time < end and step.level != steps[-1].level:
            steps.append(step)
    return tuple(steps), programmes


def _dark(one: Group, zone: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """From each sunset to the next sunrise; a day without them counts as dark: rather bright than not."""
    spans: list[tuple[int, int]] = []
    day, last = wall(start, zone).date() - timedelta(days=1), wall(end, zone).date()
    while day <= last:
        down = sun(one.lat, one.lon, day, zone).sunset
        up = sun(one.lat, one.lon, day + timedelta(days=1), zone).sunrise
        if down is None:
            down = at_clock(day, NOON * 60, zone)
        if up is None:
            up = at_clock(day + timedelta(days=1), NOON * 60, zone)
        if max(down, start) < min(up, end):
            spans.append((max(down, start), min(up, end)))
        day += timedelta(days=1)
    return tuple(spans)


def level_at(plan: Plan, instant: int) -> float:
    """The level that a plan asks for at an instant.

    Raises:
        LookupError: the instant is outside the plan.
    """
    if not plan.start <= instant < plan.end:
        msg = f"{instant} is outside the plan of {plan.group}"
        raise LookupError(msg)
    return next(step.level for step in reversed(plan.steps) if step.time <= instant)


def is_dark(plan: Plan, instant: int) -> bool:
    """Whether the sun is down."""
    return any(down <= instant < up for down, up in plan.dark)


def fallback_level(fallback: Fallback, local_minute: int) -> float:
    """What a controller without a synchronised clock does at a minute of the day it believes it is."""
    on, off = fallback.on_min, fallback.off_min
    burns = on <= local_minute < off if on < off else local_minute >= on or local_minute < off
    return fallback.level if burns else 0.0
