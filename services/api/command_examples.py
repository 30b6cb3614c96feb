"""Examples of orders, commands and lighting for the OpenAPI document."""

from typing import Any

_ID = "6b1f0c9a2b7d4a8f9c3e1d2a4b6c8e0f"
_ORDER = "0f3e5d7c9b1a42638475a6b7c8d9e0f1"
_SENT = {
    "id": _ID,
    "order": _ORDER,
    "kind": "override",
    "gateway": "cab-thuy-van",
    "area": "thang-tam",
    "groups": ["thuy-van"],
    "lamps": ["lamp-tv-01", "lamp-tv-02"],
    "state": "confirmed",
    "level": 100.0,
    "start": "2026-10-20T13:00:00Z",
    "until": "2026-10-20T15:00:00Z",
    "ordered_at": "2026-10-20T13:00:00Z",
    "expires_at": "2026-10-20T15:00:00Z",
    "by": "administrator",
    "reason": "tìm người mất tích ở bãi Thùy Vân",
    "sendings": 1,
    "sent_at": "2026-10-20T13:00:00.040000Z",
    "note": "",
    "successor": None,
    "programme": None,
}
_EVENT = {
    "id": "c7d3c9e1f0b24586a7d3c9e1f0b24586",
    "source": "/sites/vung-tau",
    "type": "vn.haidang.command.confirmed.v1",
    "subject": _ID,
    "time": "2026-10-20T13:00:00.210000Z",
    "specversion": "1.0",
    "datacontenttype": "application/json",
    "sequence": "314",
    "data": {
        "command": _ID,
        "gateway": "cab-thuy-van",
        "area": "thang-tam",
        "at": 1792501200150000,
        "reported": {"overrides": [_ID], "levels": {"lamp-tv-01": 100.0, "lamp-tv-02": 100.0}},
    },
}
_GROUP = {
    "id": "thuy-van",
    "name": {"vi": "Đường Thùy Vân", "en": "Thuy Van street"},
    "areas": ["thang-tam"],
    "lamps": 2,
    "desired": {"level": 100.0, "origin": "override", "until": "2026-10-20T15:00:00Z", "command": _ID},
    "programme_level": 70.0,
    "next_change": {"time": "2026-10-20T17:00:00Z", "level": 50.0},
    "planned_until": "2026-10-23T05:00:00Z",
    "override": {
        "command": _ID,
        "level": 100.0,
        "until": "2026-10-20T15:00:00Z",
        "by": "administrator",
        "reason": "tìm người mất tích ở bãi Thùy Vân",
        "state": "confirmed",
    },
    "controllers": [
        {
            "gateway": "cab-thuy-van",
            "lamps": 2,
            "programme": "9f3a51c02b7d4a8f",
            "programme_state": "confirmed",
            "programme_held": "9f3a51c02b7d4a8f",
            "reported_at": "2026-10-20T13:00:00.150000Z",
            "level": 100.0,
            "agrees": True,
        }
    ],
    "open_commands": 0,
    "unconfirmed": 0,
}

COMMAND_EXAMPLES: dict[str, Any] = {
    "list_commands": {"items": [_SENT], "next": None},
    "get_command": {"command": _SENT, "events": [_EVENT], "omitted": 0},
    "order_command": {"order": _ORDER, "repeated": False, "commands": [{**_SENT, "state": "ordered"}]},
    "list_lighting": {"items": [_GROUP], "next": None, "configured": True},
}
