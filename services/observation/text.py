"""A text for a person, in both languages of the service."""

import msgspec


def in_vietnamese(number: str) -> str:
    """A number as Vietnamese writes it: 1,31."""
    return number.replace(".", ",")


class Text(msgspec.Struct, frozen=True):
    """The same sentence in Vietnamese and in English."""

    vi: str
    en: str

    def __str__(self) -> str:
        """Both, English first, for logs and terminals."""
        return self.en if self.vi == self.en else f"{self.en} / {self.vi}"
