"""Long work at the terminal: what is being done and how far it is; threads that end when they are told to."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from services.cli.words import say
from services.observation.text import Text

EVERY_S = 2.0
MB = 1 << 20

Result = TypeVar("Result")


class Progress:
    """Says each step once, and how far a long one is every two seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._at = now()

    def step(self, text: Text) -> None:
        """Begin a step."""
        say(f"{text.en} / {text.vi}")
        self._at = self._now()

    def bytes(self, what: str) -> Callable[[int], None]:
        """How many bytes of something are done."""
        return lambda done: self._tell(f"  {what}: {done / MB:,.0f} MB")

    def rows(self, table: str, done: int) -> None:
        """How many rows of a table are done."""
        self._tell(f"  {table}: {done:,} rows")

    def filled(self, table: str, done: int) -> None:
        """How many bytes of a table are done."""
        self._tell(f"  {table}: {done / MB:,.0f} MB")

    def _tell(self, line: str) -> None:
        if self._now() - self._at >= EVERY_S:
            self._at = self._now()
            say(line)


async def in_thread(stop: threading.Event, work: Callable[[], Result]) -> Result:
    """Do blocking work in a thread; when we are cancelled it is told, and waited for: it writes files."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([doing])
        if not doing.cancelled():
            doing.exception()  # that it was interrupted
        raise


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; SIGTERM and Ctrl-C break it off in order, so that nothing half-done is left.

    Raises:
        KeyboardInterrupt: broken off.
    """

    async def guarded() -> Result:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
