"""The shapes of linked sites, of reconciliation and of flat records, as OpenAPI tells them, and examples."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.api.schemas import Time
from services.observation.lgsp import record


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class LinkedSite(_Shape):
    """A site of the levels as this one knows it.

    `fresh`: everything that stood in its stream at `as_of`, not long ago, is here; when it is false, what is
    shown of it is the state at `as_of`. `state`: `own`; `fresh`; `behind`: heard, but our copy is not whole
    yet; `silent`: not heard; `never`: not heard since it was linked; `removed`: linked no longer, what came
    stays. `via`: the child by which it is reached. `silent_services`: services of that site that its alerts
    depend on and that do not run. `lost_tails`: how often its stream lacked what we had read (a restored
    backup, a power cut); `extra`: days (UTC) of which we hold more than it does, for that reason: what was
    told stays told; `orphans`: open alerts that it does not know any more, so that their end will not come:
    they are shown as not fresh. `differ`: days of which something is missing here. `clock_s`: how far its
    clock is ahead of ours.
    """

    site: str
    role: Literal["own", "parent", "child", "below"]
    via: str | None
    state: Literal["own", "fresh", "behind", "silent", "never", "removed"]
    fresh: bool
    as_of: Time | None
    age_s: float | None
    last_heartbeat: Time | None
    lag_events: int | None
    clock_s: float | None
    open_alerts: int
    events: int
    copied: int | None
    gaps: int | None
    lost_tails: int | None
    refused: dict[str, str]
    compared_at: Time | None
    differ: list[str]
    extra: list[str]
    orphans: list[str]
    silent_services: list[str]
    removed_at: Time | None


class SitePage(_Shape):
    """Sites of the levels."""

    items: list[LinkedSite]
    next: str | None


class DayCount(_Shape):
    """Events of one site with a time on one day (UTC). `hash`: of their ids, whatever their order."""

    site: str
    day: str
    events: int
    hash: str


class DayPage(_Shape):
    """Counts by day; `token`: up to where in our stream they count."""

    items: list[DayCount]
    next: str | None
    token: str


class FlatPage(_Shape):
    """Flat records of events; `token`: to go on from."""

    items: list[dict[str, Any]]
    next: str | None
    token: str


_EPOCH = "1f0c9a2b"
_CHILD = {
    "site": "phuong-thang-tam",
    "role": "child",
    "via": "phuong-thang-tam",
    "state": "fresh",
    "fresh": True,
    "as_of": "2026-10-20T01:10:01Z",
    "age_s": 1.6,
    "last_heartbeat": "2026-10-20T01:10:01Z",
    "lag_events": 0,
    "clock_s": 0.012,
    "open_alerts": 3,
    "events": 1834,
    "copied": 1834,
    "gaps": 0,
    "lost_tails": 0,
    "refused": {},
    "compared_at": "2026-10-20T00:30:00Z",
    "differ": [],
    "extra": [],
    "orphans": [],
    "silent_services": [],
    "removed_at": None,
}
_FLAT = record(
    {
        "id": "a7d3c9e1f0b24586a7d3c9e1f0b24586",
        "source": "/sites/ba-ria",
        "type": "vn.haidang.alert.escalated.v1",
        "subject": "5e0f6f1c2b7d4a8f9c3e1d2a4b6c8e0f",
        "time": "2026-10-20T01:10:00Z",
        "sequence": "42",
        "epoch": _EPOCH,
        "data": {
            "hazard": "flood",
            "area": "vung-tau",
            "severity": "warning",
            "status": "Actual",
            "station": "vt-flood-001",
            "sensor": "vt-flood-001.water_level",
            "value": 2.31,
            "unit": "m",
            "threshold": 2.25,
            "reason": {
                "vi": "Mực nước 2,31 m, trên báo động 2 (2,25 m) từ 01:00",
                "en": "Water level 2.31 m, above BĐ2 (2.25 m) since 01:00",
            },
        },
    }
)
_DAY = {
    "site": "phuong-thang-tam",
    "day": "2026-10-19",
    "events": 412,
    "hash": "7c1b0a9f3e5d4c2b8a6f1e0d9c3b5a47",
}
LINK_EXAMPLES: dict[str, Any] = {
    "list_sites": {"items": [_CHILD], "next": None},
    "reconcile": {"items": [_DAY], "next": None, "token": f"{_EPOCH}.1834"},
    "list_flat_events": {"items": [_FLAT], "next": None, "token": f"{_EPOCH}.42"},
}
"""One answer per operation."""
