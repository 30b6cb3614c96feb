"""Site versions: what runs is an object in SITES, named by its hash; KV `site.current` says which."""

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError

from services.observation import site as sites
from services.observation import site_files
from services.observation.site import Site
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


async def load(js: JetStreamContext, version: str) -> Site:
    """The site of a version.

    Raises:
        SiteError: its files have errors; only a newer or older release can have accepted them.
    """
    site, problems = site_files.parse(await files_of(js, version))
    if site is None:
        first = next(problem for problem in problems if problem.level == "error")
        msg = f"site version {version} can't be read: {first}"
        raise SiteError(msg)
    return site
