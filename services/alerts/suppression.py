"""What keeps an alert quiet, and until when: every reason is asked, and what differs becomes events. Pure.

Each reason is a module of its own that knows nothing of the others (`keeping_windows`, `keeping_inhibition`,
`chattering`) and answers one question: what of yours should keep this alert quiet now? The answer is compared
with what the alert's own events say keeps it quiet. So what was written before is not written again, and a
reason that is gone lets go, however long nobody looked.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from services.alerts.lifecycle import Life
from services.observation.act import KeeperVerb, Quiet, QuietKind

INHIBITING: frozenset[QuietKind] = frozenset({"inhibition", "gateway"})
"""Kinds that come as inhibited; the others as suppressed."""


class Reason(Protocol):
    """One reason to be quiet."""

    def quiet(self, life: Life, now: int) -> list[Quiet]:
        """What of this reason should keep an alert quiet at `now`, µs UTC of the wall clock."""


class Difference(NamedTuple):
    """One event that an alert lacks."""

    verb: str
    quiet: Quiet


def should(life: Life, reasons: Iterable[Reason], now: int) -> dict[str, Quiet]:
    """Everything that should keep an alert quiet, by `Quiet.key`."""
    if not life.open:
        return {}
    return {quiet.key: quiet for reason in reasons for quiet in reason.quiet(life, now)}


def differences(life: Life, wanted: dict[str, Quiet]) -> list[Difference]:
    """Events that lead from what keeps an alert quiet to what should.

    What begins comes before what ends: an alert that changes from one reason to the next is never let go
    between them.
    """
    begins = [
        Difference(_begins(quiet), quiet)
        for key, quiet in wanted.items()
        if key not in life.quiet or life.quiet[key].until != quiet.until
    ]
    ends = [Difference(_ends(quiet), quiet) for key, quiet in life.quiet.items() if key not in wanted]
    return begins + ends if life.open else []


def held_by(life: Life, what: str) -> Quiet | None:
    """What of a window, an alert or a chatterer keeps an alert quiet; None: nothing of it does."""
    return next((quiet for quiet in life.quiet.values() if quiet.what == what), None)


def _begins(quiet: Quiet) -> str:
    return KeeperVerb.INHIBITED if quiet.kind in INHIBITING else KeeperVerb.SUPPRESSED


def _ends(quiet: Quiet) -> str:
    return KeeperVerb.UNINHIBITED if quiet.kind in INHIBITING else KeeperVerb.UNSUPPRESSED
