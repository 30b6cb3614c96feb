"""The astronomical clock: when the sun rises and sets at a place, by the library `astral`.

Sunrise and sunset are the instants at which the centre of the sun stands 0.833° below the horizon (34' of
refraction, 16' of radius); civil dusk and dawn, 6° below (astronomical almanac).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from astral import Depression, Observer
from astral.sun import dawn, dusk, sunrise, sunset

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000


class Sun(NamedTuple):
    """Instants of one local day, µs UTC; None where the sun does not get there that day."""

    dawn: int | None
    sunrise: int | None
    sunset: int | None
    dusk: int | None


@lru_cache(maxsize=4096)
def sun(lat: float, lon: float, day: date, zone: str) -> Sun:
    """The sun of a local day at a place, to the second.

    Args:
        lat: degrees north, WGS 84.
        lon: degrees east.
        day: of the wall clock of `zone`.
        zone: IANA name.
    """
    place, clock = Observer(lat, lon), ZoneInfo(zone)
    asks: tuple[Callable[[], datetime], ...] = (
        lambda: dawn(place, day, Depression.CIVIL, clock),
        lambda: sunrise(place, day, clock),
        lambda: sunset(place, day, clock),
        lambda: dusk(place, day, Depression.CIVIL, clock),
    )
    found: list[int | None] = []
    for ask in asks:
        try:
            found.append(micros(ask().replace(microsecond=0)))
        except ValueError:  # it never gets so low, or so high, on that day
            found.append(None)
    return Sun(*found)


def micros(when: datetime) -> int:
    """µs UTC of an aware instant."""
    return (when - _EPOCH) // _MICROSECOND


def wall(instant: int, zone: str) -> datetime:
    """µs UTC by the clocks of a zone."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def at_clock(day: date, minutes: int, zone: str) -> int:
    """µs UTC of so many minutes after the beginning of a local day, as its clocks show them."""
    when = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    return micros(when.replace(tzinfo=ZoneInfo(zone)))
