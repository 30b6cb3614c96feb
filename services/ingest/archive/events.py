"""Events on ALERTS as rows of `alert_event`. Whatever a later release adds to `data` is kept as it is."""

from typing import Any

import msgspec

from services.observation.instants import micros


class EventRow(msgspec.Struct):
    """One row of `alert_event`, without the epoch; `time` in µs UTC."""

    id: str
    sequence: int
    type: str
    source: str
    subject: str
    area: str | None
    hazard: str | None
    severity: str | None
    time: int
    data: str  # JSON


class _Event(msgspec.Struct):
    """As little of a CloudEvent as we must know; people's and the keeper's events have data of their own."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(_Event)


def decode_event(data: bytes, sequence: int) -> EventRow:
    """Read an event.

    Raises:
        msgspec.MsgspecError: not an event.
        ValueError: its time can't be read.
    """
    event = _decoder.decode(data)
    body = event.data
    if b"\\u0000" in data:
        body = _without_nul(body)
    return EventRow(
        _text(event.id),
        sequence,
        _text(event.type),
        _text(event.source),
        _text(event.subject),
        _word(body, "area"),
        _word(body, "hazard"),
        _word(body, "severity"),
        micros(event.time),
        msgspec.json.encode(body).decode(),
    )


def _word(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _text(text: str) -> str:
    """PostgreSQL's text holds every character but NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(name): _without_nul(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    return value
