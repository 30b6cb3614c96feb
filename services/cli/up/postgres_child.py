"""The embedded PostgreSQL as a child."""

import asyncio
import signal
from pathlib import Path

from services.cli.up.plan import POSTGRES
from services.cli.words import say
from services.runtime import embedded, postgres_server
from services.runtime.accounts import Credentials
from services.runtime.supervisor import Program, Supervisor


def url(port: int, credentials: Credentials) -> str:
    """The address our services use."""
    return postgres_server.url(port, credentials.postgres)


def check() -> embedded.Postgres:
    """Find out whether it can run here at all, before anything is started.

    Raises:
        EmbeddedError: it can't; with the remedy.
    """
    programs = embedded.postgres()
    postgres_server.as_another_user()
    return programs


async def start(data: Path, port: int, credentials: Credentials, supervisor: Supervisor) -> None:
    """Make the database if there is none, and start it. Alerting does not wait for this.

    Raises:
        EmbeddedError: it can't be made here.
    """
    programs = await asyncio.to_thread(check)
    folder = data / "postgres"
    if not postgres_server.is_made(folder):
        await postgres_server.make(programs, folder, credentials.postgres, say)
    say(f"postgres {programs.version} (wheel {embedded.POSTGRES_WHEEL})")

    def command() -> list[str]:
        # At each start: a server that was killed leaves its lock behind.
        postgres_server.clear_stale_lock(folder)
        return postgres_server.command(programs, folder, port)

    # SIGINT is its fast shutdown: open transactions end, the disk is in order.
    await supervisor.start(Program(POSTGRES, command, stop=signal.SIGINT, patience_s=2.5, quiet=_is_routine))


def _is_routine(line: str) -> bool:
    return " LOG:  " in line
