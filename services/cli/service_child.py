"""The services as children: which settings each is given."""

import sys

from services.runtime.accounts import Credentials
from services.runtime.settings import Settings, child_environment
from services.runtime.supervisor import Program

# In the order of starting: readings can come in when ingest and api are there, and they take longest.
SERVICES = ("ingest", "api", "alerts", "keeper", "archive")
PROGRAM = (sys.executable, "-m", "services.cli")
PATIENCE_S = 5.5  # three steps of stopping within ten seconds: services, database, server

__all__ = ["PATIENCE_S", "PROGRAM", "SERVICES", "program"]


def program(
    name: str, settings: Settings, own: Credentials | None, command: tuple[str, ...] = PROGRAM
) -> Program:
    """A service under `up`. `own`: passwords of our own server; None with someone else's."""
    user, password = settings.mqtt_user, settings.mqtt_password
    address = settings.nats
    if own is not None:
        user, password = name, own.nats[name]
        address = _as(user, password, settings.nats)
    who = f"{user}:{password}@" if user else ""
    given = {
        "nats": address,
        "mqtt": f"{'mqtts' if settings.mqtt_tls else 'mqtt'}://{who}{settings.mqtt}",
        "database": settings.database,
        "http": settings.http,
        "data": str(settings.data) if settings.data else None,
        "log": "json" if settings.log_json else "text",
        "strict": str(settings.strict).lower(),
        "keep_days": str(settings.keep_days) if settings.keep_days else None,
        "trusted_network": str(settings.trusted_network).lower(),
    }
    environment = child_environment({key: value for key, value in given.items() if value is not None})
    return Program(name, lambda: [*command, name], environment, patience_s=PATIENCE_S)


def _as(user: str, password: str, url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{password}@{rest.rpartition('@')[2]}"
