"""Tied: children that do not outlive us, and telling ours from a stranger with the same number."""

import contextlib
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
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else Identity(pid, int(fields[19]))


def family(pid: int) -> list[Identity]:
    """A process and all that descend from it now, itself first.

    By parentage: a process group would not do, because backends of PostgreSQL have sessions of their own.
    """
    offspring: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdecimal() else None
        if fields is not None:
            offspring.setdefault(int(fields[1]), []).append(int(entry.name))
    numbers = [pid]
    for number in numbers:  # it grows while we walk
        numbers.extend(offspring.get(number, ()))
    return [who for who in map(identity, numbers) if who is not None]


def kill_tree(root: Identity) -> None:
    """Kill a process and all that descend from it; a later process with its number is left alone.

    All are stopped before any is killed, so that nobody starts another behind our back, and none is
    given to another parent before we have seen it.
    """
    if identity(root.pid) != root:
        return
    stopped: list[Identity] = []
    while found := [who for who in family(root.pid) if who not in stopped]:
        for who in found:
            _send(who, signal.SIGSTOP)
        stopped += found
    for who in stopped:
        _send(who, signal.SIGKILL)


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


def _send(who: Identity, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if identity(who.pid) == who:
            os.kill(who.pid, number)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc's line behind the name, which stands in parentheses and may hold anything."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    return line.rpartition(")")[2].split()


def us() -> Identity:
    """Who we are ourselves."""
    return identity(os.getpid()) or Identity(os.getpid(), 0)
