"""What a message from outside is about, in our words: which hazard, which areas of the site. Pure."""

import re
from collections.abc import Iterator

from services.cap.compose import EVENT_CODE
from services.cap.geometry import Point, inside, touch, within
from services.cap.message import Area, Message
from services.cap.values import circle_of, points_of
from services.observation.site import Site
from services.policy.publication import Trusted

_WORDS: tuple[tuple[str, str], ...] = (
    ("lightning", r"dông|sét|giông|thunder|lightning"),
    ("rip_current", r"ao xoáy|dòng rip|rip current"),
    (
        "flood",
        (
            r"lũ|ngập|mưa lớn|mưa to|triều cường|nước dâng|bão|áp thấp"
            r"|flood|inundat|rain|surge|tide|typhoon|cyclone|storm"
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
    codes = [one for info in message.info for one in info.event_code]
    said = [info.event for info in message.info]
    found = (
        *(trusted.hazards[one] for one in (*(code.value for code in codes), *said) if one in trusted.hazards),
        *(one.value for one in codes if one.name == EVENT_CODE and one.value in OWN_CODES),
        *(hazard for one in said for key, hazard in trusted.hazards.items() if key.lower() in one.lower()),
        *(hazard for one in said for hazard, words in _WORDS if re.search(words, one, re.IGNORECASE)),
    )
    return next(iter(found), trusted.hazard)


def areas_of(message: Message, site: Site) -> list[str]:
    """Areas of the site that a message reaches, by code, outline or circle."""
    codes = {one.value.rsplit("/", 1)[-1] for area in _areas(message) for one in area.geocode}
    rings = [ring for area in _areas(message) for one in area.polygon if (ring := points_of(one))]
    circles = [circle for area in _areas(message) for one in area.circle if (circle := circle_of(one))]
    found = []
    for area in site.areas.values():
        own = {code.code.rsplit("/", 1)[-1] for code in area.codes} | {code.code for code in area.codes}
        outline: list[Point] = [(lat, lon) for lon, lat in area.polygon]
        places = [(one.lat, one.lon) for one in site.stations.values() if one.area == area.id] + outline
        if (
            codes & own
            or any(touch(outline, ring) or any(inside(place, ring) for place in places) for ring in rings)
            or any(within(place, (lat, lon), km) for lat, lon, km in circles for place in places)
        ):
            found.append(area.id)
    return found


def _areas(message: Message) -> Iterator[Area]:
    for info in message.info:
        yield from info.area
