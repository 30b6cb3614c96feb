"""Tokens: a place in the stream of alerts that a client can come back to."""

import re

import msgspec

_TOKEN = re.compile(r"(?:([0-9a-f]{8})\.)?([0-9]{1,19})\Z")


class Token(msgspec.Struct, frozen=True, order=True):
    """Epoch of the stream and sequence in it; texts look like `1f0c9a2b.42`."""

    epoch: str
    sequence: int

    def __str__(self) -> str:
        """As the wire has it."""
        return f"{self.epoch}.{self.sequence}"


def parse(text: str, current_epoch: str) -> Token:
    """Read a token; a bare number means the current epoch, 0 from the start.

    Raises:
        ValueError: the text is not a token.
    """
    match = _TOKEN.match(text)
    if match is None:
        msg = f"{text[:40]!r} is not a token; expected <8 hex>.<number> or a number"
        raise ValueError(msg)
    return Token(match[1] or current_epoch, int(match[2]))


def new_epoch(random_bytes: bytes) -> str:
    """Name an epoch from four random bytes given by the caller.

    Raises:
        ValueError: fewer than four bytes.
    """
    if len(random_bytes) < 4:  # noqa: PLR2004  8 hex digits
        msg = "an epoch needs four random bytes"
        raise ValueError(msg)
    return random_bytes[:4].hex()
