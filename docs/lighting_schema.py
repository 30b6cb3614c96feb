"""The JSON Schema of `lighting.toml`, made of the same tables of keys that its reader has."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.lighting import site_groups, site_lighting, site_programmes
from services.lighting.site_values import CLOCK, DAYS, EDGE
from services.observation.event import SEVERITIES
from services.observation.site import FORMAT
from services.observation.site_values import LANGUAGES

SLUG = {"type": "string", "pattern": "^[a-z0-9-]+$"}
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}
LEVEL = {"type": "number", "minimum": 0, "maximum": 100, "default": 100, "description": "% of full light"}
INSTANT = {
    "type": "string",
    "pattern": EDGE,
    "description": 'a local time "22:00", or of the sun: "sunset", "dusk+10", "sunrise-15" (minutes)',
}
NAME = {
    "type": "object",
    "properties": {language: {"type": "string", "minLength": 1} for language in LANGUAGES},
    "required": list(LANGUAGES),
}

_PERIOD = {"type": {"enum": list(site_programmes.PERIODS)}, "on": INSTANT, "off": INSTANT, "level": LEVEL}
_CONTROL = {"type": {"enum": list(site_programmes.CONTROLS)}, "at": INSTANT, "level": LEVEL}
_RULE = {
    "programme": SLUG,
    "days": {"type": "array", "items": {"enum": list(DAYS)}, "minItems": 1},
    "dates": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(/\d{4}-\d\d-\d\d)?$"},
        "minItems": 1,
        "description": "nights by the date of their evening, or spans of them: first/last",
    },
    "yearly": {
        "type": "array",
        "items": {"type": "string", "pattern": r"^\d\d-\d\d(/\d\d-\d\d)?$"},
        "minItems": 1,
        "description": "the same nights of every year: month-day, or first/last",
    },
}
_GROUP = {
    "id": SLUG,
    "name": NAME,
    **dict.fromkeys(("gateways", "stations", "areas"), NAMES),
    "calendar": SLUG,
    "default_level": LEVEL,
    "never_dim": {
        "type": "boolean",
        "default": False,
        "description": "a junction, a crossing: on is full light",
    },
    "position": {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "description": "longitude, latitude; the middle of its lamps where it is absent",
    },
}
_BRIGHTEN = {
    "id": SLUG,
    "hazard": {"type": "string", "description": "of the alert"},
    "from": {"enum": list(SEVERITIES), "description": "the lowest severity that counts"},
    "areas": {**NAMES, "description": "of the alert; any where absent"},
    "groups": {**NAMES, "description": "that are brightened; those in the alert's area where absent"},
    "level": LEVEL,
    "lease_min": {"type": "number", "minimum": 1, "maximum": site_lighting.LONGEST_LEASE_MIN, "default": 60},
}


def _closed(keys: Iterable[str], known: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: known[key] for key in keys},
        "required": list(required),
        "additionalProperties": False,
    }


def _table(keys: Iterable[str], known: Mapping[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "array", "items": _closed(keys, known, required)}


def lighting() -> dict[str, Any]:
    """Describe the file."""
    ramp = {"type": "number", "minimum": 0, "maximum": site_programmes.LONGEST_RAMP_S, "default": 0}
    programme = {
        "id": SLUG,
        "name": NAME,
        "ramp_s": ramp,
        "period": {**_table(site_programmes.PERIOD, _PERIOD, ("type", "on", "off")), "minItems": 1},
        "control": _table(site_programmes.CONTROL, _CONTROL, ("type", "at", "level")),
    }
    calendar = {
        "id": SLUG,
        "default": {**SLUG, "description": "a programme"},
        "starts_h": {
            "enum": [12, 0],
            "default": 12,
            "description": "12: from noon to noon a night is one day",
        },
        "rule": _table(site_programmes.RULE, _RULE, ("programme",)),
    }
    clock = {"type": "string", "pattern": CLOCK}
    fallback = {"on": {**clock, "default": "17:45"}, "off": {**clock, "default": "05:45"}, "level": LEVEL}
    top = {
        "format": {"const": FORMAT},
        "fallback": _closed(site_lighting.FALLBACK, fallback),
        "programme": _table(site_programmes.PROGRAMME, programme, ("id", "name", "period")),
        "calendar": _table(site_programmes.CALENDAR, calendar, ("id",)),
        "group": _table(site_groups.GROUP, _GROUP, ("id", "name")),
        "brighten": _table(site_lighting.BRIGHTEN, _BRIGHTEN, ("id", "hazard", "from")),
    }
    return _closed(site_lighting.TOP, top, ("format",))
