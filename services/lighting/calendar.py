"""Which programme runs on which night, and from when to when a night of a programme burns at which level.

A day of a calendar begins at noon, so that one night is one day: the night of 31 December ends on
1 January. TALQ knows 0 and 12 hours (TALQ data model 2.7). Tết moves with the moon: a site writes its dates.
"""

from datetime import date, timedelta
from typing import NamedTuple

from services.lighting.astro import MINUTE, at_clock, sun, wall
from services.lighting.programme import Calendar, CalendarRule, Edge, Programme

NOON = 12
DAY_MIN = 24 * 60


class Place(NamedTuple):
    """Where the sun is reckoned, and the zone of the clocks there."""

    lat: float
    lon: float
    zone: str


class Change(NamedTuple):
    """From `time` (µs UTC) on, `level`."""

    time: int
    level: float


def programme_of(calendar: Calendar, day: date) -> str | None:
    """The programme of a day of the calendar: of the first rule that fits, else the default; None is none."""
    return next((rule.programme for rule in calendar.rules if fits(rule, day)), calendar.default)


def fits(rule: CalendarRule, day: date) -> bool:
    """Whether all that a rule gives holds on a day."""
    if rule.days is not None and day.weekday() not in rule.days:
        return False
    iso, of_year = day.isoformat(), day.isoformat()[5:]
    if rule.dates is not None and not any(first <= iso <= last for first, last in rule.dates):
        return False
    return rule.yearly is None or any(_within(of_year, first, last) for first, last in rule.yearly)


def _within(of_year: str, first: str, last: str) -> bool:
    if first <= last:
        return first <= of_year <= last
    return of_year >= first or of_year <= last


def day_at(calendar: Calendar, instant: int, zone: str) -> date:
    """The day of the calendar that an instant belongs to."""
    return (wall(instant, zone).replace(tzinfo=None) - timedelta(hours=calendar.starts_h)).date()


def start_of(calendar: Calendar, day: date, zone: str) -> int:
    """When a day of the calendar begins, µs UTC."""
    return at_clock(day, calendar.starts_h * 60, zone)


def instant(edge: Edge, calendar: Calendar, day: date, place: Place) -> int | None:
    """When an edge comes in a day of the calendar, µs UTC; None where the sun does not get there."""
    if edge.anchor == "clock":
        later = edge.minutes < calendar.starts_h * 60
        return at_clock(day + timedelta(days=int(later)), edge.minutes, place.zone)
    morning = edge.anchor in ("sunrise", "dawn")
    of_day = day + timedelta(days=int(morning and calendar.starts_h == NOON))
    found: int | None = getattr(sun(place.lat, place.lon, of_day, place.zone), edge.anchor)
    return None if found is None else found + edge.minutes * MINUTE


def night(programme: Programme, calendar: Calendar, day: date, place: Place) -> list[Change]:
    """The changes of level of one day of the calendar, in order; it begins dark.

    Controls count within a period only: the newest one that came since the period began. Where periods
    overlap, the brighter counts. A period whose sun never sets or rises that day burns until the day ends:
    rather a lamp too many than a dark street.
    """
    begin, end = start_of(calendar, day, place.zone), start_of(calendar, day + timedelta(days=1), place.zone)
    spans: list[tuple[int, int, float]] = []
    for period in programme.periods:
        on, off = (instant(edge, calendar, day, place) for edge in (period.on, period.off))
        on, off = begin if on is None else on, end if off is None else off
        # Off before on: it burns at both ends of the day, as a night does in a day that begins at midnight.
        parts = [(on, off)] if on < off else [(begin, off), (on, end)]
        spans += [(max(begin, one), min(end, other), period.level) for one, other in parts]
    controls = [
        (at, control.level)
        for control in programme.controls
        for at in [instant(control.at, calendar, day, place)]
        if at is not None
    ]
    controls.sort(key=lambda one: one[0])
    edges = {begin, *(at for on, off, _ in spans for at in (on, off)), *(at for at, _ in controls)}
    changes: list[Change] = []
    for at in sorted(edge for edge in edges if begin <= edge < end):
        level = max((_level(span, controls, at) for span in spans), default=0.0)
        if not changes or level != changes[-1].level:
            changes.append(Change(at, level))
    return changes


def _level(span: tuple[int, int, float], controls: list[tuple[int, float]], at: int) -> float:
    on, off, level = span
    if not on <= at < off:
        return 0.0
    came = [wanted for since, wanted in controls if on <= since <= at]
    return came[-1] if came else level
