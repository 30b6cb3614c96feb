"""The store of people: KV bucket PEOPLE, followed into a book, and changed under the revision that was read.

In the streams and not in the database: who is on duty must get in while the history is away.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError

from services.runtime import logging
from services.runtime.follow import Follower, TailLost
from services.runtime.pause import pause
from services.runtime.people import (
    ACCOUNT,
    SESSIONS,
    Account,
    Book,
    Sessions,
    decode_account,
    decode_sessions,
    encode,
)
from services.runtime.streams import PEOPLE

STREAM = f"KV_{PEOPLE}"
TRIES = 10
RETRY_S = 0.5
_SUBJECT = f"$KV.{PEOPLE}."
T = TypeVar("T")
K = TypeVar("K", Account, Sessions)
log = logging.get("people")


class Busy(Exception):  # noqa: N818  a fact about the moment
    """Others changed the same account again and again while we tried."""


class PeopleStore:
    """Reads and changes accounts; several processes may do so at once."""

    def __init__(self, js: JetStreamContext) -> None:
        """Nothing is read yet."""
        self._js = js
        self._one = asyncio.Lock()  # of our own changes none has to be tried again because of another

    async def account(self, name: str) -> Account | None:
        """An account as it is stored at this moment."""
        return (await self._read(f"{ACCOUNT}.{name}", decode_account))[0]

    async def change(self, name: str, work: Callable[[Account | None], Account]) -> Account:
        """Replace an account by what `work` makes of it; `work` runs again when someone else was faster.

        Raises:
            Busy: someone else was faster each time. What `work` raises is passed on.
        """
        return await self._change(f"{ACCOUNT}.{name}", decode_account, work)

    async def change_sessions(self, name: str, work: Callable[[Sessions], Sessions]) -> Sessions:
        """As `change`, of an account's sessions."""
        return await self._change(
            f"{SESSIONS}.{name}", decode_sessions, lambda found: work(found or Sessions())
        )

    async def read_all(self) -> Book:
        """Everybody, as they stand at this moment."""
        book = Book()
        bucket = await self._js.key_value(PEOPLE)
        info = await self._js.stream_info(STREAM)
        for key in await bucket.keys() if info.state.messages else []:
            entry = await bucket.get(key)
            _take(book, key, entry.value or b"")
        book.loaded = True
        return book

    async def follow(
        self, book: Book, stop: asyncio.Event, changed: Callable[[], None] | None = None
    ) -> None:
        """Keep a book equal to the bucket until told to stop; `changed` is called after each change.

        What the book held stays in force while the streams are away.
        """
        while not stop.is_set():
            follower = Follower(self._js, STREAM, [], 0)
            try:
                await self._keep(follower, book, stop, changed)
            except TailLost:
                log.warning("people_begin_anew")
            except (NatsError, APIError, TimeoutError) as error:
                log.warning("people_unreadable", error=repr(error))
                await pause(stop, RETRY_S)
            finally:
                await follower.close()

    async def _keep(
        self, follower: Follower, book: Book, stop: asyncio.Event, changed: Callable[[], None] | None
    ) -> None:
        end = (await self._js.stream_info(STREAM)).state.last_seq
        position, into = 0, Book()
        while not stop.is_set():
            if into is not book and position >= end:
                book.become(into)
                into = book
                log.info("people_read", accounts=len(book.accounts))
                if changed is not None:
                    changed()
            messages = await follower.fetch(256, 1.0)
            for message in messages:
                _take(into, message.subject.removeprefix(_SUBJECT), message.data)
                position = message.sequence
            if messages and into is book and changed is not None:
                changed()

    async def _read(self, key: str, decode: Callable[[bytes], T]) -> tuple[T | None, int]:
        bucket = await self._js.key_value(PEOPLE)
        try:
            entry = await bucket.get(key)
        except KeyNotFoundError as error:
            # Of a key that was deleted the marker has a revision too.
            return None, getattr(getattr(error, "entry", None), "revision", None) or 0
        return decode(entry.value or b""), entry.revision or 0

    async def _change(self, key: str, decode: Callable[[bytes], K], work: Callable[[K | None], K]) -> K:
        bucket = await self._js.key_value(PEOPLE)
        async with self._one:
            for _ in range(TRIES):
                found, revision = await self._read(key, decode)
                made = work(found)
                if found is not None and made == found:
                    return made
                try:
                    await bucket.update(key, encode(made), last=revision)
                except KeyWrongLastSequenceError:
                    continue
                return made
        raise Busy(key)


def _take(book: Book, key: str, data: bytes) -> None:
    try:
        book.take(key, data)
    except msgspec.MsgspecError as error:
        log.warning("account_unreadable", key=key, error=repr(error))
