"""The JSON Schema of `alerting.toml`: each part's own, put together."""

from typing import Any

from services.observation.site import FORMAT
from services.policy.alerting import PARTS


def alerting() -> dict[str, Any]:
    """Describe the file."""
    properties: dict[str, Any] = {"format": {"const": FORMAT}}
    for part in PARTS:
        properties |= part.SCHEMA
    return {
        "type": "object",
        "properties": properties,
        "required": ["format"],
        "additionalProperties": False,
    }
