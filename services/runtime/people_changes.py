"""What may become of an account: made, changed, given a token. Pure: hashes and the time are handed in."""

from collections.abc import Sequence

import msgspec

from services.observation.text import Text
from services.runtime.people import (
    CHANNELS,
    MAX_TOKENS,
    RESERVED,
    Account,
    Contacts,
    Token,
    is_name,
    is_scope,
    known_roles,
    may_carry,
)
from services.runtime.principal import ROLES

MAX_TEXT = 100
MAX_AREAS = 200


class Unfit(ValueError):  # noqa: N818  what was asked for is
    """What was asked can't be; `field` names what of it, the text says why and what would do."""

    def __init__(self, text: Text, field: str) -> None:
        self.field, self.text = field, text
        super().__init__(text.en)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes different; what is UNSET stays as it is. `password` is a hash."""

    full_name: str | msgspec.UnsetType = msgspec.UNSET
    roles: list[str] | msgspec.UnsetType = msgspec.UNSET
    areas: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    contacts: Contacts | msgspec.UnsetType = msgspec.UNSET
    password: str | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


def new(name: str, given: Change, by: str, now: int) -> Account:
    """A new account; `now` in µs UTC.

    Raises:
        Unfit: the name or what is given can't be.
    """
    if name in RESERVED:
        said = Text(f"tên {name!r} dành cho hệ thống", f"the name {name!r} is the system's own")
        raise Unfit(said, "name")
    if not is_name(name):
        said = Text(
            f"{name[:60]!r} không thể là tên tài khoản: chỉ chữ thường a-z, số, gạch nối, tối đa 40 ký tự",
            f"{name[:60]!r} can't name an account: lower-case a-z, digits and hyphens, at most 40",
        )
        raise Unfit(said, "name")
    blank = Account(name, name, [], made_at=now, changed_at=now, changed_by=by)
    return changed(blank, given, by, now)


def changed(account: Account, given: Change, by: str, now: int) -> Account:
    """The account after a change. A new password, and disabling, end every session.

    Raises:
        Unfit: what is given can't be.
    """
    told = {
        name: value for name, value in msgspec.structs.asdict(given).items() if value is not msgspec.UNSET
    }
    made = msgspec.structs.replace(account, **told)
    _check(made)
    if made == account:
        return account
    ends = made.password != account.password or (made.disabled and not account.disabled)
    return msgspec.structs.replace(
        made, changed_at=now, changed_by=by, sessions_since=now if ends else made.sessions_since
    )


def with_token(account: Account, token: Token) -> Account:
    """The account with one more token; those that expired leave.

    Raises:
        Unfit: the name is taken, the roles are not the account's, or there are too many.
    """
    kept = [each for each in account.tokens if each.expires is None or each.expires > token.made_at]
    if not is_name(token.name):
        said = Text(
            "tên mã truy cập: chữ thường, số, gạch nối", "a token's name: lower case, digits, hyphens"
        )
        raise Unfit(said, "name")
    if any(each.name == token.name for each in kept):
        said = Text(f"đã có mã tên {token.name!r}", f"there is a token {token.name!r} already")
        raise Unfit(said, "name")
    if not may_carry(account, token.roles):
        said = Text(
            "mã truy cập chỉ có thể mang vai trò của chính tài khoản",
            "a token can have roles of its account only",
        )
        raise Unfit(said, "roles")
    if len(kept) >= MAX_TOKENS:
        said = Text(
            f"nhiều nhất {MAX_TOKENS} mã mỗi tài khoản; hãy xóa bớt",
            f"at most {MAX_TOKENS} tokens; drop some",
        )
        raise Unfit(said, "name")
    return msgspec.structs.replace(
        account, tokens=[*kept, token], changed_at=token.made_at, changed_by=token.made_by
    )


def without_token(account: Account, name: str, by: str, now: int) -> Account:
    """The account without a token.

    Raises:
        Unfit: there is none of that name.
    """
    kept = [each for each in account.tokens if each.name != name]
    if len(kept) == len(account.tokens):
        raise Unfit(Text(f"không có mã {name[:60]!r}", f"there is no token {name[:60]!r}"), "token")
    return msgspec.structs.replace(account, tokens=kept, changed_at=now, changed_by=by)


def _check(account: Account) -> None:
    if not 1 <= len(account.full_name) <= MAX_TEXT or not account.full_name.isprintable():
        said = Text(f"họ tên: 1 đến {MAX_TEXT} ký tự", f"the full name: 1 to {MAX_TEXT} characters")
        raise Unfit(said, "full_name")
    if not known_roles(account.roles) or len(set(account.roles)) != len(account.roles):
        listed = ", ".join(sorted(ROLES))
        raise Unfit(Text(f"vai trò, mỗi vai trò một lần: {listed}", f"roles, each once: {listed}"), "roles")
    areas: Sequence[str] = account.areas if account.areas is not None else ()
    wrong = next((area for area in areas if not is_scope(area)), None)
    if wrong is not None or len(areas) > MAX_AREAS or account.areas == []:
        said = Text(
            f"khu vực {(wrong or '')[:60]!r}: cần khu vực, hay địa-bàn/khu-vực, địa-bàn/*; bỏ trống: tất cả",
            f"area {(wrong or '')[:60]!r}: expected an area's id, or site/area, site/*; leave it out for all",
        )
        raise Unfit(said, "areas")
    for channel, address in account.contacts.addresses.items():
        if channel not in CHANNELS or not 1 <= len(address) <= MAX_TEXT or not address.isprintable():
            listed = ", ".join(CHANNELS)
            said = Text(
                f"liên lạc: {listed}; địa chỉ 1-100 ký tự", f"contacts: {listed}; 1-100 characters each"
            )
            raise Unfit(said, "contacts")
