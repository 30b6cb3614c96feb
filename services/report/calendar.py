"""When shifts, days and months begin and end by the wall clock, and which report is due. Pure."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from services.report.axes import local
from services.report.matter import Stretch

Kind = Literal["shift", "daily", "monthly"]
Span = tuple[int, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(day: date, minute: int, zone: str) -> int:
    """µs UTC of a minute of a local day; a clock that jumps takes the first of two, the later of none."""
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(minutes=minute)
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def day_span(day: date, zone: str) -> Span:
    """A local day."""
    return instant(day, 0, zone), instant(day + timedelta(days=1), 0, zone)


def month_span(day: date, zone: str) -> Span:
    """The month that a day is in."""
    first = day.replace(day=1)
    return instant(first, 0, zone), instant((first + timedelta(days=32)).replace(day=1), 0, zone)


def shifts_between(begin: tuple[int, ...], first: int, last: int, zone: str) -> list[Stretch]:
    """The shifts that have a part in a span, cut to it."""
    day = local(first, zone).date() - timedelta(days=1)
    end = local(last, zone).date() + timedelta(days=1)
    marks = []
    while day <= end:
        marks += [instant(day, minute, zone) for minute in begin]
        day += timedelta(days=1)
    found = []
    for start, stop in pairwise(marks):
        if start < last and stop > first:
            begun, over = max(start, first), min(stop, last)
            name = f"{local(begun, zone):%d/%m %H:%M} – {local(over, zone):%H:%M}"
            found.append(Stretch(begun, over, name))
    return found


def shift_at(begin: tuple[int, ...], at: int, zone: str) -> Span:
    """The shift that an instant is in."""
    day = local(at, zone).date()
    marks = [
        instant(day + timedelta(days=days), minute, zone) for days in (-2, -1, 0, 1, 2) for minute in begin
    ]
    start = max(mark for mark in marks if mark <= at)
    return start, min(mark for mark in marks if mark > at)


def shifts_of_day(begin: tuple[int, ...], day: date, zone: str) -> list[Span]:
    """The shifts that begin on a local day, in order."""
    return [shift_at(begin, instant(day, minute, zone), zone) for minute in begin]


def last_due(kind: Kind, now: int, zone: str, shifts: tuple[int, ...], minute: int) -> Span:
    """The span whose report was due last.

    `minute` of the day: when a day or a month is reported; a shift is, as soon as it is over.
    """
    today = local(now, zone).date()
    if kind == "shift":
        return shift_at(shifts, shift_at(shifts, now, zone)[0] - 1, zone)
    if kind == "daily":
        day = today if now >= instant(today, minute, zone) else today - timedelta(days=1)
        return day_span(day - timedelta(days=1), zone)
    first = today.replace(day=1)
    if now < instant(first, minute, zone):
        first = (first - timedelta(days=1)).replace(day=1)
    return month_span(first - timedelta(days=1), zone)


def name_of(kind: Kind, span: Span, zone: str) -> str:
    """`shift-20261122T0600`, `daily-20261122`, `monthly-202611`: the name of a report, by local time."""
    first = local(span[0], zone)
    form = {"shift": "%Y%m%dT%H%M", "daily": "%Y%m%d", "monthly": "%Y%m"}[kind]
    return f"{kind}-{first:{form}}"
