"""Which events of some sites the own stream holds: eight bytes each, for reading again what was copied.

Whoever reads a child's stream again, after a loss here or there, meets thousands of events that are here. To
ask the stream about each of their subjects is some 500 events a second; to read all ids once and then compare
is bounded by how fast the child's stream can be read. An id that is taken for another's, one in 2⁶⁴ for each
pair, is found by the next comparison of counts.
"""

import asyncio
import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from services.alerts.link.core import Item
from services.alerts.log import ID
from services.runtime.streams import ALERTS

AT_ONCE, WAIT_S, IDLE_S = 5_000, 10.0, 60.0
_HEX = 32


class Index:
    """Ids as sorted numbers."""

    def __init__(self, ids: Iterable[int]) -> None:
        """Of all ids that are there."""
        self._ids = np.unique(np.array(array("Q", ids), dtype=np.uint64))

    def __len__(self) -> int:
        """How many."""
        return len(self._ids)

    def lacking(self, items: Sequence[Item]) -> list[Item]:
        """Those of the items that are not there, in their order."""
        if not len(self._ids) or not items:
            return list(items)
        asked = np.array([number(item.id) for item in items], dtype=np.uint64)
        at = np.minimum(np.searchsorted(self._ids, asked), len(self._ids) - 1)
        there = self._ids[at] == asked
        return [item for item, is_there in zip(items, there.tolist(), strict=True) if not is_there]


def number(name: str) -> int:
    """An event's id as 64 bits."""
    if len(name) == _HEX:
        try:
            return int(name[:16], 16)
        except ValueError:
            pass
    return int.from_bytes(sha256(name.encode()).digest()[:8])


async def read_index(js: JetStreamContext, sites: Iterable[str]) -> Index:
    """Read the ids of all events that ALERTS holds of these sites; only headers come, where every id stands.

    Raises:
        TimeoutError: it broke off. Errors of the server come as nats-py raises them.
    """
    found = array("Q")

    def take(message: Msg) -> None:
        name = (message.headers or {}).get(ID)
        if name:
            found.append(number(name))

    for site in sites:
        await read_through(js, f"alerts.{site}.>", take, headers_only=True)
    return Index(found)


async def read_through(
    js: JetStreamContext,
    subject: str,
    take: Callable[[Msg], None],
    policy: DeliverPolicy = DeliverPolicy.ALL,
    *,
    headers_only: bool = False,
) -> None:
    """Hand over every message of ALERTS under a subject that stands there now, in order; memory is bounded.

    Raises:
        TimeoutError: it broke off. Errors of the server come as nats-py raises them.
    """
    client: Any = js._nc  # noqa: SLF001  nats-py offers no other way from one to the other
    config = ConsumerConfig(
        deliver_policy=policy,
        ack_policy=AckPolicy.NONE,
        filter_subject=subject,
        headers_only=headers_only,
        inactive_threshold=IDLE_S,
        mem_storage=True,
        num_replicas=1,
    )
    made = await js.add_consumer(ALERTS, config)
    left, owed, come = made.num_pending or 0, 0, asyncio.Event()

    async def arrived(message: Msg) -> None:
        nonlocal left, owed
        if not (message.reply or "").startswith("$JS.ACK."):
            return
        left, owed = left - 1, owed - 1
        take(message)
        if owed <= 0 or left <= 0:
            come.set()

    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=arrived)
    try:
        while left > 0:
            owed = min(left, AT_ONCE)
            come.clear()
            wish = {"batch": owed, "expires": round(WAIT_S * 1e9)}
            api = f"{js._prefix}.CONSUMER.MSG.NEXT.{ALERTS}.{made.name}"  # noqa: SLF001
            await client.publish(api, json.dumps(wish).encode(), reply=inbox)
            async with asyncio.timeout(WAIT_S):
                await come.wait()
    finally:
        await subscription.unsubscribe()
    await js.delete_consumer(ALERTS, made.name)
