"""Alert events: CloudEvents whose fold is the alert."""

from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Literal

import msgspec

from services.observation.instants import iso
from services.observation.text import Text

SEVERITIES = ("advisory", "watch", "warning", "emergency")
"""The ladder, lowest first; the same four words everywhere."""

Severity = Literal["advisory", "watch", "warning", "emergency"]
Status = Literal["Actual", "Exercise", "Test"]


class Verb(StrEnum):
    """What the engine can say of an alert. People and the keeper have verbs of their own."""

    RAISED = "raised"
    ESCALATED = "escalated"
    EASED = "eased"
    CLEARED = "cleared"
    BLIND = "blind"
    SIGHTED = "sighted"


class Alert(msgspec.Struct, kw_only=True):
    """`data` of an event: the alert as it stands after it. Times in ISO 8601 UTC.

    `time` is when it was measured (or due); `detected_at` when we could know, outside the id. `origin`: left
    out for what sensors say; else `manual` or `official_bulletin`. `language`: the one language that a person
    wrote `reason` in, where it stands for the other too.
    """

    alert_id: str
    hazard: str
    area: str
    severity: str
    rule: str
    rule_version: str
    time: str
    detected_at: str
    reason: Text
    previous: str | None = None
    station: str | None = None
    sensor: str | None = None
    gateway: str | None = None
    value: float | None = None
    unit: str | None = None
    threshold: float | None = None
    since: str | None = None
    late: bool = False
    flag: int = 1
    blind: bool = False
    status: Status = "Actual"
    readings: list[str] | None = None
    by: str | None = None
    seen: str | None = None
    origin: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET


class CloudEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0, structured mode. `sequence` and `epoch` are added by whoever hands it out."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Alert
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_TYPE = "vn.haidang.alert."
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CloudEvent)


def type_of(verb: str) -> str:
    """`raised` → `vn.haidang.alert.raised.v1`."""
    return f"{_TYPE}{verb}.v1"


def verb_of(event_type: str) -> str:
    """`vn.haidang.alert.raised.v1` → `raised`.

    Raises:
        ValueError: not a type of ours.
    """
    if not event_type.startswith(_TYPE) or not event_type.endswith(".v1"):
        msg = f"{event_type!r} is not an alert event"
        raise ValueError(msg)
    return event_type[len(_TYPE) : -3]


def noun_and_verb(event_type: object) -> tuple[str, str] | None:
    """`vn.haidang.alert.raised.v1` → `("alert", "raised")`; None for what is no type of ours."""
    return _split(event_type) if isinstance(event_type, str) else None


@lru_cache(256)
def _split(event_type: str) -> tuple[str, str] | None:
    parts = event_type.split(".")
    if len(parts) != len(("vn", "haidang", "noun", "verb", "v1")) or parts[:2] != ["vn", "haidang"]:
        return None
    if parts[4] != "v1" or not parts[2] or not parts[3]:
        return None
    return parts[2], parts[3]


def event_id(  # noqa: PLR0913  the parts of the id are the promise
    site: str, rule: str, rule_version: str, subject: str, start: int, transition: str, time: int
) -> str:
    """32 hex that only the same transition of the same occurrence has; times in µs UTC.

    `subject` is the sensor, or what else the rule is about.
    """
    parts = (site, rule, rule_version, subject, str(start), transition, str(time))
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def make(*, site: str, verb: str, event: str, time: int, alert: Alert) -> CloudEvent:
    """Put an alert into its envelope; `event` is the id, `time` in µs UTC."""
    return CloudEvent(
        id=event,
        source=f"/sites/{site}",
        type=type_of(verb),
        subject=alert.alert_id,
        time=iso(time),
        data=alert,
    )


def subject(site: str, area: str, alert_id: str) -> str:
    """Subject on ALERTS."""
    return f"alerts.{site}.{area}.{alert_id}"


def encode(event: CloudEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def decode(data: bytes) -> CloudEvent:
    """Read an event; raises msgspec.MsgspecError."""
    return _decoder.decode(data)
