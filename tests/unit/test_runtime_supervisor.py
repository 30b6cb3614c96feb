"""Supervisor: what must be killed takes its descendants along, and no wait is without an end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime import run_file, tied
from services.runtime.supervisor import Program, Supervisor
from tests.support.waiting import until

# As PostgreSQL: a server whose backend has a session of its own and holds the server's stderr.
FAMILY = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
backend = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
file = pathlib.Path(sys.argv[1])
file.with_suffix(".new").write_text(str(backend.pid))
file.with_suffix(".new").rename(file)
time.sleep(60)
"""


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Path]:
    """Where the family says who its backend is; nobody of it outlives the test."""
    file = tmp_path / "backend"
    yield file
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(file.read_text()), signal.SIGKILL)


def words(file: Path) -> list[str]:
    return [sys.executable, "-c", FAMILY, str(file), "services.cli"]


def who_is(file: Path) -> tied.Identity:
    until(file.exists, 10, "the backend")
    found = tied.identity(int(file.read_text()))
    assert found is not None
    return found


def is_gone(who: tied.Identity) -> bool:
    return tied.identity(who.pid) != who


def test_a_child_that_must_be_killed_takes_a_frozen_descendant_along_in_time(
    tmp_path: Path, backend: Path
) -> None:
    async def story() -> float:
        supervisor = Supervisor(tmp_path / "logs", lambda: None)
        await supervisor.start(Program("family", lambda: words(backend), patience_s=0.3))
        frozen = await asyncio.to_thread(who_is, backend)
        os.kill(frozen.pid, signal.SIGSTOP)
        begun = time.monotonic()
        async with asyncio.timeout(40):
            await supervisor.stop("family")
        took = time.monotonic() - begun
        assert not supervisor.is_up("family")
        await asyncio.to_thread(until, lambda: is_gone(frozen), 2, "the end of the frozen one")
        return took

    assert asyncio.run(story()) < 20


def test_a_killed_child_is_started_again_though_a_descendant_still_holds_its_pipe(
    tmp_path: Path, backend: Path
) -> None:
    async def story() -> None:
        supervisor = Supervisor(tmp_path / "logs", lambda: None)
        await supervisor.start(Program("family", lambda: words(backend), patience_s=0.1))
        left = await asyncio.to_thread(who_is, backend)
        await asyncio.to_thread(backend.unlink)
        os.kill(supervisor.identities["family"].pid, signal.SIGKILL)
        try:
            await asyncio.to_thread(until, lambda: supervisor.restarts("family") == 1, 5, "another start")
        finally:
            os.kill(left.pid, signal.SIGKILL)
            async with asyncio.timeout(40):
                await supervisor.stop("family")

    asyncio.run(story())


def test_a_leftover_that_must_be_killed_takes_its_descendants_along(backend: Path) -> None:
    child = subprocess.Popen(words(backend))
    try:
        descendant, found = who_is(backend), tied.identity(child.pid)
        assert found is not None
        run = run_file.Run(site="s", mqtt="", http="", nats="", database=None)
        run.pids, run.started = {"ingest": child.pid}, {"ingest": found.started}
        assert run_file.end_leftovers(run, patience_s=0.2) == ["ingest"]
        assert child.wait(40) == -signal.SIGKILL
        until(lambda: is_gone(descendant), 2, "the end of its descendant")
    finally:
        child.kill()
        child.wait()


def test_whoever_got_the_number_later_is_not_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            found = tied.identity(stranger.pid)
            assert found is not None
            tied.kill_tree(tied.Identity(found.pid, found.started - 1))
            with pytest.raises(subprocess.TimeoutExpired):
                stranger.wait(0.2)
        finally:
            stranger.kill()
