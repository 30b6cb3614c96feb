"""Alerts of a child that stand here and that the child no longer knows: found, told, and watched.

Told is only what the child's own stream was asked for by name and does not hold, after our copy had caught up
with it. What it holds again, or says anything of, is known again at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy
from nats.js.errors import APIError, NotFoundError

from services.alerts.lifecycle import Life, fold
from services.alerts.link.index import read_through
from services.alerts.link.known import read_subject
from services.alerts.log import EXPECTED, ID, WRONG_LAST
from services.observation import event as events
from services.observation import orphans as nouns
from services.observation.act import PersonVerb
from services.observation.command import identity
from services.observation.event import Verb
from services.observation.links import Standing
from services.observation.orphans import KNOWN, ORPHANED
from services.observation.tally import head_of
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.nats import NatsError
from services.runtime.pause import pause
from services.runtime.streams import ALERTS

MOST_ORPHANS = 1_000
"""That are named at once."""
NO_STREAM = 10059
MOST_ASKED, AT_ONCE = 2_000, 50
"""Open alerts that a child is asked for in one round, and side by side."""
ROUND_S, RETRY_S = 1.0, 5.0
_OF_ALERTS, _OVER = "vn.haidang.alert.", (events.type_of(Verb.CLEARED), events.type_of(PersonVerb.CLOSED))
log = logging.get("link")


class _Last(NamedTuple):
    """A message; `type` of the event that it is."""

    sequence: int
    subject: str
    type: str


class Orphans:
    """Of one child, and of the sites below it."""

    def __init__(
        self,
        own: JetStreamContext,
        there: JetStreamContext,
        site: str,
        standing: Standing,
        sites: Callable[[], Iterable[str]],
    ) -> None:
        """`own`, `there`: of our streams and of the child's; `sites`: whose events come by it."""
        self._own, self._there, self._site, self._sites = own, there, site, sites
        self.standing = standing
        self._told: frozenset[str] = frozenset()
        """Of sites below it, by the child's word."""
        self._heard: set[str] = set()
        """Named ones that its site has said something of since."""
        self._asked_for: set[str] = set()
        self._after = ""
        self._look, self._scan = asyncio.Event(), False
        self._said = ""

    def take_up(self, told: Mapping[str, str]) -> None:
        """Take up what was told before: by alert its site, of all that our own stream calls an orphan.

        What was written down of it beside the stream may be older, or of another release.
        """
        sites = {self.standing.site, *self._sites()}
        before = {alert for alert, site in told.items() if site in sites}
        self.standing.orphans = sorted({*self.standing.orphans, *before})
        if self.standing.orphans:
            self._look.set()

    def compared(self, *, lost: bool) -> None:
        """Our copy holds all that the child does; `lost`: it may have lost something since we last looked."""
        self._scan = self._scan or lost
        if self._scan or self.standing.orphans or self._told:
            self._look.set()

    def told(self, orphans: Iterable[str]) -> None:
        """What the child says of sites below it."""
        told = frozenset(list(orphans)[:MOST_ORPHANS])
        if told != self._told:
            self._told = told
            self._look.set()

    def seen(self, subjects: Iterable[str]) -> None:
        """Events came from the child: it knows these alerts."""
        if not self._asked_for and not self.standing.orphans:
            return
        watched = self._asked_for.union(self.standing.orphans) - self._told
        if known := watched.intersection(one.rpartition(".")[2] for one in subjects):
            self._asked_for -= known
            self._heard |= known.intersection(self.standing.orphans)
            self._look.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look when there is reason to, until told to stop."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(ROUND_S):
                    await self._look.wait()
            except TimeoutError:
                continue
            self._look.clear()
            try:
                await self._round()
                self._said = ""
            except (NatsError, APIError, TimeoutError, OSError) as error:
                if repr(error) != self._said:  # it may be away for days
                    self._said = repr(error)
                    log.warning("orphans_not_known", child=self.standing.site, error=self._said)
                self._look.set()
                await pause(stop, RETRY_S)
            await pause(stop, ROUND_S)

    async def _round(self) -> None:
        named = set(self.standing.orphans)
        # Those that need no asking come first: the child may be away.
        for alert in sorted(named - self._told, key=lambda one: (one not in self._heard, one)):
            # What came from it is known to it, though it be away now.
            there = alert in self._heard or await _last(self._there, f"alerts.*.*.{alert}") is not None
            if not await self._tell(KNOWN if there else ORPHANED, alert):
                continue
            if there:
                named.discard(alert)
                self._heard.discard(alert)
                self.standing.orphans = [one for one in self.standing.orphans if one != alert]
        for alert in sorted(self._told - named):
            await self._name(alert)
        if self._scan:
            await self._search()

    async def _search(self) -> None:
        """Ask the child for the alerts that are open here, so many in a round; go on where we stopped."""
        subjects = await self._open()
        todo = [one for one in subjects if one > self._after][:MOST_ASKED]
        try:
            self._asked_for = {one.rpartition(".")[2] for one in todo}
            for start in range(0, len(todo), AT_ONCE):
                asked = todo[start : start + AT_ONCE]
                held = await asyncio.gather(*(_last(self._there, one) for one in asked))
                for subject, last in zip(asked, held, strict=True):
                    if last is None:
                        await self._name(subject.rpartition(".")[2])
        finally:
            self._asked_for = set()
        self._after = todo[-1] if len(todo) == MOST_ASKED else ""
        self._scan = bool(self._after)
        if self._scan:
            self._look.set()

    async def _open(self) -> Sequence[str]:
        """Subjects of the child's alerts whose last event here is no end; named ones left out."""
        found: list[str] = []
        named = set(self.standing.orphans)

        def take(message: Msg) -> None:
            head = head_of(message.data)
            if head is None or not head.type.startswith(_OF_ALERTS) or head.type in _OVER:
                return
            if message.subject.rpartition(".")[2] not in named:
                found.append(message.subject)

        for site in self._sites():
            await read_through(self._own, f"alerts.{site}.>", take, DeliverPolicy.LAST_PER_SUBJECT)
        return sorted(found)

    async def _name(self, alert: str) -> None:
        """It is one, unless it is over here, or its site spoke of it while we asked."""
        if len(self.standing.orphans) >= MOST_ORPHANS or alert in self.standing.orphans:
            return
        life = await self._life(alert)
        if life is None or not _stands(life):
            return
        if alert not in self._told and alert not in self._asked_for:
            return
        if await self._tell(ORPHANED, alert, life):
            self.standing.orphans = sorted({*self.standing.orphans, alert})

    async def _tell(self, verb: str, alert: str, life: Life | None = None) -> bool:
        """Say it on our own stream, unless it is what was said last; a person's `closed` leaves it an orphan.

        False: somebody else said something just now; it is looked at again.
        """
        last = await _last(self._own, nouns.subject_of(self._site, "*", alert))
        before = None if last is None else nouns.verb_of(last.type)
        if (before in (ORPHANED, nouns.CLOSED)) == (verb == ORPHANED):
            return True
        life = life or await self._life(alert)
        if life is None:  # it is not here any more either
            return True
        if verb == ORPHANED and not _stands(life):
            return True
        where = nouns.subject_of(self._site, life.area, alert) if last is None else last.subject
        area = where.split(".")[2]
        data = nouns.said(verb, {**life.data, "alert_id": alert, "area": area}, life.site, now_us())
        expected = "0" if last is None else str(last.sequence)
        event = nouns.make(self._site, verb, identity(self._site, alert, verb, expected), data)
        headers = {ID: event.id, EXPECTED: expected}
        try:
            await self._own.publish(where, nouns.encode(event), headers=headers, timeout=2.0)
        except APIError as error:
            if error.err_code != WRONG_LAST:
                raise
            self._look.set()
            return False
        log.info("orphan_told", child=self.standing.site, alert=alert, verb=verb)
        return True

    async def _life(self, alert: str) -> Life | None:
        """An alert as it stands in our copy; its area is that of its subject, whatever it says."""
        for site in self._sites():
            last = await _last(self._own, f"alerts.{site}.*.{alert}")
            if last is not None:
                life = await _folded(self._own, last.subject)
                area = last.subject.split(".")[2]
                return None if life is None else msgspec.structs.replace(life, area=area)
        return None


def _stands(life: Life) -> bool:
    return life.open and life.closing is None


async def _last(js: JetStreamContext, subject: str) -> _Last | None:
    """The last message under a subject; None: the stream holds none. One that is not there says nothing."""
    try:
        found = await js.get_last_msg(ALERTS, subject)
    except NotFoundError as error:
        if error.err_code == NO_STREAM:
            raise
        return None
    head = head_of(found.data or b"")
    return _Last(int(found.seq or 0), found.subject or "", "" if head is None else head.type)


async def _folded(js: JetStreamContext, subject: str) -> Life | None:
    life: Life | None = None
    for sequence, stored, data in await read_subject(js, subject):
        try:
            body = msgspec.json.decode(data)
        except msgspec.MsgspecError:
            continue
        life = fold(life, sequence, stored, body) if isinstance(body, dict) else life
    return life
