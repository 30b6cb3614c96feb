"""When each road tries itself: once a week, each at a moment of its own, when nobody minds. Pure."""

from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)
NIGHT = (2 * 60, 5 * 60)
"""Minutes of the day for machines: the least else goes on."""
MORNING = (9 * 60, 11 * 60)
"""For people: on a working day, so that a test wakes nobody and somebody is there to miss it."""
_WORKING_DAYS = 5
_HOUR, _WEEK_US = 3_600_000_000, 7 * 86_400_000_000


def next_trial(road: str, after_us: int, zone: ZoneInfo, *, people: bool) -> int:
    """The road's own moment of the week that comes next after an instant; µs UTC."""
    spread = int.from_bytes(sha256(road.encode()).digest()[:8], "big")
    first, last = MORNING if people else NIGHT
    weekday = spread % (_WORKING_DAYS if people else 7)
    minute = first + spread // 7 % (last - first)
    after = datetime.fromtimestamp(after_us / 1e6, zone)
    day = after + timedelta(days=(weekday - after.weekday()) % 7)
    moment = day.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    if moment <= after:
        moment += WEEK
    return round(moment.timestamp() * 1e6)


def again_after(road: str, now_us: int, zone: ZoneInfo, *, people: bool) -> int:
    """When a trial that failed is made once more; µs UTC.

    Machines after an hour. People, who may have got it all but one, on the next working day: a road that is
    broken at night does not ring somebody's telephone every hour because of it.
    """
    weekly = next_trial(road, now_us, zone, people=people)
    if not people:
        return min(weekly, now_us + _HOUR)
    week = datetime.fromtimestamp(weekly / 1e6, zone)
    now = datetime.fromtimestamp(now_us / 1e6, zone)
    for ahead in range(1, 8):
        day = now + timedelta(days=ahead)
        if day.weekday() < _WORKING_DAYS:
            again = day.replace(hour=week.hour, minute=week.minute, second=0, microsecond=0)
            return min(weekly, round(again.timestamp() * 1e6))
    return weekly


def is_due(next_us: int, now_us: int) -> bool:
    """Whether a trial is to be made; one that is set further ahead than a week was set by a wrong clock."""
    return now_us >= next_us or next_us - now_us > _WEEK_US + _HOUR
