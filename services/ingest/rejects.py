"""Rejects: what could not be used, and how it is kept. Pure."""

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from services.observation.reasons import TABLE, Reason

__all__ = ["TABLE", "Kept", "Reason", "Reject", "messages", "subject"]

MAX_BYTES_KEPT = 4_000
"""Of the payload, in each reject that is kept."""

MAX_PER_PACK = 100
"""Kept one by one; the rest of a pack is counted in one more per reason."""

MAX_PER_WINDOW = 500
"""Kept one by one of everything published together: a gateway gone mad must not drown the others."""

FORMAT = 1


class Reject(NamedTuple):
    """One thing that could not be used. `record`: its number in the pack, None for the whole message."""

    reason: Reason
    record: int | None = None
    detail: str = ""


class Kept(msgspec.Struct, kw_only=True):
    """A reject as it is kept on REJECTS. `count` is above one where the rest of a pack is counted in one."""

    reason: Reason
    topic: str
    gateway: str | None
    received_at: int
    index: int | None
    payload_b64: str
    detail: str
    count: int = 1
    v: int = FORMAT


_encoder = msgspec.json.Encoder()


def subject(reason: Reason) -> str:
    """Subject on REJECTS."""
    return f"rejects.{reason}"


def messages(  # noqa: PLR0913  what is known of a message that could not be used
    found: Sequence[Reject],
    *,
    topic: str,
    gateway: str | None,
    received_at: int,
    payload: bytes,
    most: int = MAX_PER_PACK,
) -> list[tuple[str, bytes]]:
    """(subject, data) for the rejects of one message; beyond `most`, one per reason with a count."""
    text = b64encode(payload[:MAX_BYTES_KEPT]).decode()

    def kept(reject: Reject, count: int) -> tuple[str, bytes]:
        return subject(reject.reason), _encoder.encode(
            Kept(
                reason=reject.reason,
                topic=topic,
                gateway=gateway,
                received_at=received_at,
                index=reject.record,
                payload_b64=text,
                detail=reject.detail[:400],
                count=count,
            )
        )

    rest: dict[Reason, list[Reject]] = {}
    for reject in found[most:]:
        rest.setdefault(reject.reason, []).append(reject)
    return [kept(reject, 1) for reject in found[:most]] + [kept(same[0], len(same)) for same in rest.values()]
