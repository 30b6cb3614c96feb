"""Examples for the OpenAPI document: one answer per operation. Tests hold them to the shapes.

Over 250 lines: a table, one example for each operation.
"""

from typing import Any

from services.api.command_examples import COMMAND_EXAMPLES
from services.api.shapes.acts import act_examples
from services.api.shapes.bulletins import EXAMPLES as BULLETIN_EXAMPLES
from services.api.shapes.exercises import EXERCISE_EXAMPLES
from services.api.shapes.links import LINK_EXAMPLES
from services.api.shapes.maintenance import EXAMPLES as MAINTENANCE_EXAMPLES
from services.api.shapes.observations import OBSERVATION_EXAMPLES
from services.api.shapes.people import PEOPLE_EXAMPLES
from services.api.shapes.reports import EXAMPLES as REPORT_EXAMPLES
from services.api.shapes.roads import EXAMPLES as ROAD_EXAMPLES
from services.api.shapes.situations import EXAMPLES as SITUATION_EXAMPLES
from services.observation.reasons import TABLE, Reason

_EPOCH = "1f0c9a2b"
_ALERT = "5e0f6f1c2b7d4a8f9c3e1d2a4b6c8e0f"
_REASON = {
    "vi": "Mực nước 2,31 m, trên báo động 2 (2,25 m) từ 01:00",
    "en": "Water level 2.31 m, above BĐ2 (2.25 m) since 01:00",
}
_DATA = {
    "alert_id": _ALERT,
    "hazard": "flood",
    "area": "vung-tau",
    "severity": "warning",
    "station": "vt-flood-001",
    "sensor": "vt-flood-001.water_level",
    "value": 2.31,
    "unit": "m",
    "threshold": 2.25,
    "rule": "flood-water-level",
    "rule_version": "0c1d2e3f4a5b",
    "time": "2026-10-20T01:10:00Z",
    "detected_at": "2026-10-20T01:10:02.120000Z",
    "late": False,
    "flag": 1,
    "reason": _REASON,
    "status": "Actual",
}
_STANDING = {
    **_DATA,
    "latest": {"time": "2026-10-20T01:20:00Z", "value": 2.38, "flag": 1},
    "state": "active",
    "severity_max": "warning",
    "raised_at": "2026-10-20T01:00:00Z",
    "cleared_at": None,
    "blind": False,
    "origin": "sensor",
    "site": "ba-ria",
    "fresh": True,
    "as_of": "2026-10-20T01:20:00Z",
    "label": "unacknowledged",
    "attention": True,
    "silent": False,
    "acknowledgement": "unacknowledged",
    "acknowledged_by": None,
    "acknowledged_at": None,
    "shelving": None,
    "shelve_asked": None,
    "quiet": [],
    "assignee": None,
    "closing": None,
    "comments": [],
    "escalation_step": 0,
    "overdue_at": None,
    "realarmed": None,
    "realarm_at": None,
    "reopens_at": None,
    "until": None,
    "acts": ["acknowledge", "shelve", "assign", "comment", "close"],
    "situation": None,
    "version": f"{_EPOCH}.42",
    "events": [f"{_EPOCH}.41", f"{_EPOCH}.42"],
}
_EVENT = {
    "id": "a7d3c9e1f0b24586a7d3c9e1f0b24586",
    "source": "/sites/ba-ria",
    "type": "vn.haidang.alert.escalated.v1",
    "subject": _ALERT,
    "time": "2026-10-20T01:10:00Z",
    "data": _DATA,
    "specversion": "1.0",
    "datacontenttype": "application/json",
    "sequence": "42",
    "epoch": _EPOCH,
}
_STATION = {
    "id": "vt-flood-001",
    "name": {"vi": "Cống Bến Đình", "en": "Ben Dinh sluice"},
    "area": "vung-tau",
    "lon": 107.077,
    "lat": 10.362,
    "gateway": "gw-01",
    "attributes": {"bd1": 1.75, "bd2": 2.25, "bd3": 2.75},
    "sensors": ["vt-flood-001.water_level"],
}
_SENSOR = {
    "id": "vt-flood-001.water_level",
    "station": "vt-flood-001",
    "area": "vung-tau",
    "property": "water_level",
    "name": {"vi": "mực nước", "en": "water level"},
    "unit": "m",
    "interval_s": 600.0,
    "reports": "periodic",
    "clock": "measured",
    "derived": False,
    "fail_min": None,
    "fail_max": None,
    "suspect_min": None,
    "suspect_max": None,
    "rate_per_s": None,
    "spike": None,
}
_OBSERVATION = {
    "time": "2026-10-20T01:10:00Z",
    "value": 2.31,
    "flag": 1,
    "received_at": "2026-10-20T01:10:02.120000Z",
}
_GATEWAY = {
    "id": "gw-01",
    "area": "vung-tau",
    "stations": ["vt-flood-001"],
    "reporting_s": 600.0,
    "status": "online",
    "status_at": "2026-10-19T22:00:00Z",
    "last_received_at": "2026-10-20T01:10:02.120000Z",
    "heard_s": 31.4,
    "clock": "2026-10-20T01:10:00Z",
    "silent": False,
    "account": {
        "packs": 18204,
        "readings": 54612,
        "duplicates": 12,
        "conflicts": 0,
        "lost_agent": 3,
        "discarded": 0,
        "holes": 1,
    },
}


def _list(item: object, following: str | None = None, **more: object) -> dict[str, Any]:
    return {"items": [item], "next": following, **more}


EXAMPLES: dict[str, Any] = {
    "list_stations": _list(_STATION, "vt-flood-001"),
    "get_station": _STATION,
    "list_sensors": _list(_SENSOR, "vt-flood-001.water_level"),
    "get_sensor": {**_SENSOR, "last": _OBSERVATION, "history": "ok"},
    "list_observations": _list(
        _OBSERVATION, "2026-10-20T01:10:00.000001Z", sensor="vt-flood-001.water_level", unit="m", every_s=None
    ),
    "list_strikes": _list(
        {
            "source": "field-mill-1",
            "id": None,
            "time": "2026-05-11T09:12:44.120000Z",
            "lat": 10.41,
            "lon": 107.15,
            "type": "cg",
            "ka": -23.5,
            "err_m": 250.0,
            "received_at": "2026-05-11T09:12:46Z",
        },
        "2026-05-11T09:12:44.120000Z~1",
    ),
    "list_alerts": _list(_STANDING, token=f"{_EPOCH}.42"),
    "get_alert": {"alert": _STANDING, "events": [_EVENT], "omitted": 0, "source": "stream"},
    "list_events": _list(_EVENT, token=f"{_EPOCH}.42"),
    "stream_events": (
        "retry: 1000\n\n"
        f'id: {_EPOCH}.41\nevent: heartbeat\ndata: {{"token":"{_EPOCH}.41","t":"2026-10-20T01:10:01Z",'
        '"stream":"ok","keeper_age_s":2.1,"keeper_silent":false}\n\n'
        f"id: {_EPOCH}.42\nevent: escalated\n"
        'data: {"id":"a7d3c9e1…","type":"vn.haidang.alert.escalated.v1",…}\n\n'
    ),
    **act_examples(_STANDING, _EVENT),
    **BULLETIN_EXAMPLES,
    **COMMAND_EXAMPLES,
    **EXERCISE_EXAMPLES,
    **OBSERVATION_EXAMPLES,
    **MAINTENANCE_EXAMPLES,
    **ROAD_EXAMPLES,
    **PEOPLE_EXAMPLES,
    **SITUATION_EXAMPLES,
    **REPORT_EXAMPLES,
    **LINK_EXAMPLES,
    "list_gateways": _list(_GATEWAY, history="ok"),
    "get_gateway": {
        **_GATEWAY,
        "buffers": [
            {
                "buf": "9f3a51c0",
                "first": 18001,
                "updated_at": "2026-10-20T01:10:02Z",
                "stored": [[1, 18204]],
                "lost": [[77, 79]],
            }
        ],
        "history": "ok",
    },
    "list_rejects": _list(
        {
            "sequence": 7,
            "reason": "unknown_sensor",
            "text": {"vi": TABLE[Reason.UNKNOWN_SENSOR].text.vi, "en": TABLE[Reason.UNKNOWN_SENSOR].text.en},
            "remedy": {
                "vi": TABLE[Reason.UNKNOWN_SENSOR].remedy.vi,
                "en": TABLE[Reason.UNKNOWN_SENSOR].remedy.en,
            },
            "topic": "haidang/v1/vung-tau/gw-01/readings",
            "gateway": "gw-01",
            "received_at": "2026-10-20T01:10:02.120000Z",
            "index": 0,
            "detail": "vt-flood-001.water_levle",
            "count": 1,
            "payload": '[{"n":"vt-flood-001.water_levle","u":"m","v":2.31,"t":1792458600}]',
            "payload_b64": None,
        },
        counts={"unknown_sensor": 1},
    ),
    "list_rules": _list(
        {
            "id": "flood-water-level",
            "hazard": "flood",
            "property": "water_level",
            "kind": "threshold",
            "rungs": {"watch": "station.bd1", "warning": "station.bd2", "emergency": "station.bd3"},
            "direction": "up",
            "areas": None,
            "stations": None,
            "source": "QĐ 05/2020/QĐ-TTg",
            "status": "legal",
            "default": True,
            "version": "0c1d2e3f4a5b",
            "text": {
                "vi": "mực nước: cảnh báo theo bậc khi số đo vượt ngưỡng",
                "en": "water level: an alert by steps beyond a threshold",
            },
            "valid_from": None,
            "valid_to": None,
            "sensors": 12,
        },
        site_version="6d1f8e0a9b7c5d3e1f2a4b6c8d0e1f2a",
    ),
    "healthz": {"status": "ok", "service": "api", "up_s": 86401.2},
    "readyz": {
        "ready": True,
        "time": "2026-10-20T01:10:03Z",
        "token": f"{_EPOCH}.42",
        "checks": [
            {"name": "stream", "state": "ok", "needed": True, "age_s": None, "note": None},
            {
                "name": "database",
                "state": "degraded",
                "needed": False,
                "age_s": None,
                "note": {
                    "vi": "lịch sử không trả lời; cảnh báo vẫn chạy",
                    "en": "the history does not answer; alerts go on",
                },
            },
        ],
        "complaints": [],
    },
    "prometheus": "# TYPE haidang_api_alerts_open gauge\nhaidang_api_alerts_open 1.0\n",
}


def _problem(  # noqa: PLR0913  a document has these members
    status: int, title: str, code: str, en: str, vi: str, at: str, **extra: object
) -> dict[str, Any]:
    document = {"type": f"urn:haidang:problem:{code}", "title": title, "status": status}
    return {**document, "detail": en, "detail_vi": vi, "instance": f"/api/v1/{at}", **extra}


PROBLEMS: dict[int, dict[str, Any]] = {
    400: _problem(
        400,
        "Bad Request",
        "bad-request",
        "the body can't be read; send JSON in UTF-8",
        "không đọc được nội dung gửi lên; cần JSON bằng UTF-8",
        "commands",
    ),
    401: _problem(
        401, "Unauthorized", "unauthorized", "the token is not right", "mã truy cập không đúng", "alerts"
    ),
    404: _problem(
        404, "Not Found", "not-found", "there is no station 'x'", "không có trạm 'x'", "stations/x"
    ),
    403: _problem(
        403,
        "Forbidden",
        "not-allowed",
        "only operators may give orders",
        "chỉ người trực vận hành được ra lệnh",
        "commands",
    ),
    409: _problem(
        409,
        "Conflict",
        "idempotency-conflict",
        "this Idempotency-Key was used for another order; a new order needs a new key",
        "Idempotency-Key này đã dùng cho một lệnh khác; dùng khóa mới cho lệnh mới",
        "commands",
    ),
    410: _problem(
        410,
        "Gone",
        "stale-token",
        "the token is of another epoch of the stream; read /api/v1/alerts again",
        "mã thuộc một thời kỳ khác của luồng; đọc lại /api/v1/alerts",
        "events",
        token=f"{_EPOCH}.42",
    ),
    422: _problem(
        422,
        "Unprocessable Entity",
        "invalid-parameter",
        "invalid parameter: limit: Input should be greater than or equal to 1",
        "tham số không hợp lệ: limit: phải từ 1 trở lên",
        "alerts",
        errors=[
            {
                "parameter": "limit",
                "what": "Input should be greater than or equal to 1",
                "what_vi": "phải từ 1 trở lên",
            }
        ],
    ),
    429: _problem(
        429,
        "Too Many Requests",
        "slow-down",
        "too many wrong tries; wait, then try again (see Retry-After)",
        "quá nhiều lần sai; hãy đợi rồi thử lại",
        "session",
    ),
    503: _problem(
        503,
        "Service Unavailable",
        "history-away",
        "the history does not answer; alerts go on without it",
        "cơ sở dữ liệu lịch sử không trả lời; cảnh báo vẫn chạy",
        "strikes",
    ),
}
