"""The shapes of situations in answers, as OpenAPI tells them, and an example of each."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.api.schemas import CloudEvent, Severity, Time, Words


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class SituationMember(_Shape):
    """An alert in a situation: as it is now, or as it was when it joined if it is no longer in memory.

    `consequence`: it follows from the others, like lamps that go out in a storm.
    """

    alert_id: str
    hazard: str
    rule: str
    family: str
    consequence: bool
    area: str
    station: str | None
    sensor: str | None
    gateway: str | None
    severity: Severity
    since: Time
    open: bool
    left_at: Time | None
    left: Literal["cleared", "moved", "regrouped", "aside"] | None


class Situation(_Shape):
    """Several alerts told as one thing that unfolds; `members` in order of time.

    `ends_at`: every member is over, and this is when the situation ends unless another joins.
    """

    situation_id: str
    kind: str
    name: Words
    state: Literal["open", "ended", "merged"]
    status: str
    area: str
    areas: list[str]
    severity: Severity
    severity_max: Severity
    reason: Words
    opened_at: Time
    time: Time
    ended_at: Time | None
    ends_at: Time | None
    merged_into: str | None
    takes: list[str]
    open_members: int
    members: list[SituationMember]
    version: str
    events: list[str]


class SituationPage(_Shape):
    """Situations, the one opened last first. `token`: events after it are not yet in this list."""

    items: list[Situation]
    next: str | None
    token: str


class SituationDetail(_Shape):
    """A situation and its events, oldest first; `omitted` events in between are no longer in memory."""

    situation: Situation
    events: list[CloudEvent]
    omitted: int
    source: Literal["stream", "history"]


_EPOCH = "1f0c9a2b"
_ID = "c3f1b2a4d5e697881234567890abcdef"
_RAIN, _STREET = "5e0f6f1c2b7d4a8f9c3e1d2a4b6c8e0f", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
_NAME = {"vi": "Mưa dông", "en": "Storm"}
_REASON = {
    "vi": "Mưa dông tại Thắng Tam: 2 cảnh báo mưa lớn và ngập đường cùng lúc, gộp thành một tình huống.",
    "en": "Storm at Thang Tam: 2 alerts of heavy rain and flooded streets, told as one situation.",
}


def _member(alert: str, rule: str, family: str, sensor: str, since: str) -> dict[str, Any]:
    return {
        "alert_id": alert,
        "hazard": "flood",
        "rule": rule,
        "family": family,
        "area": "thang-tam",
        "severity": "watch",
        "since": since,
        "station": sensor.partition(".")[0],
        "sensor": sensor,
        "gateway": "gw-01",
        "consequence": False,
    }


_TOLD = [
    _member(_RAIN, "rain", "rain", "vt-rain-001.rain_severity", "2026-10-20T00:50:00Z"),
    _member(_STREET, "street-depth", "street", "vt-street-001.street_depth", "2026-10-20T01:10:00Z"),
]
_EVENT = {
    "id": "a7d3c9e1f0b24586a7d3c9e1f0b24587",
    "source": "/sites/ba-ria",
    "type": "vn.haidang.situation.opened.v1",
    "subject": _ID,
    "time": "2026-10-20T01:10:00Z",
    "data": {
        "situation_id": _ID,
        "kind": "storm",
        "name": _NAME,
        "area": "thang-tam",
        "areas": ["thang-tam"],
        "status": "Actual",
        "state": "open",
        "severity": "watch",
        "severity_max": "watch",
        "annunciate": False,
        "opened_at": "2026-10-20T01:10:00Z",
        "time": "2026-10-20T01:10:00Z",
        "detected_at": "2026-10-20T01:10:02.120000Z",
        "reason": _REASON,
        "open_members": 2,
        "members": _TOLD,
        "joined": _TOLD,
        "left": [],
        "cause": _STREET,
        "version": "0c1d2e3f4a5b",
        "ends_at": None,
        "quiet_since": None,
        "merged_into": None,
        "takes": [],
    },
    "specversion": "1.0",
    "datacontenttype": "application/json",
    "sequence": "42",
    "epoch": _EPOCH,
}
_STANDING = {
    "situation_id": _ID,
    "kind": "storm",
    "name": _NAME,
    "state": "open",
    "status": "Actual",
    "area": "thang-tam",
    "areas": ["thang-tam"],
    "severity": "watch",
    "severity_max": "watch",
    "reason": _REASON,
    "opened_at": "2026-10-20T01:10:00Z",
    "time": "2026-10-20T01:10:00Z",
    "ended_at": None,
    "ends_at": None,
    "merged_into": None,
    "takes": [],
    "open_members": 2,
    "members": [{**member, "open": True, "left_at": None, "left": None} for member in _TOLD],
    "version": f"{_EPOCH}.42",
    "events": [f"{_EPOCH}.42"],
}
EXAMPLES: dict[str, Any] = {
    "list_situations": {"items": [_STANDING], "next": None, "token": f"{_EPOCH}.42"},
    "get_situation": {"situation": _STANDING, "events": [_EVENT], "omitted": 0, "source": "stream"},
}
