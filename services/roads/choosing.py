"""Which events of ALERTS a machine road carries. Pure.

By severity an alert counts with the highest it reached, as in the API: who was told of the warning is told
that it eased and cleared. Of an alert whose past is not known, endings are carried: one too many is
harmless.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from services.observation.event import SEVERITIES, noun_and_verb
from services.observation.topics import SITE_AREA
from services.policy.road_nouns import STATUSES, Road

REMEMBERED = 50_000
_RISING = ("raised", "escalated", "opened", "planned", "proposed")


def rank_of(severity: object) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def passes(road: Road, hazard: str, area: str, severity: str, status: str) -> bool:
    """Whether what is of a hazard, an area, a severity and a status is for a road at all.

    What concerns the whole site (area `_`) is for every area.
    """
    return (
        (not road.hazards or hazard in road.hazards)
        and (not road.areas or area == SITE_AREA or area in road.areas)
        and rank_of(severity) >= rank_of(road.severity)
        and status in road.status
    )


class Chooser:
    """Of one road; fed with every event in stream order, and the children's where asked for."""

    def __init__(self, road: Road, site: str) -> None:
        """Of a road at a site."""
        self._road, self._source = road, f"/sites/{site}"
        self._peaks: OrderedDict[str, int] = OrderedDict()

    def takes(self, event: Mapping[str, Any]) -> bool:
        """Whether the road carries this event."""
        road, data = self._road, event.get("data")
        named = noun_and_verb(event.get("type"))
        if named is None or not isinstance(data, Mapping):
            return False
        if event.get("source") != self._source and not road.children:
            return False
        rank, before = self._peak(str(event.get("subject")), rank_of(data.get("severity")))
        high = (
            "severity" not in data
            or max(rank, before) >= rank_of(road.severity)
            or (before < 0 and named[1] not in _RISING)
        )
        area, hazard, status = data.get("area", SITE_AREA), data.get("hazard"), data.get("status")
        return (
            high
            # Of roads only where it is asked for: two that refuse each other's news would never end.
            and (named[0] in road.nouns if road.nouns else named[0] != "road")
            # A message that was refused before its status could be read is news of the real operation.
            and (status if status in STATUSES else STATUSES[0]) in road.status
            and (not road.hazards or hazard is None or hazard in road.hazards)
            and (not road.areas or area == SITE_AREA or area in road.areas)
        )

    def _peak(self, subject: str, rank: int) -> tuple[int, int]:
        """Its rank now, and the highest it was known to have before."""
        before = self._peaks.pop(subject, -1)
        if max(rank, before) >= 0:
            self._peaks[subject] = max(rank, before)
            if len(self._peaks) > REMEMBERED:
                self._peaks.popitem(last=False)
        return rank, before
