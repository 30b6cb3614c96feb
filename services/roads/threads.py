"""Threads of one carrier's own.

The loop's own threads are few (six on two processors) and shared: one receiver that hangs would take them
all, and with them every other road that needs one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs blocking work of one carrier; two at once, so that one that hangs leaves room for another try."""

    def __init__(self, most: int = 2) -> None:
        """No thread is begun before it is needed."""
        self._most = most
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """Do it, and wait."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="road")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let the threads go; what still hangs is left to itself."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
