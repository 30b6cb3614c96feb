"""One partition: its engine, and how far along READINGS it has come. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from services.alerts.engine import Engine, EngineMessage, SiteChange
from services.observation.event import CloudEvent


class Item(NamedTuple):
    """One message for the engine; `partition` None is for every partition."""

    partition: int | None
    sequence: int
    message: EngineMessage


class Partition:
    """One partition's engine and how far it has come."""

    def __init__(self, number: int, engine: Engine | None, site_version: str, sequence: int) -> None:
        """Begin after `sequence`; without an engine until the first site version comes."""
        self.number, self.engine, self.site_version, self.sequence = number, engine, site_version, sequence
        self.saved = sequence

    def apply(self, items: Sequence[Item]) -> list[CloudEvent]:
        """Apply what concerns this partition and is newer than what it has."""
        mine: list[EngineMessage] = [
            item.message
            for item in items
            if item.sequence > self.sequence and (item.partition is None or item.partition == self.number)
        ]
        for at, message in enumerate(mine):
            if not isinstance(message, SiteChange):
                continue
            self.site_version = message.site.version
            if self.engine is None:  # nothing can be judged before the site is known
                self.engine = Engine(message.site, message.rules, self.number, message.t)
                mine = mine[at + 1 :]
        return self.engine.apply(mine) if self.engine is not None and mine else []
