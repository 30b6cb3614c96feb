"""What a person read at a gauge or heard on the telephone, as its record on ALERTS.

The reading itself goes the way of every reading and is judged by the same rules. The record says who told
it, and in which words.
"""

from typing import Literal

import msgspec

from services.observation.instants import iso

TYPE = "vn.haidang.observation.reported.v1"
Way = Literal["gauge", "call", "other"]
"""How it was learnt: read at the instrument, told by somebody, or otherwise."""


class Reported(msgspec.Struct, kw_only=True):
    """`data` of the event. `value` and `unit` as they were told; `time` is when it was read, ISO 8601 UTC.

    `request` tells another wish under the same id from the same one sent again.
    """

    observation_id: str
    sensor: str
    station: str
    area: str
    property: str
    value: float
    unit: str
    time: str
    by: str
    way: Way
    request: str
    note: str | None = None
    origin: str = "manual"


class ReportedEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of a manual observation."""

    id: str
    source: str
    subject: str
    time: str
    data: Reported
    type: str = TYPE
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ReportedEvent)


def make(site: str, data: Reported, now: int) -> ReportedEvent:
    """Put a record into its envelope; `now` in µs UTC."""
    name = data.observation_id
    return ReportedEvent(id=name, source=f"/sites/{site}", subject=name, time=iso(now), data=data)


def encode(event: ReportedEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def decode(data: bytes) -> ReportedEvent:
    """Read a record; raises msgspec.MsgspecError."""
    return _decoder.decode(data)
