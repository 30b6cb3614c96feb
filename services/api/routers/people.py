"""Accounts of people and machines: for administrators whose account is held to no area."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import Problem, away, invalid, not_found
from services.api.filters import one_of
from services.api.identity import Who, demand
from services.api.params import Cursor, Limit
from services.api.responses import answer, cut, page
from services.api.routers.session import PREFIX
from services.api.shapes.people import (
    AccountChange,
    AccountPage,
    AccountShape,
    ContactsShape,
    MadeToken,
    NewAccount,
    NewToken,
)
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.runtime import logging, passwords
from services.runtime.people import Account, Contacts, Token, hash_of
from services.runtime.people_changes import Change, Unfit, changed, new, with_token, without_token
from services.runtime.people_store import Busy
from services.runtime.principal import ADMINISTRATOR, Principal

router = APIRouter(tags=["people"])
TOKEN_US = 365 * 86_400 * SECOND
_AWAY = Text("chưa ghi được vào sổ tài khoản; thử lại", "the accounts can't be written now; try again")
_READING = Text("đang đọc danh sách tài khoản", "the accounts are still being read")
log = logging.get("people")


@router.get("/people", response_model=AccountPage, summary="Accounts · Tài khoản")
async def list_people(here: Here, who: Who, limit: Limit = 1000, after: Cursor = None) -> Response:
    """Accounts of people and machines, by name; never a password or a token.

    Các tài khoản, theo tên.
    """
    _administers(here, who)
    found = [account for name, account in sorted(here.book.accounts.items()) if after is None or name > after]
    items, more = cut(found[: limit + 1], limit)
    return page([show(here, account) for account in items], items[-1].name if more else None)


@router.get("/people/{name}", response_model=AccountShape, summary="One account · Một tài khoản")
async def get_person(here: Here, who: Who, name: str) -> Response:
    """An account by its name.

    Một tài khoản theo tên.
    """
    _administers(here, who)
    account = here.book.accounts.get(name)
    if account is None:
        raise _unknown(name)
    return answer(show(here, account))


@router.post("/people", response_model=AccountShape, summary="Make an account · Tạo tài khoản")
async def make_person(here: Here, who: Who, asked: NewAccount) -> Response:
    """Make an account. A name once given stays with its person: acts in the record bear it.

    Tạo tài khoản. Tên đã cấp không dùng lại cho người khác.
    """
    _administers(here, who)
    _known_areas(here, asked.areas)
    given = await _given(here, asked.name, asked.model_dump(exclude={"name"}, exclude_none=True))

    def work(found: Account | None) -> Account:
        if found is not None:
            said = Text(f"đã có tài khoản {asked.name!r}", f"there is an account {asked.name!r} already")
            raise Problem(409, "account-exists", said)
        return new(asked.name, given, who.subject, here.clock())

    return answer(show(here, await _change(here, asked.name, work, who, "made")))


@router.patch("/people/{name}", response_model=AccountShape, summary="Change an account · Sửa tài khoản")
async def change_person(here: Here, who: Who, name: str, asked: AccountChange) -> Response:
    """Change what is given and leave the rest. Disabling ends sessions, tokens and streams within seconds.

    Sửa tài khoản. Khi khóa, mọi phiên, mã và luồng sự kiện kết thúc trong vài giây.
    """
    _administers(here, who)
    if name not in here.book.accounts:
        raise _unknown(name)
    _known_areas(here, asked.areas)
    told = asked.model_dump(exclude_none=True)
    if "areas" in asked.model_fields_set:
        told["areas"] = asked.areas
    given = await _given(here, name, told)

    def work(found: Account | None) -> Account:
        if found is None:
            raise _unknown(name)
        return changed(found, given, who.subject, here.clock())

    return answer(show(here, await _change(here, name, work, who, "changed")))


@router.post("/people/{name}/tokens", response_model=MadeToken, summary="Make a token · Cấp mã truy cập")
async def make_token(here: Here, who: Who, name: str, asked: NewToken) -> Response:
    """Make a named token with an end, for a program or a machine. What opens the door is told this once.

    Cấp mã truy cập có tên và thời hạn. Mã chỉ hiện một lần này.
    """
    _administers(here, who)
    now, secret = here.clock(), PREFIX + secrets.token_urlsafe(32)
    expires = now + TOKEN_US if asked.expires_at is None else asked.expires_at
    if expires <= now:
        raise invalid(Text("đã qua", "is in the past"), "expires_at")

    def work(found: Account | None) -> Account:
        if found is None:
            raise _unknown(name)
        roles = list(found.roles if asked.roles is None else asked.roles)
        return with_token(found, Token(asked.name, hash_of(secret), roles, now, who.subject, expires))

    made = await _change(here, name, work, who, "token made")
    token = next(each for each in made.tokens if each.name == asked.name)
    return answer({**_token(token), "token": secret})


@router.delete(
    "/people/{name}/tokens/{token}", response_model=AccountShape, summary="Drop a token · Hủy mã truy cập"
)
async def drop_token(here: Here, who: Who, name: str, token: str) -> Response:
    """Drop a token: it opens nothing from now on.

    Hủy mã truy cập.
    """
    _administers(here, who)

    def work(found: Account | None) -> Account:
        if found is None:
            raise _unknown(name)
        if all(each.name != token for each in found.tokens):
            raise not_found(Text(f"không có mã {token[:60]!r}", f"there is no token {token[:60]!r}"))
        return without_token(found, token, who.subject, here.clock())

    return answer(show(here, await _change(here, name, work, who, "token dropped")))


def show(here: Context, account: Account) -> dict[str, Any]:
    """An account as it is answered: nothing that opens a door."""
    return {
        "name": account.name,
        "full_name": account.full_name,
        "roles": account.roles,
        "areas": account.areas,
        "contacts": {**account.contacts.addresses, "language": account.contacts.language},
        "has_password": account.password is not None,
        "disabled": account.disabled,
        "tokens": [_token(each) for each in account.tokens],
        "sessions": here.book.live_sessions(account.name, here.clock()),
        "made_at": iso(account.made_at),
        "changed_at": iso(account.changed_at),
        "changed_by": account.changed_by,
    }


def contacts_of(asked: Mapping[str, Any]) -> Contacts:
    """Contacts as they are kept."""
    addresses = {channel: address for channel, address in asked.items() if channel != "language" and address}
    return Contacts(addresses, asked.get("language", "vi"))


def _token(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "roles": token.roles,
        "made_at": iso(token.made_at),
        "made_by": token.made_by,
        "expires_at": None if token.expires is None else iso(token.expires),
    }


def _administers(here: Context, who: Principal) -> None:
    """Accounts open every area, so only who is held to none may keep them."""
    demand(who, ADMINISTRATOR, SITE_AREA)
    if not here.book.loaded:
        raise away(_READING, retry_s=1, code="reading-accounts")


def _known_areas(here: Context, areas: list[str] | None) -> None:
    """A misspelt area would hide everything from somebody; those of linked sites are not ours to know."""
    if here.site.known:
        for area in areas or ():
            if "/" not in area:
                one_of("areas", area, here.site.site.areas)


async def _given(here: Context, name: str, told: dict[str, Any]) -> Change:
    """What was asked, with the password hashed off the event loop."""
    if (password := told.pop("password", None)) is not None:
        if (why := passwords.unfit(password, name)) is not None:
            raise Problem(422, "unfit-password", why)
        told["password"] = await here.verifier.hashed(password)
    if "contacts" in told:
        told["contacts"] = contacts_of(ContactsShape(**told["contacts"]).model_dump())
    return msgspec.structs.replace(Change(), **told)


async def _change(
    here: Context, name: str, work: Callable[[Account | None], Account], who: Principal, what: str
) -> Account:
    try:
        made = await here.people.change(name, work)
    except Unfit as error:
        raise invalid(error.text, error.field) from error
    except (NatsError, APIError, TimeoutError, OSError, Busy) as error:
        raise away(_AWAY, retry_s=1, code="people-away") from error
    here.book.note_account(made)
    here.hub.wake()
    log.info("account_changed", name=name, what=what, by=who.subject)
    return made


def _unknown(name: str) -> Problem:
    return not_found(Text(f"không có tài khoản {name[:60]!r}", f"there is no account {name[:60]!r}"))
