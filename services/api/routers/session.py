"""Sessions: logging in by name and password, who one is, and leaving."""

import secrets
import time
from typing import Any

from fastapi import APIRouter
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from starlette.requests import Request
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import Problem, away, slow_down, unauthorized
from services.api.identity import Caller, Who, foreign_page, peer_of
from services.api.responses import answer
from services.api.shapes.people import Ended, LoggedIn, Login, NewPassword, WhoAmI
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.runtime import logging, metrics, passwords
from services.runtime.people import Account, Session, begun, ended, hash_of
from services.runtime.people_changes import Change, changed
from services.runtime.people_store import Busy
from services.runtime.principal import ADMIN, LOCAL, ROLES

open_router = APIRouter(tags=["people"])
router = APIRouter(tags=["people"])
SESSION_S = 12 * 3600.0
"""A shift and its hand-over."""
MOST_WAITING = 32
"""Passwords being looked at and waiting; more are told to come back, those at home there at twice as many."""
PREFIX = "hd_"
_WRONG = Text(
    "tên hoặc mật khẩu không đúng; quên thì nhờ quản trị viên đặt mật khẩu mới",
    "the name or the password is not right; an administrator can set a new one",
)
_SLOW = Text(
    "quá nhiều lần sai; hãy đợi rồi thử lại", "too many wrong tries; wait, then try again (see Retry-After)"
)
_AWAY = Text("chưa ghi được vào sổ tài khoản; thử lại", "the accounts can't be written now; try again")
_READING = Text("đang đọc danh sách tài khoản", "the accounts are still being read")
_FOREIGN = Text("trang web này ở nơi khác", "the page that asks is of another origin")
_NO_SESSION = Text("không đăng nhập bằng mật khẩu", "this is no session of a name and password")
log = logging.get("session")
_logins = metrics.counter("api_logins_total", "Tries to log in with a password", ["result"])


@open_router.post("/session", response_model=LoggedIn, summary="Log in · Đăng nhập")
async def log_in(request: Request, here: Here, asked: Login) -> Response:
    """Exchange name and password for a token that holds for 12 hours.

    After wrong tries the next ones must wait (429 with `Retry-After`); from where a name has logged in
    before, only its own wrong tries count.

    Đổi tên và mật khẩu lấy mã truy cập có hiệu lực 12 giờ. Sai nhiều lần thì phải đợi.
    """
    if foreign_page(request.headers):
        raise Problem(403, "foreign-origin", _FOREIGN)
    if not here.book.loaded:
        raise away(_READING, retry_s=1, code="reading-accounts")
    account = await _checked(here, asked.name, asked.password, peer_of(request))
    secret, now = PREFIX + secrets.token_urlsafe(32), here.clock()
    session = Session(hash_of(secret), now, now + int(SESSION_S * SECOND))
    try:
        made = await here.people.change_sessions(account.name, lambda found: begun(found, session, now))
    except (NatsError, APIError, TimeoutError, OSError, Busy) as error:
        raise away(_AWAY, retry_s=1, code="people-away") from error
    here.book.note_sessions(account.name, made)
    log.info("logged_in", name=account.name, peer=peer_of(request) or "proxy")
    return answer(
        {
            "token": secret,
            "name": account.name,
            "roles": account.roles,
            "areas": account.areas,
            "expires_at": iso(session.expires),
        }
    )


@router.get("/session", response_model=WhoAmI, summary="Who am I · Tôi là ai")
async def who_am_i(request: Request, here: Here, who: Who) -> Response:
    """Who asks, what they may and where, and until when.

    Ai đang hỏi, được làm gì, ở khu vực nào, đến bao giờ.
    """
    caller: Caller = request.state.caller
    known = caller.known
    way = {LOCAL.subject: "local", ADMIN.subject: "admin-token"}.get(who.subject, "network")
    shown: dict[str, Any] = {
        "subject": who.subject,
        "full_name": known.account.full_name if known else None,
        "by": way if known is None else "session" if known.token is None else "token",
        "token": known.token if known else None,
        "roles": sorted(who.roles),
        "may": sorted(role for role in ROLES if who.may(role)),
        "areas": None if who.areas is None else sorted(who.areas),
        "expires_at": iso(known.expires) if known and known.expires is not None else None,
    }
    _ = here
    return answer(shown)


@router.delete("/session", response_model=Ended, summary="Log out · Đăng xuất")
async def end_session(request: Request, here: Here, who: Who) -> Response:
    """End the session whose token is shown; a named token is not one, an administrator drops it.

    Kết thúc phiên đăng nhập của mã đang dùng.
    """
    known = request.state.caller.known
    if known is None or known.token is not None:
        raise Problem(409, "no-session", _NO_SESSION)
    try:
        made = await here.people.change_sessions(who.subject, lambda found: ended(found, known.hash))
    except (NatsError, APIError, TimeoutError, OSError, Busy) as error:
        raise away(_AWAY, retry_s=1, code="people-away") from error
    here.book.note_sessions(who.subject, made)
    return answer({"ended": True})


@router.post("/session/password", response_model=Ended, summary="Change one's password · Đổi mật khẩu")
async def change_password(request: Request, here: Here, who: Who, asked: NewPassword) -> Response:
    """Change one's own password. Every session of the account ends, this one too: log in again.

    Đổi mật khẩu của mình. Mọi phiên đăng nhập đều kết thúc; hãy đăng nhập lại.
    """
    known = request.state.caller.known
    if known is None or known.token is not None:
        raise Problem(409, "no-session", _NO_SESSION)
    await _checked(here, who.subject, asked.old, peer_of(request))
    if (why := passwords.unfit(asked.new, who.subject)) is not None:
        raise Problem(422, "unfit-password", why)
    kept = await here.verifier.hashed(asked.new)

    def work(found: Account | None) -> Account:
        if found is None or found.disabled:
            raise unauthorized(_WRONG)
        return changed(found, Change(password=kept), who.subject, here.clock())

    try:
        made = await here.people.change(who.subject, work)
    except (NatsError, APIError, TimeoutError, OSError, Busy) as error:
        raise away(_AWAY, retry_s=1, code="people-away") from error
    here.book.note_account(made)
    log.info("password_changed", name=who.subject, by=who.subject)
    return answer({"ended": True})


async def _checked(here: Context, name: str, password: str, peer: str | None) -> Account:
    """The account whose password this is.

    Raises:
        Problem: 401 wrong; 429 too many wrong ones, or too many at once.
    """
    throttle = here.throttle
    left = throttle.wait_s(name, peer, time.monotonic())
    most = 2 * MOST_WAITING if throttle.at_home(name, peer) else MOST_WAITING
    if left > 0 or here.verifier.waiting >= most:
        _logins.labels("slowed").inc()
        raise slow_down(_SLOW, left)
    found = here.book.accounts.get(name)
    # Counted before it is looked at: of many tries at once each must find the ones before it.
    throttle.failed(name, peer, time.monotonic())
    right = await here.verifier.fits(password, found.password if found is not None else None)
    now = here.book.accounts.get(name)
    if not right or now is None or now.disabled or found is None or now.password != found.password:
        _logins.labels("wrong").inc()
        log.warning("login_refused", name=name[:40], peer=peer or "proxy")
        raise unauthorized(_WRONG)
    throttle.succeeded(name, peer)
    _logins.labels("right").inc()
    return now
