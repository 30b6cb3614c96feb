"""What an operator has heard of one thing, and since when that holds no more: what is known. Pure.

One thing is an alert by itself, or within a situation one phenomenon in one area. Whoever heard of it as a
warning knows of it up to `warning` while it holds; what was below that for an hour and comes back is another
event, and it may be another person who is on duty.
"""

import msgspec

from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

FORGOTTEN_US = 3600 * SECOND
"""Not held for so long, it is news when it comes back; the same gap ends a situation [design default]."""


class Heard(msgspec.Struct):
    """How far one thing was told.

    Attributes:
        rung: the highest that was told, 0 to 3; -1: nothing was.
        held: by rung, when it was last known to be that severe, µs UTC.
    """

    rung: int = -1
    held: list[int] = msgspec.field(default_factory=lambda: [0] * len(SEVERITIES))

    def tell(self, rung: int, at: int) -> None:
        """An operator heard at an instant that it is on a rung."""
        self.rung = max(rung, self.rung)
        self.hold(rung, at)

    def hold(self, rung: int, at: int) -> None:
        """It was that severe up to an instant."""
        for lower in range(rung + 1):
            self.held[lower] = max(at, self.held[lower])

    def knows(self, rung: int, at: int) -> bool:
        """Whether it is no news at an instant that it is on a rung."""
        return self.told(rung) and at - self.held[max(rung, 0)] <= FORGOTTEN_US

    def told(self, rung: int) -> bool:
        """Whether it was ever told as that severe."""
        return self.rung >= rung

    def take_up(self, other: "Heard") -> None:
        """What was heard of the same in a situation that goes on in this one."""
        self.rung = max(other.rung, self.rung)
        self.held = [max(ours, theirs) for ours, theirs in zip(self.held, other.held, strict=True)]
