"""The services as children: which settings each is given."""

import re
import sys
from collections.abc import Callable

from services.runtime.accounts import Credentials
from services.runtime.settings import Settings, child_environment
from services.runtime.supervisor import Program

# In the order of starting: readings can come in when ingest and api are there, and they take longest.
SERVICES = ("ingest", "api", "alerts", "keeper", "archive", "lighting", "roads")
PROGRAM = (sys.executable, "-m", "services.cli")
PATIENCE_S = 5.0  # two steps of stopping within ten seconds: services, then the servers

_OF_HEALTH = re.compile(
    r'^\S+ (?:warning|info) +\S+ (?:complaint|settled) code=|"event": "(?:complaint|settled)", "code"'
)

__all__ = ["PATIENCE_S", "PROGRAM", "SERVICES", "is_for_watch", "program"]


def program(
    name: str,
    settings: Settings,
    own: Credentials | None,
    command: tuple[str, ...] = PROGRAM,
    quiet: Callable[[str], bool] = lambda _line: False,
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
        "secrets": str(settings.secrets) if settings.secrets else None,
        "log": "json" if settings.log_json else "text",
        "log_level": settings.log_level,
        "strict": str(settings.strict).lower(),
        "keep_days": str(settings.keep_days) if settings.keep_days else None,
        "trusted_network": str(settings.trusted_network).lower(),
        "command_confirm_s": f"{settings.command_confirm_s:g}",
        "command_repeats": str(settings.command_repeats),
        "situation_window_s": f"{settings.situation_window_s:g}",
        "situation_areas": str(settings.situation_areas),
    }
    environment = child_environment({key: value for key, value in given.items() if value is not None})
    return Program(name, lambda: [*command, name], environment, patience_s=PATIENCE_S, quiet=quiet)


def is_for_watch(line: str) -> bool:
    """Whether a line of a service's log is one that `Watch` shows in its own words, when it lasts."""
    return _OF_HEALTH.search(line) is not None


def _as(user: str, password: str, url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{password}@{rest.rpartition('@')[2]}"
