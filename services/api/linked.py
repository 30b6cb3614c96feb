"""Sites below, as the link keeps them in KV `STATE`: how old our copy is. Ages are taken when asked."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.observation.instants import iso
from services.observation.links import CHILD_KEY, PARENT_KEY, Standing, is_fresh
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, TailLost
from services.runtime.streams import STATE

_SUBJECT = f"$KV.{STATE}."
log = logging.get("api_linked")


class Parent(msgspec.Struct):
    """The site above, as our link knows it; `heard` in µs UTC."""

    site: str
    heard: int | None = None


class Copy(NamedTuple):
    """Our copy of one site below: by which child, as of when (µs UTC), None: never whole yet."""

    site: str
    via: str
    as_of: int | None


class Linked:
    """Follows what the link writes down; it says nothing by itself, so when the link dies all ages grow."""

    def __init__(
        self, js: JetStreamContext, own: Callable[[], str], clock: Callable[[], int] = now_us
    ) -> None:
        """Know of nobody yet; `own`: the own site's id."""
        self._js, self._own, self._clock = js, own, clock
        self.children: dict[str, Standing] = {}
        self.parent: Parent | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop."""
        wanted = [f"{_SUBJECT}{CHILD_KEY}*", f"{_SUBJECT}{PARENT_KEY}"]
        while not stop.is_set():
            follower = Follower(self._js, f"KV_{STATE}", wanted, 0)
            try:
                while not stop.is_set():
                    for message in await follower.fetch(100, 1.0):
                        self.take(message.subject.removeprefix(_SUBJECT), message.data)
            except TailLost:
                log.info("standings_begin_anew")
            except (NatsError, APIError, TimeoutError) as error:
                log.warning("standings_unreadable", error=repr(error))
                await asyncio.sleep(1.0)
            finally:
                await follower.close()

    def take(self, key: str, data: bytes) -> None:
        """Take in one value of the bucket; an empty one is a link that was taken off."""
        child = key.removeprefix(CHILD_KEY)
        if not data:
            if key == PARENT_KEY:
                self.parent = None
            self.children.pop(child, None)
            return
        try:
            if key == PARENT_KEY:
                self.parent = msgspec.json.decode(data, type=Parent)
            else:
                self.children[child] = msgspec.json.decode(data, type=Standing)
        except msgspec.MsgspecError as error:
            log.warning("standing_unreadable", key=key, error=repr(error))

    def via(self, site: str) -> str | None:
        """The child by which a site is reached now; None when no link leads there."""
        found = self._holder(site)
        return None if found is None or self.children[found].removed is not None else found

    def is_removed(self, site: str) -> bool:
        """Whether it was linked and is no longer; False too while nothing is known of it."""
        found = self._holder(site)
        return found is not None and self.children[found].removed is not None

    def _holder(self, site: str) -> str | None:
        """The child by which a site's events come, or came before its link was taken off."""
        if site in self.children and self.children[site].removed is None:
            return site
        names = [name for name, standing in self.children.items() if site in {name, *standing.sites}]
        return min(names, key=lambda name: self.children[name].removed or 0, default=None)

    def copies(self) -> list[Copy]:
        """Every site below of which we have, or shall have, a copy."""
        found: dict[str, Copy] = {}
        # Those that are linked come first: a site may have gone from one way to another.
        for child, standing in sorted(self.children.items(), key=lambda one: (one[1].removed or 0, one[0])):
            if standing.removed is None or child not in found:
                found[child] = Copy(child, child, standing.as_of)
            for site in {*standing.sites, *standing.below}:
                found.setdefault(site, Copy(site, child, standing.below.get(site)))
        return [found[site] for site in sorted(found) if site != self._own()]

    def freshness(self, site: str, alert: str = "") -> dict[str, Any]:
        """`site`, `fresh`, `as_of` of anything that a site says; our own word is always of now.

        An `alert` that its site lost is of the past, however fresh the rest is.
        """
        now = self._clock()
        if site == self._own():
            return {"site": site, "fresh": True, "as_of": iso(now)}
        via = self._holder(site)
        if via is None:  # it was linked once; nothing is known of it any more
            return {"site": site, "fresh": False, "as_of": None}
        standing = self.children[via]
        as_of = standing.as_of if via == site else standing.below.get(site)
        return {
            "site": site,
            "fresh": standing.removed is None and alert not in standing.orphans and is_fresh(as_of, now),
            "as_of": None if as_of is None else iso(as_of),
        }
