"""The other kinds of message on READINGS: ticks, site versions, gateway states, strikes."""

from typing import Literal

import msgspec

from services.observation.sources import Source

HEADER = "kind"
"""NATS header that names the kind of a message on READINGS."""

READINGS, STRIKES, TICK, SITE, GATEWAY = "readings", "strikes", "tick", "site", "gateway"
KINDS = (READINGS, STRIKES, TICK, SITE, GATEWAY)


class Tick(msgspec.Struct):
    """Once a second while any source is connected. Times in µs UTC.

    `dt` is monotonic time since the tick before, at most 2 s, and 0 in the first after a start or
    a reconnect. `clocks` lists the gateways whose largest accepted time changed since the last tick.
    `resumed`: sources that are there again, or from the start, with this tick: we had not been listening
    to them. It precedes everything they send.
    """

    t: int
    dt: int
    sources: list[str]
    clocks: dict[str, int]
    v: int = 1
    resumed: list[str] = []


class SiteVersion(msgspec.Struct):
    """From here on, readings are decoded and judged by this version of the site."""

    t: int
    version: str
    previous: str | None = None
    v: int = 1


class GatewayState(msgspec.Struct):
    """A gateway came or went, or its agent told what its bounded buffer had to drop.

    `status` is None in the second case, and `buf`, `first`, `lost` are as in the agent's envelope.
    """

    t: int
    gateway: str
    status: Literal["online", "offline"] | None = None
    buf: str | None = None
    first: int | None = None
    lost: list[tuple[int, int]] | None = None
    v: int = 1


class Strike(msgspec.Struct):
    """A lightning stroke or flash; `time` in µs UTC, degrees, kA, metres."""

    source: str
    time: int
    lat: float
    lon: float
    id: str | None = None
    type: str | None = None
    ka: float | None = None
    err_m: float | None = None


class StrikeBatch(msgspec.Struct):
    """Strikes with the packs they came in; `rows` of the sources sum to their number."""

    sources: list[Source]
    strikes: list[Strike]
    v: int = 1


Message = Tick | SiteVersion | GatewayState | StrikeBatch

_encoder = msgspec.json.Encoder()
_tick = msgspec.json.Decoder(Tick)
_site = msgspec.json.Decoder(SiteVersion)
_gateway = msgspec.json.Decoder(GatewayState)
_strikes = msgspec.json.Decoder(StrikeBatch)


def encode(message: Message) -> bytes:
    """As JSON."""
    return _encoder.encode(message)


def decode_tick(data: bytes) -> Tick:
    """Read a tick; raises msgspec.MsgspecError."""
    return _tick.decode(data)


def decode_site(data: bytes) -> SiteVersion:
    """Read a site version; raises msgspec.MsgspecError."""
    return _site.decode(data)


def decode_gateway(data: bytes) -> GatewayState:
    """Read a gateway state; raises msgspec.MsgspecError."""
    return _gateway.decode(data)


def decode_strikes(data: bytes) -> StrikeBatch:
    """Read strikes; raises msgspec.MsgspecError."""
    return _strikes.decode(data)
