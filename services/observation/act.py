"""What people and the keeper do to an alert: events of the alert's own subject, beside the engine's.

The condition is the engine's alone. An act repeats the alert as it last stood, says who acted and which
version they had seen, and carries in `act` what it changes. `services.alerts.lifecycle` folds them.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from services.observation import event as events
from services.observation.event import Alert
from services.observation.instants import iso
from services.observation.text import Text


class PersonVerb(StrEnum):
    """Acts of people."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    SHELVE_ASKED = "shelve-asked"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    COMMENTED = "commented"
    CLOSED = "closed"
    REOPENED = "reopened"


class KeeperVerb(StrEnum):
    """Decisions of the keeper. `unshelved` and `reopened` are the keeper's too, when the time is up."""

    INHIBITED = "inhibited"
    UNINHIBITED = "uninhibited"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OVERDUE = "overdue"
    REALARMED = "realarmed"


Cause = Literal["real", "false", "test", "maintenance"]
"""Why an alert was closed."""

QuietKind = Literal["inhibition", "gateway", "maintenance", "test", "chattering"]
"""Reasons to keep an alert quiet. `inhibition` and `gateway` come as inhibited, the others as suppressed."""

Origin = Literal["sensor", "self", "manual", "official_bulletin"]


class Quiet(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reason that keeps an alert quiet.

    `what`: the alert, the window or the rule that is the reason; `until`: ISO 8601 UTC at the latest, None
    only where `what` is an alert whose end ends it.
    """

    kind: QuietKind
    what: str
    until: str | None = None
    why: Text | None = None

    @property
    def key(self) -> str:
        """One of each at a time."""
        return f"{self.kind}:{self.what}"


class Act(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What an act changes; fields that a verb has no use for are left out.

    Attributes:
        until: of shelving, ISO 8601 UTC. why: the person's words for shelving, closing.
        assignee: a person's name. text: of a comment. cause: of closing.
        undoes: id of the event that this one takes back.
        quiet: the reason that begins or ends. step: of escalation, from 1; to: who is told at it.
        request: tells whether a person's key came again with another wish.
    """

    until: str | None = None
    why: str | None = None
    assignee: str | None = None
    text: str | None = None
    cause: Cause | None = None
    undoes: str | None = None
    quiet: Quiet | None = None
    step: int | None = None
    to: list[str] | None = None
    request: str | None = None


class Acted(Alert, kw_only=True):
    """`data` of an act: the alert as it stood, and the act. `by` is who, `seen` the version they acted on."""

    act: Act


class Stated(Alert, kw_only=True):
    """`data` of a condition that a person (`manual`) or an authority (`official_bulletin`) states.

    `until`: ISO 8601 UTC, when the keeper clears it if nobody did before.
    """

    until: str | None = None


class ActEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of an act, or of what a person or an authority stated."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Acted | Stated
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_encoder = msgspec.json.Encoder()


def make(*, site: str, verb: str, event: str, time: int, data: Acted | Stated) -> ActEvent:
    """Put an act into its envelope; `event` is the id, `time` the wall clock in µs UTC."""
    return ActEvent(
        id=event,
        source=f"/sites/{site}",
        type=events.type_of(verb),
        subject=data.alert_id,
        time=iso(time),
        data=data,
    )


def encode(event: ActEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)
