"""Where the archive stands in each stream, and what it saw go missing: tables `position`, `stream_gap`."""

from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

Conn = AsyncConnection[Any]
Mark = tuple[int, str]
"""(sequence, hash of that message)"""

TRAIL_AT_MOST = 24


class Place(NamedTuple):
    """Last message of a stream that is in the tables; `trail` are older ones, newest last."""

    epoch: str
    sequence: int
    hash: str
    trail: tuple[Mark, ...] = ()

    def moved(self, sequence: int, digest: str) -> "Place":
        """The place after one more group."""
        if self.sequence == 0:
            return self._replace(sequence=sequence, hash=digest)
        return Place(self.epoch, sequence, digest, thinned((*self.trail, (self.sequence, self.hash))))


class NotAlone(Exception):  # noqa: N818  a fact about the database, not a fault of ours
    """Another archive moved the position: two of them are at work."""


def thinned(trail: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """At most so many marks, dense at the end and sparse far back.

    Who must go back after a lost tail finds one close to where the stream broke. Of three marks in
    a row the middle one goes where it is least missed: where the gap it leaves is small against the
    distance to the end.
    """
    if len(trail) <= TRAIL_AT_MOST:
        return trail
    end = trail[-1][0]

    def missed(at: int) -> float:
        return (trail[at + 1][0] - trail[at - 1][0]) / (end - trail[at][0] + 1)

    victim = min(range(1, len(trail) - 1), key=missed)
    return trail[:victim] + trail[victim + 1 :]


async def load_place(conn: Conn, stream: str) -> Place | None:
    """Where we stand; None when this stream was never read."""
    cursor = await conn.execute(
        "select epoch, sequence, hash, trail from position where stream = %s", (stream,)
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Place(row[0], row[1], row[2], tuple((mark[0], mark[1]) for mark in row[3]))


async def open_place(conn: Conn, stream: str, epoch: str) -> Place:
    """Begin a stream at its start."""
    await conn.execute(
        "insert into position (stream, epoch, sequence, hash, updated_at) values (%s, %s, 0, '', now())",
        (stream, epoch),
    )
    return Place(epoch, 0, "")


async def move_place(conn: Conn, stream: str, before: Place, after: Place) -> None:
    """Move on from where we believe to stand.

    Raises:
        NotAlone: the table says otherwise.
    """
    cursor = await conn.execute(
        "update position set epoch = %s, sequence = %s, hash = %s, trail = %s, updated_at = now()"
        " where stream = %s and epoch = %s and sequence = %s",
        (
            after.epoch,
            after.sequence,
            after.hash,
            Jsonb(after.trail, dumps=msgspec.json.encode),
            stream,
            before.epoch,
            before.sequence,
        ),
    )
    if cursor.rowcount != 1:
        msg = f"position of {stream} is not at {before.sequence} any more; is a second archive running?"
        raise NotAlone(msg)


async def note_gap(  # noqa: PLR0913  the columns of the table
    conn: Conn,
    stream: str,
    epoch: str,
    span: tuple[int, int],
    reason: str,
    between: tuple[int | None, int | None] = (None, None),
) -> None:
    """Keep for good what a stream discarded or lost before we had it; `between` are times in µs around it."""
    await conn.execute(
        "insert into stream_gap (stream, epoch, from_seq, to_seq, reason, after, before)"
        " values (%s, %s, %s, %s, %s, 'epoch'::timestamptz + %s::int8 * interval '1 microsecond',"
        " 'epoch'::timestamptz + %s::int8 * interval '1 microsecond')"
        " on conflict (stream, epoch, from_seq)"
        " do update set to_seq = greatest(stream_gap.to_seq, excluded.to_seq)",
        (stream, epoch, *span, reason, *between),
    )
