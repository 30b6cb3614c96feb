"""Whether our copy of a child is what the child holds: counts and hashes of days, while both stand still."""

import asyncio
from typing import NamedTuple

import msgspec
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.link.core import Days, Ways
from services.alerts.link.own import Own
from services.observation.instants import SECOND, micros
from services.observation.links import Standing
from services.observation.tally import Difference, differences
from services.runtime import leaf, logging
from services.runtime.clock import now_us
from services.runtime.nats import NatsError
from services.runtime.position import sequence_before
from services.runtime.streams import ALERTS

COMPARE_S, COMPARE_SOON_S, ANSWER_S = 3_600.0, 5.0, 2.0
EARLY_US = 3_600 * SECOND
"""An event may carry a time so much later than when it was stored: clocks differ."""
TRIES = 2
"""A day is read again from its first hour; if that was of no use, everything is: clocks can be wrong."""
log = logging.get("link")


class Outcome(NamedTuple):
    """What a comparison came to.

    `again`: after which sequence of the child's stream to read again, None: nothing is missing that reading
    would bring; `lost`: the child may have lost something since it was compared last.
    """

    again: int | None
    lost: bool


class Comparing:
    """Compares with one child, at times and when asked to."""

    def __init__(self, nc: Client, there: JetStreamContext, own: Own, ways: Ways, child: str) -> None:
        """`nc` and `there` lead to the child."""
        self._nc, self._there, self._own, self._ways, self._child = nc, there, own, ways, child
        self._due = 0.0
        self._tried: dict[str, int] = {}
        """Days that lacked something, and how often they were read again for it."""
        self._extra: set[Difference] = set()

    def soon(self, seconds: float = 0.0) -> None:
        """Something changed: compare no later than so."""
        self._due = min(self._due, asyncio.get_running_loop().time() + seconds)

    async def look(self, standing: Standing, copied: int) -> Outcome | None:
        """Compare if it is time; None while it is not, or one of the two still moves.

        Args:
            standing: what is known of the child; days that differ are written there.
            copied: the last sequence of our own stream that was written for it.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._due:
            return None
        try:
            answer = await self._nc.request(leaf.DAYS, b"", timeout=ANSWER_S)
            days = msgspec.json.decode(answer.data, type=Days)
        except (NatsError, TimeoutError, OSError, msgspec.MsgspecError):
            return None
        if days.last != standing.position or self._own.tally.last < copied:
            return None
        missing: set[str] = set()
        extra: set[Difference] = set()
        for site, theirs in days.sites.items():
            if self._ways.child_of(site) != self._child:
                continue
            for one in differences(dict(self._own.tally.days(site)), theirs):
                if one.missing:
                    missing.add(one.day)
                else:
                    extra.add(one)
        standing.compared, standing.extra = now_us(), sorted({one.day for one in extra})
        lost, self._extra = extra != self._extra, extra
        self._tried = {day: self._tried.get(day, 0) for day in missing}
        standing.differ = sorted(day for day, tries in self._tried.items() if tries >= TRIES)
        again = sorted(missing.difference(standing.differ))
        self._due = loop.time() + (COMPARE_SOON_S if again else COMPARE_S)
        if not again:
            return Outcome(None, lost)
        log.warning("copy_differs", child=self._child, days=again)
        return Outcome(await self._before(again), lost)

    async def _before(self, days: list[str]) -> int:
        """After which sequence of the child's stream these days may begin."""
        first = all(self._tried[day] == 0 for day in days)
        for day in days:
            self._tried[day] += 1
        if not first:
            return 0
        try:
            return await sequence_before(self._there, ALERTS, micros(f"{days[0]}T00:00:00Z") - EARLY_US)
        except (NatsError, APIError, TimeoutError, OSError, ValueError):
            return 0
