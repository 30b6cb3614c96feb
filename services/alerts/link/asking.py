"""Asking a child how it is: its heartbeat, and whether it is that child and only one."""

import asyncio
import contextlib

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.alerts.link.core import Ask
from services.alerts.link.own import Own
from services.observation.links import Beat, Standing
from services.runtime import leaf
from services.runtime.nats import NatsError

ANSWER_S = 2.0
TWIN_S, HOLD_S = 0.1, 30.0
"""So much longer a second answer is waited for, which there should not be; how long one is remembered."""


class Asking:
    """Of one child. `other`: who answers is not the child, or more than one does: nothing is to be copied."""

    def __init__(self, nc: Client, own: Own, child: str) -> None:
        """`nc` leads into the child's account."""
        self._nc, self._own, self._child = nc, own, child
        self._twins_until = float("-inf")
        self.other = False

    async def beat(self, standing: Standing) -> Beat | None:
        """The child's heartbeat; None when it does not answer. Why it is not believed is written down."""
        ask = Ask(site=self._own.site, acts=self._own.waiting.get(self._child, 0))
        beats = await answers(self._nc, msgspec.json.encode(ask))
        if not beats:
            return None
        beat, now = beats[0], asyncio.get_running_loop().time()
        if len({one.machine for one in beats}) > 1:
            self._twins_until = now + HOLD_S
        twice = now < self._twins_until
        self.other = twice or beat.site != self._child
        if self.other:
            why = "two-machines" if twice else "other-site"
            standing.refused = {**standing.refused, beat.site: why}
            return None
        looped = [below.site for below in beat.below if below.site == self._own.site]
        kept = {site: why for site, why in standing.refused.items() if why == "two-ways"}
        standing.refused = {**kept, **dict.fromkeys(looped, "loop")}
        return beat


async def answers(nc: Client, ask: bytes) -> list[Beat]:
    """Heartbeats that come when one is asked for: one; more where several machines speak as one site."""
    found: list[Beat] = []
    come = asyncio.Event()

    async def take(message: Msg) -> None:
        with contextlib.suppress(msgspec.MsgspecError):  # nobody is there, or it is no heartbeat
            found.append(msgspec.json.decode(message.data, type=Beat))
        come.set()

    try:
        listening = await nc.subscribe(inbox := nc.new_inbox(), cb=take)
        try:
            await nc.publish(leaf.BEAT, ask, reply=inbox)
            async with asyncio.timeout(ANSWER_S):
                await come.wait()
            await asyncio.sleep(TWIN_S)
        finally:
            await listening.unsubscribe()
    except (NatsError, TimeoutError, OSError):
        await asyncio.sleep(0)
    return found
