"""The shapes of orders, commands and lighting, as OpenAPI tells them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.params import Instant
from services.api.schemas import Page, Time, Words
from services.lighting.ledger import State

Id = Annotated[str, Field(min_length=1, max_length=100)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class OrderRequest(BaseModel):
    """What is asked of street lights: an override with a lease, its release, or what they report.

    Exactly one of `group`, `gateway` and `lamps` says which. `release` returns to the programme, until
    `until` also against alerts that brighten; it ends every earlier order.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["override", "release", "read"]
    group: Id | None = Field(None, description="A group of lighting.toml · Một nhóm đèn")
    gateway: Id | None = Field(None, description="All lamps of a cabinet · Mọi đèn của một tủ")
    lamps: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = Field(
        None, description="Stations of lamps · Các cột đèn"
    )
    level: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, description="Of an override, % · Mức sáng của lệnh, %"
    )
    start: Instant | None = Field(None, description="Now if absent · Mặc định là ngay bây giờ")
    until: Instant | None = Field(
        None, description="End of the lease, needed for an override; at most 24 h · Hết hạn lệnh"
    )
    reason: Annotated[str, Field(min_length=1, max_length=400)] = Field(
        description="Why; it is kept · Lý do; được lưu lại"
    )


class Sent(_Shape):
    """A command as it stands. `desired` is what it asks for; null for a programme and a read."""

    id: str
    order: str
    kind: Literal["programme", "override", "release", "read"]
    gateway: str
    area: str
    groups: list[str]
    lamps: list[str]
    state: State
    level: float | None
    start: Time | None
    until: Time | None
    ordered_at: Time
    expires_at: Time
    by: str
    reason: str
    sendings: int
    sent_at: Time | None
    note: str
    successor: str | None
    programme: str | None


class CommandPage(Page[Sent]):
    """Commands, the one ordered last first."""


class CommandEventShape(_Shape):
    """Something that happened to a command (CloudEvents 1.0)."""

    id: str
    source: str
    type: str
    subject: str
    time: Time
    sequence: str
    data: dict[str, Any]


class CommandDetail(_Shape):
    """A command and everything that was done about it, oldest first."""

    command: Sent
    events: list[CommandEventShape]
    omitted: int


class Ordered(_Shape):
    """An order and its commands, one for each controller. `repeated`: by this key it was given before."""

    order: str
    repeated: bool
    commands: list[Sent]


class Wanted(_Shape):
    """What a group should do now, why, and when that may change."""

    level: float
    origin: Literal["override", "brighten", "programme", "default"]
    until: Time | None
    command: str | None


class Change(_Shape):
    """A step of the programme."""

    time: Time
    level: float


class InForce(_Shape):
    """The order that stands above the programme, with its lease."""

    command: str
    level: float | None
    until: Time
    by: str
    reason: str
    state: State


class Cabinet(_Shape):
    """A controller of the group: what it was told and what it says; `programme_held` null: nothing yet."""

    gateway: str
    lamps: int
    programme: str | None
    programme_state: State | None
    programme_held: str | None
    reported_at: Time | None
    level: float | None
    agrees: bool | None


class Group(_Shape):
    """A group of lamps: desired beside reported."""

    id: str
    name: Words
    areas: list[str]
    lamps: int
    desired: Wanted
    programme_level: float
    next_change: Change | None
    planned_until: Time
    override: InForce | None
    controllers: list[Cabinet]
    open_commands: int
    unconfirmed: int


class LightingPage(Page[Group]):
    """Groups of the site; `configured`: whether the site lights streets at all."""

    configured: bool
