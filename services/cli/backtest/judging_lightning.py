"""Warnings of lightning as IEC 62793 judges them: the strikes themselves are the truth."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from services.alerts.scoring.lightning import Score, alarms_of, score
from services.observation.event import CloudEvent

if TYPE_CHECKING:
    from services.cli.backtest.recorded import Recorded
    from services.observation.site import Site

PLACE = "lightning_place"
TARGET_KM, MONITORED_KM = 10.0, 20.0
"""The 30-30 rule's circle, and the outermost ring of the defaults; a place's own attributes come first."""
SEVERITY = "warning"
"""The phase in which people take shelter."""


def judge_lightning(site: "Site", recorded: "Recorded", events: Sequence[CloudEvent]) -> Mapping[str, Score]:
    """Scores by protected place; nothing where no strikes were recorded."""
    if not recorded.strikes:
        return {}
    strikes = [one.strike for one in recorded.strikes]
    time = np.array([one.time for one in strikes], np.int64)
    lat, lon = (np.radians([getattr(one, name) for one in strikes]) for name in ("lat", "lon"))
    found: dict[str, Score] = {}
    mine = [event for event in events if event.data.hazard == "lightning"]
    for place in site.stations.values():
        if PLACE not in place.attributes:
            continue
        y, x = np.radians(place.lat), np.radians(place.lon)
        half = np.sin((lat - y) / 2) ** 2 + np.cos(lat) * np.cos(y) * np.sin((lon - x) / 2) ** 2
        found[place.id] = score(
            alarms_of(mine, place.id, SEVERITY),
            time,
            2 * 6371.0 * np.arcsin(np.sqrt(half)),
            target_km=place.attributes.get("lightning_warning_km", TARGET_KM),
            monitored_km=place.attributes.get("lightning_monitor_km", MONITORED_KM),
            span=recorded.span(),
        )
    return found
