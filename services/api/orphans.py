"""What sites say of alerts that a linked site lost: the last word of each. Pure.

Ours counts here, and nobody else's: who is between us and that site has closed it for themselves.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from services.observation.orphans import CLOSED, KNOWN, Orphan, verb_of


class Word(NamedTuple):
    """The last word about an orphan: where it stands in the stream, what it says."""

    sequence: int
    verb: str
    body: dict[str, Any]
    data: Orphan

    @property
    def closed(self) -> bool:
        """Whether a person put it away."""
        return self.verb == CLOSED


class Orphans:
    """Every orphan, by the site that says so and by the alert; they are few."""

    def __init__(self) -> None:
        """None."""
        self._words: dict[tuple[str, str], Word] = {}

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self._words.clear()

    def apply(self, sequence: int, event: Mapping[str, Any]) -> None:
        """Take in an event in stream order; what says nothing of an orphan changes nothing."""
        verb = verb_of(event.get("type"))
        if verb is None:
            return
        try:
            data = msgspec.convert(event.get("data"), Orphan)
        except msgspec.ValidationError:
            return
        of = (str(event.get("source", "")).removeprefix("/sites/"), data.about)
        self._words.pop(of, None)
        if verb != KNOWN:
            self._words[of] = Word(sequence, verb, dict(event), data)

    def of(self, own: str, alert: str) -> Word | None:
        """What site `own` says of an alert; None: it is no orphan."""
        return self._words.get((own, alert))
