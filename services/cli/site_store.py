"""The running site version: in object store `SITES` under its hash, named by KV `site.current`.

Files are published against the version they started from. That one is remembered beside the data;
a publication whose base is not what runs is refused, with the difference, because someone else (the
console, a colleague) changed the site in between.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError

from services.observation.site import FILES, bundle, unbundle, version_of
from services.runtime.accounts import write_private
from services.runtime.streams import SITES, STATE

CURRENT = "site.current"
BASE_FILE = "site-base.json"


class Current(NamedTuple):
    """What runs. `revision` is that of the key, to move it only from here."""

    version: str
    t: int
    revision: int


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


async def current(js: JetStreamContext) -> Current | None:
    """The running version; None before the first publication."""
    state = await js.key_value(STATE)
    try:
        entry = await state.get(CURRENT)
    except KeyNotFoundError:
        return None
    stored = json.loads(entry.value or b"{}")
    return Current(stored["version"], stored["t"], entry.revision or 0)


async def read(js: JetStreamContext, version: str) -> dict[str, bytes]:
    """The files of a version.

    Raises:
        NotFoundError: no such version is stored.
    """
    stored = await (await js.object_store(SITES)).get(version)
    return unbundle(stored.data or b"")


async def publish(js: JetStreamContext, files: Mapping[str, bytes], base: str | None) -> Published:
    """Make the files the running version, if what runs is their base, or nothing runs yet.

    Raises:
        StaleBase: something else runs.
    """
    version = version_of(files)
    running = await current(js)
    if running is not None and running.version == version:
        return Published(version, running.version, changed=False)
    if running is not None and running.version != base:
        raise StaleBase(running.version, base, await _diff(js, running.version, files))
    await _store(js, version, bundle(files))
    value = json.dumps({"version": version, "t": time.time_ns() // 1000}).encode()
    state = await js.key_value(STATE)
    try:
        await state.update(CURRENT, value, running.revision if running else 0)
    except KeyWrongLastSequenceError as error:
        now = await current(js)
        other = now.version if now else ""
        raise StaleBase(other, base, await _diff(js, other, files)) from error
    return Published(version, running.version if running else None, changed=True)


def read_base(data: Path) -> str | None:
    """The version that the files of this machine started from."""
    try:
        return str(json.loads((data / BASE_FILE).read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_base(data: Path, version: str) -> None:
    """Remember what the files now stand on."""
    write_private(data / BASE_FILE, json.dumps({"format": 1, "version": version}) + "\n")


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """A unified diff of two sets of files; empty when they are equal."""
    lines: list[str] = []
    for name in FILES:
        old = before.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
        new = after.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
        for line in unified_diff(old, new, f"running/{name}", f"yours/{name}"):
            lines.append(line if line.endswith("\n") else line + "\n")
    return "".join(lines)


async def _diff(js: JetStreamContext, version: str, files: Mapping[str, bytes]) -> str:
    try:
        return difference(await read(js, version), files)
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
