"""An alert as it stands: what its events come to, and what ISA-18.2 calls that. Pure."""

from typing import Any, Literal

import msgspec

from services.alerts.lifecycle.tables import ACKNOWLEDGED, ACTIVE, CLEARED, UNACKNOWLEDGED
from services.observation.act import Cause, Quiet
from services.observation.instants import micros
from services.observation.text import Text

KEEPER = "keeper"
"""`by` of what the keeper did; no account has this name."""
COMMENTS_KEPT = 50
Label = Literal[
    "normal", "unacknowledged", "acknowledged", "rtn-unacknowledged", "shelved",
    "suppressed-by-design", "out-of-service", "closed",
]  # fmt: skip
_SERVICED = ("maintenance", "test")
"""Kinds of quiet that are a station out of service; the others are suppression by design."""


class Shelving(msgspec.Struct, frozen=True):
    """Kept quiet by a person until an instant; µs UTC. `severity`: at shelving; `second`: who agreed."""

    until: int
    by: str
    why: str
    since: int
    severity: str = ""
    second: str | None = None


class Closing(msgspec.Struct, frozen=True):
    """Who said what it was; `at` in µs UTC."""

    cause: Cause
    by: str
    at: int
    why: str | None = None


class Comment(msgspec.Struct, frozen=True):
    """A person's words; `at` in µs UTC."""

    by: str
    at: int
    text: str


class Realarmed(msgspec.Struct, frozen=True):
    """It came back, since it still held long after it was acknowledged; times in µs UTC."""

    at: int
    acknowledged_by: str | None
    acknowledged_at: int | None


class Touch(msgspec.Struct, frozen=True):
    """The last thing that a person deciding must have seen: another's act, or that it got worse."""

    sequence: int
    verb: str
    by: str | None
    at: int


class Life(msgspec.Struct, kw_only=True):
    """One alert, folded from its events. Never changed in place: `fold` makes the next one. Times in µs UTC.

    Attributes:
        peak: the highest severity reached, 0 to 3; -1 unknown.
        cleared_quietly: it ended while it was kept quiet, so nobody owes it a look.
        until: of what a person or a bulletin stated: when it ends by itself.
        quiet: what keeps it quiet, by `Quiet.key`; empty: nothing does.
        step: how many steps of escalation were told; overdue_at: when the last one was.
        realarmed: why it is unacknowledged again, where time brought it back; None once acknowledged.
        undoable: id of the event that an undoing act takes back, by that event's verb.
        touched: what an act must have seen.
        data: what the engine (or whoever stated it) said last. sequence: of its last event.
    """

    alert_id: str
    site: str
    area: str
    hazard: str
    rule: str
    station: str | None
    sensor: str | None
    gateway: str | None
    origin: str
    status: str
    severity: str
    peak: int
    raised_at: int
    data: dict[str, Any]
    sequence: int
    changed_us: int
    touched: Touch
    condition: str = ACTIVE
    blind: bool = False
    cleared_at: int | None = None
    cleared_quietly: bool = False
    until: int | None = None
    acknowledgement: str = UNACKNOWLEDGED
    acknowledged_by: str | None = None
    acknowledged_at: int | None = None
    realarmed: Realarmed | None = None
    shelving: Shelving | None = None
    shelve_asked: Shelving | None = None
    quiet: dict[str, Quiet] = {}
    assignee: str | None = None
    closing: Closing | None = None
    comments: list[Comment] = []
    comments_dropped: int = 0
    step: int = 0
    overdue_at: int | None = None
    undoable: dict[str, str] = {}

    @property
    def open(self) -> bool:
        """Whether its condition holds."""
        return self.condition == ACTIVE

    @property
    def silent(self) -> bool:
        """Shelved, quiet or closed: no sound, no message to people."""
        return self.shelving is not None or bool(self.quiet) or self.closing is not None

    @property
    def reason(self) -> Text:
        """The sentence that says why; its rule where there is none."""
        given = self.data.get("reason")
        if not isinstance(given, dict):
            return Text(self.rule, self.rule)
        return Text(str(given.get("vi", self.rule)), str(given.get("en", self.rule)))

    def standing_at(self, now: int) -> "Life":
        """As it is to be shown: what is past its time keeps nothing quiet, even while the keeper is away."""
        if self.shelving is None and self.shelve_asked is None and not self.quiet:
            return self
        shelving, asked = (
            None if one is None or one.until <= now else one for one in (self.shelving, self.shelve_asked)
        )
        quiet = {key: reason for key, reason in self.quiet.items() if _lasts(reason, now)}
        return msgspec.structs.replace(self, shelving=shelving, shelve_asked=asked, quiet=quiet)

    def silent_at(self, now: int) -> bool:
        """As `silent`, but what is past its time keeps nothing quiet, even while the keeper is away."""
        if self.closing is not None or (self.shelving is not None and self.shelving.until > now):
            return True
        return any(_lasts(reason, now) for reason in self.quiet.values())

    @property
    def label(self) -> Label:
        """What ISA-18.2 calls it; `closed` is ours, and the standard's *latched* is not: nothing latches."""
        if self.closing is not None:
            return "closed"
        if self.condition == CLEARED:
            owed = self.acknowledgement == UNACKNOWLEDGED and not self.cleared_quietly
            return "rtn-unacknowledged" if owed else "normal"
        if any(reason.kind in _SERVICED for reason in self.quiet.values()):
            return "out-of-service"
        if self.quiet:
            return "suppressed-by-design"
        if self.shelving is not None:
            return "shelved"
        return "acknowledged" if self.acknowledgement == ACKNOWLEDGED else "unacknowledged"

    @property
    def attention(self) -> bool:
        """Whether it still needs a person: none has acknowledged it, or a shelving waits for a second."""
        return self.label in {"unacknowledged", "rtn-unacknowledged"} or self.shelve_asked is not None


def _lasts(reason: Quiet, now: int) -> bool:
    if reason.until is None:
        return True
    try:
        return micros(reason.until) > now
    except ValueError:
        return False
