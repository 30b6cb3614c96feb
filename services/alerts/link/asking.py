"""Asking a child how it is: its heartbeat, and whether it is that child and only one."""

import asyncio
from collections import deque

import msgspec
from nats.aio.client import Client

from services.alerts.link.core import Ask
from services.alerts.link.own import Own
from services.observation.links import Beat, Standing
from services.runtime import leaf
from services.runtime.nats import NatsError

ANSWER_S = 2.0
HOLD_S, MACHINES = 30.0, 32
"""How long two machines are remembered after they were last told apart; how many of before are known.

Our server hands a question to one of two leaves of one name, now to this one and now to that. A server that
is started anew has an identity that it never had before; so one that comes back is the other of two.
"""


class Asking:
    """Of one child. `other`: who answers is not the child, or more than one does: nothing is to be copied."""

    def __init__(self, nc: Client, own: Own, child: str) -> None:
        """`nc` leads into the child's account."""
        self._nc, self._own, self._child = nc, own, child
        self._twins_until = float("-inf")
        self._machine, self._before = "", deque[str](maxlen=MACHINES)
        self.other = False

    async def beat(self, standing: Standing) -> Beat | None:
        """The child's heartbeat; None when it does not answer. Why it is not believed is written down."""
        ask = Ask(site=self._own.site, acts=self._own.waiting.get(self._child, 0))
        try:
            answer = await self._nc.request(leaf.BEAT, msgspec.json.encode(ask), timeout=ANSWER_S)
            beat = msgspec.json.decode(answer.data, type=Beat)
        except (NatsError, TimeoutError, OSError, msgspec.MsgspecError):
            await asyncio.sleep(0)
            return None
        twice = self._is_two(beat.machine)
        self.other = twice or beat.site != self._child
        if self.other:
            why = "two-machines" if twice else "other-site"
            standing.refused = {**standing.refused, beat.site: why}
            return None
        looped = [below.site for below in beat.below if below.site == self._own.site]
        kept = {site: why for site, why in standing.refused.items() if why == "two-ways"}
        standing.refused = {**kept, **dict.fromkeys(looped, "loop")}
        return beat

    def _is_two(self, machine: str) -> bool:
        """Whether more than one machine answered of late."""
        now = asyncio.get_running_loop().time()
        if machine != self._machine:
            if machine in self._before:
                self._twins_until = now + HOLD_S
            self._before.append(self._machine)
            self._machine = machine
        return now < self._twins_until
