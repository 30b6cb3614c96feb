"""Waiting for what must come, with a deadline and a word about what did not."""

import time
from collections.abc import Callable


def until(reached: Callable[[], object], timeout_s: float, what: str) -> float:
    """Poll until it is so; return how long it took.

    Raises:
        AssertionError: it was not so in time.
    """
    begun = time.monotonic()
    while not reached():
        if time.monotonic() - begun > timeout_s:
            msg = f"waited {timeout_s:g} s for {what}"
            raise AssertionError(msg)
        time.sleep(0.02)
    return time.monotonic() - begun
