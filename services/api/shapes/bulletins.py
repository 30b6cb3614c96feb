"""The shapes of bulletins in answers, as OpenAPI tells them, and an example of each."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.schemas import Severity, Time, Words


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Said(_Shape):
    """What people read of a message."""

    headline: Words
    description: Words
    instruction: Words


class Draft(_Shape):
    """What waits for approval, word for word, and who has agreed. `proposal` names it in an approval.

    `worded_by` put it in other words, and is never enough to approve it; `original`: what it said before.
    """

    proposal: str
    proposed_at: Time
    what: str
    msg_type: Literal["Alert", "Update", "Cancel"]
    status: str
    severity: Severity
    end: bool
    needed: int
    approved_by: list[str]
    raised_by: str | None
    worded_by: str | None
    original: Said | None
    why: str | None
    refused_by: str | None
    refused_why: str | None
    headline: Words
    description: Words
    instruction: Words
    identifier: str
    version: str


class Out(_Shape):
    """A message that went out; its text is at `/cap/v1/messages/{identifier}`."""

    identifier: str
    sent: Time
    expires: Time
    msg_type: Literal["Alert", "Update", "Cancel"]
    status: str
    severity: Severity
    end: bool
    headline: Words
    references: str
    approved_by: list[str]
    worded_by: str | None
    original: Said | None
    version: str


class Thread(_Shape):
    """What became of one alert in public: what waits, what went out (oldest first), what was refused last."""

    bulletin_id: str
    alert_id: str
    area: str
    hazard: str
    status: str = Field(description="Actual, Exercise or Test, by the newest word of it")
    pending: Draft | None
    issued: list[Out]
    declined: Draft | None


class ThreadPage(_Shape):
    """Bulletins, the one that something happened to last first."""

    items: list[Thread]
    next: str | None


class Judged(_Shape):
    """What came of an approval or a rejection. `repeated`: it stood there before."""

    bulletin: Thread
    repeated: bool


class Approval(BaseModel):
    """Which draft is approved, as it was shown."""

    model_config = ConfigDict(extra="forbid")
    proposal: str = Field(min_length=1, max_length=80)


class Rejection(BaseModel):
    """Which draft is refused, and why."""

    model_config = ConfigDict(extra="forbid")
    proposal: str = Field(min_length=1, max_length=80)
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class Reopening(BaseModel):
    """Which refused draft is to wait for approval again."""

    model_config = ConfigDict(extra="forbid")
    proposal: str = Field(min_length=1, max_length=80)
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] | None = None


_Stripped = StringConstraints(strip_whitespace=True, min_length=1)


class Headline(BaseModel):
    """A line, in both languages."""

    model_config = ConfigDict(extra="forbid")
    vi: Annotated[str, _Stripped, Field(max_length=200)]
    en: Annotated[str, _Stripped, Field(max_length=200)]


class Instruction(BaseModel):
    """What to do, in both languages."""

    model_config = ConfigDict(extra="forbid")
    vi: Annotated[str, _Stripped, Field(max_length=2_000)]
    en: Annotated[str, _Stripped, Field(max_length=2_000)]


class Description(BaseModel):
    """What happens, in both languages or one: the other has a standard sentence then."""

    model_config = ConfigDict(extra="forbid")
    vi: Annotated[str, _Stripped, Field(max_length=4_000)] | None = None
    en: Annotated[str, _Stripped, Field(max_length=4_000)] | None = None


class Reworded(BaseModel):
    """Other words; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")
    headline: Headline | None = None
    description: Description | None = None
    instruction: Instruction | None = None
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] | None = None


class Rewording(Reworded):
    """Which draft, and its other words."""

    proposal: str = Field(min_length=1, max_length=80)


class Updating(Reworded):
    """Which message that is out (`identifier`), and its other words."""

    identifier: str = Field(min_length=1, max_length=300)


class OfficialBulletin(_Shape):
    """A message from outside. `did`: what was made of it; `alert_id`: the alert it told of, null: none."""

    source: str
    sender: str
    identifier: str
    sent: str
    msg_type: str
    status: str
    signature: Literal["valid", "absent", "unknown", "unchecked", "expired", "wrong"]
    did: Literal[
        "raised",
        "escalated",
        "eased",
        "kept",
        "cleared",
        "late",
        "noted",
        "ended",
        "elsewhere",
        "restricted",
        "refused",
    ]
    alert_id: str | None
    hazard: str
    area: str
    areas: list[str]
    severity: str
    headline: Words
    expires: str
    code: str
    why: Words
    version: str


class OfficialPage(_Shape):
    """Messages from outside, the newest first."""

    items: list[OfficialBulletin]
    next: str | None


class Taken(_Shape):
    """What was made of a message. `repeated`: it was there before."""

    bulletin: OfficialBulletin
    repeated: bool


_HEAD = {"vi": "Cảnh báo: Ngập đường phố – Phường Vũng Tàu", "en": "Warning: Street flooding – Vũng Tàu ward"}
_DRAFT: dict[str, Any] = {
    "proposal": "9d2f7c4be0a1436d9d2f7c4be0a1436d",
    "proposed_at": "2026-10-20T01:10:03Z",
    "what": "alert:warning:Actual",
    "msg_type": "Alert",
    "status": "Actual",
    "severity": "warning",
    "end": False,
    "needed": 1,
    "approved_by": [],
    "raised_by": None,
    "worded_by": None,
    "original": None,
    "why": None,
    "refused_by": None,
    "refused_why": None,
    "headline": _HEAD,
    "description": {"vi": "Nước ngập 0,32 m, đang lên.", "en": "Water is 0.32 m deep and rising."},
    "instruction": {"vi": "Không lái xe vào.", "en": "Do not drive in."},
    "identifier": "ioc.example.vn.vung-tau.9d2f7c4be0a1436d9d2f",
    "version": "5f3a9c1e.57",
}
_OUT: dict[str, Any] = {
    "identifier": "ioc.example.vn.vung-tau.1b2f7c4be0a1436d9d2f",
    "sent": "2026-10-20T08:10:40+07:00",
    "expires": "2026-10-20T09:10:40+07:00",
    "msg_type": "Alert",
    "status": "Actual",
    "severity": "warning",
    "end": False,
    "headline": _HEAD,
    "references": "",
    "approved_by": ["lan", "minh"],
    "worded_by": None,
    "original": None,
    "version": "5f3a9c1e.59",
}
_THREAD: dict[str, Any] = {
    "bulletin_id": "3c9e1f0b24586a7d3c9e1f0b24586a7d",
    "alert_id": "a7d3c9e1f0b24586a7d3c9e1f0b24586",
    "area": "vung-tau",
    "hazard": "flood",
    "status": "Actual",
    "pending": _DRAFT,
    "issued": [_OUT],
    "declined": None,
}
_OFFICIAL: dict[str, Any] = {
    "source": "nchmf",
    "sender": "nchmf.example.vn",
    "identifier": "nchmf-2026-1020-01",
    "sent": "2026-10-20T08:00:00+07:00",
    "msg_type": "Alert",
    "status": "Actual",
    "signature": "valid",
    "did": "raised",
    "alert_id": "c1d3c9e1f0b24586a7d3c9e1f0b24586",
    "hazard": "flood",
    "area": "_",
    "areas": ["vung-tau", "long-hai"],
    "severity": "warning",
    "headline": {"vi": "Tin bão khẩn cấp", "en": "Urgent typhoon bulletin"},
    "expires": "2026-10-20T14:00:00Z",
    "code": "",
    "why": {"vi": "", "en": ""},
    "version": "5f3a9c1e.60",
}
_FEED = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"/>'
_MESSAGE = '<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>'
EXAMPLES: dict[str, Any] = {
    "list_bulletins": {"items": [_THREAD], "next": None},
    "get_bulletin": _THREAD,
    "approve_bulletin": {"bulletin": _THREAD, "repeated": False},
    "reject_bulletin": {
        "bulletin": {
            **_THREAD,
            "pending": None,
            "declined": {**_DRAFT, "refused_by": "minh", "refused_why": "chưa cần báo"},
        },
        "repeated": False,
    },
    "reopen_bulletin": {"bulletin": _THREAD, "repeated": False},
    "reword_bulletin": {"bulletin": _THREAD, "repeated": False},
    "update_bulletin": {"bulletin": _THREAD, "repeated": False},
    "list_official_bulletins": {"items": [_OFFICIAL], "next": None},
    "receive_cap": {"bulletin": _OFFICIAL, "repeated": False},
    "cap_feed": _FEED,
    "cap_message": _MESSAGE,
    "cap_certificate": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
}
