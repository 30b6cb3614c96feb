"""The newest message of each subject of a stream that a filter names, read once."""

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

AT_ONCE = 200
TIMEOUT_S = 5.0


async def newest(js: JetStreamContext, stream: str, subject: str) -> list[bytes]:
    """Their bytes, in the order of the stream.

    Raises:
        TimeoutError: the stream does not answer; also nats-py's own errors.
    """
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30.0,
        mem_storage=True,
    )
    reader = await js.pull_subscribe(subject, stream=stream, config=config)
    found: list[bytes] = []
    try:
        left = (await reader.consumer_info()).num_pending or 0
        while left > 0:
            messages = await reader.fetch(min(left, AT_ONCE), timeout=TIMEOUT_S)
            left -= len(messages)
            found += [message.data for message in messages]
    finally:
        await reader.unsubscribe()
    return found


async def last_of(js: JetStreamContext, stream: str, subject: str, count: int) -> list[bytes]:
    """The last messages of one subject, newest last; fewer where others lie densely between."""
    info = await js.stream_info(stream, subjects_filter=subject)
    held = (info.state.subjects or {}).get(subject, 0)
    if not held:
        return []
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=max(info.state.last_seq - SPAN, info.state.first_seq, 1),
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30.0,
        mem_storage=True,
    )
    reader = await js.pull_subscribe(subject, stream=stream, config=config)
    found: list[bytes] = []
    try:
        left = (await reader.consumer_info()).num_pending or 0
        while left > 0:
            messages = await reader.fetch(min(left, AT_ONCE), timeout=TIMEOUT_S)
            left -= len(messages)
            found = [*found, *(message.data for message in messages)][-count:]
    finally:
        await reader.unsubscribe()
    return found


SPAN = 2_000
"""How far back `last_of` looks."""
