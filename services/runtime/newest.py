"""The newest message of each subject of a stream that a filter names, read once."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

AT_ONCE = 200
TIMEOUT_S = 5.0
SPAN = 2_000
"""How far back `last_of` looks."""


async def newest(js: JetStreamContext, stream: str, subject: str) -> list[bytes]:
    """Their bytes, in the order of the stream.

    Raises:
        TimeoutError: the stream does not answer; also nats-py's own errors.
    """
    return await _read(js, stream, subject, None, deliver_policy=DeliverPolicy.LAST_PER_SUBJECT)


async def last_of(js: JetStreamContext, stream: str, subject: str, count: int) -> list[bytes]:
    """The last messages of one subject, newest last; fewer where others lie densely between."""
    info = await js.stream_info(stream, subjects_filter=subject)
    held = (info.state.subjects or {}).get(subject, 0)
    if not held:
        return []
    start = max(info.state.last_seq - SPAN, info.state.first_seq, 1)
    policy = DeliverPolicy.BY_START_SEQUENCE
    return await _read(js, stream, subject, count, deliver_policy=policy, opt_start_seq=start)


async def between(js: JetStreamContext, stream: str, subject: str, first: int, last: int) -> list[bytes]:
    """The messages that were stored between two instants, µs UTC, in the order of the stream."""
    start = datetime.fromtimestamp(first / 1e6, UTC)
    policy = DeliverPolicy.BY_START_TIME
    return await _read(js, stream, subject, None, last, deliver_policy=policy, opt_start_time=start)


async def _read(
    js: JetStreamContext, stream: str, subject: str, keep: int | None, until: int | None = None, **where: Any
) -> list[bytes]:
    """Read to the present end, from where a consumer is told to begin; `keep` only the last so many.

    `until`: no further than this instant, µs UTC.
    """
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=30.0, mem_storage=True, **where)
    reader = await js.pull_subscribe(subject, stream=stream, config=config)
    found: deque[bytes] = deque(maxlen=keep)
    try:
        left = (await reader.consumer_info()).num_pending or 0
        while left > 0:
            messages = await reader.fetch(min(left, AT_ONCE), timeout=TIMEOUT_S)
            left -= len(messages)
            found.extend(message.data for message in messages if until is None or _stored(message) <= until)
            if until is not None and messages and _stored(messages[-1]) > until:
                break
    finally:
        await reader.unsubscribe()
    return list(found)


def _stored(message: Msg) -> int:
    return round(message.metadata.timestamp.timestamp() * 1e6)
