"""Which events of some sites the own stream holds: eight bytes each, for reading again what was copied.

Whoever reads a child's stream again, after a loss here or there, meets thousands of events that are here. To
ask the stream about each of their subjects is some 500 events a second; to read all ids once and then compare
is bounded by how fast the child's stream can be read. An id that is taken for another's, one in 2⁶⁴ for each
pair, is found by the next comparison of counts.
"""

import asyncio
import json
from array import array
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from services.alerts.link.core import Item
from services.alerts.log import ID
from services.runtime.streams import ALERTS

AT_ONCE, WAIT_S, IDLE_S = 5_000, 10.0, 60.0
_HEX = 32
MOST_EVENTS, MOST_ORPHANS = 100_000, 300
"""The names of all subjects come in one answer, which must stay below the largest message."""
_OF_ALERTS, _OVER = "vn.haidang.alert.", (".cleared.v1", ".closed.v1")


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
    for site in sites:
        await _read(js, f"alerts.{site}.>", found)
    return Index(found)


async def orphans(own: JetStreamContext, there: JetStreamContext, site: str) -> list[str]:
    """Ids of alerts of a site that stand in the own stream as not over, and in the site's own not at all.

    Their end can't come any more: the site lost them. Of very large streams nobody asks.
    """
    for js in (own, there):
        if (await js.stream_info(ALERTS)).state.messages > MOST_EVENTS:
            return []
    here, held = await _subjects(own, site), await _subjects(there, site)
    found = []
    for subject in sorted(here - held)[:MOST_ORPHANS]:
        last = msgspec.json.decode(
            (await own.get_last_msg(ALERTS, subject)).data or b"null", type=_Last | None
        )
        if last is not None and last.type.startswith(_OF_ALERTS) and not last.type.endswith(_OVER):
            found.append(subject.rpartition(".")[2])
    return found


async def _subjects(js: JetStreamContext, site: str) -> set[str]:
    return set((await js.stream_info(ALERTS, subjects_filter=f"alerts.{site}.>")).state.subjects or {})


class _Last(msgspec.Struct):
    type: str = ""


async def _read(js: JetStreamContext, subject: str, found: "array[int]") -> None:
    client: Any = js._nc  # noqa: SLF001  nats-py offers no other way from one to the other
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.NONE,
        filter_subject=subject,
        headers_only=True,
        inactive_threshold=IDLE_S,
        mem_storage=True,
        num_replicas=1,
    )
    made = await js.add_consumer(ALERTS, config)
    left, owed, come = made.num_pending or 0, 0, asyncio.Event()

    async def take(message: Msg) -> None:
        nonlocal left, owed
        if not (message.reply or "").startswith("$JS.ACK."):
            return
        left, owed = left - 1, owed - 1
        name = (message.headers or {}).get(ID)
        if name:
            found.append(number(name))
        if owed <= 0 or left <= 0:
            come.set()

    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=take)
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
