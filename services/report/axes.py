"""Round numbers for axes: values, and instants of a site's wall clock. Pure."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.observation.instants import SECOND
from services.observation.text import Text

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STEPS = (
    1, 5, 15, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 3 * _DAY, 4 * _DAY, 5 * _DAY, 7 * _DAY, 10 * _DAY, 14 * _DAY,
)  # fmt: skip
_MONTHS = 28 * _DAY
_FINE = 10 * _MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def values(low: float, high: float, about: int = 4) -> list[float]:
    """Round values from low to high, about so many: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


def number(value: float) -> str:
    """A value for a label: four digits, no exponent where it can be helped."""
    text = f"{value:.4g}"
    return f"{value:,.0f}" if "e" in text and abs(value) >= 1 else text


def instants(first: int, last: int, zone: str, about: int = 10) -> list[tuple[int, str]]:
    """Round instants of the wall clock, µs UTC, with their labels: day and month, or hour and minute."""
    span = max(last - first, 1) / SECOND
    step = next((s for s in _STEPS if span / s <= about), None)
    start = local(first, zone)
    if step is None:
        return _months(start, last, zone, span, about)
    if step >= _DAY:
        at = start.replace(hour=0, minute=0, second=0, microsecond=0)
        move = timedelta(days=step // _DAY)
    else:
        at = start.replace(minute=0, second=0, microsecond=0)
        at = at.replace(hour=0) if step >= _HOUR else at
        move = timedelta(seconds=step)
    found: list[tuple[int, str]] = []
    while (t := _micros(at)) <= last:
        if t >= first:
            found.append((t, _label(at, step)))
        at = at + move
    return found


def _months(start: datetime, last: int, zone: str, span: float, about: int) -> list[tuple[int, str]]:
    every = max(1, math.ceil(span / _MONTHS / about))
    at = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = []
    month = at.year * 12 + at.month - 1
    while (t := _micros(at)) <= last:
        if t >= _micros(start):
            found.append((t, f"{at.month:02d}/{at.year}"))
        month += every
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=ZoneInfo(zone))
    return found


def _label(at: datetime, step: int) -> str:
    if step >= _DAY or (at.hour == 0 and at.minute == 0 and at.second == 0):
        return f"{at.day}/{at.month}"
    return f"{at:%H:%M}" if step >= _MINUTE else f"{at:%H:%M:%S}"


def local(instant: int, zone: str) -> datetime:
    """µs UTC on the wall clock of a zone."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def clock(instant: int, zone: str) -> str:
    """`2015-12-26 10:15` on the wall clock."""
    return f"{local(instant, zone):%Y-%m-%d %H:%M}"


def duration(seconds: float, *, fine: bool = False) -> Text:
    """A span in both languages; `fine`: of less than ten minutes to the second."""
    total = round(abs(seconds))
    if total < _MINUTE:
        return Text(f"{total} giây", f"{total} s")
    if fine and total < _FINE and total % _MINUTE:
        return Text(f"{total // 60} phút {total % 60:02d} giây", f"{total // 60} min {total % 60:02d} s")
    if total < _HOUR:
        return Text(f"{total // 60} phút", f"{total // 60} min")
    if total < 2 * _DAY:
        hours, minutes = total // 3600, total % 3600 // 60
        return Text(f"{hours} giờ {minutes:02d}", f"{hours} h {minutes:02d}")
    days, hours = total // _DAY, total % _DAY // 3600
    return Text(f"{days} ngày {hours} giờ", f"{days} d {hours} h")


def _micros(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
