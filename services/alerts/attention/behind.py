"""Whether the duty of situations is behind with its telling, as the stream itself shows. Pure.

Each event of a situation names the alert's event that it follows from. The duty decides in stream order, so
an alert behind the newest of those is not decided yet; and when that one had waited for long, the duty has
more to do than it manages. Then a single alert that belongs into a situation may wait a little longer than
usual for it: else the rationing fails just when it is needed. A duty that says nothing holds nothing back,
but for an advisory or a watch that would be no news in a situation which is open and told.
"""

from collections.abc import Iterable

from services.alerts.attention.whole import WORSE_FROM, Whole
from services.alerts.lifecycle import Life, rank_of
from services.alerts.situation.kinds import family_of
from services.observation.instants import SECOND
from services.observation.topics import SITE_AREA

LAG_US = 1 * SECOND
"""From an alert's event to what it did to a situation: above it the duty does not keep up."""
STILL_US = 5 * SECOND
"""So long after it last spoke, a duty that was behind counts as behind."""
AGAIN_US = SECOND // 2
"""Between two looks at an alert that waits."""
KEEP_US = 120 * SECOND
"""A duty that is further behind than this is as good as away."""
MOST_US = (15 * SECOND, 15 * SECOND, 5 * SECOND, 0)
"""How long an alert may wait for its situation, from its event on, by severity: an emergency no longer than
it settles anyway. One that the operator knows of already, by its situation, may wait like an advisory."""


class Behind:
    """Follows what the duty has told; what it keeps is two minutes of ids."""

    def __init__(self) -> None:
        """Nothing was told yet: nothing is known to be behind."""
        self._stored: dict[str, tuple[int, int]] = {}
        self._decided = self._told_at = self._lag = 0

    def alert(self, event_id: str, sequence: int, stored_us: int) -> None:
        """An alert's event came."""
        self._stored[event_id] = (sequence, stored_us)
        while stored_us - self._stored[oldest := next(iter(self._stored))][1] > KEEP_US:
            del self._stored[oldest]

    def told(self, cause: str, stored_us: int) -> None:
        """A situation was told of, because of an event."""
        sequence, at = self._stored.get(cause, (0, 0))
        if sequence and sequence >= self._decided:
            self._decided, self._told_at, self._lag = sequence, stored_us, stored_us - at

    def at(self, sequence: int, now: int) -> bool:
        """Whether an alert's event is, at an instant, not decided because the duty is behind."""
        return self._decided < sequence and self._lag > LAG_US and now - self._told_at <= STILL_US

    def waits(self, life: Life, sequence: int, since: int, now: int, wholes: Iterable[Whole]) -> bool:
        """Whether an alert should wait for its situation; `since`: when its event was stored."""
        family = family_of(life.hazard, life.rule, life.sensor)
        if family is None or now - since >= MOST_US[0]:
            return False
        rank, behind = rank_of(life.severity), self.at(sequence, now)
        if behind and now - since < MOST_US[rank]:
            return True
        return (behind or rank < WORSE_FROM) and any(_knows(whole, life, family, now) for whole in wholes)


def _knows(whole: Whole, life: Life, family: str, now: int) -> bool:
    """Whether it would be nothing urgent in an open situation, as `Whole.is_news` has it."""
    data, rank = whole.unfolding.data, rank_of(life.severity)
    return (
        data.status == life.status
        and data.area in (SITE_AREA, life.area)
        and not Whole.at_once(life)
        and family in whole.marks
        and (rank < WORSE_FROM or whole.knows(family, life.area, rank, now))
    )
