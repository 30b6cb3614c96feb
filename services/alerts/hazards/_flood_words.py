"""Pieces of sentences about water: numbers, times, depths, and what they mean for people."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.alerts.hazard import Facts
from services.observation.text import Text, in_vietnamese

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NONE = Text("", "")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_ROUGH = 30  # from so many minutes ahead on, times are told in fives


def small(word: str) -> str:
    """The same within a sentence."""
    return word[0].lower() + word[1:]


def join(*parts: Text) -> Text:
    """Sentences one after the other."""
    return Text(
        " ".join(part.vi for part in parts if part.vi), " ".join(part.en for part in parts if part.en)
    )


def number(value: float, form: str = ".2f") -> Text:
    """A number as each language writes it."""
    shown = format(value, form)
    return Text(in_vietnamese(shown), shown)


def wall(instant: int, zone: str) -> datetime:
    """An instant (µs UTC) by the clocks of a zone, to the minute, seconds cut off."""
    when = (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    return when.replace(second=0, microsecond=0)


def at(facts: Facts) -> Text:
    """The head of a sentence with a measured value: when it was measured. Empty where nobody knows."""
    if facts.measured is None:
        return Text("", "")
    shown = f"{wall(facts.measured, facts.zone):%H:%M}"
    return Text(f"Lúc {shown}, ", f"At {shown}, ")


def clock(facts: Facts, minutes: float, rough: float) -> Text:
    """What the clock will show so many minutes after the reading, with the day if that is another one.

    To the minute, or in fives where `rough`, the time that the sentence is about, is half an hour or more.
    """
    start = wall(facts.time if facts.measured is None else facts.measured, facts.zone)
    step = 1 if rough < _ROUGH else 5
    ahead = step * round((start.minute + minutes) / step) - start.minute
    # Added in UTC, so that a clock that is put forward in between is right.
    when = (start.astimezone(UTC) + timedelta(minutes=max(ahead, 0))).astimezone(ZoneInfo(facts.zone))
    shown = f"{when:%H:%M}"
    if when.date() == start.date():
        return Text(shown, shown)
    return Text(f"{shown} ngày {when.day}/{when.month}", f"{shown} on {when.day} {_MONTHS[when.month - 1]}")


def centimetres(metres: float) -> str:
    """A depth in whole centimetres."""
    return f"{100 * metres:.0f} cm"


# Upper limits of the depth of still water: AIDR Guideline 7-3 (recalled, to be checked).
_STILL = (
    (0.3, Text("nói chung an toàn", "generally safe")),
    (0.5, Text("nguy hiểm cho xe nhỏ", "unsafe for small vehicles")),
    (1.2, Text("nguy hiểm cho xe, trẻ em, người già", "unsafe for vehicles, children and the elderly")),
    (2.0, Text("nguy hiểm cho mọi người và xe", "unsafe for all people and vehicles")),
)


def danger_in_still_water(depth: float) -> Text:
    """What a depth (m) means for people if the water does not move: a gauge does not know its speed."""
    for limit, text in _STILL:
        if depth <= limit:
            return text
    return Text("nguy hiểm cho cả nhà cửa", "unsafe for buildings too")


def people_hazard(depth: float, speed: float = 0.0, debris: float = 0.0) -> float:
    """DEFRA's hazard rating d (v + 0.5) + DF: m, m/s, 0, 0.5 or 1. Below 0.75 low, above 2 for all.

    Verified: documentation of Flood Modeller; classes recalled: FD2320, FD2321.
    """
    return depth * (speed + 0.5) + debris
