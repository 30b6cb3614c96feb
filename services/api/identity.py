"""Identity: every request has a principal, or gets 401."""

import hmac
from collections.abc import Mapping

from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection

from services.api.errors import Problem, unauthorized
from services.observation.text import Text
from services.runtime.principal import ADMIN, LOCAL, ROLES, Principal
from services.runtime.settings import Settings, is_loopback

NETWORK = Principal("network", ROLES)
"""Whoever asks in a container network that was declared trusted."""

_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")
_WRONG = Text("mã truy cập không đúng", "the token is not right; see the file admin-token in the data folder")
_NEEDED = Text(
    "cần mã truy cập: Authorization: Bearer …",
    "a token is needed: Authorization: Bearer …, from the file admin-token",
)


def principal_of(host: str | None, headers: Mapping[str, str], settings: Settings) -> Principal:
    """Who asks, by where they come from and what they show.

    A reverse proxy on this machine also comes from loopback, and so does a page of a foreign site
    whose name was pointed at 127.0.0.1: neither is the person at this machine.

    Raises:
        Problem: 401.
    """
    given = headers.get("authorization")
    if given is not None:
        scheme, token = get_authorization_scheme_param(given)
        known = settings.admin_token
        if scheme.lower() == "bearer" and known and hmac.compare_digest(token.encode(), known.encode()):
            return ADMIN
        raise unauthorized(_WRONG)
    if settings.trusted_network:
        return NETWORK
    direct = not any(name in headers for name in _PROXIED)
    if host is not None and is_loopback(host) and direct and is_loopback(_name(headers.get("host", ""))):
        return LOCAL
    raise unauthorized(_NEEDED)


def foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin asks; browsers let any page open a WebSocket to us."""
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host", "")


async def authenticate(connection: HTTPConnection) -> Principal:
    """The principal of a request or WebSocket, as a dependency."""
    settings: Settings = connection.app.state.context.settings
    host = connection.client.host if connection.client else None
    principal = principal_of(host, connection.headers, settings)
    if connection.scope["type"] == "websocket" and foreign_page(connection.headers):
        raise Problem(
            403, "foreign-origin", Text("trang web này ở nơi khác", "the page that asks is of another origin")
        )
    connection.state.principal = principal
    return principal


def _name(host: str) -> str:
    """`127.0.0.1:80` → `127.0.0.1`, `[::1]:80` → `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
