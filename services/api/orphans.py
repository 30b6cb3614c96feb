"""What sites say of alerts that a linked site lost: the last word of each. Pure.

Ours counts here, and nobody else's: who is between us and that site has closed it for themselves. And what
that site itself says of the alert counts more than that somebody closed it: then it stands again, here too.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from services.observation.orphans import CLOSED, KNOWN, ORPHANED, Orphan, verb_of

KEPT = 20_000
"""Words and acts of each site that are remembered. The oldest is forgotten first; its alert stands again."""


class Word(NamedTuple):
    """The last word about an orphan: where it stands in the stream, what it comes to, what it says."""

    sequence: int
    verb: str
    body: dict[str, Any]
    data: Orphan

    @property
    def closed(self) -> bool:
        """Whether a person put it away."""
        return self.verb == CLOSED


class _Site:
    """What one site said: by the alert, and of its people by the id of the event."""

    def __init__(self) -> None:
        self.words: OrderedDict[str, Word] = OrderedDict()
        self.acts: OrderedDict[str, Word] = OrderedDict()


class Orphans:
    """Every orphan, by the site that says so and by the alert; they are few."""

    def __init__(self) -> None:
        """None."""
        self._sites: dict[str, _Site] = {}

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self._sites.clear()

    def apply(self, sequence: int, event: Mapping[str, Any]) -> None:
        """Take in an event in stream order; what says nothing of an orphan changes nothing."""
        verb = verb_of(event.get("type"))
        if verb is None:
            return
        try:
            data = msgspec.convert(event.get("data"), Orphan)
        except msgspec.ValidationError:
            return
        site = self._sites.setdefault(str(event.get("source", "")).removeprefix("/sites/"), _Site())
        word = Word(sequence, verb, dict(event), data)
        _keep(site.words, data.about, word)
        if data.by is not None:
            _keep(site.acts, str(event.get("id")), word)

    def spoke(self, alert: str, site: str) -> None:
        """A site said something of an alert of its own, behind what was said of it: it knows it after all.

        The link says so, too (`known`), but may have died between the two.
        """
        for one in self._sites.values():
            word = one.words.get(alert)
            if word is not None and word.closed and word.data.site == site:
                one.words[alert] = word._replace(verb=ORPHANED)

    def of(self, own: str, alert: str) -> Word | None:
        """What site `own` says of an alert that is an orphan; None: it is none."""
        word = self.last(own, alert)
        return None if word is None or word.verb == KNOWN else word

    def last(self, own: str, alert: str) -> Word | None:
        """The last that site `own` said of an alert, also that it is no orphan any more."""
        site = self._sites.get(own)
        return None if site is None else site.words.get(alert)

    def act(self, own: str, event: str) -> Word | None:
        """What a person of site `own` did, by the id of the event."""
        site = self._sites.get(own)
        return None if site is None else site.acts.get(event)


def _keep(kept: OrderedDict[str, Word], name: str, word: Word) -> None:
    kept.pop(name, None)
    kept[name] = word
    if len(kept) > KEPT:
        kept.popitem(last=False)
