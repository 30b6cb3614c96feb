"""People: the accounts of a site as they stand in KV bucket PEOPLE. Pure: no clock, no I/O, no randomness.

Beside each account stand its sessions, under a key of their own: who logs in does not push older versions of
the account out of the bucket. Of passwords, tokens and sessions only hashes are kept: nobody can take from
here what would open a door.

Over 250 lines: the nouns and the book that holds them change together.
"""

import re
from hashlib import sha256
from typing import Literal

import msgspec

from services.observation import topics
from services.runtime.principal import INCLUDES, ROLES, Principal

ACCOUNT, SESSIONS = "account", "sessions"
MAX_NAME, MAX_TOKENS, MAX_SESSIONS = 40, 20, 10
RESERVED = frozenset(
    {
        "local",
        "network",
        "administrator",
        "keeper",
        "engine",
        "system",
        "haidang",
        "site",
        "api",
        "link",
        "roads",
    }
)
"""Names that stand for somebody else in the record of what was done."""
CHANNELS = ("mail", "phone", "telegram", "zalo", "matrix", "other")
"""Ways to reach a person; `other` is an address as apprise writes it."""
Language = Literal["vi", "en"]
_SCOPE = re.compile(r"[a-z0-9-]+(/([a-z0-9-]+|\*))?\Z")


class Contacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to reach a person: an address per channel, and the language they read."""

    addresses: dict[str, str] = {}
    language: Language = "vi"


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named token of an account.

    `hash`: sha256 of the secret, hex; times in µs UTC; `expires` None is never.
    """

    name: str
    hash: str
    roles: list[str]
    made_at: int
    made_by: str
    expires: int | None = None


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person or a machine.

    `password`: argon2id hash in PHC form, None for who has none and comes with tokens only. `areas`: None
    means all. `sessions_since`: sessions that began before it are void (µs UTC).
    """

    name: str
    full_name: str
    roles: list[str]
    areas: list[str] | None = None
    password: str | None = None
    contacts: Contacts = Contacts()
    tokens: list[Token] = []
    disabled: bool = False
    sessions_since: int = 0
    made_at: int = 0
    changed_at: int = 0
    changed_by: str = ""
    v: int = 1

    def principal(self, roles: list[str] | None = None) -> Principal:
        """Who this is; `roles` held to what the account itself may."""
        own = Principal(self.name, frozenset(self.roles))
        held = self.roles if roles is None else [role for role in roles if own.may(role)]
        areas = None if self.areas is None else frozenset(self.areas)
        return Principal(self.name, frozenset(held), areas)


class Session(msgspec.Struct, frozen=True):
    """A login. `hash`: sha256 of the bearer token, hex; times in µs UTC."""

    hash: str
    made_at: int
    expires: int


class Sessions(msgspec.Struct, frozen=True):
    """The logins of an account, oldest first."""

    sessions: list[Session] = []
    v: int = 1


class Known(msgspec.Struct, frozen=True):
    """Whom a secret stands for. `token`: its name; None for a session. `expires` in µs UTC, None is never."""

    principal: Principal
    account: Account
    hash: str
    token: str | None
    expires: int | None


_account = msgspec.json.Decoder(Account)
_sessions = msgspec.json.Decoder(Sessions)
_encoder = msgspec.json.Encoder()


def hash_of(secret: str) -> str:
    """sha256, hex. Enough for what is 256 random bits; passwords are another matter."""
    return sha256(secret.encode()).hexdigest()


def is_name(text: str) -> bool:
    """Whether the text can name an account."""
    return topics.is_slug(text) and len(text) <= MAX_NAME and text not in RESERVED


def is_scope(text: str) -> bool:
    """Whether the text can be an area of a scope: `area`, or `site/area` and `site/*` of a linked site."""
    return _SCOPE.match(text) is not None


def known_roles(roles: list[str]) -> bool:
    """Whether all are roles, and there is one."""
    return bool(roles) and set(roles) <= ROLES


def may_carry(account: Account, roles: list[str]) -> bool:
    """Whether a token of the account may have these roles."""
    held = {included for role in account.roles for included in INCLUDES.get(role, ())}
    return known_roles(roles) and set(roles) <= held


def encode(what: Account | Sessions) -> bytes:
    """As JSON."""
    return _encoder.encode(what)


def decode_account(data: bytes) -> Account:
    """Read an account; raises msgspec.MsgspecError."""
    return _account.decode(data)


def decode_sessions(data: bytes) -> Sessions:
    """Read the sessions of an account; raises msgspec.MsgspecError."""
    return _sessions.decode(data)


def begun(sessions: Sessions, new: Session, now: int) -> Sessions:
    """With one more session; ended ones leave, and the oldest where there are too many."""
    kept = [each for each in sessions.sessions if each.expires > now]
    return Sessions([*kept, new][-MAX_SESSIONS:])


def ended(sessions: Sessions, secret_hash: str) -> Sessions:
    """Without one of them."""
    return Sessions([each for each in sessions.sessions if each.hash != secret_hash])


class Book:
    """The accounts as they stand, by name and by the hash of what opens them.

    `loaded`: everything that was in the bucket at the start has been read.
    """

    def __init__(self) -> None:
        """Know of nobody."""
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Sessions] = {}
        self._opens: dict[str, str] = {}
        self.loaded = False

    def become(self, other: "Book") -> None:
        """Take over what another one holds, at once: the bucket was read from its beginning again."""
        self.accounts, self.sessions = other.accounts, other.sessions
        self._opens.clear()
        for name in {*self.accounts, *self.sessions}:
            self._index(name)
        self.loaded = True

    def take(self, key: str, data: bytes) -> None:
        """Take in one value of the bucket; no data is the end of it.

        Raises:
            msgspec.MsgspecError: it can't be read. Then whom it was about is known no more: better shut than
                open.
        """
        kind, _, name = key.partition(".")
        if kind not in (ACCOUNT, SESSIONS):
            return
        for secret_hash in [each for each, owner in self._opens.items() if owner == name]:
            del self._opens[secret_hash]
        try:
            if kind == ACCOUNT:
                self.accounts.pop(name, None)
                if data:
                    self.accounts[name] = decode_account(data)
            else:
                self.sessions.pop(name, None)
                if data:
                    self.sessions[name] = decode_sessions(data)
        finally:
            self._index(name)

    def _index(self, name: str) -> None:
        account, sessions = self.accounts.get(name), self.sessions.get(name)
        for each in (*(account.tokens if account else ()), *(sessions.sessions if sessions else ())):
            self._opens[each.hash] = name

    def note_account(self, account: Account) -> None:
        """Take in what we wrote ourselves, before it comes back."""
        self.take(f"{ACCOUNT}.{account.name}", encode(account))

    def note_sessions(self, name: str, sessions: Sessions) -> None:
        """As `note_account`."""
        self.take(f"{SESSIONS}.{name}", encode(sessions))

    def live_sessions(self, name: str, now: int) -> int:
        """How many logins of an account hold."""
        account, found = self.accounts.get(name), self.sessions.get(name)
        if account is None or account.disabled or found is None:
            return 0
        return sum(each.expires > now and each.made_at >= account.sessions_since for each in found.sessions)

    def whose(self, secret: str, now: int) -> Known | None:
        """Whom a token or a session stands for at this moment; None when for nobody (any more)."""
        secret_hash = hash_of(secret)
        account = self.accounts.get(self._opens.get(secret_hash, ""))
        if account is None or account.disabled:
            return None
        for token in account.tokens:
            if token.hash == secret_hash:
                if token.expires is not None and token.expires <= now:
                    return None
                return Known(account.principal(token.roles), account, secret_hash, token.name, token.expires)
        for session in self.sessions.get(account.name, Sessions()).sessions:
            if (
                session.hash == secret_hash
                and session.expires > now
                and session.made_at >= account.sessions_since
            ):
                return Known(account.principal(), account, secret_hash, None, session.expires)
        return None

    def reachable(self, name: str) -> Account | None:
        """An account that is not disabled: whom roads may write to."""
        account = self.accounts.get(name)
        return None if account is None or account.disabled else account
