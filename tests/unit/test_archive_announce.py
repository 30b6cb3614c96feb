"""Telling agents what is stored: two who publish at once, as at the end of a process."""

import asyncio
from typing import Any, cast

from nats.js import JetStreamContext

from services.ingest.archive.announce import Announcer


class Server:
    """Takes everything at once."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def publish(self, subject: str, _data: bytes, **_: Any) -> None:
        self.taken.append(subject)


def test_what_another_has_told_meanwhile_is_no_error() -> None:
    async def work() -> list[bool]:
        announcer = Announcer(cast("JetStreamContext", server))
        announcer.tell(("g1", "9f3a"), [[1, 2]])
        return list(await asyncio.gather(announcer.flush(1.0), announcer.flush(1.0)))

    server = Server()
    assert asyncio.run(work()) == [True, True]
    assert server.taken == ["down.g1.ack.9f3a.stored"]
