"""The agent's envelope and the acknowledgements it gets (docs/wire.md)."""

from typing import Literal

import msgspec

from services.observation.senml import Record

FORMAT = 1
MAX_BYTES = 1_000_000
"""A pack above this is rejected as `too_large`; agents split before."""
MAX_RECORDS = 10_000

Lane = Literal["live", "backlog"]
Pairs = list[tuple[int, int]]


class Head(msgspec.Struct, kw_only=True):
    """The envelope without its records.

    Attributes:
        buf: drawn when the agent's buffer was created; a new one starts a new count.
        seq: from 1.
        prev: the seq this lane sent before this pack (0: none), fixed at first sending.
        first: the lowest seq the agent still holds.
        lost: inclusive ranges its bounded buffer had to drop.
        sent_at: seconds since 1970 by the agent's clock.
    """

    v: int
    buf: str
    seq: int
    prev: int = 0
    lane: Lane = "live"
    first: int = 1
    lost: Pairs = msgspec.field(default_factory=list)
    sent_at: float | None = None


class Envelope(Head, kw_only=True):
    """A pack of readings on its way up."""

    records: list[Record]


class RawEnvelope(Head, kw_only=True):
    """The same with the records not yet looked at: one bad record must not cost the others."""

    records: msgspec.Raw


class Ack(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an agent hears. Each list is the whole present set and replaces the one before."""

    v: int = FORMAT
    buf: str = ""
    want: list[tuple[int, int]] | None = None
    seen: list[tuple[int, int]] | None = None
    stored: list[tuple[int, int]] | None = None


MISSING = "missing"
"""From the archive to ingest on DOWNLINK: what READINGS dropped before it was stored. Never on the wire."""


class Missing(msgspec.Struct):
    """Packs that must come once more."""

    buf: str
    missing: Pairs


_encoder = msgspec.json.Encoder()
_missing = msgspec.json.Decoder(Missing)
_ack = msgspec.json.Decoder(Ack)


def encode_ack(kind: str, buf: str, ranges: list[list[int]]) -> bytes:
    """`{"v": 1, "buf": …, kind: ranges}`; kind is `want`, `seen` or `stored`."""
    return _encoder.encode({"v": FORMAT, "buf": buf, kind: ranges})


def decode_missing(data: bytes) -> Pairs:
    """Ranges of a `missing` of the archive; none when it can't be read."""
    try:
        return _missing.decode(data).missing
    except msgspec.MsgspecError:
        return []


def decode_ack(data: bytes) -> Ack:
    """Read an acknowledgement; raises msgspec.MsgspecError."""
    return _ack.decode(data)
