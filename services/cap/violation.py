"""What is wrong with a message: a code, a place, a sentence. Pure."""

import msgspec

from services.observation.text import Text


class Violation(msgspec.Struct, frozen=True):
    """One broken rule.

    Attributes:
        code: a word for programs.
        path: of the element, like `alert/info[2]/area[1]/polygon[1]`.
        what: a sentence for people.
        schema: whether the XML schema of CAP forbids it; else the standard's prose does, or our own profile.
    """

    code: str
    path: str
    what: Text
    schema: bool = True

    def __str__(self) -> str:
        """For logs and terminals."""
        return f"{self.path}: {self.what}"


class Refused(Exception):  # noqa: N818  what became of it
    """Not a message: why, before any of its elements was looked at."""

    def __init__(self, code: str, what: Text) -> None:
        """Refused for a reason."""
        self.code, self.what = code, what
        super().__init__(f"{code}: {what.en}")


def refused(code: str, what: Text) -> Refused:
    """A refusal to be raised."""
    return Refused(code, what)


def broken(code: str, path: str, vi: str, en: str) -> Violation:
    """What the schema of CAP forbids."""
    return Violation(code, path, Text(vi, en))


def prose(code: str, path: str, vi: str, en: str) -> Violation:
    """What the standard's prose forbids, or our profile."""
    return Violation(code, path, Text(vi, en), schema=False)
