"""`up` with some of the real services: `python -m tests.support.some_services up --services ingest,api …`.

Where a test is not about the archive, neither it nor a database has to be waited for; where it is about
readings and what the engine says of them, nobody has to keep alerts, switch lamps or send messages.
"""

import argparse
import sys

from services.cli.up import add_options, start
from services.cli.up.service_child import SERVICES

PROGRAM = (sys.executable, "-m", "tests.support.some_services")
NO_DATABASE = ("--database", "postgresql://127.0.0.1:9/none")
STORING = ("--services", "ingest,api,alerts,archive")
"""From readings to rows and alerts: where a test is about these, the rest is not waited for."""


def only(*services: str) -> tuple[str, ...]:
    """Words after `up`: these services, and no database."""
    return ("--services", ",".join(services), *NO_DATABASE)


def main() -> int:
    """`up …`; its children are the commands that they always are."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    parser.add_argument("--services", default=",".join(SERVICES))
    given = vars(parser.parse_args(sys.argv[2:]))
    return start(given, services=tuple(given.pop("services").split(",")))


if __name__ == "__main__":
    sys.exit(main())
