"""A book that holds a span of the past: a month of a hundred thousand alerts in a small machine. Pure.

It is folded once, shown once and thrown away, so it keeps what its report will show and nothing else. The
figures are those of the book that keeps everything.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any

import msgspec

from services.alerts.attention.annunciation import Thing
from services.alerts.lifecycle import rank_of
from services.alerts.load.book import Affair, LoadBook
from services.alerts.load.case import Case
from services.observation.text import Text

_SAID = frozenset(
    {
        "status", "area", "areas", "name", "severity_max", "opened_at", "time",
        "reason", "why", "text", "road", "by",
    }
)  # fmt: skip
"""What a report reads of other events; a situation's list of members may be long."""
_NOTHING = Text("", "")


class Kept(msgspec.Struct, frozen=True):
    """What a report will show of single alerts.

    Attributes:
        first, last: acts within are listed, µs UTC; none where both are the same.
        words_from: alerts that are over keep the sentence that says why from this severity on, 0 to 3.
    """

    first: int = 0
    last: int = 0
    words_from: int = 0


class PastBook(LoadBook):
    """Folds a span up to its end; forgets no alert, and of each what the report does not show."""

    def __init__(self, kept: Kept) -> None:
        """Empty."""
        super().__init__(keep_us=None)
        self._kept = kept

    def _note(self, site: str, things: list[Thing]) -> None:
        for one in things:
            self._things.append(
                (site, Thing(one.at, one.kind, "", "", intern(one.area), "", intern(one.status), _NOTHING, 0))
            )

    def _happened(self, affair: Affair) -> None:
        data = {key: value for key, value in affair.data.items() if key in _SAID}
        self.affairs.append(msgspec.structs.replace(affair, data=data))

    def _done(self, case: Case, stored_us: int, event: Mapping[str, Any]) -> None:
        kept, life = self._kept, case.life
        if kept.first <= stored_us < kept.last:
            super()._done(case, stored_us, event)
        if life.open:
            return
        # Numbers that are said twice are one; nobody asks any more by when it might come back.
        life.raised_at, life.cleared_at, life.acknowledged_at = case.heard_at, case.over_at, None
        if rank_of(case.worst) < kept.words_from:
            case.reason, case.gravest = _NOTHING, None
