"""Site versions: what runs is an object in SITES, named by its hash; KV `site.current` says which.

Files are published against the version they started from. A publication whose base is not what runs
is refused, with the difference, because someone else changed the site in between.
"""

import asyncio
from collections.abc import Mapping
from difflib import unified_diff
from typing import NamedTuple

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError

from services.observation import site as sites
from services.observation import site_files
from services.observation.quantity import Property
from services.observation.site import Site
from services.runtime.clock import now_us
from services.runtime.streams import SITES, STATE

CURRENT = "site.current"


class SiteError(Exception):
    """A site version that can't be used; the message says which and why."""


class Current(msgspec.Struct):
    """Which version runs, since when (µs UTC), and the revision of the key that says so."""

    version: str
    t: int
    revision: int = 0


async def current(js: JetStreamContext) -> Current | None:
    """The running version; None before the first site was published."""
    state = await js.key_value(STATE)
    try:
        entry = await state.get(CURRENT)
    except KeyNotFoundError:
        return None
    found = msgspec.json.decode(entry.value or b"", type=Current)
    found.revision = entry.revision or 0
    return found


async def files_of(js: JetStreamContext, version: str) -> dict[str, bytes]:
    """The files of a version, as they were published."""
    store = await js.object_store(SITES)
    return sites.unbundle((await store.get(version)).data or b"")


async def load(js: JetStreamContext, version: str, properties: Mapping[str, Property] | None = None) -> Site:
    """The site of a version; `properties` are those that hazards add to the vocabulary.

    Raises:
        SiteError: its files have errors; only a newer or older release can have accepted them.
    """
    site, problems = site_files.parse(await files_of(js, version), properties)
    if site is None:
        first = next(problem for problem in problems if problem.level == "error")
        msg = f"site version {version} can't be read: {first}"
        raise SiteError(msg)
    return site


class StaleBase(Exception):  # noqa: N818  a fact that the operator decides about
    """What runs is not what the files started from. `diff` goes from what runs to the files."""

    def __init__(self, running: str, base: str | None, diff: str) -> None:
        self.running, self.base, self.diff = running, base, diff
        super().__init__(f"the running site version {running[:12]} is not the one these files started from")


class Published(NamedTuple):
    """What was done: `changed` is False when the files are what runs already."""

    version: str
    previous: str | None
    changed: bool


async def publish(js: JetStreamContext, files: Mapping[str, bytes], base: str | None) -> Published:
    """Make the files the running version, if what runs is their base, or nothing runs yet.

    Raises:
        StaleBase: something else runs.
    """
    version = sites.version_of(files)
    running = await current(js)
    if running is not None and running.version == version:
        return Published(version, running.version, changed=False)
    if running is not None and running.version != base:
        raise StaleBase(running.version, base, await _diff(js, running.version, files))
    await _store(js, version, sites.bundle(files))
    value = msgspec.json.encode({"version": version, "t": now_us()})
    state = await js.key_value(STATE)
    try:
        await state.update(CURRENT, value, running.revision if running else 0)
    except KeyWrongLastSequenceError as error:
        now = await current(js)
        other = now.version if now else ""
        raise StaleBase(other, base, await _diff(js, other, files)) from error
    return Published(version, running.version if running else None, changed=True)


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """A unified diff of two sets of files; empty when they are equal."""
    lines: list[str] = []
    for name in sites.EVERY_FILE:
        old = before.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
        new = after.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
        diff = unified_diff(old, new, f"running/{name}", f"yours/{name}")
        lines.extend(line if line.endswith("\n") else line + "\n" for line in diff)
    return "".join(lines)


async def _diff(js: JetStreamContext, version: str, files: Mapping[str, bytes]) -> str:
    try:
        return difference(await files_of(js, version), files)
    except (NotFoundError, ValueError):
        return ""


async def _store(js: JetStreamContext, name: str, data: bytes) -> None:
    """Put the object unless it is there: its name is the hash of what it holds."""
    store = await js.object_store(SITES)
    try:
        found = await store.get_info(name)
    except NotFoundError:
        found = None
    if found is not None and not found.deleted:
        return
    for wait_s in (0.2, 1.0, None):
        try:
            await store.put(name, data)
        except (NatsError, TimeoutError):
            if wait_s is None:
                raise
            await asyncio.sleep(wait_s)
        else:
            return
