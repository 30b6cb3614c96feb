"""The run file: where everything of this machine is, for people, scripts and the next start."""

import contextlib
import os
import signal
import time
from pathlib import Path

import msgspec

from services.runtime import tied
from services.runtime.accounts import write_private

NAME = "run.json"
FORMAT = 1

# What a process of ours must have in its command line to be ended as a leftover.
_WORDS = {"up": "services", "nats-server": "nats-server", "postgres": "postgres"}
_SERVICE_WORD = "services.cli"


class Run(msgspec.Struct, kw_only=True):
    """What `run.json` holds; `started` tells our processes from later ones with the same number."""

    format: int = FORMAT
    site: str
    mqtt: str
    http: str
    nats: str
    database: str | None
    pids: dict[str, int] = {}
    started: dict[str, int] = {}

    def is_running(self) -> bool:
        """Whether the `up` that wrote it is alive."""
        pid, started = self.pids.get("up", 0), self.started.get("up", 0)
        found = tied.identity(pid) if pid else None
        return found is not None and found.started == started


def read(data: Path) -> Run | None:
    """The run file of a data folder; None when there is none that can be read."""
    try:
        return msgspec.json.decode((data / NAME).read_bytes(), type=Run)
    except (OSError, msgspec.MsgspecError):
        return None


def write(data: Path, run: Run) -> None:
    """Replace it as a whole; it holds passwords, so only we may read it."""
    text = msgspec.json.format(msgspec.json.encode(run), indent=1).decode()
    write_private(data / NAME, text + "\n")


def end_leftovers(run: Run, patience_s: float = 5.0) -> list[str]:
    """End children that a killed `up` left behind; return their names.

    Only those that are ours beyond doubt: the number, the start time and the program must all be
    what the run file says. Only to be called while holding the data folder's lock.
    """
    left = {
        name: pid
        for name, pid in run.pids.items()
        if name != "up" and pid != os.getpid() and _is_ours(run, name, pid)
    }
    for name, pid in left.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while any(_is_ours(run, name, pid) for name, pid in left.items()):
        if time.monotonic() > deadline:
            for name, pid in left.items():
                if _is_ours(run, name, pid):
                    tied.kill_tree(tied.Identity(pid, run.started[name]))
            break
        time.sleep(0.05)
    return sorted(left)


def _is_ours(run: Run, name: str, pid: int) -> bool:
    return tied.is_ours(pid, run.started.get(name, -1), _WORDS.get(name, _SERVICE_WORD))
