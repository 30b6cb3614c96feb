"""Who is told next, when nobody has acknowledged an alert. Pure.

An alert waits from the moment it is raised, gets worse, or is let go by what kept it quiet, until somebody
acknowledges or closes it, something keeps it quiet, or it is over. Within one situation only one alert calls
for people at a time: fifty streets under water are one call.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from services.alerts.lifecycle import Life, rank_of
from services.alerts.lifecycle.tables import UNACKNOWLEDGED
from services.observation.instants import SECOND
from services.policy.keeping import Keeping, Step, wall

MINUTE = 60 * SECOND
BACK_US = 10 * SECOND
"""Clocks of server and keeper may differ by less."""
COVERED_US = MINUTE
"""How long to wait before asking again whether another alert still speaks for this one."""


class Waiting(msgspec.Struct):
    """How long an alert waits for a person.

    Attributes:
        since: by rung, 0 to 3: when it was first reached in this wait, µs UTC of the wall clock. What swings
            between two rungs waits on the higher one since it first came there: else every swing would put
            the call off.
        worst: the highest rung so far. told: the highest step that was told.
        heard: whom those steps named. covered: whether another alert of its situation spoke for it.
    """

    since: dict[int, int]
    worst: int
    told: int = 0
    heard: set[str] = set()
    covered: bool = False

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
        self.worst, self.told, self.heard, self.covered = max(self.worst, rung), 0, set(), False
        return True

    def hear(self, step: int, names: Iterable[str]) -> None:
        """A step was told, to these."""
        self.told = max(self.told, step)
        self.heard.update(names)

    def not_after(self, now: int) -> None:
        """Nobody waits since an instant that is to come: the clock was set back, and no call with it."""
        if max(self.since.values()) > now + BACK_US:
            self.since = {rung: min(at, now) for rung, at in self.since.items()}

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
    """The step that comes next; None: no more.

    A step that was told to others than the table names by now (it was corrected meanwhile) is to be told.
    """
    since = waiting.on(rank_of(life.severity))
    for number, step in enumerate(_steps(keeping, zone, life, since), 1):
        if number > waiting.told or not keeping.reached(step.to, waiting.heard):
            return Due(number, since + round(step.after_min * MINUTE), step)
    return None


def all_told(keeping: Keeping, zone: str, life: Life, waiting: Waiting) -> bool:
    """Whether all were called whom the table names for it as it stands; not where it names nobody."""
    steps = _steps(keeping, zone, life, waiting.on(rank_of(life.severity)))
    return bool(steps) and next_step(keeping, zone, life, waiting) is None


def _steps(keeping: Keeping, zone: str, life: Life, since: int) -> tuple[Step, ...]:
    weekday, minute = wall(zone, since)
    found = keeping.escalation(life.hazard, life.area, life.severity, weekday, minute)
    return () if found is None else found.steps


def speaks_for(other: Life, told: int, life: Life, number: int) -> bool:
    """Whether another alert of the same situation has called for people as this one would."""
    return (
        told >= number and rank_of(other.severity) >= rank_of(life.severity) and other.status == life.status
    )
