"""The shapes of alerts in answers, as OpenAPI tells them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas import CloudEvent, Severity, Time, Words


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Latest(_Shape):
    """What a sensor says now: its newest observation."""

    time: Time
    value: float | None
    flag: int


class Shelving(_Shape):
    """Kept quiet by a person; `second` is who agreed, where it took one."""

    until: Time
    by: str
    second: str | None
    why: str
    since: Time


class QuietReason(_Shape):
    """What keeps an alert quiet, and until when at the latest; null: until the alert `what` is over."""

    kind: Literal["inhibition", "gateway", "maintenance", "test", "chattering"]
    what: str
    until: Time | None
    why: Words | None


class Closing(_Shape):
    """Who said what it was."""

    cause: Literal["real", "false", "test", "maintenance"]
    by: str
    at: Time
    why: str | None


class Comment(_Shape):
    """A person's words."""

    by: str
    at: Time
    text: str


class Realarmed(_Shape):
    """It was acknowledged, and held for so long that it is unacknowledged again."""

    at: Time
    acknowledged_by: str | None
    acknowledged_at: Time | None


class Orphan(_Shape):
    """Since when we know that its site does not know it any more, or when somebody closed it for that."""

    since: Time
    reason: Words


class Alert(_Shape):
    """One occurrence of a rule on a sensor, as it stands. `version` is the token of its last event.

    `value` and `reason` speak of `time`, the moment of the last change; `latest` is what the sensor of an
    open alert says now, null when that is not known (no sensor, or the history is away).
    """

    alert_id: str
    state: Literal["active", "cleared"]
    hazard: str
    area: str
    severity: Severity
    severity_max: Severity
    station: str | None = None
    sensor: str | None = None
    value: float | None = None
    unit: str | None = None
    threshold: float | None = None
    latest: Latest | None
    rule: str
    rule_version: str
    reason: Words
    raised_at: Time
    time: Time
    cleared_at: Time | None
    blind: bool
    origin: str = Field(description="sensor, self, manual or official_bulletin")
    site: str = Field(description="The site that it is of; another one came over a link")
    fresh: bool = Field(description="False: of a linked site of which nothing was heard lately")
    as_of: Time | None = Field(description="Up to when we know of it")
    requests: list[dict[str, Any]] | None = Field(None, description="Of a linked one: acts sent there")
    orphan: Orphan | None = Field(None, description="Its site lost it: ask there, then close it here")
    label: str = Field(description="What ISA-18.2 calls its state, or `closed`")
    attention: bool = Field(description="Whether it still needs a person")
    silent: bool = Field(description="Shelved, kept quiet or closed: no sound, no message")
    acknowledgement: Literal["unacknowledged", "acknowledged"]
    acknowledged_by: str | None
    acknowledged_at: Time | None
    shelving: Shelving | None
    shelve_asked: Shelving | None = Field(None, description="Waits for a second person")
    quiet: list[QuietReason]
    assignee: str | None
    closing: Closing | None
    comments: list[Comment]
    escalation_step: int
    overdue_at: Time | None
    realarmed: Realarmed | None = Field(None, description="Why it is unacknowledged again")
    realarm_at: Time | None = Field(
        None, description="When it is unacknowledged again if it still holds; later where its situation calls"
    )
    reopens_at: Time | None = Field(None, description="Closed while it holds: when it is open again")
    until: Time | None = Field(None, description="Of a stated alert: when it ends by itself")
    acts: list[str] = Field(description="Acts that make sense on it as it stands")
    situation: str | None = Field(None, description="The situation it is, or at last was, part of")
    status: str
    version: str
    events: list[str]


class AlertPage(_Shape):
    """Alerts, the one raised last first. `token`: events after it are not yet in this list."""

    items: list[Alert]
    next: str | None
    token: str


class AlertDetail(_Shape):
    """An alert and its events, oldest first; `omitted` events in between are no longer in memory."""

    alert: Alert
    events: list[CloudEvent]
    omitted: int
    source: Literal["stream", "history"]
