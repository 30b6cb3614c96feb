"""The digest of ALERTS in object store SNAPSHOTS: written by one, read by all who need the whole stream.

A digest is a shortcut and never the truth: one that is missing, of another release or format, of another
epoch, beyond the stream's end, or that can't be read, is passed over, and the stream is read from its
beginning. There are two objects, written in turn, so that one always stands while the other is replaced.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.api import ObjectMeta, ObjectMetaOptions
from nats.js.errors import APIError
from nats.js.errors import Error as JetStreamError

from services.observation import digest as form
from services.observation.digest import Form, Head, Stored, Unreadable
from services.observation.messages import HEADER
from services.observation.tally import Tally
from services.runtime import logging
from services.runtime.follow import Message
from services.runtime.formats import release
from services.runtime.nats import NatsError
from services.runtime.position import EPOCH, Position, check_position
from services.runtime.streams import ALERTS, SNAPSHOTS

NAMES = ("alerts.digest.a", "alerts.digest.b")
CHUNK = 1 << 20
READ_S, WRITE_S = 30.0, 60.0
_TROUBLE = (NatsError, APIError, JetStreamError, TimeoutError, OSError, ValueError)
_distrusted: set[tuple[str, int]] = set()
log = logging.get("digest")


class Broken(TimeoutError):  # noqa: N818  for its holder like a stream that does not answer: begin again
    """A digest turned out not to be one while it was read. The next reading passes it over."""


class _Label(msgspec.Struct):
    """Written on the object, so that nobody must open it to know which is newer."""

    sequence: int
    epoch: str
    release: str


class Digest:
    """A digest that holds: the stream still is what it was written of."""

    def __init__(self, found: Form, first: int) -> None:
        """`first`: the first sequence that the stream still keeps; what is older is gone with it."""
        self.head, self._blocks, self._first = found.head, found.blocks, first

    @property
    def sequence(self) -> int:
        """The last sequence that is in it; who took its messages follows the stream from there."""
        return self.head.sequence

    async def messages(self, since_us: int = 0) -> AsyncIterator[list[Message]]:
        """All of them, block by block, in the order of the stream.

        Args:
            since_us: leave out what is over and was not touched since; it never leaves out what still stands.

        Raises:
            Broken: it is no digest after all; whatever was taken from it is to be forgotten.
        """
        count = 0
        for block in self._blocks:
            try:
                unpacked = form.unpack(block)
            except Unreadable as error:
                raise self.distrust(error) from error
            count += len(unpacked)
            yield [_message(one) for one in unpacked if self._wanted(one, since_us)]
            await asyncio.sleep(0)  # who reads has a heart to beat
        if count != self.head.count:
            raise self.distrust(Unreadable(f"{count} messages, not {self.head.count}"))

    def distrust(self, error: Exception) -> Broken:
        """Pass it over from now on; the value is to be raised."""
        _distrusted.add(_identity(self.head))
        log.warning("digest_broken", error=repr(error))
        return Broken(repr(error))

    def _wanted(self, one: Stored, since_us: int) -> bool:
        return one.sequence >= self._first and (not one.left_us or one.left_us >= since_us)


async def read(js: JetStreamContext, whole_after: int | None = None) -> Digest | None:
    """The newest digest that holds; None: read the whole stream. Arguments as of `begin`."""
    try:
        listed = await _listed(js)
    except _TROUBLE as error:
        log.warning("digest_unreadable", error=repr(error))
        return None
    for name in sorted(listed, key=lambda name: -listed[name].sequence):
        try:
            found = form.split(await _object(js, name))
            why, first = await against(js, found.head)
        except _TROUBLE as error:
            log.warning("digest_unreadable", name=name, error=repr(error))
            continue
        if whole_after is not None and whole_after < found.head.whole_after:
            why = "the reader was not so far yet"
        if not why:
            log.info("digest_taken", sequence=found.head.sequence, messages=found.head.count)
            return Digest(found, first)
        log.info("digest_passed_over", sequence=found.head.sequence, because=why)
    return None


class Begun(NamedTuple):
    """Where a reader follows the stream on; the head of the digest that it was given, None: nothing was."""

    after: int
    head: Head | None


async def begin(
    js: JetStreamContext,
    take: Callable[[Message], object],
    *,
    lately_us: int | None = None,
    whole_after: int | None = None,
) -> Begun:
    """Hand a reader the past that matters, as if it were read from the stream.

    Args:
        js: of the site.
        take: is handed each message, in the order of the stream.
        lately_us: nothing of what is over for longer; what still stands is always among it.
        whole_after: where the reader was before; behind this sequence nothing may be missing.

    Raises:
        Broken: what was handed out is to be forgotten; begin again.
    """
    found = await read(js, whole_after)
    if found is None:
        return Begun(max(int((await js.stream_info(ALERTS)).state.first_seq) - 1, 0), None)
    since = 0 if lately_us is None else found.head.latest_us - lately_us
    async for block in found.messages(since):
        for message in block:
            try:
                take(message)
            except Exception as error:  # what a reader stumbles over in it need not lie in the stream
                raise found.distrust(error) from error
    return Begun(found.sequence, found.head)


async def restore(js: JetStreamContext, head: Head, tally: Tally) -> None:
    """Take up the tally of a digest, without the days of which the stream itself has nothing any more."""
    first = int((await js.stream_info(ALERTS)).state.first_seq)
    tally.restore(head.tally, head.sequence, first)


async def _listed(js: JetStreamContext) -> dict[str, _Label]:
    """Every digest there is, and what its label says."""
    store = await js.object_store(SNAPSHOTS)
    listed = {}
    for name in NAMES:
        with suppress(JetStreamError, msgspec.MsgspecError):
            described = (await store.get_info(name)).description or ""
            listed[name] = msgspec.json.decode(described, type=_Label)
    return listed


async def _object(js: JetStreamContext, name: str) -> bytes:
    store = await js.object_store(SNAPSHOTS)
    whole = io.BytesIO()
    # nats-py waits for ever for the pieces of one that is replaced while it is read.
    async with asyncio.timeout(READ_S):
        await store.get(name, writeinto=whole)
    return whole.getvalue()


async def against(js: JetStreamContext, head: Head) -> tuple[str, int]:
    """What speaks against a digest, empty: nothing; and the first sequence that the stream keeps."""
    info = await js.stream_info(ALERTS)
    first = int(info.state.first_seq)
    if head.release != release():
        return f"it is of release {head.release}", first
    if head.epoch != (info.config.metadata or {}).get(EPOCH, ""):
        return "it is of another epoch", first
    if head.sequence > info.state.last_seq:
        return "it goes beyond the end of the stream", first
    if (info.state.num_deleted or 0) > head.deleted:
        return "something was deleted from the stream since", first
    if _identity(head) in _distrusted:
        return "it is broken", first
    standing = await check_position(js, ALERTS, Position(head.epoch, head.sequence, head.hash))
    return "" if standing.holds else "the stream tells another story", first


def _identity(head: Head) -> tuple[str, int]:
    return head.hash, head.sequence


async def write(js: JetStreamContext, head: Head, messages: Sequence[Stored]) -> int:
    """Put a digest in place of the older one; its bytes.

    Raises:
        NatsError, APIError, TimeoutError: it could not be written; what was there holds as before.
    """
    blocks = [await asyncio.to_thread(form.pack, block) for block in form.cut(messages)]
    data = await asyncio.to_thread(form.join, head, blocks)
    label = msgspec.json.encode(_Label(head.sequence, head.epoch, head.release)).decode()
    meta = ObjectMeta(description=label, options=ObjectMetaOptions(max_chunk_size=CHUNK))
    name, store = await _to_replace(js, head.epoch), await js.object_store(SNAPSHOTS)
    async with asyncio.timeout(WRITE_S):
        await store.put(name, data, meta=meta)
    log.info("digest_written", sequence=head.sequence, messages=len(messages), bytes=len(data))
    return len(data)


async def _to_replace(js: JetStreamContext, epoch: str) -> str:
    """An object that is missing, or of no use any more; else the one that was written first."""
    listed = await _listed(js)

    def worth(name: str) -> int:
        label = listed.get(name)
        return -1 if label is None or (label.epoch, label.release) != (epoch, release()) else label.sequence

    return min(NAMES, key=worth)


def _message(one: Stored) -> Message:
    return Message(
        one.subject, one.sequence, one.headers.get(HEADER, ""), one.data, one.headers, one.stored_us
    )
