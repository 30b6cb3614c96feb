"""Where a message's rows came from: one pack of a gateway, or one part of it."""

from typing import NamedTuple


class Source(NamedTuple):
    """One pack, or one part of it. A plain pack, without envelope, has buf "" and seq 0."""

    gateway: str
    buf: str
    seq: int
    part: int  # counts from 0
    parts: int
    received_at: int  # µs UTC
    rows: int
