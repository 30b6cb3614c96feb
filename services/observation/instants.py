"""Instants: µs since 1970 UTC inside, ISO 8601 outside."""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
"""One second in µs."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def iso(us: int) -> str:
    """µs → `2025-11-20T01:00:00Z`; a fraction only when there is one."""
    return (_EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


def micros(text: str) -> int:
    """ISO 8601 with a zone → µs.

    Raises:
        ValueError: not ISO 8601, or no zone: a time without a zone is a guess.
    """
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        msg = f"{text!r} names no time zone"
        raise ValueError(msg)
    return (when - _EPOCH) // _MICROSECOND
