"""Supervisor: watched children that are started again when they end, and stopped in order."""

import asyncio
import contextlib
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime import logging, tied
from services.runtime.child_lines import Pipe, RotatingFile

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
STEADY_S = 30.0  # after so long its next end is a new story, and waiting starts small again
KILLED_S = 1.0  # a killed process is gone at once, unless the kernel holds it: then nothing helps

log = logging.get("supervisor")


@dataclass(frozen=True)
class Program:
    """What to run. `command` is asked at each start, because what it needs may have changed."""

    name: str
    command: Callable[[], list[str]]
    environment: Mapping[str, str] | None = None
    stop: signal.Signals = signal.SIGTERM
    patience_s: float = 5.0  # from the stop signal until it is killed
    quiet: Callable[[str], bool] = lambda _line: False  # lines that go to the log file only


@dataclass
class Child:
    """A program and the process that runs it now."""

    program: Program
    log: RotatingFile
    process: asyncio.subprocess.Process | None = None
    pipe: Pipe | None = None
    identity: tied.Identity | None = None
    restarts: int = 0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    watch: asyncio.Task[None] | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs children until told to stop. `changed` is called whenever a pid came or went."""

    def __init__(self, logs: Path, changed: Callable[[], None]) -> None:
        self._logs, self._changed = logs, changed
        self._children: dict[str, Child] = {}
        self._stopping: set[str] = set()
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def identities(self) -> dict[str, tied.Identity]:
        """Who runs now, by name."""
        return {name: child.identity for name, child in self._children.items() if child.identity is not None}

    def restarts(self, name: str) -> int:
        """How often a child had to be started again; 0 for one that was never started."""
        child = self._children.get(name)
        return child.restarts if child else 0

    def is_up(self, name: str) -> bool:
        """Whether a child runs now."""
        child = self._children.get(name)
        return child is not None and child.identity is not None

    def last_words(self, name: str) -> list[str]:
        """The last lines a child wrote."""
        return list(self._children[name].said)

    async def start(self, program: Program) -> None:
        """Start a program and watch it; raises OSError when it can't be executed at all."""
        child = Child(program, RotatingFile(self._logs / f"{program.name}.log"))
        self._children[program.name] = child
        await self._spawn(child)
        child.watch = asyncio.create_task(self._watch(child), name=f"watch {program.name}")

    def restart(self, name: str) -> None:
        """Tell a child to end; it will be started again."""
        child = self._children[name]
        if child.process is not None and child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(child.program.stop)

    async def stop(self, *names: str) -> None:
        """Stop the named children at the same time; return when all are gone."""
        chosen = [self._children[name] for name in names if name in self._children]
        self._stopping.update(child.program.name for child in chosen)
        await asyncio.gather(*(self._end(child) for child in chosen))

    async def _spawn(self, child: Child) -> None:
        program = child.program
        command = program.command()
        child.pipe = await Pipe.open()
        try:
            child.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=child.pipe.entry,
                env=program.environment,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
                preexec_fn=tied.to_parent(program.stop),
            )
        except BaseException:
            child.pipe.close()
            raise
        finally:
            child.pipe.close_entry()
        child.identity = tied.identity(child.process.pid)
        child.up.set()
        log.info("started", child=program.name, pid=child.process.pid, restarts=child.restarts)
        self._changed()

    async def _watch(self, child: Child) -> None:
        name = child.program.name
        loop = asyncio.get_running_loop()
        wait_s = FIRST_WAIT_S
        while True:
            began = loop.time()
            code = await self._listen(child)
            child.identity = None
            child.up.clear()
            self._changed()
            if name in self._stopping:
                return
            if loop.time() - began > STEADY_S:
                wait_s = FIRST_WAIT_S
            log.warning("child_ended", child=name, code=code, again_in_s=wait_s)
            while True:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                if name in self._stopping:
                    return
                child.restarts += 1
                try:
                    await self._spawn(child)
                    break
                except OSError as error:  # no memory, no more processes: try again, it may pass
                    log.warning("child_not_started", child=name, error=repr(error))

    async def _listen(self, child: Child) -> int:
        """Hand on what a child writes until it ends; return its exit code."""
        process, pipe = child.process, child.pipe
        if process is None or pipe is None:
            return 0
        # The pipe may outlive the process, in the hands of a descendant; what counts is its end.
        lines = asyncio.create_task(self._read(child, pipe.reader))
        try:
            code = await process.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lines, 0.5)
        finally:
            lines.cancel()
            pipe.close()
        return code

    async def _read(self, child: Child, stream: asyncio.StreamReader) -> None:
        name, quiet = child.program.name, child.program.quiet
        while True:
            try:
                raw = await stream.readline()
            except ValueError:  # a line above the limit: it was dropped, the rest follows
                continue
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\n")
            child.said.append(line)
            child.log.write(line)
            if not quiet(line):
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write(logging.child_line(name, line) + "\n")
                    sys.stderr.flush()

    async def _end(self, child: Child) -> None:
        process, program = child.process, child.program
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(program.stop)
            try:
                await asyncio.wait_for(process.wait(), program.patience_s)
            except TimeoutError:
                log.warning("killed", child=program.name, after_s=program.patience_s)
                await self._kill(child, process)
        if child.watch is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(child.watch), 1.0)
            child.watch.cancel()
        child.log.close()

    async def _kill(self, child: Child, process: asyncio.subprocess.Process) -> None:
        """Kill a child and its descendants, frozen ones too: they would keep its port and its files."""
        if child.identity is not None:
            tied.kill_tree(child.identity)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        try:
            await asyncio.wait_for(process.wait(), KILLED_S)
        except TimeoutError:
            log.error("not_killed", child=child.program.name, pid=process.pid)
