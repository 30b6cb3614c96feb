"""What both roads of push share: how a client is placed, and its heartbeat."""

import time
from http import HTTPStatus
from typing import Any, NamedTuple

from services.api.context import Context
from services.api.errors import Problem
from services.api.push.entry import Wanted
from services.api.push.reader import Closing, Reader, place
from services.observation.instants import iso
from services.observation.text import Text

EVERY_S = 5.0
KEEPER = "keeper"


class Metronome:
    """Says how long to wait for events until the next heartbeat is due."""

    def __init__(self) -> None:
        """The first is due at once."""
        self._next = time.monotonic()

    def left(self) -> float:
        """Seconds to the next beat, not below 0."""
        return max(0.0, self._next - time.monotonic())

    def due(self) -> bool:
        """Whether it is time; if so the next one is set."""
        if self.left() > 0:
            return False
        self._next = time.monotonic() + EVERY_S
        return True


def heartbeat(context: Context, reader: Reader) -> dict[str, Any]:
    """What a client should know even when nothing happens."""
    beats = context.heartbeats
    return {
        "token": reader.token,
        "t": iso(context.clock()),
        "stream": "ok" if context.connected() else "away",
        "keeper_age_s": beats.age_s(KEEPER),
        "keeper_silent": beats.silent(KEEPER),
    }


class Placed(NamedTuple):
    """A reader, and what its client must be told first."""

    reader: Reader
    resync: dict[str, str] | None = None


async def try_place(context: Context, after: str | None, wanted: Wanted) -> Placed | None:
    """Put a client where its token says; None while that can't be known yet.

    A browser's EventSource gives up for good at any status but 200, so a stale token and a service
    that is still reading are told inside the stream.

    Raises:
        Problem: 422, the token is not one.
        Closing: the service ends.
    """
    hub = context.hub
    if hub.closing:
        raise Closing
    try:
        position = await place(hub, context.js, after)
    except Problem as problem:
        if problem.status == HTTPStatus.GONE:
            reader = Reader(hub, context.js, context.fold, hub.head, wanted)
            return Placed(reader, resync(reader.token, problem.detail))
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        raise
    return Placed(Reader(hub, context.js, context.fold, position, wanted))


def resync(token: str, reason: Text) -> dict[str, str]:
    """What a client is told whose places of before mean nothing any more."""
    return {"token": token, "reason": reason.en, "reason_vi": reason.vi}
