"""What was published, as feed readers fetch it: made once for all of them, and not sent twice to one.

A feed that anybody may read costs what a cached answer costs, however many ask.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from math import ceil
from typing import NamedTuple

from starlette.responses import Response

from services.cap.feed import atom
from services.cap.shelf import Shelf
from services.observation.instants import SECOND
from services.observation.text import Text

FRESH_US = SECOND
"""A feed so old is looked at again, also while no message came: one may have left it after its two days."""
FEED_S, MESSAGE_S = 10, 31_536_000
KEPT = 64
"""Documents in memory; the others are read from the stream again."""


class Feed(NamedTuple):
    """The feed as it stands. `modified`: µs UTC when a message came or left."""

    body: bytes
    modified: int


class Published:
    """The feed and the newest documents, ready to be sent."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._feed: tuple[tuple[object, ...], int, Feed] | None = None
        self._documents: OrderedDict[str, str] = OrderedDict()

    def feed(self, shelf: Shelf, *, base: str, sender: str, name: Text, now: int) -> Feed:
        """The feed; as `atom` makes it."""
        if self._feed is not None:
            key, made, feed = self._feed
            if key[1:] == (len(shelf), base, sender, name) and 0 <= now - made < FRESH_US:
                return feed
        issued = shelf.feed(now)
        fresh = (tuple(one.sequence for one in issued), len(shelf), base, sender, name)
        if self._feed is None or self._feed[0] != fresh:
            modified = shelf.changed(now)
            feed = Feed(atom(issued, base=base, sender=sender, name=name, now=modified), modified)
        else:
            feed = self._feed[2]
        self._feed = (fresh, now, feed)
        return feed

    def document(self, identifier: str) -> str | None:
        """A message's document, if it is at hand."""
        return self._documents.get(identifier)

    def keep(self, identifier: str, document: str) -> None:
        """Have a message's document at hand."""
        self._documents[identifier] = document
        while len(self._documents) > KEPT:
            self._documents.popitem(last=False)


def sent(  # noqa: PLR0913  what an answer is made of
    asked: Mapping[str, str], body: bytes, kind: str, *, seconds: int, public: bool, modified: int
) -> Response:
    """An answer that may be kept: 304 without a body for whoever has it already.

    Args:
        asked: the request's headers.
        body: the document.
        kind: its media type.
        seconds: how long it may be used without asking again; 0: never.
        public: anybody may have it, caches on the way too.
        modified: µs UTC.
    """
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    last = datetime.fromtimestamp(ceil(modified / SECOND), UTC)
    shared = "public" if public else "private"
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(last, usegmt=True),
        "Cache-Control": f"{shared}, max-age={seconds}" if seconds else "no-cache",
    }
    if public:
        headers["Access-Control-Allow-Origin"] = "*"
    if _has(asked, tag, last):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)


def _has(asked: Mapping[str, str], tag: str, last: datetime) -> bool:
    """Whether the asker has it: by its tag, and only where none is given by its date (RFC 9110, 13.2.2)."""
    tags = asked.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in tags.split(","))
    since = asked.get("if-modified-since")
    try:
        return since is not None and parsedate_to_datetime(since) >= last
    except (ValueError, TypeError, OverflowError):
        return False
