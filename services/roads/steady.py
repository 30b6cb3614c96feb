"""A clock that never goes back.

What is told follows the instants of the stream; when the wall clock is set back by an hour, nobody may wait
for an hour until it has come there again.
"""

from collections.abc import Callable

SECOND = 1_000_000


class Steady:
    """The wall clock, in µs UTC; after it was set back, the time that passed since."""

    def __init__(self, wall: Callable[[], int], passed: Callable[[], float]) -> None:
        """`passed`: seconds of a clock that nobody sets."""
        self._wall, self._passed = wall, passed
        self._latest, self._latest_at = 0, 0.0

    def now(self) -> int:
        """Never less than before, nor than what was seen."""
        passed = self._passed()
        since = self._latest + round((passed - self._latest_at) * SECOND)
        self._latest, self._latest_at = max(self._wall(), since), passed
        return self._latest

    def seen(self, instant: int) -> None:
        """Something happened at this instant, so it is not earlier now."""
        if instant > self.now():
            self._latest = instant
