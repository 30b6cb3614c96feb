"""`haidang up` for tests: started as its user would, stopped in order, nothing left behind.

`running` is the whole machine; `nats_only` and `postgres_only` are its servers alone, with the very
configuration that `up` gives them, for tests of one room.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from services.runtime import embedded, postgres_server, run_file
from services.runtime.accounts import ADMIN, Credentials
from services.runtime.nats_config import Ports, write_config
from services.runtime.settings import Settings
from tests.support.broker import free_port
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "services.cli")
STOP_S = 10.0
"""Promised."""
BUSY_S = 40.0
"""Where the time is not what is tested: three workers with their servers may share two processors."""


class Up:
    """A running `haidang up`. Addresses are those it printed."""

    def __init__(self, site: Path, data: Path, *extra: str, program: tuple[str, ...] = PROGRAM) -> None:
        self.site, self.data = site, data
        self.mqtt: tuple[str, int] = ("", 0)
        self.http = ""
        self.ready_s = 0.0
        self._seen: dict[int, int] = {}  # pid → start time, of every child we ever heard of
        self._out: list[str] = []
        self._err: list[str] = []
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [*program, "up", "--site", str(site), "--data", str(data), *extra],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._readers = [
            threading.Thread(target=_drain, args=(self.process.stdout, self._out), daemon=True),
            threading.Thread(target=_drain, args=(self.process.stderr, self._err), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self._begun = begun

    def wait_ready(self, timeout_s: float = 120.0) -> "Up":
        """Wait for the line `ready …`."""

        def printed() -> bool:
            assert self.process.poll() is None, f"up ended with {self.process.returncode}:\n{self.stderr}"
            return any(line.startswith("ready ") for line in self._out)

        try:
            until(printed, timeout_s, "up to be ready")
        except AssertionError as error:
            msg = f"{error}\n{self.stderr[-6000:]}"
            raise AssertionError(msg) from None
        self.ready_s = time.monotonic() - self._begun
        words = dict(line.split(" ", 1) for line in self._out if " " in line)
        host, _, port = words["mqtt"].rpartition(":")
        self.mqtt, self.http = (host, int(port)), words["ready"]
        self.pids()
        return self

    @property
    def stdout(self) -> list[str]:
        """Lines printed so far."""
        return list(self._out)

    @property
    def stderr(self) -> str:
        """What it has said so far, its children's words too."""
        return "".join(line + "\n" for line in list(self._err))

    @property
    def run(self) -> run_file.Run:
        """The run file as it is now."""
        found = run_file.read(self.data)
        assert found is not None, "there is no run.json"
        return found

    @property
    def nats(self) -> str:
        """Address of NATS, as administrator."""
        return self.run.nats

    @property
    def database(self) -> str:
        """Address of the database."""
        address = self.run.database
        assert address is not None
        return address

    def settings(self, user: str = ADMIN) -> Settings:
        """Settings of a service of this machine."""
        password = Credentials.keep(self.data / "credentials.json").nats[user]
        server = self.nats.rpartition("@")[2]
        return Settings.load(
            {
                "nats": f"nats://{user}:{password}@{server}",
                "mqtt": f"mqtt://{user}:{password}@{self.mqtt[0]}:{self.mqtt[1]}",
                "data": str(self.data),
            },
            {},
        )

    def pids(self) -> dict[str, int]:
        """Who runs now, by name; `up` itself too."""
        run = self.run
        self._seen.update({pid: run.started.get(name, 0) for name, pid in run.pids.items()})
        return dict(run.pids)

    def pid(self, name: str) -> int:
        """Process id of one child."""
        return self.pids()[name]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Kill a child; return the number it had."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def wait_restarted(self, name: str, before: int, timeout_s: float = BUSY_S) -> int:
        """Wait until run.json names another process; return it."""
        until(lambda: self.pids().get(name, before) != before, timeout_s, f"{name} to be started again")
        return self.pid(name)

    def stop(self, timeout_s: float = STOP_S) -> float:
        """SIGTERM; asserts a clean end in time with nothing left. Returns how long it took."""
        if self.process.poll() is None:
            with contextlib.suppress(AssertionError, KeyError):
                self.pids()
            begun = time.monotonic()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.end_hard()
                msg = f"up did not stop within {timeout_s:g} s:\n{self.stderr[-4000:]}"
                raise AssertionError(msg) from None
            took = time.monotonic() - begun
        else:
            took = 0.0
        self._close()
        assert self.process.returncode == 0, (
            f"up ended with {self.process.returncode}:\n{self.stderr[-4000:]}"
        )
        assert self.left() == [], "children outlived up"
        return took

    def end_hard(self) -> None:
        """Kill `up` and whatever it started; for tests that have failed already, or that ask for it."""
        with contextlib.suppress(AssertionError, KeyError):
            self.pids()
        self.process.kill()
        self.process.wait()
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._close()

    def left(self) -> list[int]:
        """Processes that name our data folder in their words or environment: all that we started."""
        mark = str(self.data.resolve()).encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) not in (os.getpid(), self.process.pid):
                with contextlib.suppress(OSError):
                    words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                    dead = b") Z " in (entry / "stat").read_bytes()
                    if mark in words and not dead and not _is_test(words):
                        found.append(int(entry.name))
        return sorted(found)

    def _close(self) -> None:
        for reader in self._readers:
            reader.join(BUSY_S)  # closed under its hands, a stream is an error in its thread
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def running(
    site: Path, data: Path, *extra: str, program: tuple[str, ...] = PROGRAM, ready_s: float = 120.0
) -> Iterator[Up]:
    """A machine that is ready; stopped at the end, and that is asserted too."""
    up = Up(site, data, *extra, program=program)
    try:
        yield up.wait_ready(ready_s)
    except BaseException:
        sys.stderr.write(up.stderr[-8000:])
        up.end_hard()
        raise
    up.stop(BUSY_S)


class NatsOnly:
    """A nats-server with the configuration `up` gives it, that can be killed and started again."""

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        self.folder = folder
        self.ports = Ports(free_port(), "127.0.0.1", free_port())
        self.credentials = Credentials.keep(folder / "credentials.json")
        self.mqtt = ("127.0.0.1", self.ports.mqtt)
        self._program = embedded.nats_server()
        self._config = write_config(folder / "nats", self.ports, self.credentials, strict=strict)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, user: str = ADMIN) -> str:
        """The address as one of the accounts."""
        return f"nats://{user}:{self.credentials.nats[user]}@127.0.0.1:{self.ports.nats}"

    def settings(self, user: str = ADMIN, **more: str) -> Settings:
        """Settings of a service that uses this server."""
        mqtt = f"mqtt://{user}:{self.credentials.nats[user]}@127.0.0.1:{self.ports.mqtt}"
        return Settings.load({"nats": self.url(user), "mqtt": mqtt, **more}, {})

    def start(self) -> None:
        """Start, and wait until both listeners answer."""
        with (self.folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([self._program.path, "-c", self._config], stdout=log, stderr=log)
        for port in (self.ports.nats, self.ports.mqtt):
            until(partial(_answers, port), 10, f"nats-server on port {port}; see {self.folder}/nats.log")

    def kill(self) -> None:
        """As a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Orderly."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.kill()


def nats_only(folder: Path, *, strict: bool = False) -> NatsOnly:
    """A server for a `with`; streams are made by who needs them (`ensure_streams`)."""
    folder.mkdir(parents=True, exist_ok=True)
    return NatsOnly(folder, strict=strict)


@contextmanager
def postgres_only(folder: Path) -> Iterator[str]:
    """The embedded PostgreSQL as `up` starts it; yields its address."""
    folder.mkdir(parents=True, exist_ok=True)
    programs, port, password = embedded.postgres(), free_port(), secrets.token_hex(8)
    cluster = folder / "postgres"
    if not postgres_server.is_made(cluster):
        asyncio.run(postgres_server.make(programs, cluster, password, lambda _: None))
    with (folder / "postgres.log").open("ab") as log:
        process = subprocess.Popen(postgres_server.command(programs, cluster, port), stdout=log, stderr=log)
    try:
        until(lambda: _answers(port), 15, f"postgres on port {port}; see {folder}/postgres.log")
        yield postgres_server.url(port, password)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(cluster, ignore_errors=True)


def _drain(stream: IO[str], lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in stream)


def _answers(port: int) -> bool:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def _is_test(words: bytes) -> bool:
    """A replay or a test process that names the folder is not a child of `up`."""
    return b"pytest" in words.split(b"\0PATH=")[0][:2000]
