"""The plan of a machine: what is to run and where, decided before anything runs."""

from dataclasses import dataclass
from pathlib import Path

from services.cli.up import service_child
from services.observation.site import Site
from services.runtime import accounts
from services.runtime.errors import OperatorError
from services.runtime.leaf import Leaf
from services.runtime.settings import Settings

NATS_SERVER, POSTGRES, LINK = "nats-server", "postgres", "link"


class CannotStart(OperatorError):  # noqa: N818  it is the machine that can not
    """The machine can't be brought up as asked."""


@dataclass(frozen=True)
class Plan:
    """What to run, decided before anything runs. `settings` hold the addresses that services use."""

    settings: Settings
    data: Path
    site: Site
    files: dict[str, bytes]
    mqtt: tuple[str, int]  # where the listener is, or is to be
    nats_port: int | None  # None: someone else's server
    database_port: int | None  # None: someone else's
    credentials: accounts.Credentials
    services: tuple[str, ...] = service_child.SERVICES
    program: tuple[str, ...] = service_child.PROGRAM
    # Ports of nats-server that nobody asked for and nobody knows yet: another does as well.
    moveable: frozenset[str] = frozenset()
    linked: Leaf | None = None  # to other sites; None: the server is someone else's
    held: int = 0  # format of the data folder as it was found; 0: nothing was in it

    @property
    def children(self) -> list[str]:
        """Who is to run."""
        servers = [NATS_SERVER] * (self.nats_port is not None) + [POSTGRES] * (self.database_port is not None)
        return [*servers, *self.services]

    @property
    def mqtt_text(self) -> str:
        """As it is announced."""
        return f"{self.mqtt[0]}:{self.mqtt[1]}"

    @property
    def http_text(self) -> str:
        """As it is announced."""
        return f"http://{self.settings.http}"
