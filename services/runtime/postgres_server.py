"""The embedded PostgreSQL: making its folder, and how it is started. Its programs only, as our child."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from services.observation.text import Text
from services.runtime import tied
from services.runtime.accounts import write_private
from services.runtime.embedded import EmbeddedError, Postgres

USER, DATABASE = "haidang", "haidang"
VERSION_FILE = "PG_VERSION"

# For one small box that also runs everything else. A commit is on the disk when we are told so.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a folder path may be too long for a socket, and nobody needs one
    "max_connections": "40",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


def as_another_user() -> list[str]:
    """What goes before the programs when we are root, as whom PostgreSQL refuses to run.

    A user namespace shows it our files as its own, without adding a user to the machine or opening
    a folder to one.

    Raises:
        EmbeddedError: we are root and the machine forbids user namespaces.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") is not None:
        tried = subprocess.run([*prefix, "true"], capture_output=True, check=False, timeout=20)
        if tried.returncode == 0:
            return prefix
    raise EmbeddedError(
        Text(
            "PostgreSQL không chạy với quyền root, và máy này cấm user namespace",
            "PostgreSQL does not run as root, and this machine forbids user namespaces",
        ),
        Text(
            "chạy bằng người dùng thường, hoặc dùng --database URL của một máy chủ có sẵn",
            "run haidang as an ordinary user, or name a server with --database URL",
        ),
    )


def url(port: int, password: str, host: str = "127.0.0.1") -> str:
    """The address our services use."""
    return f"postgresql://{USER}:{password}@{host}:{port}/{DATABASE}"


def is_made(folder: Path) -> bool:
    """Whether the folder holds a finished cluster."""
    return (folder / VERSION_FILE).exists()


async def make(programs: Postgres, folder: Path, password: str, say: Callable[[str], None]) -> None:
    """Make a new cluster with one user and one database; a half-made one is never left behind.

    Raises:
        EmbeddedError: initdb failed; carries its last words.
    """
    say("postgres: making the database, once, takes a few seconds / tạo cơ sở dữ liệu lần đầu")
    prefix = as_another_user()
    half = folder.with_name(folder.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as private:
        secret = Path(private) / "password"
        write_private(secret, password + "\n")
        await _run(
            [
                *prefix,
                str(programs.initdb),
                *("-D", str(half), "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
            ]
        )
    # Single-user mode, so that the database is there before the first client can ask for it.
    single = [*prefix, str(programs.postgres), "--single", "-D", str(half), "postgres"]
    await _run(single, f"CREATE DATABASE {DATABASE}\n")
    half.rename(folder)


def command(programs: Postgres, folder: Path, port: int) -> list[str]:
    """How to start the server. Settings stand here, so a new release brings its own."""
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    return [*as_another_user(), str(programs.postgres), "-D", str(folder), "-p", str(port), *settings]


def clear_stale_lock(folder: Path) -> None:
    """Remove `postmaster.pid` of a server that is gone.

    PostgreSQL does so itself unless another process has that number now, as may be after a power
    cut; then it would refuse to start. Only to be called while holding the data folder's lock.
    """
    lock = folder / "postmaster.pid"
    try:
        pid = int(lock.read_text("utf-8").split("\n", 1)[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        words = b""
    except (OSError, ValueError):
        return
    if b"postgres" not in words:
        lock.unlink(missing_ok=True)


async def _run(arguments: list[str], feed: str = "") -> None:
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=tied.to_parent(),
    )
    try:
        said, _ = await process.communicate(feed.encode())
    except asyncio.CancelledError:
        # Its descendants too; and no waiting for the end, which would wait for all that hold its pipe.
        started = tied.identity(process.pid)
        if started is not None:
            tied.kill_tree(started)
        raise
    if process.returncode != 0:
        words = " ".join(said.decode("utf-8", "replace").split())[-400:]
        raise EmbeddedError(
            Text(f"không tạo được cơ sở dữ liệu: {words}", f"the database could not be made: {words}"),
            Text(
                "kiểm tra đĩa và quyền ghi, hoặc dùng --database URL",
                "look at the disk and the rights on the data folder, or use --database URL",
            ),
        )
