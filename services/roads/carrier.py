"""The port of a carrier: what takes a parcel to its receiver and says honestly what became of it."""

from typing import Any, NamedTuple, Protocol

from services.observation.delivery import Letter
from services.roads.patience import Answer


class File(NamedTuple):
    """A file that goes with a letter: its name for the reader, its media type, its content."""

    name: str
    media: str
    data: bytes


class Parcel(NamedTuple):
    """One letter on its way: with its events as they are handed out, or the address of its person."""

    letter: Letter
    events: tuple[dict[str, Any], ...] = ()
    address: str = ""
    files: tuple[File, ...] = ()


class Carrier(Protocol):
    """Carries one parcel at a time. It raises nothing for what the world does: that is the answer."""

    async def carry(self, parcel: Parcel) -> Answer:
        """Try once."""

    async def close(self) -> None:
        """Let go of lines and connections."""
