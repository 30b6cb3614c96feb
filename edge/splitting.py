"""Cutting records into packs the service takes: at most 1 MB and 10,000 records each."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from services.observation import envelope

MAX_BYTES = envelope.MAX_BYTES - 4_000
"""Room is left for the envelope around the records."""

MAX_RECORDS = envelope.MAX_RECORDS

_BASE = ("bn", "bt", "bu", "bv", "bs", "bver")
_encoder = msgspec.json.Encoder()


class TooLargeError(ValueError):
    """One record alone is over the limit of a pack; nothing can be cut from it."""


def packs(records: Sequence[Any]) -> Iterator[bytes]:
    """Encode records, in one pack where they fit, else in several in the same order.

    Raises:
        TooLargeError: a single record is over the limit.
    """
    if len(records) <= MAX_RECORDS:
        data = _encoder.encode(records)
        if len(data) <= MAX_BYTES:
            yield data
            return
        if len(records) == 1:
            msg = (
                f"one record of {len(data)} bytes is over the limit of {MAX_BYTES}; send it in smaller parts"
            )
            raise TooLargeError(msg)
    middle = len(records) // 2
    yield from packs(records[:middle])
    yield from packs(_with_base(records, middle))


def _with_base(records: Sequence[Any], middle: int) -> list[Any]:
    """The second half, with the SenML base fields that were in force at its first record."""
    rest = list(records[middle:])
    base: dict[str, Any] = {}
    for record in records[: middle + 1]:
        if isinstance(record, dict):
            base.update((field, record[field]) for field in _BASE if field in record)
    if base:
        rest[0] = {**rest[0], **base}
    return rest
