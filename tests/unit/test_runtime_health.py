"""A service that is told to end ends, even when the library below swallows the word."""

import asyncio
from typing import Any, cast

from services.runtime.health import Health


class Swallowing:
    """As nats-py on Python 3.11: a cancellation that meets an answer is lost."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def publish(self, *_: object, **__: object) -> None:
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return


def test_a_heartbeat_ends_though_its_cancellation_was_swallowed() -> None:
    async def play() -> None:
        js = Swallowing()
        beating = asyncio.create_task(Health(cast("Any", js), "api").run())
        await js.asked.wait()
        beating.cancel()
        await asyncio.wait_for(asyncio.gather(beating, return_exceptions=True), 2)

    asyncio.run(play())
