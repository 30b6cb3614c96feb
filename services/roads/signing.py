"""What a webhook carries: CloudEvents, and a signature by Standard Webhooks. Pure.

`webhook-id` is the event's id (of a batch: of all its ids), the same at every attempt: a receiver that
keeps ids takes no event twice. With two keys both signatures are sent, so that receivers change over one by
one.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook

LEAST, MOST = 24, 64
"""Bytes of a key."""
ONE, SEVERAL = "application/cloudevents+json", "application/cloudevents-batch+json"
Format = Callable[[Sequence[dict[str, Any]]], bytes]
"""Makes another body of events than CloudEvents; JSON in UTF-8."""


def body(events: Sequence[dict[str, Any]], *, batched: bool, form: Format | None = None) -> tuple[bytes, str]:
    """Bytes and content type."""
    if form is not None:
        return form(events), "application/json"
    if batched:
        return msgspec.json.encode(events), SEVERAL
    return msgspec.json.encode(events[0]), ONE


def check(keys: Sequence[str]) -> None:
    """Refuse keys that can't sign, or that somebody could guess.

    Raises:
        ValueError: not `whsec_` and base64 of 24 to 64 bytes, as the specification has it.
    """
    for key in keys:
        try:
            size = len(b64decode(key.removeprefix("whsec_") + "==", validate=False))
        except ValueError:
            size = 0
        if not LEAST <= size <= MOST:
            msg = "a key of a webhook is whsec_ and base64 of 24 to 64 bytes"
            raise ValueError(msg)


def headers(message: str, at_us: int, content: bytes, keys: Sequence[str]) -> Mapping[str, str]:
    """The three headers of Standard Webhooks.

    Args:
        message: its id.
        at_us: of this attempt, µs UTC.
        content: the body, UTF-8.
        keys: secrets as `whsec_<base64>`; the newest first.

    Raises:
        ValueError: a key is not base64.
    """
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    text = content.decode()
    signed = [Webhook(key).sign(message, at.replace(tzinfo=UTC), text) for key in keys]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at_us // 1_000_000),
        "webhook-signature": " ".join(signed),
    }
