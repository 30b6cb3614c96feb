"""Roads through apprise.

SMS gateways, Telegram and a hundred others, each by one address in the private file.

apprise says only whether it worked. What it found out stands in its log, so that is read, of our own thread
alone. An address that holds `{to}` is one per person; else the road has one receiver.
"""

import asyncio
import logging
import re
import threading
import warnings
from functools import cache
from urllib.parse import quote

import apprise

from services.policy.road_nouns import Road
from services.roads.carrier import Parcel
from services.roads.patience import REFUSED, SHUT, Answer
from services.roads.threads import Threads

_STATUS = re.compile(r"error=(\d{3})")
_TYPES = {
    "advisory": apprise.NotifyType.INFO,
    "watch": apprise.NotifyType.INFO,
    "warning": apprise.NotifyType.WARNING,
    "emergency": apprise.NotifyType.FAILURE,
}
SHORT = ("sms",)
"""Kinds that carry the short form."""
TO = "{to}"


@cache
def _load() -> None:
    """Have apprise load its plugins, all at first use: one of them imports what Python is about to drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise.Apprise.instantiate("json://localhost")


class _Heard(logging.Handler):
    """What apprise's plugins say while we wait for them, in this thread only."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of ours."""
        if record.thread == self._thread:
            self.words.append(record.getMessage())


class Apprise:
    """Sends through one or more addresses, in a thread with a time limit."""

    def __init__(self, road: Road, urls: tuple[str, ...]) -> None:
        """Of a road; raises ValueError for an address that apprise does not know."""
        self._road, self._urls, self._threads = road, urls, Threads()
        _load()
        for url in urls:
            if apprise.Apprise.instantiate(url.replace(TO, "84900000000"), suppress_exceptions=True) is None:
                scheme = url.partition("://")[0][:20]
                msg = f"apprise can't use the address that begins with {scheme}://; see its list of services"
                raise ValueError(msg)

    async def carry(self, parcel: Parcel) -> Answer:
        """Send one message; a thread that hangs beyond the limit is left to itself."""
        try:
            async with asyncio.timeout(self._road.timeout_s):
                return await self._threads.run(lambda: self._send(parcel))
        except TimeoutError:
            return Answer("away", f"no answer within {self._road.timeout_s:g} s")

    async def close(self) -> None:
        """Nothing stays open."""
        self._threads.close()

    def _send(self, parcel: Parcel) -> Answer:
        words, heard = parcel.letter.words, _Heard()
        sender = apprise.Apprise()
        for url in self._urls:
            sender.add(url.replace(TO, quote(parcel.address, safe="")))
        log = logging.getLogger("apprise")
        log.addHandler(heard)
        try:
            short = self._road.kind in SHORT
            done = sender.notify(
                body="" if words is None else words.short if short else words.text,
                title="" if words is None or short else words.title,
                notify_type=_TYPES.get(parcel.letter.severity, apprise.NotifyType.INFO),
                body_format=apprise.NotifyFormat.TEXT,
            )
        finally:
            log.removeHandler(heard)
        return judged(done=bool(done), said=" ".join(heard.words))


def judged(*, done: bool, said: str) -> Answer:
    """What apprise's yes or no and its log come to."""
    if done:
        return Answer("none", "sent")
    status = _STATUS.search(said)
    code = int(status[1]) if status is not None else 0
    word = said[:200] or "apprise says no without a reason"
    # Of Telegram 403 means that this one person shut us out: whether others get through is tried.
    if code in SHUT:
        return Answer("shut", word, of_one=True)
    return Answer("refused" if code in REFUSED else "away", word, of_one=code > 0)
