"""When a rule is in force: windows of local time on days of the week, and dates of validity.

A schedule is a mask. Its edges are instants; the engine treats them as timers, so a window that opens
while the value is already high raises, and one that closes ends what it let through.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NEVER_ENDS = 1 << 62


class Window(msgspec.Struct, frozen=True):
    """From one minute of the local day up to another, not included; `start` > `end` spans midnight.

    `days` are those on which it starts; equal start and end is the whole day.
    """

    start: int
    end: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


class Schedule(msgspec.Struct, frozen=True):
    """Windows that together say when a rule is in force, in the site's zone; none is at all times.

    `first`, `last`: local dates (ISO 8601) between which it is valid, both included; None is no such end.
    """

    windows: tuple[Window, ...]
    zone: str
    first: str | None = None
    last: str | None = None

    def open_at(self, instant: int) -> bool:
        """Whether the rule is in force at an instant, µs UTC; a window is closed on the left."""
        start, end = _validity(self.first, self.last, self.zone)
        if not start <= instant < end:
            return False
        if not self.windows:
            return True
        day = _local_day(self.zone, instant)
        return any(
            start <= instant < end
            for offset in (-1, 0)
            for start, end in _spans(self.windows, self.zone, day + offset)
        )

    def over_at(self, instant: int) -> bool:
        """Whether the last day it is valid on has passed, µs UTC."""
        return instant >= _validity(self.first, self.last, self.zone)[1]

    def next_edge(self, instant: int) -> int | None:
        """First instant after this one at which it opens or closes; None when it never does."""
        start, end = _validity(self.first, self.last, self.zone)
        if instant < start:
            return start
        if instant >= end:
            return None
        found = self._next_window(instant) if self.windows else None
        until = end if end < _NEVER_ENDS else None
        return min((edge for edge in (found, until) if edge is not None), default=None)

    def _next_window(self, instant: int) -> int | None:
        """First instant after this one at which a window opens or closes; None when none ever does."""
        day = _local_day(self.zone, instant)
        for offset in range(-1, 9):
            found = [e for span in _spans(self.windows, self.zone, day + offset) for e in span if e > instant]
            if found:
                later = [
                    e
                    for span in _spans(self.windows, self.zone, day + offset + 1)
                    for e in span
                    if e > instant
                ]
                return min(found + later)
        return None


def parse_window(raw: object) -> Window | None:
    """Read `{from = "22:00", to = "05:00", days = ["mon", …]}`; None when it is not one."""
    if not isinstance(raw, dict) or not set(raw) <= {"from", "to", "days"}:
        return None
    start, end = _minute(raw.get("from", "00:00")), _minute(raw.get("to", "24:00"))
    days = raw.get("days", list(DAYS))
    if start is None or end is None or start == _MINUTES or not isinstance(days, list) or not days:
        return None
    if not all(day in DAYS for day in days):
        return None
    return Window(start, end, tuple(sorted({DAYS.index(day) for day in days})))


def _minute(text: object) -> int | None:
    if not isinstance(text, str) or len(text) != 5 or text[2] != ":":  # noqa: PLR2004  HH:MM
        return None
    hours, minutes = text[:2], text[3:]
    if not (hours + minutes).isdigit():
        return None
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total <= _MINUTES else None  # noqa: PLR2004


def _local_day(zone: str, instant: int) -> int:
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone)).date().toordinal()


@lru_cache(maxsize=1024)
def _validity(first: str | None, last: str | None, zone: str) -> tuple[int, int]:
    """Instants from which on and up to which dates hold."""
    start = -_NEVER_ENDS if first is None else _instant(date.fromisoformat(first), 0, zone)
    end = _NEVER_ENDS if last is None else _instant(date.fromisoformat(last) + timedelta(days=1), 0, zone)
    return start, end


@lru_cache(maxsize=4096)
def _spans(windows: tuple[Window, ...], zone: str, ordinal: int) -> tuple[tuple[int, int], ...]:
    """Instants between which the windows that start on a local day are open."""
    day = date.fromordinal(ordinal)
    spans = []
    for window in windows:
        if day.weekday() in window.days:
            length = (window.end - window.start) % _MINUTES or _MINUTES
            last = window.start + length
            spans.append((_instant(day, window.start, zone), _instant(day, last, zone)))
    return tuple(spans)


def _instant(day: date, minute: int, zone: str) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(minutes=minute)
    return (local.astimezone(UTC) - _EPOCH) // _US
