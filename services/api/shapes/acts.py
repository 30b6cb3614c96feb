"""The shapes of acts on alerts, as OpenAPI tells them, with an example of each answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.params import Instant
from services.api.schemas import CloudEvent, Severity, Time, Words
from services.api.shapes.alerts import Alert

Line = Annotated[str, Field(min_length=1, max_length=400)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Act(BaseModel):
    """What every act says: the `version` of the alert that the person saw."""

    model_config = ConfigDict(extra="forbid")

    seen: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="`version` of the alert, or `token` of the list · `version` của cảnh báo, hoặc `token`"
    )


class Shelve(Act):
    """Keep an alert quiet until an instant. A second person agrees by shelving it too."""

    until: Instant | None = Field(None, description="Until when; may be left out by the second person")
    why: Line | None = Field(None, description="Why; may be left out by the second person · Lý do")


class Assign(Act):
    """Give an alert to somebody; without a name to whoever asks."""

    assignee: Name | None = Field(None, description="Name of an account · Tên tài khoản")


class CommentOn(Act):
    """Say something about an alert. It conflicts with nothing."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]


class Close(Act):
    """Say what it was. As `real` it can be closed once its condition is over."""

    cause: Literal["real", "false", "test", "maintenance"]
    why: Line | None = None


class Restate(Act):
    """Move an alert that a person stated to another severity, and if told so to another end."""

    severity: Severity
    until: Instant | None = None
    text: Words | None = Field(None, description="The sentence from now on · Câu giải thích mới")


class End(Act):
    """End an alert that a person stated."""

    text: Words | None = None


class Sentence(BaseModel):
    """A text in one language or both; the one that is missing is filled from the other."""

    model_config = ConfigDict(extra="forbid")

    vi: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    en: Annotated[str, Field(min_length=1, max_length=1000)] | None = None


class Statement(BaseModel):
    """An alert that no sensor raised: a citizen's call, what a guard saw. It ends at `until` by itself."""

    model_config = ConfigDict(extra="forbid")

    hazard: Name
    area: Name = Field(description="An area of the site, or `_` for all of it · Khu vực, hoặc `_`")
    severity: Severity
    text: Sentence
    until: Instant = Field(description="When it ends unless it is ended or prolonged; at most 7 days")
    station: Name | None = None
    status: Literal["Actual", "Exercise", "Test"] = "Actual"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class ActDone(_Shape):
    """The act stands on the stream. `repeated`: by this key it was done before, and nothing was done now."""

    alert: Alert
    event: CloudEvent
    repeated: bool


class SentAct(_Shape):
    """An act on a linked site's alert: that site decides, and an event of it is the answer."""

    id: str
    act: str
    by: str
    at: Time
    state: Literal["sent", "confirmed", "refused"]
    text: Words
    code: str | None = None
    reason: Words | None = None


class ActSent(_Shape):
    """Sent, not confirmed; `requests` of the alert tell what became of it."""

    request: SentAct


class MemberResult(_Shape):
    """What became of an act on one alert of a situation."""

    alert_id: str
    result: Literal["done", "repeated", "already", "conflict", "refused", "not-allowed", "sent", "away"]
    code: str | None
    detail: Words | None
    version: str | None


class SituationActed(_Shape):
    """What became of an act on every open member of a situation; one refused member stops no other."""

    situation_id: str
    results: list[MemberResult]


SENT_EXAMPLE: dict[str, Any] = {
    "request": {
        "id": "0f3e5d7c9b1a42638475a6b7c8d9e0f1",
        "act": "acknowledge",
        "by": "tinh/nguyen.lan",
        "at": "2026-10-20T01:12:00Z",
        "state": "sent",
        "text": {"vi": "đã gửi, chưa được xác nhận", "en": "sent, not confirmed"},
        "code": None,
        "reason": None,
    }
}


def act_examples(standing: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """Examples of answers by operation, from an alert and an event of it."""
    by, at = "nguyen.lan", "2026-10-20T01:12:00Z"
    place = {"sequence": "43", "version": f"{event['epoch']}.43"}

    def done(verb: str, act: dict[str, Any], **changed: Any) -> dict[str, Any]:
        alert = {**standing, "version": place["version"], **changed}
        told = {
            **event,
            "id": "b1c2d3e4f5a60718293a4b5c6d7e8f90",
            "type": f"vn.haidang.alert.{verb}.v1",
            "time": at,
            "sequence": place["sequence"],
            "data": {**event["data"], "by": by, "seen": standing["version"], "act": act},
        }
        return {"alert": alert, "event": told, "repeated": False}

    known = {"acknowledgement": "acknowledged", "acknowledged_by": by, "acknowledged_at": at}
    shelving = {
        "until": "2026-10-20T05:00:00Z",
        "by": by,
        "second": None,
        "why": "đang sửa trạm",
        "since": at,
    }
    cause = {"cause": "false", "why": "rác mắc vào phao"}
    manual = {"origin": "manual", "until": "2026-10-20T07:00:00Z", "station": None, "sensor": None}
    return {
        "acknowledge_alert": done("acknowledged", {}, label="acknowledged", attention=False, **known),
        "unacknowledge_alert": done("unacknowledged", {"undoes": event["id"]}),
        "shelve_alert": done("shelved", {"until": shelving["until"]}, label="shelved", shelving=shelving),
        "unshelve_alert": done("unshelved", {"undoes": event["id"]}),
        "assign_alert": done("assigned", {"assignee": by}, assignee=by),
        "unassign_alert": done("unassigned", {"undoes": event["id"]}),
        "comment_alert": done(
            "commented",
            {"text": "đã gọi trạm bơm"},
            comments=[{"by": by, "at": at, "text": "đã gọi trạm bơm"}],
        ),
        "close_alert": done("closed", cause, label="closed", closing={**cause, "by": by, "at": at}),
        "reopen_alert": done("reopened", {"undoes": event["id"]}),
        "escalate_alert": done("escalated", {}, severity="emergency", **manual),
        "ease_alert": done("eased", {}, severity="watch", **manual),
        "end_alert": done(
            "cleared", {}, state="cleared", cleared_at=at, label="rtn-unacknowledged", **manual
        ),
        "state_alert": done("raised", {}, **manual),
        "acknowledge_situation": {
            "situation_id": "c3f1b2a4d5e697881234567890abcdef",
            "results": [
                {
                    "alert_id": standing["alert_id"],
                    "result": "done",
                    "code": None,
                    "detail": None,
                    "version": place["version"],
                }
            ],
        },
    }
