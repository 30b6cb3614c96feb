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
    """How long an alert waits for a person.

    Attributes:
        since: by rung, 0 to 3: when it was first reached in this wait, µs UTC of the wall clock. What swings
            between two rungs waits on the higher one since it first came there: else every swing would put
            the call off.
        worst: the highest rung so far. told: how many steps were told.
    """

    since: dict[int, int]
    worst: int
    told: int = 0

    @classmethod
    def from_now(cls, rung: int, at: int) -> "Waiting":
        """Begin to wait at an instant, on a rung."""
        return cls(dict.fromkeys(range(-1, rung + 1), at), rung)

    def rose(self, rung: int, at: int, all_told: bool) -> bool:  # noqa: FBT001  one fact of two
        """Take that it rose to a rung; whether calling begins anew.

        It does above the worst so far, and on another rung where all were told already and nobody came.
        """
        if rung <= self.worst and not all_told:
            return False
        anew = range(-1 if all_told else self.worst + 1, rung + 1)
        self.since |= dict.fromkeys(anew, at)
        self.worst, self.told = max(self.worst, rung), 0
        return True

    def on(self, rung: int) -> int:
        """Since when it waits on a rung."""
        return self.since.get(rung, self.since[-1])


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
    since = waiting.on(rank_of(life.severity))
    steps = _steps(keeping, zone, life, since)
    if waiting.told >= len(steps):
        return None
    step = steps[waiting.told]
    return Due(waiting.told + 1, since + round(step.after_min * MINUTE), step)


def told_by(keeping: Keeping, zone: str, life: Life, waiting: Waiting, told: int) -> set[str]:
    """Who was called for an alert by its first steps."""
    steps = _steps(keeping, zone, life, waiting.on(rank_of(life.severity)))
    return {name for step in steps[:told] for name in step.to}


def _steps(keeping: Keeping, zone: str, life: Life, since: int) -> tuple[Step, ...]:
    weekday, minute = wall(zone, since)
    found = keeping.escalation(life.hazard, life.area, life.severity, weekday, minute)
    return () if found is None else found.steps


def speaks_for(other: Life, told: int, life: Life, number: int) -> bool:
    """Whether another alert of the same situation has called for people as this one would."""
    return (
        told >= number and rank_of(other.severity) >= rank_of(life.severity) and other.status == life.status
    )
