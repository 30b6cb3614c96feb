"""Tied: children that do not outlive us, and telling ours from a stranger with the same number."""

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be loaded between fork and exec


class Identity(NamedTuple):
    """A process that can't be mistaken for another that got its number later."""

    pid: int
    started: int  # clock ticks after boot, as /proc tells it


def to_parent(number: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel for a signal when we die.

    Without it, a kill -9 of the supervisor would leave servers running with their ports and files.
    """
    parent = os.getpid()

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), number)

    return ask


def identity(pid: int) -> Identity | None:
    """Who has this number now; None when nobody has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name in parentheses may hold anything; the fields are counted from behind it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else Identity(pid, int(fields[19]))


def command_line(pid: int) -> str:
    """The words a process was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def is_ours(pid: int, started: int, word: str) -> bool:
    """Whether the process is the one we recorded: same number, same start, and our kind of program."""
    found = identity(pid)
    return found is not None and found.started == started and word in command_line(pid)


def us() -> Identity:
    """Who we are ourselves."""
    return identity(os.getpid()) or Identity(os.getpid(), 0)
