"""Street lighting as the api knows it: commands folded from COMMANDS, and the plans of the running site."""

import asyncio

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.api.errors import away
from services.api.running_site import RunningSite
from services.lighting.desired import Plans
from services.lighting.ledger import Ledger, Standing
from services.lighting.site_lighting import FILE, read_lighting
from services.observation import command as nouns
from services.observation.instants import SECOND
from services.observation.text import Text
from services.runtime import logging, sites
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.position import sequence_before
from services.runtime.streams import COMMANDS

KEEP_US = 30 * 86_400 * SECOND
KEEP = 5_000
FETCH = 500
LOOK_S = 2.0
RETRY_S = 0.5
ONE_S = 3.0
_READING = Text("đang đọc lại luồng lệnh", "the stream of commands is still being read")
_NOT_YET = Text("chưa đọc xong cấu hình chiếu sáng", "the street lighting of the site is still being read")
_AWAY = Text("luồng lệnh không trả lời; hãy thử lại", "the stream of commands does not answer; try again")
log = logging.get("api_lit")


class Lit:
    """Follows COMMANDS and the site; commands of 30 days are in memory, older ones are read when asked."""

    def __init__(self, js: JetStreamContext, site: RunningSite) -> None:
        """Know of nothing yet."""
        self._js, self._site = js, site
        self._ledger = Ledger()
        self._version = ""
        self._plans: Plans | None = None
        self.caught_up = asyncio.Event()

    @property
    def ledger(self) -> Ledger:
        """The commands.

        Raises:
            Problem: 503 while they are still read.
        """
        if not self.caught_up.is_set():
            raise away(_READING, retry_s=1, code="reading-commands")
        return self._ledger

    @property
    def plans(self) -> Plans | None:
        """The plans; None at a site that lights no streets.

        Raises:
            Problem: 503 while no site was read: it may light some.
        """
        if not self._version:
            raise away(_NOT_YET, retry_s=1, code="reading-lighting")
        return self._plans

    async def run(self, stop: asyncio.Event) -> None:
        """Follow both until told to stop."""
        looking = asyncio.create_task(self._look_at_site(stop))
        try:
            while not stop.is_set():
                try:
                    await self._follow(stop)
                except TailLost as lost:
                    log.warning("tail_lost", last=lost.last)
                except (NatsError, APIError, TimeoutError) as error:
                    log.warning("commands_unreadable", error=repr(error))
                    await asyncio.sleep(RETRY_S)
        finally:
            looking.cancel()

    async def _follow(self, stop: asyncio.Event) -> None:
        self.caught_up.clear()
        self._ledger = Ledger()
        after = await sequence_before(self._js, COMMANDS, now_us() - KEEP_US)
        end = (await self._js.stream_info(COMMANDS)).state.last_seq
        follower, taken = Follower(self._js, COMMANDS, [], after), after
        try:
            while not stop.is_set():
                if taken >= end:
                    self.caught_up.set()
                found = await follower.fetch(FETCH, 1.0 if self.caught_up.is_set() else 0.2)
                for message in found:
                    _take(self._ledger, message)
                    taken = message.sequence
                if not found and self.caught_up.is_set():
                    self._ledger.forget(now_us() - KEEP_US)
                    self._ledger.keep(KEEP)
        finally:
            await follower.close()

    async def older(self, site: str, command: str) -> Standing | None:
        """A command that is no longer in memory, from the stream itself.

        Raises:
            Problem: 503 when the stream does not answer.
        """
        ledger = Ledger()
        follower = Follower(self._js, COMMANDS, [nouns.subject(site, "*", command)], 0)
        try:
            async with asyncio.timeout(ONE_S):
                while found := await follower.fetch(FETCH, 0.3):
                    for message in found:
                        _take(ledger, message)
        except (NatsError, APIError, TimeoutError, TailLost) as error:
            raise away(_AWAY, code="commands-away") from error
        finally:
            await follower.close()
        return ledger.get(command)

    async def _look_at_site(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if self._site.known and self._site.site.version != self._version:
                    await self._use(self._site.site.version)
            except (NatsError, APIError, TimeoutError, ValueError) as error:
                log.warning("lighting_unreadable", error=repr(error))
            await asyncio.sleep(LOOK_S if self._version else RETRY_S)

    async def _use(self, version: str) -> None:
        files = await sites.files_of(self._js, version)
        lighting, problems = read_lighting(files.get(FILE), self._site.site)
        if lighting is None and problems:
            log.warning("lighting_unreadable", problem=str(problems[0]))
        self._plans = None if lighting is None else Plans(lighting)
        self._version = version


def _take(ledger: Ledger, message: Message) -> None:
    try:
        ledger.apply(message.sequence, nouns.decode_event(message.data))
    except msgspec.MsgspecError as error:
        log.warning("event_unreadable", sequence=message.sequence, error=repr(error))
