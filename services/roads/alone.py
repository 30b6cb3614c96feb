"""Only one roads service works at a time: two would tell everything twice, and a telephone knows no ids.

Who works says so every two seconds under a key of KV STATE, each time behind its own last word. Another one
waits until that word has not changed for ten seconds of its own watch, so no clocks are compared; on the same
machine it sees at once that the process is gone.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from services.roads.ledger import TROUBLE
from services.runtime import logging
from services.runtime.pause import pause
from services.runtime.streams import STATE

EXPECTED, WRONG_LAST = "Nats-Expected-Last-Subject-Sequence", 10071
SAY_S, GONE_S, LOOK_S = 2.0, 10.0, 0.5
_STREAM, _SUBJECT = f"KV_{STATE}", f"$KV.{STATE}.roads._working"
log = logging.get("roads")


class Word(msgspec.Struct, frozen=True):
    """Who works; an empty `id`: nobody."""

    id: str
    host: str
    pid: int
    nth: int


class Alone:
    """One candidate."""

    def __init__(self, js: JetStreamContext) -> None:
        """Nothing is said before `work`."""
        self._js, self._id = js, secrets.token_hex(8)
        self._nth, self._last = 0, 0

    async def work(self, do: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Do it while we are the one, until told to stop; `do` is told to end when another took over."""
        while not stop.is_set():
            if not await self._wait(stop):
                return
            ended = asyncio.Event()
            working = asyncio.create_task(_until(do, ended), name="roads-work")
            try:
                await self._hold(working, stop)
            finally:
                ended.set()
                await working
            if stop.is_set():
                with contextlib.suppress(*TROUBLE):
                    await self._say(Word("", "", 0, 0))

    async def _wait(self, stop: asyncio.Event) -> bool:
        """Wait until nobody works, and say that we do; False when told to stop."""
        loop = asyncio.get_running_loop()
        seen, since, told = -1, loop.time(), False
        while not stop.is_set():
            try:
                sequence, word = await self._look()
                if sequence != seen:
                    seen, since = sequence, loop.time()
                free = word is None or not word.id or _is_gone(word) or loop.time() - since > GONE_S
                self._last = sequence
                if free and await self._say(self._word()):
                    log.info("roads_working", id=self._id)
                    return True
            except TROUBLE as error:
                seen = -1
                log.warning("roads_word_unreadable", error=repr(error))
            if not told:
                told = True
                log.warning("roads_standing_by", word="another roads service works; this one waits")
            await pause(stop, LOOK_S)
        return False

    async def _hold(self, working: asyncio.Task[None], stop: asyncio.Event) -> None:
        """Say again and again that we work; ends when another does, or the work or we are over."""
        while not stop.is_set() and not working.done():
            await pause(stop, SAY_S)
            try:
                if not await self._say(self._word()):
                    log.warning("roads_taken_over", word="another roads service works now")
                    return
            except TROUBLE as error:  # nobody can say so now; who comes back first works
                log.warning("roads_word_unsaid", error=repr(error))

    def _word(self) -> Word:
        self._nth += 1
        return Word(self._id, socket.gethostname(), os.getpid(), self._nth)

    async def _say(self, word: Word) -> bool:
        headers = {EXPECTED: str(self._last)}
        try:
            self._last = (
                await self._js.publish(_SUBJECT, msgspec.json.encode(word), headers=headers, timeout=2.0)
            ).seq
        except APIError as error:
            if error.err_code != WRONG_LAST:
                raise
            # Our own word, whose answer was lost on the way, is no other's.
            sequence, found = await self._look()
            self._last = sequence
            return found is not None and found.id == self._id
        return True

    async def _look(self) -> tuple[int, Word | None]:
        try:
            found = await self._js.get_last_msg(_STREAM, _SUBJECT)
        except NotFoundError:
            return 0, None
        try:
            return int(found.seq or 0), msgspec.json.decode(found.data or b"", type=Word)
        except msgspec.MsgspecError:
            return int(found.seq or 0), None


async def _until(do: Callable[[asyncio.Event], Awaitable[None]], ended: asyncio.Event) -> None:
    await do(ended)


def _is_gone(word: Word) -> bool:
    """Whether it was a process of this machine that is no more."""
    if word.host != socket.gethostname():
        return False
    if word.pid == os.getpid():
        return True  # a container that was begun anew counts from one again
    try:
        os.kill(word.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
