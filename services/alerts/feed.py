"""From messages of READINGS to what the engine of each partition applies.

The only place where the engine's world touches the stream on the way in. A site message needs its
files from SITES; they are content under a hash, so fetching them keeps the engine deterministic.
"""

from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext

from services.alerts.engine import EngineMessage, Readings, SiteChange
from services.alerts.hazards import extra_properties
from services.alerts.partition import Item
from services.alerts.rule import Rule, parse_rules
from services.observation import batch, messages
from services.observation.batch import BatchError
from services.observation.sensor import CANARY
from services.observation.site import Site
from services.observation.topics import READINGS_ALL
from services.runtime import logging, sites
from services.runtime.follow import Message

log = logging.get("feed")


class Versioned(NamedTuple):
    """A site version with its rules, as the engine wants them."""

    site: Site
    rules: list[Rule]


class Library:
    """Site versions by hash, read once."""

    def __init__(self, js: JetStreamContext) -> None:
        """Read from the object store of this connection."""
        self._js = js
        self._versions: dict[str, Versioned] = {}

    async def get(self, version: str) -> Versioned:
        """The site and its rules; a rule with an error is left out and said, the others work."""
        if version not in self._versions:
            site = await sites.load(self._js, version, extra_properties())
            rules, problems = parse_rules(site)
            for problem in problems:
                if problem.level == "error":
                    log.error("rule_left_out", problem=str(problem))
            self._versions[version] = Versioned(site, rules)
        return self._versions[version]


class Feed:
    """Decodes messages in stream order; remembers the last canary it saw (µs UTC, 0 for none)."""

    def __init__(self, library: Library) -> None:
        """Site versions come from the library."""
        self._library = library
        self.canary = 0

    async def decode(self, message: Message) -> Item | None:
        """One item for the engine; None for what does not concern it or can't be read."""
        partition = None if message.subject == READINGS_ALL else int(message.subject.rpartition(".")[2])
        try:
            content = await self._content(message)
        except (BatchError, msgspec.MsgspecError) as error:
            # Only a newer release writes what we can't read; the operator must know that it is passed over.
            log.error("message_unreadable", sequence=message.sequence, kind=message.kind, error=repr(error))
            return None
        return None if content is None else Item(partition, message.sequence, content)

    async def _content(self, message: Message) -> EngineMessage | None:
        match message.kind:
            case messages.READINGS:
                readings = batch.decode(message.data)
                self._note_canary(readings)
                return Readings(readings)
            case messages.TICK:
                return messages.decode_tick(message.data)
            case messages.STRIKES:
                return messages.decode_strikes(message.data)
            case messages.GATEWAY:
                return messages.decode_gateway(message.data)
            case messages.SITE:
                change = messages.decode_site(message.data)
                versioned = await self._library.get(change.version)
                return SiteChange(versioned.site, versioned.rules, change.t)
        return None

    def _note_canary(self, readings: batch.Batch) -> None:
        if CANARY in readings.sensors:
            mine = readings.sensor == readings.sensors.index(CANARY)
            if mine.any():
                self.canary = max(self.canary, int(readings.time[mine].max()))


def canary_beat(time: int) -> bytes:
    """What KV HEALTH says under `canary`: the engine has seen the canary of this time (µs UTC)."""
    return msgspec.json.encode({"v": 1, "time": time})
