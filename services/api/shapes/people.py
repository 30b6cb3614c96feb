"""The shapes of sessions and accounts, as OpenAPI tells them, with an example for each operation."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.params import Instant
from services.api.schemas import Page, Time
from services.runtime.passwords import MAX_LENGTH

Role = Literal["viewer", "operator", "approver", "administrator", "machine"]
Word = Annotated[str, Field(min_length=1, max_length=100)]
Password = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]
Areas = Annotated[list[Word], Field(min_length=1, max_length=200)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(_Asked):
    """A name and its password."""

    name: Word
    password: Password


class NewPassword(_Asked):
    """One's own password, and what it is to be."""

    old: Password
    new: Password


class LoggedIn(_Shape):
    """`token` goes into `Authorization: Bearer …` of every request until `expires_at`."""

    token: str
    name: str
    roles: list[Role]
    areas: list[str] | None
    expires_at: Time


class WhoAmI(_Shape):
    """Who asks. `by`: what lets them in; `may`: roles with what they include; `areas` null is all."""

    subject: str
    full_name: str | None
    by: Literal["session", "token", "admin-token", "local", "network"]
    token: str | None
    roles: list[Role]
    may: list[Role]
    areas: list[str] | None
    expires_at: Time | None


class Ended(_Shape):
    """It is over."""

    ended: bool


class ContactsShape(_Asked):
    """Where roads reach a person, and in which language."""

    mail: Word | None = None
    phone: Word | None = None
    telegram: Word | None = None
    zalo: Word | None = None
    matrix: Word | None = None
    other: Word | None = Field(None, description="An address as apprise writes it")
    language: Literal["vi", "en"] = "vi"


class NewAccount(_Asked):
    """An account to be made. Without a password it comes with tokens only."""

    name: Word
    full_name: Word
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    areas: Areas | None = Field(None, description="Held to these areas; all if absent · Giới hạn khu vực")
    password: Password | None = None
    contacts: ContactsShape | None = None


class AccountChange(_Asked):
    """What becomes different; what is left out stays. `areas` null opens all of them."""

    full_name: Word | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)] | None = None
    areas: Areas | None = None
    password: Password | None = None
    contacts: ContactsShape | None = None
    disabled: bool | None = None


class NewToken(_Asked):
    """A token to be made."""

    name: Word
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)] | None = Field(
        None, description="Of the account's roles; all if absent · Vai trò của mã"
    )
    expires_at: Instant | None = Field(None, description="In a year if absent · Mặc định một năm")


class TokenShape(_Shape):
    """A token, without what opens the door."""

    name: str
    roles: list[Role]
    made_at: Time
    made_by: str
    expires_at: Time | None


class MadeToken(TokenShape):
    """A token just made: `token` is told this once."""

    token: str


class AccountShape(_Shape):
    """An account. `sessions`: logins that hold at this moment."""

    name: str
    full_name: str
    roles: list[Role]
    areas: list[str] | None
    contacts: dict[str, str]
    has_password: bool
    disabled: bool
    tokens: list[TokenShape]
    sessions: int
    made_at: Time
    changed_at: Time
    changed_by: str


class AccountPage(Page[AccountShape]):
    """Accounts by name."""


_TOKEN = {
    "name": "ioc",
    "roles": ["machine"],
    "made_at": "2026-10-20T01:00:00Z",
    "made_by": "administrator",
    "expires_at": "2027-10-20T01:00:00Z",
}
_ACCOUNT = {
    "name": "lan",
    "full_name": "Nguyễn Thị Lan",
    "roles": ["operator"],
    "areas": ["vung-tau"],
    "contacts": {"mail": "lan@example.vn", "phone": "+84900000000", "language": "vi"},
    "has_password": True,
    "disabled": False,
    "tokens": [],
    "sessions": 1,
    "made_at": "2026-10-20T01:00:00Z",
    "changed_at": "2026-10-20T01:00:00Z",
    "changed_by": "administrator",
}
_SECRET = "hd_3fX0dVh1cC4mVt8b0m3b3w1xkq5l2q8J9sT7uY6vR5e"  # noqa: S105  an example
PEOPLE_EXAMPLES: dict[str, Any] = {
    "log_in": {
        "token": _SECRET,
        "name": "lan",
        "roles": ["operator"],
        "areas": ["vung-tau"],
        "expires_at": "2026-10-20T13:00:00Z",
    },
    "who_am_i": {
        "subject": "lan",
        "full_name": "Nguyễn Thị Lan",
        "by": "session",
        "token": None,
        "roles": ["operator"],
        "may": ["operator", "viewer"],
        "areas": ["vung-tau"],
        "expires_at": "2026-10-20T13:00:00Z",
    },
    "end_session": {"ended": True},
    "change_password": {"ended": True},
    "list_people": {"items": [_ACCOUNT], "next": None},
    "get_person": _ACCOUNT,
    "make_person": _ACCOUNT,
    "change_person": _ACCOUNT,
    "make_token": {**_TOKEN, "token": _SECRET},
    "drop_token": _ACCOUNT,
}
