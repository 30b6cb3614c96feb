"""A text for a person, in both languages of the service."""

import msgspec


class Text(msgspec.Struct, frozen=True):
    """The same sentence in Vietnamese and in English."""

    vi: str
    en: str

    def __str__(self) -> str:
        """Both, English first, for logs and terminals."""
        return self.en if self.vi == self.en else f"{self.en} / {self.vi}"
