"""The shapes of maintenance windows, as OpenAPI tells them, with an example of each answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.params import Instant
from services.api.schemas import CloudEvent, Severity, Time, Words

Line = Annotated[str, Field(min_length=1, max_length=400)]
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=500)]
Seen = Annotated[str, Field(min_length=1, max_length=40)]
_SEEN = "`version` of the window that the person saw · `version` đã thấy"


class WindowPlan(BaseModel):
    """Who works where, from when to when. At least one station, gateway or area."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["maintenance", "test"] = Field(
        description="`test`: what comes from there is not real; alerts get status Test · thử: không phải thật"
    )
    start: Instant | None = Field(None, description="Now if absent · Mặc định: ngay bây giờ")
    end: Instant
    stations: Names = []
    gateways: Names = []
    areas: Names = []
    why: Line


class WindowChange(BaseModel):
    """Another beginning, end or reason; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    seen: Seen = Field(description=_SEEN)
    start: Instant | None = None
    end: Instant | None = None
    why: Line | None = None


class WindowCancel(BaseModel):
    """The window counts no more."""

    model_config = ConfigDict(extra="forbid")

    seen: Seen = Field(description=_SEEN)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Held(_Shape):
    """An open alert that a window keeps quiet; `until`: at the latest."""

    alert_id: str
    hazard: str
    area: str
    severity: Severity
    until: Time | None


class MaintenanceWindow(_Shape):
    """A window as it stands; `lasts`: it counts now. `site`: of a linked site, null for our own."""

    window_id: str
    kind: Literal["maintenance", "test"]
    state: Literal["planned", "cancelled", "ended"]
    lasts: bool
    area: str
    start: Time
    end: Time
    stations: list[str]
    gateways: list[str]
    areas: list[str]
    why: str
    by: str
    reason: Words
    holds: list[Held]
    site: str | None
    version: str


class WindowPage(_Shape):
    """Windows in order of their beginning. `token`: events after it are not yet in this list."""

    items: list[MaintenanceWindow]
    next: str | None
    token: str


class WindowDone(_Shape):
    """The window after it, and the event that says so; `repeated`: it stood there before."""

    window: MaintenanceWindow
    event: CloudEvent
    repeated: bool


_EPOCH, _ID = "1f0c9a2b", "7b1e5c3d9f2a4e6b8d0c1a3f5e7b9d2c"
_DATA: dict[str, Any] = {
    "window_id": _ID,
    "area": "thang-tam",
    "kind": "maintenance",
    "start": "2026-10-20T01:00:00Z",
    "end": "2026-10-20T04:00:00Z",
    "stations": ["vt-street-001"],
    "gateways": [],
    "areas": [],
    "why": "thay cảm biến mực nước",
    "by": "lan",
    "state": "planned",
    "reason": {"vi": "lan lập kế hoạch bảo trì.", "en": "lan planned maintenance."},
}
_WINDOW: dict[str, Any] = {
    **_DATA,
    "lasts": True,
    "holds": [
        {
            "alert_id": "5e0f6f1c2b7d4a8f9c3e1d2a4b6c8e0f",
            "hazard": "flood",
            "area": "thang-tam",
            "severity": "watch",
            "until": "2026-10-20T04:00:00Z",
        }
    ],
    "site": None,
    "version": f"{_EPOCH}.42",
}
_DONE: dict[str, Any] = {
    "window": _WINDOW,
    "event": {
        "id": "0d4f6b8a2c1e4f7a9b3d5e6f8a0c2e4d",
        "source": "/sites/ba-ria",
        "type": "vn.haidang.maintenance.planned.v1",
        "subject": _ID,
        "time": "2026-10-20T00:50:00Z",
        "data": {**_DATA, "time": "2026-10-20T00:50:00Z"},
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "sequence": "42",
        "epoch": _EPOCH,
    },
    "repeated": False,
}
EXAMPLES: dict[str, Any] = {
    "list_maintenance": {"items": [_WINDOW], "next": None, "token": f"{_EPOCH}.42"},
    "get_maintenance": _WINDOW,
    "plan_maintenance": _DONE,
    "change_maintenance": _DONE,
    "cancel_maintenance": _DONE,
}
