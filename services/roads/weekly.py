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
