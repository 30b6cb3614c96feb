"""Who is told next, when nobody has acknowledged an alert. Pure.

An alert waits from the moment it is raised, gets worse, or is let go by what kept it quiet, until somebody
acknowledges or closes it, something keeps it quiet, or it is over. Within one situation only one alert calls
for people at a time: fifty streets under water are one call.
"""

from typing import NamedTuple

import msgspec

from services.alerts.lifecycle import Life, rank_of
from services.alerts.lifecycle_tables import UNACKNOWLEDGED
from services.observation.instants import SECOND
from services.policy.keeping import Keeping, Step, wall

MINUTE = 60 * SECOND
COVERED_US = MINUTE
"""How long to wait before asking again whether another alert still speaks for this one."""


class Waiting(msgspec.Struct):
    """Since when an alert waits for a person, µs UTC of the wall clock, and how many steps were told."""

    since: int
    told: int = 0


class Due(NamedTuple):
    """A step: which one, counted from 1, when it is due, µs UTC, and who is told."""

    number: int
    at: int
    step: Step


def waits(life: Life) -> bool:
    """Whether an alert waits for a person."""
    return life.open and not life.silent and life.acknowledgement == UNACKNOWLEDGED


def next_step(keeping: Keeping, zone: str, life: Life, waiting: Waiting) -> Due | None:
    """The step that comes next; None: no more."""
    weekday, minute = wall(zone, waiting.since)
    found = keeping.escalation(life.hazard, life.area, life.severity, weekday, minute)
    if found is None or waiting.told >= len(found.steps):
        return None
    step = found.steps[waiting.told]
    return Due(waiting.told + 1, waiting.since + round(step.after_min * MINUTE), step)


def speaks_for(other: Life, told: int, life: Life, number: int) -> bool:
    """Whether another alert of the same situation has called for people as this one would."""
    return (
        told >= number and rank_of(other.severity) >= rank_of(life.severity) and other.status == life.status
    )
