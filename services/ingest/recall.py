"""What ingest remembers when it starts: from its newest snapshot, and from the stream behind that."""

from collections.abc import Callable, Sequence

import msgspec

from services.ingest.book import Book
from services.ingest.stream import Stream
from services.observation.batch import BatchError
from services.runtime import logging
from services.runtime.nats import Position

log = logging.get("ingest")


async def restore(
    stream: Stream, book: Book, snapshots: Sequence[tuple[str, Position]], tail_lost: Callable[[int], None]
) -> None:
    """From the newest snapshot that the stream bears out, else from the stream's beginning.

    `book` must be new. `tail_lost` hears of each position that the stream no longer has.
    """
    after = 0
    for name, position in snapshots:
        if not await stream.stands(position):
            tail_lost(position.sequence)
            continue
        saved = await stream.load(name)
        if saved is not None:
            book.load(saved)
            after = position.sequence
            break
    await fold(stream, book, after)


async def fold(stream: Stream, book: Book, after: int) -> None:
    """Take in what the stream has after a sequence, whoever wrote it."""
    async for message in stream.read(after):
        try:
            book.fold(message.kind, message.data)
        except (BatchError, msgspec.MsgspecError) as error:
            log.warning("message_unreadable", sequence=message.sequence, error=repr(error))
    book.keep()
