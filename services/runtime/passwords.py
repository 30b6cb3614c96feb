"""Passwords: argon2id with the parameters OWASP names (19 MiB, 2 passes, 1 lane). Never on the event loop.

One verification takes tens of milliseconds of a core and 19 MiB: few at a time, so that a flood of wrong
passwords takes neither the heartbeats nor the memory.
"""

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from services.observation.text import Text

MIN_LENGTH, MAX_LENGTH = 12, 256
AT_ONCE = 2
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$cH2DsIZZQmfkoHGi0UXhAYoRsIhnqy+vWUCnMIGfmZI"
"""What an unknown name is compared with: it must take as long as a known one."""


def unfit(password: str, name: str) -> Text | None:
    """Why a password can't be used; None when it can. Length counts, not the kinds of characters."""
    if len(password) < MIN_LENGTH:
        return Text(
            f"mật khẩu cần ít nhất {MIN_LENGTH} ký tự; bốn từ bất kỳ là tốt",
            f"a password needs {MIN_LENGTH} characters or more; four random words do well",
        )
    if len(password) > MAX_LENGTH:
        return Text(f"mật khẩu dài quá {MAX_LENGTH} ký tự", f"a password has at most {MAX_LENGTH} characters")
    if len(set(password)) < 5 or name in password.lower():  # noqa: PLR2004  aaaaaaaaaaaa, abababababab
        return Text(
            "mật khẩu quá dễ đoán: không lặp ký tự, không chứa tên tài khoản",
            "the password is too easy to guess: no repeated characters, and not the account's name",
        )
    return None


def hashed(password: str) -> str:
    """The hash to keep, in PHC form with its parameters and salt."""
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the password; takes as long when there is none."""
    try:
        _hasher.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


class Verifier:
    """Verifies off the event loop, few at a time."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """For one event loop."""
        self._slots = asyncio.Semaphore(at_once)
        self.waiting = 0

    async def fits(self, password: str, kept: str | None) -> bool:
        """As `fits`."""
        self.waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(fits, password, kept)
        finally:
            self.waiting -= 1

    async def hashed(self, password: str) -> str:
        """As `hashed`."""
        async with self._slots:
            return await asyncio.to_thread(hashed, password)
