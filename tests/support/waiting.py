"""Waiting for what must come, with a deadline and a word about what did not."""

import time
from collections.abc import Callable

PATIENCE_S = 40.0
"""A machine where three workers run their servers side by side is slow at times; that is nobody's fault."""


def until(reached: Callable[[], object], timeout_s: float, what: str, *, promised: bool = False) -> float:
    """Poll until it is so; return how long it took.

    Below `PATIENCE_S` the time asked for is only what is usual, unless it is what was `promised`.

    Raises:
        AssertionError: it was not so in time.
    """
    begun = time.monotonic()
    given_up = begun + (timeout_s if promised else max(timeout_s, PATIENCE_S))
    while not reached():
        if time.monotonic() > given_up:
            msg = f"waited {given_up - begun:g} s for {what}"
            raise AssertionError(msg)
        time.sleep(0.02)
    return time.monotonic() - begun
