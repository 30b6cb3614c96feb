"""What is on its way through ingest, and what a window becomes. Pure."""

import msgspec

from services.ingest.decode import Pack, RawStrike
from services.ingest.order import Key
from services.ingest.raw import Line, RawMessage
from services.ingest.rejects import Reject
from services.observation.command import Result
from services.observation.envelope import Head
from services.observation.messages import Tick


class Item(msgspec.Struct, eq=False, gc=False):
    """A message, or something of ours, on its way. `head` names the pack it closes, if it does."""

    raw: RawMessage | None = None
    gateway: str | None = None
    head: Head | None = None
    pack: Pack | None = None
    strikes: list[tuple[int, RawStrike]] | None = None
    status: str | None = None
    result: Result | None = None
    tick: Tick | None = None
    rejects: list[Reject] = []


class Built(msgspec.Struct):
    """A window, ready to go: what to publish, and what to do once it is in the stream."""

    messages: list[tuple[str, str, bytes]] = []
    rejects: list[tuple[str, bytes]] = []
    acks: dict[Line, list[int]] = {}
    safe: list[tuple[Key, int]] = []
    copies: set[Key] = set()
    online: set[str] = set()
    results: list[tuple[Item, Result]] = []
    readings: int = 0
