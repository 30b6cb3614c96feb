"""The JSON Schema of the keeper's part of `alerting.toml`. Data."""

from typing import Any

from services.observation.event import SEVERITIES
from services.policy.keeping_nouns import (
    DAYS,
    LEAST_REALARM_H,
    LONGEST_REALARM_H,
    LONGEST_STEP_MIN,
    MOST_STEPS,
    Chattering,
    MaintenanceLimits,
    ShelvingLimits,
)
from services.policy.keeping_table import WITHIN

_SEVERITY = {"enum": list(SEVERITIES)}
_SLUG = {"type": "string", "pattern": "^[a-z0-9-]+$"}
_WORDS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_DAYS = {"type": "array", "items": {"enum": list(DAYS)}, "minItems": 1}
_TIME = {"type": "string", "pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"}
_WHY = {
    "type": "object",
    "properties": {"vi": {"type": "string"}, "en": {"type": "string"}},
    "required": ["vi", "en"],
}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _number(least: float, most: float, default: float | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "number", "minimum": least, "maximum": most}
    return shape if default is None else {**shape, "default": default}


def _schema() -> dict[str, Any]:
    chattering, shelving, maintenance = Chattering(), ShelvingLimits(), MaintenanceLimits()
    hours = {"days": _DAYS, "from": {**_TIME, "default": "00:00"}, "to": {**_TIME, "default": "24:00"}}
    inhibition = {
        "id": _SLUG,
        "by": {**_WORDS, "description": "rules that explain; `*` at the end stands for any ending"},
        "quiets": {**_WORDS, "description": "rules whose alerts are quiet meanwhile"},
        "within": {"enum": list(WITHIN), "default": "station"},
        "least": {**_SEVERITY, "default": "advisory", "description": "from which it explains"},
        "most": {**_SEVERITY, "description": "that it quiets at most; its own where absent"},
        "why": _WHY,
    }
    shift = _closed({**hours, "people": {**_WORDS, "description": "names of accounts"}}, "people")
    step = _closed(
        {
            "after_min": _number(0.1, LONGEST_STEP_MIN),
            "to": {**_WORDS, "description": "names of accounts, rota:<id>, role:<role>"},
        },
        "after_min",
        "to",
    )
    escalation = {
        "id": _SLUG,
        "hazards": {**_WORDS, "description": "absent: all"},
        "areas": {**_WORDS, "description": "absent: all"},
        "least": {**_SEVERITY, "default": "advisory"},
        "most": {**_SEVERITY, "default": "emergency"},
        "hours": {**_closed(hours), "description": "when the alert began to wait; absent: any"},
        "steps": {"type": "array", "items": step, "minItems": 1, "maxItems": MOST_STEPS},
    }
    realarm = {
        "id": _SLUG,
        "hazards": {**_WORDS, "description": "absent: all"},
        "areas": {**_WORDS, "description": "absent: all"},
        "least": {**_SEVERITY, "default": "advisory"},
        "most": {**_SEVERITY, "default": "emergency"},
        "after_h": {
            "anyOf": [{"const": 0}, _number(LEAST_REALARM_H, LONGEST_REALARM_H)],
            "description": "hours from the acknowledgement until it is unacknowledged again; 0: never",
        },
    }
    return {
        "public_safety": {**_WORDS, "description": "hazards that may cost lives"},
        "inhibition_defaults": {"type": "boolean", "default": True},
        "inhibition": {"type": "array", "items": _closed(inhibition, "id", "by", "quiets", "why")},
        "chattering": _closed(
            {
                "times": _number(2, 100, chattering.times),
                "within_s": _number(1, 3_600, chattering.within_s),
                "again_times": _number(2, 1_000, chattering.again_times),
                "again_within_s": _number(1, 86_400, chattering.again_within_s),
                "first_s": _number(10, 86_400, chattering.first_s),
                "longest_s": _number(10, 86_400, chattering.longest_s),
            }
        ),
        "shelving": _closed(
            {
                "longest_h": _number(0.1, 168, shelving.longest_h),
                "two_person_from": {**_SEVERITY, "default": shelving.two_person_from},
            }
        ),
        "maintenance": _closed(
            {
                "longest_h": _number(0.1, 720, maintenance.longest_h),
                "area_most": {**_SEVERITY, "default": maintenance.area_most},
            }
        ),
        "rota": {
            "type": "array",
            "items": _closed(
                {"id": _SLUG, "shifts": {"type": "array", "items": shift, "minItems": 1}}, "id", "shifts"
            ),
        },
        "escalation": {"type": "array", "items": _closed(escalation, "id", "steps")},
        "realarm": {"type": "array", "items": _closed(realarm, "id", "after_h")},
    }


SCHEMA = _schema()
"""JSON Schema of these keys."""
