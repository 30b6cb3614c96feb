"""The nouns of CAP 1.2 (OASIS Standard, 1 July 2010): a message as it stands, text for text. Pure.

Every element of the standard is here under its own name in snake case. An element that is absent is None or
an empty tuple; one that is there and empty is an empty text. Times stay the text that was written.
"""

import msgspec

V11, V12 = "urn:oasis:names:tc:emergency:cap:1.1", "urn:oasis:names:tc:emergency:cap:1.2"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
    "Other",
)  # fmt: skip
RESPONSES = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


class Named(msgspec.Struct, frozen=True):
    """A pair of `valueName` and `value`: an event code, a parameter or a geocode."""

    name: str
    value: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside the words: a map, a picture. `size` in bytes, `digest` SHA-1 in hex."""

    resource_desc: str
    mime_type: str
    size: str | None = None
    uri: str | None = None
    deref_uri: str | None = None
    digest: str | None = None


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Where it holds. `polygon`: "lat,lon lat,lon …", closed; `circle`: "lat,lon km"; heights in feet."""

    area_desc: str
    polygon: tuple[str, ...] = ()
    circle: tuple[str, ...] = ()
    geocode: tuple[Named, ...] = ()
    altitude: str | None = None
    ceiling: str | None = None


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What happens, in one language. Without `language` it is in `en-US`."""

    category: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str | None = None
    response_type: tuple[str, ...] = ()
    audience: str | None = None
    event_code: tuple[Named, ...] = ()
    effective: str | None = None
    onset: str | None = None
    expires: str | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameter: tuple[Named, ...] = ()
    resource: tuple[Resource, ...] = ()
    area: tuple[Area, ...] = ()


class Reference(msgspec.Struct, frozen=True):
    """An earlier message, as `references` names it; the three together are a message's identity."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        """As it is written in `references`."""
        return f"{self.sender},{self.identifier},{self.sent}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One `alert` element, without its signature."""

    identifier: str
    sender: str
    sent: str
    status: str
    msg_type: str
    scope: str
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    code: tuple[str, ...] = ()
    note: str | None = None
    references: str | None = None
    incidents: str | None = None
    info: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How a later message names this one."""
        return Reference(self.sender, self.identifier, self.sent)


def references_of(text: str | None) -> tuple[Reference, ...]:
    """The messages that `references` names.

    Raises:
        ValueError: not `sender,identifier,sent` separated by spaces.
    """
    found = []
    for part in (text or "").split():
        pieces = part.split(",")
        if len(pieces) != 3 or not all(pieces):  # noqa: PLR2004  sender, identifier, sent
            msg = f"{part!r} is not sender,identifier,sent"
            raise ValueError(msg)
        found.append(Reference(*pieces))
    return tuple(found)
