"""What was acknowledged long ago and still holds comes back: who speaks for it, and which one is first. Pure.

`lifecycle_realarm` says when. OPC UA Part 9 (5.8.2, ReAlarmTime) has the same, as if it were just raised.
Within a situation it counts from the last time that anything as severe called or was acknowledged: who looks
at the storm has looked at its streets. One comes back at a time, the most severe first, so that a shift which
begins with forty old alerts is not rung forty times at once.
"""

from collections.abc import Iterable, Iterator

from services.alerts.attention.whole import Whole
from services.alerts.lifecycle import Life, rank_of
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND

PACE_US = 120 * SECOND
"""Between two that come back at one site: one new thing in two minutes [design default]."""


class Looks:
    """When each open situation last called for people or was acknowledged, by status and severity."""

    def __init__(self) -> None:
        """Of none yet."""
        self._of: dict[str, dict[str, list[int]]] = {}

    def look(self, situation: str, life: Life, at: int) -> None:
        """A member called, or was acknowledged, at an instant: all that is no worse was looked at with it."""
        found = self._of.setdefault(situation, {}).setdefault(life.status, [0] * len(SEVERITIES))
        for rung in range(rank_of(life.severity) + 1):
            found[rung] = max(found[rung], at)

    def ended(self, situation: str, into: str | None) -> None:
        """It is over, or goes on in another."""
        gone = self._of.pop(situation, None)
        if gone is None or not into:
            return
        there = self._of.setdefault(into, {})
        for status, looks in gone.items():
            found = there.setdefault(status, [0] * len(SEVERITIES))
            there[status] = [max(one, other) for one, other in zip(found, looks, strict=True)]

    def at(self, situation: str | None, life: Life) -> int:
        """When anything of a member's situation that is as severe was looked at last; 0: never.

        What is never seen from a storm itself (current in a street, a tree about to fall) speaks for itself.
        """
        rung = rank_of(life.severity)
        if situation is None or rung < 0 or Whole.at_once(life):
            return 0
        looks = self._of.get(situation, {}).get(life.status)
        return 0 if looks is None else looks[rung]


class Ready:
    """Alerts whose time is up, of which one comes back at a time."""

    def __init__(self) -> None:
        """None yet."""
        self._due: dict[str, int] = {}
        self._last = 0

    def put(self, alert_id: str, due: int) -> None:
        """Its time is up since `due`, µs UTC."""
        self._due[alert_id] = due

    def drop(self, alert_id: str) -> None:
        """It does not come back as it stands."""
        self._due.pop(alert_id, None)

    def told(self, at: int) -> None:
        """One came back; µs UTC, as the stream has it."""
        self._last = at

    def held_until(self, now: int) -> int | None:
        """When the next may come back, where one waits for another; None: at once, or none waits."""
        waits = bool(self._due) and self._last <= now < self._last + PACE_US
        return self._last + PACE_US if waits else None

    def take(self, lives: Iterable[Life]) -> tuple[Life, int] | None:
        """The one that comes back now, and when it was due: what is real, the most severe, the oldest."""

        def first(life: Life) -> tuple[bool, int, int, str]:
            return (
                life.status != "Actual",
                -rank_of(life.severity),
                self._due[life.alert_id],
                life.alert_id,
            )

        best = min(lives, default=None, key=first)
        return None if best is None else (best, self._due.pop(best.alert_id))

    def __iter__(self) -> Iterator[str]:
        """Ids of those that wait."""
        return iter(self._due)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._due)
