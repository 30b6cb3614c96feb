"""Errors whose remedy lies with the operator: said as they are, never as a traceback."""

from services.observation.text import Text


class OperatorError(Exception):
    """Something outside of us stands in the way: what it is, and what to do."""

    def __init__(self, what: Text, remedy: Text) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(self.text.en)

    @property
    def text(self) -> Text:
        """Both in one line."""
        return Text(f"{self.what.vi} → {self.remedy.vi}", f"{self.what.en} → {self.remedy.en}")


class Stopped(Exception):  # noqa: N818  what happened, and no fault
    """A service was told to stop before there was a server to work with."""
