"""What is kept of bulletins for whoever asks: threads, messages by identifier, what came from outside. Pure.

Texts are not kept: a message is read again where it stands in the stream, so memory does not grow with them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from services.cap import bulletin as nouns
from services.cap.bulletin import Issued, Official, Thread

FEED_US = 48 * 3_600_000_000
"""Messages stay in the feed for so long (domain.md 7.1: 24 to 48 h)."""
KEPT_RECEIVED = 5_000


class Shelf:
    """All bulletins of a site, folded from ALERTS."""

    def __init__(self) -> None:
        """Start empty."""
        self._threads: dict[str, Thread] = {}
        self._issued: dict[str, Issued] = {}
        self._received: dict[str, tuple[int, Official]] = {}
        self._alert_of: dict[str, str] = {}
        self._newest: dict[str, str] = {}

    def clear(self) -> None:
        """Forget everything."""
        for known in (self._threads, self._issued, self._received, self._alert_of, self._newest):
            known.clear()

    def apply(self, sequence: int, event: Mapping[str, Any]) -> None:
        """Fold one event of the own site, in stream order; what is no bulletin's changes nothing."""
        verb = nouns.verb_of(event)
        data = event.get("data")
        if verb is None or not isinstance(data, Mapping):
            return
        if verb in (nouns.RECEIVED, nouns.REFUSED):
            self._take(sequence, data)
            return
        name = str(data.get("bulletin_id"))
        thread = nouns.apply(self._threads.get(name), sequence, event)
        if thread is None:
            return
        self._threads[name] = thread
        if verb == nouns.ISSUED and thread.issued and thread.issued[-1].sequence == sequence:
            self._issued[thread.issued[-1].data.identifier] = thread.issued[-1]

    def _take(self, sequence: int, data: Mapping[str, Any]) -> None:
        try:
            record = msgspec.structs.replace(msgspec.convert(data, Official), xml="")
        except msgspec.ValidationError:
            return
        self._received.pop(record.bulletin_id, None)  # a later word of it comes last
        self._received[record.bulletin_id] = (sequence, record)
        while len(self._received) > KEPT_RECEIVED:
            del self._received[next(iter(self._received))]
        if not record.about:
            return
        for name in record.names:
            self._alert_of[name] = record.about
        if record.did not in nouns.UNSAID and nouns.instant(record.sent) > nouns.instant(
            self._newest.get(record.about)
        ):
            self._newest[record.about] = record.sent

    def thread(self, bulletin_id: str) -> Thread | None:
        """One thread."""
        return self._threads.get(bulletin_id)

    def threads(self) -> Iterator[Thread]:
        """All threads, the one that something happened to last first."""
        return iter(sorted(self._threads.values(), key=lambda thread: -thread.sequence))

    def issued(self, identifier: str) -> Issued | None:
        """A message that went out."""
        return self._issued.get(identifier)

    def feed(self, now: int) -> list[Issued]:
        """Messages of the last two days, the newest first."""
        found = [one for one in self._issued.values() if one.time > now - FEED_US]
        return sorted(found, key=lambda one: -one.sequence)

    def __len__(self) -> int:
        """How many messages went out."""
        return len(self._issued)

    def __bool__(self) -> bool:
        """A shelf is one, also while nothing stands on it."""
        return True

    def changed(self, now: int) -> int:
        """When a message last came into the feed, or left it; µs UTC, 0: none ever did."""
        came = (one.time for one in self._issued.values())
        return max((time + FEED_US if time <= now - FEED_US else time for time in came), default=0)

    def received(self) -> Iterator[tuple[int, Official]]:
        """What came from outside, the newest first."""
        return reversed(list(self._received.values()))

    def record(self, record_id: str) -> tuple[int, Official] | None:
        """One message that came from outside, or what was refused."""
        return self._received.get(record_id)

    def alert_of(self, names: tuple[str, ...]) -> str | None:
        """The alert of a bulletin's thread, by any identifier of it."""
        return next((self._alert_of[name] for name in names if name in self._alert_of), None)

    def newest(self, alert: str) -> str:
        """When the newest message was sent that an official alert goes by."""
        return self._newest.get(alert, "")

    def names(self, alert: str) -> tuple[str, ...]:
        """Identifiers of a thread."""
        return tuple(name for name, about in self._alert_of.items() if about == alert)


class Shelves:
    """Bulletins of our own site and of linked ones, each apart: a child's are not published by its parent."""

    def __init__(self) -> None:
        """Start empty."""
        self._of: dict[str, Shelf] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._of.clear()

    def apply(self, sequence: int, event: Mapping[str, Any]) -> None:
        """Fold one event, in stream order."""
        site = str(event.get("source")).removeprefix("/sites/")
        if site not in self._of:
            self._of[site] = Shelf()
        self._of[site].apply(sequence, event)

    def of(self, site: str) -> Shelf:
        """Those of a site."""
        return self._of.get(site) or Shelf()
