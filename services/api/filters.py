"""Filters whose values are a closed set: one that is not in it is told what is possible. Pure.

An empty list for a misspelt hazard or area would read as "all is quiet".
"""

import heapq
from collections.abc import Collection
from itertools import takewhile

from services.alerts.hazards import hazards
from services.api.errors import invalid
from services.api.fold import Fold
from services.api.running_site import RunningSite
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.runtime.principal import Principal

SHOWN = 40
"""Of a longer list those that begin most alike."""


def one_of(name: str, value: str | None, possible: Collection[str]) -> None:
    """Take a value that is possible, or none.

    Raises:
        Problem: 422 with what is possible.
    """
    if value is None or value in possible:
        return
    shown = value[:60]
    if len(possible) <= SHOWN:
        listed, more_vi, more_en = sorted(possible), "", ""
    else:
        listed = heapq.nsmallest(SHOWN, possible, key=lambda known: (-_alike(known, shown), known))
        rest = len(possible) - SHOWN
        more_vi, more_en = f" và {rest} giá trị khác", f" and {rest} more"
    told = ", ".join(listed)
    vi = f"có thể là: {told}{more_vi}" if listed else "hiện chưa có giá trị nào"
    en = f"possible: {told}{more_en}" if listed else "at present there is nothing to choose"
    said = Text(f"{name}: không có {shown!r}; {vi}", f"{name}: there is no {shown!r}; {en}")
    raise invalid(said, name, listed)


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def known_hazard(hazard: str | None, fold: Fold | None = None) -> None:
    """Take a hazard that this service knows, or that an alert in memory is of (another release wrote it).

    Raises:
        Problem: 422.
    """
    if hazard is None or hazard in hazards():
        return
    one_of("hazard", hazard, {*hazards(), *(fold.told("hazard") if fold else ())})


def alert_area(area: str | None, site: RunningSite, fold: Fold) -> None:
    """Take an area of the running site, `_` (the whole site), or one that an alert in memory is of.

    Everything passes while no site is loaded: alerts are shown then, too.

    Raises:
        Problem: 422.
    """
    if area is None or not site.known or area in site.site.areas:
        return
    one_of("area", area, {SITE_AREA, *site.site.areas, *fold.told("area")})


def in_scope(area: str | None, who: Principal) -> None:
    """Take an area that who asks may see: an empty list of another one would read as "all is quiet" there.

    Raises:
        Problem: 422 with their own areas.
    """
    if area is not None and not who.sees(area):
        one_of("area", area, {SITE_AREA, *(who.areas or ())})


def place_area(area: str | None, site: RunningSite, *, whole_site: bool = True) -> None:
    """Take an area of the running site, or `site` (of no single area) where that can be.

    Raises:
        Problem: 422; 503 while there is no site.
    """
    one_of("area", area, {*site.site.areas, *((SITE_SCOPE,) if whole_site else ())})
