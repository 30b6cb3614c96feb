"""Write the pages of docs/ that follow from the code: `make docs`. A test fails while one is out of date.

Over 250 lines: the descriptions of the keys are a table, and stand beside what they describe.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from docs import reference, reference_acts
from docs.alerting_schema import alerting
from docs.lighting_schema import lighting
from docs.reference import rows
from docs.reference_acts_vi import lifecycle_page_vi
from services.alerts.hazards import hazards
from services.alerts.hazards import properties as all_properties
from services.alerts.rule import COMBINED, Kind, Rule
from services.alerts.rule import tables as rule_tables
from services.alerts.rule.schedule import DAYS
from services.ingest import rejects
from services.observation import site_gateways, site_sensors, site_toml
from services.observation.event import SEVERITIES
from services.observation.quantity import Property, Reports
from services.observation.sensor import Clock
from services.observation.site import FORMAT
from services.observation.site_values import LANGUAGES
from services.runtime.settings import NAMES, PREFIX

FOLDER = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

TEXT, NUMBER, TEXTS = {"type": "string"}, {"type": "number"}, {"type": "array", "items": {"type": "string"}}
SLUG = {"type": "string", "pattern": "^[a-z0-9-]+$"}
POSITIVE = {"type": "number", "exclusiveMinimum": 0}
NOT_NEGATIVE = {"type": "number", "minimum": 0}
CELL = {"type": ["number", "null"]}
DAY = {"type": "string", "format": "date"}
NAME = {
    "type": "object",
    "properties": {language: {"type": "string", "minLength": 1} for language in LANGUAGES},
    "required": list(LANGUAGES),
}
_TERM = r"([+-]?\d+(\.\d+)?|station\.[a-z0-9_]+(\s*[+-]\s*\d+(\.\d+)?)?)"
STATUS = get_type_hints(Rule)["status"]
THRESHOLD = {
    "description": 'a number, an attribute of the station as in "station.bd1 + 0.5", or "first or second"',
    "type": ["number", "string"],
    "pattern": rf"^\s*{_TERM}(\s* or \s*{_TERM})*\s*$",
}
RUNG = {
    "anyOf": [
        THRESHOLD,
        {"type": "string", "pattern": r"^\d+(\.\d+)? ?%$", "description": "of count: a share of the members"},
    ]
}
PER_RUNG = {
    "description": "one number, or one per rung",
    "anyOf": [
        NOT_NEGATIVE,
        {"type": "object", "additionalProperties": NOT_NEGATIVE, "propertyNames": {"enum": list(SEVERITIES)}},
    ],
}

CLOCK = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
WINDOW = {
    "type": "object",
    "description": "local time of the site; from 22:00 to 05:00 spans midnight",
    "properties": {
        "from": {**CLOCK, "default": "00:00"},
        "to": {"anyOf": [CLOCK, {"const": "24:00"}], "default": "24:00"},
        "days": {
            "type": "array",
            "items": {"enum": list(DAYS)},
            "minItems": 1,
            "description": "on which a window begins",
        },
    },
    "additionalProperties": False,
}
CONDITION = {
    "type": "object",
    "properties": {
        "property": {"enum": sorted(all_properties())},
        "at_least": THRESHOLD,
        "at_most": THRESHOLD,
        "hysteresis": NOT_NEGATIVE,
        "stations": TEXTS,
    },
    "required": ["property"],
    "oneOf": [{"required": ["at_least"]}, {"required": ["at_most"]}],
    "additionalProperties": False,
}

_TOP: dict[str, Any] = {
    "format": {"const": FORMAT},
    "id": SLUG,
    "name": NAME,
    "zone": {"type": "string", "description": "IANA time zone", "default": "Asia/Ho_Chi_Minh"},
    "languages": {"type": "array", "items": {"enum": list(LANGUAGES)}, "minItems": 1},
    "bounds": {
        "type": "array",
        "items": NUMBER,
        "minItems": 4,
        "maxItems": 4,
        "description": "west, south, east, north",
    },
}
_AREA: dict[str, Any] = {
    "id": SLUG,
    "name": NAME,
    "polygon": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "array", "minItems": 1, "items": {"type": ["number", "array"]}},
        "description": "its outline, [longitude, latitude] each; or coordinates of a Polygon or MultiPolygon",
    },
}
_CODE: dict[str, Any] = {"scheme": TEXT, "code": TEXT, "from": DAY, "to": DAY}
_GATEWAY: dict[str, Any] = {"id": SLUG, "area": SLUG, "reporting_s": POSITIVE, "stations": TEXTS}
_SOURCE: dict[str, Any] = {
    "id": SLUG, "url": TEXT, "topics": TEXTS, "adapter": TEXT, "credentials_file": TEXT, "gateway": SLUG,
}  # fmt: skip
_SENSOR: dict[str, Any] = {
    "sensor": {"type": "string", "pattern": r"^[a-z0-9-]+\.[a-z0-9_]+$"},
    "unit": {"type": ["string", "null"], "description": "SenML or UCUM; the limits of the row are in it"},
    "interval_s": {"type": ["number", "null"], "exclusiveMinimum": 0},
    "reports": {"enum": [*get_args(Reports), None]},
    "clock": {"enum": [*get_args(Clock), None]},
}
_RULE: dict[str, Any] = {
    "id": {
        "type": "string",
        "pattern": "^[a-z0-9_-]+$",
        "description": "the id of a default rule replaces it",
    },
    "hazard": {"enum": sorted(hazards())},
    "property": {"enum": sorted(all_properties())},
    "kind": {"enum": [str(kind) for kind in Kind], "default": str(Kind.THRESHOLD)},
    **dict.fromkeys(SEVERITIES, RUNG),
    **dict.fromkeys(("hysteresis", "on_delay_s", "off_delay_s"), PER_RUNG),
    "direction": {"enum": ["up", "down"], "default": "up"},
    "late": {"enum": ["ignore", "reevaluate"], "default": "ignore"},
    "max_late_s": {**NOT_NEGATIVE, "default": 86400},
    "tolerance": {**NOT_NEGATIVE, "description": "of stuck: how far a flat run may stray", "default": 0},
    **dict.fromkeys(("areas", "stations"), TEXTS),
    "source": {"type": "string", "description": "what the numbers rest on, in words"},
    "status": {"enum": list(get_args(STATUS)), "default": "local"},
    "schedule": {
        "description": "of threshold and rate: when it is in force",
        "anyOf": [WINDOW, {"type": "array", "items": WINDOW, "minItems": 1}],
    },
    "severity": {
        "enum": list(SEVERITIES),
        "default": SEVERITIES[0],
        "description": "of the kinds without a ladder",
    },
    "above": {**THRESHOLD, "description": "of rate and stuck: only at or above this value of the sensor"},
    "window_s": {"type": "number", "minimum": 1, "default": 3600, "description": "of rate and stuck"},
    "k": {"type": "integer", "minimum": 1, "default": 2, "description": "of k_of_n: how many"},
    "of": {
        "description": f"of {', '.join(COMBINED)}",
        "anyOf": [
            {"const": "area", "description": "k_of_n: every sensor of the property in an area"},
            {**TEXTS, "minItems": 1, "description": "k_of_n: these stations"},
            {"type": "array", "items": CONDITION, "minItems": 2, "description": "and, or: the conditions"},
        ],
    },
    "also": {**TEXTS, "description": "of k_of_n: further properties whose sensors are members"},
    "enabled": {"type": "boolean", "default": True},
    "at_least": {**THRESHOLD, "description": "of count, or at_most: the condition of a member"},
    "at_most": {**THRESHOLD, "description": "of count, or at_least: the condition of a member"},
    "per": {
        "enum": ["area", "gateway"],
        "default": "area",
        "description": "of count: one alert for each of these",
    },
    "valid_from": {**DAY, "description": "of threshold and rate: first day on which it holds"},
    "valid_to": {**DAY, "description": "of threshold and rate: last day on which it holds"},
}


def closed(keys: Iterable[str], known: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe a table that has these keys and no others. A key we say nothing of is a KeyError: say it."""
    return {
        "type": "object",
        "properties": {key: known[key] for key in keys},
        "required": list(required),
        "additionalProperties": False,
    }


def table(keys: Iterable[str], known: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Describe an array of such tables."""
    return {"type": "array", "items": closed(keys, known, required)}


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of the files of a site; TOML and CSV as their values read in JSON."""
    codes = table(site_gateways.CODE, _CODE, ("scheme", "code"))
    top = {
        **_TOP,
        "area": table(site_gateways.AREA, {**_AREA, "codes": codes}, ("id", "name")),
        "gateway": table(site_gateways.GATEWAY, _GATEWAY, ("id", "area")),
        "source": table(site_gateways.SOURCE, _SOURCE),
    }
    sensors = {**dict.fromkeys(site_sensors.COLUMNS, CELL), **_SENSOR}
    rules = {"format": {"const": FORMAT}, "rule": table(rule_tables.KEYS, _RULE, ("id", "hazard"))}
    return {
        "site.toml": closed(site_toml.TOP, top, ("format", "id", "name")),
        "stations.geojson": _stations(),
        "sensors.csv": table(site_sensors.COLUMNS, sensors, ("sensor",)),
        "rules.toml": closed(rules, rules),
        "lighting.toml": lighting(),
        "alerting.toml": alerting(),
    }


def _stations() -> dict[str, Any]:
    point = {
        "type": "object",
        "properties": {
            "type": {"const": "Point"},
            "coordinates": {"type": "array", "items": NUMBER, "minItems": 2},
        },
        "required": ["type", "coordinates"],
    }
    properties = {
        "type": "object",
        "properties": {
            "id": SLUG,
            "name_vi": TEXT,
            "name_en": TEXT,
            "area": {**SLUG, "description": "an area of site.toml, or `site`"},
        },
        "required": ["name_vi", "name_en", "area"],
        "additionalProperties": CELL,
    }
    feature = {
        "type": "object",
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": ["string", "number"]},
            "geometry": point,
            "properties": properties,
        },
        "required": ["type", "geometry", "properties"],
    }
    return {
        "type": "object",
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": feature},
        },
        "required": ["type", "features"],
    }


def properties_page() -> str:
    """Describe every observed property, and what is assumed of it where a site says nothing."""
    found = sorted(all_properties().values(), key=lambda prop: prop.name)
    return (
        "# Observed properties\n\n"
        "The second half of a sensor's name, `<station>.<property>`. Values are kept in the unit given here; "
        "a gateway may send any unit that converts to it. The range is what quality control takes as "
        "possible where `sensors.csv` does not say otherwise; a leap is what a lone gauge is doubted for, "
        "against neighbours within so many kilometres.\n\n"
    ) + rows(
        ("property", "unit", "tiếng Việt", "English", "possible", "every", "leap", "texts"),
        (
            (
                f"`{p.name}`",
                p.unit,
                p.text.vi,
                p.text.en,
                _range(p),
                "derived" if p.derived else f"{p.interval_s:g} s",
                f"{p.leap:g} {p.unit}, {p.neighbour_km:g} km" if p.leap else "",
                _codes(p),
            )
            for p in found
        ),
    )


def _range(prop: Property) -> str:
    if prop.fail_min is None and prop.fail_max is None:
        return ""
    low = "" if prop.fail_min is None else f"{prop.fail_min:g}"
    high = "" if prop.fail_max is None else f"{prop.fail_max:g}"
    return f"{low} … {high}".strip()


def _codes(prop: Property) -> str:
    return ", ".join(f"`{text}` = {code}" for text, code in (prop.codes or {}).items())


def rejects_page() -> str:
    """Describe every reason for which something is rejected."""
    return (
        "# Rejects\n\nWhat can't be used is kept with its reason and never stops the rest of its pack."
        " The reasons are a closed list.\n\n"
    ) + rows(
        ("reason", "what happened", "what to do", "chuyện gì", "cách xử lý"),
        (
            (f"`{reason}`", entry.text.en, entry.remedy.en, entry.text.vi, entry.remedy.vi)
            for reason, entry in rejects.TABLE.items()
        ),
    )


def settings_page() -> str:
    """Describe every setting."""
    return (
        "# Settings\n\n"
        "Each is an option of the command line where a command takes it (`--name`), or a variable of the "
        "environment. The command line wins. An unknown `HAIDANG_…` is refused by name.\n\n"
    ) + rows(("variable", "meaning"), ((f"`{PREFIX}{name.upper()}`", text) for name, text in NAMES.items()))


def pages() -> dict[Path, str]:
    """Everything that is generated, by file."""
    found = {
        FOLDER / "schema" / f"{name}.schema.json": json.dumps(
            {"$schema": DIALECT, "title": name, **schema}, indent=2, ensure_ascii=False
        )
        + "\n"
        for name, schema in schemas().items()
    }
    note = "\n<!-- Written by docs/generate.py: `make docs`. -->\n"
    return {
        **found,
        FOLDER / "properties.md": properties_page() + note,
        FOLDER / "rejects.md": rejects_page() + note,
        FOLDER / "settings.md": settings_page() + note,
        FOLDER / "events.md": reference.events_page() + note,
        FOLDER / "lifecycle.md": reference_acts.lifecycle_page(rows, reference.prose) + note,
        FOLDER / "vi" / "lifecycle.md": lifecycle_page_vi(rows, reference.prose) + note,
        FOLDER / "rule-kinds.md": reference.rule_kinds_page() + note,
        FOLDER / "metrics.md": reference.metrics_page() + note,
        FOLDER / "words.md": reference.words_page() + note,
    }


def main() -> int:
    """Write what is out of date and say which."""
    for file, text in pages().items():
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
            print(f"wrote {file.relative_to(FOLDER.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
