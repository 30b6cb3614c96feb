"""How fast somebody may ask: so many at once, so many won back each second. Pure: the clock is handed in.

For what is right and only too often; wrong passwords have waits that grow (`throttle`).
"""

from collections import OrderedDict
from typing import NamedTuple

KEPT = 10_000
"""Askers; the one longest unheard of is forgotten first, and has its whole burst again."""


class Pace(NamedTuple):
    """How many one has at once, and wins back each second."""

    burst: float
    per_s: float


READING = Pace(60.0, 2.0)
"""Requests of one address for what was published [design default]."""
REFUSED = Pace(60.0, 1 / 60)
"""Refused messages of one account that are kept on the stream [design default]."""


class Paces:
    """What each asker has left."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, asker: str, now_s: float, pace: Pace) -> float:
        """How long an asker (an address, an account) must wait for the next one; 0: it has it now."""
        left, since = self._left.pop(asker, (pace.burst, now_s))
        left = min(pace.burst, left + max(0.0, now_s - since) * pace.per_s)
        wait = 0.0 if left >= 1 else (1 - left) / pace.per_s
        self._left[asker] = (left if wait else left - 1, now_s)
        if len(self._left) > KEPT:
            self._left.popitem(last=False)
        return wait
