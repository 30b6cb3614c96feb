"""Positions: where a reader is in a stream, and whether the stream still is what it was.

A power cut can take the tail of a stream, and what is published afterwards takes the same
sequence numbers. So a position is not a number: it is (epoch, sequence, hash of that message).
"""

import hashlib
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from services.observation import tokens
from services.runtime import logging

EPOCH = "epoch"
log = logging.get("position")


class Position(msgspec.Struct, frozen=True):
    """A place in a stream. Sequence 0 is its beginning and has no message, so no hash."""

    epoch: str
    sequence: int
    hash: str


class Standing(NamedTuple):
    """What a stream says about a position.

    `holds`: the message we stood on is there, or is older than what the stream keeps and nothing
    speaks against it. Otherwise the tail was lost: `last` is where the stream ends now.
    `epoch` is the stream's; it may be new though the position holds (someone else lost more).
    """

    holds: bool
    epoch: str
    first: int
    last: int


def hash_of(data: bytes) -> str:
    """16 hex digits that tell one message from another."""
    return hashlib.sha256(data).hexdigest()[:16]


async def epoch_of(js: JetStreamContext, stream: str) -> str:
    """The stream's epoch."""
    return _epoch(await js.stream_info(stream))


async def read_position(js: JetStreamContext, stream: str, sequence: int) -> Position:
    """The position of a reader that has just applied `sequence`.

    Raises:
        NotFoundError: the stream holds no such message.
    """
    epoch = await epoch_of(js, stream)
    if sequence == 0:
        return Position(epoch, 0, "")
    message = await js.get_msg(stream, seq=sequence)
    return Position(epoch, sequence, hash_of(message.data or b""))


async def check_position(js: JetStreamContext, stream: str, position: Position) -> Standing:
    """Compare a stored position with the stream; to be done at start and at each reconnect."""
    info = await js.stream_info(stream)
    first, last, epoch = info.state.first_seq, info.state.last_seq, _epoch(info)
    if position.sequence == 0:  # the beginning: nothing was read, so nothing can have been lost
        return Standing(True, epoch, first, last)  # noqa: FBT003
    holds = position.sequence <= last
    if holds and first <= position.sequence:
        try:
            message = await js.get_msg(stream, seq=position.sequence)
            holds = hash_of(message.data or b"") == position.hash
        except NotFoundError:
            # A hole inside the stream: a message replaced or deleted after we read it. Only the
            # epoch can speak then.
            holds = epoch == position.epoch
    return Standing(holds, epoch, first, last)


async def renew_epoch(js: JetStreamContext, stream: str, old: str) -> str:
    """Write a new epoch after a lost tail, unless someone has; return the epoch that is in force.

    `old` is the epoch of the position that did not hold. The new one follows from it, so that
    several readers who find the loss at the same time all write the same.
    """
    info = await js.stream_info(stream)
    present = _epoch(info)
    if present != old:
        return present
    new = tokens.new_epoch(hashlib.sha256(old.encode()).digest())
    info.config.metadata = {**(info.config.metadata or {}), EPOCH: new}
    await js.update_stream(info.config)
    log.warning("epoch_renewed", stream=stream, old=old, new=new, last=info.state.last_seq)
    return new


def _epoch(info: StreamInfo) -> str:
    return (info.config.metadata or {}).get(EPOCH, "")


async def sequence_before(js: JetStreamContext, stream: str, since: int) -> int:
    """The sequence after which everything that was stored at or after `since` (µs UTC) follows."""
    state = (await js.stream_info(stream)).state
    low, high = max(state.first_seq, 1), state.last_seq + 1
    while low < high:
        middle = (low + high) // 2
        try:
            found = await js.get_msg(stream, seq=middle)
            old = found.time is not None and found.time.timestamp() * 1e6 < since
        except NotFoundError:  # it was deleted; what lies behind decides
            old = True
        low, high = (middle + 1, high) if old else (low, middle)
    return max(low - 1, 0)
