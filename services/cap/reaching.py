"""What a message from outside is about, in our words: which hazard, which areas of the site. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from services.cap.compose import EVENT_CODE
from services.cap.geometry import Point, inside_any, touch, within
from services.cap.message import Area, Message, Named
from services.cap.values import circle_of, ring_of
from services.observation.site import Site
from services.policy.trusted import Trusted

_WORDS: tuple[tuple[str, str], ...] = (
    ("lightning", r"dông|sét|giông|thunder|lightning"),
    ("rip_current", r"ao xoáy|dòng rip|rip current"),
    (
        "flood",
        (
            r"lũ|ngập|mưa lớn|mưa to|triều cường|nước dâng|bão|áp thấp"
            r"|sóng thần|flood|inundat|rain|surge|tide|typhoon|cyclone|storm|tsunami"
        ),
    ),
    ("tree", r"cây đổ|gió mạnh|lốc|falling tree|strong wind|gale|tornado"),
    ("environment", r"không khí|ô nhiễm|bụi|nắng nóng|cháy|air quality|pollution|smoke|heat|fire"),
)
"""Ours by words of the event, the first that is found."""
OWN_CODES = frozenset({"lighting", *(hazard for hazard, _ in _WORDS)})


def hazard_of(message: Message, trusted: Trusted) -> str:
    """Our hazard for it.

    By the sender's table, by our own code, by words of the event; else what the sender's entry falls back to.
    """
    codes = [Named(one.name.strip(), one.value.strip()) for info in message.info for one in info.event_code]
    said = [_composed(info.event.strip()) for info in message.info]
    table = {_composed(key): hazard for key, hazard in trusted.hazards.items()}
    found = (
        *(table[one] for one in (*(code.value for code in codes), *said) if one in table),
        *(one.value for one in codes if one.name == EVENT_CODE and one.value in OWN_CODES),
        *(hazard for one in said for key, hazard in table.items() if key.lower() in one.lower()),
        *(hazard for one in said for hazard, words in _WORDS if re.search(words, one, re.IGNORECASE)),
    )
    return next(iter(found), trusted.hazard)


def areas_of(message: Message, site: Site) -> list[str]:
    """Areas of the site that a message reaches, by code, outline or circle."""
    codes = {one.value.strip().rsplit("/", 1)[-1] for area in _areas(message) for one in area.geocode}
    rings, circles = _outlines(_areas(message))
    found = []
    for area in site.areas.values():
        own = {code.code.rsplit("/", 1)[-1] for code in area.codes} | {code.code for code in area.codes}
        outlines: list[list[Point]] = [[(lat, lon) for lon, lat in ring] for ring in area.outlines]
        places = [(one.lat, one.lon) for one in site.stations.values() if one.area == area.id]
        places += [point for outline in outlines for point in outline]
        if (
            codes & own
            or any(
                inside_any(places, ring) or any(touch(outline, ring) for outline in outlines)
                for ring in rings
            )
            or any(within(place, (lat, lon), km) for lat, lon, km in circles for place in places)
        ):
            found.append(area.id)
    return found


def elsewhere(message: Message, site: Site) -> bool:
    """Whether all that a message is about lies outside of the site, and surely so.

    A national feed has bulletins for everywhere. Where one block says its place by codes or words alone, or
    the site has no bounds, it may be ours.
    """
    areas = list(_areas(message))
    if site.bounds is None or not areas or areas_of(message, site):
        return False
    west, south, east, north = site.bounds
    ours: list[Point] = [(south, west), (south, east), (north, east), (north, west), (south, west)]
    for area in areas:
        rings, circles = _outlines([area])
        if not (rings or circles):
            return False
        if any(touch(ours, ring) for ring in rings):
            return False
        for lat, lon, km in circles:
            nearest = (min(max(lat, south), north), min(max(lon, west), east))
            if within(nearest, (lat, lon), km):
                return False
    return True


def _outlines(areas: Iterable[Area]) -> tuple[list[list[Point]], list[tuple[float, float, float]]]:
    """Polygons and circles, each once."""
    listed = list(areas)
    polygons = dict.fromkeys(one for area in listed for one in area.polygon)
    circles = dict.fromkeys(one for area in listed for one in area.circle)
    return (
        [ring for one in polygons if (ring := ring_of(one))],
        [circle for one in circles if (circle := circle_of(one))],
    )


def _areas(message: Message) -> Iterator[Area]:
    for info in message.info:
        yield from info.area


def _composed(text: str) -> str:
    """With one sign for each letter: Vietnamese may come as letters and marks apart."""
    return unicodedata.normalize("NFC", text)
