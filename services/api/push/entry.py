"""Entries: an event of ALERTS, encoded once for all who will get it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from services.api.fold import rank_of
from services.observation.event import Verb, noun_and_verb
from services.runtime.follow import Message
from services.runtime.principal import Principal

_RISING = (Verb.RAISED, Verb.ESCALATED)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Entry(NamedTuple):
    """One event with its place. `text` is the CloudEvent with `sequence` and `epoch`, on one line.

    `peak` is the highest severity its alert is known to have reached, -1 when unknown. `site` and `place`:
    whose it is and of which area (`_`: the whole site), as its subject says.
    """

    sequence: int
    verb: str
    hazard: str
    area: str
    rank: int
    peak: int
    text: str
    frame: bytes
    site: str = ""
    place: str = ""

    @property
    def noun(self) -> str:
        """What the event is of: an `alert`, a `situation` or something else."""
        return self.verb.partition(".")[0] if "." in self.verb else "alert"


class Wanted(NamedTuple):
    """What a client wants to hear of; None is all. Several hazards, areas, nouns or sites: any of them.

    `who` may hear no more than they may see, of `own` (our site) and of linked ones; `holds` is asked again
    and again whether they still are who they were.
    """

    hazards: frozenset[str] | None = None
    areas: frozenset[str] | None = None
    severity_min: int = 0
    who: Principal | None = None
    own: str = ""
    holds: Callable[[], bool] | None = None
    nouns: frozenset[str] | None = None
    sites: frozenset[str] | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether the event is for this client.

        By severity an alert counts with the highest it reached: who saw the warning must also see
        that it eased and cleared. Of an alert whose past is not known, endings are shown.
        """
        of = None if entry.site == self.own else entry.site
        if self.who is not None and not self.who.sees(entry.place, of):
            return False
        if self.who is not None and self.who.areas is not None and entry.noun == "report":
            return False  # its figures and files are of all areas
        if not self._asked(entry):
            return False
        if max(entry.rank, entry.peak) >= self.severity_min:
            return True
        return entry.peak < 0 and entry.verb not in _RISING

    def _asked(self, entry: Entry) -> bool:
        return (
            (self.hazards is None or entry.hazard in self.hazards)
            and (self.areas is None or entry.area in self.areas)
            and (self.nouns is None or entry.noun in self.nouns)
            and (self.sites is None or entry.site in self.sites)
        )


ALL = Wanted()


def event_of(message: Message) -> dict[str, Any] | None:
    """The CloudEvent as it is stored; None when the bytes are not one."""
    try:
        event = msgspec.json.decode(message.data)
    except msgspec.DecodeError:
        return None
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("data"), dict)
        or not isinstance(event.get("type"), str)
    ):
        return None
    return event


def entry_of(message: Message, event: dict[str, Any], epoch: str, peak: int) -> Entry:
    """Encode an event for clients; values pass through as they were written."""
    token = f"{epoch}.{message.sequence}"
    data = event["data"]
    noun, verb = noun_and_verb(event["type"]) or ("", "unknown")
    if noun not in ("", "alert"):
        verb = f"{noun}.{verb}"
    place = {"sequence": str(message.sequence), "epoch": epoch}
    text = (
        msgspec.json.encode({**_fields.decode(message.data), **place})
        .replace(b"\n", b" ")
        .replace(b"\r", b" ")
    )
    frame = b"id: %b\nevent: %b\ndata: %b\n\n" % (token.encode(), verb.encode(), text)
    return Entry(
        message.sequence,
        verb,
        str(data.get("hazard", "")),
        str(data.get("area", "")),
        rank_of(data.get("severity")),
        peak,
        text.decode(),
        frame,
        *_place(message.subject),
    )


def _place(subject: str) -> tuple[str, str]:
    """`alerts.<site>.<area>.<id>` → site and area; what is none of these is of a site that nobody knows."""
    parts = subject.split(".")
    return (parts[1], parts[2]) if len(parts) == len(("alerts", "site", "area", "id")) else ("?", "?")
