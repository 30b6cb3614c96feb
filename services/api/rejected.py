"""Reading REJECTS backwards: the newest of a stream that is only ever read forwards."""

from base64 import b64decode
from codecs import getincrementaldecoder
from typing import Any

import msgspec
from nats.js import JetStreamContext

from services.observation.instants import iso
from services.observation.reasons import TABLE, Reason
from services.runtime.follow import Follower, Message
from services.runtime.streams import REJECTS

FIRST_SPAN = 4
"""The first look back is this many times what is asked for; each further one four times as far."""


class _Kept(msgspec.Struct):
    reason: str = ""
    topic: str = ""
    gateway: str | None = None
    received_at: int | None = None
    index: int | None = None
    payload_b64: str = ""
    detail: str = ""
    count: int = 1


async def counts(js: JetStreamContext) -> dict[str, int]:
    """How many messages of each reason are kept."""
    info = await js.stream_info(REJECTS, subjects_filter="rejects.>")
    by_subject = info.state.subjects or {}
    return {subject.removeprefix("rejects."): int(n) for subject, n in sorted(by_subject.items())}


async def newest(
    js: JetStreamContext, reason: str | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` rejects below a sequence, newest first."""
    state = (await js.stream_info(REJECTS)).state
    end = state.last_seq if before is None else min(before - 1, state.last_seq)
    span = limit if reason is None else limit * FIRST_SPAN
    while True:
        start = max(end - span, state.first_seq - 1, 0)
        found = await _between(js, reason, start, end)
        if len(found) >= limit or start <= max(state.first_seq - 1, 0):
            return [show(message) for message in reversed(found[-limit:])]
        span *= FIRST_SPAN


async def _between(js: JetStreamContext, reason: str | None, start: int, end: int) -> list[Message]:
    if start >= end:
        return []
    subjects = [] if reason is None else [f"rejects.{reason}"]
    follower = Follower(js, REJECTS, subjects, start)
    found: list[Message] = []
    try:
        while follower.last < end:
            messages = await follower.fetch(1000, 0.3)
            found += [message for message in messages if message.sequence <= end]
            if not messages:  # the rest is of other reasons
                break
    finally:
        await follower.close()
    return found


def show(message: Message) -> dict[str, Any]:
    """A reject as it is answered; one that a newer release wrote is shown by its subject and bytes."""
    try:
        kept = msgspec.json.decode(message.data, type=_Kept)
    except msgspec.MsgspecError:
        kept = _Kept(detail=message.data[:400].decode("utf-8", "replace"))
    payload = _text(kept.payload_b64)
    reason = kept.reason or message.subject.removeprefix("rejects.")
    entry = TABLE.get(Reason(reason)) if reason in set(Reason) else None
    return {
        "sequence": message.sequence,
        "reason": reason,
        "text": None if entry is None else {"vi": entry.text.vi, "en": entry.text.en},
        "remedy": None if entry is None else {"vi": entry.remedy.vi, "en": entry.remedy.en},
        "topic": kept.topic,
        "gateway": kept.gateway,
        "received_at": iso(kept.received_at if kept.received_at is not None else message.time_us),
        "index": kept.index,
        "detail": kept.detail,
        "count": kept.count,
        "payload": payload,
        "payload_b64": kept.payload_b64 if payload is None else None,
    }


def _text(payload_b64: str) -> str | None:
    """The bytes as text if a person can read them; they may be cut in the middle of a character."""
    try:
        return getincrementaldecoder("utf-8")().decode(b64decode(payload_b64))
    except ValueError:
        return None
