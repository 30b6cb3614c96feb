"""Names for people: of a site, its areas and stations; and its zone. Pure."""

from collections.abc import Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.observation.text import Text


class Places(NamedTuple):
    """Names for people: the site, its areas, its stations, its zone."""

    site: Text
    zone: ZoneInfo
    areas: Mapping[str, Text] = {}
    stations: Mapping[str, Text] = {}
