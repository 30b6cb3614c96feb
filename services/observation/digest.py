"""The form of a digest: what of a stream's past still matters, as it was stored, in one object. Pure.

A head, and the messages in the order of the stream, in blocks that are packed and unpacked one by one, so
that whoever does it can look up in between. What matters is decided elsewhere; here it is written and read.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

FORMAT = 1
"""Of the object and of what is kept in it: one more whenever a reader may need what was not kept before."""
MAGIC = b"haidang digest\n"
BLOCK = 500
"""Messages of a block: some milliseconds of work."""
_LENGTH = 4


class Head(msgspec.Struct, kw_only=True):
    """Of what stream, up to where, and what was left out.

    Attributes:
        release: of the program that wrote it; another one may keep other things.
        epoch, sequence, hash: the place up to which the stream is in it, as of any stored position.
        deleted: how many messages the stream lacked inside, when it was written.
        whole_after, whole_after_us: everything behind this sequence, or stored later, is in it.
        latest_us: when the stream stored the newest message of it.
        count: how many messages are in it.
        tally: of all, also of what was left out, by site and day: how many events, the sum of their hashes in
            hex, and the sequence of the last.
    """

    release: str
    epoch: str
    sequence: int
    hash: str
    deleted: int = 0
    whole_after: int = 0
    whole_after_us: int = 0
    latest_us: int = 0
    count: int = 0
    tally: dict[str, dict[str, tuple[int, str, int]]] = {}
    v: int = FORMAT


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """A message as the stream has it. `left_us`: when its thing was touched last; 0: that is needed still."""

    sequence: int
    stored_us: int
    left_us: int
    subject: str
    headers: dict[str, str]
    data: bytes


class Form(NamedTuple):
    """A digest as it was read: the head, and blocks that are still packed."""

    head: Head
    blocks: list[bytes]


class Unreadable(ValueError):  # noqa: N818  a fact about bytes, acted on
    """The bytes are no digest of this format."""


_encoder = msgspec.msgpack.Encoder()
_head = msgspec.msgpack.Decoder(Head)
_block = msgspec.msgpack.Decoder(list[Stored])


def cut(messages: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    """Into blocks."""
    return (messages[start : start + BLOCK] for start in range(0, len(messages), BLOCK))


def pack(messages: Sequence[Stored]) -> bytes:
    """One block."""
    return zlib.compress(_encoder.encode(messages), 1)


def unpack(block: bytes) -> list[Stored]:
    """The messages of a block.

    Raises:
        Unreadable: it is none.
    """
    try:
        return _block.decode(zlib.decompress(block))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise Unreadable(repr(error)) from error


def join(head: Head, blocks: Sequence[bytes]) -> bytes:
    """The object: head and blocks, each behind its length."""
    parts = [zlib.compress(_encoder.encode(head), 1), *blocks]
    framed = (piece for part in parts for piece in (len(part).to_bytes(_LENGTH), part))
    return b"".join((MAGIC, *framed))


def split(data: bytes) -> Form:
    """Head and blocks of an object.

    Raises:
        Unreadable: it is none of this format, or it is cut.
    """
    if not data.startswith(MAGIC):
        msg = "it does not begin like a digest"
        raise Unreadable(msg)
    parts: list[bytes] = []
    at = len(MAGIC)
    while at < len(data):
        length = int.from_bytes(data[at : at + _LENGTH])
        at += _LENGTH
        part = data[at : at + length]
        if len(part) < length:
            msg = "it is cut"
            raise Unreadable(msg)
        parts.append(part)
        at += length
    try:
        head = _head.decode(zlib.decompress(parts[0]))
    except (IndexError, zlib.error, msgspec.MsgspecError) as error:
        raise Unreadable(repr(error)) from error
    if head.v != FORMAT:
        msg = f"format {head.v} is not {FORMAT}"
        raise Unreadable(msg)
    return Form(head, parts[1:])
