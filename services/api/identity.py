"""Identity: every request has a principal, or gets 401; and what it must be allowed to.

Who may do what is said in `services.runtime.principal`. Routers take `who: Who` and ask `who.sees(area)` for
what they show, `demand(who, role, area)` for what they do.
"""

import hmac
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import Depends
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection

from services.api.errors import Problem, away, not_found, unauthorized
from services.observation.text import Text
from services.runtime.people import Book, Known
from services.runtime.principal import ADMIN, LOCAL, MACHINE, ROLES, VIEWER, Principal, allowed
from services.runtime.settings import Settings, is_loopback

NETWORK = Principal("network", ROLES)
"""Whoever asks in a container network that was declared trusted."""
FOR_MACHINES = frozenset(
    {
        "list_events",
        "list_flat_events",
        "stream_events",
        "socket_events",
        "receive_cap",
        "who_am_i",
        "end_session",
    }
)
"""Operations that a machine may use; everything else takes at least a viewer."""
_PROXIED = frozenset({"forwarded", "x-real-ip", "via"})
_WRONG = Text(
    "mã truy cập không đúng, đã hết hạn, hoặc tài khoản đã bị khóa; hãy đăng nhập lại",
    "the token is not right, has expired, or its account is disabled; log in again",
)
_NEEDED = Text(
    "cần mã truy cập: Authorization: Bearer …; đăng nhập ở POST /api/v1/session",
    "a token is needed: Authorization: Bearer …; log in with POST /api/v1/session",
)
_READING = Text("đang đọc danh sách tài khoản", "the accounts are still being read")
_FOREIGN = Text("trang web này ở nơi khác", "the page that asks is of another origin")
_MACHINE = Text(
    "tài khoản máy chỉ được đọc sự kiện và gửi bản tin CAP",
    "a machine's account may read events and hand in CAP messages, nothing else",
)


class Caller(NamedTuple):
    """Who asks, and by what. `secret`: the bearer token of an account; None where it takes none."""

    principal: Principal
    known: Known | None = None
    secret: str | None = None


def principal_of(host: str | None, headers: Mapping[str, str], settings: Settings) -> Principal:
    """Who asks, by where they come from and what they show; accounts apart (`caller_of`).

    Raises:
        Problem: 401.
    """
    return caller_of(host, headers, settings, Book(), 0).principal


def caller_of(
    host: str | None, headers: Mapping[str, str], settings: Settings, book: Book, now: int
) -> Caller:
    """Who asks, by where they come from and what they show; `now` in µs UTC.

    A reverse proxy on this machine also comes from loopback, and so does a page of a foreign site
    whose name was pointed at 127.0.0.1: neither is the person at this machine.

    Raises:
        Problem: 401.
    """
    given = headers.get("authorization")
    if given is not None:
        scheme, token = get_authorization_scheme_param(given)
        if scheme.lower() != "bearer":
            raise unauthorized(_WRONG)
        admin = settings.admin_token
        if admin and hmac.compare_digest(token.encode(), admin.encode()):
            return Caller(ADMIN)
        known = book.whose(token, now)
        if known is None:
            raise unauthorized(_WRONG)
        return Caller(known.principal, known, token)
    if settings.trusted_network:
        return Caller(NETWORK)
    direct = not proxied(headers)
    if host is not None and is_loopback(host) and direct and is_loopback(_name(headers.get("host", ""))):
        return Caller(LOCAL)
    raise unauthorized(_NEEDED)


def foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin asks; browsers let any page open a WebSocket to us, and post."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    return origin.partition("://")[2] != headers.get("host", "")


def proxied(headers: Mapping[str, str]) -> bool:
    """Whether a request came by way of a proxy, as most of them tell."""
    return any(name.lower() in _PROXIED or name.lower().startswith("x-forwarded-") for name in headers)


def peer_of(connection: HTTPConnection) -> str | None:
    """The address at the other end; None behind a proxy, where all have the same one."""
    return None if proxied(connection.headers) or connection.client is None else connection.client.host


async def authenticate(connection: HTTPConnection) -> Principal:
    """The principal of a request or WebSocket, as a dependency.

    Raises:
        Problem: 401; 403 for a page of another origin that acts, and for a machine where it has no business;
            503 while the accounts are still being read.
    """
    context: Any = connection.app.state.context
    host = connection.client.host if connection.client else None
    try:
        caller = caller_of(host, connection.headers, context.settings, context.book, context.clock())
    except Problem:
        if connection.headers.get("authorization") and not context.book.loaded:
            raise away(_READING, retry_s=1, code="reading-accounts") from None
        raise
    if acts(connection) and foreign_page(connection.headers):
        raise Problem(403, "foreign-origin", _FOREIGN)
    connection.state.caller = caller
    connection.state.principal = caller.principal
    if not caller.principal.may(VIEWER):
        endpoint = connection.scope.get("endpoint")
        if not (caller.principal.may(MACHINE) and getattr(endpoint, "__name__", "") in FOR_MACHINES):
            raise Problem(403, "not-allowed", _MACHINE)
    return caller.principal


def acts(connection: HTTPConnection) -> bool:
    """Whether the request does more than read; a WebSocket has no protection of the browser's own."""
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in (
        "GET",
        "HEAD",
        "OPTIONS",
    )


Who = Annotated[Principal, Depends(authenticate)]
"""A parameter of a router's function: who asks."""


def demand(who: Principal, role: str, area: str | None = None, site: str | None = None) -> None:
    """Let those pass who may do what takes a role; in an area, where it is about one.

    Raises:
        Problem: 404 when they may not even see the area, else 403.
    """
    if area is not None and not who.sees(area, site):
        raise not_found(Text("không có mục này", "there is no such thing"))
    if not (who.may(role) if area is None else allowed(who, role, area, site)):
        raise forbidden(role)


def forbidden(role: str) -> Problem:
    """403 that says what it takes."""
    vi, en = _TAKES.get(role, (role, role))
    return Problem(403, "not-allowed", Text(f"việc này cần {vi}", f"this takes {en}"), role=role)


_TAKES = {
    "viewer": ("quyền xem", "a viewer"),
    "operator": ("người trực vận hành của khu vực này", "an operator of that area"),
    "approver": ("người phê duyệt của khu vực này", "an approver of that area"),
    "administrator": ("quản trị viên", "an administrator"),
    "machine": ("tài khoản máy", "a machine's account"),
}


def own_site(here: Any, who: Principal) -> str:
    """Id of our own site, which tells areas of our own from those of linked sites.

    Raises:
        Problem: 503 while it is not known and somebody asks who is held to areas.
    """
    if who.areas is None and not here.site.known:
        return ""
    found: str = here.site.site.id
    return found


def sees_of(here: Any, who: Principal, area: str, source: object) -> bool:
    """Whether somebody may see what an event says of an area; `source` of the event, `/sites/<site>`."""
    if who.areas is None:
        return True
    site = str(source).removeprefix("/sites/")
    return who.sees(area, None if site == own_site(here, who) else site)


def still(connection: HTTPConnection) -> "Standing":
    """What a stream that lasts asks again and again: whether who opened it is still who they were."""
    context: Any = connection.app.state.context
    caller: Caller = connection.state.caller
    return Standing(caller, context)


class Standing:
    """Whether the opener of a stream may still have it."""

    def __init__(self, caller: Caller, context: Any) -> None:
        """For one stream; `context` has the book and the clock."""
        self._caller, self._context = caller, context

    def __call__(self) -> bool:
        """False as soon as the account is disabled, changed or its session over: the client comes anew."""
        if self._caller.secret is None:
            return True
        known = self._context.book.whose(self._caller.secret, self._context.clock())
        return known is not None and known.principal == self._caller.principal


def _name(host: str) -> str:
    """`127.0.0.1:80` → `127.0.0.1`, `[::1]:80` → `::1`."""
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        return address if not rest or rest.startswith(":") else ""
    return host.partition(":")[0]
