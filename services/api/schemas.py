"""The shapes of answers, as OpenAPI tells them. Answers are encoded by msgspec; tests hold them to these.

Over 250 lines: a table, one shape for each answer.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Severity = Literal["advisory", "watch", "warning", "emergency"]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Words(BaseModel):
    """The same text in Vietnamese and English."""

    vi: str
    en: str


class Page(_Shape, Generic[T]):
    """A list; `next` goes into `after` of the next request, null at the end."""

    items: list[T]
    next: str | None


class Wrong(_Shape):
    """One parameter that is wrong."""

    parameter: str
    what: str
    what_vi: str
    possible: list[str] | None = Field(None, description="Where its values are a closed set: some of them")


class ProblemDocument(_Shape):
    """What went wrong (RFC 9457), in both languages."""

    type: str
    title: str
    status: int
    detail: str
    detail_vi: str
    instance: str
    errors: list[Wrong] | None = None
    token: str | None = Field(None, description="Of 410: the current token")
    alert: dict[str, Any] | None = Field(None, description="Of 409 to an act: the alert as it is now")


class Station(_Shape):
    """A place with sensors. `area` is a slug of the site, or `site`."""

    id: str
    name: Words
    area: str
    lon: float
    lat: float
    gateway: str | None
    attributes: dict[str, float]
    sensors: list[str]


class Observation(_Shape):
    """A decoded, flagged, stored reading. `flag`: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""

    time: Time
    value: float | None
    flag: int
    received_at: Time


class Bucket(_Shape):
    """Observations of a span. Flags 4 and 9 are left out of the figures and counted in `left_out`."""

    time: Time
    n: int
    min: float | None
    max: float | None
    avg: float | None
    last: float | None
    left_out: int


class Sensor(_Shape):
    """One channel at a station: one observed property in one unit. Limits are in `unit`."""

    id: str
    station: str
    area: str
    property: str
    name: Words
    unit: str
    interval_s: float
    reports: Literal["periodic", "on_change"]
    clock: Literal["measured", "received"]
    derived: bool
    fail_min: float | None
    fail_max: float | None
    suspect_min: float | None
    suspect_max: float | None
    rate_per_s: float | None
    spike: float | None


class SensorDetail(Sensor):
    """A sensor with its newest observation; null when it has none or the history is away (`history`)."""

    last: Observation | None
    history: Literal["ok", "away"]


class ObservationPage(_Shape):
    """Observations of one sensor, or buckets when `every` was asked for."""

    items: list[Observation | Bucket]
    next: str | None
    sensor: str
    unit: str | None
    every_s: int | None


class Strike(_Shape):
    """A lightning stroke or flash."""

    source: str
    id: str | None
    time: Time
    lat: float
    lon: float
    type: str | None
    ka: float | None
    err_m: float | None
    received_at: Time


class CloudEvent(_Shape):
    """One event of an alert (CloudEvents 1.0); `<epoch>.<sequence>` is its token."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: Time
    data: dict[str, Any]
    sequence: str
    epoch: str


class EventPage(_Shape):
    """Events in order. `token`: up to here this answer is complete; ask again with `after=token`."""

    items: list[CloudEvent]
    next: str | None
    token: str


class Account(_Shape):
    """What came of a gateway and what was lost, and where. Packs and holes in packs, the rest in readings."""

    packs: int
    readings: int
    duplicates: int
    conflicts: int
    lost_agent: int
    discarded: int
    holes: int


class Gateway(_Shape):
    """What speaks for stations. `account` is null when nothing was ever stored, or the history is away."""

    id: str
    area: str
    stations: list[str]
    reporting_s: float | None
    status: Literal["online", "offline", "unknown"]
    status_at: Time | None
    last_received_at: Time | None
    heard_s: float | None
    clock: Time | None
    silent: bool | None
    account: Account | None


class GatewayPage(_Shape):
    """Gateways of the site. `history` away: accounts, and what was heard long ago, are not known now."""

    items: list[Gateway]
    next: str | None
    history: Literal["ok", "away"]


class Buffer(_Shape):
    """What is stored of one buffer of a gateway's agent; ranges are inclusive."""

    buf: str
    first: int
    updated_at: Time
    stored: list[list[int]]
    lost: list[list[int]]


class GatewayDetail(Gateway):
    """A gateway with its agent's buffers, newest first."""

    buffers: list[Buffer]
    history: Literal["ok", "away"]


class Reject(_Shape):
    """Something that could not be used. `payload` as text, or `payload_b64` where it is none.

    `text` says what the reason means and `remedy` what a field engineer does next.
    """

    sequence: int
    reason: str
    text: Words | None
    remedy: Words | None
    topic: str
    gateway: str | None
    received_at: Time | None
    index: int | None
    detail: str
    count: int
    payload: str | None
    payload_b64: str | None


class RejectPage(_Shape):
    """Rejects, newest first. `counts`: how many messages of each reason are kept."""

    items: list[Reject]
    next: str | None
    counts: dict[str, int]


class Rule(_Shape):
    """A rule in force. `rungs`: thresholds by severity, as written; an absent rung is absent.

    `valid_from`, `valid_to`: first and last local day on which it holds. `sensors`: how many it judges.
    """

    id: str
    hazard: str
    property: str | None
    kind: str
    rungs: dict[str, str]
    direction: Literal["up", "down"]
    areas: list[str] | None
    stations: list[str] | None
    source: str
    status: str
    default: bool
    version: str
    text: Words
    valid_from: str | None
    valid_to: str | None
    sensors: int


class RulePage(_Shape):
    """Rules in force, in the order of the site's file, defaults last."""

    items: list[Rule]
    next: str | None
    site_version: str


class CheckResult(_Shape):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "degraded", "away"]
    needed: bool
    age_s: float | None
    note: Words | None


class Readiness(_Shape):
    """Whether alerting works, and everything that was looked at."""

    ready: bool
    time: Time
    token: str
    checks: list[CheckResult]
    complaints: list[dict[str, Any]]


class Alive(_Shape):
    """The process answers."""

    status: Literal["ok"]
    service: str
    up_s: float
